"""Margin by historical simulation as lines that a person can follow, and as data.

account A
  EUR, 250 days
    largest losses      2026-01-10                                        27,202.55
    value at risk       the 3rd largest loss of a day                     ...
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from novate.clearing.margin.add_ons import AddOn, AddOnKind
from novate.clearing.margin.historical import AccountHistory, HistoricalFigures, HistoricalRules, Measure
from novate.clearing.margin.span.numbers import shown
from novate.domain.units import format_decimal
from novate.reports.figures import grouped

NAME_WIDTH, WORD_WIDTH, VALUE_WIDTH = 20, 60, 20
AMOUNTS = (
    "value_at_risk",
    "expected_shortfall",
    "unscaled",
    "current",
    "stressed",
    "blended",
    "floor",
    "floored",
    "buffer",
    "requirement",
)


def history_data(risk: AccountHistory) -> dict[str, Any]:
    """One account for JSON; money as texts with all decimals of its currency."""
    return {"totals": {currency: _figures_data(one) for currency, one in risk.totals.items()}}


def _figures_data(one: HistoricalFigures) -> dict[str, Any]:
    def money(amount: int) -> str:
        return format_decimal(amount, one.decimals)

    return {
        "days": one.days,
        "tail": [{"day": loss.day, "loss": money(loss.loss)} for loss in one.tail],
        **{name: money(getattr(one, name)) for name in AMOUNTS},
        "contributions": {code: money(amount) for code, amount in one.contributions.items()},
        "add_ons": [
            {
                "kind": each.kind.value,
                "instrument": each.instrument,
                "basis": shown(each.basis),
                "charge": money(each.charge),
            }
            for each in one.add_ons
        ],
    }


def history_explained(risk: AccountHistory, rules: HistoricalRules) -> Iterator[str]:
    """Lines of one account."""
    yield f"account {risk.account}"
    if not risk.totals:
        yield "  holds nothing: no requirement"
    for currency, one in risk.totals.items():
        yield ""
        yield f"  {currency}, {one.days:,} days at confidence {shown(rules.confidence)}"
        yield from _tail(one)
        yield from _dampened(one, rules)
        for each in one.add_ons:
            yield _line(each.kind.value, add_on_words(each, one.decimals), grouped(each.charge, one.decimals))
        yield _line("requirement", "all of it", grouped(one.requirement, one.decimals))


def _tail(one: HistoricalFigures) -> Iterator[str]:
    name = "largest losses"
    for loss in one.tail:
        yield _line(name, loss.day, grouped(loss.loss, one.decimals))
        name = ""
    words = f"the {_ordinal(len(one.tail))} largest loss of a day"
    yield _line("value at risk", words, grouped(one.value_at_risk, one.decimals))
    words = f"mean of the {len(one.tail)} largest" if len(one.tail) > 1 else "the largest"
    yield _line("expected shortfall", words, grouped(one.expected_shortfall, one.decimals))
    for code, amount in one.contributions.items():
        yield _line("", f"of it {code}", grouped(amount, one.decimals))
    yield _line("unscaled", "the same days as they were", grouped(one.unscaled, one.decimals))


def _dampened(one: HistoricalFigures, rules: HistoricalRules) -> Iterator[str]:
    measure = "value at risk" if rules.measure is Measure.VALUE_AT_RISK else "expected shortfall"
    days = f"{rules.horizon_days} day" + ("" if rules.horizon_days == 1 else "s")
    yield _line("current", f"{measure} over {days}, at least 0", grouped(one.current, one.decimals))
    if rules.stress_weight:
        words = f"the same measure from {rules.stress_first} to {rules.stress_last}"
        yield _line("stressed", words, grouped(one.stressed, one.decimals))
        words = f"{shown(1 - rules.stress_weight)} current + {shown(rules.stress_weight)} stressed"
        yield _line("blended", words, grouped(one.blended, one.decimals))
    if rules.floor_days:
        words = f"at the volatility of the last {rules.floor_days:,} days"
        yield _line("floor", words, grouped(one.floor, one.decimals))
        yield _line("floored", "the larger of the two", grouped(one.floored, one.decimals))
    if rules.buffer:
        words = f"{shown(rules.buffer)} of it"
        if rules.buffer_used:
            words += f", of which {shown(rules.buffer_used)} is given up at present"
        yield _line("buffer", words, grouped(one.buffer, one.decimals))


def add_on_words(one: AddOn, decimals: int) -> str:
    """What a charge is taken of."""
    if one.kind is AddOnKind.CONCENTRATION:
        return f"{one.instrument}: {shown(one.basis)} days of its volume"
    if one.kind is AddOnKind.LIQUIDITY:
        return f"{one.instrument}: {shown(one.basis)} between bid and ask"
    return f"{one.instrument}: {shown(one.basis / 10**decimals)} is lost if its issuer fails"


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{ending}"


def _line(name: str, words: str, value: str) -> str:
    return f"    {name:<{NAME_WIDTH}} {words:<{WORD_WIDTH}} {value:>{VALUE_WIDTH}}".rstrip()
