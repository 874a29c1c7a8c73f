"""What a clearing house of many days is run with: sorted tables, calendars and switches (C3, C4, C51).

    parties      0..P-1   (member, account), ascending; CCP/OWN and WORLD/EXT are among them
    accounts     0..A-1   distinct names of accounts, ascending
    instruments  0..I-1   by name, ascending            currencies   0..C-1   by name, ascending

Because the tables are sorted by the UTF-8 order of C's rules, comparing numbers is comparing names.
Days are ordinals. `Days` answers what calendars say, each question once.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable
from typing import Literal

import msgspec

from novate.clearing.margin_day.terms import MarginTerms, require_margin_terms
from novate.domain.calendar import OpenDays, SettlementCalendar
from novate.domain.clearing_codes import Policy

Party = tuple[str, str]
CCP: Party = ("CCP", "OWN")
WORLD: Party = ("WORLD", "EXT")
FIRST_ORDINAL = datetime.date(1900, 1, 1).toordinal()
LAST_ORDINAL = datetime.date(9990, 12, 31).toordinal()
"""Days with room on both sides for every search of a calendar."""
SEARCH_DAYS = 400
MOST_WORTH_DECIMALS = 36


class Switches(msgspec.Struct, frozen=True, kw_only=True):
    """C51; names, values and defaults are the rulebook's."""

    amount_rounding: Literal["HALF_UP", "EXACT"] = "HALF_UP"
    version_policy: Literal["LATEST", "STRICT"] = "LATEST"
    late_trades: Literal["NEXT", "REJECT"] = "NEXT"
    settle_count: Literal["COMPOSITE", "TRADING"] = "COMPOSITE"
    policy: Literal["CNS", "NET_NET", "GROSS_NET", "GROSS_GROSS"] = "CNS"
    partials: bool = True
    lot_order: Literal["OLDEST", "NEWEST"] = "OLDEST"
    mark: Literal["DAILY", "NONE"] = "DAILY"
    charge_days: Literal["BUSINESS", "CALENDAR"] = "BUSINESS"
    fail_charge_to: Literal["RECEIVERS", "CCP"] = "RECEIVERS"
    max_qty: int = 10**12
    max_amount: int = 10**15
    max_decimals: int = 9
    fail_ppm: int = 0
    cash_fail_ppm: int = 0
    arrears_ppm: int = 0
    buyin_days: int = 3
    buyin_notice: int = 1
    buckets: list[int] = msgspec.field(default_factory=lambda: [1, 5])
    alloc_key: str = ""


