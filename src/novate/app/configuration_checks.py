"""What single fields cannot tell: names that must exist, that must be unique, that must fit together.

    Configuration --> ["instruments[2].calendar: expected one of NYSE, XETR, was \"NYCE\"", ...]

The numbers of one instrument are checked by `novate.domain.defects`; here are the references between tables.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterable, Iterator

from novate.app.configuration_margin import margin_mistakes
from novate.app.configuration_schedules import schedule_mistakes
from novate.domain.configuration import Calendar, Configuration
from novate.domain.defects import instrument_defects
from novate.domain.feature_defects import leg_defects
from novate.domain.instruments import CreditModel, Instrument, InstrumentKind
from novate.domain.resolve import (
    AMOUNT_LIMIT,
    SUMMED_LIMIT,
    assets,
    credit_units,
    decimal_fraction,
    largest_order,
    notional_multiplier,
)

FIRST_DATE, LAST_DATE = "1970-01-01", "2261-12-31"
STRIKE_LIMIT = 10**12
RESERVED_MEMBERS = ("CCP", "WORLD")
"""Parties that the clearing house itself uses (C3)."""


def check(configuration: Configuration) -> list[str]:
    """Every mistake, as "place: what was expected, what was found"; empty when all is well."""
    return [
        *_business_date(configuration),
        *_calendars(configuration),
        *_instruments(configuration),
        *schedule_mistakes(configuration),
        *_combinations(configuration),
        *_members(configuration),
        *_accounts(configuration),
        *_credit(configuration),
        *margin_mistakes(configuration),
    ]


def known(place: str, name: str, names: Iterable[str], what: str) -> Iterator[str]:
    """A mistake if `name` is not among `names`, with the nearest one as a hint."""
    names = list(names)
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        yield f'{place}: expected a configured {what}, was "{name}"; did you mean "{near[0]}"?'
    else:
        listed = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") if names else "none"
        yield f'{place}: expected a configured {what} ({listed}), was "{name}"'


def unique(kind: str, field: str, names: Iterable[str]) -> Iterator[str]:
    """A mistake for every name that stood earlier already."""
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name in first:
            other = f"{kind}[{first[name]}]"
            yield f'{kind}[{index}].{field}: expected a value of its own, was "{name}" as in {other}'
        first.setdefault(name, index)


def _business_date(configuration: Configuration) -> Iterator[str]:
    """A day whose nanoseconds fit 64 bits, and on which trades would be accepted for clearing somewhere."""
    date = configuration.business_date
    if not FIRST_DATE <= date <= LAST_DATE:
        yield f"business_date: expected a date from {FIRST_DATE} to {LAST_DATE}, was {date}"
        return
    day = datetime.date.fromisoformat(date)
    names = {one.calendar for one in configuration.instruments}
    calendars = [configuration.calendars.get(name or "", Calendar()) for name in names]
    if calendars and not any(_trades(calendar, day) for calendar in calendars):
        found = f"{date}, a {day:%A} on which all of them are closed"
        yield f"business_date: expected a trading day of at least one market, was {found}"


def _trades(calendar: Calendar, day: datetime.date) -> bool:
    return day.weekday() not in calendar.weekend and day.isoformat() not in calendar.holidays


def _calendars(configuration: Configuration) -> Iterator[str]:
    for name, calendar in configuration.calendars.items():
        if len(set(calendar.weekend)) == 7:
            yield f"calendars.{name}.weekend: expected at least one open weekday, was all seven"
    for field, used in (("house", configuration.house), ("depository", configuration.depository)):
        if used is not None:
            yield from known(field, used, configuration.calendars, "calendar")
    for name, currency in configuration.currencies.items():
        if currency.calendar is not None:
            yield from known(
                f"currencies.{name}.calendar", currency.calendar, configuration.calendars, "calendar"
            )


def _instruments(configuration: Configuration) -> Iterator[str]:
    instruments = configuration.instruments
    yield from unique("instruments", "symbol", (instrument.symbol for instrument in instruments))
    yield from unique("instruments", "isin", (instrument.clearing_id for instrument in instruments))
    symbols = {instrument.symbol for instrument in instruments}
    calendars = list(configuration.calendars)
    for index, instrument in enumerate(instruments):
        place = f"instruments[{index}]"
        if instrument.currency not in configuration.currencies:
            yield from known(f"{place}.currency", instrument.currency, configuration.currencies, "currency")
        if instrument.calendar is not None and instrument.calendar not in configuration.calendars:
            yield from known(f"{place}.calendar", instrument.calendar, calendars, "calendar")
        if instrument.schedule is not None:
            yield from known(f"{place}.schedule", instrument.schedule, configuration.schedules, "schedule")
        if instrument.symbol in configuration.currencies and instrument.kind is not InstrumentKind.SPOT:
            yield f'{place}.symbol: expected a name that no currency has, was "{instrument.symbol}"'
        if instrument.base and instrument.base in symbols - {instrument.symbol}:
            yield f'{place}.base: expected a name that no instrument has, was "{instrument.base}"'
        yield from _never_settles(place, instrument, configuration)
        yield from _specification(place, instrument)
        defects = instrument_defects(instrument, configuration.currencies)
        for defect in defects:
            yield f"{place}.{defect.field}: {defect.message}"
        if configuration.limits and not defects and instrument.currency in configuration.currencies:
            yield from _summed_notional(place, instrument, configuration)
        if instrument.underlying is not None:
            others = symbols - {instrument.symbol}
            yield from known(f"{place}.underlying", instrument.underlying, sorted(others), "instrument")
        if instrument.expiry is not None and instrument.expiry < configuration.business_date:
            expected = f"expected no date before the business date {configuration.business_date}"
            yield f"{place}.expiry: {expected}, was {instrument.expiry}"
        if instrument.base in configuration.currencies:
            yield from _base_currency(place, instrument, configuration)


def _combinations(configuration: Configuration) -> Iterator[str]:
    """Legs are two other instruments of the same kind of thing, and of one combination only (R70)."""
    by_symbol = {one.symbol: one for one in configuration.instruments}
    taken: dict[str, str] = {}
    for index, instrument in enumerate(configuration.instruments):
        if instrument.legs is None:
            continue
        place = f"instruments[{index}].legs"
        if instrument.legs[0] == instrument.legs[1]:
            yield f'{place}: expected two different instruments, was "{instrument.legs[0]}" twice'
            continue
        others = [symbol for symbol in by_symbol if symbol != instrument.symbol]
        for symbol in instrument.legs:
            if symbol not in others:
                yield from known(place, symbol, others, "other instrument")
                continue
            for reason in leg_defects(instrument, by_symbol[symbol]):
                yield f"{place}: expected a leg {symbol} {reason}"
            if symbol in taken:
                yield f"{place}: expected legs of no other combination, was {symbol} of {taken[symbol]}"
            taken[symbol] = instrument.symbol


def _summed_notional(place: str, instrument: Instrument, configuration: Configuration) -> Iterator[str]:
    """With limits the notionals of open orders are summed, so that each must be smaller (K20)."""
    multiplier = notional_multiplier(instrument, configuration.currencies[instrument.currency]).numerator
    price, quantity = largest_order(instrument, multiplier)
    product = price * quantity * multiplier
    if product > SUMMED_LIMIT:
        yield (
            f"{place}.max_quantity: expected max_quantity x max_price x multiplier up to 2**40, because"
            f" limits = true (K20), was {product}; give a smaller max_quantity or max_price"
        )


def _never_settles(place: str, instrument: Instrument, configuration: Configuration) -> Iterator[str]:
    """Calendars whose weekends leave no common open weekday: nothing would ever settle (C4)."""
    currency = configuration.currencies.get(instrument.currency)
    names = [instrument.calendar, currency.calendar if currency else None]
    names += [configuration.depository, configuration.house]
    open_days = set(range(7))
    for calendar in names:
        open_days -= set(configuration.calendars.get(calendar or "", Calendar()).weekend)
    if not open_days:
        used = ", ".join(name or "Monday to Friday" for name in names)
        expected = "expected a weekday on which market, bank, depository and house are open"
        yield f"{place}.calendar: {expected}, was {used}"


def _specification(place: str, instrument: Instrument) -> Iterator[str]:
    """Options have a strike, a type and an expiry, futures an expiry, others none; only spot has a base."""
    needed = {
        InstrumentKind.FUTURE: ("expiry",),
        InstrumentKind.OPTION: ("expiry", "strike", "option_type"),
    }.get(instrument.kind, ())
    for field in ("expiry", "strike", "option_type"):
        value = getattr(instrument, field)
        if field in needed and value is None:
            yield f"{place}.{field}: expected a value for kind {instrument.kind.value}, was nothing"
        if field not in needed and value is not None:
            yield f'{place}.{field}: expected nothing for kind {instrument.kind.value}, was "{value}"'
    if instrument.strike is not None and not 0 < decimal_fraction(instrument.strike) < STRIKE_LIMIT:
        yield f'{place}.strike: expected a decimal above 0 and below 10**12, was "{instrument.strike}"'
    if instrument.base and instrument.kind is not InstrumentKind.SPOT:
        yield f'{place}.base: expected nothing for kind {instrument.kind.value}, was "{instrument.base}"'


def _base_currency(place: str, instrument: Instrument, configuration: Configuration) -> Iterator[str]:
    """A spot base that is a currency is counted in that currency's minor units."""
    digits = configuration.currencies[instrument.base].digits
    try:
        credit_units(instrument.lot, assets(configuration)[instrument.base])
    except ValueError:
        message = f"expected at most {digits} digits behind the point, as many as {instrument.base} has"
        yield f"{place}.lot: {message}, was {instrument.lot}"


