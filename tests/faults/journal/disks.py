"""Disks that misbehave: full, failing, forgetful, crashing, with flipped bits.

All of them are the real disk, on real files, with one thing wrong.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from novate.journal.disk import Bytes, Disk

SECTOR = 512


class UnhurriedDisk(Disk):
    """Does not wait for the platter: these tests lose power in the model, never in the room."""

    def open_direct(self, path: Path) -> int | None:
        return None

    def fdatasync(self, fd: int) -> None:
        pass

    def fsync_directory(self, directory: Path) -> None:
        pass


class ReplacingDisk(Disk):
    """Reads other bytes than one file holds. Nothing is written, so thousands of damages cost little."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._data = np.frombuffer(data, np.uint8)
        self._fds: set[int] = set()

    def open(self, path: Path, *, write: bool = False, create: bool = False) -> int:
        assert not write
        fd = super().open(path)
        self._fds.discard(fd)
        if path == self._path:
            self._fds.add(fd)
        return fd

    def size(self, fd: int) -> int:
        return len(self._data) if fd in self._fds else super().size(fd)

    def pread_into(self, fd: int, buffer: Bytes, offset: int) -> int:
        if fd not in self._fds:
            return super().pread_into(fd, buffer, offset)
        part = self._data[offset : offset + len(buffer)]
        buffer[: len(part)] = part
        return len(part)


