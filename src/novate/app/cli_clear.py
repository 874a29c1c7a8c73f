"""`novate clear`: trade files that anyone made, in one pass or date by date."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from novate.app.cli_house import print_taken
from novate.app.cli_options import ConfigFile, Json, Out
from novate.app.cli_screen import console, print_data, print_rows, progress_bars, table

if TYPE_CHECKING:
    from novate.app.clear import ClearSummary
    from novate.app.clear_days import DaysSummary
    from novate.domain.configuration import Configuration

SHOWN_DATES = 20


def clear(
    trades: Annotated[list[Path], typer.Argument(help="Trades, CSV or Parquet.", show_default=False)],
    out: Out,
    config: ConfigFile = None,
    adopt: Annotated[
        bool, typer.Option("--adopt", help="Take members and instruments from the file itself.")
    ] = False,
    settle_days: Annotated[
        int | None,
        typer.Option("--settle-days", min=0, max=5, help="With --adopt: T+N of instruments without one [1]."),
    ] = None,
    first: Annotated[
        str | None,
        typer.Option("--from", help="Day by day, from this date (2026-03-02) on.", show_default=False),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", help="Day by day, to this date (2026-03-04).", show_default=False),
    ] = None,
    holdings: Annotated[
        Path | None,
        typer.Option("--holdings", help="Day by day, with these balances and no others.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> int:
    """Net trades that anyone made into obligations, and settle them."""
    if settle_days is not None and not adopt:
        raise typer.BadParameter("expected --settle-days together with --adopt, was alone")
    if len(trades) > 1 or first or last or holdings:
        return _clear_days(trades, out, config, adopt, settle_days, (first, last), holdings, as_json)
    with progress_bars() as progress:
        from novate.app.clear import clear_file

        summary = clear_file(
            trades[0],
            out,
            _configuration(config),
            adopt=adopt,
            settle_days=1 if settle_days is None else settle_days,
            progress=lambda step: progress(f"{step} {trades[0].name}", 0, 0),
        )
    if as_json:
        print_data(summary)
    else:
        _print_clearing(summary, out)
    return 0


def _clear_days(
    trades: list[Path], out: Path, config: Path | None, adopt: bool, settle_days: int | None,
    dates: tuple[str | None, str | None], holdings: Path | None, as_json: bool,
) -> int:  # fmt: skip
    with progress_bars() as progress:
        from novate.app.clear_days import DayRange, clear_days
        from novate.app.clearing_queries import date_of

        asked = (None if date is None else date_of(date) for date in dates)
        summary = clear_days(
            trades,
            out,
            _configuration(config),
            dates=DayRange(**dict(zip(("first", "last"), asked, strict=True))),
            holdings=holdings,
            adopt=adopt,
            settle_days=1 if settle_days is None else settle_days,
            progress=progress,
        )
    if summary.begun_anew is not None:
        typer.echo(f"novate: {summary.begun_anew.sentence(out)}", err=True)
    if as_json:
        print_data(summary)
    else:
        _print_days(summary)
    return 0


def _configuration(path: Path | None) -> Configuration | None:
    from novate.app.configuration import load_configuration

    return load_configuration(path) if path else None


def _print_days(summary: DaysSummary) -> None:
    from novate.reports.figures import plural, quiet

    screen = console()
    obligations = sum(cycle["obligations"] for day in summary.days for cycle in day.summary["cycles"])
    trades = plural(sum(one.accepted for one in summary.files), "trade")
    dates = plural(len(summary.days), "date")
    said = f"{trades} became {plural(obligations, 'obligation')} on {dates}"
    if any(day.summary["fails"] for day in summary.days[:-1]):
        said += "; what fails is one again on the next date"
    screen.print(said, style="bold", markup=False)
    made = table("date", ">accepted", ">repeated", ">rejected", ">obligations", ">fails")
    for day in summary.days[:SHOWN_DATES]:
        counts = day.summary["trades"]
        rows = sum(cycle["obligations"] for cycle in day.summary["cycles"])
        first = counts["accepted"] - counts["of_accepted"]["duplicate"] - counts["of_accepted"]["superseded"]
        figures = first, counts["accepted"] - first, counts["rejected"], rows, day.summary["fails"]
        made.add_row(day.summary["date"], *map(quiet, figures))
    screen.print(made)
    if len(summary.days) > SHOWN_DATES:
        screen.print(f"and {len(summary.days) - SHOWN_DATES:,} more dates")
    if summary.open_at_the_end or summary.waiting_at_the_end:
        left = plural(summary.open_at_the_end, "position")
        screen.print(f"{left} open and {plural(summary.waiting_at_the_end, 'leg')} waiting at the end")
    for one in summary.files:
        print_taken(one)
    folder = Path(summary.out) / "clearing" / "days"
    print_rows([(f"{folder}/DATE/report.html", "each date in pictures"), (str(folder), "files of each date")])


def _print_clearing(summary: ClearSummary, out: Path) -> None:
    from novate.reports.figures import grouped, percent, plural
    from novate.reports.model import headline

    screen = console()
    answered = summary.delivery
    netted = answered.in_force - answered.undelivered
    title = headline(netted, summary.obligations, answered.read)
    if answered.read and not answered.in_force:
        title = f"{plural(answered.read, 'row')}, none of which was accepted"
    screen.print(title, style="bold", markup=False)
    made = table("cycle", "currency", ">legs", ">rows", ">gross to pay", ">net to pay", ">netted away")
    for cycle in summary.cycles:
        saved = percent(cycle.gross_pay - cycle.net_pay, cycle.gross_pay)
        figures = (cycle.legs, cycle.rows, cycle.gross_pay, cycle.net_pay)
        made.add_row(cycle.cycle, cycle.ccy, *(grouped(figure) for figure in figures), saved)
    screen.print(made)
    screen.print(
        f"{plural(answered.read, 'row')} read, {grouped(answered.accepted)} accepted, "
        f"{grouped(answered.rejected)} rejected; amounts in minor units"
    )
    for reason, count in summary.rejects_by_reason.items():
        screen.print(f"  {count:>8,}  {reason}", markup=False)
    names = ("obligations.csv", "positions.csv", "rejects.csv", "returns.csv")
    print_rows([(str(out / name), "") for name in names])
