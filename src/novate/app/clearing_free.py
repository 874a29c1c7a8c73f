"""How much a party has free of what a refused command names: for the words of the refusal."""

from __future__ import annotations

from typing import Any

from novate.app.bootstrap_clearing import ClearingPlane
from novate.clearing.chart import BalanceBook, Purpose

PURPOSES = {
    "WITHDRAW": Purpose.SETTLEMENT,
    "RELEASE": Purpose.COLLATERAL,
    "SELL_COLLATERAL": Purpose.COLLATERAL,
    "RETIRE_CONTRIBUTION": Purpose.CONTRIBUTION,
}
"""What the command takes from."""


def free_of(plane: ClearingPlane, command: dict[str, Any]) -> int | None:
    """Minor units of the currency, or units of the instrument; None for a command that takes nothing out."""
    purpose, terms = PURPOSES.get(command["cmd"]), plane.terms
    if purpose is None:
        return None
    party = terms.parties.index((command["member"], command["account"]))
    if "ccy" in command:
        book, names, name = BalanceBook.CASH, [one.name for one in terms.currencies], command["ccy"]
    else:
        book, names, name = BalanceBook.HOLDINGS, [one.name for one in terms.instruments], command["isin"]
    return max(0, plane.house.available(purpose, book, names.index(name), party))
