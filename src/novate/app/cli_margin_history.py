"""Commands of margin by history: `novate margin fhs` and `novate margin backtest`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from novate.app.cli_options import Json
from novate.app.cli_screen import console, print_data, progress_bars, table

if TYPE_CHECKING:
    from novate.app.margin_history import HistoricalJob
    from novate.clearing.margin.coverage import Coverage
    from novate.clearing.margin.historical import AccountHistory
    from novate.reports.coverage import CoverageTest

SHOWN = 40
Tested = Literal["requirement", "value-at-risk", "expected-shortfall"]

RulesOption = Annotated[
    Path, typer.Option("--rules", help="The house's rules for margin, in TOML.", show_default=False)
]
Prices = Annotated[
    Path | None,
    typer.Option("--prices", help="CSV: date, then the price of each risk factor.", show_default=False),
]
Returns = Annotated[
    Path | None,
    typer.Option("--returns", help="CSV: date, then the return of each factor.", show_default=False),
]
HistoryPositions = Annotated[
    Path,
    typer.Option("--positions", help="CSV: member, account, instrument, quantity.", show_default=False),
]


def one_history(rules: Path, prices: Path | None, returns: Path | None) -> HistoricalJob:
    """The job with the one history that was given."""
    from novate.app.margin_history import HistoricalJob

    if (prices is None) == (returns is None):
        found = "neither" if prices is None else "both"
        raise typer.BadParameter(f"expected either --prices or --returns, was {found}")
    return HistoricalJob(rules, prices, returns)


def fhs(
    rules: RulesOption,
    positions: HistoryPositions,
    prices: Prices = None,
    returns: Returns = None,
    as_json: Json = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show every step of the calculation.")] = False,
) -> int:
    """Margin of every account by filtered historical simulation."""
    job = one_history(rules, prices, returns)
    results = list(job.margins(job.holdings(positions)))
    if as_json:
        from novate.reports.history_explained import history_data

        print_data({"accounts": {one.account: history_data(one) for one in results}})
    elif explain:
        from novate.reports.history_explained import history_explained

        screen = console()
        for one in results:
            for line in history_explained(one, job.rules.method):
                screen.print(line, markup=False)
            screen.print("")
    else:
        _print_requirements(results)
    return 0


def backtest(
    rules: Annotated[
        Path | None,
        typer.Option("--rules", help="The house's rules for margin, in TOML.", show_default=False),
    ] = None,
    positions: Annotated[
        Path | None,
        typer.Option("--positions", help="CSV: member, account, instrument, quantity.", show_default=False),
    ] = None,
    prices: Prices = None,
    returns: Returns = None,
    outcomes: Annotated[
        Path | None,
        typer.Option(
            "--outcomes", help="CSV: date, account, requirement, loss, of any method.", show_default=False
        ),
    ] = None,
    of: Annotated[
        Tested,
        typer.Option("--of", help="The requirement before add-ons, or the measure of the model alone."),
    ] = "requirement",
    confidence: Annotated[
        str, typer.Option("--confidence", help="Share of days to be covered; default: the rules', else 0.99.")
    ] = "",
    significance: Annotated[
        float, typer.Option("--significance", min=0.0001, max=0.5, help="Of the tests.")
    ] = 0.05,
    as_json: Json = False,
) -> int:
    """Was a day's loss covered as often as asked? Exit 1 if an account was not."""
    from novate.reports.coverage import Verdict, coverage_data, coverage_test

    asked = Fraction(99, 100)
    decimals: dict[str, int] = {}
    if outcomes is not None:
        if rules or positions or prices or returns:
            raise typer.BadParameter("expected --outcomes alone, was with --rules, --positions or a history")
        from novate.gateway.margin.holdings import read_outcomes

        series = read_outcomes(outcomes)
    else:
        if rules is None or positions is None:
            raise typer.BadParameter("expected --outcomes, or --rules, --positions and a history")
        job = one_history(rules, prices, returns)
        asked, decimals = job.rules.method.confidence, job.rules.file.currencies
        with progress_bars() as progress:
            series = job.backtest(job.holdings(positions), "" if of == "requirement" else of, progress)
    if confidence:
        asked = _asked(confidence)
    tests = [(one, coverage_test(one.hits, float(1 - asked), significance)) for one in series]
    if as_json:
        data = [coverage_data(one, test, decimals.get(one.currency)) for one, test in tests]
        print_data({"confidence": str(float(asked)), "significance": significance, "series": data})
    else:
        _print_coverage(tests, asked)
    return int(any(test.verdict is Verdict.NOT_COVERED for _, test in tests))


def _asked(confidence: str) -> Fraction:
    """The share of days that is to be covered, as the option says it."""
    from novate.app.margin_rules import share

    try:
        asked = share(confidence, "--confidence", above=True)
        if asked == 1:
            raise ValueError("--confidence: expected a share below 1, was 1: it has no exceptions")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    return asked


def _print_coverage(tests: list[tuple[Coverage, CoverageTest]], asked: Fraction) -> None:
    from rich.markup import escape

    from novate.reports.coverage import Verdict
    from novate.reports.figures import plural

    screen = console()
    missed = sum(test.verdict is Verdict.NOT_COVERED for _, test in tests)
    told = "every one was" if not missed else f"{missed} of {len(tests)} was not"
    headline = (
        f"Coverage of {float(asked):.4g} of the days was asked of {plural(len(tests), 'account')}: {told}"
    )
    screen.print(headline, style="bold", markup=False)
    made = table(
        "account", "currency", ">days", ">exceptions", ">expected", ">Kupiec p", ">independence p", ""
    )
    for one, test in tests[:SHOWN]:
        values = (f"{ratio.p_value:.4f}" for ratio in (test.kupiec, test.independence))
        verdict = test.verdict.value + (", exceptions cluster" if test.clusters else "")
        counts = (f"{test.days:,}", f"{test.exceptions:,}", f"{test.expected:,.1f}")
        made.add_row(escape(one.account), escape(one.currency), *counts, *values, verdict)
    screen.print(made)
    if len(tests) > SHOWN:
        screen.print(f"and {len(tests) - SHOWN:,} more; --json has all of them", style="dim")


def _print_requirements(results: list[AccountHistory]) -> None:
    from rich.markup import escape

    from novate.reports.figures import grouped, plural, quiet

    screen = console()
    owing = sum(any(total.requirement for total in one.totals.values()) for one in results)
    screen.print(
        f"{plural(owing, 'account')} of {len(results):,} must leave margin", style="bold", markup=False
    )
    made = table("account", "currency", ">value at risk", ">shortfall", ">floored", ">buffer", ">add-ons",
                 ">requirement")  # fmt: skip
    lines = [(one, currency, total) for one in results for currency, total in one.totals.items()]
    for one, currency, total in lines[:SHOWN]:
        charged = sum(each.charge for each in total.add_ons)
        figures = (total.value_at_risk, total.expected_shortfall, total.floored)
        made.add_row(
            escape(one.account),
            escape(currency),
            *(grouped(figure, total.decimals) for figure in figures),
            *(quiet(figure, total.decimals) for figure in (total.buffer, charged)),
            grouped(total.requirement, total.decimals),
        )
    if lines:
        screen.print(made)
    if len(lines) > SHOWN:
        screen.print(f"and {len(lines) - SHOWN:,} more; --json has all of them", style="dim")
    screen.print("--explain shows every step", style="dim")
