"""The state root: one SHA-256 over everything that the venue's future depends on.

    "novate venue 3" | clock, sequences | markets | margins | orders in queue order | balances | positions
    | assets | limits | features, protections, staged record | timers

The form is canonical: rows are listed by market, ladder, price and queue, balances by their key, and nothing
says in which slot or table size they lie. So the root is the same for any batching, compiled or interpreted.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.compiled import kernel, wide
from novate.venue import cells, kill_switch
from novate.venue.attentive import list_waiting
from novate.venue.cells import GTD_HEAP, INDEXED
from novate.venue.features import auction_ladder
from novate.venue.layout import Tables
from novate.venue.timer_checks import sorted_timers

_SCALARS = [
    cells.NOW,
    cells.SEQUENCE,
    cells.NEXT_ORDER_ID,
    cells.NEXT_TRADE_ID,
    cells.CLEARING_SEQ,
    cells.FEE_ACCOUNT,
    cells.CHECK_ACCOUNTS,
    cells.LIMITS_ON,
    cells.KEEP_POSITIONS,
    cells.PRIORITY,
    cells.KILLS,
    cells.LAST_TIMER,
]
_ORDER_FIELDS = ("order_id", "client_order_id", "price", "account", "market", "session", "leaves", "done",
                 "side", "order_type", "tif", "stp", "status",
                 "traits")  # fmt: skip
_EXTRA_FIELDS = ("stop", "expire", "display", "tranche", "trail", "anchor", "peg", "peg_offset",
                 "peg_limit", "discretion")  # fmt: skip
# Where things lie, or what is only of interest within a command.
_MARKET_PLACES = (
    "elected_head",
    "elected_tail",
    "touched",
    "touched_next",
    "top_changed",
    "features",
    "spare",
)
_FEATURE_PLACES = (
    "top_bid", "top_ask", "trailing_sells", "trailing_buys", "due", "attentive_first", "attentive_last",
)  # fmt: skip


_PROTECTION_FIELDS = ("market", "account", "window", "max_quantity", "filled", "stopped")


@kernel
def list_orders(s: Tables) -> int:
    """Rows of live orders into `scratch`: by market, ladder, best price first, queue order.

    Elected orders, and then those that wait outside the book, come last.
    """
    length = 0
    for market in range(len(s.markets)):
        if s.markets["live"][market] != 0:
            for ladder in range(market * 4, market * 4 + 4):
                length = _list_ladder(s, ladder, length)
            features = wide(s.markets["features"][market])
            if features != 0:
                first = auction_ladder(s, features, 0)
                for ladder in range(first, first + 4):
                    length = _list_ladder(s, ladder, length)
            length = _list_queue(s, wide(s.markets["elected_head"][market]), length)
            if features != 0:
                length = list_waiting(s, features, length)
    return length


@kernel
def _list_ladder(s: Tables, ladder: int, length: int) -> int:
    for entry in range(wide(s.ladders["length"][ladder]) - 1, -1, -1):
        block = s.words[s.ladders["offset"][ladder] + entry] & 0xFFFFFFFF
        for bit in range(31, -1, -1):
            level = wide(block * 32 + bit)
            length = _list_queue(s, wide(s.levels["head"][level]), length)
            length = _list_queue(s, wide(s.levels["hidden_head"][level]), length)
    return length


@kernel
def _list_queue(s: Tables, row: int, length: int) -> int:
    while row != 0:
        s.scratch[length] = row
        length += 1
        row = wide(s.orders["next"][row])
    return length


def state_root(s: Tables, rows: npt.NDArray[np.int64]) -> bytes:
    """32 bytes; `rows` are the live orders as `list_orders` lists them."""
    digest = hashlib.sha256(b"novate venue 3")
    digest.update(s.header[_SCALARS].tobytes())
    markets = s.markets.copy()
    for place in _MARKET_PLACES:
        markets[place] = 0
    digest.update(markets.tobytes())
    digest.update(s.tops.tobytes())
    digest.update(s.margins.tobytes())
    _count(digest, len(rows))
    for field in _ORDER_FIELDS:
        digest.update(s.orders[field][rows].tobytes())
    digest.update((s.orders["flags"][rows] & ~np.uint8(INDEXED | GTD_HEAP)).tobytes())
    extras = s.orders["extra"][rows]
    for field in _EXTRA_FIELDS:
        # Row 0 is the dummy that plain orders point to; whatever was written there counts as nothing.
        digest.update(np.where(extras != 0, s.extras[field][extras], 0).tobytes())
    _update_by_key(digest, s.balances, ("available", "reserved"))
    _update_by_key(digest, s.positions, ("position", "open_buy", "open_sell", "margin", "order_part"))
    digest.update(s.assets.tobytes())
    killed = np.nonzero(s.accounts["known"] & (kill_switch.ACCOUNT_KILL | kill_switch.MEMBER_KILL))[0]
    _count(digest, len(killed))
    digest.update(killed.tobytes() + s.accounts["known"][killed].tobytes())
    digest.update(s.holders.tobytes())
    _update_features(digest, s, rows)
    _update_staged(digest, s)
    timers = sorted_timers(s)
    _count(digest, len(timers))
    digest.update(timers.tobytes())
    return digest.digest()


def _count(digest: Any, rows: int) -> None:
    """How many rows follow, so that no two states can have the same bytes; -1 ends a list."""
    digest.update(np.int64(rows).tobytes())


def _update_features(digest: Any, s: Tables, rows: npt.NDArray[np.int64]) -> None:
    """Features by market, priority numbers and pairs of their orders, protections and their entries."""
    used = s.features[1 : int(s.header[cells.FEATURES_TOP])]
    used = used[np.argsort(used["market"])]
    _count(digest, len(used))
    for top in ("top_bid", "top_ask"):
        digest.update(np.where(used[top] != 0, s.orders["order_id"][used[top]], 0).tobytes())
    used = used.copy()
    for place in _FEATURE_PLACES:
        used[place] = 0
    digest.update(used.tobytes())
    featured = rows[s.markets["features"][s.orders["market"][rows]] != 0]
    digest.update(s.stamps[featured].tobytes())
    pairs = s.extras["pair"][s.orders["extra"][featured]]
    digest.update(np.where(pairs != 0, s.orders["order_id"][pairs], 0).tobytes())
    protections = s.protections[1 : int(s.header[cells.PROTECTION_TOP])]
    _count(digest, len(protections))
    for at in np.lexsort((protections["account"], protections["market"])):
        row = protections[at]
        digest.update(b"".join(row[field].tobytes() for field in _PROTECTION_FIELDS))
        entry = int(row["head"])
        while entry:
            digest.update(s.entries["time"][entry].tobytes() + s.entries["quantity"][entry].tobytes())
            entry = int(s.entries["next"][entry])
        _count(digest, -1)


def _update_staged(digest: Any, s: Tables) -> None:
    """A record that is staged for the next command; any other is forgotten."""
    if s.header[cells.STAGED_KIND] and s.header[cells.STAGED_AT] == s.header[cells.SEQUENCE]:
        digest.update(s.staged.tobytes())


def _update_by_key(digest: Any, table: npt.NDArray[np.void], fields: tuple[str, ...]) -> None:
    """Rows of a hash table by ascending key, all-zero rows left out."""
    used = table[table["used"] != 0]
    used = used[np.any([used[field] != 0 for field in fields], axis=0)]
    used = used[np.argsort(used["key"])]
    _count(digest, len(used))
    for field in ("key", *fields):
        digest.update(used[field].tobytes())
