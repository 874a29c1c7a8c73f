"""Real processes of the command line, and one small day that several tests look at."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

NOVATE = Path(sys.executable).with_name("novate")
ROOT = Path(__file__).resolve().parents[2]
OUTPUTS = ("trades.csv", "events.parquet", "obligations.csv", "rejects.csv", "report.html", "summary.json")
TIMEOUT = 600
ORDERS = 4_000


def novate(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the installed command to its end."""
    return subprocess.run(
        [str(NOVATE), *map(str, arguments)], capture_output=True, text=True, timeout=TIMEOUT, **options
    )


def novate_json(*arguments: str | Path) -> Any:
    """The one JSON document that a successful command prints."""
    finished = novate(*arguments, "--json")
    assert finished.returncode == 0, finished.stderr + finished.stdout
    return json.loads(finished.stdout)


def small_configuration(directory: Path, orders: int = ORDERS) -> Path:
    """The embedded default with fewer generated orders."""
    from novate.app.configuration import DEFAULT

    text = DEFAULT.read_text(encoding="utf-8")
    path = directory / "small.toml"
    path.write_text(text.replace("orders = 200_000", f"orders = {orders}"), encoding="utf-8")
    return path


def replayed_root(data: Path) -> str:
    """State root of a node's venue after a replay of everything from the first record."""
    from novate.app.bootstrap import Replay

    replay = Replay(data / "venue")
    for _, _, events in replay.blocks():
        for _ in events:
            pass
    replay.venue.validate()
    return replay.venue.state_root().hex()
