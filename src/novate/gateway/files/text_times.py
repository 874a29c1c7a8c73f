"""Columns of text into times: nanoseconds since 1970-01-01 UTC, exact.

1340271000004241176               nanoseconds, or any other integer clock
09:30:00.004241176                a time of the business date
2012-06-21T09:30:00.004241176     a date and a time, UTC; a space for the T and a Z at the end are allowed
"""

from __future__ import annotations

import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from novate.domain.codes import RowReject
from novate.domain.units import INT64_MAX
from novate.gateway.files.text_numbers import Int64s, Numbers, integers

NANOSECONDS = 1_000_000_000
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?Z?"
DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
YEARS = range(1970, 2262)
"""Years whose nanoseconds fit 64 bits."""
EXPECTED = "expected nanoseconds, HH:MM:SS with up to 9 digits behind the point, or an ISO date and time"


def midnight_ns(business_date: str) -> int:
    """The start of an ISO date in nanoseconds since 1970-01-01 UTC."""
    days = (datetime.date.fromisoformat(business_date) - datetime.date(1970, 1, 1)).days
    return days * 86_400 * NANOSECONDS


def times(column: pa.Array, business_date: str) -> Numbers:
    """Times of any of the three forms; a column may mix them."""
    clock = pc.match_substring_regex(column, f"^{CLOCK}$")
    dated = pc.match_substring_regex(column, f"^{DATE}[T ]{CLOCK}$")
    if pc.any(dated).as_py():
        days = pc.utf8_slice_codeunits(column, 0, 10)
        real = [day for day in pc.unique(days).to_pylist() if _is_date(day)]
        dated = pc.and_(dated, pc.is_in(days, pa.array(real, pa.string())))
    written = pc.or_(clock, dated)
    if not pc.any(written).as_py():
        return _worded(integers(column, 0, INT64_MAX), column)
    plain = pc.replace_substring(column, "Z", "")
    full = pc.if_else(clock, pc.binary_join_element_wise(business_date, plain, "T"), plain)
    stamps = pc.cast(pc.if_else(written, full, "1970-01-01T00:00:00"), pa.timestamp("ns"))
    from_text: Int64s = np.asarray(pc.cast(stamps, pa.int64()))
    numbers = integers(pc.if_else(written, "0", column), 0, INT64_MAX)
    values = np.where(np.asarray(written), from_text, numbers.values)
    return _worded(Numbers(values, numbers.given, numbers.defects), column)


def _worded(numbers: Numbers, column: pa.Array) -> Numbers:
    """The same numbers; their defects say which forms a time may have."""
    for index, (reason, _) in numbers.defects.items():
        if reason is RowReject.NOT_A_NUMBER:
            numbers.defects[index] = (reason, f'{EXPECTED}, was "{column[index].as_py()}"')
    return numbers


def _is_date(text: str) -> bool:
    try:
        return datetime.date.fromisoformat(text).year in YEARS
    except ValueError:
        return False
