"""Fills by number and credit by number, in a house small enough to count along."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from novate.app.conform_clearing import ClearingPlayer
from novate.app.conform_clearing_terms import house_terms
from novate.clearing.venue_stream import VenueStream
from tests.unit.clearing.houses import CONFIG, TRADE, Json, player, state_of, together

FILL: Json = {**TRADE, "source": "VENUE"}
RELEASE: Json = {"cmd": "RELEASE_CREDIT"}


def fills(first: int, last: int, source: str = "VENUE") -> Json:
    return {"cmd": "FILLS", "source": source, "first": first, "last": last}


def fill(number: int | str, **fields: object) -> Json:
    return {**FILL, "trade_id": str(number), **fields}


def answered(house: ClearingPlayer, command: Json) -> str:
    """The first event of a command, a refusal by its reason."""
    first = house.answer(command)[0]
    return str(first["reason"] if first["ev"] == "REJECTED" else first["ev"])


def deltas(house: ClearingPlayer) -> list[tuple[object, ...]]:
    """(number, party, asset, delta) of what is released now."""
    return [
        (one["credit"], one["member"], one.get("isin") or one["ccy"], one.get("qty", one.get("amount")))
        for one in house.answer(RELEASE)
    ]


def test_fills_are_taken_once_and_without_a_gap() -> None:
    house = player()
    assert answered(house, fills(2, 3)) == "FILL_GAP"
    assert answered(house, fills(1, 0)) == "FILL_GAP"
    assert answered(house, fills(1, 2)) == "FILLS_TAKEN"
    assert answered(house, fills(1, 2)) == "FILL_GAP", "the same block once more"
    assert answered(house, fills(2, 3)) == "FILL_GAP", "a block that overlaps"
    assert answered(house, fills(3, 3)) == "FILLS_TAKEN"
    assert house.house.fills == 3


def test_a_refused_block_takes_its_trades_with_it() -> None:
    house = player()
    house.answer(fills(1, 2))
    assert answered(house, fill(1)) == "ACCEPTED"
    assert answered(house, fills(4, 5)) == "FILL_GAP"
    assert [answered(house, fill(number)) for number in (4, 5)] == ["FILL_GAP"] * 2
    assert [answered(house, fill(number)) for number in (1, 2)] == ["DUPLICATE", "ACCEPTED"]


def test_a_long_block_that_is_refused_is_refused_by_the_column_too() -> None:
    house = player()
    house.answer(fills(1, 10))
    block = together(*(house.writer.records(fill(number)) for number in range(1, 31)))
    events = house.reader.json(house.apply(block))
    assert [one["trade_id"] for one in events if one["ev"] == "ACCEPTED"] == [str(n) for n in range(1, 11)]
    assert {one["reason"] for one in events if one["ev"] == "REJECTED"} == {"FILL_GAP"}


@pytest.mark.parametrize("name", ["0", "01", "+1", "1 ", "1.0", "one", "18446744073709551616"])
def test_only_the_number_itself_names_a_fill(name: str) -> None:
    house = player()
    house.answer(fills(1, 5))
    assert answered(house, fill(name)) == "FILL_GAP"


def test_names_by_the_column_are_names_one_by_one() -> None:
    stream = VenueStream()
    stream.fills = 120
    names = [b"1", b"9", b"120", b"121", b"", b"0", b"00", b"012", b"12x", b"x12", b"1 ", b" 1", b"-1",
             b"9" * 18, b"1" + b"0" * 18, b"9" * 40, b"1/", b"1:"]  # fmt: skip
    rows = np.array([list(name.ljust(60, b"7")) for name in names], np.uint8)
    found = stream.have_named(rows, np.array([len(name) for name in names]))
    assert found.tolist() == [stream.has_named(name) for name in names] == [True] * 3 + [False] * 15


def test_a_source_whose_trades_have_left_memory_is_no_venue() -> None:
    house = player()
    house.answer({"cmd": "DEPOSIT", "member": "B", "account": "HOUS", "ccy": "USD", "amount": 100_000})
    house.answer({"cmd": "DEPOSIT", "member": "A", "account": "HOUS", "isin": "ACME", "qty": 5})
    house.answer({**TRADE, "settle_date": "2026-03-03"})
    for command in (
        {"cmd": "ROLL", "to": "2026-03-03"},
        {"cmd": "SETTLE"},
        {"cmd": "ROLL", "to": "2026-03-04"},
    ):
        house.answer(command)
    assert (state_of(house.house).trades.count, state_of(house.house).archived) == (0, 1)
    assert answered(house, fills(1, 1, "V")) == "INVALID_SOURCE"
    assert answered(house, fills(1, 1, "W")) == "FILLS_TAKEN"


def test_another_source_and_corrections_are_not_asked_for_numbers() -> None:
    house = player()
    house.answer(fills(1, 1))
    house.answer(fill(1))
    assert answered(house, TRADE) == "ACCEPTED"
    assert answered(house, fill(1, version=2, qty=4)) == "ACCEPTED"


def test_a_house_has_one_venue_and_its_trades_have_one_door() -> None:
    house = player()
    house.answer(TRADE)
    assert answered(house, fills(1, 1, "V")) == "INVALID_SOURCE", "it has brought a trade already"
    house.answer(fills(1, 1))
    assert answered(house, fills(2, 2, "W")) == "INVALID_SOURCE"


def test_what_a_fill_did_is_not_told_and_its_correction_is() -> None:
    house = player()
    house.answer(fills(1, 1))
    house.answer(fill(1))
    assert deltas(house) == []
    house.answer(fill(1, version=2, qty=4))
    assert deltas(house) == [
        (1, "A", "USD", -1050), (2, "B", "USD", 1050), (3, "A", "ACME", 1), (4, "B", "ACME", -1),
    ]  # fmt: skip
    house.answer({"cmd": "CANCEL_TRADE", "source": "VENUE", "trade_id": "1", "version": 3})
    assert deltas(house) == [
        (5, "A", "USD", -4200), (6, "B", "USD", 4200), (7, "A", "ACME", 4), (8, "B", "ACME", -4),
    ]  # fmt: skip


def test_a_fill_that_comes_after_its_correction_is_still_the_venues() -> None:
    house = player()
    house.answer(fills(1, 1))
    house.answer(fill(1, version=2, qty=4))
    assert answered(house, fill(1)) == "SUPERSEDED"
    assert [one[1:] for one in deltas(house)] == [
        ("A", "USD", -1050), ("B", "USD", 1050), ("A", "ACME", 1), ("B", "ACME", -1),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [1, 20])
def test_a_fill_of_a_market_without_credit_is_told(count: int) -> None:
    """One at a time and by the column."""
    terms = house_terms(CONFIG)
    one, *rest = terms.instruments
    terms = msgspec.structs.replace(
        terms, instruments=[msgspec.structs.replace(one, moves_credit=False), *rest]
    )
    house = ClearingPlayer(terms)
    house.answer(fills(1, count))
    house.apply(together(*(house.writer.records(fill(number)) for number in range(1, count + 1))))
    assert deltas(house) == [
        (1, "A", "USD", 5250 * count), (2, "B", "USD", -5250 * count),
        (3, "A", "ACME", -5 * count), (4, "B", "ACME", 5 * count),
    ]  # fmt: skip


def test_deposits_and_trades_from_outside_are_told_once() -> None:
    house = player()
    house.answer({"cmd": "DEPOSIT", "member": "B", "account": "HOUS", "ccy": "USD", "amount": 700})
    house.answer(TRADE)
    assert deltas(house) == [
        (1, "A", "USD", 5250), (2, "B", "USD", 700 - 5250), (3, "A", "ACME", -5), (4, "B", "ACME", 5),
    ]  # fmt: skip
    assert deltas(house) == []
    house.answer({"cmd": "WITHDRAW", "member": "B", "account": "HOUS", "ccy": "USD", "amount": 700})
    assert deltas(house) == [(5, "B", "USD", -700)]


def test_what_was_told_is_part_of_the_state() -> None:
    house = player()
    before = house.house.state_root()
    house.answer(RELEASE)
    assert house.house.state_root() == before, "nothing was told"
    house.answer({"cmd": "DEPOSIT", "member": "B", "account": "HOUS", "ccy": "USD", "amount": 7})
    untold = house.house.state_root()
    house.answer(RELEASE)
    assert house.house.state_root() != untold
    assert state_of(house.house).venue.credits == house.house.credits == 1
