"""Who sees which event: the events of a turn, parted among the streams that they concern.

    events   ACCEPTED 7 | TRADE 7>9 | PARTIES 7,9 | BOOK_STATE | ...      a holds account 7, b account 9
                |            |  \\         |  \\
    stream a  ACCEPTED     TRADE \\     PARTIES \\
    stream b               TRADE       PARTIES          of the other party of a trade a stream sees neither
                                                        account, id, fee nor leaves

A stream is a set of accounts, or all of them, with or without what concerns the whole market. What it holds
follows from the journal alone, so event number n of a stream is the same for ever.

Cost: two passes over the events in one compiled call; each event is copied once for every stream that it
concerns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.compiled import entry, inlined
from novate.domain.codes import CommandKind, EventKind, Scope
from novate.domain.records import RECORD_BYTES, Events
from novate.search import row_of

Integers = npt.NDArray[np.int64]

WORDS = RECORD_BYTES // 8
_MARKET_WIDE, _ACCOUNT, _TRADE, _REJECTED, _LIMIT, _SCOPED, _UNSEEN = range(7)
_MAKER, _TAKER, _WHOLE = 1, 2, 4
_LOW = 0xFFFFFFFF
_NOBODY, _SEVERAL = -1, -2
_SCOPE_ACCOUNT = int(Scope.ACCOUNT)

_OF_ACCOUNT = (
    EventKind.ACCEPTED, EventKind.REFRESHED, EventKind.STP_DECREMENT, EventKind.CANCELLED, EventKind.EXPIRED,
    EventKind.AMENDED, EventKind.TRIGGERED, EventKind.MMP_TRIGGERED, EventKind.MMP_SET, EventKind.MMP_RESET,
    EventKind.MASS_DONE, EventKind.POSITION_SET, EventKind.CREDIT_SET,
)  # fmt: skip
_NAMING_ACCOUNT = (
    CommandKind.NEW, CommandKind.CANCEL, CommandKind.AMEND, CommandKind.MASS_CANCEL, CommandKind.NEW_OCO,
    CommandKind.QUOTE, CommandKind.MMP_SET, CommandKind.MMP_RESET, CommandKind.DISCONNECT,
    CommandKind.POSITION, CommandKind.CREDIT,
)  # fmt: skip


def _routes() -> Integers:
    """Event kind -> how its streams are found."""
    routes = np.full(256, _UNSEEN, np.int64)
    routes[[*_OF_ACCOUNT]] = _ACCOUNT
    routes[[EventKind.TRADE, EventKind.AUCTION_TRADE]] = _TRADE
    routes[EventKind.REJECTED] = _REJECTED
    routes[EventKind.LIMIT_SET] = _LIMIT
    routes[[EventKind.KILLED, EventKind.REVIVED]] = _SCOPED
    routes[[EventKind.STATE, EventKind.AUCTION, EventKind.INDICATIVE, EventKind.REF_SET, EventKind.BOOK_STATE,
            EventKind.SCHEDULED, EventKind.SCHEDULE_CLEARED, EventKind.EXTENDED,
            EventKind.IMPLIED_STATE]] = _MARKET_WIDE  # fmt: skip
    return routes


def _named() -> Integers:
    """Command kind -> 1 if a REJECTED of it names the account that sent it."""
    named = np.zeros(256, np.int64)
    named[[*_NAMING_ACCOUNT]] = 1
    return named


ROUTES = _routes()
NAMED = _named()
PARTIES_KIND = int(EventKind.TRADE_PARTIES)


class Subscription(NamedTuple):
    """What a stream holds: the accounts (None: everything, unmasked), and whether the market's events too."""

    accounts: tuple[int, ...] | None
    market_data: bool


