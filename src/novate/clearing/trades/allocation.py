"""A side of a waiting trade goes to other accounts or another member, or part of a net to another party
(C14 to C16)."""

from __future__ import annotations

from novate.clearing.archived_trades import retired
from novate.clearing.capacity import check_legs, check_lieu
from novate.clearing.commands import (
    Command,
    Staged,
    check_days,
    check_instrument,
    check_party,
    check_quantity,
    check_trade_name,
    rung,
)
from novate.clearing.rows import NO_ROW, Leg
from novate.clearing.state import GiveUp, State, part, trade_identity
from novate.clearing.trades.legs import add_leg, chain, close_giveup, give_lieu, remove_leg
from novate.domain.clearing_codes import ClearingEvent, GiveUpEnd, LegKind, LegState
from novate.domain.codes import ClearingReject, Side


def check_waiting(state: State, command: Command, staged: Staged) -> ClearingReject:
    """INVALID_SIDE of the record; UNKNOWN_TRADE, TRADE_CANCELLED, ALREADY_NETTED."""
    broken = check_trade_name(state, command, staged)
    broken = broken or rung(command.code not in (Side.BUY, Side.SELL), ClearingReject.INVALID_SIDE)
    if broken:
        return broken
    trade = state.trade_row(command.source, staged.name)
    if trade == NO_ROW:
        old = retired(state, trade_identity(state.sources[command.source], staged.name))
        settled = old and (
            ClearingReject.TRADE_CANCELLED if old.is_cancelled else ClearingReject.ALREADY_NETTED
        )
        return settled or ClearingReject.UNKNOWN_TRADE
    if state.trades.get(trade, "is_cancelled"):
        return ClearingReject.TRADE_CANCELLED
    states = [state.legs.get(row, "state") for row in state.legs_of(trade)]
    return rung(any(one != LegState.WAITING for one in states), ClearingReject.ALREADY_NETTED)


def is_pending(state: State, trade: int, side: int) -> bool:
    """Whether a give-up of this side waits for an answer."""
    return any(one.trade == trade and one.side == side for one in state.giveups.values())


def allocate(state: State, command: Command, staged: Staged) -> ClearingReject:
    """ALLOCATE: the side's quantity in parts, amounts by running total (C14)."""
    broken = check_waiting(state, command, staged)
    if broken:
        return broken
    trade = state.trade_row(command.source, staged.name)
    old = [state.leg(row) for row in state.legs_of(trade, command.code)]
    parties = parties_of_parts(state, old[0].party, staged)
    broken = (
        rung(state.is_gross(old[0].instrument), ClearingReject.WRONG_POLICY)
        or rung(is_pending(state, trade, command.code), ClearingReject.GIVEUP_PENDING)
        or rung(NO_ROW in parties, ClearingReject.UNKNOWN_ACCOUNT)
        or rung(len({*parties}) < len(parties), ClearingReject.DUPLICATE_ACCOUNT)
    )
    for _, quantity in staged.parts:
        broken = broken or check_quantity(state, quantity)
    total, whole = sum(quantity for _, quantity in staged.parts), sum(abs(leg.quantity) for leg in old)
    broken = broken or rung(not parties or total != whole, ClearingReject.ALLOCATION_TOTAL)
    broken = broken or check_lieu(state, old)
    if broken:
        return broken
    state.out.put(ClearingEvent.ALLOCATED, source=command.source, code=command.code, number=len(staged.parts))
    state.out.put_text(staged.name)
    quantities = [quantity for _, quantity in staged.parts]
    replace_legs(state, trade, command.code, in_parts(old, parties, quantities))
    return ClearingReject.NONE


def parties_of_parts(state: State, party: int, staged: Staged) -> list[int]:
    """Party of each part: an account of the same member, or NO_ROW for none."""
    member, names = state.terms.parties[party][0], state.terms.accounts
    numbers = {one: number for number, one in enumerate(state.terms.parties)}
    known = range(len(names))
    return [
        numbers.get((member, names[account]), NO_ROW) if account in known else NO_ROW
        for account, _ in staged.parts
    ]


def in_parts(old: list[Leg], parties: list[int], quantities: list[int]) -> list[Leg]:
    """One leg per part; what rounding leaves over is in the next part's share."""
    whole, amount = sum(abs(leg.quantity) for leg in old), sum(leg.amount for leg in old)
    lieu, sign = sum(leg.lieu for leg in old), 1 if old[0].quantity > 0 else -1
    new, before = [], 0
    for party, quantity in zip(parties, quantities, strict=True):
        after = before + quantity
        new.append(
            old[0]._replace(
                party=party,
                quantity=sign * quantity,
                amount=part(amount, after, whole) - part(amount, before, whole),
                lieu=part(lieu, after, whole) - part(lieu, before, whole),
            )
        )
        before = after
    return new


