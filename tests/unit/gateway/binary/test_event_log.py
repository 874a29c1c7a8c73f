"""The event log: what is appended is read again, cut where asked, and distrusted where it should be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from novate.domain.codes import EventKind
from novate.domain.records import Events, new_events
from novate.gateway.binary import EventLog

IDENTITY = bytes(range(16))


def some_events(first: int, count: int) -> Events:
    """One event for each of the commands first, first + 1, ..."""
    events = new_events(count)
    events["kind"], events["sequence"] = EventKind.ACCEPTED, np.arange(first, first + count)
    return events


@pytest.fixture
def log(tmp_path: Path) -> EventLog:
    opened = EventLog(tmp_path / "events", IDENTITY)
    opened.append(some_events(1, 10), 10)
    opened.append(some_events(13, 5), 20)
    return opened


def test_what_is_appended_is_read_in_pieces_of_any_size(log: EventLog) -> None:
    whole = log.read(0, 100)
    assert whole["sequence"].tolist() == [*range(1, 11), *range(13, 18)]
    assert b"".join(log.read(at, 4).tobytes() for at in range(0, 15, 4)) == whole.tobytes()
    assert not len(log.read(15, 4))


@pytest.mark.parametrize(("sequence", "left"), [(20, 15), (17, 15), (16, 14), (12, 10), (1, 1), (0, 0)])
def test_a_log_is_cut_behind_a_command(log: EventLog, sequence: int, left: int) -> None:
    assert log.cut(sequence)
    assert (log.count, log.sequence, len(log.read(0, 100))) == (left, sequence, left)


def test_a_log_that_does_not_reach_so_far_says_so(log: EventLog) -> None:
    assert not log.cut(21)


def test_only_what_was_kept_counts_after_a_crash(log: EventLog) -> None:
    log.keep()
    log.append(some_events(21, 7), 27)
    log.close()
    again = EventLog(log.path, IDENTITY)
    assert (again.count, again.sequence) == (15, 20)


@pytest.mark.parametrize("damage", ["identity", "magic", "version", "short"])
def test_a_log_of_something_else_is_empty(log: EventLog, damage: str) -> None:
    log.keep()
    log.close()
    data = bytearray(log.path.read_bytes())
    if damage == "short":
        del data[-1]
    else:
        data[{"magic": 0, "version": 8, "identity": 16}[damage]] ^= 1
    log.path.write_bytes(bytes(data))
    assert EventLog(log.path, IDENTITY).count == 0


def test_a_trade_is_never_parted_from_its_parties(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events", IDENTITY)
    events = new_events(6)
    events["kind"] = [EventKind.TRADE, EventKind.TRADE_PARTIES] * 3
    log.append(events, 1)
    read: list[int] = []
    while len(read) < 6:
        read += log.read(len(read), 3)["kind"].tolist()
        assert read[-1] == EventKind.TRADE_PARTIES
    assert log.read(0, 1)["kind"].tolist() == [EventKind.TRADE, EventKind.TRADE_PARTIES]
