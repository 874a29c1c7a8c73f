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

import struct

import numpy as np

from novate.clearing.chart import (
    STRIDE,
    Chart,
    MoveReason,
    ledger_number,
    place_of,
)
from novate.clearing.house_terms import HouseTerms
from novate.clearing.ledger.archive import Archive
from novate.clearing.ledger.codes import TransferFlag, TransferResult
from novate.clearing.ledger.layout import ACCOUNT_REQUEST, TRANSFER_REQUEST
from novate.clearing.ledger.ledger import Ledger
from novate.clearing.ledger.queries import balances_of
from novate.domain.machine import BrokenInvariant

Asset = tuple[int, int]
"""(book, instrument or currency)."""

MOST_EVENTS = 2**31 - 1
"""A command is one request, however much it moves."""
ROOM = 2**61
"""Turnover after which counters are folded (L29): no net passes 2**62 (C53), so none can then overflow."""

_REQUEST = struct.Struct("<7qIHH")
"""The fields of TRANSFER_REQUEST: a queued move is its request."""
_pack = _REQUEST.pack
_BYTES, _FLAGS_AT = TRANSFER_REQUEST.itemsize, 62
assert _REQUEST.size == _BYTES


class _Asset:
    """The accounts of one ledger."""

    __slots__ = ("first", "ledger", "nets")

    def __init__(self, book: int, asset: int) -> None:
        self.ledger = ledger_number(book, asset)
        self.first = self.ledger * STRIDE
        """Id of the account of party 0."""
        self.nets: dict[int, int] = {}
        """Party -> balance; who has an account stays, also with a balance of zero."""


class Balances:
    """Balances by asset and party."""

    def __init__(self, terms: HouseTerms, archive: Archive | None = None) -> None:
        """No balances. With an archive, transfers of days that are over leave memory (L30)."""
        self.ledger = Ledger(max_batch=MOST_EVENTS, archive=archive)
        self._retires = archive is not None
        self.chart = Chart(terms)
        self.turnover = 0
        """Sum of the amounts since counters were last folded."""
        self._assets: dict[Asset, _Asset] = {}
        self.next_id = 1
        """Id and seq of the next transfer."""
        self._queue = bytearray()
        self._opened: list[tuple[int, int, int]] = []
        """(book, asset, party) of accounts that the queue needs."""

    # -- reading ----------------------------------------------------------------------------------------

    def of(self, book: int, asset: int, party: int) -> int:
        """The balance of a party, 0 if it never had one."""
        found = self._assets.get((book, asset))
        return found.nets.get(party, 0) if found else 0

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
        number = self.next_id
        self.next_id = number + 1
        self._queue += _pack(number, first + giver, first + taker, amount, 0, 0, ref, found.ledger, why, 0)

    def reserve(
        self, book: int, asset: int, giver: int, taker: int, amount: int, why: MoveReason, ref: int
    ) -> int:
        """Reserve an `amount` > 0 (L17) without moving it; returns the id, to `post` or to `void` before the
        command ends."""
        found, number = self._accounts(book, asset, giver, taker), self.next_id
        self.next_id = number + 1
        debit, credit = found.first + giver, found.first + taker
        self._queue += _pack(
            number, debit, credit, amount, 0, 0, ref, found.ledger, why, TransferFlag.PENDING
        )
        return number

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

    def chain(self, first: int) -> None:
        """Everything from the transfer `first` on happens together, or nothing of it (L21)."""
        queue = self._queue
        for at in range(self._place(first) + _FLAGS_AT, len(queue) - _BYTES, _BYTES):
            queue[at] |= TransferFlag.LINKED

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
        return len(self._queue) - (self.next_id - number) * _BYTES

    def _resolve(self, reserved: int, how: TransferFlag) -> tuple[int, int, int]:
        found = _REQUEST.unpack_from(self._queue, self._place(reserved))
        _, debit, credit, amount, _, timeout, ref, ledger, why, _ = found
        self._queue += _pack(self.next_id, debit, credit, amount, reserved, timeout, ref, ledger, why, how)
        self.next_id += 1
        return debit, credit, amount

    # -- the ledger -------------------------------------------------------------------------------------

    def flush(self, day: int) -> None:
        """Hand all queued moves to the ledger, dated `day`. Raises BrokenInvariant where it refuses one."""
        if not self._queue:
            return
        self._open_accounts(day)
        requests = np.frombuffer(self._queue, TRANSFER_REQUEST)
        self._queue = bytearray()
        self._make_room(sum(requests["amount"].tolist()), day)
        results = np.asarray(self.ledger.transfers(requests, day))
        if results.any():
            # Of a broken chain the member that broke it has another code than the rest.
            is_cause = (results != 0) & (results != TransferResult.LINKED_EVENT_FAILED)
            place = int(is_cause.argmax())
            code = TransferResult(int(results[place])).name
            raise BrokenInvariant(f"expected a move that the ledger takes, was {code} of {requests[place]}")

    def _open_accounts(self, day: int) -> None:
        """Ledgers and accounts that are used for the first time."""
        if not self._opened:
            return
        opened, self._opened = self._opened, []
        for book, asset in dict.fromkeys((book, asset) for book, asset, _ in opened):
            name, scale = self.chart.asset_name(book, asset), self.chart.scale(book, asset)
            self.ledger.open_ledger(ledger_number(book, asset), name, scale, day)
        requests = np.zeros(len(opened), ACCOUNT_REQUEST)
        for row, (book, asset, party) in enumerate(opened):
            ledger = ledger_number(book, asset)
            code, flags = self.chart.code(book, party), self.chart.flags(book, party)
            requests[row] = (ledger * STRIDE + party, 0, ledger, code, flags)
        self.ledger.accounts(requests, day)

    def _make_room(self, moved: int, day: int) -> None:
        """Fold counters before their cumulative sums could leave 64 bits."""
        if self.turnover + moved > ROOM:
            accounts = self.ledger.state().accounts[1 : self.ledger.opened + 1]
            both = (accounts["debits_posted"] != 0) & (accounts["credits_posted"] != 0)
            for account in accounts["id"][both].tolist():
                self.ledger.fold(account, day)
            self.turnover = 0
        self.turnover += moved

    def end_day(self, day: int) -> None:
        """Flush, and retire what is over."""
        self.flush(day)
        if self._retires:
            self.ledger.retire()

    def read_ledger(self) -> None:
        """Nets as the ledger has them."""
        self._assets, self._queue, self._opened = {}, bytearray(), []
        self.next_id = self.ledger.stored + 1
        for row in self.ledger.state().accounts[1 : self.ledger.opened + 1]:
            book, asset, party = place_of(int(row["id"]))
            accounts = self._assets.setdefault((book, asset), _Asset(book, asset))
            accounts.nets[party] = balances_of(row).net

    def validate(self) -> None:
        """The ledger's own invariants, the limits of its accounts, and that nets are its nets. Raises
        BrokenInvariant naming the first that is broken."""
        if self._queue:
            raise BrokenInvariant(f"expected no move in the queue, was {len(self._queue) // _BYTES}")
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
