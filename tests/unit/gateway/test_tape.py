"""Neutral tapes: read as they are, written as they were, played as commands of configured accounts."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from novate.domain.codes import CommandKind, EventKind
from novate.domain.machine import apply_all
from novate.domain.records import EVENT, new_events
from novate.domain.resolve import venue_terms
from novate.gateway.files import fitted_configuration, read_orders
from novate.gateway.files.tape import TAPE_MESSAGE, check_messages, read_tape, tape_bytes
from novate.venue.machine import Venue
from tests.shared import shared
from tests.unit.gateway.market import CONFIGURATION

SCENARIOS = ("normal", "static", "swing-25", "swing-40", "flash-crash")


def tape(*messages: tuple[int, int, int, int, int, int]) -> np.ndarray:
    """Messages (type, side, ioc, quantity, order id, price)."""
    made = np.zeros(len(messages), TAPE_MESSAGE)
    for at, (kind, side, ioc, quantity, order_id, price) in enumerate(messages):
        made[at] = (kind, side, ioc, 0, quantity, at, order_id, price, 0)
    return made


def test_a_tape_survives_writing_and_reading(tmp_path: Path) -> None:
    messages = tape((0, 1, 0, 10, 5, 100), (2, 1, 0, 11, 5, 99), (1, 1, 0, 0, 5, 0))
    path = tmp_path / "tape.bin.gz"
    path.write_bytes(gzip.compress(tape_bytes(messages)))
    assert np.array_equal(read_tape(path), messages)


def test_a_modify_is_cancel_and_new_only_while_its_order_rests(tmp_path: Path) -> None:
    path = tmp_path / "tape.bin"
    path.write_bytes(tape_bytes(tape(
        (0, 1, 0, 10, 5, 100),
        (2, 1, 0, 11, 5, 99),
        (0, 0, 1, 11, 6, 99),
        (2, 1, 0, 12, 5, 98),
        (1, 1, 0, 0, 5, 0),
    )))  # fmt: skip
    orders = read_orders(path, "tape", fitted_configuration(CONFIGURATION, path, "tape"))
    kinds = [CommandKind(int(kind)).name for kind in orders.commands["kind"]]
    assert kinds == ["NEW", "CANCEL", "NEW", "NEW", "CANCEL", "CANCEL"]
    assert orders.rows.tolist() == [1, 2, 2, 3, 4, 5]
    accounts = orders.commands["account"]
    assert len(set(accounts[[0, 1, 2, 4, 5]].tolist())) == 1, "an order keeps its account"


@pytest.mark.parametrize(
    ("message", "reason", "field"),
    [
        ((3, 0, 0, 10, 5, 100), "UNKNOWN_VALUE", "type"),
        ((0, 2, 0, 10, 5, 100), "UNKNOWN_VALUE", "side"),
        ((0, 0, 0, 0, 5, 100), "OUT_OF_RANGE", "quantity"),
        ((0, 0, 0, 2**32 - 1, 5, 100), "OUT_OF_RANGE", "quantity"),
        ((0, 0, 0, 10, 5, 0), "OUT_OF_RANGE", "price_ticks"),
        ((2, 0, 0, 10, 5, -(2**63)), "OUT_OF_RANGE", "price_ticks"),
        ((0, 0, 0, 10, 5, 2**63 - 1), "OUT_OF_RANGE", "price_ticks"),
    ],
)
def test_a_bad_message_costs_its_record(
    message: tuple[int, int, int, int, int, int], reason: str, field: str
) -> None:
    good, (reject,) = check_messages(tape((0, 0, 0, 1, 1, 1), message))
    assert good.tolist() == [True, False]
    assert (reject.row, reject.reason) == (2, reason)
    assert reject.message.startswith(f"{field}: expected")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_public_tapes_become_commands_that_trade_as_their_reports_say(scenario: str) -> None:
    path = shared(f"oracles/matching/tapes/orders_{scenario}_s23_n10000.bin.gz")
    expected = gzip.decompress(
        shared(f"oracles/matching/tapes/reports_{scenario}_s23_n10000.txt.gz").read_bytes()
    ).decode()
    fills = [line.split(",") for line in expected.split("\n") if line.startswith("1,")]
    configuration = fitted_configuration(CONFIGURATION, path, "tape")
    orders = read_orders(path, "tape", configuration)
    venue = Venue(venue_terms(configuration))
    events = np.concatenate([np.empty(0, EVENT), *apply_all(venue, orders.commands, new_events(65_536))])
    trades = events[events["kind"] == EventKind.TRADE]
    assert trades["price"].tolist() == [int(fill[2]) for fill in fills]
    assert trades["quantity"].tolist() == [int(fill[3]) for fill in fills]
