"""Ending many orders by one command: mass cancel, end of day, negative credit, kill switch, disconnection.

Rules: R21, R39, R61, R62, K17.

    gather rows that match -> sort by order id -> end them one by one; the list survives an interruption

`scratch` holds the rows. A command that needs a longer list asks for it before it has changed anything.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.attentive import list_waiting
from novate.venue.balances import balance_row, find_position
from novate.venue.cells import (
    AUCTION_ONLY,
    CLOSE_ASKS,
    CLOSE_BIDS,
    CREDIT_NONE,
    FREE,
    LIST_AT,
    LIST_COUNT,
    LIST_HOLDER,
    LIST_KIND,
    LIST_LENGTH,
    LIST_MARKET,
    LIST_SESSION,
    NEED,
    NEED_SCRATCH,
    OPEN_ASKS,
    OPEN_BIDS,
    ORDER_COUNT,
    ORDER_TOP,
    PROTECTED,
    PUBLISH,
    RETURN_PHASE,
)
from novate.venue.constants import (
    AT_OPEN,
    BY_AUCTION,
    BY_CREDIT,
    BY_DAY,
    BY_DISCONNECT,
    BY_KILL,
    BY_MASS,
    BY_MMP,
    DAY,
    E_CANCELLED,
    E_DISCONNECTED,
    E_EXPIRED,
    E_KILLED,
    E_MASS_DONE,
)
from novate.venue.credit import member_of, reserve_asset
from novate.venue.endings import remove_live_apart as remove_live
from novate.venue.events import market_event, scope_event
from novate.venue.features import auction_ladder
from novate.venue.layout import Tables
from novate.venue.matching import has_room
from novate.venue.reach import is_open
from novate.venue.touched import touch

ANY = -1


@inlined
def fits_scratch(s: Tables, orders: int) -> bool:
    """Is `scratch` long enough for a list of that many orders? If not, says so."""
    if orders > len(s.scratch):
        s.header[NEED] = NEED_SCRATCH
        return False
    return True


@inlined
def begin_list(s: Tables, market: int, reason: int, length: int, after: int) -> None:
    """The gathered list is ready to be worked off; `after` is the phase that follows."""
    s.header[RETURN_PHASE] = after
    s.header[LIST_AT] = 0
    s.header[LIST_LENGTH] = length
    s.header[LIST_KIND] = reason
    s.header[LIST_MARKET] = market
    s.header[LIST_COUNT] = s.header[ORDER_COUNT]


@kernel
def gather_all(s: Tables, market: int) -> int:
    """Rows of all live orders of a market, in no order that matters."""
    length = 0
    for ladder in range(market * 4, market * 4 + 4):
        length = _gather_ladder(s, ladder, length)
    features = wide(s.markets["features"][market])
    if features != 0:
        first = auction_ladder(s, features, 0)
        for ladder in range(first, first + 4):
            length = _gather_ladder(s, ladder, length)
        length = list_waiting(s, features, length)
    return _gather_queue(s, wide(s.markets["elected_head"][market]), length)


@kernel
def _gather_ladder(s: Tables, ladder: int, length: int) -> int:
    for entry in range(s.ladders["length"][ladder]):
        block = s.words[s.ladders["offset"][ladder] + entry] & 0xFFFFFFFF
        for level in range(block * 32, block * 32 + 32):
            length = _gather_queue(s, wide(s.levels["head"][level]), length)
            length = _gather_queue(s, wide(s.levels["hidden_head"][level]), length)
    return length


@kernel
def _gather_queue(s: Tables, row: int, length: int) -> int:
    while row != 0:
        s.scratch[length] = row
        length += 1
        row = wide(s.orders["next"][row])
    return length


@kernel
def gather_market(s: Tables, market: int, account: int, side: int, session: int, traits: int) -> int:
    """Rows of a market's live orders that match every filter (ANY matches all), by ascending order id."""
    found = gather_all(s, market)
    length = 0
    for at in range(found):
        row = wide(s.scratch[at])
        matches = (
            (account == ANY or s.orders["account"][row] == account)
            and (side == ANY or s.orders["side"][row] == side)
            and (session == ANY or s.orders["session"][row] == session)
            and (traits == ANY or wide(s.orders["traits"][row]) & traits != 0)
        )
        if matches:
            s.scratch[length] = row
            length += 1
    sort_rows(s, length, False)
    return length


