"""What people write for parties, instruments, quantities and money, as the clearing house counts it.

    "ALPINE/HOUS" --> ("ALPINE", "HOUS")        "NOVA" or "US00NOVA0016" --> "US00NOVA0016"
    "0.25" BTC-USD --> 25 units of 0.01          "1000.50" USD --> 100050 minor units

Names that are not configured go on as they are: the house refuses them by its rules. What has no meaning at
all, such as a quantity with too many decimals, is a WrittenError here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from novate.app.conform_clearing_records import PRICE_FORM
from novate.clearing.configured import quantity_digits
from novate.clearing.trades.ladder import NAME_FORM, SOURCE_FORM, is_name, is_source
from novate.clearing.trades.refusals import shown
from novate.domain.configuration import Configuration
from novate.domain.units import format_decimal, parse_decimal, rescale

CURRENCY_FORM = re.compile("[A-Z]{3}", re.ASCII)


class WrittenError(ValueError):
    """Something that cannot be read as what it must be; the message says what, expectation and finding."""


class Names:
    """The names and digits of one configuration."""

    def __init__(self, configuration: Configuration) -> None:
        instruments = configuration.instruments
        self._instruments = {one.symbol: one.clearing_id for one in instruments}
        self._instruments |= {one.clearing_id: one.clearing_id for one in instruments}
        self.symbols = {one.clearing_id: one.symbol for one in instruments}
        """Clearing id -> symbol."""
        self.quantity_digits = {one.clearing_id: quantity_digits(one) for one in instruments}
        self.currency_digits = {name: one.digits for name, one in configuration.currencies.items()}
        self.currency_of = {one.clearing_id: one.currency for one in instruments}
        house = configuration.clearing
        self.max_qty, self.max_amount, self.max_decimals = house.max_qty, house.max_amount, house.max_decimals

    def is_currency(self, asset: str) -> bool:
        """Is it money? Configured currencies are, and three capitals that name no instrument."""
        looks_so = CURRENCY_FORM.fullmatch(asset) is not None and asset not in self._instruments
        return asset in self.currency_digits or looks_so

    def instrument(self, text: str) -> str:
        """Clearing id of an instrument named by it or by its symbol; any other text as it is."""
        return self._instruments.get(text, text)

    def party(self, text: str) -> list[str]:
        """[member, account] of MEMBER/ACCOUNT."""
        member, bar, account = text.partition("/")
        if not (member and bar and account) or "/" in account:
            raise WrittenError(f'party: expected MEMBER/ACCOUNT such as ALPINE/HOUS, was "{text}"')
        return [member, account]

    def units(self, text: str, isin: str) -> int:
        """A quantity in units of its instrument; of an instrument that is not configured, whole ones."""
        return _scaled("quantity", text, self.quantity_digits.get(isin, 0), isin)

    def minor(self, text: str, ccy: str) -> int:
        """An amount in minor units of its currency."""
        return _scaled("amount", text, self.currency_digits.get(ccy, 0), ccy)

    def price(self, text: str) -> str:
        """A price by C1, as it is written; the house keeps every digit."""
        if not PRICE_FORM.fullmatch(text):
            raise WrittenError(f'price: expected a decimal such as 182.50, was "{text}"')
        return text

    def quantity_text(self, units: int, isin: str) -> str:
        """Units with the point where it belongs."""
        return format_decimal(units, self.quantity_digits.get(isin, 0))

    def money_text(self, minor: int, ccy: str) -> str:
        """Minor units with the point where it belongs, and the currency."""
        return f"{format_decimal(minor, self.currency_digits.get(ccy, 0))} {ccy}"


def _scaled(what: str, text: str, digits: int, of: str) -> int:
    try:
        return rescale(*parse_decimal(text), digits)
    except ValueError:
        expected = f"a number above 0 with at most {digits} decimals of {of}"
        raise WrittenError(f'{what}: expected {expected}, was "{text}"') from None


def require_names(command: Mapping[str, Any]) -> None:
    """WrittenError for what a command would name for ever in a form that no file may have either."""
    kind = command["cmd"]
    named = ("source", "trade_id") if kind == "TRADE" else ("ca_id",) if kind in ("DIVIDEND", "SPLIT") else ()
    for name in named:
        text = command.get(name)
        if not isinstance(text, str) or not text or not is_name(text):
            raise WrittenError(f'{name}: expected {NAME_FORM}, was "{shown(str(text))}"')
    if kind == "TRADE" and not is_source(command["source"]):
        raise WrittenError(f'source: expected {SOURCE_FORM}, was "{command["source"]}"')
