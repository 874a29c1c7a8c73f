"""The venue's memory: every piece of state is a row of one of these tables.

    market 7 --ladders--> [bids, asks, stops above, stops below]      (LADDER, four a market)
                             |  sorted vector of blocks, best last    (words)
                             v
                           block: 32 neighbouring prices, a bitmap    (BLOCK)
                             |  bit b set <=> level b is not empty
                             v
                           level: displayed queue, hidden queue       (LEVEL)
                             |  head ... tail, linked both ways
                             v
                           order (64 bytes) --extra--> iceberg, stop and GTD terms, only where needed

    market 7 --features--> what only some markets use: auctions, collars, pro-rata, ...   (FEATURES)
                             |  a row of its own from the first order or command that needs one
                             v
                           four ladders more: auction-only bids and asks, for the open and for the close

Row 0 of orders, extras and blocks is a dummy that may be written, so unlinking needs no branch. Free rows
are chained through `next` and taken last-in first-out, so the hot ones stay few. "Larger is better" for
every ladder: the key of a price is the price for bids and stops below, and minus the price for asks and
stops above, so one code serves all four.

Costs: 64 bytes an order and 8 bytes a place of the index, at most three quarters full; 104 bytes an extra;
32 bytes a level in blocks of 32; 224 bytes an idle market with its ladders and tops. Where a market has
features: 216 bytes for its row, 64 for its further ladders, and 8 bytes an order of the venue.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from novate.domain.records import COMMAND, EVENT

ORDER = np.dtype(
    {
        "names": ["order_id", "client_order_id", "price", "account", "market", "session", "leaves", "done",
                  "next", "prev", "level", "extra", "side", "order_type", "tif", "stp", "flags", "status",
                  "traits"],
        "formats": ["<i8", "<i8", "<i8", "<u4", "<u2", "<u2", "<u4", "<u4",
                    "<i4", "<i4", "<i4", "<i4", "<u1", "<u1", "<u1", "<u1", "<u1", "<u1", "<u2"],
        "offsets": [0, 8, 16, 24, 28, 30, 32, 36, 40, 44, 48, 52, 56, 57, 58, 59, 60, 61, 62],
        "itemsize": 64,
    }
)  # fmt: skip
"""`done` = filled + decremented, so total = leaves + done; `stp` is resolved; `price` of a market order is
its effective limit, NO_PRICE if it has none; `traits` are what only orders of featured markets have."""

EXTRA = np.dtype(
    [
        ("stop", "<i8"),
        ("expire", "<i8"),
        ("display", "<i8"),
        ("tranche", "<i8"),
        ("heap", "<i4"),  # place in the GTD heap, -1 outside
        ("next", "<i4"),  # free chain
        ("trail", "<i8"),  # trailing stop: ticks behind its anchor
        ("anchor", "<i8"),
        ("pair", "<i4"),  # the other leg of a live OCO pair
        ("trailing_next", "<i4"),  # trailing stops of a market and side, in no order
        ("trailing_prev", "<i4"),
        ("attentive_next", "<i4"),  # orders that watch the market (R66), by order id
        ("attentive_prev", "<i4"),
        ("peg", "<i4"),
        ("peg_offset", "<i8"),
        ("peg_limit", "<i8"),  # NO_PRICE: none
        ("discretion", "<i8"),
    ]
)

LEVEL = np.dtype(
    [
        ("head", "<i4"),
        ("tail", "<i4"),
        ("hidden_head", "<i4"),
        ("hidden_tail", "<i4"),
        ("displayed", "<i8"),  # sum of displayed quantities
        ("total", "<i8"),  # sum of leaves, reserve and hidden included
    ]
)

TOP = np.dtype([("key", "<i8"), ("quantity", "<i8")])
"""Best displayed price key and quantity of a side as BOOK_STATE said last; bids and asks of every market."""

BLOCK = np.dtype([("key", "<i8"), ("occupied", "<i8"), ("displayed", "<i8"), ("next", "<i8")])
"""`key` is the price key divided by 32, rounded down; two bitmaps: any order, any displayed order."""

LADDER = np.dtype(
    [
        ("offset", "<i4"),
        ("length", "<i4"),
        ("capacity", "<i4"),
        ("best", "<i4"),
    ]
)
"""A sorted vector in `words`: entries `block key << 32 | block row`, ascending; `best` = row of the last."""

MARKET = np.dtype(
    [
        ("last", "<i8"),
        ("reference", "<i8"),  # NO_PRICE: none, like `last`
        ("static_band", "<i8"),  # -1: none
        ("max_quantity", "<i8"),
        ("max_price", "<i8"),
        ("min_price", "<i8"),
        ("min_display", "<i8"),
        ("multiplier", "<i8"),
        ("base_units", "<i8"),
        ("maker_ppm", "<i4"),
        ("taker_ppm", "<i4"),
        ("worst_ppm", "<i4"),  # the highest rate that a fill can bear, 0 at least (K4)
        ("spare", "<i4"),
        ("base_asset", "<i4"),
        ("quote_asset", "<i4"),
        ("max_blocks", "<i4"),
        ("elected_head", "<i4"),
        ("elected_tail", "<i4"),
        ("live", "<i4"),  # live orders, parked and elected ones too
        ("state", "<u1"),
        ("auction_kind", "<u1"),
        ("credit", "<u1"),
        ("stp_default", "<u1"),
        ("fees_on", "<u1"),
        ("resale_settled", "<u1"),
        ("cancel_newest", "<u1"),
        ("premium", "<u1"),
        ("touched", "<u1"),
        ("top_changed", "<u1"),  # BOOK_STATE may be due
        ("features", "<u2"),  # row of FEATURES, 0 for a market that uses none
        ("touched_next", "<i4"),
    ]
)

FEATURES = np.dtype(
    [
        ("collar", "<i8"),  # -1: none
        ("protection", "<i8"),  # -1: none
        ("pr_min", "<i8"),
        ("fifo_pct", "<i8"),
        ("auction_ppm", "<i8"),
        ("indicative_price", "<i8"),  # as INDICATIVE said last in this call
        ("indicative_volume", "<i8"),
        ("indicative_imbalance", "<i8"),
        ("volatility_call", "<i8"),
        ("auction_band", "<i8"),  # -1: none
        ("extension", "<i8"),
        ("max_extensions", "<i8"),
        ("extensions", "<i8"),  # of the call that the market is in
        ("call_timer", "<i8"),  # number of the timer that ends the call, 0: none
        ("implied_bid", "<i8"),  # as IMPLIED_STATE said last
        ("implied_bid_quantity", "<i8"),
        ("implied_ask", "<i8"),
        ("implied_ask_quantity", "<i8"),
        ("implied_next", "<i8"),  # of the combinations whose IMPLIED_STATE is due, -1: the last, 0: not due
        ("near", "<i4"),  # markets of the combination that this one belongs to, -1: none
        ("far", "<i4"),
        ("spread", "<i4"),
        ("attentive_first", "<i4"),  # pegged, discretionary, all-or-none orders, oldest first
        ("attentive_last", "<i4"),
        ("attentive_count", "<i4"),
        ("market", "<i4"),
        ("top_bid", "<i4"),  # the TOP order of a side (R49), 0: none
        ("top_ask", "<i4"),
        ("trailing_sells", "<i4"),  # first of the trailing stops of a side
        ("trailing_buys", "<i4"),
        ("trailing_count", "<i4"),
        ("due", "<i4"),  # first of the PROTECTION rows that are due for MMP_TRIGGERED
        ("collar_action", "<u1"),
        ("slide", "<u1"),
        ("alloc", "<u1"),
        ("top_order", "<u1"),
        ("spare", "<u4"),
        ("spare_too", "<u4"),
    ]
)
"""Row 0 belongs to nobody and says: no feature."""

PROTECTION = np.dtype(
    [
        ("window", "<i8"),
        ("max_quantity", "<i8"),
        ("filled", "<i8"),  # sum of the entries
        ("account", "<u4"),
        ("next", "<i4"),  # of the due ones of its market
        ("head", "<i4"),  # entries, oldest first
        ("tail", "<i4"),
        ("stopped", "<u1"),
        ("due", "<u1"),
        ("spare", "<u2"),
        ("market", "<u4"),
    ]
)
"""Market-maker protection of one account in one market (R46)."""

ENTRY = np.dtype([("time", "<i8"), ("quantity", "<i8"), ("next", "<i8")])
"""Lots that a protected account traded at one time."""

TIMER = np.dtype([("at", "<i8"), ("number", "<i8"), ("market", "<i4"), ("what", "<i4")])
"""A change of state to come (R57): `what` = state | auction kind << 4, and BY_CALL for a call timer."""

ACCOUNT = np.dtype([("member", "<u4"), ("stp_group", "<u4"), ("account_class", "<u4"), ("known", "<u4")])
"""`known`: 0 is not listed; a listed account has KNOWN, and the kill switches that stop it (R61)."""

BALANCE = np.dtype([("key", "<i8"), ("available", "<i8"), ("reserved", "<i8"), ("used", "<i8")])
"""Open addressing by (account, asset); rows are never removed."""

POSITION = np.dtype(
    [
        ("key", "<i8"),  # account << 16 | market
        ("used", "<i8"),
        ("position", "<i8"),
        ("open_buy", "<i8"),
        ("open_sell", "<i8"),
        ("margin", "<i8"),  # reserved for the worst exposure (K14)
        ("order_part", "<i8"),  # reserved for fees and premium of open orders (K15)
        ("rose", "<i8"),  # 1: the last SET_MARGIN of this market raised the requirement (K17)
        ("protection", "<i8"),  # row of the account's PROTECTION in this market, 0: none
    ]
)

ASSET = np.dtype([("granted", "<i8"), ("working", "<i8"), ("settling", "<i8"), ("known", "<i8")])
"""K2: working = sum of available + reserved; granted = sum of CREDIT deltas; granted = working + settling."""

HOLDER = np.dtype(
    [
        ("order_qty", "<i8"),
        ("order_notional", "<i8"),
        ("open_orders", "<i8"),
        ("position", "<i8"),
        ("gross_notional", "<i8"),
        ("message_rate", "<i8"),
        ("window", "<i8"),
        ("orders_now", "<i8"),
        ("gross_now", "<i8"),
        ("window_start", "<i8"),
        ("messages_now", "<i8"),
        ("known", "<i8"),
        ("order_to_trade", "<i8"),  # messages allowed for a trade (R63)
        ("ratio_window", "<i8"),
        ("ratio_free", "<i8"),  # messages allowed without a trade
        ("ratio_start", "<i8"),
        ("ratio_messages", "<i8"),  # of the window so far, like the trades
        ("ratio_trades", "<i8"),
    ]
)
"""Limits of an account or a member (K19, R63), -1 for none, and what counts against them."""


Table = Any
"""A NumPy array of one of the types above. NumPy's annotations know no fields, so the checker sees Any here;
Numba types every kernel exactly and refuses what does not fit."""


EVENT_WORDS = np.dtype(
    [
        ("head", "<i8"),
        ("sequence", "<i8"),
        ("order_id", "<i8"),
        ("contra_order_id", "<i8"),
        ("price", "<i8"),
        ("sizes", "<i8"),
        ("parties", "<i8"),
        ("trade_id", "<i8"),
    ]
)
"""An EVENT record as kernels write it: eight words (see `novate.venue.events`)."""
assert EVENT_WORDS.itemsize == EVENT.itemsize


class Tables(NamedTuple):
    """All state, the commands and the room for events, as kernels see them."""

    header: Table
    markets: Table
    ladders: Table
    tops: Table
    blocks: Table
    levels: Table
    orders: Table
    extras: Table
    words: Table
    index: Table
    accounts: Table
    balances: Table
    positions: Table
    assets: Table
    margins: Table
    holders: Table
    features: Table
    protections: Table
    entries: Table
    stamps: Table
    staged: Table
    timers: Table
    scratch: Table
    commands: Table
    events: Table


TABLE_DTYPES: dict[str, np.dtype[np.void] | np.dtype[np.int64]] = {
    "header": np.dtype(np.int64),
    "markets": MARKET,
    "ladders": LADDER,
    "tops": TOP,
    "blocks": BLOCK,
    "levels": LEVEL,
    "orders": ORDER,
    "extras": EXTRA,
    "words": np.dtype(np.int64),
    "index": np.dtype(np.int64),
    "accounts": ACCOUNT,
    "balances": BALANCE,
    "positions": POSITION,
    "assets": ASSET,
    "margins": np.dtype(np.int64),
    "holders": HOLDER,
    "features": FEATURES,
    "protections": PROTECTION,
    "entries": ENTRY,
    "stamps": np.dtype(np.int64),
    "staged": COMMAND,
    "timers": TIMER,
    "scratch": np.dtype(np.int64),
    "commands": COMMAND,
    "events": EVENT_WORDS,
}
"""Every table except the last two belongs to a snapshot."""
