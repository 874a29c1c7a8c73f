"""Invariants of kill switches and quotes, checked from scratch (R61, R65); see `novate.venue.invariants`."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.venue import cells, kill_switch
from novate.venue.constants import DAY, GTC, LIMIT
from novate.venue.layout import Tables

Array = npt.NDArray[Any]


def broken_controls(s: Tables, live: Array) -> str:
    """What is wrong with switches or quotes, given the rows of live orders; empty if all is well."""
    switches = _switches_on(s)
    if switches != int(s.header[cells.SWITCHES]):
        return f"{switches} kill switches are on, the header says {s.header[cells.SWITCHES]} (R61)"
    if (switches != 0) != bool(s.header[cells.GATES] & kill_switch.GATE_KILLED):
        return "the gate of NEW and CANCEL disagrees with the kill switches (R61)"
    tracked = int(s.header[cells.TRACKING]) & (cells.TRACK_RATE | cells.TRACK_RATIO)
    if int(s.header[cells.GATES]) & ~kill_switch.GATE_KILLED != tracked:
        return "the gate of NEW and CANCEL disagrees with the limits that are set (R63)"
    stopped = live[_is_killed(s, s.orders["account"][live])] if switches else live[:0]
    if len(stopped):
        return f"order {s.orders['order_id'][stopped[0]]} lives, though its scope is killed (R61)"
    quoted = live[s.orders["traits"][live] & cells.QUOTED != 0]
    wrong = quoted[~_is_quote(s.orders[quoted])]
    return f"order {s.orders['order_id'][wrong[0]]} is no side of a quote (R65)" if len(wrong) else ""


def _switches_on(s: Tables) -> int:
    known = s.accounts["known"]
    members = np.unique(s.accounts["member"][known & kill_switch.MEMBER_KILL != 0])
    kills = int(s.header[cells.KILLS])
    unlisted = bool(kills & kill_switch.UNLISTED_KILL)
    of_members = int(np.count_nonzero(members)) + unlisted
    of_accounts = int(np.count_nonzero(known & kill_switch.ACCOUNT_KILL))
    return of_accounts + of_members + bool(kills & kill_switch.VENUE_KILL)


def _is_killed(s: Tables, accounts: Array) -> Array:
    """Which of the accounts some switch stops."""
    kills = int(s.header[cells.KILLS])
    inside = accounts < len(s.accounts)
    known = np.where(inside, s.accounts["known"][np.where(inside, accounts, 0)], 0)
    unlisted = (known == 0) & bool(kills & kill_switch.UNLISTED_KILL)
    own = known & (kill_switch.ACCOUNT_KILL | kill_switch.MEMBER_KILL) != 0
    return unlisted | own | bool(kills & kill_switch.VENUE_KILL)


def _is_quote(orders: Array) -> Array:
    """Post-only, market-maker-protected limit orders that rest until they are cancelled or the day ends."""
    shown = orders["flags"] & (cells.POST_ONLY | cells.HIDDEN | cells.ICEBERG) == cells.POST_ONLY
    protected = orders["traits"] == (cells.PROTECTED | cells.QUOTED)
    rests = (orders["status"] == cells.RESTING) & (orders["order_type"] == LIMIT)
    lasts = (orders["tif"] == GTC) | (orders["tif"] == DAY)
    found: Array = shown & protected & rests & lasts
    return found
