"""Credit balances and positions: two hash tables by account, and the two ways in which money moves.

    shift   available -> reserved of one balance: the working total stays
    move    into or out of a balance: the asset's working total follows (K2)

Rows are found by open addressing and never removed. Sources: credit-rules.md K1, K2, K14.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.compiled import inlined, kernel, wide
from novate.venue.cells import BALANCE_COUNT, BALANCE_MASK, MARGIN_CLASSES, POSITION_COUNT, POSITION_MASK
from novate.venue.fees import MILLION
from novate.venue.layout import Tables

_MIX = 0x1E3779B97F4A7C15
_SHIFT = 36
MEMBER_CODE = 1 << 33
_TOO_MUCH = 1 << 62
_MAX_EXPOSURE = 1 << 42


@inlined
def home_of_balance(s: Tables, account: int, asset: int) -> int:
    """Where the search for a balance begins."""
    return ((((account << 16) | asset) * _MIX) >> _SHIFT) & s.header[BALANCE_MASK]  # type: ignore[no-any-return]


@inlined
def balance_row(s: Tables, account: int, asset: int) -> int:
    """Row of the balance (account, asset); a new one is all zeros. Room was reserved before."""
    key = (account << 16) | asset
    mask = s.header[BALANCE_MASK]
    at = ((key * _MIX) >> _SHIFT) & mask
    while s.balances["key"][at] != key or s.balances["used"][at] == 0:
        if s.balances["used"][at] == 0:
            s.balances["used"][at] = 1
            s.balances["key"][at] = key
            s.header[BALANCE_COUNT] += 1
            return at
        at = (at + 1) & mask
    return at


@inlined
def find_position(s: Tables, holder: int, market: int) -> int:
    """Row of a position, or the row of zeros where it would be; holder = account or MEMBER_CODE | member."""
    key = (holder << 16) | market
    mask = s.header[POSITION_MASK]
    at = ((key * _MIX) >> _SHIFT) & mask
    while s.positions["used"][at] != 0 and s.positions["key"][at] != key:
        at = (at + 1) & mask
    return at  # type: ignore[no-any-return]


@kernel
def position_row(s: Tables, holder: int, market: int) -> int:
    """Row of a position; a new one is all zeros, and room for it was reserved before."""
    at = find_position(s, holder, market)
    if s.positions["used"][at] == 0:
        s.positions["used"][at] = 1
        s.positions["key"][at] = (holder << 16) | market
        s.header[POSITION_COUNT] += 1
    return at


@inlined
def shift(s: Tables, row: int, amount: int) -> None:
    """Reserve an amount (or release it, if negative)."""
    s.balances["available"][row] -= amount
    s.balances["reserved"][row] += amount


@inlined
def move(s: Tables, row: int, asset: int, amount: int) -> None:
    """Add an amount to what is available, and to the working total of the asset."""
    s.balances["available"][row] += amount
    s.assets["working"][asset] += amount


@kernel
def requirement(s: Tables, market: int, account_class: int, position: int, buys: int, sells: int) -> int:
    """ceil(max(|P + B|, |P - S|) x margin per lot): K14. Unaffordable instead of overflowing."""
    worst = max(abs(position + buys), abs(position - sells))
    micro = wide(s.margins[market * MARGIN_CLASSES + account_class])
    whole = micro // MILLION
    if worst >= _MAX_EXPOSURE or (whole > 0 and worst > _TOO_MUCH // (whole + 1)):
        return _TOO_MUCH
    return worst * whole + (worst * (micro - whole * MILLION) + MILLION - 1) // MILLION


def home_of_many(keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The hash of `balance_row` and `position_row` for a column of keys, before the mask."""
    return (keys * _MIX) >> _SHIFT