class Router:
    """Parts events among streams 0..n-1."""

    def __init__(self, subscriptions: Sequence[Subscription]) -> None:
        self.streams = len(subscriptions)
        pairs = sorted(
            (account, stream)
            for stream, (accounts, _) in enumerate(subscriptions)
            for account in accounts or ()
        )
        self._accounts = np.unique(np.array([account for account, _ in pairs], np.int64))
        owners = np.array([account for account, _ in pairs], np.int64)
        self._first = np.append(np.searchsorted(owners, self._accounts), len(owners)).astype(np.int64)
        self._members = np.array([stream for _, stream in pairs], np.int64)
        # First those who see everything, then those who see the market.
        whole = [stream for stream, (accounts, _) in enumerate(subscriptions) if accounts is None]
        market = [s for s, (accounts, public) in enumerate(subscriptions) if public and accounts is not None]
        self._open = np.array([*whole, *market], np.int64)
        self._whole = len(whole)
        self._work = np.zeros((3, max(1, self.streams)), np.int64)
        self._starts = np.zeros(self.streams + 1, np.int64)
        self._parted = np.zeros((1024, WORDS), np.int64)
        self._only = np.zeros(1024, np.int64)

    def part(self, events: Events) -> tuple[npt.NDArray[np.int64], Integers]:
        """(rows, starts): stream s has rows starts[s] to starts[s + 1], each the 8 words of an event.

        A TRADE must not be the last event: its parties stand behind it. Both results are used anew by the
        next call.
        """
        words = events.view(np.int64).reshape(-1, WORDS)
        if len(words) > len(self._only):
            self._only = np.zeros(2 * len(words), np.int64)
        while True:
            needed = part_events(
                words, ROUTES, NAMED, self._accounts, self._first, self._members, self._open, self._whole,
                self._work, self._only, self._starts, self._parted,
            )  # fmt: skip
            if needed <= len(self._parted):
                return self._parted, self._starts
            self._parted = np.zeros((2 * needed, WORDS), np.int64)


@inlined
def _add(work: Integers, found: int, stream: int, stamp: int, bits: int) -> int:
    """Note that a stream sees the event; once, with all the reasons that it has."""
    if work[0, stream] != stamp:
        work[0, stream] = stamp
        work[1, stream] = bits
        work[2, found] = stream
        return found + 1
    work[1, stream] |= bits
    return found


@inlined
def _add_account(
    work: Integers, found: int, account: int, stamp: int, bits: int, accounts: Integers, first: Integers,
    members: Integers,
) -> int:  # fmt: skip
    """The streams of an account."""
    row = row_of(accounts, account)
    if row >= 0:
        for at in range(first[row], first[row + 1]):
            found = _add(work, found, members[at], stamp, bits)
    return found


@inlined
def _audience(
    words: Integers, i: int, stamp: int, routes: Integers, named: Integers, accounts: Integers,
    first: Integers, members: Integers, open_to: Integers, whole: int, work: Integers,
) -> int:  # fmt: skip
    """How many streams see event i; they stand in work[2], what they see of it in work[1]."""
    head = words[i, 0]
    route = routes[head & 0xFF]
    account = words[i, 6] & _LOW
    side = (head >> 8) & 0xFF
    found = 0
    for at in range(whole):
        found = _add(work, found, open_to[at], stamp, _WHOLE)
    if route == _MARKET_WIDE or route == _TRADE:
        for at in range(whole, len(open_to)):
            found = _add(work, found, open_to[at], stamp, 0)
    if route == _TRADE:
        parties = words[i + 1, 6]
        found = _add_account(work, found, parties & _LOW, stamp, _MAKER, accounts, first, members)
        return _add_account(work, found, (parties >> 32) & _LOW, stamp, _TAKER, accounts, first, members)
    concerns = route == _ACCOUNT
    concerns = concerns or (route == _REJECTED and named[(words[i, 6] >> 32) & 0xFF] != 0)
    concerns = concerns or (route == _LIMIT and side == 0)
    concerns = concerns or (route == _SCOPED and side == _SCOPE_ACCOUNT)
    if concerns:
        found = _add_account(work, found, account, stamp, _WHOLE, accounts, first, members)
    return found


