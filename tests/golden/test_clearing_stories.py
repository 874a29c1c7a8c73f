"""The golden stories of the clearing house: their files are what they were, and their numbers are right.

The files are pinned byte for byte (`python -m tests.golden.stories` writes them anew). What the reference
says of T7, T8 and T9, and what the five days come to, is worked out by hand below.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from novate.app.conform import Verdict, conform_files
from novate.app.conform_clearing import ClearingPlayer, read_clearing_scenarios
from novate.reports.figures import DASH
from tests.conformance.margin_files import root_of
from tests.golden.stories import FOLDER, NAMES, golden_files
from tests.unit.reports.test_beancount import errors_of

Json = dict[str, Any]


def test_every_file_of_the_folder_belongs_to_a_story() -> None:
    expected = {f"{name}.{kind}" for name in NAMES for kind in ("jsonl", "txt", "beancount")}
    assert {path.name for path in FOLDER.iterdir()} == expected


@pytest.mark.parametrize("name", NAMES)
def test_a_story_is_what_it_was(name: str) -> None:
    for path, text in golden_files(name):
        assert path.read_text() == text, f"{path.name}: see python -m tests.golden.stories"


def test_the_real_house_answers_what_the_scenarios_expect() -> None:
    result = conform_files([FOLDER])
    failed = [outcome.difference for outcome in result.outcomes if outcome.verdict != Verdict.PASSED]
    assert not failed, str(failed[0])
    assert len(result.outcomes) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_beancount_computes_the_balances_of_the_story(name: str) -> None:
    text = (FOLDER / f"{name}.beancount").read_text()
    assert errors_of(text) == []
    found: dict[tuple[str, str], str] = {}
    for line in text.splitlines():
        words = line.split()
        if words[1:2] == ["balance"]:
            root, *party, book, asset = words[2].split(":")
            if book in ("Holdings", "Cash") and root == "Liabilities":
                found["/".join(party), asset] = words[3].replace("-", "")
    assert {key: n for key, n in found.items() if float(n)} == last_balances(name)


def last_balances(name: str) -> dict[tuple[str, str], str]:
    """The last table of balances in a story, of members alone and without dashes."""
    lines = (FOLDER / f"{name}.txt").read_text().splitlines()
    start = max(at for at, line in enumerate(lines) if line.startswith("balances"))
    assets = lines[start].split()[1:]
    found: dict[tuple[str, str], str] = {}
    for line in lines[start + 1 :]:
        party, *cells = line.split()
        if party == "sum":
            break
        if party not in ("CCP/OWN", "WORLD/EXT"):
            shown = ((asset, cell) for asset, cell in zip(assets, cells, strict=True) if cell != DASH)
            found |= {(party, asset): cell.replace(",", "") for asset, cell in shown}
    return found


def steps_of(name: str) -> list[Json]:
    return [json.loads(line) for line in (FOLDER / f"{name}.jsonl").read_text().splitlines()[1:]]


def events_of(name: str, kind: str) -> list[Json]:
    return [event for step in steps_of(name) for event in step["expect"] if event["ev"] == kind]


def nets_of(name: str, day: str) -> dict[str, tuple[int, int]]:
    """Member -> signed quantity and money of its obligation of a day."""
    signs = {"RECE": 1, "DELI": -1, "NONE": 0, "CRDT": 1, "DEBT": -1}
    return {
        row["member"]: (signs[row["movement"]] * row["quantity"], signs[row["pay"]] * row["amount_minor"])
        for row in events_of(name, "OBLIGATION")
        if row["settle_date"] == day
    }


def test_t7_the_ring_leaves_60_of_210_and_the_equal_ring_nothing() -> None:
    first, second = events_of("t7_rings", "CYCLE")
    assert (first["gross_pay"], first["net_pay"]) == (210_00, 60_00)
    assert nets_of("t7_rings", "2026-03-03") == {"A": (60, -60_00), "B": (-30, 30_00), "C": (-30, 30_00)}
    assert (second["gross_pay"], second["net_pay"], second["rows"]) == (300_00, 0, 0)
    assert nets_of("t7_rings", "2026-03-04") == {}


@pytest.mark.parametrize(
    ("day", "nets", "payments"),
    [
        ("2026-03-03", [-65, -50, -49, -10, 75, 99], 4),
        ("2026-03-04", [-60, 30, 30], 2),
        ("2026-03-05", [-7, -5, -1, 1, 5, 7], 3),
        ("2026-03-06", [-5, -2, 3, 4], 3),
    ],
)
def test_t8_the_fewest_payments_of_the_reference(day: str, nets: list[int], payments: int) -> None:
    found = nets_of("t8_minimum_payments", day)
    assert sorted(money for _, money in found.values()) == nets
    story = (FOLDER / "t8_minimum_payments.txt").read_text()
    said = story[story.index(f"cycle {day}/N1") :].splitlines()[2]
    assert said == (
        f"    without the house {payments} payments in JPY would do, the fewest possible; with it {len(nets)}"
    )


def test_t8_the_payments_of_the_story_settle_the_nets() -> None:
    lines = (FOLDER / "t8_minimum_payments.txt").read_text().splitlines()
    for day in ("2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"):
        at = next(n for n, line in enumerate(lines) if f"cycle {day}/N1" in line) + 3
        paid = dict.fromkeys(nets_of("t8_minimum_payments", day), 0)
        while lines[at]:
            payer, _, amount, _, _, receiver = lines[at].split()
            paid[payer.partition("/")[0]] -= int(amount)
            paid[receiver.partition("/")[0]] += int(amount)
            at += 1
        assert paid == {member: money for member, (_, money) in nets_of("t8_minimum_payments", day).items()}


def test_t9_the_fail_is_carried_marked_and_netted_away() -> None:
    name = "t9_cns_with_a_fail"
    assert nets_of(name, "2026-03-03") == {"A": (-70, 685_00), "B": (40, -340_00), "C": (30, -345_00)}
    received = [(one["member"], one["qty"], one["left"]) for one in events_of(name, "RECEIVED")]
    assert received == [("B", 40, 0), ("C", 10, 20), ("C", 20, 0)]
    marked = [(one["member"], one["qty"], one["paid"]) for one in events_of(name, "MARKED")]
    assert marked[2:] == [("A", -20, -20_00), ("C", 20, 20_00)], "from 11 to 12"
    assert nets_of(name, "2026-03-05") == {"C": (20, -240_00), "D": (-20, 240_00)}, "nothing is left of A"
    assert events_of(name, "BUYIN_ELIGIBLE") == []


def test_five_days_have_everything_that_their_title_promises() -> None:
    name = "five_days"
    steps = steps_of(name)
    trades = [step for step in steps if step["cmd"] == "TRADE"]
    assert len({step["trade_date"] for step in trades}) == 5
    (refused,) = events_of(name, "REJECTED")
    assert (refused["cmd"], refused["reason"]) == ("ROLL", "NOT_BUSINESS_DAY"), "the holiday"
    shorts = {one["member"] for one in events_of(name, "FAILED") if one["qty"] < 0}
    assert shorts == {"ALFA", "DELTA"}, "two fails"
    assert events_of(name, "DELIVERED")[0]["left"] == 100, "a partial"
    operations = [leg["op"] for leg in events_of(name, "LEG")]
    assert operations.count("REMOVE") == operations.count("REVERSE") == 2, "amended before and after netting"
    (bought,) = events_of(name, "BOUGHT_IN")
    assert (bought["qty"], bought["cost"], bought["amount"]) == (100, 2_800_00, -2_700_00)
    (charge,) = events_of(name, "BUYIN_CHARGE")
    assert charge["amount"] == -100_00
    assert len(events_of(name, "SPLIT_APPLIED")) == 1
    assert [one["amount"] for one in events_of(name, "CLAIM_PAID")] == [-25_00, 25_00]


def test_five_days_come_to_what_they_come_to_by_hand() -> None:
    """Cash: deposits, trades, marks from 50 to 52 to 54, charges, the dividend, the buy-in."""
    carried = 52_00 * 100 - 50_00 * 100, 54_00 * 70 - (5_200_00 - 1_590_00)
    charges = 52 + 52 + 38 + 38
    alfa = 15_000_00 - sum(carried) - charges + 1_080_00 - 100_00
    client = 50_000_00 - 25_00 + 100_00 + 26 + 27 + 27 - 2_700_00
    corto = 50_000_00 - 6_000_00 + 500_00 + 4_000_00 + 2_100_00 - 25_00 - 430_00
    delta = 50_000_00 - 4_000_00 + 25_00 - 26 + 2_600_00 - 2_100_00 + 25_00 + 430_00 + 220_00
    found = last_balances("five_days")
    minor = {party: int(n.replace(".", "")) for (party, asset), n in found.items() if asset == "USD"}
    assert minor["ALFA/HOUS"] == alfa == 15_608_20
    assert minor["BRAVO/CLIE"] == client == 47_375_80
    assert minor["CORTO/HOUS"] == corto == 50_145_00
    assert minor["DELTA/HOUS"] == delta == 47_199_74
    # What members put in, less what the buy-in cost, less two roundings of charges that the house keeps.
    assert sum(minor.values()) == 200_000_00 - 2_800_00 - 2
    held = {key: int(n) for key, n in found.items() if key[1] != "USD"}
    assert held["BRAVO/HOUS", "ACME"] == 2 * (180 + 10 + 50) + 40
    assert held["CORTO/HOUS", "ACME"] == 2 * (120 - 10)
    assert held["BRAVO/CLIE", "ACME"] == 100
    assert held["DELTA/HOUS", "BOLT"] == 200 + 100 - 20 - 10


def test_margin_days_have_everything_that_their_title_promises() -> None:
    name = "margin_days"
    prices = {one["price"] for one in events_of(name, "PRICE_SETTLED") if one["isin"] == "NXH6"}
    assert len(prices) == 6, "five closes and one within the day"
    calls = events_of(name, "CALL")
    ends = {one["call"]: one["reason"] for one in events_of(name, "CALL_CLOSED")}
    assert [one["member"] for one in calls] == ["ALFA", "CORTO"]
    assert ends == {1: "MET", 2: "OVERDUE"}
    assert [one["member"] for one in events_of(name, "DEFAULTED")] == ["CORTO"]
    layers = [one["layer"] for one in events_of(name, "LOSS_COVERED")]
    assert layers == [
        "DEFAULTER_COLLATERAL", "DEFAULTER_CONTRIBUTION", "HOUSE", *["SURVIVOR_CONTRIBUTIONS"] * 3,
    ]  # fmt: skip
    closes = events_of(name, "DAY_CLOSED")
    assert len(closes) == 5
    for one in closes:
        for sums in (*one["securities"], *one["cash"]):
            assert sum(sums[1:4]) == 0, "members, house and world"
    variation = [one["amount"] for one in events_of(name, "VARIATION")]
    assert sum(variation) == 0, "what one pays another receives"


def test_margin_days_come_to_what_they_come_to_by_hand() -> None:
    """CORTO bought 30 at 5,010 and was closed out at 4,750 and 4,740: what it could not pay is the loss."""
    name = "margin_days"
    lost = 20 * 20 * (5010 - 4750) + 10 * 20 * (5010 - 4740)
    (ended,) = events_of(name, "LOSS_ALLOCATED")
    assert ended["loss"] == (lost - 40_000) * 100 == 118_000_00
    paid = [(one["member"], one["amount"]) for one in events_of(name, "LOSS_COVERED")]
    left = 118_000_00 - 75_000_00 - 15_000_00 - 20_000_00
    thirds = [left * part // 60 for part in (20, 15, 25)]
    assert paid[:3] == [("CORTO", 75_000_00), ("CORTO", 15_000_00), ("CCP", 20_000_00)]
    assert paid[3:] == [("ALFA", thirds[0] + 1), ("BRAVO", thirds[1]), ("DELTA", thirds[2])], "rest in order"
    found = last_balances(name)
    minor = {party: int(n.replace(".", "")) for (party, asset), n in found.items() if asset == "USD"}
    # 20 bought at 5,000 expire at 4,850; the client kept the premium of 10 calls at 60 that expire worthless.
    assert minor["ALFA/HOUS"] == 80_000_00 - 20 * 20 * 150_00
    assert minor["ALFA/CLIE"] == 20_000_00 + 10 * 20 * 60_00
    assert (
        minor["BRAVO/HOUS"] == 60_000_00 + 20 * 20 * 150_00 - 10 * 20 * 60_00 + 10 * 20 * (4850 - 4740) * 100
    )
    assert minor["DELTA/HOUS"] == 50_000_00 + 30 * 20 * 160_00 + 20 * 20 * (4850 - 4750) * 100
    assert "CCP/OWN" not in minor, "the house has neither won nor lost but its own layer"


def test_margin_days_replay_to_one_root_in_any_batches() -> None:
    path = FOLDER / "margin_days.jsonl"
    (scenario,) = read_clearing_scenarios(path)
    player = ClearingPlayer(scenario.terms)
    for step in scenario.steps:
        player.answer(step.command)
    root = player.house.state_root().hex()
    assert root_of(path) == root_of(path, room=1) == root
