"""Commands that use one room at a time: match, conform, explain, bench, import, version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from novate.app.cli_options import ConfigFile, Json, Level, OrderFormat, Out
from novate.app.cli_screen import console, print_data, progress_bars, table

if TYPE_CHECKING:
    from novate.app.clearing_story import ToldScenario
    from novate.app.conform import ConformResult
    from novate.domain.configuration import Configuration

SHOWN_DIFFERENCES = 5


def version(as_json: Json = False) -> int:
    """Print the version of Novate and of what it computes with."""
    from importlib.metadata import version as version_of

    packages = {name: version_of(name) for name in ("novate", "numpy", "numba", "pyarrow")}
    if as_json:
        print_data(packages)
    else:
        typer.echo("  ".join(f"{name} {number}" for name, number in packages.items()))
    return 0


def match(
    file: Annotated[Path, typer.Argument(help="Order file.", show_default=False)],
    order_format: Annotated[OrderFormat, typer.Option("--format", help="Format of the file.")],
    out: Out,
    config: ConfigFile = None,
    as_json: Json = False,
) -> int:
    """Match the orders of a file, without journal and clearing."""
    with progress_bars() as progress:
        from novate.app.match import match_file
        from novate.app.ready import ready_kernels

        configuration = _configuration(config)
        ready_kernels(progress)
        summary = match_file(file, order_format, out, configuration, progress=progress)
    if as_json:
        print_data(summary)
    else:
        _print_lines(summary.lines())
    return 0


def conform(
    files: Annotated[
        list[Path], typer.Argument(help="Scenario or case files, or folders.", show_default=False)
    ],
    level: Annotated[
        Level, typer.Option("--level", help="Level of the rulebook; CORE leaves the scenarios of FULL out.")
    ] = "FULL",
    as_json: Json = False,
) -> int:
    """Run scenarios against the real engine; passed and failed per rule."""
    with progress_bars() as progress:
        from novate.app.conform import conform_files
        from novate.app.ready import ready_kernels

        ready_kernels(progress)
        result = conform_files(files, level, lambda done, total: progress("conformance", done, total))
    if as_json:
        print_data({"ok": result.ok, "by_rule": result.by_rule(), "result": result})
    else:
        _print_conformance(result)
    return 0 if result.ok else 1


def explain(
    file: Annotated[Path, typer.Argument(help="Scenario file.", show_default=False)],
    scenario: Annotated[
        str | None, typer.Option("--scenario", help="Only the scenario of this name.", show_default=False)
    ] = None,
    steps: Annotated[
        str | None, typer.Option("--steps", help="Only these steps: 3, 2-5, 7-.", show_default=False)
    ] = None,
    plain: Annotated[bool, typer.Option("--plain", help="No colours.")] = False,
    as_json: Json = False,
) -> int:
    """Tell a scenario step by step, with pictures of the order book; of clearing, day by day."""
    with progress_bars() as progress:
        from novate.app.clearing_story import tell_file
        from novate.app.conform_clearing import is_clearing_file
        from novate.app.explain import explain_file, parse_steps
        from novate.app.ready import ready_kernels

        try:
            wanted = parse_steps(steps) if steps is not None else None
        except ValueError as fault:
            raise typer.BadParameter(f"--steps: {fault}") from fault
        if file.is_file() and is_clearing_file(file):
            if wanted is not None:
                raise typer.BadParameter("expected no --steps: the days of clearing are told as a whole")
            return _print_tales(tell_file(file, scenario), as_json)
        ready_kernels(progress)
        told = explain_file(file, scenario, wanted)
    ok = all(each.ok for each in told)
    if as_json:
        print_data({"ok": ok, "scenarios": told})
        return 0 if ok else 1
    from novate.app.explain_screen import print_explanation

    screen = console(plain)
    for number, each in enumerate(told):
        if number:
            screen.print()
        print_explanation(each, screen)
    return 0 if ok else 1


def _print_tales(tales: list[ToldScenario], as_json: bool) -> int:
    """Stories of clearing scenarios, and where they are not what the scenario expects."""
    ok = not any(tale.differing for tale in tales)
    if as_json:
        print_data({"ok": ok, "stories": tales})
        return 0 if ok else 1
    for tale in tales:
        typer.echo(tale.text)
        count, total = len(tale.differing), f"{tale.commands:,} commands"
        lines = ", ".join(map(str, tale.differing))
        typer.echo(
            f"{count:,} of {total} give something else than the scenario expects, see novate conform: "
            f"{tale.path} lines {lines}"
            if count
            else f"All {total} give what the scenario expects"
        )
    return 0 if ok else 1


def bench_matching(
    tape: Annotated[
        Path | None, typer.Option("--tape", help="A tape instead of generated flows.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """Nanoseconds of CPU per message, best, median and worst of five."""
    with progress_bars() as progress:
        from novate.app.bench import bench_matching as measure
        from novate.app.ready import ready_kernels

        ready_kernels(progress)
        result = measure(tape, progress=progress)
    if as_json:
        print_data(result)
    else:
        from novate.app.bench_table import print_bench

        print_bench(result)
    return 0


def bench_features(as_json: Json = False) -> int:
    """What auctions, allocation by size and stop cascades cost."""
    with progress_bars() as progress:
        from novate.app.bench_features import bench_features as measure
        from novate.app.ready import ready_kernels

        ready_kernels(progress)
        result = measure(progress=progress)
    if as_json:
        print_data(result)
    else:
        from novate.app.bench_table import print_features

        print_features(result)
    return 0


def bench_ledger(as_json: Json = False) -> int:
    """What a transfer costs in CPU time and in memory."""
    with progress_bars() as progress:
        from novate.app import bench_ledger as bench

        result = bench.bench_ledger(progress=progress)
    if as_json:
        print_data(result)
    else:
        from novate.app.bench_table import print_ledger

        print_ledger(result)
    return 0


def bench_clearing(
    trades: Annotated[int, typer.Option("--trades", min=1, help="Trades to net.")] = 10_000_000,
    house_trades: Annotated[
        int, typer.Option("--house-trades", min=1, help="Trades of the largest day of the house.")
    ] = 1_000_000,
    as_json: Json = False,
) -> int:
    """What netting a trade costs, beside Polars and DuckDB, what clearing a file costs, and a whole day."""
    with progress_bars() as progress:
        from novate.app import bench_clearing as bench

        result = bench.bench_clearing(trades, house_trades, progress=progress)
    if as_json:
        print_data(result)
    else:
        from novate.app.bench_table import print_clearing

        print_clearing(result)
    return 0


def import_lobster(
    messages: Annotated[Path, typer.Argument(help="LOBSTER message file.", show_default=False)],
    out: Out,
    config: ConfigFile = None,
    as_json: Json = False,
) -> int:
    """Turn a historical message file into venue commands, and compare the trades with history."""
    with progress_bars() as progress:
        from novate.app.import_lobster import import_lobster as import_file
        from novate.app.ready import ready_kernels

        configuration = _configuration(config)
        ready_kernels(progress)
        report = import_file(messages, out, configuration, progress=progress)
    if as_json:
        print_data({"percent_same": report.percent_same, "report": report})
    else:
        _print_lines(report.lines())
    return 0


def _configuration(path: Path | None) -> Configuration:
    from novate.app.configuration import embedded_configuration, load_configuration

    return load_configuration(path) if path else embedded_configuration()


def _print_lines(lines: list[str]) -> None:
    """The first line is the headline."""
    screen = console()
    for number, line in enumerate(lines):
        screen.print(line, markup=False, style="bold" if number == 0 else "")


def _print_conformance(result: ConformResult) -> None:
    from novate.app.conform import Verdict
    from novate.reports.figures import quiet

    screen = console()
    passed, failed = result.count(Verdict.PASSED), result.count(Verdict.FAILED)
    other = result.count(Verdict.OTHER_LEVEL)
    said = f"{passed:,} passed, {failed:,} failed"
    screen.print(said + (f", {other:,} of another level than {result.level}" if other else ""), style="bold")
    made = table("rule", ">passed", ">failed", ">other level")
    for rule, count in result.by_rule().items():
        made.add_row(rule, *(quiet(n) for n in (count.passed, count.failed, count.other_level)))
    screen.print(made)
    differences = [outcome for outcome in result.outcomes if outcome.difference]
    for outcome in differences[:SHOWN_DIFFERENCES]:
        screen.print(f"{outcome.name}: {outcome.difference}", markup=False)
    if len(differences) > SHOWN_DIFFERENCES:
        screen.print(f"and {len(differences) - SHOWN_DIFFERENCES:,} more differences; --json has all of them")
