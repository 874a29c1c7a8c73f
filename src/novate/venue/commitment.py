"""The state root: one SHA-256 over everything that the venue's future depends on.

    "novate venue 1" | clock, sequences | markets | margins | orders in queue order | balances | positions
    | assets | limits

The form is canonical: rows are listed by market, ladder, price and queue, balances by their key, and nothing
says in which slot or table size they lie. So the root is the same for any batching, compiled or interpreted.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.compiled import kernel, wide
from novate.venue import layout
from novate.venue.layout import GTD_HEAP, INDEXED, Tables

_SCALARS = [
    layout.NOW,
    layout.SEQUENCE,
    layout.NEXT_ORDER_ID,
    layout.NEXT_TRADE_ID,
    layout.CLEARING_SEQ,
    layout.FEE_ACCOUNT,
    layout.CHECK_ACCOUNTS,
    layout.LIMITS_ON,
]
_ORDER_FIELDS = ("order_id", "client_order_id", "price", "account", "market", "session", "leaves", "done",
                 "side", "order_type", "tif", "stp", "status")  # fmt: skip
_EXTRA_FIELDS = ("stop", "expire", "display", "tranche")
# Where things lie, or what is only of interest within a command.
_MARKET_PLACES = ("elected_head", "elected_tail", "touched", "touched_next", "top_changed")


@kernel
def list_orders(s: Tables) -> int:
    """Rows of live orders into `scratch`: by market, ladder, best price first, queue order, elected last."""
    length = 0
    for market in range(len(s.markets)):
        if s.markets["live"][market] != 0:
            for ladder in range(market * 4, market * 4 + 4):
                length = _list_ladder(s, ladder, length)
            length = _list_queue(s, wide(s.markets["elected_head"][market]), length)
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
    digest = hashlib.sha256(b"novate venue 1")
    digest.update(s.header[_SCALARS].tobytes())
    markets = s.markets.copy()
    for place in _MARKET_PLACES:
        markets[place] = 0
    digest.update(markets.tobytes())
    digest.update(s.tops.tobytes())
    digest.update(s.margins.tobytes())
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
    digest.update(s.holders.tobytes())
    return digest.digest()


def _update_by_key(digest: Any, table: npt.NDArray[np.void], fields: tuple[str, ...]) -> None:
    """Rows of a hash table by ascending key, all-zero rows left out."""
    used = table[table["used"] != 0]
    used = used[np.any([used[field] != 0 for field in fields], axis=0)]
    used = used[np.argsort(used["key"])]
    for field in ("key", *fields):
        digest.update(used[field].tobytes())
