"""Legs while they wait: in, out, reversed if they were netted, split, and cash in lieu (C10 to C13, C47)."""

from __future__ import annotations

from novate.clearing.chart import MoveReason
from novate.clearing.rows import NO_ROW, Leg
from novate.clearing.state import Corporate, State
from novate.domain.clearing_codes import (
    ClearingEvent,
    FractionOf,
    GiveUpEnd,
    LegKind,
    LegOperation,
    LegState,
)
from novate.domain.units import div_half_up


def emit_leg(state: State, operation: LegOperation, leg: Leg) -> None:
    """LEG."""
    state.out.put(
        ClearingEvent.LEG, code=operation, other_code=leg.kind, party=leg.party, instrument=leg.instrument,
        quantity=leg.quantity, amount=leg.amount, day=leg.due,
    )  # fmt: skip


def put_waiting(state: State, leg: Leg) -> int:
    """Keep a new leg that waits; returns its row."""
    row = state.legs.append(*leg)
    state.add_own_securities(leg.instrument, -leg.quantity)
    state.loads.add(leg.instrument, leg.quantity, leg.amount)
    return row


def add_leg(state: State, leg: Leg) -> int:
    """A new waiting leg and its event; returns its row."""
    row = put_waiting(state, leg)
    emit_leg(state, LegOperation.ADD, leg)
    return row


def remove_leg(state: State, row: int) -> None:
    """A waiting leg is taken away (C12)."""
    leg = state.leg(row)
    take_back_lieu(state, row, leg)
    state.legs.set(row, "state", LegState.GONE)
    state.add_own_securities(leg.instrument, leg.quantity)
    state.loads.take(leg.instrument, leg.quantity, leg.amount)
    emit_leg(state, LegOperation.REMOVE, leg)


def reverse_leg(state: State, row: int) -> None:
    """The opposite of a netted leg, due on the next settlement day (C13)."""
    leg = state.leg(row)
    take_back_lieu(state, row, leg)
    if leg.state == LegState.SETTLED:
        state.legs.set(row, "state", LegState.GONE)
    opposite = leg._replace(
        next=NO_ROW, quantity=-leg.quantity, amount=-leg.amount, lieu=0, kind=LegKind.COEV,
        due=state.days.next_settlement_day(leg.instrument, state.today),
        state=LegState.WAITING, is_reversal=1,
    )  # fmt: skip
    emit_leg(state, LegOperation.REVERSE, opposite)
    if opposite.quantity or opposite.amount:
        put_waiting(state, opposite)


def withdraw_leg(state: State, row: int) -> None:
    """A leg leaves its open item (C13)."""
    leg = state.leg(row)
    take_back_lieu(state, row, leg)
    state.legs.set(row, "state", LegState.GONE)
    emit_leg(state, LegOperation.WITHDRAW, leg)


def chain(state: State, trade: int, rows: list[int]) -> None:
    """Make these the current legs of a trade."""
    for row, following in zip(rows, [*rows[1:], NO_ROW], strict=False):
        state.legs.set(row, "next", following)
    state.trades.set(trade, "first_leg", rows[0] if rows else NO_ROW)


def give_lieu(state: State, leg: Leg, amount: int) -> None:
    """The CCP pays cash in lieu of a leg; the caller keeps it in the leg, so it may have to go back."""
    pay_lieu(state, leg, amount)
    state.loads.add(leg.instrument, 0, 2 * amount)


def pay_lieu(state: State, leg: Leg, amount: int) -> None:
    """Cash in lieu of any sign, from the CCP."""
    currency = state.currency(leg.instrument)
    state.pay_later(currency, leg.party, amount, MoveReason.CASH_IN_LIEU, leg.instrument)
    state.add_own_money(currency, -amount)


def take_back_lieu(state: State, row: int, leg: Leg) -> None:
    """A leg that goes gives back its cash in lieu."""
    if leg.lieu:
        pay_lieu(state, leg, -leg.lieu)
        state.legs.set(row, "lieu", 0)


def split_leg(state: State, leg: Leg, name: bytes, split: Corporate) -> Leg:
    """The leg with its new quantity, rounded down, and the cash for the rest in its lieu."""
    quantity, remainder = divmod(abs(leg.quantity) * split.new, split.old)
    sign = 1 if leg.quantity > 0 else -1
    cash = sign * in_lieu(state, remainder, split)
    if cash:
        give_lieu(state, leg, cash)
        emit_fraction(state, name, leg.party, FractionOf.LEG, cash)
    return leg._replace(quantity=sign * quantity, lieu=leg.lieu + cash)


def in_lieu(state: State, remainder: int, split: Corporate) -> int:
    """Cash for what a split leaves of `remainder` / old new securities (C47)."""
    if split.price is None:
        return 0
    top, bottom = state.exact_worth(split.instrument, remainder, split.price)
    return div_half_up(top, bottom * split.old)


def emit_fraction(state: State, name: bytes, party: int, what: FractionOf, amount: int) -> None:
    """FRACTION, unless it is nothing."""
    if amount:
        state.out.put(ClearingEvent.FRACTION, code=what, party=party, amount=amount)
        state.out.put_text(name)


def close_giveup(state: State, giveup: int, end: GiveUpEnd) -> None:
    """GIVEUP_CLOSED."""
    del state.giveups[giveup]
    state.out.put(ClearingEvent.GIVEUP_CLOSED, number=giveup, code=end)
