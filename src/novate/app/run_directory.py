"""The directory of a run: what may stand in it, who may write it, and how one run takes another's place.

out/  journal/  trades.csv  events.parquet  obligations.csv  rejects.csv  report.html  summary.json
      ^ first                                                                          ^ last

nothing in it              the run is made there
a journal, no summary      an interrupted run: replayed by `novate replay`, replaced only with --force
a summary                  a finished run: replaced only with --force
anything else              refused, with or without --force: only files that a run makes are ever removed

With --force the new run is made in out/unfinished, so that two runs are never mixed and what was there
stays as it was until the new run is whole. Then each of its files takes the place of the old one. The new
summary in out/unfinished is the decision: before it is there the old run stands, after it the new one does,
and a process that dies in between leaves an exchange that the next command on the directory completes.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from novate.app.destination import expect_directory
from novate.app.problems import RefusedError
from novate.app.run_summary import SUMMARY
from novate.journal import Journal, JournalError, JournalLocked
from novate.journal.folder_lock import only_writer

JOURNAL = "journal"
UNFINISHED = "unfinished"
OUTPUTS = ("trades.csv", "events.parquet", "obligations.csv", "rejects.csv", "report.html")
"""Every file that a run derives from its journal, in the order in which the summary lists them."""
OWN = frozenset((JOURNAL, SUMMARY, *OUTPUTS))
SHOWN = 3


@contextmanager
def claimed(directory: Path, force: bool, inputs: Iterable[Path | None] = ()) -> Iterator[Path]:
    """The empty directory in which the run is made; when the block ends well the run stands in `directory`.

    Raises RefusedError with a reason, FolderInUse or JournalLocked if another run is on.
    """
    expect_directory(directory)
    with only_writer(directory):
        _complete_exchange(directory)
        names = sorted(path.name for path in directory.iterdir())
        if not names:
            yield directory
            return
        _check_owner(directory, names)
        _expect_no_writer(directory / JOURNAL)
        if not force:
            state = "a finished run" if SUMMARY in names else "an interrupted run"
            raise RefusedError(
                f"{directory}: expected an empty directory, was {state}; "
                "give another --out, or --force to replace it"
            )
        _expect_no_input(directory, inputs)
        place = directory / UNFINISHED
        if place.exists():
            _expect_no_writer(place / JOURNAL)
            shutil.rmtree(place)
        place.mkdir()
        _sync(directory)
        yield place
        _complete_exchange(directory)


def complete_exchange(directory: Path) -> None:
    """Finish what a process that died while one run took another's place has left; usually nothing is."""
    if (directory / UNFINISHED / SUMMARY).exists():
        with only_writer(directory):
            _complete_exchange(directory)


def _complete_exchange(directory: Path) -> None:
    """Each file of the new run to its place, the summary last: it is what says that the run is whole."""
    place = directory / UNFINISHED
    if not (place / SUMMARY).exists():
        if place.is_dir() and not any(place.iterdir()):
            place.rmdir()
        return
    (directory / SUMMARY).unlink(missing_ok=True)
    for name in (JOURNAL, *OUTPUTS):
        if (place / name).exists():
            _remove(directory / name)
            (place / name).rename(directory / name)
    for path in place.iterdir():
        if path.name != SUMMARY:
            _remove(path)
    (place / SUMMARY).rename(directory / SUMMARY)
    place.rmdir()
    for path in directory.iterdir():
        if path.name not in OWN and _is_own(path.name):
            _remove(path)
    _sync(directory)


def _is_own(name: str) -> bool:
    """A file of a run, or what an interrupted writer of one left under its temporary name."""
    return name in OWN or any(own in name and name.startswith(".") for own in OWN)


def _check_owner(directory: Path, names: list[str]) -> None:
    """Everything in the directory was made by runs, or nothing of it is touched."""
    place = directory / UNFINISHED
    foreign = [name for name in names if name != UNFINISHED and not _is_own(name)]
    if UNFINISHED in names:
        inside = [path.name for path in place.iterdir()] if place.is_dir() else [UNFINISHED]
        foreign += [f"{UNFINISHED}/{name}" for name in sorted(inside) if not _is_own(name)]
    if foreign or not {JOURNAL, SUMMARY, UNFINISHED} & set(names):
        shown = ", ".join((foreign or names)[:SHOWN]) + (", ..." if len(foreign or names) > SHOWN else "")
        raise RefusedError(
            f"{directory}: expected an empty directory or one of an earlier run, "
            f"was one with other files ({shown})"
        )


def _expect_no_input(directory: Path, inputs: Iterable[Path | None]) -> None:
    """What is read must not be among what is replaced."""
    for given in inputs:
        if given is not None and given.exists() and directory.resolve() in given.resolve().parents:
            raise RefusedError(
                f"{given}: expected an input outside of the run that is replaced; give another --out"
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


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    opened = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
