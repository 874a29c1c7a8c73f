"""A log tells what happened and never a secret."""

from __future__ import annotations

import json
import os
from pathlib import Path

from novate.app.node import logs
from novate.app.node.logs import HIDDEN, Log

SECRET = os.urandom(32)


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_could_be_a_secret_is_hidden_wherever_it_stands(tmp_path: Path) -> None:
    log = Log(tmp_path, "node")
    log.info(
        "login",
        session="ALPINE",
        private_key=SECRET.hex(),
        seed=SECRET,
        told=f"was {SECRET.hex()}",
        loud=SECRET.hex().upper(),
        deep={"key": SECRET.hex(), "list": [SECRET, SECRET.hex()], "signature": "abc"},
        state_root="ab" * 32,
        sequence=7,
    )
    log.close()
    text = (tmp_path / "node.log").read_text()
    assert SECRET.hex() not in text.lower()
    assert repr(SECRET) not in text
    (line,) = lines(tmp_path / "node.log")
    assert line["event"] == "login"
    assert (line["session"], line["sequence"], line["process"], line["level"]) == (
        "ALPINE",
        7,
        "node",
        "info",
    )
    assert line["private_key"] == line["seed"] == HIDDEN
    assert line["state_root"] == "ab" * 32, "a digest that everybody may know"
    assert line["deep"] == {"key": HIDDEN, "list": [HIDDEN, HIDDEN], "signature": HIDDEN}


def test_only_its_owner_reads_a_log_and_a_long_one_is_put_aside(tmp_path: Path) -> None:
    log = Log(tmp_path / "logs", "board")
    log.error("board_failed", message="x" * 1000)
    log.close()
    path = tmp_path / "logs" / "board.log"
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0
    with path.open("ab") as file:
        file.truncate(logs.MOST_BYTES + 1)
    log = Log(tmp_path / "logs", "board")
    log.info("board_started")
    log.close()
    assert [line["event"] for line in lines(path)] == ["board_started"]
    assert (path.parent / "board.log.1").stat().st_size > logs.MOST_BYTES