@kernel
def gather_day(s: Tables, market: int) -> int:
    """Rows of the orders that end with the day: DAY orders, and what still waits for an auction (R21)."""
    found = gather_all(s, market)
    length = 0
    for at in range(found):
        row = wide(s.scratch[at])
        if s.orders["tif"][row] == DAY or s.orders["status"][row] == AUCTION_ONLY:
            s.scratch[length] = row
            length += 1
    sort_rows(s, length, False)
    return length


@kernel
def gather_auction_only(s: Tables, market: int, tif: int) -> int:
    """Rows of the orders of one auction-only time in force, by ascending order id."""
    features = wide(s.markets["features"][market])
    if features == 0:
        return 0
    bids = OPEN_BIDS if tif == AT_OPEN else CLOSE_BIDS
    asks = OPEN_ASKS if tif == AT_OPEN else CLOSE_ASKS
    length = _gather_ladder(s, auction_ladder(s, features, bids), 0)
    length = _gather_ladder(s, auction_ladder(s, features, asks), length)
    sort_rows(s, length, False)
    return length


@kernel
def gather_scope(s: Tables, account: int, member: int, session: int) -> int:
    """Rows of the live orders of all markets that match every filter, by ascending order id."""
    length = 0
    for row in range(1, s.header[ORDER_TOP]):
        if s.orders["status"][row] == FREE:
            continue
        owner = wide(s.orders["account"][row])
        matches = (
            (account == ANY or owner == account)
            and (member == ANY or member_of(s, owner) == member)
            and (session == ANY or s.orders["session"][row] == session)
        )
        if matches:
            s.scratch[length] = row
            length += 1
    sort_rows(s, length, False)
    return length


@kernel
def gather_negative(s: Tables, account: int, asset: int, margin_market: int) -> int:
    """Open orders that K17 may cancel: by account, newest first.

    Either those of one account that reserve `asset`, or (account ANY) those of every account whose
    requirement in `margin_market` has just risen.
    """
    length = 0
    for row in range(1, s.header[ORDER_TOP]):
        if not is_open(s, row):
            continue
        market = wide(s.orders["market"][row])
        owner = wide(s.orders["account"][row])
        if s.markets["cancel_newest"][market] == 0 or s.markets["credit"][market] == CREDIT_NONE:
            continue
        if reserve_asset(s, market, wide(s.orders["side"][row])) != asset or not _is_negative(s, row):
            continue
        if owner == account or (
            account == ANY and s.positions["rose"][find_position(s, owner, margin_market)] != 0
        ):
            s.scratch[length] = row
            length += 1
    sort_rows(s, length, True)
    return length


@kernel
def _is_negative(s: Tables, row: int) -> bool:
    """Is the balance negative in which this order reserves?"""
    asset = reserve_asset(s, wide(s.orders["market"][row]), wide(s.orders["side"][row]))
    return bool(s.balances["available"][balance_row(s, wide(s.orders["account"][row]), asset)] < 0)


