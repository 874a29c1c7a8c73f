"""How late the node is: what has been sent and was not taken yet, at the speed at which it is taken.

    turn --> for each connection that waits:  (unread + in its socket) * time / taken in that time >= late?

A client may keep the node busy without a pause and still be answered in milliseconds; late is a node only
when what is sent now will be taken much later. Looked at a few times a second, of those who wait alone.
"""

from __future__ import annotations

from collections.abc import Collection

from novate.gateway.binary.connection import Connection

LOOK_NS = 50_000_000


class Backlog:
    """Will anybody who waits now have to wait too long?"""

    def __init__(self, late_ns: int) -> None:
        """So long is too long; 0: whenever a turn could not take everything."""
        self._late_ns = late_ns
        self._taken: dict[Connection, int] = {}
        """Bytes that had been taken, at the last look, of each that waited."""
        self._since: dict[Connection, int] = {}
        """When it was first seen that nothing had been taken of it since the look before."""
        self._looked_ns = 0
        self.is_late = False

    def look(self, waiting: Collection[Connection], now_ns: int) -> None:
        """Measure those that wait after a turn. `now_ns` is monotonic."""
        if not waiting or not self._late_ns:
            self.is_late = bool(waiting)
            self._taken.clear()
            self._since.clear()
            self._looked_ns = now_ns
        elif now_ns - self._looked_ns >= LOOK_NS:
            late = [self._is_late(connection, now_ns) for connection in waiting]
            self.is_late = any(late)
            self._taken = {connection: connection.taken_bytes for connection in waiting}
            self._since = {one: since for one, since in self._since.items() if one in self._taken}
            self._looked_ns = now_ns

    def _is_late(self, connection: Connection, now_ns: int) -> bool:
        before = self._taken.get(connection)
        done = connection.taken_bytes - before if before is not None else 0
        if done == 0:
            return now_ns - self._since.setdefault(connection, now_ns) >= self._late_ns
        self._since.pop(connection, None)
        return connection.pending_bytes() * (now_ns - self._looked_ns) >= self._late_ns * done
