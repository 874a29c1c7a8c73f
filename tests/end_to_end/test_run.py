"""The main job as a person uses it: one command in, a directory that can be checked out."""

from __future__ import annotations

import csv
import json
import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from tests.end_to_end.processes import OUTPUTS, novate, novate_json, small_configuration


def obligations_of(day: Path) -> list[dict[str, str]]:
    """Rows of the obligation file without its control totals."""
    lines = (day / "obligations.csv").read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_a_day_becomes_obligations_that_sum_to_zero(small_day: Path) -> None:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row in obligations_of(small_day):
        quantity, amount = int(row["quantity"]), int(row["amount_minor"])
        sums["quantity", row["isin"]] += quantity if row["movement"] == "RECE" else -quantity
        sums["cash", row["ccy"]] += amount if row["pay"] == "CRDT" else -amount
    assert sums
    assert set(sums.values()) == {0}


def test_every_output_is_there_and_nothing_else(small_day: Path) -> None:
    assert {path.name for path in small_day.iterdir()} == {"journal", *OUTPUTS}


def test_rows_read_are_accepted_or_rejected(small_day: Path) -> None:
    summary = json.loads((small_day / "summary.json").read_text())
    rejects = len((small_day / "rejects.csv").read_text().splitlines()) - 1
    rows = summary["rows"]
    assert rows["read"] == rows["accepted"] + rows["rejected"]
    assert rows["rejected"] == rejects == sum(summary["refusals"].values())


def test_the_same_orders_give_the_same_bytes(small_day: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    novate_json("run", "--config", small_configuration(tmp_path), "--out", again)
    for name in OUTPUTS:
        assert (again / name).read_bytes() == (small_day / name).read_bytes(), name


def test_verify_agrees(small_day: Path) -> None:
    result = novate_json("verify", small_day)
    assert result["same"] is True
    assert {"trades.csv", "events.parquet", "obligations.csv", "rejects.csv", "report.html"} <= {
        check["what"] for check in result["checks"]
    }


def test_the_journal_alone_gives_the_same_state(day: Path) -> None:
    before = json.loads((day / "summary.json").read_text())
    for name in OUTPUTS:
        (day / name).unlink()
    for snapshot in (day / "journal").glob("snapshot-*"):
        snapshot.unlink()
    replayed = novate_json("replay", day)
    assert replayed["state_root"] == before["state_root"]
    assert replayed["events"] == before["events"]["count"]
    assert novate_json("replay", day / "journal")["state_root"] == before["state_root"]


def test_trades_of_a_run_cleared_again_give_its_obligations(small_day: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    novate_json("clear", small_day / "trades.csv", "--config", small_configuration(tmp_path), "--out", again)
    assert (again / "obligations.csv").read_bytes() == (small_day / "obligations.csv").read_bytes()


def test_a_finished_run_is_replaced_only_by_force(day: Path, tmp_path: Path) -> None:
    config = small_configuration(tmp_path, orders=500)
    before = (day / "summary.json").read_bytes()
    refused = novate("run", "--config", config, "--out", day)
    assert refused.returncode == 1
    assert "--force" in refused.stderr
    assert (day / "summary.json").read_bytes() == before
    assert novate("run", "--config", config, "--out", day, "--force").returncode == 0
    assert novate("verify", day, "--sample", "0").returncode == 0
    assert (day / "summary.json").read_bytes() != before


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_files_of_others_are_never_removed(tmp_path: Path, force: tuple[str, ...]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.odt").write_text("years of work")
    refused = novate("run", "--out", out, *force)
    assert refused.returncode == 1
    assert "thesis.odt" in refused.stderr
    assert (out / "thesis.odt").read_text() == "years of work"


def test_an_interrupted_run_is_not_taken_for_a_finished_one(day: Path) -> None:
    (day / "summary.json").unlink()
    shutil.copy(day / "trades.csv", day / ".trades.csv.partial")
    assert "interrupted run" in novate("run", "--out", day).stderr
    assert novate("replay", day).returncode == 0
