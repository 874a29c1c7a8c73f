"""Multilateral netting: many legs become at most one obligation per key (C20 to C25).

    trades                                     gross[day, member, instrument]        nets
    BOREAL buys 300 from ALPINE, 54 750.00     ALPINE  bought 100  sold 300    -->   -200  +36 490.00
    ALPINE buys 100 from CLARA,  18 260.00             paid 18 260.00  received 54 750.00  legs 2
    ...                                        ...

    key = (settle date, currency, member, account, instrument), numbered so that keys sort as the file does

Invariants: quantity and amount of an instrument's nets sum to zero; a row exists if and only if its net is
not zero; the order in which trades came changes nothing.
Cost: two passes over the trades, one that adds to a cell per (day, party, instrument) and one that puts every
leg to those of its cell, and two hashes a leg for the Merkle roots. Where there would be more cells than
trades, and more than `FEW_CELLS`, the legs are sorted to number the keys that occur.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from novate.clearing.kernels.sums import BOUGHT, GROSS, LEGS, PAID, RECEIVED, SOLD, add_gross, place_legs
from novate.clearing.leaves import group_roots
from novate.clearing.lines import Written
from novate.clearing.novation import TradesInForce
from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.columns import Bools, Int32s, Int64s
from novate.domain.machine import BrokenInvariant
from novate.domain.units import INT64_MAX

Sums = npt.NDArray[Any]
"""Sums of legs: int64, or Python's integers where one of a column is wider."""
LOW_BITS = 32
LOW_MASK = 2**LOW_BITS - 1
FEW_CELLS = 1 << 16


class Gross(msgspec.Struct, frozen=True, kw_only=True):
    """What came in and went out: one entry per (cycle day, party, instrument) with any leg, ascending."""

    cycle_day: Int64s
    party: Int64s
    instrument: Int64s
    bought: Sums
    sold: Sums
    paid: Sums
    received: Sums
    legs: Int64s

    def __len__(self) -> int:
        return len(self.party)


class Cells(msgspec.Struct, frozen=True):
    """Where the legs of a trade belong: the buyer's to cell buyer * width + place, the seller's alike."""

    width: int
    buyer: Int32s
    seller: Int32s
    place: Int32s
    count: int
    keys: Int64s | None
    """The keys of the cells; None where a cell's number is its key, (day * parties + party) * instruments +
    instrument."""
    legs: Int64s
    """Legs of each cell."""


class Nets(msgspec.Struct, frozen=True, kw_only=True):
    """One entry per key, in the order of the file; keys whose net is zero are among them."""

    cycle_day: Int64s
    currency: Int64s
    party: Int64s
    instrument: Int64s
    quantity: Sums
    amount: Sums
    legs: Int64s
    received: Sums
    """Units bought over the legs; what was sold is `received - quantity`."""
    paid: Sums
    """Minor units to pay over the legs; what is to be received is `paid + amount`."""
    is_row: Bools
    """Nets that are not zero."""
    root: npt.NDArray[np.uint8]
    """(N, 32): Merkle root over the legs (C22) of each net that is not zero."""

    def __len__(self) -> int:
        return len(self.party)


def gross(trades: TradesInForce, terms: ClearingTerms) -> tuple[Gross, Cells]:
    """(sums over all legs of trades in force, delivered or not; where the legs belong)."""
    days, cells = _cells(trades, terms)
    columns = cells.width, cells.buyer, cells.seller, cells.place
    sums: Sums = np.zeros((cells.count, GROSS), np.int64)
    with np.errstate(over="ignore"):  # plain Python would remark upon what is looked at here
        is_narrow = add_gross(sums, *columns, trades.quantity, trades.amount)
    if not is_narrow:
        sums = _wide_sums(cells, trades)
    legs = sums[:, LEGS].astype(np.int64)
    taken = np.flatnonzero(legs)
    sums = sums[taken]
    keys = taken if cells.keys is None else cells.keys[taken]
    rest, instrument = np.divmod(keys, max(len(terms.instruments), 1))
    day, party = np.divmod(rest, max(len(terms.parties), 1))
    bought, sold, paid, received = (_narrowed(sums[:, column]) for column in (BOUGHT, SOLD, PAID, RECEIVED))
    found = Gross(
        cycle_day=days[day],
        party=party,
        instrument=instrument,
        bought=bought,
        sold=sold,
        paid=paid,
        received=received,
        legs=legs[taken],
    )
    return found, msgspec.structs.replace(cells, legs=legs)


def net(found: Gross, cells: Cells, texts: Written, terms: ClearingTerms) -> Nets:
    """The nets of what is delivered; legs 2i and 2i + 1 are those of the trade with text i."""
    quantity, amount = found.bought - found.sold, found.received - found.paid
    is_delivered = np.array([one.is_delivered for one in terms.instruments], bool)[found.instrument]
    is_row = np.asarray((quantity != 0) | (amount != 0), bool)
    legs, bounds = _grouped(found, cells)
    root = group_roots(texts, legs, bounds, is_row & is_delivered)
    currency = np.array([one.currency for one in terms.instruments], np.int64)[found.instrument]
    order = np.flatnonzero(is_delivered)
    if len(terms.currencies) > 1:
        order = order[np.lexsort((currency[order], found.cycle_day[order]))]
    nets = Nets(
        cycle_day=found.cycle_day[order],
        currency=currency[order],
        party=found.party[order],
        instrument=found.instrument[order],
        quantity=quantity[order],
        amount=amount[order],
        legs=found.legs[order],
        received=found.bought[order],
        paid=found.paid[order],
        is_row=is_row[order],
        root=root[order],
    )
    check_conservation(nets)
    return nets


