"""The tables of a clearing day: what was netted, who failed, why money moved, member by member."""

from __future__ import annotations

from html import escape

from novate.reports.clearing_report_day import ClearingDay
from novate.reports.clearing_statements import open_quantity
from novate.reports.day_sums import largest_rows
from novate.reports.figures import DASH, directed, grouped, percent, quiet
from novate.reports.tables import direction_class, table

Cells = list[str]
SHOWN_ROWS = 500
SHOWN_FAILS = 100
SHOWN_INSTRUMENTS = 40
BUCKETS = {3: ("1", "2-5", "over 5")}
"""Names of the standard buckets (C51); others are numbered."""


def bucket_names(count: int) -> tuple[str, ...]:
    """Names of `count` age buckets."""
    return BUCKETS.get(count, tuple(f"bucket {place}" for place in range(1, count + 1)))


def _text(value: str) -> str:
    return f"<td>{escape(value)}</td>"


def _signed(value: int, digits: int = 0) -> str:
    return f'<td class="{direction_class(value)}">{directed(value, digits)}</td>'


def _plain(value: int, digits: int = 0) -> str:
    return f'<td class="num">{quiet(value, digits)}</td>'


def _row(*cells: str) -> str:
    return f"<tr>{''.join(cells)}</tr>"


def netted_table(day: ClearingDay) -> str:
    """Before and after per instrument."""
    head = (("cycle", ""), ("instrument", ""), ("legs", "num"), ("rows", "num"), ("to deliver", "num"),
            ("net", "num"), ("to pay", "num"), ("net", "num"), ("netted away", "num"))  # fmt: skip
    rows = []
    ranked = sorted(range(len(day.netted)), key=lambda place: (-day.netted[place]["gross_pay"], place))
    for one in (day.netted[place] for place in sorted(ranked[:SHOWN_INSTRUMENTS])):
        digits, units = _digits(day, one["isin"]), _unit_digits(day, one["isin"])
        gross, net = one["gross_pay"], one["net_pay"]
        rows.append(
            _row(
                _text(one["cycle"]), _text(one["isin"]), _plain(one["legs"]), _plain(one["rows"]),
                _plain(one["gross_qty"], units), _plain(one["net_qty"], units),
                _plain(gross, digits), _plain(net, digits),
                f'<td class="num">{percent(gross - net, gross) if gross > net else DASH}</td>',
            )
        )  # fmt: skip
    return table(head, rows)


def fail_table(day: ClearingDay) -> str:
    """What is open at the close; a fail is one of the few filled surfaces of the page."""
    if not day.fails:
        return ""
    head = (("member or trade", ""), ("instrument", ""), ("quantity", "num"), ("cash", "num"), ("ccy", ""),
            ("reason", ""), ("since", ""))  # fmt: skip
    rows = []
    ranked = sorted(range(len(day.fails)), key=lambda place: (-abs(day.fails[place].amount_minor), place))
    for fail in (day.fails[place] for place in sorted(ranked[:SHOWN_FAILS])):
        who = f"{fail.member} {fail.account}" if fail.member else f"{fail.source} {fail.trade_id}"
        late = fail.reason in ("SECURITIES", "CASH")
        reason = f'<td><span class="{"breach" if late else ""}">{escape(fail.reason)}</span></td>'
        rows.append(
            _row(
                f'<th scope="row">{escape(who)}</th>', _text(fail.isin),
                _signed(fail.quantity, _unit_digits(day, fail.isin)),
                _signed(fail.amount_minor, _digits(day, fail.isin)), _text(_ccy(day, fail.isin)), reason,
                _text(fail.since or DASH),
            )
        )  # fmt: skip
    return table(head, rows)


def age_table(day: ClearingDay) -> str:
    """What was open at the opening, by age in settlement days; short is owed to the house."""
    if not day.ageing:
        return ""
    names = bucket_names(len(day.ageing[0]["short"]))
    head = [
        ("open at the opening", ""),
        *((f"{side} {name}", "num") for name in names for side in ("short", "long")),
    ]
    ranked = sorted(day.ageing, key=lambda one: (-sum(one["short"]) - sum(one["long"]), one["isin"]))
    rows = []
    for one in sorted(ranked[:SHOWN_INSTRUMENTS], key=lambda one: one["isin"]):
        digits = _unit_digits(day, one["isin"])
        cells = [
            _plain(number, digits) for both in zip(one["short"], one["long"], strict=True) for number in both
        ]
        rows.append(_row(f'<th scope="row">{escape(one["isin"])}</th>', *cells))
    return table(head, rows)


