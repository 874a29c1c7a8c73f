"""One writer in a folder of results: the lock of the folder itself, which dies with its process.

novate match --out results  --locked--> results/
novate match --out results  --refused-> FolderInUse: results of two commands would be mixed
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class FolderInUse(Exception):  # noqa: N818 - a state of the folder, which ends by itself
    """Another process writes results there."""


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Make the folder if there is none and hold its lock; raises FolderInUse if another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with _held(folder, fcntl.LOCK_EX, "to be the only writer"):
        yield


@contextmanager
def no_writer(folder: Path) -> Iterator[None]:
    """Keep writers out of a folder while it is read, beside any number of readers that do the same.

    Raises FolderInUse if a writer has it, and OSError for a folder that cannot be opened.
    """
    with _held(folder, fcntl.LOCK_SH, "to be written by nobody"):
        yield


@contextmanager
def _held(folder: Path, lock: int, expected: str) -> Iterator[None]:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(opened, lock | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(f"{folder}: expected {expected}, was locked by another process") from None
        except OSError:
            # A file system without locks; what is renamed there is still never half-written.
            pass
        yield
    finally:
        os.close(opened)
