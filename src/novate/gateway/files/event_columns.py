"""Columns of events.parquet that only a few kinds of events fill, and how any column is made.

AUCTION, INDICATIVE            quantity, imbalance           SCHEDULED, EXTENDED     timer, at, to_state
STATE                          from_state, to_state          KILLED, DISCONNECTED    scope, holder, session
MMP_SET                        window, max_quantity          CREDIT_SET, MARGIN_SET  credit_..., clearing_seq
MASS_DONE, REF_SET, ...        value                         LIMIT_SET               limit, scope, holder, ...

Every function takes all rows of a block and gives whole columns, with null where a row has no such field.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from novate.domain.codes import AuctionKind, EventFlag, EventKind, MarketState, Scope
from novate.domain.limits import LimitKind
from novate.domain.records import (
    AUCTION_EVENT,
    BOOK_STATE_EVENT,
    CREDIT_EVENT,
    EXTENDED_EVENT,
    MARKET_EVENT,
    MMP_EVENT,
    PARTIES,
    SCHEDULE_EVENT,
    SCOPE_EVENT,
    Events,
)
from novate.gateway.files.decimal_text import decimal_array
from novate.gateway.files.market_steps import MarketSteps
from novate.gateway.files.text_numbers import Bools, Int64s

AUCTION_KINDS = (EventKind.AUCTION, EventKind.INDICATIVE)
BOOK_KINDS = (EventKind.BOOK_STATE, EventKind.IMPLIED_STATE)
MMP_KINDS = (EventKind.MMP_SET, EventKind.MMP_RESET, EventKind.MMP_TRIGGERED)
SWITCH_KINDS = (EventKind.KILLED, EventKind.REVIVED)
SCOPE_KINDS = (*SWITCH_KINDS, EventKind.DISCONNECTED)
VALUE_KINDS = (EventKind.MASS_DONE, EventKind.REF_SET, EventKind.POSITION_SET, EventKind.SCHEDULE_CLEARED)

Array = npt.NDArray[Any]
Columns = dict[str, pa.Array]


def trade_columns(rows: Events, parties: Events, trade: Bools) -> Columns:
    """What TRADE_PARTIES says; of an auction the buyer is in the columns of the maker."""
    view = parties.view(PARTIES)
    fees = trade & ((view["flags"] & int(EventFlag.FEES_ON)) != 0)
    return {
        "trade_id": masked(rows["trade_id"], trade),
        "maker_client_order_id": masked(view["maker_client_order_id"], trade),
        "taker_client_order_id": masked(view["taker_client_order_id"], trade),
        "maker_account": masked(view["maker_account"].astype(np.int64), trade),
        "taker_account": masked(view["taker_account"].astype(np.int64), trade),
        "maker_fee_minor": masked(view["maker_fee"], fees),
        "taker_fee_minor": masked(view["taker_fee"], fees),
    }


def book_columns(rows: Events, kind: Array, market: Int64s, steps: MarketSteps) -> Columns:
    """The best prices of BOOK_STATE and of IMPLIED_STATE."""
    book = np.isin(kind, BOOK_KINDS)
    top = rows.view(BOOK_STATE_EVENT)
    bids = book & (top["bid_quantity"] > 0)
    asks = book & (top["ask_quantity"] > 0)
    return {
        "bid": prices(top["bid_price"], market, steps, bids),
        "bid_quantity": lots(top["bid_quantity"], market, steps, bids),
        "ask": prices(top["ask_price"], market, steps, asks),
        "ask_quantity": lots(top["ask_quantity"], market, steps, asks),
    }


def market_columns(rows: Events, kind: Array, market: Int64s, steps: MarketSteps) -> Columns:
    """States, auctions, schedules, market makers; `value` is a count, a price in ticks or signed lots."""
    states, schedule = rows.view(MARKET_EVENT), rows.view(SCHEDULE_EVENT)
    extended, mmp = rows.view(EXTENDED_EVENT), rows.view(MMP_EVENT)
    auction = np.isin(kind, AUCTION_KINDS)
    moved, scheduled, longer = (
        kind == one for one in (EventKind.STATE, EventKind.SCHEDULED, EventKind.EXTENDED)
    )
    scoped, limited = np.isin(kind, SCOPE_KINDS), kind == EventKind.LIMIT_SET
    value = np.where(scoped, rows.view(SCOPE_EVENT)["count"], states["value"])
    value = np.where(longer, extended["count"], value)
    call = scheduled & (schedule["auction_kind"] > 0)
    given = kind == EventKind.MMP_SET
    return {
        "from_state": names(states["from_state"], MarketState, moved),
        "to_state": names(
            np.where(scheduled, schedule["state"], states["to_state"]), MarketState, moved | scheduled
        ),
        "auction_kind": names(schedule["auction_kind"], AuctionKind, call),
        "imbalance": lots(rows.view(AUCTION_EVENT)["imbalance"], market, steps, auction),
        "timer": masked(schedule["number"], scheduled),
        "at": masked(np.where(longer, extended["until"], schedule["at"]), scheduled | longer),
        "window": masked(np.where(limited, rows["trade_id"], mmp["window"]), given | limited),
        "max_quantity": lots(mmp["max_quantity"], market, steps, given),
        "value": masked(value, np.isin(kind, VALUE_KINDS) | scoped | longer | limited),
    }


def venue_columns(rows: Events, kind: Array) -> Columns:
    """What concerns no market: kill switches, disconnections, limits, credit."""
    credit, scope = rows.view(CREDIT_EVENT), rows.view(SCOPE_EVENT)
    granted, margin = kind == EventKind.CREDIT_SET, kind == EventKind.MARGIN_SET
    limited, gone = kind == EventKind.LIMIT_SET, kind == EventKind.DISCONNECTED
    switched = np.isin(kind, SWITCH_KINDS)
    of_account = gone & (scope["scope"] != 0)
    holder_kind = np.where(limited, np.where(rows["side"] != 0, Scope.MEMBER, Scope.ACCOUNT), scope["scope"])
    named = switched & (scope["scope"] != Scope.VENUE)
    return {
        "scope": names(holder_kind, Scope, switched | of_account | limited),
        "holder": masked(scope["holder"].astype(np.int64), named | of_account | limited),
        "session": masked(scope["session"].astype(np.int64), gone),
        "limit": names(rows["quantity"], LimitKind, limited),
        "clearing_seq": masked(credit["clearing_seq"], granted | margin),
        "account_class": masked(credit["account"].astype(np.int64), margin),
        "margin_per_lot_micro": masked(credit["available"], margin),
        "credit_account": masked(credit["account"].astype(np.int64), granted),
        "credit_asset": masked(credit["asset"], granted),
        "credit_available": masked(credit["available"], granted),
        "credit_reserved": masked(credit["reserved"], granted),
    }


# -- one column ------------------------------------------------------------------------------------------


def masked(values: Array, shown: Bools) -> pa.Array:
    """Values, null where not shown."""
    return pa.array(np.ascontiguousarray(values), mask=~shown)


def masked_text(texts: Array, codes: Int64s, shown: Bools) -> pa.Array:
    """Names of codes as a dictionary column. Codes of one name share its only place in the dictionary:
    Arrow writes a doubled value once but counts it twice, and fills the page with whatever is in memory."""
    distinct, place = np.unique(texts, return_inverse=True)
    index = pa.array(place[codes].astype(np.int32), mask=~shown)
    return pa.DictionaryArray.from_arrays(index, pa.array(distinct.tolist(), pa.string()))


def names(codes: Array, enum: type[IntEnum], shown: Bools) -> pa.Array:
    """Names of codes as a dictionary column."""
    highest = max(int(code) for code in enum)
    texts = [""] * (highest + 1)
    for code in enum:
        texts[code] = code.name
    return masked_text(np.array(texts), np.minimum(codes, highest).astype(np.int64), shown)


def prices(ticks: Array, market: Int64s, steps: MarketSteps, shown: Bools) -> pa.Array:
    """Ticks of each row's market as decimals."""
    return _decimals(np.where(shown, ticks, 0), steps.tick[market], steps.price_digits, shown)


def lots(count: Array, market: Int64s, steps: MarketSteps, shown: Bools) -> pa.Array:
    """Lots of each row's market as decimals."""
    return _decimals(np.where(shown, count, 0), steps.lot[market], steps.quantity_digits, shown)


def _decimals(count: Int64s, units: Int64s, digits: int, shown: Bools) -> pa.Array:
    values = decimal_array(count, units, digits)
    return pc.if_else(pa.array(shown), values, pa.scalar(None, values.type))
