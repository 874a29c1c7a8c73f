"""What the schema of an ISO 20022 message allows, checked on a parsed message.

The parser builds the message from its elements and refuses unknown ones; this walks what it built and names
every place where a value breaks a rule of the schema: presence, length, pattern, digits, one of a choice.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any


def breaches(one: Any, place: str = "") -> Iterator[str]:
    """Places below `one` that the schema does not allow."""
    given = 0
    for field in dataclasses.fields(one):
        meta, value = field.metadata, getattr(one, field.name)
        where = f"{place}/{meta.get('name', field.name)}"
        values = value if isinstance(value, list) else [] if value is None else [value]
        given += bool(values)
        if (meta.get("required") and not values) or len(values) < meta.get("min_occurs", 0):
            yield f"{where}: missing"
        for each in values:
            if dataclasses.is_dataclass(each) and meta.get("type") != "Wildcard":
                yield from breaches(each, where)
            yield from (f"{where}: {fault}" for fault in faults(meta, each))
    if "Choice" in type(one).__name__ and given != 1:
        yield f"{place}: {given} of a choice"


def faults(meta: Any, value: Any) -> Iterator[str]:
    """Facets of a simple type that a value breaks."""
    if isinstance(value, str):
        if not meta.get("min_length", 0) <= len(value) <= meta.get("max_length", len(value)):
            yield f"length {len(value)}"
        if "pattern" in meta and not re.fullmatch(meta["pattern"], value):
            yield f"pattern {value}"
    if isinstance(value, Decimal):
        _, digits, exponent = value.as_tuple()
        behind = max(-int(exponent), 0)
        if behind > meta.get("fraction_digits", behind) or len(digits) > meta.get("total_digits", 99):
            yield f"digits {value}"
