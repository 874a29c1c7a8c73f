"""A day on two planes survives kill -9 of both, of the venue alone and of the clearing house alone.

The short form runs by default; `make kill` runs a hundred kills (NOVATE_KILLS).
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
from pathlib import Path

import pytest

from tests.end_to_end.processes import novate, novate_json
from tests.end_to_end.two_planes import PARTS, configured, finish, kill_at_random, looked_at, prepared

KILLS = int(os.environ.get("NOVATE_KILLS", "3"))
KILLS_A_DAY = 3
ORDERS = 8_000


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return configured(tmp_path_factory.mktemp("market") / "market.toml", ORDERS)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, config: Path) -> Path:
    """A finished day that nobody has killed."""
    directory = prepared(tmp_path_factory.mktemp("planes") / "undisturbed", config)
    finish(directory, config)
    return directory


def test_a_killed_day_ends_as_an_undisturbed_one(undisturbed: Path, config: Path, tmp_path: Path) -> None:
    seed = int(os.environ.get("NOVATE_SEED", secrets.randbelow(2**32)))
    print(f"seed {seed}")
    chance = random.Random(seed)
    expected = looked_at(undisturbed)
    assert expected.fills > 1_000
    hits, kills = 0, 0
    for number in range(KILLS // KILLS_A_DAY):
        directory = prepared(tmp_path / f"disturbed-{number}", config)
        for kill in range(KILLS_A_DAY):
            kills += 1
            part = PARTS[(number + kill) % len(PARTS)]
            hits += kill_at_random(directory, config, part, expected.fills, chance)
        finish(directory, config)
        assert looked_at(directory) == expected, f"seed {seed}, day {number}"
        print(f"day {number}: {hits} of {kills} kills have hit a living process")
    assert hits > kills / 2, f"seed {seed}: expected most kills to hit a living process, was {hits}"


def test_verify_covers_both_planes_and_what_they_say_of_each_other(undisturbed: Path, tmp_path: Path) -> None:
    directory = tmp_path / "copy"
    shutil.copytree(undisturbed, directory)
    found = novate_json("verify", directory, "--sample", "200")
    assert found["same"]
    said = " ".join(check["what"] for check in found["checks"])
    for words in (
        "venue: two compiled",
        "clearing: two replays",
        "stream of fills",
        "one to one",
        "of credit",
    ):
        assert words in said, words

    for place, at, words in (
        ("venue/fills", 128 * 9 + 40, "venue/fills: record 10: expected what the journal gives"),
        ("clearing/credit", 64 + 33, "clearing/credit: record 2: expected what the journal gives"),
        ("clearing/days/2026-10-09/totals.csv", 40, "2026-10-09/totals.csv: line 1: expected"),
    ):
        whole = (directory / place).read_bytes()
        (directory / place).write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        damaged = novate("verify", directory, "--sample", "0")
        assert damaged.returncode == 1
        assert words in damaged.stdout.replace("\n", ""), damaged.stdout
        (directory / place).write_bytes(whole)


def test_another_order_file_on_a_begun_day_is_refused(undisturbed: Path, tmp_path: Path) -> None:
    other = configured(tmp_path / "market.toml", ORDERS + 1)
    directory = tmp_path / "copy"
    shutil.copytree(undisturbed, directory)
    refused = novate("day", directory, "--config", other)
    assert refused.returncode == 1
    assert "expected the configuration that the house was founded with" in refused.stderr + refused.stdout
    assert looked_at(directory) == looked_at(undisturbed)
