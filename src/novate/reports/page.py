"""The report as one file: `DayReport` in, HTML out. It opens without network and works by keyboard.

    header   name, date, sequence range, switches
    h1       the headline of the day
    section  netting | cash | markets | comparison | obligations | trades | refusals | data state
    script   the data as JSON (copied out by one button), then the page's own few lines

The same record gives the same bytes: no clock, no random identifier.
"""

from __future__ import annotations

from html import escape

import msgspec

from novate.reports import tables
from novate.reports.figures import grouped, plural
from novate.reports.market_picture import LEFT, RIGHT, market_figures
from novate.reports.model import DayReport, headline
from novate.reports.netting_picture import netting_figure
from novate.reports.page_frame import embedded, page_of, section, switches


def report_page(report: DayReport) -> str:
    """The whole page."""
    sections = [
        _opening(report),
        _netting(report),
        _cash(report),
        _markets(report),
        _comparison(report),
        _obligations(report),
        _trades(report),
        _refusals(report),
        _data_state(report),
    ]
    title = f"{report.name} {report.business_date}"
    return page_of(title, _header(report), sections, _footer(report), _embedded(report))


def _embedded(report: DayReport) -> str:
    return embedded({"plot": [LEFT, RIGHT], **msgspec.to_builtins(report)})


def _header(report: DayReport) -> str:
    links = (("netting", "netting"), ("cash", "cash"), ("markets", "markets"), ("obligations", "obligations"),
             ("trades", "trades"), ("state", "proof"))  # fmt: skip
    nav = "".join(f'<a href="#{target}">{text}</a>' for target, text in links)
    return (
        '<header><div><a class="skip" href="#main">to the content</a>'
        f'<span class="mark">{escape(report.name)}</span>'
        f'<span class="where">{escape(report.business_date)}</span>'
        f"<nav>{nav}{switches()}</nav></div></header>"
    )


def _opening(report: DayReport) -> str:
    facts = (
        ("orders and changes", grouped(report.orders)),
        ("trades", grouped(report.trades)),
        ("legs", grouped(report.legs)),
        ("obligations", grouped(report.obligation_count)),
        ("members", grouped(report.members)),
        ("markets", grouped(report.market_count)),
        ("refused", grouped(sum(row.count for row in report.refusals))),
    )
    items = "".join(f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts)
    notes = "".join(f"<p>{escape(note)}</p>" for note in report.notes)
    return (
        f"<h1>{escape(headline(report.trades, report.obligation_count, report.executions))}</h1>"
        f'<p class="lead">{escape(report.source)} '
        f"Journal sequence {report.first_sequence:,} to {report.last_sequence:,}.</p>"
        f'{notes}<dl class="facts">{items}</dl>'
    )


def _netting(report: DayReport) -> str:
    shown = [
        netting for netting in report.currencies if any(member.gross_minor for member in netting.members)
    ]
    if not shown:
        return ""
    figures = "".join(netting_figure(netting) for netting in shown)
    title = f"{plural(report.legs, 'leg')} net to {plural(report.obligation_count, 'obligation')}"
    line = (
        "Each trade becomes two legs against the central counterparty; the legs of one member, account, "
        "instrument, settlement date and currency become at most one obligation."
    )
    return section("netting", title, line, figures)


def _cash(report: DayReport) -> str:
    if not report.cash:
        return ""
    line = f"Net cash by member and settlement date; ▲ received, ▼ paid. Trade date {report.business_date}."
    return section("cash", tables.cash_title(report.cash), line, tables.cash_matrix(report.cash))


