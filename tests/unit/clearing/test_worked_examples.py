"""The worked tests of the clearing reference: numbers that a person can check by hand."""

from __future__ import annotations

import pytest

from tests.unit.clearing.market import clear, house, obligations, trade, trades

WEDNESDAY = "2026-03-04"


def test_t7_a_ring_of_210_leaves_60_to_pay() -> None:
    ring = trades(
        "B buys 100 ACME from A at 0.01",
        "C buys 70 ACME from B at 0.01",
        "A buys 40 ACME from C at 0.01",
    )
    result = clear(ring)
    assert obligations(result) == [
        "A HOUS ACME DELI 60 CRDT 60 2026-03-03",
        "B HOUS ACME RECE 30 DEBT 30 2026-03-03",
        "C HOUS ACME RECE 30 DEBT 30 2026-03-03",
    ]
    (cycle,) = result.efficiency.cycles
    assert (cycle.gross_pay, cycle.net_pay, cycle.saved_ppm) == (210, 60, 714285)


def test_t7_an_equal_ring_leaves_nothing_to_settle() -> None:
    ring = trades(
        "B buys 100 ACME from A at 0.01",
        "C buys 100 ACME from B at 0.01",
        "A buys 100 ACME from C at 0.01",
    )
    result = clear(ring)
    assert obligations(result) == []
    (netted,) = result.efficiency.netted
    assert (netted.legs, netted.rows, netted.gross_pay, netted.net_pay) == (6, 0, 300, 0)


def test_t9_three_trades_of_six_legs_become_three_obligations() -> None:
    day = trades(
        "B buys 100 ACME from A at 10.0",
        "C buys 60 ACME from B at 11.0",
        "A buys 30 ACME from C at 10.5",
    )
    assert obligations(clear(day)) == [
        "A HOUS ACME DELI 70 CRDT 68500 2026-03-03",
        "B HOUS ACME RECE 40 DEBT 34000 2026-03-03",
        "C HOUS ACME RECE 30 DEBT 34500 2026-03-03",
    ]


def test_a_net_of_money_alone_is_an_obligation_too() -> None:
    day = trades("B buys 10 ACME from A at 10.00", "A buys 10 ACME from B at 10.50")
    assert obligations(clear(day)) == [
        "A HOUS ACME NONE 0 DEBT 500 2026-03-03",
        "B HOUS ACME NONE 0 CRDT 500 2026-03-03",
    ]


def test_house_and_client_account_of_one_member_are_not_netted_with_each_other() -> None:
    day = trades("A/CLIE buys 10 ACME from A/HOUS at 1.00")
    assert obligations(clear(day)) == [
        "A CLIE ACME RECE 10 DEBT 1000 2026-03-03",
        "A HOUS ACME DELI 10 CRDT 1000 2026-03-03",
    ]


def test_two_trade_dates_may_settle_in_one_cycle() -> None:
    friday = trade("B buys 10 GLOBEX from A at 1.00", "t1", on="2024-05-24")
    tuesday = trade("B buys 10 ACME from A at 1.00", "t2", on="2024-05-28")
    result = clear([friday, tuesday])
    assert {row.cycle for row in result.obligations.rows} == {"2024-05-29/N1"}
    assert len(result.obligations.rows) == 4


def test_a_fraction_of_a_coin_is_counted_in_its_smallest_unit() -> None:
    (first, _) = clear(trades("B buys 0.125 COIN from A at 64000.00")).obligations.rows
    assert (first.movement, first.quantity, first.amount_minor) == ("DELI", 125, 800000)


def test_yen_have_no_minor_unit_and_halves_round_away_from_zero() -> None:
    day = trades("B buys 1 SAKE from A at 10.5", "B buys 1 SAKE from A at 10.4999")
    (first, _) = clear(day).obligations.rows
    assert first.amount_minor == 11 + 10


def test_an_option_settles_its_premium_and_a_future_only_makes_a_position() -> None:
    day = trades("B buys 2 ACME-CALL from A at 1.50", "B buys 3 IDX-FUT from A at 5000.25")
    result = clear(day)
    assert [row.isin for row in result.obligations.rows] == ["ACME-CALL", "ACME-CALL"]
    assert result.obligations.rows[0].amount_minor == 2 * 150 * 100
    assert result.delivery.undelivered == 1
    future = {position.member: position for position in result.positions if position.isin == "IDX-FUT"}
    assert future["B"].net_quantity == 3
    assert future["B"].paid_minor == 3 * 500025 * 50 == future["A"].received_minor


def test_sums_beyond_64_bits_stay_exact() -> None:
    day = trades(*["B buys 1000000000000 ACME from A at 9.99"] * 11_000)
    (first, second) = clear(day).obligations.rows
    assert first.amount_minor == second.amount_minor == 11_000 * 999_000_000_000_000 > 2**63


@pytest.mark.parametrize(
    ("quantity", "price", "minor"),
    [
        # Products of the two integers beyond 64 bits; the second is half a cent, the last has a price that
        # alone does not fit 64 bits.
        ("1000000000000", "9.999999995", 999_999_999_500_000),
        ("999999999999", "0.015000000", 1_499_999_999_999),
        ("999999999999", "0.014999999", 1_499_999_900_000 - 1),
        ("1", "9999999999.995000000", 1_000_000_000_000),
        ("1", "9999999999.994999999", 999_999_999_999),
        ("1", "99999999999.995000000", 10_000_000_000_000),
    ],
)
def test_amounts_beyond_64_bits_on_the_way_are_rounded_exactly(quantity: str, price: str, minor: int) -> None:
    result = clear(trades(f"B buys {quantity} ACME from A at {price}"))
    assert [row.amount_minor for row in result.obligations.rows] == [minor, minor]


def test_the_house_waits_for_its_own_open_day() -> None:
    tuesday = trades("B buys 1 ACME from A at 1.00", on="2026-03-03")
    closed = house(house_calendar="CLOSED_WEDNESDAYS")
    assert {row.settle_date for row in clear(tuesday).obligations.rows} == {WEDNESDAY}
    assert {row.settle_date for row in clear(tuesday, closed).obligations.rows} == {"2026-03-05"}
