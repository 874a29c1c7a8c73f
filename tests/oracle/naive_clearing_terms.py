"""What the configuration says: calendars, settlement dates, prices and roundings (C1, C2, C4, C5, C51).

    config (a scenario's header) --> Terms: is this day open, when does this trade settle, what is this price

Dates are ISO text, which sorts as dates do. Money is in minor units; a price is a fraction of them.
"""

from __future__ import annotations

import datetime
import re
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
Party = tuple[str, str]

CCP: Party = ("CCP", "OWN")
WORLD: Party = ("WORLD", "EXT")
LARGEST = 2**62
GROSS = ("GROSS_GROSS", "GROSS_NET")
PRICE = re.compile(r"[0-9]+(\.[0-9]+)?")
WEEKEND = [5, 6]
DEFAULTS: Json = {
    "amount_rounding": "HALF_UP",
    "version_policy": "LATEST",
    "late_trades": "NEXT",
    "settle_count": "COMPOSITE",
    "policy": "CNS",
    "partials": True,
    "lot_order": "OLDEST",
    "mark": "DAILY",
    "charge_days": "BUSINESS",
    "fail_charge_to": "RECEIVERS",
    "max_qty": 10**12,
    "max_amount": 10**15,
    "max_decimals": 9,
    "fail_ppm": 0,
    "cash_fail_ppm": 0,
    "arrears_ppm": 0,
    "buyin_days": 3,
    "buyin_notice": 1,
    "buckets": [1, 5],
    "alloc_key": "",
}


MARGIN_DEFAULTS: Json = {
    "threshold": 0,
    "minimum_call": 1,
    "deadline_seconds": 3600,
    "currency_haircut_ppm": 0,
    "assessment_ppm": 10**6,
    "layers": [
        "DEFAULTER_COLLATERAL", "DEFAULTER_CONTRIBUTION", "HOUSE", "SURVIVOR_CONTRIBUTIONS", "ASSESSMENTS",
    ],
    "collateral": {},
}  # fmt: skip


class RefusedError(Exception):
    """A command is refused; the only argument is the reason. Raised before anything has changed."""


def refuse_if(broken: bool, reason: str) -> None:
    """One rung of a ladder."""
    if broken:
        raise RefusedError(reason)


def rounded(number: Fraction) -> int:
    """The nearest integer, ties away from zero (C2)."""
    size = (2 * abs(number.numerator) + number.denominator) // (2 * number.denominator)
    return size if number >= 0 else -size


def part(amount: int, some: int, whole: int) -> int:
    """The share of a signed amount for `some` of `whole` (C2)."""
    return amount if some == whole else rounded(Fraction(amount * some, whole))


def next_date(date: str, days: int = 1) -> str:
    """The calendar day so many days later."""
    return (datetime.date.fromisoformat(date) + datetime.timedelta(days)).isoformat()


def days_between(first: str, last: str) -> int:
    """Calendar days from one date to another."""
    return (datetime.date.fromisoformat(last) - datetime.date.fromisoformat(first)).days


