"""BATCH: trades that come together, and are only taken if count and quantities are as announced (C17)."""

from __future__ import annotations

from novate.clearing.commands import Command, Staged
from novate.clearing.state import State
from novate.clearing.trades.delivery import deliver, emit_refusal
from novate.domain.clearing_codes import ClearingEvent
from novate.domain.codes import ClearingReject

Trades = list[tuple[Command, Staged]]
_PLACES = {ClearingEvent.ACCEPTED: 0, ClearingEvent.DUPLICATE: 2, ClearingEvent.SUPERSEDED: 3}


def take_batch(state: State, head: Command, trades: Trades) -> ClearingReject:
    """All trades of a batch in order, refused ones too, then BATCH_DONE."""
    if head.source >= len(state.sources):
        return ClearingReject.UNKNOWN_SOURCE
    quantity = sum(command.quantity for command, _ in trades)
    if head.version != len(trades) or head.quantity != quantity:
        return ClearingReject.CONTROL_TOTAL
    counts = [0, 0, 0, 0]
    for command, staged in trades:
        mark = state.out.mark
        command = command._replace(source=head.source)
        reason = deliver(state, command, staged)
        if reason:
            emit_refusal(state, command, staged, reason)
            counts[1] += 1
        else:
            counts[_PLACES[ClearingEvent(state.out.kind_at(mark))]] += 1
    accepted, rejected, duplicate, superseded = counts
    state.out.put(
        ClearingEvent.BATCH_DONE, source=head.source, version=len(trades), quantity=accepted, amount=rejected,
        third=duplicate, fourth=superseded,
    )  # fmt: skip
    return ClearingReject.NONE
