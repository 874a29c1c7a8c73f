"""Events of issuers: how they are announced, who is entitled, and when claims are paid (C44, C45).

DIVIDEND --record date--> ENTITLED, claims --pay date--> due, CLAIM_PAID
SPLIT    --ex-date------> `splits`
"""

from __future__ import annotations

from novate.clearing.capacity import check_price_in_lieu, check_price_of_open
from novate.clearing.chart import MoveReason
from novate.clearing.commands import (
    LARGEST,
    Command,
    Staged,
    check_days,
    check_instrument,
    check_market_price,
    rung,
)
from novate.clearing.state import Claim, Corporate, State
from novate.domain.clearing_codes import ClearingEvent, ClearingFlag, CorporateKind
from novate.domain.codes import ClearingReject


def dividend(state: State, command: Command, staged: Staged) -> ClearingReject:
    """DIVIDEND (C45)."""
    ex_day, record_day, pay_day = command.day, command.other_day, command.version
    broken = (
        check_event(state, command, staged, (ex_day, record_day, pay_day))
        or rung(not ex_day <= record_day <= pay_day, ClearingReject.INVALID_DATES)
        or rung(record_day < state.today, ClearingReject.INVALID_DATES)
        or check_market_price(state, command, command.instrument)
        or check_price_of_open(state, command.instrument, command.price_given)
    )
    if broken:
        return broken
    kind, rate = CorporateKind.DIVIDEND, command.price_given
    return _set(state, staged, Corporate(kind, command.instrument, ex_day, record_day, pay_day, price=rate))


def split(state: State, command: Command, staged: Staged) -> ClearingReject:
    """SPLIT (C46)."""
    new, old = command.quantity, command.version
    has_price = bool(command.flags & ClearingFlag.PRICE_GIVEN)
    broken = (
        check_event(state, command, staged, (command.day,))
        or rung(command.day <= state.today, ClearingReject.INVALID_DATES)
        or rung(new < 1 or old < 1 or new == old, ClearingReject.INVALID_RATIO)
        or rung(not legs_bear(state, command.instrument, new, old), ClearingReject.INVALID_RATIO)
        or (check_cash_price(state, command) if has_price else ClearingReject.NONE)
    )
    if broken:
        return broken
    price = command.price_given if has_price else None
    kind = CorporateKind.SPLIT
    return _set(
        state, staged, Corporate(kind, command.instrument, command.day, new=new, old=old, price=price)
    )


def check_cash_price(state: State, command: Command) -> ClearingReject:
    """INVALID_PRICE, AMOUNT_OVERFLOW."""
    return check_market_price(state, command, command.instrument) or check_price_in_lieu(
        state, command.instrument, command.price_given
    )


def legs_bear(state: State, instrument: int, new: int, old: int) -> bool:
    """Whether the largest leg still fits its column after this split and all others of the instrument."""
    quantity, divisor = state.switches.max_qty * max(new, old), old
    for name in sorted(state.corporate):
        event = state.corporate[name]
        if event.kind == CorporateKind.SPLIT and event.instrument == instrument:
            quantity *= max(event.new, event.old)
            divisor *= event.old
    return quantity <= LARGEST * divisor


def check_event(state: State, command: Command, staged: Staged, days: tuple[int, ...]) -> ClearingReject:
    """MISSING_TEXT of the record; DUPLICATE_EVENT, UNKNOWN_INSTRUMENT, INVALID_DATES of C44."""
    return (
        rung(staged.text is None, ClearingReject.MISSING_TEXT)
        or rung(staged.name in state.corporate, ClearingReject.DUPLICATE_EVENT)
        or check_instrument(state, command.instrument)
        or check_days(*days)
        or rung(
            not all(state.days.is_settlement_day(command.instrument, day) for day in days),
            ClearingReject.INVALID_DATES,
        )
    )


def _set(state: State, staged: Staged, event: Corporate) -> ClearingReject:
    state.corporate[staged.name] = event
    state.out.put(ClearingEvent.EVENT_SET, instrument=event.instrument, code=event.kind)
    state.out.put_text(staged.name)
    return ClearingReject.NONE


def entitle(state: State) -> None:
    """Closing of the record date: who is owed the dividend by whom."""
    for name, event in state.events_of(CorporateKind.DIVIDEND, "record_day", state.today):
        if event.price is None:
            continue
        quantities = entitled(state, event)
        for party in sorted(quantities):
            amount = state.worth(event.instrument, quantities[party], event.price)
            if amount:
                state.claims.append(Claim(event.pay_day, name, party, event.instrument, amount))
                state.out.put(ClearingEvent.ENTITLED, party=party, quantity=quantities[party], amount=amount)
                state.out.put_text(name)


def entitled(state: State, event: Corporate) -> dict[int, int]:
    """Party -> signed quantity that is open, or waits with a trade date before the ex-date."""
    quantities: dict[int, int] = {}

    def add(party: int, quantity: int) -> None:
        quantities[party] = quantities.get(party, 0) + quantity

    for party, position in state.positions_of(event.instrument):
        add(party, position.quantity)
    for item in state.items_of(event.instrument):
        add(item.buyer, item.quantity)
        add(item.seller, -item.quantity)
    for _, leg in state.waiting_rows(event.instrument):
        if leg.trade_day < event.ex_day:
            add(leg.party, leg.quantity)
    return quantities


def pay_claims(state: State) -> None:
    """Claims whose pay date has come go to due."""
    payable = sorted(claim for claim in state.claims if claim.pay_day <= state.today)
    state.claims = [claim for claim in state.claims if claim.pay_day > state.today]
    for claim in payable:
        currency = state.currency(claim.instrument)
        state.pay_later(currency, claim.party, claim.amount, MoveReason.DIVIDEND, claim.instrument)
        state.add_own_money(currency, -claim.amount)
        state.out.put(ClearingEvent.CLAIM_PAID, party=claim.party, amount=claim.amount)
        state.out.put_text(claim.name)
