"""A day on two planes survives kill -9 of both, of the venue alone and of the clearing house alone.

The short form runs by default; `make kill` runs a hundred kills (NOVATE_KILLS).
"""

from __future__ import annotations

import os
import random
import secrets
from pathlib import Path

from tests.end_to_end.two_planes import PARTS, configured, finish, kill_at_random, looked_at, prepared

KILLS = int(os.environ.get("NOVATE_KILLS", "6"))
KILLS_A_DAY = 3
ORDERS = 8_000


def test_a_killed_day_ends_as_an_undisturbed_one(tmp_path: Path) -> None:
    seed = int(os.environ.get("NOVATE_SEED", secrets.randbelow(2**32)))
    print(f"seed {seed}")
    chance = random.Random(seed)
    config = configured(tmp_path / "market.toml", ORDERS)
    finish(prepared(tmp_path / "undisturbed", config), config)
    expected = looked_at(tmp_path / "undisturbed")
    assert expected.fills > 1_000
    hits = 0
    for number in range(KILLS // KILLS_A_DAY):
        directory = prepared(tmp_path / f"disturbed-{number}", config)
        for kill in range(KILLS_A_DAY):
            part = PARTS[(number + kill) % len(PARTS)]
            hits += kill_at_random(directory, config, part, chance)
        finish(directory, config)
        assert looked_at(directory) == expected, f"seed {seed}, day {number}"
    assert hits, f"seed {seed}: expected at least one process that was killed"