@kernel
def sort_rows(s: Tables, length: int, newest_first: bool) -> None:
    """Heap sort of the gathered rows: by order id, or by account and then the newest order first."""
    for start in range(length // 2 - 1, -1, -1):
        _sift(s, start, length, newest_first)
    for end in range(length - 1, 0, -1):
        first = s.scratch[0]
        s.scratch[0] = s.scratch[end]
        s.scratch[end] = first
        _sift(s, 0, end, newest_first)


@kernel
def _sift(s: Tables, at: int, length: int, newest_first: bool) -> None:
    while True:
        child = 2 * at + 1
        if child >= length:
            return
        if child + 1 < length and _comes_before(s, child, child + 1, newest_first):
            child += 1
        if not _comes_before(s, at, child, newest_first):
            return
        row = s.scratch[at]
        s.scratch[at] = s.scratch[child]
        s.scratch[child] = row
        at = child


@inlined
def _comes_before(s: Tables, left: int, right: int, newest_first: bool) -> bool:
    row = wide(s.scratch[left])
    other = wide(s.scratch[right])
    if not newest_first:
        return bool(s.orders["order_id"][row] < s.orders["order_id"][other])
    if s.orders["account"][row] != s.orders["account"][other]:
        return bool(s.orders["account"][row] < s.orders["account"][other])
    return bool(s.orders["order_id"][row] > s.orders["order_id"][other])


@kernel
def work_list(s: Tables) -> bool:
    """End the orders of the list one after another; False if interrupted for lack of room."""
    reason = s.header[LIST_KIND]
    kind = E_EXPIRED if reason == BY_DAY or reason == BY_AUCTION else E_CANCELLED
    while s.header[LIST_AT] < s.header[LIST_LENGTH]:
        if not has_room(s):
            return False
        row = wide(s.scratch[s.header[LIST_AT]])
        s.header[LIST_AT] += 1
        if s.orders["status"][row] == FREE:
            # The other leg of a pair that the list ended before.
            continue
        if reason == BY_CREDIT:
            if not _is_negative(s, row):
                continue
            touch(s, wide(s.orders["market"][row]))
        if reason == BY_KILL or reason == BY_DISCONNECT:
            touch(s, wide(s.orders["market"][row]))
        remove_live(s, row, kind, wide(reason))
    if reason == BY_MASS or reason == BY_KILL or reason == BY_DISCONNECT:
        if not has_room(s):
            return False
        _say_done(s, reason, s.header[LIST_COUNT] - s.header[ORDER_COUNT])
    return True


@kernel
def _say_done(s: Tables, reason: int, ended: int) -> None:
    """The last event of a list that somebody asked for, with the number of orders that ended."""
    place = wide(s.header[LIST_MARKET])
    holder = wide(s.header[LIST_HOLDER])
    if reason == BY_MASS:
        market_event(s, E_MASS_DONE, place, 0, 0, ended, 0, 0)
    elif reason == BY_KILL:
        scope_event(s, E_KILLED, place, holder, 0, ended)
    else:
        scope_event(s, E_DISCONNECTED, place, holder, wide(s.header[LIST_SESSION]), ended)


@kernel
def begin_mass_cancel(s: Tables, market: int, account: int, side: int, session: int) -> bool:
    """Gather what MASS_CANCEL names; False if the list does not fit yet."""
    if not fits_scratch(s, wide(s.markets["live"][market])):
        return False
    begin_list(s, market, BY_MASS, gather_market(s, market, account, side, session, ANY), PUBLISH)
    return True


@kernel
def begin_protection(s: Tables, market: int, account: int, after: int) -> None:
    """Gather the flagged orders of an account that protection stops; the caller knows that the list fits."""
    begin_list(s, market, BY_MMP, gather_market(s, market, account, ANY, ANY, PROTECTED), after)


@kernel
def begin_withdrawal(
    s: Tables, reason: int, scope: int, holder: int, account: int, member: int, session: int
) -> None:
    """Gather what KILL or DISCONNECT ends; the caller knows that the list fits.

    `scope` and `holder` are what the last event says, the three filters behind them what is looked for.
    """
    s.header[LIST_HOLDER] = holder
    s.header[LIST_SESSION] = session
    begin_list(s, scope, reason, gather_scope(s, account, member, session), PUBLISH)


@kernel
def begin_negative(s: Tables, account: int, asset: int, margin_market: int) -> None:
    """Gather what K17 cancels; the caller knows that the list fits."""
    begin_list(s, 0, BY_CREDIT, gather_negative(s, account, asset, margin_market), PUBLISH)
