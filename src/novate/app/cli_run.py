"""Commands of the main job and its proof: run, replay, verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from novate.app.cli_options import ConfigFile, Json, OrderFormat, Out
from novate.app.cli_screen import console, print_data, print_rows, progress_bars
from novate.app.problems import Interrupted

RunDirectory = Annotated[
    Path, typer.Argument(help="A directory that `novate run` wrote, or its journal.", show_default=False)
]


def run(
    out: Out,
    config: ConfigFile = None,
    orders: Annotated[
        Path | None,
        typer.Option("--orders", help="Order file; without it a day is generated.", show_default=False),
    ] = None,
    order_format: Annotated[
        OrderFormat | None, typer.Option("--format", help="Format of the order file.", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an earlier run in the directory.")] = False,
    as_json: Json = False,
) -> int:
    """From orders to obligations: journal, match, clear, report."""
    if (orders is None) != (order_format is None):
        raise typer.BadParameter("expected --orders and --format together, was only one of them")
    try:
        with progress_bars() as progress:
            from novate.app.run import run_day
            from novate.app.run_orders import RunRequest

            request = RunRequest(
                config=config, orders=orders, order_format=order_format, out=out, force=force
            )
            finished = run_day(request, progress)
    except KeyboardInterrupt:
        raise Interrupted(_what_is_left(out)) from None
    if as_json:
        seconds = round(finished.seconds, 3)
        print_data({"directory": str(out), "seconds": seconds, "summary": finished.summary})
        return 0
    from novate.app.cli_summary import print_run

    print_run(finished.summary, out, finished.seconds)
    return 0


def _what_is_left(out: Path) -> str:
    """Where the journal of an interrupted run lies, and whether it was to replace another run."""
    from novate.app.run_directory import JOURNAL, UNFINISHED
    from novate.app.run_summary import SUMMARY

    aside = out / UNFINISHED
    if (aside / JOURNAL).is_dir():
        return f"interrupted; the earlier run in {out} is untouched; of this one: novate replay {aside}"
    if (out / JOURNAL).is_dir() and not (out / SUMMARY).exists():
        return f"interrupted; what was journaled can be replayed: novate replay {out}"
    return "interrupted before anything was journaled"


def replay(directory: RunDirectory, as_json: Json = False) -> int:
    """Rebuild everything from the journal alone."""
    with progress_bars() as progress:
        from novate.app.replay import replay_directory

        result = replay_directory(directory, progress)
    if as_json:
        print_data(result)
        return 0 if result.summary_agrees is not False else 1
    screen = console()
    screen.print(result.headline(), style="bold", markup=False)
    print_rows(result.lines())
    return 0 if result.summary_agrees is not False else 1


def verify(
    directory: RunDirectory,
    sample: Annotated[
        int, typer.Option("--sample", min=0, help="Orders that are also replayed without compilation.")
    ] = 5_000,
    as_json: Json = False,
) -> int:
    """Replay twice, compiled and interpreted, and compare with every snapshot and every output."""
    with progress_bars() as progress:
        from novate.app.verify import verify_directory
        from novate.app.verify_planes import is_of_planes, verify_planes

        verifies = verify_planes if is_of_planes(directory) else verify_directory
        result = verifies(directory, sample, progress)
    if as_json:
        print_data(result)
        return 0 if result.same else 1
    screen = console()
    screen.print(result.headline(), style="bold", markup=False)
    for check in result.checks:
        mark = "same" if check.same else "DIFFERS"
        screen.print(f"  {mark:<8} {check.what}", markup=False, style="" if check.same else "bold")
        if not check.same:
            screen.print(f"           {check.where}", markup=False)
    return 0 if result.same else 1
