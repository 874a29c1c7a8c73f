"""Contract periods and the ranges of them that tiers cover (span-rules.md, section 3).

"20260600" -> "202606"        key "202606000"        a tier ending in "202606" reaches to "202606~~~"
"""

from __future__ import annotations

import re

PHYSICAL = "000000"
KEY_LENGTH = 9
LOWEST, HIGHEST = "", "~" * KEY_LENGTH
_FORM = re.compile(r"[0-9]{6}[0-9A-Za-z_]{0,3}", re.ASCII)


def canonical(text: str) -> str:
    """The code of a period without an empty day; ValueError unless 6 digits and up to 3 word characters."""
    if not _FORM.fullmatch(text):
        raise ValueError(f"expected a period of 6 digits and up to 3 more characters, was {text!r}")
    return text[:6] if len(text) == 8 and text.endswith("00") else text


def period_key(code: str) -> str:
    """What periods are ordered by."""
    return code.ljust(KEY_LENGTH, "0")


def upper_key(code: str) -> str:
    """The last key that a range up to and including `code` reaches."""
    return code.ljust(KEY_LENGTH, "~")
