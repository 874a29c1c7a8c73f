"""A clearing house in a directory: files and verbs in, answers out, and a journal that says it all."""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from novate.app.clearing_house import House
from novate.app.clearing_names import Names, WrittenError
from novate.app.clearing_queries import (
    fails,
    newest_trades,
    obligations,
    positions,
    status,
)
from novate.app.clearing_queries import (
    trade as trade_of,
)
from novate.app.clearing_words import RULES, WORDS, CommandRefused, refused
from novate.app.problems import RefusedError
from novate.clearing.house_terms import day_text
from novate.domain.clearing_codes import ClearingCommand
from novate.domain.codes import ClearingReject
from novate.journal import JournalError
from tests.unit.app.clearing_firm import (
    MARKET,
    START,
    answers,
    busy_days,
    files_below,
    footer,
    found,
    trade_file,
)
from tests.unit.clearing.market import trade

GOOD = [trade("A buys 100 ACME from B at 10.00", "1"), trade("B buys 40 ACME from C/CLIE at 10.5", "2")]


def blocks(house: House) -> int:
    return len(list(house.plane.journal.blocks()))


def test_a_file_is_one_block_and_every_row_is_answered(tmp_path: Path) -> None:
    bad = trade("A buys 100 ACME from D at 10.00", "3")
    file = trade_file(tmp_path / "t.csv", [*GOOD, bad, GOOD[0]], "#version,1", "#count,4", "#quantity,340.0")
    with found(tmp_path) as house:
        before = blocks(house)
        taken = house.take(file)
        assert blocks(house) == before + 1
        assert (taken.read, taken.accepted, taken.rejected, taken.duplicate) == (4, 2, 1, 1)
        assert answers(taken.returns) == [
            ("2", "ACCEPTED", ""), ("3", "ACCEPTED", ""), ("4", "REJECTED", "UNKNOWN_MEMBER"),
            ("5", "DUPLICATE", ""),
        ]  # fmt: skip
        assert footer(taken.returns)[2:7] == [
            "#status,ACCEPTED,2", "#status,DUPLICATE,1", "#status,REJECTED,1", "#status,SUPERSEDED,0",
            "#read,4",
        ]  # fmt: skip
        house.plane.house.validate()


@pytest.mark.parametrize(
    ("closing", "reason", "words"),
    [
        (["#count,3"], "CONTROL_TOTAL", 'count: expected 2 as the file has rows, was "3"'),
        (["#quantity,141"], "CONTROL_TOTAL", 'quantity: expected 140 as the rows add up to, was "141"'),
        (["#quantity,many"], "CONTROL_TOTAL", 'was "many"'),
        (["#version,2"], "WRONG_FILE_VERSION", 'version: expected the form 1, was "2"'),
        (["#rows,2"], "UNKNOWN_CONTROL_LINE", 'was "#rows"'),
        (["#count,2", "#count,2"], "UNKNOWN_CONTROL_LINE", "a second time"),
    ],
)
def test_nothing_is_taken_of_a_file_that_says_what_is_not_so(
    tmp_path: Path, closing: list[str], reason: str, words: str
) -> None:
    with found(tmp_path) as house:
        root, sequence = house.plane.house.state_root(), house.plane.sequence
        taken = house.take(trade_file(tmp_path / "t.csv", GOOD, *closing))
        assert (taken.refused, taken.read, taken.rejected) == (reason, 2, 2)
        assert words in taken.message
        assert answers(taken.returns) == [("2", "REJECTED", reason), ("3", "REJECTED", reason)]
        assert any(line.startswith(f"#refused,{reason},") for line in footer(taken.returns))
        assert (house.plane.house.state_root(), house.plane.sequence) == (root, sequence)
        assert house.take(trade_file(tmp_path / "t.csv", GOOD)).accepted == 2


