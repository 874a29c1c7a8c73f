"""Generated days of clearing: trades, balances, cycles, settlement, buy-ins and corporate events, all mixed.

    seed --> {"header": header of a clearing scenario, "commands": [command, ...]}

The generator plays along with the naive house, so that it can name trades that wait, intents that are open
and the next business day. What it draws stands in the flow alone: commands may be left out of it, or
reordered. One command in eight has a field that is wrong in its value, never in its type.
"""

from __future__ import annotations

from random import Random

from tests.oracle.naive_clearing import NaiveClearing
from tests.oracle.naive_clearing_terms import Json, Party, next_date
from tests.property.clearing_houses import clearing_header_of
from tests.property.clearing_spoilers import spoiled_command

WEIGHTS: dict[str, float] = {
    "TRADE": 30, "VERSION": 9, "REPEAT": 3, "CANCEL_TRADE": 4, "BATCH": 2, "ALLOCATE": 6, "GIVE_UP": 5,
    "TAKE_UP": 7, "TRANSFER": 4, "DEPOSIT": 26, "WITHDRAW": 4, "EXEMPT": 2, "PRIORITY": 2, "MARK": 5,
    "NET": 2, "SETTLE": 11, "ROLL": 13, "BUYIN_INTENT": 6, "BUYIN_EXECUTE": 4, "CASH_CLOSE": 3,
    "DIVIDEND": 2.5, "SPLIT": 2, "STATUS": 7, "BALANCES": 1, "POSITIONS": 1,
}  # fmt: skip
SPOILED = 0.12
SOURCES = ("V", "W")


def clearing_flow_of(seed: int, commands: int = 150) -> Json:
    """A flow of so many commands; the same seed and number give the same flow."""
    day = ClearingDay(Random(f"clearing {seed}"), clearing_header_of(seed))
    return {"header": day.header, "commands": [day.command() for _ in range(commands)]}


def spoiled_clearing_flow_of(seed: int, commands: int = 150) -> Json:
    """The flow of a seed, two in five commands spoiled afterwards, so that later ones miss what they need."""
    flow, r = clearing_flow_of(seed, commands), Random(f"spoiled {seed}")
    changed = [spoiled_command(r, one) if r.random() < 0.4 else one for one in flow["commands"]]
    return {"header": flow["header"], "commands": changed}


