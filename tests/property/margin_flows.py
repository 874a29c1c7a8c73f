"""Random days of a house with margin: everything that margin-rules.md has, refused and taken.

    margin_flow_of(seed, count) --> (configuration of a scenario, commands)

Two currencies, two futures and an option of one commodity, a future of another, securities as collateral,
members with client accounts. Prices walk; contracts expire; members run out of money and default.
"""

from __future__ import annotations

import datetime
import random
from typing import Any

Json = dict[str, Any]
MEMBERS = {"A": ["CLIE", "HOUS"], "B": ["HOUS"], "C": ["CLIE", "HOUS"], "D": ["HOUS"]}
PARTIES = [(member, account) for member, accounts in MEMBERS.items() for account in accounts]
CONTRACTS = ("FH", "FM", "OH", "GH")
STRANGERS = [("CCP", "OWN"), ("E", "HOUS"), ("B", "CLIE")]


def configuration(dice: random.Random) -> Json:
    """A house with margin."""
    layers = [
        "DEFAULTER_COLLATERAL", "DEFAULTER_CONTRIBUTION", "HOUSE", "SURVIVOR_CONTRIBUTIONS", "ASSESSMENTS",
    ]  # fmt: skip
    return {
        "start": "2026-03-02",
        "currencies": {"EUR": {"digits": 2}, "JPY": {"digits": 0}, "USD": {"digits": 2}},
        "instruments": {name: {"ccy": "USD"} for name in (*CONTRACTS, "BOND")} | {"JGB": {"ccy": "JPY"}},
        "members": MEMBERS,
        "margin": {
            "currency": "USD",
            "contracts": {
                "FH": {"expiry": "2026-03-06", "size": 10},
                "FM": {"expiry": "2026-03-13", "size": 10},
                "OH": {"expiry": "2026-03-05", "style": "PREMIUM", "size": 10},
                "GH": {"expiry": "2026-03-10", "size": 3},
            },
            "threshold": dice.choice([0, 5000]),
            "minimum_call": dice.choice([1, 20000]),
            "deadline_seconds": dice.choice([0, 3600, 90000]),
            "currency_haircut_ppm": 80000,
            "assessment_ppm": dice.choice([0, 500000, 2000000]),
            "layers": layers if dice.random() < 0.8 else dice.sample(layers, dice.randint(1, 5)),
            "collateral": {
                "USD": {}, "EUR": {"haircut_ppm": 10000}, "BOND": {"haircut_ppm": 33333, "limit_ppm": 500000},
                "JGB": {"limit_ppm": 250000},
            },
        },
    }  # fmt: skip


def parameters(dice: random.Random) -> Json:
    """Random arrays; some sets say nothing of a contract, and are then refused or missed."""

    def array() -> list[int]:
        scan = dice.randint(500, 4000)
        return [
            scan * n // 3 + dice.randint(-50, 50)
            for n in (0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3, 2, -2)
        ]

    contracts: list[Json] = [
        {"instrument": "FH", "commodity": "F", "period": "202603", "array": array()},
        {"instrument": "FM", "commodity": "F", "period": "202606", "array": array(), "delta": "0.95"},
        {"instrument": "OH", "commodity": "F", "period": "202603", "array": array(), "delta": "0.4",
         "kind": dice.choice(["CALL", "PUT"]), "value": dice.randint(0, 2000)},
        {"instrument": "GH", "commodity": "G", "period": "202603", "array": array()},
    ]  # fmt: skip
    if dice.random() < 0.1:
        contracts.append(dice.choice([contracts[0], {**contracts[1], "instrument": "BOND"}]))
    if dice.random() < 0.1:
        contracts.pop(dice.randrange(len(contracts)))
    spread = {"legs": [["202603", "A"], ["202606", "B"]], "charge": dice.randint(0, 300)}
    legs = [["F", "A", "1", "60"], ["G", dice.choice("AB"), dice.choice(["1", "2", "0.5"]), "45.5"]]
    return {
        "commodities": [
            {"code": "F", "short_option_minimum": dice.choice([0, 900]), "spreads": [spread]}, {"code": "G"},
        ],
        "contracts": contracts,
        "inter_spreads": [{"legs": legs}] if dice.random() < 0.7 else [],
    }  # fmt: skip


