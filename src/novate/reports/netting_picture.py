"""The netting funnel: gross legs by member on the left, what is left of them on the right.

    ALPHA  ############===\\        /=== ALPHA      net obligations (thin: that is the point)
    BETA   ########====\\  \\======/ === BETA
    ...                 \\========== netted against each other (wide and grey)

Heights are money of one currency; every band keeps its thickness from left to right, so the picture
adds up by eye as the numbers do.
"""

from __future__ import annotations

from html import escape

from novate.reports.figures import grouped, percent, plural, short
from novate.reports.model import CurrencyNetting, MemberNetting
from novate.reports.svg import label, picture, ribbon, tag

WIDTH = 1080
LEFT, RIGHT = 230, 820
BAR = 12
GAP = 7
HEIGHT_OF_ALL = 250
SHOWN = 12


def netting_figure(netting: CurrencyNetting) -> str:
    """The figure of one currency: title that answers, one line of explanation, picture."""
    members = _shown_members(netting)
    gross = sum(member.gross_minor for member in members)
    net = sum(member.net_minor for member in members)
    money = f"{netting.currency} {grouped(gross, netting.digits)}"
    left = f"{netting.currency} {grouped(net, netting.digits)}"
    title = f"{percent(gross - net, gross)} of the {netting.currency} value was netted away"
    legs = sum(member.legs for member in members)
    rows = sum(member.obligations for member in members)
    line = (
        f"{plural(legs, 'leg')} worth {money} on the left, {plural(rows, 'obligation')} worth {left} "
        f"on the right; both sides of every trade counted, in {netting.currency}."
    )
    return (
        f'<figure class="netting"><figcaption><h3>{escape(title)}</h3><p>{escape(line)}</p></figcaption>'
        f"{_funnel(members, netting, title)}</figure>"
    )


def _shown_members(netting: CurrencyNetting) -> list[MemberNetting]:
    """The largest members by gross value, the rest summed into one."""
    ranked = sorted(netting.members, key=lambda member: (-member.gross_minor, member.member))
    if len(ranked) <= SHOWN + 1:
        return ranked
    rest = ranked[SHOWN:]
    others = MemberNetting(
        member=f"{len(rest):,} others",
        legs=sum(member.legs for member in rest),
        obligations=sum(member.obligations for member in rest),
        gross_minor=sum(member.gross_minor for member in rest),
        net_minor=sum(member.net_minor for member in rest),
    )
    return [*ranked[:SHOWN], others]


def _funnel(members: list[MemberNetting], netting: CurrencyNetting, title: str) -> str:
    gross = sum(member.gross_minor for member in members) or 1
    unit = HEIGHT_OF_ALL / gross
    rows = _left_rows(members, unit)
    height = max(rows[-1][1] + rows[-1][2], HEIGHT_OF_ALL) + 40
    kept_gap = 16
    netted_total = sum(member.gross_minor - member.net_minor for member in members)
    kept_top = 28.0
    netted_top = kept_top + sum(max(m.net_minor * unit, 0) + kept_gap for m in members) + 6
    bands: list[str] = []
    nodes: list[str] = [
        label(LEFT, 14, "gross legs", "axis", "end"),
        label(RIGHT + BAR, 14, "net obligations", "axis"),
    ]
    kept_y, netted_y = kept_top, netted_top
    for member, top, thick in rows:
        net = member.net_minor * unit
        away = max(member.gross_minor * unit - net, 0)
        bands.append(tag("path", d=ribbon(LEFT + BAR, top + net, RIGHT, netted_y, away), class_="netted"))
        bands.append(tag("path", d=ribbon(LEFT + BAR, top, RIGHT, kept_y, max(net, 0.8)), class_="kept"))
        nodes.extend(_member_node(member, netting, top, thick, kept_y, net))
        kept_y += net + kept_gap
        netted_y += away
    netted_thick = netted_total * unit
    nodes.append(
        tag("rect", x=RIGHT, y=round(netted_top, 1), width=BAR, height=round(netted_thick, 1), class_="node")
    )
    middle = netted_top + netted_thick / 2
    nodes.append(label(RIGHT + BAR + 8, round(middle, 1), "netted against each other", "name"))
    amount = f"{netting.currency} {grouped(netted_total, netting.digits)}"
    nodes.append(label(RIGHT + BAR + 8, round(middle + 16, 1), amount, "muted"))
    height = max(height, netted_top + netted_thick + 14)
    return picture(WIDTH, round(height), "".join(bands + nodes), title, class_="chart")


def _left_rows(members: list[MemberNetting], unit: float) -> list[tuple[MemberNetting, float, float]]:
    """Member, top and thickness of its bar; a bar is never closer to the next than its text is tall."""
    rows: list[tuple[MemberNetting, float, float]] = []
    y = 28.0
    for member in members:
        thick = member.gross_minor * unit
        rows.append((member, y, thick))
        y += max(thick, 13) + GAP
    return rows


def _member_node(
    member: MemberNetting, netting: CurrencyNetting, top: float, thick: float, kept_y: float, net: float
) -> list[str]:
    """The bars and the texts of one member on both sides."""
    baseline = round(top + max(thick, 13) / 2 + 4, 1)
    right = round(kept_y + net / 2 + 4, 1)
    amount = short(member.net_minor, netting.digits)
    return [
        tag("rect", x=LEFT, y=round(top, 1), width=BAR, height=round(max(thick, 1), 1), class_="node"),
        tag("rect", x=RIGHT, y=round(kept_y, 1), width=BAR, height=round(max(net, 1), 1), class_="node kept"),
        label(
            LEFT - 8, baseline, f"{member.member}  {short(member.gross_minor, netting.digits)}", "name", "end"
        ),
        label(RIGHT + BAR + 8, right, f"{member.member}  {amount}", "name"),
    ]
