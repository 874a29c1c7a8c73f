"""Multilateral netting: many legs become at most one obligation per key (C20 to C25).

    legs of one cycle date, sorted by key                           obligations
    USD ALPINE HOUS US00NOVA..  -300  +54 750.00  \\
    USD ALPINE HOUS US00NOVA..  +100  -18 260.00   >  -200  +36 490.00   DELI 200, CRDT 36 490.00
    USD BOREAL CLIE US00NOVA..  +300  -54 750.00  \\
    USD BOREAL CLIE US00NOVA..  -300  +54 750.00   >     0         0.00   no row

    key = (settle date, currency, member, account, instrument), numbered so that keys sort as the file does

Invariants: quantity and amount of an instrument's nets sum to zero; a row exists if and only if its net is
not zero; the order in which trades came changes nothing.
Cost: one sort of the legs, O(L log L), and two hashes a leg for the Merkle roots.
"""

from __future__ import annotations

import msgspec
import numpy as np

from novate.clearing.leaves import TradeTexts, group_roots
from novate.clearing.novation import Legs
from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.columns import Int64s
from novate.domain.machine import BrokenInvariant

LOW_BITS = 32
LOW_MASK = 2**LOW_BITS - 1


class Nets(msgspec.Struct, frozen=True, kw_only=True):
    """One entry per key, in the order of the file; keys whose net is zero are among them."""

    cycle_day: list[int]
    currency: list[int]
    party: list[int]
    instrument: list[int]
    quantity: list[int]
    amount: list[int]
    gross_legs: list[int]
    received: list[int]
    """Units bought over the legs; what was sold is `received - quantity`."""
    paid: list[int]
    """Minor units to pay over the legs; what is to be received is `paid + amount`."""
    root: list[bytes]
    """Merkle root over the legs (C22); empty for a net of zero."""

    def __len__(self) -> int:
        return len(self.party)


def net(legs: Legs, cycle_day: Int64s, texts: TradeTexts, terms: ClearingTerms) -> Nets:
    """The nets of all legs; legs 2i and 2i + 1 are those of the trade with `texts` i."""
    currency = np.array([one.currency for one in terms.instruments], np.int64)[legs.instrument]
    order, starts = _grouped(legs, cycle_day, currency, terms)
    first = order[starts]
    bounds = np.append(starts, len(order))
    quantity, amount = legs.quantity[order], legs.amount[order]
    nets_quantity, nets_amount = exact_sums(quantity, starts), exact_sums(amount, starts)
    is_row = np.array(
        [units != 0 or money != 0 for units, money in zip(nets_quantity, nets_amount, strict=True)], bool
    )
    nets = Nets(
        cycle_day=cycle_day[first].tolist(),
        currency=currency[first].tolist(),
        party=legs.party[first].tolist(),
        instrument=legs.instrument[first].tolist(),
        quantity=nets_quantity,
        amount=nets_amount,
        gross_legs=np.diff(bounds).tolist(),
        received=exact_sums(np.maximum(quantity, 0), starts),
        paid=exact_sums(np.maximum(-amount, 0), starts),
        root=group_roots(texts, order, bounds, is_row),
    )
    check_conservation(nets)
    return nets


def exact_sums(values: Int64s, starts: Int64s) -> list[int]:
    """Sums of the runs of `values` that begin at `starts`, exact at any size.

    Each value is split in two halves whose sums cannot overflow (up to 2**31 values), and Python's integers
    put the halves together again.
    """
    if not len(starts):
        return []
    high = np.add.reduceat(values >> LOW_BITS, starts).tolist()
    low = np.add.reduceat(values & LOW_MASK, starts).tolist()
    return [(above << LOW_BITS) + below for above, below in zip(high, low, strict=True)]


def check_conservation(nets: Nets) -> None:
    """Quantity and amount sum to zero per instrument and cycle (C48); raises BrokenInvariant."""
    sums: dict[tuple[int, int], tuple[int, int]] = {}
    for i in range(len(nets)):
        key = nets.cycle_day[i], nets.instrument[i]
        quantity, amount = sums.get(key, (0, 0))
        sums[key] = quantity + nets.quantity[i], amount + nets.amount[i]
    for key, (quantity, amount) in sums.items():
        if quantity or amount:
            raise BrokenInvariant(
                f"Expected nets of instrument {key[1]} on day {key[0]} to sum to 0 and 0,"
                f" was {quantity} units and {amount} minor units"
            )


def _grouped(legs: Legs, cycle_day: Int64s, currency: Int64s, terms: ClearingTerms) -> tuple[Int64s, Int64s]:
    """(the legs sorted by key, stably; where each key begins in that order)."""
    days, day = np.unique(cycle_day, return_inverse=True)
    combinations = len(days) * len(terms.currencies) * len(terms.parties) * len(terms.instruments)
    if combinations >= 2**63:
        raise OverflowError(f"Expected fewer than 2**63 netting keys, was {combinations}")
    key = day.astype(np.int64)
    for column, count in (
        (currency, len(terms.currencies)),
        (legs.party, len(terms.parties)),
        (legs.instrument, len(terms.instruments)),
    ):
        key = key * count + column
    order = np.argsort(key, kind="stable")
    ordered = key[order]
    is_first = np.ones(len(ordered), bool)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return order, np.flatnonzero(is_first)
