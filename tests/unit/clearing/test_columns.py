"""What works by the column gives what one row at a time would give: lines, identities, sums, and files."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novate.app.clear import clear_file
from novate.app.trade_files import read_trades
from novate.clearing import netting
from novate.clearing.house import clear_trades
from novate.clearing.kernels.identities import first_rows
from novate.clearing.kernels.sha256 import portable_nodes, portable_short
from novate.clearing.kernels.sums import GROSS, LEGS, add_gross, place_legs
from novate.clearing.lines import LINES_AT_ONCE, Column, Lines, Numbers, Rows, Words, quoted
from novate.clearing.trades import combinations
from novate.clearing.trades.columns import FIELDS, coded
from novate.clearing.trades.texts import texts_of
from novate.compiled import entry
from novate.domain.configuration import ClearingSwitches
from tests.oracle.naive_netting import NaiveHouse
from tests.oracle.naive_trade_nets import naive_digests
from tests.unit.clearing.market import delivery, house, trade, trades
from tests.unit.clearing.test_naive_twin import random_rows

CELL = st.text('ab,"|\n é', max_size=12)
INT64 = st.integers(-(2**63) + 1, 2**63 - 1)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(INT64, CELL, st.sampled_from(["", "x", "y,z"]), INT64), min_size=1, max_size=30), CELL
)
def test_lines_are_those_of_the_csv_writer(rows: list[tuple[int, str, str, int]], always: str) -> None:
    first, names, words, last = zip(*rows, strict=True)
    texts, few = texts_of([quoted(name) for name in names]), coded(words)
    columns: list[Column] = [
        Numbers(np.array(first)),
        Words(np.broadcast_to(0, len(rows)), [quoted(always)]),
        Rows(np.arange(len(rows)), texts.data, texts.starts),
        Words(few.codes, [quoted(value) for value in few.values]),
        Numbers(np.array(last)),
    ]
    expected = io.StringIO()
    csv.writer(expected, lineterminator="\n").writerows(
        (one, always, name, word, other) for one, name, word, other in rows
    )
    written = Lines(columns).whole(len(rows))
    assert written.content.tobytes().decode() == expected.getvalue()
    assert b"".join(Lines(columns).pieces(len(rows))) == written.content.tobytes()


def test_lines_that_grow_longer_than_the_first_ones_find_room() -> None:
    count = 3 * LINES_AT_ONCE
    texts = texts_of(["x" * (number // 100) for number in range(count)])
    written = Lines([Rows(np.arange(count), texts.data, texts.starts)]).whole(count)
    expected = "".join("x" * (number // 100) + "\n" for number in range(count))
    assert written.content.tobytes().decode() == expected


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2), st.text("ab", max_size=20)), min_size=1, max_size=80))
def test_the_first_row_of_each_trade(rows: list[tuple[int, str]]) -> None:
    texts = texts_of([text for _, text in rows])
    group = np.array([source for source, _ in rows], np.int32)
    first, slots = np.zeros(len(rows), np.int32), np.zeros((128, 1), np.int64)
    with np.errstate(over="ignore"):
        repeated = first_rows(texts.data, texts.starts, group, slots, first)
    seen: dict[tuple[int, str], int] = {}
    expected = [seen.setdefault(row, number) for number, row in enumerate(rows)]
    assert first.tolist() == expected
    assert repeated == len(rows) - len(seen)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 3), st.integers(1, 3), st.integers(0, 4), st.integers(1, 9), st.integers(-9, 9)
        ),
        min_size=1,
        max_size=40,
    )
)
def test_gross_sums_and_the_legs_of_each_cell(rows: list[tuple[int, ...]]) -> None:
    width, parties = 5, 4
    table = np.array(rows)
    buyer, place = table[:, 0].astype(np.int32), table[:, 2].astype(np.int32)
    seller = ((table[:, 0] + table[:, 1]) % parties).astype(np.int32)
    cells = np.zeros((parties * width, GROSS), np.int64)
    assert add_gross(cells, width, buyer, seller, place, table[:, 3].copy(), table[:, 4].copy())
    expected = [[0] * GROSS for _ in range(parties * width)]
    legs_of: list[list[int]] = [[] for _ in range(parties * width)]
    for number, (quantity, amount) in enumerate(table[:, 3:].tolist()):
        for side, party in enumerate((int(buyer[number]), int(seller[number]))):
            at = party * width + int(place[number])
            pays = amount if side == 0 else -amount
            added = (quantity * (1 - side), quantity * side, max(pays, 0), max(-pays, 0), 1)
            expected[at] = [old + new for old, new in zip(expected[at], added, strict=True)]
            legs_of[at].append(2 * number + side)
    assert cells.tolist() == expected
    every = 2 * len(rows)
    free = np.append(np.cumsum(cells[:, LEGS]) - cells[:, LEGS], every)
    legs = np.zeros(every, np.int32)
    place_legs(free, width, buyer, seller, place, np.zeros(every, np.int64), legs)
    assert legs.tolist() == [leg for one in legs_of for leg in one]


def test_a_gross_sum_beyond_64_bits_is_noticed() -> None:
    party, other, place = np.zeros(2, np.int32), np.ones(2, np.int32), np.zeros(2, np.int32)
    cells = np.zeros((2, GROSS), np.int64)
    with np.errstate(over="ignore"):
        assert not add_gross(cells, 1, party, other, place, np.array([1, 1]), np.array([2**63 - 1, 1]))


@entry
def portable_last_node(words: Any, work: Any, level: Any) -> None:
    portable_nodes(words, work, level, 0, 0, 0)


def test_the_last_node_takes_the_place_of_its_children() -> None:
    children = bytes(range(64))
    level = np.frombuffer(children, ">u4").astype(np.uint32)
    portable_last_node(np.zeros(72, np.uint32), np.zeros(128, np.uint8), level)
    assert [level[:8].astype(">u4").tobytes()] == naive_digests([b"\x01" + children])


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=128, max_size=128))
def test_the_portable_forms_of_blocks_and_nodes(data: bytes) -> None:
    words, work, level = np.zeros(72, np.uint32), np.zeros(128, np.uint8), np.zeros(48, np.uint32)
    level[:32] = np.frombuffer(data, ">u4")
    portable_forms(
        words, work, level, np.frombuffer(data[:55] + b"\x80" + (440).to_bytes(8, "big"), np.uint8)
    )
    nodes = [b"\x01" + data[:64], b"\x01" + data[64:]]
    assert level.astype(">u4")[:24].tobytes() == b"".join(naive_digests([*nodes, data[:55]]))


@entry
def portable_forms(words: Any, work: Any, level: Any, block: Any) -> None:
    portable_short(words, block, 0, level, 32)
    portable_nodes(words, work, level, 0, 0, 1)
    level[16:24] = level[32:40]


def test_sums_beyond_64_bits_are_exact() -> None:
    configuration = house(ClearingSwitches(max_amount=10**18))
    said = [f"{buyer} buys 1000000000000 ACME from {seller} at 9999" for buyer, seller in ("AB", "AB", "CB")]
    rows = [*trades(*(said * 400)), trade("B buys 1 ACME from A at 10.00", trade_id="last")]
    naive = NaiveHouse(configuration)
    assert {naive.deliver(row) for row in rows} == {"ACCEPTED"}
    result = clear_trades(delivery(rows), configuration)
    assert max(row.amount_minor for row in result.obligations.rows) > 2**63
    assert result.obligations.body.decode() == naive.body()
    assert sum(one.net_amount_minor for one in result.positions) == 0
    paid = sum(one.paid_minor for one in result.positions)
    assert paid == 1200 * 999_900 * 10**12 + 1000
    assert sum(one.gross_pay for one in result.efficiency.cycles) == paid


def test_many_cells_and_combinations_give_the_same_as_few(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = random_rows(300)
    expected = clear_trades(delivery(rows), house())
    monkeypatch.setattr(netting, "FEW_CELLS", 0)
    monkeypatch.setattr(combinations, "MOST_CELLS", 0)
    columns = delivery(rows[:10])
    few = clear_trades(columns, house())
    assert few.obligations.body.decode() == naive_body(rows[:10])
    assert clear_trades(delivery(rows), house()).obligations.content == expected.obligations.content


def naive_body(rows: list[dict[str, str]]) -> str:
    naive = NaiveHouse(house())
    for row in rows:
        naive.deliver(row)
    return naive.body()


def test_an_odd_text_is_known_as_one() -> None:
    odd = ["", " a", "a|b", 'a"b', "a,b", "é", "a\tb", "\udcff"]
    texts = texts_of(["plain-1", *odd, "~", "[x]/:;"])
    assert texts.odd.tolist() == list(range(1, 1 + len(odd)))
    assert [texts.text(row) for row in texts.odd.tolist()] == odd
    assert texts.between(2, 4).odd.tolist() == [0, 1]


def test_every_form_of_parquet_reads_like_the_csv(tmp_path: Path) -> None:
    rows = [trade("B buys 100 ACME from A at 10.25", trade_id=one) for one in (" 7", "08 ", "9,x", "é")]
    for row in rows[1:]:
        row["currency"] = "USD"
    (tmp_path / "t.csv").write_bytes(csv_of(rows))
    clear_file(tmp_path / "t.csv", tmp_path / "csv", adopt=True)
    plain = pa.table({name: pa.array([row[name] or None for row in rows], pa.string()) for name in FIELDS})
    forms = {
        "plain": plain,
        "dictionaries": pa.table({name: plain.column(name).dictionary_encode() for name in FIELDS}),
        "numbers": plain.set_column(
            FIELDS.index("quantity"), "quantity", pa.array([100] * 4, pa.int32())
        ).set_column(FIELDS.index("price"), "price", plain.column("price").cast(pa.decimal128(9, 2))),
        "large": pa.table({name: plain.column(name).cast(pa.large_string()) for name in FIELDS}),
    }
    for form, table in forms.items():
        path = tmp_path / f"{form}.parquet"
        pyarrow.parquet.write_table(table, path, row_group_size=2)
        clear_file(path, tmp_path / form, adopt=True)
        for name in ("obligations.csv", "positions.csv"):
            assert (tmp_path / form / name).read_bytes() == (tmp_path / "csv" / name).read_bytes(), form
        columns = read_trades(path).columns
        assert [columns.trade_id.text(row) for row in range(4)] == ["7", "08", "9,x", "é"]
    answers = (tmp_path / "plain" / "returns.csv").read_text().splitlines()
    assert answers[1:4] == ["1,X,7,1,ACCEPTED,,", "2,X,08,1,ACCEPTED,,", '3,X,"9,x",1,ACCEPTED,,']


def test_a_parquet_file_of_no_trades_gives_files_of_no_rows(tmp_path: Path) -> None:
    empty = pa.table({name: pa.array([], pa.string()) for name in FIELDS})
    pyarrow.parquet.write_table(empty, tmp_path / "t.parquet")
    summary = clear_file(tmp_path / "t.parquet", tmp_path / "out", adopt=True)
    assert (summary.delivery.read, summary.obligations) == (0, 0)


def csv_of(rows: list[dict[str, str]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()
