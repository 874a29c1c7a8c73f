"""Generated order flow with timers: everything of `full_flows.py`, schedules, calls that end by themselves.

    seed --> Flow = header (collars that call, auction bands, extensions) + JSON commands, SCHEDULE among them

Times lie a few units ahead, so that several timers fire in one step of the clock, beside GTD orders, and
others are overtaken by STATE commands. Where a market calls by itself the day does not wait for it: it goes
on as if it were CONTINUOUS, and looks after it now and then.
"""

from __future__ import annotations

from random import Random

from tests.property.flows import Json
from tests.property.full_flows import FULL_WEIGHTS, FullDay, LongFullDay, full_flow_of, long_full_flow_of

TIME_WEIGHTS: dict[str, float] = {**FULL_WEIGHTS, "SCHEDULE": 6, "TIME": 10, "STATE": 2}
TIME_KINDS = list(TIME_WEIGHTS)
TARGETS: list[Json] = [
    {"to": "CONTINUOUS"}, {"to": "CONTINUOUS"}, {"to": "CONTINUOUS"}, {"to": "CONTINUOUS"},
    {"to": "AUCTION_CALL"}, {"to": "AUCTION_CALL", "auction": "OPEN"},
    {"to": "AUCTION_CALL", "auction": "CLOSE"}, {"to": "AUCTION_CALL", "auction": "CLOSE"},
    {"to": "PRE_OPEN"}, {"to": "HALTED"}, {"to": "CLOSED"}, {"to": "CLOSED"},
]  # fmt: skip
LAST_TIME = 2**63 - 1


def time_market(r: Random, market: Json, scale: int = 1) -> Json:
    """What a market of such a flow is configured with, beside all else."""
    found: Json = {}
    if r.random() < 0.5:
        found["collar"] = r.choice([1, 1, 2, 4]) * scale
        found["collar_action"] = r.choice(["AUCTION", "AUCTION", "AUCTION", market["collar_action"]])
    if found.get("collar_action") == "AUCTION" or r.random() < 0.1:
        found["volatility_call"] = r.choice([1, 2, 5, 5, 12, 40, 2**62])
    if r.random() < 0.6:
        found["auction_band"] = r.choice([0, 0, 1, 1, 3]) * scale
        found["extension"] = r.choice([1, 2, 4, 4, 15, 2**62])
        found["max_extensions"] = r.choice([1, 1, 2, 3, 2**32 - 1])
    return found


def time_flow_of(seed: int) -> Json:
    """{"header": ..., "commands": [...]}: 20 to 140 commands."""
    r = Random(seed ^ 0x7157)
    header = full_flow_of(seed)["header"]
    for market in header["markets"]:
        market.update(time_market(r, market))
    day = TimeDay(r, header)
    limits = [{"cmd": "SET_LIMIT", **day.make("SET_LIMIT")} for _ in range(4)] if header["limits"] else []
    commands = [day.command() for _ in range(r.randint(20, 140))]
    if r.random() < 0.15:
        commands += [at_the_end_of_time(r, day.command()) for _ in range(20)]
    return {"header": header, "commands": [*limits, *commands]}


def at_the_end_of_time(r: Random, command: Json) -> Json:
    """The command where the clock cannot go on: calls end at once, nothing can be scheduled any more."""
    command["t"] = LAST_TIME - r.choice([0, 1, 6, 6, 6, 6])
    if "at" in command:
        command["at"] = LAST_TIME - r.choice([0, 0, 3])
    for order in (command, command.get("limit"), command.get("stop")):
        if isinstance(order, dict) and order.get("tif") == "GTD":
            order["expire"] = LAST_TIME
    return command


def long_time_flow_of(seed: int, commands: int = 1500) -> Json:
    """Deep books, and so many timers that their table grows."""
    r = Random(seed ^ 0x7157)
    header = long_full_flow_of(seed, 0)["header"]
    for market in header["markets"]:
        market.update(time_market(r, market, 500))
    day = LongTimeDay(r, header)
    quiet = [kind for kind in TIME_KINDS if kind not in ("MASS_CANCEL", "SET_LIMIT", "SET_REF")]
    return {"header": header, "commands": [day.command(quiet) for _ in range(commands)]}