class ClearingDay:
    """Draws one command after the other."""

    def __init__(self, random: Random, header: Json) -> None:
        self.random, self.header = random, header
        self.house = NaiveClearing(header["config"])
        self.terms = self.house.terms
        self.parties: list[Party] = [(m, a) for m, accounts in self.terms.members.items() for a in accounts]
        self.isins = list(self.terms.instruments)
        self.prices = {isin: random.choice([1, 12, 99, 250]) for isin in self.isins}
        """About so many units of the currency."""
        self.weights = {kind: weight * random.choice([0.5, 1, 1, 2]) for kind, weight in WEIGHTS.items()}
        self.sent: list[Json] = []
        self.names = self.corporate = 0

    def command(self) -> Json:
        """One command, which the house behind the generator has already had."""
        kind = self.random.choices(list(self.weights), list(self.weights.values()))[0]
        makers = {
            "TRADE": self.trade, "VERSION": self.version, "REPEAT": self.repeat, "CANCEL_TRADE": self.cancel,
            "BATCH": self.batch, "ALLOCATE": self.allocate, "GIVE_UP": self.give_up, "TAKE_UP": self.take_up,
            "TRANSFER": self.transfer, "DEPOSIT": self.deposit, "WITHDRAW": self.withdraw,
            "EXEMPT": self.exempt, "PRIORITY": self.priority, "MARK": self.mark, "ROLL": self.roll,
            "BUYIN_INTENT": self.intent, "BUYIN_EXECUTE": self.execute, "CASH_CLOSE": self.cash_close,
            "DIVIDEND": self.dividend, "SPLIT": self.split, "STATUS": self.status,
        }  # fmt: skip
        command = makers[kind]() if kind in makers else {"cmd": kind}
        if self.random.random() < SPOILED:
            command = spoiled_command(self.random, command)
        if command["cmd"] == "TRADE":
            self.sent.append(command)
        self.house.apply(command)
        return command

    # -- words ------------------------------------------------------------------------------------------

    def party(self) -> Json:
        member, account = self.random.choice(self.parties)
        return {"member": member, "account": account}

    def pair(self) -> list[list[str]]:
        return [list(party) for party in self.random.sample(self.parties, 2)]

    def known(self) -> Json:
        """Source and id of a trade, a new one mostly."""
        keys = list(self.house.trades)[-self.random.choice([3, 8, 40]) :]
        settled = [key for key, trade in self.house.trades.items()
                   if any(leg.state == "SETTLED" for leg in trade.legs)]  # fmt: skip
        if settled and self.random.random() < 0.3:
            keys = settled
        key = self.random.choice(keys) if keys else ("V", "none")
        return {"source": key[0], "trade_id": key[1]}

    def waiting(self) -> Json:
        """Source and id of a trade that waits, mostly."""
        keys = [key for key, trade in self.house.trades.items()
                if trade.legs and all(leg.state == "WAITING" for leg in trade.legs)]  # fmt: skip
        if not keys or self.random.random() < 0.15:
            return self.known()
        key = self.random.choice(keys)
        return {"source": key[0], "trade_id": key[1]}

    def price(self, isin: str) -> str:
        base = self.prices.get(isin, 1) * self.random.choice([97, 99, 100, 100, 101, 104])
        whole, cents = divmod(base, 100)
        text = f"{whole}.{cents:02}" if cents or self.random.random() < 0.5 else str(whole)
        return text + self.random.choice(["", "", "", "5", "05"]) if "." in text else text

    def trading_day(self, isin: str) -> str:
        date = self.house.today
        for _ in range(self.random.choice([0, 0, 0, 0, 0, 1, 1, 2, 5])):
            date = next_date(date, -1)
        while not self.terms.is_trading_day(isin, date) and self.random.random() < 0.97:
            date = next_date(date, -1)
        return date

    def settlement_day(self, isin: str, ahead: int) -> str:
        """A settlement day, so many of them after today."""
        date = self.house.today
        for _ in range(ahead):
            date = self.terms.next_settlement_day(isin, date)
        return date

    def content(self) -> Json:
        isin = self.random.choice(self.isins)
        buyer, seller = self.pair()
        fields: Json = {
            "trade_date": self.trading_day(isin), "isin": isin, "qty": self.random.randint(1, 60),
            "price": self.price(isin), "buyer": buyer, "seller": seller,
        }  # fmt: skip
        if self.random.random() < 0.3:
            fields["ccy"] = self.random.choice([self.terms.currency(isin), None])
        if self.random.random() < 0.01:
            fields["price"] = "0.0001"
        if self.random.random() < 0.2:
            fields["settle_date"] = self.settlement_day(isin, self.random.choice([0, 1, 1, 2, 3]))
        return fields

    # -- trades -----------------------------------------------------------------------------------------

    def new_name(self) -> Json:
        self.names += 1
        return {"source": self.random.choice(SOURCES), "trade_id": f"t{self.names}"}

    def trade(self) -> Json:
        version = self.random.choice([1, 1, 1, 1, 1, 2, 3])
        return {"cmd": "TRADE", **self.new_name(), "version": version, **self.content()}

    def version(self) -> Json:
        """Another version of a trade, a higher one mostly, with much or little changed."""
        if not self.sent:
            return self.trade()
        old = self.random.choice(self.sent[-12:])
        version = max(0, old["version"] + self.random.choice([1, 1, 1, 1, 2, 3, -1]))
        changed = self.content()
        if self.random.random() < 0.7:
            kept = self.random.choice([("qty",), ("price",), ("buyer", "seller"), ("trade_date",)])
            if kept == ("price",):
                changed["price"] = self.price(old["isin"]) if old["isin"] in self.isins else "1"
            changed = {name: changed[name] for name in kept}
        return {**old, **changed, "version": version}

    def repeat(self) -> Json:
        if not self.sent:
            return self.trade()
        old = self.random.choice(self.sent[-12:])
        return {**old, "qty": old["qty"] + 1} if self.random.random() < 0.3 else dict(old)

    def cancel(self) -> Json:
        names = self.known() if self.random.random() < 0.9 else self.new_name()
        trade = self.house.trades.get((names["source"], names["trade_id"]))
        highest = trade.highest if trade else 1
        return {"cmd": "CANCEL_TRADE", **names, "version": highest + self.random.choice([1, 1, 1, 0, -1, 2])}

    def batch(self) -> Json:
        trades = []
        for _ in range(self.random.randint(0, 4)):
            one = self.random.choice([self.trade, self.trade, self.version, self.repeat])()
            if self.random.random() < SPOILED:
                one = spoiled_command(self.random, one)
            trades.append({name: value for name, value in one.items() if name not in ("cmd", "source")})
        total = sum(one["qty"] for one in trades)
        wrong = self.random.choice([(0, 0)] * 6 + [(1, 0), (0, -1)])
        return {"cmd": "BATCH", "source": self.random.choice(SOURCES), "count": len(trades) + wrong[0],
                "qty_total": total + wrong[1], "trades": trades}  # fmt: skip

    def allocate(self) -> Json:
        names, side = self.waiting(), self.random.choice("BS")
        trade = self.house.trades.get((names["source"], names["trade_id"]))
        legs = trade.side(side) if trade else []
        left = sum(abs(leg.qty) for leg in legs) or 10
        accounts = list(self.terms.members[legs[0].party[0]]) if legs else ["HOUS"]
        self.random.shuffle(accounts)
        parts = []
        for account in accounts[:-1]:
            taken = self.random.randint(1, left)
            if taken == left:
                break
            parts.append({"account": account, "qty": taken})
            left -= taken
        parts.append({"account": accounts[-1], "qty": left})
        return {"cmd": "ALLOCATE", **names, "side": side, "parts": parts}

    def give_up(self) -> Json:
        if self.house.giveups and self.random.random() < 0.45:
            pending = self.random.choice(list(self.house.giveups.values()))
            other = "S" if pending.side == "B" else "B"
            return {"cmd": "GIVE_UP", "source": pending.trade[0], "trade_id": pending.trade[1], "side": other,
                    "to": list(pending.to)}  # fmt: skip
        to = list(self.random.choice(self.parties[:4] if self.random.random() < 0.6 else self.parties))
        return {"cmd": "GIVE_UP", **self.waiting(), "side": self.random.choice("BS"), "to": to}

    def take_up(self) -> Json:
        if not self.house.giveups and self.random.random() < 0.8:
            return self.give_up()
        giveup = self.random.choice(list(self.house.giveups) or [self.house.last_giveup])
        return {"cmd": "TAKE_UP", "giveup": giveup, "accept": self.random.random() < 0.8}

    def transfer(self) -> Json:
        giver, taker = self.pair()
        isin, date, most = self.random.choice(self.isins), self.house.today, 9
        if self.house.waiting and self.random.random() < 0.9:
            leg = self.random.choice(self.house.waiting)
            giver, isin, date, most = list(leg.party), leg.isin, leg.due, max(1, abs(leg.qty))
        return {"cmd": "TRANSFER", "from": giver, "to": taker, "isin": isin,
                "qty": self.random.randint(1, most), "settle_date": date}  # fmt: skip

    # -- balances and parameters ------------------------------------------------------------------------

    def amount(self, most: int) -> Json:
        if self.random.random() < 0.5:
            return {"isin": self.random.choice(self.isins), "qty": self.random.randint(1, most)}
        ccy = self.random.choice(list(self.terms.currencies))
        return {"ccy": ccy, "amount": self.random.randint(1, most * 10 ** self.random.choice([2, 3, 4]))}

    def deposit(self) -> Json:
        if self.random.random() < 0.75:
            return self.needed()
        party = {"member": "CCP", "account": "OWN"} if self.random.random() < 0.2 else self.party()
        return {"cmd": "DEPOSIT", **party, **self.amount(150)}

    def needed(self) -> Json:
        """What somebody owes, or a part of it."""
        owing = [(isin, (member, account), one.qty, one.amount)
                 for (isin, member, account), one in self.house.positions.items()]  # fmt: skip
        for item in self.house.items.values():
            owing.append((item.isin, item.buyer.party, item.qty, -item.amount))
            owing.append((item.isin, item.seller.party, -item.qty, item.amount))
        owing += [(leg.isin, leg.party, leg.qty, leg.amount) for leg in self.house.waiting]
        if not owing:
            return {"cmd": "DEPOSIT", **self.party(), **self.amount(150)}
        isin, party, quantity, amount = self.random.choice(owing)
        command: Json = {"cmd": "DEPOSIT", "member": party[0], "account": party[1]}
        share = self.random.choice([1, 2, 3, 3, 6])
        if quantity < 0:
            return {**command, "isin": isin, "qty": max(1, -quantity * share // 3)}
        return {**command, "ccy": self.terms.currency(isin), "amount": max(1, abs(amount) * share // 3)}

    def withdraw(self) -> Json:
        party = {"member": "CCP", "account": "OWN"} if self.random.random() < 0.1 else self.party()
        return {"cmd": "WITHDRAW", **party, **self.amount(20)}

    def exempt(self) -> Json:
        quantity = self.random.choice([0, 0, 5, 50])
        return {"cmd": "EXEMPT", **self.party(), "isin": self.random.choice(self.isins), "qty": quantity}

    def priority(self) -> Json:
        isin = self.random.choice([*self.isins, None])
        return {"cmd": "PRIORITY", **self.party(), "isin": isin, "group": self.random.choice([1, 10, 60, 99])}

    def mark(self) -> Json:
        isin = self.random.choice(self.isins)
        return {"cmd": "MARK", "isin": isin, "price": self.price(isin)}

    def roll(self) -> Json:
        to = self.terms.next_house_day(self.house.today)
        if self.random.random() < 0.12:
            to = next_date(self.house.today, self.random.choice([-1, 0, 1, 2, 3, 4]))
        return {"cmd": "ROLL", "to": to}

    # -- buy-ins, corporate events, queries -------------------------------------------------------------

    def intent(self) -> Json:
        open_places = [(isin, (member, account)) for isin, member, account in self.house.positions]
        found = [place for place in open_places if self.house.buyable(*place)]
        if not found and self.random.random() < 0.6:
            return self.trade()
        if not found or self.random.random() < 0.15:
            isin, party, most = self.random.choice(self.isins), self.random.choice(self.parties), 9
        else:
            isin, party = self.random.choice(found)
            most = self.house.buyable(isin, party)
        quantity = self.random.choice(
            [most, self.random.randint(1, most), self.random.randint(1, most), most + 1]
        )
        return {"cmd": "BUYIN_INTENT", "member": party[0], "account": party[1], "isin": isin, "qty": quantity}

    def open_intent(self) -> tuple[int, str, int]:
        """Number, instrument and quantity of an intent."""
        number = self.random.choice(list(self.house.intents) or [self.house.last_intent])
        intent = self.house.intents.get(number)
        return (number, intent.isin, intent.left) if intent else (number, self.isins[0], 1)

    def execute(self) -> Json:
        if not self.house.intents and self.random.random() < 0.8:
            return self.intent()
        number, isin, left = self.open_intent()
        quantity = self.random.choice([left, left, max(1, left // 2), left + 1])
        return {"cmd": "BUYIN_EXECUTE", "intent": number, "qty": quantity, "price": self.price(isin)}

    def cash_close(self) -> Json:
        if not self.house.intents and self.random.random() < 0.8:
            return self.intent()
        number, isin, _ = self.open_intent()
        return {"cmd": "CASH_CLOSE", "intent": number, "price": self.price(isin)}

    def ca_id(self) -> str:
        self.corporate += self.random.random() < 0.95
        return f"ca{self.corporate}"

    def dividend(self) -> Json:
        isin, ahead = self.random.choice(self.isins), sorted(self.random.choices([0, 1, 1, 2, 2, 3], k=3))
        if self.random.random() < 0.1:
            ahead.reverse()
        ex_date, record_date, pay_date = (self.settlement_day(isin, n) for n in ahead)
        return {"cmd": "DIVIDEND", "ca_id": self.ca_id(), "isin": isin, "ex_date": ex_date,
                "record_date": record_date, "pay_date": pay_date,
                "rate": self.random.choice(["0.5", "1", "0.03", "1.237"])}  # fmt: skip

    def split(self) -> Json:
        isin = self.random.choice(self.isins)
        new, old = self.random.choice([(2, 1), (3, 1), (1, 2), (1, 10), (3, 2), (2, 3), (1, 50), (2, 2)])
        command = {"cmd": "SPLIT", "ca_id": self.ca_id(), "isin": isin, "new": new, "old": old,
                   "ex_date": self.settlement_day(isin, self.random.choice([0, 1, 1, 1, 2]))}  # fmt: skip
        if self.random.random() < 0.6:
            command["cash_price"] = self.random.choice([self.price(isin), self.price(isin), None])
        return command

    def status(self) -> Json:
        return {"cmd": "STATUS", **self.known()}
