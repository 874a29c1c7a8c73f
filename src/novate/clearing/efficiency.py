"""What netting saves: gross before, net after (C25).

    NETTED  per cycle and instrument    legs 6 -> rows 3    to deliver 210 -> 60    to pay 210 -> 60
    CYCLE   per cycle and currency      sums, saved_ppm = floor((gross - net) * 10**6 / gross)
    MEMBER  per party and currency      the same money from one member's side

Only what is delivered is netted here; futures and perpetuals make positions (`positions`).
"""

from __future__ import annotations

import msgspec
import numpy as np

from novate.clearing.netting import Nets, Sums, totals
from novate.clearing.obligations import cycle_name
from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.columns import Int64s
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
    days, day = np.unique(nets.cycle_day, return_inverse=True)
    width, currencies = max(len(terms.instruments), 1), max(len(terms.currencies), 1)
    columns: dict[str, Sums] = {
        "legs": nets.legs,
        "rows": nets.is_row.astype(np.int64),
        "gross_qty": nets.received - nets.quantity,
        "net_qty": np.maximum(-nets.quantity, 0),
        "gross_pay": nets.paid,
        "net_pay": np.maximum(-nets.amount, 0),
        "gross_receive": nets.paid + nets.amount,
        "net_receive": np.maximum(nets.amount, 0),
    }
    netted = _grouped(day * width + nets.instrument, columns, Netted)
    members = _grouped(nets.party * currencies + nets.currency, columns, MemberNetting)
    found: dict[tuple[int, int], CycleTotals] = {}
    for key, sums in netted:
        at, instrument = int(days[key // width]), terms.instruments[key % width]
        ccy = terms.currencies[instrument.currency]
        cycle = found.setdefault((at, instrument.currency), CycleTotals(cycle=cycle_name(at)[0], ccy=ccy))
        for name in ("legs", "rows", "gross_pay", "net_pay"):
            setattr(cycle, name, getattr(cycle, name) + sums[name])
    return Efficiency(
        netted=[
            Netted(
                cycle=cycle_name(int(days[key // width]))[0], isin=terms.instruments[key % width].isin, **sums
            )
            for key, sums in netted
        ],
        cycles=[found[key] for key in sorted(found)],
        members=[
            MemberNetting(
                member=terms.parties[key // currencies][0],
                account=terms.parties[key // currencies][1],
                ccy=terms.currencies[key % currencies],
                **sums,
            )
            for key, sums in members
        ],
    )


def _grouped(
    key: Int64s, columns: dict[str, Sums], kind: type[msgspec.Struct]
) -> list[tuple[int, dict[str, int]]]:
    """(key, sums of the columns that `kind` has) for each key that occurs, ascending."""
    keys, group = np.unique(key, return_inverse=True)
    sums = {
        name: totals(column, group, len(keys)).tolist()
        for name, column in columns.items()
        if name in kind.__struct_fields__
    }
    return [(one, {name: found[i] for name, found in sums.items()}) for i, one in enumerate(keys.tolist())]
