"""Order files as text: what each row becomes, and why a row is not taken."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from novate.domain.codes import CommandFlag, CommandKind, OrderType, SelfTrade, Side, TimeInForce
from novate.gateway.files import OrderFile, read_orders
from tests.unit.gateway.market import CONFIGURATION, HEADER, orders_file, row

MIDNIGHT = 1_791_504_000_000_000_000
"""2026-10-09 in nanoseconds since 1970."""


def read(path: Path) -> OrderFile:
    orders = read_orders(path, "csv", CONFIGURATION)
    assert orders.accepted + len(orders.rejects) == orders.read
    assert orders.accepted == len(orders.commands) == len(orders.rows)
    return orders


def test_a_row_becomes_a_command_in_ticks_and_lots(tmp_path: Path) -> None:
    path = orders_file(
        tmp_path,
        row(market="BULK", quantity="300", price="10.05", side="sell", account=3, session=5, stp="decrement"),
    )
    (command,) = read(path).commands
    assert (command["kind"], command["market"], command["side"]) == (CommandKind.NEW, 1, Side.SELL)
    assert (command["quantity"], command["price"]) == (3, 201)
    assert (command["account"], command["client_order_id"], command["session"]) == (3, 7, 5)
    assert (command["order_type"], command["time_in_force"]) == (OrderType.LIMIT, TimeInForce.GTC)
    assert command["stp"] == SelfTrade.DECREMENT
    assert command["time"] == MIDNIGHT + 34_200 * 10**9
    given = CommandFlag.QUANTITY_GIVEN | CommandFlag.PRICE_GIVEN | CommandFlag.SESSION_GIVEN
    assert command["flags"] == given


def test_every_attribute_of_an_order_has_a_column(tmp_path: Path) -> None:
    path = orders_file(
        tmp_path,
        row(order_type="STOP_LIMIT", time_in_force="GTD", stop_price="10.10", expire_time="16:00:00.5"),
        row(client_order_id=8, display_quantity=20, post_only="yes"),
        row(client_order_id=9, hidden="TRUE", order_type="limit"),
    )
    stop, iceberg, hidden = read(path).commands
    assert (stop["order_type"], stop["time_in_force"]) == (OrderType.STOP_LIMIT, TimeInForce.GTD)
    assert (stop["stop"], stop["expire"]) == (1010, MIDNIGHT + 57_600 * 10**9 + 500_000_000)
    assert stop["flags"] & (CommandFlag.STOP_GIVEN | CommandFlag.EXPIRE_GIVEN) == 64 + 512
    assert iceberg["display"] == 20
    assert iceberg["flags"] & CommandFlag.DISPLAY_GIVEN
    assert iceberg["flags"] & CommandFlag.POST_ONLY
    assert hidden["flags"] & CommandFlag.HIDDEN


def test_cancel_amend_mass_cancel_and_state(tmp_path: Path) -> None:
    path = orders_file(
        tmp_path,
        row(command="cancel", side="", quantity="", price=""),
        row(command="amend", side="", quantity="50", price=""),
        row(
            command="mass_cancel",
            account="",
            client_order_id="",
            side="sell",
            quantity="",
            price="",
            session=2,
        ),
        row(
            command="state",
            account="",
            client_order_id="",
            side="",
            quantity="",
            price="",
            state="AUCTION_CALL:CLOSE",
        ),
    )
    cancel, amend, mass, state = read(path).commands
    assert (cancel["kind"], cancel["client_order_id"], cancel["flags"]) == (CommandKind.CANCEL, 7, 0)
    assert (amend["quantity"], amend["flags"]) == (50, CommandFlag.QUANTITY_GIVEN)
    assert (mass["side"], mass["session"], mass["flags"]) == (Side.SELL, 2, CommandFlag.SESSION_GIVEN)
    assert state["state"] == 3 + (2 << 4)


@pytest.mark.parametrize(
    ("changed", "reason", "message"),
    [
        ({"command": "buy"}, "UNKNOWN_VALUE", 'command: expected one of NEW, CANCEL, AMEND, MASS_CANCEL'),
        ({"command": ""}, "UNKNOWN_VALUE", "command"),
        ({"market": "NONE"}, "UNKNOWN_MARKET", 'market: expected a market of the configuration, was "NONE"'),
        ({"market": "acme"}, "UNKNOWN_MARKET", "market"),
        ({"market": ""}, "MISSING_FIELD", "market: expected a value, was nothing"),
        ({"account": "9"}, "UNKNOWN_ACCOUNT", 'account: expected an account of the configuration, was "9"'),
        ({"account": "-1"}, "OUT_OF_RANGE", "account"),
        ({"account": "one"}, "NOT_A_NUMBER", 'account: expected a whole number, was "one"'),
        ({"client_order_id": ""}, "MISSING_FIELD", "client_order_id"),
        ({"client_order_id": 2**64}, "OUT_OF_RANGE", "client_order_id"),
        ({"side": "long"}, "UNKNOWN_VALUE", "side"),
        ({"side": ""}, "MISSING_FIELD", "side"),
        ({"order_type": "PEGGED"}, "UNKNOWN_VALUE", "order_type"),
        ({"time_in_force": "FOREVER"}, "UNKNOWN_VALUE", "time_in_force"),
        ({"post_only": "maybe"}, "UNKNOWN_VALUE", "post_only"),
        ({"quantity": ""}, "MISSING_FIELD", "quantity"),
        ({"quantity": "0"}, "OUT_OF_RANGE", 'quantity: expected 1 to 4294967294 lots, was "0" = 0 lots'),
        ({"quantity": "-5"}, "OUT_OF_RANGE", 'quantity: expected a number above 0, was "-5"'),
        ({"quantity": "1e3"}, "NOT_A_NUMBER", 'quantity: expected a decimal such as "10.05", was "1e3"'),
        ({"quantity": "nan"}, "NOT_A_NUMBER", "quantity"),
        ({"quantity": "4294967295"}, "OUT_OF_RANGE", "quantity"),
        ({"quantity": "9" * 60}, "OUT_OF_RANGE", "quantity: expected a smaller number"),
        ({"quantity": "9" * 61}, "NOT_A_NUMBER", "quantity"),
        ({"quantity": "150", "market": "BULK"}, "QUANTITY_OFF_LOT", "quantity: expected a quantity in lots"),
        ({"quantity": "0.5"}, "QUANTITY_OFF_LOT", 'quantity: expected a quantity in lots of 1, was "0.5"'),
        ({"price": "10.005"}, "PRICE_OFF_TICK", 'price: expected a price on the tick of 0.01, was "10.005"'),
        ({"price": "10.01", "market": "BULK"}, "PRICE_OFF_TICK", "price: expected a price on the tick of"),
        ({"price": "0"}, "OUT_OF_RANGE", "price"),
        ({"price": "687194767.37"}, "OUT_OF_RANGE", "price"),
        ({"stop_price": "x"}, "NOT_A_NUMBER", "stop_price"),
        ({"expire_time": "tomorrow"}, "NOT_A_NUMBER", "expire_time"),
        ({"time": "25:00:00"}, "NOT_A_NUMBER", "time"),
        ({"time": "2026-02-30T09:30:00"}, "NOT_A_NUMBER", "time"),
        ({"time": "-1"}, "OUT_OF_RANGE", "time"),
        ({"session": "65536"}, "OUT_OF_RANGE", "session"),
        ({"command": "state"}, "MISSING_FIELD", "state"),
    ],
)  # fmt: skip
def test_a_bad_field_costs_its_row_and_says_what_was_expected(
    tmp_path: Path, changed: dict[str, object], reason: str, message: str
) -> None:
    path = orders_file(tmp_path, row(client_order_id=1), row(**changed), row(client_order_id=3))
    orders = read(path)
    (reject,) = orders.rejects
    assert (reject.row, reject.reason) == (2, reason)
    assert reject.message.startswith(message)
    assert reject.raw == row(**changed)
    assert orders.commands["client_order_id"].tolist() == [1, 3]
    assert orders.rows.tolist() == [1, 3]


def test_times_may_have_three_forms_and_must_not_run_back(tmp_path: Path) -> None:
    path = orders_file(
        tmp_path,
        row(time="2026-10-09T09:30:00Z"),
        row(time=MIDNIGHT + 34_200 * 10**9 + 1),
        row(time="09:30:01.000000001"),
        row(time="09:30:00.5"),
        row(time=""),
        row(time="2026-10-09 09:30:01.000000001"),
    )
    orders = read(path)
    assert (orders.commands["time"] - MIDNIGHT - 34_200 * 10**9).tolist()[:3] == [0, 1, 10**9 + 1]
    assert [(reject.row, reject.reason) for reject in orders.rejects] == [(4, "TIME_BACKWARDS")]
    assert orders.commands["time"][3] == 0


def test_a_refused_row_does_not_set_the_clock(tmp_path: Path) -> None:
    path = orders_file(tmp_path, row(time="17:00:00", side="?"), row(time="09:30:00"))
    assert [reject.row for reject in read(path).rejects] == [1]


def test_rows_of_the_wrong_shape_are_refused_alone(tmp_path: Path) -> None:
    good = row()
    path = orders_file(
        tmp_path, good, good + ",", "a,b", '"open' + good, "", good, good.replace("new", '"new"')
    )
    orders = read(path)
    assert [(reject.row, reject.reason) for reject in orders.rejects] == [
        (2, "MALFORMED_ROW"),
        (3, "MALFORMED_ROW"),
        (4, "MALFORMED_ROW"),
    ]
    assert orders.rejects[1].message == "row: expected 18 fields separated by commas, was 2 fields"
    assert orders.rows.tolist() == [1, 6, 7]


def test_hostile_rows_are_refused_and_quoted_briefly(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    long = row(market="X" * 100_000)
    zero = row(market="AC\0ME")
    path.write_bytes("\n".join((HEADER, long, zero, row(market="=cmd()"), row())).encode())
    orders = read(path)
    assert [reject.reason for reject in orders.rejects] == [
        "MALFORMED_ROW",
        "MALFORMED_ROW",
        "UNKNOWN_MARKET",
    ]
    assert max(len(reject.raw) for reject in orders.rejects) <= 200
    assert orders.rows.tolist() == [4]


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(b"\xef\xbb\xbf" + f"{HEADER}\r\n{row()}\r\n{row(client_order_id=8)}".encode())
    assert read(path).commands["client_order_id"].tolist() == [7, 8]


def test_gz_is_read_by_its_bytes_whatever_its_name(tmp_path: Path) -> None:
    plain = orders_file(tmp_path, row()).read_bytes()
    named, unnamed = tmp_path / "orders.csv.gz", tmp_path / "orders.data"
    named.write_bytes(gzip.compress(plain))
    unnamed.write_bytes(gzip.compress(plain))
    assert len(read(named).commands) == len(read(unnamed).commands) == 1


def test_columns_may_stand_in_any_order_and_optional_ones_may_be_missing(tmp_path: Path) -> None:
    header = "price,quantity,side,client_order_id,account,market,command,time"
    path = orders_file(tmp_path, "10.05,100,B,7,1,ACME,new,09:30:00", header=header)
    (command,) = read(path).commands
    assert (command["price"], command["quantity"], command["side"]) == (1005, 100, Side.BUY)


def test_pieces_of_a_file_give_the_same_as_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        row(client_order_id=i, time=f"09:30:{i % 60:02d}", price=f"{10 + i % 7}.{i % 100:02d}")
        for i in range(200)
    ]
    path = orders_file(tmp_path, *rows)
    whole = read(path)
    monkeypatch.setattr("novate.gateway.files.source.chunks.__defaults__", (997,))
    pieces = read(path)
    assert np.array_equal(whole.commands, pieces.commands)
    assert np.array_equal(whole.rows, pieces.rows)
    assert whole.rejects == pieces.rejects
    assert len(whole.rejects) > 100


def test_ids_of_sixty_four_bits_are_carried_as_they_are(tmp_path: Path) -> None:
    path = orders_file(tmp_path, row(client_order_id=2**64 - 1), row(client_order_id=-(2**63)))
    assert read(path).commands["client_order_id"].view("<u8").tolist() == [2**64 - 1, 2**63]
