"""SPAN margin as a calculation that a person can follow with a pencil.

SP (USD)
  loss by scenario    1 460  2 -610  3 -690 ...
  scan risk           the largest loss: scenario 13 (price -3/3, volatility up)          6,620
  time risk           (460 + -610) / 2                                                     -75
  ...
  requirement         6,620.00 - -4,000.00                                           10,620.00
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from novate.clearing.margin.span.numbers import shown
from novate.clearing.margin.span.result import AccountRisk, CommodityRisk
from novate.reports.figures import grouped
from novate.reports.margin_data import FIGURES

MOVES = (
    "price 0, volatility up",
    "price 0, volatility down",
    "price +1/3, volatility up",
    "price +1/3, volatility down",
    "price -1/3, volatility up",
    "price -1/3, volatility down",
    "price +2/3, volatility up",
    "price +2/3, volatility down",
    "price -2/3, volatility up",
    "price -2/3, volatility down",
    "price +3/3, volatility up",
    "price +3/3, volatility down",
    "price -3/3, volatility up",
    "price -3/3, volatility down",
    "price far up, part of the loss",
    "price far down, part of the loss",
)
NAME_WIDTH, WORD_WIDTH, VALUE_WIDTH = 20, 76, 20


def explained(risk: AccountRisk, decimals: dict[str, int]) -> Iterator[str]:
    """Lines of one account."""
    yield f"account {risk.account}"
    if not risk.commodities:
        yield "  holds nothing: no requirement"
    for one in risk.commodities.values():
        yield ""
        yield from _commodity(one, risk)
    for currency, total in risk.totals.items():
        yield ""
        yield f"  total {currency}"
        words = "sums of the rounded figures above; a requirement is at least 0"
        for name in FIGURES:
            yield _line(name.replace("_", " "), words, grouped(getattr(total, name), decimals[currency]))
            words = ""


def _commodity(risk: CommodityRisk, account: AccountRisk) -> Iterator[str]:
    yield f"  {risk.code} ({risk.currency})"
    yield from _losses(risk)
    yield from _scan(risk)
    yield from _delta(risk)
    yield from _spreads(risk, account)
    yield from _requirement(risk)


def _losses(risk: CommodityRisk) -> Iterator[str]:
    name = "loss by scenario"
    for first in range(0, len(risk.losses), 4):
        cells = []
        for at in range(first, first + 4):
            mark = "*" if at + 1 == risk.active_scenario else " "
            cells.append(f"{at + 1:>2}{mark}{_number(risk.losses[at]):>20}")
        yield f"    {name:<{NAME_WIDTH}}{'  '.join(cells)}".rstrip()
        name = ""


def _scan(risk: CommodityRisk) -> Iterator[str]:
    first, second = _number(risk.losses[0]), _number(risk.losses[1])
    worst = risk.losses[risk.active_scenario - 1]
    partner = risk.losses[risk.paired_scenario - 1]
    largest = f"scenario {risk.active_scenario} ({MOVES[risk.active_scenario - 1]})"
    if worst < 0:
        yield _line("scan risk", f"every scenario is a gain; the smallest in {largest}", risk.scan_risk)
        yield _line("time risk", f"({first} + {second}) / 2", risk.time_risk)
        yield _line("volatility risk", f"({first} - {second}) / 2", risk.volatility_risk)
    else:
        in_blocks = "" if worst == risk.scan_risk else "; summed over scan tiers"
        yield _line("scan risk", f"largest loss: {largest}{in_blocks}", risk.scan_risk)
        yield _line("time risk", f"({first} + {second}) / 2{in_blocks}", risk.time_risk)
        words = f"({_number(worst)} - {_number(partner)} of its pair {risk.paired_scenario}) / 2{in_blocks}"
        yield _line("volatility risk", words, risk.volatility_risk)
    yield _line("price risk", "scan - time - volatility, at least 0", risk.price_risk)


def _delta(risk: CommodityRisk) -> Iterator[str]:
    name = "net delta"
    for period, value in risk.net_delta.items():
        yield _line(name, period, value)
        name = ""
    total = sum(risk.net_delta.values(), Fraction(0))
    words = {
        "NORMAL": f"price risk / |D|, D = {_number(total)}",
        "SCANRANGE": "scan range of the nearest period / scaling",
        "SCANRANGE_CAP": f"price risk / |D|, D = {_number(total)}, at most scan range / scaling",
    }
    yield _line("WFPR", f"{risk.wfpr_method}: {words[risk.wfpr_method]}", risk.wfpr)


def _spreads(risk: CommodityRisk, account: AccountRisk) -> Iterator[str]:
    for one in risk.intra_spreads:
        each = _number(one.charge / one.count)
        words = f"{one.long_side} long: {_number(one.count)} x {each}"
        yield _line(f"  spread {one.priority}", words, one.charge)
    yield _line("intra charge", "sum of the spreads formed", risk.intra_charge)
    yield _line("spot charge", "delivery month: taken by spreads and left over", risk.spot_charge)
    formed = [
        f"spread {one.priority} ({one.long_side} long) {_number(one.count)} times"
        for one in account.inter_spreads
    ]
    words = "; ".join(formed) if risk.inter_credit else "no spread with another commodity"
    yield _line("inter credit", words, risk.inter_credit)
    left = ", ".join(f"{period} {_number(value)}" for period, value in risk.remaining_final.items())
    yield _line("delta left", left, "")


def _requirement(risk: CommodityRisk) -> Iterator[str]:
    figures, decimals = risk.figures, risk.decimals
    total = risk.scan_risk + risk.intra_charge + risk.spot_charge - risk.inter_credit
    yield _line("scan + intra + spot", "less inter credit", total)
    yield _line("short option minimum", "", risk.som)
    yield _line("base", "larger of these two lines", risk.base)
    yield _line("risk", f"base x {_number(risk.ratio)}, rounded", grouped(figures.risk, decimals))
    yield _line("net option value", f"{_number(risk.option_value)}, rounded", grouped(figures.nov, decimals))
    words = "risk - option value" + (", option value at most the risk" if risk.is_capped else "")
    yield _line("requirement", words, grouped(figures.requirement, decimals))
    ratio = _number(risk.initial_ratio)
    yield _line("initial risk", f"base x {ratio}, rounded", grouped(figures.initial_risk, decimals))
    yield _line("initial requirement", words, grouped(figures.initial_requirement, decimals))


def _line(name: str, words: str, value: Fraction | str) -> str:
    text = value if isinstance(value, str) else _number(value)
    return f"    {name:<{NAME_WIDTH}} {words:<{WORD_WIDTH}} {text:>{VALUE_WIDTH}}".rstrip()


def _number(value: Fraction) -> str:
    """Exact text with groups of thousands."""
    text = shown(value)
    whole, point, behind = text.lstrip("-").partition(".")
    sign = "-" if text.startswith("-") else ""
    return f"{sign}{int(whole):,}{point}{behind}"
