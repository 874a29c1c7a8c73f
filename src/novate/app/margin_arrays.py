"""`novate margin arrays`: a house's listing in TOML becomes a parameter file with risk arrays of its own.

[house]        name, date, extreme_move, extreme_cover, look_ahead_days
[currencies]   USD = 2
[[commodity]]  code, currency, exchange, multiplier, price_scan_percent, vol_scan, cash_price, ...
  [[commodity.futures]]  period, expiry, price
  [[commodity.options]]  code, period, expiry, model, underlying, strikes, volatility | calls, puts
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import msgspec

from novate.app.problems import RefusedError
from novate.clearing.margin.pricing.arrays import Scenarios
from novate.clearing.margin.span.model import ParameterFile, SpotRate
from novate.clearing.margin.span.numbers import exact
from novate.clearing.margin.span.periods import canonical
from novate.gateway.span.published import (
    DAYS_OF_A_YEAR,
    House,
    ListedCommodity,
    ListedFuture,
    ListedSeries,
    publish,
)

LONGEST_LISTING = 64 * 1024 * 1024


class HouseTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `house`."""

    name: str
    date: date
    extreme_move: float = 2.0
    extreme_cover: float = 0.35
    look_ahead_days: float = 1.0


class FutureTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `commodity.futures`."""

    period: str
    expiry: date
    price: str


class OptionTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `commodity.options`: either one volatility (or one a strike), or prices of calls and puts."""

    code: str
    period: str
    expiry: date
    model: str
    strikes: list[str]
    underlying: str = ""
    volatility: float | list[float] | None = None
    calls: list[float] = []
    puts: list[float] = []
    rate: float = 0.0
    carry: float = 0.0


class DeliveryTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `commodity.delivery`: charges of a delivery month."""

    period: str
    spread: str
    outright: str


class CommodityTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Table `commodity`."""

    code: str
    currency: str
    exchange: str
    multiplier: str
    price_scan_percent: float
    vol_scan: float
    cash_price: str = ""
    short_option_minimum: str = "0"
    calendar_charge: str = ""
    delivery: list[DeliveryTable] = []
    futures: list[FutureTable] = []
    options: list[OptionTable] = []


class Listing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    house: HouseTable
    currencies: dict[str, int]
    commodity: list[CommodityTable]


def publish_file(path: Path) -> ParameterFile:
    """The parameter file of a listing. RefusedError, naming the file, for one that is no listing."""
    if path.stat().st_size > LONGEST_LISTING:
        raise RefusedError(f"{path}: expected at most {LONGEST_LISTING:,} bytes, was more")
    try:
        listing = msgspec.toml.decode(path.read_bytes(), type=Listing)
        return published(listing)
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise RefusedError(f"{path}: {error}") from error


def published(listing: Listing) -> ParameterFile:
    """The parameter file of a listing. ValueError for one that cannot be priced."""
    house = listing.house
    for currency, decimals in listing.currencies.items():
        if not 0 <= decimals <= 9:
            raise ValueError(f"currencies: expected decimals of 0..9, was {currency} = {decimals}")
    scenarios = Scenarios(house.extreme_move, house.extreme_cover, house.look_ahead_days / DAYS_OF_A_YEAR)
    listed = [_commodity(one) for one in listing.commodity]
    return publish(House(house.name, house.date, listing.currencies, scenarios), listed)


def _commodity(one: CommodityTable) -> ListedCommodity:
    return ListedCommodity(
        code=one.code,
        currency=one.currency,
        exchange=one.exchange,
        multiplier=_decimal(one.multiplier, f"{one.code}: multiplier"),
        price_scan_percent=one.price_scan_percent,
        vol_scan=one.vol_scan,
        cash_price=_decimal(one.cash_price, f"{one.code}: cash_price") if one.cash_price else "",
        short_option_minimum=Fraction(exact(one.short_option_minimum)),
        calendar_charge=exact(one.calendar_charge) if one.calendar_charge else None,
        delivery=tuple(
            SpotRate(canonical(each.period), exact(each.spread), exact(each.outright))
            for each in one.delivery
        ),
        futures=tuple(
            ListedFuture(each.period, each.expiry, _decimal(each.price, f"{one.code} {each.period}: price"))
            for each in one.futures
        ),
        options=tuple(_series(each) for each in one.options),
    )


def _series(one: OptionTable) -> ListedSeries:
    volatility = one.volatility if one.volatility is not None else []
    if isinstance(volatility, float):
        volatility = [volatility] * len(one.strikes)
    if bool(volatility) == bool(one.calls or one.puts) or len(one.calls) != len(one.puts):
        found = "both or neither"
        raise ValueError(f"{one.code} {one.period}: expected volatility, or calls and puts, was {found}")
    return ListedSeries(
        code=one.code,
        period=one.period,
        expiry=one.expiry,
        model=one.model,
        strikes=[_decimal(strike, f"{one.code} {one.period}: strike") for strike in one.strikes],
        underlying=one.underlying,
        volatility=volatility,
        settlement=list(zip(one.calls, one.puts, strict=True)),
        rate=one.rate,
        carry=one.carry,
    )


def _decimal(text: str, place: str) -> str:
    try:
        exact(text)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    return text
