"""A roll that is killed between its record and its files is finished by the next command, which says so; a
run of `novate clear` over days that is killed is begun anew, and that is said too."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from tests.end_to_end.processes import NOVATE, novate, novate_json
from tests.end_to_end.test_clearing_beside import Beside, beside
from tests.unit.app.clearing_firm import files_below, trade_file
from tests.unit.clearing.market import trade

ATTEMPTS = 20
"""A kill comes a moment late: a date whose files were quicker is closed, and the next one is tried."""


def roll_until_files(directory: Path) -> tuple[subprocess.Popen[bytes], bool]:
    """A process that closes a date, and whether it is just writing the files of it."""
    process = subprocess.Popen(
        [str(NOVATE), "clearing", "roll", str(directory)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    days = directory / "clearing" / "days"
    while process.poll() is None:
        if any(days.glob(".*.part")):
            return process, True
    return process, False


def interrupted_date(directory: Path) -> str:
    """Kill the process of a roll while it writes; returns the date that is closed and has no files."""
    for _ in range(ATTEMPTS):
        date: str = novate_json("clearing", "status", directory)["business_date"]
        process, is_writing = roll_until_files(directory)
        if is_writing:
            process.send_signal(signal.SIGKILL)
        process.communicate()
        if is_writing and not (directory / "clearing" / "days" / date).exists():
            return date
    raise AssertionError(f"expected a roll killed in its middle, was none in {ATTEMPTS}")


def firm(place: Path) -> Path:
    """A house with a day of trades."""
    rows = [trade("ALPINE buys 10 NOVA from BOREAL at 182.50", f"t{n}", on="2026-10-09") for n in range(50)]
    novate_json("clearing", "open", place / "firm")
    novate_json("clearing", "take", place / "firm", trade_file(place / "t.csv", rows))
    return place / "firm"


def test_the_next_command_says_which_date_it_has_finished(tmp_path: Path) -> None:
    directory = firm(tmp_path)
    date = interrupted_date(directory)
    folder = directory / "clearing" / "days" / date
    following = novate_json("clearing", "status", directory)["business_date"]
    assert following > date, "the date is closed"
    again = novate("clearing", "roll", directory, "--json")
    assert again.returncode == 0
    assert again.stderr == (
        f"novate: {date}: the roll that closed this date was interrupted before its files were written; "
        f"it is finished now: {folder}\n"
    )
    told = json.loads(again.stdout)
    assert told["finished_roll"] == {"date": date, "directory": str(folder)}
    assert told["day"]["date"] == following
    written = files_below(folder)
    calm = novate("clearing", "files", directory, date, "--json")
    assert (calm.stderr, json.loads(calm.stdout)["finished_roll"]) == ("", None)
    assert files_below(folder) == written


def test_a_command_that_is_refused_says_it_too(tmp_path: Path) -> None:
    directory = firm(tmp_path)
    date = interrupted_date(directory)
    refused = novate("clearing", "withdraw", directory, "ALPINE/HOUS", "USD", "99999999999", "--json")
    assert refused.returncode == 1
    assert json.loads(refused.stdout)["error"]["name"] == "INSUFFICIENT_BALANCE"
    assert refused.stderr.startswith(f"novate: {date}: the roll that closed this date was interrupted")


def kill_house_in_roll(run: Beside) -> str:
    for _ in range(ATTEMPTS):
        house = run.house()
        date: str = run.wait(lambda clearing: clearing["state"] == "running")["business_date"]
        process, is_writing = roll_until_files(run.data)
        if is_writing:
            os.kill(house, signal.SIGKILL)
        process.communicate()
        if is_writing and not (run.data / "clearing" / "days" / date).exists():
            return date
        run.wait(lambda clearing, date=date: clearing["business_date"] > date)  # type: ignore[misc]
    raise AssertionError(f"expected a roll killed in its middle, was none in {ATTEMPTS}")


def test_a_node_whose_house_finishes_a_roll_says_so(tmp_path: Path) -> None:
    with beside(tmp_path) as run:
        run.trade(3)
        run.wait(lambda clearing: clearing["fills"] == 3)
        date = kill_house_in_roll(run)

        def is_back(clearing: dict[str, Any]) -> bool:
            return bool(clearing["state"] == "running" and clearing["business_date"] > date)

        run.wait(is_back)
        said = run.stop()
    assert f"novate: clearing: {date}: the roll that closed this date was interrupted" in said


def test_what_a_killed_run_over_days_has_left_is_named_and_cleared_anew(tmp_path: Path) -> None:
    file = trade_file(
        tmp_path / "t.csv", [trade("ALPINE buys 10 NOVA from BOREAL at 182.50", on="2026-10-09")]
    )
    line = ["clear", file, "--out", tmp_path / "out", "--to"]
    process = subprocess.Popen([str(NOVATE), *map(str, line), "2028-10-09"], stdout=subprocess.PIPE)
    days = tmp_path / "out" / ".clear.part" / "clearing" / "days"
    while not (days / "2026-10-12" / "day.json").exists():
        assert process.poll() is None, "two years of dates were closed before the second one was seen"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    closed = sorted(place.parent.name for place in days.glob("*/day.json"))
    again = novate(*line, "2026-10-13", "--json")
    assert again.returncode == 0
    assert again.stderr == (
        f"novate: {tmp_path / 'out'}: an earlier run was interrupted after it had closed {closed[-1]}; "
        "nothing of it is kept, all dates are cleared anew\n"
    )
    told = json.loads(again.stdout)
    assert told["begun_anew"] == {"closed_dates": len(closed), "last_closed": closed[-1]}
    assert [day["summary"]["date"] for day in told["days"]] == ["2026-10-09", "2026-10-12", "2026-10-13"]
    assert [place.name for place in (tmp_path / "out").iterdir()] == ["clearing"]
