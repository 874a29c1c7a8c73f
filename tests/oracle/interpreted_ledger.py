"""The ledger without its compiler, in a process of its own; see `interpreted` for the messages.

test process --(flow as JSON)--> worker with NOVATE_COMPILED=0 --(answers as JSON)-->
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from novate.app.conform_ledger import LedgerRunner
from novate.compiled import COMPILED
from tests.oracle.interpreted import receive, send

Json = dict[str, Any]


def answers_of(flow: Json) -> list[Json]:
    """What the real ledger answers to every command of a flow, and its root at the end."""
    runner = LedgerRunner(flow["header"]["max_batch"])
    return [runner.answer(command) for command in (*flow["commands"], {"cmd": "ROOT"})]


class InterpretedLedger:
    """A running worker."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.oracle.interpreted_ledger"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "NOVATE_COMPILED": "0"},
        )

    def run(self, flow: Json) -> list[Json]:
        """Answers of a fresh, uncompiled ledger."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        send(self.process.stdin, json.dumps(flow).encode())
        found: list[Json] = json.loads(receive(self.process.stdout))
        return found

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)


if __name__ == "__main__":
    assert not COMPILED, "the worker must run with NOVATE_COMPILED=0"
    while message := receive(sys.stdin.buffer):
        send(sys.stdout.buffer, json.dumps(answers_of(json.loads(message))).encode())
