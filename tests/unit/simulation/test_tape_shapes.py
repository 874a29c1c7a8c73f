"""Generated tapes: the shapes of the public scenarios, the same from the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from novate.app import neutral
from novate.domain.codes import EventKind
from novate.simulation.tape_shapes import CANCEL, MODIFY, NEW, SHAPES, TAPE_RECORD, generate_tape
from novate.venue.machine import Venue

ORDERS = 40_000


def test_a_seed_gives_the_same_tape() -> None:
    assert generate_tape("normal", 500, 1).tobytes() == generate_tape("normal", 500, 1).tobytes()
    assert generate_tape("normal", 500, 1).tobytes() != generate_tape("normal", 500, 2).tobytes()


def test_the_record_is_the_one_of_the_tape() -> None:
    assert TAPE_RECORD == neutral.MESSAGE


@pytest.mark.parametrize("scenario", SHAPES)
def test_shares_of_messages_are_those_of_the_format(scenario: str) -> None:
    tape = generate_tape(scenario, ORDERS)
    new = tape[tape["type"] == NEW]
    rest = (new["ioc"] == 0).sum()
    assert len(new) == ORDERS
    assert new["ioc"].mean() == pytest.approx(0.15, abs=0.01)
    assert (tape["type"] == MODIFY).sum() / rest == pytest.approx(0.20, abs=0.02)
    assert (tape["type"] == CANCEL).sum() / rest == pytest.approx(0.97, abs=0.02)
    assert len(np.unique(new["order_id"])) == ORDERS
    assert tape["sequence"].tolist() == list(range(len(tape)))


@pytest.mark.parametrize(
    ("scenario", "resting_share", "trades_per_million"),
    [
        ("static", 0.0418, 800),
        ("normal", 0.0055, 62_000),
        ("swing-25", 0.0026, 67_000),
        ("swing-40", 0.0014, 69_000),
        ("flash-crash", 0.0005, 70_000),
    ],
)
def test_books_and_trades_are_of_the_size_of_the_public_scenarios(
    scenario: str, resting_share: float, trades_per_million: int
) -> None:
    tape = generate_tape(scenario, ORDERS)
    venue = Venue(neutral.terms())
    played = neutral.play(venue, tape)
    trades = (played.events["kind"] == EventKind.TRADE).sum()
    assert venue.resting_orders() == pytest.approx(resting_share * ORDERS, rel=0.3, abs=15)
    assert trades == pytest.approx(trades_per_million * ORDERS / 10**6, rel=0.3, abs=15)


def test_some_messages_come_too_late_and_are_refused() -> None:
    tape = generate_tape("static", ORDERS)
    played = neutral.play(Venue(neutral.terms()), tape)
    refused = (played.events["kind"] == EventKind.REJECTED).sum()
    assert refused / ORDERS == pytest.approx(0.02, abs=0.005)
