"""Who pays for a default: declared layers, one after the other, each through the ledger (M16, M17).

    loss of a party = its arrears, after its last variation margin and all of its own cash
    layer           pays from                                                how much of it
    DEFAULTER_COLLATERAL    collateral of the party, then of the member's HOUS account    what is there
    DEFAULTER_CONTRIBUTION  contributions of the member                                   what is there
    HOUSE                   contribution of the CCP                                       what is there
    SURVIVOR_CONTRIBUTIONS  contributions of all others      pro rata to them
    ASSESSMENTS             due of those who contributed     pro rata to what may still be asked of them

Pro rata rounds down; the units that are left go one each to the parties in their order, as far as they have
room (DOWN, REST_IN_ORDER). Of each currency the layers are used apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from novate.clearing.chart import BalanceBook, MoveReason, Purpose, account_of, owner_of, purpose_of
from novate.clearing.commands import Command, Staged, check_party, rung
from novate.clearing.margin_day.members import in_default, member_of, memory_of, parties_of
from novate.clearing.margin_day.memory import Default
from novate.clearing.margin_day.positions import held_of
from novate.clearing.margin_day.valuation import margin_terms
from novate.clearing.margin_day.variation import owed_now, vary
from novate.clearing.payment import pay_party
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingEvent, LossEnd, LossLayer
from novate.domain.codes import ClearingReject
from novate.domain.margin import MILLION
from novate.domain.units import div_floor

HOUSE_ACCOUNT = "HOUS"
Share = tuple[int, int]
"""(party, amount)."""


def allocate_loss(state: State, command: Command, staged: Staged) -> ClearingReject:
    """ALLOCATE_LOSS of the member of a party; refused while contracts of it are open."""
    broken = check_party(state, command.party)
    broken = broken or rung(not in_default(state, command.party), ClearingReject.NOT_IN_DEFAULT)
    if broken:
        return broken
    mine = parties_of(state, command.party)
    is_open = any(
        held.quantity
        for instrument in sorted(state.margined)
        for party, held in held_of(state, instrument).items()
        if party in mine
    )
    if is_open:
        return ClearingReject.POSITIONS_OPEN
    vary(state, owed_now(state, parties=mine))
    currencies = [margin_terms(state).currency]
    for currency in range(len(state.terms.currencies)):
        for party in mine:
            if state.owed(currency, party) or state.balances.of(BalanceBook.DUE, currency, party):
                pay_party(state, currency, party)
            if state.balances.of(BalanceBook.ARREARS, currency, party) and currency not in currencies:
                currencies.append(currency)
    left = sum([allocate_in(state, currency, mine) for currency in sorted(currencies)])
    default = memory_of(state).defaults[member_of(state, command.party)]
    default.is_closed, default.in_shortfall = left == 0, left > 0
    return ClearingReject.NONE


def allocate_in(state: State, currency: int, mine: Sequence[int]) -> int:
    """The losses of a member in one currency; what no layer covers."""
    losses = [(party, state.balances.of(BalanceBook.ARREARS, currency, party)) for party in mine]
    loss = left = sum(amount for _, amount in losses)
    member = memory_of(state).defaults[mine[0]]
    for layer in margin_terms(state).layers:
        for party in mine:
            owed = state.balances.of(BalanceBook.ARREARS, currency, party)
            for payer, amount in shares_of(state, layer, currency, party, owed, member):
                cover(state, layer, currency, payer, party, amount)
                left -= amount
                state.out.put(
                    ClearingEvent.LOSS_COVERED, code=layer, party=payer, currency=currency, amount=amount,
                    third=left,
                )  # fmt: skip
    state.out.put(
        ClearingEvent.LOSS_ALLOCATED, code=LossEnd.SHORTFALL if left else LossEnd.COVERED, party=mine[0],
        currency=currency, quantity=loss, amount=loss - left, third=left,
    )  # fmt: skip
    return left


def shares_of(
    state: State, layer: LossLayer, currency: int, party: int, owed: int, default: Default
) -> list[Share]:
    """Who pays how much of what a party owes; nobody pays nothing."""
    room = room_of(state, layer, currency, party, default)
    if layer in (LossLayer.SURVIVOR_CONTRIBUTIONS, LossLayer.ASSESSMENTS):
        found = pro_rata(owed, room)
    else:
        found = []
        for payer, there in room:
            taken = min(owed, there)
            found.append((payer, taken))
            owed -= taken
    return [share for share in found if share[1]]


def room_of(state: State, layer: LossLayer, currency: int, party: int, default: Default) -> list[Share]:
    """What a layer has, by payer."""
    mine = parties_of(state, party)
    if layer == LossLayer.DEFAULTER_COLLATERAL:
        house = [one for one in mine if state.terms.parties[one][1] == HOUSE_ACCOUNT and one != party]
        return [(one, held_for(state, currency, one, Purpose.COLLATERAL)) for one in (party, *house)]
    if layer == LossLayer.DEFAULTER_CONTRIBUTION:
        return [(one, held_for(state, currency, one, Purpose.CONTRIBUTION)) for one in mine]
    if layer == LossLayer.HOUSE:
        return [(state.ccp, held_for(state, currency, state.ccp, Purpose.CONTRIBUTION))]
    if layer == LossLayer.ASSESSMENTS:
        ppm = margin_terms(state).assessment_ppm
        return [
            (one, div_floor(amount * ppm, MILLION) - default.assessed.get((currency, one), 0))
            for asset, one, amount in default.contributions
            if asset == currency and not in_default(state, one)
        ]
    return [
        (owner_of(account), balance)
        for account, balance in state.balances.parties(BalanceBook.CASH, currency)
        if purpose_of(account) == Purpose.CONTRIBUTION
        and owner_of(account) != state.ccp
        and not in_default(state, owner_of(account))
    ]


def held_for(state: State, currency: int, party: int, purpose: Purpose) -> int:
    """Money of a party for a purpose."""
    return state.balances.of(BalanceBook.CASH, currency, account_of(party, purpose))


def pro_rata(amount: int, room: Sequence[Share]) -> list[Share]:
    """Shares of an amount by what everybody has, DOWN, REST_IN_ORDER; nobody gives more than it has."""
    whole = sum(there for _, there in room)
    if amount >= whole:
        return list(room)
    shares = [div_floor(amount * there, whole) for _, there in room]
    rest = amount - sum(shares)
    for place, (_, there) in enumerate(room):
        if rest and shares[place] < there:
            shares[place] += 1
            rest -= 1
    return [(party, share) for (party, _), share in zip(room, shares, strict=True)]


def cover(state: State, layer: LossLayer, currency: int, payer: int, party: int, amount: int) -> None:
    """A payer pays a part of what a party owes: all of it is one chain."""
    first, balances = state.balances.next_id, state.balances
    if layer == LossLayer.ASSESSMENTS:
        state.pay_later(currency, payer, -amount, MoveReason.LOSS, layer)
        assessed = memory_of(state).defaults[member_of(state, party)].assessed
        assessed[currency, payer] = assessed.get((currency, payer), 0) + amount
    else:
        is_collateral = layer == LossLayer.DEFAULTER_COLLATERAL
        purpose = Purpose.COLLATERAL if is_collateral else Purpose.CONTRIBUTION
        giver = account_of(payer, purpose)
        balances.move(BalanceBook.CASH, currency, giver, state.ccp, amount, MoveReason.LOSS, layer)
    balances.move(BalanceBook.ARREARS, currency, party, state.ccp, amount, MoveReason.LOSS, layer)
    balances.chain(first)
