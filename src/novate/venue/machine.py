"""The execution plane as a machine: `Venue` owns the tables and drives the kernel over batches.

    apply(commands, events) = for pieces of 4,096 commands: reserve rows -> kernel -> make room if it asks

Reserving happens before a piece, for the worst that the piece can take: an order row, an extra and an index
entry a command. Everything that cannot be bounded beforehand (events of a sweep, balances, blocks) is asked
for by the kernel in the middle of a command, which then goes on as if nothing had happened.
"""

from __future__ import annotations

import numpy as np

from novate.compiled import COMPILED
from novate.domain.machine import BrokenInvariant, SnapshotReader, SnapshotWriter
from novate.domain.queries import Lines
from novate.domain.records import COMMAND, EVENT, Commands, Events, new_commands, new_events
from novate.domain.terms import VenueTerms
from novate.growth import enlarged
from novate.tables import addresses_of
from novate.venue import cells, kernel, layout, memory
from novate.venue.admissible import require_admissible
from novate.venue.cells import PIECE
from novate.venue.commitment import list_orders, state_root
from novate.venue.control_checks import broken_controls
from novate.venue.inspection import Book, read_book
from novate.venue.invariants import broken_sums, check_books, describe, is_open_now
from novate.venue.layout import Tables
from novate.venue.limit_checks import broken_counters
from novate.venue.readings import read_balances, read_depth, read_orders, read_positions
from novate.venue.timer_checks import PendingTimer, broken_timers, read_timers

if COMPILED:
    from novate.venue import entries

# Above these the tables outgrow the processor's caches, and looking ahead pays; below it costs a few ns.
_LOOK_AHEAD_ORDERS = 16_384
_LOOK_AHEAD_MARKETS = 64
# Tables of which a command takes at most one row, and the cell that counts the rows in use.
_POOLS = {"orders": cells.ORDER_COUNT, "extras": cells.EXTRA_COUNT}
_SAVED = tuple(name for name in Tables._fields if name not in ("scratch", "commands", "events"))
_OF_TERMS = ("header", "markets", "tops", "accounts", "holders", "margins", "assets")
_NO_COMMANDS = new_commands(0)
_NO_EVENTS = new_events(0)


