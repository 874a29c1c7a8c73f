"""Bytes of an input file, plain or gz, a chunk at a time, with every defect of the file named.

    orders.csv       --+
                       +--> chunk, chunk, chunk ...     (memory stays small however large the file is)
    orders.csv.gz    --+

A file is gz if its name says so or if it begins with the gz magic: a name that says gz over bytes that are
not is a defect, bytes that are gz under another name are read.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator, Set
from pathlib import Path
from typing import BinaryIO, cast

from novate.gateway.files.problems import FileProblem

CHUNK_BYTES = 8 * 1024 * 1024
HEADER_LINES = {"csv": 1, "lobster": 0}
GZ_MAGIC = b"\x1f\x8b"


def check_regular_file(path: Path) -> None:
    """Raises FileProblem unless `path` is a readable file with at least one byte."""
    expected = "a file with orders"
    try:
        if path.is_dir():
            raise FileProblem(path, expected, "a directory")
        if not path.exists():
            raise FileProblem(path, expected, "nothing: there is no such file")
        if path.is_file() and path.stat().st_size == 0:
            raise FileProblem(path, expected, "an empty file (0 bytes)")
        with path.open("rb"):
            pass
    except OSError as error:
        raise FileProblem(path, "a readable file", error.strerror or str(error)) from error


def is_gz(path: Path) -> bool:
    """Whether the file is to be decompressed. Raises FileProblem for a name that promises gz in vain."""
    with path.open("rb") as file:
        magic = file.read(len(GZ_MAGIC))
    if path.suffix == ".gz" and magic != GZ_MAGIC:
        raise FileProblem(path, f"a gz file (first bytes {GZ_MAGIC.hex()})", f"first bytes {magic.hex()}")
    return magic == GZ_MAGIC


def chunks(path: Path, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The decompressed bytes of the file in chunks of at most `chunk_bytes`; never an empty one."""
    check_regular_file(path)
    done = 0
    try:
        with _opened(path) as file:
            while chunk := file.read(chunk_bytes):
                done += len(chunk)
                yield chunk
    except EOFError as error:
        found = "a truncated one (its end is missing)"
        raise FileProblem(path, "a complete gz file", found) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        found = f"a damaged one after {done:,} decompressed bytes ({error})"
        raise FileProblem(path, "a sound gz file", found) from error
    except OSError as error:
        raise FileProblem(path, "a readable file", error.strerror or str(error)) from error
    if not done:
        raise FileProblem(path, "a file with orders", "a gz of nothing (0 bytes)")


def raw_rows(path: Path, form: str, rows: Set[int]) -> dict[int, str]:
    """The lines of these rows in a text file, without their line ends; nothing for files of other formats."""
    header_lines = HEADER_LINES.get(form)
    if header_lines is None or not rows:
        return {}
    found: dict[int, str] = {}
    last = max(rows)
    with _opened(path) as file:
        for row, line in enumerate(file, start=1 - header_lines):
            if row in rows:
                found[row] = line.decode("utf-8", "replace").rstrip("\r\n")
            if row >= last:
                break
    return found


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if is_gz(path) else path.open("rb")
