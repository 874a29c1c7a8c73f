"""Files that cannot be used at all: each gives one message with place, expectation and finding."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from novate.gateway.files import FORMATS, FileProblem, fitted_configuration, read_orders
from tests.unit.gateway.market import CONFIGURATION, HEADER, orders_file, row


def problem(path: Path, form: str) -> str:
    configuration = fitted_configuration(CONFIGURATION, path, form)
    with pytest.raises(FileProblem) as caught:
        read_orders(path, form, configuration)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert "expected" in text
    return text


@pytest.mark.parametrize("form", FORMATS)
def test_a_missing_file_a_folder_and_an_empty_file(tmp_path: Path, form: str) -> None:
    assert "no such file" in problem(tmp_path / "nowhere", form)
    assert "was a directory" in problem(tmp_path, form)
    empty = tmp_path / "empty"
    empty.touch()
    assert "0 bytes" in problem(empty, form)


@pytest.mark.parametrize("form", ["csv", "lobster", "tape"])
def test_gz_files_that_are_none_or_are_cut(tmp_path: Path, form: str) -> None:
    pretends = tmp_path / "pretends.gz"
    pretends.write_text(HEADER)
    assert "expected a gz file" in problem(pretends, form)
    whole = gzip.compress("\n".join([HEADER, *[row(client_order_id=i) for i in range(5000)]]).encode())
    cut = tmp_path / "cut.gz"
    for length in (3, 15, len(whole) // 2, len(whole) - 1):
        cut.write_bytes(whole[:length])
        assert "complete gz file" in problem(cut, form)
    damaged = bytearray(whole)
    damaged[len(whole) // 2] ^= 0xFF
    cut.write_bytes(damaged)
    assert "gz file" in problem(cut, form)
    nothing = tmp_path / "nothing.gz"
    nothing.write_bytes(gzip.compress(b""))
    assert "0 bytes" in problem(nothing, form)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("time,command,market,account,client_order_id,side,quantity", "header: expected the column price"),
        (HEADER.replace("stop_price", "stop_prise"), '"stop_prise"'),
        (HEADER + ",price", '"price" 2 times'),
        (HEADER.replace(",", ";"), "header: expected the column time"),
        ("\x00\x01\x02", "binary data"),
        ("x" * 1_000_000, "was a line of more than 65,536 bytes"),
        (f"{HEADER}\r{row()}\r", "was lines that end in \\r alone"),
    ],
)
def test_a_header_that_is_none(tmp_path: Path, header: str, message: str) -> None:
    assert message in problem(orders_file(tmp_path, row(), header=header), "csv")


def test_text_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(f"{HEADER}\n{row()}\n{row(market='Ü')}\n".encode("latin-1"))
    assert "line 3: expected text in UTF-8, was byte 0xdc" in problem(path, "csv")
    path.write_bytes(f"{HEADER}\n{row()}\n".encode("utf-16"))
    assert "line 1: expected text in UTF-8, was text that begins as UTF-16 does" in problem(path, "csv")


def test_a_file_without_line_ends_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv"
    path.write_bytes(HEADER.encode() + b"\n" + b"9" * 30_000_000)
    assert "bytes in one line" in problem(path, "csv")


def test_an_unknown_format_names_the_known_ones(tmp_path: Path) -> None:
    path = orders_file(tmp_path, row())
    with pytest.raises(FileProblem, match='csv, parquet, lobster, tape, was "xml"'):
        read_orders(path, "xml", CONFIGURATION)


def _header(magic: bytes, version: int, count: int) -> bytes:
    return magic + version.to_bytes(4, "little") + count.to_bytes(4, "little")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"100_WBEM", "a header of 16 bytes, was 8 bytes"),
        (_header(b"NOTATAPE", 1, 0), "header: expected the magic"),
        (_header(b"100_WBEM", 2, 0), "header: expected version 1, was version 2"),
        (_header(b"100_WBEM", 1, 2) + bytes(40), "2 records of 40 bytes, as the header says, was 1 records"),
        (_header(b"100_WBEM", 1, 1) + bytes(39), "was 0 records and 39 bytes"),
        (_header(b"100_WBEM", 1, 1) + bytes(41), "was 1 records and 1 bytes"),
        (_header(b"100_WBEM", 1, 2**32 - 1) + bytes(40), "4,294,967,295 records"),
    ],
)
def test_a_tape_that_is_none(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "tape.bin"
    path.write_bytes(content)
    assert message in problem(path, "tape")


def test_a_parquet_file_that_is_none_or_is_cut(tmp_path: Path, parquet: Callable[[], Path]) -> None:
    text = orders_file(tmp_path, row(), name="orders.parquet")
    assert "expected a Parquet file" in problem(text, "parquet")
    path = parquet()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "damaged or truncated" in problem(path, "parquet")
