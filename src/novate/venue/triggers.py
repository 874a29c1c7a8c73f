"""Trigger orders: parked by trigger price, elected by prints, activated one after another (R29 to R33).

    stops above: buy stops, sell if-touched; lowest first       print 105 elects 101, 103, 105 in this order
    stops below: sell stops, buy if-touched; highest first
    elected ------> one first-in first-out queue of the market ------> activated after the aggressor is done

Parked orders wait in price ladders of their own, in priority order inside a level, so an election takes
whole levels from the best end and costs nothing for orders that stay parked. Trailing stops wait in the same
ladders; a print that moves their anchors moves them there.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.book import append_displayed, unlink_displayed
from novate.venue.cells import ELECTED, NO_PRICE, PARKED, STOPS_ABOVE, STOPS_BELOW
from novate.venue.constants import BUY, IF_TOUCHED, MARKET_ORDER, STOP, STOP_LIMIT, TRAILING_STOP
from novate.venue.features import stamp
from novate.venue.ladder import best_level, ensure_level, key_of_level, mark, vacate
from novate.venue.layout import Tables


@inlined
def is_trigger_type(order_type: int) -> bool:
    """Parked until a print triggers it."""
    return (
        order_type == STOP
        or order_type == STOP_LIMIT
        or order_type == TRAILING_STOP
        or order_type == IF_TOUCHED
    )


@inlined
def rises(order_type: int, side: int) -> bool:
    """Is it elected by a print at or above its stop? Stops of buyers are, and if-touched of sellers."""
    return (side == BUY) != (order_type == IF_TOUCHED)


@inlined
def stop_ladder(market: int, order_type: int, side: int) -> int:
    """Row of the ladder on which such trigger orders are parked."""
    return market * 4 + (STOPS_ABOVE if rises(order_type, side) else STOPS_BELOW)


@inlined
def stop_key(order_type: int, side: int, stop: int) -> int:
    """Price key of a stop: larger is elected earlier in both ladders."""
    return -stop if rises(order_type, side) else stop


@inlined
def trigger_reference(s: Tables, market: int) -> int:
    """The last print, or the reference price before there is one, or NO_PRICE (R8)."""
    last = wide(s.markets["last"][market])
    return last if last != NO_PRICE else wide(s.markets["reference"][market])


@kernel
def park(s: Tables, row: int) -> None:
    """Wait at the stop price, behind the orders that came before."""
    if s.markets["features"][s.orders["market"][row]] != 0:
        stamp(s, row)
    level = _stop_level(s, row)
    append_displayed(s, level, row)
    mark(s, level)
    s.orders["status"][row] = PARKED


@inlined
def _stop_level(s: Tables, row: int) -> int:
    side = wide(s.orders["side"][row])
    order_type = wide(s.orders["order_type"][row])
    stop = wide(s.extras["stop"][s.orders["extra"][row]])
    ladder = stop_ladder(wide(s.orders["market"][row]), order_type, side)
    return ensure_level(s, ladder, stop_key(order_type, side, stop))


@kernel
def park_by_priority(s: Tables, row: int) -> None:
    """Wait at a stop that moved: among the orders of the level by priority number, not behind them (R32)."""
    level = _stop_level(s, row)
    before = wide(s.levels["tail"][level])
    while before != 0 and s.stamps[before] > s.stamps[row]:
        before = wide(s.orders["prev"][before])
    after = wide(s.levels["head"][level]) if before == 0 else wide(s.orders["next"][before])
    s.orders["prev"][row] = before
    s.orders["next"][row] = after
    s.orders["next"][before] = row
    s.orders["prev"][after] = row
    if before == 0:
        s.levels["head"][level] = row
    if after == 0:
        s.levels["tail"][level] = row
    s.orders["level"][row] = level
    mark(s, level)


@kernel
def unpark(s: Tables, row: int) -> None:
    """Take a parked order away."""
    level = wide(s.orders["level"][row])
    order_type = wide(s.orders["order_type"][row])
    unlink_displayed(s, level, row)
    if s.levels["head"][level] == 0:
        side = wide(s.orders["side"][row])
        vacate(s, stop_ladder(wide(s.orders["market"][row]), order_type, side), level)


@inlined
def elect(s: Tables, market: int, price: int) -> None:
    """A print elects the orders that it reaches (R29)."""
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
    if s.orders["order_type"][row] == TRAILING_STOP:
        stop_trailing(s, row)
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


@inlined
def becomes_market(s: Tables, row: int) -> bool:
    """Does a trigger order become a market order when it is activated? One without a price does."""
    order_type = wide(s.orders["order_type"][row])
    return order_type == MARKET_ORDER or (order_type != STOP_LIMIT and s.orders["price"][row] == NO_PRICE)


# -- trailing stops (R32) --------------------------------------------------------------------------------


@kernel
def start_trailing(s: Tables, row: int) -> None:
    """Remember a trailing stop among those of its market and side."""
    features = wide(s.markets["features"][s.orders["market"][row]])
    extra = wide(s.orders["extra"][row])
    if wide(s.orders["side"][row]) == BUY:
        first = wide(s.features["trailing_buys"][features])
        s.features["trailing_buys"][features] = row
    else:
        first = wide(s.features["trailing_sells"][features])
        s.features["trailing_sells"][features] = row
    s.features["trailing_count"][features] += 1
    s.extras["trailing_next"][extra] = first
    s.extras["trailing_prev"][extra] = 0
    if first != 0:
        s.extras["trailing_prev"][s.orders["extra"][first]] = row


@kernel
def stop_trailing(s: Tables, row: int) -> None:
    """A trailing stop was elected, or ends."""
    features = wide(s.markets["features"][s.orders["market"][row]])
    extra = wide(s.orders["extra"][row])
    before = wide(s.extras["trailing_prev"][extra])
    after = wide(s.extras["trailing_next"][extra])
    s.features["trailing_count"][features] -= 1
    if after != 0:
        s.extras["trailing_prev"][s.orders["extra"][after]] = before
    if before != 0:
        s.extras["trailing_next"][s.orders["extra"][before]] = after
    elif wide(s.orders["side"][row]) == BUY:
        s.features["trailing_buys"][features] = after
    else:
        s.features["trailing_sells"][features] = after


@kernel
def move_trailing(s: Tables, market: int, price: int) -> None:
    """A print moves the anchors that it betters, and the stops with them; never against the owner."""
    features = wide(s.markets["features"][market])
    row = wide(s.features["trailing_sells"][features])
    while row != 0:
        extra = wide(s.orders["extra"][row])
        if s.extras["anchor"][extra] < price:
            _move_stop(s, row, extra, price, price - wide(s.extras["trail"][extra]))
        row = wide(s.extras["trailing_next"][extra])
    row = wide(s.features["trailing_buys"][features])
    while row != 0:
        extra = wide(s.orders["extra"][row])
        if s.extras["anchor"][extra] > price:
            _move_stop(s, row, extra, price, price + wide(s.extras["trail"][extra]))
        row = wide(s.extras["trailing_next"][extra])


@kernel
def _move_stop(s: Tables, row: int, extra: int, anchor: int, stop: int) -> None:
    unpark(s, row)
    s.extras["anchor"][extra] = anchor
    s.extras["stop"][extra] = stop
    park_by_priority(s, row)
