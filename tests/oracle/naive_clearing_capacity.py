"""What a command may move at most, so that a ledger of 64 bits can bear it (C53).

load of an instrument or a currency: what is open and may still move
money of a currency: what is held outside and by the CCP, due, and in arrears
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import prod
from typing import Any

from tests.oracle.naive_clearing_state import Json, Leg, Party, State
from tests.oracle.naive_clearing_terms import CCP, WORLD, days_between, refuse_if, rounded

CAPACITY = 2**61
Need = tuple[str, int, int]
"""isin, unsigned quantity, unsigned money."""


class Capacity(State):
    """Sums of what is open, and the refusals that follow from them."""

    def __init__(self, config: Json) -> None:
        super().__init__(config)
        self.load: dict[str, int] = defaultdict(int)
        """By instrument and by currency; no instrument is called as a currency here."""
        parties = sum(len(accounts) for accounts in self.terms.members.values())
        self.parties = parties + 2

    def check_amount(self, command: Json) -> tuple[Party, str]:
        """Who and what of a deposit or a withdrawal."""
        party: Party = (command["member"], command["account"])
        if party != CCP:
            refuse_if(party[0] == CCP[0], "UNKNOWN_ACCOUNT")
            self.terms.check_party(party)
        if "isin" in command:
            self.terms.check_instrument(command["isin"])
            self.terms.check_quantity(command["qty"])
            return party, command["isin"]
        refuse_if(command["ccy"] not in self.terms.currencies, "UNKNOWN_CURRENCY")
        refuse_if(not 1 <= command["amount"] <= self.terms.switches["max_amount"], "INVALID_AMOUNT")
        return party, command["ccy"]

    def load_leg(self, leg: Leg, sign: int = 1) -> None:
        self.load[leg.isin] += sign * abs(leg.qty)
        self.load[self.terms.currency(leg.isin)] += sign * abs(leg.amount)

    def refuse_load(self, needs: list[Need]) -> None:
        """AMOUNT_OVERFLOW if the load cannot bear more legs."""
        total: dict[str, int] = defaultdict(int)
        for isin, quantity, amount in needs:
            total[isin] += quantity
            total[self.terms.currency(isin)] += amount
        refuse_if(any(self.load[one] + more > CAPACITY for one, more in total.items()), "AMOUNT_OVERFLOW")

    def refuse_lieu(self, legs: list[Leg]) -> None:
        """AMOUNT_OVERFLOW if cash in lieu cannot be given once more."""
        self.refuse_load([(leg.isin, 0, 2 * abs(leg.lieu)) for leg in legs if leg.lieu])

    def refuse_money(self, ccy: str, more: int) -> None:
        refuse_if(self.money(ccy) + more > CAPACITY, "AMOUNT_OVERFLOW")

    def refuse_outside(self, table: dict[tuple[str, Party], int], asset: str, party: Party, n: int) -> None:
        """AMOUNT_OVERFLOW if too much came from the world, or went to the CCP."""
        outside = (WORLD, CCP) if table is self.cash else (WORLD,)
        before = {one: table.get((asset, one), 0) for one in outside}
        after = {**before, WORLD: before[WORLD] - n}
        if party in after:
            after[party] += n
        was, total = (sum(abs(held) for held in one.values()) for one in (before, after))
        refuse_if(total > CAPACITY and total > was, "AMOUNT_OVERFLOW")

    def refuse_price(self, isin: str, price: Fraction) -> None:
        """AMOUNT_OVERFLOW if what is open could not be paid at a price."""
        refuse_if(rounded(self.load[isin] * price) + self.parties > CAPACITY, "AMOUNT_OVERFLOW")

    def money(self, ccy: str) -> int:
        held = abs(self.cash[ccy, WORLD]) + abs(self.cash[ccy, CCP])
        owed = self.balances(self.due) + self.balances(self.arrears)
        return held + sum(abs(n) for asset, _, n in owed if asset == ccy)

    def opened(self, isin: str) -> tuple[int, int, int]:
        """Lines, quantity and amount of positions, and of items as two positions; unsigned."""
        positions = [(abs(one.qty), abs(one.amount)) for _, one in self.positions_of(isin)]
        items = [(one.qty, abs(one.amount)) for _, one in self.items_of(isin)]
        lines = positions + items + items
        return len(lines), sum(qty for qty, _ in lines), sum(amount for _, amount in lines)

    def refuse_roll(self, to: str) -> None:
        """AMOUNT_OVERFLOW if a roll to a day could move too much."""
        splits = [one for one in self.corporate.values() if one["cmd"] == "SPLIT" and one["ex_date"] == to]
        for ccy in self.terms.currencies:
            of_currency = [isin for isin in self.terms.instruments if self.terms.currency(isin) == ccy]
            total = self.money(ccy) + self.load[ccy] + self.most_charges(ccy, of_currency, to)
            total += sum(self.most_claims(isin) + self.most_marks(isin) for isin in of_currency)
            total += sum(self.most_variation(isin) for isin in of_currency)
            total += sum(self.most_lieu(split) for split in splits if split["isin"] in of_currency)
            refuse_if(total > CAPACITY, "AMOUNT_OVERFLOW")
        for isin in self.terms.instruments:
            mine = [(split["new"], split["old"]) for split in splits if split["isin"] == isin]
            factor = prod((Fraction(max(new, old), old) for new, old in mine), start=Fraction(1))
            most = max(-self.holdings[isin, WORLD], self.load[isin]) if mine else 0
            refuse_if(most * factor > CAPACITY, "AMOUNT_OVERFLOW")

    def most_variation(self, isin: str) -> int:
        """What variation margin may move (M4)."""
        return 0

    def most_claims(self, isin: str) -> int:
        claims = sum(abs(amount) for _, _, _, of, amount in self.claims if of == isin)
        today = ("DIVIDEND", isin, self.today)
        rates = [
            one["rate"]
            for one in self.corporate.values()
            if (one["cmd"], one["isin"], one.get("record_date")) == today
        ]
        return claims + sum(rounded(self.load[isin] * rate) + self.parties for rate in rates)

    def marked(self, isin: str) -> int:
        lines, quantity, _ = self.opened(isin)
        value = self.value(isin, quantity)
        return 0 if value is None or not lines else value + lines

    def most_marks(self, isin: str) -> int:
        return self.marked(isin) + 3 * self.opened(isin)[0]

    def most_charges(self, ccy: str, isins: list[str], to: str) -> int:
        base = sum(self.opened(isin)[2] + self.marked(isin) for isin in isins)
        base += sum(owed for asset, _, owed in self.balances(self.arrears) if asset == ccy)
        switch: dict[str, Any] = self.terms.switches
        rate = 2 * abs(switch["fail_ppm"]) + abs(switch["cash_fail_ppm"]) + abs(switch["arrears_ppm"])
        return base * int(rate) * max(1, days_between(self.today, to)) // 10**6 + self.parties

    def most_lieu(self, split: Json) -> int:
        waiting = sum(leg.isin == split["isin"] for leg in self.waiting)
        pieces = self.parties + self.opened(split["isin"])[0] + waiting
        return pieces * (rounded(split["cash"]) + 1) if split["cash"] else 0

    def count_load(self) -> None:
        """The load of what is open, at the end of the roll."""
        self.load = defaultdict(int)
        for isin in self.terms.instruments:
            _, quantity, amount = self.opened(isin)
            self.load[isin] += quantity
            self.load[self.terms.currency(isin)] += amount
        for item in self.items.values():
            if item.amount != item.contract:
                self.load[self.terms.currency(item.isin)] += 2 * abs(item.contract)
        for leg in self.waiting:
            self.load_leg(leg)
        current = {id(leg): leg for trade in self.trades.values() for leg in trade.legs}
        for leg in {**current, **{id(leg): leg for leg in self.waiting}}.values():
            self.load[self.terms.currency(leg.isin)] += abs(leg.lieu)
