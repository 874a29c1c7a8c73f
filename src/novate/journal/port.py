"""The port: what the rest of Novate may ask of a log of commands, whichever back-end keeps it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy.typing as npt

from novate.domain.records import Commands


class CommandLog(Protocol):
    """One writer, one log: sequences start at 1, and what `append` has returned for is durable."""

    @property
    def last_sequence(self) -> int:
        """Sequence of the last record; 0 when there is none."""
        ...

    @property
    def root(self) -> bytes:
        """32 bytes that commit to every record and its place; 32 zeros when there is none."""
        ...

    def append(self, records: npt.NDArray[Any], engine_ts: int = 0) -> int:
        """Append 64-byte records as one batch; returns the last sequence. On return it is durable."""
        ...

    def read(self, from_sequence: int = 1) -> Iterator[tuple[int, Commands]]:
        """Batches in order, each with the sequence of its first record, verified."""
        ...

    def close(self) -> None: ...
