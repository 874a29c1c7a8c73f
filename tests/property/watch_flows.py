"""Generated order flow with orders that watch the market, and with prices around zero.

    seed --> a day of level FULL in which two in five limit orders are pegged, discretionary or all-or-none,
             and some markets trade from -99 on: there every price of the day lies 100 ticks lower

Pegs need a displayed price, discretion somebody opposite within a few ticks, an all-or-none order somewhat
more than is there: so prices stay as close together as in the days that this one is made of.
"""

from __future__ import annotations

from random import Random
from typing import Any

from tests.property.flows import Json
from tests.property.full_flows import FULL_KINDS, FullDay, full_flow_of

SHIFT = 100
"""Where prices may be negative, the market of the other days lies around zero."""
WATCH_SPOILERS: list[Json] = [
    {"peg": "MID", "offset": 2**40}, {"peg": "MID", "offset": -(2**63)}, {"discretion": 0},
    {"discretion": -2}, {"discretion": 2**50}, {"aon": True, "peg": "MID"}, {"aon": True, "min_qty": 1},
    {"peg": "PRIMARY", "hidden": True}, {"discretion": 1, "display": 1}, {"aon": True, "mmp": True},
    {"peg": "MARKET", "tif": "IOC"}, {"discretion": 2, "type": "MARKET", "price": None},
    {"aon": True, "tif": "FOK"},
    {"discretion": 1, "post_only": True}, {"peg": "MID", "type": "STOP_LIMIT", "stop": 103}, {"price": -101},
    {"offset": 3}, {"aon": True, "type": "MTL", "price": None}, {"peg": "MID", "price": 0}, {"discretion": 9},
]  # fmt: skip
PRICES = ("price", "stop")


def watch_flow_of(seed: int) -> Json:
    """{"header": ..., "commands": [...]} like `full_flow_of`, with the orders of section P."""
    r = Random(seed)
    flow = full_flow_of(seed)
    header = flow["header"]
    for market in header["markets"]:
        # Most of what orders that watch do, they do in continuous trading.
        if r.random() < 0.6:
            market["initial_state"] = "CONTINUOUS"
        if not premium(market) and r.random() < 0.35:
            go_below_zero(market)
    early = [command for command in flow["commands"] if command["cmd"] in ("SET_LIMIT", "MMP_SET")][:6]
    day = WatchDay(r, header)
    commands = [day.command(FULL_KINDS) for _ in range(r.randint(10, 130))]
    return {"header": header, "commands": [*early, *commands]}


def premium(market: Json) -> bool:
    """Must prices of this market be positive?"""
    return market.get("credit") == "deliverable" or bool(market.get("premium"))


def go_below_zero(market: Json) -> None:
    market["min_price"] = 1 - SHIFT
    market["max_price"] = max(market["max_price"] - SHIFT, SHIFT)
    if market.get("ref_price") is not None:
        market["ref_price"] -= SHIFT


class WatchDay(FullDay):
    """A day with orders that watch; it mixes them with everything that FullDay does."""

    unrest = 0.5

    def __init__(self, random: Random, header: Json) -> None:
        super().__init__(random, header)
        self.negative = [market.get("min_price", 1) < 1 for market in header["markets"]]

    def command(self, kinds: list[str] = FULL_KINDS) -> Json:
        command = super().command(kinds)
        number = command.get("market", 0)
        if number < self.markets and self.negative[number]:
            lower(command)
            for leg in ("limit", "stop"):
                if isinstance(command.get(leg), dict):
                    lower(command[leg])
        return command

    def attributes(self, order: Json, in_call: bool) -> Json:
        found = super().attributes(order, in_call)
        r = self.random
        plain = order["type"] == "LIMIT" and order["tif"] in ("GTC", "DAY", "GTD")
        if not plain or r.random() > 0.4:
            return found
        kept = {name: found[name] for name in ("stp", "session") if name in found}
        kept.update(self.watching(order, in_call))
        if r.random() < 0.06:
            kept.update(r.choice(WATCH_SPOILERS))
        return kept

    def watching(self, order: Json, in_call: bool) -> Json:
        """One of the three, with what goes with it."""
        r = self.random
        kind = r.choice(["peg", "peg", "discretion", "aon"])
        if kind == "aon":
            return {"aon": True}
        if kind == "discretion":
            return {"discretion": r.choice([1, 1, 2, 3, 4, 7])}
        if in_call and r.random() < 0.9:
            return {}
        peg: Json = {"peg": r.choice(["PRIMARY", "PRIMARY", "MID", "MID", "MARKET"])}
        away = -1 if order["side"] == "B" else 1
        if r.random() < 0.6:
            peg["offset"] = r.choice([0, 0, 1, 1, 2, 3, -1, 200]) * away
        if r.random() < 0.7:
            # Without a bound; else the price that the order had becomes one.
            peg["price"] = None
        return peg


def lower(command: dict[str, Any]) -> None:
    """Prices of a day around 100 become prices around 0."""
    for name in PRICES:
        if isinstance(command.get(name), int) and abs(command[name]) < 2**40:
            command[name] -= SHIFT
