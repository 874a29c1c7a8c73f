"""What only some markets use: a row of FEATURES that a market gets when it first needs one.

    market 7 --features--> row 2 --ladders--> 4 x (markets + row) + [open bids, open asks, close bids, ...]

A market without a row takes the short path everywhere; one with a row takes the long one, which asks the row
what to do. Rows are given at configuration, or by the first order or command that cannot do without:
a market order to limit, an order for an auction, a pair, a call. Room for one is made before the command.

Priority numbers (R5) are only kept in markets with features, one for every order row in `stamps`.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.cells import FEATURES_TOP, NEED, NEED_FEATURES, NO_PRICE, PRIORITY
from novate.venue.layout import Tables


@cold
def may_open_features(s: Tables) -> bool:
    """Room for one more row, its ladders, and a priority number for every order? If not, says so."""
    top = s.header[FEATURES_TOP]
    if top < len(s.features) and len(s.stamps) >= len(s.orders):
        return True
    if top > len(s.markets) and len(s.stamps) >= len(s.orders):
        return True
    s.header[NEED] = NEED_FEATURES
    return False


@kernel
def open_features(s: Tables, market: int) -> int:
    """The row of a market; a new one changes nothing of what the market does."""
    row = wide(s.markets["features"][market])
    if row != 0:
        return row
    row = wide(s.header[FEATURES_TOP])
    s.header[FEATURES_TOP] = row + 1
    s.markets["features"][market] = row
    s.features["market"][row] = market
    s.features["collar"][row] = -1
    s.features["auction_band"][row] = -1
    s.features["near"][row] = -1
    s.features["far"][row] = -1
    s.features["spread"][row] = -1
    s.features["protection"][row] = -1
    s.features["pr_min"][row] = 0
    s.features["fifo_pct"][row] = 0
    s.features["auction_ppm"][row] = 0
    s.features["indicative_price"][row] = NO_PRICE
    _forget_stamps(s, market)
    return row


@kernel
def _forget_stamps(s: Tables, market: int) -> None:
    """What rests already is earlier than all that comes: rows that were used before may say otherwise."""
    for ladder in range(market * 4, market * 4 + 4):
        for entry in range(s.ladders["length"][ladder]):
            block = s.words[s.ladders["offset"][ladder] + entry] & 0xFFFFFFFF
            for level in range(block * 32, block * 32 + 32):
                _forget_queue(s, wide(s.levels["head"][level]))
                _forget_queue(s, wide(s.levels["hidden_head"][level]))


@kernel
def _forget_queue(s: Tables, row: int) -> None:
    while row != 0:
        s.stamps[row] = 0
        row = wide(s.orders["next"][row])


@inlined
def stamp(s: Tables, row: int) -> None:
    """Give an order the next priority number."""
    number = s.header[PRIORITY] + 1
    s.header[PRIORITY] = number
    s.stamps[row] = number


@inlined
def auction_ladder(s: Tables, features: int, ladder: int) -> int:
    """Row of a ladder of auction-only orders (OPEN_BIDS, OPEN_ASKS, CLOSE_BIDS, CLOSE_ASKS)."""
    return 4 * len(s.markets) + 4 * features + ladder
