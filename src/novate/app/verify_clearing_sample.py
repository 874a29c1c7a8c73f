"""Replay the beginning of a clearing journal and say where it leads, in one line of JSON.

    python -m novate.app.verify_clearing_sample JOURNAL SEQUENCE BATCH

`novate verify` runs this in a process of its own with NOVATE_COMPILED=0, and calls `clearing_sample` itself
with another size of batches: the answer must be the same.
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

import msgspec

from novate.app.bootstrap_clearing import ClearingReplay
from novate.app.verify_sample import Sample
from novate.compiled import COMPILED


def clearing_sample(journal: Path, until: int, batch: int) -> Sample:
    """Replay through sequence `until` in batches of so many records and check the invariants there."""
    replay = ClearingReplay(journal)
    digest, count = sha256(), 0
    for _, events in replay.batches(until, batch):
        digest.update(events.tobytes())
        count += len(events)
    replay.house.validate()
    return Sample(
        sequence=until,
        events=count,
        sha256=digest.hexdigest(),
        state_root=replay.house.state_root().hex(),
        compiled=COMPILED,
    )


if __name__ == "__main__":
    found = clearing_sample(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    sys.stdout.buffer.write(msgspec.json.encode(found))
