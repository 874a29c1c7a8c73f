"""Neutral order tapes: messages without accounts become commands, events become report lines (R56).

    message 0 NEW     -> NEW, LIMIT GTC or IOC, no self-trade prevention     0,seq,side,id,price,quantity
    message 1 CANCEL  -> CANCEL                                              2,... or 4,seq,id
    message 2 MODIFY  -> CANCEL, then NEW with the same id if it was live    3,... or 5,seq,id

A MODIFY that finds its order gone must not let the new one in. So the commands are played in runs, each
ending with the CANCEL of a MODIFY, and the NEW behind it is left out when that CANCEL was refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from novate.domain.codes import (
    CommandFlag,
    CommandKind,
    EventKind,
    OrderType,
    Reason,
    SelfTrade,
    Side,
    TimeInForce,
)
from novate.domain.instruments import MarketTerms
from novate.domain.machine import Machine, apply_all
from novate.domain.records import MAX_PRICE, MAX_QUANTITY, Commands, Events, new_commands, new_events
from novate.domain.terms import VenueTerms
from novate.gateway.files.tape import CANCEL, MODIFY, NEW, TAPE_MESSAGE, Messages

__all__ = ["CANCEL", "MESSAGE", "MODIFY", "NEW", "Messages", "Played", "commands", "play", "reports", "terms"]

MESSAGE = TAPE_MESSAGE
"""One record of a tape; side 0 buys, 1 sells."""

ACCOUNT = 1
RUN_COMMANDS = 4096
EVENT_ROOM = 65536
"""Records of the event buffer; a run that gives more events is drained and goes on."""

Numbers = npt.NDArray[np.int64]


class Played(msgspec.Struct, frozen=True):
    """What was applied, message by message, and every event of it."""

    commands: Commands
    message_of: Numbers
    """Index of the message that each command came from."""
    events: Events
    first_sequence: int
    """Sequence number of the first command."""


def terms() -> VenueTerms:
    """One market that takes any price and quantity a record can carry."""
    return VenueTerms(markets=(MarketTerms(market=0, max_quantity=MAX_QUANTITY, max_price=MAX_PRICE),))


def commands(messages: Messages) -> tuple[Commands, Numbers]:
    """Commands of all messages as if every MODIFY found its order; and the message each comes from."""
    message_of = np.repeat(np.arange(len(messages)), np.where(messages["type"] == MODIFY, 2, 1))
    source = messages[message_of]
    second = np.zeros(len(source), bool)
    second[1:] = message_of[1:] == message_of[:-1]
    enters = (source["type"] == NEW) | second
    found = new_commands(len(source))
    found["kind"] = np.where(enters, CommandKind.NEW, CommandKind.CANCEL)
    found["account"] = ACCOUNT
    found["client_order_id"] = source["order_id"].view("<i8")
    entering = found[enters]
    orders = source[enters]
    entering["side"] = np.where(orders["side"] == 0, Side.BUY, Side.SELL)
    entering["order_type"] = OrderType.LIMIT
    entering["time_in_force"] = np.where(orders["ioc"] != 0, TimeInForce.IOC, TimeInForce.GTC)
    entering["stp"] = SelfTrade.NONE
    entering["flags"] = CommandFlag.QUANTITY_GIVEN | CommandFlag.PRICE_GIVEN
    entering["price"] = np.maximum(orders["price_ticks"], 0)
    entering["quantity"] = orders["quantity"]
    found[enters] = entering
    return found, message_of


def play(venue: Machine, messages: Messages, progress: Callable[[int], Any] | None = None) -> Played:
    """Apply messages to a fresh venue of `terms()`; `progress` hears how many messages are done."""
    planned, message_of = commands(messages)
    kept = np.ones(len(planned), bool)
    buffer = new_events(EVENT_ROOM)
    kinds = buffer["kind"]
    blocks: list[Events] = []
    filled = start = told = 0
    for end in _run_ends(planned, message_of):
        if start >= end:
            # Only the refused half of a MODIFY was left of this run.
            continue
        if filled > EVENT_ROOM // 2:
            blocks.append(buffer[:filled].copy())
            filled = 0
        written = venue.apply(planned[start:end], buffer[filled:])
        if venue.consumed < end - start:
            # The run gave more events than there was room for: keep them aside and finish it.
            blocks.append(buffer[: filled + written].copy())
            more = apply_all(venue, planned[start + venue.consumed : end], buffer)
            blocks.extend(more[:-1])
            filled, written = 0, len(more[-1]) if more else 0
        filled += written
        start = end
        awaits_cancel = end < len(planned) and message_of[end] == message_of[end - 1]
        if awaits_cancel and kinds[filled - 1] == EventKind.REJECTED:
            kept[end] = False
            start = end + 1
        if progress is not None and end - told > len(planned) // 200 + RUN_COMMANDS:
            told = end
            progress(int(message_of[end - 1]) + 1)
    blocks.append(buffer[:filled].copy())
    events = np.concatenate(blocks)
    first = int(events["sequence"][0]) if len(events) else 1
    return Played(planned[kept], message_of[kept], events, first)


def _run_ends(planned: Commands, message_of: Numbers) -> list[int]:
    """Where the runs end: behind the CANCEL of every MODIFY, and at least every RUN_COMMANDS."""
    modifies = np.flatnonzero(message_of[1:] == message_of[:-1]) + 1
    regular = np.arange(RUN_COMMANDS, len(planned), RUN_COMMANDS)
    ends: list[int] = np.union1d(np.concatenate([modifies, regular]), [len(planned)]).tolist()
    return ends if len(planned) else []


# -- reports -------------------------------------------------------------------------------------------


def reports(messages: Messages, played: Played) -> bytes:
    """Report lines sorted by (sequence, type), joined by newlines, none at the end."""
    orders = _Orders(messages, played)
    pieces = [
        orders.accepted(),
        orders.fills(),
        orders.cancelled(),
        orders.modified(),
        orders.refused(),
    ]
    at = np.concatenate([piece[0] for piece in pieces])
    types = np.concatenate([piece[1] for piece in pieces])
    lines = pa.concat_arrays([piece[2] for piece in pieces])
    order = np.lexsort((types, messages["sequence"][at]))
    text = pc.binary_join(pa.ListArray.from_arrays([0, len(lines)], lines.take(pa.array(order))), "\n")
    return bytes(text[0].as_buffer()) if len(lines) else b""


Piece = tuple[Numbers, Numbers, pa.StringArray]


class _Orders:
    """Events of a tape with the message that each belongs to, and the terms of every order by its id."""

    def __init__(self, messages: Messages, played: Played) -> None:
        self.messages = messages
        self.events = played.events
        self.kind = played.events["kind"]
        self.command = played.events["sequence"] - played.first_sequence
        self.message = played.message_of[self.command] if len(self.events) else np.zeros(0, np.int64)
        self.entry = played.commands
        accepted = np.flatnonzero(self.kind == EventKind.ACCEPTED)
        ids = self.events["order_id"][accepted]
        room = int(ids.max()) + 1 if len(ids) else 1
        self.source = np.zeros(room, np.int64)
        self.source[ids] = self.message[accepted]

    def _lines(self, kind: int, at: Numbers, *columns: npt.NDArray[Any]) -> Piece:
        """Report lines `kind,sequence,columns...` of the messages `at`."""
        fields = [pa.array(column).cast(pa.string()) for column in (self.messages["sequence"][at], *columns)]
        start = pa.array(np.full(len(at), kind, np.uint8)).cast(pa.string())
        return at, np.full(len(at), kind), pc.binary_join_element_wise(start, *fields, ",")

    def accepted(self) -> Piece:
        rows = (self.kind == EventKind.ACCEPTED) & (self.messages["type"][self.message] == NEW)
        at = self.message[rows]
        m = self.messages[at]
        return self._lines(0, at, m["side"], m["order_id"], m["price_ticks"], m["quantity"])

    def fills(self) -> Piece:
        rows = self.kind == EventKind.TRADE
        fills, at = self.events[rows], self.message[rows]
        maker = self.messages["order_id"][self.source[fills["order_id"]]]
        taker = self.messages["order_id"][self.source[fills["contra_order_id"]]]
        return self._lines(1, at, fills["price"], fills["quantity"], maker, taker)

    def cancelled(self) -> Piece:
        """Cancels that were asked for, and what is left of immediate-or-cancel orders."""
        by_user = (self.events["reason"] == Reason.USER) & (self.messages["type"][self.message] == CANCEL)
        rows = (self.kind == EventKind.CANCELLED) & (by_user | (self.events["reason"] == Reason.IOC))
        order = self.messages[self.source[self.events["order_id"][rows]]]
        return self._lines(2, self.message[rows], order["side"], order["order_id"], order["price_ticks"])

    def modified(self) -> Piece:
        rows = (self.kind == EventKind.ACCEPTED) & (self.messages["type"][self.message] == MODIFY)
        at = self.message[rows]
        m = self.messages[at]
        return self._lines(3, at, m["side"], m["order_id"], m["price_ticks"], m["quantity"])

    def refused(self) -> Piece:
        """Cancels (4) and modifies (5) of orders that do not rest."""
        is_cancel = self.entry["kind"][self.command] == CommandKind.CANCEL
        at = self.message[(self.kind == EventKind.REJECTED) & is_cancel]
        kinds = np.where(self.messages["type"][at] == CANCEL, 4, 5)
        pieces = [
            self._lines(kind, at[kinds == kind], self.messages["order_id"][at[kinds == kind]])
            for kind in (4, 5)
        ]
        return (
            np.concatenate([pieces[0][0], pieces[1][0]]),
            np.concatenate([pieces[0][1], pieces[1][1]]),
            pa.concat_arrays([pieces[0][2], pieces[1][2]]),
        )
