"""What a turn tells those who sent it: for each frame its refused commands and then its receipt.

frames, commands, codes --> | REFUSED | RECEIPT | RECEIPT | REFUSED | REFUSED | RECEIPT | ...
                             <--- frame 0 ----> < frame 1> <-------- frame 2 -------->
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, wide
from novate.domain.session_codes import NoticeKind
from novate.gateway.binary.intake import (
    FRAME_FIRST,
    FRAME_NONCE,
    FRAME_NOTICES,
    FRAME_RATE,
    FRAME_RECORDS,
    Integers,
)

_RECEIPT = int(NoticeKind.RECEIPT)
_REFUSED = int(NoticeKind.REFUSED)


@entry
def write_notices(
    words: Integers,
    codes: npt.NDArray[np.uint16],
    frames: Integers,
    notices: Integers,
    count: int,
    sequence: int,
    now: int,
) -> int:
    """Write the NOTICE records of the first `count` frames; returns how many they are.

    words: (n, 8), the commands; codes: (n,), why each is refused, 0 if it is not; notices: (m, 8), at least
    one for each frame and each refused command. Those of a frame end where its row says. `sequence` is the
    last before the first command that was taken, `now` the time of the turn.
    """
    row = 0
    for frame in range(count):
        first, nonce = frames[frame, FRAME_FIRST], frames[frame, FRAME_NONCE]
        taken = 0
        for index in range(frames[frame, FRAME_RECORDS]):
            code = wide(codes[first + index])
            if code == 0:
                taken += 1
                continue
            command = words[first + index]
            notices[row, 0] = _REFUSED | (command[0] & 0xFF) << 8 | code << 16 | index << 32
            notices[row, 1] = nonce
            notices[row, 2] = 0
            notices[row, 3] = command[2]
            notices[row, 4] = 0
            notices[row, 5] = (command[1] >> 32) & 0xFFFFFFFF
            notices[row, 6] = frames[frame, FRAME_RATE]
            notices[row, 7] = 0
            row += 1
        notices[row, 0] = _RECEIPT | taken << 48
        notices[row, 1] = nonce
        notices[row, 2] = sequence + 1 if taken else 0
        notices[row, 3] = 0
        notices[row, 4] = now
        notices[row, 5] = 0
        notices[row, 6] = 0
        notices[row, 7] = 0
        row += 1
        frames[frame, FRAME_NOTICES] = row
        sequence += taken
    return row
