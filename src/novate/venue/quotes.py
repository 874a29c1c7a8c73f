"""QUOTE: both sides of a market maker's quote, replaced in one command (R65).

    lives     bid 11: 5 @ 99   ask 12: 5 @ 101
    QUOTE     bid 11: 5 @ 99   ask 12: 4 @ 102
    bid       same price, same leaves: stays, with its priority, in silence (session and tif as now asked for)
    ask       CANCELLED QUOTE, then like a NEW (limit, post-only, market-maker-protected) from the band on

The ladder of the quote refuses both sides; behind it each side stands for itself. A side that enters is put
down as a NEW in the staged record, which belongs to no other command by then, so that one code admits both.
A side needs no extra, but a quote takes two order rows and two names where other commands take one: that is
asked for before anything else (`has_quote_room`).
"""

from __future__ import annotations

from typing import NamedTuple

from novate.compiled import cold, kernel, wide
from novate.venue.acceptance import accept_apart as accept
from novate.venue.acceptance import check_commitment_apart as check_commitment
from novate.venue.admission import check_new_apart as check_new
from novate.venue.admission import refuses_by_state
from novate.venue.cells import (
    INDEX_COUNT,
    INDEX_MASK,
    NEED,
    NEED_ORDERS,
    ORDER_COUNT,
    PIECE,
    POST_ONLY,
    PUBLISH,
    QUOTED,
)
from novate.venue.constants import (
    BUY,
    BY_QUOTE,
    CONTINUOUS,
    DAY,
    DUPLICATE_ORDER,
    E_CANCELLED,
    F_MMP,
    F_POST_ONLY,
    F_PRICE,
    F_QUANTITY,
    GTC,
    INVALID_PRICE,
    INVALID_QTY,
    INVALID_QUOTE,
    INVALID_TYPE,
    LIMIT,
    MMP_ACTIVE,
    OK,
    QUOTE,
    SELL,
    STP_DEFAULT,
)
from novate.venue.endings import remove_live_apart as remove_live
from novate.venue.events import reject
from novate.venue.features import open_features
from novate.venue.identity import find_order, tag_of
from novate.venue.layout import Tables
from novate.venue.matching import rest_apart as rest
from novate.venue.protection import is_stopped
from novate.venue.special import entry_of
from novate.venue.staged import staged_view


class QuoteSide(NamedTuple):
    """One side of a QUOTE record."""

    side: int
    client_order_id: int
    price: int
    quantity: int


@cold
def has_quote_room(s: Tables) -> bool:
    """Two order rows and names for this quote, and what was reserved for a whole piece behind it; if not,
    says so."""
    rows = s.header[ORDER_COUNT] + PIECE + 3
    names = s.header[INDEX_COUNT] + PIECE + 3
    if rows < len(s.orders) and names * 4 <= (s.header[INDEX_MASK] + 1) * 3:
        return True
    s.header[NEED] = NEED_ORDERS
    return False


@kernel
def quote(s: Tables, i: int, market: int) -> int:
    """QUOTE; returns the phase in which the command goes on."""
    bid = _bid_of(s, i)
    ask = _ask_of(s, i)
    code = _check_quote(s, i, market, bid, ask)
    if code != OK:
        reject(s, i, code)
        return PUBLISH
    open_features(s, market)
    account = wide(s.commands["account"][i])
    bid_stays = _withdraw(s, i, market, account, bid)
    ask_stays = _withdraw(s, i, market, account, ask)
    if bid.quantity != 0 and not bid_stays:
        _enter(s, i, market, bid)
    if ask.quantity != 0 and not ask_stays:
        _enter(s, i, market, ask)
    return PUBLISH


@kernel
def _bid_of(s: Tables, i: int) -> QuoteSide:
    """The QUOTE_COMMAND view of the record: its bid ..."""
    return QuoteSide(
        BUY,
        wide(s.commands["client_order_id"][i]),
        wide(s.commands["price"][i]),
        wide(s.commands["quantity"][i]),
    )


@kernel
def _ask_of(s: Tables, i: int) -> QuoteSide:
    """... and its ask."""
    return QuoteSide(
        SELL, wide(s.commands["expire"][i]), wide(s.commands["stop"][i]), wide(s.commands["display"][i])
    )


