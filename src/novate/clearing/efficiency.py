"""What netting saves: gross before, net after (C25).

    NETTED  per cycle and instrument    legs 6 -> rows 3    to deliver 210 -> 60    to pay 210 -> 60
    CYCLE   per cycle and currency      sums, saved_ppm = floor((gross - net) * 10**6 / gross)
    MEMBER  per party and currency      the same money from one member's side

Only what is delivered is netted here; futures and perpetuals make positions (`positions`).
"""

from __future__ import annotations

import msgspec

from novate.clearing.netting import Nets
from novate.clearing.obligations import cycle_name
from novate.clearing.terms import ClearingTerms
from novate.domain.units import div_floor

PPM = 10**6


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
    netted: dict[tuple[str, str], Netted] = {}
    cycles: dict[tuple[str, str], CycleTotals] = {}
    members: dict[tuple[str, str, str], MemberNetting] = {}
    for i in range(len(nets)):
        cycle, _ = cycle_name(nets.cycle_day[i])
        isin = terms.instruments[nets.instrument[i]].isin
        ccy = terms.currencies[nets.currency[i]]
        member, account = terms.parties[nets.party[i]]
        per_isin = netted.setdefault((cycle, isin), Netted(cycle=cycle, isin=isin))
        per_ccy = cycles.setdefault((cycle, ccy), CycleTotals(cycle=cycle, ccy=ccy))
        per_member = members.setdefault(
            (member, account, ccy), MemberNetting(member=member, account=account, ccy=ccy)
        )
        quantity, amount = nets.quantity[i], nets.amount[i]
        per_isin.gross_qty += nets.received[i] - quantity
        per_isin.net_qty += max(-quantity, 0)
        per_member.gross_receive += nets.paid[i] + amount
        per_member.net_receive += max(amount, 0)
        for one in (per_isin, per_ccy, per_member):
            one.legs += nets.gross_legs[i]
            one.rows += 1 if quantity or amount else 0
            one.gross_pay += nets.paid[i]
            one.net_pay += max(-amount, 0)
    return Efficiency(
        netted=[netted[key] for key in sorted(netted)],
        cycles=[cycles[key] for key in sorted(cycles)],
        members=[members[key] for key in sorted(members)],
    )
