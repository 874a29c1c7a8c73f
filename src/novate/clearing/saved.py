"""The state of a clearing house as bytes: for a snapshot, and for its root.

    snapshot   trades versions legs   columns as they lie in memory
               names                  texts of trade ids
               archive                records of settled trades, where they are not durable already
               ledger_...             the tables of the ledger
               rest                   everything else, JSON of sorted lists (numbers of any size)

    root       SHA-256 over the rest, the root of the ledger (L33), and the columns in order of arrival,
               without the numbers of rows that only say where something lies, and without legs that are GONE;
               length and digest of the archive are in the rest

What follows from the columns (which legs wait, which are behind a position) is not saved but found again.
"""

from __future__ import annotations

from array import array
from hashlib import sha256
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from novate.clearing.archive import ARCHIVED, MemoryArchive, TradeArchive
from novate.clearing.commands import Command, Staged
from novate.clearing.house_terms import HouseTerms
from novate.clearing.ledger.archive import Archive
from novate.clearing.open_positions import Position
from novate.clearing.staging import Staging
from novate.clearing.state import Claim, Corporate, GiveUp, Intent, Item, Price, State
from novate.domain.clearing_codes import LegState
from novate.domain.codes import Side
from novate.domain.machine import SnapshotReader, SnapshotWriter

HASHED_AT_ONCE = 1 << 16
"""Values of a column that are laid side by side to be hashed: few enough for a processor's cache."""
COLUMNS = ("trades", "versions", "legs")
IN_ROOT = {
    "trades": ("identity", "number", "source", "in_force", "highest", "is_cancelled", "is_netted"),
    "versions": ("trade", "version", "content"),
    "legs": (
        "trade", "version", "party", "instrument", "quantity", "amount", "lieu", "due", "trade_day", "side",
        "kind", "state", "is_reversal",
    ),
}  # fmt: skip


def state_root(state: State, staging: Staging) -> bytes:
    """SHA-256 commitment to everything that the house remembers."""
    digest = sha256(rest_of(state, staging))
    digest.update(state.balances.ledger.root())
    for table, columns in IN_ROOT.items():
        rows: npt.NDArray[Any] = getattr(state, table).array
        if table == "legs":
            # Picked as a whole: a choice by a mask would copy rows field by field.
            rows = rows.take(np.flatnonzero(rows["state"] != LegState.GONE))
        digest.update(len(rows).to_bytes(8, "little"))
        for column in columns:
            for first in range(0, len(rows), HASHED_AT_ONCE):
                digest.update(rows[column][first : first + HASHED_AT_ONCE].tobytes())
    return digest.digest()


def memory_bytes(state: State) -> int:
    """Bytes of rows in use, of names and identities, and of the lists of rows beside them."""
    rows = sum(getattr(state, table).array.nbytes for table in COLUMNS)
    return int(rows + len(state.texts.heap) + state.trade_rows.nbytes + state.positions.nbytes)


def write_snapshot(state: State, staging: Staging, into: SnapshotWriter) -> None:
    """Hand the arrays to a snapshot."""
    for table in COLUMNS:
        into.put(table, getattr(state, table).array)
    # What is in memory only must be in the snapshot; what is elsewhere is durable already.
    held = state.archive if isinstance(state.archive, MemoryArchive) else MemoryArchive()
    into.put("archive", held.read(np.arange(1, len(held) + 1)))
    into.put("names", np.frombuffer(bytes(state.texts.heap), np.uint8))
    state.balances.ledger.snapshot(_LedgerWriter(into))
    into.put("rest", np.frombuffer(rest_of(state, staging), np.uint8))