class Terms:
    """The configuration of a clearing house, asked in words."""

    def __init__(self, config: Json) -> None:
        self.switches = {**DEFAULTS, **{name: config[name] for name in DEFAULTS if name in config}}
        self.calendars: Json = config.get("calendars", {})
        self.house: str | None = config.get("house")
        self.depository: str | None = config.get("depository")
        self.currencies: Json = config["currencies"]
        self.instruments: Json = config["instruments"]
        self.members: dict[str, list[str]] = config["members"]
        self.margin: Json = {**MARGIN_DEFAULTS, **config["margin"]} if "margin" in config else {}
        self.contracts: Json = self.margin.get("contracts", {})

    def policy(self, isin: str) -> str:
        """How the instrument settles (C51)."""
        return str(self.instruments[isin].get("policy") or self.switches["policy"])

    def is_gross(self, isin: str) -> bool:
        """Whether the instrument is settled trade by trade (C24)."""
        return self.policy(isin) in GROSS

    def is_resold_late(self, isin: str) -> bool:
        """Whether the venue gives the buyer nothing before the house does (K12)."""
        return bool(self.instruments[isin].get("resale") == "settled") and isin not in self.contracts

    def currency(self, isin: str) -> str:
        """The currency in which the instrument trades."""
        return str(self.instruments[isin]["ccy"])

    def is_open(self, calendar: str | None, date: str) -> bool:
        """Whether a calendar is open; no name means Saturday and Sunday closed (C4)."""
        days = self.calendars[calendar] if calendar is not None else {}
        weekday = datetime.date.fromisoformat(date).weekday()
        return weekday not in days.get("weekend", WEEKEND) and date not in days.get("holidays", [])

    def is_trading_day(self, isin: str, date: str) -> bool:
        """Whether the instrument trades on that day."""
        return self.is_open(self.instruments[isin].get("calendar"), date)

    def is_bank_day(self, ccy: str, date: str) -> bool:
        """Whether money of the currency moves on that day."""
        return self.is_open(self.currencies[ccy].get("calendar"), date)

    def is_settlement_day(self, isin: str, date: str) -> bool:
        """Trading day, bank day and depository day at once (C4)."""
        return (
            self.is_trading_day(isin, date)
            and self.is_bank_day(self.currency(isin), date)
            and self.is_open(self.depository, date)
        )

    def next_settlement_day(self, isin: str, date: str) -> str:
        """The first settlement day after a date."""
        date = next_date(date)
        while not self.is_settlement_day(isin, date):
            date = next_date(date)
        return date

    def next_house_day(self, date: str) -> str:
        """The first day after a date on which the house is open."""
        date = next_date(date)
        while not self.is_open(self.house, date):
            date = next_date(date)
        return date

    def settlement_date(self, isin: str, trade_date: str) -> str:
        """Trade date plus the instrument's cycle (C5)."""
        date = trade_date
        for _ in range(self.instruments[isin].get("cycle", 1)):
            if self.switches["settle_count"] == "COMPOSITE":
                date = self.next_settlement_day(isin, date)
            else:
                date = next_date(date)
                while not self.is_trading_day(isin, date):
                    date = next_date(date)
        return date if self.is_settlement_day(isin, date) else self.next_settlement_day(isin, date)

    def age(self, isin: str, since: str, today: str) -> int:
        """Settlement days after `since` up to today (C39)."""
        days = (next_date(since, n) for n in range(1, days_between(since, today) + 1))
        return sum(self.is_settlement_day(isin, day) for day in days)

    def price(self, isin: str, text: str) -> Fraction:
        """Minor units for one security (C1); INVALID_PRICE."""
        decimals = len(text.partition(".")[2])
        refuse_if(not PRICE.fullmatch(text) or decimals > self.switches["max_decimals"], "INVALID_PRICE")
        refuse_if(Fraction(text) == 0, "INVALID_PRICE")
        return self.minor(isin, Fraction(text))

    def minor(self, isin: str, price: Fraction) -> Fraction:
        """Minor units for one unit at a price."""
        size: int = self.contracts.get(isin, {}).get("size", 1)
        return price * size * Fraction(10) ** int(self.currencies[self.currency(isin)]["digits"])

    def market_price(self, isin: str, text: str) -> Fraction:
        """A price of a mark, a buy-in or an event, which has no amount of its own (C53); INVALID_PRICE."""
        price = self.price(isin, text)
        refuse_if(rounded(price) > LARGEST, "INVALID_PRICE")
        return price

    def check_party(self, party: Party) -> None:
        """UNKNOWN_MEMBER, UNKNOWN_ACCOUNT."""
        refuse_if(party[0] not in self.members, "UNKNOWN_MEMBER")
        refuse_if(party[1] not in self.members[party[0]], "UNKNOWN_ACCOUNT")

    def check_instrument(self, isin: str) -> None:
        """UNKNOWN_INSTRUMENT."""
        refuse_if(isin not in self.instruments, "UNKNOWN_INSTRUMENT")

    def check_quantity(self, quantity: int) -> None:
        """INVALID_QTY."""
        refuse_if(not 1 <= quantity <= self.switches["max_qty"], "INVALID_QTY")
