"""The ledger as beancount text: readable by a person, and accepted by beancount itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from novate.clearing.ledger.codes import LedgerResult, TransferFlag
from novate.clearing.ledger.layout import ACCOUNT_REQUEST
from novate.clearing.ledger.ledger import Ledger
from novate.reports.beancount import amount_text, beancount_lines, commodity_names, utc_day
from tests.property.ledger_flows import ledger_flow_of
from tests.unit.clearing.ledger.books import transfers

DAY = 86_400 * 10**9
MONDAY = 20_514 * DAY
CHART = {10: "Assets:Bank", 20: "Liabilities:Members"}
EXPECTED = """\
option "title" "Novate ledger"

2026-03-02 commodity USD
  asset: "USD"
  ledger: 1
  scale: 2

2026-03-02 open Assets:Bank:7 USD
  code: 10
2026-03-02 open Liabilities:Members:9 USD
  code: 20
2026-03-02 open Equity:Other:11 USD
  code: 30

2026-03-02 * "transfer 1" ^t1
  code: 1
  seq: 1
  time: 1772409600000000000
  Assets:Bank:7  100.05 USD
  Liabilities:Members:9  -100.05 USD

2026-03-03 * "transfer 3" ^t3 ^t2
  code: 1
  seq: 3
  time: 1772496000000000000
  Liabilities:Members:9  0.30 USD
  Equity:Other:11  -0.30 USD

2026-03-04 balance Assets:Bank:7 100.05 ~ 0 USD
2026-03-04 balance Liabilities:Members:9 -99.75 ~ 0 USD
2026-03-04 balance Equity:Other:11 -0.30 ~ 0 USD
"""


def opened(*codes: tuple[int, int]) -> Ledger:
    ledger = Ledger()
    ledger.open_ledger(1, "USD", 2, t=MONDAY)
    requests = np.zeros(len(codes), ACCOUNT_REQUEST)
    for row, (number, code) in enumerate(codes):
        requests[row] = (number, 0, 1, code, 0)
    ledger.accounts(requests)
    return ledger


def small_ledger() -> Ledger:
    """A deposit, a reservation of 0.50 of which 0.30 are taken, and one that is voided."""
    ledger = opened((7, 10), (9, 20), (11, 30))
    pending = TransferFlag.PENDING
    rows: list[dict[str, Any]] = [
        {"id": 1, "debit": 7, "credit": 9, "amount": 10_005},
        {"id": 2, "debit": 9, "credit": 11, "amount": 50, "flags": pending},
    ]
    assert not ledger.transfers(transfers(*rows)).any()
    later: list[dict[str, Any]] = [
        {"id": 3, "pending_id": 2, "amount": 30, "flags": TransferFlag.POST_PENDING},
        {"id": 4, "debit": 9, "credit": 11, "amount": 60, "flags": pending},
        {"id": 5, "pending_id": 4, "flags": TransferFlag.VOID_PENDING},
        {"id": 6, "debit": 9, "credit": 11, "amount": 70, "flags": pending},
    ]
    assert not ledger.transfers(transfers(*later), t=MONDAY + DAY).any()
    return ledger


def text_of(ledger: Ledger, **options: Any) -> str:
    return "".join(f"{line}\n" for line in beancount_lines(ledger, CHART, **options))


def errors_of(text: str) -> list[str]:
    """What beancount has to say against a file; skips the test, saying why, where it is not installed."""
    loader = pytest.importorskip("beancount.loader", reason="beancount (extra `dev`) is not installed")
    entries, errors, _ = loader.load_string(text)
    assert entries, "beancount found nothing to read"
    return [error.message for error in errors]


def test_a_small_ledger_can_be_read_by_a_person() -> None:
    assert text_of(small_ledger()) == EXPECTED


def test_beancount_accepts_a_small_ledger() -> None:
    assert errors_of(EXPECTED) == []


def test_beancount_finds_a_balance_that_is_wrong_by_one_minor_unit() -> None:
    (error,) = errors_of(EXPECTED.replace("-99.75 ~", "-99.76 ~"))
    assert "Balance failed for 'Liabilities:Members:9'" in error


def test_an_empty_ledger_has_its_commodities() -> None:
    ledger = opened()
    assert "2026-03-02 commodity USD" in text_of(ledger)
    assert errors_of(text_of(ledger)) == []


@pytest.mark.parametrize("seed", range(12))
def test_beancount_accepts_whatever_happened(seed: int) -> None:
    from novate.app.conform_ledger import LedgerRunner

    runner = LedgerRunner()
    for command in ledger_flow_of(seed)["commands"]:
        runner.answer(command)
    text = text_of(runner.ledger, day_of=lambda time: utc_day(MONDAY + time * DAY))
    assert errors_of(text) == []


def test_beancount_accepts_every_asset_and_scale() -> None:
    ledger = Ledger()
    assets = ["A", "C", "X", "Z9", "TRUE", "NULL", "ABC.", "A-", "A" * 24, "ISIN-US03.A_B", "ASSET-5", "BTC"]
    for number, asset in enumerate(assets, 1):
        assert ledger.open_ledger(number, asset, 18 if asset == "BTC" else 0) is LedgerResult.CREATED
    requests = np.zeros(2 * len(assets), ACCOUNT_REQUEST)
    for row in range(len(requests)):
        requests[row] = (row + 1, 0, row // 2 + 1, 10, 0)
    assert not ledger.accounts(requests).any()
    rows = [
        {"id": n, "debit": 2 * n - 1, "credit": 2 * n, "amount": 2**63 - 1, "ledger": n}
        for n in range(1, len(assets) + 1)
    ]
    assert not ledger.transfers(transfers(*rows)).any()
    text = text_of(ledger)
    assert "  Assets:Bank:23  9.223372036854775807 BTC" in text
    assert errors_of(text) == []


def test_commodities_that_beancount_cannot_read_get_a_name_of_their_own() -> None:
    assets = {1: "USD", 2: "ABC.", 3: "ASSET-2", 4: "TRUE"}
    assert commodity_names(assets) == {1: "USD", 2: "ASSET-2-0", 3: "ASSET-2", 4: "ASSET-4"}


@pytest.mark.parametrize(
    ("amount", "scale", "text"),
    [
        (5, 2, "0.05"),
        (-5, 2, "-0.05"),
        (-1005, 2, "-10.05"),
        (0, 2, "0.00"),
        (7, 0, "7"),
        (1, 18, "0." + "0" * 17 + "1"),
    ],
)
def test_minor_units_are_written_with_their_decimals(amount: int, scale: int, text: str) -> None:
    assert amount_text(amount, scale) == text


@pytest.mark.parametrize("group", ["Cash", "assets:Bank", "Assets:bank", "Assets:", "Assets:Bank\n2026", ""])
def test_a_group_that_is_no_account_is_an_error(group: str) -> None:
    with pytest.raises(ValueError, match="Expected a group of accounts such as Assets:Bank, was"):
        list(beancount_lines(opened(), {10: group}))
