"""Answers to questions about the venue's tables: whole columns at a time, nothing is changed.

    depth       market --ladder--> blocks, best first --> levels that show a quantity
    orders      rows first .. first + most of the pool --> the live ones among them
    balances    account x assets --hash--> rows            positions   account x markets --hash--> rows

Cost: some ten microseconds an answer, whatever the number of orders behind a price.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.domain.codes import Side
from novate.domain.queries import (
    BALANCE_LINE,
    DEPTH_LINE,
    ORDER_LINE,
    POSITION_LINE,
    Lines,
    OrderLineFlag,
)
from novate.venue import cells
from novate.venue.balances import home_of_many
from novate.venue.layout import Table, Tables

_DOWN = np.arange(31, -1, -1, dtype=np.int64)
_BLOCKS_AT_ONCE = 64
_BOTH = ((cells.BIDS, Side.BUY, 1), (cells.ASKS, Side.SELL, -1))


def read_depth(s: Tables, market: int, most: int) -> Lines:
    """DEPTH_LINE records of a market: bids, then asks, best first, at most `most` of each.

    Raises IndexError for an unknown market.
    """
    if not 0 <= market < len(s.markets):
        raise IndexError(f"Expected a market from 0 to {len(s.markets) - 1}, was {market}")
    sides = [(side, sign, *_levels(s, market * 4 + ladder, most)) for ladder, side, sign in _BOTH]
    lines = np.zeros(sum(len(keys) for _, _, keys, _ in sides), DEPTH_LINE)
    first = 0
    for side, sign, keys, shown in sides:
        part = lines[first : first + len(keys)]
        part["side"], part["price"], part["quantity"] = side, sign * keys, shown
        first += len(keys)
    return lines


def _levels(s: Tables, ladder: int, most: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """(price keys, displayed quantities) of the best levels that show any."""
    offset, end = int(s.ladders["offset"][ladder]), int(s.ladders["length"][ladder])
    keys: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
    shown: list[npt.NDArray[np.int64]] = [np.empty(0, np.int64)]
    found = 0
    while end > 0 and found < most:
        begin = max(0, end - _BLOCKS_AT_ONCE)
        entries = s.words[offset + begin : offset + end][::-1]
        levels = ((entries & 0xFFFFFFFF)[:, None] * cells.LEVELS_PER_BLOCK + _DOWN).ravel()
        quantities = s.levels["displayed"][levels]
        at = np.flatnonzero(quantities)[: most - found]
        keys.append((((entries >> 32) << 5)[:, None] + _DOWN).ravel()[at])
        shown.append(quantities[at])
        found += len(at)
        end = begin
    return np.concatenate(keys), np.concatenate(shown)


def read_orders(s: Tables, first: int, most: int, account: int | None) -> tuple[Lines, int]:
    """(ORDER_LINE records, next row): the live orders among `most` rows from `first` on; 0: no row is left.

    `account` None: of everybody. Their order is that of the rows and means nothing.
    """
    top = int(s.header[cells.ORDER_TOP])
    begin = max(0, first)
    part = s.orders[begin : min(top, begin + most)]
    live = part["status"] > cells.ENTERING
    if account is not None:
        live &= part["account"] == account
    rows = part[live]
    after = begin + most
    return _order_lines(s, rows), after if after < top else 0


def _order_lines(s: Tables, rows: Table) -> Lines:
    lines = np.zeros(len(rows), ORDER_LINE)
    for name in ("order_id", "client_order_id", "account", "leaves", "done", "market", "session", "side",
                 "order_type"):  # fmt: skip
        lines[name] = rows[name]
    lines["time_in_force"] = rows["tif"]
    extras = s.extras[rows["extra"]]
    has_extra = rows["extra"] > 0
    is_iceberg = rows["flags"] & cells.ICEBERG != 0
    # Both of a stop order stand in its extra; of others the stop is not there to be read.
    has_stop = has_extra & (rows["order_type"] >= 4)
    has_price = rows["price"] > cells.NO_PRICE
    lines["price"] = np.where(has_price, rows["price"], 0)
    lines["stop"] = np.where(has_stop, extras["stop"], 0)
    lines["expire"] = np.where(rows["flags"] & cells.GTD_HEAP != 0, extras["expire"], 0)
    lines["display"] = np.where(is_iceberg, extras["display"], 0)
    flags = rows["flags"].astype(np.int64) & (cells.POST_ONLY | cells.HIDDEN | cells.ICEBERG)
    flags |= np.where(rows["traits"] & cells.REDUCES != 0, OrderLineFlag.REDUCE_ONLY, 0)
    flags |= np.where(has_price, OrderLineFlag.PRICE_GIVEN, 0)
    flags |= np.where(has_stop, OrderLineFlag.STOP_GIVEN, 0)
    flags |= np.where(rows["status"] == cells.RESTING, OrderLineFlag.RESTING, 0)
    lines["flags"] = flags
    return lines


def read_balances(s: Tables, account: int) -> Lines:
    """BALANCE_LINE records of an account, one for each asset of which it ever had any."""
    assets = np.arange(1, len(s.assets), dtype=np.int64)
    keys = np.int64(account) << 16 | assets
    rows, found = _find(s.balances, keys, int(s.header[cells.BALANCE_MASK]))
    lines = np.zeros(int(found.sum()), BALANCE_LINE)
    held = s.balances[rows[found]]
    lines["asset"], lines["available"], lines["reserved"] = assets[found], held["available"], held["reserved"]
    return lines


def read_positions(s: Tables, account: int) -> Lines:
    """POSITION_LINE records of an account, one for each market in which it ever had any that is kept."""
    markets = np.arange(len(s.markets), dtype=np.int64)
    keys = np.int64(account) << 16 | markets
    rows, found = _find(s.positions, keys, int(s.header[cells.POSITION_MASK]))
    lines = np.zeros(int(found.sum()), POSITION_LINE)
    held = s.positions[rows[found]]
    lines["market"] = markets[found]
    for name in ("position", "open_buy", "open_sell", "margin"):
        lines[name] = held[name]
    return lines


def _find(
    table: Table, keys: npt.NDArray[np.int64], mask: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """(rows, whether there is one) of a column of keys in a table of open addressing."""
    with np.errstate(over="ignore"):
        at = home_of_many(keys) & mask
    while True:
        astray = (table["used"][at] != 0) & (table["key"][at] != keys)
        if not astray.any():
            return at, np.asarray(table["used"][at] != 0)
        at = np.where(astray, (at + 1) & mask, at)
