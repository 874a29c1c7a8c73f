"""Input that is wrong: a clear message with place, expectation and finding, and nothing half-written."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from novate.app.cli import execute
from tests.end_to_end.processes import NOVATE

HEADER = "time,command,market,account,client_order_id,side,quantity,price\n"


def as_directory(path: Path) -> None:
    path.mkdir()


def as_bytes(content: bytes) -> Callable[[Path], None]:
    return lambda path: (path.write_bytes(content), None)[1]


FILES: dict[str, tuple[str, str, Callable[[Path], None], str]] = {
    "missing": ("orders.csv", "csv", lambda path: None, "orders.csv"),
    "a directory": ("orders.csv", "csv", as_directory, "directory"),
    "empty": ("orders.csv", "csv", as_bytes(b""), "empty"),
    "no such columns": ("orders.csv", "csv", as_bytes(b"a,b,c\n1,2,3\n"), "column"),
    "a gz that is none": ("orders.csv.gz", "csv", as_bytes(HEADER.encode()), "gz"),
    "a truncated gz": ("orders.csv.gz", "csv", as_bytes(gzip.compress(HEADER.encode() * 99)[:-9]), "gz"),
    "not parquet": ("orders.parquet", "parquet", as_bytes(b"PAR1nonsense"), "orders.parquet"),
    "not a tape": ("tape.bin", "tape", as_bytes(b"0123456789abcdef"), "magic"),
    "a short tape": ("tape.bin", "tape", as_bytes(b"100"), "header"),
    "not lobster": ("aapl_1_2.csv", "lobster", as_bytes(b""), "aapl_1_2.csv"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_that_cannot_be_used_is_refused_before_anything_is_written(
    case: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, form, make, word = FILES[case]
    make(tmp_path / name)
    out = tmp_path / "out"
    arguments = ["run", "--orders", str(tmp_path / name), "--format", form, "--out", str(out)]
    assert execute(arguments) == 1
    said = capsys.readouterr()
    assert said.err.startswith("novate: ")
    assert word in said.err
    assert "expected" in said.err
    assert not out.exists()


BAD_ROWS = {
    "malformed": "1,NEW,NOVA,101,2",
    "unknown market": "1,NEW,XYZ,101,2,BUY,10,182.50",
    "unknown account": "1,NEW,NOVA,999,2,BUY,10,182.50",
    "zero": "1,NEW,NOVA,101,2,BUY,0,182.50",
    "negative": "1,NEW,NOVA,101,2,BUY,-5,182.50",
    "overflowing": "1,NEW,NOVA,101,2,BUY,99999999999999999999999999,182.50",
    "overflowing price": "1,NEW,NOVA,101,2,BUY,10,99999999999999999999999999.99",
    "off tick": "1,NEW,NOVA,101,2,BUY,10,182.505",
    "no number": "1,NEW,NOVA,101,2,BUY,ten,182.50",
    "duplicate id": "1,NEW,NOVA,101,1,BUY,10,182.50",
    "unknown side": "1,NEW,NOVA,101,2,UP,10,182.50",
    "time backwards": "0,NEW,NOVA,101,2,BUY,10,182.50",
}


@pytest.mark.parametrize("case", BAD_ROWS)
def test_a_bad_row_lands_in_rejects_and_the_rest_runs(case: str, tmp_path: Path) -> None:
    orders, out = tmp_path / "orders.csv", tmp_path / "out"
    good = ["1,NEW,NOVA,101,1,BUY,10,182.50", BAD_ROWS[case], "2,NEW,NOVA,201,1,SELL,10,182.50"]
    orders.write_text(HEADER + "\n".join(good) + "\n")
    assert execute(["run", "--orders", str(orders), "--format", "csv", "--out", str(out)]) == 0
    rejects = list(csv.DictReader((out / "rejects.csv").open()))
    summary = json.loads((out / "summary.json").read_text())
    assert [row["row"] for row in rejects] == ["2"]
    assert rejects[0]["reason"]
    assert summary["rows"] == {"read": 3, "accepted": 2, "rejected": 1}
    assert summary["trades"] == 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("name = [", "TOML"),
        ('name = "x"\nprice_of_fish = 3\n', "price_of_fish"),
    ],
)
def test_a_bad_configuration_names_file_and_key(
    tmp_path: Path, text: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "novate.toml"
    config.write_text(text)
    assert execute(["run", "--config", str(config), "--out", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().err
    assert "novate.toml" in said
    assert message in said
    assert not (tmp_path / "out").exists()


def test_results_do_not_go_into_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").write_text("a file")
    assert execute(["run", "--out", str(tmp_path / "out")]) == 1
    assert "was a file" in capsys.readouterr().err


def can_mount() -> bool:
    """Whether this machine lets a test have a small disk of its own."""
    if shutil.which("unshare") is None:
        return False
    probe = ["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "-o", "size=1m", "none", "/mnt"]
    return subprocess.run(probe, capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not can_mount(), reason="needs unshare and a tmpfs of its own for a full disk")
@pytest.mark.parametrize("megabytes", [8, 65])
def test_a_full_disk_is_said_and_leaves_nothing_half_written(megabytes: int, tmp_path: Path) -> None:
    """With 8 MB the journal's first segment does not fit; with 65 MB the outputs do not."""
    disk, seen = tmp_path / "disk", tmp_path / "seen"
    disk.mkdir()
    script = (
        f"mount -t tmpfs -o size={megabytes}m none {disk} && "
        f"{{ {NOVATE} run --out {disk}/out; code=$?; ls -A {disk}/out > {seen}; exit $code; }}"
    )
    finished = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert finished.returncode == 1
    assert "Traceback" not in finished.stderr
    assert str(disk) in finished.stderr
    assert {"No space left", "the disk is full"} & {
        part for part in ("No space left", "the disk is full") if part in finished.stderr
    }
    assert set(seen.read_text().split()) <= {"journal"}
