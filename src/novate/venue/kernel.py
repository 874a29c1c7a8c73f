"""The venue's main loop: commands in, events out, interruptible between any two steps.

    IDLE -> clock -> EXPIRE -> EXECUTE -> MATCH -> PROTECT -> CASCADE -> PUBLISH -> IDLE        (phases of R7)
                        v         |         ^-------------------|          ^ |
                     TIMERS       |         ^----------- ATTEND -----------|-|                  (R66)
                                  |-> UNCROSS -> LIST -> SETTLED -> LIST --|  LINKED: CASCADE of three markets

Timers that are due come behind the expiries; each goes the same way from UNCROSS to the end of ATTEND, in a
loop of its own, before the command is executed.

The phase lives in the header. When the event buffer or a table is too small for the next step, the loop says
what it needs and returns; the machine makes room and calls again with the same command, which goes on in its
phase. So the result never depends on how large the buffers or the batches are.
"""

from __future__ import annotations

from novate.compiled import cold, inlined, kernel, wide
from novate.venue.administration import (
    apply_credit,
    set_margin,
    set_position,
    set_reference,
)
from novate.venue.admission import is_special
from novate.venue.amend import amend_order
from novate.venue.attention import attend, forget_attention, give_attention, is_due_for_attention
from novate.venue.auction import fits_region
from novate.venue.cells import (
    AGGRESSOR_MARKET,
    ATTEND,
    BLOCK_TOP,
    BROKEN,
    BY_CALL,
    CASCADE,
    CHECK_ACCOUNTS,
    EVENTS,
    EXECUTE,
    EXPIRE,
    GATES,
    HEAP_CAPACITY,
    IDLE,
    LARGEST_LADDER,
    LINKED,
    LIST,
    MATCH,
    NEED,
    NEED_BLOCKS,
    NEED_EVENTS,
    NEED_NOTHING,
    NEED_WORDS,
    NEXT_DUE,
    NOW,
    PHASE,
    PREFETCH,
    PROTECT,
    PUBLISH,
    RETURN_PHASE,
    SEQUENCE,
    SETTLED,
    TIMER_PHASE,
    TIMERS,
    TOUCHED_HEAD,
    UNCROSS,
    WORDS_TOP,
)
from novate.venue.combinations import cascade_of
from novate.venue.constants import (
    AMEND,
    BUY,
    BY_GTD,
    CANCEL,
    CONFIGURATION,
    CONTINUOUS,
    CREDIT,
    DISCONNECT,
    E_EXPIRED,
    EVIDENCE,
    F_ACCOUNT,
    F_SESSION,
    KILL,
    LEG,
    MASS_CANCEL,
    MMP_RESET,
    MMP_SET,
    NEW,
    NEW_OCO,
    OK,
    POSITION,
    QUOTE,
    REVIVE,
    SCHEDULE,
    SELL,
    SET_LIMIT,
    SET_MARGIN,
    SET_REF,
    STATE,
    TERMS,
)
from novate.venue.disconnection import disconnect
from novate.venue.endings import remove_live_apart as remove_live
from novate.venue.events import reject
from novate.venue.featured import sweep_featured
from novate.venue.features import may_open_features
from novate.venue.kill_switch import kill, revive
from novate.venue.layout import Tables
from novate.venue.limits import set_limit
from novate.venue.linked_cascade import activate_linked, next_due_market
from novate.venue.lookahead import BIG_DISTANCE, SMALL_DISTANCE, look_ahead, note_first_names
from novate.venue.matching import has_room, sweep
from novate.venue.orders import activate_next, cancel_order, new_order
from novate.venue.pairs import new_pair
from novate.venue.pool import heap_top
from novate.venue.protection import reset_protection, set_protection, take_due
from novate.venue.quotes import has_quote_room, quote
from novate.venue.staged import stage
from novate.venue.states import begin_change, change_state, end_uncross, may_change, settle_state
from novate.venue.subjects import check_names, own_market
from novate.venue.sweeps import ANY, begin_mass_cancel, begin_protection, work_list
from novate.venue.timers import (
    is_in_vain,
    is_timer_due,
    kind_of,
    reason_of,
    schedule,
    set_next_due,
    take_out,
)
from novate.venue.touched import NO_MARKET, publish, publish_top, publish_touched, touch
from novate.venue.uncross import uncross

