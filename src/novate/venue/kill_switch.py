"""Kill switches: an account, a member or the whole venue stops trading at one command (R61).

    KILL(MEMBER, 2) -> every order of the member CANCELLED KILL, by order id -> KILLED (MEMBER, 2, count)
                       NEW, NEW_OCO, AMEND, QUOTE of its accounts: MEMBER_KILLED      until REVIVE(MEMBER, 2)

    accounts["known"]   KNOWN | ACCOUNT_KILL | MEMBER_KILL            of every listed account
    header[KILLS]       VENUE_KILL | UNLISTED_KILL                    the venue's switch, and member 0's for
                                                                      accounts that are not listed (K19)

As long as any switch is on, GATES sends every NEW and CANCEL to the long check; no other venue pays for this.
"""

from __future__ import annotations

from novate.compiled import kernel, wide
from novate.venue.cells import EXECUTE, GATES, KILLS, LIST, ORDER_COUNT, PUBLISH, SWITCHES
from novate.venue.constants import (
    ACCOUNT_KILLED,
    BY_KILL,
    E_REVIVED,
    INVALID_TYPE,
    MEMBER_KILLED,
    OK,
    SCOPE_ACCOUNT,
    SCOPE_MEMBER,
    SCOPE_VENUE,
    UNKNOWN_ACCOUNT,
    VENUE_KILLED,
)
from novate.venue.events import reject, scope_event
from novate.venue.layout import Tables
from novate.venue.sweeps import ANY, begin_withdrawal, fits_scratch

# Bits of `known` of a listed account.
KNOWN = 1
ACCOUNT_KILL = 2
MEMBER_KILL = 4

# Bits of KILLS.
VENUE_KILL = 1
UNLISTED_KILL = 2  # member 0 is killed: accounts that are not listed are its

GATE_KILLED = 1  # bit of GATES: some switch is on


@kernel
def check_switches(s: Tables, account: int) -> int:
    """May an account send orders? The venue's switch is asked first, then its member's, then its own."""
    if s.header[KILLS] & VENUE_KILL != 0:
        return VENUE_KILLED
    if account >= len(s.accounts) or s.accounts["known"][account] == 0:
        return MEMBER_KILLED if s.header[KILLS] & UNLISTED_KILL != 0 else OK
    switches = wide(s.accounts["known"][account])
    if switches & MEMBER_KILL != 0:
        return MEMBER_KILLED
    return ACCOUNT_KILLED if switches & ACCOUNT_KILL != 0 else OK


@kernel
def kill(s: Tables, i: int) -> int:
    """KILL: the switch goes on, and every live order of the scope ends; returns the next phase."""
    scope = wide(s.commands["side"][i])
    holder = wide(s.commands["account"][i])
    code = _check_scope(s, scope, holder)
    if code != OK:
        reject(s, i, code)
        return PUBLISH
    if not fits_scratch(s, wide(s.header[ORDER_COUNT])):
        return EXECUTE
    if scope == SCOPE_VENUE:
        holder = 0
    _turn(s, scope, holder, True)
    account = holder if scope == SCOPE_ACCOUNT else ANY
    member = holder if scope == SCOPE_MEMBER else ANY
    begin_withdrawal(s, BY_KILL, scope, holder, account, member, ANY)
    return LIST


@kernel
def revive(s: Tables, i: int) -> int:
    """REVIVE: the switch goes off, whether it was on or not; returns the next phase."""
    scope = wide(s.commands["side"][i])
    holder = wide(s.commands["account"][i])
    code = _check_scope(s, scope, holder)
    if code != OK:
        reject(s, i, code)
        return PUBLISH
    if scope == SCOPE_VENUE:
        holder = 0
    _turn(s, scope, holder, False)
    scope_event(s, E_REVIVED, scope, holder, 0, 0)
    return PUBLISH


@kernel
def _check_scope(s: Tables, scope: int, holder: int) -> int:
    """A scope that exists, and a holder that is listed; member 0 always is."""
    if scope == SCOPE_VENUE:
        return OK
    if scope == SCOPE_ACCOUNT:
        listed = holder < len(s.accounts) and s.accounts["known"][holder] != 0
        return OK if listed else UNKNOWN_ACCOUNT
    if scope != SCOPE_MEMBER:
        return INVALID_TYPE
    if holder == 0:
        return OK
    for account in range(len(s.accounts)):
        if s.accounts["known"][account] != 0 and s.accounts["member"][account] == holder:
            return OK
    return UNKNOWN_ACCOUNT


@kernel
def _turn(s: Tables, scope: int, holder: int, on: bool) -> None:
    """Turn a switch on or off, and open or shut the gate behind the last one."""
    was_on = False
    if scope == SCOPE_ACCOUNT:
        was_on = _mark(s, holder, ACCOUNT_KILL, on)
    elif scope == SCOPE_VENUE:
        was_on = _mark_venue(s, VENUE_KILL, on)
    else:
        for account in range(len(s.accounts)):
            if s.accounts["known"][account] != 0 and s.accounts["member"][account] == holder:
                was_on = _mark(s, account, MEMBER_KILL, on)
        if holder == 0:
            was_on = _mark_venue(s, UNLISTED_KILL, on)
    if was_on != on:
        s.header[SWITCHES] += 1 if on else -1
    gates = s.header[GATES] & ~GATE_KILLED
    s.header[GATES] = gates | (GATE_KILLED if s.header[SWITCHES] != 0 else 0)


@kernel
def _mark(s: Tables, account: int, switch: int, on: bool) -> bool:
    """Set or clear a switch of a listed account; returns whether it was on."""
    known = wide(s.accounts["known"][account])
    s.accounts["known"][account] = known | switch if on else known & ~switch
    return bool(known & switch != 0)


@kernel
def _mark_venue(s: Tables, switch: int, on: bool) -> bool:
    """The same for a switch that no account carries."""
    kills = wide(s.header[KILLS])
    s.header[KILLS] = kills | switch if on else kills & ~switch
    return bool(kills & switch != 0)
