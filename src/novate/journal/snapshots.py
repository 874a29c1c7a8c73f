"""Snapshots: the named arrays of a machine in one checksummed file, named by sequence and state root.

    snapshot-00000000000000004096-9f3c...e1
    +--------+---------+---------+-----+----------------------------+---------+
    | header | array 0 | array 1 | ... | contents (JSON)            | trailer |
    | 128    | each padded to 64 bytes | name, dtype, shape, offset | 32      |
    +--------+---------+---------+-----+----------------------------+---------+
      crc32c in the last four bytes covers the whole file before them

A snapshot is written under another name, flushed and renamed; the journal is flushed and its witness
written first, so that no snapshot is ever ahead of the log. A damaged snapshot is refused with its reason
in `refusals`, and the next older one is used. The checksum finds damage; that the state is the right one
is what the state root in the name is for: compare it with the machine's after `restore`.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import google_crc32c
import numpy as np
import numpy.typing as npt

from novate.domain.machine import Machine
from novate.journal.disk import PARTIAL, Bytes, Disk, read_file
from novate.journal.errors import JournalError, SnapshotCorrupt

FORMAT_VERSION = 1
ALIGNMENT = 64
_MAGIC = b"NOVATES\xd7"
_END_MAGIC = b"SNAPEND\xd7"
_HEADER = struct.Struct("<8sII16sQ32s56x")  # magic, version, zero, identity, sequence, state root
_TRAILER = struct.Struct("<QQ8sII")  # contents offset, contents length, magic, zero, crc32c
_NAME = re.compile(r"snapshot-(\d{20})-([0-9a-f]{64})")

assert _HEADER.size == 128
assert _TRAILER.size == 32


class SnapshotName(NamedTuple):
    """A snapshot file, as its name says."""

    sequence: int
    state_root: bytes
    path: Path


class SnapshotFileWriter:
    """Takes arrays and writes them one behind the other; `novate.domain.machine.SnapshotWriter`."""

    def __init__(self, disk: Disk, fd: int) -> None:
        self._disk = disk
        self._fd = fd
        self._offset = 0
        self._crc = 0
        self._contents: dict[str, dict[str, Any]] = {}

    def put(self, name: str, array: npt.NDArray[Any]) -> None:
        if name in self._contents:
            raise JournalError(f"snapshot: array {name!r}: expected each name once, was put twice")
        whole = np.ascontiguousarray(array)
        self._contents[name] = {
            "dtype": describe(array.dtype),
            "shape": list(array.shape),
            "offset": self._offset,
        }
        self.write(whole.reshape(-1).view(np.uint8) if whole.nbytes else b"")
        self.write(bytes(-self._offset % ALIGNMENT))

    def write(self, data: Bytes | bytes) -> None:
        if len(data):
            self._disk.write_all(self._fd, data, self._offset)
            self._crc = google_crc32c.extend(self._crc, data)
            self._offset += len(data)

    def finish(self) -> None:
        contents = json.dumps(self._contents, separators=(",", ":")).encode()
        offset = self._offset
        self.write(contents)
        self.write(_TRAILER.pack(offset, len(contents), _END_MAGIC, 0, 0)[:-4])
        self.write(struct.pack("<I", self._crc))
        self._disk.fdatasync(self._fd)


class StoredSnapshot:
    """A verified snapshot in memory; `novate.domain.machine.SnapshotReader`."""

    def __init__(self, data: Bytes, contents: dict[str, dict[str, Any]]) -> None:
        self._data = data
        self._contents = contents

    @property
    def names(self) -> tuple[str, ...]:
        """In the order in which they were put."""
        return tuple(self._contents)

    def get(self, name: str) -> npt.NDArray[Any]:
        """A view of the snapshot's memory. KeyError for a name that is not there."""
        entry = self._contents[name]
        dtype = as_dtype(entry["dtype"])
        shape = tuple(entry["shape"])
        return np.ndarray(shape, dtype, buffer=self._data.data, offset=entry["offset"])


def describe(dtype: np.dtype[Any]) -> Any:
    """A dtype as JSON: a string, [base, shape] of a subarray, or the fields of a record with offsets."""
    if dtype.hasobject:
        raise JournalError(f"snapshot: expected arrays of plain numbers and bytes, was {dtype}")
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return [describe(base), list(shape)]
    if dtype.fields is None:
        return dtype.str
    fields = [dtype.fields[name] for name in dtype.names or ()]
    return {
        "names": list(dtype.names or ()),
        "formats": [describe(field[0]) for field in fields],
        "offsets": [field[1] for field in fields],
        "itemsize": dtype.itemsize,
    }


