"""`novate.toml`: read, checked, and turned into a `Configuration`; every mistake is reported at once.

    file --tomllib--> tables --fields--> structs --checks--> Configuration
                        |        |          |
                        +--------+----------+--> ConfigurationError(errors): one line each,
                                                 "novate.toml: instruments[2].tick: expected ..., was ..."

The embedded default (`default.toml` beside this file) is an ordinary file of the same form.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from novate.app.configuration_checks import check
from novate.app.configuration_fields import Table, WrittenNumber
from novate.app.configuration_margin import read_margin
from novate.app.configuration_schedules import read_schedule
from novate.app.exchange_holidays import exchange_calendar
from novate.domain.codes import MarketState
from novate.domain.configuration import Calendar, ClearingSwitches, Configuration, Currency, Simulation
from novate.domain.instruments import CreditModel, Instrument, InstrumentKind, OnNegative, Resale
from novate.domain.members import AccountType, Member, TradingAccount
from novate.domain.records import MAX_ACCOUNT, MAX_MARKETS

DEFAULT = Path(__file__).with_name("default.toml")
STP_MODES = ("NONE", "CANCEL_RESTING", "CANCEL_AGGRESSING", "CANCEL_BOTH", "DECREMENT")
STATES = tuple(state.name for state in MarketState)
COLLAR_ACTIONS = ("CAP", "HALT", "AUCTION")
POST_ONLY_MODES = ("REJECT", "SLIDE")
ALLOCATIONS = ("FIFO", "PRO_RATA", "FIFO_PRO_RATA")
POLICIES = ("CNS", "NET_NET", "GROSS_NET", "GROSS_GROSS")
MOST_PPM = 10**6
LONGEST_DAYS = 365
LARGEST = 10**18


class ConfigurationError(Exception):
    """A configuration that cannot be used; `errors` holds every mistake that was found, one line each."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("\n".join(errors))
        self.errors = errors


def embedded_configuration() -> Configuration:
    """The demonstration market that is used when no file is given."""
    return load_configuration(DEFAULT)


def load_configuration(path: Path) -> Configuration:
    """Read and check a configuration file; raises ConfigurationError with all mistakes."""
    tables = read_tables(path)
    errors: list[str] = []
    configuration = _configuration(Table(tables, "", path.name, errors))
    # A table with a wrong field was filled in with stand-in values: what follows from those is not reported.
    unsound = {_entry(error.removeprefix(f"{path.name}: ")) for error in errors}
    errors += [
        f"{path.name}: {mistake}" for mistake in check(configuration) if not _follows(mistake, unsound)
    ]
    if errors:
        raise ConfigurationError(errors)
    return configuration


def _follows(mistake: str, unsound: set[str]) -> bool:
    """A mistake only because of another: in the same table, or a member whose name could not be read."""
    place = mistake.partition(": ")[0]
    nameless = place.startswith("accounts[") and place.endswith(".member")
    return _entry(mistake) in unsound or (nameless and any(one.startswith("members") for one in unsound))


def _entry(message: str) -> str:
    """The table that a message is about: `instruments[2]`, `currencies.USD`, or a key of the top."""
    place = message.partition(": ")[0].split(".")
    return ".".join(place[:2]) if place[0] in ("currencies", "calendars", "schedules") else place[0]


def read_tables(path: Path) -> dict[str, Any]:
    """The tables of a TOML file as they stand there. Raises ConfigurationError."""
    if path.is_dir():
        raise ConfigurationError([f"{path}: expected a TOML file, was a directory"])
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError([f"{path}: expected a configuration file, found none"]) from None
    except OSError as error:
        raise ConfigurationError([f"{path}: expected a readable file, was: {error.strerror}"]) from error
    if not data.strip():
        raise ConfigurationError([f"{path}: expected a configuration, was an empty file"])
    try:
        # Numbers with a point stay text, so that tick = 0.05 means 0.05 and not the float nearest to it.
        return tomllib.loads(data.decode("utf-8"), parse_float=WrittenNumber)
    except UnicodeDecodeError as error:
        message = f"{path}: expected UTF-8 text, was something else at byte {error.start}"
        raise ConfigurationError([message]) from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError([f"{path}: expected TOML, was: {error}"]) from error
    except RecursionError:
        message = f"{path}: expected TOML of a few levels, was nested deeper than can be read"
        raise ConfigurationError([message]) from None


