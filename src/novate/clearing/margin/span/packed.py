"""Tables of one parameter file and policy as the batch kernel takes them: integers side by side.

    contract   row of its array, commodity, local period, scan block, SOM tier, delta * scaling, price * cvf
    commodity  minor unit, method, ratios, where its spreads, spot rates and ranges begin
    spread     merged legs (a run of the commodity's periods, side, ratio), parts (original legs: percentages)

Periods of a commodity are numbered among themselves in order, so that a tier is a run `first..stop` of them.

Units, all powers of ten: arrays 10**-k, money 10**-m, delta 10**-e, ratios 10**-z, percentages 10**-w, option
value 10**-v. Whatever does not fit, or a policy that the kernel does not know, makes `packed` return None:
the exact way in `requirement.py` computes those.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.model import Commodity, Leg, Scaled, Side, Spread, Tier
from novate.clearing.margin.span.spreads import merged
from novate.clearing.margin.span.tables import Tables

Table = npt.NDArray[Any]
LARGEST = 2**60
MOST_DECIMALS = 17
METHODS = ("NORMAL", "SCANRANGE", "SCANRANGE_CAP")
CALL, PUT, PREMIUM = 1, 2, 4

CONTRACT = np.dtype(
    [
        *((name, "<i4") for name in ("array", "commodity", "period", "block", "tier", "flags")),
        *((name, "<i8") for name in ("delta", "minimum", "value")),
        ("unused", "<i8", (2,)),
    ]
)
"""64 bytes, a line of the cache. `minimum` is the SOM rate, `value` price * cvf of premium-style options."""
_PLACES = ("first_spread", "spreads", "first_spot", "spots", "first_range", "two_sided")
COMMODITY = np.dtype(
    [
        *((name, "<i4") for name in ("currency", "decimals", "periods", "blocks", "tiers", "larger_side")),
        *((name, "<i4") for name in ("method", "capped", *_PLACES)),
        *((name, "<i8") for name in ("ratio", "ratio_part", "initial", "initial_part")),
    ]
)
"""`two_sided`: every spread has a side A and a side B, so one of them needs something long and short."""
SPREAD = np.dtype(
    [
        ("first_leg", "<i4"),
        ("legs", "<i4"),
        ("first_part", "<i4"),
        ("parts", "<i4"),
        ("weighted", "<i8"),
        ("rate", "<i8"),
    ]
)
LEG = np.dtype([("commodity", "<i4"), ("first", "<i4"), ("stop", "<i4"), ("side", "<i4"), ("ratio", "<i8")])
PART = np.dtype([("commodity", "<i8"), ("ratio", "<i8"), ("rate", "<i8")])
SPOT = np.dtype([("period", "<i8"), ("spread", "<i8"), ("outright", "<i8")])
RANGE = np.dtype([("numerator", "<i8"), ("denominator", "<i8")])
"""R of a period as a ratio; denominator 0 where the file gives none."""
K, M, E, Z, W, V = range(6)


@dataclass(frozen=True, slots=True)
class Packed:
    """Everything that the batch kernel reads."""

    arrays: npt.NDArray[np.int64]
    pairs: npt.NDArray[np.int64]
    contracts: Table
    commodities: Table
    spreads: Table
    """Those of the commodities in order, then the ones across them."""
    inter: tuple[int, int, int]
    """First of the spreads across commodities, how many, 1 if the delivery month is charged after them."""
    legs: Table
    parts: Table
    spots: Table
    ranges: Table
    scales: npt.NDArray[np.int64]
    """Decimals k, m, e, z, w, v."""
    currencies: tuple[str, ...]
    most_periods: int
    most_blocks: int
    most_tiers: int


class _TooWide(Exception):  # noqa: N818 - never leaves this module
    """Something does not fit the kernel's integers."""


def packed(tables: Tables) -> Packed | None:
    """The tables, or None if the kernel cannot be used for this file and policy."""
    policy = tables.policy
    plain = (policy.spread_rounding, policy.delta_decimals, policy.rounding_stage, policy.rounding_mode)
    if plain != ("none", "none", "final", "half_up"):
        return None
    try:
        return _Packing(tables).result()
    except _TooWide:
        return None


