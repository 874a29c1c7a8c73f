"""A house's own parameter file: from what it lists and decides to a model that can be margined and written.

    House, ListedCommodity (futures, series of options)  --publish-->  ParameterFile

Prices and volatilities are real numbers here; arrays and deltas become exact in `pricing.arrays`, prices by
rounding to the listed decimals. Scan ranges are percentages of the underlying's price.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.pricing.arrays import (
    DELTA_DECIMALS,
    Scenarios,
    Terms,
    implied_volatility,
    risk_arrays,
    theoretical_prices,
    whole_units,
)
from novate.clearing.margin.pricing.options_kernel import (
    BACHELIER,
    BINOMIAL,
    BLACK_76,
    BSM,
    CALL,
    LINEAR,
    PUT,
)
from novate.clearing.margin.span.model import (
    PAIRS,
    Commodity,
    ContractKind,
    Contracts,
    Family,
    Leg,
    ParameterFile,
    RateClass,
    Scaled,
    Series,
    Side,
    SpotRate,
    Spread,
    Tier,
)
from novate.clearing.margin.span.numbers import scaled
from novate.clearing.margin.span.periods import HIGHEST, LOWEST, canonical, period_key
from novate.gateway.span.columns import DecimalColumn

RATE = "1"
DAYS_OF_A_YEAR = 365
MODELS = {"black-76": BLACK_76, "bsm": BSM, "bachelier": BACHELIER, "binomial": BINOMIAL}
ON_CASH = ("bsm", "binomial")


@dataclass(frozen=True, slots=True)
class ListedFuture:
    """A future and its settlement price."""

    period: str
    expiry: date
    price: str


@dataclass(frozen=True, slots=True)
class ListedSeries:
    """Options of one expiry: a call and a put for each strike."""

    code: str
    period: str
    expiry: date
    model: str
    strikes: Sequence[str]
    underlying: str
    """Period of the future, or empty for options on the cash price."""
    volatility: Sequence[float]
    """One a strike; empty where settlement prices are given."""
    settlement: Sequence[tuple[float, float]] = ()
    """Prices of call and put a strike, from which volatilities are implied."""
    rate: float = 0.0
    carry: float = 0.0


@dataclass(frozen=True, slots=True)
class ListedCommodity:
    """Everything that is margined together."""

    code: str
    currency: str
    exchange: str
    multiplier: str
    price_scan_percent: float
    vol_scan: float
    cash_price: str = ""
    short_option_minimum: Fraction = Fraction(0)
    calendar_charge: Fraction | None = None
    """Money per pair of periods; None for no charge."""
    delivery: tuple[SpotRate, ...] = ()
    futures: tuple[ListedFuture, ...] = ()
    options: tuple[ListedSeries, ...] = ()


@dataclass(frozen=True, slots=True)
class House:
    """Who publishes, when, and by which scenarios."""

    name: str
    business_date: date
    currencies: dict[str, int]
    scenarios: Scenarios = field(default_factory=Scenarios)


@dataclass(slots=True)
class _Row:
    """A contract before it is a row of columns."""

    family: int
    series: int
    period: str
    side: int
    strike: str
    price: str
    has_range: bool


_Numbers = tuple[int, int, float, float, float, float, float, float, float, float, float]
"""Model, side, underlying, strike, volatility, time, rate, carry, multiplier, price scan, volatility scan."""


@dataclass(slots=True)
class _Building:
    house: House
    families: list[Family] = field(default_factory=list)
    series: list[tuple[int, str, str, Fraction]] = field(default_factory=list)
    rows: list[_Row] = field(default_factory=list)
    numbers: list[_Numbers] = field(default_factory=list)
    decimals: list[int] = field(default_factory=list)
    settled: list[float] = field(default_factory=list)
    """Settlement price of an option that has one, else NaN."""
    ranges: list[Fraction] = field(default_factory=list)

    def time_to(self, expiry: date) -> float:
        """Years, at least one day."""
        return max((expiry - self.house.business_date).days, 1) / DAYS_OF_A_YEAR


def publish(house: House, commodities: Sequence[ListedCommodity]) -> ParameterFile:
    """The parameter file of a house. ValueError for a listing that cannot be priced."""
    building = _Building(house)
    for number, one in enumerate(commodities):
        _list_commodity(building, number, one)
    terms = _terms(building)
    price, _ = theoretical_prices(terms)
    decimals = max(house.currencies.values(), default=2)
    losses, deltas = risk_arrays(terms, house.scenarios, decimals)
    codes = {row.period for row in building.rows}
    periods = tuple(sorted(codes, key=period_key))
    index = {code: at for at, code in enumerate(periods)}
    return ParameterFile(
        facts=_facts(house),
        rate=RATE,
        currencies=dict(house.currencies),
        caps_option_value=True,
        rate_classes=(RateClass(RATE, "1", "S", "1"),),
        pairs=PAIRS,
        periods=periods,
        commodities=tuple(_commodity(number, one) for number, one in enumerate(commodities)),
        inter_spreads=(),
        families=tuple(building.families),
        series=tuple(
            Series(family, index[period], index.get(under, -1), scan_range, Fraction(1))
            for family, period, under, scan_range in building.series
        ),
        contracts=_contracts(building, index, commodities, price, deltas),
        arrays=Scaled(losses, decimals),
    )


def _facts(house: House) -> dict[str, str]:
    day = house.business_date.strftime("%Y%m%d")
    return {
        "fileFormat": "4.00",
        "created": f"{day}0000",
        "date": day,
        "isSetl": "1",
        "setlQualifier": "final",
        "ec": house.name,
        "name": house.name,
        "isContractScale": "0",
        "isNetMargin": "1",
        "lookAheadYears": f"{house.scenarios.look_ahead:.6f}",
        "finalizeMeth": "",
        "oopDeltaMeth": "",
    }


def _list_commodity(building: _Building, number: int, one: ListedCommodity) -> None:
    futures = {canonical(future.period): future for future in one.futures}
    multiplier = Fraction(one.multiplier)
    if one.cash_price:
        _family(building, number, one, ContractKind.PHY, one.code)
        _single(building, one, one.cash_price, "000000", 0.0)
    if futures:
        _family(building, number, one, ContractKind.FUT, one.code)
        for period, future in futures.items():
            _single(building, one, future.price, period, building.time_to(future.expiry))
    codes: dict[str, ContractKind] = {}
    for series in one.options:
        if series.model not in MODELS:
            raise ValueError(f"{one.code}: expected a model of {', '.join(MODELS)}, was {series.model!r}")
        kind = ContractKind.OOF if series.underlying else ContractKind.OOP
        if codes.setdefault(series.code, kind) is not kind:
            raise ValueError(f"{series.code}: expected options on futures or on cash, was both")
    for code, kind in codes.items():
        family = _family(building, number, one, kind, code)
        for series in one.options:
            if series.code == code:
                _list_series(building, family, one, series, futures, multiplier)


def _family(building: _Building, number: int, one: ListedCommodity, kind: ContractKind, code: str) -> int:
    mine = [family for family in building.families if family.commodity == number]
    premium = kind in (ContractKind.OOP, ContractKind.OOF)
    identifier = str(len(building.families) + 1)
    building.families.append(
        Family(one.exchange, identifier, code, kind, number, len(mine), Fraction(1), premium)
    )
    return len(building.families) - 1


def _scan_range(price: float, one: ListedCommodity) -> float:
    return abs(price) * one.price_scan_percent / 100


def _single(building: _Building, one: ListedCommodity, price: str, period: str, time: float) -> None:
    """A future or the cash product: worth its price."""
    decimals = building.house.currencies.get(one.currency, 2)
    multiplier, value = float(one.multiplier), float(price)
    scan = _scan_range(value, one)
    building.rows.append(_Row(len(building.families) - 1, -1, period, 0, "0", price, True))
    building.numbers.append((LINEAR, 0, value, 0.0, 0.0, time, 0.0, 0.0, multiplier, scan, one.vol_scan))
    building.decimals.append(decimals)
    building.settled.append(float("nan"))
    building.ranges.append(_money(scan * multiplier, decimals))


def _money(amount: float, decimals: int) -> Fraction:
    return Fraction(int(whole_units(np.array([amount]), decimals)[0]), 10**decimals)


def _list_series(
    building: _Building,
    family: int,
    one: ListedCommodity,
    series: ListedSeries,
    futures: dict[str, ListedFuture],
    multiplier: Fraction,
) -> None:
    under = canonical(series.underlying) if series.underlying else ""
    if (under and under not in futures) or (not under and not one.cash_price):
        found = under or "no cash price"
        raise ValueError(f"{series.code} {series.period}: expected an underlying of {one.code}, was {found}")
    spot = float(futures[under].price) if under else float(one.cash_price)
    decimals = building.house.currencies.get(one.currency, 2)
    scan = _scan_range(spot, one)
    number = len(building.series)
    period = canonical(series.period)
    building.series.append((family, period, under, _money(scan * float(multiplier), decimals)))
    time, model = building.time_to(series.expiry), MODELS[series.model]
    given = series.volatility or [float("nan")] * len(series.strikes)
    if len(given) != len(series.strikes) or (not series.volatility and len(series.settlement) != len(given)):
        raise ValueError(
            f"{series.code} {series.period}: expected a volatility or two prices for each strike"
        )
    sizes = (float(multiplier), scan, one.vol_scan)
    for at, strike in enumerate(series.strikes):
        for side in (CALL, PUT):
            building.rows.append(_Row(family, number, period, side, strike, "", False))
            building.numbers.append(
                (model, side, spot, float(strike), given[at], time, series.rate, series.carry, *sizes)
            )
            building.decimals.append(decimals)
            building.settled.append(series.settlement[at][side - 1] if series.settlement else float("nan"))
            building.ranges.append(Fraction(0))


def _terms(building: _Building) -> Terms:
    """All contracts as columns, volatilities implied where settlement prices are given."""
    columns = list(zip(*building.numbers, strict=True)) or [()] * 11
    arrays: list[Any] = [
        *(np.array(column, np.int64) for column in columns[:2]),
        *(np.array(column, np.float64) for column in columns[2:]),
    ]
    terms = Terms(*arrays)
    settled = np.array(building.settled)
    known = ~np.isnan(settled)
    if known.any():
        vol = np.where(known, implied_volatility(terms, np.where(known, settled, 0.0)), terms.vol)
        lost = np.flatnonzero(known & np.isnan(vol))
        if len(lost):
            row = building.rows[int(lost[0])]
            place = f"{building.families[row.family].code} {row.period} {row.strike}"
            raise ValueError(f"{place}: expected a price that some volatility gives, was {settled[lost[0]]}")
        terms.vol[:] = vol
    return terms


def _contracts(
    building: _Building,
    index: dict[str, int],
    commodities: Sequence[ListedCommodity],
    price: npt.NDArray[np.float64],
    deltas: npt.NDArray[np.int64],
) -> Contracts:
    rows = building.rows
    count = len(rows)
    family = np.array([row.family for row in rows], np.int32)
    multiplier = [scaled(commodities[building.families[row.family].commodity].multiplier) for row in rows]
    settled = np.array(building.settled)
    shown = np.where(np.isnan(settled), price, settled)
    units = whole_units(np.maximum(shown, 0.0), 2)
    prices = [scaled(row.price) if row.price else (int(units[at]), 2) for at, row in enumerate(rows)]
    ranges = [(value.numerator * 10**9 // value.denominator, 9) for value in building.ranges]
    return Contracts(
        family=family,
        series=np.array([row.series for row in rows], np.int32),
        period=np.array([index[row.period] for row in rows], np.int32),
        side=np.array([Side(row.side) for row in rows], np.int8),
        strike=_column(scaled(row.strike) for row in rows),
        price=_column(prices),
        has_price=np.ones(count, np.bool_),
        factor=_column(multiplier),
        scaling=_column((1, 0) for _ in rows),
        delta=_column((int(delta), DELTA_DECIMALS) for delta in deltas),
        scan_range=_column(ranges),
        has_scan_range=np.array([row.has_range for row in rows], np.bool_),
        array=np.arange(count, dtype=np.int32),
    )


def _column(values: Iterable[tuple[int, int]]) -> Scaled:
    found = list(values)
    column = DecimalColumn(len(found))
    for row, (units, decimals) in enumerate(found):
        column.put(row, units, decimals)
    return column.finished()


def _commodity(number: int, one: ListedCommodity) -> Commodity:
    whole = (Tier("1", LOWEST, HIGHEST),)
    return Commodity(
        code=one.code,
        currency=one.currency,
        wfpr_method="",
        charges_spot=bool(one.delivery),
        takes_larger_side=False,
        caps_option_value=None,
        scan_tiers=(),
        intra_tiers=whole,
        inter_tiers=whole,
        som_tiers=(Tier("1", LOWEST, HIGHEST, one.short_option_minimum),),
        spreads=tuple(_calendar(number, one)),
        spot_rates=one.delivery,
        adjusted=(),
    )


def _calendar(number: int, one: ListedCommodity) -> Iterable[Spread]:
    """Every pair of periods, nearest together first."""
    if one.calendar_charge is None:
        return
    listed = {canonical(each.period) for each in one.futures}
    listed |= {canonical(each.period) for each in one.options}
    codes = sorted(listed, key=period_key)
    pairs = [(near, far) for near in range(len(codes)) for far in range(near + 1, len(codes))]
    for priority, (near, far) in enumerate(sorted(pairs, key=lambda pair: (pair[1] - pair[0], pair)), 1):
        sides = ((near, "A"), (far, "B"))
        legs = tuple(Leg(number, False, codes[at], side, Fraction(1), None) for at, side in sides)
        yield Spread(priority, False, one.calendar_charge, legs)
