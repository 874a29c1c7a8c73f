"""Order files of level FULL: minimum quantities, pairs, trailing stops, market makers, positions."""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.domain.codes import CommandFlag, CommandKind, EventKind, OrderType, Side, TimeInForce
from novate.domain.machine import apply_all
from novate.domain.records import EVENT, MMP_COMMAND, TERMS_COMMAND, new_events
from novate.domain.resolve import venue_terms
from novate.gateway.files import OrderFile, read_orders
from novate.gateway.files.order_words import COLUMNS, KINDS, ORDER_TYPES, TIMES_IN_FORCE
from novate.venue.machine import Venue
from tests.unit.gateway.market import CONFIGURATION, orders_file

HEADER = ",".join(COLUMNS)
GIVEN = CommandFlag.QUANTITY_GIVEN | CommandFlag.PRICE_GIVEN


def row(**fields: object) -> str:
    """A good new order under the header of all columns, with some fields changed."""
    values: dict[str, object] = {
        "time": "09:30:00", "command": "new", "market": "ACME", "account": 1, "client_order_id": 7,
        "side": "buy", "quantity": 100, "price": "10.05",
    }  # fmt: skip
    values |= fields
    return ",".join(str(values.get(name, "")) for name in COLUMNS)


def bare(**fields: object) -> str:
    """A row without the fields of an order."""
    return row(**{"client_order_id": "", "side": "", "quantity": "", "price": ""} | fields)


PAIR = {"command": "new_oco", "leg_client_order_id": 8, "leg_stop_price": "9.80"}


def read(folder: Path, *rows: str) -> OrderFile:
    orders = read_orders(orders_file(folder, *rows, header=HEADER), "csv", CONFIGURATION)
    assert orders.accepted + len(orders.rejects) == orders.read == len(rows)
    assert len(orders.commands) == len(orders.rows)
    return orders


def test_the_types_and_lifetimes_of_level_full(tmp_path: Path) -> None:
    orders = read(
        tmp_path,
        row(order_type="mtl", price=""),
        row(order_type="TRAILING_STOP", price="", trail="0.25"),
        row(order_type="IF_TOUCHED", stop_price="9.90"),
        row(time_in_force="AT_OPEN"),
        row(time_in_force="at_close", order_type="MARKET", price=""),
        row(reduce_only="yes", time_in_force="IOC"),
        row(mmp="1"),
    )
    mtl, trailing, touched, at_open, at_close, reducing, made = orders.commands
    assert [one["order_type"] for one in (mtl, trailing, touched)] == [
        OrderType.MTL, OrderType.TRAILING_STOP, OrderType.IF_TOUCHED,
    ]  # fmt: skip
    assert (trailing["stop"], trailing["flags"]) == (
        25, CommandFlag.TRAIL_GIVEN | CommandFlag.QUANTITY_GIVEN,
    )  # fmt: skip
    assert (touched["stop"], touched["flags"]) == (990, CommandFlag.STOP_GIVEN | GIVEN)
    assert at_open["time_in_force"] == TimeInForce.AT_OPEN
    assert at_close["time_in_force"] == TimeInForce.AT_CLOSE
    assert reducing["flags"] == CommandFlag.REDUCE_ONLY | GIVEN
    assert made["flags"] == CommandFlag.MMP | GIVEN


def test_a_minimum_quantity_is_a_record_before_its_order(tmp_path: Path) -> None:
    orders = read(tmp_path, row(), row(client_order_id=8, min_quantity=60), row(client_order_id=9))
    assert orders.rows.tolist() == [1, 2, 2, 3]
    kinds = [CommandKind.NEW, CommandKind.TERMS, CommandKind.NEW, CommandKind.NEW]
    assert orders.commands["kind"].tolist() == kinds
    terms, order = orders.commands[1:2].view(TERMS_COMMAND)[0], orders.commands[2]
    assert (terms["min_quantity"], terms["time"], terms["peg"]) == (60, 0, 0)
    assert order["flags"] == GIVEN | CommandFlag.MIN_QTY_GIVEN | CommandFlag.HAS_TERMS


def test_a_pair_is_one_row_and_two_records(tmp_path: Path) -> None:
    given = {"session": 4, "stp": "CANCEL_BOTH", "time_in_force": "GTD", "expire_time": "16:00:00"}
    orders = read(tmp_path, row(**PAIR, **given, leg_order_type="STOP_LIMIT", leg_price="9.70", hidden="yes"))
    assert orders.rows.tolist() == [1, 1]
    leg, pair = orders.commands
    assert (leg["kind"], pair["kind"]) == (CommandKind.LEG, CommandKind.NEW_OCO)
    for shared in ("market", "account", "side", "quantity", "time_in_force", "stp", "session", "expire"):
        assert leg[shared] == pair[shared], shared
    assert (leg["client_order_id"], pair["client_order_id"]) == (8, 7)
    assert (leg["order_type"], leg["price"], leg["stop"]) == (OrderType.STOP_LIMIT, 970, 980)
    shared_flags = GIVEN | CommandFlag.SESSION_GIVEN | CommandFlag.EXPIRE_GIVEN
    assert leg["flags"] == shared_flags | CommandFlag.STOP_GIVEN
    assert pair["flags"] == shared_flags | CommandFlag.HIDDEN
    assert leg["time"] == 0 < pair["time"]


