"""The roll to the next business day: fails, marks, charges, money, totals, and the opening (C34 to C39)."""

from __future__ import annotations

from fractions import Fraction

from tests.oracle.naive_clearing_state import Item, Json, Party, TradeKey
from tests.oracle.naive_clearing_terms import CCP, WORLD, days_between, refuse_if, rounded
from tests.oracle.naive_margin import Margin

MILLION = 10**6


class Roll(Margin):
    """Closing of one day and opening of the next."""

    def roll(self, command: Json) -> None:
        to = command["to"]
        refuse_if(to <= self.today, "ROLL_BACKWARD")
        refuse_if(not self.terms.is_open(self.terms.house, to), "NOT_BUSINESS_DAY")
        refuse_if(to != self.terms.next_house_day(self.today), "ROLL_SKIPS_DAY")
        self.refuse_roll(to)
        self.refuse_close()
        self.close_day(to)
        self.emit("ROLLED", **{"from": self.today, "to": to})
        self.today = to
        self.cycles = self.runs = 0
        self.apply_splits()
        self.expire_giveups()
        self.netting_cycle()
        self.tidy_intents()
        self.count_load()
        for isin in self.instruments_today():
            self.emit_ageing(isin)
            self.emit_eligible(isin)

    def close_day(self, to: str) -> None:
        self.entitle()
        self.show_fails()
        if self.terms.switches["mark"] == "DAILY":
            self.mark_open()
        self.charge(to)
        self.pay_claims()
        self.before_money()
        self.pay_money()
        self.behind_money()
        self.emit_totals()

    def show_fails(self) -> None:
        for isin in sorted(self.terms.instruments):
            for party, position in self.positions_of(isin):
                if position.qty == 0:
                    self.pay_money_only(isin, party)
                elif self.settles_today(isin):
                    position.failed = True
                    self.emit_for("FAILED", party, isin=isin, qty=position.qty, amount=position.amount,
                                  reason=position.reason)  # fmt: skip
            for key, item in self.items_of(isin):
                if item.qty == 0:
                    self.pay_item_only(key, item)
                elif self.settles_today(isin):
                    item.failed = True
                    self.emit("FAILED", source=key[0], trade_id=key[1], isin=isin, qty=item.qty,
                              amount=item.amount, reason=item.reason)  # fmt: skip

    def pay_item_only(self, key: TradeKey, item: Item) -> None:
        for party, amount in ((item.buyer.party, -item.amount), (item.seller.party, item.amount)):
            self.pay_later(item.isin, party, amount)
            self.emit_for("MONEY_ONLY", party, isin=item.isin, amount=amount)
        self.close_item(key)

    def mark_open(self) -> None:
        """Open contracts are carried at the market; the difference is paid (C36)."""
        for isin in sorted(self.marks):
            price = self.marks[isin][0]
            for party, position in self.positions_of(isin):
                old, position.amount = position.amount, -rounded(position.qty * price)
                self.pay_mark(isin, party, position.qty, position.amount, old)
            for _, item in self.items_of(isin):
                old, item.amount = item.amount, rounded(item.qty * price)
                self.pay_mark(isin, item.buyer.party, item.qty, -item.amount, -old)
                self.pay_mark(isin, item.seller.party, -item.qty, item.amount, old)

    def pay_mark(self, isin: str, party: Party, quantity: int, new: int, old: int) -> None:
        if old != new:
            self.pay_later(isin, party, old - new)
            self.emit_for("MARKED", party, isin=isin, qty=quantity, amount=new, paid=old - new)

    def charge(self, to: str) -> None:
        """Who fails pays, who waits is paid (C37)."""
        calendar = self.terms.switches["charge_days"] == "CALENDAR"
        days = days_between(self.today, to) if calendar else 1
        for isin in sorted(self.terms.instruments):
            if calendar or self.settles_today(isin):
                self.charge_positions(isin, days)
                self.charge_items(isin, days)
        for ccy, party, owed in self.balances(self.arrears):
            if calendar or self.terms.is_bank_day(ccy, self.today):
                self.book_charge(ccy, party, "ARREARS", -self.per_million(owed, "arrears_ppm", days))

    def per_million(self, amount: int, rate: str, days: int) -> int:
        return rounded(Fraction(amount * self.terms.switches[rate] * days, MILLION))

    def book_charge(self, ccy: str, party: Party, kind: str, amount: int, **fields: str) -> None:
        if amount:
            self.due[ccy, party] += amount
            self.own_money[ccy] -= amount
            self.emit_for("CHARGED", party, ccy=ccy, kind=kind, amount=amount, **fields)

    def worth(self, isin: str, quantity: int, amount: int) -> int:
        """Market value, or the contract's without a mark."""
        value = self.value(isin, abs(quantity))
        return abs(amount) if value is None else value

    def charge_positions(self, isin: str, days: int) -> None:
        ccy, total = self.terms.currency(isin), 0
        for party, position in self.positions_of(isin):
            if position.reason == "SECURITIES" and position.qty < 0:
                worth = self.worth(isin, position.qty, position.amount)
                fail = self.per_million(worth, "fail_ppm", days)
                total += fail
                self.book_charge(ccy, party, "FAIL", -fail, isin=isin)
            elif position.reason == "CASH":
                cash = self.per_million(abs(position.amount), "cash_fail_ppm", days)
                self.book_charge(ccy, party, "CASH", -cash, isin=isin)
        if self.terms.switches["fail_charge_to"] == "RECEIVERS":
            waiting = [(party, one.qty) for party, one in self.positions_of(isin)
                       if one.qty > 0 and one.reason in ("AWAITING", "BATCH")]  # fmt: skip
            whole = sum(qty for _, qty in waiting)
            for party, qty in waiting:
                self.book_charge(ccy, party, "CREDIT", total * qty // whole, isin=isin)

    def charge_items(self, isin: str, days: int) -> None:
        ccy = self.terms.currency(isin)
        for _, item in self.items_of(isin):
            if item.reason == "SECURITIES":
                fail = self.per_million(self.worth(isin, item.qty, item.amount), "fail_ppm", days)
                self.book_charge(ccy, item.seller.party, "FAIL", -fail, isin=isin)
                if self.terms.switches["fail_charge_to"] == "RECEIVERS":
                    self.book_charge(ccy, item.buyer.party, "CREDIT", fail, isin=isin)
            elif item.reason == "CASH":
                cash = self.per_million(item.amount, "cash_fail_ppm", days)
                self.book_charge(ccy, item.buyer.party, "CASH", -cash, isin=isin)

    def pay_money(self) -> None:
        """What is due moves, on bank days only; what a party lacks becomes its arrears (C38)."""
        owing = {(ccy, party) for table in (self.due, self.arrears) for ccy, party, _ in self.balances(table)}
        for ccy, party in sorted(owing):
            if self.terms.is_bank_day(ccy, self.today):
                self.pay_party(ccy, party)

    def pay_party(self, ccy: str, party: Party) -> None:
        net = self.due[ccy, party] - self.arrears[ccy, party]
        paid = net if net >= 0 else -min(self.cash[ccy, party], -net)
        self.move_cash(ccy, CCP, party, paid)
        self.due[ccy, party] = 0
        self.arrears[ccy, party] = paid - net
        self.emit_for("MONEY", party, ccy=ccy, amount=paid, arrears=paid - net)

    def emit_totals(self) -> None:
        securities = []
        for isin in sorted(self.terms.instruments):
            opened = sum(position.qty for _, position in self.positions_of(isin))
            securities.append([isin, *self.by_owner(self.holdings, isin), opened])
        cash = []
        for ccy in sorted(self.terms.currencies):
            opened = sum(one.amount for place, one in self.positions.items()
                         if self.terms.currency(place[0]) == ccy)  # fmt: skip
            due, arrears = (sum(n for asset, _, n in self.balances(table) if asset == ccy)
                            for table in (self.due, self.arrears))  # fmt: skip
            cash.append([ccy, *self.by_owner(self.cash, ccy), due, arrears, opened])
        self.emit("DAY_CLOSED", date=self.today, securities=[one for one in securities if any(one[1:])],
                  cash=[one for one in cash if any(one[1:])])  # fmt: skip

    def by_owner(self, table: dict[tuple[str, Party], int], asset: str) -> list[int]:
        """Members', CCP's and world's part of an asset."""
        members = sum(n for name, party, n in self.balances(table)
                      if name == asset and party not in (CCP, WORLD))  # fmt: skip
        house = table[asset, CCP]
        if table is self.holdings or table is self.cash:
            house += self.contributions[asset, CCP]
            members += sum(n for (of, _), n in self.collateral.items() if of == asset)
            members += sum(n for (of, who), n in self.contributions.items() if of == asset and who != CCP)
        return [members, house, table[asset, WORLD]]

    def emit_ageing(self, isin: str) -> None:
        """Open quantities by age, those of today left out (C39)."""
        lots = [(since, qty) for _, position in self.positions_of(isin) for since, qty in position.lots]
        for _, item in self.items_of(isin):
            lots += [(item.since, item.qty), (item.since, -item.qty)]
        bounds = self.terms.switches["buckets"]
        short, long = [0] * (len(bounds) + 1), [0] * (len(bounds) + 1)
        old = [(self.terms.age(isin, since, self.today), qty) for since, qty in lots]
        old = [(age, qty) for age, qty in old if age >= 1]
        for age, qty in old:
            bucket = sum(age > bound for bound in bounds)
            (long if qty > 0 else short)[bucket] += abs(qty)
        if old:
            self.emit("AGEING", isin=isin, short=short, long=long)