AGAIN = -1  # instead of a reason: room must be made, then the command comes here again


@kernel
def run(s: Tables, count: int) -> int:
    """Apply commands 0..count-1; returns how many were finished. header[EVENTS] counts the events."""
    s.header[EVENTS] = 0
    s.header[NEED] = NEED_NOTHING
    phase = s.header[PHASE]
    i = 0
    big = s.header[PREFETCH] != 0
    note_first_names(s, i, count, BIG_DISTANCE if big else SMALL_DISTANCE)
    while i < count:
        if phase == IDLE:
            look_ahead(s, i, count, big)
            phase = _begin(s, i)
        if phase == EXPIRE:
            if not _expire_due(s):
                break
            phase = TIMERS
        if phase == TIMERS:
            if not _fire_due(s):
                break
            phase = EXECUTE
        if phase == EXECUTE:
            if not _may_execute(s):
                break
            phase = _execute(s, i)
            if s.header[NEED] != NEED_NOTHING:
                break
        while phase != PUBLISH:
            if phase == MATCH:
                if s.markets["features"][s.header[AGGRESSOR_MARKET]] != 0:
                    if not sweep_featured(s):
                        break
                    phase = PROTECT
                    continue
                if not sweep(s):
                    break
                phase = CASCADE
            if phase == CASCADE:
                market = s.header[AGGRESSOR_MARKET]
                if s.markets["elected_head"][market] == 0 or s.markets["state"][market] != CONTINUOUS:
                    phase = PUBLISH
                elif not _may_execute(s):
                    break
                else:
                    phase = activate_next(s, wide(market))
                continue
            phase = _go_on(s, phase)
            if s.header[NEED] != NEED_NOTHING:
                break
        if phase == PUBLISH:
            phase = _publish(s, i)
            if phase == ATTEND:
                phase = _attend(s, i)
        if phase != IDLE:
            break
        i += 1
    s.header[PHASE] = phase
    return i


@cold
def _attend(s: Tables, i: int) -> int:
    """Orders that watch the market come until all is said; IDLE, or where it was interrupted.

    Apart from the main loop, which would otherwise come back with the same command: LLVM would then work out
    before every command whatever depends on its number, needed or not.
    """
    phase = ATTEND
    while phase == ATTEND:
        while phase != PUBLISH:
            phase = _advance(s, phase)
            if s.header[NEED] != NEED_NOTHING:
                return phase
        phase = _publish(s, i)
    return phase


@cold
def _go_on(s: Tables, phase: int) -> int:
    """One step of a phase that few commands have; the same phase again if it was interrupted."""
    market = wide(s.header[AGGRESSOR_MARKET])
    if phase == LIST:
        return wide(s.header[RETURN_PHASE]) if work_list(s) else LIST
    if phase == UNCROSS:
        return end_uncross(s, market) if uncross(s) else UNCROSS
    if phase == SETTLED:
        return settle_state(s, market) if has_room(s) else SETTLED
    if phase == ATTEND:
        return attend(s, market) if _may_execute(s) else ATTEND
    if phase == LINKED:
        return activate_linked(s) if _may_execute(s) else LINKED
    return _protect(s, market)


@kernel
def _protect(s: Tables, market: int) -> int:
    """PROTECT: the accounts whose protection the aggressor made due, one after another (R46)."""
    due = next_due_market(s, market)
    if due == NO_MARKET:
        return cascade_of(s, market)
    if not has_room(s) or not fits_region(s, due):
        return PROTECT
    row = take_due(s, due)
    begin_protection(s, due, wide(s.protections["account"][row]), PROTECT)
    return LIST


