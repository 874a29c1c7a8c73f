"""SPAN as the margin method of the machine: parameters as JSON, risk arrays in minor units.

    {"commodities": [{"code": "NX", "spreads": [{"legs": [["202603", "A"], ["202606", "B"]], "charge": 150}],
                      "short_option_minimum": 0, "scan_tiers": [{"last": "202603"}, {"first": "202604"}],
                      "spot_months": [{"period": "202603", "spread": 20, "outright": 50}]}],
     "contracts": [{"instrument": "NXH6", "commodity": "NX", "period": "202603", "kind": "FUT",
                    "array": [16 losses of +1 unit], "delta": "1", "value": 0}],
     "inter_spreads": [{"legs": [["NX", "A", "1", "70"], ["BX", "B", "1", "70"]]}]}

Losses, charges and values are minor units of the margin currency for a quantity of one unit, so nothing is
rounded before the end. The algorithm is `novate.clearing.margin.span` under its standard policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Literal

import msgspec
import numpy as np

from novate.clearing.house_terms import HouseTerms
from novate.clearing.margin.span.model import (
    PAIRS,
    SCENARIOS,
    Commodity,
    ContractKind,
    Contracts,
    Family,
    Leg,
    ParameterFile,
    Scaled,
    SpotRate,
    Spread,
    Tier,
)
from novate.clearing.margin.span.model import Side as Right
from novate.clearing.margin.span.numbers import exact
from novate.clearing.margin.span.periods import HIGHEST, LOWEST, canonical, period_key, upper_key
from novate.clearing.margin.span.policy import STANDARD
from novate.clearing.margin.span.problems import SpanProblem
from novate.clearing.margin.span.requirement import SpanMargin
from novate.clearing.margin.span.tables import Tables
from novate.clearing.margin_day.instruments import instrument_numbers

LARGEST_LOSS = 10**12
"""Minor units of any number of the parameters: with any position it then fits an event."""
LARGEST_DELTA = 10**3
FEWEST_LEGS = 2
DELTA_DECIMALS = 6
RIGHTS = {"FUT": Right.NONE, "CALL": Right.CALL, "PUT": Right.PUT}


class SpreadRow(msgspec.Struct, forbid_unknown_fields=True):
    """A spread within a commodity; legs are [period, side]."""

    legs: list[tuple[str, Literal["A", "B"]]]
    charge: int


class SpotRow(msgspec.Struct, forbid_unknown_fields=True):
    """A delivery month: charges for each delta that spreads took, and for each that is left."""

    period: str
    spread: int = 0
    outright: int = 0


class TierRow(msgspec.Struct, forbid_unknown_fields=True):
    """Periods that are scanned together, both ends included; an end that is not named is open."""

    first: str = ""
    last: str = ""


class CommodityRow(msgspec.Struct, forbid_unknown_fields=True):
    """What is margined together."""

    code: str
    spreads: list[SpreadRow] = []
    short_option_minimum: int = 0
    spot_months: list[SpotRow] = []
    scan_tiers: list[TierRow] = []
    """In this order: a contract belongs to the first that holds its period."""


class ContractRow(msgspec.Struct, forbid_unknown_fields=True):
    """One contract of the house."""

    instrument: str
    commodity: str
    period: str
    array: list[int]
    kind: Literal["FUT", "CALL", "PUT"] = "FUT"
    delta: str = "1"
    value: int = 0
    """Of an option that was paid for: what one unit is worth."""


class InterRow(msgspec.Struct, forbid_unknown_fields=True):
    """A credit across commodities; legs are [commodity, side, ratio, percent]."""

    legs: list[tuple[str, Literal["A", "B"], str, str]]


class ParametersJson(msgspec.Struct, forbid_unknown_fields=True):
    """The whole text."""

    commodities: list[CommodityRow]
    contracts: list[ContractRow]
    inter_spreads: list[InterRow] = []


class SpanMethod:
    """Requirements by SPAN."""

    def __init__(self, terms: HouseTerms, text: bytes) -> None:
        """Raises ValueError for a text that is no set of parameters for this house."""
        found = msgspec.json.decode(text, type=ParametersJson)
        self._row = instrument_numbers(terms, [one.instrument for one in found.contracts])
        try:
            self._span = SpanMargin(Tables(_parameters(found), STANDARD))
        except SpanProblem as problem:
            raise ValueError(str(problem)) from problem

    @property
    def size(self) -> int:
        return len(self._row)

    def covers(self, instrument: int) -> bool:
        return instrument in self._row

    def requirement(self, positions: Mapping[int, int]) -> int:
        held = {self._row[instrument]: Fraction(quantity) for instrument, quantity in positions.items()}
        totals = self._span.margin("", held).totals
        return sum(figures.requirement for figures in totals.values())


def _parameters(found: ParametersJson) -> ParameterFile:
    codes = [one.code for one in found.commodities]
    if len(set(codes)) != len(codes):
        raise ValueError("Expected each commodity once, was one of them twice")
    place = {code: number for number, code in enumerate(codes)}
    for one in found.contracts:
        if one.commodity not in place:
            raise ValueError(
                f"Expected a commodity of the parameters for {one.instrument}, was {one.commodity}"
            )
        if len(one.array) != SCENARIOS or any(abs(loss) > LARGEST_LOSS for loss in (*one.array, one.value)):
            raise ValueError(f"Expected {SCENARIOS} losses of at most {LARGEST_LOSS} of {one.instrument}")
    _require_spreads(found)
    spreads = [(leg[0] for row in one.spreads for leg in row.legs) for one in found.commodities]
    periods = {canonical(one.period) for one in found.contracts}
    periods |= {canonical(period) for some in spreads for period in some}
    # Three families of each commodity: futures, and options by right, which are paid for when traded.
    families = tuple(
        Family("HOUSE", f"{code}-{kind}", code, kind, number, link, Fraction(1), kind is ContractKind.OOP)
        for number, code in enumerate(codes)
        for link, kind in enumerate((ContractKind.FUT, ContractKind.OOP))
    )
    ordered = tuple(sorted(periods, key=period_key))
    return ParameterFile(
        facts={}, rate="1", currencies={"": 0}, caps_option_value=True, rate_classes=(), pairs=PAIRS,
        periods=ordered,
        commodities=tuple(_commodity(number, one) for number, one in enumerate(found.commodities)),
        inter_spreads=tuple(
            Spread(
                priority, True, None,
                tuple(Leg(_known(place, cc), True, "", side, _positive(ratio), exact(rate))
                      for cc, side, ratio, rate in one.legs),
            )
            for priority, one in enumerate(found.inter_spreads, 1)
        ),
        families=families, series=(), contracts=_contracts(found, place, ordered),
        arrays=Scaled(np.array([one.array for one in found.contracts], np.int64).reshape(-1, SCENARIOS), 0),
    )  # fmt: skip


def _require_spreads(found: ParametersJson) -> None:
    rows = [row for one in found.commodities for row in one.spreads]
    charges = [row.charge for row in rows] + [one.short_option_minimum for one in found.commodities]
    months = [row for one in found.commodities for row in one.spot_months]
    charges += [charge for row in months for charge in (row.spread, row.outright)]
    for one in found.commodities:
        named = [canonical(row.period) for row in one.spot_months]
        if len(set(named)) != len(named):
            raise ValueError(f"Expected each delivery month of {one.code} once, was one of them twice")
    if any(not 0 <= charge <= LARGEST_LOSS for charge in charges):
        raise ValueError(f"Expected charges and minimums of 0 to {LARGEST_LOSS}, was another one")
    sizes = [len(row.legs) for row in rows] + [len(row.legs) for row in found.inter_spreads]
    if any(size < FEWEST_LEGS for size in sizes):
        raise ValueError(f"Expected at least {FEWEST_LEGS} legs of a spread, was {min(sizes)}")


def _known(place: Mapping[str, int], code: str) -> int:
    if code not in place:
        raise ValueError(f"Expected a commodity of the parameters in a spread, was {code}")
    return place[code]


def _positive(text: str) -> Fraction:
    ratio = exact(text)
    if ratio <= 0:
        raise ValueError(f"Expected a ratio above zero, was {text}")
    return ratio


def _commodity(number: int, one: CommodityRow) -> Commodity:
    whole = (Tier("1", LOWEST, HIGHEST),)
    spreads = tuple(
        Spread(priority, False, Fraction(row.charge), _legs(number, row))
        for priority, row in enumerate(one.spreads, 1)
    )
    minimum = (Tier("1", LOWEST, HIGHEST, Fraction(one.short_option_minimum)),)
    return Commodity(
        code=one.code, currency="", wfpr_method="NORMAL", charges_spot=True, takes_larger_side=False,
        caps_option_value=None, scan_tiers=_scan_tiers(one), intra_tiers=(), inter_tiers=whole,
        som_tiers=minimum, spreads=spreads, spot_rates=tuple(map(_spot_rate, one.spot_months)), adjusted=(),
    )  # fmt: skip


def _spot_rate(row: SpotRow) -> SpotRate:
    return SpotRate(canonical(row.period), Fraction(row.spread), Fraction(row.outright))


def _scan_tiers(one: CommodityRow) -> tuple[Tier, ...]:
    tiers = tuple(
        Tier(
            str(number),
            period_key(canonical(row.first)) if row.first else LOWEST,
            upper_key(canonical(row.last)) if row.last else HIGHEST,
        )
        for number, row in enumerate(one.scan_tiers, 1)
    )
    if any(tier.lower > tier.upper for tier in tiers):
        raise ValueError(f"Expected scan tiers of {one.code} that end behind their start, was another one")
    return tiers


def _legs(number: int, row: SpreadRow) -> tuple[Leg, ...]:
    return tuple(Leg(number, False, canonical(period), side, Fraction(1), None) for period, side in row.legs)


def _contracts(found: ParametersJson, place: Mapping[str, int], periods: tuple[str, ...]) -> Contracts:
    rows, count = found.contracts, len(found.contracts)
    index = {code: at for at, code in enumerate(periods)}
    deltas = [exact(one.delta) * 10**DELTA_DECIMALS for one in rows]
    if any(delta.denominator != 1 or abs(delta) > LARGEST_DELTA * 10**DELTA_DECIMALS for delta in deltas):
        raise ValueError(f"Expected deltas within {LARGEST_DELTA}, of {DELTA_DECIMALS} decimals, was another")
    ones, nothing = Scaled(np.ones(count, np.int64), 0), Scaled(np.zeros(count, np.int64), 0)
    return Contracts(
        family=np.array([2 * place[one.commodity] + (one.kind != "FUT") for one in rows], np.int32),
        series=np.full(count, -1, np.int32),
        period=np.array([index[canonical(one.period)] for one in rows], np.int32),
        side=np.array([RIGHTS[one.kind] for one in rows], np.int8),
        strike=nothing,
        price=Scaled(np.array([one.value for one in rows], np.int64), 0),
        has_price=np.ones(count, bool),
        factor=ones,
        scaling=ones,
        delta=Scaled(np.array([int(delta) for delta in deltas], np.int64), DELTA_DECIMALS),
        scan_range=nothing,
        has_scan_range=np.zeros(count, bool),
        array=np.arange(count, dtype=np.int32),
    )
