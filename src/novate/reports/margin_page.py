"""Margin as a page of its own: who must leave what, and where the largest requirement comes from.

    requirement by account     ACME  ##########  1,240,000.00
    sixteen scenarios          loss right, gain left, the active one marked
    price by volatility        seven price moves by two volatilities, the redder the dearer
    from scan to requirement   scan + intra + spot - inter | minimum | option value

The same results give the same bytes: no clock, nothing from outside the file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from html import escape

from novate.clearing.margin.span.numbers import rounded, shown
from novate.clearing.margin.span.result import AccountRisk, CommodityRisk
from novate.reports.clearing_report_pictures import BAR, ROW, WIDTH, bars, figure
from novate.reports.figures import grouped, plural
from novate.reports.margin_data import account_data
from novate.reports.page_frame import embedded, page_of, section, switches
from novate.reports.svg import Scale, label, picture, tag

MOST_BARS = 24
CENTRE, SPAN = 300, 170
PRICE_MOVES = ("-3/3", "-2/3", "-1/3", "0", "+1/3", "+2/3", "+3/3")
UP = (12, 8, 4, 0, 2, 6, 10)
"""Scenarios with volatility up in the order of PRICE_MOVES; the one after each has it down."""
CELL_WIDTH, CELL_HEIGHT, CELLS_LEFT = 62, 36, 110
STYLE = (
    ".loss{fill:var(--down)}.gain{fill:var(--up)}.active{stroke:var(--text);stroke-width:2}"
    ".cell text{font-size:9px}\n"
)


def margin_page(
    results: Sequence[AccountRisk], decimals: Mapping[str, int], facts: Mapping[str, str], source: str
) -> str:
    """The whole page; `decimals` has the minor unit of every currency of the results."""
    owing = sum(any(total.requirement for total in one.totals.values()) for one in results)
    title = f"Margin {facts.get('date', '')} {facts.get('ec', '')}".strip()
    sections = [
        f"<h1>{escape(plural(owing, 'account'))} of {len(results):,} must leave margin</h1>"
        f'<p class="lead">By SPAN with the parameters of {escape(source)}.</p>',
        *_requirements(results, decimals),
        *_largest(results),
    ]
    data = {one.account: account_data(one, decimals) for one in results}
    header = (
        '<header><div><a class="skip" href="#main">to the content</a>'
        f'<span class="mark">{escape(title)}</span>'
        f"<nav>{switches()}</nav></div></header>"
    )
    footer = "<footer><p>Every step of an account: <kbd>novate margin span --explain</kbd>.</p></footer>"
    return page_of(title, header, sections, footer, embedded({"accounts": data}), STYLE)


def _requirements(results: Sequence[AccountRisk], decimals: Mapping[str, int]) -> list[str]:
    """One picture per currency: the accounts with the largest requirements."""
    made = []
    for currency in sorted({currency for one in results for currency in one.totals}):
        owed = [(one.account, one.totals[currency].requirement) for one in results if currency in one.totals]
        owed.sort(key=lambda pair: (-pair[1], pair[0]))
        total = sum(amount for _, amount in owed)
        rows = [
            (account, amount, grouped(amount, decimals[currency]), "node kept")
            for account, amount in owed[:MOST_BARS]
        ]
        headline = f"{currency} {grouped(total, decimals[currency])} from {plural(len(owed), 'account')}"
        line = "Requirement by account, largest first."
        if len(owed) > MOST_BARS:
            line += f" {len(owed) - MOST_BARS:,} more are in the data of this page."
        made.append(section(f"requirement-{currency}", headline, line, bars(rows, headline)))
    return made


def _largest(results: Sequence[AccountRisk]) -> list[str]:
    """Pictures of the commodity with the largest risk in units of its money."""
    held = [(one.account, risk) for one in results for risk in one.commodities.values()]
    if not held:
        return []
    account, risk = max(held, key=lambda pair: Fraction(pair[1].figures.risk, 10 ** pair[1].decimals))
    what = f"{risk.code} of {account}"
    worst = f"Scenario {risk.active_scenario} is the worst for {what}"
    losses = "Loss to the right, gain to the left; the active scenario has a line around it."
    steps = f"{risk.currency} {grouped(risk.figures.requirement, risk.decimals)} is left for {what}"
    return [
        section("scenarios", worst, losses, _scenarios(risk)),
        section("surface", "Loss by price and volatility", "Price moves in scan ranges.", _surface(risk)),
        section("steps", steps, "From scan risk to the requirement.", figure("", "", _steps(risk))),
    ]


def _money(value: Fraction, risk: CommodityRisk) -> str:
    return grouped(rounded(value, risk.decimals), risk.decimals)


def _scenarios(risk: CommodityRisk) -> str:
    most = max(abs(loss) for loss in risk.losses) or Fraction(1)
    parts = []
    for at, loss in enumerate(risk.losses):
        y = at * 24 + 6
        width = round(float(abs(loss) / most) * SPAN, 1)
        kind = ("loss" if loss > 0 else "gain") + (" active" if at + 1 == risk.active_scenario else "")
        parts.append(
            tag("rect", x=CENTRE if loss > 0 else CENTRE - width, y=y, width=width, height=16, class_=kind)
        )
        parts.append(label(18, y + 13, str(at + 1), "name", "end"))
        parts.append(label(WIDTH, y + 13, _money(loss, risk), "muted", "end"))
    parts.append(tag("line", x1=CENTRE, x2=CENTRE, y1=0, y2=16 * 24 + 6, class_="axis"))
    return picture(WIDTH, 16 * 24 + 12, "".join(parts), "Loss by scenario", class_="chart")


def _surface(risk: CommodityRisk) -> str:
    most = max(abs(loss) for loss in risk.losses[:14]) or Fraction(1)
    depth = Scale(0, 1, 0, 0.85)
    parts = [
        label(CELLS_LEFT + at * CELL_WIDTH + CELL_WIDTH / 2, 14, move, "muted", "middle")
        for at, move in enumerate(PRICE_MOVES)
    ]
    for row, name in enumerate(("volatility up", "volatility down")):
        y = 24 + row * CELL_HEIGHT
        parts.append(label(CELLS_LEFT - 10, y + 22, name, "name", "end"))
        for at, scenario in enumerate(UP):
            loss = risk.losses[scenario + row]
            x = CELLS_LEFT + at * CELL_WIDTH
            kind, share = "loss" if loss > 0 else "gain", depth.at(float(abs(loss) / most))
            cell = tag(
                "rect",
                x=x,
                y=y,
                width=CELL_WIDTH - 2,
                height=CELL_HEIGHT - 2,
                class_=kind,
                fill_opacity=share,
            )
            parts.append(
                tag("g", cell + label(x + CELL_WIDTH / 2, y + 21, _short(loss), "", "middle"), class_="cell")
            )
    return picture(
        WIDTH, 2 * CELL_HEIGHT + 30, "".join(parts), "Loss by price and volatility", class_="chart"
    )


def _short(value: Fraction) -> str:
    """At most four digits and a letter, for a small cell."""
    size = abs(value)
    for unit, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if size >= unit:
            return f"{'-' if value < 0 else ''}{shown(Fraction(rounded(size / unit, 1), 10))}{letter}"
    return f"{'-' if value < 0 else ''}{shown(Fraction(rounded(size, 1), 10))}"


def _steps(risk: CommodityRisk) -> str:
    """Bars from the left: what is added in one colour, what is taken off in the other."""
    steps = (
        ("scan risk", risk.scan_risk),
        ("intra charge", risk.intra_charge),
        ("spot charge", risk.spot_charge),
        ("inter credit", -risk.inter_credit),
        ("minimum", risk.som),
        ("option value", -risk.option_value),
        ("requirement", Fraction(risk.figures.requirement, 10**risk.decimals)),
    )
    most = max(abs(value) for _, value in steps) or Fraction(1)
    parts = []
    for place, (name, value) in enumerate(steps):
        y = place * ROW + 8
        width = round(float(abs(value) / most) * 220, 1)
        parts.append(label(138, y + 14, name, "name", "end"))
        kind = "loss" if value >= 0 else "gain"
        parts.append(tag("rect", x=150, y=y, width=max(width, 1), height=BAR, class_=kind))
        parts.append(label(160 + width, y + 14, _money(value, risk), "muted"))
    return picture(WIDTH, len(steps) * ROW + 12, "".join(parts), "From scan to requirement", class_="chart")
