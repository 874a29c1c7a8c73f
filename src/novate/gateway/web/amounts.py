"""Numbers of the core as canonical decimals, and back: no trailing zeros, no exponent, no fraction of a tick.

18250 ticks of 0.01 --> "182.5"          "182.50", "182.5", 182 --> ticks, or PRICE_OFF_TICK
"""

from __future__ import annotations

from collections.abc import Callable

from novate.domain.codes import RowReject
from novate.domain.configuration import Configuration
from novate.domain.instruments import Instrument, MarketTerms
from novate.domain.resolve import Asset, MarketScale, assets, delivered_asset, market_scales, venue_terms
from novate.domain.units import format_decimal, parse_signed, rescale
from novate.gateway.findings import shown
from novate.gateway.web.codes import WebRefused, WebReject

_KEPT = 100_000
_LONGEST_KEPT = 24


def canonical(text: str) -> str:
    """A decimal without zeros at its end."""
    return text.rstrip("0").rstrip(".") if "." in text else text


class MarketScreen:
    """One market as the web shows it."""

    def __init__(self, number: int, instrument: Instrument, scale: MarketScale, terms: MarketTerms) -> None:
        self.number = number
        self.symbol = instrument.symbol
        self.instrument = instrument
        self.terms = terms
        self._scale = scale
        self._prices: dict[int, str] = {}
        self._quantities: dict[int, str] = {}
        self._ticks: dict[str | int, int] = {}
        self._lots: dict[str | int, int] = {}

    def price(self, ticks: int) -> str:
        """A price in ticks as its canonical decimal."""
        text = self._prices.get(ticks)
        if text is None:
            text = canonical(self._scale.price_text(ticks))
            if len(self._prices) < _KEPT:
                self._prices[ticks] = text
        return text

    def quantity(self, lots: int) -> str:
        """A quantity in lots as its canonical decimal."""
        text = self._quantities.get(lots)
        if text is None:
            text = canonical(self._scale.quantity_text(lots))
            if len(self._quantities) < _KEPT:
                self._quantities[lots] = text
        return text

    def ticks(self, value: str | int, field: str) -> int:
        """A decimal as ticks. Raises WebRefused with PRICE_OFF_TICK."""
        return _read(self._ticks, self._scale.ticks, value, RowReject.PRICE_OFF_TICK, field)

    def lots(self, value: str | int, field: str) -> int:
        """A decimal as lots. Raises WebRefused with QUANTITY_OFF_LOT."""
        return _read(self._lots, self._scale.lots, value, RowReject.QUANTITY_OFF_LOT, field)


def _read(
    known: dict[str | int, int],
    units_of: Callable[[str], int],
    value: str | int,
    off: RowReject,
    field: str,
) -> int:
    """A decimal as whole units, remembered; what one sender makes up must not fill the memory."""
    units = known.get(value)
    if units is None:
        text = str(value)
        try:
            units = units_of(text)
        except ValueError as error:
            raise WebRefused(off, _sentence(error), field) from None
        if len(text) <= _LONGEST_KEPT:
            if len(known) >= _KEPT:
                known.clear()
            known[value] = units
    return units


def _sentence(error: ValueError) -> str:
    text = str(error)
    return text[:1].upper() + text[1:]


class Screens:
    """All markets and assets of a configuration."""

    def __init__(self, configuration: Configuration) -> None:
        scales = market_scales(configuration)
        terms = venue_terms(configuration).markets
        self.markets = [
            MarketScreen(number, instrument, scales[instrument.symbol], terms[number])
            for number, instrument in enumerate(configuration.instruments)
        ]
        self._by_symbol = {market.symbol: market for market in self.markets}
        self.assets: dict[str, Asset] = assets(configuration)
        self._by_number = {asset.number: asset for asset in self.assets.values()}

    def market(self, symbol: str, field: str = "market") -> MarketScreen:
        """The market of a symbol. Raises WebRefused with UNKNOWN_SYMBOL."""
        found = self._by_symbol.get(symbol)
        if found is None:
            message = f"Expected the symbol of a market of GET /v1/markets, was {shown(symbol)}"
            raise WebRefused(WebReject.UNKNOWN_SYMBOL, message, field)
        return found

    def quote_of(self, market: MarketScreen) -> Asset:
        """The asset in which a market's prices and fees are."""
        return self.assets[market.instrument.currency]

    def base_of(self, market: MarketScreen) -> Asset:
        """What a market delivers."""
        return self.assets[delivered_asset(market.instrument)]

    def asset(self, number: int) -> Asset:
        """The asset of a number."""
        return self._by_number[number]

    def money(self, minor: int, asset: Asset) -> str:
        """Minor units as a canonical decimal."""
        return canonical(format_decimal(minor, asset.digits))

    def minor(self, value: str | int, name: str, field: str) -> tuple[int, Asset]:
        """(minor units, asset) of an amount. Raises WebRefused."""
        asset = self.assets.get(name)
        if asset is None:
            names = ", ".join(sorted(self.assets))
            raise WebRefused(WebReject.INVALID_FIELD, f"Expected one of {names}, was {shown(name)}", "asset")
        try:
            return rescale(*parse_signed(str(value)), asset.digits), asset
        except ValueError as error:
            raise WebRefused(WebReject.INVALID_FIELD, _sentence(error), field) from None
