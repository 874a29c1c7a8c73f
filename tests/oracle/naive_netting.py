"""The clearing house as anybody would write it down from the rules: one trade at a time, exact fractions.

    list of rows (dicts of text) --> answers, one per row; and the lines of the obligation file's body

It shares nothing with `novate.clearing` but the configuration, and is meant to be read beside
`clearing-rules.md`. Slow on purpose.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from fractions import Fraction
from typing import Any

from novate.domain.configuration import Calendar, Configuration
from novate.domain.instruments import Instrument, InstrumentKind

Row = dict[str, str]
PRICE = re.compile(r"[0-9]+(\.[0-9]+)?")
HEADER = (
    "obligation_id,cycle,settle_date,member,account,isin,movement,quantity,pay,amount_minor,ccy,type,"
    "gross_legs,trade_root_hash\n"
)


class NaiveHouse:
    """One delivery, trade by trade."""

    def __init__(self, configuration: Configuration) -> None:
        self.configuration = configuration
        self.instruments = {one.clearing_id: one for one in configuration.instruments}
        self.members = {one.name: {kind.value for kind in one.accounts} for one in configuration.members}
        self.remembered: dict[tuple[str, str, int], Row] = {}
        self.in_force: dict[tuple[str, str], int] = {}

    def deliver(self, row: Row) -> str:
        """The answer to one row: ACCEPTED, DUPLICATE, SUPERSEDED or the reason of a refusal."""
        if not (row["version"].isdecimal() and int(row["version"]) >= 1):
            return "INVALID_VERSION"
        trade, version = (row["source"], row["trade_id"]), int(row["version"])
        content = {name: text for name, text in row.items() if name not in ("source", "trade_id", "version")}
        if (*trade, version) in self.remembered:
            same = self.remembered[*trade, version] == content
            return "DUPLICATE" if same else "DUPLICATE_CONTENT"
        refused = self.refusal(row)
        if refused:
            return refused
        self.remembered[*trade, version] = content
        if version < self.in_force.get(trade, 0):
            return "SUPERSEDED"
        self.in_force[trade] = version
        return "ACCEPTED"

    def refusal(self, row: Row) -> str | None:
        """The first broken rule of C9's content step."""
        instrument = self.instruments.get(row["instrument"])
        if instrument is None:
            return "UNKNOWN_INSTRUMENT"
        if row["currency"] and row["currency"] != instrument.currency:
            return "WRONG_CURRENCY"
        for side in ("buyer", "seller"):
            if row[f"{side}_member"] not in self.members:
                return "UNKNOWN_MEMBER"
            if row[f"{side}_account"] not in self.members[row[f"{side}_member"]]:
                return "UNKNOWN_ACCOUNT"
        if (row["buyer_member"], row["buyer_account"]) == (row["seller_member"], row["seller_account"]):
            return "SELF_TRADE"
        switches = self.configuration.clearing
        quantity = self.quantity(row, instrument)
        if quantity.denominator != 1 or not 1 <= quantity <= switches.max_qty:
            return "INVALID_QTY"
        decimals = len(row["price"].partition(".")[2])
        if (
            not PRICE.fullmatch(row["price"])
            or Fraction(row["price"]) == 0
            or decimals > switches.max_decimals
        ):
            return "INVALID_PRICE"
        exact = self.exact_amount(row, instrument)
        if switches.amount_rounding == "EXACT" and exact.denominator != 1:
            return "INEXACT_AMOUNT"
        if rounded(exact) == 0:
            return "ZERO_AMOUNT"
        if rounded(exact) > switches.max_amount:
            return "AMOUNT_OVERFLOW"
        if not self.is_open(instrument.calendar, date(row["trade_date"])):
            return "NOT_TRADING_DAY"
        return None

    def quantity(self, row: Row, instrument: Instrument) -> Fraction:
        """In the smallest units that the instrument's lot is written in."""
        if not PRICE.fullmatch(row["quantity"]):
            return Fraction(0)
        return Fraction(row["quantity"]) * 10 ** len(instrument.lot.partition(".")[2])

    def exact_amount(self, row: Row, instrument: Instrument) -> Fraction:
        minor = 10 ** self.configuration.currencies[instrument.currency].digits
        return Fraction(row["quantity"]) * Fraction(row["price"]) * Fraction(instrument.contract_size) * minor

    def is_open(self, calendar: str | None, day: datetime.date) -> bool:
        one = self.configuration.calendars[calendar] if calendar else Calendar()
        return day.weekday() not in one.weekend and day.isoformat() not in one.holidays

    def is_settlement_day(self, instrument: Instrument, day: datetime.date) -> bool:
        bank = self.configuration.currencies[instrument.currency].calendar
        return all(
            self.is_open(calendar, day)
            for calendar in (instrument.calendar, bank, self.configuration.depository)
        )

    def cycle_date(self, instrument: Instrument, trade_date: datetime.date) -> datetime.date:
        """C5 and C20: N settlement days on (or trading days), then the first that the house is open too."""
        day = trade_date
        trading = self.configuration.clearing.settle_count == "TRADING"
        for _ in range(instrument.cycle):
            day += datetime.timedelta(days=1)
            while not (
                self.is_open(instrument.calendar, day) if trading else self.is_settlement_day(instrument, day)
            ):
                day += datetime.timedelta(days=1)
        while not (self.is_settlement_day(instrument, day) and self.is_open(self.configuration.house, day)):
            day += datetime.timedelta(days=1)
        return day

    def body(self) -> str:
        """The body of the obligation file."""
        nets: dict[tuple[str, ...], list[Any]] = {}
        for (source, trade_id), version in self.in_force.items():
            row = self.remembered[source, trade_id, version]
            instrument = self.instruments[row["instrument"]]
            if instrument.kind in (InstrumentKind.FUTURE, InstrumentKind.PERPETUAL):
                continue
            day = self.cycle_date(instrument, date(row["trade_date"])).isoformat()
            amount = rounded(self.exact_amount(row, instrument))
            quantity = int(self.quantity(row, instrument))
            for side, sign in (("buyer", 1), ("seller", -1)):
                party = row[f"{side}_member"], row[f"{side}_account"]
                key = (day, instrument.currency, *party, instrument.clearing_id)
                one = nets.setdefault(key, [0, 0, []])
                one[0] += sign * quantity
                one[1] -= sign * amount
                one[2].append(f"{source}|{trade_id}|{version}|{'B' if sign > 0 else 'S'}|N".encode())
        return HEADER + "".join(line(key, *nets[key]) for key in sorted(nets) if nets[key][0] or nets[key][1])


def line(key: tuple[str, ...], quantity: int, amount: int, leaves: list[bytes]) -> str:
    day, currency, member, account, isin = key
    cycle = f"{day}/N1"
    name = hashlib.sha256("|".join((cycle, day, currency, member, account, isin)).encode()).hexdigest()[:16]
    movement = "RECE" if quantity > 0 else "DELI" if quantity < 0 else "NONE"
    pay = "CRDT" if amount > 0 else "DEBT" if amount < 0 else "NONE"
    cells = (
        name, cycle, day, member, account, isin, movement, abs(quantity), pay, abs(amount), currency, "NEW1",
        len(leaves), tree_hash(sorted(leaves)).hex(),
    )  # fmt: skip
    return ",".join(map(str, cells)) + "\n"


def tree_hash(leaves: list[bytes]) -> bytes:
    """RFC 6962, section 2.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + tree_hash(leaves[:k]) + tree_hash(leaves[k:])).digest()


def rounded(value: Fraction) -> int:
    """Nearest integer, ties away from zero; amounts here are not negative (C2)."""
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def date(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)
