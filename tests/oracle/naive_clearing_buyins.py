"""Buy-ins: who may start one, who is told, what is bought and who pays (C40 to C43)."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle.naive_clearing_state import Intent, Json, Party
from tests.oracle.naive_clearing_terms import CCP, WORLD, part, refuse_if, rounded
from tests.oracle.naive_clearing_trades import Trades


class BuyIns(Trades):
    """Longs that have waited too long."""

    def is_eligible(self, isin: str, since: str) -> bool:
        days: int = self.terms.switches["buyin_days"]
        return self.terms.age(isin, since, self.today) >= days

    def eligible(self, isin: str, party: Party) -> int:
        """Quantity of a long's lots that are old enough (C40)."""
        position = self.positions.get((isin, *party))
        lots = position.lots if position else []
        return sum(qty for since, qty in lots if qty > 0 and self.is_eligible(isin, since))

    def buyable(self, isin: str, party: Party) -> int:
        return min(self.eligible(isin, party), self.open_shorts(isin))

    def short_lots(self, isin: str) -> list[tuple[str, Party, int]]:
        """Since, party and unsigned quantity, oldest first."""
        lots = [(since, party, -qty) for party, position in self.positions_of(isin)
                for since, qty in position.lots if qty < 0]  # fmt: skip
        return sorted(lots)

    def has_intent(self, isin: str, party: Party) -> bool:
        return any((one.isin, one.party) == (isin, party) for one in self.intents.values())

    def buyin_intent(self, command: Json) -> None:
        party, isin, quantity = (command["member"], command["account"]), command["isin"], command["qty"]
        self.terms.check_party(party)
        self.terms.check_instrument(isin)
        refuse_if(self.terms.is_gross(isin), "WRONG_POLICY")
        self.terms.check_quantity(quantity)
        refuse_if(self.has_intent(isin, party), "INTENT_EXISTS")
        refuse_if(self.eligible(isin, party) == 0, "NOT_ELIGIBLE")
        refuse_if(quantity > self.buyable(isin, party), "EXCEEDS_OPEN")
        self.last_intent += 1
        self.intents[self.last_intent] = Intent(party, isin, quantity, self.today)
        self.emit_for("INTENT", party, intent=self.last_intent, isin=isin, qty=quantity)
        for since, short, lot in self.short_lots(isin):
            told = min(lot, quantity)
            quantity -= told
            if told:
                self.emit_for("NOTICE", short, intent=self.last_intent, since=since, qty=told)

    def check_day(self, intent: Intent) -> None:
        """NOT_SETTLEMENT_DAY, BUYIN_TOO_EARLY."""
        refuse_if(not self.settles_today(intent.isin), "NOT_SETTLEMENT_DAY")
        waited = self.terms.age(intent.isin, intent.date, self.today)
        refuse_if(waited < self.terms.switches["buyin_notice"], "BUYIN_TOO_EARLY")

    def most(self, intent: Intent) -> int:
        return min(intent.left, self.buyable(intent.isin, intent.party))

    def buyin_execute(self, command: Json) -> None:
        """The CCP buys outside and delivers; the shorts pay the difference (C42)."""
        refuse_if(command["intent"] not in self.intents, "UNKNOWN_INTENT")
        intent, quantity = self.intents[command["intent"]], command["qty"]
        price = self.terms.market_price(intent.isin, command["price"])
        self.terms.check_quantity(quantity)
        self.check_day(intent)
        refuse_if(quantity > self.most(intent), "EXCEEDS_OPEN")
        long, ccy = self.positions[intent.isin, *intent.party], self.terms.currency(intent.isin)
        amount = part(long.amount, quantity, long.qty)
        poor = amount < 0 and self.purse(ccy, intent.party) + amount < 0
        refuse_if(poor, "INSUFFICIENT_CASH")
        cost = rounded(quantity * price)
        self.refuse_outside(self.holdings, intent.isin, intent.party, quantity)
        self.refuse_money(ccy, 4 * cost + 1)
        self.move_cash(ccy, CCP, WORLD, cost)
        self.own_money[ccy] -= cost
        self.move_securities(intent.isin, WORLD, intent.party, quantity)
        self.shrink_long(intent, quantity, amount)
        self.pay_later(intent.isin, intent.party, amount)
        self.emit_for("BOUGHT_IN", intent.party, intent=command["intent"], isin=intent.isin, qty=quantity,
                      amount=amount, cost=cost, left=intent.left)  # fmt: skip
        self.charge_shorts(intent.isin, quantity, price)
        self.tidy_intents()

    def cash_close(self, command: Json) -> None:
        """The value in money instead of the securities (C43)."""
        refuse_if(command["intent"] not in self.intents, "UNKNOWN_INTENT")
        intent = self.intents[command["intent"]]
        price = self.terms.market_price(intent.isin, command["price"])
        self.check_day(intent)
        quantity = self.most(intent)
        refuse_if(quantity == 0, "EXCEEDS_OPEN")
        long = self.positions[intent.isin, *intent.party]
        amount, value = part(long.amount, quantity, long.qty), rounded(quantity * price)
        self.refuse_money(self.terms.currency(intent.isin), 4 * value + 1)
        self.shrink_long(intent, quantity, amount)
        self.pay_later(intent.isin, intent.party, amount + value)
        self.own_money[self.terms.currency(intent.isin)] -= value
        self.emit_for("CASH_CLOSED", intent.party, intent=command["intent"], isin=intent.isin, qty=quantity,
                      amount=amount + value)  # fmt: skip
        self.charge_shorts(intent.isin, quantity, price)
        self.tidy_intents()

    def shrink_long(self, intent: Intent, quantity: int, amount: int) -> None:
        long = self.positions[intent.isin, *intent.party]
        long.take(quantity)
        long.amount -= amount
        intent.left -= quantity
        self.close_if_empty(intent.isin, intent.party)

    def charge_shorts(self, isin: str, quantity: int, price: Fraction) -> None:
        """Short lots, oldest first, give up their claim and pay the price."""
        for since, party, lot in self.short_lots(isin):
            taken = min(lot, quantity)
            if not taken:
                break
            quantity -= taken
            short = self.positions[isin, *party]
            share, value = part(short.amount, taken, -short.qty), rounded(taken * price)
            short.amount -= share
            short.take(taken)
            self.pay_later(isin, party, share - value)
            self.own_money[self.terms.currency(isin)] += value
            self.emit_for("BUYIN_CHARGE", party, isin=isin, since=since, qty=taken, amount=share - value)
            self.close_if_empty(isin, party)

    def tidy_intents(self) -> None:
        """Intents shrink to what may still be bought (C43)."""
        for number in sorted(self.intents):
            intent = self.intents[number]
            was_done = intent.left == 0
            intent.left = min(intent.left, self.eligible(intent.isin, intent.party))
            if intent.left == 0:
                del self.intents[number]
                self.emit("INTENT_CLOSED", intent=number, reason="EXECUTED" if was_done else "COVERED")

    def emit_eligible(self, isin: str) -> None:
        for party, _ in self.positions_of(isin):
            quantity = self.buyable(isin, party)
            if quantity:
                self.emit_for("BUYIN_ELIGIBLE", party, isin=isin, qty=quantity)