@inlined
def _begin(s: Tables, i: int) -> int:
    """Take the next sequence number and set the clock (R3)."""
    s.header[SEQUENCE] += 1
    kind = wide(s.commands["kind"][i])
    if kind >= CONFIGURATION and kind <= EVIDENCE:
        if kind == TERMS or kind == LEG:
            stage(s, i, kind)
        return PUBLISH
    now = max(s.header[NOW], s.commands["time"][i])
    s.header[NOW] = now
    return EXPIRE if s.header[NEXT_DUE] <= now else EXECUTE


@cold
def _expire_due(s: Tables) -> bool:
    """GTD orders of any market whose time has come, by (expire, order id) (R21)."""
    while True:
        row = heap_top(s)
        if row == 0 or s.extras["expire"][s.orders["extra"][row]] > s.header[NOW]:
            return True
        if not has_room(s):
            return False
        touch(s, wide(s.orders["market"][row]))
        remove_live(s, row, E_EXPIRED, BY_GTD)


@cold
def _fire_due(s: Tables) -> bool:
    """Timers whose time has come, each complete before the next one (R57); False for lack of room."""
    phase = wide(s.header[TIMER_PHASE])
    while True:
        if phase == PUBLISH:
            phase = _end_timer(s, wide(s.header[AGGRESSOR_MARKET]))
        if phase == TIMERS and not is_timer_due(s):
            set_next_due(s)
            s.header[TIMER_PHASE] = TIMERS
            return True
        phase = _fire_next(s) if phase == TIMERS else _advance(s, phase)
        if s.header[NEED] != NEED_NOTHING:
            s.header[TIMER_PHASE] = phase
            return False


@kernel
def _fire_next(s: Tables) -> int:
    """The first timer asks for its change of state; the phase in which that goes on."""
    market = wide(s.timers["market"][0])
    what = wide(s.timers["what"][0])
    if is_in_vain(s, market, what):
        take_out(s, 0)
        return TIMERS
    if not _may_execute(s) or not may_change(s, market, what & 15):
        return TIMERS
    s.header[AGGRESSOR_MARKET] = market
    touch(s, market)
    if what & BY_CALL != 0:
        s.features["call_timer"][s.markets["features"][market]] = 0
    take_out(s, 0)
    return begin_change(s, market, what & 15, kind_of(what), reason_of(what))


@kernel
def _end_timer(s: Tables, market: int) -> int:
    """Orders that watch the market of a timer come before the next timer (R57, R66)."""
    if s.markets["features"][market] != 0 and is_due_for_attention(s, market):
        give_attention(s, market)
        return ATTEND
    forget_attention(s)
    return TIMERS


@kernel
def _advance(s: Tables, phase: int) -> int:
    """One step of what a timer began, as the main loop takes it; the same phase if it was interrupted."""
    market = wide(s.header[AGGRESSOR_MARKET])
    if phase == MATCH:
        if s.markets["features"][market] != 0:
            return PROTECT if sweep_featured(s) else MATCH
        return CASCADE if sweep(s) else MATCH
    if phase == CASCADE:
        if s.markets["elected_head"][market] == 0 or s.markets["state"][market] != CONTINUOUS:
            return PUBLISH
        return activate_next(s, market) if _may_execute(s) else CASCADE
    return _go_on(s, phase)


@inlined
def _may_execute(s: Tables) -> bool:
    """Room for one step: events, balances, and blocks and words for two orders (a pair) that may wait."""
    if not has_room(s):
        return False
    if s.header[BLOCK_TOP] + 2 > len(s.blocks):
        s.header[NEED] = NEED_BLOCKS
        return False
    needed = 4 * (s.header[LARGEST_LADDER] + s.header[HEAP_CAPACITY]) + 64
    if s.header[WORDS_TOP] + needed > len(s.words):
        s.header[NEED] = NEED_WORDS
        return False
    return True


@inlined
def _execute(s: Tables, i: int) -> int:
    """The command itself, by kind; returns the phase in which it goes on."""
    kind = wide(s.commands["kind"][i])
    market = wide(s.commands["market"][i])
    if not _is_ordinary(s, i, kind, market):
        code = _check_unordinary(s, i, kind, market)
        if code == AGAIN:
            return EXECUTE
        if code != OK:
            reject(s, i, code)
            return PUBLISH
    if kind == NEW:
        return new_order(s, i, market)
    if kind == CANCEL:
        return cancel_order(s, i, market)
    return _execute_other(s, i, kind, market)


