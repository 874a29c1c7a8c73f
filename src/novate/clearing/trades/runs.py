"""Many TRADE commands at once: what nobody has seen and no rung refuses is taken by the column.

    TEXT TRADE TEXT TRADE ...  --columns--> surely acceptable? amount, due date, identity, content
                                  |
       blocks of acceptable trades that are new   --> rows of trades, versions and legs, events: all at once
       every other trade (refused, repeated, odd) --> one at a time, by `delivery`

Only what is surely acceptable is decided here; a refusal is always worded by `contents`. So a run gives
exactly the bytes that one command at a time gives. Cost: three hashes and a look-up a trade, the rest NumPy.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.clearing.archive import holds
from novate.clearing.commands import Command
from novate.clearing.house_terms import HouseTerms
from novate.clearing.kernels.pairs import Texts
from novate.clearing.kernels.sha256 import DIGEST, digests
from novate.clearing.rows import LEGS, NO_ROW, TRADES, VERSIONS
from novate.clearing.state import State
from novate.clearing.text_columns import Table, pair_digests
from novate.clearing.trades.contents import CONTENT, check_dates, due_day, settlement_day
from novate.domain.clearing_codes import (
    ClearingCommand,
    ClearingEvent,
    ClearingFlag,
    LegKind,
    LegOperation,
    LegState,
)
from novate.domain.clearing_records import (
    CLEARING_COMMAND,
    CLEARING_EVENT,
    NOT_GIVEN,
    RECORD_BYTES,
    TEXT_BYTES,
    Records,
)
from novate.domain.codes import Side
from novate.domain.units import INT64_MAX

Int64s = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
SHORTEST_RUN = 8
"""Below this many trades columns cost more than they save."""
TEXT_START = 4
"""Where the text of a TEXT record begins."""
EVENTS_OF_A_TRADE = 4
"""ACCEPTED, TEXT, LEG, LEG."""
MOST_DATES = 64
"""Pairs of a trade date and a settlement date that are remembered for all instruments."""
MOST_DECIMALS = 18
"""10**18 fits 64 bits."""


def _same_in_all() -> npt.NDArray[np.void]:
    """What the events of every new trade have in common, as one value."""
    events = np.zeros(EVENTS_OF_A_TRADE, CLEARING_EVENT)
    for column in ("party", "instrument", "currency"):
        events[column] = NOT_GIVEN
    events["kind"] = ClearingEvent.ACCEPTED, ClearingEvent.TEXT, ClearingEvent.LEG, ClearingEvent.LEG
    events["code"][2:], events["other_code"][2:] = LegOperation.ADD, LegKind.NEW1
    return events.view((np.void, events.nbytes))


SAME_IN_ALL = _same_in_all()


class TradeTables:
    """What the columns are compared with: one entry per party and per instrument."""

    def __init__(self, terms: HouseTerms) -> None:
        self.is_member = np.ones(len(terms.parties) + 1, bool)
        self.is_member[[terms.ccp, terms.world, -1]] = False
        of = [one.currency for one in terms.instruments]
        self.currency = np.array([*of, NOT_GIVEN], np.int64)
        self.moves_credit = np.array([one.moves_credit for one in terms.instruments], bool)
        units = [one.worth_factor * 10 ** terms.currencies[one.currency].digits for one in terms.instruments]
        # What does not fit 64 bits is left to the path of single trades.
        self.minor_units = np.array([n if n <= INT64_MAX else 0 for n in units] + [0], np.int64)
        self.worth_decimals = np.array([one.worth_decimals for one in terms.instruments] + [0], np.int64)
        self._today = 0
        self._due: dict[tuple[int, int], Int64s] = {}
        """Dates of a trade -> due day by instrument, 0 where they are refused, -1 where nobody has asked."""

    def due_days(self, state: State, trades: Records, rows: Int64s) -> Int64s:
        """Due days of trades that all have the same dates, 0 for one that the rungs of dates refuse."""
        if self._today != state.today or len(self._due) > MOST_DATES:
            self._today, self._due = state.today, {}
        first = Command._make(trades[rows[0]].item())
        due = self._due.get((first.day, first.other_day))
        if due is None:
            due = self._due[first.day, first.other_day] = np.full(len(state.terms.instruments), -1, np.int64)
        instrument = trades["instrument"][rows]
        for one in np.unique(instrument[due[instrument] < 0]).tolist():
            command = first._replace(instrument=one)
            due[one] = 0
            if not check_dates(state, command):
                due[one] = due_day(state, one, settlement_day(state, command), False)
        return np.asarray(due[instrument])


class TradeRun:
    """Consecutive (TEXT, TRADE) pairs of a piece of commands, looked at once."""

    def __init__(self, state: State, tables: TradeTables, pairs: Records) -> None:
        """pairs: (2n,) CLEARING_COMMAND, TEXT and TRADE by turns, each text whole in its record."""
        self._state = state
        raw = pairs.view(np.uint8).reshape(-1, 2, RECORD_BYTES)
        self._trades = np.ascontiguousarray(raw[:, 1]).view(CLEARING_COMMAND)[:, 0]
        self._texts = np.ascontiguousarray(raw[:, 0])
        self._lengths = np.minimum(self._texts[:, 1], TEXT_BYTES).astype(np.int64)
        self._amount = np.zeros(len(self._trades), np.int64)
        self._due = np.zeros(len(self._trades), np.int64)
        self._currency, self._moves_credit = tables.currency, tables.moves_credit
        self._acceptable = self._check(tables)
        self._acceptable &= self._find_dates(tables, self._acceptable)
        self._acceptable &= self._are_named()
        self._identities = self._hash_identities()
        if state.archived:
            self._acceptable &= ~holds(state.archive, self._identities)

    def __len__(self) -> int:
        return len(self._trades)

    def take(self, first: int, most: int) -> int:
        """Take the new and acceptable trades from `first` on, at most so many; returns how many they are."""
        last = min(first + most, len(self))
        odd = np.flatnonzero(~self._acceptable[first:last])
        wanted = slice(first, first + int(odd[0]) if len(odd) else last)
        if not self._state.loads.surely_bears(self._trades["quantity"][wanted], self._amount[wanted]):
            self._acceptable[wanted] = False
            return 0
        count = self._state.trade_rows.enter(self._identities[wanted], self._state.trades.count)
        if count:
            self._novate(slice(first, first + count))
        return count

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
        split = np.zeros(count + 1, bool)
        split[[*self._state.splits, count]] = True
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

    def _find_dates(self, tables: TradeTables, wanted: Bools) -> Bools:
        """Rungs of dates, and due dates: one question for each (instrument, dates) of a business day."""
        trades = self._trades
        day, other = trades["day"].astype(np.int64), trades["other_day"].astype(np.int64)
        both = day << 32 | other & 0xFFFFFFFF
        for pair in np.unique(both[wanted]).tolist():
            rows = np.flatnonzero(wanted & (both == pair))
            self._due[rows] = tables.due_days(self._state, self._trades, rows)
        return np.asarray(self._due > 0)

    def _are_named(self) -> Bools:
        """No fill of the venue, or one that FILLS has named."""
        venue = self._state.venue
        named = self._trades["source"] != venue.source
        if not named.all():
            named |= venue.have_named(self._texts[:, TEXT_START:], self._lengths)
        return np.asarray(named)

    def _hash_identities(self) -> npt.NDArray[np.void]:
        """`trade_identity` of each trade; of one whose source is unknown it means nothing."""
        heads = Table([*(b"%d|%b|" % (len(name), name) for name in self._state.sources), b""])
        firsts = TEXT_START + RECORD_BYTES * np.arange(len(self))
        names = Texts(self._texts.reshape(-1), firsts, self._lengths)
        unknown = len(self._state.sources)
        return identities(heads.rows(np.minimum(self._trades["source"], unknown)), names)

    # -- taking a block ---------------------------------------------------------------------------------

    def _novate(self, block: slice) -> None:
        """Rows, look-ups and events of a block; nothing here can refuse or fail."""
        state = self._state
        trades, amount, due = self._trades[block], self._amount[block], self._due[block]
        first_trade, first_leg = state.trades.count, state.legs.count
        legs = self._leg_rows(trades, amount, due, first_trade, first_leg)
        self._add_trades(block, trades, first_trade, first_leg)
        state.legs.extend(legs)
        is_fill = (trades["source"] == state.venue.source) & (trades["version"] == 1)
        state.venue.trades += int(is_fill.sum())
        is_fill &= self._moves_credit[trades["instrument"]]
        if is_fill.any():
            told = legs[np.repeat(is_fill, 2)]
            is_late = np.isin(told["instrument"], list(state.resale_settled)) & (told["quantity"] > 0)
            told["quantity"][is_late] = 0  # The venue gives the buyer nothing before settlement (K12).
            state.venue.add_fills(told, self._currency)
        state.loads.add_many(legs["instrument"], legs["quantity"], legs["amount"])
        state.out.rows.clear()
        state.out.put_records(self._events(block, trades, amount, due, legs))

    def _add_trades(self, block: slice, trades: Records, first_trade: int, first_leg: int) -> None:
        state, count = self._state, len(trades)
        numbers = np.arange(count)
        lengths, texts = self._lengths[block], self._texts[block, TEXT_START:]
        start = state.texts.add(texts[np.arange(TEXT_BYTES) < lengths[:, None]].tobytes())
        rows = np.zeros(count, TRADES)
        rows["identity"] = self._identities[block]
        rows["number"] = state.arrived + numbers
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
        versions["content"] = content_digests(trades)
        state.arrived += count
        state.trades.extend(rows)
        state.versions.extend(versions)

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
        events = np.empty((len(trades), EVENTS_OF_A_TRADE), CLEARING_EVENT)
        events.view((np.void, EVENTS_OF_A_TRADE * RECORD_BYTES))[:] = SAME_IN_ALL
        accepted, added = events[:, 0], events[:, 2:]
        for column in ("source", "version", "instrument", "quantity"):
            accepted[column] = trades[column]
        accepted["amount"], accepted["day"] = amount, due
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


def identities(heads: Texts, names: Texts) -> npt.NDArray[np.void]:
    """`trade_identity` by the column."""
    return _first_halves(pair_digests(heads, names))


def content_digests(trades: Records) -> npt.NDArray[np.void]:
    """`content_digest` of every trade."""
    packed = np.zeros(len(trades), CONTENT)
    for column in CONTENT.names or ():
        packed[column] = trades[column]
    packed["flags"] = trades["flags"] & np.uint8(ClearingFlag.INVALID_PRICE)
    out = np.zeros(DIGEST * len(trades), np.uint8)
    digests(packed.view(np.uint8), np.arange(len(trades) + 1) * CONTENT.itemsize, out)
    return _first_halves(out.reshape(-1, DIGEST))


def _first_halves(found: npt.NDArray[np.uint8]) -> npt.NDArray[np.void]:
    return np.ascontiguousarray(found[:, : DIGEST // 2]).view("V16")[:, 0]


def _is_member(tables: TradeTables, party: npt.NDArray[np.int32]) -> Bools:
    last = len(tables.is_member) - 1
    found: Bools = tables.is_member[np.where((party >= 0) & (party < last), party, last)]
    return found