def read_snapshot(
    terms: HouseTerms, source: SnapshotReader, trade_archive: TradeArchive, archive: Archive | None = None
) -> tuple[State, Staging]:
    """A state from its arrays. ValueError where they do not fit; the archives are then as they were.

    Archives are cut to what belongs to the state.
    """
    state, staging = State(terms, trade_archive, archive), Staging()
    for table in COLUMNS:
        getattr(state, table).take_over(source.get(table))
    state.texts.heap = bytearray(source.get("names").tobytes())
    try:
        rest = msgspec.json.decode(source.get("rest").tobytes())
        _load_rest(state, rest)
        _load_staging(staging, rest)
    except (msgspec.DecodeError, KeyError, TypeError, IndexError) as fault:
        raise ValueError(f"Expected the rest of a clearing house of the same terms, was {fault!r}") from fault
    _find_again(state)
    if len(trade_archive) < state.archived:
        raise ValueError(
            f"Expected an archive of at least {state.archived} rows of trades, was {len(trade_archive)}"
        )
    state.balances.ledger.restore(_LedgerReader(source))
    state.balances.read_ledger()
    trade_archive.cut(state.archived)
    return state, staging


def archive_of(source: SnapshotReader) -> MemoryArchive:
    """The archive of trades of a house that keeps it in memory. ValueError if it is none."""
    rows = source.get("archive")
    if rows.dtype != ARCHIVED:
        raise ValueError(f"Expected rows of {ARCHIVED}, was {rows.dtype}")
    archive = MemoryArchive()
    archive.append(rows)
    return archive


def day_of_snapshot(source: SnapshotReader) -> int:
    """The business date of a snapshot, as a day ordinal."""
    day: int = msgspec.json.decode(source.get("rest").tobytes())["day"][0]
    return day


def rest_of(state: State, staging: Staging) -> bytes:
    """Everything but the columns, sorted: the same state gives the same bytes."""
    rest = {
        "day": [state.today, state.cycles, state.runs],
        "last": [state.last_giveup, state.last_transfer, state.last_intent],
        "archive": [
            state.archived,
            state.archived_digest.hex(),
            state.arrived,
            _counted(state.archived_lieu),
        ],
        "turnover": state.balances.turnover,
        "load": [state.loads.quantities.tolist(), state.loads.amounts.tolist()],
        "exempt": _pairs(state.exempt),
        "groups": _pairs(state.groups),
        "marks": [[key, state.marks[key]] for key in sorted(state.marks)],
        "sources": [_text(name) for name in state.sources],
        "positions": [
            [instrument, party, one.lots, one.amount, one.reason, one.failed, one.coev]
            for instrument in state.positions.instruments()
            for party, one in state.positions_of(instrument)
        ],
        "items": [_item(state.items[trade]) for trade in sorted(state.items)],
        "giveups": [[key, one.trade, one.side, one.to] for key, one in sorted(state.giveups.items())],
        "intents": [
            [key, one.party, one.instrument, one.left, one.day] for key, one in sorted(state.intents.items())
        ],
        "corporate": [_corporate(name, state.corporate[name]) for name in sorted(state.corporate)],
        "splits": [[key, [_text(name) for name in state.splits[key]]] for key in sorted(state.splits)],
        "claims": [_claim(claim) for claim in sorted(state.claims)],
        "own": [_counted(own) for own in (state.own_securities, state.own_deposits, state.own_money)],
        "venue": state.venue.rows(),
        "staged": [_staged(staging.text), staging.text_goes_on, staging.parts],
        "batch": None if staging.head is None else _command(staging.head),
        "batch_trades": [
            [_command(one), _staged(staged.text), staged.parts] for one, staged in staging.trades
        ],
    }
    if state.margin is not None:
        rest["margin"] = state.margin.rows()
    return msgspec.json.encode(rest)


class _LedgerWriter:
    """Puts the ledger's arrays among those of the house, by names of their own."""

    def __init__(self, into: SnapshotWriter) -> None:
        self._into = into

    def put(self, name: str, array: npt.NDArray[Any]) -> None:
        self._into.put(f"ledger_{name}", array)


class _LedgerReader:
    """Gets the ledger's arrays from among those of the house."""

    def __init__(self, source: SnapshotReader) -> None:
        self._source = source

    def get(self, name: str) -> npt.NDArray[Any]:
        return self._source.get(f"ledger_{name}")


def _pairs(table: dict[tuple[int, int], int]) -> list[list[int]]:
    return [[*key, table[key]] for key in sorted(table)]


def _counted(table: dict[int, int]) -> list[list[int]]:
    return [[key, table[key]] for key in sorted(table) if table[key]]


def _text(name: bytes) -> str:
    """Any bytes as text, one letter a byte."""
    return name.decode("latin-1")


