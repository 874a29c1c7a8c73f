"""Step 2 of continuous net settlement: what the CCP holds goes to the longs, lot by lot (C31, C32).

    lots by instrument, group, age, hash --what is held, as far as it goes--> RECEIVED, amounts to due

Plain instruments are allocated by running totals, all of them together. An instrument in which a long might
not be able to pay, or in which only whole lots may be given and there is not enough, is allocated lot by lot.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.clearing.buyins import is_eligible
from novate.clearing.chart import BalanceBook, MoveReason
from novate.clearing.house_terms import day_text
from novate.clearing.settlement.lines import Line, move_lines
from novate.clearing.settlement.open_columns import OpenColumns, put_back
from novate.clearing.state import ALL_INSTRUMENTS, DEFAULT_GROUP, State, part
from novate.clearing.text_columns import Table, pair_digests
from novate.domain.clearing_codes import ClearingEvent, ClearingFlag, OpenReason
from novate.domain.clearing_records import CLEARING_EVENT, NOT_GIVEN

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


class Lots(NamedTuple):
    """Lots of longs in the order in which they are served."""

    number: Int64s
    """Of the position in the columns."""
    instrument: Int64s
    party: Int64s
    group: Int64s
    since: Int64s
    quantity: Int64s
    is_single: Bools
    """The position has no other lot."""

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.number)

    def chosen(self, rows: npt.NDArray[np.generic] | slice) -> Lots:
        """Some lots, or all in another order."""
        return Lots._make(column[rows] for column in self)


def allocate(state: State, columns: OpenColumns) -> int:
    """All lots of the longs in the order of C31; then every position is known to the house again. Returns how
    many lots received something."""
    columns.reason[columns.quantity > 0] = OpenReason.AWAITING
    lots = ordered_lots(state, columns)
    is_careful = careful_instruments(state, columns, lots)
    put_back(state, columns, is_careful[columns.instrument])
    careful, received = is_careful[lots.instrument], 0
    changes = np.flatnonzero(np.diff(careful, prepend=~careful[:1], append=~careful[-1:])).tolist()
    for first, end in itertools.pairwise(changes):
        some = lots.chosen(slice(first, end))
        received += (allocate_lots if careful[first] else allocate_plain)(state, columns, some)
    put_back(state, columns, ~is_careful[columns.instrument])
    return received


def ordered_lots(state: State, columns: OpenColumns) -> Lots:
    """Lots by instrument, group, age and hash."""
    number, since, quantity, is_single = lots_of(columns)
    instrument, party = columns.instrument[number], columns.party[number]
    lots = Lots(
        number, instrument, party, groups_of(state, instrument, party, since), since, quantity, is_single
    )
    tickets = tickets_of(state, instrument, party)
    order = np.lexsort((tickets[:, 0], lots.since, lots.group, lots.instrument))
    keys = np.stack((lots.instrument, lots.group, lots.since, tickets[:, 0].view(np.int64)), axis=1)[order]
    if (keys[1:] == keys[:-1]).all(axis=1).any():
        # Two digests begin with the same 64 bits: the rest of them decides.
        rest = tickets[:, :0:-1]
        order = np.lexsort((*rest.T, tickets[:, 0], lots.since, lots.group, lots.instrument))
    return lots.chosen(order)


def lots_of(columns: OpenColumns) -> tuple[Int64s, Int64s, Int64s, Bools]:
    """(position, since, quantity, whether it is the only one) of each lot of a long."""
    longs = np.flatnonzero(columns.quantity > 0)
    is_fresh = columns.place[longs] >= 0
    fresh = longs[is_fresh]
    old = [
        (number, since, quantity, len(position.lots) == 1)
        for number in longs[~is_fresh].tolist()
        for position in (columns.objects[-1 - int(columns.place[number])],)
        for since, quantity in position.lots
    ]
    numbers = np.array(old, np.int64).reshape(-1, 4)
    of_fresh = (
        fresh, np.full(fresh.size, columns.fresh.since), columns.quantity[fresh], np.ones_like(fresh),
    )  # fmt: skip
    number, since, quantity, single = (
        np.concatenate((one, other)) for one, other in zip(of_fresh, numbers.T, strict=True)
    )
    return number, since, quantity, single == 1


def groups_of(state: State, instrument: Int64s, party: Int64s, since: Int64s) -> Int64s:
    """Allocation group of each lot (C19, C31)."""
    width = len(state.terms.parties)
    general = np.full(width, DEFAULT_GROUP, np.int64)
    special: dict[int, int] = {}
    for (of, one), group in state.groups.items():
        if of == ALL_INSTRUMENTS:
            general[one] = group
        else:
            special[of * width + one] = group
    groups = general[party]
    announced = {one.instrument * width + one.party for one in state.intents.values()}
    if special or announced:
        for at, key in enumerate((instrument * width + party).tolist()):
            groups[at] = special.get(key, groups[at])
            if key in announced and is_eligible(state, key // width, int(since[at])):
                groups[at] = 0
    return groups


def tickets_of(state: State, instrument: Int64s, party: Int64s) -> npt.NDArray[np.uint64]:
    """The hash that decides between lots of one group and age, as four numbers that sort like it, (n, 4)."""
    run, key = f"{day_text(state.today)}/S{state.runs}", state.switches.alloc_key
    heads = Table(f"{run}|{one.name}|".encode() for one in state.terms.instruments)
    tails = Table(f"{member}|{account}|{key}".encode() for member, account in state.terms.parties)
    digests = pair_digests(heads.rows(instrument), tails.rows(party))
    return digests.view(">u8").astype(np.uint64)


def careful_instruments(state: State, columns: OpenColumns, lots: Lots) -> Bools:
    """Instruments in which one lot may decide about the next, by their numbers."""
    careful = np.zeros(len(state.terms.instruments), bool)
    currencies = np.array([one.currency for one in state.terms.instruments], np.int64)
    longs = np.flatnonzero(columns.quantity > 0)
    currency, party = currencies[columns.instrument[longs]], columns.party[longs]
    owed = np.zeros((len(state.terms.currencies), len(state.terms.parties)), np.int64)
    np.add.at(owed, (currency, party), np.minimum(columns.amount[longs], 0))
    # Whoever can pay for everything can pay in any order.
    for of, one in np.argwhere(owed < 0).tolist():
        if state.purse(of, one) + int(owed[of, one]) < 0:
            careful[columns.instrument[longs[(currency == of) & (party == one)]]] = True
    if not state.switches.partials:
        wanted = np.zeros(len(careful), np.int64)
        np.add.at(wanted, lots.instrument, lots.quantity)
        for instrument in np.flatnonzero(wanted).tolist():
            careful[instrument] |= state.holding(instrument, state.ccp) < wanted[instrument]
    return careful


# -- by running totals ------------------------------------------------------------------------------------


def allocate_plain(state: State, columns: OpenColumns, lots: Lots) -> int:
    """Lots of whole instruments: each gets what those before it left."""
    starts = np.flatnonzero(np.diff(lots.instrument, prepend=-1))
    ccp = np.full(len(starts), state.ccp, np.int64)
    held = state.balances.of_many(BalanceBook.HOLDINGS, lots.instrument[starts], ccp)
    sizes = np.diff(np.append(starts, lots.size))
    # A running total over all instruments may wrap; what is in front of a lot in its own fits (C53).
    before = np.cumsum(lots.quantity) - lots.quantity
    before -= np.repeat(before[starts], sizes)
    given = np.clip(np.repeat(held, sizes) - before, 0, lots.quantity)
    lots, given = lots.chosen(given > 0), given[given > 0]
    amount, left = shares_of(columns, lots, given)
    line = Line(lots.instrument, lots.party, given, amount)
    why = np.full(lots.size, MoveReason.CONSIDERATION, np.int64)
    move_lines(state, line, 1, MoveReason.RECEIPT, why)
    events = np.zeros(lots.size, CLEARING_EVENT)
    events["kind"], events["flags"] = ClearingEvent.RECEIVED, ClearingFlag.OF_ALLOCATION
    events["currency"], events["day"], events["number"] = NOT_GIVEN, lots.since, lots.group
    events["instrument"], events["party"] = lots.instrument, lots.party
    events["quantity"], events["amount"], events["third"] = given, amount, left
    state.out.put_records(events)
    return lots.size


def shares_of(columns: OpenColumns, lots: Lots, given: Int64s) -> tuple[Int64s, Int64s]:
    """(share of the amount that goes with each lot, what is then left of its position); positions shrink."""
    amount, left = columns.amount[lots.number], columns.quantity[lots.number] - given
    odd = np.flatnonzero(~lots.is_single | (left > 0))
    plain = np.ones(lots.size, bool)
    plain[odd] = False
    columns.quantity[lots.number[plain]] = columns.amount[lots.number[plain]] = 0
    for at in odd.tolist():
        number, taken = int(lots.number[at]), int(given[at])
        amount[at] = part(int(columns.amount[number]), taken, int(columns.quantity[number]))
        columns.amount[number] -= amount[at]
        columns.quantity[number] -= taken
        left[at] = columns.quantity[number]
    for at in np.flatnonzero(columns.place[lots.number] < 0).tolist():
        position = columns.objects[-1 - int(columns.place[lots.number[at]])]
        for lot in position.lots:
            lot[1] -= int(given[at]) if lot[0] == lots.since[at] else 0
        position.lots = [lot for lot in position.lots if lot[1]]
    return amount, left


# -- lot by lot -------------------------------------------------------------------------------------------


def allocate_lots(state: State, columns: OpenColumns, lots: Lots) -> int:
    """One after the other; the positions are objects."""
    keys = zip(*(column.tolist() for column in lots[1:5]), strict=True)
    return sum(receive_lot(state, *key) for key in keys)


def receive_lot(state: State, instrument: int, party: int, group: int, since: int) -> int:
    """As much of a lot as the CCP holds and the party can pay (C31, C32); 1 if that is anything."""
    position, currency = state.positions[instrument][party], state.currency(instrument)
    lot = next(one for one in position.lots if one[0] == since)
    given = min(lot[1], state.holding(instrument, state.ccp))
    if given <= 0 or (given < lot[1] and not state.switches.partials):
        return 0
    amount = part(position.amount, given, position.quantity)
    if amount < 0 and state.purse(currency, party) + amount < 0:
        position.reason = OpenReason.CASH
        state.out.put(
            ClearingEvent.HELD, party=party, instrument=instrument, day=since, quantity=given, amount=amount
        )
        return 0
    first = state.balances.next_id
    state.move_securities(instrument, state.ccp, party, given, MoveReason.RECEIPT, instrument)
    state.pay_later(currency, party, amount, MoveReason.CONSIDERATION, instrument)
    state.balances.chain(first)
    position.amount -= amount
    lot[1] -= given
    position.lots = [one for one in position.lots if one[1]]
    state.out.put(
        ClearingEvent.RECEIVED, flags=ClearingFlag.OF_ALLOCATION, party=party, instrument=instrument,
        quantity=given, amount=amount, third=position.quantity, number=group, day=since,
    )  # fmt: skip
    state.close_if_empty(instrument, party)
    return 1
