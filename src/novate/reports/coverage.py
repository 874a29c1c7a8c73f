"""Is coverage what was asked for? Tests of the exceptions of a backtest.

    proportion of failures   x of n days against p        Kupiec (1995), chi-squared, 1 degree of freedom
    independence             does one follow another?     Christoffersen (1998), 1 degree of freedom
    conditional coverage     both at once                 2 degrees of freedom

A likelihood ratio is -2 log(L(asked) / L(found)); its p-value is the chance of one at least as large if the
method is right. These are statements about a model, not amounts: real numbers, and nothing else uses them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Any

from novate.clearing.margin.coverage import Coverage
from novate.clearing.margin.span.numbers import shown
from novate.domain.units import format_decimal


class Verdict(StrEnum):
    """What the test of the proportion says."""

    COVERED = "covered"
    NOT_COVERED = "not covered"
    MORE_THAN_ASKED = "more covered than asked"


@dataclass(frozen=True, slots=True)
class Ratio:
    """A likelihood ratio and its p-value."""

    statistic: float
    p_value: float


@dataclass(frozen=True, slots=True)
class CoverageTest:
    """The tests of one series."""

    days: int
    exceptions: int
    expected: float
    kupiec: Ratio
    independence: Ratio
    conditional: Ratio
    verdict: Verdict
    clusters: bool
    """Whether exceptions follow each other more than chance says."""


def kupiec(days: int, exceptions: int, share: float) -> Ratio:
    """Whether `exceptions` of `days` fit a share of `share`; proportion of failures."""
    found = exceptions / days
    asked = _log_likelihood(days - exceptions, exceptions, share)
    return _one_degree(-2 * (asked - _log_likelihood(days - exceptions, exceptions, found)))


def independence(hits: Sequence[bool]) -> Ratio:
    """Whether an exception makes another on the next day more likely."""
    counts = [[0, 0], [0, 0]]
    for before, after in pairwise(hits):
        counts[before][after] += 1
    (calm, first), (last, twice) = counts
    pairs = len(hits) - 1
    if pairs < 1:
        return Ratio(0.0, 1.0)
    together = (first + twice) / pairs
    apart = _log_likelihood(calm, first, _share(first, calm)) + _log_likelihood(
        last, twice, _share(twice, last)
    )
    return _one_degree(-2 * (_log_likelihood(calm + last, first + twice, together) - apart))


def coverage_test(hits: Sequence[bool], share: float, significance: float) -> CoverageTest:
    """All tests of a series that has at least one day."""
    days, exceptions = len(hits), sum(hits)
    proportion, alone = kupiec(days, exceptions, share), independence(hits)
    both = proportion.statistic + alone.statistic
    verdict = Verdict.COVERED
    if proportion.p_value < significance:
        verdict = Verdict.NOT_COVERED if exceptions > share * days else Verdict.MORE_THAN_ASKED
    return CoverageTest(
        days=days,
        exceptions=exceptions,
        expected=share * days,
        kupiec=proportion,
        independence=alone,
        conditional=Ratio(both, math.exp(-both / 2)),
        verdict=verdict,
        clusters=alone.p_value < significance,
    )


def coverage_data(one: Coverage, test: CoverageTest, decimals: int | None) -> dict[str, Any]:
    """One series for JSON; amounts with the decimals of the currency, or as the file has them."""

    def money(amount: Any) -> str:
        return shown(amount) if decimals is None else format_decimal(int(amount), decimals)

    return {
        "account": one.account,
        "currency": one.currency,
        "days": test.days,
        "exceptions": test.exceptions,
        "expected": round(test.expected, 4),
        "verdict": test.verdict.value,
        "clusters": test.clusters,
        **{
            name: {"statistic": round(ratio.statistic, 6), "p_value": round(ratio.p_value, 6)}
            for name, ratio in (
                ("kupiec", test.kupiec),
                ("independence", test.independence),
                ("conditional", test.conditional),
            )
        },
        "exception_days": [
            {"day": each.day, "requirement": money(each.requirement), "loss": money(each.loss)}
            for each in one.exceptions
        ],
    }


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part else 0.0


def _log_likelihood(misses: int, hits: int, share: float) -> float:
    """Of independent days; a term that occurs never counts nothing, whatever its probability."""
    missed = misses * math.log1p(-share) if misses else 0.0
    return missed + (hits * math.log(share) if hits else 0.0)


def _one_degree(statistic: float) -> Ratio:
    # Rounding can bring a ratio of equal likelihoods a little below zero.
    positive = max(0.0, statistic)
    return Ratio(positive, math.erfc(math.sqrt(positive / 2)))