def _bytes(text: str) -> bytes:
    return text.encode("latin-1")


def _staged(text: bytes | None) -> str | None:
    return None if text is None else _text(text)


def _claim(claim: Claim) -> list[Any]:
    return [claim.pay_day, _text(claim.name), claim.party, claim.instrument, claim.amount]


def _price_of(saved: list[int] | None) -> Price | None:
    return None if saved is None else Price._make(saved)


def _command(command: Command) -> list[int]:
    return [int(field) for field in command]


def _item(item: Item) -> list[int]:
    return [
        item.trade, item.instrument, item.buyer, item.seller, item.quantity, item.amount, item.since,
        item.contract, item.reason, item.failed,
    ]  # fmt: skip


def _corporate(name: bytes, event: Corporate) -> list[Any]:
    return [
        _text(name), event.kind, event.instrument, event.ex_day, event.record_day, event.pay_day, event.new,
        event.old, event.price,
    ]  # fmt: skip


def _load_rest(state: State, rest: dict[str, Any]) -> None:
    state.today, state.cycles, state.runs = rest["day"]
    state.last_giveup, state.last_transfer, state.last_intent = rest["last"]
    state.archived, digest, state.arrived, lieu = rest["archive"]
    state.archived_digest, state.archived_lieu = bytes.fromhex(digest), dict(lieu)
    state.balances.turnover = rest["turnover"]
    state.loads.quantities[:], state.loads.amounts[:] = rest["load"]
    state.exempt = {(one, other): value for one, other, value in rest["exempt"]}
    state.groups = {(one, other): value for one, other, value in rest["groups"]}
    state.marks = {key: Price._make(price) for key, price in rest["marks"]}
    state.sources = [_bytes(name) for name in rest["sources"]]
    for instrument, party, lots, amount, reason, failed, coev in rest["positions"]:
        position = Position(lots, amount, array("q"), reason, failed, coev)
        state.positions[instrument][party] = position
    state.giveups = {key: GiveUp(*fields) for key, *fields in rest["giveups"]}
    state.intents = {key: Intent(*fields) for key, *fields in rest["intents"]}
    for name, kind, instrument, ex, record, pay, new, old, price in rest["corporate"]:
        event = Corporate(kind, instrument, ex, record, pay, new, old, _price_of(price))
        state.corporate[_bytes(name)] = event
    state.splits = {key: [_bytes(name) for name in names] for key, names in rest["splits"]}
    state.claims = [
        Claim(day, _bytes(name), party, instrument, amount)
        for day, name, party, instrument, amount in rest["claims"]
    ]
    state.venue.take_over(rest["venue"])
    state.own_securities, state.own_deposits, state.own_money = (dict(own) for own in rest["own"])
    for fields in rest["items"]:
        trade, instrument, buyer, seller, quantity, amount, since, contract, reason, failed = fields
        buys, sells = (state.legs_of(trade, side)[0] for side in (Side.BUY, Side.SELL))
        state.items[trade] = Item(
            trade, instrument, buys, sells, buyer, seller, quantity, amount, since, contract, reason, failed
        )

    if state.margin is not None:
        state.margin.take_over(rest["margin"])


def _load_staging(staging: Staging, rest: dict[str, Any]) -> None:
    text, staging.text_goes_on, parts = rest["staged"]
    staging.text = None if text is None else _bytes(text)
    staging.parts = [(account, quantity) for account, quantity in parts]
    staging.head = None if rest["batch"] is None else Command._make(rest["batch"])
    for command, name, trade_parts in rest["batch_trades"]:
        pieces = tuple((account, quantity) for account, quantity in trade_parts)
        staged = Staged(None if name is None else _bytes(name), pieces)
        staging.trades.append((Command._make(command), staged))


def _find_again(state: State) -> None:
    """What follows from the columns."""
    if state.trade_rows.enter(state.trades.array["identity"], 0) < state.trades.count:
        raise ValueError("Expected each trade once, was one of them twice")
    states = state.legs.array["state"]
    for row in np.flatnonzero(states == LegState.OPEN).tolist():
        leg = state.leg(row)
        if not state.is_gross(leg.instrument):
            state.positions[leg.instrument][leg.party].legs.append(row)
