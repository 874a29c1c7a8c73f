"""Generated order flow with kill switches, disconnections, order-to-trade limits and quotes.

    seed --> Flow = header of `full_flows` + its commands, and among them QUOTE, KILL, REVIVE, DISCONNECT

A maker asks for its sides again and again under few names, so that they stay, are replaced, collide with
plain orders and are amended in vain. Whoever was killed is mostly revived soon: a dead venue shows little.
"""

from __future__ import annotations

from random import Random

from tests.property.flows import UNLISTED, Json
from tests.property.full_flows import FULL_WEIGHTS, FullDay, full_flow_of, long_full_flow_of

CONTROL_WEIGHTS: dict[str, float] = {
    **FULL_WEIGHTS, "QUOTE": 22, "KILL": 1.6, "REVIVE": 2, "DISCONNECT": 2, "SET_LIMIT": 3,
}  # fmt: skip
CONTROL_KINDS = list(CONTROL_WEIGHTS)
VENUE_WIDE = ("KILL", "REVIVE", "DISCONNECT")
QUOTE_SPOILERS: list[Json] = [
    {"tif": "IOC"}, {"tif": "GTD"}, {"tif": "NONE"}, {"bid_qty": 201}, {"ask_qty": 2**40}, {"ask": 0},
    {"bid": 2**70}, {"bid": None}, {"ask_cid": 51}, {"cid": 7}, {"ask_cid": 8},
    {"bid": 104, "ask": 104, "bid_qty": 1, "ask_qty": 1},
    {"bid_qty": -1}, {"market": 7},
]  # fmt: skip


def control_flow_of(seed: int) -> Json:
    """The header of a full flow of that seed, and other commands."""
    flow = full_flow_of(seed)
    header = flow["header"]
    r = Random(seed + 1)
    day = ControlDay(r, header)
    before = [command for command in flow["commands"][:10] if command["cmd"] in ("SET_LIMIT", "MMP_SET")]
    if header["limits"]:
        before += [{"cmd": "SET_LIMIT", **day.ratio()} for _ in range(r.choice([0, 1, 3]))]
    commands = [day.command(CONTROL_KINDS) for _ in range(r.randint(10, 120))]
    return {"header": header, "commands": [*before, *commands]}


def long_control_flow_of(seed: int, commands: int = 1500) -> Json:
    """Many names, so that books grow deep; kills are rare."""
    header = long_full_flow_of(seed, 0)["header"]
    day = LongControlDay(Random(seed), header)
    quiet = [kind for kind in CONTROL_KINDS if kind not in ("MASS_CANCEL", "SET_LIMIT", "SET_REF", "KILL")]
    return {"header": header, "commands": [day.command(quiet) for _ in range(commands)]}


