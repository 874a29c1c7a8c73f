"""The configuration in the header of a clearing scenario, as terms of a clearing house.

    {"start": "2026-03-02", "currencies": {...}, "instruments": {...}, "members": {...}, ...}  -> HouseTerms

docs/clearing-scenario-format.md describes every key.
"""

from __future__ import annotations

import datetime
from typing import Any, Literal

import msgspec

from novate.app.conform_margin_terms import MarginJson, margin_terms
from novate.clearing.house_terms import CCP, WORLD, HouseCurrency, HouseInstrument, HouseTerms, Switches
from novate.domain.calendar import OpenDays, SettlementCalendar
from novate.domain.clearing_codes import Policy
from novate.domain.configuration import Calendar

Json = dict[str, Any]
PolicyName = Literal["CNS", "NET_NET", "GROSS_NET", "GROSS_GROSS"]


class _Calendar(msgspec.Struct, forbid_unknown_fields=True):
    holidays: list[datetime.date] = []
    weekend: tuple[int, ...] = (5, 6)


class _Currency(msgspec.Struct, forbid_unknown_fields=True):
    digits: int = 2
    calendar: str | None = None


class _Instrument(msgspec.Struct, forbid_unknown_fields=True):
    ccy: str
    calendar: str | None = None
    cycle: int = 1
    policy: PolicyName | None = None
    resale: Literal["immediate", "settled"] = "immediate"


class _Config(msgspec.Struct):
    start: datetime.date
    currencies: dict[str, _Currency]
    instruments: dict[str, _Instrument]
    members: dict[str, list[str]]
    calendars: dict[str, _Calendar] = {}
    house: str | None = None
    depository: str | None = None
    margin: MarginJson | None = None


def house_terms(config: Json) -> HouseTerms:
    """The terms of a configuration. ValueError saying what is wrong with it."""
    known = {*_Config.__struct_fields__, *Switches.__struct_fields__}
    if unknown := sorted(set(config) - known):
        raise ValueError(f"expected the keys of docs/clearing-scenario-format.md, was {unknown}")
    try:
        found = msgspec.convert(config, _Config)
        switches = msgspec.convert(
            {key: value for key, value in config.items() if key in Switches.__struct_fields__}, Switches
        )
    except msgspec.ValidationError as fault:
        raise ValueError(str(fault)) from fault
    currencies = sorted(found.currencies)
    if any(member in (CCP[0], WORLD[0]) for member in found.members):
        raise ValueError("expected members of other names than CCP and WORLD, which are reserved")
    members = {(member, account) for member, accounts in found.members.items() for account in accounts}
    return HouseTerms(
        start=found.start.toordinal(),
        parties=sorted({*members, CCP, WORLD}),
        accounts=sorted({account for _, account in members}),
        instruments=[
            _instrument(found, name, currencies, switches.policy) for name in sorted(found.instruments)
        ],
        currencies=[_currency(found, name) for name in currencies],
        house=_open_days(found, found.house),
        switches=switches,
        margin=margin_terms(found.margin, sorted(found.instruments), currencies) if found.margin else None,
    )


def _open_days(config: _Config, name: str | None) -> OpenDays:
    if name is None:
        return OpenDays(None)
    if name not in config.calendars:
        raise ValueError(f"expected a calendar of the configuration, was {name!r}")
    calendar = config.calendars[name]
    holidays = tuple(day.isoformat() for day in sorted(calendar.holidays))
    return OpenDays(Calendar(weekend=calendar.weekend, holidays=holidays))


def _currency(config: _Config, name: str) -> HouseCurrency:
    one = config.currencies[name]
    return HouseCurrency(name=name, digits=one.digits, bank=_open_days(config, one.calendar))


def _instrument(config: _Config, name: str, currencies: list[str], policy: PolicyName) -> HouseInstrument:
    one = config.instruments[name]
    contract = config.margin.contracts.get(name) if config.margin else None
    if one.ccy not in config.currencies:
        raise ValueError(f"expected a currency of the configuration for {name}, was {one.ccy!r}")
    calendar = SettlementCalendar(
        trading=_open_days(config, one.calendar),
        bank=_open_days(config, config.currencies[one.ccy].calendar),
        depository=_open_days(config, config.depository),
    )
    return HouseInstrument(
        name=name,
        currency=currencies.index(one.ccy),
        cycle=one.cycle,
        policy=Policy[one.policy or policy],
        calendar=calendar,
        worth_factor=contract.size if contract else 1,
        moves_credit=contract is None,
        resale_settled=contract is None and one.resale == "settled",
    )
