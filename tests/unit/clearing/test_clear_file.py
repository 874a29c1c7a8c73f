"""`novate clear`: real files in, real files out, and what a person is told about bad ones."""

from __future__ import annotations

import csv
import gzip
import hashlib
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest

from novate.app.clear import ClearSummary, clear_file
from novate.app.trade_files import TradeFileError
from novate.clearing.trades.columns import FIELDS

HEADER = ",".join(FIELDS)
GOOD = [
    "1,X,1,2026-03-02,ACME,10.00,100,USD,BETA,HOUS,ALFA,HOUS",
    "2,X,1,2026-03-02,ACME,11.00,60,USD,GAMA,CLIE,BETA,HOUS",
    "3,X,1,2026-03-02,SAKE,1500,2,JPY,ALFA,HOUS,GAMA,CLIE",
]


def clear(folder: Path, lines: list[str], name: str = "trades.csv", **options: object) -> ClearSummary:
    path = folder / name
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return clear_file(path, folder / "out", **{"adopt": True, "settle_days": 1, **options})  # type: ignore[arg-type]


def rejects(folder: Path) -> list[tuple[str, str, str]]:
    with (folder / "out" / "rejects.csv").open(newline="") as stream:
        return [(row["row"], row["reason"], row["message"]) for row in csv.DictReader(stream)]


def body(folder: Path) -> list[list[str]]:
    lines = (folder / "out" / "obligations.csv").read_text().splitlines()
    return [line.split(",") for line in lines if not line.startswith("#")]


def test_a_bare_file_is_netted_by_one_command(tmp_path: Path) -> None:
    summary = clear(tmp_path, GOOD)
    assert [row[3:11] for row in body(tmp_path)[1:]] == [
        ["ALFA", "HOUS", "SAKE", "RECE", "2", "DEBT", "3000", "JPY"],
        ["GAMA", "CLIE", "SAKE", "DELI", "2", "CRDT", "3000", "JPY"],
        ["ALFA", "HOUS", "ACME", "DELI", "100", "CRDT", "100000", "USD"],
        ["BETA", "HOUS", "ACME", "RECE", "40", "DEBT", "34000", "USD"],
        ["GAMA", "CLIE", "ACME", "RECE", "60", "DEBT", "66000", "USD"],
    ]
    assert (summary.delivery.read, summary.delivery.accepted, summary.obligations) == (3, 3, 5)
    assert rejects(tmp_path) == []


def test_the_footer_closes_the_file(tmp_path: Path) -> None:
    summary = clear(tmp_path, GOOD)
    data = (tmp_path / "out" / "obligations.csv").read_bytes()
    whole, _, footer = data.partition(b"#")
    lines = footer.decode().splitlines()
    assert hashlib.sha256(whole).hexdigest() == summary.digest
    assert lines[:5] == [
        "footer,1",
        "#isin,ACME,USD,0,3,100,100,0",
        "#isin,SAKE,JPY,0,2,2,2,0",
        "#ccy,JPY,0,2,3000,3000,0",
        "#ccy,USD,2,3,100000,100000,0",
    ]
    assert lines[-2:] == ["#rows,5", f"#sha256,{summary.digest}"]
    assert data.endswith(b"\n")
    assert b"\r" not in data


def test_the_same_trades_give_the_same_bytes_from_csv_gz_and_parquet_in_any_order(tmp_path: Path) -> None:
    clear(tmp_path, GOOD)
    expected = (tmp_path / "out" / "obligations.csv").read_bytes()
    shuffled = random.Random(1).sample(GOOD, len(GOOD))
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(("\r\n".join([HEADER, *shuffled])).encode()))
    columns = zip(*(line.split(",") for line in GOOD), strict=True)
    table = pa.table(dict(zip(FIELDS, columns, strict=True)))
    quantity = table["quantity"].cast(pa.int64())
    table = table.set_column(FIELDS.index("quantity"), "quantity", quantity)
    days = table["trade_date"].cast(pa.date32())
    table = table.set_column(FIELDS.index("trade_date"), "trade_date", days)
    pyarrow.parquet.write_table(table, tmp_path / "t.parquet")
    for name in ("t.csv.gz", "t.parquet"):
        clear_file(tmp_path / name, tmp_path / name.replace(".", "-"), adopt=True)
        assert (tmp_path / name.replace(".", "-") / "obligations.csv").read_bytes() == expected


