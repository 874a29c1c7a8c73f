"""The price of an auction: the one that trades most, and how ties are broken (R41), published while a call
lasts (R43).

    price   buys >=   sells <=   volume   imbalance
      102      10         70        10        -60
      101      40         55        40        -15      <- most volume, smallest imbalance
      100      60         40        40         20

Levels of the crossing region are written to `scratch` as pairs (price key, volume), best first: bids of the
book, auction-only bids, asks of the book, auction-only asks. One walk from the highest price down meets every
candidate once. Cost: the levels between the best ask and the best bid, whatever lies behind them.
"""

from __future__ import annotations

from typing import NamedTuple

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.book import ladder_of
from novate.venue.cells import (
    ANY_PRICE_KEY,
    CLOSE_ASKS,
    CLOSE_BIDS,
    NEED,
    NEED_SCRATCH,
    NO_PRICE,
    OPEN_ASKS,
    OPEN_BIDS,
)
from novate.venue.constants import (
    BUY,
    E_INDICATIVE,
    KIND_CLOSE,
    KIND_OPEN,
    SELL,
)
from novate.venue.events import auction_event
from novate.venue.features import auction_ladder
from novate.venue.ladder import best_level, key_of_level
from novate.venue.layout import Tables
from novate.venue.triggers import trigger_reference

_NO_LADDER = -1
_LOWEST = -(2**61)
_HIGHEST = 2**61


class Clearing(NamedTuple):
    """Where an auction would trade; NO_PRICE, 0, 0 if nowhere."""

    price: int
    volume: int
    imbalance: int


class _Region(NamedTuple):
    """The pairs in `scratch`: where each of the four lists ends (the first begins at 0)."""

    bids: int
    auction_bids: int
    asks: int
    auction_asks: int


class _Choice(NamedTuple):
    """The best candidates so far: all of one volume and one size of imbalance."""

    volume: int
    surplus: int  # size of the imbalance
    highest: int
    highest_imbalance: int
    lowest: int
    lowest_imbalance: int
    nearest: int
    nearest_imbalance: int
    signs: int  # bit 0: some imbalance > 0, bit 1: some < 0, bit 2: some = 0


@inlined
def auction_side(s: Tables, market: int, kind: int, side: int) -> int:
    """Row of the ladder of auction-only orders that join an uncross of this kind, -1 if none can."""
    features = wide(s.markets["features"][market])
    if features == 0 or (kind != KIND_OPEN and kind != KIND_CLOSE):
        return _NO_LADDER
    if kind == KIND_OPEN:
        return auction_ladder(s, features, OPEN_BIDS if side == BUY else OPEN_ASKS)
    return auction_ladder(s, features, CLOSE_BIDS if side == BUY else CLOSE_ASKS)


@kernel
def unlimited_volume(s: Tables, ladder: int) -> int:
    """Leaves of auction-only orders without a limit."""
    if ladder == _NO_LADDER or s.ladders["length"][ladder] == 0:
        return 0
    level = best_level(s, ladder)
    return wide(s.levels["total"][level]) if key_of_level(s, level) == ANY_PRICE_KEY else 0


@kernel
def clearing_price(s: Tables, market: int, kind: int) -> Clearing:
    """R41; room for the levels of the region was reserved."""
    bids = ladder_of(market, BUY)
    asks = ladder_of(market, SELL)
    auction_bids = auction_side(s, market, kind, BUY)
    auction_asks = auction_side(s, market, kind, SELL)
    buys = unlimited_volume(s, auction_bids)
    sells = unlimited_volume(s, auction_asks)
    highest = _HIGHEST
    if buys == 0:
        highest = max(_best_limit(s, bids), _best_limit(s, auction_bids))
    lowest = _LOWEST
    if sells == 0:
        lowest = -max(_best_limit(s, asks), _best_limit(s, auction_asks))
    if highest < lowest:
        return Clearing(NO_PRICE, 0, 0)
    first = _gather(s, bids, lowest, 0)
    second = _gather(s, auction_bids, lowest, first)
    third = _gather(s, asks, -highest, second)
    fourth = _gather(s, auction_asks, -highest, third)
    return _choose(s, _Region(first, second, third, fourth), trigger_reference(s, market), buys, sells)


@kernel
def _best_limit(s: Tables, ladder: int) -> int:
    """Best price key of a ladder that is a price, or lower than all."""
    if ladder == _NO_LADDER:
        return _LOWEST
    for entry in range(wide(s.ladders["length"][ladder]) - 1, -1, -1):
        block = s.words[s.ladders["offset"][ladder] + entry] & 0xFFFFFFFF
        for bit in range(31, -1, -1):
            level = wide(block * 32 + bit)
            if s.levels["head"][level] != 0 or s.levels["hidden_head"][level] != 0:
                key = key_of_level(s, level)
                if key != ANY_PRICE_KEY:
                    return key
    return _LOWEST


