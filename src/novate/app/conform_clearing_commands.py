"""Commands of clearing scenarios as records: names become numbers, texts and lists stand in front.

{"cmd": "TRADE", "source": "V", "trade_id": "t1", ...}   -> [TEXT "V"  SOURCE 0]  TEXT "t1"  TRADE
{"cmd": "ALLOCATE", ..., "parts": [{...}, {...}]}        -> TEXT "t1"  PART  PART  ALLOCATE
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from novate.app.conform_clearing_records import clamped, day_of, number_of, text_of
from novate.app.conform_margin_commands import MarginCommandWriter
from novate.clearing.house_terms import CCP
from novate.domain.clearing_codes import ClearingCommand, ClearingFlag
from novate.domain.clearing_records import CLEARING_COMMAND, NOT_GIVEN, UNKNOWN, UNKNOWN_ACCOUNT, Records
from novate.domain.codes import Side

Json = dict[str, Any]
SIDES = {"B": Side.BUY, "S": Side.SELL}


class CommandWriter(MarginCommandWriter):
    """Turns commands into records."""

    def records(self, command: Json) -> Records:
        """The records of a command. KeyError, ValueError or TypeError for one of another form."""
        self._out = bytearray()
        writers: dict[str, Callable[[Json], None]] = {
            "TRADE": self._trade, "CANCEL_TRADE": self._cancel, "BATCH": self._batch,
            "ALLOCATE": self._allocate, "GIVE_UP": self._give_up, "TAKE_UP": self._take_up,
            "TRANSFER": self._transfer, "DEPOSIT": self._balance, "WITHDRAW": self._balance,
            "EXEMPT": self._party_quantity, "BUYIN_INTENT": self._party_quantity,
            "PRIORITY": self._priority, "MARK": self._mark, "NET": self._bare, "SETTLE": self._bare,
            "ROLL": self._roll, "BUYIN_EXECUTE": self._buyin, "CASH_CLOSE": self._buyin,
            "DIVIDEND": self._dividend, "SPLIT": self._split,
            "FILLS": self._fills, "RELEASE_CREDIT": self._bare, **self.margin_writers,
        }  # fmt: skip
        if command["cmd"] not in writers:
            raise ValueError(f"an unknown command {command['cmd']!r}")
        writers[command["cmd"]](command)
        return np.frombuffer(bytes(self._out), CLEARING_COMMAND)

    def named_sources(self, names: Iterable[str]) -> tuple[Records, dict[str, int]]:
        """(records that name to the house what it does not know yet, numbers of all these names)."""
        self._out = bytearray()
        numbers = {name: self._source(name) for name in names}
        return np.frombuffer(bytes(self._out), CLEARING_COMMAND), numbers

    def _trade(self, trade: Json) -> None:
        source = self._source(text_of(trade["source"]))
        buyer, seller = trade["buyer"], trade["seller"]
        currency, settle_date = trade.get("ccy"), trade.get("settle_date")
        self._put_text(text_of(trade["trade_id"]))
        self._put(
            ClearingCommand.TRADE,
            source=source,
            version=number_of(trade["version"]),
            day=day_of(trade["trade_date"]),
            other_day=0 if settle_date is None else day_of(settle_date),
            instrument=self._instrument(trade["isin"]),
            currency=NOT_GIVEN if currency is None else self._currencies.get(currency, UNKNOWN),
            quantity=clamped(trade["qty"]),
            price=trade["price"],
            party=self._party(*buyer),
            other_party=self._party(*seller),
        )

    def _cancel(self, command: Json) -> None:
        source = self._source(text_of(command["source"]))
        self._put_text(text_of(command["trade_id"]))
        self._put(ClearingCommand.CANCEL_TRADE, source=source, version=number_of(command["version"]))

    def _batch(self, command: Json) -> None:
        source = self._source(text_of(command["source"]))
        trades = command["trades"]
        self._put(
            ClearingCommand.BATCH, source=source, version=clamped(command["count"]), low=len(trades),
            quantity=clamped(command["qty_total"]),
        )  # fmt: skip
        for trade in trades:
            self._trade({**trade, "source": command["source"]})

    def _allocate(self, command: Json) -> None:
        source = self._source(text_of(command["source"]))
        self._put_text(text_of(command["trade_id"]))
        for one in command["parts"]:
            account = self._accounts.get(text_of(one["account"]), UNKNOWN)
            self._put(ClearingCommand.PART, party=account, quantity=clamped(one["qty"]))
        self._put(ClearingCommand.ALLOCATE, source=source, code=SIDES[command["side"]])

    def _give_up(self, command: Json) -> None:
        source = self._source(text_of(command["source"]))
        self._put_text(text_of(command["trade_id"]))
        party = self._party(*command["to"])
        self._put(ClearingCommand.GIVE_UP, source=source, code=SIDES[command["side"]], party=party)

    def _take_up(self, command: Json) -> None:
        accept = bool(command["accept"])
        self._put(ClearingCommand.TAKE_UP, version=clamped(command["giveup"]), code=accept)

    def _transfer(self, command: Json) -> None:
        self._put(
            ClearingCommand.TRANSFER, party=self._party(*command["from"]),
            other_party=self._party(*command["to"]), instrument=self._instrument(command["isin"]),
            quantity=clamped(command["qty"]), day=day_of(command["settle_date"]),
        )  # fmt: skip

    def _balance(self, command: Json) -> None:
        kind, member, account = ClearingCommand[command["cmd"]], command["member"], command["account"]
        # Only here the CCP is a party that may be named, so a wrong account of it is only that.
        party = UNKNOWN_ACCOUNT if member == CCP[0] and account != CCP[1] else self._party(member, account)
        if "isin" in command:
            instrument, quantity = self._instrument(command["isin"]), clamped(command["qty"])
            self._put(kind, party=party, instrument=instrument, quantity=quantity)
        else:
            currency = self._currencies.get(text_of(command["ccy"]), UNKNOWN)
            self._put(kind, party=party, currency=currency, quantity=clamped(command["amount"]))

    def _party_quantity(self, command: Json) -> None:
        party = self._party(command["member"], command["account"])
        instrument, quantity = self._instrument(command["isin"]), clamped(command["qty"])
        self._put(ClearingCommand[command["cmd"]], party=party, instrument=instrument, quantity=quantity)

    def _priority(self, command: Json) -> None:
        party = self._party(command["member"], command["account"])
        instrument = NOT_GIVEN if command["isin"] is None else self._instrument(command["isin"])
        group = clamped(command["group"])
        self._put(ClearingCommand.PRIORITY, party=party, instrument=instrument, version=group)

    def _mark(self, command: Json) -> None:
        instrument = self._instrument(command["isin"])
        self._put(ClearingCommand.MARK, instrument=instrument, price=command["price"])

    def _fills(self, command: Json) -> None:
        source = self._source(text_of(command["source"]))
        first, last = number_of(command["first"]), number_of(command["last"])
        self._put(ClearingCommand.FILLS, source=source, version=first, quantity=last)

    def _bare(self, command: Json) -> None:
        self._put(ClearingCommand[command["cmd"]])

    def _roll(self, command: Json) -> None:
        self._put(ClearingCommand.ROLL, day=day_of(command["to"]))

    def _buyin(self, command: Json) -> None:
        quantity = clamped(command["qty"]) if command["cmd"] == "BUYIN_EXECUTE" else 0
        intent, kind = clamped(command["intent"]), ClearingCommand[command["cmd"]]
        self._put(kind, version=intent, quantity=quantity, price=command["price"])

    def _dividend(self, command: Json) -> None:
        self._put_text(text_of(command["ca_id"]))
        self._put(
            ClearingCommand.DIVIDEND, instrument=self._instrument(command["isin"]),
            day=day_of(command["ex_date"]), other_day=day_of(command["record_date"]),
            version=day_of(command["pay_date"]), price=command["rate"],
        )  # fmt: skip

    def _split(self, command: Json) -> None:
        price = command.get("cash_price")
        self._put_text(text_of(command["ca_id"]))
        self._put(
            ClearingCommand.SPLIT,
            instrument=self._instrument(command["isin"]), day=day_of(command["ex_date"]),
            quantity=clamped(command["new"]), version=clamped(command["old"]), price=price,
            flags=0 if price is None else ClearingFlag.PRICE_GIVEN,
        )  # fmt: skip
