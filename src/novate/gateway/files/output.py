"""A folder of results in which nothing is ever half-written.

while the work runs      .trades.csv.partial  .events.parquet.partial
when all of it is done   each is synced to disk, renamed to its name, and the folder is synced
when anything fails      the partial files are removed; what was there before stays as it was
"""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Protocol

from novate.gateway.files.problems import FileProblem

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Finishing(Protocol):
    """A writer that has something left to write when the last batch is in."""

    def finish(self) -> None: ...

    def abandon(self) -> None:
        """Nothing more will be written; the file is removed."""


class OutputFolder:
    """Use as `with OutputFolder(path) as out:`; the files get their names when the block ends well."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._files: dict[str, BinaryIO] = {}
        self._writers: list[Finishing] = []
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileProblem(directory, "a folder for the results", error.strerror or str(error)) from error

    def open(self, name: str) -> BinaryIO:
        """A new file; it is closed, synced and named by the folder."""
        if name in self._files:
            raise ValueError(f"Expected every file once, was {name} again")
        try:
            file = self.partial(name).open("wb")
        except OSError as error:
            raise FileProblem(self.directory / name, "a file that can be written", str(error)) from error
        self._files[name] = file
        return file

    def write(self, name: str, content: bytes | str) -> None:
        """A whole file at once."""
        self.open(name).write(content.encode("utf-8") if isinstance(content, str) else content)

    def finishing(self, writer: Finishing) -> None:
        """Have `writer.finish()` called before the files are closed."""
        self._writers.append(writer)

    def partial(self, name: str) -> Path:
        return self.directory / f".{name}.partial"

    def __enter__(self) -> OutputFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._discard()
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                raise FileProblem(self.directory, "room for the results", str(error.strerror)) from error
            return
        try:
            self._complete()
        except OSError as failure:
            self._discard()
            found = failure.strerror or str(failure)
            raise FileProblem(self.directory, "room for the results", found) from failure
        except BaseException:
            self._discard()
            raise

    def _complete(self) -> None:
        for writer in self._writers:
            writer.finish()
        for file in self._files.values():
            file.flush()
            os.fsync(file.fileno())
            file.close()
        for name in self._files:
            self.partial(name).replace(self.directory / name)
        folder = os.open(self.directory, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _discard(self) -> None:
        for writer in self._writers:
            writer.abandon()
        for name, file in self._files.items():
            # A full disk fails again when the buffer is flushed; the file is removed all the same.
            with contextlib.suppress(OSError):
                file.close()
            self.partial(name).unlink(missing_ok=True)
