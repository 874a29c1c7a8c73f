"""Replay the beginning of a journal and say where it leads, in one line of JSON.

    python -m novate.app.verify_sample JOURNAL SEQUENCE
        {"sequence": 5000, "events": 11873, "sha256": "...", "state_root": "...", "compiled": false}

`novate verify` runs this in a process of its own with NOVATE_COMPILED=0, because one process cannot be both
compiled and interpreted. The compiled side calls `replay_sample` itself.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

import msgspec

from novate.app.bootstrap import Replay
from novate.compiled import COMPILED


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """Where a replay stands after a number of commands."""

    sequence: int
    events: int
    sha256: str
    state_root: str
    compiled: bool


def replay_sample(journal: Path, until: int) -> Sample:
    """Replay through sequence `until` and check the invariants there."""
    replay = Replay(journal)
    digest = sha256()
    for _, _, events in replay.blocks(until):
        for block in events:
            digest.update(block.tobytes())
    replay.venue.validate()
    return Sample(
        sequence=int(replay.venue.sequence),
        events=replay.events,
        sha256=digest.hexdigest(),
        state_root=replay.venue.state_root().hex(),
        compiled=COMPILED,
    )


if __name__ == "__main__":
    sys.stdout.buffer.write(msgspec.json.encode(replay_sample(Path(sys.argv[1]), int(sys.argv[2]))))
