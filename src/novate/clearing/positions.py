"""Positions: what each party bought and sold of each instrument, delivered or not.

    (member, account, isin)   bought  sold  net    paid        received    trades
    ALPINE HOUS US00NOVA..       100   300  -200   18 260.00   54 750.00        4

Quantities in units of the instrument (10**-quantity_digits), money in minor units of its currency.
Invariant: over all parties of an instrument, bought equals sold and paid equals received.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np

from novate.clearing.lines import Column, Lines, Words, number_column, quoted
from novate.clearing.netting import Gross, Sums, totals
from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.columns import Int64s


class Position(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One party in one instrument; the fields are the columns of `positions.csv`."""

    member: str
    account: str
    isin: str
    ccy: str
    bought: int
    sold: int
    net_quantity: int
    paid_minor: int
    received_minor: int
    net_amount_minor: int
    legs: int


POSITION_COLUMNS = Position.__struct_fields__


class Positions(msgspec.Struct, frozen=True, kw_only=True):
    """All positions in ascending order of (member, account, isin), by the column."""

    party: Int64s
    instrument: Int64s
    bought: Sums
    sold: Sums
    paid: Sums
    received: Sums
    legs: Int64s
    terms: ClearingTerms

    def __len__(self) -> int:
        return len(self.party)

    @property
    def sums(self) -> dict[str, Sums]:
        """The last columns of the file, in their order."""
        return {
            "bought": self.bought,
            "sold": self.sold,
            "net_quantity": self.bought - self.sold,
            "paid_minor": self.paid,
            "received_minor": self.received,
            "net_amount_minor": self.received - self.paid,
            "legs": self.legs,
        }

    def rows(self) -> Iterator[Position]:
        """One object for each."""
        sums = {name: column.tolist() for name, column in self.sums.items()}
        for i, (party, number) in enumerate(zip(self.party.tolist(), self.instrument.tolist(), strict=True)):
            member, account = self.terms.parties[party]
            one = self.terms.instruments[number]
            ccy = self.terms.currencies[one.currency]
            found = {name: column[i] for name, column in sums.items()}
            yield Position(member=member, account=account, isin=one.isin, ccy=ccy, **found)

    def lines(self) -> Iterator[memoryview]:
        """The lines of the file, in pieces, integers in the units of each instrument and currency."""
        terms = self.terms
        names = (
            (self.party, [member for member, _ in terms.parties]),
            (self.party, [account for _, account in terms.parties]),
            (self.instrument, [one.isin for one in terms.instruments]),
            (self.instrument, [terms.currencies[one.currency] for one in terms.instruments]),
        )
        columns: list[Column] = [Words(codes, [quoted(value) for value in values]) for codes, values in names]
        columns += [number_column(sums) for sums in self.sums.values()]
        yield from Lines(columns).pieces(len(self))


def positions(found: Gross, terms: ClearingTerms) -> Positions:
    """Gross sums over all cycles."""
    columns = {name: getattr(found, name) for name in ("bought", "sold", "paid", "received", "legs")}
    party, instrument = found.party, found.instrument
    if len(found) and found.cycle_day[0] != found.cycle_day[-1]:
        width = max(len(terms.instruments), 1)
        keys, group = np.unique(party * width + instrument, return_inverse=True)
        party, instrument = np.divmod(keys, width)
        columns = {name: totals(column, group, len(keys)) for name, column in columns.items()}
    return Positions(party=party, instrument=instrument, terms=terms, **columns)
