"""How large the default fund has to be: losses over margin, within one scenario, then the worst scenario.

                    m1    m2    m3    m4     largest   two largest   Article 42
    scenario 1     120    80    40    10       120         200          120
    scenario 2      60   150    20    90       150         240          150      max(150, 90 + 60)
    scenario 3      30    30   130    70       130         200          130

cover-1 is the largest; emir-42 the larger of the largest and the second and third together (EMIR, Article
42(3), the fund alone); cover-2 the two largest (Article 43(2), fund and other prefunded resources). Adding
the members' worst losses over different scenarios would be too much: they fail on one day.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from novate.clearing.default.waterfall import shared


class Cover(StrEnum):
    """Which members the resources have to outlast."""

    COVER_1 = "cover-1"
    EMIR_42 = "emir-42"
    COVER_2 = "cover-2"


@dataclass(frozen=True, slots=True)
class ScenarioCover:
    """The members that lose most in one scenario, largest first, of equal ones in their order."""

    scenario: str
    members: tuple[str, ...]
    losses: tuple[int, ...]
    """Of the same members; at most three, none of 0."""

    def needed(self, cover: Cover) -> int:
        """What the rule asks for in this scenario."""
        first, second, third = (*self.losses, 0, 0, 0)[:3]
        if cover is Cover.COVER_1:
            return first
        return max(first, second + third) if cover is Cover.EMIR_42 else first + second

    def counted(self, cover: Cover) -> tuple[str, ...]:
        """The members that the rule lets fail."""
        if cover is Cover.COVER_2:
            return self.members[:2]
        first, second, third = (*self.losses, 0, 0, 0)[:3]
        return self.members[1:3] if cover is Cover.EMIR_42 and second + third > first else self.members[:1]


def scenario_covers(scenarios: Sequence[str], over: Mapping[str, Sequence[int]]) -> tuple[ScenarioCover, ...]:
    """Each scenario's largest losses over margin; `over` has one for each scenario, by member or group."""
    made = []
    for column, scenario in enumerate(scenarios):
        losses = [(name, row[column]) for name, row in over.items() if row[column] > 0]
        largest = sorted(losses, key=lambda one: -one[1])[:3]
        made.append(
            ScenarioCover(scenario, tuple(name for name, _ in largest), tuple(loss for _, loss in largest))
        )
    return tuple(made)


def worst(covers: Sequence[ScenarioCover], cover: Cover) -> ScenarioCover:
    """The scenario that asks for most, of equal ones the first; ValueError if there is none."""
    if not covers:
        raise ValueError("expected at least one scenario, was none")
    return max(covers, key=lambda one: one.needed(cover))


def contributions(size: int, weights: Mapping[str, int], minimum: int) -> dict[str, int]:
    """What each member brings: in proportion to its weight (its margin), and at least the minimum.

    Shares are made first and raised to the minimum then, so that the fund is never smaller than `size`.
    """
    if weights and not sum(weights.values()):
        weights = dict.fromkeys(weights, 1)
    shares = shared(size, list(weights.values()))
    return {member: max(share, minimum) for member, share in zip(weights, shares, strict=True)}
