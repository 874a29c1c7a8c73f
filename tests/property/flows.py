"""Generated order flow: a venue and a sequence of commands, small numbers so that everything meets.

    seed --> Flow = header (docs/scenario-format.md: markets, accounts, credit, limits) + JSON commands

Prices lie around 100, quantities up to 12, four accounts use forty client order ids each: ids collide, stops
are reached, own orders meet, credit runs out. Two things are left to the naive venue that runs the flow: a
`seq` is relative (+1 the next number of the clearing house, 0 the last one again, +2 a gap), and a `pick`
names one of the live orders. Hypothesis draws the seed; `smallest` takes commands away from a flow that
fails.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from hypothesis import strategies as st

from novate.domain.records import COMMAND, Commands

Json = dict[str, Any]

ACCOUNTS = (1, 2, 3, 4)
UNLISTED = 5
STP_MODES = ("NONE", "CANCEL_RESTING", "CANCEL_AGGRESSING", "CANCEL_BOTH", "DECREMENT")
STATES = ("CLOSED", "PRE_OPEN", "AUCTION_CALL", "CONTINUOUS", "HALTED")
LIMIT_VALUES = {
    "ORDER_QTY": 9, "ORDER_NOTIONAL": 1200, "OPEN_ORDERS": 6, "POSITION": 20, "GROSS_NOTIONAL": 4000,
    "MESSAGE_RATE": 8, "NO_SUCH_LIMIT": 1,
}  # fmt: skip
LOOKS: list[Json] = [{}, {}, {}, {"hidden": True}, {"display": 1}, {"display": 3}, {"post_only": True}]
SPOILERS: list[Json] = [
    {"qty": 0}, {"qty": 201}, {"qty": 2**40}, {"price": 0}, {"price": 2**70}, {"price": -3}, {"price": None},
    {"stop": 0}, {"stop": 101}, {"stop": None}, {"trail": 2}, {"display": 13}, {"display": 0},
    {"hidden": True}, {"post_only": True}, {"tif": "IOC"}, {"tif": "GTC"}, {"expire": 50}, {"expire": -1},
    {"tif": "AT_OPEN"}, {"tif": "AT_CLOSE"}, {"type": "MTL"}, {"type": "TRAILING_STOP"},
    {"type": "IF_TOUCHED"}, {"min_qty": 2}, {"reduce_only": True}, {"mmp": True}, {"type": "MARKET"},
    {"qty": 200},
]  # fmt: skip
AMENDED = [
    ("qty",), ("qty",), ("qty",), ("price",), ("price",), ("price",), ("qty", "price"), ("qty", "price"),
    ("stop",), ("display",), ("qty", "display"), ("price", "stop"), (),
]  # fmt: skip
AMEND_SPOILERS: list[Json] = [
    {"trail": 1}, {"qty": 0}, {"qty": 201}, {"price": 0}, {"price": 2**64}, {"display": 0},
    {"stop": 0}, {"stop": 2**40},
]  # fmt: skip
WEIGHTS: dict[str, float] = {
    "NEW": 62, "CANCEL": 5, "AMEND": 16, "MASS_CANCEL": 1, "STATE": 1.2, "TIME": 2, "SET_REF": 1,
    "POSITION": 1, "CREDIT": 5, "SET_MARGIN": 3, "SET_LIMIT": 2,
}  # fmt: skip
KINDS = list(WEIGHTS)
WITHOUT_MARKET = ("TIME", "CREDIT", "SET_LIMIT")

seeds = st.integers(0, 2**48)
"""What Hypothesis draws; `flow_of` makes a flow of it."""


def flow_of(seed: int) -> Json:
    """{"header": ..., "commands": [...]}: 10 to 120 commands."""
    r = Random(seed)
    header = header_of(r)
    day = Day(r, len(header["markets"]))
    # Limits that are set early have something to do.
    limits = [{"cmd": "SET_LIMIT", **_set_limit(day)} for _ in range(5)] if header["limits"] else []
    return {"header": header, "commands": [*limits, *(day.command() for _ in range(r.randint(10, 120)))]}


def long_flow_of(seed: int, commands: int = 2500) -> Json:
    """A flow whose books grow deep: every table of the venue has to grow with them."""
    r = Random(seed)
    header = header_of(r)
    header["accounts"] = [{"acct": acct, "member": acct % 3} for acct in LongDay.accounts]
    for market in header["markets"]:
        market.update(
            max_price=10**8, static_band=10**7, ref_price=LongDay.middle, initial_state="CONTINUOUS"
        )
    if "credit" in header:
        assets = assets_of(header["markets"])
        header["credit"] = [[acct, asset, 10**10] for acct in LongDay.accounts for asset in assets]
    day = LongDay(r, len(header["markets"]))
    quiet = [kind for kind in WEIGHTS if kind not in ("STATE", "MASS_CANCEL", "SET_LIMIT", "SET_REF")]
    return {"header": header, "commands": [day.command(quiet) for _ in range(commands)]}


EXTREMES = {
    1: [0, 1, 2, 3, 7, 77, 128, 255],
    2: [0, 1, 3, 255, 2**15, 2**16 - 1],
    4: [0, 1, 8, 2**31, 2**32 - 2, 2**32 - 1],
    8: [-(2**63), -1, 0, 1, 2**31, 2**36, 2**53, 2**62 + 1, 2**63 - 1],
}
"""Values by the size of a field in bytes."""


def spoiled(records: Commands, seed: int) -> Commands:
    """Records of which about one in six has fields that nobody would write."""
    r = Random(seed)
    found = records.copy()
    for at in range(len(found)):
        for _ in range(r.choice([0, 0, 0, 0, 0, 1, 2])):
            name = r.choice(COMMAND.names or ())
            found[name][at] = r.choice(EXTREMES[COMMAND[name].itemsize])
    return found


def smallest(flow: Json, fails: Callable[[Json], bool]) -> Json:
    """The flow without every command that the failure does not need."""
    commands = list(flow["commands"])
    chunk = max(1, len(commands) // 2)
    while chunk:
        at = 0
        while at < len(commands):
            fewer = commands[:at] + commands[at + chunk :]
            if fewer and fails({**flow, "commands": fewer}):
                commands = fewer
            else:
                at += chunk
        chunk //= 2
    return {**flow, "commands": commands}


# -- venues --------------------------------------------------------------------------------------------


def header_of(r: Random) -> Json:
    use = r.choice(["none", "none", "deliverable", "margined", "mixed"])
    markets = [_market(r, use) for _ in range(r.choice([1, 1, 1, 2, 3]))]
    accounts = [
        {
            "acct": acct,
            "member": r.randint(0, 2),
            "stp_group": r.choice([0, 0, 7]),
            "class": r.choice([0, 1, 7]),
        }
        for acct in ACCOUNTS
    ]
    header: Json = {
        "scenario": "generated",
        "markets": markets,
        "accounts": accounts,
        "fee_account": r.choice([0, 1, 9]),
        "limits": r.random() < 0.3,
        "check_accounts": r.random() < 0.5,
    }
    if header["limits"]:
        # Where limits are on, sums of notionals must fit as well (K20).
        for market in markets:
            market["max_price"] = min(market["max_price"], 10**8)
    if use != "none":
        amounts = [0, 300, 1500, 6000, 50_000, 2_000_000]
        header["credit"] = [
            [acct, asset, r.choice(amounts)] for acct in ACCOUNTS for asset in assets_of(markets)
        ]
    return header


def assets_of(markets: list[Json]) -> list[int]:
    """Assets that some market reserves."""
    used = {market["quote"] for market in markets if "credit" in market}
    return sorted(used | {market["base"] for market in markets if "base" in market})


def _market(r: Random, use: str) -> Json:
    credit = r.choice(["none", "deliverable", "margined"]) if use == "mixed" else use
    market: Json = {
        "max_qty": 200,
        "max_price": r.choice([108, 10_000, 2**33]),
        "min_display": r.choice([1, 1, 2]),
        "stp_default": r.choice(STP_MODES),
        "initial_state": r.choice(["CONTINUOUS"] * 5 + ["PRE_OPEN"]),
    }
    if r.random() < 0.6:
        market["ref_price"] = min(any_price(r), market["max_price"])
    if credit != "none" or r.random() < 0.3:
        market["static_band"] = r.choice([2, 6, 15, 10_000])
    if r.random() < 0.6:
        market["maker_ppm"] = r.choice([None, 0, 700, 20_000, -500, -30_000])
        market["taker_ppm"] = r.choice([None, 0, 300, 25_000, -200])
    if credit != "none":
        market.update(_credit_terms(r, credit))
    return market


def _credit_terms(r: Random, credit: str) -> Json:
    terms: Json = {
        "credit": credit,
        "quote": r.choice([0, 0, 0, 3]),
        "multiplier": r.choice([1, 1, 7]),
        "on_negative": r.choice(["block", "cancel_newest", "cancel_newest"]),
    }
    if credit == "deliverable":
        terms["base"] = r.choice([1, 2])
        terms["units_per_lot"] = r.choice([1, 100])
        terms["resale"] = r.choice(["immediate", "settled"])
    else:
        terms["margin"] = r.choice([0, 333_333, 20_000_000, 150_000_000])
        terms["premium"] = r.random() < 0.3
    return terms


# -- commands ------------------------------------------------------------------------------------------


class Day:
    """What the flow remembers of itself: its clock, and the orders that it sent last."""

    middle = 100
    accounts: tuple[int, ...] = ACCOUNTS
    weights: Mapping[str, float] = WEIGHTS

    def __init__(self, random: Random, markets: int) -> None:
        self.random = random
        self.markets = markets
        self.now = 0
        self.sent: list[Json] = []

    def command(self, kinds: list[str] = KINDS) -> Json:
        r = self.random
        kind = r.choices(kinds, [self.weights[kind] for kind in kinds])[0]
        command: Json = {"cmd": kind}
        if kind not in WITHOUT_MARKET:
            command["market"] = r.randrange(self.markets) if r.random() < 0.98 else self.markets
        if kind == "TIME" or r.random() < 0.2:
            self.now += r.choice([0, 1, 1, 2, 5, 12])
            command["t"] = self.now if r.random() < 0.9 else r.randint(0, self.now)
        command.update(self.make(kind))
        return command

    def make(self, kind: str) -> Json:
        """The fields of a command of that kind."""
        return MAKERS[kind](self)

    def order_sent(self) -> Json:
        """The name of an order: mostly of a live one, which the naive venue picks when it comes to it."""
        r = self.random
        chosen = {**self.name(), "market": r.randrange(self.markets)}
        if r.random() < 0.8:
            chosen["pick"] = r.randrange(10_000)
        elif self.sent and r.random() < 0.7:
            order = r.choice(self.sent[-15:])
            chosen.update(acct=order["acct"], cid=order["cid"], market=order["market"])
        return chosen

    def name(self) -> Json:
        r = self.random
        acct = r.choice(self.accounts) if r.random() < 0.97 else UNLISTED
        return {"acct": acct, "cid": self.client_order_id()}

    def client_order_id(self) -> int:
        return self.random.randint(1, 40)

    def price(self) -> int:
        return any_price(self.random)

    def limit(self, side: str) -> int:
        """The price of a new order."""
        return self.price()


class LongDay(Day):
    """Deep books over many prices: most orders rest, ids are any 64 bits, the market drifts."""

    middle = 100_000
    accounts = tuple(range(1, 60))

    def client_order_id(self) -> int:
        r = self.random
        return r.choice([r.randint(-(2**63), 2**63 - 1), r.randint(1, 500)])

    def price(self) -> int:
        self.middle = max(60_000, self.middle + self.random.randint(-3, 3))
        return max(1, self.middle + int(self.random.gauss(0, 2000)))

    def limit(self, side: str) -> int:
        price = self.price()
        if self.random.random() < 0.1:
            return price
        distance = abs(price - self.middle)
        return max(1, self.middle - distance if side == "B" else self.middle + distance)


def any_price(r: Random) -> int:
    return r.randint(96, 104) if r.random() < 0.8 else r.randint(90, 110)


def _new(day: Day) -> Json:
    r = day.random
    kind = r.choice(["LIMIT"] * 8 + ["MARKET", "STOP", "STOP_LIMIT", "STOP_LIMIT"])
    order = {**day.name(), "side": r.choice("BS"), "qty": r.randint(1, 12), "type": kind}
    order["market"] = r.randrange(day.markets) if r.random() < 0.99 else day.markets
    if kind in ("LIMIT", "STOP_LIMIT"):
        order["price"] = day.limit(order["side"])
    if kind in ("STOP", "STOP_LIMIT"):
        # Mostly a stop that is not reached yet: above the market for a buy, below it for a sell.
        order["stop"] = day.middle + r.randint(-1, 6) * (1 if order["side"] == "B" else -1)
    resting = kind in ("STOP", "STOP_LIMIT") or r.random() < 0.75
    order["tif"] = r.choice(["GTC", "GTC", "DAY", "GTD"] if resting else ["IOC", "FOK"])
    if order["tif"] == "GTD":
        order["expire"] = day.now + r.randint(0, 25)
    if kind == "LIMIT" and resting:
        order.update(r.choice(LOOKS))
        if "display" in order:
            order["display"] = min(order["display"], order["qty"])
    if r.random() < 0.2:
        order["stp"] = r.choice(STP_MODES)
    if r.random() < 0.2:
        order["session"] = r.randint(0, 2)
    if r.random() < 0.06:
        order.update(r.choice(SPOILERS))
    day.sent.append(order)
    return order


def _amend(day: Day) -> Json:
    r = day.random
    change = day.order_sent()
    values = {"qty": r.randint(1, 20), "price": day.price(), "stop": day.price(), "display": r.randint(1, 6)}
    for name in r.choice(AMENDED):
        change[name] = values[name]
    if r.random() < 0.06:
        change.update(r.choice(AMEND_SPOILERS))
    return change


def _mass_cancel(day: Day) -> Json:
    r = day.random
    filters: Json = {}
    if r.random() < 0.6:
        filters["acct"] = r.choice((*ACCOUNTS, UNLISTED))
    if r.random() < 0.5:
        filters["side"] = r.choice("BS")
    if r.random() < 0.2:
        filters["session"] = r.randint(0, 2)
    return filters


def _state(day: Day) -> Json:
    r = day.random
    to = r.choice((*STATES, *["CONTINUOUS"] * 12))
    if to == "AUCTION_CALL" and r.random() < 0.5:
        return {"to": to, "auction": r.choice(["OPEN", "CLOSE", "INTRADAY"])}
    return {"to": to}


def _sequence_step(r: Random) -> int:
    return 1 if r.random() < 0.85 else r.choice([0, -1, 2])


def _credit(day: Day) -> Json:
    r = day.random
    return {
        "acct": r.choice((*ACCOUNTS, *ACCOUNTS, UNLISTED)),
        "asset": r.choice([0, 0, 0, 0, 1, 2, 3, 5]),
        "delta": r.choice([-40_000, -4000, -900, -250, -30, 0, 100, 700, 5000, 2**62]),
        "seq": _sequence_step(r),
    }


def _set_margin(day: Day) -> Json:
    r = day.random
    return {
        "class": r.choice([0, 0, 1, 1, 7, 7, 8]),
        "margin": r.choice([0, 1, 999_999, 10_000_000, 60_500_000, 400_000_000, -1, 10**15, 10**15 + 1]),
        "seq": _sequence_step(r),
    }


def _set_limit(day: Day) -> Json:
    r = day.random
    kind = r.choice(sorted(LIMIT_VALUES))
    holder = {"acct": r.choice((*ACCOUNTS, UNLISTED))} if r.random() < 0.6 else {"member": r.randint(0, 3)}
    value = LIMIT_VALUES[kind] if r.random() < 0.7 else r.randint(-1, LIMIT_VALUES[kind])
    window = {"window": r.randint(0, 30)} if kind == "MESSAGE_RATE" else {}
    return {**holder, "limit": kind, "value": value, **window}


def _set_reference(day: Day) -> Json:
    r = day.random
    return {"price": day.price() if r.random() < 0.8 else r.choice([0, 2**37])}


def _position(day: Day) -> Json:
    return {"acct": day.random.choice(ACCOUNTS), "qty": day.random.randint(-15, 15)}


MAKERS: dict[str, Callable[[Day], Json]] = {
    "NEW": _new,
    "CANCEL": Day.order_sent,
    "AMEND": _amend,
    "MASS_CANCEL": _mass_cancel,
    "STATE": _state,
    "TIME": lambda day: {},
    "SET_REF": _set_reference,
    "POSITION": _position,
    "CREDIT": _credit,
    "SET_MARGIN": _set_margin,
    "SET_LIMIT": _set_limit,
}
