"""`--force`: a finished run stays whole until the one that replaces it is, whatever happens in between."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from novate.app.cli import execute
from tests.end_to_end.processes import NOVATE, OUTPUTS, novate, small_configuration
from tests.end_to_end.test_destinations import contents

PLACES = ("journal", *OUTPUTS)


@pytest.fixture(scope="module")
def other_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of fewer orders, so that none of its files is that of the small day."""
    place = tmp_path_factory.mktemp("other")
    finished = novate("run", "--config", small_configuration(place, 700), "--out", place / "out")
    assert finished.returncode == 0, finished.stderr
    return place / "out"


def stopped(
    out: Path, stop: signal.Signals, *options: str, orders: int = 300_000
) -> subprocess.CompletedProcess[str]:
    """A run that replaces the one in `out`, stopped when its journal has begun."""
    config = small_configuration(out.parent, orders)
    aside = (out / "summary.json").exists()
    process = subprocess.Popen(
        [NOVATE, "run", "--config", config, "--out", out, "--force", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    journal = out / "unfinished" / "journal" if aside else out / "journal"
    while process.poll() is None and not _holds_records(journal):
        time.sleep(0.01)
    process.send_signal(stop)
    said, told = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, said, told)


def _holds_records(journal: Path) -> bool:
    """Whether the first block behind the segment's header is written."""
    for segment in journal.glob("segment-*[0-9]"):
        with segment.open("rb") as file:
            file.seek(4096)
            return any(file.read(64))
    return False


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_run_leaves_the_earlier_one_whole_and_its_own_journal(
    stop: signal.Signals, day: Path
) -> None:
    before = contents(day)
    ended = stopped(day, stop)
    assert ended.returncode != 0
    aside = day / "unfinished"
    after = contents(day)
    assert {name: after[name] for name in before} == before
    assert all(name.startswith(str(aside)) for name in after.keys() - before.keys())
    assert not (aside / "summary.json").exists()
    assert novate("verify", day, "--sample", "0").returncode == 0
    assert novate("replay", aside).returncode == 0
    config = small_configuration(day.parent, 700)
    assert novate("run", "--config", config, "--out", day, "--force").returncode == 0
    assert {path.name for path in day.iterdir()} == set(PLACES)
    assert novate("verify", day, "--sample", "0").returncode == 0


def test_a_run_that_fails_leaves_the_earlier_one_whole(day: Path) -> None:
    before = contents(day)
    mebibyte = 1 << 20
    failed = novate(
        "run", "--out", day, "--force", "--config", small_configuration(day.parent, 700),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (mebibyte, mebibyte)),
    )  # fmt: skip
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    after = contents(day)
    assert {name: after[name] for name in before} == before
    assert novate("verify", day, "--sample", "0").returncode == 0


def journal_gone(out: Path) -> None:
    """The old summary and journal are removed, nothing is moved yet."""
    (out / "summary.json").unlink()
    shutil.rmtree(out / "journal")


def moved(count: int) -> Callable[[Path], None]:
    """The first `count` places are exchanged."""

    def exchange(out: Path) -> None:
        (out / "summary.json").unlink()
        for name in PLACES[:count]:
            path = out / name
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
            (out / "unfinished" / name).rename(path)

    return exchange


MOMENTS: dict[str, Callable[[Path], None]] = {
    "decided": lambda out: None,
    "journal gone": journal_gone,
    "journal moved": moved(1),
    "outputs moved": moved(4),
    "all but the summary": moved(len(PLACES) - 1),
    "all": moved(len(PLACES)),
}


@pytest.mark.parametrize("command", [("verify", "--sample", "0"), ("replay",), ("run",)])
@pytest.mark.parametrize("moment", MOMENTS)
def test_an_exchange_that_was_cut_off_is_completed(
    moment: str, command: tuple[str, ...], day: Path, other_day: Path
) -> None:
    """Whatever was exchanged already, the directory holds the new run and nothing of the old one."""
    shutil.copytree(other_day, day / "unfinished")
    MOMENTS[moment](day)
    if command == ("run",):
        assert execute(["run", "--out", str(day)]) == 1
        assert {path.name for path in day.iterdir()} == set(PLACES)
    else:
        assert execute([command[0], str(day), *command[1:]]) == 0
    found = {Path(name).relative_to(day): data for name, data in contents(day).items()}
    assert found == {Path(name).relative_to(other_day): data for name, data in contents(other_day).items()}


@pytest.mark.parametrize("place", ["unfinished", "unfinished/thesis.odt"])
def test_an_unfinished_directory_of_others_is_never_removed(place: str, day: Path) -> None:
    (day / place).parent.mkdir(exist_ok=True)
    (day / place).write_text("years of work")
    assert execute(["run", "--out", str(day), "--force"]) == 1
    assert (day / place).read_text() == "years of work"


def test_orders_that_lie_in_the_run_are_not_replaced(day: Path, capsys: pytest.CaptureFixture[str]) -> None:
    orders = day / "trades.csv"
    orders.write_text(
        "time,command,market,account,client_order_id,side,quantity,price\n1,NEW,NOVA,101,1,BUY,1,182.50\n"
    )
    assert execute(["run", "--orders", str(orders), "--format", "csv", "--out", str(day), "--force"]) == 1
    assert "expected an input outside of the run" in capsys.readouterr().err
    assert orders.exists()


@pytest.mark.parametrize("force", [(), ("--force",)])
def test_two_runs_never_share_a_directory(
    force: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run holds the lock of its directory from its first look to its last rename."""
    held = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        assert execute(["run", "--out", str(tmp_path), *force]) == 1
    finally:
        os.close(held)
    assert "expected to be the only writer" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_an_interruption_is_said_with_what_is_left(
    earlier: bool, options: tuple[str, ...], day: Path, tmp_path: Path
) -> None:
    out = day if earlier else tmp_path / "fresh"
    ended = stopped(out, signal.SIGINT, *options)
    assert ended.returncode == 130
    left = out / "unfinished" if earlier else out
    if options:
        error = json.loads(ended.stdout)["error"]
        assert (error["code"], error["name"]) == (130, "INTERRUPTED")
        said = error["message"]
    else:
        said = ended.stderr
    assert f"novate replay {left}" in said
    assert ("the earlier run" in said) is earlier
    assert novate("replay", left).returncode == 0


def test_an_interruption_of_any_command_is_said(tmp_path: Path) -> None:
    """Here the reader waits for ever at a pipe that nobody writes into."""
    pipe = tmp_path / "orders.csv"
    os.mkfifo(pipe)
    process = subprocess.Popen(
        [NOVATE, "match", pipe, "--format", "csv", "--out", tmp_path / "out"],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    time.sleep(4)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "interrupted" in told
    assert not (tmp_path / "out").exists()


def test_an_interruption_that_a_library_drops_is_raised_at_the_next_report() -> None:
    code = """
import os, signal
from novate.app.cli_screen import Bars
from novate.app.interruption import listen
listen()
report = Bars()
report("matching", 1, 2)
try:
    os.kill(os.getpid(), signal.SIGINT)
except BaseException:
    print("dropped")
try:
    report("matching", 2, 2)
except KeyboardInterrupt:
    print("raised")
"""
    seen = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    assert seen.stdout.split() == ["dropped", "raised"]