class TimeDay(FullDay):
    """A day with schedules; see `FullDay` for what it believes of each market."""

    furthest = 20

    def __init__(self, random: Random, header: Json) -> None:
        super().__init__(random, header)
        self.weights = {**TIME_WEIGHTS, **{k: w for k, w in self.weights.items() if w == 0.2}}
        self.to_follow: list[Json] = []

    def command(self, kinds: list[str] = TIME_KINDS) -> Json:
        if self.to_follow and self.random.random() < 0.7:
            return self._timed(self.to_follow.pop())
        if self.random.random() < 0.02:
            self.to_follow += reversed(self.call_to_be_ended())
        command = super().command(kinds)
        if command["cmd"] == "SCHEDULE" and "to" in command and command["market"] < self.markets:
            self._expect(command)
        return command

    def _expect(self, command: Json) -> None:
        """Believe half of what is scheduled, and give a call its end."""
        r = self.random
        if r.random() < 0.5:
            self.states[command["market"]] = command["to"]
        if command["to"] == "AUCTION_CALL":
            end = "CLOSED" if command.get("auction") == "CLOSE" and r.random() < 0.6 else "CONTINUOUS"
            self.to_follow.append({**command, "at": command["at"] + r.randint(1, 9), "to": end})
            self.to_follow[-1].pop("t", None)

    def _timed(self, command: Json) -> Json:
        """Times of what was planned count from the moment at which its turn comes."""
        if "ahead" in command:
            command["at"] = self.now + command.pop("ahead")
        if command["cmd"] == "TIME":
            self.now += self.random.choice([2, 4, 9])
            command["t"] = self.now
        return command

    def call_to_be_ended(self) -> list[Json]:
        """A call in which buyers meet sellers, stops wait and the next offer is far away; then its end."""
        r = self.random
        market, middle, far = r.randrange(self.markets), self.middle, r.choice([2, 3, 6, 9])
        kind = r.choice(["OPEN", "CLOSE", "INTRADAY"])
        orders: list[Json] = [
            {"side": "S", "price": middle + r.randint(-2, 4)},
            {"side": "B", "price": middle + r.randint(0, 6)},
            {"side": "S", "price": middle + far},
            {"side": "B", "price": max(1, middle - far)},
            {"side": "B", "type": "STOP", "stop": middle + r.randint(-1, 3)},
            {"side": "S", "type": "STOP", "stop": middle + r.randint(-3, 1)},
        ]  # fmt: skip
        call = {"cmd": "STATE", "market": market, "to": "AUCTION_CALL", "auction": kind}
        common = {"cmd": "NEW", "market": market}
        sent = [{**common, **self.name(), "qty": r.randint(1, 9), **order} for order in orders]
        end = {"cmd": "SCHEDULE", "market": market, "ahead": 1, "to": r.choice(["CONTINUOUS", "CLOSED"])}
        return [call, *sent, end, *({"cmd": "TIME"} for _ in range(3))]

    def make(self, kind: str) -> Json:
        return self.schedule() if kind == "SCHEDULE" else super().make(kind)

    def schedule(self) -> Json:
        r = self.random
        if r.random() < 0.06:
            return {"clear": True}
        at = self.now + r.choice([-3, 0, *[r.randint(1, self.furthest) for _ in range(14)]])
        return {"at": at, **r.choice(TARGETS)}


class LongTimeDay(TimeDay, LongFullDay):
    """See `LongFullDay`; most timers lie far away."""

    accounts: tuple[int, ...] = LongFullDay.accounts
    furthest = 3000

    def schedule(self) -> Json:
        """Taking everything back is rare, so that timers pile up."""
        found = super().schedule()
        return found if "at" in found or self.random.random() < 0.1 else self.schedule()
