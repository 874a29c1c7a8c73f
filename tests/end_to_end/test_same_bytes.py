"""The same orders give the same bytes, whatever the memory of the process held before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from novate.app.cli import execute
from novate.app.run import file_digest
from tests.end_to_end.processes import ROOT


def test_no_byte_of_an_output_comes_from_old_memory(tmp_path: Path) -> None:
    """The C library fills freed and fresh memory with a byte of our choice."""
    for name, filling in (("one", "85"), ("other", "170")):
        subprocess.run(
            [sys.executable, "-m", "tests.end_to_end.one_block", tmp_path / name],
            env={**os.environ, "ARROW_DEFAULT_MEMORY_POOL": "system", "MALLOC_PERTURB_": filling},
            cwd=ROOT,
            check=True,
        )
    events = [(tmp_path / name / "events.parquet").read_bytes() for name in ("one", "other")]
    assert events[0] == events[1]


def test_events_that_another_library_packed_otherwise_agree(
    day: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run whose events were written by another version of Arrow: other bytes, the same rows."""
    events, summary, report = day / "events.parquet", day / "summary.json", day / "report.html"
    before = file_digest(events).sha256
    pq.write_table(pq.read_table(events), events, compression="snappy")
    after = file_digest(events)
    assert after.sha256 != before
    page = report.read_text(encoding="utf-8")
    said = json.loads(summary.read_text())
    assert before in page
    page = page.replace(before, after.sha256).replace(
        f"{said['outputs']['events.parquet']['bytes']:,}", f"{after.bytes:,}"
    )
    page = page.replace(str(said["outputs"]["events.parquet"]["bytes"]), str(after.bytes))
    report.write_text(page, encoding="utf-8")
    said["outputs"]["events.parquet"] = {"bytes": after.bytes, "sha256": after.sha256}
    digest = file_digest(report)
    said["outputs"]["report.html"] = {"bytes": digest.bytes, "sha256": digest.sha256}
    summary.write_text(json.dumps(said))
    assert execute(["verify", str(day), "--sample", "0"]) == 0, capsys.readouterr().out
