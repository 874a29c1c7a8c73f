"""Event records of the clearing house as the JSON of its scenarios (C50): numbers become names again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from novate.app.conform_clearing_raw import Event, iso, whole_events
from novate.app.conform_margin_events import MarginEventReader
from novate.clearing.house_terms import HouseTerms
from novate.clearing.obligations import MOVEMENTS, PAYS
from novate.domain.clearing_codes import (
    ChargeKind,
    ClearingCommand,
    ClearingEvent,
    ClearingFlag,
    CorporateKind,
    FractionOf,
    GiveUpEnd,
    IntentEnd,
    LegKind,
    LegOperation,
    OpenReason,
)
from novate.domain.clearing_records import Records
from novate.domain.codes import ClearingReject

Json = dict[str, Any]
SIDES = {1: "B", 2: "S"}


class EventReader(MarginEventReader):
    """Turns events into JSON; needs the names of the sources in the order of their numbers."""

    def __init__(self, terms: HouseTerms, sources: list[str]) -> None:
        super().__init__(terms, sources)
        e = ClearingEvent
        self._readers: dict[int, Callable[[Event], Json]] = {
            e.REJECTED: self._rejected, e.ACCEPTED: self._accepted, e.DUPLICATE: self._version,
            e.SUPERSEDED: self._version, e.CANCELLED: self._version, e.LEG: self._leg,
            e.UNMARKED: lambda one: self._on(one) | {"paid": one.main.amount},
            e.BATCH_DONE: self._batch_done, e.ALLOCATED: self._allocated, e.TRANSFERRED: self._transferred,
            e.GIVEUP_OPEN: self._giveup_open, e.GIVEUP_CLOSED: self._giveup_closed,
            e.BALANCE: self._balance, e.EXEMPTED: lambda one: self._on(one) | self._qty(one),
            e.PRIORITY_SET: self._priority, e.MARK_SET: self._mark_set, e.OBLIGATION: self._obligation,
            e.NETTED: self._netted, e.CYCLE: self._cycle, e.FILE: self._file, e.SETTLED: self._settled,
            e.BATCH: self._batch, e.DELIVERED: self._moved, e.RECEIVED: self._moved,
            e.MONEY_ONLY: lambda one: self._on(one) | self._amount(one),
            e.FUNDS: lambda one: self._in(one) | self._amount(one), e.HELD: self._held,
            e.SETTLE_DONE: self._settle_done, e.FAILED: self._failed, e.MARKED: self._marked,
            e.CHARGED: self._charged, e.MONEY: self._money, e.DAY_CLOSED: self._day_closed,
            e.ROLLED: self._rolled, e.AGEING: self._ageing,
            e.BUYIN_ELIGIBLE: lambda one: self._on(one) | self._qty(one), e.INTENT: self._intent,
            e.NOTICE: self._notice, e.INTENT_CLOSED: self._intent_closed, e.BOUGHT_IN: self._bought_in,
            e.CASH_CLOSED: lambda one: self._intent(one) | self._amount(one),
            e.BUYIN_CHARGE: self._held, e.EVENT_SET: self._event_set, e.ENTITLED: self._entitled,
            e.CLAIM_PAID: lambda one: {"ca_id": one.text} | self._party(one) | self._amount(one),
            e.SPLIT_APPLIED: self._split_applied, e.FRACTION: self._fraction,
            e.FILLS_TAKEN: self._fills_taken, e.CREDIT: self._credit, **self.margin_readers,
        }  # fmt: skip

    def json(self, events: Records) -> list[Json]:
        """The events in order."""
        return [
            {"ev": ClearingEvent(one.main.kind).name, **self._readers[one.main.kind](one)}
            for one in whole_events(events)
        ]

    # -- trades -----------------------------------------------------------------------------------------

    def _rejected(self, one: Event) -> Json:
        flags, found = one.main.flags, {"cmd": ClearingCommand(one.main.code).name}
        if flags & ClearingFlag.HAS_SOURCE:
            found["source"] = self._sources[one.main.source]
        if flags & ClearingFlag.HAS_TRADE:
            found["trade_id"] = one.text
        version = {"version": one.main.version} if flags & ClearingFlag.HAS_VERSION else {}
        return found | version | {"reason": ClearingReject(one.main.number).name}

    def _accepted(self, one: Event) -> Json:
        isin = {"isin": self._isin(one.main.instrument)}
        due = {"settle_date": iso(one.main.day)}
        return self._version(one) | isin | self._qty(one) | self._amount(one) | due

    def _leg(self, one: Event) -> Json:
        words = {"due": iso(one.main.day), "kind": LegKind(one.main.other_code).name}
        operation = {"op": LegOperation(one.main.code).name}
        return operation | self._on(one) | self._qty(one) | self._amount(one) | words

    def _batch_done(self, one: Event) -> Json:
        main = one.main
        return {
            "source": self._sources[main.source], "read": main.version, "accepted": main.quantity,
            "rejected": main.amount, "duplicate": main.third, "superseded": main.fourth,
        }  # fmt: skip

    def _allocated(self, one: Event) -> Json:
        return self._trade(one) | {"side": SIDES[one.main.code], "parts": one.main.number}

    def _transferred(self, one: Event) -> Json:
        names = {"transfer": one.main.number, "isin": self._isin(one.main.instrument)}
        return names | self._qty(one) | self._amount(one)

    def _giveup_open(self, one: Event) -> Json:
        names = {"giveup": one.main.number, **self._trade(one), "side": SIDES[one.main.code]}
        return names | self._party(one)

    def _giveup_closed(self, one: Event) -> Json:
        return {"giveup": one.main.number, "reason": GiveUpEnd(one.main.code).name}

    # -- balances and parameters ------------------------------------------------------------------------

    def _priority(self, one: Event) -> Json:
        return self._on(one) | {"group": one.main.quantity}

    def _mark_set(self, one: Event) -> Json:
        return {"isin": self._isin(one.main.instrument), "price": self._price(one)}

    # -- cycles -----------------------------------------------------------------------------------------

    def _obligation(self, one: Event) -> Json:
        main, root = one.main, one.items[0][1].raw[32:]
        identity = main.fourth.to_bytes(8, "little", signed=True).hex()
        return {
            "obligation_id": identity, "cycle": self._run(one, "N"), "settle_date": iso(main.day),
            **self._on(one), "movement": MOVEMENTS[_sign(main.quantity)], "quantity": abs(main.quantity),
            "pay": PAYS[_sign(main.amount)], "amount_minor": abs(main.amount),
            "ccy": self._ccy(main.currency), "type": LegKind(main.code).name, "gross_legs": main.third,
            "trade_root_hash": root.hex(),
        }  # fmt: skip

    def _netted(self, one: Event) -> Json:
        main = one.main
        return {
            "cycle": self._run(one, "N"), "isin": self._isin(main.instrument), "legs": main.version,
            "rows": main.party, "gross_qty": main.quantity, "net_qty": main.amount, "gross_pay": main.third,
            "net_pay": main.fourth,
        }  # fmt: skip

    def _cycle(self, one: Event) -> Json:
        main = one.main
        return {
            "cycle": self._run(one, "N"), "ccy": self._ccy(main.currency), "legs": main.version,
            "rows": main.quantity, "gross_pay": main.amount, "net_pay": main.third, "saved_ppm": main.fourth,
        }  # fmt: skip

    def _file(self, one: Event) -> Json:
        return {"cycle": self._run(one, "N"), "rows": one.main.version, "sha256": one.raw[32:].hex()}

    # -- settlement -------------------------------------------------------------------------------------

    def _settled(self, one: Event) -> Json:
        isin = {"isin": self._isin(one.main.instrument)}
        return self._trade(one) | isin | self._qty(one) | self._amount(one)

    def _batch(self, one: Event) -> Json:
        securities: list[list[Any]] = []
        cash: list[list[Any]] = []
        for item, _ in one.items:
            party = self._terms.parties[item.party]
            if item.instrument >= 0:
                securities.append([*party, self._isin(item.instrument), item.quantity])
            else:
                cash.append([*party, item.quantity])
        ok = bool(one.main.code)
        return {"ccy": self._ccy(one.main.currency), "ok": ok, "securities": securities, "cash": cash}

    def _moved(self, one: Event) -> Json:
        found = self._on(one) | self._qty(one) | self._amount(one) | {"left": one.main.third}
        if one.main.flags & ClearingFlag.OF_ALLOCATION:
            found |= {"group": one.main.number, "since": iso(one.main.day)}
        return found

    def _held(self, one: Event) -> Json:
        return self._on(one) | {"since": iso(one.main.day)} | self._qty(one) | self._amount(one)

    def _settle_done(self, one: Event) -> Json:
        return {"run": self._run(one, "S"), "lines": one.main.quantity}

    # -- the roll ---------------------------------------------------------------------------------------

    def _failed(self, one: Event) -> Json:
        reason = {"reason": OpenReason(one.main.code).name}
        of_trade = one.main.party < 0
        place = self._trade(one) | {"isin": self._isin(one.main.instrument)} if of_trade else self._on(one)
        return place | self._qty(one) | self._amount(one) | reason

    def _marked(self, one: Event) -> Json:
        return self._on(one) | self._qty(one) | self._amount(one) | {"paid": one.main.third}

    def _charged(self, one: Event) -> Json:
        isin = {"isin": self._isin(one.main.instrument)} if one.main.instrument >= 0 else {}
        return self._in(one) | {"kind": ChargeKind(one.main.code).name} | self._amount(one) | isin

    def _money(self, one: Event) -> Json:
        return self._in(one) | self._amount(one) | {"arrears": one.main.third}

    def _day_closed(self, one: Event) -> Json:
        securities: list[list[Any]] = []
        cash: list[list[Any]] = []
        for item, found in one.items:
            if item.kind == ClearingEvent.SECURITIES_ITEM:
                sums = [item.quantity, item.amount, item.third, item.fourth]
                securities.append([self._isin(item.instrument), *sums])
            else:
                cash.append([self._ccy(found.currency), *found.sums])
        return {"date": iso(one.main.day), "securities": securities, "cash": cash}

    def _rolled(self, one: Event) -> Json:
        return {"from": iso(one.main.day), "to": iso(one.main.number)}

    def _fills_taken(self, one: Event) -> Json:
        source = {"source": self._sources[one.main.source]}
        return source | {"first": one.main.version, "last": one.main.quantity}

    def _credit(self, one: Event) -> Json:
        number = {"credit": one.main.version}
        if one.main.instrument >= 0:
            return number | self._on(one) | {"qty": one.main.amount}
        return number | self._in(one) | self._amount(one)

    def _ageing(self, one: Event) -> Json:
        short, long = ([getattr(item, name) for item, _ in one.items] for name in ("quantity", "amount"))
        return {"isin": self._isin(one.main.instrument), "short": short, "long": long}

    # -- buy-ins and corporate events -------------------------------------------------------------------

    def _intent(self, one: Event) -> Json:
        return {"intent": one.main.number} | self._on(one) | self._qty(one)

    def _notice(self, one: Event) -> Json:
        since = {"since": iso(one.main.day)}
        return {"intent": one.main.number} | self._party(one) | since | self._qty(one)

    def _intent_closed(self, one: Event) -> Json:
        return {"intent": one.main.number, "reason": IntentEnd(one.main.code).name}

    def _bought_in(self, one: Event) -> Json:
        rest = {"cost": one.main.third, "left": one.main.fourth}
        return self._intent(one) | self._amount(one) | rest

    def _event_set(self, one: Event) -> Json:
        isin, kind = self._isin(one.main.instrument), CorporateKind(one.main.code).name
        return {"ca_id": one.text, "isin": isin, "kind": kind}

    def _entitled(self, one: Event) -> Json:
        return {"ca_id": one.text} | self._party(one) | self._qty(one) | self._amount(one)

    def _split_applied(self, one: Event) -> Json:
        ratio = {"new": one.main.quantity, "old": one.main.amount}
        return {"ca_id": one.text, "isin": self._isin(one.main.instrument)} | ratio

    def _fraction(self, one: Event) -> Json:
        what = {"what": FractionOf(one.main.code).name}
        return {"ca_id": one.text} | self._party(one) | what | self._amount(one)


def _sign(number: int) -> int:
    """1 above zero, 0 at it, -1 below: what words of a movement are numbered by."""
    return (number > 0) - (number < 0)
