"""Generated order flow of level FULL: everything of `flows.py`, and what CORE does not have.

    seed --> Flow = header (level FULL: collars, protection, allocation, auction fees) + JSON commands

A day guesses the state of each market from the STATE commands that it sent, so that calls get orders and
then an uncross, and a closed market opens again soon. It cannot see a market that a collar has halted: where
one may halt, STATE commands come more often.
"""

from __future__ import annotations

from random import Random

from tests.property.flows import (
    LOOKS,
    SPOILERS,
    STP_MODES,
    WEIGHTS,
    Day,
    Json,
    LongDay,
    flow_of,
    long_flow_of,
)

FULL_WEIGHTS: dict[str, float] = {
    **WEIGHTS, "NEW": 58, "NEW_OCO": 6, "STATE": 3, "MMP_SET": 1.5, "MMP_RESET": 1, "POSITION": 2,
}  # fmt: skip
FULL_KINDS = list(FULL_WEIGHTS)
TYPES = ["LIMIT"] * 8 + ["MARKET", "MARKET", "MTL", "STOP", "STOP_LIMIT", "TRAILING_STOP", "IF_TOUCHED"]
TRIGGERS = ["STOP", "STOP_LIMIT", "TRAILING_STOP", "IF_TOUCHED"]
FULL_SPOILERS: list[Json] = [
    *SPOILERS, {"min_qty": 0}, {"min_qty": 13}, {"trail": 0}, {"trail": 500}, {"trail": None},
    {"type": "TRAILING_STOP", "trail": 3, "price": None}, {"type": "MTL", "price": None, "tif": "FOK"},
    {"reduce_only": True, "tif": "AT_CLOSE"}, {"mmp": True, "tif": "IOC"}, {"post_only": True, "min_qty": 1},
]  # fmt: skip
OCO_SPOILERS: list[Json] = [
    {"qty": 5}, {"side": "B"}, {"cid": 7}, {"tif": "IOC"}, {"type": "MARKET"}, {"reduce_only": True},
    {"min_qty": 1}, {"price": 0}, {"stop": 0}, {"hidden": True},
]  # fmt: skip
NEXT_STATES: dict[str, list[Json]] = {
    "CONTINUOUS": [
        {"to": "AUCTION_CALL", "auction": "CLOSE"}, {"to": "AUCTION_CALL", "auction": "INTRADAY"},
        {"to": "AUCTION_CALL"}, {"to": "HALTED"}, {"to": "CLOSED"}, {"to": "CONTINUOUS"}, {"to": "PRE_OPEN"},
        {"to": "PRE_OPEN"},
    ],
    "PRE_OPEN": [{"to": "AUCTION_CALL", "auction": "OPEN"}, {"to": "CONTINUOUS"}, {"to": "CONTINUOUS"}],
    "AUCTION_CALL": [
        {"to": "CONTINUOUS"}, {"to": "CONTINUOUS"}, {"to": "CONTINUOUS"}, {"to": "CLOSED"}, {"to": "CLOSED"},
        {"to": "HALTED"}, {"to": "AUCTION_CALL", "auction": "OPEN"},
    ],
    "CLOSED": [{"to": "PRE_OPEN"}, {"to": "PRE_OPEN"}, {"to": "CONTINUOUS"}],
    "HALTED": [{"to": "CONTINUOUS"}, {"to": "CONTINUOUS"}, {"to": "AUCTION_CALL"}],
}  # fmt: skip
IMPATIENCE = {"CONTINUOUS": 0.025, "PRE_OPEN": 0.08, "AUCTION_CALL": 0.08, "CLOSED": 0.5, "HALTED": 0.5}
"""How likely the next command is a STATE command."""
CALLS = ("PRE_OPEN", "AUCTION_CALL")


def full_flow_of(seed: int) -> Json:
    """{"header": ..., "commands": [...]}: 10 to 120 commands after those that set limits and protections."""
    r = Random(seed)
    flow = flow_of(seed)
    header = {**flow["header"], "level": "FULL"}
    if r.random() < 0.1:
        header["positions"] = False
    if "credit" in header and r.random() < 0.5:
        # Who can afford everything reaches the rules behind credit.
        header["credit"] = [[acct, asset, 10**9] for acct, asset, _ in header["credit"]]
    for market in header["markets"]:
        market.update(_full_market(r))
    limits = [command for command in flow["commands"][:5] if command["cmd"] == "SET_LIMIT"]
    day = FullDay(r, header)
    protections = [
        {"cmd": "MMP_SET", "market": r.randrange(day.markets), **day.make("MMP_SET")}
        for _ in range(r.randint(0, 5))
    ]
    commands = [day.command() for _ in range(r.randint(10, 120))]
    return {"header": header, "commands": [*limits, *protections, *commands]}


