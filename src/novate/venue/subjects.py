"""What a command is about, before any ladder: a known command, market and account, and who may still send.

UNKNOWN_COMMAND -> UNKNOWN_MARKET -> UNKNOWN_ACCOUNT -> kill switches (R61) -> messages (R63)
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.cells import CHECK_ACCOUNTS, GATES, TRACK_RATE, TRACK_RATIO
from novate.venue.constants import (
    AMEND,
    CANCEL,
    CONFIGURATION,
    CREDIT,
    DISCONNECT,
    EVIDENCE,
    F_ACCOUNT,
    KILL,
    MASS_CANCEL,
    MMP_RESET,
    NEW,
    NEW_OCO,
    OK,
    POSITION,
    QUOTE,
    SET_LIMIT,
    TIME,
    UNKNOWN_ACCOUNT,
    UNKNOWN_COMMAND,
    UNKNOWN_MARKET,
)
from novate.venue.kill_switch import GATE_KILLED, check_switches
from novate.venue.layout import Tables
from novate.venue.messages import check_messages
from novate.venue.touched import NO_MARKET


@inlined
def is_venue_wide(kind: int) -> bool:
    """Commands that are about no market."""
    return kind == TIME or kind == CREDIT or kind == SET_LIMIT or (kind >= KILL and kind <= DISCONNECT)


@inlined
def own_market(s: Tables, i: int) -> int:
    """The market that a command names, NO_MARKET for commands without one and for unknown ones."""
    kind = wide(s.commands["kind"][i])
    market = wide(s.commands["market"][i])
    if (kind == NEW or kind == CANCEL) and market < len(s.markets):
        return market
    without = is_venue_wide(kind) or (CONFIGURATION <= kind <= EVIDENCE)
    if without or market >= len(s.markets):
        return NO_MARKET
    return market


@kernel
def check_names(s: Tables, i: int, kind: int, market: int) -> int:
    """Known command, known market, known account, kill switches, messages; in this order."""
    if kind < NEW or kind > SET_LIMIT or (kind > DISCONNECT and kind < CREDIT):
        return UNKNOWN_COMMAND
    if not is_venue_wide(kind) and market >= len(s.markets):
        return UNKNOWN_MARKET
    ordering = kind == NEW or kind == AMEND or kind == NEW_OCO or kind == QUOTE
    names_account = ordering or kind == CANCEL or kind == CREDIT or (kind >= POSITION and kind <= MMP_RESET)
    if kind == MASS_CANCEL or kind == DISCONNECT:
        names_account = wide(s.commands["flags"][i]) & F_ACCOUNT != 0
    account = wide(s.commands["account"][i])
    if names_account and s.header[CHECK_ACCOUNTS] != 0:
        if account >= len(s.accounts) or s.accounts["known"][account] == 0:
            return UNKNOWN_ACCOUNT
    if not ordering:
        return OK
    if s.header[GATES] & GATE_KILLED != 0:
        code = check_switches(s, account)
        if code != OK:
            return code
    if s.header[GATES] & (TRACK_RATE | TRACK_RATIO) != 0:
        return check_messages(s, account)
    return OK
