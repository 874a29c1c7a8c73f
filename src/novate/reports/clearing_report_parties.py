"""The sections of a clearing day that name parties: who failed, what moved, what became of obligations."""

from __future__ import annotations

import datetime

from novate.reports import clearing_report_pictures as pictures
from novate.reports import clearing_report_tables as tables
from novate.reports.clearing_report_day import ClearingDay, Fail
from novate.reports.day_sums import total_of
from novate.reports.figures import grouped, plural
from novate.reports.page_frame import section

SHOWN_PARTIES = 20
SHOWN_DATES = 8


def fails_section(day: ClearingDay) -> str:
    """What is open at the close, since when and why."""
    if not (day.fails or day.ageing):
        return ""
    if day.fails:
        title = f"{plural(len(day.fails), 'position')} failed; {_largest(day)}"
    else:
        title = "No position failed" if day.is_closed else "What was open at the opening"
    line = "Open positions at the close; they are marked to market and netted again on the next date."
    if len(day.fails) > tables.SHOWN_FAILS:
        line += f" The table has the {tables.SHOWN_FAILS} largest; all in the members' fails.csv."
    body = "".join(_age_figures(day)) + tables.fail_table(day) + tables.age_table(day)
    return section("fails", title, line, body)


def _largest(day: ClearingDay) -> str:
    """Who has most to deliver, or waits for most."""
    short = [fail for fail in day.fails if fail.quantity < 0 or fail.trade_id]
    largest = max(short or day.fails, key=lambda fail: (abs(fail.amount_minor), fail.isin, fail.member))
    is_item = bool(largest.trade_id)
    who = f"trade {largest.source} {largest.trade_id}" if is_item else f"{largest.member} {largest.account}"
    verb = "leaves" if is_item else "owes" if short else "waits for"
    return f"{who} {verb} most: {day.faces.quantity(abs(largest.quantity), largest.isin)} {largest.isin}"


def _age_figures(day: ClearingDay) -> list[str]:
    """Per currency what is not delivered, by the date since when."""
    by_ccy: dict[str, list[Fail]] = {}
    for fail in day.fails:
        if fail.since and (fail.quantity < 0 or fail.trade_id):
            by_ccy.setdefault(day.faces.instrument_currency[fail.isin], []).append(fail)
    figures = []
    for ccy, fails in sorted(by_ccy.items()):
        digits = day.faces.currency_digits[ccy]
        worth: dict[str, int] = {}
        for fail in sorted(fails, key=lambda one: one.since):
            worth[fail.since] = worth.get(fail.since, 0) + abs(fail.amount_minor)
        oldest = min(fails, key=lambda one: (one.since, -abs(one.amount_minor), one.isin, one.member))
        days = _days(oldest.since, day.date)
        name = f"{oldest.member} {oldest.account}" if oldest.member else f"trade {oldest.trade_id}"
        oldest_is = f"; the oldest is {name}'s" if days else ""
        title = f"{ccy} {grouped(sum(worth.values()), digits)} is not delivered{oldest_is}"
        line = f"Value of what is short by the date it was due first, in {ccy}"
        line += f"; the oldest is open for {plural(days, 'calendar day')}." if days else ", which is today."
        rows = [
            (f"since {since}", value, grouped(value, digits), "bar fail") for since, value in worth.items()
        ]
        if len(rows) > SHOWN_DATES:
            rest = sum(value for _, value, _, _ in rows[:-SHOWN_DATES])
            rows = [("earlier", rest, grouped(rest, digits), "bar fail"), *rows[-SHOWN_DATES:]]
        figures.append(pictures.figure(title, line, pictures.bars(rows, title)))
    return figures


def _days(since: str, date: str) -> int:
    return (datetime.date.fromisoformat(date) - datetime.date.fromisoformat(since)).days


def money_section(day: ClearingDay) -> str:
    """Who paid and received how much, and why."""
    paid = {key: flow.paid for key, flow in day.flows.items() if flow.paid}
    if not paid and not day.flows:
        return ""
    figures = [_money_figure(day, ccy, paid) for ccy in sorted({ccy for _, _, ccy in paid})]
    payer = min(paid, key=lambda key: (paid[key], key), default=None)
    if payer is None or paid[payer] >= 0:
        title = "No account paid"
    else:
        digits = day.faces.currency_digits.get(payer[2], 0)
        title = f"{payer[0]} {payer[1]} paid most: {payer[2]} {grouped(-paid[payer], digits)}"
    line = "Why money moved: the causes of a row add up to what is due, which is paid or stays as arrears."
    return section("money", title, line, "".join(figures) + tables.flow_table(day))


def _money_figure(day: ClearingDay, ccy: str, paid: dict[tuple[str, str, str], int]) -> str:
    digits = day.faces.currency_digits.get(ccy, 0)
    mine = [
        (f"{member} {account}", amount) for (member, account, name), amount in paid.items() if name == ccy
    ]
    ranked = sorted(mine, key=lambda one: (-abs(one[1]), one[0]))
    out = sum(amount for _, amount in ranked if amount > 0)
    into = -sum(amount for _, amount in ranked if amount < 0)
    title = f"{ccy} {grouped(into, digits)} was paid in, {grouped(out, digits)} was paid out"
    line = f"Cash paid and received per account, payers first, in {ccy}.{_only(len(ranked))}"
    shown = sorted(ranked[:SHOWN_PARTIES], key=lambda one: (one[1] > 0, -abs(one[1]), one[0]))
    return pictures.figure(title, line, pictures.flows(shown, digits, title))


def members_section(day: ClearingDay) -> str:
    """What became of each account's obligations."""
    if not day.sums:
        return ""
    behind = sorted({member for (member, _, _), sums in day.sums.items() if sums.behind})
    named = ", ".join(behind[:SHOWN_PARTIES]) + (", ..." if len(behind) > SHOWN_PARTIES else "")
    title = (
        f"{plural(len(behind), 'member')} did not deliver in full: {named}"
        if behind
        else "Every member delivered in full"
    )
    line = "Obligations and what became of them, by account."
    figures = [_obligation_figure(day, ccy) for ccy in sorted({ccy for _, _, ccy in day.sums})]
    return section("members", title, line, "".join(figures) + tables.member_table(day))


def _obligation_figure(day: ClearingDay, ccy: str) -> str:
    """Money of the obligations of each account: to pay and to be paid, and the settled part of both."""
    digits = day.faces.currency_digits[ccy]
    sums = {
        f"{member} {account}": one
        for (member, account, name), one in day.sums.items()
        if name == ccy and (one.to_pay or one.to_receive)
    }
    ranked = sorted(sums.items(), key=lambda one: (-max(one[1].to_pay, one[1].to_receive), one[0]))
    whole = total_of(sums.values())
    pays, settled = whole.to_pay, whole.paid
    title = f"{ccy} {grouped(settled, digits)} of {grouped(pays, digits)} to pay has settled"
    line = (
        f"Obligations to pay (left) and to be paid (right) per account in {ccy}; the settled part is solid."
    )
    shown = [
        (name, one.to_pay, one.paid, one.to_receive, one.received) for name, one in ranked[:SHOWN_PARTIES]
    ]
    return pictures.figure(title, line + _only(len(ranked)), pictures.two_sided(shown, digits, title))


def _only(count: int) -> str:
    return f" The largest {SHOWN_PARTIES} of {count:,}; all in the table." if count > SHOWN_PARTIES else ""
