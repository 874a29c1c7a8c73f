"""Positions: what each party bought and sold of each instrument, delivered or not.

    (member, account, isin)   bought  sold  net    paid        received    trades
    ALPINE HOUS US00NOVA..       100   300  -200   18 260.00   54 750.00        4

Quantities in units of the instrument (10**-quantity_digits), money in minor units of its currency.
Invariant: over all parties of an instrument, bought equals sold and paid equals received.
"""

from __future__ import annotations

import msgspec
import numpy as np

from novate.clearing.netting import exact_sums
from novate.clearing.novation import Legs
from novate.clearing.terms import ClearingTerms


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


def positions(legs: Legs, terms: ClearingTerms) -> list[Position]:
    """All positions in ascending order of (member, account, isin)."""
    width = max(len(terms.instruments), 1)
    key = legs.party * width + legs.instrument
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    keys, starts = np.unique(ordered, return_index=True)
    quantity, amount = legs.quantity[order], legs.amount[order]
    bought = exact_sums(np.maximum(quantity, 0), starts)
    net_quantity = exact_sums(quantity, starts)
    paid = exact_sums(np.maximum(-amount, 0), starts)
    net_amount = exact_sums(amount, starts)
    counts = np.diff(np.append(starts, len(ordered))).tolist()
    found = []
    for i, one in enumerate(keys.tolist()):
        member, account = terms.parties[one // width]
        instrument = terms.instruments[one % width]
        found.append(
            Position(
                member=member,
                account=account,
                isin=instrument.isin,
                ccy=terms.currencies[instrument.currency],
                bought=bought[i],
                sold=bought[i] - net_quantity[i],
                net_quantity=net_quantity[i],
                paid_minor=paid[i],
                received_minor=paid[i] + net_amount[i],
                net_amount_minor=net_amount[i],
                legs=counts[i],
            )
        )
    return found
