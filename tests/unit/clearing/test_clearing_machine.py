"""The form of records, staging, buffers and snapshots of the clearing house."""

from __future__ import annotations

import pytest

from novate.app.conform_clearing import ClearingPlayer
from novate.clearing.machine import Clearing
from novate.domain.clearing_codes import ClearingCommand as Kind
from novate.domain.clearing_codes import ClearingFlag
from novate.domain.clearing_records import Records, new_clearing_commands, new_clearing_events
from novate.domain.machine import BrokenInvariant
from tests.oracle.naive_clearing import NaiveClearing
from tests.unit.clearing.houses import (
    CONFIG,
    TRADE,
    Json,
    Kept,
    lived_in,
    player,
    record,
    state_of,
    text,
    together,
)


def reasons(house: ClearingPlayer, *records: Records) -> list[tuple[str, str]]:
    """(command, reason) of every refusal; fails where an event is anything else."""
    events = house.reader.json(house.apply(together(*records)))
    house.house.validate()
    return [(event["cmd"], event["reason"]) for event in events]


def kinds(events: list[Json]) -> list[str]:
    return [event["ev"] for event in events]


def test_a_trade_without_a_text_or_a_source_is_refused_by_name() -> None:
    house = player()
    assert reasons(house, record(Kind.TRADE)) == [("TRADE", "UNKNOWN_SOURCE")]
    house.answer({**TRADE, "version": 0})
    assert reasons(house, record(Kind.CANCEL_TRADE, version=1)) == [("CANCEL_TRADE", "MISSING_TEXT")]
    assert reasons(house, record(Kind.SPLIT)) == [("SPLIT", "MISSING_TEXT")]
    assert reasons(house, text(b"t1"), record(Kind.ALLOCATE, code=3)) == [("ALLOCATE", "INVALID_SIDE")]


def test_sources_are_numbered_one_after_the_other() -> None:
    house = player()
    assert reasons(house, record(Kind.SOURCE)) == [("SOURCE", "MISSING_TEXT")]
    assert reasons(house, text(b"V"), record(Kind.SOURCE, source=1)) == [("SOURCE", "INVALID_SOURCE")]
    assert reasons(house, text(b"V"), record(Kind.SOURCE)) == []
    assert reasons(house, text(b"V"), record(Kind.SOURCE)) == [], "to say it again changes nothing"
    assert reasons(house, text(b"W"), record(Kind.SOURCE)) == [("SOURCE", "INVALID_SOURCE")]
    assert reasons(house, text(b"V"), record(Kind.SOURCE, source=1)) == [("SOURCE", "INVALID_SOURCE")]
    assert state_of(house.house).sources == [b"V"]


def test_a_record_of_no_kind_is_refused() -> None:
    house = player()
    events = house.apply(record(200))
    assert events["number"].tolist() == [590]
    assert events["code"].tolist() == [200]


def test_what_was_staged_is_gone_after_the_next_command() -> None:
    house = player()
    house.answer(TRADE)
    assert reasons(house, text(b"t1"), record(Kind.DEPOSIT, party=-1)) == [("DEPOSIT", "UNKNOWN_MEMBER")]
    assert reasons(house, record(Kind.ALLOCATE, code=1)) == [("ALLOCATE", "MISSING_TEXT")]


def test_a_long_name_takes_several_records_there_and_back() -> None:
    house, name = player(), "a name of more than sixty bytes, which takes three records " * 3
    assert kinds(house.answer({**TRADE, "trade_id": name})) == ["ACCEPTED", "LEG", "LEG"]
    (status,) = house.answer({"cmd": "STATUS", "source": "V", "trade_id": name})
    assert (status["trade_id"], status["state"]) == (name, "NOVATED")
    more = ClearingFlag.MORE_TEXT
    found = house.apply(together(text(b"t-", more), text(b"17"), record(Kind.CANCEL_TRADE, version=1)))
    assert house.reader.json(found) == [{"ev": "CANCELLED", "source": "V", "trade_id": "t-17", "version": 1}]