def long_full_flow_of(seed: int, commands: int = 1500) -> Json:
    """A flow whose books, queues and calls grow deep."""
    r = Random(seed)
    header = {**long_flow_of(seed, 0)["header"], "level": "FULL"}
    for market in header["markets"]:
        market.update(_full_market(r))
        for ticks in ("collar", "protection"):
            if market[ticks] is not None:
                market[ticks] *= 500
        # A collar that halts would keep deep books shut most of the time.
        market["collar_action"] = r.choice(["CAP", "CAP", "HALT"])
    day = LongFullDay(r, header)
    quiet = [kind for kind in FULL_KINDS if kind not in ("MASS_CANCEL", "SET_LIMIT", "SET_REF")]
    return {"header": header, "commands": [day.command(quiet) for _ in range(commands)]}


def _full_market(r: Random) -> Json:
    """The keys of level FULL. A protection may take the place of a band, also with credit (K5)."""
    full: Json = {
        "collar": r.choice([None, None, 1, 2, 4, 8]),
        "collar_action": r.choice(["CAP", "HALT"]),
        "protection": r.choice([None, 0, 1, 3, 10]),
        "post_only": r.choice(["REJECT", "SLIDE"]),
        "alloc": r.choice(["FIFO", "PRO_RATA", "FIFO_PRO_RATA"]),
        "pr_min": r.choice([1, 2, 3]),
        "fifo_pct": r.choice([0, 20, 40, 100]),
        "top_order": r.random() < 0.5,
        "auction_ppm": r.choice([0, 0, 400, 15_000, -300]),
    }
    if full["protection"] is not None and r.random() < 0.4:
        full["static_band"] = None
    if r.random() < 0.35:
        full["initial_state"] = r.choice(["PRE_OPEN", "AUCTION_CALL"])
    return full


# -- commands ------------------------------------------------------------------------------------------


