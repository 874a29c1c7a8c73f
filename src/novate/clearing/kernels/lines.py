"""Lines of text from columns: the inner loop of every file that clearing writes.

    head        ""               17,NOVATE,T-000001,ACCEPTED
    fields[0]   17   18          18,NOVATE,T-000002,REJECTED
    tails[0]    ",NOVATE,"       number, the same in every line
    fields[1]    0    1          text 0, text 1
    tails[1]    ","
    fields[2]   -1   -2          word 0, word 1
    tails[2]    LF

A field of a column is a number, or that of a text: from 0 one of `texts`, of which there may be as many as
lines, below 0 one of `words`, -1 for the first. What is the same in every line stands between the
columns: `head` in front of the first, and a tail behind each. Whoever calls sees to it that a text may stand
in a line as it is.

Texts are copied by eight bytes: behind each array of texts stand `SLACK` bytes that are read and not used,
and behind the lines as many that are written and not kept.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, inlined, kernel, wide
from novate.processor import WORD, load_word, store_word

Bytes = npt.NDArray[np.uint8]
Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

SLACK = WORD
MOST_DIGITS = 20
"""Of an int64, with its sign."""
_ZERO, _MINUS = ord("0"), ord("-")


@inlined
def copy_text(data: Bytes, first: int, end: int, out: Bytes, at: int) -> int:
    """data[first:end] to out[at:]; where it ends. Up to `SLACK` bytes behind both are read and written."""
    for i in range(0, end - first, WORD):
        store_word(out, at + i, load_word(data, first + i))
    return at + end - first


@kernel
def write_number(number: int, out: Bytes, at: int) -> int:
    """A number above -2**63 in decimal digits; where it ends."""
    if number < 0:
        out[at] = _MINUS
        at += 1
        number = -number
    digits, rest = 1, number // 10
    while rest:
        digits += 1
        rest //= 10
    for place in range(digits):
        rest = number // 10
        out[at + digits - 1 - place] = _ZERO + (number - 10 * rest)
        number = rest
    return at + digits


@entry
def write_lines(
    fields: Int64s,
    is_number: Bools,
    head: int,
    tails: Int64s,
    words: Bytes,
    word_starts: Int64s,
    texts: Bytes,
    text_starts: Int64s,
    out: Bytes,
    starts: Int64s,
) -> None:
    """L lines of C fields (C, L); `head` and `tails` (C,) are numbers of words, from 0.

    Word w is words[word_starts[w] : word_starts[w + 1]], text t alike. Line l goes to out[starts[l] :
    starts[l + 1]]; starts (L + 1,) begins with where the first one goes.
    """
    columns, lines = fields.shape
    at = wide(starts[0])
    for line in range(lines):
        at = copy_text(words, wide(word_starts[head]), wide(word_starts[head + 1]), out, at)
        for column in range(columns):
            field = wide(fields[column, line])
            if is_number[column]:
                at = write_number(field, out, at)
            elif field >= 0:
                at = copy_text(texts, wide(text_starts[field]), wide(text_starts[field + 1]), out, at)
            else:
                word = -1 - field
                at = copy_text(words, wide(word_starts[word]), wide(word_starts[word + 1]), out, at)
            tail = wide(tails[column])
            at = copy_text(words, wide(word_starts[tail]), wide(word_starts[tail + 1]), out, at)
        starts[line + 1] = at
