"""The report of a clearing day as one file: `ClearingDay` in, HTML out; the look is that of `page`.

    header   h1   netting | settlement | fails | money | members | obligations | refused | control totals

The same day gives the same bytes. The data stands in the page as JSON.
"""

from __future__ import annotations

from html import escape
from typing import Any

import msgspec

from novate.reports import clearing_report_pictures as pictures
from novate.reports import clearing_report_tables as tables
from novate.reports.clearing_report_day import ClearingDay
from novate.reports.clearing_report_parties import fails_section, members_section, money_section
from novate.reports.day_sums import due_by_isin, largest_rows, total_of
from novate.reports.figures import grouped, percent, plural
from novate.reports.page_frame import embedded, page_of, section, switches

Json = dict[str, Any]
SHOWN_INSTRUMENTS = 20
STYLE = """
svg .open { fill: var(--line); }
svg polygon.open { fill-opacity: 0.45; }
svg .bar.fail { fill: var(--breach); }
td .breach { padding: 1px 6px; border-radius: 3px; }
figcaption h3:empty, figcaption p:empty { display: none; }
figure svg.chart { max-width: 700px; }
@media (max-width: 640px) { figure svg.chart { min-width: 0; font-size: 16px; } }
"""
COPY = '<p><button type="button" id="copy">copy the data as JSON</button></p>'
SECTIONS = ("netting", "settlement", "fails", "money", "members", "obligations", "totals")


def clearing_report_page(day: ClearingDay, name: str = "Novate") -> str:
    """The whole page of one business date."""
    sections = [
        _opening(day), _netting(day), _settlement(day), fails_section(day), money_section(day),
        members_section(day),
        _obligations(day), _refusals(day), _totals(day),
    ]  # fmt: skip
    present = [one for one in SECTIONS if any(f'<section id="{one}">' in text for text in sections)]
    nav = "".join(f'<a href="#{one}">{one}</a>' for one in present)
    header = (
        '<header><div><a class="skip" href="#main">to the content</a>'
        f'<span class="mark">{escape(name)}</span><span class="where">clearing, {escape(day.date)}</span>'
        f"<nav>{nav}{switches()}</nav></div></header>"
    )
    footer = (
        f"<footer><p>{escape(name)}, clearing of {escape(day.date)}. Amounts as each member sees them: "
        "▲ received, ▼ paid or delivered. <kbd>/</kbd> filters the obligations.</p></footer>"
    )
    rows = msgspec.to_builtins(largest_rows(day.blocks, tables.SHOWN_ROWS))
    data = embedded({"date": day.date, "rows": rows, "cycles": day.cycles,
                     "fails": msgspec.to_builtins(day.fails), "totals": day.totals})  # fmt: skip
    return page_of(f"{name} clearing {day.date}", header, [*sections, COPY], footer, data, STYLE)


def headline(day: ClearingDay) -> str:
    """The day in one sentence; the house's own balancing rows are nobody's obligations."""
    whole = total_of(day.sums.values())
    if not whole.rows:
        return "Nothing had to be settled"
    count = plural(whole.rows, "obligation")
    if whole.done == whole.rows:
        return f"All of {count} settled"
    said = f"{whole.done:,} of {count} settled"
    return f"{said}, {plural(len(day.fails), 'position')} failed" if day.fails else said


def _opening(day: ClearingDay) -> str:
    facts = [
        ("trades taken", day.counts.get("ACCEPTED", 0)),
        ("legs netted", sum(one["legs"] for one in day.cycles)),
        ("obligations", total_of(day.sums.values()).rows),
        ("fails", len(day.fails)),
    ]
    seldom = (
        ("cancelled", day.counts.get("CANCELLED", 0)),
        ("repeated", day.counts.get("DUPLICATE", 0) + day.counts.get("SUPERSEDED", 0)),
        ("refused", sum(day.refusals.values())),
    )
    facts += [(name, number) for name, number in seldom if number]
    items = "".join(f"<div><dt>{name}</dt><dd>{grouped(value)}</dd></div>" for name, value in facts)
    state = "The date is closed." if day.is_closed else "The date is still open: figures are as of now."
    cycles = plural(len(day.files), "netting cycle")
    return (
        f'<h1>{escape(headline(day))}</h1><p class="lead">Business date {escape(day.date)}, {cycles}. '
        f'{state}</p><dl class="facts">{items}</dl>'
    )


def _netting(day: ClearingDay) -> str:
    if not day.cycles:
        return ""
    last = {cycle["ccy"]: cycle["cycle"] for cycle in day.cycles}
    figures = [_funnel(day, cycle, last[cycle["ccy"]] == cycle["cycle"]) for cycle in day.cycles]
    legs, rows_left = (sum(one[name] for one in day.cycles) for name in ("legs", "rows"))
    title = f"{_elements(legs)} net to {plural(rows_left, 'obligation')}"
    line = "Every trade has two legs with the house; what was open from earlier dates is netted with them."
    if len(day.netted) > tables.SHOWN_INSTRUMENTS:
        line += f" The table has the {tables.SHOWN_INSTRUMENTS} instruments with most to pay."
    return section("netting", title, line, "".join(figures) + tables.netted_table(day))