def test_a_batch_that_another_command_breaks_off_is_not_taken() -> None:
    house = player()
    batch: Json = {"cmd": "BATCH", "source": "V", "count": 2, "qty_total": 10}
    trades = [{**TRADE, "trade_id": name} for name in ("x", "y")]
    records = house.writer.records({**batch, "trades": trades})
    found = house.reader.json(house.apply(together(records[:-2], record(Kind.SETTLE))))
    assert kinds(found) == ["REJECTED", "SETTLE_DONE"]
    assert (found[0]["cmd"], found[0]["reason"]) == ("BATCH", "BATCH_BROKEN_OFF")
    assert house.house.status("V", "x") is None
    assert kinds(house.answer({**batch, "trades": trades}))[-1] == "BATCH_DONE"


def test_a_batch_of_no_trades_is_done_at_once() -> None:
    empty: Json = {"cmd": "BATCH", "source": "V", "count": 0, "qty_total": 0, "trades": []}
    assert player().answer(empty) == [
        {"ev": "BATCH_DONE", "source": "V", "read": 0, "accepted": 0, "rejected": 0, "duplicate": 0,
         "superseded": 0},
    ]  # fmt: skip


def test_a_command_in_the_middle_resumes_with_the_next_buffer() -> None:
    house = player()
    records, buffer = house.writer.records(TRADE), new_clearing_events(3)
    assert house.house.apply(records, buffer) == 3
    assert house.house.consumed == len(records) - 1
    for asked in (house.house.state_root, house.house.validate, lambda: house.house.snapshot(Kept())):
        with pytest.raises(ValueError, match="between two commands"):
            asked()
    assert house.house.apply(records[:0], buffer) == 1, "the rest comes without a command, too"
    assert house.house.apply(records[-1:], buffer) == 0
    assert house.house.consumed == 1
    house.house.validate()


def test_records_of_another_type_are_a_fault_of_the_caller() -> None:
    house = Clearing(player().house.terms)
    commands, events = new_clearing_commands(1), new_clearing_events(9)
    for wrong in ((events, events), (commands, commands), (commands, events[:0])):
        with pytest.raises(ValueError, match="Expected CLEARING_COMMAND"):
            house.apply(*wrong)


def test_a_snapshot_brings_back_everything() -> None:
    house, kept, other = lived_in(), Kept(), player()
    house.answer({"cmd": "GIVE_UP", "source": "V", "trade_id": "t2", "side": "B", "to": ["C", "HOUS"]})
    house.answer({"cmd": "MARK", "isin": "ACME", "price": "007.250"})
    house.apply(text(b"staged"))
    house.house.snapshot(kept)
    other.house.restore(kept)
    other.house.validate()
    assert other.house.state_root() == house.house.state_root()
    for asked in ({"cmd": "BALANCES"}, {"cmd": "POSITIONS"}):
        assert other.answer(asked) == house.answer(asked)


def test_a_snapshot_that_does_not_fit_is_refused() -> None:
    house, kept = lived_in(), Kept()
    house.house.snapshot(kept)
    kept.arrays["rest"] = kept.arrays["rest"][:-1]
    with pytest.raises(ValueError, match="rest of a clearing house"):
        player().house.restore(kept)
    house.house.snapshot(kept)
    kept.arrays["legs"] = kept.arrays["trades"]
    with pytest.raises(ValueError, match="Expected rows"):
        player().house.restore(kept)


def test_the_root_is_of_the_state_and_not_of_where_it_lies() -> None:
    """A leg that was taken away leaves a row behind, also in a snapshot; the root does not see it."""
    changed, plain = player(), player()
    for house in (changed, plain):
        house.answer(TRADE)
    state = state_of(changed.house)
    dead = state.leg(0)._replace(state=0)
    state.legs.append(*dead)
    assert changed.house.state_root() == plain.house.state_root()
    state.legs.set(1, "amount", 5251)
    assert changed.house.state_root() != plain.house.state_root()


def test_prices_of_other_text_are_other_contents() -> None:
    for price in ("10.50", "010.5", "10.500"):
        house = player()
        house.answer(TRADE)
        assert house.answer({**TRADE, "price": price})[0]["reason"] == "DUPLICATE_CONTENT"
        assert kinds(house.answer(TRADE)) == ["DUPLICATE"]


