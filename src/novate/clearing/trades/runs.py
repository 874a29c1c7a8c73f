"""Many TRADE commands at once: what nobody has seen and no rung refuses is taken by the column.

    TEXT TRADE TEXT TRADE ...  --columns--> surely acceptable? amount, due date, identity, content
                                  |
       blocks of acceptable trades that are new   --> rows of trades, versions and legs, events: all at once
       every other trade (refused, repeated, odd) --> one at a time, by `delivery`

Only what is surely acceptable is decided here; a refusal is always worded by `contents`. So a run gives
exactly the bytes that one command at a time gives. Cost: three hashes and a look-up a trade, the rest NumPy.
"""

from __future__ import annotations

from array import array
from hashlib import sha256

import numpy as np
import numpy.typing as npt

from novate.clearing.commands import Command
from novate.clearing.house_terms import HouseTerms
from novate.clearing.rows import LEGS, NO_ROW, TRADES, VERSIONS
from novate.clearing.state import State
from novate.clearing.trades.contents import CONTENT, check_dates, due_day, settlement_day
from novate.domain.clearing_codes import (
    ClearingCommand,
    ClearingEvent,
    ClearingFlag,
    LegKind,
    LegOperation,
    LegState,
)
from novate.domain.clearing_records import CLEARING_EVENT, NOT_GIVEN, RECORD_BYTES, TEXT_BYTES, Records
from novate.domain.codes import Side
from novate.domain.units import INT64_MAX

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
SHORTEST_RUN = 8
"""Below this many trades columns cost more than they save."""
EVENTS_OF_A_TRADE = 4
"""ACCEPTED, TEXT, LEG, LEG."""
MOST_DECIMALS = 18
"""10**18 fits 64 bits."""


class TradeTables:
    """What the columns are compared with: one entry per party and per instrument."""

    def __init__(self, terms: HouseTerms) -> None:
        self.is_member = np.ones(len(terms.parties) + 1, bool)
        self.is_member[[terms.ccp, terms.world, -1]] = False
        of = [one.currency for one in terms.instruments]
        self.currency = np.array([*of, NOT_GIVEN], np.int64)
        units = [one.worth_factor * 10 ** terms.currencies[one.currency].digits for one in terms.instruments]
        # What does not fit 64 bits is left to the path of single trades.
        self.minor_units = np.array([n if n <= INT64_MAX else 0 for n in units] + [0], np.int64)
        self.worth_decimals = np.array([one.worth_decimals for one in terms.instruments] + [0], np.int64)