def _configuration(table: Table) -> Configuration:
    currencies = {name: _currency(row) for name, row in table.named_tables("currencies").items()}
    configuration = Configuration(
        name=table.text("name", "Novate"),
        business_date=table.date("business_date"),
        house=table.optional_text("house"),
        depository=table.optional_text("depository"),
        fee_account=table.integer("fee_account", 0, 0, MAX_ACCOUNT),
        limits=table.boolean("limits", False),
        positions=table.boolean("positions", False),
        calendars={name: _calendar(row) for name, row in table.named_tables("calendars").items()},
        schedules={name: read_schedule(row) for name, row in table.named_tables("schedules").items()},
        currencies=currencies,
        instruments=tuple(_instrument(row) for row in table.rows("instruments", 1, MAX_MARKETS)),
        members=tuple(_member(row) for row in table.rows("members", 0, MAX_ACCOUNT)),
        accounts=tuple(_account(row) for row in table.rows("accounts", 0, MAX_ACCOUNT)),
        credit=_credit(table.table("credit")),
        clearing=_clearing(table.table("clearing")),
        simulation=_simulation(table.table("simulation")),
        margin=read_margin(table.table("margin"), currencies),
    )
    for beside in ("node", "traders", "web"):  # how a node runs, not what it trades: app.node
        table.table(beside)
    table.finish()
    return configuration


def _calendar(table: Table) -> Calendar:
    exchange = table.optional_text("exchange")
    weekend = table.integers("weekend", (5, 6), 0, 6)
    holidays = table.dates("holidays")
    if exchange is not None:
        try:
            weekend, closed = exchange_calendar(exchange)
            holidays = tuple(sorted({*holidays, *closed}))
        except ValueError as error:
            table.mistake("exchange", str(error))
    table.finish()
    return Calendar(weekend=weekend, holidays=holidays)


def _currency(table: Table) -> Currency:
    currency = Currency(digits=table.integer("digits", 2, 0, 9), calendar=table.optional_text("calendar"))
    table.finish()
    return currency


def _instrument(table: Table) -> Instrument:
    schedule = table.optional_text("schedule")
    features = _features(table)
    instrument = Instrument(
        **features,
        symbol=table.word("symbol"),
        kind=table.choice("kind", InstrumentKind),
        currency=table.text("currency"),
        tick=table.decimal("tick"),
        lot=table.decimal("lot", "1"),
        isin=table.word("isin", ""),
        base=table.word("base", ""),
        cycle=table.integer("cycle", 1, 0, 5),
        calendar=table.optional_text("calendar"),
        schedule=schedule,
        contract_size=table.decimal("contract_size", "1"),
        expiry=table.optional_date("expiry"),
        strike=table.optional_decimal("strike"),
        option_type=table.optional_word("option_type", ("CALL", "PUT")),
        underlying=table.optional_text("underlying"),
        max_quantity=table.optional_decimal("max_quantity"),
        max_price=table.optional_decimal("max_price"),
        min_price=table.optional_signed("min_price"),
        min_display=table.optional_decimal("min_display"),
        reference_price=table.optional_signed("reference_price"),
        static_band=table.optional_decimal("static_band"),
        stp_default=table.one_of("stp_default", STP_MODES, "NONE"),
        maker_ppm=table.optional_integer("maker_ppm", -1_000_000, 1_000_000),
        taker_ppm=table.optional_integer("taker_ppm", -1_000_000, 1_000_000),
        initial_state=_initial_state(table, schedule),
        credit=table.choice("credit", CreditModel, CreditModel.NONE),
        resale=table.choice("resale", Resale, Resale.IMMEDIATE),
        on_negative=table.choice("on_negative", OnNegative, OnNegative.BLOCK),
        margin_per_lot=table.decimal("margin_per_lot", "0"),
        policy=table.optional_word("policy", POLICIES),
    )
    table.finish()
    return instrument