@kernel
def _gather(s: Tables, ladder: int, bound: int, at: int) -> int:
    """Append (key, volume) of the levels whose key is a price not below `bound`; returns the end."""
    if ladder == _NO_LADDER:
        return at
    for entry in range(wide(s.ladders["length"][ladder]) - 1, -1, -1):
        block = s.words[s.ladders["offset"][ladder] + entry] & 0xFFFFFFFF
        for bit in range(31, -1, -1):
            level = wide(block * 32 + bit)
            total = wide(s.levels["total"][level])
            if total == 0:
                continue
            key = key_of_level(s, level)
            if key == ANY_PRICE_KEY:
                continue
            if key < bound:
                return at
            s.scratch[2 * at] = key
            s.scratch[2 * at + 1] = total
            at += 1
    return at


@kernel
def _choose(s: Tables, region: _Region, reference: int, buys: int, sells: int) -> Clearing:
    """Walk all candidates from the highest price down and keep the best."""
    bid = 0
    auction_bid = region.bids
    ask = region.asks - 1
    auction_ask = region.auction_asks - 1
    for at in range(region.auction_bids, region.auction_asks):
        sells += s.scratch[2 * at + 1]
    choice = _Choice(0, 0, NO_PRICE, 0, NO_PRICE, 0, NO_PRICE, 0, 0)
    waiting = reference
    while True:
        price = waiting
        if bid < region.bids:
            price = max(price, s.scratch[2 * bid])
        if auction_bid < region.auction_bids:
            price = max(price, s.scratch[2 * auction_bid])
        if ask >= region.auction_bids:
            price = max(price, -s.scratch[2 * ask])
        if auction_ask >= region.asks:
            price = max(price, -s.scratch[2 * auction_ask])
        if price == NO_PRICE:
            return _decide(choice, reference)
        if waiting == price:
            waiting = NO_PRICE
        if bid < region.bids and s.scratch[2 * bid] == price:
            buys += s.scratch[2 * bid + 1]
            bid += 1
        if auction_bid < region.auction_bids and s.scratch[2 * auction_bid] == price:
            buys += s.scratch[2 * auction_bid + 1]
            auction_bid += 1
        choice = _consider(choice, price, reference, buys, sells)
        if ask >= region.auction_bids and -s.scratch[2 * ask] == price:
            sells -= s.scratch[2 * ask + 1]
            ask -= 1
        if auction_ask >= region.asks and -s.scratch[2 * auction_ask] == price:
            sells -= s.scratch[2 * auction_ask + 1]
            auction_ask -= 1


@inlined
def _consider(choice: _Choice, price: int, reference: int, buys: int, sells: int) -> _Choice:
    """Rules 1 and 2 of R41; candidates that tie are remembered by their ends and the nearest."""
    volume = min(buys, sells)
    imbalance = buys - sells
    surplus = abs(imbalance)
    sign = 4
    if imbalance > 0:
        sign = 1
    elif imbalance < 0:
        sign = 2
    if volume > choice.volume or (volume == choice.volume and surplus < choice.surplus):
        return _Choice(volume, surplus, price, imbalance, price, imbalance, price, imbalance, sign)
    if volume < choice.volume or surplus > choice.surplus:
        return choice
    nearest = choice.nearest
    nearest_imbalance = choice.nearest_imbalance
    if abs(price - reference) < abs(nearest - reference):
        nearest = price
        nearest_imbalance = imbalance
    return _Choice(
        volume, surplus, choice.highest, choice.highest_imbalance, price, imbalance, nearest,
        nearest_imbalance, choice.signs | sign,
    )  # fmt: skip


@inlined
def _decide(choice: _Choice, reference: int) -> Clearing:
    """Rules 3 to 5 of R41."""
    if choice.volume == 0:
        return Clearing(NO_PRICE, 0, 0)
    if choice.signs == 2:
        return Clearing(choice.lowest, choice.volume, choice.lowest_imbalance)
    if choice.signs != 1 and reference != NO_PRICE:
        return Clearing(choice.nearest, choice.volume, choice.nearest_imbalance)
    return Clearing(choice.highest, choice.volume, choice.highest_imbalance)


@inlined
def fits_region(s: Tables, market: int) -> bool:
    """Is `scratch` long enough for the levels of a market, and for a list of its orders? If not, says so."""
    if len(s.scratch) < 2 * wide(s.markets["live"][market]):
        s.header[NEED] = NEED_SCRATCH
        return False
    return True


@cold
def publish_indicative(s: Tables, market: int) -> bool:
    """INDICATIVE of a market in a call, if it differs from the last one; False for lack of room."""
    if not fits_region(s, market):
        return False
    features = wide(s.markets["features"][market])
    now = clearing_price(s, market, wide(s.markets["auction_kind"][market]))
    changed = (
        now.price != s.features["indicative_price"][features]
        or now.volume != s.features["indicative_volume"][features]
        or now.imbalance != s.features["indicative_imbalance"][features]
    )
    if changed:
        s.features["indicative_price"][features] = now.price
        s.features["indicative_volume"][features] = now.volume
        s.features["indicative_imbalance"][features] = now.imbalance
        auction_event(s, E_INDICATIVE, market, now.price, now.volume, now.imbalance)
    return True
