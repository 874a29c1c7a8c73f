"""Where the results of `match`, `clear` and `import` may go: never over what somebody else has left.

    out/ does not exist, is empty, has files of other names     taken
    out/ has earlier results of the same command                taken, they are replaced
    out/ is that of a run (journal, summary.json)               refused: the run would no longer verify
    out/ is that of a clearing house, a day or a node           refused: its files would be taken for theirs
    out/ has results of another command under the same names    refused
    out/rejects.csv is a file that is being read                refused: it would be gone

`novate run` has rules of its own, in `run_directory.py`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from novate.app.problems import RefusedError

MARKS = {
    "summary.json": "novate run",
    "journal/witness": "novate run",
    "venue/journal": "novate up or novate day",
    "clearing/journal": "a clearing house",
    "positions.csv": "novate clear",
    "comparison.txt": "novate import",
    "events.parquet": "novate match",
    "reports.txt": "novate match",
}
"""Files that only one command makes; the first that is found says whose directory it is."""
LIVING = ("novate run", "novate up or novate day", "a clearing house")
"""Whose directory takes nothing else, under whatever name."""


def expect_place(directory: Path, outputs: Iterable[str], inputs: Iterable[Path | None]) -> None:
    """Raise RefusedError unless files named `outputs` can be written without harm to anything else."""
    outputs = tuple(outputs)
    expect_directory(directory)
    for name in outputs:
        place = directory / name
        if place.is_dir():
            raise RefusedError(f"{place}: expected a file or nothing there, was a directory")
        if any(given is not None and _is_same(place, given) for given in inputs):
            raise RefusedError(
                f"{place}: expected another place for the results, was a file that is read; "
                "give another --out"
            )
    overwrites = any((directory / name).exists() for name in outputs)
    for mark, command in MARKS.items():
        if mark not in outputs and (directory / mark).exists() and (overwrites or command in LIVING):
            raise RefusedError(
                f"{directory}: expected a directory without results of another command, "
                f"was one of {command} ({mark}); give another --out"
            )


def expect_directory(directory: Path) -> None:
    """Raise RefusedError if something that is no directory stands at the place, or above it."""
    for place in (directory, *directory.parents):
        if place.is_dir():
            return
        if place.is_symlink() and not place.exists():
            raise RefusedError(f"{place}: expected a directory for the results, was a link to nothing")
        if place.exists():
            raise RefusedError(f"{place}: expected a directory for the results, was a file")


def _is_same(place: Path, given: Path) -> bool:
    return place.exists() and given.exists() and place.samefile(given)
