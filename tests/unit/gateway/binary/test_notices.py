"""Notices of a turn: the kernel against records that are filled field by field."""

from __future__ import annotations

import random

import numpy as np
import pytest

from novate.domain.records import COMMAND, RECORD_BYTES
from novate.domain.session_codes import NoticeKind, SessionReject
from novate.domain.wire import NOTICE
from novate.gateway.binary.frames import (
    FRAME_COLUMNS,
    FRAME_FIRST,
    FRAME_NONCE,
    FRAME_NOTICES,
    FRAME_RATE,
    FRAME_RECORDS,
    write_notices,
)


@pytest.mark.parametrize("seed", range(30))
def test_the_kernel_writes_what_the_fields_say(seed: int) -> None:
    chance = random.Random(seed)
    sizes = [chance.choice((1, 1, 2, 16, 256)) for _ in range(chance.randrange(1, 9))]
    count = sum(sizes)
    commands = np.frombuffer(bytearray(chance.randbytes(count * RECORD_BYTES)), COMMAND)
    often = chance.choice((0.0, 0.1, 1.0))
    codes = np.array(
        [chance.choice([*SessionReject][1:]) if chance.random() < often else 0 for _ in range(count)],
        np.uint16,
    )
    frames = np.zeros((len(sizes), FRAME_COLUMNS), np.int64)
    expected, ends, sequence, first = [], [], 41, 0
    for at, size in enumerate(sizes):
        frames[at, [FRAME_NONCE, FRAME_FIRST, FRAME_RECORDS, FRAME_RATE]] = (
            (1 << 61) + at,
            first,
            size,
            10 * at,
        )
        taken = 0
        for index in range(size):
            command, code = commands[first + index], codes[first + index]
            taken += int(code == 0)
            if code:
                one = np.zeros(1, NOTICE)
                one["kind"], one["command"], one["reason"] = NoticeKind.REFUSED, command["kind"], code
                one["index"], one["nonce"] = index, (1 << 61) + at
                one["client_order_id"], one["account"] = command["client_order_id"], command["account"]
                one["value"] = 10 * at
                expected.append(one)
        one = np.zeros(1, NOTICE)
        one["kind"], one["count"], one["nonce"], one["time"] = NoticeKind.RECEIPT, taken, (1 << 61) + at, 99
        one["first_sequence"] = sequence + 1 if taken else 0
        expected.append(one)
        ends.append(len(expected))
        first, sequence = first + size, sequence + taken
    notices = np.full((count + len(sizes) + 1, 8), -1, np.int64)
    words = commands.view(np.int64).reshape(-1, 8)
    written = write_notices(words, codes, frames, notices, len(sizes), 41, 99)
    assert notices[:written].tobytes() == b"".join(one.tobytes() for one in expected)
    assert frames[:, FRAME_NOTICES].tolist() == ends
    assert (notices[written:] == -1).all()
