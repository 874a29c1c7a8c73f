"""The naive venue is the measure of the real one, so it must keep the rulebook itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from novate.app.conform_scenario import Json, Scenario, Step, initial_credit, read_scenarios, venue_terms
from tests.oracle.naive_book import NaiveVenue

CONFORMANCE = Path(__file__).resolve().parents[1] / "conformance"
OTHER_RULEBOOKS = ("clearing", "ledger", "margin")
EXAMPLES = Path(__file__).resolve().parents[2] / "docs" / "examples" / "features"


def scenarios() -> list[Scenario]:
    written = [
        path
        for path in sorted(CONFORMANCE.rglob("*.jsonl*"))
        if path.relative_to(CONFORMANCE).parts[0] not in OTHER_RULEBOOKS
    ]
    files = [*written, *sorted(EXAMPLES.glob("*.jsonl"))]
    found = [scenario for file in files for scenario in read_scenarios(file)]
    return [scenario for scenario in found if not scenario.refuses_configuration]


def test_every_scenario_of_the_rulebook_is_run() -> None:
    assert sum("rulebook" in scenario.path.parts for scenario in scenarios()) == 100


def answer(venue: NaiveVenue, step: Step) -> list[Json]:
    command = step.command
    if command["cmd"] not in ("BOOK", "BALANCE"):
        return venue.apply(command)
    events = venue.apply({"cmd": "TIME", "t": command["t"]}) if "t" in command else []
    if command["cmd"] == "BALANCE":
        available, reserved = venue.balance(command["acct"], command["asset"])
        found: Json = {"ev": "BALANCE", "available": available, "reserved": reserved}
    else:
        found = {"ev": "BOOK", **venue.book(command.get("market", 0))}
    end = ("INDICATIVE", "BOOK_STATE", "IMPLIED_STATE")
    before = [event for event in events if event["ev"] not in end]
    return [*before, found, *events[len(before) :]]


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_naive_venue_keeps_the_rulebook(scenario: Scenario) -> None:
    venue = NaiveVenue(venue_terms(scenario.header))
    for command in initial_credit(scenario.header):
        venue.apply(command)
    for step in scenario.steps:
        assert answer(venue, step) == step.expect, f"{scenario.path.name}:{step.line}"
        venue.validate()
