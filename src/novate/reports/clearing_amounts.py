"""How the clearing house's parties, instruments and money are written for people.

("A", "HOUS") --> A/HOUS      400 of ACME --> 400 ACME      2000000 of ACME's currency --> 20,000.00 USD
"""

from __future__ import annotations

from typing import Any

from novate.clearing.house_terms import HouseTerms
from novate.domain.clearing_codes import Policy
from novate.reports.figures import grouped

Json = dict[str, Any]


class Amounts:
    """What the events of a house do not say of its instruments and currencies."""

    def __init__(self, terms: HouseTerms, quantity_digits: dict[str, int] | None = None) -> None:
        """`quantity_digits`: behind the point, by instrument; whole securities where nothing is said."""
        self._quantity_digits = quantity_digits or {}
        self.digits = {one.name: one.digits for one in terms.currencies}
        self.currency = {one.name: terms.currencies[one.currency].name for one in terms.instruments}
        self.policy = {one.name: one.policy for one in terms.instruments}
        self.instrument_of: dict[str, str] = {}
        """Of corporate events, by ca_id; only their EVENT_SET says it."""

    def is_gross(self, isin: str) -> bool:
        """Is every trade of the instrument settled alone (C24)?"""
        return self.policy[isin] in (Policy.GROSS_GROSS, Policy.GROSS_NET)

    def money(self, minor: int, ccy: str) -> str:
        """An amount with the decimals of its currency."""
        return f"{grouped(minor, self.digits[ccy])} {ccy}"

    def quantity(self, units: int, isin: str) -> str:
        """A quantity without its sign, with the decimals of its instrument."""
        return grouped(abs(units), self._quantity_digits.get(isin, 0))

    def securities(self, units: int, isin: str) -> str:
        """A quantity and its instrument: `400 ACME`."""
        return f"{self.quantity(units, isin)} {isin}"

    def price_of(self, minor: int, isin: str) -> str:
        """An amount in the currency of an instrument, without its sign."""
        return self.money(abs(minor), self.currency[isin])

    def owes(self, isin: str, quantity: int, minor: int) -> str:
        """What a party has to do, signed as it sees it: `delivers 400 ACME, receives 20,000.00 USD`."""
        securities = f"{'receives' if quantity > 0 else 'delivers'} {self.securities(quantity, isin)}"
        if not minor:
            return f"{securities} for nothing" if quantity else "owes nothing"
        paid = self.pays(minor, self.currency[isin])
        return f"{securities}, {paid}" if quantity else paid

    def pays(self, minor: int, ccy: str) -> str:
        """`receives 5.00 USD`, or `pays` it."""
        return f"{'pays' if minor < 0 else 'receives'} {self.money(abs(minor), ccy)}"

    def left(self, isin: str, quantity: int, minor: int) -> str:
        """What is still open, signed as the party sees it."""
        parts = []
        if quantity:
            parts.append(
                f"{self.securities(quantity, isin)} {'to receive' if quantity > 0 else 'to deliver'}"
            )
        if minor:
            parts.append(f"{self.price_of(minor, isin)} {'to receive' if minor > 0 else 'to pay'}")
        return " and ".join(parts) or "nothing left"


def party_of(one: Json) -> str:
    """The party of an event or a command: `A/HOUS`."""
    return f"{one['member']}/{one['account']}"
