"""`novate simulate`: traders from a seed against a running node, over the client library like everybody.

    Traders (seed) --decisions of a slice--> frames of at most 256 --> node
                                             <-- receipts, refusals, events, counted

What is sent is decided by the seed alone; when it is sent, by the clock: an open loop that never waits for an
answer. After a pause of this machine the slices that were missed are left out, not sent all at once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import msgspec

from novate.app.interruption import check
from novate.app.problems import RefusedError
from novate.client import Client, Credentials, SessionEnded
from novate.domain.codes import EventKind
from novate.domain.configuration import Configuration
from novate.domain.members import AccountType
from novate.domain.records import Commands, is_trade
from novate.domain.resolve import venue_terms
from novate.domain.session_codes import NoticeKind
from novate.domain.wire import MAX_COMMANDS
from novate.simulation.traders import Crew, Traders, rehearsal

SLICE_SECONDS = 0.05
LONGEST_LAG = 1.0
"""Slices that are later than this are left out."""
MICROSECOND = 1_000


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """What traders have sent, and what became of it."""

    seed: int
    seconds: float
    sent: int
    accepted: int
    trades: int
    """Sides of trades of the simulated accounts."""
    rejected: int
    """By the venue."""
    refused: int
    """By the node, before the venue."""
    skipped_slices: int
    ended: str
    """Why: "time", "stopped", "interrupted", "NODE_GONE", or the reason of the node."""


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What traders would send."""

    seed: int
    commands: int
    sha256: str


def crew_of(configuration: Configuration, accounts: Sequence[int]) -> Crew:
    """The accounts (all, if none are named) parted into market makers and others; if none is of type LIPR
    the first one makes the market. Raises RefusedError for an unknown account or for less than two."""
    known = {account.number: account.account for account in configuration.accounts}
    wanted = [*accounts] or [number for number in known if number != configuration.fee_account]
    unknown = [number for number in wanted if number not in known]
    if unknown:
        raise RefusedError(f"accounts: expected accounts of the configuration, was {unknown[0]}")
    if len(wanted) < 2:
        raise RefusedError(f"accounts: expected at least two, was {len(wanted)}")
    makers = [number for number in wanted if known[number] is AccountType.LIPR]
    makers = makers[: len(wanted) - 1] or wanted[:1]
    return Crew(tuple(makers), tuple(number for number in wanted if number not in makers))


def rehearse(
    configuration: Configuration, accounts: Sequence[int], seed: int, rate: int, seconds: float
) -> Rehearsed:
    """What would be sent in so many seconds, without a node and without the clock."""
    traders = Traders(venue_terms(configuration), crew_of(configuration, accounts), seed, 1)
    rounds = max(1, round(seconds / SLICE_SECONDS))
    commands, digest = rehearsal(traders, rounds, max(1, round(rate * SLICE_SECONDS)))
    return Rehearsed(seed=seed, commands=commands, sha256=digest)


class Run:
    """Traders at work in one session."""

    def __init__(self, client: Client, traders: Traders, rate: int, seed: int) -> None:
        self._client = client
        self._traders = traders
        self._rate = rate
        self._seed = seed
        self._began = time.monotonic()
        self._counts = dict.fromkeys(
            ("sent", "accepted", "trades", "rejected", "refused", "skipped_slices"), 0
        )

    def run(self, seconds: float, tell: Callable[[Simulated], None], stops: Callable[[], bool]) -> Simulated:
        """For so many seconds, without end if 0, or until `stops`; `tell` is told about once a second how it
        goes."""
        ended = "time"
        due, told = self._began, self._began
        try:
            self._send(self._traders.begin())
            while not seconds or due - self._began < seconds:
                check()
                if stops():
                    ended = "stopped"
                    break
                due += SLICE_SECONDS
                self._listen(max(0.0, due - time.monotonic()))
                lag = time.monotonic() - due
                if lag > LONGEST_LAG:
                    self._counts["skipped_slices"] += int(lag / SLICE_SECONDS)
                    due += int(lag / SLICE_SECONDS) * SLICE_SECONDS
                self._send(self._traders.next(self._due_until(due), time.time_ns()))
                if time.monotonic() - told >= 1:
                    told = time.monotonic()
                    tell(self._result(""))
            self._listen(SLICE_SECONDS)
        except KeyboardInterrupt:
            ended = "interrupted"
        except SessionEnded as end:
            ended = end.reason.name
        except ConnectionError:
            ended = "NODE_GONE"
        return self._result(ended)

    def _due_until(self, due: float) -> int:
        """Decisions of the slice that ends at `due`; the rate is kept over slices of no whole number."""
        done = due - self._began
        return int(done * self._rate) - int((done - SLICE_SECONDS) * self._rate)

    def _send(self, commands: Commands) -> None:
        for start in range(0, len(commands), MAX_COMMANDS):
            self._client.send(commands[start : start + MAX_COMMANDS].copy())
        self._counts["sent"] += len(commands)

    def _listen(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            events = self._client.events(max(0.0, deadline - time.monotonic()))
            notices = self._client.notices()
            kinds = events["kind"]
            self._counts["accepted"] += int((kinds == EventKind.ACCEPTED).sum())
            self._counts["rejected"] += int((kinds == EventKind.REJECTED).sum())
            self._counts["trades"] += int(is_trade(events).sum())
            self._counts["refused"] += int((notices["kind"] == NoticeKind.REFUSED).sum())
            if time.monotonic() >= deadline:
                return

    def _result(self, ended: str) -> Simulated:
        return Simulated(
            seed=self._seed, seconds=round(time.monotonic() - self._began, 3), ended=ended, **self._counts
        )


def simulate(
    address: str,
    credentials: Credentials,
    configuration: Configuration,
    accounts: Sequence[int],
    seed: int,
    rate: int,
    seconds: float,
    tell: Callable[[Simulated], None],
    stops: Callable[[], bool] = lambda: False,
) -> Simulated:
    """Trade at `address`. Raises SessionEnded if the login is refused, RefusedError, OSError."""
    crew = crew_of(configuration, accounts)
    # Names of earlier runs may still be on orders: begin where no earlier run can have been.
    traders = Traders(venue_terms(configuration), crew, seed, time.time_ns() // MICROSECOND)
    with Client.connect(address, credentials) as client:
        return Run(client, traders, rate, seed).run(seconds, tell, stops)
