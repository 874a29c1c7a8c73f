"""XML into rows of known elements: the inner loop of reading a .spn file.

    <opt><k>410.5</k><ra><r>1</r><a>-460</a> ...       row  node        parent  value  info  line
      state: node and row of every open element         7   .../opt       6       -     -    12
             text of the leaf that is open               8   .../opt/k     7     4105    1    12
             comment, CDATA, instruction: mode           9   .../opt/ra    7     first  16    12

The bytes are UTF-8 and have been through expat, so they are well formed and without a document type; what is
left here is to know elements, to collect text and to make numbers. Numbers that are not plain (an exponent,
more than 18 digits, no number at all) are left as text for an exact parser.

`value` and `info` by kind of the node:
    TEXT        place in `texts`, length                     LETTER   the byte, or -1
    NUMBER      digits, decimals; or place, -1 - length      RATE     1 if it is the selected rate id, else 0
    RISK_ARRAY  first entry, number of entries; an entry that is not plain has its text's place and -1

Cost: one pass over the bytes, some nanoseconds each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, inlined, kernel, wide
from novate.gateway.span.shape import ENTRY, GROUP, LETTER, NUMBER, RATE, RISK_ARRAY, TEXT

Bytes = npt.NDArray[np.uint8]
Int64s = npt.NDArray[np.int64]

DEPTH, IGNORED, MODE, ROWS, ENTRIES, TEXTS, LENGTH, LINE = range(8)
STATE_WORDS = 8
LONGEST_TEXT = 4096
MOST_OPEN = 32
NORMAL, COMMENT, CDATA, INSTRUCTION = range(4)
PLAIN_DIGITS = 18

ROW = np.dtype([("node", "<i2"), ("parent", "<i4"), ("value", "<i8"), ("info", "<i4"), ("line", "<i4")])

_LT, _GT, _SLASH, _BANG, _ASK, _AMP, _NEWLINE = 0x3C, 0x3E, 0x2F, 0x21, 0x3F, 0x26, 0x0A
_QUOTE, _APOSTROPHE, _SEMICOLON, _HASH, _DASH, _BRACKET, _A = 0x22, 0x27, 0x3B, 0x23, 0x2D, 0x5D, 0x61


@inlined
def _is_space(byte: int) -> bool:
    return byte == 0x20 or byte == 0x0A or byte == 0x0D or byte == 0x09


@inlined
def _put(state: Int64s, scratch: Bytes, byte: int) -> None:
    """A byte of the open leaf's text; of a text that is too long only the length is kept."""
    at = state[LENGTH]
    if at < LONGEST_TEXT:
        scratch[at] = byte
        state[LENGTH] = at + 1
    else:
        state[LENGTH] = LONGEST_TEXT + 1


@kernel
def _word(buffer: Bytes, start: int, stop: int) -> int:
    """Up to eight bytes as a little-endian word."""
    word = wide(0)
    for i in range(min(stop - start, 8)):
        word |= wide(buffer[start + i]) << (8 * i)
    return word


@kernel
def _child(nodes: Int64s, edges: Int64s, node: int, buffer: Bytes, start: int, stop: int) -> int:
    """The node of an element with this name below `node`; -1 if it is to be ignored."""
    if stop - start <= 24:
        first = _word(buffer, start, stop)
        second = _word(buffer, start + 8, stop) if stop - start > 8 else 0
        third = _word(buffer, start + 16, stop) if stop - start > 16 else 0
        for edge in range(nodes[node, 0], nodes[node, 0] + nodes[node, 1]):
            if edges[edge, 0] == first and edges[edge, 1] == second and edges[edge, 2] == third:
                return wide(edges[edge, 3])
    return wide(nodes[node, 2])


@kernel
def _plain(scratch: Bytes, start: int, stop: int) -> tuple[int, int]:
    """Digits and decimals of `-12.50`; decimals -1 if it takes an exact parser to say what it is."""
    negative = start < stop and scratch[start] == _DASH
    at = start + 1 if negative else start
    digits, decimals, seen, behind = wide(0), wide(0), wide(0), False
    while at < stop:
        byte = wide(scratch[at])
        if 0x30 <= byte <= 0x39:
            digits = digits * 10 + byte - 0x30
            seen += 1
            if behind:
                decimals += 1
        elif byte == 0x2E and not behind and seen > 0:
            behind = True
        else:
            return wide(0), wide(-1)
        at += 1
    if seen == 0 or seen > PLAIN_DIGITS:
        return wide(0), wide(-1)
    return (-digits if negative else digits), decimals


