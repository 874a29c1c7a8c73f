"""kill -9 at any moment: nothing acknowledged is lost, and nothing half-written is left.

The process under test prints the sequence after every acknowledged batch. Whatever it had printed when it
died must be in the recovered journal, whose records are those of a run that was never interrupted.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from novate.app.bootstrap import Replay, opening_records
from novate.app.configuration import load_configuration
from novate.app.progress import SILENT
from novate.app.run_orders import generated_orders
from novate.domain.records import Commands
from novate.journal import Journal
from tests.end_to_end.processes import NOVATE, OUTPUTS, ROOT, novate, small_configuration

LONG = os.environ.get("NOVATE_PROFILE") == "long"
KILLS = 50 if LONG else 10
RUN_KILLS = 20 if LONG else 3
RUN_ORDERS = 20_000


@pytest.fixture(scope="module")
def configuration_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_configuration(tmp_path_factory.mktemp("crash"), orders=2_000)


@pytest.fixture(scope="module")
def expected(configuration_file: Path) -> tuple[Commands, Commands]:
    """Opening records, and the orders that follow them again and again."""
    configuration = load_configuration(configuration_file)
    return opening_records(configuration), generated_orders(configuration, SILENT).commands


def uninterrupted(expected: tuple[Commands, Commands], count: int) -> bytes:
    """The first `count` records of a run that nobody kills."""
    opening, orders = expected
    rounds = max(0, count - len(opening)) // len(orders) + 1
    return np.concatenate([opening, *[orders] * rounds])[:count].tobytes()


@pytest.mark.parametrize("number", range(KILLS))
def test_nothing_acknowledged_is_lost(
    number: int, tmp_path: Path, configuration_file: Path, expected: tuple[Commands, Commands]
) -> None:
    chance = random.Random(number)
    directory = tmp_path / "journal"
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.end_to_end.acknowledging", directory, configuration_file,
         str(chance.choice((1, 7, 64, 1000)))],
        stdout=subprocess.PIPE, cwd=ROOT,
    )  # fmt: skip
    assert process.stdout is not None
    first = process.stdout.readline()
    time.sleep(chance.random() * 0.2)
    process.send_signal(signal.SIGKILL)
    said = (first + process.stdout.read()).split(b"\n")
    process.wait()
    acknowledged = int(said[-2])  # the line after the last newline may be half a number
    journal = Journal.open(directory)
    assert journal.last_sequence >= acknowledged
    records = b"".join(block.tobytes() for _, block in journal.read())
    assert records == uninterrupted(expected, journal.last_sequence)
    journal.close()
    replay = Replay(directory)
    for _, _, events in replay.blocks():
        for _ in events:
            pass
    replay.venue.validate()
    assert replay.venue.sequence == len(records) // 64


@pytest.fixture(scope="module")
def whole_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nobody killed: what every output must look like if it is there at all."""
    place = tmp_path_factory.mktemp("whole")
    finished = novate("run", "--config", small_configuration(place, RUN_ORDERS), "--out", place / "out")
    assert finished.returncode == 0, finished.stderr
    return place / "out"


@pytest.mark.parametrize("number", range(RUN_KILLS))
def test_a_killed_run_leaves_a_journal_and_no_half_of_an_output(
    number: int, tmp_path: Path, whole_day: Path
) -> None:
    out = tmp_path / "out"
    config = small_configuration(tmp_path, RUN_ORDERS)
    process = subprocess.Popen([NOVATE, "run", "--config", config, "--out", out], stderr=subprocess.DEVNULL)
    while process.poll() is None and not (out / "journal" / "witness").exists():
        time.sleep(0.005)
    time.sleep(0.1 + random.Random(number).random())
    process.send_signal(signal.SIGKILL)
    process.wait()
    for path in out.iterdir():
        if path.name in OUTPUTS:
            assert path.read_bytes() == (whole_day / path.name).read_bytes(), path.name
    if recovered_sequence(out / "journal"):
        assert novate("replay", out).returncode == 0
    assert novate("run", "--out", out, "--config", config, "--force").returncode == 0
    assert (out / "summary.json").read_bytes() == (whole_day / "summary.json").read_bytes()


def recovered_sequence(journal: Path) -> int:
    """The last record that the killed process left; 0 if it was killed while it made the journal."""
    if not any(journal.glob("segment-*[0-9]")):
        return 0
    return Journal.open(journal, read_only=True).last_sequence


def test_a_second_process_on_the_same_directory_is_told_so(tmp_path: Path, configuration_file: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    holder = subprocess.Popen(
        [sys.executable, "-m", "tests.end_to_end.acknowledging", out / "journal", configuration_file, "64"],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        second = novate("run", "--out", out, "--force")
        assert second.returncode == 1
        assert str(holder.pid) in second.stderr or "another process" in second.stderr
        assert "Traceback" not in second.stderr
    finally:
        holder.kill()
        holder.wait()
