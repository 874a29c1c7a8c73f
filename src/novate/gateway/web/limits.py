"""Every bound of the web gateway in one place; `GET /v1/limits` tells them.

Rates are buckets: so many units a second flow in, at most `burst` are kept, and a request spends some. A
bucket belongs to a key, or to an address where no key is needed.
"""

from __future__ import annotations

import msgspec

NANOSECONDS = 1_000_000_000

LONGEST_TARGET = 2_048
MOST_HEADERS = 64
LARGEST_HEADERS = 16_384
LARGEST_BODY = 65_536
LARGEST_MESSAGE = 65_536
DEEPEST_JSON = 8
MOST_PIPELINED = 64
MOST_BATCH = 50
MOST_PAGE = 1_000
USUAL_PAGE = 100
MOST_SUBSCRIPTIONS = 200
MOST_WAITING = 20_000
"""Commands on their way to the core."""
IDLE_SECONDS = 75
REQUEST_SECONDS = 10
"""From the first byte of a request to its last."""
LINGER_SECONDS = 10
"""How long a refused connection is read on, so that whoever still sends comes to read the refusal."""
LINGER_BYTES = 1 << 24
"""What is read and thrown away in that time; whoever sends more is cut off."""
ANSWER_SECONDS = 5
HISTORY_SECONDS = 2.0
"""How long a request waits for the views where its rows are older than the windows."""
MOST_HISTORY_WAITING = 64
"""Questions to the views of one worker."""
WINDOW_NS = 5 * NANOSECONDS
"""By how much the time of a signed request may differ from the gateway's clock."""


class WebSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The table [web] of a configuration."""

    address: str = "127.0.0.1:8080"
    workers: int = 1
    hosts: tuple[str, ...] = ()
    """Names that the gateway answers to as a Host, besides those of loopback (`novate.gateway.hosts`)."""
    connections: int = 4_096
    """Of one worker."""
    tick_ms: int = 50
    """Market data is told once in so many milliseconds."""
    test_money: bool = False
    """Deposits and withdrawals by whoever may transfer: test money, no bank behind it."""
    public_per_second: int = 100
    reads_per_second: int = 100
    orders_per_second: int = 1_000
    cancels_per_second: int = 2_000
    history_events: int = 100_000
    """Events of the past that a worker reads when it starts."""
    out_bytes: int = 1 << 20
    """What may wait for one reader before it is cut off."""


class Bucket:
    """What is left of one rate."""

    __slots__ = ("_filled_ns", "_units", "burst", "rate")

    def __init__(self, rate: int, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._units = burst * NANOSECONDS
        self._filled_ns = 0

    def spend(self, units: int, now_ns: int) -> bool:
        """Take `units` if they are there. `now_ns` is monotonic."""
        if self._filled_ns:
            gained = self._units + (now_ns - self._filled_ns) * self.rate
            most = self.burst * NANOSECONDS
            self._units = gained if gained < most else most
        self._filled_ns = now_ns
        if self._units < units * NANOSECONDS:
            return False
        self._units -= units * NANOSECONDS
        return True

    @property
    def remaining(self) -> int:
        """Whole units that are left."""
        return self._units // NANOSECONDS

    def seconds_until(self, units: int) -> int:
        """Whole seconds until so many units are there."""
        missing = units * NANOSECONDS - self._units
        return max(1, -(-missing // (self.rate * NANOSECONDS)))

    @property
    def seconds_until_full(self) -> int:
        """Whole seconds until the bucket is full again."""
        return -(-(self.burst * NANOSECONDS - self._units) // (self.rate * NANOSECONDS))