class TradeRun:
    """Consecutive (TEXT, TRADE) pairs of a piece of commands, looked at once."""

    def __init__(self, state: State, tables: TradeTables, pairs: Records) -> None:
        """pairs: (2n,) CLEARING_COMMAND, TEXT and TRADE by turns, each text whole in its record."""
        self._state = state
        self._trades = pairs[1::2]
        self._texts = pairs[0::2].copy().view(np.uint8).reshape(-1, RECORD_BYTES)
        self._amount = np.zeros(len(self._trades), np.int64)
        self._due = np.zeros(len(self._trades), np.int64)
        self._currency = tables.currency
        self._acceptable = self._check(tables)
        self._acceptable &= self._find_dates(self._acceptable)
        self._names = [row[4 : 4 + row[1]] for row in map(bytes, self._texts)]
        self._acceptable &= self._are_named()
        self._identities = self._hash_identities()

    def __len__(self) -> int:
        return len(self._trades)

    def take(self, first: int, most: int) -> int:
        """Take the new and acceptable trades from `first` on, at most so many; returns how many they are."""
        known, block = self._state.trade_rows, set()
        last = min(first + most, len(self))
        end = first
        while end < last and self._acceptable[end]:
            identity = self._identities[end]
            if identity in known or identity in block:
                break
            block.add(identity)
            end += 1
        wanted = slice(first, end)
        if not self._state.loads.surely_bears(self._trades["quantity"][wanted], self._amount[wanted]):
            self._acceptable[wanted] = False
            return 0
        if end > first:
            self._novate(slice(first, end))
        return end - first

    def _check(self, tables: TradeTables) -> Bools:
        """Rungs of C9 that look at one field or two; also finds the amounts."""
        trades, switches = self._trades, self._state.switches
        instrument = trades["instrument"].astype(np.int64)
        count = len(self._state.terms.instruments)
        known = (instrument >= 0) & (instrument < count)
        instrument = np.where(known, instrument, count)
        currency = trades["currency"]
        quantity, version = trades["quantity"], trades["version"]
        is_strict = switches.version_policy == "STRICT"
        split = np.array([bool(self._state.splits.get(one)) for one in range(count)] + [True])
        return np.asarray(
            known
            & ~split[instrument]
            & (trades["source"] < len(self._state.sources))
            & (self._texts[:, 1] <= TEXT_BYTES)
            & ((version == 1) if is_strict else (version >= 1))
            & ((currency == NOT_GIVEN) | (currency == tables.currency[instrument]))
            & _is_member(tables, trades["party"])
            & _is_member(tables, trades["other_party"])
            & (trades["party"] != trades["other_party"])
            & (quantity >= 1)
            & (quantity <= switches.max_qty)
            & ((trades["flags"] & ClearingFlag.INVALID_PRICE) == 0)
            & (trades["decimals"] <= switches.max_decimals)
            & self._find_amounts(tables.minor_units[instrument], tables.worth_decimals[instrument])
        )

    def _find_amounts(self, minor_units: Int64s, worth_decimals: Int64s) -> Bools:
        """round(quantity * price) where the product surely fits 64 bits and the amount is acceptable."""
        trades, switches = self._trades, self._state.switches
        quantity, price = trades["quantity"].astype(np.int64), trades["price"].astype(np.int64)
        decimals = trades["decimals"].astype(np.int64) + worth_decimals
        bottom = np.array([10**n for n in range(MOST_DECIMALS + 1)], np.int64)[
            np.minimum(decimals, MOST_DECIMALS)
        ]
        fits = (trades["price_high"] == 0) & (price > 0) & (quantity > 0) & (minor_units > 0)
        fits &= decimals <= MOST_DECIMALS
        room = INT64_MAX // np.maximum(minor_units, 1)
        fits &= price <= room
        room //= np.maximum(price, 1)
        fits &= quantity <= room
        product = np.where(fits, quantity, 0) * np.where(fits, price, 0) * np.where(fits, minor_units, 0)
        quotient, rest = np.divmod(product, bottom)
        self._amount = quotient + (rest >= bottom - rest)
        is_exact = rest == 0
        fits &= (self._amount > 0) & (self._amount <= switches.max_amount)
        if switches.amount_rounding == "EXACT":
            fits &= is_exact
        return np.asarray(fits)

    def _find_dates(self, wanted: Bools) -> Bools:
        """Rungs of dates, and due dates: one question for each distinct (instrument, dates)."""
        state, trades, found = self._state, self._trades, np.zeros(len(self), bool)
        rows = np.flatnonzero(wanted)
        if not len(rows):
            return found
        keys = np.stack([trades[name][rows].astype(np.int64) for name in ("instrument", "day", "other_day")])
        _, firsts, which = np.unique(keys, axis=1, return_index=True, return_inverse=True)
        good, due = np.zeros(len(firsts), bool), np.zeros(len(firsts), np.int64)
        for place, first in enumerate(firsts.tolist()):
            command = Command._make(trades[rows[first]].item())
            good[place] = not check_dates(state, command)
            if good[place]:
                due[place] = due_day(state, command.instrument, settlement_day(state, command), False)
        found[rows] = good[which.ravel()]
        self._due[rows] = due[which.ravel()]
        return found

    def _are_named(self) -> Bools:
        """No fill of the venue, or one that FILLS has named."""
        venue = self._state.venue
        found = (self._trades["source"] != venue.source) | (self._trades["version"] != 1)
        for place in np.flatnonzero(~found).tolist():
            found[place] = venue.has_named(self._names[place])
        return np.asarray(found)

    def _hash_identities(self) -> list[bytes]:
        prefixes = [str(len(name)).encode() + b"|" + name + b"|" for name in self._state.sources]
        unknown = len(prefixes)
        sources = np.minimum(self._trades["source"], unknown).tolist()
        prefixes.append(b"")
        return [
            sha256(prefixes[source] + name).digest()[:16]
            for source, name in zip(sources, self._names, strict=True)
        ]

    # -- taking a block ---------------------------------------------------------------------------------

    def _novate(self, block: slice) -> None:
        """Rows, look-ups and events of a block; nothing here can refuse or fail."""
        state = self._state
        trades, amount, due = self._trades[block], self._amount[block], self._due[block]
        first_trade, first_leg = state.trades.count, state.legs.count
        legs = self._leg_rows(trades, amount, due, first_trade, first_leg)
        self._add_trades(block, trades, first_trade, first_leg)
        state.legs.extend(legs)
        wait(state, legs, first_leg)
        is_fill = (trades["source"] == state.venue.source) & (trades["version"] == 1)
        if is_fill.any():
            state.venue.add_fills(legs[np.repeat(is_fill, 2)], self._currency)
        state.loads.add_many(legs["instrument"], legs["quantity"], legs["amount"])
        state.out.rows.clear()
        state.out.put_records(self._events(block, trades, amount, due, legs))

    def _add_trades(self, block: slice, trades: Records, first_trade: int, first_leg: int) -> None:
        state, count = self._state, len(trades)
        numbers = np.arange(count)
        names, identities = self._names[block], self._identities[block]
        lengths = np.array([len(name) for name in names], np.int64)
        start = state.texts.add(b"".join(names))
        rows = np.zeros(count, TRADES)
        rows["identity"] = np.frombuffer(b"".join(identities), "V16")
        rows["source"] = trades["source"]
        rows["name_length"] = lengths
        rows["name_start"] = start + np.cumsum(lengths) - lengths
        rows["in_force"] = rows["highest"] = trades["version"]
        rows["first_leg"] = first_leg + 2 * numbers
        rows["first_version"] = state.versions.count + numbers
        versions = np.zeros(count, VERSIONS)
        versions["trade"] = first_trade + numbers
        versions["next"] = NO_ROW
        versions["version"] = trades["version"]
        versions["content"] = np.frombuffer(b"".join(content_digests(trades)), "V16")
        state.trades.extend(rows)
        state.versions.extend(versions)
        state.trade_rows.update(zip(identities, range(first_trade, first_trade + count), strict=True))

    def _leg_rows(
        self, trades: Records, amount: Int64s, due: Int64s, first_trade: int, first_leg: int
    ) -> Records:
        """Two legs a trade, the buyer's first (C10)."""
        count = len(trades)
        legs = np.zeros((count, 2), LEGS)
        legs["trade"] = (first_trade + np.arange(count))[:, None]
        legs["next"][:, 0] = first_leg + 1 + 2 * np.arange(count)
        legs["next"][:, 1] = NO_ROW
        for column, field in (("version", "version"), ("instrument", "instrument"), ("trade_day", "day")):
            legs[column] = trades[field][:, None]
        legs["party"][:, 0], legs["party"][:, 1] = trades["party"], trades["other_party"]
        legs["quantity"][:, 0], legs["quantity"][:, 1] = trades["quantity"], -trades["quantity"]
        legs["amount"][:, 0], legs["amount"][:, 1] = -amount, amount
        legs["due"] = due[:, None]
        legs["side"] = (Side.BUY, Side.SELL)
        legs["kind"], legs["state"] = LegKind.NEW1, LegState.WAITING
        return legs.reshape(-1)

    def _events(self, block: slice, trades: Records, amount: Int64s, due: Int64s, legs: Records) -> Records:
        """ACCEPTED, TEXT, LEG, LEG of each trade."""
        events = np.zeros((len(trades), EVENTS_OF_A_TRADE), CLEARING_EVENT)
        for column in ("party", "instrument", "currency"):
            events[column] = NOT_GIVEN
        accepted, added = events[:, 0], events[:, 2:]
        accepted["kind"], added["kind"] = ClearingEvent.ACCEPTED, ClearingEvent.LEG
        for column in ("source", "version", "instrument", "quantity"):
            accepted[column] = trades[column]
        accepted["amount"], accepted["day"] = amount, due
        added["code"], added["other_code"] = LegOperation.ADD, LegKind.NEW1
        both = legs.reshape(-1, 2)
        for column in ("party", "instrument", "quantity", "amount"):
            added[column] = both[column]
        added["day"] = both["due"]
        texts = self._texts[block].copy()
        texts[:, 2:4] = 0
        texts[:, 4:][np.arange(TEXT_BYTES) >= texts[:, 1:2]] = 0
        texts[:, 0] = ClearingEvent.TEXT
        events.view(np.uint8).reshape(len(trades), EVENTS_OF_A_TRADE, RECORD_BYTES)[:, 1] = texts
        return events.reshape(-1)


