"""Looking ahead: bring what the next commands will touch into the processor's cache.

    command i + 12   its place in the index, its market, its account's balance
    command i + 8    its order, its ladder
    command i + 4    its level and its neighbours in the queue

With a thousand markets or a million orders nearly every access misses the cache; asked for early, the
misses overlap with the matching of other commands. It changes nothing but time: what it reads may be stale.
"""

from __future__ import annotations

from novate.compiled import inlined, wide
from novate.tables import prefetch
from novate.venue.balances import home_of_balance
from novate.venue.book import key_of, ladder_of
from novate.venue.constants import AMEND, CANCEL, NEW
from novate.venue.credit import reserve_asset
from novate.venue.identity import tag_of
from novate.venue.ladder import find_near
from novate.venue.layout import INDEX_MASK, RING, Tables

_FAR = 12
_MIDDLE = 8
_NEAR = 4
_RING_MASK = 15


@inlined
def look_ahead(s: Tables, i: int, count: int) -> None:
    """One step of each of the three distances."""
    if i + _FAR < count:
        _far(s, i + _FAR)
    if i + _MIDDLE < count and i >= _FAR - _MIDDLE:
        _middle(s, i + _MIDDLE)
    if i + _NEAR < count and i >= _FAR - _NEAR:
        _near(s, i + _NEAR)


@inlined
def _names_order(s: Tables, i: int) -> bool:
    """Does a command name an order of a market that exists?"""
    kind = wide(s.commands["kind"][i])
    ours = kind == NEW or kind == CANCEL or kind == AMEND
    return ours and wide(s.commands["market"][i]) < len(s.markets)


@inlined
def _far(s: Tables, i: int) -> None:
    if not _names_order(s, i):
        return
    market = wide(s.commands["market"][i])
    account = wide(s.commands["account"][i])
    tag = tag_of(s, market, account, s.commands["client_order_id"][i])
    s.header[RING + (i & _RING_MASK)] = tag
    prefetch(s.index, tag & s.header[INDEX_MASK])
    prefetch(s.markets["last"], market)
    prefetch(s.markets["maker_ppm"], market)
    prefetch(s.ladders["offset"], market * 4)


@inlined
def _middle(s: Tables, i: int) -> None:
    if not _names_order(s, i):
        return
    market = wide(s.commands["market"][i])
    account = wide(s.commands["account"][i])
    side = wide(s.commands["side"][i])
    if wide(s.commands["kind"][i]) == NEW:
        ladder = ladder_of(market, side)
        prefetch(s.blocks["key"], wide(s.ladders["best"][ladder]))
        prefetch(s.blocks["key"], wide(s.ladders["best"][ladder ^ 1]))
        home = home_of_balance(s, account, reserve_asset(s, market, side))
        prefetch(s.balances["key"], home)
    else:
        tag = s.header[RING + (i & _RING_MASK)]
        row = s.index[tag & s.header[INDEX_MASK]] & 0xFFFFFFFF
        prefetch(s.orders["order_id"], row)


@inlined
def _near(s: Tables, i: int) -> None:
    if not _names_order(s, i):
        return
    market = wide(s.commands["market"][i])
    if wide(s.commands["kind"][i]) == NEW:
        side = wide(s.commands["side"][i])
        level = find_near(s, ladder_of(market, side), key_of(side, s.commands["price"][i]))
        prefetch(s.levels["head"], level)
        return
    tag = s.header[RING + (i & _RING_MASK)]
    row = s.index[tag & s.header[INDEX_MASK]] & 0xFFFFFFFF
    level = wide(s.orders["level"][row])
    prefetch(s.levels["head"], level)
    prefetch(s.blocks["key"], level >> 5)
    prefetch(s.orders["order_id"], wide(s.orders["prev"][row]))
    prefetch(s.orders["order_id"], wide(s.orders["next"][row]))
    side = wide(s.orders["side"][row])
    account = wide(s.orders["account"][row])
    prefetch(s.balances["key"], home_of_balance(s, account, reserve_asset(s, market, side)))
