"""Bytes of a parameter file, plain or gz or zip, a chunk at a time.

    nse.spn       --+
    nse.spn.gz    --+-->  chunk, chunk, chunk ...        told apart by the first bytes, not by the name
    nse.spn.zip   --+     (a zip holds one file)

A file that unpacks to more than LARGEST bytes is refused: what is packed a thousandfold is no parameter file.
"""

from __future__ import annotations

import gzip
import lzma
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, cast

from novate.clearing.margin.span.problems import Kind, SpanProblem

CHUNK_BYTES = 1024 * 1024
LARGEST = 4 * 1024**3
GZ_MAGIC, ZIP_MAGIC, EMPTY_ZIP_MAGIC = b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06"
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError)


def chunks(path: Path, chunk_bytes: int = CHUNK_BYTES) -> Iterator[bytes]:
    """The unpacked bytes, never an empty chunk. SpanProblem where the file cannot be read or unpacked."""
    done = 0
    try:
        with ExitStack() as open_files:
            file, is_packed = _opened(path, open_files)
            while chunk := file.read(chunk_bytes):
                if is_packed and not done and chunk.startswith((GZ_MAGIC, ZIP_MAGIC)):
                    raise SpanProblem(
                        Kind.GZIP, "", "a parameter file in the gz or zip", "another packed file"
                    )
                done += len(chunk)
                if done > LARGEST:
                    raise SpanProblem(Kind.GZIP, "", f"at most {LARGEST:,} bytes unpacked", "more")
                yield chunk
    except DAMAGED as error:
        raise SpanProblem(Kind.GZIP, "", "a sound gz or zip file", f"a damaged one ({error})") from error
    except OSError as error:
        raise SpanProblem(Kind.FILE, "", "a readable file", error.strerror or str(error)) from error
    if not done:
        raise SpanProblem(Kind.XML_SYNTAX, "", "a parameter file", "an empty file (0 bytes)")


def _opened(path: Path, open_files: ExitStack) -> tuple[IO[bytes], bool]:
    """(bytes of the parameter file, whether they come out of a packed one)."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise SpanProblem(Kind.FILE, "", "a regular file, because it is read twice", "a pipe or a device")
    file: IO[bytes] = open_files.enter_context(path.open("rb"))
    magic = file.read(len(ZIP_MAGIC))
    file.seek(0)
    if magic.startswith(GZ_MAGIC):
        unpacked = gzip.GzipFile(fileobj=file, mode="rb")
        open_files.callback(unpacked.close)
        return cast(IO[bytes], unpacked), True
    if magic not in (ZIP_MAGIC, EMPTY_ZIP_MAGIC):
        return file, False
    archive = open_files.enter_context(zipfile.ZipFile(file))
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1 or members[0].flag_bits & 1:
        found = "an encrypted one" if len(members) == 1 else f"{len(members)} files"
        raise SpanProblem(Kind.GZIP, "", "one plain file in the zip", found)
    return open_files.enter_context(archive.open(members[0])), True