def find_pairs(piece: Records) -> Bools:
    """Where a whole text is directly followed by a TRADE; (n,) bool."""
    kinds, found = piece["kind"], np.zeros(len(piece), bool)
    is_whole = (kinds[:-1] == ClearingCommand.TEXT) & ((piece["flags"][:-1] & ClearingFlag.MORE_TEXT) == 0)
    found[:-1] = is_whole & (kinds[1:] == ClearingCommand.TRADE)
    return found


def pairs_from(pairs: Bools, at: int) -> int:
    """How many pairs follow each other from `at` on."""
    rest = pairs[at::2]
    stops = np.flatnonzero(~rest)
    return int(stops[0]) if len(stops) else len(rest)


def content_digests(trades: Records) -> list[bytes]:
    """`content_digest` of every trade."""
    packed = np.zeros(len(trades), CONTENT)
    for column in CONTENT.names or ():
        packed[column] = trades[column]
    packed["flags"] = trades["flags"] & np.uint8(ClearingFlag.INVALID_PRICE)
    raw, size = packed.tobytes(), CONTENT.itemsize
    return [sha256(raw[at : at + size]).digest()[:16] for at in range(0, len(raw), size)]


def wait(state: State, legs: Records, first_row: int) -> None:
    """New legs into the waiting room, by instrument and due day. Their quantities sum to zero, so the CCP's
    own securities stay as they are."""
    order = np.lexsort((legs["due"], legs["instrument"]))
    instrument, due = legs["instrument"][order], legs["due"][order]
    changes = np.flatnonzero((np.diff(instrument) != 0) | (np.diff(due) != 0)) + 1
    rows = (first_row + order).astype(np.int64)
    for group in np.split(np.arange(len(order)), changes):
        of, day = int(instrument[group[0]]), int(due[group[0]])
        waiting = state.waiting.setdefault(of, {}).setdefault(day, array("q"))
        waiting.frombytes(rows[group].tobytes())


def _is_member(tables: TradeTables, party: npt.NDArray[np.int32]) -> Bools:
    last = len(tables.is_member) - 1
    found: Bools = tables.is_member[np.where((party >= 0) & (party < last), party, last)]
    return found
