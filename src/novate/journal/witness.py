"""The witness: what is known, apart from the segments themselves, to have been acknowledged.

    segments   ... | block 118..120 | block 121..128 |  zeros
    witness              "acknowledged through 120, hash 5e1f..., in segment 3"

A journal that ends before its witness has lost data, however clean it looks; a journal whose block at the
witness has another hash is another journal. The file is small, checksummed and replaced whole: written when
a journal is created or opened, when a segment is begun, at every snapshot, and at close.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import NamedTuple

import google_crc32c

from novate.journal.blocks import SECTOR_BYTES
from novate.journal.disk import Disk, read_file, replace_file
from novate.journal.errors import JournalCorrupt, JournalVersionError

WITNESS_NAME = "witness"
FORMAT_VERSION = 1
_MAGIC = b"NOVATEW\xd7"
_LAYOUT = struct.Struct("<8sII16sQQ32s")  # magic, version, crc32c, identity, sequence, segments, root


class Witness(NamedTuple):
    """Acknowledged through `sequence`, whose block has hash `root`, when there were `segments` segments."""

    identity: bytes
    sequence: int
    segments: int
    root: bytes


def write_witness(disk: Disk, directory: Path, witness: Witness) -> None:
    """Durable on return."""
    replace_file(disk, directory / WITNESS_NAME, _encode(witness))


def _encode(witness: Witness) -> bytes:
    fields = (witness.identity, witness.sequence, witness.segments, witness.root)
    bare = _LAYOUT.pack(_MAGIC, FORMAT_VERSION, 0, *fields).ljust(SECTOR_BYTES, b"\0")
    return bare[:12] + struct.pack("<I", google_crc32c.value(bare)) + bare[16:]


def read_witness(disk: Disk, directory: Path) -> Witness | None:
    """What the witness says; None where there is no such file."""
    path = directory / WITNESS_NAME
    try:
        data = read_file(disk, path, SECTOR_BYTES + 1).tobytes()
    except FileNotFoundError:
        return None
    if len(data) != SECTOR_BYTES:
        raise JournalCorrupt(path, 0, 0, f"a witness of {SECTOR_BYTES} bytes", f"{len(data)}")
    magic, version, _, identity, sequence, segments, root = _LAYOUT.unpack_from(data)
    if magic == _MAGIC and version > FORMAT_VERSION:
        raise JournalVersionError(f"{path}: expected format version {FORMAT_VERSION}, was {version}")
    witness = Witness(identity, sequence, segments, root)
    if _encode(witness) != data:
        raise JournalCorrupt(path, 0, sequence, "a witness with a good checksum", "other bytes")
    return witness
