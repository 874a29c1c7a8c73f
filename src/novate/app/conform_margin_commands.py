"""Commands of the margin day as records (docs/margin-rules.md).

{"cmd": "PLEDGE", "member": "A", "account": "HOUS", "ccy": "USD", "amount": 500000}  -> PLEDGE
{"cmd": "MARGIN_PARAMETERS", "parameters": {"commodities": [...], ...}}     -> TEXT, MARGIN_PARAMETERS
{"cmd": "TICK", "time": "2026-03-02T10:30:00"}                                       -> TICK
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import msgspec

from novate.app.conform_clearing_records import RecordWriter, clamped, text_of
from novate.clearing.house_terms import CCP
from novate.clearing.margin_day.calls import LATEST_NS
from novate.domain.clearing_codes import ClearingCommand
from novate.domain.clearing_records import NOT_GIVEN, UNKNOWN, UNKNOWN_ACCOUNT

Json = dict[str, Any]
EPOCH = datetime.datetime(1970, 1, 1)
MICROSECOND = datetime.timedelta(microseconds=1)


class MarginCommandWriter(RecordWriter):
    """Turns commands of the margin day into records."""

    @property
    def margin_writers(self) -> dict[str, Callable[[Json], None]]:
        """By name of the command."""
        return {
            "PLEDGE": self._of_asset, "RELEASE": self._of_asset, "CONTRIBUTE": self._of_asset,
            "RETIRE_CONTRIBUTION": self._of_asset, "SELL_COLLATERAL": self._of_asset,
            "SETTLEMENT_PRICE": self._price, "VALUATION": self._price,
            "MARGIN_PARAMETERS": self._parameters, "VARIATION": self._alone, "MARGIN_RUN": self._alone,
            "TICK": self._tick, "DECLARE_DEFAULT": self._of_party, "ALLOCATE_LOSS": self._of_party,
            "CLOSE_OUT": self._close_out,
        }  # fmt: skip

    def _alone(self, command: Json) -> None:
        self._put(ClearingCommand[command["cmd"]])

    def _of_party(self, command: Json) -> None:
        self._put(ClearingCommand[command["cmd"]], party=self._party(command["member"], command["account"]))

    def _asset(self, command: Json) -> dict[str, int]:
        """Instrument or currency, and how much of it where that is said."""
        if "isin" in command:
            return {"instrument": self._instrument(command["isin"])}
        return {"currency": self._currencies.get(text_of(command["ccy"]), UNKNOWN)}

    def _of_asset(self, command: Json) -> None:
        kind, member, account = ClearingCommand[command["cmd"]], command["member"], command["account"]
        party = UNKNOWN_ACCOUNT if member == CCP[0] and account != CCP[1] else self._party(member, account)
        quantity = clamped(command["qty" if "isin" in command else "amount"])
        price = command["price"] if command["cmd"] == "SELL_COLLATERAL" else None
        self._put(kind, party=party, quantity=quantity, price=price, **self._asset(command))

    def _price(self, command: Json) -> None:
        self._put(ClearingCommand[command["cmd"]], price=command["price"], **self._asset(command))

    def _parameters(self, command: Json) -> None:
        text = msgspec.json.encode(command["parameters"]).decode()
        self._put_text(text)
        self._put(ClearingCommand.MARGIN_PARAMETERS)

    def _tick(self, command: Json) -> None:
        self._put(ClearingCommand.TICK, version=time_ns(text_of(command["time"])))

    def _close_out(self, command: Json) -> None:
        self._put(
            ClearingCommand.CLOSE_OUT, party=self._party(command["member"], command["account"]),
            other_party=self._party(*command["to"]), instrument=self._instrument(command["isin"]),
            currency=NOT_GIVEN, quantity=clamped(command["qty"]), price=command["price"],
        )  # fmt: skip


def time_ns(text: str) -> int:
    """Nanoseconds since 1970 of a time like 2026-03-02T10:30:00, in the house's own time zone."""
    time = datetime.datetime.fromisoformat(text)
    if time.tzinfo is not None:
        raise ValueError(f"a time without a zone expected, {text!r}")
    found = (time - EPOCH) // MICROSECOND * 1000
    if not 0 <= found <= LATEST_NS:
        raise ValueError(f"a time from 1970 to {time_text(LATEST_NS)} expected, {text!r}")
    return found


def time_text(nanoseconds: int) -> str:
    """The inverse of `time_ns`, to whole microseconds."""
    return (EPOCH + nanoseconds // 1000 * MICROSECOND).isoformat()