@kernel
def _check_quote(s: Tables, i: int, market: int, bid: QuoteSide, ask: QuoteSide) -> int:
    """The ladder that both sides share (R65.1 to R65.8)."""
    code = refuses_by_state(wide(s.markets["state"][market]))
    if code != OK:
        return code
    account = wide(s.commands["account"][i])
    if is_stopped(s, market, account):
        return MMP_ACTIVE
    tif = wide(s.commands["time_in_force"][i])
    if tif != GTC and tif != DAY:
        return INVALID_TYPE
    if bid.client_order_id == ask.client_order_id:
        return INVALID_QUOTE
    if not _may_name(s, market, account, bid) or not _may_name(s, market, account, ask):
        return DUPLICATE_ORDER
    if max(bid.quantity, ask.quantity) > s.markets["max_quantity"][market]:
        return INVALID_QTY
    if _is_mispriced(s, market, bid) or _is_mispriced(s, market, ask):
        return INVALID_PRICE
    if bid.quantity != 0 and ask.quantity != 0 and bid.price >= ask.price:
        return INVALID_QUOTE
    return OK


@kernel
def _may_name(s: Tables, market: int, account: int, asked: QuoteSide) -> bool:
    """Is the name of a side free, or that of the same side of a quote?"""
    row = find_order(s, market, account, asked.client_order_id)
    if row == 0:
        return True
    return bool(wide(s.orders["traits"][row]) & QUOTED != 0 and s.orders["side"][row] == asked.side)


@kernel
def _is_mispriced(s: Tables, market: int, asked: QuoteSide) -> bool:
    """Is a side given at a price that the market does not have?"""
    lowest = wide(s.markets["min_price"][market])
    highest = wide(s.markets["max_price"][market])
    return asked.quantity != 0 and (asked.price < lowest or asked.price > highest)


@kernel
def _withdraw(s: Tables, i: int, market: int, account: int, asked: QuoteSide) -> bool:
    """CANCELLED QUOTE for the live side of that name; True if it stays, because it is asked for as it is."""
    row = find_order(s, market, account, asked.client_order_id)
    if row == 0:
        return False
    if s.orders["leaves"][row] == asked.quantity and s.orders["price"][row] == asked.price:
        # Who comes back over another session and quotes as before must be protected by that session.
        s.orders["session"][row] = s.commands["session"][i]
        s.orders["tif"][row] = s.commands["time_in_force"][i]
        return True
    remove_live(s, row, E_CANCELLED, BY_QUOTE)
    return False


@kernel
def _enter(s: Tables, i: int, market: int, asked: QuoteSide) -> None:
    """A side goes on like a NEW behind its field checks; it is post-only, so it rests or is refused."""
    _stage_side(s, i, market, asked)
    view = staged_view(s)
    tag = tag_of(s, market, wide(s.commands["account"][i]), asked.client_order_id)
    code = check_new(view, 0, market, tag)
    if code == OK:
        entry = entry_of(view, 0, market)
        code = check_commitment(view, 0, market, asked.side, LIMIT, entry.price, asked.quantity, 1)
    if code != OK:
        reject(view, 0, code)
        return
    row = accept(view, 0, market, asked.side, LIMIT, entry.price, asked.quantity)
    s.orders["flags"][row] = wide(s.orders["flags"][row]) | POST_ONLY
    s.orders["traits"][row] = wide(s.orders["traits"][row]) | QUOTED
    rest(s, row)


@kernel
def _stage_side(s: Tables, i: int, market: int, asked: QuoteSide) -> None:
    """The NEW that a side stands for. Post-only is not asked while the market collects orders (R23)."""
    flags = F_MMP | F_PRICE | F_QUANTITY
    if s.markets["state"][market] == CONTINUOUS:
        flags |= F_POST_ONLY
    s.staged["kind"][0] = QUOTE  # as a refusal names it
    s.staged["side"][0] = asked.side
    s.staged["order_type"][0] = LIMIT
    s.staged["time_in_force"][0] = s.commands["time_in_force"][i]
    s.staged["stp"][0] = STP_DEFAULT
    s.staged["flags"][0] = flags
    s.staged["market"][0] = market
    s.staged["session"][0] = s.commands["session"][i]
    s.staged["account"][0] = s.commands["account"][i]
    s.staged["client_order_id"][0] = asked.client_order_id
    s.staged["price"][0] = asked.price
    s.staged["stop"][0] = 0
    s.staged["expire"][0] = 0
    s.staged["quantity"][0] = asked.quantity
    s.staged["display"][0] = 0
