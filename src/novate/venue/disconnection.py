"""Cancel on disconnect: what came in over a session goes out with it, in all markets (R62).

    NEW ... session 7, NEW ... session 7     DISCONNECT(7) -> CANCELLED DISCONNECT, ... -> DISCONNECTED (7, 2)

Whether a session wants this is the gateway's business; session 0 is no session.
"""

from __future__ import annotations

from novate.compiled import kernel, wide
from novate.venue.cells import EXECUTE, LIST, ORDER_COUNT, PUBLISH
from novate.venue.constants import BY_DISCONNECT, F_ACCOUNT, INVALID_TYPE
from novate.venue.events import reject
from novate.venue.layout import Tables
from novate.venue.sweeps import ANY, begin_withdrawal, fits_scratch


@kernel
def disconnect(s: Tables, i: int) -> int:
    """DISCONNECT; returns the phase in which the command goes on."""
    session = wide(s.commands["session"][i])
    if session == 0:
        reject(s, i, INVALID_TYPE)
        return PUBLISH
    if not fits_scratch(s, wide(s.header[ORDER_COUNT])):
        return EXECUTE
    given = wide(s.commands["flags"][i]) & F_ACCOUNT != 0
    account = wide(s.commands["account"][i]) if given else 0
    only = account if given else ANY
    begin_withdrawal(s, BY_DISCONNECT, 1 if given else 0, account, only, ANY, session)
    return LIST
