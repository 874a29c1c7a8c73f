"""Whatever the bytes are, a reader either says what is wrong with the file or accounts for every row."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from novate.domain.codes import RowReject
from novate.gateway.files import FileProblem, fitted_configuration, read_orders
from tests.unit.gateway.market import CONFIGURATION, HEADER, row

REASONS = {reason.name for reason in RowReject}
WORDS = st.sampled_from(
    [
        *("", "new", "cancel", "amend", "state", "mass_cancel", "ACME", "BULK", "COIN", "1", "3", "7", "buy"),
        *("sell", "10.05", "0.02", "100", "-1", "1e9", "9" * 25, "nan", "09:30:00", "99:99", "true", "GTD"),
        *("STOP", "\0", '"', " ", "é", "2026-10-09T10:00:00", str(2**63), str(2**64), "0", "00012", ".5"),
        *("5.", "LIMIT", "CLOSED"),
    ]
)
LINES = st.lists(st.lists(WORDS, min_size=16, max_size=19).map(",".join), max_size=30)
MUTATIONS = st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=12)


def check(content: bytes, form: str) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(FileProblem):
        path = Path(folder) / "acme_hour.csv"
        path.write_bytes(content)
        orders = read_orders(path, form, fitted_configuration(CONFIGURATION, path, form))
        assert orders.accepted + len(orders.rejects) == orders.read
        assert {reject.reason for reject in orders.rejects} <= REASONS
        rows = [reject.row for reject in orders.rejects]
        assert rows == sorted(set(rows))
        assert not set(rows) & set(orders.rows.tolist())


@settings(max_examples=200, deadline=None)
@given(LINES)
def test_rows_of_any_words(lines: list[str]) -> None:
    check("\n".join([HEADER, *lines]).encode(), "csv")


@settings(max_examples=150, deadline=None)
@given(MUTATIONS)
def test_good_files_with_bytes_changed(changes: list[tuple[int, int]]) -> None:
    rows = [row(client_order_id=i, time=f"09:30:{i:02d}") for i in range(20)]
    content = bytearray("\n".join([HEADER, *rows]).encode())
    for place, byte in changes:
        content[place % len(content)] = byte
    check(bytes(content), "csv")


@settings(max_examples=150, deadline=None)
@given(MUTATIONS, st.binary(max_size=200))
def test_messages_with_bytes_changed(changes: list[tuple[int, int]], tail: bytes) -> None:
    lines = [f"{34_200 + i}.{i},{1 + i % 7},{11 + i % 5},100,100500,{1 - 2 * (i % 2)}" for i in range(40)]
    content = bytearray("\n".join(lines).encode() + tail)
    for place, byte in changes:
        content[place % len(content)] = byte
    check(bytes(content), "lobster")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.binary(min_size=40, max_size=40), max_size=20), st.binary(max_size=3))
def test_tapes_of_any_records(records: list[bytes], tail: bytes) -> None:
    header = b"100_WBEM" + (1).to_bytes(4, "little") + len(records).to_bytes(4, "little")
    check(header + b"".join(records) + tail, "tape")


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(["csv", "parquet", "lobster", "tape"]), st.binary(max_size=300))
def test_bytes_that_are_nothing(form: str, content: bytes) -> None:
    check(content, form)
    check(b"\x1f\x8b" + content, form)
    check(b"PAR1" + content + b"PAR1", form)
