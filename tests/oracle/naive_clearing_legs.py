"""Legs while they wait: in and out, allocation, give-up, transfer (C14 to C16), cash in lieu (C47)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from tests.oracle.naive_clearing_credit import Credit
from tests.oracle.naive_clearing_state import GiveUp, Json, Leg, Party, Trade, TradeKey
from tests.oracle.naive_clearing_terms import part, refuse_if, rounded


def in_lieu(remainder: int, split: Json) -> int:
    """Cash for what a split leaves of `remainder` / old new securities (C47)."""
    return rounded(Fraction(remainder, split["old"]) * split["cash"])


class Legs(Credit):
    """What may happen to a leg before it is netted."""

    def emit_leg(self, operation: str, leg: Leg) -> None:
        self.emit_for("LEG", leg.party, op=operation, isin=leg.isin, qty=leg.qty, amount=leg.amount,
                      due=leg.due, kind=leg.kind)  # fmt: skip

    def add_leg(self, leg: Leg) -> None:
        self.waiting.append(leg)
        self.own_securities[leg.isin] -= leg.qty
        self.load_leg(leg)
        self.emit_leg("ADD", leg)

    def remove_leg(self, leg: Leg) -> None:
        self.take_back_lieu(leg)
        self.waiting.remove(leg)
        self.own_securities[leg.isin] += leg.qty
        self.load_leg(leg, -1)
        self.emit_leg("REMOVE", leg)

    def give_lieu(self, leg: Leg, amount: int) -> None:
        """Cash in lieu of the leg, which the CCP pays and which may have to go back."""
        self.load[self.terms.currency(leg.isin)] += 2 * abs(amount)
        self.pay_lieu(leg, amount)

    def pay_lieu(self, leg: Leg, amount: int) -> None:
        leg.lieu += amount
        self.pay_later(leg.isin, leg.party, amount)
        self.own_money[self.terms.currency(leg.isin)] -= amount

    def take_back_lieu(self, leg: Leg) -> None:
        self.pay_lieu(leg, -leg.lieu)

    def split_leg(self, leg: Leg, split: Json) -> None:
        """Round a waiting leg's new quantity down and pay for the rest."""
        quantity, remainder = divmod(abs(leg.qty) * split["new"], split["old"])
        sign = 1 if leg.qty > 0 else -1
        leg.qty = sign * quantity
        cash = sign * in_lieu(remainder, split)
        if cash:
            self.give_lieu(leg, cash)
            self.emit_for("FRACTION", leg.party, ca_id=split["ca_id"], what="LEG", amount=cash)

    def check_waiting(self, key: TradeKey) -> Trade:
        """UNKNOWN_TRADE, TRADE_CANCELLED, ALREADY_NETTED."""
        refuse_if(key not in self.trades, "UNKNOWN_TRADE")
        trade = self.trades[key]
        refuse_if(trade.cancelled, "TRADE_CANCELLED")
        refuse_if(any(leg.state != "WAITING" for leg in trade.legs), "ALREADY_NETTED")
        return trade

    def is_pending(self, key: TradeKey, side: str) -> bool:
        return any(one.trade == key and one.side == side for one in self.giveups.values())

    def allocate(self, command: Json) -> None:
        """The side's quantity in parts, amounts by running total (C14)."""
        key, side, parts = (command["source"], command["trade_id"]), command["side"], command["parts"]
        trade = self.check_waiting(key)
        old = trade.side(side)
        refuse_if(self.terms.is_gross(old[0].isin), "WRONG_POLICY")
        refuse_if(self.is_pending(key, side), "GIVEUP_PENDING")
        member = old[0].party[0]
        accounts = [one["account"] for one in parts]
        refuse_if(any(one not in self.terms.members[member] for one in accounts), "UNKNOWN_ACCOUNT")
        refuse_if(any(accounts.count(one) > 1 for one in accounts), "DUPLICATE_ACCOUNT")
        for one in parts:
            self.terms.check_quantity(one["qty"])
        whole = sum(abs(leg.qty) for leg in old)
        refuse_if(not parts or sum(one["qty"] for one in parts) != whole, "ALLOCATION_TOTAL")
        self.refuse_lieu(old)
        self.emit("ALLOCATED", source=key[0], trade_id=key[1], side=side, parts=len(parts))
        self.replace_legs(trade, old, self.in_parts(old, member, parts))

    def in_parts(self, old: list[Leg], member: str, parts: list[Json]) -> list[Leg]:
        whole, amount = sum(abs(leg.qty) for leg in old), sum(leg.amount for leg in old)
        lieu, sign = sum(leg.lieu for leg in old), 1 if old[0].qty > 0 else -1
        new, before = [], 0
        for one in parts:
            after = before + one["qty"]
            new.append(replace(
                old[0], party=(member, one["account"]), qty=sign * one["qty"],
                amount=part(amount, after, whole) - part(amount, before, whole),
                lieu=part(lieu, after, whole) - part(lieu, before, whole),
            ))  # fmt: skip
            before = after
        return new

    def replace_legs(self, trade: Trade, old: list[Leg], new: list[Leg]) -> None:
        """New waiting legs in the place of old ones; cash in lieu moves along silently."""
        for leg in old:
            self.remove_leg(leg)
        for leg in new:
            lieu, leg.lieu = leg.lieu, 0
            self.give_lieu(leg, lieu)
            self.add_leg(leg)
        kept = [leg for leg in trade.legs if leg not in old]
        trade.legs = sorted(kept + new, key=lambda leg: leg.side)

    def give_up(self, command: Json) -> None:
        key, side, to = (command["source"], command["trade_id"]), command["side"], tuple(command["to"])
        trade = self.check_waiting(key)
        self.terms.check_party(to)
        refuse_if(len(trade.side(side)) > 1, "ALREADY_ALLOCATED")
        refuse_if(self.is_pending(key, side), "GIVEUP_PENDING")
        refuse_if(trade.side(side)[0].party[0] == to[0], "SAME_MEMBER")
        refuse_if(self.is_other_side(trade, side, to), "SELF_TRADE")
        self.last_giveup += 1
        self.giveups[self.last_giveup] = GiveUp(key, side, to)
        self.emit_for("GIVEUP_OPEN", to, giveup=self.last_giveup, source=key[0], trade_id=key[1], side=side)

    def is_other_side(self, trade: Trade, side: str, party: Party) -> bool:
        return any(leg.party == party for leg in trade.legs if leg.side != side)

    def take_up(self, command: Json) -> None:
        refuse_if(command["giveup"] not in self.giveups, "UNKNOWN_GIVEUP")
        pending = self.giveups[command["giveup"]]
        if not command["accept"]:
            self.close_giveup(command["giveup"], "REJECTED")
            return
        trade = self.trades[pending.trade]
        refuse_if(self.is_other_side(trade, pending.side, pending.to), "SELF_TRADE")
        old = trade.side(pending.side)
        self.refuse_lieu(old)
        self.close_giveup(command["giveup"], "ACCEPTED")
        self.replace_legs(trade, old, [replace(old[0], party=pending.to)])

    def close_giveup(self, giveup: int, reason: str) -> None:
        del self.giveups[giveup]
        self.emit("GIVEUP_CLOSED", giveup=giveup, reason=reason)

    def close_giveups(self, key: TradeKey, reason: str) -> None:
        for giveup in sorted(self.giveups):
            if self.giveups[giveup].trade == key:
                self.close_giveup(giveup, reason)

    def transfer(self, command: Json) -> None:
        """Part of a waiting net at its own average amount (C16)."""
        giver, taker, isin = tuple(command["from"]), tuple(command["to"]), command["isin"]
        self.terms.check_party(giver)
        self.terms.check_party(taker)
        self.terms.check_instrument(isin)
        refuse_if(self.terms.is_gross(isin), "WRONG_POLICY")
        refuse_if(giver == taker, "SELF_TRADE")
        self.terms.check_quantity(command["qty"])
        moved = [leg for leg in self.waiting
                 if (leg.party, leg.isin, leg.due) == (giver, isin, command["settle_date"])]  # fmt: skip
        net = sum(leg.qty for leg in moved)
        refuse_if(command["qty"] > abs(net), "INSUFFICIENT_POSITION")
        quantity = command["qty"] if net > 0 else -command["qty"]
        amount = part(sum(leg.amount for leg in moved), command["qty"], abs(net))
        self.refuse_load([(isin, 2 * command["qty"], 2 * abs(amount))])
        self.last_transfer += 1
        self.emit("TRANSFERRED", transfer=self.last_transfer, isin=isin, qty=quantity, amount=amount)
        gives = Leg(
            "TRANSFER", str(self.last_transfer), 1, "S", giver, isin, -quantity, -amount,
            command["settle_date"], "NEW1", max(leg.trade_date for leg in moved),
        )  # fmt: skip
        self.add_leg(gives)
        self.add_leg(replace(gives, side="B", party=taker, qty=quantity, amount=amount))
