"""Trades as they are delivered: versions, the ladder of C9, and novation (C7 to C13).

    TRADE / CANCEL_TRADE --ladder--> remembered version --> old legs away, new legs in

A refused delivery leaves no trace, not even in what is remembered of the trade.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novate.clearing.archived_trades import Retired, remember_version, retired
from novate.clearing.capacity import check_legs
from novate.clearing.chart import MoveReason
from novate.clearing.commands import Command, Staged, check_trade_name, rung
from novate.clearing.credit import check_fill, tell_fill
from novate.clearing.rows import NO_ROW, Leg
from novate.clearing.state import Item, State, trade_identity
from novate.clearing.trades.contents import CANCELLATION, Checked, check_content, content_digest, due_day
from novate.clearing.trades.legs import (
    add_leg,
    chain,
    close_giveup,
    remove_leg,
    reverse_leg,
    split_leg,
    withdraw_leg,
)
from novate.domain.clearing_codes import (
    ClearingCommand,
    ClearingEvent,
    ClearingFlag,
    GiveUpEnd,
    LegKind,
    LegState,
)
from novate.domain.codes import ClearingReject, Side


class Known(NamedTuple):
    """What is remembered of a trade before a delivery."""

    row: int = NO_ROW
    highest: int = 0
    is_cancelled: bool = False
    is_netted: bool = False
    archived: Retired | None = None
    """What is remembered of it, if it has left memory."""


def deliver(state: State, command: Command, staged: Staged, checked: Checked | None = None) -> ClearingReject:
    """The seven steps of C9. `checked` is step 4 if it was taken before, for the same business date."""
    broken = check_trade_name(state, command, staged) or rung(
        command.version < 1, ClearingReject.INVALID_VERSION
    )
    if broken:
        return broken
    identity = trade_identity(state.sources[command.source], staged.name)
    known = known_trade(state, identity)
    is_cancel = command.kind == ClearingCommand.CANCEL_TRADE
    content = CANCELLATION if is_cancel else content_digest(command)
    seen = content_of(state, known, command.version)
    if seen is not None:
        if seen == content:
            answer(state, ClearingEvent.DUPLICATE, command, staged)
        return rung(seen != content, ClearingReject.DUPLICATE_CONTENT)
    if not is_cancel:
        broken = check_fill(state, command, staged)
        if broken:
            return broken
    if known.is_cancelled and (is_cancel or command.version > known.highest):
        return ClearingReject.TRADE_CANCELLED
    if not is_cancel:
        checked = checked or check_content(state, command)
        if checked.reason:
            return checked.reason
    if state.switches.version_policy == "STRICT":
        broken = rung(is_cancel and not known.highest, ClearingReject.UNKNOWN_TRADE)
        broken = broken or rung(command.version != known.highest + 1, ClearingReject.VERSION_GAP)
    is_superseded = command.version < known.highest and not is_cancel
    if not is_superseded:
        broken = broken or rung(is_settled(state, known), ClearingReject.TRADE_SETTLED)
        broken = broken or check_load(state, known, command, checked)
    if broken:
        return broken
    if checked is not None:
        tell_fill(state, command, checked.amount)
    if known.archived is not None:
        remember_version(state, known.archived, command.version, content)
        answer(state, ClearingEvent.SUPERSEDED, command, staged)
        return ClearingReject.NONE
    trade = remember(state, known, identity, command, staged, content)
    if is_superseded:
        answer(state, ClearingEvent.SUPERSEDED, command, staged)
    else:
        put_in_force(state, trade, command, staged, checked, known.is_netted)
    return ClearingReject.NONE


def check_load(state: State, known: Known, command: Command, checked: Checked | None) -> ClearingReject:
    """AMOUNT_OVERFLOW if the legs of a content, and the reversals that it makes, are too much (C53)."""
    legs: list[tuple[int, int, int]] = []
    if checked is not None:
        quantity, lieu = command.quantity, 0
        for name in state.splits.get(command.instrument, ()):
            split = state.corporate[name]
            if command.day < split.ex_day:
                quantity = quantity * split.new // split.old
                lieu += 0 if split.price is None else state.worth(command.instrument, 1, split.price) + 1
        legs.append((command.instrument, 2 * quantity, 2 * checked.amount + 4 * lieu))
    if known.is_netted and known.row not in state.items:
        for leg in map(state.leg, state.legs_of(known.row)):
            if leg.state != LegState.WAITING:
                legs.append((leg.instrument, abs(leg.quantity), abs(leg.amount)))
    return check_legs(state, legs)


def answer(state: State, kind: ClearingEvent, command: Command, staged: Staged) -> None:
    """DUPLICATE, SUPERSEDED, CANCELLED."""
    state.out.put(kind, source=command.source, version=command.version)
    state.out.put_text(staged.name)


def known_trade(state: State, identity: bytes) -> Known:
    """What is remembered under an identity."""
    row = state.trade_rows.get(identity)
    if row == NO_ROW:
        old = retired(state, identity)
        return Known() if old is None else Known(NO_ROW, old.highest, old.is_cancelled, old.is_netted, old)
    trades = state.trades
    is_cancelled = bool(trades.get(row, "is_cancelled"))
    return Known(row, trades.get(row, "highest"), is_cancelled, bool(trades.get(row, "is_netted")))


def content_of(state: State, known: Known, version: int) -> bytes | None:
    """Digest of a remembered version, None for one never seen."""
    if known.archived is not None:
        return known.archived.contents.get(version)
    row = state.trades.get(known.row, "first_version") if known.row != NO_ROW else NO_ROW
    while row != NO_ROW:
        _, following, number, content = state.versions.read(row)
        if number == version:
            return bytes(content)
        row = following
    return None


def is_settled(state: State, known: Known) -> bool:
    """The trade has legs and all of them are SETTLED."""
    if known.archived is not None:
        return bool(known.archived.legs)
    legs = state.legs_of(known.row) if known.row != NO_ROW else []
    return bool(legs) and all(state.legs.get(row, "state") == LegState.SETTLED for row in legs)


def remember(
    state: State, known: Known, identity: bytes, command: Command, staged: Staged, content: bytes
) -> int:
    """Keep a version; returns the row of its trade."""
    trade = known.row
    if trade == NO_ROW:
        start = state.texts.add(staged.name)
        trade = state.trades.append(
            identity, state.arrived, command.source, len(staged.name), start, 0, 0, NO_ROW, NO_ROW, 0, 0
        )
        state.arrived += 1
        state.trade_rows.enter(np.frombuffer(identity, "V16"), trade)
    first = state.trades.get(trade, "first_version")
    state.trades.set(trade, "first_version", state.versions.append(trade, first, command.version, content))
    state.trades.set(trade, "highest", max(known.highest, command.version))
    return trade


def put_in_force(
    state: State, trade: int, command: Command, staged: Staged, checked: Checked | None, was_netted: bool
) -> None:
    """The events of C10: answer, give-ups, old legs, new legs."""
    state.trades.set(trade, "in_force", command.version)
    new: list[Leg] = []
    if checked is None or command.kind == ClearingCommand.CANCEL_TRADE:
        state.trades.set(trade, "is_cancelled", 1)
        answer(state, ClearingEvent.CANCELLED, command, staged)
    else:
        new = new_legs(state, trade, command, checked, was_netted)
        state.out.put(
            ClearingEvent.ACCEPTED, source=command.source, version=command.version,
            instrument=command.instrument, quantity=command.quantity, amount=checked.amount, day=new[0].due,
        )  # fmt: skip
        state.out.put_text(staged.name)
    for giveup in sorted(state.giveups):
        if state.giveups[giveup].trade == trade:
            close_giveup(state, giveup, GiveUpEnd.REPLACED)
    take_away(state, trade)
    rows = []
    for leg in new:
        for name in state.splits.get(leg.instrument, ()):
            if leg.trade_day < state.corporate[name].ex_day:
                leg = split_leg(state, leg, name, state.corporate[name])
        rows.append(add_leg(state, leg))
    chain(state, trade, rows)


def new_legs(state: State, trade: int, command: Command, checked: Checked, was_netted: bool) -> list[Leg]:
    """Buyer's and seller's leg of a content (C10)."""
    kind = LegKind.COEV if was_netted else LegKind.NEW1
    due = due_day(state, command.instrument, checked.settle_day, was_netted)
    buys = Leg(
        trade, NO_ROW, command.version, command.party, command.instrument, command.quantity,
        -checked.amount, 0, due, command.day, Side.BUY, kind, LegState.WAITING, 0,
    )  # fmt: skip
    sells = buys._replace(
        party=command.other_party, quantity=-command.quantity, amount=checked.amount, side=Side.SELL
    )
    return [buys, sells]


def take_away(state: State, trade: int) -> None:
    """Old legs: removed while they wait (C12), withdrawn from an item, or reversed (C13)."""
    item = state.items.pop(trade, None)
    for row in state.legs_of(trade):
        if state.legs.get(row, "state") == LegState.WAITING:
            remove_leg(state, row)
        elif item is not None:
            withdraw_leg(state, row)
            if row == item.buyer_leg and item.amount != item.contract:
                unmark(state, item, item.buyer, item.contract - item.amount)
                unmark(state, item, item.seller, item.amount - item.contract)
        else:
            reverse_leg(state, row)


def unmark(state: State, item: Item, party: int, paid: int) -> None:
    """Marks of a withdrawn item go back."""
    currency = state.currency(item.instrument)
    number = state.trades.get(item.trade, "number")
    state.pay_later(currency, party, paid, MoveReason.UNMARK, number)
    state.out.put(ClearingEvent.UNMARKED, party=party, instrument=item.instrument, amount=paid)


def emit_refusal(state: State, command: Command, staged: Staged, reason: ClearingReject) -> None:
    """REJECTED with as much of source, trade and version as the command names."""
    kind = command.kind
    is_delivery = kind in (ClearingCommand.TRADE, ClearingCommand.CANCEL_TRADE)
    names_trade = is_delivery or kind in (ClearingCommand.ALLOCATE, ClearingCommand.GIVE_UP)
    names_trade = names_trade and staged.text is not None
    flags = ClearingFlag.HAS_TRADE if names_trade else 0
    if names_trade or kind in (ClearingCommand.BATCH, ClearingCommand.FILLS):
        flags |= ClearingFlag.HAS_SOURCE
    if is_delivery:
        flags |= ClearingFlag.HAS_VERSION
    state.out.put(
        ClearingEvent.REJECTED, code=kind, flags=flags, source=min(command.source, 2**16 - 1), number=reason,
        version=command.version if is_delivery else 0,
    )  # fmt: skip
    if names_trade:
        state.out.put_text(staged.name)