class Venue:
    """One execution engine: many markets, one sequence of commands. Implements `Machine`."""

    def __init__(self, terms: VenueTerms) -> None:
        """An empty venue. Raises ValueError naming every term that is out of bounds."""
        require_admissible(terms)
        self.terms = terms
        self.consumed = 0
        self._tables = memory.new_tables(terms)
        self._header = self._tables["header"]
        self._headroom = 0
        self._point()

    def apply(self, commands: Commands, events: Events) -> int:
        """Apply commands in order; returns events written. See `Machine` for a buffer that fills up.

        commands: (n,) COMMAND; events: (m,) EVENT, m >= 32. Raises ValueError for other types, a smaller
        buffer or strided views, and BrokenInvariant if the kernel found one (the machine is then of no use).
        """
        total = len(commands)
        if len(events) < cells.MIN_EVENT_BUFFER or commands.dtype != COMMAND or events.dtype != EVENT:
            self._refuse(commands, events)
        if total <= self._headroom:
            self._headroom -= total
            result = self._run(commands, events)
            if result >> 32 == total:
                self.consumed = total
                return result & 0xFFFFFFFF
            return self._continue(commands, events, result >> 32, result & 0xFFFFFFFF)
        return self._continue(commands, events, 0, 0, stopped=False)

    def _continue(
        self, commands: Commands, events: Events, done: int, written: int, *, stopped: bool = True
    ) -> int:
        """Go on in pieces from command `done`, making room whenever the kernel stopped for lack of it."""
        total = len(commands)
        while True:
            if stopped:
                self._headroom = 0
                if self._header[cells.BROKEN]:
                    raise BrokenInvariant(f"conservation broken at sequence {self.sequence}")
                if self._header[cells.NEED] == cells.NEED_EVENTS:
                    break
                self._make_room(int(self._header[cells.NEED]))
            if done == total:
                break
            piece = commands[done : done + PIECE]
            self._reserve(len(piece))
            result = self._run(piece, events[written:])
            written += result & 0xFFFFFFFF
            done += result >> 32
            stopped = result >> 32 < len(piece)
        self.consumed = done
        return written

    def _run(self, commands: Commands, events: Events) -> int:
        if COMPILED:
            return int(entries.enter(self._addresses, commands, events))
        # Interpreted kernels wrap like compiled ones; NumPy would warn about every hash.
        with np.errstate(over="ignore"):
            done = kernel.run(self._view(commands, events), len(commands))
        return int(done) << 32 | int(self._header[cells.EVENTS])

    def _refuse(self, commands: Commands, events: Events) -> None:
        if commands.dtype != COMMAND or events.dtype != EVENT:
            raise ValueError(
                f"Expected COMMAND and EVENT records, was {commands.dtype.itemsize} bytes "
                f"and {events.dtype.itemsize} bytes of other types"
            )
        raise ValueError(f"Expected room for at least {cells.MIN_EVENT_BUFFER} events, was {len(events)}")

    def _view(self, commands: Commands = _NO_COMMANDS, events: Events = _NO_EVENTS) -> Tables:
        return Tables(**self._tables, commands=commands, events=events.view(layout.EVENT_WORDS))

    def _point(self) -> None:
        """Tell the kernel where the tables are now."""
        tables = list(self._tables.values())
        staged = self._tables["staged"]
        self._addresses = addresses_of([*tables, _NO_COMMANDS, _NO_EVENTS], [*tables, staged, _NO_EVENTS])
        self._header = self._tables["header"]

    def _reserve(self, commands: int) -> None:
        """Rows for the worst that a piece of commands can take; remembers how many are covered."""
        tables = self._tables
        header = self._header
        grown = False
        for pool, count in _POOLS.items():
            needed = int(header[count]) + PIECE + 2  # a pair may have its first record in the piece before
            if needed > len(tables[pool]):
                tables[pool] = enlarged(tables[pool], max(needed, 2 * len(tables[pool])))
                grown = True
        live = int(header[cells.ORDER_COUNT]) + PIECE
        if live * 4 > len(tables["index"]) * 3:
            rows = len(tables["index"])
            while live * 2 > rows:
                rows *= 2
            tables["index"] = memory.grow_index(tables, rows)
            grown = True
        if len(tables["features"]) > 1 and len(tables["stamps"]) < len(tables["orders"]):
            tables["stamps"] = enlarged(tables["stamps"], len(tables["orders"]))
            grown = True
        if grown:
            self._point()
        many_orders = int(header[cells.ORDER_COUNT]) > _LOOK_AHEAD_ORDERS
        self._header[cells.PREFETCH] = many_orders or len(tables["markets"]) > _LOOK_AHEAD_MARKETS
        self._headroom = PIECE - commands

    def _grow_orders(self) -> None:
        """Rows and names for a command that may take more of them than was reserved (a quote takes two)."""
        tables = self._tables
        wanted = int(self._header[cells.ORDER_COUNT]) + PIECE + 4
        if len(tables["orders"]) < wanted:
            tables["orders"] = enlarged(tables["orders"], 2 * wanted)
        if wanted * 4 > len(tables["index"]) * 3:
            tables["index"] = memory.grow_index(tables, 2 * len(tables["index"]))

    def _make_room(self, need: int) -> None:
        """Enlarge what the kernel asked for."""
        tables = self._tables
        if need == cells.NEED_BLOCKS:
            tables["blocks"] = enlarged(tables["blocks"], 2 * len(tables["blocks"]))
            tables["levels"] = enlarged(tables["levels"], 2 * len(tables["levels"]))
        elif need == cells.NEED_WORDS:
            tables["words"] = enlarged(tables["words"], 2 * len(tables["words"]))
        elif need == cells.NEED_SCRATCH:
            tables["scratch"] = np.zeros(2 * len(tables["orders"]), np.int64)
        elif need == cells.NEED_ORDERS:
            self._grow_orders()
        elif need == cells.NEED_FEATURES:
            memory.grow_features(tables)
        elif need == cells.NEED_PROTECTIONS:
            tables["protections"] = enlarged(tables["protections"], 2 * len(tables["protections"]))
        elif need == cells.NEED_ENTRIES:
            tables["entries"] = enlarged(tables["entries"], 2 * len(tables["entries"]))
        elif need == cells.NEED_TIMERS:
            tables["timers"] = enlarged(tables["timers"], 2 * len(tables["timers"]))
        elif need == cells.NEED_BALANCES:
            tables["balances"] = memory.grow_hashed(tables, "balances")
        elif need == cells.NEED_POSITIONS:
            tables["positions"] = memory.grow_hashed(tables, "positions")
        else:
            raise BrokenInvariant(f"the kernel stopped at sequence {self.sequence} without saying why")
        self._point()

    @property
    def sequence(self) -> int:
        """Number of the last command begun; the first command is 1."""
        return int(self._header[cells.SEQUENCE])

    @property
    def now(self) -> int:
        """The venue clock (R3)."""
        return int(self._header[cells.NOW])

    @property
    def clearing_sequence(self) -> int:
        """Number of the last command of the clearing house that was applied (K16)."""
        return int(self._header[cells.CLEARING_SEQ])

    @property
    def trades(self) -> int:
        """Trades so far; the last trade id."""
        return int(self._header[cells.NEXT_TRADE_ID]) - 1

    def resting_orders(self) -> int:
        """Live orders of all markets, parked and elected ones included."""
        return int(self._header[cells.ORDER_COUNT])

    def balance(self, account: int, asset: int) -> tuple[int, int]:
        """(available, reserved) of an account in an asset (K1)."""
        balances = self._tables["balances"]
        found = balances[(balances["used"] != 0) & (balances["key"] == (account << 16 | asset))]
        return (int(found["available"][0]), int(found["reserved"][0])) if len(found) else (0, 0)

    def book(self, market: int, most: int | None = None) -> Book:
        """Bids, asks (of each no more than `most`) and parked orders of a market (R53).

        Raises IndexError for an unknown market.
        """
        return read_book(self._view(), market, most)

    def depth(self, market: int, most: int) -> Lines:
        """DEPTH_LINE records: displayed quantity by price, bids then asks, at most `most` of each.

        Raises IndexError for an unknown market.
        """
        return read_depth(self._view(), market, most)

    def last_price(self, market: int) -> int | None:
        """Price of the last trade, or of SET_REF before the first; None: neither."""
        last = int(self._tables["markets"]["last"][market])
        return None if last == cells.NO_PRICE else last

    def market_state(self, market: int) -> int:
        """The MarketState of a market."""
        return int(self._tables["markets"]["state"][market])

    def orders(self, first: int, most: int, account: int | None = None) -> tuple[Lines, int]:
        """(ORDER_LINE records, next row) of the live orders among `most` rows; see `read_orders`."""
        return read_orders(self._view(), first, most, account)

    def balances(self, account: int) -> Lines:
        """BALANCE_LINE records of an account, by asset."""
        return read_balances(self._view(), account)

    def positions(self, account: int) -> Lines:
        """POSITION_LINE records of an account, by market."""
        return read_positions(self._view(), account)

    def timers(self) -> list[PendingTimer]:
        """Changes of state to come, the next one first (R57)."""
        return read_timers(self._view())

    def memory_bytes(self) -> int:
        """Bytes of all rows in use, of orders, levels, indexes and markets."""
        used = self._used_rows()
        return sum(used.get(name, len(t)) * t.itemsize for name, t in self._tables.items())

    def _used_rows(self) -> dict[str, int]:
        """Rows of the pools that have ever been used; what lies behind them is zero."""
        header = self._header
        return {
            "orders": int(header[cells.ORDER_TOP]),
            "extras": int(header[cells.EXTRA_TOP]),
            "blocks": int(header[cells.BLOCK_TOP]),
            "levels": int(header[cells.BLOCK_TOP]) * cells.LEVELS_PER_BLOCK,
            "words": int(header[cells.WORDS_TOP]),
            "features": int(header[cells.FEATURES_TOP]),
            "protections": int(header[cells.PROTECTION_TOP]),
            "entries": int(header[cells.ENTRY_TOP]),
            "timers": max(1, int(header[cells.TIMER_COUNT])),
        }

    def state_root(self) -> bytes:
        """SHA-256 over the canonical form of the whole state (see `novate.venue.commitment`)."""
        self._require_idle("a state root")
        return state_root(self._view(), self._live_rows())

    def snapshot(self, into: SnapshotWriter) -> None:
        """Every table, as it lies in memory up to its last row in use."""
        self._require_idle("a snapshot")
        used = self._used_rows()
        for name in _SAVED:
            table = self._tables[name]
            into.put(name, table[: used.get(name, len(table))])

    def restore(self, source: SnapshotReader) -> None:
        """Take over the tables of a venue of the same terms. Raises ValueError where they do not fit."""
        for name in _SAVED:
            saved = source.get(name)
            fixed = name in _OF_TERMS and len(saved) != len(self._tables[name])
            if fixed or saved.dtype != self._tables[name].dtype:
                raise ValueError(f"Expected the table {name!r} of the same terms, was {len(saved)} rows")
        for name in _SAVED:
            self._tables[name] = np.frombuffer(bytearray(source.get(name).tobytes()), source.get(name).dtype)
        self._headroom = 0
        self._point()

    def validate(self) -> None:
        """R54, K1, K2 and the structure itself; raises BrokenInvariant naming the first that is broken."""
        self._require_idle("validation")
        if COMPILED:
            broken = describe(entries.enter_check(self._addresses))
        else:
            with np.errstate(over="ignore"):
                broken = describe(int(check_books(self._view())))
        view, live = self._view(), self._live_rows()
        broken = broken or broken_sums(view, live) or broken_counters(view, live, is_open_now(view, live))
        broken = broken or broken_controls(view, live) or broken_timers(view)
        if broken:
            raise BrokenInvariant(f"at sequence {self.sequence}: {broken}")

    def _live_rows(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """Rows of the live orders in the canonical order of `list_orders`."""
        if len(self._tables["scratch"]) < len(self._tables["orders"]):
            self._make_room(cells.NEED_SCRATCH)
        count = entries.enter_listing(self._addresses) if COMPILED else list_orders(self._view())
        return self._tables["scratch"][:count]

    def _require_idle(self, what: str) -> None:
        if self._header[cells.PHASE] != cells.IDLE:
            raise ValueError(f"Expected {what} between two commands, was in the middle of one")


def warm_up() -> None:
    """Compile every kernel (or load it from the disk cache) by running a tiny market once."""
    from novate.venue.rehearsal import rehearse

    rehearse()
