"""The fewest payments without a house: worked tests, all partitions up to seven parties, properties."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from novate.app.clear import clear_file
from novate.app.cli import execute
from novate.reports.minimum_payments import BalancesError, MinimumPayments, minimum_payments
from tests.unit.clearing.test_clear_file import GOOD, HEADER


def solve(amounts: list[int]) -> MinimumPayments:
    return minimum_payments((f"P{place:04d}", amount) for place, amount in enumerate(amounts))


def left_over(amounts: list[int], result: MinimumPayments) -> list[int]:
    """Balances after the payments; a payer that pays brings its debt nearer to zero."""
    balances = {f"P{place:04d}": amount for place, amount in enumerate(amounts)}
    for payment in result.payments:
        assert payment.amount_minor > 0
        assert balances[payment.payer] + payment.amount_minor <= 0
        balances[payment.payer] += payment.amount_minor
        balances[payment.receiver] -= payment.amount_minor
    return [amount for amount in balances.values() if amount]


def partitions(items: list[int]) -> Iterator[list[list[int]]]:
    """Every way to put the items into groups."""
    if not items:
        yield []
        return
    for groups in partitions(items[1:]):
        yield [[items[0]], *groups]
        for place, group in enumerate(groups):
            yield [*groups[:place], [items[0], *group], *groups[place + 1 :]]


def fewest_by_all_partitions(amounts: list[int]) -> int:
    owed = [amount for amount in amounts if amount]
    zero_sum = (groups for groups in partitions(owed) if not any(map(sum, groups)))
    return len(owed) - max(len(groups) for groups in zero_sum)


@pytest.mark.parametrize(
    ("amounts", "fewest"),
    [
        ([-10, -49, -50, -65, 75, 99], 4),
        ([-60, 30, 30], 2),
        ([-5, 5, -7, 7, -1, 1], 3),
        ([3, 4, -5, -2], 3),
        ([], 0),
        ([0, 0], 0),
    ],
)
def test_worked_examples(amounts: list[int], fewest: int) -> None:
    result = solve(amounts)
    assert (len(result.payments), result.at_least, result.is_minimal) == (fewest, fewest, True)
    assert left_over(amounts, result) == []


@pytest.mark.parametrize("seed", range(150))
def test_up_to_seven_parties_no_partition_does_better(seed: int) -> None:
    chance = random.Random(seed)
    amounts = [chance.randint(-6, 6) for _ in range(chance.randint(1, 6))]
    amounts.append(-sum(amounts))
    result = solve(amounts)
    assert len(result.payments) == result.at_least == fewest_by_all_partitions(amounts)
    assert left_over(amounts, result) == []


def test_twenty_parties_are_exact() -> None:
    """Five groups of four, built so that no pair, no triple and no smaller set sums to zero."""
    amounts = []
    for group in range(5):
        scale = 1_000 ** (group + 1)
        amounts += [7 * scale, 11 * scale, -13 * scale, -5 * scale]
    result = solve(amounts)
    assert (result.parties, len(result.payments), result.is_minimal) == (20, 15, True)
    assert left_over(amounts, result) == []


@pytest.mark.parametrize("parties", [3, 11, 20])
def test_balances_that_cannot_be_parted_need_one_payment_less_than_parties(parties: int) -> None:
    amounts = [2**place for place in range(parties - 1)]
    amounts.append(-sum(amounts))
    result = solve(amounts)
    assert (len(result.payments), result.is_minimal) == (parties - 1, True)


@pytest.mark.parametrize("seed", range(6))
def test_beyond_twenty_parties_the_bound_holds(seed: int) -> None:
    chance = random.Random(seed)
    amounts = [chance.choice((-1, 1)) * chance.randint(1, 10**6) for _ in range(chance.randint(30, 120))]
    amounts.append(-sum(amounts))
    result = solve(amounts)
    assert left_over(amounts, result) == []
    assert result.at_least <= len(result.payments) <= result.parties - 1
    assert result.is_minimal == (len(result.payments) == result.at_least)


def test_beyond_twenty_parties_pairs_and_triples_are_found() -> None:
    amounts = [amount for unit in range(1, 31) for amount in (10**6 + unit, -(10**6) - unit)]
    assert (len(solve(amounts).payments), solve(amounts).is_minimal) == (30, True)
    amounts = [amount for unit in range(8) for amount in (3 * 8**unit, 4 * 8**unit, -7 * 8**unit)]
    assert (len(solve(amounts).payments), solve(amounts).at_least) == (16, 16)


def test_the_order_of_the_balances_does_not_matter() -> None:
    chance = random.Random(3)
    entries = [(f"P{place}", chance.randint(-50, 50)) for place in range(14)]
    entries.append(("Z", -sum(amount for _, amount in entries)))
    assert minimum_payments(entries) == minimum_payments(chance.sample(entries, len(entries)))


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([("A", 1), ("B", 1)], "sum to 0, was a sum of 2"),
        ([("A", 1), ("A", -1)], "each party once, was A twice"),
        ([("A", 2**63), ("B", -(2**63))], "in all, were larger"),
        ([(f"P{n}", 1) for n in range(2000)] + [("Z", -2000)], "at most 2,000 parties"),
    ],
)
def test_what_cannot_be_settled_is_refused(entries: list[tuple[str, int]], said: str) -> None:
    with pytest.raises(BalancesError, match=said):
        minimum_payments(entries)


def test_the_command_reads_balances(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "nets.csv"
    path.write_text("party,amount_minor\nA,-10\nB,-49\nC,-50\nD,-65\nE,75\nF,99\n")
    assert execute(["clearing", "minimum-payments", str(path)]) == 0
    shown = capsys.readouterr().out
    assert "4 payments among the parties; with the house in the middle 6" in shown
    assert "6 parties, 4 payments, proven minimal" in shown
    assert execute(["clearing", "minimum-payments", str(path), "--json"]) == 0
    (group,) = json.loads(capsys.readouterr().out)["groups"]
    paid = {(one["payer"], one["receiver"]): one["amount_minor"] for one in group["result"]["payments"]}
    assert paid == {("A", "E"): 10, ("D", "E"): 65, ("B", "F"): 49, ("C", "F"): 50}


def test_the_commands_read_an_obligation_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "trades.csv").write_text("\n".join([HEADER, *GOOD]) + "\n")
    clear_file(tmp_path / "trades.csv", tmp_path / "out", adopt=True, settle_days=1)
    path = str(tmp_path / "out" / "obligations.csv")
    assert execute(["clearing", "minimum-payments", path, "--json"]) == 0
    jpy, usd = json.loads(capsys.readouterr().out)["groups"]
    assert (jpy["settle_date"], jpy["ccy"], jpy["digits"]) == ("2026-03-03", "JPY", 0)
    assert [len(one["result"]["payments"]) for one in (jpy, usd)] == [1, 2]
    messages = tmp_path / "messages"
    assert execute(["clearing", "iso20022", path, "--out", str(messages)]) == 0
    assert len(list((messages / "secl.010").glob("*.xml"))) == 3
    assert len(list((messages / "sese.023").glob("*.xml"))) == 5
    assert execute(["clearing", "iso20022", path, "--out", str(messages)]) == 1
    assert "expected an empty directory" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("party,amount_minor\nA,1\nB,2\n", "expected balances that sum to 0, was a sum of 3"),
        ("party,amount_minor\nA,1.5\n", 'line 2: amount_minor: expected a whole number, was "1.5"'),
        ("party,amount_minor\nA,1\nA,-1\n", "line 3: expected each party once, was A twice"),
        ("party,amount_minor\nA,1,2\n", "line 2: expected one field per column"),
        ("name,amount\nA,1\n", "expected an obligation file, or the columns party, amount_minor"),
        ("", "was nothing"),
        ("party,ccy,amount_minor\nA,USD,1\nB,EUR,-1\n", "EUR: expected balances that sum to 0"),
    ],
)
def test_the_command_says_what_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
) -> None:
    path = tmp_path / "nets.csv"
    path.write_text(text)
    assert execute(["clearing", "minimum-payments", str(path)]) == 1
    assert said.lower() in capsys.readouterr().err.lower()