class ControlDay(FullDay):
    """A day with makers and with somebody who watches them."""

    names = (11, 21, 31)
    """Of bids; the ask is named one higher."""
    makers: tuple[int, ...] = (1, 2, 3, 4)

    def __init__(self, random: Random, header: Json) -> None:
        super().__init__(random, header)
        idle = {kind: 0.2 for kind, weight in self.weights.items() if weight == 0.2}
        self.weights = {**CONTROL_WEIGHTS, **idle}
        self.members = sorted({account.get("member", 0) for account in header["accounts"]})
        self.quoted: dict[tuple[int, int, int], Json] = {}
        self.killed: list[Json] = []

    def command(self, kinds: list[str] = CONTROL_KINDS) -> Json:
        if self.killed and self.random.random() < 0.15:
            return {"cmd": "REVIVE", **self.killed.pop()}
        command = super().command(kinds)
        if command["cmd"] in VENUE_WIDE:
            del command["market"]
        return command

    def make(self, kind: str) -> Json:
        makers = {"QUOTE": self.quote, "KILL": self.kill, "REVIVE": self.scope, "DISCONNECT": self.disconnect}
        if kind in makers:
            return makers[kind]()
        if kind == "SET_LIMIT" and self.random.random() < 0.4:
            return self.ratio()
        return super().make(kind)

    # -- quotes --------------------------------------------------------------------------------------

    def quote(self) -> Json:
        """Mostly near the quote of that name before, in one of the ways in which makers change them."""
        r = self.random
        market, acct = r.randrange(self.markets), r.choice(self.makers)
        cid = r.choice(self.names)
        before = self.quoted.get((market, acct, cid))
        found = self.fresh() if before is None or r.random() < 0.3 else self.changed(before)
        self.quoted[market, acct, cid] = found
        whole: Json = {"market": market, "acct": acct, "cid": cid, "ask_cid": cid + 1, **found}
        if r.random() < 0.3:
            whole["tif"] = r.choice(["GTC", "DAY"])
        if r.random() < 0.6:
            whole["session"] = r.randint(0, 2)
        if r.random() < 0.08:
            whole.update(r.choice(QUOTE_SPOILERS))
        return whole

    def fresh(self) -> Json:
        r = self.random
        middle = self.price()
        return {
            "bid": middle - self.ticks(), "bid_qty": r.choice([0, *[r.randint(1, 9)] * 6]),
            "ask": middle + self.ticks(), "ask_qty": r.choice([0, *[r.randint(1, 9)] * 6]),
        }  # fmt: skip

    def changed(self, before: Json) -> Json:
        r = self.random
        change = r.choice([{}, {}, "bid", "ask", "bid_qty", "ask_qty", "both"])
        if change == "both":
            step = r.choice([-1, 1]) * self.ticks()
            return {**before, "bid": before["bid"] + step, "ask": before["ask"] + step}
        if not change:
            return dict(before)
        if change in ("bid", "ask"):
            return {**before, change: before[change] + r.choice([-1, 1]) * self.ticks()}
        return {**before, str(change): r.randint(0, 9)}

    def ticks(self) -> int:
        return self.random.randint(1, 3)

    # -- control -------------------------------------------------------------------------------------

    def scope(self) -> Json:
        r = self.random
        scope = r.choice(["ACCOUNT", "ACCOUNT", "ACCOUNT", "MEMBER", "MEMBER", "VENUE", "NOBODY"])
        if scope == "VENUE":
            return {"scope": scope}
        if scope == "MEMBER":
            return {"scope": scope, "holder": r.choice([*self.members, 0, 5])}
        return {"scope": scope, "holder": r.choice([*self.accounts, UNLISTED])}

    def kill(self) -> Json:
        self.killed.append(self.scope())
        return dict(self.killed[-1])

    def disconnect(self) -> Json:
        r = self.random
        found: Json = {"session": r.choice([0, 1, 1, 2, 2, 3])}
        if r.random() < 0.4:
            found["acct"] = r.choice([*self.accounts, UNLISTED])
        return found

    def ratio(self) -> Json:
        r = self.random
        holder = {"acct": r.choice(self.accounts)} if r.random() < 0.6 else {"member": r.choice(self.members)}
        value, window = r.choice([0, 1, 2, 5, 2**62, -1]), r.choice([0, 1, 5, 20, 60])
        return {
            **holder,
            "limit": "ORDER_TO_TRADE",
            "value": value,
            "window": window,
            "free": r.randint(0, 6),
        }


class LongControlDay(ControlDay):
    """Deep books over many prices, and some makers that quote in them again and again."""

    middle = 100_000
    accounts: tuple[int, ...] = tuple(range(1, 60))
    makers = (1, 2, 3, 4, 5)
    names = tuple(range(1001, 1013, 2))
    unrest = 0.4

    def price(self) -> int:
        self.middle = max(60_000, self.middle + self.random.randint(-3, 3))
        return self.middle

    def limit(self, side: str) -> int:
        away = abs(int(self.random.gauss(0, 2000))) // 250 * 250
        return self.price() - away if side == "B" else self.price() + away

    def ticks(self) -> int:
        return abs(int(self.random.gauss(0, 800))) + 1
