"""Deposits, withdrawals and the parameters of settlement (C18, C19)."""

from __future__ import annotations

from tests.oracle.naive_clearing_capacity import Capacity
from tests.oracle.naive_clearing_state import Json, Party
from tests.oracle.naive_clearing_terms import CCP, WORLD, refuse_if


class Balances(Capacity):
    """Commands that set what parties have and what may be taken of it."""

    def deposit(self, command: Json) -> None:
        party, asset = self.check_amount(command)
        self.enter(party, asset, command, +1)

    def withdraw(self, command: Json) -> None:
        party, asset = self.check_amount(command)
        if "isin" in command:
            refuse_if(command["qty"] > self.holdings[asset, party], "INSUFFICIENT_BALANCE")
        else:
            too_much = party != CCP and command["amount"] > self.free(asset, party)
            refuse_if(too_much, "INSUFFICIENT_BALANCE")
        self.enter(party, asset, command, -1)

    def enter(self, party: Party, asset: str, command: Json, sign: int) -> None:
        """Move between the party and the world, and show the new balance."""
        n = sign * command["qty" if "isin" in command else "amount"]
        self.refuse_outside(self.holdings if "isin" in command else self.cash, asset, party, n)
        if "isin" in command:
            self.move_securities(asset, WORLD, party, n)
            if party == CCP:
                self.own_securities[asset] += n
                self.own_deposits[asset] += n
            self.emit_for("BALANCE", party, isin=asset, qty=self.holdings[asset, party])
        else:
            self.move_cash(asset, WORLD, party, n)
            self.own_money[asset] += n if party == CCP else 0
            self.emit_for("BALANCE", party, ccy=asset, amount=self.cash[asset, party])

    def exemption(self, command: Json) -> None:
        party, isin, quantity = (command["member"], command["account"]), command["isin"], command["qty"]
        self.terms.check_party(party)
        self.terms.check_instrument(isin)
        refuse_if(quantity < 0, "INVALID_QTY")
        self.exempt[isin, party] = quantity
        self.emit_for("EXEMPTED", party, isin=isin, qty=quantity)

    def priority(self, command: Json) -> None:
        party, isin, group = (command["member"], command["account"]), command["isin"], command["group"]
        self.terms.check_party(party)
        if isin is not None:
            self.terms.check_instrument(isin)
        refuse_if(not 1 <= group <= 99, "INVALID_GROUP")
        self.groups[isin, party] = group
        self.emit_for("PRIORITY_SET", party, isin=isin, group=group)

    def mark(self, command: Json) -> None:
        isin = command["isin"]
        self.terms.check_instrument(isin)
        price = self.terms.market_price(isin, command["price"])
        self.refuse_price(isin, price)
        self.marks[isin] = (price, command["price"])
        self.emit("MARK_SET", isin=isin, price=command["price"])
