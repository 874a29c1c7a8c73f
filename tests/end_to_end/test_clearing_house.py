"""A clearing firm at its command line, in processes of its own; and what a killed one leaves behind."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from pathlib import Path

from tests.end_to_end.processes import NOVATE, novate, novate_json
from tests.unit.app.clearing_firm import trade_file
from tests.unit.clearing.market import trade


def test_a_taking_that_is_killed_leaves_all_of_a_file_or_nothing(tmp_path: Path) -> None:
    seed = random.randrange(2**32)
    rng = random.Random(seed)
    said = "ALPINE buys 10 NOVA from BOREAL at 182.50"
    rows = [trade(said, f"t{number}", on="2026-10-09") for number in range(3_000)]
    file = trade_file(tmp_path / "t.csv", rows)
    novate_json("clearing", "open", tmp_path / "firm")
    began = time.monotonic()
    novate_json("clearing", "take", tmp_path / "firm", trade_file(tmp_path / "one.csv", rows[:1]))
    usual = time.monotonic() - began
    taken = 1
    for _ in range(2):
        process = subprocess.Popen(
            [str(NOVATE), "clearing", "take", str(tmp_path / "firm"), str(file)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        time.sleep(usual * rng.uniform(0.5, 1.2))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        status = novate_json("clearing", "status", tmp_path / "firm")
        now = status["today"].get("ACCEPTED", 0)
        assert now in (taken, 3_000), f"seed {seed}: {now} of 3,000 trades"
        taken = now
    (answer,) = novate_json("clearing", "take", tmp_path / "firm", file)["files"]
    assert answer["accepted"] == 3_000 - taken
    assert answer["duplicate"] == taken
    assert novate_json("clearing", "status", tmp_path / "firm")["waiting_legs"] == 6_000


def test_two_writers_at_once_are_refused_and_a_reader_is_not(tmp_path: Path) -> None:
    from novate.app.clearing_house import House
    from novate.app.configuration import embedded_configuration

    with House.found(tmp_path, embedded_configuration()):
        refused = novate("clearing", "roll", tmp_path, "--json")
        assert refused.returncode == 1
        assert json.loads(refused.stdout)["error"]["name"] == "JOURNAL_LOCKED"
        assert novate_json("clearing", "status", tmp_path)["business_date"] == "2026-10-09"
