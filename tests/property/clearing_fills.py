"""Flows of clearing in which some trades are fills of a venue, and credit is released now and then.

    TRADE of a flow  -->  [FILLS 4 to 6]  TRADE "4" of VENUE      every later command names it so as well

Now and then a FILLS begins at the wrong number or comes from another source, and a fill comes unannounced.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.oracle.naive_clearing_terms import Json
from tests.property.clearing_flows import clearing_flow_of

VENUE = "VENUE"
CHANCES = {"fill": 0.6, "gap": 0.08, "unnamed": 0.05, "release": 0.08, "passing": 0.3}


def fill_flow_of(seed: int, commands: int = 150) -> Json:
    """The flow of a seed, woven with fills and releases of credit."""
    flow, r = clearing_flow_of(seed, commands), Random(f"fills {seed}")
    for instrument in flow["header"]["config"]["instruments"].values():
        instrument["resale"] = r.choice(["immediate", "immediate", "settled"])
    weaver = FillWeaver(r)
    return {
        "header": flow["header"],
        "commands": [new for one in flow["commands"] for new in weaver.weave(one)],
    }


class FillWeaver:
    """Knows which trades of the flow have become fills."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._numbers: dict[tuple[Any, Any], str] = {}
        self._fills = 0

    def weave(self, command: Json) -> list[Json]:
        """What comes instead of a command."""
        draw = self._random.random
        out: list[Json] = [{"cmd": "RELEASE_CREDIT"}] if draw() < CHANCES["release"] else []
        key = (command.get("source"), command.get("trade_id"))
        is_new = command["cmd"] == "TRADE" and command["version"] == 1 and key not in self._numbers
        if is_new and draw() < CHANCES["fill"]:
            out += self._announce(key)
        return [*out, self._renamed(command)]

    def _announce(self, key: tuple[Any, Any]) -> list[Json]:
        """FILLS, in one case of many a wrong one before it, or none."""
        draw, first = self._random.random, self._fills + 1
        self._numbers[key] = str(first)
        if draw() < CHANCES["unnamed"]:
            return []
        last = first + (self._random.randint(1, 3) if draw() < CHANCES["passing"] else 0)
        wrong = [
            {"first": first + 1, "last": last + 1}, {"first": first - 1, "last": last},
            {"first": first, "last": first - 1}, {"first": first, "last": last, "source": "V"},
        ]  # fmt: skip
        found: list[Json] = [self._random.choice(wrong)] if draw() < CHANCES["gap"] else []
        self._fills = last
        found.append({"first": first, "last": last})
        return [{"cmd": "FILLS", "source": VENUE, **one} for one in found]

    def _renamed(self, command: Json) -> Json:
        number = self._numbers.get((command.get("source"), command.get("trade_id")))
        return command if number is None else {**command, "source": VENUE, "trade_id": number}
