"""Balances: the house's view of its ledger, and the only way to move securities and money (C3, C30).

    move ------> queue --flush, one kernel call a command--> Ledger      one ledger for each book and asset,
      `--> nets (what is read meanwhile)  ==  net balances there         one account for each party in it

    book      asset        account   balance
    HOLDINGS  instrument   party     securities           WORLD may be negative
    CASH      currency     party     minor units          WORLD and CCP may be negative
    DUE       currency     party     what the next payment will move (C30); the CCP is the other side
    ARREARS   currency     party     what a party could not pay (C38); the CCP is the other side

Nothing is held here: `nets` follows from the ledger, and `validate` compares them. Every move is a transfer
from the giver (debit) to the taker (credit); its id is its seq. What happens together is a chain (L21).
"""

from __future__ import annotations

import itertools
from array import array
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.clearing.chart import (
    STRIDE,
    Chart,
    MoveReason,
    ledger_number,
    place_of,
)
from novate.clearing.house_terms import HouseTerms
from novate.clearing.ledger.codes import TransferFlag, TransferResult
from novate.clearing.ledger.layout import ACCOUNT_REQUEST, TRANSFER_REQUEST
from novate.clearing.ledger.ledger import Ledger
from novate.clearing.ledger.queries import balances_of
from novate.domain.machine import BrokenInvariant

Int64s = npt.NDArray[np.int64]
Asset = tuple[int, int]
"""(book, instrument or currency)."""

MOST_EVENTS = 2**31 - 1
"""A command is one request, however much it moves."""
ROOM = 2**61
"""Turnover after which counters are folded (L29): no net passes 2**62 (C53), so none can then overflow."""

# Columns of the queue: CODE is code | flags << CODE_BITS; REF is the user_ref, or the pending
# transfer that a resolving one names.
DEBIT, CREDIT, AMOUNT, CODE, REF = range(5)
WIDTH = 5
CODE_BITS = 16
LINKED = TransferFlag.LINKED << CODE_BITS
PENDING = TransferFlag.PENDING << CODE_BITS
RESOLVING = TransferFlag.POST_PENDING | TransferFlag.VOID_PENDING


class Moves(NamedTuple):
    """Columns of moves: an amount above 0 from one party to another, as in `Balances.move`."""

    book: Int64s
    asset: Int64s
    giver: Int64s
    taker: Int64s
    amount: Int64s
    why: Int64s
    ref: Int64s
    is_linked: npt.NDArray[np.bool_]
    """Together with the next one (L21)."""


class _Asset:
    """The accounts of one ledger."""

    __slots__ = ("first", "is_open", "nets")

    def __init__(self, book: int, asset: int, is_open: bool = False) -> None:
        self.is_open = is_open
        """The ledger has it already."""
        self.first = ledger_number(book, asset) * STRIDE
        """Id of the account of party 0."""
        self.nets: dict[int, int] = {}
        """Party -> balance; who has an account stays, also with a balance of zero."""


