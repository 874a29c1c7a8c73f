"""Generated order flow that mixes every group of rules: linked markets, timers, control, orders that watch.

    seed --> Flow = header (a combination or two, and markets of every other kind) + JSON commands

    MixedDay = ComboDay (prices) + WatchDay (pegged, ...) + ControlDay (QUOTE, ...) + TimeDay (SCHEDULE)

Each of the days makes the commands of its own kind, and what one makes the next ones change: a quote comes
into a market of a combination, a schedule into one that is killed. Every market has a shift: how far its
prices lie above the hundred around which the days think. A shift may be enormous, at either end of 64 bits.
"""

from __future__ import annotations

from random import Random

from tests.property.combo_flows import ComboDay, combo_header
from tests.property.control_flows import CONTROL_WEIGHTS, ControlDay
from tests.property.flows import ACCOUNTS, Json, assets_of
from tests.property.full_flows import full_flow_of
from tests.property.time_flows import TIME_WEIGHTS, TimeDay, at_the_end_of_time, time_market
from tests.property.watch_flows import SHIFT, WatchDay, go_below_zero, premium

MIXED_WEIGHTS: dict[str, float] = {
    **CONTROL_WEIGHTS, **TIME_WEIGHTS, "NEW": 72, "QUOTE": 14, "SCHEDULE": 3, "TIME": 5, "STATE": 1,
    "KILL": 0.8, "REVIVE": 1.2, "DISCONNECT": 1, "MASS_CANCEL": 0.4, "SET_REF": 0.8,
}  # fmt: skip
MIXED_KINDS = list(MIXED_WEIGHTS)
COLLARS = ("collar", "collar_action", "volatility_call")
"""What markets of a combination may not take from `time_market` (R70)."""
FAR_AWAY = (2**31, 2**33, 2**35 - 700)
"""Shifts of markets; the prices of two of them together are still prices."""
LARGEST = 2**36 - 65


def mixed_flow_of(seed: int, commands: int | None = None) -> Json:
    """{"header": ..., "commands": [...]}: 40 to 220 commands unless their number is given."""
    r = Random(seed ^ 0x313D)
    header, shifts = mixed_header(seed, r)
    day = MixedDay(r, header, shifts)
    early = [
        {"cmd": "MMP_SET", "market": r.randrange(day.markets), **day.make("MMP_SET")}
        for _ in range(r.randint(0, 6))
    ]
    if header["limits"]:
        early += [{"cmd": "SET_LIMIT", **day.make("SET_LIMIT")} for _ in range(r.choice([0, 1, 3]))]
    count = r.randint(40, 220) if commands is None else commands
    sent = [day.command() for _ in range(count)]
    if commands is None and r.random() < 0.1:
        sent += [at_the_end_of_time(r, day.command()) for _ in range(20)]
    return {"header": header, "commands": [*early, *sent]}


# -- venues --------------------------------------------------------------------------------------------


def mixed_header(seed: int, r: Random) -> tuple[Json, dict[int, int]]:
    """A header with at least one combination, and the shift of each of its markets."""
    header, shifts = combo_header(seed, r)
    markets = header["markets"]
    linked = {number for market in markets if "legs" in market for number in market["legs"]}
    linked |= {number for number, market in enumerate(markets) if "legs" in market}
    others = full_flow_of(seed + 1)["header"]["markets"]
    for _ in range(r.choice([0, 1, 1, 2])):
        shifts[len(markets)] = 0
        markets.append(dict(r.choice(others)))
    for number, market in enumerate(markets):
        found = time_market(r, market)
        if number in linked:
            market.update({key: value for key, value in found.items() if key not in COLLARS})
            if r.random() < 0.4:
                market.update(maker_ppm=r.choice([None, 700, -30_000]), taker_ppm=r.choice([0, 25_000, -200]))
            continue
        market.update(found)
        if r.random() < 0.6:
            market["initial_state"] = "CONTINUOUS"
        if not premium(market) and r.random() < 0.35:
            go_below_zero(market)
            shifts[number] = -SHIFT
    if not header["limits"] and r.random() < 0.15:
        _go_far_away(r, markets, linked, shifts)
    for market in markets:
        if header["limits"]:
            # Where limits are on, sums of notionals must fit as well (K20).
            market["max_price"] = min(market["max_price"], 10**8)
    _give_credit(r, header)
    return header, shifts


def _give_credit(r: Random, header: Json) -> None:
    header.pop("credit", None)
    assets = assets_of(header["markets"])
    if any("credit" in market for market in header["markets"]):
        amounts = r.choice([[10**9], [10**9], [300, 6000, 50_000, 10**7]])
        header["credit"] = [[acct, asset, r.choice(amounts)] for acct in ACCOUNTS for asset in assets]