def test_a_file_that_cannot_be_read_is_answered_too(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        for name in ("none.csv", "t.txt"):
            (tmp_path / "t.txt").write_text("x")
            taken = house.take(tmp_path / name)
            assert (taken.refused, taken.read) == ("UNREADABLE_FILE", 0)
            assert footer(taken.returns)[-2] == "#read,0"
        assert house.take(tmp_path / "none.csv").returns.endswith("none.csv.2.returns.csv")


def test_a_file_that_no_block_can_hold_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("novate.app.bootstrap_clearing.DEFAULT_SEGMENT_BYTES", 1 << 20)
    rows = [trade("A buys 1 ACME from B at 10.00", f"t{number}") for number in range(20_000)]
    with found(tmp_path) as house:
        sequence = house.plane.sequence
        taken = house.take(trade_file(tmp_path / "t.csv", rows))
        assert (taken.refused, taken.rejected, house.plane.sequence) == ("FILE_TOO_LARGE", 20_000, sequence)
        assert house.take(trade_file(tmp_path / "part.csv", rows[:8_000])).accepted == 8_000


BAD_ROWS = [
    ("UNKNOWN_MEMBER", {"buyer_member": "D"}),
    ("UNKNOWN_ACCOUNT", {"seller_account": "LIPR"}),
    ("UNKNOWN_INSTRUMENT", {"instrument": "ACMEE"}),
    ("UNKNOWN_INSTRUMENT", {"instrument": "IDX-FUT"}),
    ("WRONG_CURRENCY", {"currency": "JPY"}),
    ("WRONG_CURRENCY", {"currency": "GBP"}),
    ("SELF_TRADE", {"seller_member": "A"}),
    ("SETTLE_BEFORE_TRADE", {"settle_date": "2026-02-27"}),
    ("SETTLE_BEFORE_TRADE", {"settle_date": "soon"}),
    ("SETTLE_ON_HOLIDAY", {"settle_date": "2026-10-12"}),
    ("NOT_TRADING_DAY", {"trade_date": "2026-03-01"}),
    ("FUTURE_TRADE_DATE", {"trade_date": "2026-03-03"}),
    ("INVALID_QTY", {"quantity": "0"}),
    ("INVALID_QTY", {"quantity": "1.5"}),
    ("INVALID_PRICE", {"price": "ten"}),
    ("INVALID_PRICE", {"price": "-1"}),
    ("INVALID_PRICE", {"price": "0"}),
    ("ZERO_AMOUNT", {"quantity": "1", "price": "0.001"}),
    ("AMOUNT_OVERFLOW", {"quantity": "1000000000000", "price": "9999999"}),
    ("INVALID_VERSION", {"version": "0"}),
    ("DUPLICATE_CONTENT", {"trade_id": "1", "price": "11"}),
    ("MISSING_FIELD", {"trade_id": ""}),
    ("MALFORMED_ROW", {"trade_date": "today"}),
    ("MALFORMED_ROW", {"trade_id": "a|b"}),
    ("OUT_OF_RANGE", {"trade_date": "2400-01-03"}),
]


def test_every_bad_row_has_its_reason_and_words_and_changes_nothing(tmp_path: Path) -> None:
    """Two houses: one takes the good rows alone. Rows that are refused leave no trace in the other."""
    rows = [
        GOOD[0] | {"settle_date": "", "trade_id": f"bad{number}"} | change
        for number, (_, change) in enumerate(BAD_ROWS)
    ]
    good = [one | {"settle_date": ""} for one in GOOD]
    with found(tmp_path / "all") as house, found(tmp_path / "good") as other:
        taken = house.take(trade_file(tmp_path / "t.csv", [*good, *rows]))
        other.take(trade_file(tmp_path / "g.csv", good))
        told = answers(taken.returns)
        assert [reason for _, _, reason in told[2:]] == [reason for reason, _ in BAD_ROWS]
        assert taken.accepted + taken.duplicate + taken.superseded + taken.rejected == taken.read == len(told)
        lines = Path(taken.returns).read_text().splitlines()[3 : 3 + len(rows)]
        assert all("expected" in line and "was" in line for line in lines)
        assert house.plane.house.state_root() == other.plane.house.state_root()


def test_a_settled_trade_is_not_amended_by_a_file(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        house.take(trade_file(tmp_path / "t.csv", GOOD[:1]))
        house.deposit("A/HOUS", "USD", "1000")
        house.deposit("B/HOUS", "ACME", "100")
        house.roll()
        house.settle()
        taken = house.take(trade_file(tmp_path / "u.csv", [GOOD[0] | {"version": "2", "price": "11"}]))
        assert answers(taken.returns) == [("2", "REJECTED", "TRADE_SETTLED")]
        with pytest.raises(CommandRefused, match="TRADE_SETTLED: expected a trade not settled yet"):
            house.amend("X", "1", price="12")


@pytest.mark.parametrize("seed", range(3))
def test_a_file_says_the_same_as_its_rows_one_by_one(tmp_path: Path, seed: int) -> None:
    """By columns, or each row as a command of its own: the same state. CSV, gz and Parquet alike."""
    rng = random.Random(seed)
    parties = [f"{member}/{account}" for member in "ABC" for account in ("HOUS", "CLIE")]
    rows = []
    for _ in range(120):
        buyer, seller = rng.choice(parties), rng.choice(parties)
        name = rng.choice(("ACME", "GLOBEX", "COIN", "SAKE", "ACME-CALL", "NONE"))
        price = rng.choice(("10", "10.0", "010.00", f"{rng.randint(1, 99)}.25", "0.000000001"))
        quantity = rng.choice((str(rng.randint(1, 50)), "0.125", "1.50"))
        said = f"{buyer} buys {quantity} {name} from {seller} at {price}"
        long_name = "x" * 70 if rng.random() < 0.03 else ""
        rows.append(trade(said, f"t{rng.randint(1, 60)}{long_name}", str(rng.randint(1, 4))))
    with found(tmp_path / "file") as house, found(tmp_path / "rows") as other:
        taken = house.take(trade_file(tmp_path / "t.csv", rows))
        names, told = other.names, []
        for row in rows:
            isin = names.instrument(row["instrument"])
            try:
                units = names.units(row["quantity"], isin)
            except WrittenError:
                units = -1
            told.append(other.plane.take(other._writer.records({
                "cmd": "TRADE", "source": "X", "trade_id": row["trade_id"], "version": int(row["version"]),
                "trade_date": START, "isin": isin, "ccy": None, "qty": units, "price": row["price"],
                "buyer": [row["buyer_member"], row["buyer_account"]],
                "seller": [row["seller_member"], row["seller_account"]],
            })))  # fmt: skip
        assert house.plane.house.state_root() == other.plane.house.state_root()
        kinds = np.concatenate(told)["kind"]
        assert taken.accepted == int(np.count_nonzero(kinds == 11)) > 20
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    pyarrow.parquet.write_table(
        table.replace_schema_metadata({"novate.count": "120"}), tmp_path / "t.parquet"
    )
    with found(tmp_path / "parquet") as third:
        assert third.take(tmp_path / "t.parquet").accepted == taken.accepted
        assert third.plane.house.state_root() == house.plane.house.state_root()
        pyarrow.parquet.write_table(
            table.replace_schema_metadata({"novate.count": "12"}), tmp_path / "u.parquet"
        )
        assert third.take(tmp_path / "u.parquet").refused == "CONTROL_TOTAL"


def test_an_amendment_keeps_what_it_does_not_change(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        house.take(trade_file(tmp_path / "t.csv", GOOD))
        (accepted, *_) = house.amend("X", "2", price="11.00")
        assert (accepted["version"], accepted["qty"], accepted["amount"]) == (2, 40, 44000)
        (accepted, *_) = house.amend("X", "2", quantity="50", seller="C/HOUS")
        assert (accepted["version"], accepted["amount"]) == (3, 55000)
        found_trade = trade_of(house, "X", "2")
        assert [one["price"] for one in found_trade["deliveries"]] == ["10.5", "11.00", "11.00"]
        assert [leg[:4] for leg in found_trade["legs"]] == [["B", "B", "HOUS", 50], ["S", "C", "HOUS", -50]]
        steps = [step["step"] for step in found_trade["transitions"]]
        assert steps.count("AMENDED") >= 2
        assert steps[:2] == ["RECEIVED", "VALIDATED"]
        with pytest.raises(WrittenError, match="expected a change"):
            house.amend("X", "2", price="11.00")


def test_an_amendment_starts_from_the_accepted_content_of_a_version(tmp_path: Path) -> None:
    """Version 2 comes with a wrong price, is refused, comes again, and once more with another content."""
    with found(tmp_path) as house:
        rows = [GOOD[0], *(GOOD[0] | {"version": "2", "price": price} for price in ("0", "12.00", "13.00"))]
        taken = house.take(trade_file(tmp_path / "t.csv", rows))
        assert [one[2] for one in answers(taken.returns)] == ["", "INVALID_PRICE", "", "DUPLICATE_CONTENT"]
        (accepted, *_) = house.amend("X", "1", quantity="10")
        assert (accepted["version"], accepted["amount"]) == (3, 12000)


def test_verbs_of_trades(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        house.take(trade_file(tmp_path / "t.csv", GOOD))
        assert house.allocate("X", "1", "B", [("HOUS", "30"), ("CLIE", "70")])[0]["parts"] == 2
        assert house.give_up("X", "2", "B", "A/CLIE")[0]["giveup"] == 1
        assert status(house)["give_ups"][0]["trade_id"] == "2"
        house.take_up(1)
        assert status(house)["give_ups"] == []
        house.transfer("A/CLIE", "C/HOUS", "ACME", "10", "2026-03-03")
        waiting = {(one[2], one[3]): one[4] for one in positions(house)["waiting"]}
        assert waiting == {("A", "CLIE"): 100, ("A", "HOUS"): 30, ("B", "HOUS"): -100, ("C", "CLIE"): -40,
                           ("C", "HOUS"): 10}  # fmt: skip
        house.cancel("X", "1")
        assert [one["state"] for one in newest_trades(house, 5)] == ["CANCELLED", "NOVATED"]
        house.plane.house.validate()


@pytest.mark.parametrize("verb", ["cancel", "amend", "allocate", "give_up"])
def test_a_trade_that_was_never_delivered_is_refused_before_it_is_journaled(
    tmp_path: Path, verb: str
) -> None:
    """A cancellation of a mistyped trade would be final."""
    arguments: dict[str, tuple[object, ...]] = {"allocate": ("B", []), "give_up": ("B", "A/HOUS")}
    with found(tmp_path) as house:
        house.take(trade_file(tmp_path / "t.csv", GOOD))
        sequence = house.plane.sequence
        for source, name in (("X", "11"), ("Y", "1")):
            with pytest.raises(CommandRefused, match=f"UNKNOWN_TRADE: .*, was trade {source} {name}"):
                getattr(house, verb)(source, name, *arguments.get(verb, ()))
        assert house.plane.sequence == sequence


def test_every_reason_has_words_for_every_command() -> None:
    reasons = {one for one in ClearingReject if 0 < one < ClearingReject.UNKNOWN_COMMAND}
    assert set(WORDS) == reasons
    own = {ClearingCommand.TEXT, ClearingCommand.PART, ClearingCommand.SOURCE, ClearingCommand.CONFIGURATION}
    # What the planes say to each other nobody says by hand.
    own |= {ClearingCommand.FILLS, ClearingCommand.RELEASE_CREDIT}
    assert set(RULES) == {one.name for one in ClearingCommand if one not in own}
    for cmd, reason in itertools.product(RULES, WORDS):
        parts = {"parts": [{"account": "HOUS", "qty": 1}]}
        said = str(refused({"cmd": cmd, **parts}, reason.name, Names(MARKET), START))
        assert said.startswith(f"{cmd} refused by {RULES[cmd]}, {reason.name}: expected ")
        assert "{" not in said


def test_refusals_say_rule_expectation_and_finding(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        house.deposit("A/HOUS", "USD", "10")
        cases = [
            (lambda: house.withdraw("A/HOUS", "USD", "10.01"),
             "WITHDRAW refused by C18, INSUFFICIENT_BALANCE: expected at most what A/HOUS has free,"
             " which is 10.00 USD, was 10.01 USD"),
            (lambda: house.withdraw("A/HOUS", "COIN", "0.5"),
             "WITHDRAW refused by C18, INSUFFICIENT_BALANCE: expected at most what A/HOUS has free,"
             " which is 0.000 COIN, was 0.500 COIN"),
            (lambda: house.withdraw("A/LIPR", "COIN", "0.001"),
             "WITHDRAW refused by C18, UNKNOWN_ACCOUNT: expected accounts that their members have,"
             " was A/LIPR"),
            (lambda: house.roll("2026-03-04"),
             "ROLL refused by C34, ROLL_SKIPS_DAY: expected the next business date, was 2026-03-04,"
             " with 2026-03-02 open"),
            (lambda: house.roll("2026-03-02"),
             "ROLL refused by C34, ROLL_BACKWARD: expected a date after the business date 2026-03-02,"
             " was 2026-03-02"),
            (lambda: house.roll("2026-03-07"),
             "ROLL refused by C34, NOT_BUSINESS_DAY: expected a day on which the house is open,"
             " was 2026-03-07"),
            (lambda: house.mark([("ACME", "1"), ("NONE", "2")]),
             "MARK refused by C19, UNKNOWN_INSTRUMENT: expected an instrument of the configuration that is"
             " delivered, was NONE"),
        ]  # fmt: skip
        for act, words in cases:
            with pytest.raises(CommandRefused) as caught:
                act()
            assert str(caught.value) == words
        assert house.today == START
        for text in ("1.005", "x", "-1"):
            with pytest.raises(
                WrittenError, match="amount: expected a number above 0 with at most 2 decimals"
            ):
                house.deposit("A/HOUS", "USD", text)
        with pytest.raises(WrittenError, match="expected MEMBER/ACCOUNT"):
            house.deposit("A", "USD", "1")


def test_a_house_is_founded_once_and_found_again_as_it_stood(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        busy_days(house, tmp_path)
        root, today = house.plane.house.state_root(), house.today
        with pytest.raises(JournalError, match="lock"):
            House.open(tmp_path)
        with House.open(tmp_path, read_only=True) as reader:
            assert reader.plane.house.state_root() == root
            assert fails(reader) == fails(house)
            assert obligations(reader) == obligations(house)
    with House.open(tmp_path) as again:
        assert (again.plane.house.state_root(), again.today) == (root, today)
    with pytest.raises(JournalError, match="without a journal"):
        found(tmp_path)
    with pytest.raises(RefusedError, match="novate clearing open makes one"):
        House.open(tmp_path / "elsewhere")


def test_obligations_of_a_date_to_come_running_and_closed(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        house.take(trade_file(tmp_path / "t.csv", GOOD))
        nets = [("A", 100), ("B", -60), ("C", -40)]

        def seen() -> list[tuple[str, int]]:
            return [(one["member"], one["quantity"]) for one in obligations(house, "2026-03-03")]

        assert (seen(), house.today) == (nets, "2026-03-02")
        house.roll()
        assert (seen(), house.today) == (nets, "2026-03-03")
        house.roll()
        assert (seen(), house.today) == (nets, "2026-03-04")
        with pytest.raises(RefusedError, match="2026-02-27: expected a date that this house has closed"):
            obligations(house, "2026-02-27")


def test_fails_have_an_age_in_settlement_days(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        house.take(trade_file(tmp_path / "t.csv", GOOD[:1]))
        for _ in range(4):
            house.roll()
        assert house.today == "2026-03-06"
        told = [(one.member, one.quantity, one.since, one.settlement_days) for one in fails(house)]
        assert told == [("A", 100, "2026-03-03", 3), ("B", -100, "2026-03-03", 3)]
        house.roll()
        assert [(one.settlement_days, one.calendar_days) for one in fails(house)] == [(4, 6), (4, 6)]
        assert day_text(house.plane.house.today) == house.today == "2026-03-09"


def test_nothing_of_a_returns_folder_is_overwritten(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        file = trade_file(tmp_path / "t.csv", GOOD, "#count,9")
        kept = [house.take(file).returns for _ in range(3)]
        assert len(set(kept)) == 3
        assert len(files_below(house.root / "returns")) == 3


def test_a_name_as_long_as_a_name_can_be_gets_its_return_file(tmp_path: Path) -> None:
    path = trade_file(tmp_path / f"{'x' * 251}.csv", [trade("A buys 100 ACME from B at 10.00", "1")])
    with found(tmp_path) as house:
        taken = house.take(path)
    assert answers(taken.returns) == [("2", "ACCEPTED", "")]
    assert footer(taken.returns)[1].startswith(f"#file,{path.name},")


@pytest.mark.parametrize(("length", "status"), [(128, "ACCEPTED"), (129, "REJECTED"), (100_000, "REJECTED")])
def test_an_id_has_a_limit(tmp_path: Path, length: int, status: str) -> None:
    rows = [trade("A buys 100 ACME from B at 10.00", "7" * length)]
    with found(tmp_path) as house:
        before = blocks(house)
        taken = house.take(trade_file(tmp_path / "t.csv", rows))
        assert [answer[1] for answer in answers(taken.returns)] == [status]
        if status == "REJECTED":
            assert taken.rejects_by_reason == {"MALFORMED_ROW": 1}
            assert blocks(house) == before
            told = Path(taken.returns).read_text()
            assert f'at most 128 bytes, was ""{"7" * 80}... ({length} characters)""' in told


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("trade_id,source\n".encode("utf-16"), "expected text in UTF-8, was UTF-16 or no text"),
        (b"trade_id,source\r1,X\r", "expected lines that end with LF or CR LF, was CR alone"),
    ],
)
def test_what_makes_a_whole_file_unreadable_is_named(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "t.csv").write_bytes(data)
    with found(tmp_path) as house:
        taken = house.take(tmp_path / "t.csv")
    assert (taken.read, taken.refused) == (0, "UNREADABLE_FILE")
    assert said in taken.message


def test_a_header_alone_is_a_file_of_no_trades_whether_its_line_ends_or_not(tmp_path: Path) -> None:
    whole = trade_file(tmp_path / "whole.csv", [])
    (tmp_path / "t.csv").write_bytes(whole.read_bytes().rstrip(b"\n"))
    with found(tmp_path) as house:
        for name in ("whole.csv", "t.csv"):
            taken = house.take(tmp_path / name)
            assert (taken.read, taken.refused) == (0, "")


def test_a_pipe_is_no_file_of_trades(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "t.csv")
    with found(tmp_path) as house:
        taken = house.take(tmp_path / "t.csv")
    assert (taken.read, taken.refused) == (0, "UNREADABLE_FILE")
    assert "was a pipe or a device" in taken.message


def test_a_price_of_any_length_is_answered_and_the_other_rows_are_taken(tmp_path: Path) -> None:
    prices = ["9" * 5_000, "0" * 5_000 + "10", "10." + "0" * 300, "10.00"]
    rows = [
        {**trade("A buys 100 ACME from B at 10.00", str(number)), "price": price}
        for number, price in enumerate(prices, 1)
    ]
    with found(tmp_path) as house:
        taken = house.take(trade_file(tmp_path / "t.csv", rows))
    found_answers = [(status, reason) for _, status, reason in answers(taken.returns)]
    assert found_answers[0][0] == found_answers[2][0] == "REJECTED"
    assert found_answers[3] == ("ACCEPTED", "")
    assert all(len(line) < 11_000 for line in Path(taken.returns).read_text().splitlines())


@pytest.mark.parametrize(
    ("source", "trade_id"),
    [("V", ""), ("", "1"), ("V|a", "b"), ("V", "a\nb"), ("V", "7" * 129), ("TRANSFER", "1")],
)
def test_names_have_one_form_at_every_door(tmp_path: Path, source: str, trade_id: str) -> None:
    row = {**trade("A buys 100 ACME from B at 10.00", trade_id), "source": source}
    with found(tmp_path) as house:
        taken = house.take(trade_file(tmp_path / "t.csv", [row]))
        assert [status for _, status, _ in answers(taken.returns)] == ["REJECTED"]
        before = blocks(house)
        with pytest.raises(WrittenError, match="expected"):
            house.trade(
                source,
                trade_id,
                instrument="ACME",
                quantity="100",
                price="10",
                buyer="A/HOUS",
                seller="B/HOUS",
            )
        assert blocks(house) == before
