"""Neutral tapes through the venue: the reports that every conforming engine gives (R56)."""

from __future__ import annotations

import gzip

import numpy as np
import pytest

from novate.app import neutral
from novate.domain.codes import EventKind
from novate.venue.machine import Venue
from tests.shared import shared

HEADER_BYTES = 16
SCENARIOS = ("normal", "static", "swing-25", "swing-40", "flash-crash")


def messages(*rows: tuple[int, int, int, int, int, int]) -> neutral.Messages:
    """(type, side, ioc, quantity, order id, price) of one message after the other."""
    tape = np.zeros(len(rows), neutral.MESSAGE)
    for at, (kind, side, ioc, quantity, order_id, price) in enumerate(rows):
        tape[at] = (kind, side, ioc, 0, quantity, at, order_id, price, 0)
    return tape


def reports_of(tape: neutral.Messages) -> list[str]:
    text = neutral.reports(tape, neutral.play(Venue(neutral.terms()), tape))
    return text.decode().split("\n") if text else []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_tape_gives_the_reports_of_every_conforming_engine(scenario: str) -> None:
    orders = shared(f"oracles/matching/tapes/orders_{scenario}_s23_n10000.bin.gz")
    wanted = shared(f"oracles/matching/tapes/reports_{scenario}_s23_n10000.txt.gz")
    tape = np.frombuffer(gzip.decompress(orders.read_bytes()), neutral.MESSAGE, offset=HEADER_BYTES)
    played = neutral.play(Venue(neutral.terms()), tape)
    assert neutral.reports(tape, played) == gzip.decompress(wanted.read_bytes())


def test_a_modify_of_an_order_that_is_gone_does_not_enter() -> None:
    tape = messages(
        (neutral.NEW, 1, 0, 5, 1, 100),
        (neutral.NEW, 0, 0, 5, 2, 100),
        (neutral.MODIFY, 1, 0, 7, 1, 101),
        (neutral.MODIFY, 1, 0, 7, 1, 101),
        (neutral.NEW, 0, 1, 7, 3, 101),
    )
    assert reports_of(tape) == ["0,0,1,1,100,5", "0,1,0,2,100,5", "1,1,100,5,1,2", "5,2,1", "5,3,1",
                                "0,4,0,3,101,7", "2,4,0,3,101"]  # fmt: skip


def test_a_cancel_after_a_modify_shows_the_new_price() -> None:
    tape = messages(
        (neutral.NEW, 1, 0, 5, 1, 100), (neutral.MODIFY, 1, 0, 6, 1, 98), (neutral.CANCEL, 0, 0, 0, 1, 0)
    )
    assert reports_of(tape) == ["0,0,1,1,100,5", "3,1,1,1,98,6", "2,2,1,1,98"]


def test_ids_of_64_bits_come_back_as_they_went_in() -> None:
    largest = 2**64 - 1
    tape = messages((neutral.NEW, 0, 0, 5, largest, 100), (neutral.CANCEL, 0, 0, 0, largest, 0))
    assert reports_of(tape) == [f"0,0,0,{largest},100,5", f"2,1,0,{largest},100"]


def test_an_empty_tape_gives_no_reports() -> None:
    assert reports_of(messages()) == []


def test_a_sweep_larger_than_the_event_buffer_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neutral, "EVENT_ROOM", 256)
    offers = [(neutral.NEW, 1, 0, 1, number, 100 + number % 7) for number in range(1, 2001)]
    modifies = [(neutral.MODIFY, 1, 0, 2, number, 107) for number in range(1, 2001, 3)]
    tape = messages(*offers, *modifies, (neutral.NEW, 0, 1, 3000, 5000, 110))
    played = neutral.play(Venue(neutral.terms()), tape)
    assert int((played.events["kind"] == EventKind.TRADE).sum()) == 2000
    whole = reports_of(tape)
    monkeypatch.undo()
    assert reports_of(tape) == whole
