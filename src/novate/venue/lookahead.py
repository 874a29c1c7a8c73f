"""Looking ahead: bring what the next commands will touch into the processor's cache.

                    small venue   big venue
    command i +         4            12       hash of its order's name, kept for later; its place in the index
    command i +         2             8       its order; in a big venue its market, ladders and balance too
    command i +                       4       in a big venue its level and its neighbours in the queue

With a thousand markets or a million orders nearly every access misses the cache; asked for early, the misses
overlap with the matching of other commands. It changes nothing but time: what it reads may be stale.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.tables import prefetch
from novate.venue.balances import home_of_balance
from novate.venue.book import key_of, ladder_of, opposite
from novate.venue.cells import INDEX_MASK, RING
from novate.venue.constants import AMEND, CANCEL, NEW
from novate.venue.credit import reserve_asset
from novate.venue.identity import tag_of
from novate.venue.ladder import find_near
from novate.venue.layout import Tables

_RING_MASK = 15
SMALL_DISTANCE = 4
BIG_DISTANCE = 12
_SMALL_MIDDLE = 2
_BIG_MIDDLE = 8
_BIG_NEAR = 4


@inlined
def tag_of_command(s: Tables, i: int) -> int:
    """The hash that `note_name` computed for command i of this piece."""
    return wide(s.header[RING + (i & _RING_MASK)])


@kernel
def note_first_names(s: Tables, i: int, count: int, distance: int) -> None:
    """Hashes of the first commands of a piece, before the loop keeps its distance.

    One more than the distance, because the loop does not look ahead from a command that it resumes.
    """
    for ahead in range(i, min(count, i + distance + 1)):
        note_name(s, ahead)


@inlined
def note_name(s: Tables, i: int) -> None:
    """Hash the name of a command's order, and fetch its place in the index."""
    market = wide(s.commands["market"][i])
    account = wide(s.commands["account"][i])
    tag = tag_of(s, market, account, s.commands["client_order_id"][i])
    s.header[RING + (i & _RING_MASK)] = tag
    prefetch(s.index, tag & s.header[INDEX_MASK])


@inlined
def look_ahead(s: Tables, i: int, count: int, big: bool) -> None:
    """One step of each distance."""
    if big:
        _look_far(s, i, count)
        return
    if i + SMALL_DISTANCE < count:
        note_name(s, i + SMALL_DISTANCE)
    if i + _SMALL_MIDDLE < count:
        prefetch(s.orders["order_id"], _likely_row(s, i + _SMALL_MIDDLE))


@inlined
def _likely_row(s: Tables, i: int) -> int:
    """Row of the order that stands at the home of a command's name: mostly the right one."""
    return wide(s.index[tag_of_command(s, i) & s.header[INDEX_MASK]] & 0xFFFFFFFF)


@inlined
def _look_far(s: Tables, i: int, count: int) -> None:
    if i + BIG_DISTANCE < count:
        note_name(s, i + BIG_DISTANCE)
        market = wide(s.commands["market"][i + BIG_DISTANCE])
        prefetch(s.markets["last"], market)
        prefetch(s.markets["maker_ppm"], market)
        prefetch(s.ladders["offset"], market * 4)
        prefetch(s.tops["key"], market * 2)
        prefetch(s.accounts["member"], wide(s.commands["account"][i + BIG_DISTANCE]))
    if i + _BIG_MIDDLE < count and _names_order(s, i + _BIG_MIDDLE):
        _middle(s, i + _BIG_MIDDLE)
    if i + _BIG_NEAR < count and _names_order(s, i + _BIG_NEAR):
        _near(s, i + _BIG_NEAR)


@inlined
def _names_order(s: Tables, i: int) -> bool:
    """Does a command name an order of a market that exists?"""
    kind = wide(s.commands["kind"][i])
    ours = kind == NEW or kind == CANCEL or kind == AMEND
    return ours and wide(s.commands["market"][i]) < len(s.markets)


@inlined
def _middle(s: Tables, i: int) -> None:
    if wide(s.commands["kind"][i]) != NEW:
        prefetch(s.orders["order_id"], _likely_row(s, i))
        return
    market = wide(s.commands["market"][i])
    account = wide(s.commands["account"][i])
    side = wide(s.commands["side"][i])
    ladder = ladder_of(market, side)
    prefetch(s.blocks["key"], wide(s.ladders["best"][ladder]))
    prefetch(s.blocks["key"], wide(s.ladders["best"][ladder ^ 1]))
    prefetch(s.balances["key"], home_of_balance(s, account, reserve_asset(s, market, side)))


@inlined
def _near(s: Tables, i: int) -> None:
    market = wide(s.commands["market"][i])
    if wide(s.commands["kind"][i]) == NEW:
        side = wide(s.commands["side"][i])
        level = find_near(s, ladder_of(market, side), key_of(side, s.commands["price"][i]))
        prefetch(s.levels["head"], level)
        other = ladder_of(market, opposite(side))
        prefetch(s.levels["head"], wide(s.ladders["best"][other]) * 32)
        return
    row = _likely_row(s, i)
    level = wide(s.orders["level"][row])
    prefetch(s.levels["head"], level)
    prefetch(s.blocks["key"], level >> 5)
    prefetch(s.orders["order_id"], wide(s.orders["prev"][row]))
    prefetch(s.orders["order_id"], wide(s.orders["next"][row]))
    side = wide(s.orders["side"][row])
    account = wide(s.orders["account"][row])
    prefetch(s.balances["key"], home_of_balance(s, account, reserve_asset(s, market, side)))
