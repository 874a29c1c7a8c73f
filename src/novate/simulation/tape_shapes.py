"""Neutral order tapes from a seed, in the shapes of the public benchmark's five scenarios.

    walk of the mid     33,500 ticks, geometric, range 1.65 times the swing of the scenario
        |  one new order a step; the steps are then shuffled, as they are on the public tapes, so that
        v  neighbours on the tape are not neighbours in price and what rests is swept again and again
    new order           15% immediate-or-cancel; price = mid -+ distance
    modify              20% of the others: quantity + 1, four fifths of them a tick nearer to the touch
    cancel              95% of the others, before the next new order, as on the public tapes
    sent again          2% of cancels and modifies, when the order is gone

    distance            90% around 9 ticks, 10% by an inverse-square law from 1 tick on (long tail)

What rests for long are the 5% that are never cancelled. In a moving market the sweeps take them, except for a
share that stands beyond the range of the walk: that share is what makes the books of the scenarios deep or
thin. The same seed gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

TAPE_RECORD = np.dtype(
    [
        ("type", "u1"),
        ("side", "u1"),
        ("ioc", "u1"),
        ("pad", "u1"),
        ("quantity", "<u4"),
        ("sequence", "<u8"),
        ("order_id", "<u8"),
        ("price_ticks", "<i8"),
        ("reserved", "<i8"),
    ]
)
"""One message: the 40 bytes of a tape's record."""

NEW, CANCEL, MODIFY = 0, 1, 2
START_TICKS = 33_500
RANGE_OF_SWING = 1.65
LARGEST_QUANTITY = 100
IMMEDIATE, MODIFIED, REPRICED, CANCELLED, REPEATED = 0.15, 0.20, 0.80, 0.95, 0.02
HUMP_SHARE, HUMP_TICKS = 0.9, 9.0
LONGEST_TAIL_TICKS = 4_000
LIFE = 0.5
"""Of a cancelled order; 1.0 is the time between two new orders."""

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Messages = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class TapeShape:
    """A scenario: how far the mid swings over the run, and what it never reaches."""

    name: str
    swing: float
    beyond: float
    """Share of the orders that are never cancelled which stand outside the range of the walk."""


SHAPES = {
    shape.name: shape
    for shape in (
        TapeShape("static", 0.0, 0.0),
        TapeShape("normal", 0.02, 0.13),
        TapeShape("swing-25", 0.25, 0.062),
        TapeShape("swing-40", 0.40, 0.033),
        TapeShape("flash-crash", 0.60, 0.0115),
    )
}


def generate_tape(scenario: str, new_orders: int = 1_000_000, seed: int = 23) -> Messages:
    """Messages of a scenario of SHAPES with this many new orders, about twice as many in all."""
    random = np.random.Generator(np.random.PCG64(seed))
    shape = SHAPES[scenario]
    mid = random.permutation(_walk(random, shape.swing, new_orders))
    orders = _new_orders(random, mid)
    cancelled = (orders["ioc"] == 0) & (random.random(new_orders) < CANCELLED)
    _place_beyond(random, orders, mid, ~cancelled & (random.random(new_orders) < shape.beyond))
    events = _lives(random, orders, cancelled)
    when = np.concatenate([time for time, _ in events])
    messages = np.concatenate([block for _, block in events])[np.argsort(when, kind="stable")]
    messages["sequence"] = np.arange(len(messages))
    return messages


def _walk(random: np.random.Generator, swing: float, steps: int) -> Floats:
    """The mid at every step, in ticks; its logarithm ranges over RANGE_OF_SWING times the swing."""
    path = np.cumsum(random.standard_normal(steps))
    extent = float(np.ptp(path)) if steps else 0.0
    scale = swing * RANGE_OF_SWING / extent if extent else 0.0
    mid: Floats = START_TICKS * np.exp((path - path.mean()) * scale) if steps else path
    return mid


def _new_orders(random: np.random.Generator, mid: Floats) -> Messages:
    """The new orders in the order in which they arrive."""
    count = len(mid)
    orders = np.zeros(count, TAPE_RECORD)
    orders["type"] = NEW
    orders["side"] = random.random(count) < 0.5
    orders["ioc"] = random.random(count) < IMMEDIATE
    orders["quantity"] = random.integers(1, LARGEST_QUANTITY, count, endpoint=True)
    orders["order_id"] = random.permutation(np.arange(1, count + 1))
    distance = _distances(random, count)
    touch = np.rint(mid).astype(np.int64)
    orders["price_ticks"] = np.maximum(np.where(orders["side"] == 0, touch - distance, touch + distance), 1)
    return orders


def _distances(random: np.random.Generator, count: int) -> Int64s:
    """Ticks from the mid: a hump where most makers quote, and a power law from the touch outwards."""
    hump = np.rint(random.normal(HUMP_TICKS, 1.0, count))
    tail = np.floor(1.0 / (1.0 - random.random(count)))
    chosen = np.where(random.random(count) < HUMP_SHARE, hump, tail)
    return np.clip(chosen, 1, LONGEST_TAIL_TICKS).astype(np.int64)


def _place_beyond(random: np.random.Generator, orders: Messages, mid: Floats, chosen: Bools) -> None:
    """Move the chosen orders that may rest out of the walk's reach: bids below it, offers above it."""
    chosen = chosen & (orders["ioc"] == 0)
    if not chosen.any():
        return
    distance = _distances(random, len(orders)) + int(HUMP_TICKS)
    outside = np.where(orders["side"] == 0, np.floor(mid.min()) - distance, np.ceil(mid.max()) + distance)
    orders["price_ticks"][chosen] = np.maximum(outside[chosen], 1).astype(np.int64)


def _lives(random: np.random.Generator, orders: Messages, cancelled: Bools) -> list[tuple[Floats, Messages]]:
    """(times, messages) of the new orders and of all that follows from them; time 1.0 is one new order."""
    count = len(orders)
    arrival = np.arange(count, dtype=np.float64)
    resting = orders["ioc"] == 0
    modified = resting & (random.random(count) < MODIFIED)
    again = cancelled & (random.random(count) < REPEATED)
    modifies = _modifies(random, orders)
    cancels = orders.copy()
    cancels["type"] = CANCEL
    # What is sent again comes after the cancel and before the next new order.
    return [
        (arrival, orders),
        ((arrival + LIFE / 2)[modified], modifies[modified]),
        ((arrival + LIFE)[cancelled], cancels[cancelled]),
        ((arrival + LIFE + 0.1)[again], cancels[again]),
        ((arrival + LIFE + 0.1)[again & modified], modifies[again & modified]),
    ]


def _modifies(random: np.random.Generator, orders: Messages) -> Messages:
    """One more lot, and mostly a tick nearer to the other side."""
    modifies = orders.copy()
    modifies["type"] = MODIFY
    modifies["ioc"] = 0
    modifies["quantity"] += 1
    nearer = np.where(orders["side"] == 0, 1, -1)
    moved = random.random(len(orders)) < REPRICED
    modifies["price_ticks"] = np.maximum(modifies["price_ticks"] + np.where(moved, nearer, 0), 1)
    return modifies
