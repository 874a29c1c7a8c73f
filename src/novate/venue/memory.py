"""The venue's tables as NumPy arrays: made from terms, grown between batches, saved and restored.

Growing copies the bytes into a larger array of zeros; fresh pages cost memory only once they are used. The
two hash tables are entered anew. Nothing here can be seen from outside: events and roots do not depend on it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.domain.codes import AuctionKind, MarketState, SelfTrade
from novate.domain.instruments import CreditModel, MarketTerms, OnNegative, Resale
from novate.domain.terms import VenueTerms
from novate.growth import enlarged
from novate.venue import cells, layout
from novate.venue.balances import home_of_many
from novate.venue.combination_terms import combinations
from novate.venue.identity import tag_of_many
from novate.venue.ladder import SMALLEST_VECTOR
from novate.venue.layout import Tables

Array = npt.NDArray[Any]

_FIRST_ROWS = {
    "header": cells.HEADER_CELLS,
    "blocks": 64,
    "levels": 64 * cells.LEVELS_PER_BLOCK,
    "orders": 1024,
    "extras": 64,
    "words": 4096,
    "index": 2048,
    "balances": 256,
    "positions": 64,
    "scratch": 64,
    "features": 1,
    "protections": 16,
    "entries": 64,
    "stamps": 1,
    "staged": 1,
    "timers": 16,
}
_COLLAR_ACTIONS = {"CAP": cells.COLLAR_CAPS, "HALT": cells.COLLAR_HALTS, "AUCTION": cells.COLLAR_CALLS}
_ALLOCATIONS = {
    "FIFO": cells.FIFO,
    "PRO_RATA": cells.PRO_RATA,
    "FIFO_PRO_RATA": cells.FIFO_PRO_RATA,
}
_CREDIT_CODES = {
    CreditModel.NONE: cells.CREDIT_NONE,
    CreditModel.DELIVERABLE: cells.CREDIT_DELIVERABLE,
    CreditModel.MARGINED: cells.CREDIT_MARGINED,
}


def new_tables(terms: VenueTerms) -> dict[str, Array]:
    """All tables of an empty venue, except commands and events."""
    rows = dict(_FIRST_ROWS)
    rows["markets"] = len(terms.markets)
    rows["ladders"] = 4 * len(terms.markets)
    rows["tops"] = 2 * len(terms.markets)
    margined = any(market.credit is CreditModel.MARGINED for market in terms.markets)
    rows["margins"] = cells.MARGIN_CLASSES * (len(terms.markets) if margined else 1)
    rows["accounts"] = 1 + max((account.account for account in terms.accounts), default=0)
    members = 1 + max((account.member for account in terms.accounts), default=0)
    rows["holders"] = rows["accounts"] + members if terms.limits else 1
    rows["assets"] = 1 + max((max(m.base_asset, m.quote_asset) for m in terms.markets), default=0)
    tables: dict[str, Array] = {
        name: np.zeros(rows[name], layout.TABLE_DTYPES[name])
        for name in Tables._fields
        if name not in ("commands", "events")
    }
    _fill_header(tables["header"], terms, margined, rows["accounts"])
    trios = combinations(terms.markets)
    linked = {market for trio in trios for market in trio}
    for row, market in enumerate(terms.markets):
        _fill_market(tables, row, market)
        if uses_features(market) or row in linked:
            _fill_features(tables, row, market)
    for trio in trios:
        for market_row in tables["markets"]["features"][list(trio)]:
            for place, number in zip(("near", "far", "spread"), trio, strict=True):
                tables["features"][place][market_row] = number
    for account in terms.accounts:
        row = account.account
        tables["accounts"][row] = (account.member, account.stp_group, account.account_class, 1)
    tables["tops"]["key"] = cells.NOTHING_SHOWN
    tables["features"]["collar"][0] = -1
    tables["features"]["protection"][0] = -1
    tables["features"]["auction_band"][0] = -1
    for place in ("near", "far", "spread"):
        tables["features"][place][0] = -1
    if terms.limits:
        _open_holders(tables["holders"], terms, rows["accounts"])
    return tables


def _fill_header(header: Array, terms: VenueTerms, margined: bool, accounts: int) -> None:
    header[cells.NEXT_ORDER_ID] = 1
    header[cells.NEXT_TRADE_ID] = 1
    # Row 0 of every pool, and word 0, stand for "none".
    for cell in (
        cells.ORDER_TOP, cells.EXTRA_TOP, cells.BLOCK_TOP, cells.WORDS_TOP, cells.FEATURES_TOP,
        cells.PROTECTION_TOP, cells.ENTRY_TOP,
    ):  # fmt: skip
        header[cell] = 1
    header[cells.LARGEST_LADDER] = SMALLEST_VECTOR
    header[cells.INDEX_MASK] = _FIRST_ROWS["index"] - 1
    header[cells.INDEX_SEED] = terms.hash_seed
    _set_limit_cells(header, "balances", _FIRST_ROWS["balances"])
    _set_limit_cells(header, "positions", _FIRST_ROWS["positions"])
    header[cells.FEE_ACCOUNT] = terms.fee_account
    header[cells.CHECK_ACCOUNTS] = terms.check_accounts or terms.limits
    header[cells.STP_GROUPS] = any(account.stp_group for account in terms.accounts)
    header[cells.LIMITS_ON] = terms.limits
    header[cells.POSITIONS_ON] = margined or terms.limits or terms.positions
    header[cells.KEEP_POSITIONS] = terms.positions
    header[cells.CREDIT_ON] = any(m.credit is not CreditModel.NONE for m in terms.markets)
    header[cells.MEMBER_OFFSET] = accounts
    header[cells.TOUCHED_HEAD] = -1
    header[cells.NEXT_DUE] = cells.NO_MORE_TIME
    header[cells.TIMER_PHASE] = cells.TIMERS


def _set_limit_cells(header: Array, name: str, rows: int) -> None:
    """Mask and fill limit (five eighths) of a hash table."""
    mask, limit = {
        "balances": (cells.BALANCE_MASK, cells.BALANCE_LIMIT),
        "positions": (cells.POSITION_MASK, cells.POSITION_LIMIT),
    }[name]
    header[mask] = rows - 1
    header[limit] = rows * 5 // 8


def _fill_market(tables: dict[str, Array], row: int, terms: MarketTerms) -> None:
    market = tables["markets"][row : row + 1]
    for field in ("max_quantity", "max_price", "min_price", "min_display", "base_asset", "quote_asset"):
        market[field] = getattr(terms, field)
    market["reference"] = cells.NO_PRICE if terms.reference_price is None else terms.reference_price
    market["last"] = cells.NO_PRICE
    market["static_band"] = -1 if terms.static_band is None else terms.static_band
    market["multiplier"] = terms.notional_multiplier
    market["base_units"] = terms.base_units_per_lot
    market["fees_on"] = terms.maker_ppm is not None or terms.taker_ppm is not None
    market["maker_ppm"] = terms.maker_ppm or 0
    market["taker_ppm"] = terms.taker_ppm or 0
    rates = (terms.maker_ppm or 0, terms.taker_ppm or 0, terms.auction_ppm, 0)
    market["worst_ppm"] = max(rates) if market["fees_on"][0] else 0
    market["max_blocks"] = terms.max_price_blocks
    market["state"] = MarketState[terms.initial_state]
    market["auction_kind"] = AuctionKind.INTRADAY if terms.initial_state == "AUCTION_CALL" else 0
    market["credit"] = _CREDIT_CODES[terms.credit]
    market["stp_default"] = SelfTrade[terms.stp_default]
    market["resale_settled"] = terms.resale is Resale.SETTLED
    market["cancel_newest"] = terms.on_negative is OnNegative.CANCEL_NEWEST
    market["premium"] = terms.premium
    if terms.credit is not CreditModel.NONE:
        tables["assets"]["known"][terms.quote_asset] = 1
    if terms.credit is CreditModel.DELIVERABLE:
        tables["assets"]["known"][terms.base_asset] = 1
    if terms.credit is CreditModel.MARGINED:
        first = cells.MARGIN_CLASSES * row
        tables["margins"][first : first + cells.MARGIN_CLASSES] = terms.margin_per_lot_micro


def uses_features(terms: MarketTerms) -> bool:
    """Does a market need its row of features from the start?"""
    usual = MarketTerms(market=terms.market)
    names = ("collar", "protection", "post_only", "alloc", "auction_ppm", "auction_band")
    called = terms.initial_state == "AUCTION_CALL"
    return called or any(getattr(terms, name) != getattr(usual, name) for name in names)


def _fill_features(tables: dict[str, Array], market: int, terms: MarketTerms) -> None:
    """The row of features that a market is configured with."""
    header = tables["header"]
    if header[cells.FEATURES_TOP] == len(tables["features"]):
        grow_features(tables)
    row = int(header[cells.FEATURES_TOP])
    header[cells.FEATURES_TOP] = row + 1
    tables["markets"]["features"][market] = row
    features = tables["features"][row : row + 1]
    features["market"] = market
    features["collar"] = -1 if terms.collar is None else terms.collar
    features["collar_action"] = _COLLAR_ACTIONS[terms.collar_action]
    features["volatility_call"] = terms.volatility_call
    features["auction_band"] = -1 if terms.auction_band is None else terms.auction_band
    features["extension"] = terms.extension
    features["max_extensions"] = terms.max_extensions
    for place in ("near", "far", "spread"):
        features[place] = -1
    features["protection"] = -1 if terms.protection is None else terms.protection
    features["slide"] = terms.post_only == "SLIDE"
    features["alloc"] = _ALLOCATIONS[terms.alloc]
    features["pr_min"] = terms.pr_min
    features["fifo_pct"] = terms.fifo_pct
    features["top_order"] = terms.top_order and terms.alloc != "FIFO"
    features["auction_ppm"] = terms.auction_ppm
    features["indicative_price"] = cells.NO_PRICE


def grow_features(tables: dict[str, Array]) -> None:
    """Room for more markets with features, their ladders, and a priority number for every order."""
    rows = min(2 * len(tables["features"]) + 14, len(tables["markets"]) + 1)
    tables["features"] = enlarged(tables["features"], rows)
    tables["ladders"] = enlarged(tables["ladders"], 4 * (len(tables["markets"]) + rows))
    if len(tables["stamps"]) < len(tables["orders"]):
        tables["stamps"] = enlarged(tables["stamps"], len(tables["orders"]))


def _open_holders(holders: Array, terms: VenueTerms, member_offset: int) -> None:
    for limit in (
        "order_qty", "order_notional", "open_orders", "position", "gross_notional", "message_rate",
        "order_to_trade",
    ):  # fmt: skip
        holders[limit] = -1
    holders["known"][member_offset] = 1
    for account in terms.accounts:
        holders["known"][account.account] = 1
        holders["known"][member_offset + account.member] = 1


def grow_index(tables: dict[str, Array], rows: int) -> Array:
    """A larger index with an entry for every live order; returns it."""
    header = tables["header"]
    orders = tables["orders"][: int(header[cells.ORDER_TOP])]
    live = np.nonzero(orders["flags"] & cells.INDEXED)[0]
    live = live[orders["status"][live] != cells.FREE]
    owners = (orders["market"][live].astype(np.int64) << 32) | orders["account"][live]
    tags = tag_of_many(orders["client_order_id"][live], owners, int(header[cells.INDEX_SEED]))
    index: Array = np.zeros(rows, np.int64)
    index[_places(tags & (rows - 1), rows)] = (tags << 32) | live
    header[cells.INDEX_MASK] = rows - 1
    return index


def grow_hashed(tables: dict[str, Array], name: str) -> Array:
    """Balances or positions in a table of twice the size."""
    old = tables[name]
    used = old[old["used"] != 0]
    larger: Array = np.zeros(2 * len(old), old.dtype)
    homes = home_of_many(used["key"]) & (len(larger) - 1)
    larger[_places(homes, len(larger))] = used
    _set_limit_cells(tables["header"], name, len(larger))
    return larger


def _places(homes: npt.NDArray[np.int64], rows: int) -> npt.NDArray[np.int64]:
    """Places for entries of these homes under linear probing in an empty table."""
    order = np.argsort(homes, kind="stable")
    steps = np.arange(len(homes))
    # In order of their homes, each entry takes its home or the place behind its predecessor.
    places = np.maximum.accumulate(homes[order] - steps) + steps
    beyond = int(np.count_nonzero(places >= rows))
    if beyond:
        # What runs over the end goes on from the start, behind what is there already.
        taken = set(places[: len(places) - beyond].tolist())
        free = 0
        for i in range(len(places) - beyond, len(places)):
            while free in taken:
                free += 1
            places[i] = free
            free += 1
    result = np.empty(len(homes), np.int64)
    result[order] = places
    return result
