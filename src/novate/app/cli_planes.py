"""Commands of the two planes: day, clearing follow."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from novate.app.cli_options import ConfigFile, Json, OrderFormat
from novate.app.cli_screen import console, print_data, print_rows, progress_bars

Directory = Annotated[
    Path, typer.Argument(metavar="DIR", help="Where both planes keep their journals.", show_default=False)
]
Block = Annotated[
    int,
    typer.Option("--block", help="Most orders, and most fills, in a block of a journal.", min=1, max=65_536),
]


def day(
    directory: Directory,
    config: ConfigFile = None,
    orders: Annotated[
        Path | None,
        typer.Option("--orders", help="Order file; without it a day is generated.", show_default=False),
    ] = None,
    order_format: Annotated[
        OrderFormat | None, typer.Option("--format", help="Format of the order file.", show_default=False)
    ] = None,
    block: Block = 4096,
    as_json: Json = False,
) -> int:
    """Trade and clear a day on two planes, each a process that may be killed and goes on where it was."""
    if (orders is None) != (order_format is None):
        raise typer.BadParameter("expected --orders and --format together, was only one of them")
    from novate.app.planes import run_planes

    with progress_bars() as progress:
        result = run_planes(directory, config, orders, order_format, block, progress)
    if as_json:
        print_data(result)
        return 0
    console().print(result.headline(), style="bold", markup=False)
    rows = [("venue", str(directory / "venue")), ("clearing house", str(directory / "clearing"))]
    if result.restarts:
        rows.append(("started again", f"{result.restarts} times"))
    print_rows(rows)
    return 0


def follow(directory: Directory, block: Block = 4096, as_json: Json = False) -> int:
    """Take the fills that a venue has published beside the house and that it has not taken yet."""
    from novate.app.plane_process import take_published
    from novate.reports.figures import plural

    taken, last = take_published(directory, block)
    if as_json:
        print_data({"taken": taken, "last": last})
        return 0
    console().print(f"{plural(taken, 'fill')} taken, through number {last:,}", style="bold", markup=False)
    return 0
