"""What a house says of its margin terms (docs/margin-rules.md, M1)."""

from __future__ import annotations

from novate.clearing.chart import BalanceBook
from novate.clearing.house_terms import HouseTerms, day_text
from novate.domain.margin import MILLION
from novate.reports.figures import grouped, percent

SECOND_NS = 10**9


def margin_lines(terms: HouseTerms) -> list[str]:
    """A line for each contract, each eligible asset, and what else there is; nothing without margin."""
    margin = terms.margin
    if margin is None:
        return []
    coin = terms.currencies[margin.currency]
    lines = [
        f"contract {terms.instruments[number].name}, {one.style.name}, expires {day_text(one.expiry)}, "
        f"a price of 1 is worth {terms.instruments[number].worth_factor}"
        for number, one in sorted(margin.contracts.items())
    ]
    for entry in margin.eligible:
        table = terms.instruments if entry.book == BalanceBook.HOLDINGS else terms.currencies
        covers = f"covers up to {percent(entry.limit_ppm, MILLION)} of a requirement"
        lines.append(
            f"collateral {table[entry.asset].name}, haircut {percent(entry.haircut_ppm, MILLION)}, {covers}"
        )
    threshold, least = (
        f"{grouped(amount, coin.digits)} {coin.name}" for amount in (margin.threshold, margin.minimum_call)
    )
    deadline = margin.deadline_ns // SECOND_NS
    lines.append(
        f"margin by {margin.method}; calls above {threshold}, of at least {least}, due in {deadline} s"
    )
    lines.append(f"layers: {', '.join(layer.name for layer in margin.layers)}")
    lines.append(f"assessments up to {percent(margin.assessment_ppm, MILLION)} of a contribution")
    return lines
