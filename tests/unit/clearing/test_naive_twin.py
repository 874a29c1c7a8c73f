"""The fast clearing house and the naive one answer any delivery alike, and write the same bytes."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.clearing.house import clear_trades
from novate.domain.configuration import ClearingSwitches
from tests.oracle.naive_netting import NaiveHouse
from tests.unit.clearing.market import delivery, house

DAYS = ["2026-10-08", "2026-10-09", "2026-10-10", "2026-10-12", "2026-11-10", "2026-11-25"]
PRICES = [
    "10",
    "10.0",
    "0.005",
    "0.004",
    "182.505",
    "99999999999.999999999",
    "0",
    "-1",
    "1e3",
    "1.1234567890",
]
QUANTITIES = ["1", "7", "100", "0.5", "0.001", "0.0001", "1000000000000", "1000000000001", "0", "ten"]
PARTY = st.sampled_from(["A", "B", "C", "D"]), st.sampled_from(["HOUS", "CLIE", "LIPR"])

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "trade_id": st.sampled_from([f"t{number}" for number in range(12)]),
            "source": st.sampled_from(["X", "Y"]),
            "version": st.sampled_from(["1", "1", "1", "2", "10", "0"]),
            "trade_date": st.sampled_from(DAYS),
            "instrument": st.sampled_from(["ACME", "GLOBEX", "COIN", "SAKE", "IDX-FUT", "ACME-CALL", "NONE"]),
            "price": st.sampled_from(PRICES) | st.decimals("0.01", "99999", places=4).map(str),
            "quantity": st.sampled_from(QUANTITIES) | st.integers(1, 10**6).map(str),
            "currency": st.sampled_from(["", "USD", "USD", "JPY", "XXX"]),
            "buyer_member": PARTY[0],
            "buyer_account": PARTY[1],
            "seller_member": PARTY[0],
            "seller_account": PARTY[1],
        }
    ),
    max_size=40,
)
SWITCHES = st.builds(
    ClearingSwitches,
    amount_rounding=st.sampled_from(["HALF_UP", "HALF_UP", "EXACT"]),
    settle_count=st.sampled_from(["COMPOSITE", "TRADING"]),
    max_amount=st.sampled_from([10**15, 10**18, 10**6]),
)


@settings(max_examples=200, deadline=None)
@given(rows=ROWS, switches=SWITCHES, house_calendar=st.sampled_from([None, "CLOSED_WEDNESDAYS"]))
def test_the_naive_house_gives_the_same_answers_and_bytes(
    rows: list[dict[str, str]], switches: ClearingSwitches, house_calendar: str | None
) -> None:
    configuration = house(switches, house_calendar)
    naive = NaiveHouse(configuration)
    answers = [naive.deliver(row) for row in rows]
    result = clear_trades(delivery(rows), configuration)

    refused = {one.row: one.reason for one in result.refusals}
    expected = {
        number: answer
        for number, answer in enumerate(answers, 1)
        if answer not in ("ACCEPTED", "DUPLICATE", "SUPERSEDED")
    }
    assert refused == expected
    assert result.delivery.duplicates == answers.count("DUPLICATE")
    assert result.delivery.in_force == len(naive.in_force)
    assert result.obligations.body.decode() == naive.body()


@settings(max_examples=50, deadline=None)
@given(rows=ROWS, seed=st.integers(0, 1000))
def test_the_order_of_trades_changes_no_row(rows: list[dict[str, str]], seed: int) -> None:
    """Without two contents under one identity, for those the first one counts (C7)."""
    distinct = list({(row["source"], row["trade_id"], row["version"]): row for row in rows}.values())
    shuffled = list(distinct)
    random.Random(seed).shuffle(shuffled)
    first, second = (clear_trades(delivery(one), house()) for one in (distinct, shuffled))
    assert first.obligations.content == second.obligations.content
    assert first.positions == second.positions
    assert first.delivery == second.delivery


def test_a_thousand_random_trades_sum_to_zero_per_instrument_and_currency() -> None:
    result = clear_trades(delivery(random_rows(1000)), house())
    per_isin: dict[str, int] = {}
    per_ccy: dict[str, int] = {}
    for row in result.obligations.rows:
        per_isin[row.isin] = per_isin.get(row.isin, 0) + row.signed_quantity
        per_ccy[row.ccy] = per_ccy.get(row.ccy, 0) + row.signed_amount
    assert len(per_isin) == 4
    assert set(per_isin.values()) == set(per_ccy.values()) == {0}


def random_rows(count: int) -> list[dict[str, str]]:
    chance = np.random.default_rng(7)
    rows = []
    for number in range(count):
        buyer, seller = chance.choice(["A", "B", "C"], 2, replace=False)
        instrument = str(chance.choice(["ACME", "GLOBEX", "COIN", "SAKE"]))
        rows.append(
            {
                "trade_id": str(number), "source": "X", "version": "1", "trade_date": "2026-10-08",
                "instrument": instrument, "price": f"{chance.integers(1, 10**6) / 100:.2f}",
                "quantity": str(chance.integers(1, 5000)), "currency": "",
                "buyer_member": str(buyer), "buyer_account": "HOUS",
                "seller_member": str(seller), "seller_account": "CLIE",
            }
        )  # fmt: skip
    return rows
