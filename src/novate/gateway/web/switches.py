"""Dead-man's switches: an account whose owner is not heard of loses its open orders."""

from __future__ import annotations

import asyncio
import time

from novate.gateway.web.codes import WebRefused
from novate.gateway.web.keys import Key
from novate.gateway.web.messages import CancelAllRequest
from novate.gateway.web.order_desk import OrderDesk

RETRY_SECONDS = 1.0


class Switches:
    """One switch an account."""

    def __init__(self, desk: OrderDesk) -> None:
        self._desk = desk
        self._timers: dict[int, asyncio.TimerHandle] = {}
        self._loop = asyncio.get_running_loop()

    def set(self, key: Key, account: int, seconds: int) -> int | None:
        """Set or prolong (0: take back) the switch of an account; returns when it acts."""
        timer = self._timers.pop(account, None)
        if timer is not None:
            timer.cancel()
        if seconds == 0:
            return None
        self._timers[account] = self._loop.call_later(seconds, self.act, key, account)
        return time.time_ns() + seconds * 10**9

    def act(self, key: Key, account: int) -> None:
        """Cancel everything; while the core cannot be reached, try again."""
        self._timers.pop(account, None)
        try:
            self._desk.cancel_all(key, CancelAllRequest(account=account), lambda result, _: None)
        except WebRefused:
            self._timers[account] = self._loop.call_later(RETRY_SECONDS, self.act, key, account)
