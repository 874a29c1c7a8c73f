"""A house whose transfers retire to disk: same events, roots and balances; memory of what is open (L30)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from novate.app.conform_clearing import QUERIES
from novate.app.conform_clearing_commands import CommandWriter
from novate.app.conform_clearing_terms import house_terms
from novate.clearing.ledger.archive import Archive, MemoryArchive
from novate.clearing.ledger.layout import ARCHIVED
from novate.clearing.machine import Clearing
from novate.domain.clearing_records import Records, new_clearing_events
from novate.journal.rows import RowArchive
from novate.reports.house_accounts import house_lines
from tests.property.clearing_flows import clearing_flow_of
from tests.unit.clearing.houses import TRADE, Kept, player

FLOW = clearing_flow_of(11, 400)
TERMS = house_terms(FLOW["header"]["config"])


def on_disk(directory: Path) -> RowArchive:
    return RowArchive(directory, ARCHIVED, "id")


def commands() -> Records:
    writer = CommandWriter(TERMS)
    records = [writer.records(one) for one in FLOW["commands"] if one["cmd"] not in QUERIES]
    return np.concatenate(records)


def run(house: Clearing, records: Records) -> bytes:
    buffer = new_clearing_events(200_000)
    events = buffer[: house.apply(records, buffer)].tobytes()
    assert house.consumed == len(records)
    house.validate()
    return events


def test_a_house_with_an_archive_is_the_house_without(tmp_path: Path) -> None:
    archive = on_disk(tmp_path)
    plain, retiring = Clearing(TERMS), Clearing(TERMS, archive)
    assert run(retiring, commands()) == run(plain, commands())
    assert retiring.state_root() == plain.state_root()
    assert retiring.balances() == plain.balances()
    assert [*house_lines(retiring)] == [*house_lines(plain)]
    assert len(archive) > 200
    assert retiring.ledger.stored == plain.ledger.stored
    archive.close()


@pytest.mark.parametrize("part", [0.3, 0.7])
def test_a_restart_goes_on_with_its_part_of_the_archive(part: float, tmp_path: Path) -> None:
    """The process ends some days after the snapshot; the next one starts from it and replays the rest."""
    archive, records, kept = on_disk(tmp_path), commands(), Kept()
    at = int(part * len(records))
    first = Clearing(TERMS, archive)
    before = run(first, records[:at])
    first.snapshot(kept)
    after, root, retired = run(first, records[at:]), first.state_root(), len(archive)
    archive.close()
    archive = on_disk(tmp_path)
    second = Clearing(TERMS, archive)
    second.restore(kept)
    assert len(archive) < retired
    assert run(second, records[at:]) == after
    assert second.state_root() == root
    assert len(archive) == retired
    assert before
    archive.close()


def test_without_its_archive_a_snapshot_is_refused(tmp_path: Path) -> None:
    archive, kept = on_disk(tmp_path), Kept()
    house = Clearing(TERMS, archive)
    run(house, commands())
    house.snapshot(kept)
    rows = len(archive)
    archive.close()
    for other, message in (
        (None, f"Expected an archive of {rows} transfers, was none"),
        (MemoryArchive(), f"Expected an archive of at least {rows} transfers, was 0"),
    ):
        with pytest.raises(ValueError, match=message):
            Clearing(TERMS, other).restore(kept)


def test_settled_days_leave_no_transfer_in_memory() -> None:
    archive: Archive = MemoryArchive()
    found = player()
    found.house = Clearing(found.house.terms, archive)
    days = ["2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06", "2026-03-09", "2026-03-10"]
    found.answer({"cmd": "DEPOSIT", "member": "A", "account": "HOUS", "isin": "ACME", "qty": 500})
    found.answer({"cmd": "DEPOSIT", "member": "B", "account": "HOUS", "ccy": "USD", "amount": 10**6})
    sizes, today = [], "2026-03-02"
    for day in days:
        for number in range(20):
            found.answer({**TRADE, "trade_id": f"{day} {number}", "trade_date": today})
        found.answer({"cmd": "SETTLE"})
        found.answer({"cmd": "ROLL", "to": day})
        today = day
        sizes.append(len(found.house.ledger.state().transfers) - 1)
    assert sizes == [0] * len(days)
    assert len(archive) == found.house.ledger.stored > 20
    found.house.validate()