class MarginFlow:
    """One flow; knows the date and the time, and nothing of what was taken."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.config = configuration(self.dice)
        self.day = datetime.date(2026, 3, 2)
        self.minute = 480
        self.trades = 0
        self.price = {"FH": 100, "FM": 105, "OH": 6, "GH": 50}

    def commands(self, count: int) -> list[Json]:
        """Opening balances, then so many at random."""
        found = [*self.opening()]
        makers = [
            (self.trade, 14), (self.money, 3), (self.collateral, 6), (self.contribution, 2), (self.settle, 6),
            (self.value, 2), (self.tick, 4), (self.default, 2), (self.close_out, 2), (self.losses, 1),
            (self.sale, 2), (self.roll, 2), (self.amend, 3),
        ]  # fmt: skip
        choices = [maker for maker, weight in makers for _ in range(weight)]
        choices += [lambda: [{"cmd": "VARIATION"}]] * 2 + [lambda: [{"cmd": "MARGIN_RUN"}]] * 3
        choices += [lambda: [{"cmd": "RELEASE_CREDIT"}], lambda: [{"cmd": "BALANCES"}]]
        while len(found) < count:
            found += self.dice.choice(choices)()
        return found

    def opening(self) -> list[Json]:
        """Everybody brings something."""
        found: list[Json] = []
        for member, account in PARTIES:
            who = {"member": member, "account": account, "ccy": "USD"}
            found.append({"cmd": "DEPOSIT", **who, "amount": self.dice.randint(1, 30) * 1000})
            found.append({"cmd": "PLEDGE", **who, "amount": self.dice.randint(20, 90) * 1000})
            if account == "HOUS":
                found.append({"cmd": "CONTRIBUTE", **who, "amount": self.dice.randint(1, 20) * 1000})
        own = {"member": "CCP", "account": "OWN", "ccy": "USD", "amount": 5000}
        return [
            *found,
            {"cmd": "CONTRIBUTE", **own},
            {"cmd": "MARGIN_PARAMETERS", "parameters": parameters(self.dice)},
        ]

    def who(self) -> Json:
        member, account = self.dice.choice(PARTIES if self.dice.random() < 0.95 else STRANGERS)
        return {"member": member, "account": account}

    def trade(self) -> list[Json]:
        self.trades += 1
        return [self.content(str(self.trades), 1)]

    def amend(self) -> list[Json]:
        name = str(self.dice.randint(1, max(1, self.trades)))
        if self.dice.random() < 0.5:
            return [{"cmd": "CANCEL_TRADE", "source": "V", "trade_id": name, "version": 9}]
        return [self.content(name, self.dice.randint(2, 4))]

    def content(self, name: str, version: int) -> Json:
        isin = self.dice.choice(CONTRACTS)
        buyer, seller = self.dice.sample(PARTIES, 2)
        return {
            "cmd": "TRADE", "source": "V", "trade_id": name, "version": version, "isin": isin,
            "trade_date": self.day.isoformat(), "qty": self.dice.randint(1, 12),
            "price": self.around(isin), "buyer": list(buyer), "seller": list(seller),
        }  # fmt: skip

    def around(self, isin: str) -> str:
        """A price near the last one, sometimes between two minor units."""
        price = max(1, self.price[isin] + self.dice.randint(-4, 4))
        return f"{price}.{self.dice.randint(0, 9999):04}" if self.dice.random() < 0.3 else str(price)

    def money(self) -> list[Json]:
        cmd = self.dice.choice(["DEPOSIT", "WITHDRAW"])
        return [{"cmd": cmd, **self.who(), "ccy": "USD", "amount": self.dice.randint(1, 30000)}]

    def collateral(self) -> list[Json]:
        cmd = self.dice.choice(["PLEDGE", "PLEDGE", "RELEASE"])
        if self.dice.random() < 0.5:
            ccy = self.dice.choice(["USD", "USD", "EUR", "JPY", "XXX"])
            return [{"cmd": cmd, **self.who(), "ccy": ccy, "amount": self.dice.randint(1, 40000)}]
        isin = self.dice.choice(["BOND", "BOND", "JGB", "FH"])
        return [{"cmd": cmd, **self.who(), "isin": isin, "qty": self.dice.randint(1, 400)}]

    def contribution(self) -> list[Json]:
        cmd = self.dice.choice(["CONTRIBUTE", "CONTRIBUTE", "RETIRE_CONTRIBUTION"])
        return [{"cmd": cmd, **self.who(), "ccy": "USD", "amount": self.dice.randint(1, 9000)}]

    def settle(self) -> list[Json]:
        isin = self.dice.choice(CONTRACTS if self.dice.random() < 0.95 else ("BOND", "NONE"))
        if isin in self.price:
            self.price[isin] = max(1, self.price[isin] + self.dice.randint(-12, 12))
        return [
            {
                "cmd": "SETTLEMENT_PRICE",
                "isin": isin,
                "price": self.around(isin) if isin in self.price else "1",
            }
        ]

    def value(self) -> list[Json]:
        if self.dice.random() < 0.1:
            return [{"cmd": "MARGIN_PARAMETERS", "parameters": parameters(self.dice)}]
        asset = self.dice.choice(
            [{"isin": "BOND", "price": "0.97"}, {"isin": "JGB", "price": "9.5"},
             {"ccy": "EUR", "price": "1.085"}, {"ccy": "JPY", "price": "0.0067"},
             {"ccy": "EUR", "price": "0"}, {"ccy": "XXX", "price": "1"}]
        )  # fmt: skip
        return [{"cmd": "VALUATION", **asset}]

    def tick(self) -> list[Json]:
        self.minute += self.dice.randint(-20, 90)
        time = datetime.datetime(self.day.year, self.day.month, self.day.day) + datetime.timedelta(
            minutes=self.minute
        )
        return [{"cmd": "TICK", "time": time.isoformat()}]

    def default(self) -> list[Json]:
        who = self.who()
        closing = self.closing(who["member"]) if who["member"] in MEMBERS and self.dice.random() < 0.7 else []
        return [{"cmd": "DECLARE_DEFAULT", **who}, *closing]

    def close_out(self) -> list[Json]:
        taker = list(self.dice.choice(PARTIES))
        isin = self.dice.choice(CONTRACTS)
        quantity = self.dice.randint(1, 20)
        return [
            {
                "cmd": "CLOSE_OUT",
                **self.who(),
                "isin": isin,
                "qty": quantity,
                "price": self.around(isin),
                "to": taker,
            }
        ]

    def losses(self) -> list[Json]:
        return self.closing(self.dice.choice(list(MEMBERS)))

    def closing(self, member: str) -> list[Json]:
        """Everything of a member is closed out: 16 + 8 + 4 + 2 + 1 is any position up to 31."""
        taker = list(self.dice.choice([party for party in PARTIES if party[0] != member]))
        found: list[Json] = (
            [{"cmd": "TICK", "time": f"{self.day}T23:59:00"}] if self.dice.random() < 0.3 else []
        )
        found += [
            {"cmd": "CLOSE_OUT", "member": member, "account": account, "isin": isin, "qty": quantity,
             "price": self.around(isin), "to": taker}
            for account in MEMBERS[member] for isin in CONTRACTS for quantity in (16, 8, 4, 2, 1)
        ]  # fmt: skip
        return [*found, {"cmd": "ALLOCATE_LOSS", "member": member, "account": "HOUS"}, {"cmd": "BALANCES"}]

    def sale(self) -> list[Json]:
        if self.dice.random() < 0.5:
            ccy = self.dice.choice(["EUR", "JPY", "USD"])
            return [{"cmd": "SELL_COLLATERAL", **self.who(), "ccy": ccy, "amount": 500, "price": "1.04"}]
        return [{"cmd": "SELL_COLLATERAL", **self.who(), "isin": "BOND", "qty": 7, "price": "0.9"}]

    def roll(self) -> list[Json]:
        following = self.day + datetime.timedelta(days=3 if self.day.weekday() == 4 else 1)
        # Whoever could not roll tries again, so prices of all contracts come first.
        prices = [{"cmd": "SETTLEMENT_PRICE", "isin": isin, "price": self.around(isin)} for isin in CONTRACTS]
        known = [] if self.dice.random() < 0.2 else [
            {"cmd": "MARGIN_PARAMETERS", "parameters": {**parameters(random.Random(7)), "inter_spreads": []}}
        ]  # fmt: skip
        if not known:
            return [{"cmd": "ROLL", "to": following.isoformat()}]
        self.day, self.minute = following, 480
        return [*prices, *known, {"cmd": "ROLL", "to": following.isoformat()}]


def margin_flow_of(seed: int, count: int) -> tuple[Json, list[Json]]:
    """(configuration, commands) of one flow."""
    flow = MarginFlow(seed)
    return flow.config, flow.commands(count)
