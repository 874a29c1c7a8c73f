"""Stop orders: parked by trigger price, elected by prints, activated one after another (R29 to R31).

    stops above: buy stops, lowest first          print 105 elects 101, 103, 105 in this order
    stops below: sell stops, highest first
    elected ------> one first-in first-out queue of the market ------> activated after the aggressor is done

Parked orders wait in price ladders of their own, in priority order inside a level, so an election takes
whole levels from the best end and costs nothing for orders that stay parked.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.book import append_displayed, unlink_displayed
from novate.venue.constants import BUY
from novate.venue.ladder import best_level, ensure_level, key_of_level, mark, vacate
from novate.venue.layout import ELECTED, PARKED, STOPS_ABOVE, STOPS_BELOW, Tables


@inlined
def stop_ladder(market: int, side: int) -> int:
    """Row of the ladder on which stops of a side are parked."""
    return market * 4 + (STOPS_ABOVE if side == BUY else STOPS_BELOW)


@inlined
def stop_key(side: int, stop: int) -> int:
    """Price key of a stop: larger is elected earlier on both sides."""
    return -stop if side == BUY else stop


@kernel
def park(s: Tables, row: int) -> None:
    """Wait at the stop price, behind the stops that came before."""
    side = wide(s.orders["side"][row])
    stop = wide(s.extras["stop"][s.orders["extra"][row]])
    level = ensure_level(s, stop_ladder(wide(s.orders["market"][row]), side), stop_key(side, stop))
    append_displayed(s, level, row)
    mark(s, level)
    s.orders["status"][row] = PARKED


@kernel
def unpark(s: Tables, row: int) -> None:
    """Take a parked order away."""
    level = wide(s.orders["level"][row])
    unlink_displayed(s, level, row)
    if s.levels["head"][level] == 0:
        vacate(s, stop_ladder(wide(s.orders["market"][row]), wide(s.orders["side"][row])), level)


@inlined
def elect(s: Tables, market: int, price: int) -> None:
    """A print elects the stops that it reaches (R29)."""
    if s.ladders["length"][market * 4 + STOPS_ABOVE] != 0:
        _elect_from(s, market, market * 4 + STOPS_ABOVE, -price)
    if s.ladders["length"][market * 4 + STOPS_BELOW] != 0:
        _elect_from(s, market, market * 4 + STOPS_BELOW, price)


@kernel
def _elect_from(s: Tables, market: int, ladder: int, threshold: int) -> None:
    """Move whole levels from the best end of a stop ladder to the tail of the queue."""
    while s.ladders["length"][ladder] != 0:
        level = best_level(s, ladder)
        if key_of_level(s, level) < threshold:
            return
        row = wide(s.levels["head"][level])
        while row != 0:
            after = wide(s.orders["next"][row])
            _enqueue(s, market, row)
            row = after
        s.levels["head"][level] = 0
        s.levels["tail"][level] = 0
        vacate(s, ladder, level)


@inlined
def _enqueue(s: Tables, market: int, row: int) -> None:
    tail = wide(s.markets["elected_tail"][market])
    s.orders["prev"][row] = tail
    s.orders["next"][row] = 0
    s.orders["next"][tail] = row
    if tail == 0:
        s.markets["elected_head"][market] = row
    s.markets["elected_tail"][market] = row
    s.orders["status"][row] = ELECTED


@kernel
def dequeue(s: Tables, row: int) -> None:
    """Take an elected order out of the queue, wherever it stands."""
    market = wide(s.orders["market"][row])
    before = wide(s.orders["prev"][row])
    after = wide(s.orders["next"][row])
    s.orders["next"][before] = after
    s.orders["prev"][after] = before
    if before == 0:
        s.markets["elected_head"][market] = after
    if after == 0:
        s.markets["elected_tail"][market] = before
