"""How long something takes, counted in buckets that double: cheap enough for every turn of a node.

< 1 us   < 2 us   < 4 us   ...   < 8.4 s   more
"""

from __future__ import annotations

import msgspec

BUCKETS = 24
MICROSECOND = 1_000


class Durations(msgspec.Struct):
    """Counts by duration. `counts[i]` took less than 2**i microseconds, and not less than half of it."""

    counts: list[int] = msgspec.field(default_factory=lambda: [0] * (BUCKETS + 1))
    """The last one has no bound."""
    total_ns: int = 0

    def note(self, taken_ns: int) -> None:
        """Count one."""
        self.counts[min((taken_ns // MICROSECOND).bit_length(), BUCKETS)] += 1
        self.total_ns += taken_ns