def test_bad_rows_are_put_aside_with_line_reason_and_message(tmp_path: Path) -> None:
    lines = [
        GOOD[0],
        "2,X,1,2026-03-02,ACME,10.00",
        "3,X,0,2026-03-02,ACME,10.00,100,USD,BETA,HOUS,ALFA,HOUS",
        "",
        "4,X,1,2026-03-32,ACME,10.00,100,USD,BETA,HOUS,ALFA,HOUS",
        "5,X,1,2026-03-02,ACME,1e3,100,USD,BETA,HOUS,ALFA,HOUS",
        "6,X,1,2026-03-02,ACME,10.00,-1,USD,BETA,HOUS,ALFA,HOUS",
        "7,X,1,2026-03-02,ACME,10.00,100,USD,BETA,HOME,ALFA,HOUS",
        ",X,1,2026-03-02,ACME,10.00,100,USD,BETA,HOUS,ALFA,HOUS",
        "8,X,1,2026-03-07,ACME,10.00,100,USD,BETA,HOUS,ALFA,HOUS",
        "9,X,1,2026-03-02,ACME,9999999999999999999,100,USD,BETA,HOUS,ALFA,HOUS",
        "1,X,1,2026-03-02,ACME,10.00,100,USD,BETA,HOUS,ALFA,HOUS",
        "1,X,1,2026-03-02,ACME,10.00,101,USD,BETA,HOUS,ALFA,HOUS",
    ]
    summary = clear(tmp_path, lines)
    assert rejects(tmp_path) == [
        ("3", "MALFORMED_ROW", "row: expected 12 fields, was 6 fields"),
        ("4", "INVALID_VERSION", 'version: expected a whole number from 1, was "0"'),
        ("6", "MALFORMED_ROW", 'trade_date: expected a date such as 2026-03-02, was "2026-03-32"'),
        ("7", "INVALID_PRICE", 'price: expected a decimal above 0 with at most 9 decimals, was "1e3"'),
        (
            "8",
            "INVALID_QTY",
            "quantity: expected a number above 0 with at most 0 decimals and 1000000000000 units, was"
            ' "-1"',
        ),
        ("9", "UNKNOWN_ACCOUNT", 'buyer_account: expected an account of BETA (HOUS), was "HOME"'),
        ("10", "MISSING_FIELD", "trade_id: expected a value, was nothing"),
        ("11", "NOT_TRADING_DAY", "trade_date: expected a trading day of ACME, was 2026-03-07"),
        (
            "12",
            "AMOUNT_OVERFLOW",
            "amount: expected at most 1000000000000000 minor units, was quantity 100 at price"
            " 9999999999999999999 USD",
        ),
        (
            "14",
            "DUPLICATE_CONTENT",
            "version 1: expected the content that was delivered before under this version, was another;"
            " a correction needs a higher version",
        ),
    ]  # fmt: skip
    answered = summary.delivery
    assert (answered.read, answered.accepted, answered.rejected, answered.duplicates) == (12, 2, 10, 1)
    assert summary.obligations == 2


def test_without_adopt_only_configured_names_are_cleared(tmp_path: Path) -> None:
    known = "1,X,1,2026-10-09,US00NOVA0016,182.50,100,USD,BOREAL,CLIE,ALPINE,HOUS"
    by_symbol = "2,X,1,2026-10-09,NOVA,182.50,100,USD,BOREAL,CLIE,ALPINE,HOUS"
    summary = clear(tmp_path, [known, by_symbol, GOOD[2]], adopt=False)
    assert summary.delivery.in_force == 2
    assert rejects(tmp_path) == [
        ("4", "UNKNOWN_INSTRUMENT", 'instrument: expected an instrument of the configuration, was "SAKE"')
    ]
    assert {(row[2], row[12]) for row in body(tmp_path)[1:]} == {("2026-10-13", "2")}


