"""Price-time matching: an aggressor sweeps the other side, level by level, order by order (R15 to R27).

    aggressor buy 25 @ 10.00        sells 10.00: [A 30 shows 10] [B 10]      hidden: [C 5]
    -> A 10, A refreshes behind B, B 10, A 5

A sweep can be interrupted between two fills when the event buffer is full; its whole state is the
aggressor's row and three cells of the header, so it continues where it was.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.book import (
    displayed_of,
    enter_book,
    ladder_of,
    leave_book,
    opposite,
    refresh,
    shrink,
    tradable_of,
)
from novate.venue.cells import (
    AGGRESSOR,
    AGGRESSOR_LEAST,
    AGGRESSOR_LIMIT,
    AGGRESSOR_MARKET,
    AGGRESSOR_REST,
    BALANCE_COUNT,
    BALANCE_LIMIT,
    COLLAR_BASE,
    EVENTS,
    ICEBERG,
    INDEXED,
    NEED,
    NEED_BALANCES,
    NEED_EVENTS,
    NEED_POSITIONS,
    NEXT_TRADE_ID,
    NO_LIMIT_KEY,
    NO_PRICE,
    POSITION_COUNT,
    POSITION_LIMIT,
    POSITIONS_ON,
    ROUND_LENGTH,
    STEP_ROOM,
    STP_GROUPS,
    TAG,
)
from novate.venue.constants import (
    BUY,
    BY_IOC,
    BY_STP,
    E_CANCELLED,
    E_REFRESHED,
    STP_CANCEL_AGGRESSING,
    STP_CANCEL_BOTH,
    STP_CANCEL_RESTING,
    STP_NONE,
)
from novate.venue.credit import count_fill, reduce_hold, settle
from novate.venue.endings import cancel_entering, cancel_resting, end_order
from novate.venue.events import decrement, order_event, trade
from novate.venue.fees import fee_of
from novate.venue.identity import insert_entry
from novate.venue.ladder import best_level, key_of_level
from novate.venue.layout import Tables
from novate.venue.triggers import elect, trigger_reference


@inlined
def has_room(s: Tables) -> bool:
    """May one more step write its events and open its balances? If not, says what is needed."""
    if s.header[EVENTS] + STEP_ROOM > len(s.events):
        s.header[NEED] = NEED_EVENTS
        return False
    if s.header[BALANCE_COUNT] + STEP_ROOM > s.header[BALANCE_LIMIT]:
        s.header[NEED] = NEED_BALANCES
        return False
    if s.header[POSITION_COUNT] + STEP_ROOM > s.header[POSITION_LIMIT]:
        s.header[NEED] = NEED_POSITIONS
        return False
    return True


@inlined
def set_aggressor(s: Tables, row: int, market: int, side: int, price: int, rests: int) -> None:
    """Prepare a sweep; NO_PRICE is an unbounded market order."""
    s.header[AGGRESSOR] = row
    s.header[AGGRESSOR_MARKET] = market
    s.header[AGGRESSOR_REST] = rests
    s.header[AGGRESSOR_LIMIT] = limit_key_of(side, price)


@inlined
def begin_sweep(s: Tables, row: int, market: int, side: int, price: int, rests: int) -> None:
    """Prepare a sweep in any market: the collar's base is the trigger reference of this moment (R45)."""
    set_aggressor(s, row, market, side, price, rests)
    s.header[ROUND_LENGTH] = 0
    s.header[AGGRESSOR_LEAST] = 0
    s.header[COLLAR_BASE] = NO_PRICE
    if s.features["collar"][s.markets["features"][market]] >= 0:
        s.header[COLLAR_BASE] = trigger_reference(s, market)


@inlined
def limit_key_of(side: int, price: int) -> int:
    """Key that an opposite level must have at least."""
    if price == NO_PRICE:
        return NO_LIMIT_KEY
    return -price if side == BUY else price


@kernel
def sweep(s: Tables) -> bool:
    """Match the aggressor until it is done; False if it was interrupted for lack of room."""
    taker = wide(s.header[AGGRESSOR])
    market = wide(s.header[AGGRESSOR_MARKET])
    side = wide(s.orders["side"][taker])
    mode = wide(s.orders["stp"][taker])
    limit_key = s.header[AGGRESSOR_LIMIT]
    other = ladder_of(market, opposite(side))
    while s.ladders["length"][other] != 0:
        leaves = wide(s.orders["leaves"][taker])
        if leaves == 0:
            break
        level = best_level(s, other)
        if key_of_level(s, level) < limit_key:
            break
        if not has_room(s):
            return False
        maker = wide(s.levels["head"][level])
        if maker == 0:
            maker = wide(s.levels["hidden_head"][level])
        if mode != STP_NONE and in_conflict(s, maker, taker):
            if prevent(s, maker, taker, mode):
                return True
            continue
        fill(s, market, maker, taker, min(leaves, tradable_of(s, maker)))
    finish_aggressor(s, taker)
    return True


@inlined
def fill(s: Tables, market: int, maker: int, taker: int, quantity: int) -> None:
    """One trade at the maker's price, its print, then the maker's fate."""
    price = exchange(s, market, maker, taker, quantity)
    elect(s, market, price)
    after_shrink(s, maker)