def chosen_nets(nets: Nets, chosen: Bools | Int64s) -> Nets:
    """Some of the nets."""
    return Nets(**{name: getattr(nets, name)[chosen] for name in Nets.__struct_fields__})


def totals(values: Sums, group: Int64s, groups: int) -> Sums:
    """Exact sums of the values of each group 0 .. groups - 1, as `Sums`."""
    out: Sums
    if values.dtype == object:
        out = np.zeros(groups, object)
        np.add.at(out, group, values)
        return out
    largest = max(int(values.max(initial=0)), -int(values.min(initial=0)))
    if largest * len(values) <= INT64_MAX:
        out = np.zeros(groups, np.int64)
        np.add.at(out, group, values)
        return out
    # The sums of the two halves cannot overflow, and Python's integers put the halves together again.
    return (totals(values >> LOW_BITS, group, groups).astype(object) << LOW_BITS) + totals(
        values & LOW_MASK, group, groups
    )


def check_conservation(nets: Nets) -> None:
    """Quantity and amount sum to zero per instrument and cycle (C48); raises BrokenInvariant."""
    _, day = np.unique(nets.cycle_day, return_inverse=True)
    width = int(nets.instrument.max(initial=0)) + 1
    key = day * width + nets.instrument
    for name, values in (("units", nets.quantity), ("minor units", nets.amount)):
        sums = totals(values, key, int(key.max(initial=-1)) + 1)
        for broken in np.flatnonzero(sums != 0)[:1].tolist():
            at = int(np.flatnonzero(key == broken)[0])
            raise BrokenInvariant(
                f"Expected nets of instrument {int(nets.instrument[at])} on day {int(nets.cycle_day[at])}"
                f" to sum to 0 {name}, was {sums[broken]}"
            )


def _cells(trades: TradesInForce, terms: ClearingTerms) -> tuple[Int64s, Cells]:
    """(cycle days, ascending; the cells of all legs)."""
    is_used = np.zeros(len(trades.cycle_days), bool)
    is_used[trades.dates] = True
    days = np.unique(trades.cycle_days[is_used])
    width, parties = len(terms.instruments), len(terms.parties)
    count = len(days) * parties * width
    if count >= 2**63:
        raise OverflowError(f"Expected fewer than 2**63 netting keys, was {count}")
    nothing = np.zeros(0, np.int64)
    day = np.searchsorted(days, trades.cycle_days)
    if count <= max(FEW_CELLS, len(trades)):
        place = trades.instrument
        if len(days) > 1:
            place = (day * (parties * width)).astype(np.int32)[trades.dates] + place
        return days, Cells(width, trades.buyer, trades.seller, place, count, None, nothing)
    at = day[trades.dates] * (parties * width) + trades.instrument
    both = np.concatenate([trades.buyer * np.int64(width) + at, trades.seller * np.int64(width) + at])
    keys, number = np.unique(both, return_inverse=True)
    buyer, seller = number.astype(np.int32).reshape(2, -1)
    return days, Cells(1, buyer, seller, np.zeros(len(trades), np.int32), len(keys), keys, nothing)


def _wide_sums(cells: Cells, trades: TradesInForce) -> Sums:
    """The gross cells in Python's integers: the sums of two halves, neither of which can leave int64."""
    whole: Sums = np.zeros((cells.count, GROSS), object)
    size, sign = np.abs(trades.amount), np.sign(trades.amount)
    for shift in (0, LOW_BITS):
        quantity, amount = (trades.quantity >> shift) & LOW_MASK, sign * ((size >> shift) & LOW_MASK)
        sums = np.zeros((cells.count, GROSS), np.int64)
        if not add_gross(sums, cells.width, cells.buyer, cells.seller, cells.place, quantity, amount):
            raise BrokenInvariant(f"Expected fewer than 2**31 trades, was {len(trades)}")
        legs = sums[:, LEGS].copy()
        whole += sums.astype(object) << shift
        whole[:, LEGS] = legs
    return whole


def _narrowed(sums: Sums) -> Sums:
    """A column of sums as int64 where all of them fit."""
    if sums.dtype == object and max(sums, default=0) > INT64_MAX:
        return sums
    return np.ascontiguousarray(sums, np.int64)


def _grouped(found: Gross, cells: Cells) -> tuple[Int32s, Int64s]:
    """(legs by entry of `found`; where those of each entry begin, and the end)."""
    every = 2 * len(cells.buyer)
    free = np.append(np.cumsum(cells.legs) - cells.legs, every)
    bounds = np.append(np.cumsum(found.legs) - found.legs, every)
    parted, legs = np.empty(every, np.int64), np.empty(every, np.int32)
    place_legs(free, cells.width, cells.buyer, cells.seller, cells.place, parted, legs)
    return legs, bounds
