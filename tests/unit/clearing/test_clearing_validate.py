"""`validate` finds planted damage and says what was expected (C48)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from novate.clearing.chart import BalanceBook, MoveReason
from novate.clearing.ledger.layout import ACCOUNTS
from novate.clearing.state import State
from novate.clearing.trade_index import TradeIndex
from novate.domain.clearing_codes import LegState
from novate.domain.machine import BrokenInvariant
from tests.unit.clearing.houses import lived_in, player, state_of

USD = ACME = 0
A_HOUS, B_HOUS = 1, 2


def cached_cash(state: State) -> None:
    """A balance that is read, but is not in the ledger."""
    state.balances._assets[BalanceBook.CASH, USD].nets[B_HOUS] += 5


def counter(state: State) -> None:
    """One side of a balance in the ledger."""
    state.balances.ledger.state().accounts["credits_posted"][1] += 5
    state.balances.read_ledger()


def both_sides(state: State) -> None:
    """Balances that sum to zero, but that no transfer made."""
    accounts = state.balances.ledger.state().accounts
    accounts["credits_posted"][1] += 5
    accounts["debits_posted"][2] += 5
    state.balances.read_ledger()


def lost_limit(state: State) -> None:
    """A member's cash without the limit that keeps it from going below zero."""
    tables = state.balances.ledger.state()
    rows = tables.accounts[1 : int(tables.header[ACCOUNTS]) + 1]
    rows["flags"][rows["id"] == 2_000000000_000000002] = 0


def waiting_move(state: State) -> None:
    """A move that nobody handed to the ledger."""
    state.move_cash(USD, state.world, A_HOUS, 1, MoveReason.DEPOSIT, 0)


def leg_amount(state: State) -> None:
    state.legs.set(0, "amount", 1)


def leg_quantity(state: State) -> None:
    state.legs.set(0, "quantity", 77)


def leg_of_another_trade(state: State) -> None:
    state.trades.set(0, "first_leg", state.trades.get(1, "first_leg"))


def lost_identity(state: State) -> None:
    state.trade_rows = TradeIndex()


def mixed_lots(state: State) -> None:
    state.positions[ACME][B_HOUS].lots.append([state.today, -1])


def lots_out_of_order(state: State) -> None:
    position = state.positions[ACME][B_HOUS]
    position.lots = [[state.today, position.quantity - 1], [state.today - 3, 1]]


def lot_of_tomorrow(state: State) -> None:
    state.positions[ACME][B_HOUS].lots[0][0] = state.today + 1


def empty_position(state: State) -> None:
    position = state.positions[ACME][B_HOUS]
    position.lots, position.amount = [], 0


def settled_leg_behind_a_position(state: State) -> None:
    state.legs.set(state.positions[ACME][B_HOUS].legs[0], "state", LegState.SETTLED)


def settled_leg_behind_an_item(state: State) -> None:
    (item,) = state.items.values()
    state.legs.set(item.seller_leg, "state", LegState.SETTLED)


def position_quantity(state: State) -> None:
    state.positions[ACME][B_HOUS].lots[0][1] += 1


def position_amount(state: State) -> None:
    state.positions[ACME][B_HOUS].amount += 1


def own_deposit(state: State) -> None:
    state.add_own_securities(ACME, 1)
    state.move_securities(ACME, state.world, state.ccp, 1, MoveReason.DEPOSIT, 0)
    state.balances.flush(state.today)


def empty_obligation(state: State) -> None:
    state.out.rows.append((ACME, 0, 0))


def obligations_that_do_not_sum(state: State) -> None:
    state.out.rows.append((ACME, 5, 0))


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (cached_cash, "expected 100000 CASH of asset 0 as in the ledger, was 100005"),
        (counter, "expected credits_posted of"),
        (both_sides, "expected debits_posted of 0, was 5"),
        (lost_limit, "expected code and flags"),
        (waiting_move, "expected no move in the queue, was 1"),
        (leg_amount, "amounts of trade t1 to sum to 0"),
        (leg_quantity, "quantities of trade t1 to sum to 0"),
        (leg_of_another_trade, "legs of trade t1 to be its own"),
        (lost_identity, "trade t1 under its identity"),
        (mixed_lots, "lots of one sign at ACME of B/HOUS"),
        (lots_out_of_order, "lots by age at ACME"),
        (lot_of_tomorrow, "lots by age at ACME"),
        (empty_position, "no empty position at ACME"),
        (settled_leg_behind_a_position, "open legs behind the position"),
        (settled_leg_behind_an_item, "open legs behind the item"),
        (position_quantity, "ACME of the CCP's own"),
        (position_amount, "USD of the CCP's own"),
        (own_deposit, "ACME of the CCP as deposited"),
        (empty_obligation, "no empty obligation"),
        (obligations_that_do_not_sum, "obligations of ACME to sum to 0"),
    ],
)
def test_planted_damage_is_found(plant: Callable[[State], None], expected: str) -> None:
    house = lived_in().house
    house.validate()
    plant(state_of(house))
    with pytest.raises(BrokenInvariant, match=expected):
        house.validate()


def taken(state: State, *moves: tuple[int, int, int, int, int]) -> None:
    """Moves (book, asset, giver, taker, amount) of one command."""
    for move in moves:
        state.balances.move(*move, MoveReason.DEPOSIT, 0)
    state.balances.flush(state.today)


@pytest.mark.parametrize(
    ("book", "who"),
    [(BalanceBook.CASH, A_HOUS), (BalanceBook.HOLDINGS, B_HOUS), (BalanceBook.ARREARS, B_HOUS)],
)
def test_what_may_not_be_negative_is_refused_by_the_ledger_itself(book: BalanceBook, who: int) -> None:
    state = state_of(lived_in().house)
    with pytest.raises(BrokenInvariant, match="was EXCEEDS_CREDITS"):
        taken(state, (book, 0, who, state.ccp, 1_000_000))


def test_the_holdings_of_the_ccp_have_a_limit_and_its_cash_has_none() -> None:
    state = state_of(lived_in().house)
    taken(state, (BalanceBook.CASH, USD, state.ccp, A_HOUS, 1_000_000))
    with pytest.raises(BrokenInvariant, match="was EXCEEDS_CREDITS"):
        taken(state, (BalanceBook.HOLDINGS, ACME, state.ccp, A_HOUS, 3))


def test_a_balance_only_moves() -> None:
    state = state_of(player().house)
    balances, world = state.balances, state.world
    cash = BalanceBook.CASH
    taken(state, (cash, 0, world, 2, 10), (cash, 0, 2, 3, 4), (cash, 0, 1, 1, 99))
    assert balances.parties(BalanceBook.CASH, 0) == [(2, 6), (3, 4), (world, -10)]
    taken(state, (cash, 0, world, 3, -4))
    assert balances.rows() == [(1, 0, 2, 6), (1, 0, world, -6)], "a balance of zero is not shown"
    assert balances.of(BalanceBook.HOLDINGS, 0, 1) == 0
    assert balances.ledger.stored == 3
