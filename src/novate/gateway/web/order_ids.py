"""Client order ids: text of 1 to 36 characters outside, 64 bits inside, and back.

    "4711"            0 .. 2^62 - 1         the number itself (no leading zero)
    "maker-7"         2^62 .. 2^63 - 1      up to ten characters, packed; nothing has to be remembered
    "6f1c...-..."     below zero            the first 63 bits of its SHA-256; the text is remembered

The core knows the number only. Whoever comes in over another gateway sees and cancels orders by it.
"""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict

FORM = re.compile(r"[A-Za-z0-9_.:-]{1,36}", re.ASCII)
PATTERN = "^[A-Za-z0-9_.:-]{1,36}$"
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-"
_DIGIT = {letter: at for at, letter in enumerate(_LETTERS, 1)}
_BASE = len(_LETTERS) + 1
_PACKED = 1 << 62
LONGEST_PACKED = 10
_NUMBER = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
assert _BASE**LONGEST_PACKED < _PACKED


class OrderIds:
    """Turns ids into numbers and back; remembers the last `most` long ones."""

    def __init__(self, most: int = 500_000) -> None:
        self._most = most
        self._texts: OrderedDict[int, str] = OrderedDict()

    def number(self, text: str) -> int:
        """The number of an id, which has the form FORM."""
        if _NUMBER.fullmatch(text):
            value = int(text)
            if value < _PACKED:
                return value
        if len(text) <= LONGEST_PACKED:
            packed = 0
            for letter in reversed(text):
                packed = packed * _BASE + _DIGIT[letter]
            return _PACKED + packed
        digest = int.from_bytes(hashlib.sha256(text.encode("ascii")).digest()[:8], "big")
        value = -1 - (digest >> 1)
        self._texts[value] = text
        if len(self._texts) > self._most:
            self._texts.popitem(last=False)
        return value

    def text(self, number: int) -> str:
        """The id of a number; a long one that nobody remembers is written as its hash, `#` in front."""
        if 0 <= number < _PACKED:
            return str(number)
        if number < 0:
            return self._texts.get(number) or f"#{number & (1 << 64) - 1:016x}"
        letters = []
        packed = number - _PACKED
        while packed:
            packed, digit = divmod(packed, _BASE)
            letters.append(_LETTERS[digit - 1])
        return "".join(letters)

    def find(self, text: str) -> int | None:
        """The number that a text in a target means: an id, or what `text` writes for a forgotten one."""
        if re.fullmatch(r"#[0-9a-f]{16}", text):
            value = int(text[1:], 16)
            return value - (1 << 64) if value >> 63 else None
        return self.number(text) if FORM.fullmatch(text) else None
