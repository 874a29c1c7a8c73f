"""What netting saves: gross before, net after (C25).

    NETTED  per cycle and instrument    legs 6 -> rows 3    to deliver 210 -> 60    to pay 210 -> 60
    CYCLE   per cycle and currency      sums, saved_ppm = floor((gross - net) * 10**6 / gross)
    MEMBER  per party and currency      the same money from one member's side

Only what is delivered is netted here; futures and perpetuals make positions (`positions`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from novate.clearing.netting import Nets
from novate.clearing.obligations import cycle_name
from novate.clearing.terms import ClearingTerms
from novate.domain.units import div_floor

PPM = 10**6
T = TypeVar("T")
Maker = Callable[[int, int, ClearingTerms], T]


class Netted(msgspec.Struct, kw_only=True):
    """NETTED of C50."""

    cycle: str
    isin: str
    legs: int = 0
    rows: int = 0
    gross_qty: int = 0
    net_qty: int = 0
    gross_pay: int = 0
    net_pay: int = 0


class CycleTotals(msgspec.Struct, kw_only=True):
    """CYCLE of C50."""

    cycle: str
    ccy: str
    legs: int = 0
    rows: int = 0
    gross_pay: int = 0
    net_pay: int = 0

    @property
    def saved_ppm(self) -> int:
        return saved_ppm(self.gross_pay, self.net_pay)


class MemberNetting(msgspec.Struct, kw_only=True):
    """Money of one party in one currency over all cycles: what it would have paid and received, and does."""

    member: str
    account: str
    ccy: str
    legs: int = 0
    rows: int = 0
    gross_pay: int = 0
    gross_receive: int = 0
    net_pay: int = 0
    net_receive: int = 0


class Efficiency(msgspec.Struct, frozen=True, kw_only=True):
    """All three views, each in ascending order of its key."""

    netted: list[Netted]
    cycles: list[CycleTotals]
    members: list[MemberNetting]


def saved_ppm(gross_pay: int, net_pay: int) -> int:
    """Millionths of the gross payments that netting made unnecessary; 0 if there were none."""
    return div_floor((gross_pay - net_pay) * PPM, gross_pay) if gross_pay else 0


def efficiency(nets: Nets, terms: ClearingTerms) -> Efficiency:
    """Gross and net of all keys, also of those that were netted to nothing."""
    netted: dict[tuple[int, int], Netted] = {}
    cycles: dict[tuple[int, int], CycleTotals] = {}
    members: dict[tuple[int, int], MemberNetting] = {}
    for day, currency, party, instrument, quantity, amount, legs, received, paid in zip(
        nets.cycle_day, nets.currency, nets.party, nets.instrument, nets.quantity, nets.amount,
        nets.gross_legs, nets.received, nets.paid, strict=True,
    ):  # fmt: skip
        # A million nets share a few thousand entries: an entry is made only where there is none.
        per_isin = netted.get((day, instrument)) or _first(netted, (day, instrument), _netted, terms)
        per_ccy = cycles.get((day, currency)) or _first(cycles, (day, currency), _cycle_totals, terms)
        per_member = members.get((party, currency)) or _first(members, (party, currency), _member, terms)
        per_isin.gross_qty += received - quantity
        per_isin.net_qty += max(-quantity, 0)
        per_member.gross_receive += paid + amount
        per_member.net_receive += max(amount, 0)
        is_row = 1 if quantity or amount else 0
        net_pay = max(-amount, 0)
        for one in (per_isin, per_ccy, per_member):
            one.legs += legs
            one.rows += is_row
            one.gross_pay += paid
            one.net_pay += net_pay
    return Efficiency(
        netted=[netted[key] for key in sorted(netted)],
        cycles=[cycles[key] for key in sorted(cycles)],
        members=[members[key] for key in sorted(members)],
    )


def _first(found: dict[tuple[int, int], T], key: tuple[int, int], make: Maker[T], terms: ClearingTerms) -> T:
    found[key] = entry = make(*key, terms)
    return entry


def _netted(day: int, instrument: int, terms: ClearingTerms) -> Netted:
    return Netted(cycle=cycle_name(day)[0], isin=terms.instruments[instrument].isin)


def _cycle_totals(day: int, currency: int, terms: ClearingTerms) -> CycleTotals:
    return CycleTotals(cycle=cycle_name(day)[0], ccy=terms.currencies[currency])


def _member(party: int, currency: int, terms: ClearingTerms) -> MemberNetting:
    member, account = terms.parties[party]
    return MemberNetting(member=member, account=account, ccy=terms.currencies[currency])