class FullDay(Day):
    """A day of level FULL; `states` is what it believes of each market."""

    unrest = 1.0
    """How often states change, against IMPATIENCE."""

    def __init__(self, random: Random, header: Json) -> None:
        markets = header["markets"]
        super().__init__(random, len(markets))
        idle = [] if "credit" in header else ["CREDIT", "SET_MARGIN"]
        idle += [] if header["limits"] else ["SET_LIMIT"]
        self.weights = {kind: 0.2 if kind in idle else weight for kind, weight in FULL_WEIGHTS.items()}
        self.auctions = ["INTRADAY"] * len(markets)
        self.states = [market.get("initial_state", "CONTINUOUS") for market in markets]
        self.may_halt = [
            market["collar"] is not None and market["collar_action"] == "HALT" for market in markets
        ]

    def command(self, kinds: list[str] = FULL_KINDS) -> Json:
        r = self.random
        impatient = [
            number
            for number, state in enumerate(self.states)
            if r.random() < IMPATIENCE[state] * self.unrest or (self.may_halt[number] and r.random() < 0.08)
        ]
        if impatient:
            return {"cmd": "STATE", "market": impatient[0], **self.next_state(impatient[0])}
        command = super().command(kinds)
        if command["cmd"] == "STATE" and command["market"] < self.markets:
            # The fields were made before the market was known.
            command = {"cmd": "STATE", "market": command["market"], **self.next_state(command["market"])}
        return command

    def make(self, kind: str) -> Json:
        makers = {"NEW": self.new, "NEW_OCO": self.new_oco, "MMP_SET": self.mmp_set}
        if kind in makers:
            return makers[kind]()
        if kind == "MMP_RESET":
            return {"acct": self.random.choice(self.accounts)}
        return super().make(kind)

    def next_state(self, number: int) -> Json:
        """Mostly where a market would go from where it is believed to be."""
        r = self.random
        if self.may_halt[number] and r.random() < 0.6:
            chosen: Json = {"to": "CONTINUOUS"}
        else:
            chosen = r.choice(NEXT_STATES[self.states[number]])
        self.states[number] = chosen["to"]
        self.auctions[number] = chosen.get("auction", "INTRADAY")
        return dict(chosen)

    def mmp_set(self) -> Json:
        r = self.random
        spoiled = r.choice([{"window": 0}, {"max_qty": 0}]) if r.random() < 0.05 else {}
        whole: Json = {"acct": r.choice(self.accounts), "window": r.choice([1, 10, 40, 100])}
        return {**whole, "max_qty": r.choice([1, 2, 5, 9]), **spoiled}

    # -- orders --------------------------------------------------------------------------------------

    def new(self) -> Json:
        r = self.random
        market = self.place() if r.random() < 0.99 else self.markets
        order: Json = {**self.name(), "market": market, "side": r.choice("BS"), "qty": self.quantity()}
        in_call = market < self.markets and self.states[market] in CALLS
        kind = r.choice(["LIMIT"] * 6 + TRIGGERS) if in_call and r.random() < 0.85 else r.choice(TYPES)
        order.update(self.typed(kind, order["side"]))
        if kind in ("LIMIT", "MARKET") and r.random() < (0.3 if in_call else 0.05):
            order["tif"] = self.auction_only(market)
        else:
            order.update(self.lifetime(kind not in TRIGGERS and not in_call))
            order.update(self.attributes(order, in_call))
        if r.random() < 0.06:
            order.update(r.choice(FULL_SPOILERS))
        self.sent.append(order)
        return order

    def place(self) -> int:
        """A market; rather one that collects orders for its auction."""
        r = self.random
        calls = [number for number, state in enumerate(self.states) if state in CALLS]
        return r.choice(calls) if calls and r.random() < 0.6 else r.randrange(self.markets)

    def auction_only(self, market: int) -> str:
        """The tif that a market may take, and now and then the other one."""
        opens = market < self.markets and (
            self.states[market] == "PRE_OPEN" or self.auctions[market] == "OPEN"
        )
        return "AT_OPEN" if opens != (self.random.random() < 0.15) else "AT_CLOSE"

    def quantity(self) -> int:
        r = self.random
        return r.randint(1, 12) if r.random() < 0.85 else r.randint(10, 60)

    def typed(self, kind: str, side: str) -> Json:
        """Type and prices. A stop is mostly one that is not reached yet."""
        r = self.random
        found: Json = {"type": kind}
        if kind in ("LIMIT", "STOP_LIMIT") or (kind == "IF_TOUCHED" and r.random() < 0.5):
            found["price"] = self.limit(side)
        if kind == "TRAILING_STOP":
            found["trail"] = r.choice([1, 1, 2, 3, 5, 98, 120])
        elif kind in TRIGGERS:
            up = (side == "B") != (kind == "IF_TOUCHED")
            found["stop"] = max(1, self.middle + r.randint(-1, 6) * (1 if up else -1))
        return found

    def lifetime(self, may_be_immediate: bool) -> Json:
        r = self.random
        tif = r.choice(
            ["IOC", "FOK"] if may_be_immediate and r.random() < 0.3 else ["GTC", "GTC", "DAY", "GTD"]
        )
        return {"tif": tif, "expire": self.now + r.randint(1, 25)} if tif == "GTD" else {"tif": tif}

    def attributes(self, order: Json, in_call: bool) -> Json:
        """What R11 lets the order carry, now and then."""
        r = self.random
        kind, tif, qty = order["type"], order["tif"], order["qty"]
        immediate = tif in ("IOC", "FOK")
        found: Json = {}
        if kind == "LIMIT" and not immediate:
            found.update(r.choice(LOOKS))
            if "display" in found:
                found["display"] = min(found["display"], qty)
            if in_call:
                found.pop("post_only", None)
            if r.random() < 0.4:
                found["mmp"] = True
        if kind not in TRIGGERS and tif != "FOK" and not found.get("post_only") and r.random() < 0.12:
            found.update({} if in_call else {"min_qty": r.randint(1, qty)})
        if (kind in ("LIMIT", "MARKET") and immediate) or (kind in TRIGGERS and "price" not in order):
            found.update({"reduce_only": True} if r.random() < 0.25 else {})
        if r.random() < 0.2:
            found["stp"] = r.choice(STP_MODES)
        if r.random() < 0.2:
            found["session"] = r.randint(0, 2)
        return found

    def new_oco(self) -> Json:
        """A pair around the market; mostly a valid one."""
        r = self.random
        name, side, qty = self.name(), r.choice("BS"), self.quantity()
        legs: list[Json] = [
            {"cid": name["cid"], "side": side, "qty": qty, **self.typed("LIMIT", side)},
            {"cid": self.client_order_id(), "side": side, "qty": qty, **self.typed(r.choice(TRIGGERS), side)},
        ]
        for leg in legs:
            leg.update(self.lifetime(False))
        legs[0].update(
            r.choice([{}, {}, {}, {"hidden": True}, {"post_only": True}, {"display": 1}, {"mmp": True}])
        )
        if r.random() < 0.12:
            r.choice(legs).update(r.choice(OCO_SPOILERS))
        pair: Json = {"acct": name["acct"], "market": r.randrange(self.markets)}
        for leg in legs:
            self.sent.append({**pair, "cid": leg["cid"]})
        return {**pair, "limit": legs[0], "stop": legs[1]}


class LongFullDay(FullDay, LongDay):
    """Deep books, many accounts, ids of any 64 bits; see `LongDay`."""

    accounts: tuple[int, ...] = LongDay.accounts
    unrest = 0.4

    def limit(self, side: str) -> int:
        """Round prices, so that levels hold many orders."""
        return max(1, super().limit(side) // 250 * 250)

    def lifetime(self, may_be_immediate: bool) -> Json:
        """Most orders outlive the day."""
        return super().lifetime(may_be_immediate) if self.random.random() < 0.3 else {"tif": "GTC"}

    def typed(self, kind: str, side: str) -> Json:
        found = super().typed(kind, side)
        if "stop" in found:
            up = (side == "B") != (kind == "IF_TOUCHED")
            found["stop"] = self.middle + self.random.randint(-100, 3000) * (1 if up else -1)
        if "trail" in found:
            found["trail"] *= 400
        return found
