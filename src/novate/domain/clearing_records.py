"""Commands and events of the clearing house: 64-byte little-endian records, the same bytes everywhere.

    TEXT "t-17"  TRADE                         --> ACCEPTED  TEXT "t-17"  LEG  LEG
    PART  PART  TEXT "t-17"  ALLOCATE          --> ALLOCATED  TEXT "t-17"  LEG ...
    BATCH (3 follow)  TEXT TRADE  TEXT TRADE  TEXT TRADE
    SOURCE stands once before the first trade of a source: TEXT "VENUE"  SOURCE number 0

Text and lists stand in records before their command and are staged in the machine, so that a batch may be
cut anywhere. Of an event they stand behind it. A text of more than 60 bytes takes several TEXT records. A
sum that needs more than 64 bits is no fault: a WIDE record with the upper halves follows.

Names of the configuration are numbers: places in the sorted tables of `novate.clearing.house_terms`. What a
name may be that is in no table has a number of its own (below zero), so that the machine refuses it. Dates
are day ordinals (day 1 is 0001-01-01), money is in minor units. A price is its digits as a 128-bit integer,
how many of them stand behind the point, and how many zeros stand in front, so that "10", "10.0" and "010"
stay different contents (C7).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

RECORD_BYTES = 64
TEXT_BYTES = 60
UNKNOWN = -1
"""A member, instrument or currency that is not configured."""
UNKNOWN_ACCOUNT = -2
"""An account that its member does not have."""
NOT_GIVEN = -3

Records = npt.NDArray[np.void]


def _layout(**fields: tuple[str, int]) -> np.dtype[np.void]:
    """A packed little-endian record of 64 bytes: name -> (format, offset)."""
    return np.dtype(
        {
            "names": list(fields),
            "formats": ["<" + form for form, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": RECORD_BYTES,
        }
    )


CLEARING_COMMAND = _layout(
    kind=("u1", 0),  # ClearingCommand
    code=("u1", 1),  # Side of ALLOCATE and GIVE_UP; 1 for an accepted TAKE_UP
    decimals=("u1", 2),  # digits of the price behind the point
    flags=("u1", 3),  # ClearingFlag
    party=("i4", 4),  # the party; buyer, from, to of GIVE_UP; the account of PART
    other_party=("i4", 8),  # seller; to of TRANSFER
    instrument=("i4", 12),  # NOT_GIVEN: money, or all instruments
    currency=("i2", 16),
    zeros=("u2", 18),  # zeros in front of the price
    source=("u4", 20),
    day=("i4", 24),  # trade date; settlement date of TRANSFER; to of ROLL; ex-date
    other_day=("i4", 28),  # settlement date of TRADE, 0: none; record date
    version=("i8", 32),  # version; give-up; intent; group; count of BATCH; pay date; old of SPLIT
    quantity=("i8", 40),  # quantity, amount, quantity total; new of SPLIT
    price=("i8", 48),  # low 64 bits; trades that follow a BATCH
    price_high=("i8", 56),
)

CLEARING_EVENT = _layout(
    kind=("u1", 0),  # ClearingEvent
    code=("u1", 1),  # the first code of the kind: operation, reason, type, side, command
    other_code=("u1", 2),  # the second: kind of a leg
    flags=("u1", 3),  # ClearingFlag
    party=("i4", 4),
    instrument=("i4", 8),
    currency=("i2", 12),
    source=("u2", 14),
    day=("i4", 16),  # due, since, cycle and run; from of ROLLED
    number=("i4", 20),  # of a give-up, transfer, intent, cycle, run; a reason of refusal; to of ROLLED
    version=("i8", 24),
    quantity=("i8", 32),
    amount=("i8", 40),
    third=("i8", 48),  # what a kind has beside quantity and amount: paid, left, cost, arrears
    fourth=("i8", 56),
)

TEXT = _layout(kind=("u1", 0), length=("u1", 1), flags=("u1", 3), text=("S60", 4))
"""Both a command and an event. Read `length` bytes: the text may end in zeros."""

DIGEST = _layout(kind=("u1", 0), day=("i4", 16), number=("i4", 20), rows=("i8", 24), digest=("V32", 32))
"""ROOT (behind its OBLIGATION), and FILE with its rows."""

CASH_ITEM = _layout(
    kind=("u1", 0),
    currency=("i2", 12),
    members=("i8", 16),
    house=("i8", 24),
    world=("i8", 32),
    due=("i8", 40),
    arrears=("i8", 48),
    open=("i8", 56),
)
"""One currency of DAY_CLOSED; a SECURITIES_ITEM has members, house, world and open in the last four."""

COMMAND_STRUCT = struct.Struct("<BBBBiiihHIiiqqqq")
"""CLEARING_COMMAND as `struct` packs it."""
EVENT_STRUCT = struct.Struct("<BBBBiihHiiqqqqq")
"""CLEARING_EVENT as `struct` packs it."""
TEXT_STRUCT = struct.Struct("<BBBB60s")
DIGEST_STRUCT = struct.Struct("<B15xiiq32s")
CASH_STRUCT = struct.Struct("<B11xh2xqqqqqq")

for _packed in (COMMAND_STRUCT, EVENT_STRUCT, TEXT_STRUCT, DIGEST_STRUCT, CASH_STRUCT):
    assert _packed.size == RECORD_BYTES, "a record is 64 bytes"
for _record in (CLEARING_COMMAND, CLEARING_EVENT, TEXT, DIGEST, CASH_ITEM):
    assert _record.itemsize == RECORD_BYTES, "a record is 64 bytes"
    _fields = list((_record.fields or {}).values())
    _ends = [_field[0].itemsize + _field[1] for _field in _fields]
    _starts = [_field[1] for _field in _fields]
    assert all(_end <= _start for _end, _start in zip(_ends, _starts[1:], strict=False)), "no field overlaps"


LOW_BITS = 2**64 - 1


def halves(numbers: Sequence[int]) -> tuple[list[int], list[int]]:
    """(lower, upper) 64 bits of integers of 128 bits, each as signed 64 bits."""
    lows = [((number & LOW_BITS) ^ 2**63) - 2**63 for number in numbers]
    return lows, [number >> 64 for number in numbers]


def joined(lows: Sequence[int], highs: Sequence[int]) -> list[int]:
    """The inverse of `halves`."""
    return [(low & LOW_BITS) | high << 64 for low, high in zip(lows, highs, strict=True)]


def new_clearing_commands(count: int) -> Records:
    """`count` zeroed command records."""
    return np.zeros(count, CLEARING_COMMAND)


def new_clearing_events(count: int) -> Records:
    """`count` zeroed event records."""
    return np.zeros(count, CLEARING_EVENT)