def _markets(report: DayReport) -> str:
    if not report.market_lines:
        return ""
    panels, tabs = [], []
    for number, market in enumerate(report.markets):
        tabs.append(
            f'<button type="button" role="tab" id="tab-{number}" aria-controls="panel-{number}" '
            f'aria-selected="{"true" if number == 0 else "false"}">{escape(market.symbol)}</button>'
        )
        panels.append(
            f'<div role="tabpanel" id="panel-{number}" aria-labelledby="tab-{number}">'
            f"{market_figures(market, number)}</div>"
        )
    chooser = (
        f'<div class="tabs" role="tablist" aria-label="market">{"".join(tabs)}</div>' if len(tabs) > 1 else ""
    )
    first = report.market_lines[0]
    amount = f"{first.currency} {grouped(first.turnover_minor, first.digits)}"
    title = f"{first.symbol} traded most: {amount}"
    line = f"{plural(report.market_count, 'market')} traded; the largest in pictures and in the table."
    table = tables.market_table(report.market_lines)
    return section("markets", title, line, chooser + "".join(panels) + table)


def _comparison(report: DayReport) -> str:
    if not report.comparison:
        return ""
    lines = "".join(f"<li>{escape(sentence)}</li>" for sentence in report.comparison)
    line = "Each historical execution beside what the venue made of the same orders."
    return section("comparison", report.comparison_title, line, f'<ul class="plain">{lines}</ul>')


def _filter(table: str) -> str:
    return (
        f'<p class="filter"><label>filter <input type="search" data-table="{table}" '
        f'placeholder="member, instrument, identifier"></label><output></output></p>'
    )


def _obligations(report: DayReport) -> str:
    if not report.obligations:
        return ""
    largest = max(report.obligations, key=lambda row: (abs(row.amount_minor), row.obligation_id))
    verb = "receive" if largest.amount_minor > 0 else "pay"
    amount = f"{largest.currency} {grouped(abs(largest.amount_minor), largest.digits)}"
    title = f"The largest obligation: {largest.member} {verb}s {amount} for {largest.instrument}"
    shown = len(report.obligations)
    whole = (
        "all of them"
        if shown == report.obligation_count
        else f"the largest {shown:,}; all in obligations.csv"
    )
    count = plural(report.obligation_count, "obligation")
    line = f"{count}, {whole}. Quantity and cash: ▲ receive, ▼ deliver or pay."
    return section(
        "obligations", title, line, _filter("obligation-table") + tables.obligation_table(report.obligations)
    )


def _trades(report: DayReport) -> str:
    if not report.trade_rows:
        return ""
    shown = len(report.trade_rows)
    title = plural(report.trades, "trade") + (f", {shown:,} shown here" if shown < report.trades else "")
    line = "The sequence is the journal number of the incoming order; trades.csv holds every trade."
    return section("trades", title, line, _filter("trade-table") + tables.trade_table(report.trade_rows))


def _refusals(report: DayReport) -> str:
    if not report.refusals:
        return ""
    line = (
        f"Rows of the file and orders at the venue, each one in rejects.csv. Rows read: {report.rows_read:,}."
    )
    return section("refusals", tables.refusal_title(report), line, tables.refusal_table(report))


def _data_state(report: DayReport) -> str:
    items = (
        ("sequence", f"{report.first_sequence:,} to {report.last_sequence:,}"),
        ("state root", report.state_root),
        ("journal root", report.journal_root),
        ("made by", f"novate {report.version}"),
    )
    state = "".join(f'<dt>{name}</dt><dd class="id">{escape(value)}</dd>' for name, value in items)
    body = (
        f'<dl class="state">{state}</dl>{tables.digest_table(report)}'
        '<p>Check it on your own machine: <code class="id">novate verify .</code> in this folder.</p>'
        '<p><button type="button" id="copy">copy the data as JSON</button></p>'
    )
    title = "Everything above follows from the journal"
    line = "Replaying the journal gives this state root and these files, byte for byte."
    return section("state", title, line, body)


def _footer(report: DayReport) -> str:
    return (
        f"<footer><p>{escape(report.name)}, {escape(report.business_date)}. "
        "<kbd>/</kbd> filters the obligations, "
        "<kbd>←</kbd> <kbd>→</kbd> read a picture value by value.</p></footer>"
    )
