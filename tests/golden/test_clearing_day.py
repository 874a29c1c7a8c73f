"""The obligation files of fixed dates are pinned: the same on a second run, and in interpreted mode.

`tests/golden/clearing_day.txt` is renewed by `python -m tests.golden.clearing_day FOLDER`, after thought.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.golden.clearing_day import digests

PINNED = Path(__file__).with_name("clearing_day.txt")
ROOT = Path(__file__).resolve().parents[2]


def pinned() -> dict[str, str]:
    return dict(line.split() for line in PINNED.read_text().splitlines())


def test_two_runs_give_the_pinned_obligation_files(tmp_path: Path) -> None:
    assert len(pinned()) >= 3
    assert digests(tmp_path / "once") == pinned()
    assert digests(tmp_path / "again") == pinned()


def test_an_interpreted_run_gives_them_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.golden.clearing_day", str(tmp_path / "house")],
        env={**os.environ, "NOVATE_COMPILED": "0"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert dict(line.split() for line in done.stdout.splitlines()) == pinned()
