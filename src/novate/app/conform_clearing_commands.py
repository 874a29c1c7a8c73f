"""Commands of clearing scenarios as records: names become numbers, texts and lists stand in front.

{"cmd": "TRADE", "source": "V", "trade_id": "t1", ...}   -> [TEXT "V"  SOURCE 0]  TEXT "t1"  TRADE
{"cmd": "ALLOCATE", ..., "parts": [{...}, {...}]}        -> TEXT "t1"  PART  PART  ALLOCATE
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from novate.clearing.house_terms import CCP, HouseTerms
from novate.domain.clearing_codes import ClearingCommand, ClearingFlag
from novate.domain.clearing_records import (
    CLEARING_COMMAND,
    COMMAND_STRUCT,
    NOT_GIVEN,
    TEXT_BYTES,
    TEXT_STRUCT,
    UNKNOWN,
    UNKNOWN_ACCOUNT,
    Records,
)
from novate.domain.codes import Side

Json = dict[str, Any]
PRICE_FORM = re.compile(r"[0-9]+(\.[0-9]+)?", re.ASCII)
INT64_MAX = 2**63 - 1
INT128_MAX = 2**127 - 1
SIDES = {"B": Side.BUY, "S": Side.SELL}


class CommandWriter:
    """Turns commands into records; remembers which sources have a number already."""

    def __init__(self, terms: HouseTerms, sources: Sequence[str] = ()) -> None:
        """`sources`: what the house has been named already, in the order of the numbers."""
        self._parties = {party: number for number, party in enumerate(terms.parties)}
        self._members = {member for member, _ in terms.parties} - {CCP[0], "WORLD"}
        self._accounts = {name: number for number, name in enumerate(terms.accounts)}
        self._instruments = {one.name: number for number, one in enumerate(terms.instruments)}
        self._currencies = {one.name: number for number, one in enumerate(terms.currencies)}
        self.sources = list(sources)
        """Names in the order of their numbers."""
        self._numbers = {name: number for number, name in enumerate(self.sources)}
        self._out = bytearray()

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
            "FILLS": self._fills, "RELEASE_CREDIT": self._bare,
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

    def _put(
        self, kind: ClearingCommand, *, code: int = 0, flags: int = 0, party: int = NOT_GIVEN,
        other_party: int = NOT_GIVEN, instrument: int = NOT_GIVEN, currency: int = NOT_GIVEN,
        source: int = 0, day: int = 0, other_day: int = 0, version: int = 0, quantity: int = 0,
        price: str | None = None, low: int = 0,
    ) -> None:  # fmt: skip
        decimals = zeros = high = 0
        if price is not None:
            low, high, decimals, zeros, price_flags = price_fields(price)
            flags |= price_flags
        self._out += COMMAND_STRUCT.pack(
            kind, code, decimals, flags, party, other_party, instrument, currency, zeros, source, day,
            other_day, version, quantity, low, high,
        )  # fmt: skip

    def _put_text(self, text: str) -> None:
        data = text.encode()
        for start in range(0, len(data) or 1, TEXT_BYTES):
            piece = data[start : start + TEXT_BYTES]
            more = ClearingFlag.MORE_TEXT if start + TEXT_BYTES < len(data) else 0
            self._out += TEXT_STRUCT.pack(ClearingCommand.TEXT, len(piece), 0, more, piece)

    def _source(self, name: str) -> int:
        """Number of a source, named to the house the first time."""
        if name not in self._numbers:
            self._numbers[name] = len(self.sources)
            self.sources.append(name)
            self._put_text(name)
            self._put(ClearingCommand.SOURCE, source=self._numbers[name])
        return self._numbers[name]

    def _party(self, member: str, account: str) -> int:
        if member in self._members or (member, account) == CCP:
            return self._parties.get((member, account), UNKNOWN_ACCOUNT)
        return UNKNOWN

    def _instrument(self, name: str) -> int:
        return self._instruments.get(_text(name), UNKNOWN)

    def _trade(self, trade: Json) -> None:
        source = self._source(_text(trade["source"]))
        buyer, seller = trade["buyer"], trade["seller"]
        currency, settle_date = trade.get("ccy"), trade.get("settle_date")
        self._put_text(_text(trade["trade_id"]))
        self._put(
            ClearingCommand.TRADE,
            source=source,
            version=_number(trade["version"]),
            day=_day(trade["trade_date"]),
            other_day=0 if settle_date is None else _day(settle_date),
            instrument=self._instrument(trade["isin"]),
            currency=NOT_GIVEN if currency is None else self._currencies.get(currency, UNKNOWN),
            quantity=_clamped(trade["qty"]),
            price=trade["price"],
            party=self._party(*buyer),
            other_party=self._party(*seller),
        )

    def _cancel(self, command: Json) -> None:
        source = self._source(_text(command["source"]))
        self._put_text(_text(command["trade_id"]))
        self._put(ClearingCommand.CANCEL_TRADE, source=source, version=_number(command["version"]))

    def _batch(self, command: Json) -> None:
        source = self._source(_text(command["source"]))
        trades = command["trades"]
        self._put(
            ClearingCommand.BATCH, source=source, version=_clamped(command["count"]), low=len(trades),
            quantity=_clamped(command["qty_total"]),
        )  # fmt: skip
        for trade in trades:
            self._trade({**trade, "source": command["source"]})

    def _allocate(self, command: Json) -> None:
        source = self._source(_text(command["source"]))
        self._put_text(_text(command["trade_id"]))
        for one in command["parts"]:
            account = self._accounts.get(_text(one["account"]), UNKNOWN)
            self._put(ClearingCommand.PART, party=account, quantity=_clamped(one["qty"]))
        self._put(ClearingCommand.ALLOCATE, source=source, code=SIDES[command["side"]])

    def _give_up(self, command: Json) -> None:
        source = self._source(_text(command["source"]))
        self._put_text(_text(command["trade_id"]))
        party = self._party(*command["to"])
        self._put(ClearingCommand.GIVE_UP, source=source, code=SIDES[command["side"]], party=party)

    def _take_up(self, command: Json) -> None:
        accept = bool(command["accept"])
        self._put(ClearingCommand.TAKE_UP, version=_clamped(command["giveup"]), code=accept)

    def _transfer(self, command: Json) -> None:
        self._put(
            ClearingCommand.TRANSFER, party=self._party(*command["from"]),
            other_party=self._party(*command["to"]), instrument=self._instrument(command["isin"]),
            quantity=_clamped(command["qty"]), day=_day(command["settle_date"]),
        )  # fmt: skip

    def _balance(self, command: Json) -> None:
        kind, member, account = ClearingCommand[command["cmd"]], command["member"], command["account"]
        # Only here the CCP is a party that may be named, so a wrong account of it is only that.
        party = UNKNOWN_ACCOUNT if member == CCP[0] and account != CCP[1] else self._party(member, account)
        if "isin" in command:
            instrument, quantity = self._instrument(command["isin"]), _clamped(command["qty"])
            self._put(kind, party=party, instrument=instrument, quantity=quantity)
        else:
            currency = self._currencies.get(_text(command["ccy"]), UNKNOWN)
            self._put(kind, party=party, currency=currency, quantity=_clamped(command["amount"]))

    def _party_quantity(self, command: Json) -> None:
        party = self._party(command["member"], command["account"])
        instrument, quantity = self._instrument(command["isin"]), _clamped(command["qty"])
        self._put(ClearingCommand[command["cmd"]], party=party, instrument=instrument, quantity=quantity)

    def _priority(self, command: Json) -> None:
        party = self._party(command["member"], command["account"])
        instrument = NOT_GIVEN if command["isin"] is None else self._instrument(command["isin"])
        group = _clamped(command["group"])
        self._put(ClearingCommand.PRIORITY, party=party, instrument=instrument, version=group)

    def _mark(self, command: Json) -> None:
        instrument = self._instrument(command["isin"])
        self._put(ClearingCommand.MARK, instrument=instrument, price=command["price"])

    def _fills(self, command: Json) -> None:
        source = self._source(_text(command["source"]))
        first, last = _number(command["first"]), _number(command["last"])
        self._put(ClearingCommand.FILLS, source=source, version=first, quantity=last)

    def _bare(self, command: Json) -> None:
        self._put(ClearingCommand[command["cmd"]])

    def _roll(self, command: Json) -> None:
        self._put(ClearingCommand.ROLL, day=_day(command["to"]))

    def _buyin(self, command: Json) -> None:
        quantity = _clamped(command["qty"]) if command["cmd"] == "BUYIN_EXECUTE" else 0
        intent, kind = _clamped(command["intent"]), ClearingCommand[command["cmd"]]
        self._put(kind, version=intent, quantity=quantity, price=command["price"])

    def _dividend(self, command: Json) -> None:
        self._put_text(_text(command["ca_id"]))
        self._put(
            ClearingCommand.DIVIDEND, instrument=self._instrument(command["isin"]),
            day=_day(command["ex_date"]), other_day=_day(command["record_date"]),
            version=_day(command["pay_date"]), price=command["rate"],
        )  # fmt: skip

    def _split(self, command: Json) -> None:
        price = command.get("cash_price")
        self._put_text(_text(command["ca_id"]))
        self._put(
            ClearingCommand.SPLIT, instrument=self._instrument(command["isin"]), day=_day(command["ex_date"]),
            quantity=_clamped(command["new"]), version=_clamped(command["old"]), price=price,
            flags=0 if price is None else ClearingFlag.PRICE_GIVEN,
        )  # fmt: skip


def price_fields(text: str) -> tuple[int, int, int, int, int]:
    """(low, high, decimals, zeros in front, flags) of a price; what is no price of C1 is flagged."""
    decimals = len(text.partition(".")[2])
    if not PRICE_FORM.fullmatch(text) or decimals > 255:
        return 0, 0, 0, 0, ClearingFlag.INVALID_PRICE
    written = text.replace(".", "")
    digits = int(written)
    zeros = min(len(written) - len(str(digits)), 2**16 - 1)
    # No price beyond 128 bits can be within max_amount, so the largest stands for all of them.
    digits = min(digits, INT128_MAX)
    low = digits & (2**64 - 1)
    return low - 2**64 if low > INT64_MAX else low, digits >> 64, decimals, zeros, 0


def price_text(digits: int, decimals: int, zeros: int) -> str:
    """The inverse of `price_fields`."""
    written = "0" * zeros + str(digits)
    return f"{written[:-decimals]}.{written[-decimals:]}" if decimals else written


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"a text expected, {value!r}")
    return value


def _number(value: object) -> int:
    if type(value) is not int or abs(value) > INT64_MAX:
        raise ValueError(f"an integer of 64 bits expected, {value!r}")
    return value


def _clamped(value: object) -> int:
    """A number that a rule refuses if it is out of range, however far."""
    if type(value) is not int:
        raise TypeError(f"an integer expected, {value!r}")
    return max(-INT64_MAX, min(value, INT64_MAX))


def _day(value: object) -> int:
    return datetime.date.fromisoformat(_text(value)).toordinal()
