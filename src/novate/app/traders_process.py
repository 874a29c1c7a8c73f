"""Simulated traders as a process beside a node: `python -m novate.app.traders_process DIR CONFIG`.

They trade as the table [traders] of CONFIG says, over the node's Unix socket. What their input says: "stop",
and that it is closed when the node is dead. What they say: "at SENT ACCEPTED TRADES REJECTED" once a second,
"failed NAME MESSAGE" at their end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

from novate.app.cli_errors import expected_failure
from novate.app.configuration import load_configuration
from novate.app.node.directory import DataDirectory
from novate.app.node.settings import load_settings
from novate.app.plane_process import say
from novate.app.simulate import Simulated, simulate
from novate.client import Credentials

BEHIND_THE_VENUE = 5
"""Niceness: where processors are few the venue comes first."""


def run(data: DataDirectory, config: Path, stopping: threading.Event) -> Simulated:
    """Trade until told to stop. Raises what `simulate` raises."""
    traders = load_settings(config).traders
    credentials = Credentials.from_file(data.keys / f"{traders.session}.key", traders.session)
    return simulate(
        str(data.socket), credentials, load_configuration(config), traders.accounts, traders.seed,
        traders.orders_per_second, 0, _tell, stopping.is_set,
    )  # fmt: skip


def _tell(now: Simulated) -> None:
    say(f"at {now.sent} {now.accepted} {now.trades} {now.rejected}")


def _listen(stopping: threading.Event) -> None:
    if not sys.stdin.readline():
        os._exit(1)
    stopping.set()


def main(arguments: list[str]) -> int:
    """Exit code 0 after a stop of the node or of the traders, 1 when something failed, which is said."""
    stopping = threading.Event()
    threading.Thread(target=_listen, args=[stopping], daemon=True).start()
    try:
        done = run(DataDirectory(Path(arguments[0])), Path(arguments[1]), stopping)
    except Exception as error:
        failure = expected_failure(error)
        if failure is None:
            raise
        say(f"failed {failure[0]} {' '.join(failure[1].split())}")
        return 1
    if done.ended in ("stopped", "NODE_STOPPING"):
        return 0
    say(f"failed {done.ended} the session ended")
    return 1


if __name__ == "__main__":
    # An interrupt from the keyboard reaches the node too, which says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(BEHIND_THE_VENUE)
    sys.exit(main(sys.argv[1:]))
