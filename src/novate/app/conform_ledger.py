"""Ledger scenarios: a header with a configuration, then commands with the one answer each must give.

    {"scenario": "example", "rules": ["L17"], "config": {}}                    -> LedgerScenario
    {"cmd": "TIME", "t": 80, "expect": {"expired": [5], "balances": [...]}}    -> LedgerStep

A scenario of the ledger is told by its header: it has a "config", and that names no "start" of a day.
docs/ledger-scenario-format.md describes every key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from novate.app.conform_ledger_records import (
    Json,
    account_requests,
    code_names,
    require_command,
    row_to_json,
    transfer_requests,
    transfer_to_json,
    word,
)
from novate.app.conform_scenario import ScenarioError, json_lines, require_printable
from novate.clearing.ledger.codes import AccountFlag, AccountResult, Answer, TransferResult
from novate.clearing.ledger.ledger import Ledger
from novate.clearing.ledger.queries import BALANCES
from novate.domain.machine import BrokenInvariant

FORMAT = "docs/ledger-scenario-format.md"


class _Config(msgspec.Struct, forbid_unknown_fields=True):
    """What a header may configure (L30)."""

    max_batch: int = 8192


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    """The shape of a header line."""

    scenario: str
    config: _Config
    rules: list[str] = []
    description: str = ""
    source: str = ""


class LedgerStep(msgspec.Struct, frozen=True):
    """One command and the answer that it must give."""

    line: int
    command: Json
    expect: Json


class LedgerScenario(msgspec.Struct, frozen=True):
    """A header, its place, and its commands."""

    path: Path
    name: str
    rules: list[str]
    max_batch: int
    steps: list[LedgerStep]


class Departure(msgspec.Struct, frozen=True):
    """Where a scenario left its expectation."""

    step: LedgerStep
    got: Json


def is_ledger_file(path: Path) -> bool:
    """Is the first line of the file the header of a ledger scenario?"""
    _, first = next(json_lines(path), (0, {}))
    config = first.get("config")
    return "scenario" in first and isinstance(config, dict) and "start" not in config


def read_ledger_scenarios(path: Path) -> list[LedgerScenario]:
    """All scenarios of a file. ScenarioError with place, expectation and finding for anything else."""
    found: list[LedgerScenario] = []
    for number, record in json_lines(path):
        place = f"{path}:{number}"
        if "scenario" in record:
            found.append(_scenario(place, path, record))
            continue
        if not found:
            raise ScenarioError(f'{place}: expected a header line with the key "scenario", was {record}')
        expect = record.get("expect")
        if not isinstance(expect, dict):
            raise ScenarioError(f"{place}: expected an object as expect, was {expect!r}")
        command = {key: value for key, value in record.items() if key != "expect"}
        try:
            require_command(command)
        except ValueError as fault:
            raise ScenarioError(f"{place}: expected a command of {FORMAT}, was {fault}") from fault
        found[-1].steps.append(LedgerStep(number, command, expect))
    return found


def _scenario(place: str, path: Path, record: Json) -> LedgerScenario:
    try:
        header = msgspec.convert(record, _Header)
    except msgspec.ValidationError as fault:
        raise ScenarioError(f"{place}: expected a header as in {FORMAT}, found otherwise: {fault}") from fault
    require_printable(place, header.scenario, header.description, header.source, *header.rules)
    if header.config.max_batch < 1:
        raise ScenarioError(f"{place}: expected a max_batch of at least 1, was {header.config.max_batch}")
    return LedgerScenario(path, header.scenario, header.rules, header.config.max_batch, [])


def play(scenario: LedgerScenario) -> tuple[int, Departure | None]:
    """Run a scenario on a fresh ledger: commands that agreed, and the first that did not."""
    runner = LedgerRunner(scenario.max_batch)
    for done, step in enumerate(scenario.steps):
        try:
            got = runner.answer(step.command)
        except ValueError as fault:
            place = f"{scenario.path}:{step.line}"
            raise ScenarioError(f"{place}: expected a command of {FORMAT}, was {fault}") from fault
        if got != step.expect:
            return done, Departure(step, got)
    return len(scenario.steps), None


class LedgerRunner:
    """A fresh ledger that answers commands as JSON and checks itself after each."""

    def __init__(self, max_batch: int = 8192, ledger: Ledger | None = None) -> None:
        self.ledger = ledger or Ledger(max_batch)

    def answer(self, command: Json) -> Json:
        """The answer to one command. A broken invariant is an answer too: no scenario expects it."""
        before = self._balances()
        try:
            found: Json = getattr(self, "_" + command["cmd"].lower())(command)
            expired = self.ledger.expired.tolist()
            self.ledger.validate()
        except BrokenInvariant as fault:
            return {"result": "BROKEN_INVARIANT", "message": str(fault)}
        after = self._balances()
        changed = after[np.any(after != _padded(before, after), axis=1)]
        if expired:
            found["expired"] = expired
        if len(changed):
            found["balances"] = changed[np.argsort(changed[:, 0])].tolist()
        return found

    def _balances(self) -> npt.NDArray[np.int64]:
        """Account, four balances and the closed bit of every account, in order of creation."""
        s = self.ledger.state()
        accounts = s.accounts[1 : self.ledger.opened + 1]
        closed = (accounts["flags"] & AccountFlag.CLOSED != 0).astype(np.int64)
        return np.column_stack([accounts["id"], *(accounts[name] for name in BALANCES), closed])

    def _ledger(self, command: Json) -> Json:
        opened = self.ledger.open_ledger(
            command["ledger"], command["asset"], command["scale"], command.get("t")
        )
        return {"result": word(opened)}

    def _accounts(self, command: Json) -> Json:
        found = self.ledger.accounts(account_requests(command["accounts"]), command.get("t"))
        return _results(found, AccountResult)

    def _transfers(self, command: Json) -> Json:
        found = self.ledger.transfers(transfer_requests(command["transfers"]), command.get("t"))
        return _results(found, TransferResult)

    def _time(self, command: Json) -> Json:
        self.ledger.time(command.get("t"))
        return {}

    def _balance(self, command: Json) -> Json:
        found = self.ledger.balance(command["account"], command.get("at"), command.get("t"))
        if isinstance(found, Answer):
            return {"result": word(found)}
        return {"result": "ok", "row": list(found)}

    def _history(self, command: Json) -> Json:
        limits = (command.get("from", 0), command.get("to", 2**63 - 1))
        found = self.ledger.history(command["account"], *limits, t=command.get("t"))
        if isinstance(found, Answer):
            return {"result": word(found)}
        return {"result": "ok", "rows": [row_to_json(row) for row in found]}

    def _assert(self, command: Json) -> Json:
        asserted = {name: command[name] for name in (*BALANCES, "net") if name in command}
        answer, found = self.ledger.assert_balances(
            command["account"], asserted, command.get("at"), command.get("t")
        )
        return {"result": word(answer)} | ({} if found is None else {"found": found})

    def _lookup(self, command: Json) -> Json:
        found = self.ledger.lookup(command["id"], command.get("t"))
        if isinstance(found, Answer):
            return {"result": word(found)}
        return {"result": "ok", "transfer": transfer_to_json(found), "status": word(found.status)}

    def _fold(self, command: Json) -> Json:
        found = self.ledger.fold(command["account"], command.get("t"))
        return {"result": word(found)} if isinstance(found, Answer) else {"result": "ok", "folded": found}

    def _trial(self, command: Json) -> Json:
        return {"ledgers": [[row.ledger, *row.sums] for row in self.ledger.trial(command.get("t"))]}

    def _root(self, command: Json) -> Json:
        return {"root": self.ledger.root(command.get("t")).hex()}


def _results(found: Any, kind: type[AccountResult] | type[TransferResult]) -> Json:
    return {"result": word(found)} if isinstance(found, Answer) else {"results": code_names(found, kind)}


def _padded(before: npt.NDArray[np.int64], after: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The rows before the command, and zeros for the accounts that it opened."""
    padded = np.zeros_like(after)
    padded[: len(before)] = before
    padded[len(before) :, 0] = after[len(before) :, 0]
    return padded
