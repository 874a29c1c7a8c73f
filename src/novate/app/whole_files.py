"""Files that appear whole or not at all: written aside, synced, then renamed together.

    out/.obligations.csv.part  --sync--\\
    out/.rejects.csv.part      --sync---+--> rename each --> out/obligations.csv, out/rejects.csv
                                        |
            any failure: remove the parts, leave what was there before
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

Piece = bytes | memoryview


def write_together(folder: Path, files: Mapping[str, Iterable[Piece]]) -> None:
    """Write the named files into the folder, replacing files of the same names; OSError if it cannot be.

    A file is given as the pieces of its content, which may be made while they are written.
    """
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"{folder}: expected a folder for the results, was a file")
    folder.mkdir(parents=True, exist_ok=True)
    for name in files:
        if not name or (folder / name).is_dir():
            raise IsADirectoryError(f"{folder / name}: expected a file, was a folder")
    parts = {folder / f".{name}.part": folder / name for name in files}
    try:
        for part, pieces in zip(parts, files.values(), strict=True):
            with part.open("wb") as stream:
                for piece in pieces:
                    stream.write(piece)
                stream.flush()
                os.fsync(stream.fileno())
        for part, whole in parts.items():
            part.replace(whole)
    except BaseException as error:
        for part in parts:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(folder)
        raise
