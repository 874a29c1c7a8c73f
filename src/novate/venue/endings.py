"""How an order ends: out of the queue in which it waits, with nothing reserved, and its pair with it.

    event (CANCELLED, EXPIRED, the last TRADE) -> out of its queue -> row free -> other leg CANCELLED OCO

A pair (R34) breaks at the first fill, at an activation and at every end of a leg; the other leg follows
directly behind the event that broke it.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.attentive import leave_attentive
from novate.venue.auction_orders import leave_auction
from novate.venue.book import leave_book
from novate.venue.cells import (
    ATTENTIVE,
    AUCTION_ONLY,
    OCO_LEG,
    PARKED,
    RESTING,
    TRACK_OPEN_ORDERS,
    TRACKING,
    WAITING,
)
from novate.venue.constants import BY_OCO, E_CANCELLED, TRAILING_STOP
from novate.venue.credit import release
from novate.venue.events import order_event
from novate.venue.layout import Tables
from novate.venue.limits import count_order
from novate.venue.pool import free_order
from novate.venue.reach import is_open
from novate.venue.triggers import dequeue, stop_trailing, unpark


@inlined
def end_order(s: Tables, row: int) -> None:
    """An order that is out of every queue and holds nothing is over; the other leg of its pair ends too."""
    if wide(s.orders["traits"][row]) & (OCO_LEG | ATTENTIVE) != 0:
        _end_listed(s, row)
    else:
        _forget(s, row)


@inlined
def _forget(s: Tables, row: int) -> None:
    if s.header[TRACKING] & TRACK_OPEN_ORDERS != 0:
        count_order(s, wide(s.orders["account"][row]), -1)
    free_order(s, row)


@cold
def _end_listed(s: Tables, row: int) -> None:
    """A leg takes the other one with it; an order that watches the market leaves its list."""
    if wide(s.orders["traits"][row]) & ATTENTIVE != 0:
        leave_attentive(s, row)
    other = separate(s, row)
    _forget(s, row)
    end_other_leg(s, other)


@kernel
def separate(s: Tables, row: int) -> int:
    """Break the pair of a leg; returns the other leg, 0 if there is no pair."""
    traits = wide(s.orders["traits"][row])
    if traits & OCO_LEG == 0:
        return 0
    extra = wide(s.orders["extra"][row])
    other = wide(s.extras["pair"][extra])
    s.extras["pair"][extra] = 0
    s.extras["pair"][s.orders["extra"][other]] = 0
    s.orders["traits"][row] = traits & ~OCO_LEG
    s.orders["traits"][other] = wide(s.orders["traits"][other]) & ~OCO_LEG
    return other


@kernel
def end_other_leg(s: Tables, row: int) -> None:
    """CANCELLED OCO for a leg whose pair has been broken; 0 is no leg."""
    if row != 0:
        order_event(s, E_CANCELLED, row, BY_OCO, 0, 0, wide(s.orders["leaves"][row]), 0, 0)
        leave_queue(s, row)
        _forget(s, row)


@inlined
def leave_queue(s: Tables, row: int) -> None:
    """Take a live order out of the queue in which it waits, and release what it reserves."""
    status = wide(s.orders["status"][row])
    if status == RESTING:
        release(s, row)
        leave_book(s, row)
    else:
        _leave_other_queue(s, row, status)


@cold
def _leave_other_queue(s: Tables, row: int, status: int) -> None:
    if status == PARKED:
        _leave_parked(s, row)
    elif status == AUCTION_ONLY:
        release(s, row)
        leave_auction(s, row)
    elif status == WAITING:
        _leave_waiting(s, row)
    else:
        dequeue(s, row)


@kernel
def _leave_waiting(s: Tables, row: int) -> None:
    """It stands in no queue but the list, which it leaves when it ends."""
    if is_open(s, row):
        release(s, row)


@kernel
def _leave_parked(s: Tables, row: int) -> None:
    if wide(s.orders["order_type"][row]) == TRAILING_STOP:
        stop_trailing(s, row)
    unpark(s, row)


@inlined
def remove_live(s: Tables, row: int, kind: int, reason: int) -> None:
    """End a live order wherever it waits: CANCELLED or EXPIRED with its leaves."""
    order_event(s, kind, row, reason, 0, 0, wide(s.orders["leaves"][row]), 0, 0)
    leave_queue(s, row)
    end_order(s, row)


@kernel
def cancel_resting(s: Tables, row: int, reason: int) -> None:
    """CANCELLED for an order in the book."""
    order_event(s, E_CANCELLED, row, reason, 0, 0, wide(s.orders["leaves"][row]), 0, 0)
    release(s, row)
    leave_book(s, row)
    end_order(s, row)


@kernel
def cancel_entering(s: Tables, row: int, reason: int) -> None:
    """CANCELLED for an aggressor, which is in no queue."""
    order_event(s, E_CANCELLED, row, reason, 0, 0, wide(s.orders["leaves"][row]), 0, 0)
    release(s, row)
    end_order(s, row)


@cold
def remove_live_apart(s: Tables, row: int, kind: int, reason: int) -> None:
    """`remove_live` for the long path: one copy of it instead of one in each caller."""
    remove_live(s, row, kind, reason)
