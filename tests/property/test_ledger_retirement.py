"""Retired transfers change no answer, whenever they retire: flows give what the naive ledger gives (L30).

flow --retire() here and there, into an archive--> every answer, every root == naive ledger
"""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given

from novate.app.conform_ledger import LedgerRunner
from novate.clearing.ledger.archive import MemoryArchive
from novate.clearing.ledger.codes import Answer
from novate.clearing.ledger.ledger import Ledger
from tests.oracle.compare import Shelf
from tests.oracle.naive_ledger import NaiveLedger
from tests.property.campaign import campaign, explain, whole
from tests.property.flows import seeds
from tests.property.ledger_flows import ledger_flow_of

Json = dict[str, Any]
ROOT: Json = {"cmd": "ROOT"}
MOVE: Json = {
    "id": 1, "debit": 1, "credit": 2, "amount": 5, "pending_id": 0, "timeout": 0, "user_ref": 0, "ledger": 1,
    "code": 1, "flags": [],
}  # fmt: skip
RESERVED: list[Json] = [
    {"cmd": "LEDGER", "ledger": 1, "asset": "USD", "scale": 2},
    {
        "cmd": "ACCOUNTS",
        "accounts": [{"id": id, "user_ref": 0, "ledger": 1, "code": 1, "flags": []} for id in (1, 2)],
    },
    {
        "cmd": "TRANSFERS",
        "transfers": [MOVE, {**MOVE, "id": 2, "flags": ["pending"]}, {**MOVE, "id": 3}],
    },
]
"""A move, a reservation, a move."""


def retiring_runner(max_batch: int, archive: MemoryArchive | None = None) -> LedgerRunner:
    archive = MemoryArchive() if archive is None else archive
    return LedgerRunner(ledger=Ledger(max_batch, archive=archive))


@campaign(16)
@given(seed=seeds)
def test_every_answer_is_the_naive_one_whenever_transfers_retire(seed: int) -> None:
    def check(flow: Json) -> None:
        r, max_batch = Random(seed), flow["header"]["max_batch"]
        naive, real = NaiveLedger(max_batch), retiring_runner(max_batch)
        for command in (*flow["commands"], *lookups(flow)):
            expected, got = naive.answer(command), real.answer(command)
            assert got == expected, f"{command}: expected {expected}, was {got}"
            if r.random() < 0.4:
                real.ledger.retire()
                real.ledger.validate()
            assert real.answer(ROOT) == naive.answer(ROOT)

    explain(ledger_flow_of(seed), check)


def lookups(flow: Json) -> list[Json]:
    """Every id that the flow named, asked for at its end."""
    events = [event for one in flow["commands"] for event in one.get("transfers", [])]
    numbers = {event[name] for event in events for name in ("id", "pending_id") if event.get(name)}
    return [{"cmd": "LOOKUP", "id": number} for number in sorted(numbers)]


@campaign(8)
@given(seed=seeds, middle=whole)
def test_a_restored_ledger_takes_its_part_of_the_archive(seed: int, middle: int) -> None:
    """The archive has gone on after the snapshot, as it has after a crash."""

    def check(flow: Json) -> None:
        commands, r, shelf = flow["commands"], Random(seed), Shelf()
        at, archive = middle % len(commands), MemoryArchive()
        plain, first = (retiring_runner(flow["header"]["max_batch"], one) for one in (None, archive))
        for number, command in enumerate(commands):
            plain.answer(command)
            first.answer(command)
            if r.random() < 0.3:
                first.ledger.retire()
            if number == at:
                first.ledger.snapshot(shelf)
        second = retiring_runner(flow["header"]["max_batch"], archive)
        second.ledger.restore(shelf)
        assert len(archive) == second.ledger.retired
        second.ledger.validate()
        for command in commands[at + 1 :]:
            second.answer(command)
        for command in (*lookups(flow), ROOT):
            assert second.answer(command) == plain.answer(command), command

    explain(ledger_flow_of(seed), check)


def test_what_is_still_needed_stays() -> None:
    """A pending transfer keeps itself and everything behind it; its resolution lets all of them go."""
    runner = retiring_runner(100)
    for command in RESERVED:
        runner.answer(command)
    assert [runner.ledger.retire(), runner.ledger.retired] == [1, 1]
    runner.answer(
        {"cmd": "TRANSFERS", "transfers": [{**MOVE, "id": 4, "pending_id": 2, "flags": ["post_pending"]}]}
    )
    assert [runner.ledger.retire(), runner.ledger.retired, runner.ledger.stored] == [3, 4, 4]
    assert len(runner.ledger.state().transfers) == 1


def test_memory_follows_what_is_open() -> None:
    runner = retiring_runner(10_000)
    for command in RESERVED[:2]:
        runner.answer(command)
    sizes = []
    for day in range(4):
        first = 100 + 5_000 * day
        moves = [{**MOVE, "id": number} for number in range(first, first + 5_000)]
        assert {*runner.answer({"cmd": "TRANSFERS", "t": day + 1, "transfers": moves})["results"]} == {
            "created"
        }
        assert runner.ledger.retire() == 5_000
        sizes.append(runner.ledger.memory_bytes())
    assert sizes == [sizes[0]] * 4
    assert sizes[0] < 10_000


def test_a_ledger_without_an_archive_cannot_retire() -> None:
    with pytest.raises(ValueError, match="Expected an archive to retire transfers to"):
        Ledger().retire()


def test_a_snapshot_needs_its_archive() -> None:
    archive, shelf = MemoryArchive(), Shelf()
    runner = retiring_runner(100, archive)
    for command in RESERVED:
        runner.answer(command)
    runner.ledger.retire()
    runner.ledger.snapshot(shelf)
    with pytest.raises(ValueError, match="Expected an archive of 1 transfers, was none"):
        Ledger().restore(shelf)
    with pytest.raises(ValueError, match="Expected an archive of at least 1 transfers, was 0"):
        Ledger(archive=MemoryArchive()).restore(shelf)
    assert runner.ledger.lookup(99) is Answer.TRANSFER_NOT_FOUND
