"""Dividends and splits (C44 to C47)."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import prod

from tests.oracle.naive_clearing_capacity import CAPACITY
from tests.oracle.naive_clearing_legs import in_lieu
from tests.oracle.naive_clearing_settlement import Settlement
from tests.oracle.naive_clearing_state import Json, Party
from tests.oracle.naive_clearing_terms import CCP, LARGEST, WORLD, refuse_if, rounded


class Corporate(Settlement):
    """What issuers do while trades are open."""

    def dividend(self, command: Json) -> None:
        isin, dates = command["isin"], [command[name] for name in ("ex_date", "record_date", "pay_date")]
        self.check_event(command, dates)
        refuse_if(dates != sorted(dates) or command["record_date"] < self.today, "INVALID_DATES")
        rate = self.terms.market_price(isin, command["rate"])
        self.refuse_price(isin, rate)
        self.corporate[command["ca_id"]] = {**command, "rate": rate}
        self.emit("EVENT_SET", ca_id=command["ca_id"], isin=isin, kind="DIVIDEND")

    def split(self, command: Json) -> None:
        isin, new, old = command["isin"], command["new"], command["old"]
        self.check_event(command, [command["ex_date"]])
        refuse_if(command["ex_date"] <= self.today, "INVALID_DATES")
        refuse_if(new < 1 or old < 1 or new == old, "INVALID_RATIO")
        all_splits = [*self.splits_of(isin), (new, old)]
        most = self.terms.switches["max_qty"] * prod(max(one) for one in all_splits)
        refuse_if(most > LARGEST * prod(of for _, of in all_splits), "INVALID_RATIO")
        price = command.get("cash_price")
        cash = self.terms.market_price(isin, price) if price is not None else Fraction(0)
        refuse_if(rounded(cash) * self.parties > CAPACITY, "AMOUNT_OVERFLOW")
        self.corporate[command["ca_id"]] = {**command, "cash": cash}
        self.emit("EVENT_SET", ca_id=command["ca_id"], isin=isin, kind="SPLIT")

    def splits_of(self, isin: str) -> list[tuple[int, int]]:
        """New and old of all splits of an instrument that were announced."""
        return [
            (one["new"], one["old"])
            for one in self.corporate.values()
            if (one["cmd"], one["isin"]) == ("SPLIT", isin)
        ]

    def check_event(self, command: Json, dates: list[str]) -> None:
        """DUPLICATE_EVENT, UNKNOWN_INSTRUMENT, INVALID_DATES of C44."""
        refuse_if(command["ca_id"] in self.corporate, "DUPLICATE_EVENT")
        self.terms.check_instrument(command["isin"])
        open_days = [self.terms.is_settlement_day(command["isin"], date) for date in dates]
        refuse_if(not all(open_days), "INVALID_DATES")

    def events_of(self, kind: str, date: str) -> list[Json]:
        """Events whose day is today, by instrument and id. A day on which the house is closed never is."""
        found = [one for one in self.corporate.values() if one["cmd"] == kind and one[date] == self.today]
        return sorted(found, key=lambda one: (one["isin"], one["ca_id"]))

    def entitle(self) -> None:
        """Closing of the record date: who is owed the dividend by whom (C45)."""
        for event in self.events_of("DIVIDEND", "record_date"):
            entitled = self.entitled(event["isin"], event["ex_date"])
            for party, quantity in sorted(entitled.items()):
                amount = rounded(quantity * event["rate"])
                if amount:
                    self.claims.append((event["pay_date"], event["ca_id"], party, event["isin"], amount))
                    self.emit_for("ENTITLED", party, ca_id=event["ca_id"], qty=quantity, amount=amount)

    def entitled(self, isin: str, ex_date: str) -> dict[Party, int]:
        quantities: dict[Party, int] = defaultdict(int)
        for party, position in self.positions_of(isin):
            quantities[party] += position.qty
        for _, item in self.items_of(isin):
            quantities[item.buyer.party] += item.qty
            quantities[item.seller.party] -= item.qty
        for leg in self.waiting:
            if leg.isin == isin and leg.trade_date < ex_date:
                quantities[leg.party] += leg.qty
        return quantities

    def pay_claims(self) -> None:
        for claim in sorted(self.claims):
            pay_date, ca_id, party, isin, amount = claim
            if pay_date <= self.today:
                self.claims.remove(claim)
                self.pay_later(isin, party, amount)
                self.own_money[self.terms.currency(isin)] -= amount
                self.emit_for("CLAIM_PAID", party, ca_id=ca_id, amount=amount)

    def apply_splits(self) -> None:
        """Opening of the ex-date (C46)."""
        for event in self.events_of("SPLIT", "ex_date"):
            isin = event["isin"]
            self.emit("SPLIT_APPLIED", ca_id=event["ca_id"], isin=isin, new=event["new"], old=event["old"])
            self.split_holdings(event)
            self.split_positions(event)
            self.split_items(event)
            self.split_waiting(event)
            self.split_netted(event)
            self.splits[isin].append(event)
            self.marks.pop(isin, None)
            self.own_securities[isin] = self.ccp_securities(isin)

    def ccp_securities(self, isin: str) -> int:
        """What of an instrument is the CCP's own: held, less what it owes to members (C48)."""
        opened = sum(position.qty for _, position in self.positions_of(isin))
        waits = sum(leg.qty for leg in self.waiting if leg.isin == isin)
        return self.holdings[isin, CCP] - opened - waits

    def fraction(self, event: Json, party: Party, what: str, amount: int) -> None:
        if amount:
            self.emit_for("FRACTION", party, ca_id=event["ca_id"], what=what, amount=amount)

    def split_holdings(self, event: Json) -> None:
        isin, ccy = event["isin"], self.terms.currency(event["isin"])
        for asset, party in sorted(self.holdings):
            if asset != isin or party == WORLD:
                continue
            held = self.holdings[isin, party]
            quantity, remainder = divmod(held * event["new"], event["old"])
            self.move_securities(isin, WORLD, party, quantity - held)
            cash = in_lieu(remainder, event)
            self.move_cash(ccy, WORLD, party, cash)
            self.own_money[ccy] += cash if party == CCP else 0
            self.fraction(event, party, "HOLDING", cash)
        self.split_collateral(event)
        for asset, party in self.exempt:
            if asset == isin:
                self.exempt[isin, party] = self.exempt[isin, party] * event["new"] // event["old"]

    def split_collateral(self, event: Json) -> None:
        """Securities that are collateral, and cash in lieu that is collateral too (M7)."""
        isin, ccy = event["isin"], self.terms.currency(event["isin"])
        for asset, party in sorted(self.collateral):
            if asset != isin:
                continue
            held = self.collateral[isin, party]
            quantity, remainder = divmod(held * event["new"], event["old"])
            cash = in_lieu(remainder, event)
            self.collateral[isin, party] = quantity
            self.holdings[isin, WORLD] -= quantity - held
            self.collateral[ccy, party] += cash
            self.cash[ccy, WORLD] -= cash
            self.fraction(event, party, "HOLDING", cash)

    def split_positions(self, event: Json) -> None:
        """Lots by running totals, so that the position is rounded once."""
        for party, position in self.positions_of(event["isin"]):
            before = after = 0
            sign = 1 if position.qty > 0 else -1
            for lot in position.lots:
                before += abs(lot[1])
                now = before * event["new"] // event["old"]
                lot[1], after = sign * (now - after), now
            position.lots = [lot for lot in position.lots if lot[1]]
            self.pay_open(event, party, sign * in_lieu(before * event["new"] % event["old"], event))
            self.close_if_empty(event["isin"], party)

    def split_items(self, event: Json) -> None:
        for key, item in self.items_of(event["isin"]):
            item.qty, remainder = divmod(item.qty * event["new"], event["old"])
            cash = in_lieu(remainder, event)
            self.pay_open(event, item.buyer.party, cash)
            self.pay_open(event, item.seller.party, -cash)
            if not item.qty and not item.amount:
                self.close_item(key)

    def pay_open(self, event: Json, party: Party, cash: int) -> None:
        self.pay_later(event["isin"], party, cash)
        self.own_money[self.terms.currency(event["isin"])] -= cash
        self.fraction(event, party, "OPEN", cash)

    def split_waiting(self, event: Json) -> None:
        legs = [leg for leg in self.waiting if leg.isin == event["isin"]]
        for leg in sorted(legs, key=lambda leg: (leg.due, leg.party, leg.leaf)):
            self.split_leg(leg, event)

    def split_netted(self, event: Json) -> None:
        """Current legs that were netted follow silently, and so do intents."""
        for trade in self.trades.values():
            for leg in trade.legs:
                if leg.isin == event["isin"] and leg.state != "WAITING":
                    quantity = abs(leg.qty) * event["new"] // event["old"]
                    leg.qty = quantity if leg.qty > 0 else -quantity
        for intent in self.intents.values():
            if intent.isin == event["isin"]:
                intent.left = intent.left * event["new"] // event["old"]
