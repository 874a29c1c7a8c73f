"""A clearing scenario as a story: the real clearing house lives it, `novate.reports` tells it.

scenario.jsonl --> ClearingPlayer --commands, events, balances before each ROLL--> ClearingStory --> text
"""

from __future__ import annotations

from typing import NamedTuple

from novate.app.conform_clearing import QUERIES, ClearingPlayer, ClearingScenario
from novate.clearing.machine import Clearing
from novate.reports.clearing_close import Standing, standing_of
from novate.reports.clearing_story import ClearingStory

ANALYSIS = "C52"
"""The rule of minimum payments: its scenarios show them."""


class ToldScenario(NamedTuple):
    """The story, and the house as it stands at its end."""

    text: str
    house: Clearing


def tell(scenario: ClearingScenario) -> ToldScenario:
    """Play a scenario to its end and tell it; what it expects is not looked at (`novate conform` does)."""
    player = ClearingPlayer(scenario.terms)
    story = ClearingStory(
        scenario.terms, scenario.name, scenario.description, with_payments=ANALYSIS in scenario.rules
    )
    for step in scenario.steps:
        name = step.command["cmd"]
        if name not in QUERIES:
            before = _standing(player) if name == "ROLL" else None
            story.take(step.command, player.answer(step.command), before)
    return ToldScenario(story.text(_standing(player)), player.house)


def _standing(player: ClearingPlayer) -> Standing:
    (balances,), (positions,) = (player.answer({"cmd": name}) for name in ("BALANCES", "POSITIONS"))
    return standing_of(balances, positions)