def test_a_correction_supersedes_whatever_came_first(tmp_path: Path) -> None:
    corrected = GOOD[0].replace("1,X,1", "1,X,2").replace(",100,", ",70,")
    for order in ([GOOD[0], corrected], [corrected, GOOD[0]]):
        summary = clear(tmp_path, order)
        assert summary.delivery.superseded == 1
        assert [row[7] for row in body(tmp_path)[1:]] == ["70", "70"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"", "expected the header"),
        ("t.csv", b"trade_id,source\n1,X\n", "header: expected one column version, found none"),
        ("t.csv", HEADER.encode() + b",fee\n", 'header: expected no other column, was "fee"'),
        ("t.csv.gz", b"trade_id", "expected gzip data, was something else"),
        (
            "t.csv.gz",
            gzip.compress(b"x" * 10_000, mtime=0)[:-9],
            "expected a whole gzip file, was a broken one",
        ),
        ("t.csv", gzip.compress(b"x", mtime=0), "expected CSV text, was gzip"),
        ("t.parquet", b"PAR1", "expected a Parquet file, was"),
        ("t.xlsx", b"", "expected a name ending in .csv, .csv.gz or .parquet, was t.xlsx"),
    ],
)
def test_a_file_that_holds_no_trades_is_refused_whole(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TradeFileError) as caught:
        clear_file(tmp_path / name, tmp_path / "out", adopt=True)
    assert str(caught.value).startswith(f"{tmp_path / name}: {message}")
    assert not (tmp_path / "out").exists()


def test_no_file_and_a_directory_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TradeFileError, match="expected a file of trades, found none"):
        clear_file(tmp_path / "none.csv", tmp_path / "out")
    with pytest.raises(TradeFileError, match="expected a file of trades, was a directory"):
        clear_file(tmp_path, tmp_path / "out")


def test_money_as_floating_point_is_refused(tmp_path: Path) -> None:
    columns = dict(zip(FIELDS, ([cell] for cell in GOOD[0].split(",")), strict=True))
    pyarrow.parquet.write_table(pa.table({**columns, "price": [10.0]}), tmp_path / "t.parquet")
    with pytest.raises(TradeFileError, match="price: expected text, a decimal or an integer, was double"):
        clear_file(tmp_path / "t.parquet", tmp_path / "out", adopt=True)


def test_a_header_alone_gives_an_empty_obligation_file(tmp_path: Path) -> None:
    summary = clear(tmp_path, [])
    assert (summary.delivery.read, summary.obligations) == (0, 0)
    assert len(body(tmp_path)) == 1


def test_a_failed_write_leaves_the_former_files(tmp_path: Path) -> None:
    clear(tmp_path, GOOD)
    before = (tmp_path / "out" / "obligations.csv").read_bytes()
    (tmp_path / "out" / ".rejects.csv.part").mkdir()
    with pytest.raises(OSError):
        clear(tmp_path, GOOD[:1])
    assert (tmp_path / "out" / "obligations.csv").read_bytes() == before
    assert not list((tmp_path / "out").glob(".obligations*"))


def test_a_quotation_mark_that_is_not_closed_is_told_where_it_opens(tmp_path: Path) -> None:
    summary = clear(tmp_path, [GOOD[0], GOOD[1].replace("2,X", '2,"X'), GOOD[2]])
    told = "row: expected 12 fields, was 2 fields, because a quotation mark that opens here is not closed"
    assert rejects(tmp_path) == [("3", "MALFORMED_ROW", f"{told} on its line")]
    assert summary.delivery.in_force == 1


def test_bytes_that_are_no_text_are_refused_row_by_row(tmp_path: Path) -> None:
    path = tmp_path / "trades.csv"
    torn = GOOD[1].encode().replace(b"2,X", b"\xff,X")
    path.write_bytes("\n".join([HEADER, GOOD[0]]).encode() + b"\n" + torn + b"\n")
    summary = clear_file(path, tmp_path / "out", adopt=True)
    assert summary.delivery.in_force == 1
    assert [row[:2] for row in rejects(tmp_path)] == [("3", "MALFORMED_ROW")]


@pytest.mark.parametrize("date", ["0001-01-01", "1969-12-31", "2262-01-01", "9999-12-31"])
def test_a_date_that_no_calendar_can_bear_refuses_its_row_alone(tmp_path: Path, date: str) -> None:
    far = GOOD[0].replace("1,X,1,2026-03-02", f"9,X,1,{date}")
    summary = clear(tmp_path, [far, *GOOD])
    assert summary.delivery.accepted == 3
    message = f'trade_date: expected a date from 1970-01-01 to 2261-12-31, was "{date}"'
    assert [(reason, told) for _, reason, told in rejects(tmp_path)] == [("OUT_OF_RANGE", message)]


@pytest.mark.parametrize("date", ["1970-01-01", "2261-12-31"])
def test_the_first_and_the_last_date_settle(tmp_path: Path, date: str) -> None:
    summary = clear(tmp_path, [GOOD[0].replace("2026-03-02", date)])
    assert (summary.delivery.accepted, rejects(tmp_path)) == (1, [])
