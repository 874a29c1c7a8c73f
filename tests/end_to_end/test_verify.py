"""What `novate verify` must notice: any change of any file, named with its place."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from novate.app.cli import execute


def swap(pattern: str, replacement: str) -> Callable[[Path], None]:
    """Replace the first match in a text file."""

    def change(path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        changed = re.sub(pattern, replacement, text, count=1)
        assert changed != text
        path.write_text(changed, encoding="utf-8")

    return change


def one_event_less(path: Path) -> None:
    """Drop the last row."""
    table = pq.read_table(path)
    pq.write_table(table.slice(0, len(table) - 1), path)


def another_order_id(path: Path) -> None:
    """Change one number in the middle of the events."""
    table = pq.read_table(path)
    place = table.schema.get_field_index("order_id")
    ids = table.column(place)
    middle = pa.array([row == len(table) // 2 for row in range(len(table))])
    changed = pc.if_else(middle, 77, ids)
    pq.write_table(table.set_column(place, "order_id", changed), path)


CASES = {
    "a trade": ("trades.csv", swap(r",1,(\d{4})", r",2,\1"), r"trades\.csv: line 2: expected"),
    "an obligation": ("obligations.csv", swap("DELI", "RECE"), r"obligations\.csv: line \d+: expected"),
    "a reject": ("rejects.csv", swap("row", "Row"), r"rejects\.csv: expected SHA-256"),
    "the report": ("report.html", swap("trades became", "trades turned into"), r"report\.html: line \d+"),
    "an event": ("events.parquet", another_order_id, r"events\.parquet: row \d+ \(sequence "),
    "the last event": ("events.parquet", one_event_less, r"events\.parquet: row \d+ .* was nothing"),
    "the summary's root": (
        "summary.json", swap(r'"state_root": "[0-9a-f]{8}', '"state_root": "00000000'), r"\.json: state root"
    ),
    "the summary's members": ("summary.json", swap(r'"members": \d', '"members": 9'), r"\.json: members"),
    "the summary's legs": ("summary.json", swap(r'"legs": \d', '"legs": 99'), r"\.json: legs"),
    "the summary's name": ("summary.json", swap('"name": "N', '"name": "M'), r"\.json: name"),
    "the summary's date": (
        "summary.json", swap('"business_date": "2026', '"business_date": "2025'), r"\.json: business date"
    ),
    "the summary's records": (
        "summary.json", swap(r'"configuration": \d', '"configuration": 9'), r"\.json: configuration records"
    ),
    "the summary's orders": ("summary.json", swap(r'"orders": \d', '"orders": 9'), r"\.json: commands"),
    "a snapshot's root": (
        "summary.json",
        swap(r'("sequence": \d+,\s+"state_root": )"[0-9a-f]{8}', r'\1"00000000'),
        r"\.json: snapshots",
    ),
    "the size of the report": (
        "summary.json",
        swap(r'(report\.html": \{\s+"bytes": )\d', r"\g<1>99"),
        r"report\.html: expected 99\d+ bytes",
    ),
    "the size of the events": (
        "summary.json",
        swap(r'(events\.parquet": \{\s+"bytes": )\d', r"\g<1>99"),
        r"events\.parquet: expected 99\d+ bytes",
    ),
    "the summary's cash": (
        "summary.json", swap(r'"amount_minor": -?\d', '"amount_minor": 7'), r"summary\.json: cash"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_changed_output_is_named(day: Path, case: str, capsys: pytest.CaptureFixture[str]) -> None:
    name, change, message = CASES[case]
    change(day / name)
    assert execute(["verify", str(day), "--sample", "0"]) == 1
    assert re.search(message, capsys.readouterr().out)


@pytest.mark.parametrize(
    "name", ["trades.csv", "events.parquet", "obligations.csv", "rejects.csv", "report.html"]
)
def test_a_missing_output_is_named(day: Path, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    (day / name).unlink()
    assert execute(["verify", str(day), "--sample", "0"]) == 1
    assert f"{name}: expected a file" in capsys.readouterr().out


def test_outputs_without_a_summary_are_no_finished_run(day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (day / "summary.json").unlink()
    assert execute(["verify", str(day), "--sample", "0"]) == 1
    assert "summary.json: expected the summary" in capsys.readouterr().out


def test_a_snapshot_of_another_state_is_named(day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = sorted((day / "journal").glob("snapshot-*"))
    root_of_first = first.name.rpartition("-")[2]
    renamed = second.with_name(second.name.rpartition("-")[0] + "-" + root_of_first)
    second.rename(renamed)
    assert execute(["verify", str(day), "--sample", "0"]) == 1
    said = capsys.readouterr()
    assert renamed.name in said.out + said.err


def test_a_flipped_bit_in_the_journal_is_damage(day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    segment = next((day / "journal").glob("segment-*"))
    with segment.open("r+b") as file:
        file.seek(4096 + 64 + 1000)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 4]))
    assert execute(["verify", str(day)]) == 1
    assert segment.name in capsys.readouterr().err


def test_a_journal_from_a_newer_version_is_refused(day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    segment = next((day / "journal").glob("segment-*"))
    with segment.open("r+b") as file:
        file.seek(8)
        file.write((99).to_bytes(4, "little"))
    assert execute(["replay", str(day)]) == 1
    assert "version" in capsys.readouterr().err