def _go_far_away(r: Random, markets: list[Json], linked: set[int], shifts: dict[int, int]) -> None:
    """Prices far from zero, in a combination so that near is still far plus the combination."""
    for spread, market in enumerate(markets):
        if "legs" in market:
            near, far = market["legs"]
            away, apart = r.choice(FAR_AWAY), r.choice(FAR_AWAY)
            plan = r.choice([(away, 0), (-away, 0), (0, away), (away, -away), (-away, away), (away, apart)])
            for number, by in ((far, plan[0]), (spread, plan[1]), (near, sum(plan))):
                _move(r, markets[number], shifts, number, by)
    for number, market in enumerate(markets):
        if number not in linked and "credit" not in market:
            _move(r, market, shifts, number, r.choice([1, -1]) * r.choice([*FAR_AWAY, LARGEST - 700]))


def _move(r: Random, market: Json, shifts: dict[int, int], number: int, by: int) -> None:
    """Move a market by so many ticks; its range ends close by, or reaches as far on the other side."""
    if by == 0:
        return
    shifts[number] += by
    middle = 100 + shifts[number]
    reach = min(abs(middle) + r.choice([3, 10, 500]), LARGEST)
    lowest = r.choice([-reach, max(-reach, min(1, middle - r.choice([3, 10])))])
    market.update(max_price=reach, min_price=lowest)
    market.update(maker_ppm=None, taker_ppm=None, auction_ppm=0)
    if market.get("ref_price") is not None:
        market["ref_price"] = min(max(market["ref_price"] + by, market["min_price"]), reach)


# -- commands ------------------------------------------------------------------------------------------


class MixedDay(ComboDay, WatchDay, ControlDay, TimeDay):
    """A day of everything; `shifts` moves all prices to where their market is."""

    unrest = 0.2

    def __init__(self, random: Random, header: Json, shifts: dict[int, int]) -> None:
        super().__init__(random, header, shifts)
        idle = [] if "credit" in header else ["CREDIT", "SET_MARGIN"]
        idle += [] if header["limits"] else ["SET_LIMIT"]
        self.weights = {kind: 0.2 if kind in idle else weight for kind, weight in MIXED_WEIGHTS.items()}
        # What WatchDay would lower is shifted already.
        self.negative = [False] * self.markets
        linked = next([*market["legs"], n] for n, market in enumerate(header["markets"]) if "legs" in market)
        self.focus = random.choice([[*linked], [*linked, random.randrange(self.markets)], linked[1:]])

    def command(self, kinds: list[str] = MIXED_KINDS) -> Json:
        command = super().command(kinds)
        if command["cmd"] == "QUOTE":
            for side in ("bid", "ask"):
                if isinstance(command[side], int) and 50 < command[side] < 1000:
                    command[side] += self.shifts.get(command["market"], 0)
        return command

    def make(self, kind: str) -> Json:
        """Most orders go where others are: a few markets that live show more than many that do not."""
        if kind == "SCHEDULE":
            return self.schedule()
        found = super().make(kind)
        if kind in ("NEW", "NEW_OCO", "QUOTE"):
            while found["market"] not in self.focus and self.random.random() < 0.8:
                found = super().make(kind)
        return found

    def next_state(self, number: int) -> Json:
        """A market that is shut opens soon again."""
        if self.states[number] in ("CLOSED", "HALTED") and self.random.random() < 0.6:
            self.states[number] = "CONTINUOUS"
            return {"to": "CONTINUOUS"}
        return super().next_state(number)

    def quantity(self) -> int:
        """Small, so that orders are filled and somebody else's turn comes."""
        return self.random.randint(1, 4) if self.random.random() < 0.6 else super().quantity()

    def new(self) -> Json:
        """A stop that was a limit order before watches nothing any more."""
        order = super().new()
        if order["type"] == "STOP_LIMIT" and self.random.random() < 0.97:
            for name in ("peg", "offset", "discretion", "aon"):
                order.pop(name, None)
            if order.get("price") is None:
                order["price"] = self.limit(order["side"])
        return order

    def order_sent(self) -> Json:
        """Half of the changes know the market of their order, so that their price belongs there."""
        chosen = super().order_sent()
        if self.sent and self.random.random() < 0.5:
            chosen.pop("pick", None)
            order = self.random.choice(self.sent[-25:])
            chosen.update(acct=order["acct"], cid=order["cid"], market=order["market"])
        return chosen
