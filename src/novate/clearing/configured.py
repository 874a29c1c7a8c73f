"""The terms of a clearing house of many days, from the configuration that people write.

    Configuration --> parties, accounts, instruments, currencies (sorted), calendars, switches --> HouseTerms

Instruments that are delivered only; a house with margin clears futures too. A quantity is in units of
10**-digits of the instrument's lot, a price stays as it is written; `worth_factor` and `worth_decimals` say
what a unit at a price of 1 is worth.
"""

from __future__ import annotations

import datetime

import msgspec

from novate.clearing.chart import BalanceBook
from novate.clearing.house_terms import CCP, WORLD, HouseCurrency, HouseInstrument, HouseTerms, Switches
from novate.clearing.margin_day.terms import ContractTerms, EligibleAsset, MarginTerms
from novate.domain.calendar import OpenDays, settlement_calendar
from novate.domain.clearing_codes import LossLayer, MarginStyle, Policy
from novate.domain.configuration import Configuration
from novate.domain.instruments import CreditModel, Instrument, InstrumentKind, Resale
from novate.domain.units import parse_decimal

UNDELIVERED = (InstrumentKind.FUTURE, InstrumentKind.PERPETUAL)
STYLES = {InstrumentKind.FUTURE: MarginStyle.FUTURE, InstrumentKind.OPTION: MarginStyle.PREMIUM}
"""Of a house with margin (M2)."""


def house_terms_of(configuration: Configuration, start: datetime.date | None = None) -> HouseTerms:
    """The terms of a checked configuration; the first business date is its own unless one is given."""
    currencies = sorted(configuration.currencies)
    parties = {
        (member.name, account.value) for member in configuration.members for account in member.accounts
    }
    cleared = cleared_instruments(configuration)
    first = start or datetime.date.fromisoformat(configuration.business_date)
    return HouseTerms(
        start=first.toordinal(),
        parties=sorted({*parties, CCP, WORLD}),
        accounts=sorted({account for _, account in parties}),
        instruments=[_instrument(one, configuration, currencies) for one in cleared],
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
        margin=_margin(configuration, [one.clearing_id for one in cleared], currencies),
    )


def is_margined(one: Instrument, configuration: Configuration) -> bool:
    """Does a position in it stay open (M2)? Futures and options of a house with margin."""
    return one.kind in STYLES and not isinstance(configuration.margin, msgspec.UnsetType)


def cleared_instruments(configuration: Configuration) -> list[Instrument]:
    """What the house clears, by clearing id: what is delivered, and what is margined."""
    found = [
        one
        for one in configuration.instruments
        if one.kind not in UNDELIVERED or is_margined(one, configuration)
    ]
    return sorted(found, key=lambda one: one.clearing_id)


def _margin(
    configuration: Configuration, instruments: list[str], currencies: list[str]
) -> MarginTerms | None:
    found = configuration.margin
    if isinstance(found, msgspec.UnsetType):
        return None
    return MarginTerms(
        currency=currencies.index(found.currency),
        contracts={
            instruments.index(one.clearing_id): ContractTerms(
                style=STYLES[one.kind], expiry=datetime.date.fromisoformat(one.expiry or "").toordinal()
            )
            for one in cleared_instruments(configuration)
            if is_margined(one, configuration)
        },
        method=found.method,
        threshold=found.threshold,
        minimum_call=found.minimum_call,
        deadline_ns=found.deadline_ns,
        currency_haircut_ppm=found.currency_haircut_ppm,
        assessment_ppm=found.assessment_ppm,
        layers=[LossLayer[name] for name in found.layers],
        eligible=[
            EligibleAsset(
                book=BalanceBook.CASH if one.asset in currencies else BalanceBook.HOLDINGS,
                asset=(currencies if one.asset in currencies else instruments).index(one.asset),
                haircut_ppm=one.haircut_ppm,
                limit_ppm=one.limit_ppm,
            )
            for one in found.collateral
        ],
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
        moves_credit=one.credit is not CreditModel.NONE and not is_margined(one, configuration),
        resale_settled=one.credit is CreditModel.DELIVERABLE and one.resale is Resale.SETTLED,
    )
