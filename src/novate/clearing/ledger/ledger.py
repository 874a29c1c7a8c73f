"""Double entry: accounts, single-phase and two-phase transfers, chains, expiries, history (L1 to L34).

    a command = 1. the clock moves   2. due pending transfers expire   3. the command's own effect    (L6)

    Ledger.transfers(requests, t) --room reserved--> kernel over the whole request --> one code each

Every public method is one command of the rulebook and takes its time `t`, in journal units; None leaves the
clock. The ids that expired in phase 2 of the last command are in `expired`. Refusals are enum values; a `t`
or a record that cannot be is a ValueError before anything happens. `layout` says what memory costs; with an
archive, `retire` moves what is over out of memory, which changes no answer (L30).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.ledger import commitment, invariants, layout, memory, queries, retirement
from novate.clearing.ledger.archive import Archive
from novate.clearing.ledger.codes import Answer, HistoryKind, LedgerResult
from novate.clearing.ledger.constants import ACCOUNT_HISTORY, INT_MAX, RESOLVING
from novate.clearing.ledger.layout import ACCOUNT_REQUEST, EXPIRY_ROOM, TRANSFER_REQUEST, Tables
from novate.clearing.ledger.memory import Array
from novate.clearing.ledger.queries import Balances, HistoryRow, StoredTransfer, TrialRow
from novate.clearing.ledger.registration import register
from novate.compiled import COMPILED
from novate.domain.machine import BrokenInvariant, SnapshotReader, SnapshotWriter
from novate.tables import addresses_of

if COMPILED:
    from novate.clearing.ledger import entries
else:
    from novate.clearing.ledger import interpreted as entries  # type: ignore[no-redef]

Results = npt.NDArray[np.uint8]
Ids = npt.NDArray[np.int64]

_NAMES = list(Tables._fields)
_CELL = {name: 2 * place for place, name in enumerate(_NAMES)}
_OF_ONE_CALL = ("requests", "account_requests", "results")
_NO_IDS: Ids = np.zeros(0, np.int64)
_NO_ROWS: Array = np.zeros(0, layout.TRANSFER)
_MOST_LEDGER = 2**32 - 1


class Ledger:
    """All balances of a clearing house; nothing else may hold one."""

    def __init__(self, max_batch: int = 8192, hash_seed: int = 0, archive: Archive | None = None) -> None:
        """An empty ledger. `max_batch` is L30; the seed says where ids lie and changes nothing else. What an
        archive has beyond what this ledger has retired is of another life, and is cut off in time."""
        if max_batch < 1:
            raise ValueError(f"Expected a max_batch of at least 1, was {max_batch}")
        self.max_batch = max_batch
        self.expired = _NO_IDS
        self._seed = hash_seed
        self._with_history = False
        self._tables = memory.new_tables(hash_seed)
        self._archive = archive
        self._nothing = {name: np.zeros(0, layout.TABLE_DTYPES[name]) for name in _OF_ONE_CALL}
        self._point()

    # -- commands --------------------------------------------------------------------------------------------

    def open_ledger(self, ledger: int, asset: str, scale: int, t: int | None = None) -> LedgerResult:
        """LEDGER (L8): one asset with so many decimal places. ValueError unless `ledger` is a u32."""
        if not 0 <= ledger <= _MOST_LEDGER:
            raise ValueError(f"Expected a ledger from 0 to {_MOST_LEDGER}, was {ledger}")
        self._begin(t)
        result, self._tables["ledgers"] = register(self._tables["ledgers"], ledger, asset, scale)
        self._point()
        return result

    def accounts(self, requests: Array, t: int | None = None) -> Results | Answer:
        """ACCOUNTS (L9): (n,) ACCOUNT_REQUEST -> (n,) uint8 of AccountResult, or BATCH_TOO_LARGE."""
        self._require(requests, ACCOUNT_REQUEST)
        self._begin(t)
        count = len(requests)
        if count > self.max_batch:
            return Answer.BATCH_TOO_LARGE
        header = self._tables["header"]
        if memory.reserve_accounts(self._tables, count):
            self._point()
        self._widen("account_index", layout.ACCOUNT_MASK, int(header[layout.ACCOUNTS]) + count)
        self._with_history |= bool((requests["flags"] & ACCOUNT_HISTORY).any())
        return self._answer("account_requests", requests)

    def transfers(self, requests: Array, t: int | None = None) -> Results | Answer:
        """TRANSFERS (L10): (n,) TRANSFER_REQUEST -> (n,) uint8 of TransferResult, or BATCH_TOO_LARGE."""
        self._require(requests, TRANSFER_REQUEST)
        self._begin(t)
        count = len(requests)
        if count > self.max_batch:
            return Answer.BATCH_TOO_LARGE
        recalled = self._recalled(requests)
        header, room = self._tables["header"], count + len(recalled)
        if memory.reserve_transfers(self._tables, room, self._with_history):
            self._point()
        ids = int(header[layout.TRANSFERS] + header[layout.BURNED]) + room
        self._widen("id_index", layout.ID_MASK, ids)
        if not len(recalled):
            return self._answer("requests", requests)
        first = int(header[layout.TRANSFERS]) + 1 + count
        end = first + len(recalled)
        self._tables["transfers"][first:end] = recalled
        entries.enter_recall(self._call_argument(), first, end, False)
        results = self._answer("requests", requests)
        entries.enter_recall(self._call_argument(), first, end, True)
        return results

    def time(self, t: int | None = None) -> None:
        """TIME (L31): phases 1 and 2 only."""
        self._begin(t)

    def balance(self, account: int, at: int | None = None, t: int | None = None) -> Balances | Answer:
        """BALANCE (L27): now, or as of a time of which history was kept."""
        self._begin(t)
        return queries.balance(self._view(), self._find_account(account), at, self.now)

    def history(
        self, account: int, first: int = 0, last: int = INT_MAX, t: int | None = None
    ) -> list[HistoryRow] | Answer:
        """HISTORY (L26): rows with first <= time <= last, oldest first. Cost: all rows of the account."""
        self._begin(t)
        s, row = self._view(), self._find_account(account)
        if row == 0:
            return Answer.ACCOUNT_NOT_FOUND
        if not queries.keeps_history(s, row):
            return Answer.HISTORY_NOT_KEPT
        return queries.history_of(s, row, first, last)

    def assert_balances(
        self, account: int, asserted: dict[str, int], at: int | None = None, t: int | None = None
    ) -> tuple[Answer, int | None]:
        """ASSERT (L28): the first of the four balances and `net` that differs, and the value found."""
        if unknown := set(asserted) - {*queries.BALANCES, "net"}:
            raise ValueError(f"Expected the names of balances or net, was {sorted(unknown)}")
        self._begin(t)
        row = self._find_account(account)
        if row == 0:
            return Answer.ACCOUNT_NOT_FOUND, None
        if not asserted:
            return Answer.NOTHING_ASSERTED, None
        found = queries.balance(self._view(), row, at, self.now)
        return (found, None) if isinstance(found, Answer) else queries.compare(found, asserted)

    def lookup(self, transfer_id: int, t: int | None = None) -> StoredTransfer | Answer:
        """LOOKUP (L31): the stored transfer, or TRANSFER_NOT_FOUND."""
        self._begin(t)
        row = int(entries.enter_search(self._call_argument(), transfer_id, False))
        if row > 0:
            return queries.stored_transfer(self._view(), row)
        numbers = retirement.may_be_retired(np.array([transfer_id]), self._tables["header"])
        if self._archive is not None and len(numbers):
            (seq,) = self._archive.find(numbers).tolist()
            if seq:
                return self.transfer_of(seq)
        return Answer.TRANSFER_NOT_FOUND

    def fold(self, account: int, t: int | None = None) -> int | Answer:
        """FOLD (L29): takes the smaller posted balance off both; returns how much that was."""
        self._begin(t)
        row = self._find_account(account)
        if row == 0:
            return Answer.ACCOUNT_NOT_FOUND
        accounts = self._tables["accounts"]
        folded = int(min(accounts["debits_posted"][row], accounts["credits_posted"][row]))
        if folded == 0:
            return 0
        accounts["debits_posted"][row] -= folded
        accounts["credits_posted"][row] -= folded
        self._tables["sides"]["folded"][row : row + 1] += np.int64(folded)
        if memory.reserve_history(self._tables, 1):
            self._point()
        entries.enter_row(self._call_argument(), row, self.now, int(HistoryKind.FOLD))
        return folded

    def trial(self, t: int | None = None) -> list[TrialRow]:
        """TRIAL (L31): exact sums of the four balances per ledger, ascending."""
        self._begin(t)
        return queries.trial(self._view())

    def root(self, t: int | None = None) -> bytes:
        """ROOT (L33): 32 bytes, SHA-256."""
        self._begin(t)
        return commitment.root(self._view())

    def retire(self) -> int:
        """Move the oldest transfers to the archive, up to the first that is pending; returns how many.

        No answer, no root and no later command depends on it. ValueError without an archive.
        """
        if self._archive is None:
            raise ValueError("Expected an archive to retire transfers to, was none")
        cut = retirement.cut_of(self._tables)
        if cut:
            self._archive.cut(self.retired)
            self._archive.append(retirement.retired_rows(self._tables, cut))
            retirement.drop(self._tables, cut)
            self._tables["id_index"] = np.zeros(0, np.int64)
            self._fill_ids()
        return cut

    # -- state -----------------------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        """The clock (L5)."""
        return int(self._tables["header"][layout.NOW])

    @property
    def stored(self) -> int:
        """Stored transfers, which is the seq of the last one (L7)."""
        header = self._tables["header"]
        return int(header[layout.RETIRED] + header[layout.TRANSFERS])

    @property
    def retired(self) -> int:
        """The first so many of them are in the archive."""
        return int(self._tables["header"][layout.RETIRED])

    @property
    def opened(self) -> int:
        """Accounts so far."""
        return int(self._tables["header"][layout.ACCOUNTS])

    def state(self) -> Tables:
        """All tables as they lie in memory, to be read: rows of accounts and transfers start at 1."""
        return self._view()

    def transfer_of(self, seq: int) -> StoredTransfer:
        """The transfer with a seq from 1 to `stored`, retired or not."""
        if seq > self.retired:
            return queries.stored_transfer(self._view(), seq - self.retired)
        assert self._archive is not None, "transfers are only retired to an archive"
        (row,) = self._archive.read(np.array([seq]))
        resolved = self._archive.read(np.array([row["other"]]))[0] if row["flags"] & RESOLVING else None
        return queries.archived_transfer(self._view(), row, resolved, seq)

    def memory_bytes(self) -> int:
        """Bytes of all rows in use and of the indexes."""
        return memory.used_bytes(self._tables)

    def snapshot(self, into: SnapshotWriter) -> None:
        """The clock and every row in use; the same bytes for any cutting of requests."""
        memory.put_all(self._tables, into)

    def restore(self, source: SnapshotReader) -> None:
        """Take over a snapshot; its part of the archive stays. ValueError for arrays that are none, or an
        archive that has less; the ledger is then as it was."""
        tables = memory.restored(source, self._seed)
        retired = int(tables["header"][layout.RETIRED])
        if self._archive is not None:
            self._archive.cut(retired)
        elif retired:
            raise ValueError(f"Expected an archive of {retired} transfers, was none")
        self._tables = tables
        header = self._tables["header"]
        self._point()
        self._widen("account_index", layout.ACCOUNT_MASK, int(header[layout.ACCOUNTS]), always=True)
        self._fill_ids()
        self._with_history = bool((self._tables["accounts"]["flags"] & ACCOUNT_HISTORY).any())
        self.expired = _NO_IDS

    def validate(self) -> None:
        """L32 and the structure itself; raises BrokenInvariant naming the first that is broken."""
        if found := invariants.broken(self._view()):
            raise BrokenInvariant(f"ledger after seq {self.stored}: {found}")

    # -- inside ----------------------------------------------------------------------------------------------

    def _begin(self, t: int | None) -> None:
        """Phases 1 and 2 of a command (L5, L6, L20)."""
        header, heap = self._tables["header"], self._tables["heap"]
        if t is not None:
            if not 0 <= t <= INT_MAX:
                raise ValueError(f"Expected a time from 0 to {INT_MAX}, was {t}")
            if t > header[layout.NOW]:
                header[layout.NOW] = t
        self.expired = _NO_IDS
        if header[layout.HEAP] and heap["expiry"][0] <= header[layout.NOW]:
            self._expire()

    def _expire(self) -> None:
        pieces = []
        count = EXPIRY_ROOM
        while count == EXPIRY_ROOM:
            if self._with_history and memory.reserve_history(self._tables, 2 * EXPIRY_ROOM):
                self._point()
            count = int(entries.enter_expiry(self._call_argument()))
            pieces.append(self._tables["expired"][:count].copy())
        self.expired = np.concatenate(pieces)

    def _recalled(self, requests: Array) -> Array:
        """What a request may name of the archive, as rows behind those that it may create."""
        header = self._tables["header"]
        if self._archive is None or not header[layout.RETIRED]:
            return _NO_ROWS
        numbers = retirement.may_be_retired(np.concatenate([requests["id"], requests["pending_id"]]), header)
        if not len(numbers):
            return _NO_ROWS
        first = int(header[layout.TRANSFERS]) + 1 + len(requests)
        return retirement.recalled_rows(self._archive, numbers, first)

    def _fill_ids(self) -> None:
        """The index of ids anew, as large as the rows need it."""
        header = self._tables["header"]
        ids = int(header[layout.TRANSFERS] + header[layout.BURNED])
        self._widen("id_index", layout.ID_MASK, ids, always=True)

    def _answer(self, name: str, requests: Array) -> Results:
        """One result for each request."""
        results = np.zeros(len(requests), layout.RESULT)
        argument = self._call_argument(**{name: requests, "results": results})
        run = entries.enter_transfers if name == "requests" else entries.enter_accounts
        run(argument, len(requests))
        codes: Results = results["code"]
        return codes

    def _require(self, requests: Array, dtype: np.dtype[Any]) -> None:
        if requests.dtype != dtype or requests.ndim != 1 or not requests.flags.c_contiguous:
            raise ValueError(
                f"Expected a contiguous column of records of {dtype.itemsize} bytes, "
                f"was {requests.shape} of {requests.dtype}"
            )

    def _find_account(self, account: int) -> int:
        return int(entries.enter_search(self._call_argument(), account, True))

    def _widen(self, name: str, mask: int, entries_wanted: int, always: bool = False) -> None:
        """Room in an index; a larger one is filled anew."""
        widened = memory.widen_index(self._tables, name, mask, entries_wanted)
        if widened:
            self._point()
        if widened or always:
            entries.enter_index(self._call_argument(), name == "account_index")

    def _point(self) -> None:
        """Tell the kernel where the tables are now."""
        everything = self._tables | self._nothing
        self._addresses = addresses_of([everything[name] for name in _NAMES], [])

    def _call_argument(self, **of_one_call: Array) -> Any:
        """What an entry takes: addresses for compiled code, the tables themselves for interpreted code."""
        if not COMPILED:
            return self._view(**of_one_call)
        for name, array in of_one_call.items():
            self._addresses[_CELL[name]] = array.ctypes.data
            self._addresses[_CELL[name] + 1] = len(array)
        return self._addresses

    def _view(self, **of_one_call: Array) -> Tables:
        return Tables(**{**self._tables, **self._nothing, **of_one_call})
