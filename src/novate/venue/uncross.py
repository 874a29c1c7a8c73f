"""The uncross: the first buy meets the first sell at the auction price until the volume is traded (R42).

    buys    no limit, then better price, then displayed, then hidden, then age    book and auction-only alike
    sells   the same                                           -> AUCTION_TRADE, AUCTION_TRADE, ...

It can be interrupted between two trades: what is left is in the header, and the first orders are found anew.
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.auction import auction_side, clearing_price
from novate.venue.auction_orders import leave_auction, shrink_auction
from novate.venue.book import displayed_of, ladder_of, leave_book, note_order
from novate.venue.cells import (
    AGGRESSOR_MARKET,
    ANY_PRICE_KEY,
    AUCTION_KIND,
    AUCTION_LEFT,
    AUCTION_ONLY,
    AUCTION_PRICE,
    ICEBERG,
    NEXT_TRADE_ID,
    POSITIONS_ON,
)
from novate.venue.constants import BUY, E_AUCTION, SELL
from novate.venue.credit import count_fill, reduce_hold, settle
from novate.venue.endings import end_order, end_other_leg, separate
from novate.venue.events import auction_event, auction_trade
from novate.venue.featured import has_room_here
from novate.venue.fees import fee_of
from novate.venue.ladder import best_level, key_of_level
from novate.venue.layout import Tables
from novate.venue.triggers import elect, move_trailing


@kernel
def begin_uncross(s: Tables, market: int, kind: int) -> None:
    """Work out the price; says AUCTION if anything trades."""
    s.header[AUCTION_KIND] = kind
    found = clearing_price(s, market, kind)
    s.header[AUCTION_PRICE] = found.price
    s.header[AUCTION_LEFT] = found.volume
    if found.volume != 0:
        auction_event(s, E_AUCTION, market, found.price, found.volume, found.imbalance)


@kernel
def uncross(s: Tables) -> bool:
    """Pair orders until the volume is traded; False if interrupted for lack of room."""
    market = wide(s.header[AGGRESSOR_MARKET])
    features = wide(s.markets["features"][market])
    kind = wide(s.header[AUCTION_KIND])
    while s.header[AUCTION_LEFT] > 0:
        if not has_room_here(s, market, features):
            return False
        buy = _first(s, ladder_of(market, BUY), auction_side(s, market, kind, BUY))
        sell = _first(s, ladder_of(market, SELL), auction_side(s, market, kind, SELL))
        _pair(s, market, features, buy, sell)
    return True


@inlined
def _first(s: Tables, book: int, auction: int) -> int:
    """The order of a side whose turn it is (R42)."""
    row = 0
    key = 0
    is_shown = True
    if s.ladders["length"][book] != 0:
        level = best_level(s, book)
        key = key_of_level(s, level)
        row = wide(s.levels["head"][level])
        if row == 0:
            row = wide(s.levels["hidden_head"][level])
            is_shown = False
    if auction < 0 or s.ladders["length"][auction] == 0:
        return row
    level = best_level(s, auction)
    other = wide(s.levels["head"][level])
    other_key = key_of_level(s, level)
    if row == 0 or other_key == ANY_PRICE_KEY or other_key > key:
        return other
    if other_key == key and (not is_shown or s.stamps[other] < s.stamps[row]):
        return other
    return row


@inlined
def _pair(s: Tables, market: int, features: int, buy: int, sell: int) -> None:
    """One trade at the auction price."""
    price = s.header[AUCTION_PRICE]
    quantity = min(wide(s.orders["leaves"][buy]), wide(s.orders["leaves"][sell]), s.header[AUCTION_LEFT])
    s.header[AUCTION_LEFT] -= quantity
    notional = price * quantity * wide(s.markets["multiplier"][market])
    reduce_hold(s, buy, quantity, quantity)
    reduce_hold(s, sell, quantity, quantity)
    _shrink(s, buy, quantity)
    _shrink(s, sell, quantity)
    fees_on = wide(s.markets["fees_on"][market])
    fee = fee_of(abs(notional), wide(s.features["auction_ppm"][features])) if fees_on != 0 else 0
    buyer = wide(s.orders["account"][buy])
    seller = wide(s.orders["account"][sell])
    settle(s, market, buyer, seller, quantity, notional, fee, fee)
    if s.header[POSITIONS_ON] != 0:
        count_fill(s, market, buy, sell, quantity)
    trade_id = s.header[NEXT_TRADE_ID]
    s.header[NEXT_TRADE_ID] = trade_id + 1
    auction_trade(s, buy, sell, price, quantity, trade_id, fees_on, fee, fee)
    s.markets["last"][market] = price
    if s.features["trailing_count"][features] != 0:
        move_trailing(s, market, price)
    elect(s, market, price)
    _finish(s, buy)
    _finish(s, sell)


@kernel
def _shrink(s: Tables, row: int, quantity: int) -> None:
    """Lots of a fill; an iceberg shows a fresh tranche in its place, without REFRESHED (R42)."""
    if s.orders["status"][row] == AUCTION_ONLY:
        shrink_auction(s, row, quantity)
        return
    level = wide(s.orders["level"][row])
    shown = displayed_of(s, row)
    leaves = wide(s.orders["leaves"][row]) - quantity
    s.orders["leaves"][row] = leaves
    s.orders["done"][row] = wide(s.orders["done"][row]) + quantity
    if wide(s.orders["flags"][row]) & ICEBERG != 0:
        extra = wide(s.orders["extra"][row])
        s.extras["tranche"][extra] = min(leaves, wide(s.extras["display"][extra]))
    s.levels["total"][level] -= quantity
    s.levels["displayed"][level] += displayed_of(s, row) - shown
    note_order(s, row)


@kernel
def _finish(s: Tables, row: int) -> None:
    """A filled order leaves; the pair of either breaks."""
    if wide(s.orders["leaves"][row]) == 0:
        if s.orders["status"][row] == AUCTION_ONLY:
            leave_auction(s, row)
        else:
            leave_book(s, row)
        end_order(s, row)
    else:
        end_other_leg(s, separate(s, row))
