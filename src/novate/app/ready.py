"""Kernels are ready before anybody waits for them; apart, so that a node need not import how runs work."""

from __future__ import annotations

from novate.app.bootstrap import warm_up
from novate.app.progress import Progress
from novate.compiled import kernels_are_cached

COMPILING = "compiling the matching kernels, once; about a minute"


def ready_kernels(progress: Progress) -> None:
    """Compile what is not compiled yet, and say so."""
    if kernels_are_cached():
        warm_up()
        return
    with progress.waiting(COMPILING):
        warm_up()
