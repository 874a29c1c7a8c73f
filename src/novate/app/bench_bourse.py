"""The `bourse` package on the same tape, one message per call, so that a comparison stands in one run.

It is a matching core in Rust behind a Python interface: no accounts, no credit, no fees, no events. Orders
of equal time collide in it and get lost, so every message is given its own time. Only the calls are timed.
"""

from __future__ import annotations

import time
from typing import Any

import numpy.typing as npt


def bourse_is_there() -> bool:
    """Whether the extra `bench` is installed."""
    try:
        import bourse.core  # noqa: F401
    except ImportError:
        return False
    return True


def bourse_cpu_ns(tape: npt.NDArray[Any]) -> float:
    """CPU per message of one run over the tape."""
    from bourse.core import OrderBook

    book = OrderBook(0, 1)
    rows = list(
        zip(
            tape["type"].tolist(),
            (tape["side"] == 0).tolist(),
            (tape["ioc"] != 0).tolist(),
            tape["quantity"].tolist(),
            tape["order_id"].tolist(),
            tape["price_ticks"].tolist(),
            strict=True,
        )
    )
    numbers: dict[int, int] = {}
    place, cancel, modify, set_time = book.place_order, book.cancel_order, book.modify_order, book.set_time
    start = time.process_time_ns()
    for now, (kind, bid, immediate, quantity, order_id, price) in enumerate(rows, 1):
        set_time(now)
        if kind == 0:
            numbers[order_id] = place(bid, quantity, 0, price=price)
            if immediate:
                cancel(numbers[order_id])
        elif order_id in numbers:
            if kind == 1:
                cancel(numbers[order_id])
            else:
                modify(numbers[order_id], price, quantity)
    return (time.process_time_ns() - start) / len(rows)
