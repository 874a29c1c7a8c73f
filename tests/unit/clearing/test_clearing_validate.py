"""`validate` finds planted damage and says what was expected (C48)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from novate.clearing.balances import BalanceBook, Balances
from novate.clearing.state import State
from novate.domain.clearing_codes import LegState
from novate.domain.machine import BrokenInvariant
from tests.unit.clearing.houses import lived_in, state_of

USD = ACME = 0
A_HOUS, B_HOUS = 1, 2


def one_sided(book: BalanceBook, party: int, amount: int) -> Callable[[State], None]:
    """A balance that appears from nowhere."""

    def plant(state: State) -> None:
        rows = [*state.balances.rows(), (book, USD, party, state.balances.of(book, USD, party) + amount)]
        state.balances.take_over(rows)

    return plant


def negative_cash(state: State) -> None:
    state.move_cash(USD, A_HOUS, state.world, 1_000_000)


def negative_holding(state: State) -> None:
    state.move_securities(ACME, B_HOUS, state.world, 1_000)


def negative_arrears(state: State) -> None:
    state.balances.move(BalanceBook.ARREARS, USD, B_HOUS, state.ccp, 1)


def leg_amount(state: State) -> None:
    state.legs.set(0, "amount", 1)


def leg_quantity(state: State) -> None:
    state.legs.set(0, "quantity", 77)


def leg_of_another_trade(state: State) -> None:
    state.trades.set(0, "first_leg", state.trades.get(1, "first_leg"))


def lost_identity(state: State) -> None:
    state.trade_rows.pop(next(iter(state.trade_rows)))


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
    state.move_securities(ACME, state.world, state.ccp, 1)


def empty_obligation(state: State) -> None:
    state.out.rows.append((ACME, 0, 0))


def obligations_that_do_not_sum(state: State) -> None:
    state.out.rows.append((ACME, 5, 0))


@pytest.mark.parametrize(
    ("plant", "expected"),
    [
        (one_sided(BalanceBook.CASH, A_HOUS, 5), "CASH of asset 0 to sum to 0"),
        (one_sided(BalanceBook.DUE, B_HOUS, 5), "DUE of asset 0 to sum to 0"),
        (negative_cash, "no negative CASH of A/HOUS"),
        (negative_holding, "no negative HOLDINGS of B/HOUS"),
        (negative_arrears, "no negative ARREARS of B/HOUS"),
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


def test_a_balance_only_moves() -> None:
    balances = Balances()
    balances.move(BalanceBook.CASH, 0, 1, 2, 10)
    balances.move(BalanceBook.CASH, 0, 2, 3, 4)
    balances.move(BalanceBook.CASH, 0, 1, 1, 99)
    assert balances.parties(BalanceBook.CASH, 0) == [(1, -10), (2, 6), (3, 4)]
    balances.move(BalanceBook.CASH, 0, 3, 1, 4)
    assert balances.rows() == [(1, 0, 1, -6), (1, 0, 2, 6)], "a balance of zero is not kept"
    assert balances.of(BalanceBook.HOLDINGS, 0, 1) == 0
