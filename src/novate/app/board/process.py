"""The board as a process: `python -m novate.app.board.process DIR ADDRESS`; address "socket" means no HTTP.

What its input says: "stop" when the node has closed its journal, and that it is closed when the node is dead.
What it says: "listening ADDRESS" once, "at SEQUENCE" now and then, "failed NAME MESSAGE" at its end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from pathlib import Path

from novate.app.absent import without
from novate.app.board.follower import Follower
from novate.app.board.http import Listener
from novate.app.board.service import Service
from novate.app.board.site import Board
from novate.app.cli_errors import expected_failure
from novate.app.node.directory import DataDirectory
from novate.app.node.logs import Log
from novate.app.plane_process import say
from novate.journal.folder_lock import only_writer

LOOK_SECONDS = 0.1
"""Between two looks at the journal."""
STATUS_SECONDS = 1.0
BEHIND_THE_VENUE = 5
"""Niceness: where processors are few the venue comes first."""
NO_HTTP = "socket"


async def run(data: DataDirectory, address: str, log: Log) -> None:
    """Until the input says "stop". Raises what the follower raises, and OSError for a taken address."""
    loop = asyncio.get_running_loop()
    follower = await loop.run_in_executor(None, Follower, data.path, data.views)
    if follower.remade:
        log.info("views_made_again", why=follower.remade)
    board = Board(follower, data.socket)
    service = Service(data.views_socket, board.ask)
    listener = None if address == NO_HTTP else Listener(address, board.answer)
    stopping = asyncio.Event()
    loop.add_reader(sys.stdin.fileno(), _heard, stopping)
    try:
        await board.ask_core()
        await service.start()
        said = await listener.start() if listener else NO_HTTP
        log.info("board_started", address=said, sequence=follower.sequence)
        say(f"listening {said}")
        await _follow(board, follower, stopping)
        await board.work(follower.advance, True)
        log.info("board_stopped", sequence=follower.sequence)
        say(f"at {follower.sequence}")
    finally:
        if listener:
            await listener.stop()
        await service.stop()
        board.close()


async def _follow(board: Board, follower: Follower, stopping: asyncio.Event) -> None:
    asked = time.monotonic()
    while not stopping.is_set():
        await board.work(follower.advance)
        if time.monotonic() - asked >= STATUS_SECONDS:
            asked = time.monotonic()
            await board.ask_core()
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await stopping.wait()
        except TimeoutError:
            pass


def _heard(stopping: asyncio.Event) -> None:
    """The node says stop, or is dead: then nobody needs this process, and a kill does not hurt it."""
    if not os.read(sys.stdin.fileno(), 64):
        os._exit(1)
    stopping.set()


def main(arguments: list[str]) -> int:
    """Exit code 0 after a stop, 1 when something failed, which is said and logged."""
    data = DataDirectory(Path(arguments[0]))
    log = Log(data.logs, "board")
    try:
        # Whoever makes the views again holds the same lock.
        with only_writer(data.views.parent):
            asyncio.run(run(data, arguments[1], log))
    except Exception as error:
        failure = expected_failure(error)
        log.error("board_failed", name=type(error).__name__, message=str(error))
        if failure is None:
            raise
        say(f"failed {failure[0]} {' '.join(failure[1].split())}")
        return 1
    finally:
        log.close()
    return 0


if __name__ == "__main__":
    without("pandas")
    # An interrupt from the keyboard reaches the node too, which says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(BEHIND_THE_VENUE)
    sys.exit(main(sys.argv[1:]))