class HouseInstrument(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument as the clearing house sees it."""

    name: str
    currency: int
    cycle: int
    policy: Policy
    calendar: SettlementCalendar
    worth_factor: int = 1
    worth_decimals: int = 0
    """One unit at a price of 1.0 is worth worth_factor / 10**worth_decimals of the currency: contracts of
    100 have a factor of 100, units of a thousandth have 3 decimals."""
    moves_credit: bool = True
    """Does a fill of the venue move credit there? Then the house does not tell it again (K18)."""
    resale_settled: bool = False
    """Does the venue wait with what was bought until the house has settled it (K12)?"""


class HouseCurrency(msgspec.Struct, frozen=True, kw_only=True):
    """A currency: digits of its minor unit and its bank calendar."""

    name: str
    digits: int
    bank: OpenDays


class HouseTerms(msgspec.Struct, frozen=True, kw_only=True):
    """All tables of one clearing house. `require_house_terms` says whether they can be."""

    start: int
    parties: list[Party]
    accounts: list[str]
    instruments: list[HouseInstrument]
    currencies: list[HouseCurrency]
    house: OpenDays
    switches: Switches
    margin: MarginTerms | None = None

    @property
    def ccp(self) -> int:
        """Number of CCP/OWN."""
        return self.parties.index(CCP)

    @property
    def world(self) -> int:
        """Number of WORLD/EXT."""
        return self.parties.index(WORLD)


def require_house_terms(terms: HouseTerms) -> None:
    """ValueError naming the first term that cannot be."""
    names = (
        ("parties", terms.parties),
        ("accounts", terms.accounts),
        ("instruments", [one.name for one in terms.instruments]),
        ("currencies", [one.name for one in terms.currencies]),
    )
    for what, found in names:
        if list(found) != sorted({*found}):
            raise ValueError(f"Expected {what} in ascending order, each once, was {found}")
    members = [member for member, _ in terms.parties]
    for reserved in (CCP, WORLD):
        if reserved not in terms.parties or members.count(reserved[0]) > 1:
            raise ValueError(f"Expected {'/'.join(reserved)} once and no other account of it")
    if not FIRST_ORDINAL <= terms.start <= LAST_ORDINAL:
        raise ValueError(f"Expected a start from 1900 to 9990, was day {terms.start}")
    for one in terms.instruments:
        if not 0 <= one.cycle <= 5:
            raise ValueError(f"Expected a cycle of 0 to 5 of {one.name}, was {one.cycle}")
        if one.worth_factor < 1 or not 0 <= one.worth_decimals <= MOST_WORTH_DECIMALS:
            worth = f"{one.worth_factor} / 10**{one.worth_decimals}"
            raise ValueError(f"Expected a positive worth of a unit of {one.name}, was {worth}")
        if not 0 <= one.currency < len(terms.currencies):
            raise ValueError(f"Expected a currency of {one.name}, was number {one.currency}")
        one.calendar.next_settlement_day(datetime.date.fromordinal(terms.start))
    if terms.margin is not None:
        require_margin_terms(terms.margin, len(terms.instruments), len(terms.currencies))
    limits = terms.switches
    if limits.max_qty >= 2**62 or limits.max_amount >= 2**62:
        raise ValueError("Expected max_qty and max_amount below 2**62")
    if limits.buckets != sorted(limits.buckets) or not limits.buckets:
        raise ValueError(f"Expected ascending buckets, was {limits.buckets}")


class Days:
    """Calendars asked by number (C4, C5). Answers are kept, so a question costs its search once, also of
    instruments that have the same calendars."""

    def __init__(self, terms: HouseTerms) -> None:
        self._terms = terms
        kinds: dict[Hashable, int] = {}
        self._kinds = [kinds.setdefault(_kind(one), len(kinds)) for one in terms.instruments]
        """Of each instrument."""
        self._settles: dict[tuple[int, int], bool] = {}
        self._due: dict[tuple[int, int], int] = {}

    def is_trading_day(self, instrument: int, day: int) -> bool:
        return self._terms.instruments[instrument].calendar.is_trading_day(datetime.date.fromordinal(day))

    def last_trading_day(self, instrument: int, day: int) -> int:
        """The last trading day up to `day`; `day` itself if none was for over a year."""
        days = range(day, day - SEARCH_DAYS, -1)
        return next((earlier for earlier in days if self.is_trading_day(instrument, earlier)), day)

    def is_bank_day(self, currency: int, day: int) -> bool:
        return self._terms.currencies[currency].bank.is_open(datetime.date.fromordinal(day))

    def is_house_day(self, day: int) -> bool:
        return self._terms.house.is_open(datetime.date.fromordinal(day))

    def is_settlement_day(self, instrument: int, day: int) -> bool:
        key = (self._kinds[instrument], day)
        found = self._settles.get(key)
        if found is None:
            calendar = self._terms.instruments[instrument].calendar
            found = calendar.is_settlement_day(datetime.date.fromordinal(day))
            self._settles[key] = found
        return found

    def next_settlement_day(self, instrument: int, day: int) -> int:
        """The first settlement day after `day`; ValueError if none comes for over a year."""
        for later in range(day + 1, day + SEARCH_DAYS):
            if self.is_settlement_day(instrument, later):
                return later
        raise ValueError(f"Expected a settlement day in the {SEARCH_DAYS} days after {day}, found none")

    def next_house_day(self, day: int) -> int:
        """The first day after `day` on which the house is open."""
        for later in range(day + 1, day + SEARCH_DAYS):
            if self.is_house_day(later):
                return later
        raise ValueError(f"Expected a house day in the {SEARCH_DAYS} days after {day}, found none")

    def settlement_date(self, instrument: int, trade_day: int) -> int:
        """Trade date plus the instrument's cycle (C5)."""
        key = (self._kinds[instrument], trade_day)
        found = self._due.get(key)
        if found is None:
            one = self._terms.instruments[instrument]
            trade_date = datetime.date.fromordinal(trade_day)
            count = self._terms.switches.settle_count
            found = one.calendar.settlement_date(trade_date, one.cycle, count).toordinal()
            self._due[key] = found
        return found

    def age(self, instrument: int, since: int, today: int) -> int:
        """Settlement days after `since` up to today (C39)."""
        return sum(self.is_settlement_day(instrument, day) for day in range(since + 1, today + 1))


def _kind(instrument: HouseInstrument) -> Hashable:
    """What the days of an instrument depend on."""
    calendar = instrument.calendar
    days = (calendar.trading, calendar.bank, calendar.depository)
    return instrument.cycle, *((one.weekend, one.holidays) for one in days)


def day_text(day: int) -> str:
    """ISO text of a day ordinal."""
    return datetime.date.fromordinal(day).isoformat()
