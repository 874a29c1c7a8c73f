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

Row 0 of orders, extras and blocks is a dummy that may be written, so unlinking needs no branch. Free rows
are chained through `next` and taken last-in first-out, so the hot ones stay few. "Larger is better" for
every ladder: the key of a price is the price for bids and stops below, and minus the price for asks and
stops above, so one code serves all four.

Costs: 64 bytes an order and 8 bytes a place of the index, at most three quarters full; 40 bytes an extra;
32 bytes a level in blocks of 32; 208 bytes an idle market with its ladders.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from novate.domain.limits import LimitKind
from novate.domain.records import COMMAND, EVENT

ORDER = np.dtype(
    {
        "names": ["order_id", "client_order_id", "price", "account", "market", "session", "leaves", "done",
                  "next", "prev", "level", "extra", "side", "order_type", "tif", "stp", "flags", "status"],
        "formats": ["<i8", "<i8", "<i8", "<u4", "<u2", "<u2", "<u4", "<u4",
                    "<i4", "<i4", "<i4", "<i4", "<u1", "<u1", "<u1", "<u1", "<u1", "<u1"],
        "offsets": [0, 8, 16, 24, 28, 30, 32, 36, 40, 44, 48, 52, 56, 57, 58, 59, 60, 61],
        "itemsize": 64,
    }
)  # fmt: skip
"""`done` = filled + decremented, so total = leaves + done; `stp` is resolved; `price` of a market order is
its effective limit, 0 if it has none."""

EXTRA = np.dtype(
    [
        ("stop", "<i8"),
        ("expire", "<i8"),
        ("display", "<i8"),
        ("tranche", "<i8"),
        ("heap", "<i4"),  # place in the GTD heap, -1 outside
        ("next", "<i4"),  # free chain
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
        ("reference", "<i8"),  # 0: none
        ("static_band", "<i8"),  # -1: none
        ("max_quantity", "<i8"),
        ("max_price", "<i8"),
        ("min_display", "<i8"),
        ("multiplier", "<i8"),
        ("base_units", "<i8"),
        ("maker_ppm", "<i4"),
        ("taker_ppm", "<i4"),
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
        ("spare", "<u2"),
        ("touched_next", "<i4"),
    ]
)

ACCOUNT = np.dtype([("member", "<u4"), ("stp_group", "<u4"), ("account_class", "<u4"), ("known", "<u4")])

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
    ]
)
"""Limits of an account or a member (K19), -1 for none, and what counts against them."""


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
    "scratch": np.dtype(np.int64),
    "commands": COMMAND,
    "events": EVENT_WORDS,
}
"""Every table except the last two belongs to a snapshot."""

# Cells of the header: the scalars of the machine.
NOW = 0  # the venue clock
SEQUENCE = 1  # of the last command begun
NEXT_ORDER_ID = 2
NEXT_TRADE_ID = 3
EVENTS = 4  # written into the buffer so far
PHASE = 5  # where a command was interrupted; IDLE between commands
NEED = 6  # why the batch stopped early: NEED_*
ORDER_FREE = 7
ORDER_TOP = 8  # first row of orders never used
ORDER_COUNT = 9  # rows in use
EXTRA_FREE = 10
EXTRA_TOP = 11
EXTRA_COUNT = 12
BLOCK_FREE = 13
BLOCK_TOP = 14
WORDS_TOP = 16
LARGEST_LADDER = 17  # capacity of the largest vector of blocks
HEAP_OFFSET = 18  # of the GTD orders, in `words`
HEAP_LENGTH = 19
HEAP_CAPACITY = 20
INDEX_MASK = 21
INDEX_COUNT = 22
INDEX_SEED = 23
BALANCE_MASK = 24
BALANCE_COUNT = 25
POSITION_MASK = 26
POSITION_COUNT = 27
FEE_ACCOUNT = 28
CHECK_ACCOUNTS = 29
STP_GROUPS = 30
LIMITS_ON = 31
CLEARING_SEQ = 32
AGGRESSOR = 33  # order row that is matching
AGGRESSOR_LIMIT = 34  # key that the opposite level must reach
AGGRESSOR_MARKET = 35
AGGRESSOR_REST = 36  # 1: what is left rests; 0: it is cancelled IOC
LIST_AT = 37  # progress through `scratch` of mass cancels and expiries
LIST_LENGTH = 38
LIST_KIND = 39
LIST_MARKET = 40
LIST_COUNT = 41
TOUCHED_HEAD = 42  # markets other than the command's own whose BOOK_STATE is due
TOUCHED_TAIL = 43
BROKEN = 45  # a broken invariant (BROKEN_*): the machine stops
MEMBER_OFFSET = 46  # holders: accounts first, members from this row on
PREFETCH = 48  # 1: the tables outgrow the caches, so look further ahead
POSITIONS_ON = 49  # 1: positions are kept, for margins or limits
BALANCE_LIMIT = 50  # rows in use at which the table must grow first
CREDIT_ON = 51
POSITION_LIMIT = 52
TRACKING = 53  # kinds of limits of which any is set: bit LimitKind
TAG = 54  # hash of the name of the command's order
FREE_WORDS = 64  # 32 heads of the free chains of vectors, by size class
RING = 96  # 16 hashes of the names of the next commands (see `look_ahead`)
HEADER_CELLS = 128

# Phases.
IDLE = 0
EXPIRE = 1
EXECUTE = 2
MATCH = 3
CASCADE = 4
LIST = 5
PUBLISH = 6

# Why a batch stopped before its end.
NEED_NOTHING = 0
NEED_EVENTS = 1
NEED_BLOCKS = 2
NEED_WORDS = 3
NEED_SCRATCH = 4
NEED_BALANCES = 5
NEED_POSITIONS = 6

# Order status.
FREE = 0
ENTERING = 1
RESTING = 2
PARKED = 3
ELECTED = 4

# Order flags.
POST_ONLY = 1
HIDDEN = 2
ICEBERG = 4
INDEXED = 8
GTD_HEAP = 16

# Ladders of a market.
BIDS = 0
ASKS = 1
STOPS_ABOVE = 2  # elected by a print at or above: buy stops
STOPS_BELOW = 3

# Credit models of a market.
CREDIT_NONE = 0
CREDIT_DELIVERABLE = 1
CREDIT_MARGINED = 2

LEVELS_PER_BLOCK = 32
MARGIN_CLASSES = 8  # margins per lot of a market, one for each account class

# Bits of TRACKING.
TRACK_OPEN_ORDERS = 1 << int(LimitKind.OPEN_ORDERS)
TRACK_POSITION = 1 << int(LimitKind.POSITION)
TRACK_GROSS = 1 << int(LimitKind.GROSS_NOTIONAL)
TRACK_RATE = 1 << int(LimitKind.MESSAGE_RATE)
TRACK_OPEN = TRACK_POSITION | TRACK_GROSS

STEP_ROOM = 16  # more than the events, balances or positions that one uninterrupted step adds
MIN_EVENT_BUFFER = 32
NO_LIMIT_KEY = -(2**62)
NOTHING_SHOWN = -(2**62)  # as a price key
