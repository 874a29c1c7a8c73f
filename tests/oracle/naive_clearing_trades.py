"""Trades: versions, the ladder of C9, and novation (C7 to C13, C17).

    TRADE / CANCEL_TRADE --ladder--> remembered version --> old legs away, new legs in

A refused delivery leaves no trace, not even in what is remembered of the trade.
"""

from __future__ import annotations

from dataclasses import replace

from tests.oracle.naive_clearing_legs import Legs
from tests.oracle.naive_clearing_state import Json, Leg, Party, Trade, TradeKey
from tests.oracle.naive_clearing_terms import RefusedError, refuse_if, rounded

CONTENT = ("trade_date", "isin", "ccy", "qty", "price", "buyer", "seller", "settle_date")
ANSWERS = {"ACCEPTED": "accepted", "DUPLICATE": "duplicate", "SUPERSEDED": "superseded"}


class Trades(Legs):
    """Deliveries of trades."""

    def trade(self, command: Json) -> None:
        content = {name: command.get(name) for name in CONTENT}
        self.deliver(command, content)

    def cancel_trade(self, command: Json) -> None:
        self.deliver(command, None)

    def batch(self, command: Json) -> None:
        """All or nothing only for the control totals (C17)."""
        trades = command["trades"]
        wrong = command["count"] != len(trades) or command["qty_total"] != sum(t["qty"] for t in trades)
        refuse_if(wrong, "CONTROL_TOTAL")
        counts = dict.fromkeys(("accepted", "rejected", "duplicate", "superseded"), 0)
        for one in trades:
            delivery = {"cmd": "TRADE", "source": command["source"], **one}
            try:
                before = len(self.events)
                self.trade(delivery)
                counts[ANSWERS[self.events[before]["ev"]]] += 1
            except RefusedError as refused:
                self.emit_refusal(delivery, str(refused))
                counts["rejected"] += 1
        self.emit("BATCH_DONE", source=command["source"], read=len(trades), **counts)

    def emit_refusal(self, command: Json, reason: str) -> None:
        named = {name: command[name] for name in ("source", "trade_id", "version") if name in command}
        self.emit("REJECTED", cmd=command["cmd"], **named, reason=reason)

    def deliver(self, command: Json, content: Json | None) -> None:
        """The seven steps of C9; content None is a cancellation."""
        key: TradeKey = (command["source"], command["trade_id"])
        version = command["version"]
        names = {"source": key[0], "trade_id": key[1], "version": version}
        refuse_if(not isinstance(version, int) or version < 1, "INVALID_VERSION")
        known = self.trades.get(key, Trade())
        if version in known.versions:
            refuse_if(known.versions[version] != content, "DUPLICATE_CONTENT")
            self.emit("DUPLICATE", **names)
            return
        if content is not None:
            self.refuse_unnamed_fill(key)
        refuse_if(known.cancelled and (version > known.highest or content is None), "TRADE_CANCELLED")
        if content is not None:
            self.check_content(content)
        if self.terms.switches["version_policy"] == "STRICT":
            refuse_if(content is None and not known.versions, "UNKNOWN_TRADE")
            refuse_if(version != known.highest + 1, "VERSION_GAP")
        if version < known.highest and content is not None:
            known.versions[version] = content
            self.tell_fill(key, version, content)
            self.emit("SUPERSEDED", **names)
            return
        refuse_if(bool(known.legs) and all(leg.state == "SETTLED" for leg in known.legs), "TRADE_SETTLED")
        self.refuse_legs(key, known, content)
        known.versions[version] = content
        known.in_force = version
        self.trades[key] = known
        if content is not None:
            self.tell_fill(key, version, content)
        self.put_in_force(key, known, version, content)

    def refuse_legs(self, key: TradeKey, trade: Trade, content: Json | None) -> None:
        """AMOUNT_OVERFLOW if new legs and reversals are too much (C53)."""
        needs = []
        if content is not None:
            isin, quantity, lieu = content["isin"], content["qty"], 0
            amount = rounded(quantity * self.terms.price(isin, content["price"]))
            for split in self.splits[isin]:
                if content["trade_date"] < split["ex_date"]:
                    quantity = quantity * split["new"] // split["old"]
                    lieu += rounded(split["cash"]) + 1 if split["cash"] else 0
            needs.append((isin, 2 * quantity, 2 * amount + 4 * lieu))
        if trade.netted and key not in self.items:
            netted = [leg for leg in trade.legs if leg.state != "WAITING"]
            needs += [(leg.isin, abs(leg.qty), abs(leg.amount)) for leg in netted]
        self.refuse_load(needs)

    def check_content(self, content: Json) -> None:
        """Step 4 of C9."""
        isin = content["isin"]
        self.terms.check_instrument(isin)
        refuse_if(content["ccy"] not in (None, self.terms.currency(isin)), "WRONG_CURRENCY")
        buyer, seller = parties(content)
        self.terms.check_party(buyer)
        self.terms.check_party(seller)
        refuse_if(buyer == seller, "SELF_TRADE")
        self.refuse_margined(isin, (buyer, seller))
        self.terms.check_quantity(content["qty"])
        exact = content["qty"] * self.terms.price(isin, content["price"])
        must_be_exact = self.terms.switches["amount_rounding"] == "EXACT"
        refuse_if(must_be_exact and exact.denominator != 1, "INEXACT_AMOUNT")
        refuse_if(rounded(exact) == 0, "ZERO_AMOUNT")
        refuse_if(rounded(exact) > self.terms.switches["max_amount"], "AMOUNT_OVERFLOW")
        refuse_if(content["trade_date"] > self.today, "FUTURE_TRADE_DATE")
        refuse_if(not self.terms.is_trading_day(isin, content["trade_date"]), "NOT_TRADING_DAY")
        settles = content["settle_date"]
        if settles is not None:
            refuse_if(settles < content["trade_date"], "SETTLE_BEFORE_TRADE")
            refuse_if(not self.terms.is_settlement_day(isin, settles), "SETTLE_ON_HOLIDAY")
        late = self.settlement_date(content) < self.today
        refuse_if(late and self.terms.switches["late_trades"] == "REJECT", "LATE_TRADE")

    def settlement_date(self, content: Json) -> str:
        explicit = content["settle_date"]
        return str(explicit or self.terms.settlement_date(content["isin"], content["trade_date"]))

    def due_date(self, content: Json, netted: bool) -> str:
        """C11, and C13 where the trade was netted before."""
        due = self.settlement_date(content)
        after = self.terms.next_settlement_day(content["isin"], self.today)
        if due < self.today:
            due = after
        return max(due, after) if netted else due

    def put_in_force(self, key: TradeKey, trade: Trade, version: int, content: Json | None) -> None:
        """The events of C10: answer, give-ups, old legs, new legs."""
        names = {"source": key[0], "trade_id": key[1], "version": version}
        new = self.new_legs(key, version, content, trade.netted) if content is not None else []
        if content is None:
            trade.cancelled = True
            self.emit("CANCELLED", **names)
        else:
            self.emit("ACCEPTED", **names, isin=content["isin"], qty=content["qty"],
                      amount=-new[0].amount, settle_date=new[0].due)  # fmt: skip
        self.close_giveups(key, "REPLACED")
        self.take_away(key, trade)
        trade.legs = []
        for leg in new:
            self.split_late_leg(leg)
            self.add_leg(leg)
            trade.legs.append(leg)

    def new_legs(self, key: TradeKey, version: int, content: Json, netted: bool) -> list[Leg]:
        """Buyer's and seller's leg of a content (C10)."""
        isin, quantity = content["isin"], content["qty"]
        amount = rounded(quantity * self.terms.price(isin, content["price"]))
        buyer, seller = parties(content)
        buys = Leg(
            *key, version, "B", buyer, isin, quantity, -amount, self.due_date(content, netted),
            "COEV" if netted else "NEW1", content["trade_date"],
        )  # fmt: skip
        return [buys, replace(buys, side="S", party=seller, qty=-quantity, amount=amount)]

    def take_away(self, key: TradeKey, trade: Trade) -> None:
        """Old legs: removed while they wait (C12), withdrawn from an item, or reversed (C13)."""
        item = self.items.pop(key, None)
        for leg in trade.legs:
            if leg.state == "WAITING":
                self.remove_leg(leg)
            elif item is not None:
                self.take_back_lieu(leg)
                self.emit_leg("WITHDRAW", leg)
                if leg is item.buyer and item.amount != item.contract:
                    self.unmark(leg.isin, leg.party, item.contract - item.amount)
                    self.unmark(leg.isin, item.seller.party, item.amount - item.contract)
            else:
                self.reverse(leg)

    def unmark(self, isin: str, party: Party, paid: int) -> None:
        """Marks of a withdrawn item go back."""
        self.pay_later(isin, party, paid)
        self.emit_for("UNMARKED", party, isin=isin, paid=paid)

    def reverse(self, leg: Leg) -> None:
        """The opposite of a netted leg, due on the next settlement day (C13)."""
        self.take_back_lieu(leg)
        due = self.terms.next_settlement_day(leg.isin, self.today)
        opposite = replace(leg, qty=-leg.qty, amount=-leg.amount, due=due, kind="COEV", mark="R",
                           state="WAITING", lieu=0)  # fmt: skip
        self.emit_leg("REVERSE", opposite)
        if opposite.qty or opposite.amount:
            self.waiting.append(opposite)
            self.own_securities[leg.isin] -= opposite.qty
            self.load_leg(opposite)

    def split_late_leg(self, leg: Leg) -> None:
        """A content of before a split is in old securities (C47)."""
        for split in self.splits[leg.isin]:
            if leg.trade_date < split["ex_date"]:
                self.split_leg(leg, split)


def parties(content: Json) -> tuple[Party, Party]:
    """Buyer and seller of a content."""
    return tuple(content["buyer"]), tuple(content["seller"])
