"""Writes expanded positional SPAN files from models: the tests' own way to say the layouts.

    ParameterFile --in_minor_units--> charges without decimals --Writer.lines--> 0, 2 3 C S 4 E, P, B, 8x, 6

Every record is laid by hand here, byte by byte as the public layouts have it, so that a wrong column of the
reader meets a right one. What the format cannot say is left out, and told in `Writer.gaps` by commodity.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from fractions import Fraction

import numpy as np

from novate.clearing.margin.span.model import (
    DEFAULT_DECIMALS,
    Commodity,
    Leg,
    ParameterFile,
    Scaled,
    Side,
    Spread,
    Tier,
)
from novate.clearing.margin.span.periods import HIGHEST, LOWEST

PRICE_RISK = {"NORMAL": "1", "SCANRANGE_CAP": "2", "SCANRANGE": "3"}


class Inexpressible(Exception):  # noqa: N818 - it is a word about a model
    """The format has no place for it."""


def placed(kind: str, *parts: tuple[int, str]) -> str:
    """A line with each text at its first byte, counted from 1."""
    line = [" "] * 200
    for at, text in ((1, kind), *parts):
        assert all(mark == " " for mark in line[at - 1 : at - 1 + len(text)]), (kind, at, text)
        line[at - 1 : at - 1 + len(text)] = text
    return "".join(line).rstrip()


def number(value: Fraction | int, width: int, decimals: int = 0) -> str:
    """Digits of a number that must fit exactly."""
    units = Fraction(value) * Fraction(10**decimals)
    if units.denominator != 1 or not 0 <= units < 10**width:
        raise Inexpressible(f"{value} in {width} digits of which {decimals} behind the point")
    return f"{int(units):0{width}d}"


def signed(value: Fraction | int, width: int, decimals: int = 0) -> str:
    """Digits, and the sign behind them."""
    return number(-value if value < 0 else value, width, decimals) + ("-" if value < 0 else "+")


def day_of(period: str) -> str:
    """What of a period is finer than a month, in two bytes."""
    if len(period) > 8:
        raise Inexpressible(f"period {period} in 8 bytes")
    return period[6:].ljust(2)


def bounds(tier: Tier) -> tuple[str, str, str, str]:
    """Start and end as months, and their days."""
    start = tier.lower.rstrip("0").ljust(6, "0") if tier.lower != LOWEST else "000000"
    end = tier.upper.rstrip("~") if tier.upper != HIGHEST else "999999"
    return start[:6], end[:6], start[6:].ljust(2), end[6:].ljust(2)


def tier_parts(tiers: tuple[Tier, ...], first: int, days: int) -> list[tuple[int, str]]:
    """The slots of a table of tiers."""
    parts = []
    for slot, tier in enumerate(tiers):
        start, end, start_day, end_day = bounds(tier)
        parts.append((first + 14 * slot, number(int(tier.number) or 1, 2) + start + end))
        parts.append((days + 4 * slot, start_day + end_day))
    return parts


def positional_text(model: ParameterFile, wide: bool = False) -> str:
    """The file of a model that the format can express."""
    writer = Writer(model)
    text = "\r\n".join([*writer.lines(wide), ""])
    assert not writer.gaps, writer.gaps
    return text


class Writer:
    """Writes one model; `gaps`: commodity -> what of it the format cannot say."""

    def __init__(self, model: ParameterFile) -> None:
        self.model = model
        self.gaps: dict[int, set[str]] = {}

    def tried(self, commodities: Iterable[int], what: str, make: Callable[[], str]) -> Iterator[str]:
        """The line, or nothing and a gap."""
        try:
            yield make()
        except Inexpressible as reason:
            for one in commodities:
                self.gaps.setdefault(one, set()).add(f"{what}: {reason}")

    def lines(self, wide: bool = False) -> Iterator[str]:
        """The whole file: arrays in 5 digits a value where that is enough, else (or if `wide`) in 8."""
        model = self.model
        yield from head_lines(model)
        for place, one in enumerate(model.commodities):
            yield from commodity_lines(model, place, one)
            for spread in one.spreads:
                yield from self.tried([place], "spread", functools.partial(spread_line, one, spread))
        yield from product_lines(model)
        for row, name in scanned_rows(model):
            owner = model.families[int(model.contracts.family[row])].commodity
            make = functools.partial(scanning_line, model, row, name)
            made = list(self.tried([owner], "price scan range", make))
            yield from made or [scanning_line(model, row, name, without_range=True)]
        yield from array_lines(model, wide)
        for spread in model.inter_spreads:
            places = [leg.cc for leg in spread.legs]
            yield from self.tried(places, "credit", functools.partial(credit_line, spread, model))


def unit_of(model: ParameterFile, one: Commodity) -> int:
    """What the money of a commodity is multiplied by."""
    return int(10 ** max(model.decimals_of(one.currency), DEFAULT_DECIMALS))


def in_minor_units(model: ParameterFile) -> ParameterFile:
    """The same with all money in minor units of its currency, so that charges have no decimals."""
    units = [unit_of(model, one) for one in model.commodities]
    by_row = [units[model.families[family].commodity] for family in model.contracts.family.tolist()]
    times = np.array(by_row, np.int64)
    arrays, contracts = model.arrays, model.contracts
    whole = arrays.units * times[contracts.array.argsort()][:, None]
    assert not (whole % 10**arrays.decimals).any()
    return replace(
        model,
        arrays=Scaled(whole // 10**arrays.decimals, 0),
        contracts=replace(
            contracts,
            factor=Scaled(contracts.factor.units * times, contracts.factor.decimals),
            scan_range=Scaled(contracts.scan_range.units * times, contracts.scan_range.decimals),
        ),
        series=tuple(
            replace(one, scan_range=one.scan_range * units[model.families[one.family].commodity])
            if one.scan_range is not None
            else one
            for one in model.series
        ),
        commodities=tuple(
            _terms_times(one, unit) for one, unit in zip(model.commodities, units, strict=True)
        ),
    )


def _terms_times(one: Commodity, unit: int) -> Commodity:
    return replace(
        one,
        som_tiers=tuple(replace(tier, rate=(tier.rate or Fraction(0)) * unit) for tier in one.som_tiers),
        spreads=tuple(
            spread if spread.weighted else replace(spread, rate=(spread.rate or Fraction(0)) * unit)
            for spread in one.spreads
        ),
        spot_rates=tuple(
            replace(spot, spread=spot.spread * unit, outright=spot.outright * unit) for spot in one.spot_rates
        ),
    )


def head_lines(model: ParameterFile) -> Iterator[str]:
    """Records 0 and 1."""
    facts = model.facts
    yield placed(
        "0 ", (3, facts["ec"]), (9, facts["date"]), (17, "SE"), (24, facts["created"]), (36, "U2"),
        (38, "YN"), (40, "CLR"), (51, "C CUST  S SPEC  1 CORE  M MAINT"),
    )  # fmt: skip
    yield placed("1 ", (3, model.families[0].exchange[:3]), (8, "01"))


def commodity_lines(model: ParameterFile, place: int, one: Commodity) -> Iterator[str]:
    """Records 2, 3, C, S, 4 and E of a commodity."""
    families = [family for family in model.families if family.commodity == place]
    families.sort(key=lambda family: family.link)
    capped = one.caps_option_value if one.caps_option_value is not None else model.caps_option_value
    for at in range(0, max(len(families), 1), 6):
        products = [
            (23 + 16 * slot, f"{family.code:10}{family.kind.name}{model.arrays.decimals}+")
            for slot, family in enumerate(families[at : at + 6])
        ]
        head = f"{one.currency}$P{'Y' if capped else 'N'}"
        exchange = families[0].exchange[:3] if families else "X"
        yield placed("2 ", (3, exchange), (7, one.code[:6]), (13, "0"), (14, head), *products)
    adjusted = {rate.rate: rate.value for rate in one.adjusted}
    ratio = number(adjusted.get("2", Fraction(1)), 4, 3)
    for at in range(0, max(len(one.intra_tiers), 1), 4):
        parts = tier_parts(one.intra_tiers[at : at + 4], 11, 81)
        yield placed("3 ", (3, one.code[:6]), (9, "10"), *parts, (69, "1000" + "1000" + ratio))
    yield from scanning_lines(one)
    yield from delivery_lines(one)


def spread_line(one: Commodity, spread: Spread) -> str:
    """Record C, or E."""
    charge = number(spread.rate or 0, 7)
    tiered = [leg.tiered for leg in spread.legs]
    if spread.weighted or (any(tiered) and not all(tiered)):
        raise Inexpressible("a weighted charge, or one between a tier and a period")
    if tiered[0]:
        legs = "".join(
            f"{at:02d}{number(int(leg.where) or 1, 2)}{number(leg.ratio, 2)}{leg.side}"
            for at, leg in enumerate(spread.legs, 1)
        )
        head = f"10{number(spread.priority, 2)}{number(len(spread.legs), 2)}{charge}"
        return placed("C ", (3, one.code[:6]), (9, head + legs))
    lines = []
    for at in range(0, len(spread.legs), 4):
        legs = "".join(
            f"{leg.where[2:6]}{leg.where[6:]:3}{number(leg.ratio, 6, 4)}{leg.side}"
            for leg in spread.legs[at : at + 4]
        )
        lines.append(placed("E ", (3, one.code[:6]), (9, number(spread.priority, 5) + charge + legs)))
    return "\r\n".join(lines)


def scanning_lines(one: Commodity) -> Iterator[str]:
    """Records S: one for each table, and the method of weighted price risk on each."""
    risk = (83, PRICE_RISK.get(one.wfpr_method or "SCANRANGE_CAP", ""))
    tables = [("22", one.scan_tiers), ("23", one.inter_tiers), ("30", one.som_tiers)]
    if not any(tiers for _, tiers in tables):
        yield placed("S ", (3, one.code[:6]), (9, "01"), risk)
    for method, tiers in tables:
        for at in range(0, len(tiers), 5):
            some = tiers[at : at + 5]
            rates = [
                (104 + 7 * slot, number(tier.rate or 0, 7))
                for slot, tier in enumerate(some)
                if method == "30"
            ]
            head = (9, f"{method}{len(tiers):02d}")
            yield placed("S ", (3, one.code[:6]), head, *tier_parts(some, 13, 84), risk, *rates)


def delivery_lines(one: Commodity) -> Iterator[str]:
    """Records 4, two delivery months on each."""
    for at in range(0, max(len(one.spot_rates), 1), 2):
        parts = []
        for slot, spot in enumerate(one.spot_rates[at : at + 2]):
            rates = number(spot.spread, 7) + number(spot.outright, 7)
            parts += [(13 + 22 * slot, f"{at + slot + 1:02d}{spot.period[:6]}{rates}")]
            parts += [(57 + 2 * slot, day_of(spot.period))]
        method = "1" if one.takes_larger_side else "2"
        head = (9, f"10{len(one.spot_rates):02d}")
        yield placed("4 ", (3, one.code[:6]), head, *parts, (63, "0000000"), (70, "100100100"), (79, method))


def product_lines(model: ParameterFile) -> Iterator[str]:
    """Records P."""
    contracts = model.contracts
    for place, family in enumerate(model.families):
        rows = [row for row in range(len(contracts)) if int(contracts.family[row]) == place]
        factors = {contracts.factor.value(row) for row in rows} or {Fraction(1)}
        if len(factors) > 1:
            raise Inexpressible(f"two value factors of {family.code}")
        decimals = f"{contracts.price.decimals:03d}{contracts.strike.decimals:03d}"
        yield placed(
            "P ", (3, family.exchange[:3]), (6, family.code), (16, family.kind.name), (34, decimals),
            (42, number(factors.pop(), 14, 7)), (74, "00"),
            (117, "EQTY" if family.is_premium_style else "FUT"),
        )  # fmt: skip


def months(model: ParameterFile, row: int) -> tuple[str, str]:
    """Period of the future and of the option; eight blanks where there is none."""
    contracts, blank = model.contracts, " " * 8
    own = model.periods[int(contracts.period[row])]
    own = own[:6] + day_of(own)
    series = int(contracts.series[row])
    if series < 0:
        return ("000000  " if own.startswith("000000") else own), blank
    under = model.series[series].underlying
    return (model.periods[under][:6] + day_of(model.periods[under]) if under >= 0 else blank), own


def named(model: ParameterFile, row: int) -> str:
    """Exchange, product, type and periods as records B begin."""
    family = model.families[int(model.contracts.family[row])]
    future, option = months(model, row)
    return f"{family.exchange[:3]:3}{family.code:10}{family.kind.name}{future} {option}"


def scanned_rows(model: ParameterFile) -> Iterator[tuple[int, str]]:
    """The first contract of every future and series, and its name."""
    seen: set[str] = set()
    for row in range(len(model.contracts)):
        name = named(model, row)
        if name not in seen:
            seen.add(name)
            yield row, name


def array_lines(model: ParameterFile, wide: bool) -> Iterator[str]:
    """The pairs of risk arrays."""
    contracts = model.contracts
    largest = abs(model.arrays.units).max(axis=1)
    for row in range(len(contracts)):
        family = model.families[int(contracts.family[row])]
        future, option = months(model, row)
        side = {Side.CALL: "C", Side.PUT: "P"}.get(Side(int(contracts.side[row])), " ")
        strike, price = contracts.strike.value(row), contracts.price.value(row)
        key = f"{family.exchange[:3]:3}{family.code:10}{family.code:10}{family.kind.name}{side}"
        key += f"{future} {option} {number(abs(strike), 7, contracts.strike.decimals)}"
        width = 8 if wide or largest[row] > 99_999 else 5
        values = [signed(int(value), width) for value in model.arrays.units[row].tolist()]
        long = number(abs(price), 14, contracts.price.decimals)
        is_long = len(long.lstrip("0")) > 7
        first = "".join(values[:9]) + (long + ("Y" if is_long else "N") if contracts.has_price[row] else "")
        tail = ("0" * 7 if is_long else long[7:]) + ("-" if price < 0 else "+")
        tail = tail if contracts.has_price[row] else " " * 8
        delta = signed(contracts.delta.value(row), 5, 4)
        second = "".join(values[9:]) + delta + "0" * 8 + tail + ("-" if strike < 0 else "+")
        kind = 81 if width == 5 else 83
        yield f"{kind}{key}{first}".rstrip()
        yield f"{kind + 1}{key}{second}".rstrip()


def scanning_line(model: ParameterFile, row: int, name: str, without_range: bool = False) -> str:
    """Record B: the price scan range in five digits and an exponent."""
    contracts = model.contracts
    series = int(contracts.series[row])
    size = model.series[series].scan_range if series >= 0 else None
    if series < 0 and contracts.has_scan_range[row]:
        size = contracts.scan_range.value(row)
    scaling = number(contracts.scaling.value(row), 6, 4)
    if size is None or without_range:
        return placed("B ", (3, name), (86, scaling))
    digits, exponent = size, 0
    while digits.denominator != 1:
        digits, exponent = digits * 10, exponent - 1
    while digits >= 10**5 and digits % 10 == 0:
        digits, exponent = digits / 10, exponent + 1
    power = (166, f"{abs(exponent):02d}{'-' if exponent < 0 else '+'}")
    return placed("B ", (3, name), (53, number(digits, 5)), (86, scaling), power)


def credit_line(spread: Spread, model: ParameterFile) -> str:
    """Record 6."""
    if len(spread.legs) > 4 or any(not leg.tiered for leg in spread.legs):
        raise Inexpressible("a credit with more than four legs, or on a period")
    separate = any(leg.rate is not None for leg in spread.legs)
    parts: list[tuple[int, str]] = []
    for at, leg in enumerate(spread.legs):
        parts += credit_leg(at, leg, model)
        if separate:
            parts.append((123 + 7 * at, number(rate_of(leg, spread), 7, 4 if spread.weighted else 2)))
    rate = number(spread.rate or 0, 7, 4 if spread.weighted else 2)
    flags = [(89, "20"), (101, "W" if spread.weighted else "F"), (110, "N"), (122, "Y" if separate else "N")]
    return placed("6 ", (3, "ALL"), (6, number(spread.priority, 4)), (10, rate), *parts, *flags)


def credit_leg(at: int, leg: Leg, model: ParameterFile) -> list[tuple[int, str]]:
    """The columns of one leg."""
    code = model.commodities[leg.cc].code[:6]
    head = f"XSY {code:6}{number(leg.ratio, 7, 4)}{leg.side}"
    return [(17 + 18 * at, head), (102 + 2 * at, f"{int(leg.where or 0):02d}")]


def rate_of(leg: Leg, spread: Spread) -> Fraction:
    """The leg's own rate, else the spread's."""
    return leg.rate if leg.rate is not None else spread.rate or Fraction(0)