class _Packing:
    """Collects the tables of one file."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.parameters = tables.parameters
        self.commodities = self.parameters.commodities
        self.local: list[dict[int, int]] = self._local_periods()
        self.legs: list[tuple[int, ...]] = []
        self.parts: list[tuple[int, ...]] = []
        self.spreads: list[tuple[int, ...]] = []
        self.spots: list[tuple[int, ...]] = []
        self.ranges: list[tuple[int, ...]] = []
        self.most_tiers = max((len(one.som_tiers) for one in self.commodities), default=0) + 1
        spreads = [spread for one in tables.intra for spread in one] + list(self.parameters.inter_spreads)
        legs = [leg for spread in spreads for leg in spread.legs]
        money = [spread.rate for spread in spreads if not spread.weighted]
        money += [leg.rate for spread in spreads if not spread.weighted for leg in spread.legs]
        money += [
            rate
            for one in self.commodities
            for spot in one.spot_rates
            for rate in (spot.spread, spot.outright)
        ]
        money += [tier.rate for one in self.commodities for tier in one.som_tiers]
        percent = [spread.rate for spread in spreads if spread.weighted]
        percent += [leg.rate for spread in spreads if spread.weighted for leg in spread.legs]
        contracts = self.parameters.contracts
        self.delta = _multiplied(contracts.delta, contracts.scaling)
        self.value = _multiplied(contracts.price, contracts.factor)
        self.scales = [0] * 6
        self.scales[K] = self.parameters.arrays.decimals
        self.scales[M] = _decimals(money)
        self.scales[E] = self.delta.decimals
        self.scales[Z] = _decimals(leg.ratio for leg in legs)
        self.scales[W] = _decimals(percent)
        self.scales[V] = self.value.decimals

    def result(self) -> Packed:
        rows = [self._commodity(number, one) for number, one in enumerate(self.commodities)]
        first = len(self.spreads)
        for spread in self.parameters.inter_spreads:
            self._spread(spread)
        blocks = [row[3] for row in rows]
        spot_last = int(self.tables.policy.spot_after == "inter")
        return Packed(
            arrays=np.ascontiguousarray(_int64(self.parameters.arrays.units)),
            pairs=np.array(self.parameters.pairs, np.int64),
            contracts=self._contracts(rows),
            commodities=np.array(rows, COMMODITY),
            spreads=np.array(self.spreads, SPREAD),
            inter=(first, len(self.spreads) - first, spot_last),
            legs=np.array(self.legs, LEG),
            parts=np.array(self.parts, PART),
            spots=np.array(self.spots, SPOT),
            ranges=np.array(self.ranges, RANGE),
            scales=np.array(self.scales, np.int64),
            currencies=self._currencies(),
            most_periods=max((len(one) for one in self.local), default=0),
            most_blocks=max(blocks, default=1),
            most_tiers=self.most_tiers,
        )

    def _local_periods(self) -> list[dict[int, int]]:
        """By commodity: number of the period among all -> among its own, ascending."""
        pairs = np.stack([self.tables.commodity, self.tables.delta_period], axis=1)
        found: list[dict[int, int]] = [{} for _ in self.commodities]
        for commodity, period in np.unique(pairs, axis=0).tolist():
            if commodity >= 0:
                found[commodity][period] = len(found[commodity])
        return found

    def _currencies(self) -> tuple[str, ...]:
        return tuple(sorted({one.currency for one in self.commodities}))

    def _commodity(self, number: int, one: Commodity) -> tuple[int, ...]:
        first_spread, first_spot, first_range = len(self.spreads), len(self.spots), len(self.ranges)
        for spread in self.tables.intra[number]:
            self._spread(spread)
        codes = {self.parameters.periods[period]: local for period, local in self.local[number].items()}
        for spot in one.spot_rates if one.charges_spot else ():
            if spot.period in codes:
                rates = (self._units(rate, M) for rate in (spot.spread, spot.outright))
                self.spots.append((codes[spot.period], *rates))
        for period in self.local[number]:
            scan_range = self.tables.ranges.get((number, period))
            pair = (0, 0) if scan_range is None else (scan_range.numerator, scan_range.denominator)
            self.ranges.append((_bounded(pair[0]), _bounded(pair[1])))
        ratio, initial = self.tables.ratios[number]
        if min(ratio, initial) < 0:
            raise _TooWide
        return (
            self._currencies().index(one.currency),
            self.parameters.decimals_of(one.currency),
            len(self.local[number]),
            self._blocks(number, one),
            len(one.som_tiers),
            int(one.takes_larger_side),
            METHODS.index(self.tables.method(one)),
            int(self.tables.is_capped(one)),
            first_spread,
            len(self.spreads) - first_spread,
            first_spot,
            len(self.spots) - first_spot,
            first_range,
            int(all({leg.side for leg in spread.legs} == {"A", "B"} for spread in one.spreads)),
            *(_bounded(part) for value in (ratio, initial) for part in value.as_integer_ratio()),
        )

    def _blocks(self, number: int, one: Commodity) -> int:
        """Blocks of positions that are scanned apart; one where all periods are in the same tier."""
        return len(set(self._places(number, one.scan_tiers))) or 1

    def _places(self, number: int, tiers: tuple[Tier, ...]) -> list[int]:
        """The first tier that holds each local period; len(tiers) where none does."""
        keys = [self.tables.keys[period] for period in self.local[number]]
        return [next((at for at, tier in enumerate(tiers) if tier.holds(key)), len(tiers)) for key in keys]

    def _contracts(self, rows: list[tuple[int, ...]]) -> Table:
        contracts = self.parameters.contracts
        made = np.zeros(len(contracts), CONTRACT)
        made["array"] = contracts.array
        made["commodity"] = self.tables.commodity
        made["flags"] = np.where(contracts.side == Side.CALL, CALL, 0) | np.where(
            contracts.side == Side.PUT, PUT, 0
        )
        made["flags"] |= np.where(self.tables.is_premium, PREMIUM, 0)
        made["delta"] = _int64(self.delta.units)
        made["value"] = np.where(self.tables.is_premium, _int64(self.value.units), 0)
        order = np.argsort(self.tables.commodity, kind="stable")
        bounds = np.searchsorted(self.tables.commodity[order], np.arange(len(rows) + 1))
        for number, one in enumerate(self.commodities):
            mine = order[bounds[number] : bounds[number + 1]]
            if not len(mine):
                continue
            local = self._local_of(number, mine)
            scan = self._places(number, one.scan_tiers)
            numbers = {place: at for at, place in enumerate(sorted(set(scan)))}
            tiers = self._places(number, one.som_tiers)
            minimum = [self._units(tier.rate, M) for tier in one.som_tiers] + [0]
            made["period"][mine] = local
            made["block"][mine] = np.array([numbers[place] for place in scan])[local]
            made["tier"][mine] = np.array(tiers)[local]
            made["minimum"][mine] = np.array(minimum, np.int64)[np.array(tiers)[local]]
        return made

    def _local_of(self, number: int, rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
        periods = np.array(list(self.local[number]), np.int64)
        return np.searchsorted(periods, self.tables.delta_period[rows])

    def _spread(self, spread: Spread) -> None:
        legs = merged(spread.legs)
        self.spreads.append(
            (
                len(self.legs),
                len(legs),
                len(self.parts),
                len(spread.legs),
                int(spread.weighted),
                0 if spread.weighted else self._units(spread.rate, M),
            )
        )
        across = len(self.spreads) > sum(len(one) for one in self.tables.intra)
        for (cc, tiered, where, side), ratio in legs.items():
            first, stop = self._run(cc, tiered, where, across)
            self.legs.append((cc, first, stop, int(side == "B"), self._units(ratio, Z)))
        for leg in spread.legs:
            rate = self._leg_rate(leg, spread)
            self.parts.append(
                (leg.cc, self._units(leg.ratio, Z), self._units(rate, W if spread.weighted else M))
            )

    def _leg_rate(self, leg: Leg, spread: Spread) -> Fraction:
        return leg.rate if leg.rate is not None else spread.rate or Fraction(0)

    def _run(self, cc: int, tiered: bool, where: str, across: bool) -> tuple[int, int]:
        """The local periods of a leg as a run; an empty one where the commodity has no such period."""
        local = self.local[cc]
        if not tiered:
            codes = [self.parameters.periods[period] for period in local]
            at = codes.index(where) if where in codes else -1
            return (at, at + 1) if at >= 0 else (0, 0)
        if where == "" and across:
            return 0, len(local)
        one = self.commodities[cc]
        tier = next(tier for tier in (one.inter_tiers if across else one.intra_tiers) if tier.number == where)
        inside = [at for at, period in enumerate(local) if tier.holds(self.tables.keys[period])]
        return (inside[0], inside[-1] + 1) if inside else (0, 0)

    def _units(self, value: Fraction | None, scale: int) -> int:
        scaled = (value or Fraction(0)) * 10 ** self.scales[scale]
        if scaled.denominator != 1 or scaled < 0:
            raise _TooWide
        return _bounded(int(scaled))


def _bounded(value: int) -> int:
    if abs(value) >= LARGEST:
        raise _TooWide
    return value


def _decimals(values: Iterable[Fraction | None]) -> int:
    """Decimals that show every one of these numbers."""
    most = 0
    for value in values:
        if value is not None:
            while value.denominator != 1 and (value * 10**most).denominator != 1:
                most += 1
                if most > MOST_DECIMALS:
                    raise _TooWide
    return most


def _multiplied(left: Scaled, right: Scaled) -> Scaled:
    """Two columns multiplied row by row, in the coarsest units that show every digit."""
    first, second = _int64(left.units), _int64(right.units)
    largest = (int(np.abs(column).max(initial=0)) for column in (first, second))
    if next(largest) * next(largest) >= LARGEST:
        raise _TooWide
    units, decimals = first * second, left.decimals + right.decimals
    while decimals and not (units % 10).any():
        units, decimals = units // 10, decimals - 1
    return Scaled(units, decimals)


def _int64(units: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    if units.dtype != np.int64 or int(np.abs(units).max(initial=0)) >= LARGEST:
        raise _TooWide
    return units
