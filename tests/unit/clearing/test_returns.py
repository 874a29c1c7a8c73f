"""The return file answers every row of a trade file exactly once, and its totals close."""

from __future__ import annotations

import csv
import hashlib
import random
from pathlib import Path

import pytest

from novate.app.clear import clear_file
from novate.clearing.trades.columns import FIELDS
from tests.unit.clearing.test_clear_file import GOOD, HEADER

T1 = GOOD[0]
ROWS = [
    T1,
    T1,
    T1.replace("1,X,1,", "1,X,3,", 1),
    T1.replace("10.00", "10.0"),
    GOOD[1],
    "torn,row",
    T1.replace("1,X,1,", "9,X,0,", 1),
]


def returns(folder: Path, lines: list[str]) -> tuple[list[dict[str, str]], dict[str, str], bytes]:
    """Lines, footer by its first fields, and the bytes above the footer."""
    path = folder / "trades.csv"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    clear_file(path, folder / "out", adopt=True, settle_days=1)
    body, mark, footer = (folder / "out" / "returns.csv").read_bytes().partition(b"#returns,1\n")
    assert mark
    entries = dict(line.rsplit(",", 1) for line in footer.decode().splitlines())
    return list(csv.DictReader(body.decode().splitlines())), entries, body


def test_every_kind_of_answer(tmp_path: Path) -> None:
    lines, footer, body = returns(tmp_path, ROWS)
    assert [(line["row"], line["version"], line["status"], line["reason"]) for line in lines] == [
        ("2", "1", "SUPERSEDED", ""),
        ("3", "1", "DUPLICATE", ""),
        ("4", "3", "ACCEPTED", ""),
        ("5", "1", "REJECTED", "DUPLICATE_CONTENT"),
        ("6", "1", "ACCEPTED", ""),
        ("7", "", "REJECTED", "MALFORMED_ROW"),
        ("8", "0", "REJECTED", "INVALID_VERSION"),
    ]
    assert {line["status"] for line in lines if not line["message"]} == {"ACCEPTED"}
    assert footer == {
        "#status,ACCEPTED": "2",
        "#status,DUPLICATE": "1",
        "#status,REJECTED": "3",
        "#status,SUPERSEDED": "1",
        "#read": "7",
        "#sha256": hashlib.sha256(body).hexdigest(),
    }


def test_the_refused_rows_are_those_of_rejects(tmp_path: Path) -> None:
    lines, _, _ = returns(tmp_path, ROWS)
    with (tmp_path / "out" / "rejects.csv").open(newline="") as stream:
        rejects = list(csv.DictReader(stream))
    names = ("row", "source", "trade_id", "reason", "message")
    refused = [line for line in lines if line["status"] == "REJECTED"]
    assert [[line[name] for name in names] for line in refused] == [
        [line[name] for name in names] for line in rejects
    ]


def test_a_file_without_trades_has_a_footer_of_zeros(tmp_path: Path) -> None:
    lines, footer, _ = returns(tmp_path, [])
    assert lines == []
    assert footer["#read"] == "0"


@pytest.mark.parametrize("seed", range(8))
def test_totals_close_for_any_mixture(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    lines = []
    for _ in range(60):
        cells = chance.choice(GOOD).split(",")
        cells[FIELDS.index("version")] = str(chance.randint(0, 4))
        cells[FIELDS.index("quantity")] = str(chance.choice((100, 100, 200, -1)))
        lines.append(",".join(cells) if chance.random() > 0.05 else "torn")
    answers, footer, _ = returns(tmp_path, lines)
    assert [int(line["row"]) for line in answers] == list(range(2, 62))
    counted = {status: int(footer[f"#status,{status}"]) for status in ("ACCEPTED", "DUPLICATE", "REJECTED")}
    assert sum(counted.values()) + int(footer["#status,SUPERSEDED"]) == int(footer["#read"]) == 60
    in_force = {line["trade_id"] for line in answers if line["status"] == "ACCEPTED"}
    assert len(in_force) == counted["ACCEPTED"]
