"""Random requests: the kernel is the naive ledger, however requests are cut, saved, or interpreted (L34)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given

from novate.app.conform_ledger import LedgerRunner
from novate.clearing.ledger.codes import AccountResult, TransferResult
from novate.clearing.ledger.ledger import Ledger
from tests.oracle.compare import Shelf
from tests.oracle.interpreted_ledger import InterpretedLedger, answers_of
from tests.oracle.naive_ledger import NaiveLedger
from tests.property.campaign import campaign, explain, whole
from tests.property.flows import seeds
from tests.property.ledger_flows import ledger_flow_of

Json = dict[str, Any]
ROOT = {"cmd": "ROOT"}


@pytest.fixture(scope="module")
def interpreted_ledger() -> Iterator[InterpretedLedger]:
    worker = InterpretedLedger()
    yield worker
    worker.close()


def snapshot_of(ledger: Ledger) -> dict[str, bytes]:
    shelf = Shelf()
    ledger.snapshot(shelf)
    return {name: array.tobytes() for name, array in shelf.arrays.items()}


def check_against_naive(flow: Json) -> None:
    naive, real = NaiveLedger(flow["header"]["max_batch"]), LedgerRunner(flow["header"]["max_batch"])
    for number, command in enumerate(flow["commands"]):
        expected, got = naive.answer(command), real.answer(command)
        assert got == expected, f"command {number} {command}: expected {expected}, was {got}"
        expected, got = naive.answer(ROOT), real.answer(ROOT)
        assert got == expected, f"root after command {number} {command}"


@campaign(120)
@given(seed=seeds)
def test_every_answer_and_every_root_is_the_naive_one(seed: int) -> None:
    explain(ledger_flow_of(seed), check_against_naive)


def pieces_of(command: Json) -> list[Json]:
    """A request of transfers cut behind every chain and single event; all pieces have its time."""
    pieces: list[Json] = []
    chain: list[Json] = []
    events = command["transfers"]
    for number, event in enumerate(events):
        chain.append(event)
        if "linked" not in event["flags"] or number == len(events) - 1:
            pieces.append({**command, "transfers": chain})
            chain = []
    return pieces or [command]


def joined(commands: list[Json]) -> list[Json]:
    """Requests of transfers that follow each other at the same time become one."""
    found: list[Json] = []
    now = 0
    for command in commands:
        is_later = command.get("t", 0) > now
        now = max(now, command.get("t", 0))
        last = found[-1] if found else {}
        both = command["cmd"] == last.get("cmd") == "TRANSFERS" and not is_later
        if both and not (last["transfers"] and "linked" in last["transfers"][-1]["flags"]):
            found[-1] = {**last, "transfers": last["transfers"] + command["transfers"]}
        else:
            found.append(command)
    return found


def results_of(runner: LedgerRunner, commands: list[Json]) -> list[str]:
    answers = [(command["cmd"], runner.answer(command)) for command in commands]
    return [result for cmd, answer in answers if cmd == "TRANSFERS" for result in answer["results"]]


@campaign(60)
@given(seed=seeds)
def test_any_cutting_of_requests_gives_the_same_results_and_bytes(seed: int) -> None:
    def check(flow: Json) -> None:
        commands = flow["commands"]
        plain, cut, long = LedgerRunner(), LedgerRunner(ledger=Ledger(hash_seed=seed)), LedgerRunner()
        expected = results_of(plain, commands)
        cuts = [p for c in commands for p in (pieces_of(c) if c["cmd"] == "TRANSFERS" else [c])]
        assert results_of(cut, cuts) == expected
        assert results_of(long, joined(commands)) == expected
        for other in (cut, long):
            assert other.ledger.root() == plain.ledger.root()
            assert snapshot_of(other.ledger) == snapshot_of(plain.ledger)

    explain(ledger_flow_of(seed), check)


@campaign(60)
@given(seed=seeds, middle=whole)
def test_a_restored_ledger_goes_on_as_if_nothing_had_happened(seed: int, middle: int) -> None:
    def check(flow: Json) -> None:
        commands = flow["commands"]
        at = middle % len(commands)
        first = LedgerRunner(flow["header"]["max_batch"])
        for command in commands[:at]:
            first.answer(command)
        shelf = Shelf()
        first.ledger.snapshot(shelf)
        second = LedgerRunner(flow["header"]["max_batch"])
        second.ledger.restore(shelf)
        second.ledger.validate()
        for command in (ROOT, *commands[at:], ROOT):
            assert second.answer(command) == first.answer(command), command
        assert snapshot_of(second.ledger) == snapshot_of(first.ledger)

    explain(ledger_flow_of(seed), check)


@campaign(25)
@given(seed=seeds)
def test_interpreted_kernels_answer_like_compiled_ones(
    interpreted_ledger: InterpretedLedger, seed: int
) -> None:
    flow = ledger_flow_of(seed)
    assert interpreted_ledger.run(flow) == answers_of(flow)


def test_many_transfers_grow_every_table() -> None:
    check_against_naive(ledger_flow_of(7, length=250))
    runner = LedgerRunner()
    for command in ledger_flow_of(7, length=250)["commands"]:
        runner.answer(command)
    s = runner.ledger.state()
    assert len(s.transfers) > 256
    assert len(s.id_index) > 512
    assert len(s.history) > 64


def test_flows_reach_every_rung_of_both_ladders() -> None:
    seen: dict[str, Counter[str]] = {"ACCOUNTS": Counter(), "TRANSFERS": Counter()}
    expired = 0
    for seed in range(250):
        naive = NaiveLedger()
        for command in ledger_flow_of(seed)["commands"]:
            answer = naive.answer(command)
            expired += len(answer.get("expired", []))
            if command["cmd"] in seen:
                seen[command["cmd"]].update(answer["results"])
    assert [r.name for r in AccountResult if not seen["ACCOUNTS"][r.name.lower()]] == []
    assert [r.name for r in TransferResult if not seen["TRANSFERS"][r.name.lower()]] == []
    assert expired > 100