@cold
def _check_unordinary(s: Tables, i: int, kind: int, market: int) -> int:
    """What comes before every ladder; AGAIN if room must be made first, before a message is counted."""
    opens = kind == NEW_OCO or kind == MMP_SET or kind == QUOTE or (kind == NEW and is_special(s, i))
    if (opens and not may_open_features(s)) or (kind == QUOTE and not has_quote_room(s)):
        return AGAIN
    return check_names(s, i, kind, market)


@inlined
def _is_ordinary(s: Tables, i: int, kind: int, market: int) -> bool:
    """A NEW or CANCEL whose market and account are plainly in order: no need for the long check."""
    if (kind != NEW and kind != CANCEL) or market >= len(s.markets):
        return False
    if s.header[GATES] != 0:
        return False
    if s.header[CHECK_ACCOUNTS] == 0:
        return True
    account = wide(s.commands["account"][i])
    return bool(account < len(s.accounts) and s.accounts["known"][account] != 0)


@cold
def _execute_other(s: Tables, i: int, kind: int, market: int) -> int:
    """Everything but NEW and CANCEL."""
    s.header[AGGRESSOR_MARKET] = market
    if kind == AMEND:
        return amend_order(s, i, market)
    if kind == MASS_CANCEL:
        return _mass_cancel(s, i, market)
    if kind == STATE:
        return change_state(s, i, market)
    if kind == SET_REF:
        return set_reference(s, i, market)
    if kind == POSITION:
        return set_position(s, i, market)
    if kind == NEW_OCO:
        return new_pair(s, i, market)
    if kind == QUOTE:
        return quote(s, i, market)
    if kind == MMP_SET:
        return set_protection(s, i, market)
    if kind == MMP_RESET:
        return reset_protection(s, i, market)
    if kind == SCHEDULE:
        return schedule(s, i, market)
    if kind == CREDIT:
        return apply_credit(s, i)
    if kind == SET_MARGIN:
        return set_margin(s, i, market)
    if kind == SET_LIMIT:
        return set_limit(s, i)
    if kind == KILL:
        return kill(s, i)
    if kind == REVIVE:
        return revive(s, i)
    if kind == DISCONNECT:
        return disconnect(s, i)
    return PUBLISH


@kernel
def _mass_cancel(s: Tables, i: int, market: int) -> int:
    """MASS_CANCEL with its filters (R39)."""
    flags = wide(s.commands["flags"][i])
    side = wide(s.commands["side"][i])
    account = wide(s.commands["account"][i]) if flags & F_ACCOUNT != 0 else ANY
    session = wide(s.commands["session"][i]) if flags & F_SESSION != 0 else ANY
    if side != BUY and side != SELL:
        side = ANY
    return LIST if begin_mass_cancel(s, market, account, side, session) else EXECUTE


@cold
def _publish_featured(s: Tables, market: int) -> int:
    """The same of a market with features: orders that watch it come first, and what a call indicates."""
    if is_due_for_attention(s, market):
        give_attention(s, market)
        return ATTEND
    return IDLE if publish(s, market) else PUBLISH


@inlined
def _publish(s: Tables, i: int) -> int:
    """End of a command: BOOK_STATE of its own market, then of the others that it touched.

    IDLE when all is said, ATTEND where orders that watch the market come first, else PUBLISH again.
    """
    if s.header[BROKEN] != 0:
        return PUBLISH
    if s.header[EVENTS] + 1 >= len(s.events):
        s.header[NEED] = NEED_EVENTS
        return PUBLISH
    market = own_market(s, i)
    if market != NO_MARKET:
        if s.markets["features"][market] != 0:
            phase = _publish_featured(s, market)
            if phase != IDLE:
                return phase
        else:
            publish_top(s, market)
    return IDLE if s.header[TOUCHED_HEAD] == NO_MARKET or publish_touched(s) else PUBLISH
