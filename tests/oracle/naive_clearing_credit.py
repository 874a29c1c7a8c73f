"""Fills that come by number, and credit that goes back by number (K16 to K18).

worth = holding or cash + due - arrears + what is open + what waits         told = what the venue knows of it
RELEASE_CREDIT tells worth - told; a fill is told when it is taken, because the venue did it itself.
"""

from __future__ import annotations

from collections import defaultdict

from tests.oracle.naive_clearing_capacity import Capacity
from tests.oracle.naive_clearing_state import Json, TradeKey
from tests.oracle.naive_clearing_terms import CCP, WORLD, Party, refuse_if, rounded

Worth = dict[tuple[int, str, Party], int]
"""(0 for a currency, 1 for an instrument; its name; party) -> units."""
MONEY, SECURITIES = 0, 1


class Credit(Capacity):
    """What the venue was told, and where the two streams stand."""

    def __init__(self, config: Json) -> None:
        super().__init__(config)
        self.venue: str | None = None
        self.fills = self.credits = 0
        self.told: Worth = defaultdict(int)

    def take_fills(self, command: Json) -> None:
        source, first, last = command["source"], command["first"], command["last"]
        has_traded = any(key[0] == source for key in self.trades)
        refuse_if(has_traded if self.venue is None else source != self.venue, "INVALID_SOURCE")
        refuse_if(first != self.fills + 1 or last < first, "FILL_GAP")
        self.venue, self.fills = source, last
        self.emit("FILLS_TAKEN", source=source, first=first, last=last)

    def refuse_unnamed_fill(self, key: TradeKey) -> None:
        """FILL_GAP for a trade of the venue whose number no FILLS has named."""
        if key[0] == self.venue:
            refuse_if(key[1] not in map(str, range(1, self.fills + 1)), "FILL_GAP")

    def tell_fill(self, key: TradeKey, version: int, content: Json) -> None:
        if key[0] != self.venue or version != 1:
            return
        isin, quantity = content["isin"], content["qty"]
        if isin in self.terms.contracts:
            return
        amount = rounded(quantity * self.terms.price(isin, content["price"]))
        for party, sign in ((content["buyer"], 1), (content["seller"], -1)):
            if sign < 0 or not self.terms.is_resold_late(isin):
                self.told[SECURITIES, isin, tuple(party)] += sign * quantity
            self.told[MONEY, self.terms.currency(isin), tuple(party)] -= sign * amount

    def release_credit(self, command: Json) -> None:
        worth = self.net_worth()
        for key in sorted({*worth, *self.told}):
            delta = worth[key] - self.told[key]
            if delta:
                kind, asset, party = key
                self.credits += 1
                of = {"ccy": asset, "amount": delta} if kind == MONEY else {"isin": asset, "qty": delta}
                self.emit_for("CREDIT", party, credit=self.credits, **of)
        self.told = worth

    def net_worth(self) -> Worth:
        """What every member has, is owed, and will receive or deliver."""
        found: Worth = defaultdict(int)
        pledged = {key: n for key, n in self.collateral.items() if key[0] in self.terms.currencies}
        for kind, table, sign in (
            (SECURITIES, self.holdings, 1), (MONEY, self.cash, 1), (MONEY, pledged, 1), (MONEY, self.due, 1),
            (MONEY, self.arrears, -1),
        ):  # fmt: skip
            for (asset, party), n in table.items():
                found[kind, asset, party] += sign * n
        moving = [(isin, (member, account), one.qty, one.amount)
                  for (isin, member, account), one in self.positions.items()]  # fmt: skip
        moving += [(leg.isin, leg.party, leg.qty, leg.amount)
                   for leg in self.waiting if leg.isin not in self.terms.contracts]  # fmt: skip
        for item in self.items.values():
            moving += [(item.isin, item.buyer.party, item.qty, -item.amount)]
            moving += [(item.isin, item.seller.party, -item.qty, item.amount)]
        for isin, party, quantity, amount in moving:
            found[SECURITIES, isin, party] += quantity * (not self.terms.is_resold_late(isin))
            found[MONEY, self.terms.currency(isin), party] += amount
        for isin in filter(self.terms.is_resold_late, self.terms.instruments):
            for member, accounts in self.terms.members.items():
                for account in accounts:
                    found[SECURITIES, isin, (member, account)] -= self.to_deliver(isin, (member, account))
        return defaultdict(int, {key: n for key, n in found.items() if key[2] not in (CCP, WORLD)})

    def to_deliver(self, isin: str, party: Party) -> int:
        """What the party sold of an instrument and has not delivered yet, purchases left out (K12)."""
        legs = [leg for leg in self.waiting if (leg.isin, leg.party) == (isin, party)]
        sold = sum(-leg.qty for leg in legs if leg.kind != "COEV" and leg.qty < 0)
        corrections = sum(leg.qty for leg in legs if leg.kind == "COEV")
        items = [one for one in self.items.values() if one.isin == isin]
        opened = [one.qty for key, one in self.positions.items() if key == (isin, *party)]
        opened += [one.qty for one in items if one.buyer.party == party]
        opened += [-one.qty for one in items if one.seller.party == party]
        owed, coming = -sum(n for n in opened if n < 0), sum(n for n in opened if n > 0)
        if corrections >= 0:
            return sold + owed - min(owed, corrections)
        return sold + owed - corrections - min(coming, -corrections)
