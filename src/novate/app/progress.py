"""How a job says how far it is. Jobs report; only a terminal draws.

job --(what, done, total)--> Progress     a Progress that shows it, or SILENT
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class Progress:
    """Takes reports and shows nothing."""

    def __call__(self, what: str, done: int, total: int) -> None:
        """`done` of `total` steps of `what`; total 0 when nobody knows."""

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        """Work of more than a second that cannot say how far it is."""
        yield


SILENT = Progress()
