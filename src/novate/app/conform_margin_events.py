"""Events of the margin day as JSON (docs/margin-rules.md)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from novate.app.conform_clearing_raw import Event, EventWords, iso
from novate.app.conform_margin_commands import time_text
from novate.domain.clearing_codes import CallEnd, ClearingEvent, DefaultCause, LossEnd, LossLayer

Json = dict[str, Any]


class MarginEventReader(EventWords):
    """Turns events of the margin day into JSON."""

    @property
    def margin_readers(self) -> dict[int, Callable[[Event], Json]]:
        """By kind of the event."""
        e = ClearingEvent
        return {
            e.COLLATERAL: self._balance, e.CONTRIBUTION: self._balance,
            e.PRICE_SETTLED: lambda one: {"isin": self._isin(one.main.instrument), "price": self._price(one)},
            e.VALUED: lambda one: self._asset(one) | {"price": self._price(one)},
            e.PARAMETERS_SET: self._parameters_set,
            e.VARIATION: lambda one: self._on(one) | self._qty(one) | self._amount(one),
            e.VARIATION_PAID: lambda one: self._in(one) | self._amount(one) | {"left": one.main.third},
            e.TIME: lambda one: {"time": time_text(one.main.version)},
            e.MARGIN: self._margin, e.CALL: self._call, e.CALL_CLOSED: self._call_closed,
            e.DEFAULTED: self._defaulted, e.CLOSED_OUT: self._closed_out,
            e.COLLATERAL_SOLD: self._collateral_sold, e.LOSS_COVERED: self._loss_covered,
            e.LOSS_ALLOCATED: self._loss_allocated, e.EXPIRED: self._expired,
        }  # fmt: skip

    def _asset(self, one: Event) -> Json:
        if one.main.instrument >= 0:
            return {"isin": self._isin(one.main.instrument)}
        return {"ccy": self._ccy(one.main.currency)}

    def _parameters_set(self, one: Event) -> Json:
        return {"contracts": one.main.quantity, "sha256": one.items[0][1].raw[32:].hex()}

    def _margin(self, one: Event) -> Json:
        main = one.main
        return self._in(one) | {
            "requirement": main.quantity, "collateral": main.amount, "excess": main.third,
        }  # fmt: skip

    def _call(self, one: Event) -> Json:
        deadline = {"deadline": time_text(one.main.version)}
        return {"call": one.main.number} | self._in(one) | self._amount(one) | deadline

    def _call_closed(self, one: Event) -> Json:
        return {"call": one.main.number} | self._party(one) | {"reason": CallEnd(one.main.code).name}

    def _defaulted(self, one: Event) -> Json:
        member = self._terms.parties[one.main.party][0]
        return {"member": member, "reason": DefaultCause(one.main.code).name}

    def _closed_out(self, one: Event) -> Json:
        return {"transfer": one.main.number} | self._on(one) | self._qty(one) | self._amount(one)

    def _collateral_sold(self, one: Event) -> Json:
        return self._party(one) | self._asset(one) | self._qty(one) | self._amount(one)

    def _loss_covered(self, one: Event) -> Json:
        layer = {"layer": LossLayer(one.main.code).name}
        return layer | self._in(one) | self._amount(one) | {"left": one.main.third}

    def _loss_allocated(self, one: Event) -> Json:
        main, member = one.main, self._terms.parties[one.main.party][0]
        return {
            "member": member, "ccy": self._ccy(main.currency), "loss": main.quantity, "covered": main.amount,
            "left": main.third, "reason": LossEnd(main.code).name,
        }  # fmt: skip

    def _expired(self, one: Event) -> Json:
        return {"isin": self._isin(one.main.instrument), "date": iso(one.main.day)} | self._qty(one)