@inlined
def exchange(s: Tables, market: int, maker: int, taker: int, quantity: int) -> int:
    """Reservations, leaves, money and events of one trade at the maker's price; returns the price."""
    price = wide(s.orders["price"][maker])
    notional = price * quantity * wide(s.markets["multiplier"][market])
    reduce_hold(s, maker, quantity, quantity)
    reduce_hold(s, taker, quantity, quantity)
    s.orders["leaves"][taker] = wide(s.orders["leaves"][taker]) - quantity
    s.orders["done"][taker] = wide(s.orders["done"][taker]) + quantity
    shrink(s, maker, quantity)
    maker_fee = 0
    taker_fee = 0
    fees_on = wide(s.markets["fees_on"][market])
    if fees_on != 0:
        maker_fee = fee_of(abs(notional), wide(s.markets["maker_ppm"][market]))
        taker_fee = fee_of(abs(notional), wide(s.markets["taker_ppm"][market]))
    maker_account = wide(s.orders["account"][maker])
    taker_account = wide(s.orders["account"][taker])
    if wide(s.orders["side"][taker]) == BUY:
        settle(s, market, taker_account, maker_account, quantity, notional, taker_fee, maker_fee)
    else:
        settle(s, market, maker_account, taker_account, quantity, notional, maker_fee, taker_fee)
    if s.header[POSITIONS_ON] != 0:
        count_fill(s, market, taker, maker, quantity)
    trade_id = s.header[NEXT_TRADE_ID]
    s.header[NEXT_TRADE_ID] = trade_id + 1
    trade(s, maker, taker, price, quantity, trade_id, fees_on, maker_fee, taker_fee)
    s.markets["last"][market] = price
    return price


@inlined
def after_shrink(s: Tables, maker: int) -> None:
    """A resting order lost lots: it is over, shows its next tranche, or stays as it is."""
    leaves = wide(s.orders["leaves"][maker])
    if leaves == 0:
        leave_book(s, maker)
        end_order(s, maker)
    elif wide(s.orders["flags"][maker]) & ICEBERG != 0 and displayed_of(s, maker) == 0:
        tranche = refresh(s, maker)
        order_event(s, E_REFRESHED, maker, 0, 0, 0, tranche, leaves, 0)


@inlined
def in_conflict(s: Tables, maker: int, taker: int) -> bool:
    """Same account, or accounts of one self-trade group (R27)."""
    left = wide(s.orders["account"][maker])
    right = wide(s.orders["account"][taker])
    if left == right:
        return True
    if s.header[STP_GROUPS] == 0 or left >= len(s.accounts) or right >= len(s.accounts):
        return False
    group = s.accounts["stp_group"][left]
    return bool(group != 0 and group == s.accounts["stp_group"][right])


@kernel
def prevent(s: Tables, maker: int, taker: int, mode: int) -> bool:
    """Handle a conflict by the aggressor's mode (R27); True if the aggressor is gone."""
    if mode == STP_CANCEL_RESTING or mode == STP_CANCEL_BOTH:
        cancel_resting(s, maker, BY_STP)
    if mode == STP_CANCEL_AGGRESSING or mode == STP_CANCEL_BOTH:
        cancel_entering(s, taker, BY_STP)
        return True
    if mode == STP_CANCEL_RESTING:
        return False
    return _decrement_both(s, maker, taker)


@kernel
def _decrement_both(s: Tables, maker: int, taker: int) -> bool:
    quantity = min(tradable_of(s, maker), wide(s.orders["leaves"][taker]))
    reduce_hold(s, maker, quantity, 0)
    reduce_hold(s, taker, quantity, 0)
    s.orders["leaves"][taker] = wide(s.orders["leaves"][taker]) - quantity
    s.orders["done"][taker] = wide(s.orders["done"][taker]) + quantity
    shrink(s, maker, quantity)
    decrement(s, maker, taker, quantity)
    if wide(s.orders["leaves"][maker]) == 0:
        order_event(s, E_CANCELLED, maker, BY_STP, 0, 0, 0, 0, 0)
    after_shrink(s, maker)
    if wide(s.orders["leaves"][taker]) == 0:
        order_event(s, E_CANCELLED, taker, BY_STP, 0, 0, 0, 0, 0)
        end_order(s, taker)
        return True
    return False


@inlined
def finish_aggressor(s: Tables, taker: int) -> None:
    """After its sweep an aggressor is filled, rests with what is left, or is cancelled."""
    if wide(s.orders["leaves"][taker]) == 0:
        end_order(s, taker)
    elif s.header[AGGRESSOR_REST] != 0:
        rest(s, taker)
    else:
        cancel_entering(s, taker, BY_IOC)


@inlined
def rest(s: Tables, row: int) -> None:
    """Enter the book under the order's name."""
    enter_book(s, row)
    name_order(s, row)


@inlined
def name_order(s: Tables, row: int) -> None:
    """Make an order answer to (market, account, client order id), if it does not yet."""
    flags = wide(s.orders["flags"][row])
    if flags & INDEXED == 0:
        s.orders["flags"][row] = flags | INDEXED
        # Only the order of the command at hand can still be nameless; its hash is known from the ladder.
        insert_entry(s, s.header[TAG], row)


@cold
def rest_apart(s: Tables, row: int) -> None:
    """`rest` for the long path: one copy of it instead of one in each caller."""
    rest(s, row)
