"""The directory of a run: what may stand in it, who may write it, and when it may be replaced.

out/  journal/  trades.csv  events.parquet  obligations.csv  rejects.csv  report.html  summary.json
      ^ first                                                                          ^ last

nothing in it              taken
a journal, no summary      an interrupted run: replayed by `novate replay`, replaced only with --force
a summary                  a finished run: replaced only with --force
anything else              refused, with or without --force: only files that a run makes are ever removed
"""

from __future__ import annotations

import shutil
from pathlib import Path

from novate.app.problems import RefusedError
from novate.app.run_summary import SUMMARY
from novate.journal import Journal, JournalError, JournalLocked

JOURNAL = "journal"
OUTPUTS = ("trades.csv", "events.parquet", "obligations.csv", "rejects.csv", "report.html")
"""Every file that a run derives from its journal, in the order in which the summary lists them."""
OWN = frozenset((JOURNAL, SUMMARY, *OUTPUTS))
SHOWN = 3


def claim(directory: Path, force: bool) -> None:
    """Make the directory empty and ours, or refuse with a reason. Raises JournalLocked if a run is on."""
    if directory.exists() and not directory.is_dir():
        raise RefusedError(f"{directory}: expected a directory for the results, was a file")
    names = sorted(path.name for path in directory.iterdir()) if directory.exists() else []
    if names:
        _check_owner(directory, names)
        _expect_no_writer(directory / JOURNAL)
        if not force:
            state = "a finished run" if SUMMARY in names else "an interrupted run"
            raise RefusedError(
                f"{directory}: expected an empty directory, was {state}; "
                "give another --out, or --force to replace it"
            )
        _remove_run(directory, names)
    directory.mkdir(parents=True, exist_ok=True)


def _is_own(name: str) -> bool:
    """A file of a run, or what an interrupted writer of one left under its temporary name."""
    return name in OWN or any(own in name and name.startswith(".") for own in OWN)


def _check_owner(directory: Path, names: list[str]) -> None:
    foreign = [name for name in names if not _is_own(name)]
    if foreign or not {JOURNAL, SUMMARY} & set(names):
        shown = ", ".join((foreign or names)[:SHOWN]) + (", ..." if len(foreign or names) > SHOWN else "")
        raise RefusedError(
            f"{directory}: expected an empty directory or one of an earlier run, "
            f"was one with other files ({shown})"
        )


def _expect_no_writer(journal: Path) -> None:
    """Another process on the same directory is found by the lock of its journal."""
    if not journal.is_dir():
        return
    try:
        Journal.open(journal).close()
    except JournalLocked:
        raise
    except JournalError:
        # A damaged or half-made journal has no writer; whether it may be replaced is asked next.
        return


def _remove_run(directory: Path, names: list[str]) -> None:
    """The summary first: from that moment on nothing says that the run is whole."""
    for name in sorted(names, key=lambda name: (name != SUMMARY, name == JOURNAL, name)):
        path = directory / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
