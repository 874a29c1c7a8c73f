"""Generated tapes: the shapes of the public scenarios, the same from the same seed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from novate.app import neutral
from novate.domain.codes import EventKind
from novate.gateway.files.tape import read_tape
from novate.simulation.tape_shapes import (
    CANCEL,
    MODIFY,
    NEW,
    SHAPES,
    SMALL_TAPE,
    START_TICKS,
    TAPE_RECORD,
    generate_tape,
)
from novate.venue.machine import Venue
from tests.shared import shared

ORDERS = 40_000


class Flow(NamedTuple):
    """What a venue saw of a tape."""

    messages: int
    touched_share: float
    """Messages that changed the best displayed price or quantity, of all."""
    resting: int
    trades: int
    immediate_trading_share: float
    """Immediate-or-cancel orders that traded, of all."""
    after_its_order: float
    """Cancels and modifies directly behind another message of the same order, of all."""


def flow_of(tape: npt.NDArray[Any]) -> Flow:
    """The tape, played on a fresh venue."""
    venue = Venue(neutral.terms())
    played = neutral.play(venue, tape)
    kind = played.events["kind"]
    trading = played.message_of[played.events["sequence"][kind == EventKind.TRADE] - played.first_sequence]
    immediate = np.flatnonzero(tape["ioc"] == 1)
    follows = tape["order_id"][1:] == tape["order_id"][:-1]
    return Flow(
        messages=len(tape),
        touched_share=float((kind == EventKind.BOOK_STATE).sum() / len(tape)),
        resting=venue.resting_orders(),
        trades=int((kind == EventKind.TRADE).sum()),
        immediate_trading_share=float(np.isin(immediate, trading).mean()),
        after_its_order=float(follows[tape["type"][1:] != NEW].mean()),
    )


def distances(tape: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Ticks from the mid of the new orders on a tape whose mid stands still."""
    new = tape[tape["type"] == NEW]
    away = new["price_ticks"] - START_TICKS
    found: npt.NDArray[np.int64] = np.where(new["side"] == 0, -away, away)
    return found


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
    ("scenario", "touched_share", "resting", "trades"),
    [
        ("static", 0.078, 390, 6),
        ("normal", 0.54, 154, 415),
        ("swing-25", 0.62, 111, 492),
        ("swing-40", 0.64, 97, 510),
        ("flash-crash", 0.68, 74, 549),
    ],
)
def test_books_trades_and_the_touch_are_those_of_the_small_public_tapes(
    scenario: str, touched_share: float, resting: int, trades: int
) -> None:
    seen = [flow_of(generate_tape(scenario, SMALL_TAPE, seed)) for seed in (23, 1, 2)]
    touched = np.mean([flow.touched_share for flow in seen])
    assert touched == pytest.approx(touched_share, rel=0.15)
    assert np.mean([flow.resting for flow in seen]) == pytest.approx(resting, rel=0.15)
    assert np.mean([flow.trades for flow in seen]) == pytest.approx(trades, rel=0.15, abs=5)


@pytest.mark.parametrize(
    ("scenario", "resting_share", "trades_per_million"),
    [
        # Shares of new orders half-way between the small public tapes and those of a million new orders.
        ("static", 0.0418, 800),
        ("normal", 0.0092, 56_000),
        ("swing-25", 0.0054, 61_000),
        ("swing-40", 0.0037, 64_000),
        ("flash-crash", 0.0019, 66_000),
    ],
)
def test_on_larger_tapes_a_smaller_share_rests_and_more_trades(
    scenario: str, resting_share: float, trades_per_million: int
) -> None:
    flow = flow_of(generate_tape(scenario, 100_000))
    assert flow.resting == pytest.approx(resting_share * 100_000, rel=0.25)
    assert flow.trades == pytest.approx(trades_per_million / 10, rel=0.1, abs=30)


@pytest.mark.parametrize("scenario", SHAPES)
def test_new_orders_meet_the_book_as_on_the_public_tape(scenario: str) -> None:
    public = flow_of(read_tape(shared(f"oracles/matching/tapes/orders_{scenario}_s23_n10000.bin.gz")))
    generated = flow_of(generate_tape(scenario, SMALL_TAPE))
    assert generated.touched_share == pytest.approx(public.touched_share, rel=0.15)
    assert generated.immediate_trading_share == pytest.approx(public.immediate_trading_share, abs=0.015)
    assert generated.after_its_order == pytest.approx(public.after_its_order, abs=0.05)
    assert generated.messages == pytest.approx(public.messages, rel=0.01)


def test_distances_from_a_still_mid_are_those_of_the_public_tape() -> None:
    public = read_tape(shared("oracles/matching/tapes/orders_static_s23_n10000.bin.gz"))
    expected, found = distances(public), distances(generate_tape("static", SMALL_TAPE))
    for ticks in (1, 2, 3, 7, 8, 9, 10, 11):
        assert (found == ticks).mean() == pytest.approx((expected == ticks).mean(), rel=0.15, abs=0.004), (
            ticks
        )
    assert 0 < (found > 12).mean() < 0.006


def test_buys_come_from_the_first_half_of_the_walk_and_sells_from_the_second() -> None:
    tape = generate_tape("swing-25", ORDERS)
    new = tape[tape["type"] == NEW]
    assert ((new["order_id"] > ORDERS // 2) == (new["side"] == 1)).all()
    price = new["price_ticks"][np.argsort(new["order_id"])]
    steps = np.diff(np.log(price[: ORDERS // 2]))
    assert steps.std() * np.sqrt(ORDERS) == pytest.approx(0.25, rel=0.05)


def test_some_messages_come_too_late_and_are_refused() -> None:
    tape = generate_tape("static", ORDERS)
    played = neutral.play(Venue(neutral.terms()), tape)
    refused = (played.events["kind"] == EventKind.REJECTED).sum()
    assert refused / ORDERS == pytest.approx(0.02, abs=0.005)