def replace_legs(state: State, trade: int, side: int, new: list[Leg]) -> None:
    """New waiting legs in the place of a side's old ones; cash in lieu moves along silently."""
    for row in state.legs_of(trade, side):
        remove_leg(state, row)
    kept = state.legs_of(trade, Side.BUY + Side.SELL - side)
    rows = []
    for leg in new:
        give_lieu(state, leg, leg.lieu)
        rows.append(add_leg(state, leg))
    chain(state, trade, rows + kept if side == Side.BUY else kept + rows)


def give_up(state: State, command: Command, staged: Staged) -> ClearingReject:
    """GIVE_UP: a side is offered to another member (C15)."""
    broken = check_waiting(state, command, staged) or check_party(state, command.party)
    if broken:
        return broken
    trade, side = state.trade_row(command.source, staged.name), command.code
    legs = [state.leg(row) for row in state.legs_of(trade, side)]
    parties = state.terms.parties
    broken = (
        rung(len(legs) > 1, ClearingReject.ALREADY_ALLOCATED)
        or rung(is_pending(state, trade, side), ClearingReject.GIVEUP_PENDING)
        or rung(parties[legs[0].party][0] == parties[command.party][0], ClearingReject.SAME_MEMBER)
        or rung(is_other_side(state, trade, side, command.party), ClearingReject.SELF_TRADE)
    )
    if broken:
        return broken
    state.last_giveup += 1
    state.giveups[state.last_giveup] = GiveUp(trade, side, command.party)
    state.out.put(
        ClearingEvent.GIVEUP_OPEN, party=command.party, number=state.last_giveup,
        source=command.source, code=side,
    )  # fmt: skip
    state.out.put_text(staged.name)
    return ClearingReject.NONE


def is_other_side(state: State, trade: int, side: int, party: int) -> bool:
    """Whether a party stands on the other side of a trade."""
    rows = state.legs_of(trade, Side.BUY + Side.SELL - side)
    return any(state.legs.get(row, "party") == party for row in rows)


def take_up(state: State, command: Command, staged: Staged) -> ClearingReject:
    """TAKE_UP: the answer to a give-up (C15)."""
    giveup = command.version
    if giveup not in state.giveups:
        return ClearingReject.UNKNOWN_GIVEUP
    pending = state.giveups[giveup]
    if not command.code:
        close_giveup(state, giveup, GiveUpEnd.REJECTED)
        return ClearingReject.NONE
    if is_other_side(state, pending.trade, pending.side, pending.to):
        return ClearingReject.SELF_TRADE
    old = state.leg(state.legs_of(pending.trade, pending.side)[0])
    broken = check_lieu(state, [old])
    if broken:
        return broken
    close_giveup(state, giveup, GiveUpEnd.ACCEPTED)
    replace_legs(state, pending.trade, pending.side, [old._replace(party=pending.to)])
    return ClearingReject.NONE


def transfer(state: State, command: Command, staged: Staged) -> ClearingReject:
    """TRANSFER: part of a waiting net at its own average amount (C16)."""
    giver, taker, instrument = command.party, command.other_party, command.instrument
    broken = (
        check_party(state, giver)
        or check_party(state, taker)
        or check_instrument(state, instrument)
        or rung(state.is_gross(instrument), ClearingReject.WRONG_POLICY)
        or rung(giver == taker, ClearingReject.SELF_TRADE)
        or check_quantity(state, command.quantity)
        or check_days(command.day)
    )
    if broken:
        return broken
    moved = [
        leg
        for _, leg in state.waiting_rows(instrument, command.day)
        if leg.party == giver and leg.due == command.day
    ]
    net = sum(leg.quantity for leg in moved)
    if command.quantity > abs(net):
        return ClearingReject.INSUFFICIENT_POSITION
    quantity = command.quantity if net > 0 else -command.quantity
    amount = part(sum(leg.amount for leg in moved), command.quantity, abs(net))
    broken = check_legs(state, [(instrument, 2 * command.quantity, 2 * abs(amount))])
    if broken:
        return broken
    state.last_transfer += 1
    state.out.put(
        ClearingEvent.TRANSFERRED, number=state.last_transfer, instrument=instrument, quantity=quantity,
        amount=amount,
    )  # fmt: skip
    gives = Leg(
        -state.last_transfer, NO_ROW, 1, giver, instrument, -quantity, -amount, 0, command.day,
        max(leg.trade_day for leg in moved), Side.SELL, LegKind.NEW1, LegState.WAITING, 0,
    )  # fmt: skip
    add_leg(state, gives)
    add_leg(state, gives._replace(party=taker, quantity=quantity, amount=amount, side=Side.BUY))
    return ClearingReject.NONE
