"""The command line's manners: fast help, one JSON document, one message, three exit codes."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.processes import NOVATE, novate, small_configuration

COMMANDS = (
    ("run",), ("match",), ("clear",), ("replay",), ("verify",), ("conform",), ("explain",),
    ("bench", "matching"), ("import", "lobster"), ("version",),
)  # fmt: skip


def test_help_needs_nothing_that_computes() -> None:
    code = (
        "import sys; from novate.app.cli import execute; execute(['--help']); "
        "print([name for name in ('numba', 'numpy', 'pandas', 'pyarrow', 'duckdb') if name in sys.modules])"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_json(command: tuple[str, ...]) -> None:
    assert "--json" in novate(*command, "--help").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("sell",),
        ("run",),
        ("run", "--out", "x", "--orders", "y"),
        ("run", "--out", "x", "--orders", "y", "--format", "xml"),
        ("clear", "trades.csv", "--out", "x", "--settle-days", "2"),
        ("conform", "x", "--level", "HALF"),
        ("explain",),
        ("explain", "x", "--steps", "5-2"),
    ],
)
def test_wrong_use_is_exit_code_2_with_one_message(arguments: tuple[str, ...]) -> None:
    plain = novate(*arguments)
    assert plain.returncode == 2
    assert plain.stderr.startswith("novate: ")
    assert len(plain.stderr.splitlines()) == 1
    as_json = novate(*arguments, "--json")
    assert as_json.returncode == 2
    assert json.loads(as_json.stdout)["error"]["code"] == 2


def test_an_error_has_one_shape(tmp_path: Path) -> None:
    finished = novate("replay", tmp_path / "nothing", "--json")
    assert finished.returncode == 1
    error = json.loads(finished.stdout)["error"]
    assert set(error) == {"code", "name", "message"}
    assert error["name"] == "JOURNAL_ERROR"
    assert str(tmp_path / "nothing") in error["message"]
    assert finished.stderr == ""


def test_version_names_what_is_installed() -> None:
    said = json.loads(novate("version", "--json").stdout)
    assert said["novate"] == "0.1.0"


def test_output_to_a_file_has_no_colours(small_day: Path) -> None:
    finished = novate("verify", small_day, "--sample", "0")
    assert "\x1b" not in finished.stdout + finished.stderr


def test_a_terminal_gets_colours_unless_no_color_is_set(small_day: Path) -> None:
    coloured, plain = (_on_a_terminal(small_day, setting) for setting in ({}, {"NO_COLOR": "1"}))
    assert b"\x1b[1m" in coloured
    assert b"\x1b[38" not in plain
    assert b"checks agree" in plain


def _on_a_terminal(day: Path, setting: dict[str, str]) -> bytes:
    """What `novate verify` writes when its output is a terminal."""
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    master, slave = os.openpty()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("novate"), "verify", day, "--sample", "0"],
        stdout=slave,
        stderr=slave,
        env={**environment, "TERM": "xterm-256color", **setting},
    )
    os.close(slave)
    said = b""
    try:
        while part := os.read(master, 4096):
            said += part
    except OSError:
        # The terminal is gone when the process has ended.
        pass
    os.close(master)
    assert process.wait() == 0
    return said


def test_everything_that_is_known_about_a_historical_file_is_said(tmp_path: Path) -> None:
    messages = tmp_path / "acme_1.csv"
    rows = ["1,1,11,100,5853300,1", "2,4,11,40,5853300,1", "3,5,0,10,5853300,1", "4,7,0,0,-1,-1"]
    messages.write_text("\n".join(rows) + "\n")
    said = novate("run", "--orders", messages, "--format", "lobster", "--out", tmp_path / "out").stdout
    assert "100.00% of 1 known execution came out as in history" in said
    assert "1 incoming orders caused those executions" in said
    assert said.count("1 hidden executions, 0 crosses and 1 halts were skipped.") == 1


def test_an_output_that_knows_only_ascii_gets_plain_marks(tmp_path: Path) -> None:
    finished = novate(
        "run", "--config", small_configuration(tmp_path, 500), "--out", tmp_path / "out",
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.isascii()
    assert re.search(r" -\d", finished.stdout)
    assert "?" not in finished.stdout


def test_an_output_that_is_closed_does_not_matter(tmp_path: Path) -> None:
    config = small_configuration(tmp_path, 500)
    shell = 'exec "$0" run --config "$1" --out "$2" >&-'
    finished = subprocess.run(
        ["sh", "-c", shell, NOVATE, config, tmp_path / "out"], stderr=subprocess.PIPE, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert (tmp_path / "out" / "summary.json").exists()


def test_rows_that_are_refused_are_no_missing_trades(small_day: Path, tmp_path: Path) -> None:
    header, first = (small_day / "trades.csv").read_text().splitlines()[:2]
    on_saturday = first.replace(first.split(",")[3], "2026-10-10")
    (tmp_path / "t.csv").write_text(f"{header}\n{on_saturday}\n")
    said = novate("clear", tmp_path / "t.csv", "--out", tmp_path / "out").stdout
    assert said.startswith("1 row, none of which was accepted")