def _members(configuration: Configuration) -> Iterator[str]:
    yield from unique("members", "name", (member.name for member in configuration.members))
    for index, member in enumerate(configuration.members):
        if member.name in RESERVED_MEMBERS:
            yield f'members[{index}].name: expected a name other than CCP and WORLD, was "{member.name}"'


def _accounts(configuration: Configuration) -> Iterator[str]:
    yield from unique("accounts", "number", (str(account.number) for account in configuration.accounts))
    members = {member.name: member for member in configuration.members}
    for index, account in enumerate(configuration.accounts):
        if account.member not in members:
            yield from known(f"accounts[{index}].member", account.member, members, "member")
        elif account.account not in members[account.member].accounts:
            held = ", ".join(kind.value for kind in members[account.member].accounts)
            expected = f"expected an account type that {account.member} has ({held})"
            yield f'accounts[{index}].account: {expected}, was "{account.account.value}"'
        if account.number == configuration.fee_account:
            yield f"accounts[{index}].number: expected a number other than fee_account, was {account.number}"


def _credit(configuration: Configuration) -> Iterator[str]:
    currencies = set(configuration.currencies)
    if any(instrument.currency not in currencies for instrument in configuration.instruments):
        return
    table = assets(configuration)
    for name, amount in configuration.credit.items():
        if name not in table:
            yield from known(f"credit.{name}", name, table, "currency or delivered asset")
            continue
        try:
            granted = credit_units(amount, table[name]) * max(1, len(configuration.accounts))
        except ValueError as error:
            yield f"credit.{name}: {error}"
            continue
        if granted >= AMOUNT_LIMIT:
            yield f"credit.{name}: expected less than 2**62 units over all accounts, was {granted}"
    uses = any(instrument.credit is not CreditModel.NONE for instrument in configuration.instruments)
    if configuration.credit and not uses:
        yield 'credit: expected an instrument with credit = "deliverable" or "margined", found none'