class Balances:
    """Balances by asset and party."""

    def __init__(self, terms: HouseTerms) -> None:
        self.ledger = Ledger(max_batch=MOST_EVENTS)
        self.chart = Chart(terms)
        self.turnover = 0
        """Sum of the amounts since counters were last folded."""
        self._assets: dict[Asset, _Asset] = {}
        self._stored = 0
        """Transfers that the ledger has."""
        self._queue = array("q")
        self._opened: list[tuple[int, int, int]] = []
        """(book, asset, party) of accounts that the queue needs."""

    # -- reading ----------------------------------------------------------------------------------------

    def of(self, book: int, asset: int, party: int) -> int:
        """The balance of a party, 0 if it never had one."""
        found = self._assets.get((book, asset))
        return found.nets.get(party, 0) if found else 0

    def of_many(self, book: int, asset: Int64s, party: Int64s) -> Int64s:
        """Balances of parties, each in its asset."""
        nothing: dict[int, int] = {}
        found = np.zeros(len(asset), np.int64)
        changes = np.flatnonzero(np.diff(asset, prepend=-1, append=-1)).tolist()
        parties = party.tolist()
        for first, end in itertools.pairwise(changes):
            one = self._assets.get((book, int(asset[first])))
            nets = one.nets if one else nothing
            found[first:end] = [nets.get(party, 0) for party in parties[first:end]]
        return found

    def assets(self, book: int) -> list[int]:
        """Assets of a book that were ever moved, ascending."""
        return sorted(asset for of, asset in self._assets if of == book)

    def parties(self, book: int, asset: int) -> list[tuple[int, int]]:
        """(party, balance) of an asset, ascending, without zeros."""
        found = self._assets.get((book, asset))
        return sorted(entry for entry in found.nets.items() if entry[1]) if found else []

    def rows(self) -> list[tuple[int, int, int, int]]:
        """(book, asset, party, balance) of everything that is not zero, ascending."""
        return [(*asset, *entry) for asset in sorted(self._assets) for entry in self.parties(*asset)]

    # -- moving -----------------------------------------------------------------------------------------

    def move(
        self, book: int, asset: int, giver: int, taker: int, amount: int, why: MoveReason, ref: int
    ) -> None:
        """Take `amount` (of any sign) from one party and give it to another; `ref` as in MoveReason."""
        if not amount or giver == taker:
            return
        if amount < 0:
            giver, taker, amount = taker, giver, -amount
        found = self._assets.get((book, asset))
        if found is None or giver not in found.nets or taker not in found.nets:
            found = self._accounts(book, asset, giver, taker)
        first, nets = found.first, found.nets
        nets[giver] -= amount
        nets[taker] += amount
        self._queue.extend((first + giver, first + taker, amount, why, ref))

    def move_many(self, moves: Moves) -> None:
        """Moves one after the other, each as `move` makes it."""
        assets = moves.book * STRIDE + moves.asset
        order = np.argsort(assets, kind="stable")
        keys, starts = np.unique(assets[order], return_index=True)
        ends = np.append(starts, len(order))[1:]
        numbers, givers, takers, amounts = (
            column.tolist() for column in (order, moves.giver[order], moves.taker[order], moves.amount[order])
        )
        opened: list[tuple[int, int, int]] = []
        for key, first, end in zip(keys.tolist(), starts.tolist(), ends.tolist(), strict=True):
            nets = self._assets.setdefault(divmod(key, STRIDE), _Asset(*divmod(key, STRIDE))).nets
            for at in range(first, end):
                giver, taker, amount = givers[at], takers[at], amounts[at]
                if giver not in nets:
                    nets[giver] = 0
                    opened.append((2 * numbers[at], key, giver))
                if taker not in nets:
                    nets[taker] = 0
                    opened.append((2 * numbers[at] + 1, key, taker))
                nets[giver] -= amount
                nets[taker] += amount
        # Accounts are opened in the order in which the moves need them.
        self._opened += [(*divmod(key, STRIDE), party) for _, key, party in sorted(opened)]
        first_account = ledger_number(moves.book, moves.asset) * STRIDE
        code = moves.why | np.where(moves.is_linked, LINKED, 0)
        rows = (first_account + moves.giver, first_account + moves.taker, moves.amount, code, moves.ref)
        self._queue.frombytes(np.stack(rows, axis=1).tobytes())

    def reserve(
        self, book: int, asset: int, giver: int, taker: int, amount: int, why: MoveReason, ref: int
    ) -> int:
        """Reserve an `amount` > 0 (L17) without moving it; returns the id, to `post` or to `void` before the
        command ends."""
        first = self._accounts(book, asset, giver, taker).first
        self._queue.extend((first + giver, first + taker, amount, why | PENDING, ref))
        return self.next_id - 1

    def post(self, reserved: int) -> None:
        """What was reserved moves (L18)."""
        debit, credit, amount = self._resolve(reserved, TransferFlag.POST_PENDING)
        book, asset, giver = place_of(debit)
        nets = self._assets[book, asset].nets
        nets[giver] -= amount
        nets[credit % STRIDE] += amount

    def void(self, reserved: int) -> None:
        """What was reserved is free again (L18)."""
        self._resolve(reserved, TransferFlag.VOID_PENDING)

    @property
    def next_id(self) -> int:
        """Id and seq of the next transfer."""
        return self._stored + len(self._queue) // WIDTH + 1

    def chain(self, first: int) -> None:
        """Everything from the transfer `first` on happens together, or nothing of it (L21)."""
        queue = self._queue
        for at in range(self._place(first) + CODE, len(queue) - WIDTH, WIDTH):
            queue[at] |= LINKED

    def _accounts(self, book: int, asset: int, giver: int, taker: int) -> _Asset:
        """The accounts of an asset; both parties have one then."""
        found = self._assets.get((book, asset))
        if found is None:
            found = self._assets[book, asset] = _Asset(book, asset)
        nets = found.nets
        if giver not in nets:
            nets[giver] = 0
            self._opened.append((book, asset, giver))
        if taker not in nets:
            nets[taker] = 0
            self._opened.append((book, asset, taker))
        return found

    def _place(self, number: int) -> int:
        """Where a transfer of this command stands in the queue."""
        return (number - self._stored - 1) * WIDTH

    def _resolve(self, reserved: int, how: TransferFlag) -> tuple[int, int, int]:
        start = self._place(reserved)
        debit, credit, amount, code, _ = self._queue[start : start + WIDTH]
        code = code & ((1 << CODE_BITS) - 1) | how << CODE_BITS
        self._queue.extend((debit, credit, amount, code, reserved))
        return debit, credit, amount

    # -- the ledger -------------------------------------------------------------------------------------

    def flush(self, day: int) -> None:
        """Hand all queued moves to the ledger, dated `day`. Raises BrokenInvariant where it refuses one."""
        if not self._queue:
            return
        self._open_accounts(day)
        rows = np.frombuffer(self._queue, np.int64).reshape(-1, WIDTH)
        self._queue = array("q")
        self._make_room(rows[:, AMOUNT], day)
        requests = np.zeros(len(rows), TRANSFER_REQUEST)
        requests["id"] = np.arange(self._stored + 1, self._stored + 1 + len(rows))
        requests["debit"], requests["credit"] = rows[:, DEBIT], rows[:, CREDIT]
        requests["amount"], requests["ledger"] = rows[:, AMOUNT], rows[:, DEBIT] // STRIDE
        requests["code"], requests["flags"] = rows[:, CODE] & (1 << CODE_BITS) - 1, rows[:, CODE] >> CODE_BITS
        is_resolving = (requests["flags"] & RESOLVING) != 0
        requests["user_ref"] = np.where(is_resolving, 0, rows[:, REF])
        requests["pending_id"] = np.where(is_resolving, rows[:, REF], 0)
        results = np.asarray(self.ledger.transfers(requests, day))
        if results.any():
            # Of a broken chain the member that broke it has another code than the rest.
            is_cause = (results != 0) & (results != TransferResult.LINKED_EVENT_FAILED)
            place = int(is_cause.argmax())
            code = TransferResult(int(results[place])).name
            raise BrokenInvariant(f"expected a move that the ledger takes, was {code} of {requests[place]}")

        self._stored = self.ledger.stored

    def _open_accounts(self, day: int) -> None:
        """Ledgers and accounts that are used for the first time."""
        opened, self._opened = self._opened, []
        for book, asset in dict.fromkeys((book, asset) for book, asset, _ in opened):
            if self._assets[book, asset].is_open:
                continue
            self._assets[book, asset].is_open = True
            name, scale = self.chart.asset_name(book, asset), self.chart.scale(book, asset)
            self.ledger.open_ledger(ledger_number(book, asset), name, scale, day)
        requests = np.zeros(len(opened), ACCOUNT_REQUEST)
        books, assets, parties = np.array(opened, np.int64).reshape(-1, 3).T
        requests["ledger"] = ledger = ledger_number(books, assets)
        requests["id"] = ledger * STRIDE + parties
        kinds, which = np.unique(books * STRIDE + parties, return_inverse=True)
        for name, of in (("code", self.chart.code), ("flags", self.chart.flags)):
            requests[name] = np.array([of(*divmod(kind, STRIDE)) for kind in kinds.tolist()], np.int64)[which]
        self.ledger.accounts(requests, day)

    def _make_room(self, amounts: npt.NDArray[np.int64], day: int) -> None:
        """Fold counters before their cumulative sums could leave 64 bits."""
        moved = (int((amounts >> 32).sum()) << 32) + int((amounts & 0xFFFFFFFF).sum())
        if self.turnover + moved > ROOM:
            accounts = self.ledger.state().accounts[1 : self.ledger.opened + 1]
            both = (accounts["debits_posted"] != 0) & (accounts["credits_posted"] != 0)
            for account in accounts["id"][both].tolist():
                self.ledger.fold(account, day)
            self.turnover = 0
        self.turnover += moved

    def read_ledger(self) -> None:
        """Nets as the ledger has them."""
        self._assets, self._queue, self._opened = {}, array("q"), []
        self._stored = self.ledger.stored
        for row in self.ledger.state().accounts[1 : self.ledger.opened + 1]:
            book, asset, party = place_of(int(row["id"]))
            accounts = self._assets.setdefault((book, asset), _Asset(book, asset, is_open=True))
            accounts.nets[party] = balances_of(row).net

    def validate(self) -> None:
        """The ledger's own invariants, the limits of its accounts, and that nets are its nets. Raises
        BrokenInvariant naming the first that is broken."""
        if self._queue:
            raise BrokenInvariant(f"expected no move in the queue, was {len(self._queue) // WIDTH}")
        self.ledger.validate()
        found = 0
        for row in self.ledger.state().accounts[1 : self.ledger.opened + 1]:
            place, net = place_of(int(row["id"])), balances_of(row).net
            expected = self.chart.code(place.book, place.party), self.chart.flags(place.book, place.party)
            if (int(row["code"]), int(row["flags"])) != expected:
                raise BrokenInvariant(f"expected code and flags {expected} of account {row['id']}")
            cached = self.of(*place)
            if cached != net:
                what = f"{place.book.name} of asset {place.asset}"
                raise BrokenInvariant(f"expected {net} {what} as in the ledger, was {cached}")
            found += 1
        if found != sum(len(one.nets) for one in self._assets.values()):
            raise BrokenInvariant(f"expected {found} balances, one for each account")
