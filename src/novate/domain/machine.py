"""The machine interface that both planes implement, and the ports through which state is kept.

    commands --apply--> events          journal --replay--> the same machine, byte for byte

A machine is a pure function of its state and the next commands. It reads no clock, makes no call, keeps no
log. Whoever drives it writes the commands to the journal first.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from novate.domain.records import Commands, Events


class SnapshotWriter(Protocol):
    """Takes the named arrays of a machine's state; the order of the calls is part of the snapshot."""

    def put(self, name: str, array: npt.NDArray[Any]) -> None: ...


class SnapshotReader(Protocol):
    """Gives back what a SnapshotWriter took. KeyError for a name that is not there."""

    def get(self, name: str) -> npt.NDArray[Any]: ...


class Machine(Protocol):
    """One plane: venue or clearing."""

    consumed: int
    """Commands of the last `apply` that were finished. If it is smaller than the batch, the event buffer
    was full: drain it and call `apply` again with `commands[consumed:]`; a command in the middle resumes."""

    def apply(self, commands: Commands, events: Events) -> int:
        """Apply commands in order and write events; returns how many events were written."""
        ...

    def state_root(self) -> bytes:
        """SHA-256 commitment to the whole state, independent of batching and of memory layout."""
        ...

    def snapshot(self, into: SnapshotWriter) -> None: ...

    def restore(self, source: SnapshotReader) -> None: ...

    def validate(self) -> None:
        """Check every invariant; raises `BrokenInvariant` at the first that does not hold."""
        ...


class BrokenInvariant(Exception):  # noqa: N818
    """State that cannot be: the machine stops, nothing is papered over. A fault, not an error of a caller."""


def apply_all(machine: Machine, commands: Commands, buffer: Events) -> list[Events]:
    """Apply the whole batch with a buffer of any size; returns copies of the event blocks in order."""
    blocks: list[Events] = []
    rest = commands
    while len(rest):
        written = machine.apply(rest, buffer)
        blocks.append(np.frombuffer(buffer[:written].tobytes(), dtype=buffer.dtype))
        rest = rest[machine.consumed :]
    return blocks
