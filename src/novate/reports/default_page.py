"""Stress and a fire drill as pages of their own, in the look of the other pages.

    what a scenario asks for   October 2008  ##########|####  largest, second, against the fund
    layers of a default        margin        ##########       consumed filled, the rest open

The same results give the same bytes: no clock, nothing from outside the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from novate.clearing.default.drill import Drill
from novate.clearing.default.fund import Cover, ScenarioCover
from novate.clearing.default.waterfall import LayerPayment
from novate.clearing.margin.stress import Stress
from novate.reports.clearing_report_pictures import BAR, WIDTH, bars
from novate.reports.default_data import drill_data, stress_data
from novate.reports.figures import grouped, plural
from novate.reports.page_frame import embedded, page_of, section, switches
from novate.reports.svg import label, picture, tag

MOST_BARS = 24
TALL_ROW = 46
STYLE = (
    ".used{fill:var(--down)}.second{fill:var(--down);fill-opacity:.55}"
    ".left{fill:none;stroke:var(--muted)}.breach{fill:var(--breach)}.limit{stroke:var(--text);stroke-width:2}\n"
)


@dataclass(frozen=True, slots=True)
class StressPicture:
    """What a stress run comes to, in the house's money."""

    currency: str
    decimals: int
    cover: Cover
    worst: ScenarioCover
    resources: int
    """0 if there is no fund yet."""

    @property
    def needed(self) -> int:
        """What the house's rule asks for in the worst scenario."""
        return self.worst.needed(self.cover)


def stress_headline(told: StressPicture) -> str:
    """The answer in one sentence."""
    needed = f"{told.currency} {grouped(told.needed, told.decimals)}"
    if not told.resources:
        return f"A default fund of {needed} would satisfy {told.cover.value}; there is none yet"
    beyond = told.resources - told.needed
    amount = f"{told.currency} {grouped(abs(beyond), told.decimals)}"
    if beyond < 0:
        return f"The default resources are {amount} short of the {needed} that {told.cover.value} asks for"
    return f"The default resources are {amount} more than the {needed} that {told.cover.value} asks for"


def drill_headline(drill: Drill, scenario: str, currency: str, decimals: int) -> str:
    """The answer in one sentence."""
    *others, last = drill.defaulters
    who = f"{', '.join(others)} and {last}" if others else last
    found = drill.waterfall
    loss = f"{currency} {grouped(found.loss, decimals)}"
    used = sum(bool(one.paid) for one in found.payments)
    if not found.loss:
        return f"The default of {who} costs nothing ({scenario})"
    cost = f"The default of {who} ({scenario}) costs {loss}"
    if found.shortfall:
        return f"{cost}: {currency} {grouped(found.shortfall, decimals)} of it is paid by nobody"
    return f"{cost}: {plural(used, 'layer')} of {len(found.payments)} pay for it"


def stress_page(found: Stress, covers: Sequence[ScenarioCover], told: StressPicture) -> str:
    """The page of a stress run."""
    shown = sorted(covers, key=lambda one: -one.needed(told.cover))[:MOST_BARS]
    amounts = "The largest losses over margin that the rule counts, together"
    amounts += "; the line is what there is." if told.resources else "."
    losses = _members_of(found, told)
    headline = stress_headline(told)
    first = told.worst.scenario
    sections = [
        f'<h1>{escape(headline)}</h1><p class="lead">{plural(len(found.members), "member")} in '
        f"{plural(len(covers), 'scenario')}, amounts in {escape(told.currency)}.</p>",
        section("scenarios", f"Most is asked for by: {first}", amounts, _scenarios(shown, told)),
        section("members", f"Losses over margin: {first}", "By member, largest first.", losses),
    ]
    data = {"scenarios": stress_data(found, covers, told.decimals)}
    return _page("Stress of the default fund", sections, data, "novate margin stress")


def drill_page(drill: Drill, scenario: str, currency: str, decimals: int) -> str:
    """The page of a fire drill."""
    headline = drill_headline(drill, scenario, currency, decimals)
    line = "Each layer pays when those above it are used up: filled is consumed, the rest is left."
    largest = max(drill.waterfall.payments, key=lambda one: one.paid)
    title = f"Most is paid by: {largest.layer.name}"
    sections = [
        f'<h1>{escape(headline)}</h1><p class="lead">A drill on copies, amounts in {escape(currency)}.</p>',
        section("layers", title, line, _layers(drill, decimals)),
        *(
            _payers(at, one, decimals)
            for at, one in enumerate(drill.waterfall.payments)
            if sum(map(bool, one.shares)) > 1
        ),
    ]
    data = drill_data(drill, scenario, currency, decimals)
    return _page("Fire drill", sections, data, "novate margin fire-drill")


