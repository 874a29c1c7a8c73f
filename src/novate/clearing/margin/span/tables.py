"""What the risk of one parameter file under one policy needs at hand, derived once.

delta period of every contract        (OOF: that of its future, or its own, by the policy)
spreads of each commodity in order    (series first, or one list by priority)
price scan range per period           R of span-rules.md, section 7
ratios of maintenance and initial     f(r) of section 9
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.model import OPTIONS, Commodity, ContractKind, ParameterFile, Spread
from novate.clearing.margin.span.periods import period_key
from novate.clearing.margin.span.policy import Policy
from novate.clearing.margin.span.problems import Kind, SpanProblem

MISSING = -1
_Source = tuple[int, int, int, Fraction]
"""Rank of the kind, of the link, file order, then R."""


class Tables:
    """Derived once per parameter file and policy; reads only.

    SpanProblem for what is found only then: an underlying that is missing, a circle of adjusted rates.
    """

    def __init__(self, parameters: ParameterFile, policy: Policy) -> None:
        if parameters.rate != policy.rate:
            raise ValueError(f"Expected parameters of rate {policy.rate}, was {parameters.rate}")
        self.parameters = parameters
        self.policy = policy
        self.keys = [period_key(code) for code in parameters.periods]
        self.commodity: npt.NDArray[np.int32] = _by_family(
            parameters, [family.commodity for family in parameters.families]
        )
        self.delta_period = self._delta_periods()
        self.is_option = (
            _by_family(parameters, [int(one.kind in OPTIONS) for one in parameters.families]) == 1
        )
        self.is_premium = (
            _by_family(parameters, [int(one.is_premium_style) for one in parameters.families]) == 1
        )
        self.intra = [self._ordered(commodity) for commodity in parameters.commodities]
        self.ranges = self._scan_ranges()
        self.initial_rate = self._initial_rate()
        self.ratios = [
            (self._ratio(one, policy.rate), self._ratio(one, self.initial_rate))
            for one in parameters.commodities
        ]
        """f(r) of each commodity for the selected rate and for the initial one."""

    def method(self, commodity: Commodity) -> str:
        """How the weighted futures price risk of a commodity is found."""
        return commodity.wfpr_method or self.policy.wfpr_default

    def is_capped(self, commodity: Commodity) -> bool:
        """Whether option value counts only up to the commodity's own risk."""
        if self.policy.cap_anov != "file":
            return self.policy.cap_anov == "true"
        for flag in (commodity.caps_option_value, self.parameters.caps_option_value):
            if flag is not None:
                return flag
        return self.policy.cap_anov_default == "true"

    def _ratio(self, commodity: Commodity, rate: str) -> Fraction:
        """f(r): the values of adjRate from `rate` along its bases. SpanProblem for a circle of them."""
        adjusted = {one.rate: one for one in commodity.adjusted}
        factor, seen = Fraction(1), set()
        while rate in adjusted:
            if rate in seen:
                place = f"ccDef {commodity.code}: adjRate"
                raise SpanProblem(
                    Kind.SCHEMA, place, "rates with an end to their bases", f"a circle at {rate}"
                )
            seen.add(rate)
            factor *= adjusted[rate].value
            base = adjusted[rate].base
            if base in (rate, self.policy.rate):
                break
            rate = base
        return factor

    def _delta_periods(self) -> npt.NDArray[np.int32]:
        by_series = []
        for one in self.parameters.series:
            family = self.parameters.families[one.family]
            if family.kind is ContractKind.OOF and self.policy.oof_delta_period == "underlying":
                if one.underlying == MISSING:
                    place = f"OOF {family.code} series {self.parameters.periods[one.period]}"
                    expected = "a future of the file as its underlying (undC)"
                    raise SpanProblem(Kind.UNKNOWN_UNDERLYING, place, expected, "none")
                by_series.append(one.underlying)
            else:
                by_series.append(one.period)
        contracts = self.parameters.contracts
        # A contract without series has -1 and would find the last entry; the choice below drops it.
        found = np.array([*by_series, 0], np.int32)[contracts.series]
        return np.where(contracts.series >= 0, found, contracts.period).astype(np.int32)

    def _ordered(self, commodity: Commodity) -> tuple[Spread, ...]:
        def rank(spread: Spread) -> tuple[bool, int]:
            has_tier = any(leg.tiered for leg in spread.legs)
            return has_tier and self.policy.intra_order == "series_first", spread.priority

        return tuple(sorted(commodity.spreads, key=rank))

    def _scan_ranges(self) -> dict[tuple[int, int], Fraction]:
        """R by (commodity, period): of FUT before PHY before options, lower link, file order."""
        best: dict[tuple[int, int], _Source] = {}

        def offer(
            family_number: int, period: int, order: int, scan_range: Fraction, scaling: Fraction
        ) -> None:
            family = self.parameters.families[family_number]
            rank = min(int(family.kind), int(ContractKind.OOP))
            source = (rank, family.link, order, Fraction(scan_range, scaling))
            key = (family.commodity, period)
            if key not in best or source[:3] < best[key][:3]:
                best[key] = source

        contracts = self.parameters.contracts
        for row in np.flatnonzero(contracts.has_scan_range).tolist():
            offer(
                int(contracts.family[row]),
                int(contracts.period[row]),
                row,
                contracts.scan_range.value(row),
                contracts.scaling.value(row),
            )
        for order, one in enumerate(self.parameters.series):
            if one.scan_range is not None:
                underlying = self.policy.oof_delta_period == "underlying" and one.underlying != MISSING
                offer(
                    one.family,
                    one.underlying if underlying else one.period,
                    order,
                    one.scan_range,
                    one.scaling,
                )
        return {key: source[3] for key, source in best.items()}

    def _initial_rate(self) -> str:
        if self.policy.initial_rate != "auto":
            return self.policy.initial_rate
        classes = self.parameters.rate_classes
        own = next((one for one in classes if one.rate == self.policy.rate), None)
        if own is None:
            return self.policy.rate
        same = (own.is_customer, own.account_type)
        for one in classes:
            if (one.is_customer, one.account_type) == same and one.is_maintenance == "0":
                return one.rate
        return self.policy.rate


def _by_family(parameters: ParameterFile, values: list[int]) -> npt.NDArray[np.int32]:
    """A value of each contract's family."""
    return np.array([*values, MISSING], np.int32)[parameters.contracts.family]