@kernel
def _keep(state: Int64s, scratch: Bytes, start: int, stop: int, texts: Bytes) -> int:
    """Put a text behind the others, with a zero byte after it; its place."""
    place = wide(state[TEXTS])
    for i in range(start, stop):
        texts[place + i - start] = scratch[i]
    texts[place + stop - start] = 0
    state[TEXTS] = place + stop - start + 1
    return place


@kernel
def _finish_leaf(
    kind: int,
    row: int,
    state: Int64s,
    scratch: Bytes,
    rate: Bytes,
    rows: Any,
    entries: Int64s,
    digits: Any,
    texts: Bytes,
) -> None:
    """The value of a leaf whose text is complete."""
    start, stop = wide(0), min(wide(state[LENGTH]), LONGEST_TEXT)
    while start < stop and _is_space(scratch[start]):
        start += 1
    while stop > start and _is_space(scratch[stop - 1]):
        stop -= 1
    if kind == TEXT:
        rows[row]["value"] = _keep(state, scratch, start, stop, texts)
        rows[row]["info"] = stop - start if state[LENGTH] <= LONGEST_TEXT else LONGEST_TEXT + 1
    elif kind == NUMBER or kind == ENTRY:
        value, decimals = _plain(scratch, start, stop)
        if decimals < 0:
            value = _keep(state, scratch, start, stop, texts)
        if kind == NUMBER:
            rows[row]["value"] = value
            rows[row]["info"] = decimals if decimals >= 0 else -1 - (stop - start)
        else:
            at = state[ENTRIES]
            entries[at] = value
            digits[at] = decimals
            state[ENTRIES] = at + 1
            rows[row]["info"] += 1
    elif kind == LETTER:
        rows[row]["value"] = scratch[start] if stop - start == 1 else -1
    elif kind == RATE:
        same = stop - start == len(rate)
        for i in range(len(rate)):
            same = same and scratch[start + i] == rate[i]
        rows[row]["value"] = 1 if same else 0


@kernel
def _open(
    nodes: Int64s,
    edges: Int64s,
    state: Int64s,
    stack: Int64s,
    rows: Any,
    buffer: Bytes,
    start: int,
    stop: int,
) -> None:
    """An element begins: a row if it is known, one level more of ignorance if not."""
    if state[IGNORED] > 0:
        state[IGNORED] += 1
        return
    depth = wide(state[DEPTH])
    child = _child(nodes, edges, wide(stack[depth, 0]), buffer, start, stop)
    if child < 0:
        state[IGNORED] = 1
        return
    kind = nodes[child, 3]
    row = wide(stack[depth, 1])
    if kind != ENTRY:
        row = wide(state[ROWS])
        rows[row]["node"] = child
        rows[row]["parent"] = stack[depth, 1]
        rows[row]["value"] = state[ENTRIES] if kind == RISK_ARRAY else 0
        rows[row]["info"] = 0
        rows[row]["line"] = state[LINE]
        state[ROWS] = row + 1
    state[DEPTH] = depth + 1
    stack[depth + 1, 0] = child
    stack[depth + 1, 1] = row
    state[LENGTH] = 0


@kernel
def _close(
    nodes: Int64s,
    state: Int64s,
    stack: Int64s,
    scratch: Bytes,
    rate: Bytes,
    rows: Any,
    entries: Int64s,
    digits: Any,
    texts: Bytes,
) -> None:
    if state[IGNORED] > 0:
        state[IGNORED] -= 1
        return
    depth = wide(state[DEPTH])
    kind = wide(nodes[stack[depth, 0], 3])
    if kind != GROUP and kind != RISK_ARRAY:
        _finish_leaf(kind, wide(stack[depth, 1]), state, scratch, rate, rows, entries, digits, texts)
    state[DEPTH] = depth - 1


