"""Ledgers are registered: one number, one asset, one scale (L1, L8)."""

from __future__ import annotations

import re

import numpy as np

from novate.clearing.ledger.codes import LedgerResult
from novate.clearing.ledger.layout import LEDGER
from novate.clearing.ledger.memory import Array

_ASSET = re.compile(r"[A-Z][A-Z0-9._-]{0,23}", re.ASCII)
_MOST_DECIMALS = 18


def register(ledgers: Array, number: int, asset: str, scale: int) -> tuple[LedgerResult, Array]:
    """The first step of L8 that applies, and the ledgers after it, ascending by number."""
    result = _check(ledgers, number, asset, scale)
    if result != LedgerResult.CREATED:
        return result, ledgers
    added = np.zeros(1, LEDGER)
    added[0] = (number, scale, asset.encode())
    place = int(np.searchsorted(ledgers["ledger"], number))
    return result, np.concatenate([ledgers[:place], added, ledgers[place:]])


def _check(ledgers: Array, number: int, asset: str, scale: int) -> LedgerResult:
    if number == 0:
        return LedgerResult.LEDGER_MUST_NOT_BE_ZERO
    found = ledgers[ledgers["ledger"] == number]
    if len(found):
        if found["asset"][0].decode() != asset:
            return LedgerResult.EXISTS_WITH_DIFFERENT_ASSET
        if int(found["scale"][0]) != scale:
            return LedgerResult.EXISTS_WITH_DIFFERENT_SCALE
        return LedgerResult.EXISTS
    if not _ASSET.fullmatch(asset):
        return LedgerResult.ASSET_IS_INVALID
    if not 0 <= scale <= _MOST_DECIMALS:
        return LedgerResult.SCALE_OUT_OF_RANGE
    if (ledgers["asset"] == asset.encode()).any():
        return LedgerResult.ASSET_ALREADY_REGISTERED
    return LedgerResult.CREATED
