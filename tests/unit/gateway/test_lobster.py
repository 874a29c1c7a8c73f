"""Historical message files: which orders they become, what is left out, and how the result compares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from novate.domain.codes import CommandKind, Side, TimeInForce
from novate.domain.configuration import Configuration
from novate.domain.machine import apply_all
from novate.domain.records import EVENT, Events, new_events
from novate.domain.resolve import venue_terms
from novate.gateway.files import FileProblem, OrderFile, fitted_configuration, read_orders
from novate.gateway.files.lobster_report import LobsterReport, compare
from novate.venue.machine import Venue
from tests.shared import shared
from tests.unit.gateway.market import CONFIGURATION


def hour(
    folder: Path, text: str, name: str = "acme_2026-10-09_messages.csv"
) -> tuple[OrderFile, Configuration]:
    """The messages `type id size price direction`, one second apart unless a line begins with `=`."""
    path = folder / name
    rows = []
    second = 34_200
    for line in text.strip().splitlines():
        fields = line.split()
        if fields[0] == "=":
            fields = fields[1:]
        else:
            second += 1
        rows.append(f"{second}.5,{','.join(fields)}")
    path.write_text("\n".join(rows) + "\n")
    configuration = fitted_configuration(CONFIGURATION, path, "lobster")
    orders = read_orders(path, "lobster", configuration)
    assert orders.accepted + len(orders.rejects) == orders.read == len(rows)
    return orders, configuration


def play(orders: OrderFile, configuration: Configuration) -> tuple[Events, LobsterReport]:
    venue = Venue(venue_terms(configuration))
    events = np.concatenate([np.empty(0, EVENT), *apply_all(venue, orders.commands, new_events(4096))])
    return events, compare(orders.extra, events, 1)


def sent(orders: OrderFile) -> list[tuple[str, int, int, int]]:
    return [
        (CommandKind(int(c["kind"])).name, int(c["client_order_id"]), int(c["quantity"]), int(c["price"]))
        for c in orders.commands
    ]


def test_without_executions_there_is_nothing_to_compare(tmp_path: Path) -> None:
    orders, configuration = hour(tmp_path, "1 11 100 100500 1")
    _, report = play(orders, configuration)
    assert report.percent_same == "-"
    assert report.lines()[0].startswith("No execution of a known order")
    assert "1 new orders" in " ".join(report.lines())


def test_a_file_of_something_else_is_told_in_plain_words(tmp_path: Path) -> None:
    path = tmp_path / "acme_1.csv"
    path.write_text("time,command,market\n1,NEW,NOVA\n")
    configuration = fitted_configuration(CONFIGURATION, path, "lobster")
    orders = read_orders(path, "lobster", configuration)
    assert (orders.read, orders.accepted) == (2, 0)
    _, report = play(orders, configuration)
    (line,) = report.lines()
    assert line.startswith("No row could be taken: expected LOBSTER messages")


def test_new_reduce_delete_become_new_amend_cancel(tmp_path: Path) -> None:
    orders, _ = hour(tmp_path, """
        1 11 100 100500 1
        2 11  30 100500 1
        2 11  20 100500 1
        3 11  50 100500 1
    """)  # fmt: skip
    assert sent(orders) == [
        ("NEW", 11, 100, 1005),
        ("AMEND", 11, 70, 0),
        ("AMEND", 11, 50, 0),
        ("CANCEL", 11, 0, 0),
    ]
    assert orders.rows.tolist() == [1, 2, 3, 4]


def test_executions_of_one_moment_and_side_are_one_aggressor_at_the_worst_price(tmp_path: Path) -> None:
    orders, configuration = hour(tmp_path, """
        1 11 100 100500 -1
        1 12  60 100600 -1
        4 11 100 100500 -1
      = 5  0  10 100550 -1
      = 4 12  20 100600 -1
        4 12  40 100600 -1
    """)  # fmt: skip
    first, second = orders.commands[2:]
    assert (first["side"], first["time_in_force"]) == (Side.BUY, TimeInForce.IOC)
    assert (first["quantity"], first["price"]) == (120, 1006)
    assert (second["quantity"], second["price"]) == (40, 1006)
    assert first["account"] not in orders.commands["account"][:2]
    _, report = play(orders, configuration)
    assert (report.known, report.same_place, report.trades_on_entry) == (3, 3, 0)
    assert report.percent_same == "100.00"


def test_what_happened_to_orders_from_before_the_file_is_not_sent(tmp_path: Path) -> None:
    orders, configuration = hour(tmp_path, """
        1 11 100 100500 -1
        4 99  70 100400 -1
      = 4 11  30 100500 -1
        3 98  10 100300 1
    """)  # fmt: skip
    assert sent(orders) == [("NEW", 11, 100, 1005), ("NEW", -2, 30, 1005)]
    _, report = play(orders, configuration)
    assert (report.known, report.same_place) == (1, 1)
    assert (report.counts.unknown_executions, report.counts.unknown_cancels) == (1, 1)


def test_history_that_skipped_the_queue_is_told_and_does_not_spread(tmp_path: Path) -> None:
    orders, configuration = hour(tmp_path, """
        1 11 100 100500 -1
        1 12 100 100500 -1
        4 12 100 100500 -1
        3 11 100 100500 -1
        1 13  50 100500 1
        1 14  50 100600 -1
        4 14  50 100600 -1
    """)  # fmt: skip
    events, report = play(orders, configuration)
    assert (report.known, report.same_place, report.same_price, report.same_order) == (2, 1, 2, 1)
    assert (report.counts.corrections, report.counts.filled_already) == (1, 1)
    assert report.differences == [
        "row 3: history filled 100 of order 12 at 10.05, the venue 100 of order 11 at 10.05"
    ]
    assert not len(orders.refused(events, 1)), "nothing is sent for orders that the venue has filled"
    assert report.trades_on_entry == report.counts.new_that_trade == 0


def test_a_new_order_that_trades_on_entry_is_counted(tmp_path: Path) -> None:
    orders, configuration = hour(tmp_path, """
        1 11 100 100500 -1
        1 12  40 100500 1
    """)  # fmt: skip
    _, report = play(orders, configuration)
    assert (report.known, report.trades_on_entry, report.counts.new_that_trade) == (0, 1, 1)


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("34201,1,12,100,100505,1", "PRICE_OFF_TICK"),
        ("34201,1,12,0,100500,1", "OUT_OF_RANGE"),
        ("34201,1,12,-5,100500,1", "OUT_OF_RANGE"),
        ("34201,1,12,5000000000,100500,1", "OUT_OF_RANGE"),
        ("34201,1,12,99999999999999999999900,100500,1", "OUT_OF_RANGE"),
        ("34201,1,12,100,9999999999999900,1", "OUT_OF_RANGE"),
        ("34201,1,12,100,100500,0", "UNKNOWN_VALUE"),
        ("34201,1,12,100,100500,2", "OUT_OF_RANGE"),
        ("34201,9,12,100,100500,1", "OUT_OF_RANGE"),
        ("34201,one,12,100,100500,1", "NOT_A_NUMBER"),
        ("34201,1,,100,100500,1", "MISSING_FIELD"),
        ("34199,1,12,100,100500,1", "TIME_BACKWARDS"),
        ("86400,1,12,100,100500,1", "OUT_OF_RANGE"),
        (",1,12,100,100500,1", "MISSING_FIELD"),
        ("34201,1,11,100,100500,1", "DUPLICATE_ID"),
        ("34201,4,11,101,100500,1", "OUT_OF_RANGE"),
        ("34201,2,11,101,100500,1", "OUT_OF_RANGE"),
        ("34201,1,12,100,100500", "MALFORMED_ROW"),
        ("34201,1,12,100,100500,1,1", "MALFORMED_ROW"),
    ],
)
def test_a_bad_message_costs_its_row(tmp_path: Path, message: str, reason: str) -> None:
    path = tmp_path / "acme_messages.csv"
    path.write_text(f"34200,1,11,100,100500,1\n{message}\n34202.123456789012,3,11,100,100500,1\n")
    orders = read_orders(path, "lobster", CONFIGURATION)
    assert [(reject.row, reject.reason) for reject in orders.rejects] == [(2, reason)]
    assert (orders.read, orders.accepted) == (3, 2)
    assert orders.commands["time"][-1] % 10**9 == 123_456_789


def test_halts_and_crosses_and_hidden_executions_are_counted(tmp_path: Path) -> None:
    orders, _ = hour(tmp_path, """
        5 0 10 1005123 1
        6 0 10 100500 -1
        7 0 0 -1 -1
        7 0 0 1 -1
    """)  # fmt: skip
    assert not len(orders.commands)
    counts = orders.extra.counts
    assert (counts.hidden, counts.crosses, counts.halts) == (1, 1, 2)
    assert any("2 halts were skipped" in note for note in orders.notes)


def test_a_market_is_added_for_the_ticker_unless_it_is_configured(tmp_path: Path) -> None:
    _, same = hour(tmp_path, "1 11 100 100500 1")
    assert same is CONFIGURATION
    orders, fitted = hour(tmp_path, "1 11 100 100500 1", name="ZETA_2026-10-09_messages.csv")
    added = fitted.instruments[-1]
    assert (added.symbol, added.tick, added.static_band) == ("ZETA", "0.01", None)
    assert orders.commands["market"].tolist() == [len(CONFIGURATION.instruments)]
    with pytest.raises(FileProblem, match="expected a configured market ZETA"):
        read_orders(tmp_path / "ZETA_2026-10-09_messages.csv", "lobster", CONFIGURATION)


def test_the_real_hour_is_repeated_to_ninety_nine_percent() -> None:
    path = shared("data/aapl_2012-06-21_messages.csv.gz")
    configuration = fitted_configuration(CONFIGURATION, path, "lobster")
    orders = read_orders(path, "lobster", configuration)
    counts = orders.extra.counts
    assert (orders.read, orders.rejects) == (91_997, [])
    assert (counts.new, counts.known_executions, counts.unknown_executions) == (44_256, 4_055, 12)
    assert (counts.hidden, counts.halts) == (2_201, 0)
    events, report = play(orders, configuration)
    assert orders.refused(events, 1) == []
    assert report.known == 4_055
    assert report.same_place * 100 >= report.known * 99
    assert report.trades_on_entry == 0