def as_dtype(description: Any) -> np.dtype[Any]:
    """The dtype behind `describe`."""
    if isinstance(description, str):
        return np.dtype(description)
    if isinstance(description, list):
        subarray: np.dtype[Any] = np.dtype((as_dtype(description[0]), tuple(description[1])))
        return subarray
    formats = [as_dtype(form) for form in description["formats"]]
    fields: Any = {**description, "formats": formats}
    record: np.dtype[Any] = np.dtype(fields)
    return record


class Snapshots:
    """The snapshots of one journal. `flush` makes the journal durable and returns its last sequence."""

    def __init__(self, disk: Disk, directory: Path, identity: bytes, flush: Callable[[], int]) -> None:
        self._disk = disk
        self._directory = directory
        self._identity = identity
        self._flush = flush
        self.refusals: tuple[str, ...] = ()
        """Why snapshots were passed over by the last `newest`."""

    def all(self) -> list[SnapshotName]:
        """By ascending sequence, as the file names say; nothing is read."""
        found = (_NAME.fullmatch(name) for name in self._disk.names(self._directory))
        return [
            SnapshotName(int(name[1]), bytes.fromhex(name[2]), self._directory / name[0])
            for name in found
            if name
        ]

    def write(self, sequence: int, machine: Machine) -> Path:
        """Keep the state of a machine that has applied everything through `sequence`; durable on return."""
        durable = self._flush()
        if not 0 <= sequence <= durable:
            raise JournalError(
                f"{self._directory}: snapshot: expected a sequence from 0 to {durable}, was {sequence}"
            )
        root = machine.state_root()
        path = self._directory / f"snapshot-{sequence:020d}-{root.hex()}"
        partial = path.with_name(path.name + PARTIAL)
        try:
            self._write_file(partial, sequence, root, machine)
            self._disk.rename(partial, path)
            self._disk.fsync_directory(self._directory)
        except OSError as error:
            raise JournalError(f"{path}: expected to write a snapshot, was: {error}") from error
        return path

    def _write_file(self, partial: Path, sequence: int, root: bytes, machine: Machine) -> None:
        fd = self._disk.open(partial, write=True, create=True)
        try:
            self._disk.truncate(fd, 0)
            writer = SnapshotFileWriter(self._disk, fd)
            writer.write(_HEADER.pack(_MAGIC, FORMAT_VERSION, 0, self._identity, sequence, root))
            machine.snapshot(writer)
            writer.finish()
        except BaseException:
            self._disk.remove(partial)
            raise
        finally:
            self._disk.close(fd)

    def keep_newest(self, count: int) -> None:
        """Remove all but the newest `count`. Raises OSError."""
        for name in self.all()[:-count]:
            self._disk.remove(name.path)

    def newest(self) -> tuple[int, bytes, StoredSnapshot] | None:
        """The newest snapshot that is whole: sequence, state root, arrays. See `refusals` for the others."""
        refusals: list[str] = []
        self.refusals = ()
        for name in reversed(self.all()):
            try:
                snapshot = self.load(name)
            except SnapshotCorrupt as error:
                refusals.append(str(error))
                self.refusals = tuple(refusals)
                continue
            return name.sequence, name.state_root, snapshot
        return None

    def load(self, name: SnapshotName) -> StoredSnapshot:
        """Read and verify one snapshot. Raises `SnapshotCorrupt`."""
        try:
            data = read_file(self._disk, name.path)
        except OSError as error:
            raise SnapshotCorrupt(f"{name.path}: expected a readable snapshot, was: {error}") from error
        if len(data) < _HEADER.size + _TRAILER.size:
            raise SnapshotCorrupt(f"{name.path}: expected at least 160 bytes, was {len(data)}")
        header = _HEADER.pack(_MAGIC, FORMAT_VERSION, 0, self._identity, name.sequence, name.state_root)
        version = int(data[8:12].view("<u4")[0])
        if version > FORMAT_VERSION:
            raise SnapshotCorrupt(
                f"{name.path}: expected format version {FORMAT_VERSION}, was {version}: damaged, or newer"
            )
        offset, length, magic, zero, crc = _TRAILER.unpack(data[-_TRAILER.size :].tobytes())
        found = google_crc32c.value(data[:-4])
        if crc != found:
            raise SnapshotCorrupt(f"{name.path}: expected checksum {crc:#010x}, was {found:#010x}")
        if data[: _HEADER.size].tobytes() != header:
            raise SnapshotCorrupt(
                f"{name.path}: expected the header of this journal's sequence {name.sequence}, was another"
            )
        if magic != _END_MAGIC or zero or offset + length + _TRAILER.size != len(data):
            raise SnapshotCorrupt(f"{name.path}: expected a snapshot's trailer, was other bytes")
        contents: dict[str, dict[str, Any]] = json.loads(data[offset : offset + length].tobytes())
        return StoredSnapshot(data, contents)
