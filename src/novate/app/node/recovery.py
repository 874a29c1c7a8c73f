"""How a node stands again: venue, event log and nonces from what the disk has.

    newest snapshot  --> venue at sequence S      event log cut back to S      nonces as of S
    journal S + 1... --> applied, its events appended, its evidence noted

The event log and the nonces are derived. If one of them is missing or does not reach S, it is made again from
the first record of the journal.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor

import msgspec
import numpy as np

from novate.app.bootstrap import Plane, Replay
from novate.app.node.directory import DataDirectory
from novate.app.whole_files import write_together
from novate.domain.codes import CommandKind
from novate.domain.records import EVIDENCE_COMMAND, Commands
from novate.gateway.binary import EventLog


class Nonces(msgspec.Struct):
    """Highest nonce of each session that is in the journal up to a sequence."""

    sequence: int = 0
    highest: dict[int, int] = msgspec.field(default_factory=dict)

    def note(self, commands: Commands) -> None:
        """Take the evidence among journaled commands into account."""
        at = np.flatnonzero(commands["kind"] == CommandKind.EVIDENCE)
        if not len(at):
            return
        records = commands[at].view(EVIDENCE_COMMAND)
        for session in np.unique(records["session"]).tolist():
            nonce = int(records["nonce"][records["session"] == session].max())
            self.highest[session] = max(nonce, self.highest.get(session, 0))


def recover(data: DataDirectory, plane: Plane) -> tuple[EventLog, Nonces]:
    """Bring a restored plane up to its journal; returns what was derived on the way."""
    log = EventLog(data.events, plane.journal.identity)
    try:
        nonces = _nonces(data, plane)
        if not log.cut(plane.venue.sequence):
            _make_again(log, data, plane.venue.sequence)
        _catch_up(plane, log, nonces)
        return log, nonces
    except BaseException:
        log.close()
        raise


def _catch_up(plane: Plane, log: EventLog, nonces: Nonces) -> None:
    """Apply the journal's tail; a second thread writes a batch's events while the next is applied."""
    with ThreadPoolExecutor(max_workers=1) as helper:
        written: Future[None] | None = None
        for commands, events in plane.catch_up():
            nonces.note(commands)
            if written is not None:
                written.result()
            written = helper.submit(log.append, events, plane.venue.sequence)
        if written is not None:
            written.result()


def _nonces(data: DataDirectory, plane: Plane) -> Nonces:
    """As of the restored sequence: from the file if it is of that sequence, else from the journal."""
    sequence = plane.venue.sequence
    try:
        kept = msgspec.json.decode(data.nonces.read_bytes(), type=Nonces)
        if kept.sequence == sequence:
            return kept
    except (FileNotFoundError, msgspec.DecodeError):
        pass
    made = Nonces()
    for commands in _records_up_to(plane, sequence):
        made.note(commands)
    return made


def _records_up_to(plane: Plane, sequence: int) -> Iterable[Commands]:
    for first, commands in plane.journal.read():
        if first > sequence:
            return
        yield commands[: sequence - first + 1]


def _make_again(log: EventLog, data: DataDirectory, sequence: int) -> None:
    """Every event up to a sequence, from the first command on."""
    log.clear()
    replay = Replay(data.journal)
    for first, commands, blocks in replay.blocks(sequence):
        last = first + len(commands) - 1
        for events in blocks:
            log.append(events, last)


def keep(data: DataDirectory, plane: Plane, log: EventLog, nonces: Nonces) -> tuple[int, bytes]:
    """Snapshot the venue, and first what is derived as of the same sequence; returns sequence and root."""
    keep_derived(data, plane, log, nonces)
    return plane.snapshot()


def keep_derived(data: DataDirectory, plane: Plane, log: EventLog, nonces: Nonces) -> None:
    """Flush the event log and write down the nonces, as of the venue's sequence."""
    log.keep()
    nonces.sequence = plane.venue.sequence
    write_together(data.venue, {data.nonces.name: [msgspec.json.encode(nonces)]})
