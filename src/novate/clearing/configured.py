"""The terms of a clearing house of many days, from the configuration that people write.

    Configuration --> parties, accounts, instruments, currencies (sorted), calendars, switches --> HouseTerms

Instruments that are delivered only: futures and perpetuals make no obligations. A quantity is in units of
10**-digits of the instrument's lot, a price stays as it is written; `worth_factor` and `worth_decimals` say
what a unit at a price of 1 is worth.
"""

from __future__ import annotations

import datetime

from novate.clearing.house_terms import CCP, WORLD, HouseCurrency, HouseInstrument, HouseTerms, Switches
from novate.domain.calendar import OpenDays, settlement_calendar
from novate.domain.clearing_codes import Policy
from novate.domain.configuration import Configuration
from novate.domain.instruments import CreditModel, Instrument, InstrumentKind
from novate.domain.units import parse_decimal

UNDELIVERED = (InstrumentKind.FUTURE, InstrumentKind.PERPETUAL)


def house_terms_of(configuration: Configuration, start: datetime.date | None = None) -> HouseTerms:
    """The terms of a checked configuration; the first business date is its own unless one is given."""
    currencies = sorted(configuration.currencies)
    parties = {
        (member.name, account.value) for member in configuration.members for account in member.accounts
    }
    delivered = [one for one in configuration.instruments if one.kind not in UNDELIVERED]
    first = start or datetime.date.fromisoformat(configuration.business_date)
    return HouseTerms(
        start=first.toordinal(),
        parties=sorted({*parties, CCP, WORLD}),
        accounts=sorted({account for _, account in parties}),
        instruments=[
            _instrument(one, configuration, currencies)
            for one in sorted(delivered, key=lambda one: one.clearing_id)
        ],
        currencies=[
            HouseCurrency(
                name=name,
                digits=configuration.currencies[name].digits,
                bank=_open_days(configuration, configuration.currencies[name].calendar),
            )
            for name in currencies
        ],
        house=_open_days(configuration, configuration.house),
        switches=_switches(configuration),
    )


def quantity_digits(instrument: Instrument) -> int:
    """Digits behind the point of a quantity, which are those of the lot."""
    return parse_decimal(instrument.lot)[1]


def _open_days(configuration: Configuration, name: str | None) -> OpenDays:
    return OpenDays(configuration.calendars[name] if name is not None else None)


def _switches(configuration: Configuration) -> Switches:
    found = configuration.clearing
    return Switches(
        **{  # type: ignore[arg-type]  # Checked word by word where the file was read.
            name: list(getattr(found, name)) if name == "buckets" else getattr(found, name)
            for name in Switches.__struct_fields__
        }
    )


def _instrument(one: Instrument, configuration: Configuration, currencies: list[str]) -> HouseInstrument:
    contract, contract_decimals = parse_decimal(one.contract_size)
    return HouseInstrument(
        name=one.clearing_id,
        currency=currencies.index(one.currency),
        cycle=one.cycle,
        policy=Policy[one.policy or configuration.clearing.policy],
        calendar=settlement_calendar(configuration, one),
        worth_factor=contract,
        worth_decimals=quantity_digits(one) + contract_decimals,
        moves_credit=one.credit is not CreditModel.NONE,
    )
