"""Orders that watch the market (R66): their terms, and the list of them that each market keeps.

    attentive_first -> [oid 4 pegged, rests] <-> [oid 9 all-or-none, waits] <-> ... <- attentive_last

Pegged, discretionary and all-or-none orders are in this list from acceptance to their end, by order id,
wherever else they stand: in the book, or (status WAITING) nowhere. As ids ascend, orders join at the tail.
`ATTEND_AT` in the header is the next order to be looked at; it moves on when that order ends.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.cells import (
    ALL_OR_NONE,
    ATTEND_AT,
    ATTENTIVE,
    DISCRETIONARY,
    HIDDEN,
    NO_PRICE,
    PEGGED,
    WAITING,
)
from novate.venue.constants import (
    BUY,
    CONTINUOUS,
    F_ALL_OR_NONE,
    F_DISPLAY,
    F_HIDDEN,
    F_MIN_QTY,
    F_MMP,
    F_POST_ONLY,
    F_PRICE,
    F_REDUCE_ONLY,
    F_TERMS,
    INVALID_COMBO,
    INVALID_DISCRETION,
    INVALID_IN_STATE,
    INVALID_PEG,
    LIMIT,
    OK,
    PEG_MARKET,
    PEG_NONE,
    TOO_MANY_ATTENTIVE_ORDERS,
)
from novate.venue.features import stamp
from novate.venue.layout import Tables

MAX_ATTENTIVE_ORDERS = 1024
_EXCLUDED = F_POST_ONLY | F_HIDDEN | F_DISPLAY | F_MIN_QTY | F_REDUCE_ONLY | F_MMP


# -- what a command asks for ------------------------------------------------------------------------------


@inlined
def asked_peg(s: Tables, flags: int) -> int:
    """The peg that a new order names in its TERMS, PEG_NONE without."""
    return wide(s.staged["order_type"][0]) if flags & F_TERMS != 0 else PEG_NONE


@inlined
def asked_discretion(s: Tables, flags: int) -> int:
    """The discretion of a new order in ticks, 0 for none."""
    return wide(s.staged["stop"][0]) if flags & F_TERMS != 0 else 0


@inlined
def asks_attention(s: Tables, flags: int) -> bool:
    """Is a new order pegged, discretionary or all-or-none?"""
    if flags & F_ALL_OR_NONE != 0:
        return True
    return asked_peg(s, flags) != PEG_NONE or asked_discretion(s, flags) != 0


@cold
def never_levels(s: Tables, flags: int) -> bool:
    """Orders whose limit is no price at which they would rest: pegs (a bound), all-or-none orders."""
    return flags & F_ALL_OR_NONE != 0 or asked_peg(s, flags) != PEG_NONE


@cold
def asked_reach(s: Tables, i: int, price: int) -> int:
    """The furthest price at which a new order may trade (R68)."""
    ticks = asked_discretion(s, wide(s.commands["flags"][i]))
    if ticks == 0:
        return price
    return price + ticks if s.commands["side"][i] == BUY else price - ticks


# -- the ladder -------------------------------------------------------------------------------------------


@cold
def check_attentive_fields(s: Tables, i: int, market: int, flags: int) -> int:
    """The last of R10: an unknown peg, an offset beyond the market, a discretion out of range."""
    lowest = wide(s.markets["min_price"][market])
    highest = wide(s.markets["max_price"][market])
    peg = asked_peg(s, flags)
    offset = wide(s.staged["price"][0])
    if peg > PEG_MARKET or (peg != PEG_NONE and (offset < -highest or offset > highest)):
        return INVALID_PEG
    ticks = asked_discretion(s, flags)
    if ticks == 0:
        return OK
    if ticks < 1:
        return INVALID_DISCRETION
    if flags & F_PRICE != 0:
        price = wide(s.commands["price"][i])
        room = highest - price if s.commands["side"][i] == BUY else price - lowest
        if ticks > room:
            return INVALID_DISCRETION
    return OK


@cold
def check_attentive_combination(s: Tables, order_type: int, rests: bool, flags: int) -> int:
    """R66: a limit order that rests, with one such attribute and no other."""
    kinds = 1 if flags & F_ALL_OR_NONE != 0 else 0
    if asked_peg(s, flags) != PEG_NONE:
        kinds += 1
    if asked_discretion(s, flags) != 0:
        kinds += 1
    if kinds == 0:
        return OK
    if kinds > 1 or order_type != LIMIT or not rests or flags & _EXCLUDED != 0:
        return INVALID_COMBO
    return OK


@inlined
def check_attentive_state(s: Tables, state: int, flags: int) -> int:
    """R67: a peg needs a market that moves."""
    return INVALID_IN_STATE if state != CONTINUOUS and asked_peg(s, flags) != PEG_NONE else OK


@inlined
def check_attentive_room(s: Tables, market: int) -> int:
    """How many orders a market looks at after every command is bounded."""
    count = wide(s.features["attentive_count"][s.markets["features"][market]])
    return TOO_MANY_ATTENTIVE_ORDERS if count >= MAX_ATTENTIVE_ORDERS else OK


# -- the list ---------------------------------------------------------------------------------------------


@cold
def store_attentive_terms(s: Tables, i: int, row: int, market: int, flags: int) -> None:
    """Traits and terms of an accepted order, which has an extra; it joins the list."""
    extra = wide(s.orders["extra"][row])
    trait = ALL_OR_NONE
    if asked_peg(s, flags) != PEG_NONE:
        trait = PEGGED
        s.extras["peg"][extra] = asked_peg(s, flags)
        s.extras["peg_offset"][extra] = s.staged["price"][0]
        bound = wide(s.commands["price"][i]) if flags & F_PRICE != 0 else NO_PRICE
        s.extras["peg_limit"][extra] = bound
        s.orders["flags"][row] = wide(s.orders["flags"][row]) | HIDDEN
    elif asked_discretion(s, flags) != 0:
        trait = DISCRETIONARY
        s.extras["discretion"][extra] = asked_discretion(s, flags)
    s.orders["traits"][row] = wide(s.orders["traits"][row]) | trait
    _append(s, row, extra, wide(s.markets["features"][market]))


@kernel
def _append(s: Tables, row: int, extra: int, features: int) -> None:
    last = wide(s.features["attentive_last"][features])
    s.extras["attentive_prev"][extra] = last
    s.extras["attentive_next"][extra] = 0
    if last != 0:
        s.extras["attentive_next"][s.orders["extra"][last]] = row
    else:
        s.features["attentive_first"][features] = row
    s.features["attentive_last"][features] = row
    s.features["attentive_count"][features] += 1


@inlined
def next_attentive(s: Tables, row: int) -> int:
    """The order behind this one in the list, 0 at its end."""
    return wide(s.extras["attentive_next"][s.orders["extra"][row]])


@cold
def leave_attentive(s: Tables, row: int) -> None:
    """An order that watches the market is over."""
    features = wide(s.markets["features"][s.orders["market"][row]])
    extra = wide(s.orders["extra"][row])
    before = wide(s.extras["attentive_prev"][extra])
    after = wide(s.extras["attentive_next"][extra])
    if before != 0:
        s.extras["attentive_next"][s.orders["extra"][before]] = after
    else:
        s.features["attentive_first"][features] = after
    if after != 0:
        s.extras["attentive_prev"][s.orders["extra"][after]] = before
    else:
        s.features["attentive_last"][features] = before
    s.features["attentive_count"][features] -= 1
    if s.header[ATTEND_AT] == row:
        s.header[ATTEND_AT] = after


@inlined
def wait_outside(s: Tables, row: int) -> None:
    """Be in the list only. The number says nothing, but a row must not keep that of an order before it."""
    stamp(s, row)
    s.orders["status"][row] = WAITING


@kernel
def list_waiting(s: Tables, features: int, length: int) -> int:
    """Append the rows of orders that wait outside the book to `scratch`, by order id; returns the length."""
    row = wide(s.features["attentive_first"][features])
    while row != 0:
        if s.orders["status"][row] == WAITING:
            s.scratch[length] = row
            length += 1
        row = next_attentive(s, row)
    return length


# -- invariants -------------------------------------------------------------------------------------------


@kernel
def count_waiting(s: Tables, features: int) -> int:
    """Orders that wait outside the book, -1 if the list is broken."""
    before = 0
    found = 0
    waiting = 0
    row = wide(s.features["attentive_first"][features])
    while row != 0:
        if not _is_sound(s, row) or s.extras["attentive_prev"][s.orders["extra"][row]] != before:
            return -1
        if before != 0 and s.orders["order_id"][before] >= s.orders["order_id"][row]:
            return -1
        found += 1
        waiting += 1 if s.orders["status"][row] == WAITING else 0
        before = row
        row = next_attentive(s, row)
    if before != s.features["attentive_last"][features]:
        return -1
    return waiting if found == s.features["attentive_count"][features] else -1


@kernel
def _is_sound(s: Tables, row: int) -> bool:
    """One attribute, and a place that fits it: a peg waits exactly when it has no price."""
    kind = wide(s.orders["traits"][row]) & ATTENTIVE
    waits = s.orders["status"][row] == WAITING
    if kind == PEGGED:
        hidden = wide(s.orders["flags"][row]) & HIDDEN != 0
        return bool(hidden and waits == (s.orders["price"][row] == NO_PRICE))
    if kind == DISCRETIONARY:
        return not waits
    return bool(kind == ALL_OR_NONE and waits)
