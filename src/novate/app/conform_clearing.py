"""Clearing scenarios: a header with a configuration, then commands with the events that they must give.

    {"scenario": "example", "rules": ["C10"], "config": {"start": "2026-03-02", ...}}   -> ClearingScenario
    {"cmd": "TRADE", ..., "expect": [{"ev": "ACCEPTED", ...}, ...]}                     -> ClearingStep

A scenario of clearing is told by its header: it has a "config", and that names the "start" of a first day.
docs/clearing-scenario-format.md describes every key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from novate.app.clearing_answers import balances_json, positions_json, status_json
from novate.app.conform_clearing_commands import CommandWriter
from novate.app.conform_clearing_events import EventReader
from novate.app.conform_clearing_terms import house_terms
from novate.app.conform_scenario import ScenarioError, json_lines, require_printable
from novate.clearing.house_terms import HouseTerms
from novate.clearing.machine import Clearing
from novate.domain.clearing_records import Records, new_clearing_events
from novate.domain.machine import BrokenInvariant

Json = dict[str, Any]
FORMAT = "docs/clearing-scenario-format.md"
EVENT_ROOM = 4096
QUERIES = ("STATUS", "BALANCES", "POSITIONS")


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    """The shape of a header line."""

    scenario: str
    config: Json
    rules: list[str] = []
    description: str = ""
    source: str = ""


class ClearingStep(msgspec.Struct, frozen=True):
    """One command and the events that it must give."""

    line: int
    command: Json
    expect: list[Json]


class ClearingScenario(msgspec.Struct, frozen=True):
    """A header, its place, and its commands."""

    path: Path
    name: str
    rules: list[str]
    description: str
    terms: HouseTerms
    steps: list[ClearingStep]


class ClearingDeparture(msgspec.Struct, frozen=True):
    """Where a scenario left its expectation."""

    step: ClearingStep
    got: list[Json]


def is_clearing_file(path: Path) -> bool:
    """Is the first line of the file the header of a clearing scenario?"""
    _, first = next(json_lines(path), (0, {}))
    config = first.get("config")
    return "scenario" in first and isinstance(config, dict) and "start" in config


def read_clearing_scenarios(path: Path) -> list[ClearingScenario]:
    """All scenarios of a file. ScenarioError with place, expectation and finding for anything else."""
    found: list[ClearingScenario] = []
    for number, record in json_lines(path):
        place = f"{path}:{number}"
        if "scenario" in record:
            found.append(_scenario(place, path, record))
            continue
        if not found:
            raise ScenarioError(f'{place}: expected a header line with the key "scenario", was {record}')
        expect = record.get("expect")
        if not isinstance(expect, list) or not isinstance(record.get("cmd"), str):
            raise ScenarioError(f'{place}: expected a "cmd" and a list as "expect", was {sorted(record)}')
        command = {key: value for key, value in record.items() if key != "expect"}
        found[-1].steps.append(ClearingStep(number, command, expect))
    return found


def _scenario(place: str, path: Path, record: Json) -> ClearingScenario:
    try:
        header = msgspec.convert(record, _Header)
        terms = house_terms(header.config)
        Clearing(terms)
    except (msgspec.ValidationError, ValueError) as fault:
        raise ScenarioError(f"{place}: expected a header as in {FORMAT}, found otherwise: {fault}") from fault
    require_printable(place, header.scenario, header.description, header.source, *header.rules)
    return ClearingScenario(path, header.scenario, header.rules, header.description, terms, [])


def play(scenario: ClearingScenario) -> tuple[int, ClearingDeparture | None]:
    """Run a scenario on a fresh house: how many commands went as expected, and where it departed."""
    player = ClearingPlayer(scenario.terms)
    for done, step in enumerate(scenario.steps):
        try:
            got = answer_step(player, scenario, step)
        except BrokenInvariant as fault:
            got = [{"ev": "BROKEN_INVARIANT", "message": str(fault)}]
        if got != step.expect:
            return done, ClearingDeparture(step, got)
    return len(scenario.steps), None


def answer_step(player: ClearingPlayer, scenario: ClearingScenario, step: ClearingStep) -> list[Json]:
    """The events of a step. ScenarioError with its place for a command that is none of the format."""
    try:
        return player.answer(step.command)
    except (KeyError, ValueError, TypeError, AttributeError) as fault:
        place = f"{scenario.path}:{step.line}"
        found = f"an unknown or missing {fault}" if isinstance(fault, KeyError) else str(fault)
        raise ScenarioError(f"{place}: expected a command of {FORMAT}, was {found}") from fault


class ClearingPlayer:
    """A clearing house that is spoken to in the JSON of its scenarios."""

    def __init__(self, terms: HouseTerms) -> None:
        self.house = Clearing(terms)
        self.writer = CommandWriter(terms)
        self.reader = EventReader(terms, self.writer.sources)
        self._buffer = new_clearing_events(EVENT_ROOM)

    def answer(self, command: Json) -> list[Json]:
        """The events of one command, and every invariant checked behind it."""
        if command["cmd"] in QUERIES:
            return [self._query(command)]
        events = self.reader.json(self.apply(self.writer.records(command)))
        self.house.validate()
        return events

    def apply(self, commands: Records) -> Records:
        """The events of a batch of records."""
        blocks = []
        while len(commands):
            written = self.house.apply(commands, self._buffer)
            blocks.append(self._buffer[:written].copy())
            commands = commands[self.house.consumed :]
        return np.concatenate(blocks) if blocks else self._buffer[:0]

    def _query(self, command: Json) -> Json:
        if command["cmd"] == "STATUS":
            return status_json(self.house, command["source"], command["trade_id"])
        return balances_json(self.house) if command["cmd"] == "BALANCES" else positions_json(self.house)
