"""A zip whose bytes follow from its files alone: no clock, no order but that of the names, no library that
chooses by the processor.

    names, ascending --> [local header, deflated content] ...  [central directory]  end
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.deflate import deflate, room_for
from novate.processor import WORD

Piece = bytes | memoryview
Bytes = npt.NDArray[np.uint8]
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_LONG_END = struct.Struct("<4sQ2H2L4Q")
_LONG_END_PLACE = struct.Struct("<4sLQL")
_VERSION, _LONG_VERSION = 20, 45
"""Of the format (APPNOTE 4.4.3), for deflated files and for long archives."""
_UNIX = 3 << 8
_UTF8 = 1 << 11
_DEFLATED = 8
_EARLIEST = 0, 1 << 5 | 1
"""The first moment that a zip can tell, 1 January 1980."""
READABLE = 0o644 << 16
MOST_SHORT, MOST_LONG = 0xFFFF, 0xFFFFFFFF
"""What fields of 16 and 32 bits hold; at most this stands for a number in the long end."""


def zipped(files: Mapping[str, Iterable[Piece]]) -> bytes:
    """The named files, by name, in one archive. The pieces of a file may be made when it is its turn.

    OverflowError for files or an archive of 4 GiB and more.
    """
    found, central = [], []
    at = 0
    workshop = _Workshop()
    for name in sorted(files):
        raw = name.encode()
        flags = 0 if raw.isascii() else _UTF8
        checksum, length, content = workshop.deflated(files[name])
        if max(length, at + len(content)) >= MOST_LONG:
            raise OverflowError(f"{name}: expected less than 4 GiB in an archive, was more")
        shared = flags, _DEFLATED, *_EARLIEST, checksum, len(content), length, len(raw), 0
        local = _LOCAL.pack(b"PK\x03\x04", _VERSION, *shared) + raw
        central.append(
            _CENTRAL.pack(b"PK\x01\x02", _UNIX | _VERSION, _VERSION, *shared, 0, 0, 0, READABLE, at) + raw
        )
        found += [local, content]
        at += len(local) + len(content)
    directory = b"".join(central)
    return b"".join([*found, directory, _end(len(central), len(directory), at)])


def _end(files: int, length: int, at: int) -> bytes:
    """What stands behind a directory that begins `at`."""
    end = _END.pack(
        b"PK\x05\x06", 0, 0, min(files, MOST_SHORT), min(files, MOST_SHORT), min(length, MOST_LONG),
        min(at, MOST_LONG), 0,
    )  # fmt: skip
    if files < MOST_SHORT and length < MOST_LONG and at < MOST_LONG:
        return end
    long = _LONG_END.pack(
        b"PK\x06\x06", _LONG_END.size - 12, _UNIX | _LONG_VERSION, _LONG_VERSION, 0, 0, files, files, length,
        at,
    )  # fmt: skip
    return long + _LONG_END_PLACE.pack(b"PK\x06\x07", 0, at + length, 1) + end


class _Workshop:
    """Room for one file after the other."""

    def __init__(self) -> None:
        self._content: Bytes = np.zeros(0, np.uint8)
        self._deflated: Bytes = np.zeros(0, np.uint8)

    def deflated(self, pieces: Iterable[Piece]) -> tuple[int, int, bytes]:
        """(CRC-32, length, the deflated content) of a file."""
        length = 0
        for piece in pieces:
            end = length + len(piece)
            if end + WORD > len(self._content):
                longer = np.zeros(2 * end + WORD, np.uint8)
                longer[:length] = self._content[:length]
                self._content, self._deflated = longer, np.zeros(room_for(2 * end), np.uint8)
            self._content[length:end] = np.frombuffer(piece, np.uint8)
            length = end
        if not len(self._content):
            self._content, self._deflated = np.zeros(WORD, np.uint8), np.zeros(room_for(0), np.uint8)
        taken = deflate(self._content, length, self._deflated)
        return zlib.crc32(self._content[:length].data), length, self._deflated[:taken].tobytes()