@kernel
def _tag_end(buffer: Bytes, start: int, stop: int, state: Int64s) -> int:
    """Where the `>` of a tag stands, quoted ones passed over; -1 if it has not come yet."""
    quote, lines = wide(0), wide(0)
    for at in range(start, stop):
        byte = wide(buffer[at])
        if byte > _GT:
            continue
        if byte == _NEWLINE:
            lines += 1
        if quote != 0:
            if byte == quote:
                quote = wide(0)
        elif byte == _GT:
            state[LINE] += lines
            return at
        elif byte == _QUOTE or byte == _APOSTROPHE:
            quote = byte
    return -1


@kernel
def _name_end(buffer: Bytes, start: int, stop: int) -> int:
    at = start
    while at < stop and not _is_space(buffer[at]) and buffer[at] != _SLASH:
        at += 1
    return at


@kernel
def _put_code(state: Int64s, scratch: Bytes, code: int) -> None:
    """A character as UTF-8."""
    if code < 0x80:
        _put(state, scratch, code)
    elif code < 0x800:
        _put(state, scratch, 0xC0 | code >> 6)
        _put(state, scratch, 0x80 | (code & 0x3F))
    elif code < 0x10000:
        _put(state, scratch, 0xE0 | code >> 12)
        _put(state, scratch, 0x80 | (code >> 6 & 0x3F))
        _put(state, scratch, 0x80 | (code & 0x3F))
    else:
        _put(state, scratch, 0xF0 | code >> 18)
        _put(state, scratch, 0x80 | (code >> 12 & 0x3F))
        _put(state, scratch, 0x80 | (code >> 6 & 0x3F))
        _put(state, scratch, 0x80 | (code & 0x3F))


@kernel
def _reference(buffer: Bytes, start: int, stop: int) -> int:
    """The character of `lt`, `amp`, `#65` or `#x41`; expat has seen to it that there are no others."""
    first = wide(buffer[start])
    if first != _HASH:
        second = wide(buffer[start + 1])
        if first == 0x6C:
            return _LT
        if first == 0x67:
            return _GT
        if first == 0x71:
            return _QUOTE
        return _AMP if second == 0x6D else _APOSTROPHE
    code, at, base = wide(0), start + 1, wide(10)
    if buffer[at] == 0x78:
        at += 1
        base = wide(16)
    while at < stop:
        byte = wide(buffer[at])
        digit = byte - 0x30 if byte <= 0x39 else (byte | 0x20) - 0x61 + 10
        code = code * base + digit
        at += 1
    return code


@kernel
def _between(buffer: Bytes, start: int, stop: int, state: Int64s) -> int:
    """Pass over text that nobody wants up to the next `<`; where that stands."""
    at, lines = start, wide(0)
    while at < stop and buffer[at] != _LT:
        if buffer[at] == _NEWLINE:
            lines += 1
        at += 1
    state[LINE] += lines
    return at


@kernel
def _text(buffer: Bytes, start: int, stop: int, state: Int64s, scratch: Bytes) -> int:
    """Take text up to the next `<`; where it ended, which is before a reference that is not complete."""
    at = start
    while at < stop:
        byte = wide(buffer[at])
        if byte == _LT:
            return at
        if byte == _NEWLINE:
            state[LINE] += 1
        if byte == _AMP:
            end = at + 1
            while end < stop and buffer[end] != _SEMICOLON:
                end += 1
            if end >= stop:
                return at
            _put_code(state, scratch, _reference(buffer, at + 1, end))
            at = end + 1
        else:
            _put(state, scratch, byte)
            at += 1
    return at


@kernel
def _pass_over(buffer: Bytes, start: int, stop: int, state: Int64s, scratch: Bytes) -> int:
    """Go through a comment, an instruction or a CDATA section to its end, or as far as the bytes go."""
    mode = wide(state[MODE])
    mark = _DASH if mode == COMMENT else (_BRACKET if mode == CDATA else _ASK)
    length = 2 if mode == INSTRUCTION else 3
    at = start
    while at + length <= stop:
        if buffer[at] == mark and buffer[at + length - 1] == _GT and (length == 2 or buffer[at + 1] == mark):
            state[MODE] = NORMAL
            return at + length
        if buffer[at] == _NEWLINE:
            state[LINE] += 1
        if mode == CDATA and state[IGNORED] == 0:
            _put(state, scratch, buffer[at])
        at += 1
    return at