def test_market_makers_references_and_positions(tmp_path: Path) -> None:
    orders = read(
        tmp_path,
        bare(command="mmp_set", window="1000000000", max_quantity=500),
        bare(command="mmp_reset"),
        bare(command="set_ref", account="", price="10.10"),
        bare(command="position", quantity="-300", market="BULK"),
        bare(command="position", quantity="0"),
    )
    made = orders.commands[:1].view(MMP_COMMAND)[0]
    assert (made["account"], made["window"], made["max_quantity"]) == (1, 10**9, 500)
    assert orders.commands["kind"].tolist() == [
        CommandKind.MMP_SET, CommandKind.MMP_RESET, CommandKind.SET_REF, CommandKind.POSITION,
        CommandKind.POSITION,
    ]  # fmt: skip
    assert orders.commands["price"].tolist()[2:] == [1010, -3, 0]
    assert orders.commands["flags"].tolist() == [0] * 5


@pytest.mark.parametrize(
    ("changed", "reason", "message"),
    [
        ({"order_type": "TRAILING"}, "UNKNOWN_VALUE", "order_type: expected one of LIMIT, MARKET, MTL, STOP"),
        ({"trail": "0"}, "OUT_OF_RANGE", 'trail: expected 1 to 68719476671 ticks, was "0" = 0 ticks'),
        ({"trail": "0.005"}, "PRICE_OFF_TICK", "trail: expected a price on the tick of 0.01"),
        ({"trail": "-1"}, "OUT_OF_RANGE", 'trail: expected a number above 0, was "-1"'),
        ({"min_quantity": "x"}, "NOT_A_NUMBER", "min_quantity"),
        ({"min_quantity": "0"}, "OUT_OF_RANGE", "min_quantity: expected 1 to 4294967294 lots"),
        ({"reduce_only": "perhaps"}, "UNKNOWN_VALUE", "reduce_only: expected one of TRUE, YES, 1, FALSE"),
        ({"mmp": "2"}, "UNKNOWN_VALUE", "mmp"),
        ({"command": "new_oco"}, "MISSING_FIELD", "leg_client_order_id: expected a value, was nothing"),
        (PAIR | {"leg_client_order_id": "a"}, "NOT_A_NUMBER", "leg_client_order_id"),
        (PAIR | {"leg_order_type": "?"}, "UNKNOWN_VALUE", "leg_order_type"),
        (PAIR | {"leg_stop_price": "9.805"}, "PRICE_OFF_TICK", "leg_stop_price"),
        (PAIR | {"leg_trail": "0"}, "OUT_OF_RANGE", "leg_trail"),
        (PAIR | {"leg_price": "1e5"}, "NOT_A_NUMBER", "leg_price"),
        ({"command": "mmp_set"}, "MISSING_FIELD", "window"),
        ({"command": "mmp_set", "window": 5}, "MISSING_FIELD", "max_quantity"),
        ({"command": "mmp_set", "window": 0, "max_quantity": 1}, "OUT_OF_RANGE", "window"),
        ({"command": "mmp_set", "window": 1, "max_quantity": "0.5"}, "QUANTITY_OFF_LOT", "max_quantity"),
        ({"command": "mmp_reset", "account": 9}, "UNKNOWN_ACCOUNT", "account"),
        ({"command": "set_ref", "price": ""}, "MISSING_FIELD", "price"),
        ({"command": "set_ref", "price": "-1"}, "OUT_OF_RANGE", "price"),
        ({"command": "position", "quantity": ""}, "MISSING_FIELD", "quantity"),
        ({"command": "position", "quantity": "-0.5"}, "QUANTITY_OFF_LOT", "quantity"),
        ({"command": "position", "quantity": "--1"}, "NOT_A_NUMBER", "quantity"),
        ({"command": "position", "quantity": str(2**42)}, "OUT_OF_RANGE", "quantity: expected -2199023255"),
    ],
)  # fmt: skip
def test_a_bad_field_of_level_full_costs_its_row(
    tmp_path: Path, changed: dict[str, object], reason: str, message: str
) -> None:
    orders = read(tmp_path, row(client_order_id=1, min_quantity=5), row(**changed), row(client_order_id=3))
    (reject,) = orders.rejects
    assert (reject.row, reject.reason) == (2, reason)
    assert reject.message.startswith(message)
    assert orders.rows.tolist() == [1, 1, 3]


def test_what_a_command_does_not_use_is_not_looked_at(tmp_path: Path) -> None:
    strange = {"leg_price": "?", "leg_trail": "?", "window": "?", "max_quantity": "?", "leg_order_type": "?"}
    assert read(tmp_path, row(**strange)).rejects == []
    assert read(tmp_path, row(command="cancel", min_quantity="?", trail="?", mmp="?")).rejects == []


