"""The disk: every file operation of the journal, and the one place where faults are injected.

    journal rooms --> Disk --> operating system
                       ^
                       tests put a recorder, a full disk, a failing flush or a crash here

Each method is one operation with one meaning. An `OSError` goes up untouched; the rooms above decide what
it means (nearly always: stop). `pwrite` may write less than it was given, as the system call may;
`write_all` goes on behind what was written, which is not a retry: no byte is offered twice.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Bytes: TypeAlias = npt.NDArray[np.uint8]

ZERO_CHUNK = bytes(1 << 23)
SECTOR = 512
TRIED = 3584
ALIGNMENT = 4096
"""Memory for direct writes begins on a multiple of this."""


class Disk:
    """The real disk."""

    def make_directory(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)

    def names(self, directory: Path) -> list[str]:
        """File names in the directory, sorted."""
        return sorted(os.listdir(directory))

    def open(self, path: Path, *, write: bool = False, create: bool = False) -> int:
        flags = (os.O_RDWR if write else os.O_RDONLY) | (os.O_CREAT if create else 0)
        return os.open(path, flags | os.O_CLOEXEC, 0o644)

    def open_direct(self, path: Path) -> int | None:
        """Open for writes that pass by the system's cache and are durable when they return.

        They must be of whole sectors from memory of `aligned`. None where the file system or the device has
        no such thing for sectors of 512 bytes. Only a write can tell; so the sector at TRIED is written as
        it is, which in a segment is a part of the header that is empty.
        """
        try:
            fd = os.open(path, os.O_RDWR | os.O_DIRECT | os.O_DSYNC | os.O_CLOEXEC)
        except OSError:
            return None
        sector = aligned(SECTOR)
        try:
            if os.preadv(fd, [sector.data], TRIED) == SECTOR == os.pwrite(fd, sector.data, TRIED):
                return fd
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.EOPNOTSUPP):
                os.close(fd)
                raise
        os.close(fd)
        return None

    def close(self, fd: int) -> None:
        os.close(fd)

    def size(self, fd: int) -> int:
        return os.fstat(fd).st_size

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def pread_into(self, fd: int, buffer: Bytes, offset: int) -> int:
        """Fill the buffer from `offset`; returns how many bytes there were before the end of the file."""
        done = 0
        while done < len(buffer):
            got = os.preadv(fd, [buffer[done:].data], offset + done)
            if got == 0:
                break
            done += got
        return done

    def pwrite(self, fd: int, data: Bytes | bytes, offset: int) -> int:
        """One write; returns how many bytes were taken, which may be fewer than given."""
        return os.pwrite(fd, data if isinstance(data, bytes) else data.data, offset)

    def write_all(self, fd: int, data: Bytes | bytes, offset: int) -> None:
        done = 0
        while done < len(data):
            taken = self.pwrite(fd, data[done:] if done else data, offset + done)
            if taken == 0:
                raise OSError(errno.EIO, "the disk took no byte of a write")
            done += taken

    def preallocate(self, fd: int, size: int) -> None:
        """Reserve the space, so that a full disk shows now and not in the middle of trading, then zero it.

        Zeroing turns the reserved blocks into written ones: a later flush has no file metadata to write.
        It is flushed piece by piece, so that another file's flush never waits behind all of it. The caller
        flushes the last piece.
        """
        self.reserve(fd, size)
        for offset in range(0, size, len(ZERO_CHUNK)):
            self.write_all(fd, ZERO_CHUNK[: min(len(ZERO_CHUNK), size - offset)], offset)
            if offset + len(ZERO_CHUNK) < size:
                self.fdatasync(fd)

    def reserve(self, fd: int, size: int) -> None:
        os.posix_fallocate(fd, 0, size)

    def fdatasync(self, fd: int) -> None:
        os.fdatasync(fd)

    def forget_cache(self, fd: int) -> None:
        """Ask the system to drop its clean copy of a file, so that the next read comes from the disk.

        After a failed flush the system may hold pages that it believes to be written and that are not.
        """
        with contextlib.suppress(OSError):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def fsync_directory(self, directory: Path) -> None:
        fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, old: Path, new: Path) -> None:
        os.rename(old, new)

    def remove(self, path: Path) -> None:
        os.unlink(path)

    def lock(self, fd: int) -> bool:
        """Take the exclusive lock of an open file without waiting; False if somebody else has it."""
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class PatientDisk(Disk):
    """Flushes what it writes piece by piece: another file's flush never waits behind all of it."""

    def write_all(self, fd: int, data: Bytes | bytes, offset: int) -> None:
        for start in range(0, len(data), len(ZERO_CHUNK)):
            super().write_all(fd, data[start : start + len(ZERO_CHUNK)], offset + start)
            self.fdatasync(fd)


def aligned(size: int) -> Bytes:
    """Zeroed memory that direct writes may be made from."""
    memory: Bytes = np.zeros(size + ALIGNMENT, np.uint8)
    first = -memory.ctypes.data % ALIGNMENT
    return memory[first : first + size]


def read_file(disk: Disk, path: Path, limit: int | None = None) -> Bytes:
    """The whole file, or its first `limit` bytes, as a fresh array."""
    fd = disk.open(path)
    try:
        size = disk.size(fd)
        buffer = np.empty(size if limit is None else min(size, limit), np.uint8)
        return buffer[: disk.pread_into(fd, buffer, 0)]
    finally:
        disk.close(fd)


def replace_file(disk: Disk, path: Path, data: Bytes | bytes) -> None:
    """Put a small file in place, whole or not at all, and durable on return."""
    partial = path.with_name(path.name + PARTIAL)
    fd = disk.open(partial, write=True, create=True)
    try:
        disk.truncate(fd, 0)
        disk.write_all(fd, data, 0)
        disk.fdatasync(fd)
    finally:
        disk.close(fd)
    disk.rename(partial, path)
    disk.fsync_directory(path.parent)


PARTIAL = ".partial"
"""Ending of a file that is still being written; such a file means nothing and is removed at the next open."""
