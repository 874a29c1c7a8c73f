"""The resolved configuration: what `novate.toml` says, with every default filled in and checked.

It is data only. Reading and checking TOML is the edge's work (`novate.app.configuration`); the venue's and
the clearing house's integer terms are derived from it. Its canonical JSON is the first thing in a journal,
so that a replay needs no file beside the journal.
"""

from __future__ import annotations

import msgspec

from novate.domain.instruments import Instrument
from novate.domain.margin import MarginConfiguration
from novate.domain.members import Member, TradingAccount
from novate.domain.schedules import Schedule


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """Open days: all but the weekend and the holidays (C4)."""

    weekend: tuple[int, ...] = (5, 6)
    """Weekdays, Monday = 0."""
    holidays: tuple[str, ...] = ()
    """ISO dates, ascending."""


class Currency(msgspec.Struct, frozen=True, kw_only=True):
    """A currency: digits of its minor unit (USD 2, JPY 0, KWD 3) and its bank calendar."""

    digits: int = 2
    calendar: str | None = None


class ClearingSwitches(msgspec.Struct, frozen=True, kw_only=True):
    """The switches of C51; `novate clear` of a bare file knows the first six, a house of days all."""

    amount_rounding: str = "HALF_UP"
    late_trades: str = "NEXT"
    settle_count: str = "COMPOSITE"
    max_qty: int = 10**12
    max_amount: int = 10**15
    max_decimals: int = 9
    version_policy: str = "LATEST"
    policy: str = "CNS"
    partials: bool = True
    lot_order: str = "OLDEST"
    mark: str = "DAILY"
    charge_days: str = "BUSINESS"
    fail_charge_to: str = "RECEIVERS"
    fail_ppm: int = 0
    cash_fail_ppm: int = 0
    arrears_ppm: int = 0
    buyin_days: int = 3
    buyin_notice: int = 1
    buckets: tuple[int, ...] = (1, 5)
    alloc_key: str = ""


class Simulation(msgspec.Struct, frozen=True, kw_only=True):
    """The day of orders that `novate run` generates when no order file is given."""

    seed: int = 1
    orders: int = 200_000


class Configuration(msgspec.Struct, frozen=True, kw_only=True):
    """One venue and its clearing house."""

    name: str
    business_date: str
    """ISO date: the trade date of the run."""
    currencies: dict[str, Currency]
    instruments: tuple[Instrument, ...]
    """Market number i trades the i-th instrument."""
    members: tuple[Member, ...]
    accounts: tuple[TradingAccount, ...]
    calendars: dict[str, Calendar] = msgspec.field(default_factory=dict)
    schedules: dict[str, Schedule] = msgspec.field(default_factory=dict)
    house: str | None = None
    depository: str | None = None
    clearing: ClearingSwitches = msgspec.field(default_factory=ClearingSwitches)
    simulation: Simulation = msgspec.field(default_factory=Simulation)
    fee_account: int = 0
    """Trading account number that receives fees; 0 is the venue's own and needs no member."""
    credit: dict[str, str] = msgspec.field(default_factory=dict)
    """Opening credit of every trading account: asset -> decimal amount (K16). Empty: none."""
    limits: bool = False
    """Limits of accounts and members are kept (K19)."""
    positions: bool = False
    """Positions are kept in every market, so that there can be reduce-only orders (R35)."""
    margin: MarginConfiguration | msgspec.UnsetType = msgspec.UNSET
    """Unset: no margin, and nothing of it in the canonical JSON, which is that of older journals."""


def canonical_json(configuration: Configuration) -> bytes:
    """The bytes that are journaled: keys in a fixed order, no white space."""
    return msgspec.json.encode(configuration, order="deterministic")


def from_canonical_json(data: bytes) -> Configuration:
    """The configuration behind `canonical_json`. Raises msgspec.ValidationError on anything else."""
    return msgspec.json.decode(data, type=Configuration)
