"""Settlement within the day: trade by trade, by batch, or continuously net (C26 to C33).

    SETTLE --> GROSS_GROSS, GROSS_NET, NET_NET, CNS --> SETTLE_DONE

What does not settle keeps a reason.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from typing import Any

from tests.oracle.naive_clearing_netting import Netting
from tests.oracle.naive_clearing_state import Item, Json, Party, Position, TradeKey
from tests.oracle.naive_clearing_terms import CCP, part

LINES = ("SETTLED", "DELIVERED", "RECEIVED", "MONEY_ONLY")
Queue = list[tuple[TradeKey, Item]]
Open = list[tuple[str, Party, Position]]


class Settlement(Netting):
    """One run over all instruments that settle today."""

    def settle(self, command: Json) -> None:
        self.runs += 1
        run = f"{self.today}/S{self.runs}"
        before = len(self.events)
        self.settle_gross()
        self.settle_gross_net()
        self.settle_batches()
        self.settle_continuously(run)
        lines = sum(event["ev"] in LINES for event in self.events[before:])
        self.tidy_intents()
        self.emit("SETTLE_DONE", run=run, lines=lines)

    def instruments_of(self, policy: str) -> list[str]:
        return [isin for isin in self.instruments_today() if self.terms.policy(isin) == policy]

    def queue(self, policy: str) -> Queue:
        """Items by age, source and trade id (C27)."""
        isins = self.instruments_of(policy)
        items = [(key, item) for key, item in self.items.items() if item.isin in isins]
        return sorted(items, key=lambda one: (one[1].since, one[0]))

    def open_of(self, isins: list[str]) -> Open:
        return [(isin, party, one) for isin in isins for party, one in self.positions_of(isin)]

    def settle_gross(self) -> None:
        """Model 1: passes over the queue until one settles nothing."""
        queue, moved = self.queue("GROSS_GROSS"), True
        while moved:
            moved = False
            for key, item in list(queue):
                ccy = self.terms.currency(item.isin)
                if self.deliverable(item.isin, item.seller.party) < item.qty:
                    item.reason = "SECURITIES"
                elif self.free(ccy, item.buyer.party) < item.amount:
                    item.reason = "CASH"
                else:
                    self.deliver_item(key, item)
                    self.move_cash(ccy, item.buyer.party, item.seller.party, item.amount)
                    queue.remove((key, item))
                    moved = True

    def deliver_item(self, key: TradeKey, item: Item) -> None:
        self.move_securities(item.isin, item.seller.party, item.buyer.party, item.qty)
        self.close_item(key)
        self.emit("SETTLED", source=key[0], trade_id=key[1], isin=item.isin, qty=item.qty, amount=item.amount)

    def settle_gross_net(self) -> None:
        """Model 2: securities trade by trade, money net; the last purchases of who cannot pay drop out."""
        queue, dropped = self.queue("GROSS_NET"), []
        while True:
            chosen = self.choose([one for one in queue if one not in dropped])
            money = self.net_money(chosen)
            cannot = [one for one, net in sorted(money.items()) if net < 0 and self.free(*one) + net < 0]
            if not cannot:
                break
            bought = [one for one in queue if one in chosen
                      and (self.terms.currency(one[1].isin), one[1].buyer.party) == cannot[0]]  # fmt: skip
            dropped.append(bought[-1])
        for key, item in chosen:
            self.deliver_item(key, item)
        self.pay_funds(money)
        for one in queue:
            if one not in chosen:
                one[1].reason = "CASH" if one in dropped else "SECURITIES"

    def choose(self, queue: Queue) -> Queue:
        """Items that could be delivered one after the other, looking at securities only."""
        moves: dict[tuple[str, Party], int] = defaultdict(int)
        left, chosen, moved = list(queue), [], True
        while moved:
            moved = False
            for one in list(left):
                item = one[1]
                giver, taker = (item.isin, item.seller.party), (item.isin, item.buyer.party)
                held = self.holdings[giver] + moves[giver]
                if max(0, held - self.exempt[giver]) >= item.qty:
                    moves[giver] -= item.qty
                    moves[taker] += item.qty
                    left.remove(one)
                    chosen.append(one)
                    moved = True
        return chosen

    def net_money(self, chosen: Queue) -> dict[tuple[str, Party], int]:
        money: dict[tuple[str, Party], int] = defaultdict(int)
        for _, item in chosen:
            ccy = self.terms.currency(item.isin)
            money[ccy, item.buyer.party] -= item.amount
            money[ccy, item.seller.party] += item.amount
        return money

    def pay_funds(self, money: dict[tuple[str, Party], int]) -> None:
        """Money at once, against the CCP."""
        for (ccy, party), amount in sorted(money.items()):
            if amount:
                self.move_cash(ccy, CCP, party, amount)
                self.emit_for("FUNDS", party, ccy=ccy, amount=amount)

    def settle_batches(self) -> None:
        """Model 3: all positions of a currency, or none."""
        for ccy in sorted(self.terms.currencies):
            isins = [one for one in self.instruments_of("NET_NET") if self.terms.currency(one) == ccy]
            batch = self.open_of(isins)
            if batch:
                self.settle_batch(ccy, batch)

    def settle_batch(self, ccy: str, batch: Open) -> None:
        securities = self.missing_securities(batch)
        money: dict[tuple[str, Party], int] = defaultdict(int)
        for _, party, position in batch:
            money[ccy, party] += position.amount
        cash = [[*party, -net - self.free(ccy, party)] for (_, party), net in sorted(money.items())
                if net < 0 and self.free(ccy, party) + net < 0]  # fmt: skip
        ok = not securities and not cash
        self.emit("BATCH", ccy=ccy, ok=ok, securities=securities, cash=cash)
        if not ok:
            lacking = [(isin, (member, account)) for member, account, isin, _ in securities]
            poor = [(member, account) for member, account, _ in cash]
            for isin, party, position in batch:
                owes = position.amount < 0 and party in poor
                other = "CASH" if owes else "BATCH"
                position.reason = "SECURITIES" if (isin, party) in lacking else other
            return
        self.move_batch(batch)
        self.pay_funds(money)

    def missing_securities(self, batch: Open) -> list[list[Any]]:
        """[member, account, isin, missing]; the CCP's come last."""
        shorts = [(isin, party, -one.qty) for isin, party, one in batch if one.qty < 0]
        missing = [[*party, isin, qty - self.deliverable(isin, party)] for isin, party, qty in shorts
                   if qty > self.deliverable(isin, party)]  # fmt: skip
        for isin in sorted({isin for isin, _, _ in batch}):
            lacks = sum(one.qty for name, _, one in batch if name == isin) - self.holdings[isin, CCP]
            if lacks > 0:
                missing.append([*CCP, isin, lacks])
        return missing

    def move_batch(self, batch: Open) -> None:
        for isin, party, one in batch:
            if one.qty < 0:
                self.move_securities(isin, party, CCP, -one.qty)
                self.emit_for("DELIVERED", party, isin=isin, qty=-one.qty, amount=one.amount, left=0)
        for isin, party, one in batch:
            if one.qty > 0:
                self.move_securities(isin, CCP, party, one.qty)
                self.emit_for("RECEIVED", party, isin=isin, qty=one.qty, amount=one.amount, left=0)
        for isin, party, one in batch:
            if one.qty == 0:
                self.emit_for("MONEY_ONLY", party, isin=isin, amount=one.amount)
        for isin, party, one in batch:
            one.lots, one.amount = [], 0
            self.close_if_empty(isin, party)

    def settle_continuously(self, run: str) -> None:
        """CNS: shorts deliver to the CCP, the CCP allocates to the longs."""
        isins = self.instruments_of("CNS")
        for isin, party, position in self.open_of(isins):
            if position.qty == 0:
                self.pay_money_only(isin, party)
            elif position.qty < 0:
                self.deliver_short(isin, party, position)
        for isin in isins:
            self.allocate_to_longs(run, isin)

    def pay_money_only(self, isin: str, party: Party) -> None:
        position = self.positions[isin, *party]
        amount, position.amount = position.amount, 0
        self.pay_later(isin, party, amount)
        self.emit_for("MONEY_ONLY", party, isin=isin, amount=amount)
        self.close_if_empty(isin, party)

    def deliver_short(self, isin: str, party: Party, position: Position) -> None:
        owed = -position.qty
        given = min(owed, self.deliverable(isin, party))
        if given < owed:
            position.reason = "SECURITIES"
            given = given if self.terms.switches["partials"] else 0
        if given == 0:
            return
        amount = part(position.amount, given, owed)
        self.move_securities(isin, party, CCP, given)
        self.pay_later(isin, party, amount)
        position.amount -= amount
        position.take(given)
        self.emit_for("DELIVERED", party, isin=isin, qty=given, amount=amount, left=owed - given)
        self.close_if_empty(isin, party)

    def group(self, isin: str, party: Party, since: str) -> int:
        """Allocation group of a lot (C19, C31)."""
        if self.has_intent(isin, party) and self.is_eligible(isin, since):
            return 0
        return self.groups.get((isin, party), self.groups.get((None, party), 50))

    def allocate_to_longs(self, run: str, isin: str) -> None:
        lots = []
        for party, position in self.positions_of(isin):
            if position.qty > 0:
                position.reason = "AWAITING"
                name = "|".join((run, isin, *party, self.terms.switches["alloc_key"]))
                ticket = hashlib.sha256(name.encode()).hexdigest()
                lots += [(self.group(isin, party, lot[0]), lot[0], ticket, party) for lot in position.lots]
        for group, since, _, party in sorted(lots):
            self.receive_lot(isin, party, group, since)

    def receive_lot(self, isin: str, party: Party, group: int, since: str) -> None:
        """One lot of a long: as much as the CCP holds and the party can pay (C31, C32)."""
        position, ccy = self.positions[isin, *party], self.terms.currency(isin)
        lot = next(one for one in position.lots if one[0] == since)
        given = min(lot[1], self.holdings[isin, CCP])
        if given <= 0 or (given < lot[1] and not self.terms.switches["partials"]):
            return
        amount = part(position.amount, given, position.qty)
        if amount < 0 and self.purse(ccy, party) + amount < 0:
            position.reason = "CASH"
            self.emit_for("HELD", party, isin=isin, since=since, qty=given, amount=amount)
            return
        self.move_securities(isin, CCP, party, given)
        self.pay_later(isin, party, amount)
        position.amount -= amount
        lot[1] -= given
        position.lots = [one for one in position.lots if one[1]]
        self.emit_for("RECEIVED", party, isin=isin, qty=given, amount=amount, left=position.qty,
                      group=group, since=since)  # fmt: skip
        self.close_if_empty(isin, party)
