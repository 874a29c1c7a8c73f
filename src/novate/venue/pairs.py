"""NEW_OCO: a limit order and a trigger order of which only one shall trade (R34).

    LEG record (trigger leg) | NEW_OCO record (limit leg)
       -> both ladders -> ACCEPTED limit leg, ACCEPTED trigger leg -> trigger leg parked, limit leg enters

Any refusal refuses the pair, under the client order id of the leg that failed. Both legs have an extra, which
names the other one as long as the pair lives (`novate.venue.endings` breaks it).
"""

from __future__ import annotations

from novate.compiled import kernel, wide
from novate.venue.acceptance import accept_apart as accept
from novate.venue.acceptance import check_commitment_apart as check_commitment
from novate.venue.admission import check_new_apart as check_new
from novate.venue.admission import is_resting_tif, refuses_by_state
from novate.venue.cells import EXECUTE, OCO_LEG, PUBLISH, TAG
from novate.venue.constants import (
    F_ALL_OR_NONE,
    F_MIN_QTY,
    F_REDUCE_ONLY,
    F_TERMS,
    INVALID_OCO,
    LIMIT,
    OK,
)
from novate.venue.events import reject, reject_leg
from novate.venue.features import may_open_features, open_features
from novate.venue.identity import tag_of
from novate.venue.layout import Tables
from novate.venue.lookahead import tag_of_command
from novate.venue.pool import take_extra
from novate.venue.special import enter, entry_of, park_new
from novate.venue.staged import has_leg, staged_view
from novate.venue.triggers import is_trigger_type

_NEVER_IN_A_PAIR = F_REDUCE_ONLY | F_MIN_QTY | F_TERMS | F_ALL_OR_NONE


@kernel
def new_pair(s: Tables, i: int, market: int) -> int:
    """NEW_OCO; returns the phase in which the command goes on."""
    if not may_open_features(s):
        return EXECUTE
    code = refuses_by_state(wide(s.markets["state"][market]))
    if code == OK and not _has_shape(s, i):
        code = INVALID_OCO
    tag = tag_of_command(s, i)
    if code == OK:
        code = check_new(s, i, market, tag)
    if code != OK:
        reject(s, i, code)
        return PUBLISH
    leg_tag = tag_of(s, market, wide(s.commands["account"][i]), s.staged["client_order_id"][0])
    code = check_new(staged_view(s), 0, market, leg_tag)
    if code != OK:
        reject_leg(s, i, code)
        return PUBLISH
    return _commit(s, i, market, tag, leg_tag)


@kernel
def _has_shape(s: Tables, i: int) -> bool:
    """A resting limit order and a trigger order of one account, market, side and quantity."""
    if not has_leg(s):
        return False
    flags = wide(s.commands["flags"][i]) | wide(s.staged["flags"][0])
    if s.commands["order_type"][i] != LIMIT or not is_resting_tif(wide(s.commands["time_in_force"][i])):
        return False
    if not is_trigger_type(wide(s.staged["order_type"][0])) or flags & _NEVER_IN_A_PAIR != 0:
        return False
    return bool(
        s.commands["account"][i] == s.staged["account"][0]
        and s.commands["market"][i] == s.staged["market"][0]
        and s.commands["side"][i] == s.staged["side"][0]
        and s.commands["quantity"][i] == s.staged["quantity"][0]
        and s.commands["client_order_id"][i] != s.staged["client_order_id"][0]
    )


@kernel
def _commit(s: Tables, i: int, market: int, tag: int, leg_tag: int) -> int:
    """Credit and limits of the legs (K8, K19), then both are accepted and the limit leg enters."""
    leg_view = staged_view(s)
    entry = entry_of(s, i, market)
    leg = entry_of(leg_view, 0, market)
    side = wide(s.commands["side"][i])
    code = check_commitment(s, i, market, side, entry.order_type, entry.price, entry.quantity, 1)
    if code != OK:
        reject(s, i, code)
        return PUBLISH
    # With limits nothing is reserved yet, and without them a trigger order is not refused any more.
    code = check_commitment(leg_view, 0, market, side, leg.order_type, leg.price, leg.quantity, 2)
    if code != OK:
        reject_leg(s, i, code)
        return PUBLISH
    open_features(s, market)
    row = accept(s, i, market, side, entry.order_type, entry.price, entry.quantity)
    other = accept(leg_view, 0, market, side, leg.order_type, leg.price, leg.quantity)
    _join(s, row, other)
    s.header[TAG] = leg_tag
    park_new(s, other)
    s.header[TAG] = tag
    return enter(s, row, market, 0)


@kernel
def _join(s: Tables, row: int, other: int) -> None:
    if s.orders["extra"][row] == 0:
        s.orders["extra"][row] = take_extra(s)
    s.extras["pair"][s.orders["extra"][row]] = other
    s.extras["pair"][s.orders["extra"][other]] = row
    s.orders["traits"][row] = wide(s.orders["traits"][row]) | OCO_LEG
    s.orders["traits"][other] = wide(s.orders["traits"][other]) | OCO_LEG
