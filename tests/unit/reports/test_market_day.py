"""A market's day in slices, against a slow one that looks at every event of every slice."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.domain.codes import CommandKind, EventKind, Side
from novate.domain.records import BOOK_STATE_EVENT, Commands, Events, new_commands, new_events
from novate.reports.market_day import MarketDay, MarketFace, exact_sum

FACE = MarketFace(
    symbol="X", currency="USD", digits=2, tick_units=5, price_digits=2, lot_units=10, quantity_digits=0,
    notional_multiplier=50,
)  # fmt: skip

KINDS = {
    ("print", False): EventKind.TRADE,
    ("print", True): EventKind.AUCTION_TRADE,
    ("quote", False): EventKind.BOOK_STATE,
    ("quote", True): EventKind.BOOK_STATE,
}
EVENT = st.tuples(
    st.sampled_from(["print", "quote"]),
    st.integers(0, 10**6),  # time after the one before
    st.integers(-1000, 1000),  # price, or bid
    st.integers(0, 50),  # quantity, or spread: 0 empties the side
    st.sampled_from(list(Side)),  # of the incoming order; NONE in an auction
)


def day_of(rows: list[tuple[str, int, int, int, Side]]) -> tuple[Commands, Events, list[int]]:
    """One command and one event a row."""
    commands, events = new_commands(len(rows)), new_events(len(rows))
    commands["kind"] = CommandKind.NEW
    now, times = 0, []
    for place, (what, later, price, number, side) in enumerate(rows):
        now += later
        times.append(now)
        commands["time"][place] = now
        event = events[place : place + 1]
        event["kind"] = KINDS[what, side == Side.NONE]
        event["sequence"] = place + 1
        if what == "print":
            event["price"], event["quantity"] = price, number + 1
            event["side"] = side
        else:
            view = event.view(BOOK_STATE_EVENT)
            view["bid_price"], view["bid_quantity"] = price, 1
            view["ask_price"], view["ask_quantity"] = price + number, number
    return commands, events, times


@settings(max_examples=60, deadline=None)
@given(st.lists(EVENT, min_size=1, max_size=40), st.integers(1, 7))
def test_slices_say_what_a_slow_look_says(rows: list[tuple[str, int, int, int, Side]], block: int) -> None:
    commands, events, times = day_of(rows)
    day = MarketDay()
    for start in range(0, len(rows), block):
        day.commands(commands[start : start + block], start + 1)
        day.events(events[start : start + block])
    series, lines = day.finish([FACE], 1)
    prints = [(t, row) for t, row in zip(times, rows, strict=True) if row[0] == "print"]
    assert len(lines) == bool(prints)
    if not prints:
        return
    assert lines[0].turnover_minor == sum(abs(row[2]) * (row[3] + 1) * 50 for _, row in prints)
    shown = series[0]
    clock = times if shown.by_time else list(range(1, len(rows) + 1))
    width = shown.starts[1] - shown.starts[0] if len(shown.starts) > 1 else 10**18
    for place, start in enumerate(shown.starts):
        end = start + width if place + 1 < len(shown.starts) else 10**18
        traded = [row for t, row in zip(clock, rows, strict=True) if row[0] == "print" and start <= t < end]
        quoted = [row for t, row in zip(clock, rows, strict=True) if row[0] == "quote" and t < end]
        prices = [row[2] * 5 for row in traded]
        assert shown.low[place] == min(prices, default=None)
        assert shown.high[place] == max(prices, default=None)
        assert shown.last[place] == (prices[-1] if prices else None)
        assert shown.bought[place] == sum((row[3] + 1) * 10 for row in traded if row[4] == Side.BUY)
        assert shown.sold[place] == sum((row[3] + 1) * 10 for row in traded if row[4] == Side.SELL)
        assert shown.auctioned[place] == sum((row[3] + 1) * 10 for row in traded if row[4] == Side.NONE)
        assert shown.bid[place] == (quoted[-1][2] * 5 if quoted else None)
        asked = quoted and quoted[-1][3]
        assert shown.ask[place] == ((quoted[-1][2] + quoted[-1][3]) * 5 if asked else None)


def test_a_piece_of_configuration_is_no_clock() -> None:
    commands, events, _ = day_of([("print", 7, 10, 1, Side.BUY), ("print", 7, 11, 1, Side.BUY)])
    piece = new_commands(1)
    piece["kind"] = CommandKind.CONFIGURATION
    piece["time"] = 2**62
    day = MarketDay()
    day.commands(np.concatenate([piece, commands]), 0)
    day.events(events)
    assert day.trade_times(2).tolist() == [7, 14]


def test_a_turnover_beyond_64_bits_is_exact() -> None:
    values = np.full(9, 2**62, np.int64)
    assert exact_sum(values) == 9 * 2**62
