"""`--adopt`: what a bare trade file implies, taken as its configuration.

    members and accounts    as they occur                 settlement    N weekdays after the trade date
    instruments             as they occur, one currency   calendar      Monday to Friday, no holidays
    currencies              as they occur, digits by ISO 4217 (2 where the list below says nothing)

What a given configuration names already stays as it is there. The result depends on which rows the file
holds and not on their order. Names that could not stand in a file are not adopted; their rows are refused.
"""

from __future__ import annotations

from collections import Counter

import msgspec
import numpy as np

from novate.app.configuration_checks import RESERVED_MEMBERS
from novate.app.configuration_fields import WORD
from novate.clearing.trades.columns import PIECE, Coded, Int64s, TradeColumns, pieces
from novate.domain.configuration import Configuration, Currency
from novate.domain.currencies import iso_digits
from novate.domain.instruments import Instrument, InstrumentKind
from novate.domain.members import AccountType, Member
from novate.domain.units import parse_decimal

MOST_QUANTITY_DIGITS = 9


def adopt_from_file(
    columns: TradeColumns, configuration: Configuration | None, settle_days: int
) -> Configuration:
    """The configuration with everything that the file names in addition."""
    base = configuration or Configuration(
        name="Adopted from a trade file",
        business_date="1970-01-01",
        currencies={},
        instruments=(),
        members=(),
        accounts=(),
    )
    currencies = dict(base.currencies)
    for name in sorted(columns.currency.values):
        if WORD.fullmatch(name) and name not in currencies:
            currencies[name] = Currency(digits=iso_digits(name))
    return msgspec.structs.replace(
        base,
        currencies=currencies,
        members=_members(columns, base),
        instruments=(*base.instruments, *_instruments(columns, base, currencies, settle_days)),
    )


def _members(columns: TradeColumns, base: Configuration) -> tuple[Member, ...]:
    accounts = {member.name: set(member.accounts) for member in base.members}
    kinds = {kind.value: kind for kind in AccountType}
    for member, account in (
        (columns.buyer_member, columns.buyer_account),
        (columns.seller_member, columns.seller_account),
    ):
        for name, kind in _pairs(member, account):
            if WORD.fullmatch(name) and name not in RESERVED_MEMBERS and kind in kinds:
                accounts.setdefault(name, set()).add(kinds[kind])
    known = {member.name: number for number, member in enumerate(base.members)}
    order = sorted(accounts, key=lambda name: (known.get(name, len(known)), name))
    return tuple(
        Member(name=name, accounts=tuple(sorted(accounts[name], key=lambda kind: kind.value)))
        for name in order
    )


def _instruments(
    columns: TradeColumns, base: Configuration, currencies: dict[str, Currency], settle_days: int
) -> list[Instrument]:
    """Every instrument that no configuration names, in the currency that most of its rows give."""
    known = {one.clearing_id for one in base.instruments} | {one.symbol for one in base.instruments}
    votes: dict[str, Counter[str]] = {}
    for (name, currency), count in _pairs(columns.instrument, columns.currency).items():
        if WORD.fullmatch(name) and name not in known and currency in currencies:
            votes.setdefault(name, Counter())[currency] += count
    digits = _quantity_digits(columns)
    return [
        Instrument(
            symbol=name,
            kind=InstrumentKind.EQUITY,
            currency=min(votes[name], key=lambda currency: (-votes[name][currency], currency)),
            tick="1",
            lot="1" if not digits[name] else "0." + "1".rjust(digits[name], "0"),
            cycle=settle_days,
        )
        for name in sorted(votes)
    ]


def _quantity_digits(columns: TradeColumns) -> dict[str, int]:
    """Most digits behind the point of any quantity of each instrument."""
    digits = columns.quantity.table(_digits)
    most = np.zeros(len(columns.instrument.values), np.int64)
    if digits.any():
        np.maximum.at(most, columns.instrument.codes, columns.quantity.look_up(digits))
    return dict(zip(columns.instrument.values, most.tolist(), strict=True))


def _pairs(first: Coded, second: Coded) -> Counter[tuple[str, str]]:
    """How often each pair of texts of two columns occurs."""
    found: Counter[tuple[str, str]] = Counter()
    width = max(len(second.values), 1)
    cells = np.zeros(len(first.values) * width if len(first.values) * width <= PIECE else 0, np.int64)
    for start, end in pieces(len(first.codes)):
        keys = first.codes[start:end].astype(np.int64) * width + second.codes[start:end]
        if len(cells):
            cells += np.bincount(keys, minlength=len(cells))
        else:
            distinct, counts = np.unique(keys, return_counts=True)
            found.update(_named(first, second, distinct, counts))
    places = np.flatnonzero(cells)
    found.update(_named(first, second, places, cells[places]))
    return found


def _named(first: Coded, second: Coded, keys: Int64s, counts: Int64s) -> dict[tuple[str, str], int]:
    width = len(second.values)
    return {
        (first.values[key // width], second.values[key % width]): count
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True)
    }


def _digits(text: str) -> int:
    try:
        decimals = parse_decimal(text)[1]
    except ValueError:
        return 0
    return decimals if decimals <= MOST_QUANTITY_DIGITS else 0
