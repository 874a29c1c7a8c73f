"""A small clearing house for unit tests, spoken to in the JSON of scenarios."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.app.conform_clearing import ClearingPlayer
from novate.app.conform_clearing_terms import house_terms
from novate.clearing.machine import Clearing
from novate.clearing.state import State
from novate.domain.clearing_records import CLEARING_COMMAND, COMMAND_STRUCT, TEXT_STRUCT, Records

Json = dict[str, Any]
CONFIG: Json = {
    "start": "2026-03-02",
    "currencies": {"USD": {"digits": 2}},
    "instruments": {"ACME": {"ccy": "USD"}, "GROS": {"ccy": "USD", "policy": "GROSS_GROSS"}},
    "members": {"A": ["HOUS", "CLIE"], "B": ["HOUS"], "C": ["HOUS"]},
}
TRADE: Json = {
    "cmd": "TRADE", "source": "V", "trade_id": "t1", "version": 1, "trade_date": "2026-03-02",
    "isin": "ACME", "qty": 5, "price": "10.5", "buyer": ["B", "HOUS"], "seller": ["A", "HOUS"],
}  # fmt: skip


def player(**config: Any) -> ClearingPlayer:
    """A house of CONFIG with other switches."""
    return ClearingPlayer(house_terms({**CONFIG, **config}))


def lived_in() -> ClearingPlayer:
    """A house with trades that wait, an open position, an open item, a balance, and money that is due."""
    found = player()
    for command in (
        {"cmd": "DEPOSIT", "member": "B", "account": "HOUS", "ccy": "USD", "amount": 100_000},
        {"cmd": "DEPOSIT", "member": "A", "account": "HOUS", "isin": "ACME", "qty": 2},
        TRADE,
        {**TRADE, "trade_id": "g1", "isin": "GROS"},
        {"cmd": "ROLL", "to": "2026-03-03"},
        {"cmd": "SETTLE"},
        {**TRADE, "trade_id": "t2", "trade_date": "2026-03-03"},
    ):
        found.answer(command)
    return found


def state_of(house: Clearing) -> State:
    """The memory of a house, so that damage can be planted."""
    return house._state


def record(kind: int, **fields: int) -> Records:
    """One command record of a kind that may not exist."""
    order = (
        "code", "decimals", "flags", "party", "other_party", "instrument", "currency", "zeros", "source",
        "day", "other_day", "version", "quantity", "price", "price_high",
    )  # fmt: skip
    packed = COMMAND_STRUCT.pack(kind, *(fields.get(name, 0) for name in order))
    return np.frombuffer(packed, CLEARING_COMMAND)


def text(data: bytes, flags: int = 0) -> Records:
    """One TEXT record."""
    return np.frombuffer(TEXT_STRUCT.pack(1, len(data), 0, flags, data), CLEARING_COMMAND)


def together(*records: Records) -> Records:
    """A batch of them."""
    return np.concatenate(records)


class Kept:
    """A snapshot in memory."""

    def __init__(self) -> None:
        self.arrays: dict[str, npt.NDArray[Any]] = {}

    def put(self, name: str, array: npt.NDArray[Any]) -> None:
        self.arrays[name] = array.copy()

    def get(self, name: str) -> npt.NDArray[Any]:
        return self.arrays[name]
