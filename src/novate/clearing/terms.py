"""What clearing is run with: the configuration as numbered, sorted tables.

    parties      0..P-1   (member, account), ascending          CCP and WORLD are not among them
    instruments  0..I-1   by clearing id (ISIN), ascending
    currencies   0..C-1   by name, ascending

Because the tables are sorted by the UTF-8 order of C's rules, comparing numbers is comparing names, and
sorting a column of numbers sorts the file.

Money of a trade = quantity * price * amount_numerator / (amount_denominator * 10**price_decimals), exact:
quantity in units of 10**-quantity_digits, price the digits of its text.
"""

from __future__ import annotations

import datetime

import msgspec

from novate.domain.calendar import OpenDays, SettlementCalendar, settlement_calendar
from novate.domain.configuration import Configuration
from novate.domain.instruments import Instrument, InstrumentKind
from novate.domain.units import parse_decimal, parse_signed

Party = tuple[str, str]


class InstrumentTerms(msgspec.Struct, frozen=True, kw_only=True):
    """One instrument as clearing sees it."""

    isin: str
    symbol: str
    currency: int
    cycle: int
    quantity_digits: int
    amount_numerator: int
    amount_denominator: int
    is_delivered: bool
    """False for futures and perpetuals: their trades make positions and no obligations (`netting`)."""
    takes_any_price: bool
    """True where prices may be zero or negative, as the market allows (R64)."""
    calendar: SettlementCalendar
    calendar_number: int
    """Equal for instruments of one trading calendar and one currency."""


class ClearingTerms(msgspec.Struct, frozen=True, kw_only=True):
    """All tables of one clearing house."""

    parties: list[Party]
    party_numbers: dict[Party, int]
    members: frozenset[str]
    instruments: list[InstrumentTerms]
    instrument_numbers: dict[str, int]
    """By clearing id and by symbol, so that a file may use either."""
    currencies: list[str]
    currency_digits: list[int]
    currency_numbers: dict[str, int]
    house: OpenDays
    amount_rounding: str
    late_trades: str
    settle_count: str
    max_qty: int
    max_amount: int
    max_decimals: int

    def cycle_date(self, instrument: int, due: datetime.date) -> datetime.date:
        """The date of the netting cycle that takes a leg due on `due` (C20): the first settlement day of
        the instrument, not before `due`, on which the house is open."""
        calendar = self.instruments[instrument].calendar
        day = due
        while not (calendar.is_settlement_day(day) and self.house.is_open(day)):
            day = calendar.next_settlement_day(day)
        return day


def clearing_terms(configuration: Configuration) -> ClearingTerms:
    """The tables of a checked configuration."""
    currencies = sorted(configuration.currencies)
    currency_numbers = {name: number for number, name in enumerate(currencies)}
    ordered = sorted(configuration.instruments, key=lambda instrument: instrument.clearing_id)
    calendars: dict[tuple[str | None, str], int] = {}
    instruments = [
        _instrument_terms(
            one,
            configuration,
            currency_numbers,
            calendars.setdefault((one.calendar, one.currency), len(calendars)),
        )
        for one in ordered
    ]
    numbers = {terms.symbol: number for number, terms in enumerate(instruments)}
    numbers.update({terms.isin: number for number, terms in enumerate(instruments)})
    parties = sorted(
        (member.name, account.value) for member in configuration.members for account in member.accounts
    )
    switches = configuration.clearing
    return ClearingTerms(
        parties=parties,
        party_numbers={party: number for number, party in enumerate(parties)},
        members=frozenset(member.name for member in configuration.members),
        instruments=instruments,
        instrument_numbers=numbers,
        currencies=currencies,
        currency_digits=[configuration.currencies[name].digits for name in currencies],
        currency_numbers=currency_numbers,
        house=OpenDays(configuration.calendars[configuration.house] if configuration.house else None),
        amount_rounding=switches.amount_rounding,
        late_trades=switches.late_trades,
        settle_count=switches.settle_count,
        max_qty=switches.max_qty,
        max_amount=switches.max_amount,
        max_decimals=switches.max_decimals,
    )


def _instrument_terms(
    instrument: Instrument,
    configuration: Configuration,
    currency_numbers: dict[str, int],
    calendar_number: int,
) -> InstrumentTerms:
    digits = configuration.currencies[instrument.currency].digits
    _, quantity_digits = parse_decimal(instrument.lot)
    contract, contract_decimals = parse_decimal(instrument.contract_size)
    return InstrumentTerms(
        isin=instrument.clearing_id,
        symbol=instrument.symbol,
        currency=currency_numbers[instrument.currency],
        cycle=instrument.cycle,
        quantity_digits=quantity_digits,
        amount_numerator=contract * 10**digits,
        amount_denominator=10 ** (quantity_digits + contract_decimals),
        is_delivered=instrument.kind not in (InstrumentKind.FUTURE, InstrumentKind.PERPETUAL),
        takes_any_price=instrument.min_price is not None and parse_signed(instrument.min_price)[0] <= 0,
        calendar=settlement_calendar(configuration, instrument),
        calendar_number=calendar_number,
    )