def flow_table(day: ClearingDay) -> str:
    """Causes of money by party and currency."""
    head = (("account", ""), ("ccy", ""), ("settlement", "num"), ("marks", "num"), ("charges", "num"),
            ("claims", "num"), ("buy-ins", "num"), ("due", "num"), ("paid", "num"),
            ("arrears", "num"))  # fmt: skip
    rows = []
    for (member, account, ccy), flow in sorted(day.flows.items()):
        digits = day.faces.currency_digits.get(ccy, 0)
        causes = (flow.settlement, flow.marks, flow.charges, flow.claims, flow.buyins)
        arrears = f'<td class="num{" breach" if flow.arrears else ""}">{quiet(flow.arrears, digits)}</td>'
        rows.append(
            _row(
                f'<th scope="row">{escape(member)} {escape(account)}</th>', _text(ccy),
                *(_signed(cause, digits) for cause in (*causes, sum(causes), flow.paid)), arrears,
            )
        )  # fmt: skip
    return table(head, rows)


def member_table(day: ClearingDay) -> str:
    """Per account and currency: rows, and their money due and settled."""
    head = (("account", ""), ("ccy", ""), ("obligations", "num"), ("settled", "num"), ("to pay", "num"),
            ("paid", "num"), ("to be paid", "num"), ("received", "num"))  # fmt: skip
    rows = []
    for (member, account, ccy), sums in day.sums.items():
        digits = day.faces.currency_digits[ccy]
        money = sums.to_pay, sums.paid, sums.to_receive, sums.received
        rows.append(
            _row(
                f'<th scope="row">{escape(member)} {escape(account)}</th>', _text(ccy), _plain(sums.rows),
                _plain(sums.done), *(_plain(one, digits) for one in money),
            )
        )  # fmt: skip
    return table(head, rows)


def obligation_table(day: ClearingDay) -> str:
    """The largest obligations, in the order of the file, with what has settled of them."""
    head = (("obligation", ""), ("member", ""), ("account", ""), ("instrument", ""), ("type", ""),
            ("quantity", "num"), ("cash", "num"), ("ccy", ""), ("legs", "num"), ("open", "num"))  # fmt: skip
    rows = []
    for row in largest_rows(day.blocks, SHOWN_ROWS):
        left = open_quantity(row)
        identifier, units = escape(row.obligation_id), _unit_digits(day, row.isin)
        rows.append(
            f'<tr id="o-{identifier}"><td class="id"><a href="#o-{identifier}">{identifier}</a></td>'
            + _text(row.member) + _text(row.account) + _text(row.isin) + _text(row.type)
            + _signed(row.quantity, units) + _signed(row.amount_minor, _digits(day, row.isin))
            + _text(row.ccy) + _plain(row.gross_legs) + _signed(left, units) + "</tr>"
        )  # fmt: skip
    return table(head, rows, "obligation-table")


def refusal_table(day: ClearingDay) -> str:
    """What was refused, the commonest first."""
    head = (("command", ""), ("reason", ""), ("count", "num"))
    ranked = sorted(day.refusals.items(), key=lambda one: (-one[1], one[0]))
    return table(head, (_row(_text(cmd), _text(reason), _plain(n)) for (cmd, reason), n in ranked))


def total_tables(day: ClearingDay) -> str:
    """Control totals of the close; every row sums to zero."""
    head = [("", ""), *((name, "num") for name in ("members", "house", "outside", "sum", "open positions"))]
    rows = []
    for isin, members, house, world, left in day.totals["securities"]:
        rows.append(_total(isin, (members, house, world), left, _unit_digits(day, isin)))
    for ccy, members, house, world, _, _, left in day.totals["cash"]:
        rows.append(_total(ccy, (members, house, world), left, day.faces.currency_digits.get(ccy, 0)))
    return table(head, rows)


def _total(name: str, balances: tuple[int, int, int], left: int, digits: int) -> str:
    total = sum(balances)
    class_ = "num" if total == 0 else "num breach"
    return _row(
        f'<th scope="row">{escape(name)}</th>', *(_plain(one, digits) for one in balances),
        f'<td class="{class_}">{grouped(total, digits)}</td>', _plain(left, digits),
    )  # fmt: skip


def file_table(day: ClearingDay) -> str:
    """The obligation files of the date and what their bodies hash to."""
    head = (("cycle", ""), ("rows", "num"), ("SHA-256 of the obligation file", ""))
    rows = (
        _row(_text(one["cycle"]), _plain(one["rows"]), f'<td class="id">{escape(one["sha256"])}</td>')
        for one in day.files
    )
    return table(head, rows)


def _ccy(day: ClearingDay, isin: str) -> str:
    return day.faces.instrument_currency.get(isin, "")


def _unit_digits(day: ClearingDay, isin: str) -> int:
    return day.faces.quantity_digits.get(isin, 0)


def _digits(day: ClearingDay, isin: str) -> int:
    return day.faces.currency_digits.get(_ccy(day, isin), 0)
