"""Neutral order tapes from a seed, in the shapes of the public benchmark's five scenarios.

    walk of the mid     33,504 ticks, geometric, one step for every new order, volatility over the run = swing
        |
        |  first half of the steps: buys            second half of the steps: sells
        |  ....beyond | within reach of the sells   within reach of the buys | beyond....
        v
    tape                the steps in random order; the number of a step is the order's id

    new order           15% immediate-or-cancel; price = mid -+ distance
    modify              20% of the others: quantity + 1, four fifths of them a tick nearer to the touch
    cancel              95% of the others, before the next new order
    sent again          2% of cancels and of modifies, when the order is gone

    distance            90% around 9 ticks, 10% by a power law from 1 tick on (long tail)

What rests for long are the 5% that are never cancelled. Where the walk of the buys and that of the sells
overlap, every new order is at or through the touch: it changes the best price or trades. Beyond the other
side's reach orders come and go unseen, and what is not cancelled stays. So the share of orders beyond sets
how deep the book grows, how much trades and how often the best price or its quantity changes; a drift is
added to the walk until that share is the scenario's, which is smaller on the larger tapes. Of some walks the
one is taken that is as even between the sides as the public ones. The same seed gives the same bytes.
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
START_TICKS = 33_504
LARGEST_QUANTITY = 100
IMMEDIATE, MODIFIED, REPRICED, CANCELLED, REPEATED = 0.15, 0.20, 0.80, 0.95, 0.02
HUMP_SHARE, HUMP_TICKS = 0.9, 9.0
TAIL_EXPONENT = 2.3
LONGEST_TAIL_TICKS = 4_000
LIFE = 0.5
"""Of a cancelled order; 1.0 is the time between two new orders."""
SMALL_TAPE, LARGE_TAPE = 10_000, 1_000_000
"""New orders of the two sizes of tape whose figures are known."""
LARGEST_DRIFT = 12.0
"""In units of the walk's standard deviation over the run: no walk needs more."""
WALKS = 12
"""That are drawn for a tape."""
SAMPLE = 4096
"""Steps that are looked at to find the drift."""
STAYING = (1 - IMMEDIATE) * (1 - CANCELLED)
"""Share of new orders that are never cancelled."""
RARELY, RARELY_REACHED = 4.0, 1.4
"""With four times as many of the other side's orders allowed, so many times as much of the walk is beyond."""

Floats = npt.NDArray[np.float64]
Int64s = npt.NDArray[np.int64]
Messages = npt.NDArray[Any]


@dataclass(frozen=True, slots=True)
class TapeShape:
    """A scenario: how far the mid swings, and how much of the flow the other side never reaches."""

    name: str
    swing: float
    beyond_small: float
    """Share of the orders beyond the other side's reach, on a tape of SMALL_TAPE new orders or fewer."""
    beyond_large: float
    """The same on a tape of LARGE_TAPE new orders or more; geometric between the two."""

    def beyond(self, new_orders: int) -> float:
        """Share of the orders beyond the other side's reach on a tape of this size."""
        sizes, shares = np.log([SMALL_TAPE, LARGE_TAPE]), np.log([self.beyond_small, self.beyond_large])
        return float(np.exp(np.interp(np.log(max(new_orders, 1)), sizes, shares)))


SHAPES = {
    shape.name: shape
    for shape in (
        TapeShape("static", 0.0, 1.0, 1.0),
        TapeShape("normal", 0.02, 0.44, 0.17),
        TapeShape("swing-25", 0.25, 0.32, 0.077),
        TapeShape("swing-40", 0.40, 0.28, 0.039),
        TapeShape("flash-crash", 0.60, 0.22, 0.016),
    )
}


def generate_tape(scenario: str, new_orders: int = 1_000_000, seed: int = 23) -> Messages:
    """Messages of a scenario of SHAPES with this many new orders, about twice as many in all."""
    random = np.random.Generator(np.random.PCG64(seed))
    orders = _new_orders(random, _walk(random, SHAPES[scenario], new_orders))
    events = _lives(random, orders)
    when = np.concatenate([time for time, _ in events])
    messages = np.concatenate([block for _, block in events])[np.argsort(when, kind="stable")]
    messages["sequence"] = np.arange(len(messages))
    return messages


def _walk(random: np.random.Generator, shape: TapeShape, steps: int) -> Floats:
    """The mid at every step, in ticks: of some walks the one nearest to the public ones."""
    if not shape.swing or steps < 2:
        return np.full(steps, float(START_TICKS))
    spread = 2 * HUMP_TICKS / START_TICKS / shape.swing
    beyond = shape.beyond(steps)
    drifting = (_with_drift(_noise(random, steps), spread, beyond) for _ in range(WALKS))
    nearest = min(drifting, key=lambda walk: _oddness(walk, spread, beyond))
    mid: Floats = START_TICKS * np.exp(shape.swing * nearest)
    return mid


