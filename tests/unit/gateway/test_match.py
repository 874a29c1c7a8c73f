"""`novate match` and `novate import lobster` as jobs: files in, files out."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from novate.app.configuration import embedded_configuration
from novate.app.import_lobster import import_lobster
from novate.app.match import match_file
from novate.domain.records import COMMAND
from novate.gateway.files import FileProblem
from novate.gateway.files.tape import tape_bytes
from tests.shared import shared
from tests.unit.gateway.market import CONFIGURATION, orders_file, row
from tests.unit.gateway.test_tape import SCENARIOS, tape

MORNING = Path(__file__).resolve().parents[2] / "golden" / "orders" / "morning.csv"


def lines(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return list(csv.DictReader(file))


def test_a_morning_that_can_be_checked_by_hand(tmp_path: Path) -> None:
    summary = match_file(MORNING, "csv", tmp_path, CONFIGURATION)
    trades = [
        (t["price"], t["quantity"], t["buyer_member"], t["seller_member"])
        for t in lines(tmp_path / "trades.csv")
    ]
    assert trades == [
        ("10.05", "100", "BETA", "ALPHA"),
        ("10.05", "200", "BETA", "GAMMA"),
        ("10.05", "50", "BETA", "ALPHA"),
        ("10.00", "400", "BETA", "GAMMA"),
    ]
    rejects = [(int(r["row"]), r["reason"]) for r in lines(tmp_path / "rejects.csv")]
    assert rejects == [
        (7, "POST_ONLY_WOULD_TRADE"),
        (10, "PRICE_OFF_TICK"),
        (12, "TIME_BACKWARDS"),
        (13, "UNKNOWN_ORDER"),
        (14, "UNKNOWN_ACCOUNT"),
    ]
    assert (summary.read, summary.accepted, summary.rejected, summary.trades) == (15, 10, 5, 4)
    assert summary.resting == 0
    kinds = [event["kind"] for event in pq.read_table(tmp_path / "events.parquet").to_pylist()]
    assert kinds.count("EXPIRED") == 2, "the iceberg's rest and the stop that was never reached"
    assert json.loads(msgspec.json.encode(summary))["accepted"] == 10


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_public_tape_gives_its_reports_byte_by_byte(tmp_path: Path, scenario: str) -> None:
    path = shared(f"oracles/matching/tapes/orders_{scenario}_s23_n10000.bin.gz")
    expected = shared(f"oracles/matching/tapes/reports_{scenario}_s23_n10000.txt.gz")
    summary = match_file(path, "tape", tmp_path, CONFIGURATION)
    assert (tmp_path / "reports.txt").read_bytes() == gzip.decompress(expected.read_bytes())
    assert summary.accepted + summary.rejected == summary.read


def test_a_bad_record_of_a_tape_lands_in_the_rejects(tmp_path: Path) -> None:
    path = tmp_path / "tape.bin"
    path.write_bytes(tape_bytes(tape((0, 1, 0, 10, 5, 100), (7, 0, 0, 1, 1, 1), (0, 0, 0, 10, 6, 100))))
    summary = match_file(path, "tape", tmp_path / "out", CONFIGURATION)
    assert (summary.read, summary.accepted, summary.rejected) == (3, 2, 1)
    assert (tmp_path / "out" / "reports.txt").read_text() == "0,0,1,5,100,10\n0,2,0,6,100,10\n1,2,100,10,5,6"
    assert [r["reason"] for r in lines(tmp_path / "out" / "rejects.csv")] == ["UNKNOWN_VALUE"]


def test_a_tape_without_messages_gives_an_empty_report(tmp_path: Path) -> None:
    path = tmp_path / "tape.bin"
    path.write_bytes(tape_bytes(tape()))
    match_file(path, "tape", tmp_path / "out", CONFIGURATION)
    assert (tmp_path / "out" / "reports.txt").read_bytes() == b""


def test_a_file_that_cannot_be_read_leaves_no_results(tmp_path: Path) -> None:
    path = tmp_path / "orders.csv.gz"
    path.write_bytes(gzip.compress(orders_file(tmp_path, row()).read_bytes())[:-4])
    out = tmp_path / "out"
    with pytest.raises(FileProblem):
        match_file(path, "csv", out, CONFIGURATION)
    assert not out.exists()


def test_progress_reaches_its_total(tmp_path: Path) -> None:
    heard: list[tuple[str, int, int]] = []
    match_file(MORNING, "csv", tmp_path, CONFIGURATION, lambda *step: heard.append(step))
    assert heard[0][0] == "reading morning.csv"
    assert heard[-1] == ("matching", 12, 12)


def test_an_imported_hour_leaves_commands_and_a_comparison(tmp_path: Path) -> None:
    path = tmp_path / "acme_hour.csv"
    path.write_text(
        "34200,1,11,100,100500,-1\n34201,4,11,60,100500,-1\n34202,5,0,5,100501,1\n34203,3,11,40,100500,-1\n"
    )
    report = import_lobster(path, tmp_path / "out", CONFIGURATION)
    assert (report.known, report.same_place, report.counts.hidden) == (1, 1, 1)
    commands = np.load(tmp_path / "out" / "commands.npy")
    assert commands.dtype == COMMAND
    readable = pq.read_table(tmp_path / "out" / "commands.parquet").to_pylist()
    assert [(c["row"], c["command"], c["side"]) for c in readable] == [
        (1, "NEW", "SELL"),
        (2, "NEW", "BUY"),
        (4, "CANCEL", None),
    ]
    assert "100.00 %" in (tmp_path / "out" / "comparison.txt").read_text()
    assert [t["quantity"] for t in lines(tmp_path / "out" / "trades.csv")] == ["60"]
    assert json.loads(msgspec.json.encode(report))["same_place"] == 1


def test_the_example_of_the_documents_does_what_they_say(tmp_path: Path) -> None:
    path = Path(__file__).resolve().parents[3] / "docs" / "examples" / "orders.csv"
    summary = match_file(path, "csv", tmp_path, embedded_configuration())
    trades = [(t["instrument"], t["price"], t["quantity"]) for t in lines(tmp_path / "trades.csv")]
    assert trades == [
        ("US00NOVA0016", "182.55", "100"),
        ("US00NOVA0016", "182.55", "100"),
        ("US00NOVA0016", "182.55", "50"),
        ("US00NOVA0016", "182.50", "300"),
        ("US00HELI0036", "23.85", "50"),
    ]
    assert [r["reason"] for r in lines(tmp_path / "rejects.csv")] == ["PRICE_OFF_TICK"]
    assert (summary.read, summary.accepted) == (11, 10)