@kernel
def _begin_mode(buffer: Bytes, at: int, stop: int, state: Int64s) -> int:
    """Enter what `<!--`, `<![CDATA[` or `<?` begins; where its content starts, -1 if that is not known."""
    if buffer[at + 1] == _ASK:
        state[MODE] = INSTRUCTION
        return at + 2
    if at + 9 > stop:
        return -1
    if buffer[at + 2] == _DASH:
        state[MODE] = COMMENT
        return at + 4
    state[MODE] = CDATA
    return at + 9


@kernel
def _plain_entries(
    buffer: Bytes, start: int, stop: int, state: Int64s, rows: Any, row: int, entries: Int64s, digits: Any
) -> int:
    """As many `<a>-12.50</a>` as follow each other, white space between; where the first other thing starts.

    A short cut for nine tenths of a file: whatever looks different is left to the general way.
    """
    found, lines = wide(state[ENTRIES]), wide(0)
    done, at = start, start
    while True:
        while at < stop and _is_space(buffer[at]):
            if buffer[at] == _NEWLINE:
                lines += 1
            at += 1
        done = at
        # The longest plain entry has 3 + 21 + 4 bytes; at the end of the buffer the general way goes on.
        if at + 32 > stop or buffer[at] != _LT or buffer[at + 1] != _A or buffer[at + 2] != _GT:
            break
        at += 3
        negative = buffer[at] == _DASH
        if negative:
            at += 1
        value, decimals, seen, behind = wide(0), wide(0), wide(0), wide(0)
        while seen <= PLAIN_DIGITS:
            byte = wide(buffer[at])
            if 0x30 <= byte <= 0x39:
                value = value * 10 + byte - 0x30
                seen += 1
                decimals += behind
            elif byte == 0x2E and behind == 0 and seen > 0:
                behind = wide(1)
            else:
                break
            at += 1
        if seen == 0 or seen > PLAIN_DIGITS or buffer[at] != _LT or buffer[at + 1] != _SLASH:
            break
        if buffer[at + 2] != _A or buffer[at + 3] != _GT:
            break
        at += 4
        entries[found] = -value if negative else value
        digits[found] = decimals
        found += 1
    rows[row]["info"] += found - state[ENTRIES]
    state[ENTRIES] = found
    state[LINE] += lines
    return done


@entry
def read_tokens(
    buffer: Bytes,
    stop: int,
    nodes: Int64s,
    edges: Int64s,
    rate: Bytes,
    state: Int64s,
    stack: Int64s,
    scratch: Bytes,
    rows: Any,
    entries: Int64s,
    digits: npt.NDArray[np.int8],
    texts: Bytes,
) -> int:
    """Read `stop` bytes; returns how many were used: the rest is the beginning of something not complete.

    `rows`, `entries`, `digits` and `texts` must have room for a row and an entry per 3 bytes of the buffer,
    and for twice the bytes.
    """
    at = wide(0)
    while at < stop:
        if state[MODE] != NORMAL:
            at = _pass_over(buffer, at, stop, state, scratch)
            if state[MODE] != NORMAL:
                return at
            continue
        if buffer[at] != _LT:
            kind = wide(nodes[stack[state[DEPTH], 0], 3])
            if state[IGNORED] > 0 or kind == GROUP or kind == RISK_ARRAY:
                at = _between(buffer, at, stop, state)
            else:
                at = _text(buffer, at, stop, state, scratch)
            if at < stop and buffer[at] != _LT:
                return at
            continue
        if at + 1 >= stop:
            return at
        if buffer[at + 1] == _BANG or buffer[at + 1] == _ASK:
            begun = _begin_mode(buffer, at, stop, state)
            if begun < 0:
                return at
            at = begun
            continue
        end = _tag_end(buffer, at + 1, stop, state)
        if end < 0:
            return at
        if buffer[at + 1] == _SLASH:
            _close(nodes, state, stack, scratch, rate, rows, entries, digits, texts)
        else:
            _open(nodes, edges, state, stack, rows, buffer, at + 1, _name_end(buffer, at + 1, end))
            if buffer[end - 1] == _SLASH:
                _close(nodes, state, stack, scratch, rate, rows, entries, digits, texts)
        at = end + 1
        if nodes[stack[state[DEPTH], 0], 3] == RISK_ARRAY and state[IGNORED] == 0:
            at = _plain_entries(buffer, at, stop, state, rows, wide(stack[state[DEPTH], 1]), entries, digits)
    return at