def _funnel(day: ClearingDay, cycle: Json, is_last: bool) -> str:
    """Before, after, and what has settled, of the last cycle of a currency."""
    ccy, gross, net = cycle["ccy"], cycle["gross_pay"], cycle["net_pay"]
    digits = day.faces.currency_digits[ccy]
    saved = percent(gross - net, gross)
    title = f"{saved} of the {ccy} to pay was netted away" if gross > net else f"No {ccy} was netted away"
    line = (
        f"Cycle {cycle['cycle']}: {_elements(cycle['legs'])} became "
        f"{plural(cycle['rows'], 'obligation')}; what payers owe, in {ccy}."
    )
    rows = [
        (f"{cycle['legs']:,} before", gross, grouped(gross, digits), "node"),
        (f"{cycle['rows']:,} after", net, grouped(net, digits), "node kept"),
    ]
    if is_last:
        mine = total_of(sums for (_, _, name), sums in day.sums.items() if name == ccy)
        paid = f"{grouped(mine.paid, digits)} paid"
        rows.append((f"{mine.done:,} settled", max(mine.paid, 0), paid, "bar buy"))
    return pictures.figure(title, line, pictures.funnel(rows, title))


def _elements(count: int) -> str:
    return plural(count, "leg or open position", "legs and open positions")


def _settlement(day: ClearingDay) -> str:
    due = due_by_isin(day.blocks)
    for isin, before in day.settled_before.items():
        if before:
            due[isin] = due.get(isin, 0) + before
    if not due:
        return ""
    done = {isin: min(day.delivered.get(isin, 0), whole) for isin, whole in due.items()}
    ranked = sorted(due, key=lambda isin: (done[isin] / due[isin], isin))
    worst, whole = ranked[0], all(done[isin] == due[isin] for isin in due)
    part = percent(done[worst], due[worst]) if done[worst] else "Nothing"
    title = "Everything due was delivered" if whole else f"{part} of the {worst} due was delivered"
    line = "Securities delivered to the house, of those due today, by instrument."
    if whole and len(ranked) > SHOWN_INSTRUMENTS:
        rows = [("all instruments", 1, 1, f"{len(ranked):,} of {len(ranked):,} delivered in full")]
        return section("settlement", title, line, pictures.figure("", "", pictures.shares(rows, title)))
    if len(ranked) > SHOWN_INSTRUMENTS:
        line += f" The {SHOWN_INSTRUMENTS} of {len(ranked):,} with the smallest part delivered."
    rows = [
        (
            isin,
            done[isin],
            due[isin],
            f"{percent(done[isin], due[isin])}: {_of(day, isin, done[isin], due[isin])}",
        )
        for isin in sorted(ranked[:SHOWN_INSTRUMENTS])
    ]
    return section("settlement", title, line, pictures.figure("", "", pictures.shares(rows, title)))


def _of(day: ClearingDay, isin: str, some: int, whole: int) -> str:
    return f"{day.faces.quantity(some, isin)} of {day.faces.quantity(whole, isin)}"


def _obligations(day: ClearingDay) -> str:
    if not day.row_count:
        return ""
    field = (
        '<p class="filter"><label>filter <input type="search" data-table="obligation-table" '
        'placeholder="member, instrument, identifier"></label><output></output></p>'
    )
    whole = total_of(day.sums.values())
    own = day.row_count - whole.rows
    title = plural(whole.rows, "obligation") + (
        f", {whole.carried:,} carried from earlier dates" if whole.carried else ""
    )
    if own:
        title += f"; and {plural(own, 'balancing row')} of the house"
    line = "One row per obligation of the last cycle of its instrument, with what has settled of it."
    if day.row_count > tables.SHOWN_ROWS:
        line += f" The largest {tables.SHOWN_ROWS}; all in the members' positions.csv."
    return section("obligations", title, line, field + tables.obligation_table(day))


def _refusals(day: ClearingDay) -> str:
    if not day.refusals:
        return ""
    title = f"{plural(sum(day.refusals.values()), 'command')} refused"
    return section(
        "refusals", title, "By command and by the rule that was broken.", tables.refusal_table(day)
    )


def _totals(day: ClearingDay) -> str:
    if not day.is_closed:
        return ""
    closes = all(sum(one[1:4]) == 0 for kind in ("securities", "cash") for one in day.totals[kind])
    title = "Every instrument and currency sums to zero" if closes else "A control total is not zero"
    line = "Holdings and cash of members, house and outside world at the close; open positions beside them."
    return section("totals", title, line, tables.total_tables(day) + tables.file_table(day))
