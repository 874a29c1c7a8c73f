"""Records as arrays: what is joined is what NumPy would have joined, byte for byte."""

from __future__ import annotations

import numpy as np
import pytest

from novate.domain.records import COMMAND, EVENT, RECORD_BYTES, joined, new_events


@pytest.mark.parametrize("counts", [[], [0], [3], [1, 0, 5, 2]])
def test_joined_blocks_are_one_array_of_all_their_records(counts: list[int]) -> None:
    random = np.random.default_rng(11)
    blocks = [
        np.frombuffer(random.bytes(count * RECORD_BYTES), COMMAND) if count else np.zeros(0, COMMAND)
        for count in counts
    ]
    together = joined(blocks, COMMAND)
    assert together.dtype == COMMAND
    assert together.tobytes() == b"".join(block.tobytes() for block in blocks)


def test_what_was_joined_stays_when_its_blocks_change() -> None:
    block = new_events(2)
    together = joined([block], EVENT)
    block["sequence"] = 7
    assert not together["sequence"].any()
