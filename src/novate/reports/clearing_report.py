"""The report of a clearing day as one file: `ClearingDay` in, HTML out; the look is that of `page`.

    header   h1   netting | settlement | fails | money | members | obligations | refused | control totals

The same day gives the same bytes. The data stands in the page as JSON.
"""

from __future__ import annotations

from html import escape

import msgspec

from novate.reports import clearing_report_pictures as pictures
from novate.reports import clearing_report_tables as tables
from novate.reports.clearing_report_day import ClearingDay
from novate.reports.figures import grouped, percent, plural
from novate.reports.page_frame import embedded, page_of, section, switches

SHOWN_PARTIES = 20
STYLE = """
svg .open { fill: var(--line); }
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
        _opening(day), _netting(day), _settlement(day), _fails(day), _money(day), _members(day),
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
    data = embedded({"date": day.date, "rows": msgspec.to_builtins(day.rows), "cycles": day.cycles,
                     "fails": msgspec.to_builtins(day.fails), "totals": day.totals})  # fmt: skip
    return page_of(f"{name} clearing {day.date}", header, [*sections, COPY], footer, data, STYLE)


def headline(day: ClearingDay) -> str:
    """The day in one sentence."""
    if not day.rows:
        return "Nothing had to be settled"
    done = sum(row.is_done for row in day.rows)
    count = plural(len(day.rows), "obligation")
    if done == len(day.rows):
        return f"All of {count} settled"
    said = f"{done:,} of {count} settled"
    return f"{said}, {plural(len(day.fails), 'position')} failed" if day.fails else said


def _opening(day: ClearingDay) -> str:
    legs = sum(one["legs"] for one in day.cycles)
    facts = (
        ("trades taken", day.counts.get("ACCEPTED", 0)),
        ("cancelled", day.counts.get("CANCELLED", 0)),
        ("repeated", day.counts.get("DUPLICATE", 0) + day.counts.get("SUPERSEDED", 0)),
        ("refused", sum(day.refusals.values())),
        ("legs netted", legs),
        ("obligations", len(day.rows)),
        ("fails", len(day.fails)),
    )
    items = "".join(f"<div><dt>{name}</dt><dd>{grouped(value)}</dd></div>" for name, value in facts)
    state = "The date is closed." if day.is_closed else "The date is still open: figures are as of now."
    cycles = plural(len({one["cycle"] for one in day.cycles}), "netting cycle")
    return (
        f'<h1>{escape(headline(day))}</h1><p class="lead">Business date {escape(day.date)}, {cycles}. '
        f'{state}</p><dl class="facts">{items}</dl>'
    )


def _netting(day: ClearingDay) -> str:
    if not day.cycles:
        return ""
    figures = []
    for cycle in day.cycles:
        ccy, gross, net = cycle["ccy"], cycle["gross_pay"], cycle["net_pay"]
        digits = day.faces.currency_digits[ccy]
        saved = percent(gross - net, gross)
        title = f"{saved} of the {ccy} to pay was netted away" if gross > net else f"No {ccy} was netted away"
        line = (
            f"Cycle {cycle['cycle']}: {_elements(cycle['legs'])} became "
            f"{plural(cycle['rows'], 'obligation')}; what payers owe, in {ccy}."
        )
        rows = [
            (f"{cycle['legs']:,} before", gross, f"{ccy} {grouped(gross, digits)}", "node"),
            (f"{cycle['rows']:,} after", net, f"{ccy} {grouped(net, digits)}", "node kept"),
        ]
        figures.append(pictures.figure(title, line, pictures.bars(rows, title)))
    legs, rows_left = (sum(one[name] for one in day.cycles) for name in ("legs", "rows"))
    title = f"{_elements(legs)} net to {plural(rows_left, 'obligation')}"
    line = "Every trade has two legs with the house; what was open from earlier dates is netted with them."
    return section("netting", title, line, "".join(figures) + tables.netted_table(day))


def _elements(count: int) -> str:
    return plural(count, "leg or open position", "legs and open positions")


def _settlement(day: ClearingDay) -> str:
    due: dict[str, int] = {}
    for row in day.deliver_rows:
        if row.member != "CCP":
            due[row.isin] = due.get(row.isin, 0) - row.quantity
    for isin, before in day.settled_before.items():
        if before:
            due[isin] = due.get(isin, 0) + before
    if not due:
        return ""
    done = {isin: min(day.delivered.get(isin, 0), whole) for isin, whole in due.items()}
    rows = [
        (isin, done[isin], whole, f"{percent(done[isin], whole)}  {done[isin]:,} of {whole:,}")
        for isin, whole in sorted(due.items())
    ]
    worst = min(sorted(due), key=lambda isin: done[isin] / due[isin])
    whole = all(done[isin] == due[isin] for isin in due)
    part = percent(done[worst], due[worst]) if done[worst] else "Nothing"
    title = "Everything due was delivered" if whole else f"{part} of the {worst} due was delivered"
    line = "Securities delivered to the house, of those due today, by instrument."
    return section("settlement", title, line, pictures.figure("", "", pictures.shares(rows, title)))


def _fails(day: ClearingDay) -> str:
    if not (day.fails or day.ageing):
        return ""
    short = [fail for fail in day.fails if fail.quantity < 0 or fail.trade_id]
    if not day.fails:
        title = "No position failed" if day.is_closed else "What was open at the opening"
    else:
        largest = max(short or day.fails, key=lambda fail: (abs(fail.amount_minor), fail.isin, fail.member))
        who = (
            f"{largest.member} {largest.account}"
            if largest.member
            else f"trade {largest.source} {largest.trade_id}"
        )
        most = f"{abs(largest.quantity):,} {largest.isin}"
        verb = "leaves" if largest.trade_id else "owes" if short else "waits for"
        title = f"{plural(len(day.fails), 'position')} failed; {who} {verb} most: {most}"
    figures = []
    for one in day.ageing:
        names = tables.bucket_names(len(one["short"]))
        oldest = max(
            (i for i, (a, b) in enumerate(zip(one["short"], one["long"], strict=True)) if a or b), default=0
        )
        said = f"{one['isin']} open at the opening, up to age {names[oldest]}"
        figures.append(
            pictures.figure(
                said,
                "Units by age in settlement days, before today's settlement; short is owed to the house.",
                pictures.ages(names, one["short"], one["long"], said),
            )
        )
    line = "Open positions at the close; they are marked to market and netted again on the next date."
    return section("fails", title, line, tables.fail_table(day) + "".join(figures))


def _money(day: ClearingDay) -> str:
    paid = {key: flow.paid for key, flow in day.flows.items() if flow.paid}
    if not paid and not day.flows:
        return ""
    figures = []
    for ccy in sorted({ccy for _, _, ccy in paid}):
        digits = day.faces.currency_digits.get(ccy, 0)
        ranked = sorted(
            (
                (f"{member} {account}", amount)
                for (member, account, name), amount in paid.items()
                if name == ccy
            ),
            key=lambda one: (-abs(one[1]), one[0]),
        )
        out = sum(amount for _, amount in ranked if amount > 0)
        into = -sum(amount for _, amount in ranked if amount < 0)
        title = f"{ccy} {grouped(into, digits)} was paid in, {grouped(out, digits)} was paid out"
        line = f"Cash paid and received per account, payers first, in {ccy}."
        if len(ranked) > SHOWN_PARTIES:
            line += f" The largest {SHOWN_PARTIES} of {len(ranked):,}; all in the table."
        shown = sorted(ranked[:SHOWN_PARTIES], key=lambda one: (one[1] > 0, -abs(one[1]), one[0]))
        figures.append(pictures.figure(title, line, pictures.flows(shown, digits, title)))
    payer = min(paid, key=lambda key: (paid[key], key), default=None)
    if payer is None or paid[payer] >= 0:
        title = "No account paid"
    else:
        digits = day.faces.currency_digits.get(payer[2], 0)
        title = f"{payer[0]} {payer[1]} paid most: {payer[2]} {grouped(-paid[payer], digits)}"
    line = "Why money moved: the causes of a row add up to what is due, which is paid or stays as arrears."
    return section("money", title, line, "".join(figures) + tables.flow_table(day))


def _members(day: ClearingDay) -> str:
    if not day.rows:
        return ""
    members = sorted({row.member for row in day.rows})
    behind = [m for m in members if any(r.member == m and r.quantity < 0 and not r.is_done for r in day.rows)]
    title = (
        f"{plural(len(behind), 'member')} did not deliver in full: {', '.join(behind)}"
        if behind
        else "Every member delivered in full"
    )
    line = "Obligations and what became of them, by account."
    return section("members", title, line, tables.member_table(day))


def _obligations(day: ClearingDay) -> str:
    if not day.rows:
        return ""
    field = (
        '<p class="filter"><label>filter <input type="search" data-table="obligation-table" '
        'placeholder="member, instrument, identifier"></label><output></output></p>'
    )
    failing = sum(row.type == "FAIL" for row in day.rows)
    title = plural(len(day.rows), "obligation") + (
        f", {failing:,} carried from earlier dates" if failing else ""
    )
    line = "One row per obligation of the last cycle of its instrument, with what has settled of it."
    if len(day.rows) > tables.SHOWN_ROWS:
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
