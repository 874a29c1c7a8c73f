"""Dead-man's switches: an account whose owner is not heard of loses its open orders.

    cancel-after --> file of the account: when      timer --> is it still so? --> cancel everything

The file is what counts: every worker may prolong the switch that another one watches, and a worker that is
started again watches all of them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from pathlib import Path
from typing import Any

from novate.domain.session_codes import Permission
from novate.gateway.binary.sessions import SessionTerms
from novate.gateway.web.codes import WebRefused
from novate.gateway.web.keys import Key
from novate.gateway.web.limits import WebSettings
from novate.gateway.web.messages import CancelAllRequest
from novate.gateway.web.order_desk import OrderDesk
from novate.gateway.web.shared import Shared

RETRY_SECONDS = 1.0
_NS = 1_000_000_000


class Switches:
    """One switch an account."""

    def __init__(self, desk: OrderDesk, directory: Path) -> None:
        """`directory` keeps the switches, one small file each. Raises OSError."""
        self._desk = desk
        self._directory = directory
        self._loop = asyncio.get_running_loop()
        self._timers: dict[int, asyncio.TimerHandle] = {}
        # Whoever set a switch may be gone when it acts: it acts in the gateway's own name.
        own = SessionTerms(
            name="SWITCHES", number=1, public_key=bytes(32), permissions=Permission.TRADE, accounts=None
        )
        self._key = Key(own, b"", WebSettings(), Shared(places=1))
        directory.mkdir(parents=True, exist_ok=True)
        for path in directory.iterdir():
            if path.name.isdecimal():
                self._watch(int(path.name), 0)

    def set(self, account: int, seconds: int) -> int | None:
        """Set or prolong (0: take back) the switch of an account; returns when it acts. Raises OSError."""
        path = self._directory / str(account)
        if seconds == 0:
            path.unlink(missing_ok=True)
            return None
        at_ns = time.time_ns() + seconds * _NS
        written = self._directory / f"{account}.{os.getpid()}"
        written.write_text(str(at_ns), encoding="ascii")
        written.replace(path)
        self._watch(account, seconds)
        return at_ns

    def _watch(self, account: int, seconds: float) -> None:
        """Look at an account's switch after so long, and not at any other time."""
        timer = self._timers.get(account)
        if timer is not None:
            timer.cancel()
        self._timers[account] = self._loop.call_later(seconds, self._look, account)

    def _look(self, account: int) -> None:
        """Act if it is time, else look again then; a switch that was taken back is watched no longer."""
        path = self._directory / str(account)
        at_ns = 0
        with contextlib.suppress(OSError, ValueError):
            at_ns = int(path.read_text(encoding="ascii"))
        if not at_ns:
            self._timers.pop(account, None)
            return
        left = at_ns - time.time_ns()
        if left > 0:
            self._watch(account, left / _NS)
            return
        self.act(account, lambda: path.unlink(missing_ok=True))
        self._watch(account, RETRY_SECONDS)

    def act(self, account: int, done: Any = None) -> None:
        """Cancel everything of an account; `done` is called when that has happened."""

        def answered(result: Any, is_duplicate: bool) -> None:
            if done is not None and not isinstance(result, WebRefused):
                done()

        with contextlib.suppress(WebRefused):
            self._desk.cancel_all(self._key, CancelAllRequest(account=account), answered)
