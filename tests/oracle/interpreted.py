"""The venue without its compiler, in a process of its own.

    test process --(header, commands)--> stdin   worker with NOVATE_COMPILED=0   stdout --(events, root)-->

Messages are length-prefixed: the header as JSON, the commands and the events as the bytes of their records.
Run as `python -m tests.oracle.interpreted`.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

import numpy as np

from novate.app.conform_scenario import venue_terms
from novate.compiled import COMPILED
from novate.domain.machine import apply_all
from novate.domain.records import COMMAND, Commands, new_events
from novate.venue.machine import Venue
from tests.oracle.compare import Result

LENGTH = struct.Struct("<Q")
ROOM = 4096


def send(stream: IO[bytes], payload: bytes) -> None:
    stream.write(LENGTH.pack(len(payload)) + payload)
    stream.flush()


def receive(stream: IO[bytes]) -> bytes:
    """The next message; empty at the end of the stream."""
    prefix = stream.read(LENGTH.size)
    return stream.read(LENGTH.unpack(prefix)[0]) if len(prefix) == LENGTH.size else b""


def work(source: IO[bytes], sink: IO[bytes]) -> None:
    """Answer one flow after the other until the other side closes."""
    assert not COMPILED, "the worker must run with NOVATE_COMPILED=0"
    buffer = new_events(ROOM)
    while header := receive(source):
        venue = Venue(venue_terms(json.loads(header)))
        commands = np.frombuffer(receive(source), COMMAND)
        blocks = apply_all(venue, commands, buffer)
        send(sink, b"".join(block.tobytes() for block in blocks))
        send(sink, venue.state_root())


class Interpreted:
    """A running worker."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.oracle.interpreted"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "NOVATE_COMPILED": "0"},
        )

    def run(self, header: dict[str, Any], commands: Commands) -> Result:
        """Events and state root of a flow on a fresh, uncompiled venue."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        send(self.process.stdin, json.dumps(header).encode())
        send(self.process.stdin, commands.tobytes())
        events = receive(self.process.stdout)
        return Result(events, receive(self.process.stdout))

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)


if __name__ == "__main__":
    work(sys.stdin.buffer, sys.stdout.buffer)