def test_the_venue_keeps_pairs_and_minimum_quantities_apart(tmp_path: Path) -> None:
    orders = read(
        tmp_path,
        row(client_order_id=1, side="sell", quantity=40),
        row(client_order_id=2, account=2, min_quantity=60),  # only 40 are there
        row(client_order_id=3, account=2, min_quantity=40),
        row(**PAIR | {"account": 2, "side": "sell", "client_order_id": 4, "price": "11"}),
        row(**PAIR | {"account": 2, "client_order_id": 5, "leg_client_order_id": 5}),  # one name for both
        row(**PAIR | {"account": 2, "client_order_id": 6, "leg_client_order_id": 4}),  # a name that is live
        row(**PAIR | {"account": 2, "client_order_id": 9, "min_quantity": 5}),
        row(client_order_id=3, account=2, min_quantity=4, stop_price=3, trail=3),
    )
    venue = Venue(venue_terms(CONFIGURATION))
    events = np.concatenate([np.empty(0, EVENT), *apply_all(venue, orders.commands, new_events(64))])
    assert (events["kind"] == EventKind.TRADE).sum() == 1
    assert venue.resting_orders() == 3
    refused = orders.not_accepted(events, 1)
    assert [(reject.row, reject.reason) for reject in refused] == [
        (5, "INVALID_OCO"), (6, "DUPLICATE_ORDER"), (7, "INVALID_OCO"), (8, "DUPLICATE_ORDER"),
    ]  # fmt: skip
    assert refused[1].message.startswith("venue: NEW_OCO: expected a client_order_id")
    assert "leg" not in refused[0].raw
    assert refused[0].raw.startswith("09:30:00,new_oco")


def test_a_market_with_negative_prices_takes_them(tmp_path: Path) -> None:
    acme, *others = CONFIGURATION.instruments
    negative = msgspec.structs.replace(acme, min_price="-5.00")
    configuration = msgspec.structs.replace(CONFIGURATION, instruments=(negative, *others))
    path = orders_file(
        tmp_path, row(price="-1.25"), row(price="0"), row(price="-5.01"), row(market="BULK", price="-0.05"),
        header=HEADER,
    )  # fmt: skip
    orders = read_orders(path, "csv", configuration)
    assert orders.commands["price"].tolist() == [-125, 0]
    assert [(one.row, one.message) for one in orders.rejects] == [
        (3, 'price: expected -500 to 68719476671 ticks, was "-5.01" = -501 ticks'),
        (4, 'price: expected 1 to 68719476671 ticks, was "-0.05" = -1 ticks'),
    ]


FIELDS = {
    "time": ["", "09:30:00", "09:30:01", "x"],
    "command": [name.lower() for name in KINDS],
    "market": ["ACME", "BULK", "ACME", "?"],
    "account": ["1", "2", "3", "", "9"],
    "side": [Side.BUY.name, Side.SELL.name, ""],
    "quantity": ["100", "200", "500", "-100", "7"],
    "price": ["10.05", "10.10", "10.00", "", "-1"],
    "order_type": ["", *ORDER_TYPES],
    "time_in_force": ["", "", *TIMES_IN_FORCE],
    "state": ["AUCTION_CALL:OPEN", "CONTINUOUS", "HALTED", "AUCTION_CALL:CLOSE", "CLOSED"],
    "expire_time": ["", "09:30:02"],
    "window": ["1000", "-1"],
    "max_quantity": ["100", "0"],
}
NAMES = ["client_order_id", "leg_client_order_id"]
SWITCHES = ["post_only", "hidden", "reduce_only", "mmp"]
PRICES = ["stop_price", "trail", "leg_price", "leg_stop_price", "leg_trail"]
ROWS = st.fixed_dictionaries(
    {name: st.sampled_from(values) for name, values in FIELDS.items()}
    | {name: st.sampled_from("12345") for name in NAMES}
    | {name: st.sampled_from(["", "", "", "yes"]) for name in SWITCHES}
    | {name: st.sampled_from(["", "", "0.05", "9.95", "10.20"]) for name in PRICES}
    | {"leg_order_type": st.sampled_from(["", *ORDER_TYPES])}
    | {name: st.sampled_from(["", "", "100"]) for name in ("display_quantity", "min_quantity")}
)


@settings(max_examples=150, deadline=None)
@given(st.lists(ROWS, max_size=40))
def test_any_rows_are_accounted_for_and_borne_by_the_venue(rows: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        orders = read(Path(folder), *(row(**fields) for fields in rows))
        venue = Venue(venue_terms(CONFIGURATION))
        events = np.concatenate([np.empty(0, EVENT), *apply_all(venue, orders.commands, new_events(64))])
        venue.validate()
        refused = [reject.row for reject in orders.not_accepted(events, 1)]
        assert refused == sorted(set(refused))
        assert set(range(1, len(rows) + 1)) == set(refused) | set(orders.rows.tolist())
