"""Every invariant of the venue's state, checked from scratch (R54, K1, K2 and the structure itself).

Slow and complete: called by tests, at every snapshot and by `novate verify`. The book is walked by a kernel
that returns the number of the first broken rule; balances and holdings are summed up anew in NumPy.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.compiled import kernel, wide
from novate.venue import cells
from novate.venue.attentive import count_waiting
from novate.venue.auction_orders import auction_key
from novate.venue.balances import MEMBER_CODE
from novate.venue.book import displayed_of, is_crossed, key_of
from novate.venue.cells import (
    ALL_OR_NONE,
    ATTENTIVE,
    AUCTION_ONLY,
    BIDS,
    CREDIT_DELIVERABLE,
    CREDIT_MARGINED,
    DISCRETIONARY,
    ELECTED,
    FREE,
    HIDDEN,
    NO_PRICE,
    OCO_LEG,
    PARKED,
    RESTING,
    STOPS_ABOVE,
    STOPS_BELOW,
    WAITING,
)
from novate.venue.combinations import is_linked, links_of
from novate.venue.constants import BUY, CONTINUOUS, SELL, TRAILING_STOP
from novate.venue.features import auction_ladder
from novate.venue.identity import find_order
from novate.venue.implied_state import differs, implied_top
from novate.venue.ladder import key_of_level
from novate.venue.layout import Tables

Array = npt.NDArray[Any]

AUCTION_LADDERS = 4  # ladders 4..7 of a market with features are those of auction-only orders

_RULES = (
    "",
    "a level's displayed quantity is not the sum of its orders",
    "a level's total quantity is not the sum of its orders",
    "a bitmap disagrees with its level",
    "a ladder is not sorted, or its best block is not the last",
    "an order stands at a level of another price",
    "a queue is not linked both ways, or its tail is not its last order",
    "an order in a queue has no leaves, or shows more than it has",
    "an order's status does not fit its queue",
    "a live order does not answer to its name",
    "the book is crossed in CONTINUOUS",
    "an elected order waits in CONTINUOUS",
    "the number of live orders of a market is not what its queues hold",
    "the list of trailing stops of a market is not what is parked",
    "a TOP order does not rest in its market",
    "the legs of a pair do not name each other",
    "the list of orders that watch the market is not what rests and waits",
    "the markets of a combination do not name each other",
    "IMPLIED_STATE is not what the books imply",
)
(
    _DISPLAYED_SUM, _TOTAL_SUM, _BITMAP, _SORTING, _PRICE, _LINKS, _LEAVES, _STATUS, _NAME, _CROSSED,
    _ELECTED, _LIVE_COUNT, _TRAILING, _TOP, _PAIR, _ATTENTIVE, _LINKED, _IMPLIED,
) = range(1, len(_RULES))  # fmt: skip


def describe(code: int) -> str:
    """The rule that `check_books` found broken, empty for 0."""
    return _RULES[code]


def broken_sums(s: Tables, live: Array) -> str:
    """Pool, index, balances and reservations against the rows of live orders; empty if all is well."""
    counted = int(s.header[cells.ORDER_COUNT]), int(s.header[cells.INDEX_COUNT])
    if counted != (len(live), len(live)) or np.count_nonzero(s.index) != len(live):
        return f"queues hold {len(live)} orders, the pool says {counted[0]}, the index {counted[1]}"
    watching = live[s.orders["traits"][live] & ATTENTIVE != 0]
    found = np.bincount(s.orders["market"][watching], minlength=len(s.markets))
    if not np.array_equal(found, s.features["attentive_count"][s.markets["features"]]):
        return describe(_ATTENTIVE)
    used = s.balances[s.balances["used"] != 0]
    if np.any(used["reserved"] < 0):
        return f"reserved is negative for balance key {int(used['key'][used['reserved'] < 0][0])} (K1)"
    working = np.zeros(len(s.assets), np.int64)
    np.add.at(working, used["key"] & 0xFFFF, used["available"] + used["reserved"])
    if not np.array_equal(working, s.assets["working"]):
        asset = int(np.nonzero(working != s.assets["working"])[0][0])
        return f"asset {asset}: balances sum to {working[asset]}, not {s.assets['working'][asset]} (K2)"
    if np.any(s.assets["working"] + s.assets["settling"] != s.assets["granted"]):
        return "an asset's working total is not what was granted (K2)"
    return _broken_reservations(s, live) if s.header[cells.CREDIT_ON] else ""


def is_open_now(s: Tables, live: Array) -> Array:
    """Which orders reserve: those in the book, for an auction, and all-or-none orders (R66)."""
    status = s.orders["status"][live]
    all_or_none = (status == WAITING) & (s.orders["traits"][live] & ALL_OR_NONE != 0)
    return np.isin(status, (RESTING, AUCTION_ONLY)) | all_or_none


def _broken_reservations(s: Tables, live: Array) -> str:
    """Every balance reserves exactly what its open orders and positions need (K4, K10, K14, K15)."""
    needed: dict[int, int] = {}
    parts: dict[tuple[int, int], list[int]] = {}
    for row in live[is_open_now(s, live)]:
        order = s.orders[row]
        market = s.markets[order["market"]]
        buys = order["side"] == BUY
        leaves, account = int(order["leaves"]), int(order["account"])
        price, highest = int(order["price"]), int(market["max_price"])
        if order["traits"] & DISCRETIONARY:
            price += int(s.extras["discretion"][order["extra"]]) * (1 if buys else -1)
        anything = price == NO_PRICE or market["min_price"] < 1
        price = highest if anything else min(price, highest)
        notional = leaves * price * int(market["multiplier"])
        ppm = int(market["worst_ppm"])
        fee = -(-notional * ppm // 1_000_000)
        if market["credit"] == CREDIT_DELIVERABLE:
            asset = int(market["quote_asset"] if buys else market["base_asset"])
            need = notional + fee if buys else leaves * int(market["base_units"])
            needed[account << 16 | asset] = needed.get(account << 16 | asset, 0) + need
        elif market["credit"] == CREDIT_MARGINED:
            sums = parts.setdefault((account, int(order["market"])), [0, 0, 0])
            sums[0 if buys else 1] += leaves
            sums[2] += fee + (notional if buys and market["premium"] else 0)
    problem = _broken_margins(s, parts, needed)
    if problem:
        return problem
    for balance in s.balances[s.balances["used"] != 0]:
        key = int(balance["key"])
        if int(balance["reserved"]) != needed.get(key, 0):
            owner = f"account {key >> 16}, asset {key & 0xFFFF}"
            return f"{owner} reserves {balance['reserved']}, its orders need {needed.get(key, 0)} (K10)"
    return ""


def _broken_margins(s: Tables, parts: dict[tuple[int, int], list[int]], needed: dict[int, int]) -> str:
    for position in s.positions[s.positions["used"] != 0]:
        number, holder = int(position["key"]) & 0xFFFF, int(position["key"]) >> 16
        market = s.markets[number]
        if holder >= MEMBER_CODE or market["credit"] != CREDIT_MARGINED:
            continue
        buys, sells, part = parts.get((holder, number), [0, 0, 0])
        lots = int(position["position"])
        own_class = int(s.accounts["account_class"][holder]) if holder < len(s.accounts) else 0
        micro = int(s.margins[cells.MARGIN_CLASSES * number + own_class])
        margin = -(-max(abs(lots + buys), abs(lots - sells)) * micro // 1_000_000)
        found = [int(position[field]) for field in ("open_buy", "open_sell", "margin", "order_part")]
        if found != [buys, sells, margin, part]:
            expected = [buys, sells, margin, part]
            return f"account {holder}, market {number}: expected {expected}, was {found} (K14, K15)"
        key = holder << 16 | int(market["quote_asset"])
        needed[key] = needed.get(key, 0) + margin + part
    return ""


@kernel
def check_books(s: Tables) -> int:
    """Number of the first broken rule of any book, 0 if all hold (see `describe`)."""
    for market in range(len(s.markets)):
        live = 0
        for ladder in range(8):
            code = _check_ladder(s, market, ladder)
            if code < 0:
                return -code
            live += code
        if wide(s.markets["features"][market]) != 0:
            code = _check_features(s, market)
            if code != 0:
                return code
            waiting = count_waiting(s, wide(s.markets["features"][market]))
            if waiting < 0:
                return _ATTENTIVE
            live += waiting
        row = wide(s.markets["elected_head"][market])
        if row != 0 and s.markets["state"][market] == CONTINUOUS:
            return _ELECTED
        while row != 0:
            if s.orders["status"][row] != ELECTED:
                return _STATUS
            live += 1
            row = wide(s.orders["next"][row])
        if live != s.markets["live"][market]:
            return _LIVE_COUNT
        if s.markets["state"][market] == CONTINUOUS and is_crossed(s, market):
            return _CROSSED
    return 0


@kernel
def _check_ladder(s: Tables, market: int, ladder: int) -> int:
    """Orders in a ladder, or minus the number of the broken rule."""
    row = market * 4 + ladder
    if ladder >= AUCTION_LADDERS:
        features = wide(s.markets["features"][market])
        if features == 0:
            return 0
        row = auction_ladder(s, features, ladder - AUCTION_LADDERS)
    length = wide(s.ladders["length"][row])
    offset = wide(s.ladders["offset"][row])
    orders = 0
    for entry in range(length):
        word = s.words[offset + entry]
        block = wide(word & 0xFFFFFFFF)
        if s.blocks["key"][block] != word >> 32:
            return -_SORTING
        if entry > 0 and s.words[offset + entry - 1] >> 32 >= word >> 32:
            return -_SORTING
        if entry == length - 1 and s.ladders["best"][row] != block:
            return -_SORTING
        if s.blocks["occupied"][block] == 0:
            return -_BITMAP
        for bit in range(32):
            code = _check_level(s, ladder, block, bit)
            if code < 0:
                return code
            orders += code
    return orders


@kernel
def _check_level(s: Tables, ladder: int, block: int, bit: int) -> int:
    level = block * 32 + bit
    shown = _check_queue(s, ladder, level, wide(s.levels["head"][level]), wide(s.levels["tail"][level]), 0)
    if shown < 0:
        return shown
    head = wide(s.levels["hidden_head"][level])
    hidden = _check_queue(s, ladder, level, head, wide(s.levels["hidden_tail"][level]), HIDDEN)
    if hidden < 0:
        return hidden
    occupied = (s.blocks["occupied"][block] >> bit) & 1 != 0
    displayed = (s.blocks["displayed"][block] >> bit) & 1 != 0
    if occupied != (shown + hidden > 0) or displayed != (s.levels["displayed"][level] > 0):
        return -_BITMAP
    if ladder == STOPS_ABOVE or ladder == STOPS_BELOW:
        return shown
    return _check_sums(s, level, shown + hidden, ladder < AUCTION_LADDERS)


@kernel
def _check_sums(s: Tables, level: int, orders: int, shows: bool) -> int:
    """Sums of a level; auction-only orders show nothing."""
    displayed = 0
    total = 0
    row = wide(s.levels["head"][level])
    while row != 0:
        displayed += displayed_of(s, row) if shows else 0
        total += wide(s.orders["leaves"][row])
        row = wide(s.orders["next"][row])
    row = wide(s.levels["hidden_head"][level])
    while row != 0:
        total += wide(s.orders["leaves"][row])
        row = wide(s.orders["next"][row])
    if displayed != s.levels["displayed"][level]:
        return -_DISPLAYED_SUM
    if total != s.levels["total"][level]:
        return -_TOTAL_SUM
    return orders


@kernel
def _status_of(ladder: int) -> int:
    if ladder >= AUCTION_LADDERS:
        return AUCTION_ONLY
    return PARKED if ladder >= STOPS_ABOVE else RESTING


@kernel
def _key_of_order(s: Tables, ladder: int, row: int) -> int:
    """The key of the level at which an order of that ladder belongs."""
    side = wide(s.orders["side"][row])
    price = wide(s.orders["price"][row])
    if ladder >= AUCTION_LADDERS:
        return auction_key(side, price)
    if ladder < STOPS_ABOVE:
        return key_of(BUY if ladder == BIDS else SELL, price)
    stop = wide(s.extras["stop"][s.orders["extra"][row]])
    return stop if ladder == STOPS_BELOW else -stop


@kernel
def _check_features(s: Tables, market: int) -> int:
    """Trailing stops and pairs of a market; number of the broken rule, 0 if all hold."""
    features = wide(s.markets["features"][market])
    found = 0
    for first in (s.features["trailing_buys"][features], s.features["trailing_sells"][features]):
        row = wide(first)
        while row != 0:
            if s.orders["status"][row] != PARKED or s.orders["order_type"][row] != TRAILING_STOP:
                return _TRAILING
            row = wide(s.extras["trailing_next"][s.orders["extra"][row]])
            found += 1
    if found != s.features["trailing_count"][features]:
        return _TRAILING
    for top in (s.features["top_bid"][features], s.features["top_ask"][features]):
        if top != 0 and (s.orders["status"][top] != RESTING or s.orders["market"][top] != market):
            return _TOP
    return _check_links(s, market) if is_linked(s, market) else 0


@kernel
def _check_links(s: Tables, market: int) -> int:
    """The three markets of a combination, and what was published of them (R70, R73)."""
    links = links_of(s, market)
    if market != links.near and market != links.far and market != links.spread:
        return _LINKED
    other = links_of(s, links.spread)
    if other.near != links.near or other.far != links.far or other.spread != links.spread:
        return _LINKED
    return _IMPLIED if differs(s, market, implied_top(s, links, market)) else 0


@kernel
def _is_paired(s: Tables, row: int) -> bool:
    """Does a leg name a live leg that names it?"""
    if wide(s.orders["traits"][row]) & OCO_LEG == 0:
        return True
    other = wide(s.extras["pair"][s.orders["extra"][row]])
    return bool(
        other != 0
        and s.orders["status"][other] != FREE
        and wide(s.orders["traits"][other]) & OCO_LEG != 0
        and s.extras["pair"][s.orders["extra"][other]] == row
    )


@kernel
def _check_queue(s: Tables, ladder: int, level: int, row: int, tail: int, hidden: int) -> int:
    """Orders in a queue, or minus the number of the broken rule."""
    before = 0
    orders = 0
    while row != 0:
        if s.orders["prev"][row] != before or s.orders["level"][row] != level:
            return -_LINKS
        if s.orders["status"][row] != _status_of(ladder):
            return -_STATUS
        key = _key_of_order(s, ladder, row)
        if key != key_of_level(s, level) or (wide(s.orders["flags"][row]) & HIDDEN != hidden):
            return -_PRICE
        leaves = wide(s.orders["leaves"][row])
        if leaves <= 0 or displayed_of(s, row) > leaves or (displayed_of(s, row) <= 0 and hidden == 0):
            return -_LEAVES
        market = wide(s.orders["market"][row])
        account = wide(s.orders["account"][row])
        if find_order(s, market, account, s.orders["client_order_id"][row]) != row:
            return -_NAME
        if not _is_paired(s, row):
            return -_PAIR
        before = row
        orders += 1
        row = wide(s.orders["next"][row])
    return orders if before == tail else -_LINKS