def _noise(random: np.random.Generator, steps: int) -> Floats:
    """A walk of unit variance over the run."""
    noise: Floats = np.cumsum(random.standard_normal(steps)) / np.sqrt(steps)
    return noise


def _with_drift(noise: Floats, spread: float, beyond: float) -> Floats:
    """The walk with the drift that puts this share of it beyond the other side's reach."""
    time = np.linspace(0.0, 1.0, len(noise))
    every = max(len(noise) // SAMPLE, 1)
    low, high = -LARGEST_DRIFT, LARGEST_DRIFT
    # Sells come after buys: the more the walk rises, the fewer of the two can meet.
    while high - low > 1e-4:
        drift = (low + high) / 2
        if sum(_reached_by_few(noise[::every] + drift * time[::every], spread, STAYING * beyond)) < beyond:
            low = drift
        else:
            high = drift
    walk: Floats = noise + low * time
    return walk


def _oddness(walk: Floats, spread: float, beyond: float) -> float:
    """How uneven the two sides are, and how unusual the share that the other side reaches rarely."""
    buys, sells = _reached_by_few(walk, spread, STAYING * beyond)
    rarely = sum(_reached_by_few(walk, spread, RARELY * STAYING * beyond))
    return abs(buys - sells) + abs(rarely - RARELY_REACHED * beyond)


def _reached_by_few(walk: Floats, spread: float, few: float) -> tuple[float, float]:
    """Shares of the walk where a buy stands below all sells but this share of them, and where a sell stands
    above all buys but this share.

    Beyond reach is what fewer orders of the other side come to than pile up there without being cancelled.
    """
    buys, sells = np.split(walk, [len(walk) // 2])
    few_orders = int(few * len(buys))
    low_sell = np.partition(sells, few_orders)[few_orders]
    high_buy = np.partition(buys, -1 - few_orders)[-1 - few_orders]
    return (
        float((buys < low_sell + spread).sum() / len(walk)),
        float((sells > high_buy - spread).sum() / len(walk)),
    )


def _new_orders(random: np.random.Generator, walk: Floats) -> Messages:
    """The new orders in the order in which they arrive."""
    count = len(walk)
    step = random.permutation(count)
    orders = np.zeros(count, TAPE_RECORD)
    orders["type"] = NEW
    orders["side"] = step >= count // 2
    orders["ioc"] = random.random(count) < IMMEDIATE
    orders["quantity"] = random.integers(1, LARGEST_QUANTITY, count, endpoint=True)
    orders["order_id"] = step + 1
    mid = np.rint(walk[step]).astype(np.int64)
    distance = _distances(random, count)
    orders["price_ticks"] = np.maximum(np.where(orders["side"] == 0, mid - distance, mid + distance), 1)
    return orders


def _distances(random: np.random.Generator, count: int) -> Int64s:
    """Ticks from the mid: a hump where most makers quote, and a power law from the touch outwards."""
    hump = np.rint(random.normal(HUMP_TICKS, 1.0, count)).astype(np.int64)
    tail = random.zipf(TAIL_EXPONENT, count)
    chosen = np.where(random.random(count) < HUMP_SHARE, hump, tail)
    distance: Int64s = np.clip(chosen, 1, LONGEST_TAIL_TICKS)
    return distance


def _lives(random: np.random.Generator, orders: Messages) -> list[tuple[Floats, Messages]]:
    """(times, messages) of the new orders and of all that follows from them; time 1.0 is one new order."""
    count = len(orders)
    arrival = np.arange(count, dtype=np.float64)
    resting = orders["ioc"] == 0
    cancelled = resting & (random.random(count) < CANCELLED)
    modified = resting & (random.random(count) < MODIFIED)
    cancelled_again = cancelled & (random.random(count) < REPEATED)
    modified_again = cancelled & modified & (random.random(count) < REPEATED)
    modifies = _modifies(random, orders)
    cancels = orders.copy()
    cancels["type"] = CANCEL
    # What is sent again comes after the cancel and before the next new order.
    return [
        (arrival, orders),
        ((arrival + LIFE / 2)[modified], modifies[modified]),
        ((arrival + LIFE)[cancelled], cancels[cancelled]),
        ((arrival + LIFE + 0.1)[cancelled_again], cancels[cancelled_again]),
        ((arrival + LIFE + 0.1)[modified_again], modifies[modified_again]),
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
