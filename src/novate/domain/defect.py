"""One thing wrong with a configuration, as a value."""

from __future__ import annotations

import msgspec


class Defect(msgspec.Struct, frozen=True):
    """The field of an instrument, and what was expected and found."""

    field: str
    message: str
