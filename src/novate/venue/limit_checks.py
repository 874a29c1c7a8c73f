"""What counts against limits, counted again from the live orders (K19); see `novate.venue.invariants`.

    live orders --> orders, open lots, open notional of every account and member  ==  what the kernel kept

A count is only kept from the first limit of its kind on, so only then is it looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.venue import cells
from novate.venue.balances import MEMBER_CODE
from novate.venue.constants import BUY
from novate.venue.layout import Tables

Array = npt.NDArray[Any]


def broken_counters(s: Tables, live: Array, opened: Array) -> str:
    """What is wrong with a counter, given the rows of live orders and which of them are open; or nothing."""
    tracking = int(s.header[cells.TRACKING])
    broken = ""
    if tracking & cells.TRACK_OPEN_ORDERS:
        broken = _differing(s, "orders_now", live, np.ones(len(live), np.int64))
    if not broken and tracking & cells.TRACK_GROSS:
        notional = [_notional(s, int(row)) for row in live[opened]]
        broken = _differing(s, "gross_now", live[opened], np.array(notional, np.int64))
    if not broken and tracking & cells.TRACK_POSITION:
        broken = _broken_open_lots(s, live[opened])
    return broken


def _differing(s: Tables, field: str, rows: Array, weights: Array) -> str:
    """The first holder whose counter is not the sum over its orders."""
    accounts = s.orders["account"][rows]
    offset = int(s.header[cells.MEMBER_OFFSET])
    expected = np.zeros(len(s.holders), np.int64)
    np.add.at(expected, accounts, weights)
    np.add.at(expected, offset + _members(s, accounts), weights)
    wrong = np.flatnonzero(expected != s.holders[field])
    if not len(wrong):
        return ""
    holder = int(wrong[0])
    owner = f"account {holder}" if holder < offset else f"member {holder - offset}"
    return f"{owner}: expected {field} {expected[holder]}, was {s.holders[field][holder]} (K19)"


def _members(s: Tables, accounts: Array) -> Array:
    inside = accounts < len(s.accounts)
    members = s.accounts["member"][np.where(inside, accounts, 0)]
    found: Array = np.where(inside, members, 0).astype(np.int64)
    return found


def _notional(s: Tables, row: int) -> int:
    """Open notional of an order at the size of the price at which it counts (R64, R68)."""
    order = s.orders[row]
    market = s.markets[order["market"]]
    price, highest = int(order["price"]), int(market["max_price"])
    if order["traits"] & cells.DISCRETIONARY:
        price += int(s.extras["discretion"][order["extra"]]) * (1 if order["side"] == BUY else -1)
    if price == cells.NO_PRICE or price > highest:
        price = highest
    return int(order["leaves"]) * abs(price) * int(market["multiplier"])


def _broken_open_lots(s: Tables, opened: Array) -> str:
    """Open lots of members everywhere, and of accounts where margin does not keep them."""
    expected: dict[int, list[int]] = {}
    members = _members(s, s.orders["account"][opened])
    for row, member in zip(opened.tolist(), members.tolist(), strict=True):
        order = s.orders[row]
        market = int(order["market"])
        side = 0 if order["side"] == BUY else 1
        holders = [MEMBER_CODE | member]
        if s.markets["credit"][market] != cells.CREDIT_MARGINED:
            holders.append(int(order["account"]))
        for holder in holders:
            expected.setdefault(holder << 16 | market, [0, 0])[side] += int(order["leaves"])
    for position in s.positions[s.positions["used"] != 0]:
        key = int(position["key"])
        holder, market = key >> 16, key & 0xFFFF
        if holder < MEMBER_CODE and s.markets["credit"][market] == cells.CREDIT_MARGINED:
            continue
        found = [int(position["open_buy"]), int(position["open_sell"])]
        if found != expected.pop(key, [0, 0]):
            return f"holder {holder}, market {market}: open lots {found} are not those of its orders (K19)"
    return f"{len(expected)} holders with open orders have no row of positions (K19)" if expected else ""