class FlippingDisk(ReplacingDisk):
    """Reads one bit of one file wrongly."""

    def __init__(self, path: Path, bit: int) -> None:
        data = bytearray(path.read_bytes())
        data[bit // 8] ^= 1 << bit % 8
        super().__init__(path, bytes(data))


class FailingDisk(UnhurriedDisk):
    """Lets `successes` operations of the named kinds through, then fails every one with the error number."""

    def __init__(self, error: int, *kinds: str) -> None:
        self.successes = 1 << 60
        self.seen = 0
        self._error = error
        self._kinds = kinds

    def _pass(self, kind: str) -> None:
        if kind not in self._kinds:
            return
        self.seen += 1
        if self.seen > self.successes:
            raise OSError(self._error, os.strerror(self._error))

    def fail_after(self, successes: int) -> None:
        self.successes = self.seen + successes

    def pwrite(self, fd: int, data: Bytes | bytes, offset: int) -> int:
        self._pass("pwrite")
        return super().pwrite(fd, data, offset)

    def reserve(self, fd: int, size: int) -> None:
        self._pass("reserve")
        super().reserve(fd, size)

    def fdatasync(self, fd: int) -> None:
        self._pass("fdatasync")
        super().fdatasync(fd)

    def fsync_directory(self, directory: Path) -> None:
        self._pass("fsync_directory")
        super().fsync_directory(directory)

    def rename(self, old: Path, new: Path) -> None:
        self._pass("rename")
        super().rename(old, new)

    def open(self, path: Path, *, write: bool = False, create: bool = False) -> int:
        self._pass("open")
        return super().open(path, write=write, create=create)


class ShortWritingDisk(UnhurriedDisk):
    """Takes an odd number of bytes of each write; from `full_after` written bytes on the disk is full."""

    def __init__(self, full_after: int | None = None) -> None:
        self.full_after = full_after
        self.written = 0

    def pwrite(self, fd: int, data: Bytes | bytes, offset: int) -> int:
        take = min(len(data), 777)
        if self.full_after is not None:
            take = min(take, self.full_after - self.written)
            if take <= 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        taken = super().pwrite(fd, data[:take], offset)
        self.written += taken
        return taken


class Crash(BaseException):
    """The power is gone. Not an Exception: nothing in the product may catch it and go on."""


@dataclass(frozen=True)
class Written:
    """A write that no flush has covered: the bytes before and after."""

    path: Path
    offset: int
    before: bytes
    after: bytes


@dataclass(frozen=True)
class Renamed:
    """A change of a directory that no flush has covered. `replaced` is what stood under the new name."""

    old: Path
    new: Path
    replaced: bytes | None


class CrashingDisk(UnhurriedDisk):
    """Counts operations, loses power in front of one, and knows what had not been flushed by then."""

    def __init__(self, crash_at: int) -> None:
        self.operations = 0
        self._crash_at = crash_at
        self._paths: dict[int, Path] = {}
        self.writes: list[Written] = []
        self.renames: list[Renamed] = []

    def _operation(self) -> None:
        if self.operations >= self._crash_at:
            raise Crash
        self.operations += 1

    def abandon(self) -> None:
        """Close what the dead process had open, which lets go of its lock."""
        for fd in list(self._paths):
            self.close(fd)

    def open(self, path: Path, *, write: bool = False, create: bool = False) -> int:
        self._operation()
        fd = super().open(path, write=write, create=create)
        self._paths[fd] = path
        return fd

    def close(self, fd: int) -> None:
        if self._paths.pop(fd, None) is not None:
            super().close(fd)

    def pwrite(self, fd: int, data: Bytes | bytes, offset: int) -> int:
        self._operation()
        before = os.pread(fd, len(data), offset).ljust(len(data), b"\0")
        taken = super().pwrite(fd, data, offset)
        self.writes.append(Written(self._paths[fd], offset, before, bytes(data)))
        return taken

    def fdatasync(self, fd: int) -> None:
        self._operation()
        super().fdatasync(fd)
        self.writes = [change for change in self.writes if change.path != self._paths[fd]]

    def rename(self, old: Path, new: Path) -> None:
        self._operation()
        self.renames.append(Renamed(old, new, new.read_bytes() if new.exists() else None))
        super().rename(old, new)

    def fsync_directory(self, directory: Path) -> None:
        self._operation()
        super().fsync_directory(directory)
        self.renames.clear()

    def remove(self, path: Path) -> None:
        self._operation()
        super().remove(path)


def crash_states(disk: CrashingDisk, directory: Path, into: Path, random: Random) -> Iterator[str]:
    """Every legal state of the directory after the crash, one at a time in `into`; yields its description.

    Few unflushed sectors: every subset of them. Many: everything, nothing, each write cut short by sectors,
    and a sample of subsets. Each with and without the directory changes that were not flushed.
    """
    sectors = [(i, s) for i, w in enumerate(disk.writes) for s in range(-(-len(w.after) // SECTOR))]
    kept_sets = list(_subsets(len(sectors), random))
    for kept in kept_sets:
        for keep_renames in (True, False) if disk.renames else (True,):
            shutil.rmtree(into, ignore_errors=True)
            if directory.exists():
                shutil.copytree(directory, into)
            else:
                into.mkdir()
            move = _mover(directory, into)
            lost = [sector for n, sector in enumerate(sectors) if not kept >> n & 1]
            for write, sector in reversed(lost):
                _undo(disk.writes[write], sector, move)
            if not keep_renames:
                for change in reversed(disk.renames):
                    _undo_rename(change, move)
            yield f"operation {disk.operations}, kept {kept:b} of {len(sectors)}, names {keep_renames}"


def _subsets(count: int, random: Random) -> Iterator[int]:
    """Sets of sectors as bit masks."""
    if count <= 6:
        yield from range(1 << count)
        return
    everything = (1 << count) - 1
    yield from (0, everything, everything >> 1, everything & ~1)
    yield from ((1 << random.randrange(count)) - 1 for _ in range(3))
    yield from (random.getrandbits(count) for _ in range(6))


def _mover(directory: Path, into: Path) -> Callable[[Path], Path]:
    return lambda path: into / path.relative_to(directory)


def _undo(write: Written, sector: int, move: Callable[[Path], Path]) -> None:
    path = move(write.path)
    with contextlib.suppress(FileNotFoundError), path.open("r+b") as file:
        start = sector * SECTOR
        file.seek(write.offset + start)
        file.write(write.before[start : start + SECTOR])


def _undo_rename(change: Renamed, move: Callable[[Path], Path]) -> None:
    move(change.new).rename(move(change.old))
    if change.replaced is not None:
        move(change.new).write_bytes(change.replaced)