def test_sums_beyond_64_bits_are_shown_whole() -> None:
    """Totals over instruments are no balances: 12 times 10**18 securities are shown as they are."""
    instruments: Json = {f"I{number:02}": {"ccy": "USD"} for number in range(12)}
    house = player(max_amount=2 * 10**18, max_qty=10**18, instruments=instruments)
    for number in range(12):
        trade = {**TRADE, "isin": f"I{number:02}", "qty": 10**18, "price": "0.0001", "trade_id": f"t{number}"}
        assert kinds(house.answer(trade))[0] == "ACCEPTED"
    events = house.answer({"cmd": "ROLL", "to": "2026-03-03"})
    rows = [event for event in events if event["ev"] == "OBLIGATION"]
    assert sum(row["quantity"] for row in rows) == 24 * 10**18 > 2**64


def test_a_split_that_no_leg_could_bear_is_refused() -> None:
    house = player()
    split: Json = {"cmd": "SPLIT", "ca_id": "c", "isin": "ACME", "ex_date": "2026-03-04", "old": 1}
    for new, cash, reason in ((10**7, None, "INVALID_RATIO"), (2, "9" * 30, "INVALID_PRICE")):
        (event,) = house.answer({**split, "new": new, "cash_price": cash})
        assert event["reason"] == reason
    assert kinds(house.answer({**split, "new": 10**6})) == ["EVENT_SET"]
    (event,) = house.answer({**split, "ca_id": "d", "new": 100})
    assert event["reason"] == "INVALID_RATIO", "together with the first one"
    (event,) = house.answer({"cmd": "MARK", "isin": "ACME", "price": "9" * 30})
    assert event["reason"] == "INVALID_PRICE"


@pytest.mark.parametrize("isin", ["ACME", "GROS"])
def test_a_split_closes_what_a_mark_had_left_without_an_amount(isin: str) -> None:
    """One security at a mark that rounds to nothing, then one new for fifty old: no empty row (C21, C46)."""
    house, naive = player(), NaiveClearing(CONFIG)
    split: Json = {"cmd": "SPLIT", "ca_id": "c", "isin": isin, "ex_date": "2026-03-05", "new": 1, "old": 50}
    for command in (
        {**TRADE, "isin": isin, "qty": 1, "price": "0.01"},
        {"cmd": "MARK", "isin": isin, "price": "0.001"},
        split,
        {"cmd": "ROLL", "to": "2026-03-03"},
        {"cmd": "ROLL", "to": "2026-03-04"},
        {"cmd": "ROLL", "to": "2026-03-05"},
        {"cmd": "STATUS", "source": "V", "trade_id": "t1"},
    ):
        found = house.answer(command)
        assert found == naive.apply(command)
        naive.validate()
    assert found[0]["state"] == "SETTLED"


def test_a_fault_inside_a_command_stops_the_machine() -> None:
    house = lived_in()
    state_of(house.house).positions[0].clear()
    state_of(house.house).legs.set(0, "instrument", 99)
    state_of(house.house).terms.instruments.clear()
    with pytest.raises(BrokenInvariant, match="without faults"):
        house.apply(house.writer.records({"cmd": "ROLL", "to": "2026-03-04"}))


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"max_amount": 2**62}, "below 2"),
        ({"buckets": [5, 1]}, "ascending buckets"),
        ({"buckets": []}, "ascending buckets"),
        ({"start": "1850-01-01"}, "from 1900"),
        ({"instruments": {"X": {"ccy": "USD", "cycle": 6}}}, "cycle of 0 to 5"),
        ({"calendars": {"shut": {"weekend": list(range(7))}}, "depository": "shut"}, "settlement day"),
        ({"members": {"WORLD": ["EXT"]}}, "reserved"),
    ],
)
def test_terms_that_cannot_be_are_named(config: Json, expected: str) -> None:
    with pytest.raises(ValueError, match=expected):
        player(**{**CONFIG, **config})


def test_what_stands_behind_a_text_in_its_record_is_not_shown() -> None:
    """Neither of a trade alone nor of a run of trades."""
    found = []
    for at_once in (1, 100):
        house = player()
        records = together(
            *(house.writer.records({**TRADE, "trade_id": f"t{number}"}) for number in range(20))
        ).copy()
        texts = records["kind"] == Kind.TEXT
        bytes_of = records.view("u1").reshape(-1, 64)
        bytes_of[texts, 2] = 0xAA
        bytes_of[texts, 10:] = 0xAA
        events = b""
        for start in range(0, len(records), at_once):
            events += house.apply(records[start : start + at_once]).tobytes()
        found.append(events)
    assert found[0] == found[1]
    assert b"\xaa" not in found[0]