@inlined
def _copy_trade(words: Integers, i: int, bits: int, parted: Integers, at: int) -> int:
    """TRADE, and for a party of it TRADE_PARTIES, without what concerns only the other party."""
    for word in range(WORDS):
        parted[at, word] = words[i, word]
    whole = bits & _WHOLE != 0
    maker = whole or bits & _MAKER != 0
    taker = whole or bits & _TAKER != 0
    if not maker:
        parted[at, 5] &= _LOW
        parted[at, 6] &= ~_LOW
    if not taker:
        parted[at, 6] &= _LOW
    if not (maker or taker):
        return at + 1
    for word in range(WORDS):
        parted[at + 1, word] = words[i + 1, word]
    if not maker:
        parted[at + 1, 2] = 0
        parted[at + 1, 4] = 0
        parted[at + 1, 6] &= ~_LOW
    if not taker:
        parted[at + 1, 3] = 0
        parted[at + 1, 7] = 0
        parted[at + 1, 6] &= _LOW
    return at + 2


@inlined
def _only_stream(
    words: Integers, i: int, stamp: int, routes: Integers, named: Integers, accounts: Integers,
    first: Integers, members: Integers, open_to: Integers, whole: int, work: Integers,
) -> int:  # fmt: skip
    """The one stream that event i concerns, if it is no trade; else _NOBODY, or _SEVERAL whom it takes a
    closer look to find. Most events concern one account, and most accounts stand in one stream."""
    head = words[i, 0]
    route = routes[head & 0xFF]
    if route == _ACCOUNT and whole == 0:
        row = row_of(accounts, words[i, 6] & _LOW)
        if row < 0:
            return _NOBODY
        return members[first[row]] if first[row + 1] - first[row] == 1 else _SEVERAL
    if route == _UNSEEN and whole == 0:
        return _NOBODY
    if route == _TRADE:
        return _SEVERAL
    found = _audience(words, i, stamp, routes, named, accounts, first, members, open_to, whole, work)
    if found == 0:
        return _NOBODY
    return work[2, 0] if found == 1 else _SEVERAL


@inlined
def _copy_to_several(
    words: Integers, i: int, is_trade: bool, found: int, work: Integers, starts: Integers, parted: Integers
) -> None:
    """Event i, once for each of the streams in work[2]."""
    for k in range(found):
        stream = work[2, k]
        at = starts[stream]
        if is_trade:
            starts[stream] = _copy_trade(words, i, work[1, stream], parted, at)
        else:
            for word in range(WORDS):
                parted[at, word] = words[i, word]
            starts[stream] = at + 1


@entry
def part_events(
    words: Integers, routes: Integers, named: Integers, accounts: Integers, first: Integers,
    members: Integers, open_to: Integers, whole: int, work: Integers, only: Integers, starts: Integers,
    parted: Integers,
) -> int:  # fmt: skip
    """Count, then copy, stream by stream; returns the rows needed and copies only if there is room."""
    starts[:] = 0
    work[0, :] = -1
    count = len(words)
    for i in range(count):
        kind = words[i, 0] & 0xFF
        only[i] = _NOBODY
        if kind == PARTIES_KIND:
            continue
        only[i] = _only_stream(words, i, i, routes, named, accounts, first, members, open_to, whole, work)
        if only[i] >= 0:
            starts[only[i] + 1] += 1
        elif only[i] == _SEVERAL:
            is_trade = routes[kind] == _TRADE
            stamp = count + i
            found = _audience(words, i, stamp, routes, named, accounts, first, members, open_to, whole, work)
            for k in range(found):
                stream = work[2, k]
                starts[stream + 1] += 2 if is_trade and work[1, stream] != 0 else 1
    for stream in range(len(starts) - 1):
        starts[stream + 1] += starts[stream]
    needed = starts[-1]
    if needed > len(parted):
        return needed  # type: ignore[no-any-return]
    for i in range(count):
        if only[i] >= 0:
            at = starts[only[i]]
            for word in range(WORDS):
                parted[at, word] = words[i, word]
            starts[only[i]] = at + 1
        elif only[i] == _SEVERAL:
            stamp = 2 * count + i
            found = _audience(words, i, stamp, routes, named, accounts, first, members, open_to, whole, work)
            _copy_to_several(words, i, routes[words[i, 0] & 0xFF] == _TRADE, found, work, starts, parted)
    for stream in range(len(starts) - 1, 0, -1):
        starts[stream] = starts[stream - 1]
    starts[0] = 0
    return needed  # type: ignore[no-any-return]