def _initial_state(table: Table, schedule: str | None) -> str:
    """A market with a schedule is CLOSED until its first session."""
    if schedule is None:
        return table.one_of("initial_state", STATES, "CONTINUOUS")
    if table.one_of("initial_state", STATES, "CLOSED") != "CLOSED":
        table.expected("initial_state", 'nothing or "CLOSED" beside a schedule')
    return "CLOSED"


def _features(table: Table) -> dict[str, Any]:
    """What only some markets use: auctions, collars, protection, allocation by size, combinations."""
    return {
        "auction_ppm": table.integer("auction_ppm", 0, 0, 1_000_000),
        "collar": table.optional_decimal("collar"),
        "collar_action": table.one_of("collar_action", COLLAR_ACTIONS, "CAP"),
        "volatility_call_ns": table.duration_ns("volatility_call"),
        "auction_band": table.optional_decimal("auction_band"),
        "extension_ns": table.duration_ns("extension"),
        "max_extensions": table.integer("max_extensions", 0, 0, 1_000_000),
        "protection": table.optional_decimal("protection"),
        "post_only": table.one_of("post_only", POST_ONLY_MODES, "REJECT"),
        "alloc": table.one_of("alloc", ALLOCATIONS, "FIFO"),
        "pr_min": table.optional_decimal("pr_min"),
        "fifo_pct": table.optional_integer("fifo_pct", 0, 100),
        "top_order": table.boolean("top_order", False),
        "legs": table.optional_pair("legs"),
    }


def _member(table: Table) -> Member:
    default = (AccountType.HOUS, AccountType.CLIE)
    member = Member(name=table.word("name"), accounts=table.choices("accounts", AccountType, default))
    table.finish()
    return member


def _account(table: Table) -> TradingAccount:
    account = TradingAccount(
        number=table.integer("number", None, 1, MAX_ACCOUNT),
        member=table.text("member"),
        account=table.choice("account", AccountType, AccountType.HOUS),
        stp_group=table.integer("stp_group", 0, 0, 2**31 - 1),
        account_class=table.integer("account_class", 0, 0, 7),
    )
    table.finish()
    return account


def _credit(table: Table) -> dict[str, str]:
    return {name: table.decimal(name) for name in table.values}


def _clearing(table: Table) -> ClearingSwitches:
    switches = ClearingSwitches(
        amount_rounding=table.one_of("amount_rounding", ("HALF_UP", "EXACT"), "HALF_UP"),
        late_trades=table.one_of("late_trades", ("NEXT", "REJECT"), "NEXT"),
        settle_count=table.one_of("settle_count", ("COMPOSITE", "TRADING"), "COMPOSITE"),
        max_qty=table.integer("max_qty", 10**12, 1, LARGEST),
        max_amount=table.integer("max_amount", 10**15, 1, LARGEST),
        max_decimals=table.integer("max_decimals", 9, 0, 18),
        version_policy=table.one_of("version_policy", ("LATEST", "STRICT"), "LATEST"),
        policy=table.one_of("policy", POLICIES, "CNS"),
        partials=table.boolean("partials", True),
        lot_order=table.one_of("lot_order", ("OLDEST", "NEWEST"), "OLDEST"),
        mark=table.one_of("mark", ("DAILY", "NONE"), "DAILY"),
        charge_days=table.one_of("charge_days", ("BUSINESS", "CALENDAR"), "BUSINESS"),
        fail_charge_to=table.one_of("fail_charge_to", ("RECEIVERS", "CCP"), "RECEIVERS"),
        fail_ppm=table.integer("fail_ppm", 0, 0, MOST_PPM),
        cash_fail_ppm=table.integer("cash_fail_ppm", 0, 0, MOST_PPM),
        arrears_ppm=table.integer("arrears_ppm", 0, 0, MOST_PPM),
        buyin_days=table.integer("buyin_days", 3, 0, LONGEST_DAYS),
        buyin_notice=table.integer("buyin_notice", 1, 0, LONGEST_DAYS),
        buckets=table.integers("buckets", (1, 5), 1, LONGEST_DAYS),
        alloc_key=table.optional_text("alloc_key") or "",
    )
    table.finish()
    return switches


def _simulation(table: Table) -> Simulation:
    simulation = Simulation(
        seed=table.integer("seed", 1, 0, 2**63 - 1), orders=table.integer("orders", 200_000, 1, 10**9)
    )
    table.finish()
    return simulation
