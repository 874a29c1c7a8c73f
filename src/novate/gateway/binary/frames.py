"""The frames of a turn in compiled code: those of MAC sessions as they come in, and what all are told.

    bytes received --> | header as it must be? nonce higher? MAC right? |--> commands of the turn
                                 | no: stop in front of the frame       +--> a row for each frame
                                 v
             `Connection.next_frame` and `authentication.check_commands`, one frame at a time

    rows, commands, codes --> | REFUSED | RECEIPT | RECEIPT | REFUSED | REFUSED | RECEIPT | ...
                               <--- frame 0 ----> < frame 1> <-------- frame 2 -------->

`take_frames` refuses nothing: where a frame is anything but the next good one it stops in front of it, and
the long way round, which is its naive twin too, says what is wrong. Cost: a block of BLAKE2b for every 128
bytes and a copy of the commands, where the long way takes some 20 microseconds a frame.

Both kernels stand in one file with the columns that they share: the cache of the compiler knows a kernel by
its own file (`novate.compiled`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, inlined, wide
from novate.domain.records import RECORD_BYTES
from novate.domain.session_codes import NoticeKind
from novate.domain.wire import (
    COMMANDS_FRAME,
    HEADER_BYTES,
    KEY_BYTES,
    MAC_BYTES,
    MAX_COMMANDS,
    MAX_NONCE,
)
from novate.processor import BLAKE2B_STATE, WORD, blake2b_block, load_word, store_word

Integers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

START, END, NONCE, SESSION, RATE, COUNT, FRAMES, CELLS = range(8)
"""Cells of a call: where the bytes begin and end; highest nonce, number and rate of the session; what is in
the turn so far."""
FRAME_NONCE, FRAME_FIRST, FRAME_RECORDS, FRAME_RATE, FRAME_NOTICES, FRAME_COLUMNS = range(6)
"""Columns of the frames of a turn: nonce; first command and how many; orders a second that its session may
send; where its notices end."""

_RECEIPT = int(NoticeKind.RECEIPT)
_REFUSED = int(NoticeKind.REFUSED)
_WORDS = RECORD_BYTES // WORD
_BLOCK = 128
_STATE = 64
_KEYED = _STATE
"""Of a MAC's cells: the state that a message begins with; before it the state at work, behind it a block."""
_LAST_BLOCK = 2 * _STATE
_PARAMETERS = 0x01010000 ^ KEY_BYTES << 8 ^ MAC_BYTES
"""Fan-out and depth 1, length of the key, length of the digest (RFC 7693, 2.5)."""


def mac_cells(key: bytes) -> Bytes:
    """256 bytes by which `take_frames` proves the frames of a login. ValueError for a key of other length."""
    if len(key) != KEY_BYTES:
        raise ValueError(f"Expected a MAC key of {KEY_BYTES} bytes, was {len(key)}")
    mac = np.zeros(_LAST_BLOCK + _BLOCK, np.uint8)
    state = np.array(BLAKE2B_STATE, np.uint64)
    state[0] ^= np.uint64(_PARAMETERS)
    mac[:_STATE] = state.view(np.uint8)
    mac[_LAST_BLOCK : _LAST_BLOCK + KEY_BYTES] = np.frombuffer(key, np.uint8)
    _take_key(mac)
    # The state is enough from here on.
    mac[_LAST_BLOCK:] = 0
    return mac


@entry
def _take_key(mac: Bytes) -> None:
    """The key, filled up to a block, is what every message begins with."""
    blake2b_block(mac, mac, _LAST_BLOCK, _BLOCK, 0)
    for at in range(0, _STATE, WORD):
        store_word(mac, _KEYED + at, load_word(mac, at))


@inlined
def _is_authentic(data: Bytes, start: int, length: int, mac: Bytes) -> bool:
    """Is the MAC behind data[start : start + length] that of these bytes? Takes the same time if not."""
    for at in range(0, _STATE, WORD):
        store_word(mac, at, load_word(mac, _KEYED + at))
    done = 0
    while length - done > _BLOCK:
        blake2b_block(mac, data, start + done, _BLOCK + done + _BLOCK, 0)
        done += _BLOCK
    for at in range(0, _BLOCK, WORD):
        # Header and records are whole words, so that a word is all there or not at all.
        word = load_word(data, start + done + at) if done + at < length else 0
        store_word(mac, _LAST_BLOCK + at, word)
    blake2b_block(mac, mac, _LAST_BLOCK, _BLOCK + length, -1)
    differs = 0
    for at in range(0, MAC_BYTES, WORD):
        differs |= load_word(mac, at) ^ load_word(data, start + length + at)
    return differs == 0


@entry
def take_frames(
    data: Bytes, mac: Bytes, words: Integers, senders: Integers, frames: Integers, cells: Integers
) -> int:
    """Take frames of commands as long as each is the next good one and the turn has room for the largest.

    data: what was received; of it START to END, which lie in it. mac: of the login, see `mac_cells`. words:
    (n, 8), commands of the turn; senders: (n,), the session of each; frames: (n, FRAME_COLUMNS). cells:
    (CELLS,); START, NONCE, COUNT and FRAMES are moved on. Returns how many frames were taken.
    """
    start, end, nonce = cells[START], cells[END], cells[NONCE]
    count, taken = cells[COUNT], cells[FRAMES]
    while end - start >= HEADER_BYTES and count + MAX_COMMANDS <= len(words):
        head = load_word(data, start)
        number = load_word(data, start + WORD)
        records = (head >> 48) & 0xFFFF
        length = HEADER_BYTES + records * RECORD_BYTES
        # Kind U, no flags, and the length that so many commands have with a MAC behind them.
        regular = head == (length + MAC_BYTES) | COMMANDS_FRAME << 32 | records << 48
        if not regular or not 1 <= records <= MAX_COMMANDS or not nonce < number <= MAX_NONCE:
            break
        if length + MAC_BYTES > end - start or not _is_authentic(data, start, length, mac):
            break
        at = start + HEADER_BYTES
        for row in range(count, count + records):
            senders[row] = cells[SESSION]
            for word in range(_WORDS):
                words[row, word] = load_word(data, at)
                at += WORD
        frames[taken, FRAME_NONCE] = number
        frames[taken, FRAME_FIRST] = count
        frames[taken, FRAME_RECORDS] = records
        frames[taken, FRAME_RATE] = cells[RATE]
        start, nonce = start + length + MAC_BYTES, number
        count, taken = count + records, taken + 1
    found = taken - cells[FRAMES]
    cells[START], cells[NONCE], cells[COUNT], cells[FRAMES] = start, nonce, count, taken
    return found  # type: ignore[no-any-return]


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
