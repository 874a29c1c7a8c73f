"""The tables of the page: who owes what on which day, obligations, trades, markets, refusals, files.

    cash matrix        members x settlement dates, every column sums to zero
    obligation  o-ID --links--> trade t-ID   (and back by the filter of the table)

Every cell of money carries sign and arrow; columns are formatted with one number of decimals, so that a
right-aligned column is aligned on the decimal point.
"""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from novate.domain.codes import Side
from novate.reports.figures import clock, directed, grouped, percent, plural, quiet
from novate.reports.market_picture import price_text
from novate.reports.model import CashCell, DayReport, MarketLine, ObligationRow, TradeRow

INCOMING = {Side.BUY: ("▲ buy", "buy"), Side.SELL: ("▼ sell", "sell"), Side.NONE: ("auction", "")}


def direction_class(value: int) -> str:
    """The class of a signed number: colour is only the third sign of direction."""
    return "num buy" if value > 0 else "num sell" if value < 0 else "num"


def table(head: Iterable[tuple[str, str]], rows: Iterable[str], identifier: str = "", foot: str = "") -> str:
    """A table from (title, class) columns and finished rows."""
    cells = "".join(f'<th scope="col" class="{class_}">{escape(title)}</th>' for title, class_ in head)
    named = f' id="{identifier}"' if identifier else ""
    ending = f"<tfoot>{foot}</tfoot>" if foot else ""
    body = "".join(rows)
    return (
        f'<div class="scroll" tabindex="0"><table{named}><thead><tr>{cells}</tr></thead>'
        f"<tbody>{body}</tbody>{ending}</table></div>"
    )


def cash_matrix(cells: tuple[CashCell, ...]) -> str:
    """Members by settlement dates and currencies; the last row shows that every column sums to zero."""
    columns = sorted({(cell.settle_date, cell.currency, cell.digits) for cell in cells})
    members = sorted({cell.member for cell in cells})
    amounts = {(cell.member, cell.settle_date, cell.currency): cell.amount_minor for cell in cells}
    head = [("member", ""), *((f"{date} {currency}", "num") for date, currency, _ in columns)]
    rows = []
    for member in members:
        row = f'<th scope="row">{escape(member)}</th>'
        for date, currency, digits in columns:
            amount = amounts.get((member, date, currency), 0)
            row += f'<td class="{direction_class(amount)}">{directed(amount, digits)}</td>'
        rows.append(f"<tr>{row}</tr>")
    foot = '<tr><th scope="row">all members</th>'
    for date, currency, digits in columns:
        total = sum(amounts.get((member, date, currency), 0) for member in members)
        class_ = "num" if total == 0 else "num breach"
        foot += f'<td class="{class_}">{grouped(total, digits)}</td>'
    return table(head, rows, foot=foot + "</tr>")


def cash_title(cells: tuple[CashCell, ...]) -> str:
    """The largest payment as a sentence."""
    payer = min(cells, key=lambda cell: (cell.amount_minor, cell.member), default=None)
    if payer is None or payer.amount_minor >= 0:
        return "Nobody pays"
    amount = f"{payer.currency} {grouped(-payer.amount_minor, payer.digits)}"
    return f"{payer.member} pays most: {amount} on {payer.settle_date}"


def obligation_table(rows: tuple[ObligationRow, ...]) -> str:
    """Obligations; every row has its identifier as anchor and leads to the trades behind it."""
    head = (("obligation", ""), ("settles", ""), ("member", ""), ("account", ""), ("instrument", ""),
            ("quantity", "num"), ("cash", "num"), ("ccy", ""), ("legs", "num"), ("trades", ""))  # fmt: skip
    return table(head, map(_obligation_row, rows), "obligation-table")


