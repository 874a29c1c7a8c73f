"""The doors from Python into the compiled venue: three entry points, tables by address.

    Venue.apply --addresses, commands, events--> enter --> run (novate.venue.kernel)

Imported only where kernels are compiled; uncompiled, the machine calls the same kernels as they are.
"""

from __future__ import annotations

from typing import Any

from novate.compiled import entry, whole_arrays
from novate.tables import opener
from novate.venue.cells import EVENTS
from novate.venue.commitment import list_orders
from novate.venue.invariants import check_books
from novate.venue.kernel import run
from novate.venue.layout import TABLE_DTYPES

_open = opener(TABLE_DTYPES)
_OWN_ADDRESS = 2 * len(TABLE_DTYPES)
_COMMANDS = _OWN_ADDRESS - 4
_EVENTS = _OWN_ADDRESS - 2
_SECOND_EVENTS = _EVENTS + _OWN_ADDRESS + 1


@whole_arrays
@entry
def enter(addresses: Any, commands: Any, events: Any) -> int:
    """`run` for Python: tables by address, commands and events as arrays; one call is three arguments.

    Returns commands finished << 32 | events written. ValueError for arrays that are not contiguous: they are
    read by address, record behind record.
    """
    addresses[_COMMANDS] = commands.ctypes.data
    addresses[_COMMANDS + 1] = len(commands)
    addresses[_EVENTS] = events.ctypes.data
    addresses[_EVENTS + 1] = len(events)
    addresses[_SECOND_EVENTS] = events.ctypes.data
    addresses[_SECOND_EVENTS + 1] = len(events)
    s = _open(addresses.ctypes.data + 8 * _OWN_ADDRESS)
    done = run(s, len(commands))
    return (done << 32) | s.header[EVENTS]


@entry
def enter_listing(addresses: Any) -> int:
    """`list_orders` for Python."""
    return list_orders(_open(addresses.ctypes.data + 8 * _OWN_ADDRESS))  # type: ignore[no-any-return]


@entry
def enter_check(addresses: Any) -> int:
    """`check_books` for Python."""
    return check_books(_open(addresses.ctypes.data + 8 * _OWN_ADDRESS))  # type: ignore[no-any-return]
