"""The life of trades, folded from the events of the clearing house (C50): every transition, its date and why.

    take(events), in order     of("V", "w1")
                               2026-05-20  RECEIVED    version 1
                               2026-05-20  VALIDATED   every rule of the ladder is kept
                               2026-05-20  NOVATED     B/HOUS receives 400 ACME, pays 20,000.00 USD, due ...
                               2026-05-21  NETTED      by cycle 2026-05-21/N1, with everything else of B/HOUS
                               2026-05-21  INSTRUCTED  B/HOUS receives 280 ACME, pays ...: obligation 9c4e...
                               2026-05-21  PARTIAL     B/HOUS receives 180 ACME, pays ..., 100 left
                               2026-05-21  FAILED      B/HOUS has 100 ACME still to receive, ...

A leg becomes part of a net, and the net is what settles or fails, so a leg shares the fate of its net.
Events may be handed over in any pieces, as long as none is left out. Memory: the trades that are asked for,
and one entry a net that is open; nothing for the trades that nobody asks for. A batch refused as a whole
(C17) is no delivery of its trades.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from hashlib import sha256
from typing import Any

from novate.clearing.house_terms import CCP, HouseTerms, day_text
from novate.domain.clearing_codes import LegState
from novate.reports.clearing_amounts import Amounts, party_of
from novate.reports.clearing_reasons import reason_words
from novate.reports.open_nets import MOVES, Net, NetKey, OpenNets, net_key, signed_row
from novate.reports.trade_life import Lifecycle, LiveLeg, LiveTrade, TradeHistory, TradeKey, Transition

Json = dict[str, Any]


class TradeHistories:
    """Follows the trades of one house."""

    def __init__(
        self,
        terms: HouseTerms,
        wanted: Collection[TradeKey] | None = None,
        quantity_digits: dict[str, int] | None = None,
    ) -> None:
        """`wanted`: the (source, trade id) to follow, None for all; `quantity_digits` as in `Amounts`."""
        self._amounts = Amounts(terms, quantity_digits)
        self._wanted = None if wanted is None else set(wanted)
        self._trades: dict[TradeKey, LiveTrade] = {}
        self._today = day_text(terms.start)
        self._nets = OpenNets()
        self._legs: dict[NetKey, list[tuple[LiveTrade, LiveLeg]]] = {}
        """Legs that wait or are open, by the net that they are or will be part of."""
        self._giveups: dict[int, LiveTrade] = {}
        self._rows: list[Json] = []
        self._netted: list[str] = []
        """Obligations and instruments of the running cycle, until its FILE."""
        self._at: LiveTrade | None = None
        """The trade whose legs the next events tell."""

    def of(self, source: str, trade_id: str) -> TradeHistory | None:
        """The history of a trade; None for one that was never delivered, or is not followed."""
        trade = self._trades.get((source, trade_id))
        return None if trade is None else trade.history()

    def all(self) -> list[TradeHistory]:
        """Histories of all trades that are followed, in the order of their first delivery."""
        return [trade.history() for trade in self._trades.values()]

    def take(self, events: Iterable[Json]) -> None:
        """The next events, in the words of C50."""
        for event in events:
            name = event["ev"]
            if name == "LEG":
                self._leg(event)
            elif "trade_id" in event:
                self._of_a_trade(name, event)
            elif name in MOVES:
                self._moved(event)
            elif name in _OTHERS:
                _OTHERS[name](self, event)

    def _step(
        self,
        trade: LiveTrade,
        step: Lifecycle,
        why: str,
        leg: Json | LiveLeg | None = None,
        version: int | None = None,
    ) -> None:
        """Write a transition down, with the state of the trade as it is now."""
        trade.state = trade.state_now(self._nets)
        party = ("", "")
        if leg is not None:
            party = (leg["member"], leg["account"]) if isinstance(leg, dict) else (leg.member, leg.account)
        trade.transitions.append(
            Transition(
                date=self._today, step=step, version=trade.version if version is None else version,
                member=party[0], account=party[1], why=why, state=trade.state,
            )
        )  # fmt: skip

    # -- deliveries -------------------------------------------------------------------------------------

    def _of_a_trade(self, name: str, event: Json) -> None:
        self._at = None
        key = event["source"], event["trade_id"]
        if self._wanted is not None and key not in self._wanted:
            return
        if name in _DELIVERIES and event.get("cmd", "TRADE") in ("TRADE", "CANCEL_TRADE"):
            self._at = self._trades.setdefault(key, LiveTrade(key))
            _DELIVERIES[name](self, self._at, event)
        elif name == "ALLOCATED":
            self._at = self._trades[key]
            self._at.made = f"allocated in {event['parts']} parts: "
        elif name == "GIVEUP_OPEN":
            self._giveups[event["giveup"]] = self._trades[key]
        elif name == "SETTLED":
            self._close_item(self._trades[key], f"{self._what(event)} change hands")
        elif name == "FAILED":
            trade = self._trades[key]
            if trade.item is not None:
                trade.item.has_failed = True
            self._step(trade, Lifecycle.FAILED, f"{self._what(event)}: {reason_words(event['reason'])}")

    def _what(self, event: Json) -> str:
        price = self._amounts.price_of(event["amount"], event["isin"])
        return f"{self._amounts.securities(event['qty'], event['isin'])} for {price}"

    def _received(self, trade: LiveTrade, event: Json, more: str = "") -> None:
        number = event["version"]
        self._step(trade, Lifecycle.RECEIVED, f"version {number}{more}", version=number)

    def _rejected(self, trade: LiveTrade, event: Json) -> None:
        self._received(trade, event)
        if not trade.version:
            trade.state = Lifecycle.REJECTED
        self._step(trade, Lifecycle.REJECTED, reason_words(event["reason"]), version=event["version"])

    def _duplicate(self, trade: LiveTrade, event: Json) -> None:
        self._received(trade, event, " again with the same content, which changes nothing")

    def _superseded(self, trade: LiveTrade, event: Json) -> None:
        self._received(trade, event)
        why = "only kept in mind, because a higher version or a cancellation is in force"
        self._step(trade, Lifecycle.VALIDATED, why, version=event["version"])

    def _accepted(self, trade: LiveTrade, event: Json) -> None:
        self._received(trade, event)
        was, before, trade.version = trade.version, trade.content, event["version"]
        trade.content, trade.made = self._what(event), ""
        if not was:
            trade.state = Lifecycle.VALIDATED
        self._step(trade, Lifecycle.VALIDATED, "every rule of the ladder is kept")
        if was:
            when = "after" if trade.was_netted else "before"
            why = f"{when} netting: {trade.content} in the place of version {was}, {before}"
            self._step(trade, Lifecycle.AMENDED, why)
        trade.drop_legs()

    def _cancelled(self, trade: LiveTrade, event: Json) -> None:
        self._received(trade, event, ", a cancellation")
        when = "after netting" if trade.was_netted else "before netting"
        when = when if trade.content else "before anything else of it has come"
        trade.version, trade.is_cancelled = event["version"], True
        self._step(trade, Lifecycle.CANCELLED, when)
        trade.drop_legs()

    def _leg(self, event: Json) -> None:
        trade = self._at
        if trade is None:
            return
        operation, party = event["op"], party_of(event)
        said = f"{party} {self._amounts.owes(event['isin'], event['qty'], event['amount'])}"
        if operation == "ADD":
            is_buyer = event["qty"] > 0 or event["amount"] < 0
            leg = LiveLeg(event["member"], event["account"], event["isin"], is_buyer, event["due"])
            trade.legs.append(leg)
            self._legs.setdefault(leg.key, []).append((trade, leg))
            self._step(trade, Lifecycle.NOVATED, f"{trade.made}{said}, due {event['due']}", event)
        elif operation == "REMOVE":
            for leg in [leg for leg in trade.legs if leg.key == net_key(event)]:
                leg.place = LegState.GONE
                trade.legs.remove(leg)
        else:
            step = Lifecycle.CANCELLED if trade.is_cancelled else Lifecycle.AMENDED
            how = f"reversed: {said}, due {event['due']}" if operation == "REVERSE" else f"withdrawn: {said}"
            self._step(trade, step, how, event)

    def _giveup_closed(self, event: Json) -> None:
        trade = self._giveups.pop(event["giveup"], None)
        if trade is not None and event["reason"] == "ACCEPTED":
            trade.made = "given up and taken up: "
            self._at = trade

    def _transferred(self, event: Json) -> None:
        self._at = None

    def _expired(self, event: Json) -> None:
        """All legs of a margined contract wait until it expires (M6)."""
        self._at = None
        for key in sorted(key for key in self._legs if key[0] == event["isin"]):
            for trade, leg in self._legs.pop(key):
                if leg.place == LegState.WAITING:
                    leg.place = LegState.SETTLED
                    self._step(trade, Lifecycle.SETTLED, f"{event['isin']} has expired", leg)

    # -- cycles -----------------------------------------------------------------------------------------

    def _obligation(self, event: Json) -> None:
        if event["member"] != CCP[0]:
            self._rows.append(event)

    def _netted_one(self, event: Json) -> None:
        self._netted.append(event["isin"])

    def _cycle_done(self, event: Json) -> None:
        """FILE: all obligations of the cycle are known."""
        rows, isins, self._rows, self._netted = self._rows, {*self._netted}, [], []
        self._enter(isins, event["cycle"])
        nets = {net_key(row): row for row in rows if not self._amounts.is_gross(row["isin"])}
        self._nets.renew(isins, nets.values())
        for key in sorted(self._legs):
            if key[0] in isins and not self._amounts.is_gross(key[0]):
                self._instruct(key, nets.get(key))
        items = {row["obligation_id"]: row for row in rows if self._amounts.is_gross(row["isin"])}
        for trade, leg in [pair for key in sorted(self._legs) for pair in self._legs[key]]:
            if leg.place == LegState.OPEN and leg.isin in isins and self._amounts.is_gross(leg.isin):
                self._instruct_item(trade, leg, items[self._item_id(trade, leg, event["cycle"])])

    def _enter(self, isins: Collection[str], cycle: str) -> None:
        """Legs that are due become part of their nets."""
        entering = [
            (trade, leg)
            for key in sorted(self._legs)
            if key[0] in isins
            for trade, leg in self._legs[key]
            if leg.place == LegState.WAITING and leg.due <= self._today
        ]
        for trade, leg in entering:
            leg.place, trade.was_netted = LegState.OPEN, True
            trade.item = Net(0, 0) if self._amounts.is_gross(leg.isin) else None
        for trade, leg in entering:
            how = f"with everything else of {leg.party} in {leg.isin}"
            if self._amounts.is_gross(leg.isin):
                how = f"as it is, since trades of {leg.isin} settle alone"
            self._step(trade, Lifecycle.NETTED, f"by cycle {cycle}, {how}", leg)

    def _instruct(self, key: NetKey, row: Json | None) -> None:
        """What the cycle made of a net, told to every leg in it."""
        if row is None:
            self._close(key, f"{'/'.join(key[1:])} has nothing left to receive, deliver or pay in {key[0]}")
            return
        for trade, leg in self._open_legs(key):
            self._step(trade, Lifecycle.INSTRUCTED, self._instruction(row), leg)

    def _instruction(self, row: Json) -> str:
        owed = self._amounts.owes(row["isin"], *signed_row(row))
        return f"{party_of(row)} {owed}: obligation {row['obligation_id']}, {row['type']}"

    def _item_id(self, trade: LiveTrade, leg: LiveLeg, cycle: str) -> str:
        """Identifier of an obligation that is one leg (C22)."""
        ccy, side = self._amounts.currency[leg.isin], "B" if leg.is_buyer else "S"
        names = (cycle, self._today, ccy, leg.member, leg.account, leg.isin, *trade.key, side)
        return sha256("|".join(names).encode()).hexdigest()[:16]

    def _instruct_item(self, trade: LiveTrade, leg: LiveLeg, row: Json) -> None:
        quantity, amount = signed_row(row)
        if leg.is_buyer and trade.item is not None:
            trade.item.quantity, trade.item.amount = quantity, amount
        self._step(trade, Lifecycle.INSTRUCTED, self._instruction(row), leg)

    # -- settlement, the close, splits ------------------------------------------------------------------

    def _open_legs(self, key: NetKey) -> list[tuple[LiveTrade, LiveLeg]]:
        """Open legs of a net; forgets those that are gone."""
        live = [
            (trade, leg)
            for trade, leg in self._legs.get(key, ())
            if leg.place in (LegState.WAITING, LegState.OPEN)
        ]
        self._legs[key] = live
        return [(trade, leg) for trade, leg in live if leg.place == LegState.OPEN]

    def _close(self, key: NetKey, why: str) -> None:
        legs = self._open_legs(key)
        for _, leg in legs:
            leg.place = LegState.SETTLED
        for trade, leg in legs:
            self._step(trade, Lifecycle.SETTLED, why, leg)

    def _close_item(self, trade: LiveTrade, why: str) -> None:
        trade.item = None
        for leg in trade.legs:
            leg.place = LegState.SETTLED
        self._step(trade, Lifecycle.SETTLED, why)

    def _moved(self, event: Json) -> None:
        key = net_key(event)
        if self._amounts.is_gross(event["isin"]):
            for trade, _ in self._open_legs(key):
                if trade.item is not None and not trade.item.quantity:
                    self._close_item(trade, "no security is left of it, its money is paid")
            return
        is_closed, why = self._nets.take(event), self._move_words(event)
        if is_closed:
            self._close(key, why)
            return
        why += f", {self._amounts.quantity(self._nets.nets[key].quantity, key[0])} left"
        for trade, leg in self._open_legs(key):
            self._step(trade, Lifecycle.PARTIAL, why, leg)

    def _move_words(self, event: Json) -> str:
        name, isin = event["ev"], event["isin"]
        quantity = event.get("qty", 0) * (-1 if name == "DELIVERED" else 1)
        if name in ("BUYIN_CHARGE", "CASH_CLOSED"):
            paid = self._amounts.owes(isin, 0, event["amount"])
            how = "is bought in against" if name == "BUYIN_CHARGE" else "is closed out in cash"
            return f"{party_of(event)} {how}: {self._amounts.securities(quantity, isin)}, {paid}"
        how = " from a buy-in" if name == "BOUGHT_IN" else ""
        return f"{party_of(event)} {self._amounts.owes(isin, quantity, event['amount'])}{how}"

    def _failed(self, event: Json) -> None:
        key = net_key(event)
        self._nets.nets[key].has_failed = True
        left = self._amounts.left(event["isin"], event["qty"], event["amount"])
        why = f"{party_of(event)} has {left}: {reason_words(event['reason'])}"
        for trade, leg in self._open_legs(key):
            self._step(trade, Lifecycle.FAILED, why, leg)

    def _marked(self, event: Json) -> None:
        if not self._amounts.is_gross(event["isin"]):
            self._nets.mark(event)
            return
        for trade, leg in self._open_legs(net_key(event)):
            sign = 1 if leg.is_buyer else -1
            # A mark says no trade; all trades of one quantity have one amount at it.
            if trade.item is not None and event["qty"] == sign * trade.item.quantity:
                trade.item.amount = sign * event["amount"]

    def _split(self, event: Json) -> None:
        why = f"nothing is left of it after the split {event['ca_id']}"
        for key in list(self._nets.split(event)):
            self._close(key, why)
        for key in [key for key in self._legs if key[0] == event["isin"]]:
            for trade, leg in self._open_legs(key):
                if trade.item is not None and leg.is_buyer:
                    trade.item.split(event["new"], event["old"])
                    if trade.item.is_closed:
                        self._close_item(trade, why)

    def _rolled(self, event: Json) -> None:
        self._today = event["to"]


_DELIVERIES: dict[str, Callable[[TradeHistories, LiveTrade, Json], None]] = {
    "REJECTED": TradeHistories._rejected,
    "DUPLICATE": TradeHistories._duplicate,
    "SUPERSEDED": TradeHistories._superseded,
    "ACCEPTED": TradeHistories._accepted,
    "CANCELLED": TradeHistories._cancelled,
}
_OTHERS: dict[str, Callable[[TradeHistories, Json], None]] = {
    "GIVEUP_CLOSED": TradeHistories._giveup_closed,
    "TRANSFERRED": TradeHistories._transferred,
    "CLOSED_OUT": TradeHistories._transferred,
    "EXPIRED": TradeHistories._expired,
    "OBLIGATION": TradeHistories._obligation,
    "NETTED": TradeHistories._netted_one,
    "FILE": TradeHistories._cycle_done,
    "FAILED": TradeHistories._failed,
    "MARKED": TradeHistories._marked,
    "SPLIT_APPLIED": TradeHistories._split,
    "ROLLED": TradeHistories._rolled,
}
