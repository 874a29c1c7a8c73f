"""A clearing scenario as a story: the real clearing house lives it, `novate.reports` tells it.

scenario.jsonl --> ClearingPlayer --commands, events, balances before each ROLL--> ClearingStory --> text
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from novate.app.conform_clearing import (
    QUERIES,
    ClearingPlayer,
    ClearingScenario,
    answer_step,
    read_clearing_scenarios,
)
from novate.app.conform_scenario import ScenarioError
from novate.clearing.machine import Clearing
from novate.reports.clearing_close import Standing, standing_of
from novate.reports.clearing_story import ClearingStory
from novate.reports.trade_life import TradeHistory

ANALYSIS = "C52"
"""The rule of minimum payments: its scenarios show them."""


class ToldScenario(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario that the real house has lived."""

    scenario: str
    path: str
    commands: int
    differing: list[int]
    """Lines of the file whose command gave something else than it expects."""
    text: str
    trades: list[TradeHistory]


def tell_file(path: Path, name: str | None = None) -> list[ToldScenario]:
    """Tell the scenarios of a file, or the one of a name. ScenarioError for a file that is none."""
    scenarios = read_clearing_scenarios(path)
    if name is not None:
        names = [scenario.name for scenario in scenarios]
        scenarios = [scenario for scenario in scenarios if scenario.name == name]
        if not scenarios:
            raise ScenarioError(f"{path}: expected one of the scenarios {', '.join(names)}, was {name}")
    return [tell(scenario)[0] for scenario in scenarios]


def tell(scenario: ClearingScenario) -> tuple[ToldScenario, Clearing]:
    """Play a scenario to its end and tell it; the house is as it then stands.

    A difference from what the scenario expects does not end the story. ScenarioError for a command that is
    none, BrokenInvariant where the house breaks.
    """
    player = ClearingPlayer(scenario.terms)
    story = ClearingStory(
        scenario.terms, scenario.name, scenario.description, with_payments=ANALYSIS in scenario.rules
    )
    differing = []
    for step in scenario.steps:
        name = step.command["cmd"]
        before = _standing(player) if name == "ROLL" else None
        events = answer_step(player, scenario, step)
        differing += [step.line] if events != step.expect else []
        if name not in QUERIES:
            story.take(step.command, events, before)
    told = ToldScenario(
        scenario=scenario.name, path=str(scenario.path), commands=len(scenario.steps), differing=differing,
        text=story.text(_standing(player)), trades=story.trades(),
    )  # fmt: skip
    return told, player.house


def _standing(player: ClearingPlayer) -> Standing:
    (balances,), (positions,) = (player.answer({"cmd": name}) for name in ("BALANCES", "POSITIONS"))
    return standing_of(balances, positions)
