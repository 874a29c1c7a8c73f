"""The end of a run as a person reads it: a headline, at most two tables, then where the files are.

164,211 trades became 96 obligations: 99.9% less to settle

currency   legs   gross   net   netted away
member     2026-10-13 USD   2026-10-13 EUR

files of out/day, and how to check them
"""

from __future__ import annotations

from itertools import takewhile
from pathlib import Path

from rich.markup import escape

from novate.app.cli_screen import coloured, console, print_rows, table
from novate.app.run_summary import MemberCash, RunSummary
from novate.gateway.files.lobster_report import DIFFERENCES
from novate.reports.figures import directed, grouped, percent, plural, quiet
from novate.reports.model import headline

SHOWN_MEMBERS = 12
SHOWN_COLUMNS = 4

PURPOSE = {
    "trades.csv": "every trade, ready for `novate clear`",
    "obligations.csv": "who delivers and pays what to whom, when",
    "events.parquet": "everything that happened, in order",
    "rejects.csv": "what was not taken, and why",
    "report.html": "the day in pictures; open it in a browser",
}


def print_run(summary: RunSummary, directory: Path, seconds: float) -> None:
    """The whole summary."""
    screen = console()
    screen.print()
    screen.print(f"[bold]{headline(summary.trades, summary.obligations, summary.executions)}[/]")
    screen.print(summary.source, style="dim", markup=False)
    if summary.netting:
        screen.print(_netting_table(summary))
    if summary.cash:
        screen.print(_cash_table(summary.cash))
        _print_rest(summary.cash)
    for sentence in (
        *takewhile(lambda sentence: sentence != DIFFERENCES, summary.comparison),
        *summary.notes,
        *summary.clearing_notes,
        *_sentences(summary, seconds),
    ):
        screen.print(sentence, markup=False)
    screen.print()
    _print_files(summary, directory)


def _netting_table(summary: RunSummary) -> object:
    made = table("ccy", ">legs", ">gross", ">obligations", ">net", ">netted away")
    for flow in summary.netting:
        made.add_row(
            escape(flow.currency),
            grouped(flow.legs),
            grouped(flow.gross_minor, flow.digits),
            grouped(flow.obligations),
            grouped(flow.net_minor, flow.digits),
            percent(flow.gross_minor - flow.net_minor, flow.gross_minor),
        )
    return made


def _columns(cash: list[MemberCash]) -> list[tuple[str, str]]:
    return sorted({(cell.settle_date, cell.currency) for cell in cash})


def _cash_table(cash: list[MemberCash]) -> object:
    """Members by settlement date: the largest payers and receivers first, in the order of their names."""
    columns = _columns(cash)[:SHOWN_COLUMNS]
    amounts = {(cell.member, cell.settle_date, cell.currency): cell for cell in cash}
    weight: dict[str, int] = {}
    for cell in cash:
        weight[cell.member] = weight.get(cell.member, 0) + abs(cell.amount_minor)
    largest = sorted(weight, key=lambda member: (-weight[member], member))[:SHOWN_MEMBERS]
    made = table("member", *(f">{date} {escape(currency)}" for date, currency in columns))
    for member in sorted(largest):
        cells = [amounts.get((member, *column)) for column in columns]
        made.add_row(
            escape(member),
            *(coloured(directed(cell.amount_minor, cell.digits)) if cell else quiet(0) for cell in cells),
        )
    return made


def _print_rest(cash: list[MemberCash]) -> None:
    members = len({cell.member for cell in cash}) - SHOWN_MEMBERS
    columns = len(_columns(cash)) - SHOWN_COLUMNS
    if members > 0 or columns > 0:
        rest = [plural(members, "more member")] if members > 0 else []
        rest += (
            [plural(columns, "more date and currency", "more dates and currencies")] if columns > 0 else []
        )
        console().print(f"and {' and '.join(rest)}: all of them in the report", style="dim")


def _sentences(summary: RunSummary, seconds: float) -> list[str]:
    rows, journal = summary.rows, summary.journal
    sentences = [
        f"{grouped(journal.last_sequence)} commands journaled, applied and cleared in {seconds:.1f} s; "
        f"state root {summary.state_root[:16]}…"
    ]
    if rows.rejected:
        first = max(summary.refusals, key=lambda name: (summary.refusals[name], name), default="")
        sentences.append(
            f"{grouped(rows.rejected)} of {plural(rows.read, 'row')} not accepted, most often "
            f"{first.partition(':')[2]}: rejects.csv"
        )
    return sentences


def _print_files(summary: RunSummary, directory: Path) -> None:
    rows = [
        (str(directory / name), f"{grouped(summary.outputs[name].bytes):>12} bytes  {PURPOSE.get(name, '')}")
        for name in (*PURPOSE, *(set(summary.outputs) - set(PURPOSE)))
        if name in summary.outputs
    ]
    rows.append((str(directory / "journal"), f"{'':18}  the log from which all of this can be made again"))
    print_rows(rows)
    console().print(f"\nCheck every byte of it: novate verify {directory}", markup=False, style="dim")