def _obligation_row(row: ObligationRow) -> str:
    links = " ".join(f'<a href="#t-{escape(trade)}">{escape(trade)}</a>' for trade in row.trades)
    return (
        f'<tr id="o-{escape(row.obligation_id)}"><td class="id"><a href="#o-{escape(row.obligation_id)}">'
        f"{escape(row.obligation_id)}</a></td><td>{escape(row.settle_date)}</td><td>{escape(row.member)}</td>"
        f"<td>{escape(row.account)}</td><td>{escape(row.instrument)}</td>"
        f'<td class="{direction_class(row.quantity)}">{directed(row.quantity, row.quantity_digits)}</td>'
        f'<td class="{direction_class(row.amount_minor)}">{directed(row.amount_minor, row.digits)}</td>'
        f'<td>{escape(row.currency)}</td><td class="num">{row.gross_legs:,}</td>'
        f'<td class="id">{links}</td></tr>'
    )


def trade_table(rows: tuple[TradeRow, ...]) -> str:
    """Trades with both orders and the journal sequence of the incoming one."""
    head = (("trade", ""), ("time", ""), ("instrument", ""), ("price", "num"), ("quantity", "num"),
            ("incoming", ""), ("buyer", ""), ("seller", ""), ("buy order", "num"), ("sell order", "num"),
            ("sequence", "num"))  # fmt: skip
    return table(head, map(_trade_row, rows), "trade-table")


def _trade_row(row: TradeRow) -> str:
    taker, class_ = INCOMING[row.incoming]
    time = clock(row.time_ns) if row.time_ns else ""
    trade = escape(row.trade_id)
    return (
        f'<tr id="t-{trade}"><td class="id"><a href="#t-{trade}">{trade}</a>'
        f"</td><td>{time}</td><td>{escape(row.instrument)}</td>"
        f'<td class="num">{grouped(row.price, row.price_digits)}</td>'
        f'<td class="num">{grouped(row.quantity, row.quantity_digits)}</td><td class="{class_}">{taker}</td>'
        f"<td>{escape(row.buyer)}</td><td>{escape(row.seller)}</td>"
        f'<td class="num id">{row.buy_order}</td><td class="num id">{row.sell_order}</td>'
        f'<td class="num id">{row.sequence}</td></tr>'
    )


def market_table(rows: tuple[MarketLine, ...]) -> str:
    """Every market that traded, largest turnover first."""
    head = (("market", ""), ("ccy", ""), ("trades", "num"), ("volume", "num"), ("turnover", "num"),
            ("first", "num"), ("low", "num"), ("high", "num"), ("last", "num"))  # fmt: skip
    return table(head, map(_market_row, rows))


def _market_row(row: MarketLine) -> str:
    prices = "".join(
        f'<td class="num">{price_text(value, row.price_digits)}</td>'
        for value in (row.first_price, row.low_price, row.high_price, row.last_price)
    )
    return (
        f'<tr><th scope="row">{escape(row.symbol)}</th><td>{escape(row.currency)}</td>'
        f'<td class="num">{quiet(row.trades)}</td>'
        f'<td class="num">{quiet(row.volume, row.quantity_digits)}</td>'
        f'<td class="num">{quiet(row.turnover_minor, row.digits)}</td>{prices}</tr>'
    )


def refusal_table(report: DayReport) -> str:
    """What was refused, where, and under which code."""
    head = (("where", ""), ("reason", ""), ("code", "num"), ("count", "num"))
    rows = (
        f'<tr><td>{escape(row.stage)}</td><td>{escape(row.name)}</td><td class="num id">{row.code}</td>'
        f'<td class="num">{row.count:,}</td></tr>'
        for row in report.refusals
    )
    return table(head, rows)


def refusal_title(report: DayReport) -> str:
    """How much was refused, as a sentence."""
    refused = sum(row.count for row in report.refusals)
    if refused == 0:
        return "Nothing was refused"
    commonest = max(report.refusals, key=lambda row: (row.count, row.name))
    share = percent(commonest.count, refused)
    return f"{plural(refused, 'command or row', 'commands and rows')} refused, {share} for {commonest.name}"


def digest_table(report: DayReport) -> str:
    """The files of the run and what they must hash to."""
    head = (("file", ""), ("bytes", "num"), ("SHA-256", ""))
    rows = (
        f'<tr><th scope="row">{escape(file.name)}</th><td class="num">{file.size:,}</td>'
        f'<td class="id">{file.sha256}</td></tr>'
        for file in report.digests
    )
    return table(head, rows)
