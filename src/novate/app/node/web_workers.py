"""The web gateway's workers: processes beside the core, started, watched and ended by `novate up`.

    novate up --input: WorkerTerms--> worker 0 --Unix socket, session WEB-0--> core
       |  one listening socket  ----> worker 1 --Unix socket, session WEB-1--> core

Each worker has a session with a key that is made at every start and is never written down. A worker ends when
its input ends, so none outlives the node. One that dies is started again.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import msgspec

from novate import signatures
from novate.app.problems import RefusedError
from novate.domain.session_codes import Permission
from novate.gateway.binary.listening import bound
from novate.gateway.binary.sessions import LOCAL, SessionTerms
from novate.gateway.web.limits import WebSettings
from novate.gateway.web.shared import new_file

HIGHEST_NUMBER = (1 << 16) - 1
BACKLOG = 1_024
AGAIN_SECONDS = 1.0
END_SECONDS = 5.0
MODULE = "novate.app.node.web_worker"


class WorkerTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is told on its input, in one line of JSON."""

    data: str
    worker: int
    listener: int
    """File descriptor of the listening socket."""
    shared: int
    """File descriptor of what all workers know together."""
    name: str
    seed: bytes
    settings: WebSettings
    has_views: bool
    """Does a board keep views beside the node?"""


class WebWorkers:
    """All workers of one node."""

    def __init__(
        self, data: Path, settings: WebSettings, sessions: Sequence[SessionTerms], has_views: bool
    ) -> None:
        """Listen. Raises OSError when the address is taken, RefusedError when a session's place is."""
        self._data = data
        self._settings = settings
        self._has_views = has_views
        self._seeds = [os.urandom(signatures.SEED_BYTES) for _ in range(settings.workers)]
        self._stopping = threading.Event()
        self._processes: dict[int, subprocess.Popen[bytes]] = {}
        self._threads: list[threading.Thread] = []
        self.sessions = [
            SessionTerms(
                name=f"WEB-{worker}",
                number=HIGHEST_NUMBER - worker,
                public_key=signatures.public_of(seed),
                permissions=Permission.READ | Permission.TRADE | self._money,
                accounts=None,
                addresses=(LOCAL,),
            )
            for worker, seed in enumerate(self._seeds)
        ]
        taken = {one.number for one in sessions} & {one.number for one in self.sessions}
        named = {one.name for one in sessions} & {one.name for one in self.sessions}
        if taken or named:
            raise RefusedError(
                f"sessions.toml: expected sessions other than {self.sessions[0].name} and numbers below "
                f"{HIGHEST_NUMBER - settings.workers + 1}, which the web gateway needs"
            )
        self._listener = _bound(settings.address)
        self._shared = new_file()

    @property
    def _money(self) -> Permission:
        return Permission.TRANSFER if self._settings.test_money else Permission(0)

    @property
    def address(self) -> str:
        """Where the gateway listens, as a browser writes it."""
        host, port = self._listener.getsockname()[:2]
        return f"http:{'/'}/{f'[{host}]' if ':' in host else host}:{port}"

    def __enter__(self) -> WebWorkers:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every worker; they wait for the core."""
        for worker in range(self._settings.workers):
            thread = threading.Thread(target=self._keep, args=(worker,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _keep(self, worker: int) -> None:
        """Run a worker, and another one when it has died."""
        while not self._stopping.is_set():
            process = self._launch(worker)
            process.wait()
            if not self._stopping.wait(AGAIN_SECONDS):
                print(f"novate: web worker {worker} ended with {process.returncode}, started again",
                      file=sys.stderr)  # fmt: skip

    def _launch(self, worker: int) -> subprocess.Popen[bytes]:
        terms = WorkerTerms(
            data=str(self._data.absolute()),
            worker=worker,
            listener=self._listener.fileno(),
            shared=self._shared,
            name=self.sessions[worker].name,
            seed=self._seeds[worker],
            settings=self._settings,
            has_views=self._has_views,
        )
        process = subprocess.Popen(
            [sys.executable, "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            pass_fds=[self._listener.fileno(), self._shared],
            start_new_session=True,
        )
        self._processes[worker] = process
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(terms) + b"\n")
        process.stdin.flush()
        return process

    def stop(self) -> None:
        """End all workers; whoever does not end in time is killed."""
        self._stopping.set()
        self._listener.close()
        for process in self._processes.values():
            assert process.stdin is not None
            process.stdin.close()
        deadline = time.monotonic() + END_SECONDS
        for process in self._processes.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for thread in self._threads:
            thread.join(END_SECONDS)
        os.close(self._shared)


def _bound(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return bound(socket.socket(family), (host.strip("[]"), int(port)), "[web] address", BACKLOG)
