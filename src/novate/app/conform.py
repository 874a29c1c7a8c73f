"""Conformance: scenario and case files against the real venue, ledger and clearing house, answer by answer.

    scenario.jsonl --> header -> Venue;  every command -> events == expected?   --> Outcome
              or   --> header -> Ledger; every command -> answer == expected?   --> Outcome
              or   --> header -> Clearing; every command -> events == expected? --> Outcome
    cases.json     --> messages -> neutral tape -> report lines == expected?    --> Outcome
                                                                     all --> ConformResult

The first difference ends a scenario. Scenarios of another level than the one asked for are told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from novate.app.conform_cases import read_cases
from novate.app.conform_clearing import (
    ClearingDeparture,
    ClearingScenario,
    is_clearing_file,
    read_clearing_scenarios,
)
from novate.app.conform_clearing import play as play_clearing
from novate.app.conform_ledger import Departure, LedgerScenario, is_ledger_file, read_ledger_scenarios
from novate.app.conform_ledger import play as play_ledger
from novate.app.conform_records import commands_from_json, events_to_json
from novate.app.conform_scenario import (
    Json,
    Scenario,
    ScenarioError,
    Step,
    initial_credit,
    read_scenarios,
    venue_terms,
)
from novate.app.conform_shape import require_shape
from novate.domain.machine import BrokenInvariant, apply_all
from novate.domain.records import Events, new_events
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue

EVENT_ROOM = 4096
STATES_OF_THE_END = ("BOOK_STATE", "IMPLIED_STATE")
"""What the end of a command publishes (R52, R73)."""


class Verdict(StrEnum):
    """How a scenario went."""

    PASSED = "passed"
    FAILED = "failed"
    OTHER_LEVEL = "of another level"


class Difference(msgspec.Struct, frozen=True):
    """Where a scenario left its expectation."""

    path: str
    line: int
    command: Any
    expected: Any
    got: Any

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.command}: expected {self.expected}, was {self.got}"


class Outcome(msgspec.Struct, frozen=True):
    """One scenario or case and how it went."""

    name: str
    path: str
    level: str
    rules: list[str]
    verdict: Verdict
    commands: int = 0
    difference: Difference | None = None


class RuleCount(msgspec.Struct):
    """Scenarios that name a rule, by how they went."""

    passed: int = 0
    failed: int = 0
    other_level: int = 0


class ConformResult(msgspec.Struct, frozen=True):
    """All outcomes of a run."""

    level: str
    outcomes: list[Outcome]

    def count(self, verdict: Verdict) -> int:
        return sum(outcome.verdict == verdict for outcome in self.outcomes)

    @property
    def ok(self) -> bool:
        """True if nothing failed."""
        return not self.count(Verdict.FAILED)

    def by_rule(self) -> dict[str, RuleCount]:
        """Scenarios of every rule that some header names, by how they went."""
        counts: dict[str, RuleCount] = {}
        for outcome in self.outcomes:
            for rule in outcome.rules:
                count = counts.setdefault(rule, RuleCount())
                count.passed += outcome.verdict == Verdict.PASSED
                count.failed += outcome.verdict == Verdict.FAILED
                count.other_level += outcome.verdict == Verdict.OTHER_LEVEL
        return dict(sorted(counts.items(), key=lambda entry: _rule_order(entry[0])))


def _rule_order(rule: str) -> tuple[str, int, str]:
    digits = "".join(letter for letter in rule if letter.isdigit())
    return rule[:1], int(digits or 0), rule


def conform_files(
    paths: Iterable[Path], level: str = "FULL", progress: Callable[[int, int], Any] | None = None
) -> ConformResult:
    """Run every scenario and case of the files and folders. ScenarioError for a file that is neither."""
    files = [file for path in paths for file in _files(path)]
    outcomes: list[Outcome] = []
    for done, file in enumerate(files):
        if progress is not None:
            progress(done, len(files))
        outcomes.extend(_run_file(file, level))
    if progress is not None:
        progress(len(files), len(files))
    return ConformResult(level, outcomes)


def _files(path: Path) -> list[Path]:
    """The files of a folder whose names say scenario or case; a file as it is."""
    if not path.exists():
        raise ScenarioError(f"{path}: expected a file or a folder, was nothing")
    if not path.is_dir():
        return [path]
    found = sorted(file for file in path.rglob("*") if file.name.endswith((".jsonl", ".jsonl.gz")))
    if not found:
        raise ScenarioError(
            f"{path}: expected scenario files (*.jsonl, *.jsonl.gz), was a folder without any"
        )
    return found


def _run_file(path: Path, level: str) -> list[Outcome]:
    if path.suffix == ".json":
        return [_run_case(path, case) for case in read_cases(path)]
    if is_ledger_file(path):
        return [_unlevelled(one, *play_ledger(one)) for one in read_ledger_scenarios(path)]
    if is_clearing_file(path):
        return [_unlevelled(one, *play_clearing(one)) for one in read_clearing_scenarios(path)]
    return [run_scenario(scenario, level) for scenario in read_scenarios(path)]


def _unlevelled(
    scenario: LedgerScenario | ClearingScenario, done: int, departure: Departure | ClearingDeparture | None
) -> Outcome:
    """Scenarios of the ledger and of clearing have no levels: all of them are needed."""
    facts = (scenario.name, str(scenario.path), "CORE", scenario.rules)
    if departure is None:
        return Outcome(*facts, Verdict.PASSED, done)
    step = departure.step
    difference = Difference(str(scenario.path), step.line, step.command, step.expect, departure.got)
    return Outcome(*facts, Verdict.FAILED, done, difference)


def _run_case(path: Path, case: Any) -> Outcome:
    differs = case.run(Venue)
    verdict = Verdict.FAILED if differs else Verdict.PASSED
    difference = Difference(str(path), 0, case.name, *differs) if differs else None
    return Outcome(case.name, str(path), "CORE", ["R56"], verdict, len(case.messages), difference)


def run_scenario(scenario: Scenario, level: str = "FULL") -> Outcome:
    """Run one scenario until its end or its first difference."""
    facts = (scenario.name, str(scenario.path), scenario.level, scenario.rules)
    if level == "CORE" and scenario.level != "CORE":
        return Outcome(*facts, Verdict.OTHER_LEVEL)
    runner, refusal = build_runner(scenario)
    if runner is None or scenario.refuses_configuration:
        return _configuration_outcome(scenario, facts, runner is not None, refusal)
    for done, step in enumerate(scenario.steps):
        got = runner.answer(step)
        if got == step.expect:
            continue
        difference = Difference(str(scenario.path), step.line, step.command, step.expect, got)
        return Outcome(*facts, Verdict.FAILED, done, difference)
    return Outcome(*facts, Verdict.PASSED, len(scenario.steps))


def build_runner(scenario: Scenario) -> tuple[Runner | None, str]:
    """The venue of the header, or why it cannot be built."""
    try:
        terms = venue_terms(scenario.header)
    except (ValueError, TypeError) as fault:
        raise ScenarioError(f"{scenario.path}:{scenario.line}: {fault}") from fault
    try:
        return Runner(scenario, terms), ""
    except (ValueError, TypeError) as fault:
        return None, str(fault)


def _configuration_outcome(
    scenario: Scenario, facts: tuple[str, str, str, list[str]], was_built: bool, refusal: str
) -> Outcome:
    """A venue that cannot be built passes if that is the point of the scenario, and fails otherwise."""
    if not was_built and scenario.refuses_configuration:
        return Outcome(*facts, Verdict.PASSED)
    expected, got = "a venue of this header", f"a refused configuration: {refusal}"
    if was_built:
        expected, got = "a refused configuration", "a venue that was built"
    difference = Difference(str(scenario.path), scenario.line, scenario.header, expected, got)
    return Outcome(*facts, Verdict.FAILED, difference=difference)


class Runner:
    """A fresh venue that answers the commands and the queries of a scenario."""

    def __init__(self, scenario: Scenario, terms: VenueTerms) -> None:
        self.scenario = scenario
        self.venue = Venue(terms)
        self.buffer: Events = new_events(EVENT_ROOM)
        for command in initial_credit(scenario.header):
            self._apply(command)

    def answer(self, step: Step) -> list[Json]:
        """Events of one command. A broken invariant is an answer too: no scenario expects it."""
        command = step.command
        try:
            require_shape(command)
            if command["cmd"] in ("BOOK", "BALANCE"):
                return self._query(command)
            return self._apply(command)
        except (KeyError, ValueError, OverflowError, TypeError) as fault:
            place = f"{self.scenario.path}:{step.line}"
            found = f"an unknown or missing {fault}" if isinstance(fault, KeyError) else str(fault)
            raise ScenarioError(
                f"{place}: expected a command of docs/scenario-format.md, was {found}"
            ) from fault
        except BrokenInvariant as fault:
            return [{"ev": "BROKEN_INVARIANT", "message": str(fault)}]

    def _apply(self, command: Json) -> list[Json]:
        found: list[Json] = []
        for block in apply_all(self.venue, commands_from_json(command), self.buffer):
            found.extend(events_to_json(block, self.scenario.is_multi))
        self.venue.validate()
        return found

    def _query(self, command: Json) -> list[Json]:
        """A query moves the clock like any command; its answer comes before the BOOK_STATE of the end."""
        events = self._apply({"cmd": "TIME", "t": command["t"]}) if "t" in command else []
        before = [event for event in events if event["ev"] not in STATES_OF_THE_END]
        after = [event for event in events if event["ev"] in STATES_OF_THE_END]
        if command["cmd"] == "BALANCE":
            available, reserved = self.venue.balance(command["acct"], command["asset"])
            return [*before, {"ev": "BALANCE", "available": available, "reserved": reserved}, *after]
        market = command.get("market") or 0
        last = len(self.scenario.markets) - 1
        if market > last:
            raise ValueError(f"market {market!r}, where markets are 0 to {last}")
        book = self.venue.book(market)
        answer = {
            "ev": "BOOK",
            "last": book.last,
            "bids": [list(row) for row in book.bids],
            "asks": [list(row) for row in book.asks],
            "parked": [list(row) for row in book.parked],
        }
        return [*before, answer, *after]
