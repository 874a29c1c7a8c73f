"""What can be asked of a clearing house (C49). Names are numbers of the sorted tables; nothing changes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from novate.clearing.archived_trades import retired
from novate.clearing.chart import BalanceBook, Purpose, account_of, owner_of, purpose_of
from novate.clearing.margin_day.valuation import collateral_value, margin_terms
from novate.clearing.rows import NO_ROW, Leg
from novate.clearing.state import State, trade_identity
from novate.clearing.trades.delivery import content_of, known_trade
from novate.domain.clearing_codes import LegState, OpenReason


class MarginCover(NamedTuple):
    """Margin of all parties as the last run found it, in minor units of the margin currency."""

    currency: int
    required: int
    covered: int
    """As much of it as collateral, as it is now, covers; what one party has too much covers no other's."""


PledgedRow = tuple[Purpose, int, int, int, int]
"""(purpose, book, asset, party, balance)."""
BalanceRows = list[tuple[int, int, int, int]]
"""(book, asset, party, balance), ascending."""


class Status(NamedTuple):
    """A trade in its life."""

    version: int
    state: str
    legs: list[Leg]


class Versions(NamedTuple):
    """What is remembered of the deliveries of a trade (C7)."""

    highest: int
    in_force: int
    content: bytes
    """Digest of the content in force, as `trades.runs.content_digests` makes it."""


class OpenIntent(NamedTuple):
    """A buy-in that was announced (C41)."""

    number: int
    party: int
    instrument: int
    left: int
    day: int


class PendingGiveUp(NamedTuple):
    """A give-up that waits for its answer (C15)."""

    number: int
    source: bytes
    trade_id: bytes
    side: int
    to: int


class OpenPosition(NamedTuple):
    """An open position; lots are (since, unsigned quantity)."""

    instrument: int
    party: int
    quantity: int
    amount: int
    lots: list[tuple[int, int]]
    reason: OpenReason


class OpenItem(NamedTuple):
    """An open item of a gross instrument."""

    source: bytes
    trade_id: bytes
    instrument: int
    quantity: int
    amount: int
    since: int
    reason: OpenReason


class WaitingNet(NamedTuple):
    """Waiting legs of one party, instrument and due day."""

    due: int
    instrument: int
    party: int
    quantity: int
    amount: int
    legs: int


class Positions(NamedTuple):
    """Everything that is open or waits, each list ascending."""

    open: list[OpenPosition]
    items: list[OpenItem]
    waiting: list[WaitingNet]


def status(state: State, source: bytes, name: bytes) -> Status | None:
    """Version in force, state and current legs of a trade; None for one never seen."""
    identity = trade_identity(source, name)
    trade = state.trade_rows.get(identity)
    if trade == NO_ROW:
        old = retired(state, identity)
        return old and Status(old.in_force, "CANCELLED" if old.is_cancelled else "SETTLED", old.legs)
    legs = [state.leg(row) for row in state.legs_of(trade)]
    return Status(state.trades.get(trade, "in_force"), _state_of(state, trade, legs), legs)


def versions(state: State, source: bytes, name: bytes) -> Versions | None:
    """Highest version and version in force of a trade; None for one never seen."""
    known = known_trade(state, trade_identity(source, name))
    if not known.highest:
        return None
    old = known.archived
    in_force = state.trades.get(known.row, "in_force") if old is None else old.in_force
    return Versions(known.highest, in_force, content_of(state, known, in_force) or b"")


def intents(state: State) -> list[OpenIntent]:
    """Buy-ins that were announced and are open, by number."""
    return [
        OpenIntent(number, one.party, one.instrument, one.left, one.day)
        for number, one in sorted(state.intents.items())
    ]


def giveups(state: State) -> list[PendingGiveUp]:
    """Give-ups that nobody has answered, by number."""
    return [
        PendingGiveUp(number, *state.trade_key(one.trade), one.side, one.to)
        for number, one in sorted(state.giveups.items())
    ]


def issuer_events(state: State) -> dict[bytes, int]:
    """Instrument of each dividend and split that was ever set (C44)."""
    return {name: state.corporate[name].instrument for name in sorted(state.corporate)}


