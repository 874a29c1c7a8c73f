"""What the venue is told about its accounts: deltas of credit, each once (K16 to K18).

    worth(party, asset) = what the party has, is owed, and will receive or deliver:
        a currency      cash + due - arrears + amounts of open and waiting legs
        an instrument   holdings + quantities of open and waiting legs

    RELEASE_CREDIT  -->  one CREDIT for each (party, asset) whose worth has changed since the last one,
                         other than by fills, which the venue did itself

Settlement moves worth from open to held and changes nothing; deposits, charges, dividends, splits,
corrections, trades from outside and fills of markets without credit do. An instrument that is resold after
settlement only (K12) is another matter: what comes in is worth nothing until it is there (`resale`).

FILLS says which fills of the venue the trades behind it are, so that every fill is taken once: it must begin
where the last one ended, and a trade of the venue is taken only if FILLS has named it. When FILLS is refused,
so are the new trades behind it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from novate.clearing.archive import ARCHIVED_TRADE, ArchivedKind
from novate.clearing.chart import BalanceBook, Purpose, owner_of, purpose_of
from novate.clearing.commands import Command, Staged, rung
from novate.clearing.resale import told_of_purchase, until_settled
from novate.clearing.state import State
from novate.clearing.venue_stream import CURRENCY, INSTRUMENT, NO_SOURCE, Worth
from novate.domain.clearing_codes import ClearingEvent, LegState
from novate.domain.clearing_records import NOT_GIVEN
from novate.domain.codes import ClearingReject

ROWS_AT_ONCE = 2**16


def fills(state: State, command: Command, staged: Staged) -> ClearingReject:
    """FILLS: fills `version` to `quantity` of a source follow; refused FILL_GAP unless they are the next.

    A house has one venue: INVALID_SOURCE for another source, and for one whose trades came by another door.
    """
    stream = state.venue
    broken = rung(command.source >= len(state.sources), ClearingReject.UNKNOWN_SOURCE)
    broken = broken or rung(not _can_be_venue(state, command.source), ClearingReject.INVALID_SOURCE)
    broken = broken or rung(
        command.version != stream.fills + 1 or command.quantity < command.version, ClearingReject.FILL_GAP
    )
    if broken:
        return broken
    stream.source, stream.fills = command.source, command.quantity
    state.out.put(
        ClearingEvent.FILLS_TAKEN, source=command.source, version=command.version, quantity=command.quantity
    )
    return ClearingReject.NONE


def _can_be_venue(state: State, source: int) -> bool:
    """Is it the venue, or a source that has brought no trade yet?"""
    if state.venue.source != NO_SOURCE:
        return source == state.venue.source
    has_traded = bool((state.trades.array["source"] == source).any())
    for first in range(1, state.archived + 1, ROWS_AT_ONCE):
        rows = state.archive.read(np.arange(first, min(first + ROWS_AT_ONCE, state.archived + 1)))
        trades = rows[rows["kind"] == ArchivedKind.TRADE].view(ARCHIVED_TRADE)
        has_traded = has_traded or bool((trades["source"] == source).any())
    return not has_traded


def check_fill(state: State, command: Command, staged: Staged) -> ClearingReject:
    """FILL_GAP for a trade of the venue that is no fill FILLS has named (its trade id is its number)."""
    is_of_venue = command.source == state.venue.source
    return rung(is_of_venue and not state.venue.has_named(staged.name), ClearingReject.FILL_GAP)


def tell_fill(state: State, command: Command, amount: int) -> None:
    """What a fill moved, whatever became of it here, the venue knows: it did it."""
    if command.source != state.venue.source or command.version != 1:
        return
    state.venue.trades += 1
    if state.terms.instruments[command.instrument].moves_credit:
        currency, instrument = state.currency(command.instrument), command.instrument
        bought = told_of_purchase(state, instrument, command.quantity)
        state.venue.add_fill(instrument, currency, command.party, bought, -amount)
        state.venue.add_fill(instrument, currency, command.other_party, -command.quantity, amount)


def release_credit(state: State, command: Command, staged: Staged) -> ClearingReject:
    """RELEASE_CREDIT: what has changed since the last one, by asset and party."""
    now, stream = worth(state), state.venue
    for key in sorted({*now, *stream.told}):
        delta = now.get(key, 0) - stream.told.get(key, 0)
        if delta:
            kind, asset, party = key
            stream.credits += 1
            state.out.put(
                ClearingEvent.CREDIT, party=party, version=stream.credits, amount=delta,
                instrument=asset if kind == INSTRUMENT else NOT_GIVEN,
                currency=asset if kind == CURRENCY else NOT_GIVEN,
            )  # fmt: skip
    stream.told = now
    return ClearingReject.NONE


def worth(state: State) -> Worth:
    """Worth of every party but the CCP and the world, without zeros."""
    found: Worth = {}
    for kind, asset, party, units in (*held(state), *opened(state), *waiting(state), *_to_deliver(state)):
        if party not in (state.ccp, state.world):
            key = (kind, asset, party)
            found[key] = found.get(key, 0) + units
    return {key: units for key, units in found.items() if units}


Part = tuple[int, int, int, int]
"""(kind, asset, party, units)."""


def held(state: State) -> Iterator[Part]:
    """What the ledger has."""
    for book, asset, account, balance in state.balances.rows():
        kind, party = INSTRUMENT if book == BalanceBook.HOLDINGS else CURRENCY, owner_of(account)
        purpose = purpose_of(account)
        # Money that is collateral backs what is traded on margin; securities and contributions do not.
        if purpose == Purpose.CONTRIBUTION or (purpose and kind == INSTRUMENT):
            continue
        yield kind, asset, party, -balance if book == BalanceBook.ARREARS else balance


def opened(state: State) -> Iterator[Part]:
    """Open positions and items."""
    for instrument in state.positions.instruments():
        for party, position in state.positions_of(instrument):
            yield from _both(state, instrument, party, position.quantity, position.amount)
    for item in state.items.values():
        yield from _both(state, item.instrument, item.buyer, item.quantity, -item.amount)
        yield from _both(state, item.instrument, item.seller, -item.quantity, item.amount)


def waiting(state: State) -> Iterable[Part]:
    """Waiting legs, summed by instrument and party; a margined contract is worth what it has paid (M4)."""
    legs = state.legs.array
    legs = legs[legs["state"] == LegState.WAITING]
    if state.margined:
        legs = legs[~np.isin(legs["instrument"], list(state.margined))]
    keys = legs["instrument"].astype(np.int64) << 32 | legs["party"].astype(np.int64)
    distinct, place = np.unique(keys, return_inverse=True)
    quantities, amounts = np.zeros(len(distinct), np.int64), np.zeros(len(distinct), np.int64)
    np.add.at(quantities, place, legs["quantity"])
    np.add.at(amounts, place, legs["amount"])
    rows = zip(distinct.tolist(), quantities.tolist(), amounts.tolist(), strict=True)
    for key, quantity, amount in rows:
        yield from _both(state, key >> 32, key & 0xFFFFFFFF, quantity, amount)


def _to_deliver(state: State) -> Iterator[Part]:
    for instrument, party, quantity in until_settled(state):
        yield INSTRUMENT, instrument, party, -quantity


def _both(state: State, instrument: int, party: int, quantity: int, amount: int) -> Iterator[Part]:
    if instrument not in state.resale_settled:
        yield INSTRUMENT, instrument, party, quantity
    yield CURRENCY, state.currency(instrument), party, amount
