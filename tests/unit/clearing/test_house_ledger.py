"""What a house does stands in its ledger: reasons, references, and what moves together or not at all."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from novate.app.conform_clearing import ClearingPlayer
from novate.clearing.chart import BalanceBook, Chart, MoveReason, OwnerKind, account_code, place_of
from novate.clearing.ledger.codes import Answer, TransferFlag, TransferStatus
from novate.clearing.ledger.queries import StoredTransfer
from tests.unit.clearing.houses import TRADE, player

Json = dict[str, Any]
PAGE = Path(__file__).resolve().parents[3] / "docs" / "chart-of-accounts.md"
DEPOSITS: list[Json] = [
    {"cmd": "DEPOSIT", "member": "A", "account": "HOUS", "isin": "ACME", "qty": 5},
    {"cmd": "DEPOSIT", "member": "B", "account": "HOUS", "ccy": "USD", "amount": 10_000},
]
ROLL: Json = {"cmd": "ROLL", "to": "2026-03-03"}
NEXT: Json = {"cmd": "ROLL", "to": "2026-03-04"}
Move = tuple[str, str, str, int]
"""(reason, giver, taker, amount)."""


def settled(policy: str, *commands: Json) -> ClearingPlayer:
    """A house of one policy after a trade of 5 for 52.50, deposits, and a settlement."""
    house = player(instruments={"ACME": {"ccy": "USD", "policy": policy}})
    for command in commands or (*DEPOSITS, TRADE, ROLL, {"cmd": "SETTLE"}):
        house.answer(command)
    house.house.validate()
    return house


def transfers_of(house: ClearingPlayer) -> list[StoredTransfer]:
    found = [house.house.ledger.lookup(number) for number in range(1, house.house.ledger.stored + 1)]
    assert not any(isinstance(one, Answer) for one in found)
    return found  # type: ignore[return-value]


def chains_of(house: ClearingPlayer) -> list[list[Move]]:
    """Moves that stand or fall together."""
    chains: list[list[Move]] = [[]]
    for one in transfers_of(house):
        parties = house.house.terms.parties
        giver, taker = ("/".join(parties[place_of(account).party]) for account in (one.debit, one.credit))
        what = "" if not one.flags & ~TransferFlag.LINKED else f" {(one.flags & ~TransferFlag.LINKED).name}"
        chains[-1].append((MoveReason(one.code).name + what, giver, taker, one.amount))
        if not one.flags & TransferFlag.LINKED:
            chains.append([])
    return chains[:-1]


def test_model_1_moves_securities_and_price_together() -> None:
    house = settled("GROSS_GROSS")
    assert chains_of(house)[2:] == [
        [("DELIVERY", "A/HOUS", "B/HOUS", 5), ("PRICE", "B/HOUS", "A/HOUS", 5250)],
    ]
    assert [one.user_ref for one in transfers_of(house)] == [0, 0, 0, 0], "the first trade"


def test_model_2_moves_all_chosen_trades_and_all_funds_together() -> None:
    trades = [{**TRADE, "trade_id": name, "qty": 2} for name in ("t1", "t2")]
    house = settled("GROSS_NET", *DEPOSITS, *trades, ROLL, {"cmd": "SETTLE"})
    assert chains_of(house)[2:] == [
        [
            ("DELIVERY", "A/HOUS", "B/HOUS", 2),
            ("DELIVERY", "A/HOUS", "B/HOUS", 2),
            ("FUNDS", "CCP/OWN", "A/HOUS", 4200),
            ("FUNDS", "B/HOUS", "CCP/OWN", 4200),
        ]
    ]
    assert [one.user_ref for one in transfers_of(house)[2:]] == [0, 1, 1, 1], "trades, then the run"


def test_model_3_reserves_and_then_posts_all() -> None:
    house = settled("NET_NET")
    assert chains_of(house)[2:] == [
        [("DELIVERY PENDING", "A/HOUS", "CCP/OWN", 5), ("FUNDS PENDING", "B/HOUS", "CCP/OWN", 5250)],
        [
            ("DELIVERY POST_PENDING", "A/HOUS", "CCP/OWN", 5),
            ("RECEIPT", "CCP/OWN", "B/HOUS", 5),
            ("FUNDS", "CCP/OWN", "A/HOUS", 5250),
            ("FUNDS POST_PENDING", "B/HOUS", "CCP/OWN", 5250),
        ],
    ]


@pytest.mark.parametrize(
    ("deposit", "reserved"),
    [
        (DEPOSITS[0], ("DELIVERY", "A/HOUS", "CCP/OWN", 5)),
        (DEPOSITS[1], ("FUNDS", "B/HOUS", "CCP/OWN", 5250)),
    ],
)
def test_model_3_voids_what_was_reserved_when_something_is_missing(deposit: Json, reserved: Move) -> None:
    house = settled("NET_NET", deposit, TRADE, ROLL, {"cmd": "SETTLE"})
    reason, *rest = reserved
    assert chains_of(house)[1:] == [[(f"{reason} PENDING", *rest)], [(f"{reason} VOID_PENDING", *rest)]]
    assert transfers_of(house)[1].status is TransferStatus.VOIDED


def test_cns_moves_securities_with_what_is_due_for_them() -> None:
    house = settled("CNS", *DEPOSITS, TRADE, ROLL, {"cmd": "SETTLE"}, NEXT)
    assert chains_of(house)[2:] == [
        [("DELIVERY", "A/HOUS", "CCP/OWN", 5), ("CONSIDERATION", "CCP/OWN", "A/HOUS", 5250)],
        [("RECEIPT", "CCP/OWN", "B/HOUS", 5), ("CONSIDERATION", "B/HOUS", "CCP/OWN", 5250)],
        [("MONEY", "CCP/OWN", "A/HOUS", 5250), ("MONEY", "A/HOUS", "CCP/OWN", 5250)],
        [("MONEY", "B/HOUS", "CCP/OWN", 5250), ("MONEY", "CCP/OWN", "B/HOUS", 5250)],
    ]
    books = [place_of(one.debit).book.name for one in transfers_of(house)[-4:]]
    assert books == ["CASH", "DUE", "CASH", "DUE"]


def test_a_transfer_is_dated_by_the_business_date_of_its_move() -> None:
    """What closes a day is dated that day, what opens the next one is dated the next."""
    split: Json = {"cmd": "SPLIT", "ca_id": "s", "isin": "ACME", "ex_date": "2026-03-03", "new": 2, "old": 1}
    arrears = {**TRADE, "seller": ["A", "HOUS"]}
    house = settled("CNS", DEPOSITS[0], split, arrears, {**ROLL})
    days = {MoveReason(one.code).name: one.time - house.house.terms.start for one in transfers_of(house)}
    assert days == {"DEPOSIT": 0, "SPLIT": 1}


def test_every_account_of_a_party_has_its_code_and_limit() -> None:
    chart = Chart(player().house.terms)
    client, house, *_, ccp, world = range(6)
    assert [chart.owner(party) for party in (client, house, ccp, world)] == [
        OwnerKind.CLIENT, OwnerKind.HOUSE, OwnerKind.CCP_OWN, OwnerKind.WORLD,
    ]  # fmt: skip
    limits = [
        [bool(chart.flags(book, party)) for party in (client, house, ccp, world)] for book in BalanceBook
    ]
    assert limits == [[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0], [1, 1, 0, 0]]


def test_the_page_of_the_chart_has_every_code() -> None:
    text = PAGE.read_text()
    reasons = dict(re.findall(r"^\| (\d+) \| ([A-Z_]+) \|", text, re.MULTILINE))
    assert reasons == {str(int(one)): one.name for one in MoveReason}
    (heads,) = re.findall(r"^\| book \| (.*) \|$", text, re.MULTILINE)
    kinds = [OwnerKind[name] for name in heads.split(" | ")]
    assert kinds == list(OwnerKind)
    for book in BalanceBook:
        (line,) = re.findall(rf"^\| {book.name}.*$", text, re.MULTILINE)
        assert re.findall(r"\d+", line) == [str(account_code(book, kind)) for kind in kinds]
