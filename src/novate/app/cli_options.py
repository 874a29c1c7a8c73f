"""Options that several commands share, so that each has one name and one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")]
Out = Annotated[Path, typer.Option("--out", help="Directory for the results.", show_default=False)]
ConfigFile = Annotated[
    Path | None,
    typer.Option("--config", help="Configuration; without it the embedded default.", show_default=False),
]
OrderFormat = Literal["csv", "parquet", "lobster", "tape"]
Level = Literal["CORE", "FULL"]
