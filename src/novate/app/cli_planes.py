"""Commands of the two planes: day."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from novate.app.cli_options import ConfigFile, Json, OrderFormat
from novate.app.cli_screen import console, print_data, print_rows, progress_bars


def day(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where both planes keep their journals.", show_default=False)
    ],
    config: ConfigFile = None,
    orders: Annotated[
        Path | None,
        typer.Option("--orders", help="Order file; without it a day is generated.", show_default=False),
    ] = None,
    order_format: Annotated[
        OrderFormat | None, typer.Option("--format", help="Format of the order file.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """Trade and clear a day on two planes, each a process that may be killed and goes on where it was."""
    if (orders is None) != (order_format is None):
        raise typer.BadParameter("expected --orders and --format together, was only one of them")
    from novate.app.planes import run_planes

    with progress_bars() as progress:
        result = run_planes(directory, config, orders, order_format, progress)
    if as_json:
        print_data(result)
        return 0
    console().print(result.headline(), style="bold", markup=False)
    rows = [("venue", str(directory / "venue")), ("clearing house", str(directory / "clearing"))]
    if result.restarts:
        rows.append(("started again", f"{result.restarts} times"))
    print_rows(rows)
    return 0
