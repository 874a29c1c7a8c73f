"""What the venue has done since the board began to watch, counted for Prometheus.

commands --kind--> NEW 4,711   REJECTED --command, reason--> NEW, "credit" 12
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from novate.domain.codes import CommandKind, EventKind
from novate.domain.records import ORDER_EVENT, Commands, Events, is_trade

BANDS = {
    100: "market",
    119: "field",
    140: "price",
    160: "order_type",
    200: "credit",
    220: "limit",
    240: "capacity",
}
"""First reason of a band -> its name (novate.domain.codes)."""
DONE = "done"
_BOUNDS = np.array([*BANDS])
_NAMES = [*BANDS.values()]


class Counts:
    """Commands by kind and result, and trades."""

    def __init__(self) -> None:
        self.commands: Counter[tuple[str, str]] = Counter()
        """(kind, result band) -> commands."""
        self.trades = 0

    def take(self, commands: Commands, events: Events) -> None:
        """Count a batch."""
        sent = np.bincount(commands["kind"], minlength=256)
        rejected = events[events["kind"] == EventKind.REJECTED].view(ORDER_EVENT)
        bands = np.searchsorted(_BOUNDS, rejected["reason"], side="right") - 1
        found, counts = np.unique(rejected["command"].astype(np.int64) * 256 + bands, return_counts=True)
        for pair, count in zip(found.tolist(), counts.tolist(), strict=True):
            kind, band = divmod(pair, 256)
            self.commands[CommandKind(kind).name, _NAMES[band]] += count
            sent[kind] = max(0, sent[kind] - count)
        for kind in np.flatnonzero(sent).tolist():
            self.commands[CommandKind(kind).name, DONE] += int(sent[kind])
        self.trades += int(is_trade(events).sum())
