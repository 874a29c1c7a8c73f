"""The command line's manners: fast help, one JSON document, one message, three exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.end_to_end.processes import novate

COMMANDS = (
    ("run",), ("match",), ("clear",), ("replay",), ("verify",), ("conform",), ("bench", "matching"),
    ("import", "lobster"), ("version",),
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