def _state_of(state: State, trade: int, legs: list[Leg]) -> str:
    states = [leg.state for leg in legs]
    if state.trades.get(trade, "is_cancelled"):
        return "CANCELLED"
    if LegState.WAITING in states:
        return "NOVATED"
    if LegState.OPEN not in states:
        return "SETTLED"
    if any(leg.state == LegState.OPEN and _has_failed(state, leg) for leg in legs):
        return "FAILED"
    return "PARTIAL" if LegState.SETTLED in states else "NETTED"


def _has_failed(state: State, leg: Leg) -> bool:
    if state.is_gross(leg.instrument):
        return state.items[leg.trade].failed
    return state.positions[leg.instrument][leg.party].failed


def balances(state: State) -> BalanceRows:
    """What is there for settlement; due and arrears without the CCP, which is only their other side."""
    ours = (BalanceBook.HOLDINGS, BalanceBook.CASH)
    rows = [row for row in state.balances.rows() if not purpose_of(row[2])]
    return [row for row in rows if row[0] in ours or row[2] != state.ccp]


def pledged(state: State) -> list[PledgedRow]:
    """Collateral and contributions (M7, M14)."""
    return [
        (purpose_of(account), book, asset, owner_of(account), balance)
        for book, asset, account, balance in state.balances.rows()
        if purpose_of(account)
    ]


def available(state: State, purpose: Purpose, book: BalanceBook, asset: int, party: int) -> int:
    """What may be withdrawn (C18), or released of what is there for another purpose (M9, M14)."""
    if purpose:
        return state.balances.of(book, asset, account_of(party, purpose))
    return state.free(asset, party) if book == BalanceBook.CASH else state.holding(asset, party)


def margin_cover(state: State) -> MarginCover | None:
    """Requirements of the last margin run against collateral as it is now; None without margin terms."""
    if state.margin is None:
        return None
    needed = state.margin.requirements
    covered = [
        min(amount, max(0, collateral_value(state, party, amount))) for party, amount in needed.items()
    ]
    return MarginCover(margin_terms(state).currency, sum(needed.values()), sum(covered))


def positions(state: State) -> Positions:
    """Open positions by instrument and party, items by source and trade id, waiting nets by due day."""
    return Positions(open_positions(state), open_items(state), waiting_nets(state))


def open_positions(state: State) -> list[OpenPosition]:
    """Positions that entered a cycle and are not settled, by instrument and party."""
    return [
        OpenPosition(
            instrument, party, one.quantity, one.amount, [(lot[0], abs(lot[1])) for lot in one.lots],
            OpenReason(one.reason),
        )
        for instrument in state.positions.instruments()
        for party, one in state.positions_of(instrument)
    ]  # fmt: skip


def open_items(state: State) -> list[OpenItem]:
    """Items of gross instruments that are not settled, by source and trade id."""
    return [
        OpenItem(
            *state.trade_key(one.trade), one.instrument, one.quantity, one.amount, one.since,
            OpenReason(one.reason),
        )
        for one in sorted(state.items.values(), key=lambda one: state.trade_key(one.trade))
    ]  # fmt: skip


def waiting_nets(state: State) -> list[WaitingNet]:
    """Sums of waiting legs by due day, instrument and party. C53 keeps every sum within 64 bits."""
    legs = state.legs.array[state.waiting.rows()]
    keys = [legs[name] for name in ("due", "instrument", "party")]
    order = np.lexsort(keys[::-1])
    keys = [key[order] for key in keys]
    differs = np.ones(len(order), bool)
    differs[1:] = np.any([key[1:] != key[:-1] for key in keys], axis=0)
    firsts = np.flatnonzero(differs)
    sums = [np.add.reduceat(legs[name][order], firsts) for name in ("quantity", "amount") if len(firsts)]
    counts = np.diff(firsts, append=len(order))
    columns = [*(key[firsts] for key in keys), *sums, counts] if len(firsts) else []
    return [WaitingNet._make(row) for row in zip(*(column.tolist() for column in columns), strict=True)]
