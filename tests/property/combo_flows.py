"""Generated order flow with combinations: everything of `control_flows.py`, in three markets that are linked.

    near around 200, far around 100  ->  the combination around 100, where `full_flows` puts its prices

Orders that watch the market, quotes and schedules are among it. A day shifts the prices of near. Another
kind of flow shifts all three down, and prices of the combination (and of a leg) are negative. There may be a
fourth market, and a second combination.
"""

from __future__ import annotations

from random import Random

from tests.property.control_flows import CONTROL_WEIGHTS, ControlDay
from tests.property.flows import ACCOUNTS, Json
from tests.property.full_flows import full_flow_of
from tests.property.time_flows import TARGETS

LINKED: Json = {"alloc": "FIFO", "collar": None, "max_price": 10_000}
OF_CREDIT = ("credit", "base", "quote", "multiplier", "units_per_lot", "resale", "on_negative", "margin",
             "premium")  # fmt: skip
PRICES = ("price", "stop", "bid", "ask")
COMBO_WEIGHTS: dict[str, float] = {
    **CONTROL_WEIGHTS, "NEW": 80, "QUOTE": 6, "KILL": 0.3, "REVIVE": 0.3, "DISCONNECT": 0.7, "SCHEDULE": 0.7,
    "SET_REF": 0.6, "STATE": 0.6, "MASS_CANCEL": 0.3, "SET_LIMIT": 1,
}  # fmt: skip
COMBO_KINDS = list(COMBO_WEIGHTS)
WATCHING: list[Json] = [
    {"aon": True}, {"discretion": 1}, {"discretion": 3}, {"peg": "PRIMARY"}, {"peg": "MID"},
    {"peg": "MARKET", "offset": 1},
]  # fmt: skip


def combo_flow_of(seed: int, commands: int | None = None) -> Json:
    """{"header": ..., "commands": [...]}: 30 to 200 commands unless their number is given."""
    r = Random(seed)
    header, shifts = combo_header(seed, r)
    day = ComboDay(r, header, shifts)
    protections = [
        {"cmd": "MMP_SET", "market": r.randrange(day.markets), **day.make("MMP_SET")}
        for _ in range(r.randint(0, 6))
    ]
    count = r.randint(30, 200) if commands is None else commands
    return {"header": header, "commands": [*protections, *(day.command() for _ in range(count))]}


def combo_header(seed: int, r: Random) -> tuple[Json, dict[int, int]]:
    """The header, and by how much the prices of each market lie above those of `full_flows`."""
    header = full_flow_of(seed)["header"]
    spare = header["markets"]
    markets = [dict(r.choice(spare)) for _ in range(r.choice([3, 3, 4, 6]))]
    numbers = list(range(len(markets)))
    r.shuffle(numbers)
    shifts = dict.fromkeys(numbers, 0)
    for first in range(0, len(numbers) - 2, 3):
        _link(r, markets, shifts, *numbers[first : first + 3])
    header["markets"] = markets
    if not any("credit" in market for market in markets):
        header.pop("credit", None)
    else:
        header["credit"] = [[acct, asset, 10**8] for acct in ACCOUNTS for asset in _assets(markets)]
    return header, shifts


def _assets(markets: list[Json]) -> list[int]:
    used = {market["quote"] for market in markets if "credit" in market}
    return sorted(used | {market["base"] for market in markets if "base" in market})


def _link(r: Random, markets: list[Json], shifts: dict[int, int], near: int, far: int, spread: int) -> None:
    """Make three markets a combination; prices of near are those of far plus those of the combination."""
    down = r.choice([0, 0, 0, 100, 200])
    for number in (near, far, spread):
        market = {key: value for key, value in markets[number].items() if key not in OF_CREDIT}
        market.update(LINKED)
        if r.random() < 0.7:
            market["stp_default"] = r.choice(["NONE", "NONE", "CANCEL_RESTING"])
        if r.random() < 0.5:
            market["protection"] = None
        if r.random() < 0.9:
            market["initial_state"] = "CONTINUOUS"
        if r.random() < 0.2:
            market.update(auction_band=r.choice([0, 1]), extension=4, max_extensions=2)
        if r.random() < 0.6:
            market["static_band"] = None
        markets[number] = market
    shifts[near], shifts[far], shifts[spread] = 100 - down, 0, -down
    markets[spread].update(legs=[near, far], maker_ppm=None, taker_ppm=None)
    for number in (near, far, spread):
        shifted = shifts[number]
        if shifted < 0:
            markets[number]["min_price"] = r.choice([-250, min(1, shifted + 95)])
            # Fees of trades at negative prices belong to R64.
            markets[number].update(maker_ppm=None, taker_ppm=None)
        elif r.random() < 0.2:
            # A leg whose range leaves no room for every implied price; min_price may not lie above 1 (R64).
            markets[number]["max_price"] = 100 + shifted + 4
        if markets[number].get("ref_price") is not None:
            markets[number]["ref_price"] += shifted
            lowest = markets[number].get("min_price", 1)
            reference = max(markets[number]["ref_price"], min(lowest, 1))
            markets[number]["ref_price"] = min(reference, markets[number]["max_price"])


class ComboDay(ControlDay):
    """A day in linked markets: prices go where the market is, and states stay open most of the time."""

    unrest = 0.25

    def __init__(self, random: Random, header: Json, shifts: dict[int, int]) -> None:
        super().__init__(random, header)
        self.shifts = shifts
        idle = {kind: 0.2 for kind, weight in self.weights.items() if weight == 0.2}
        self.weights = {**COMBO_WEIGHTS, **idle}

    def command(self, kinds: list[str] = COMBO_KINDS) -> Json:
        command = super().command(kinds)
        if command["cmd"] in ("NEW", "AMEND", "SET_REF", "QUOTE"):
            self._shift(command, command["market"])
        elif command["cmd"] == "NEW_OCO":
            for leg in ("limit", "stop"):
                self._shift(command[leg], command["market"])
        return command

    def _shift(self, fields: Json, market: int) -> None:
        for name in PRICES:
            number = fields.get(name)
            if isinstance(number, int) and 50 < number < 1000:
                fields[name] = number + self.shifts.get(market, 0)

    def make(self, kind: str) -> Json:
        if kind == "SCHEDULE":
            return {"at": self.now + self.random.randint(1, 15), **self.random.choice(TARGETS)}
        return super().make(kind)

    def new(self) -> Json:
        """More stops than usual, close to the market: cascades go over from one market to another."""
        r = self.random
        order = super().new()
        chance = r.random()
        if order["type"] == "LIMIT" and order["tif"] in ("GTC", "DAY") and chance < 0.3:
            for name in ("hidden", "display", "post_only", "mmp", "min_qty"):
                order.pop(name, None)
            if chance < 0.1:
                return {**order, **r.choice(WATCHING)}
            up = 1 if order["side"] == "B" else -1
            order.update(type="STOP_LIMIT", stop=self.middle + r.randint(0, 2) * up)
        return order

    def price(self) -> int:
        """Close enough for three prices to meet."""
        r = self.random
        return self.middle + r.randint(-2, 2) if r.random() < 0.8 else super().price()

    def place(self) -> int:
        """Any market: what is implied needs three that live."""
        return self.random.randrange(self.markets) if self.random.random() < 0.9 else super().place()

    def lifetime(self, may_be_immediate: bool) -> Json:
        """Mostly orders that stay, so that there is something to imply."""
        return super().lifetime(may_be_immediate and self.random.random() < 0.7)