def _page(title: str, sections: Sequence[str], data: object, command: str) -> str:
    header = (
        '<header><div><a class="skip" href="#main">to the content</a>'
        f'<span class="mark">{escape(title)}</span><nav>{switches()}</nav></div></header>'
    )
    footer = f"<footer><p>As data: <kbd>{command} --json</kbd>.</p></footer>"
    return page_of(title, header, sections, footer, embedded(data), STYLE)


def _scenarios(covers: Sequence[ScenarioCover], told: StressPicture) -> str:
    """A bar per scenario, the members that count next to each other, and a line at the resources."""
    most = max([told.resources, *(one.needed(told.cover) for one in covers), 1])
    parts = []
    for place, one in enumerate(covers):
        counted = one.counted(told.cover)
        needed = f"{' and '.join(counted) or 'nobody'}  {grouped(one.needed(told.cover), told.decimals)}"
        parts.append(_heading(place, one.scenario, needed))
        x = 0.0
        for at, (name, loss) in enumerate(zip(one.members, one.losses, strict=True)):
            if name in counted:
                kind = "used" if at % 2 == 0 else "second"
                hint = tag("title", escape(f"{name} {grouped(loss, told.decimals)}"))
                parts.append(_bar(place, x, loss / most * WIDTH, kind, hint))
                x = round(x + loss / most * WIDTH, 1)
    if told.resources:
        x = round(min(told.resources / most * WIDTH, WIDTH - 1), 1)
        for place in range(len(covers)):
            top = place * TALL_ROW + 17
            parts.append(tag("line", x1=x, x2=x, y1=top, y2=top + BAR + 2, class_="limit"))
    return picture(WIDTH, len(covers) * TALL_ROW, "".join(parts), "Needed by scenario", class_="chart")


def _heading(place: int, name: str, told: str) -> str:
    """The line above a bar: names of layers and scenarios are too long to stand beside one."""
    y = place * TALL_ROW + 14
    return label(0, y, name, "name") + label(WIDTH, y, told, "muted", "end")


def _bar(place: int, x: float, width: float, kind: str, body: str = "") -> str:
    y = place * TALL_ROW + 20
    return tag("rect", body, x=x, y=y, width=max(round(width, 1), 1), height=BAR - 4, class_=kind)


def _members_of(found: Stress, told: StressPicture) -> str:
    column = found.scenarios.index(told.worst.scenario)
    rows = [(member, int(found.over[row, column])) for row, member in enumerate(found.members)]
    rows = sorted((one for one in rows if one[1]), key=lambda one: (-one[1], one[0]))[:MOST_BARS]
    return bars(
        [(name, loss, grouped(loss, told.decimals), "used") for name, loss in rows], "Losses over margin"
    )


def _layers(drill: Drill, decimals: int) -> str:
    payments = drill.waterfall.payments
    short = drill.waterfall.shortfall
    most = max([*(one.layer.available for one in payments), short, 1])
    parts = []
    for place, one in enumerate(payments):
        told = f"{grouped(one.paid, decimals)} of {grouped(one.layer.available, decimals)}"
        parts.append(_heading(place, one.layer.name, told))
        parts.append(_bar(place, 0, one.layer.available / most * WIDTH, "left"))
        if one.paid:
            parts.append(_bar(place, 0, one.paid / most * WIDTH, "used"))
    if short:
        parts.append(_heading(len(payments), "paid by nobody", grouped(short, decimals)))
        parts.append(_bar(len(payments), 0, short / most * WIDTH, "breach"))
    height = (len(payments) + bool(short)) * TALL_ROW
    return picture(WIDTH, height, "".join(parts), "Layers of the default", class_="chart")


def _payers(place: int, one: LayerPayment, decimals: int) -> str:
    shares = [(payer.name, share) for payer, share in zip(one.layer.payers, one.shares, strict=True) if share]
    shares.sort(key=lambda each: -each[1])
    rows = [(name, share, grouped(share, decimals), "used") for name, share in shares[:MOST_BARS]]
    title = f"{one.layer.name}: {grouped(one.paid, decimals)} from {plural(len(shares), 'payer')}"
    return section(f"layer-{place + 1}", title, "By payer, largest first.", bars(rows, title))
