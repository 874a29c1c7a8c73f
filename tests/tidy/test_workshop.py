"""The two commands, and what runs them on a clean machine."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.tidy.sources import ROOT


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`make` as a person calls it."""
    return subprocess.run(
        ["make", "--no-print-directory", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


TARGETS = ["run", "batch", "test", "setup", "check", "bench", "long", "mutation", "lock", "clean"]


@pytest.mark.parametrize("target", TARGETS)
def test_every_promised_target_can_be_planned(target: str) -> None:
    done = make("--dry-run", target)
    assert done.returncode == 0, done.stderr


def test_make_alone_says_what_there_is() -> None:
    done = make()
    assert "make run" in done.stdout
    assert "make test" in done.stdout


def test_a_machine_without_python_is_told_what_is_expected() -> None:
    done = make("setup", "VENV=out/never", "PYTHON=")
    assert done.returncode == 2
    assert "expected Python 3.11" in done.stderr


def test_the_script_of_a_clean_machine_can_be_run() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert subprocess.run(["bash", "-n", str(script)], check=False, timeout=30).returncode == 0
    text = script.read_text()
    assert "make --no-print-directory test" in text
    assert "make --no-print-directory check" in text
