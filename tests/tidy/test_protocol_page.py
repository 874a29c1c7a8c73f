"""The protocol page says what the code has: offsets and types of records, reasons, keys of sessions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from novate.app.configuration import embedded_configuration
from novate.app.configuration_fields import Table
from novate.app.node import session_file
from novate.domain import queries, wire
from novate.domain.records import COMMAND, EVIDENCE_COMMAND, ORDER_EVENT
from novate.domain.session_codes import SessionReject
from novate.gateway.binary import SessionTerms
from novate.signatures import public_of
from tests.tidy.sources import ROOT

PAGE = (ROOT / "docs" / "binary-protocol.md").read_text(encoding="utf-8")
LAYOUTS = {
    "CHALLENGE": wire.CHALLENGE,
    "LOGIN": wire.LOGIN,
    "ACCEPTED": wire.ACCEPTED,
    "NOTICE": wire.NOTICE,
    "EVIDENCE": EVIDENCE_COMMAND,
    "QUERY": queries.QUERY,
    "ANSWER": queries.ANSWER,
    "line of DEPTH": queries.DEPTH_LINE,
    "line of ORDERS": queries.ORDER_LINE,
    "line of BALANCES": queries.BALANCE_LINE,
    "line of POSITIONS": queries.POSITION_LINE,
    "NEW, CANCEL": COMMAND,
    "ACCEPTED, REJECTED": ORDER_EVENT,
}
ROW = re.compile(r"\| ([0-9, ]+) \| ([a-z0-9, ]+) \|")


def documented(title: str) -> set[tuple[int, int]]:
    """(offset, bytes) of every field of the table whose last column begins with the title."""
    table = re.search(rf"\| offset \| type \| {title}\b[^\n]*\n\|[-|]*\n((?:\|[^\n]*\n)+)", PAGE)
    assert table is not None, f"expected a table of {title}"
    fields: set[tuple[int, int]] = set()
    for line in table[1].splitlines():
        row = ROW.match(line)
        assert row is not None, line
        offsets, types = row[1].split(","), row[2].split(",")
        for offset, kind in zip(offsets, types * (len(offsets) // len(types)), strict=True):
            fields.add((int(offset), size_of(kind.strip())))
    return fields


def size_of(kind: str) -> int:
    """Bytes of a type as the page writes it."""
    return int(kind.removesuffix(" bytes")) if kind.endswith("bytes") else int(kind[1:]) // 8


@pytest.mark.parametrize("title", LAYOUTS)
def test_records_are_documented_as_they_are(title: str) -> None:
    layout: np.dtype[Any] = LAYOUTS[title]
    fields = dict(layout.fields or {})
    assert documented(title) == {(offset, kind.itemsize) for kind, offset, *_ in fields.values()}


def test_the_header_is_documented_as_it_is() -> None:
    assert documented("header field") == {(0, 4), (4, 1), (5, 1), (6, 2), (8, 8)}
    assert wire.HEADER.format == "<IBBHq"


def test_every_reason_is_documented_with_its_number() -> None:
    rows = dict(re.findall(r"\| (6\d\d) \| `([A-Z_]+)` \|", PAGE))
    assert rows == {str(int(one)): one.name for one in SessionReject if one}


def test_every_key_of_a_session_is_documented(monkeypatch: Any, tmp_path: Path) -> None:
    tables: list[Table] = []
    finish = Table.finish
    monkeypatch.setattr(Table, "finish", lambda table: (tables.append(table), finish(table)))
    path = tmp_path / "sessions.toml"
    terms = SessionTerms(name="A", number=1, public_key=public_of(bytes(32)))
    path.write_text(session_file.session_text(terms))
    session_file.load_sessions(path, embedded_configuration())
    read = [table for table in tables if table.path.startswith("sessions[")]
    section = PAGE.split("## Sessions", 1)[1].split("##", 1)[0]
    rows = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    assert set(re.findall(r"`([a-z_]+)`", " ".join(rows))) == {key for one in read for key in one.asked}
