"""What comes out of an order file, whichever format it had.

rows of the file = accepted + rejected           every command knows the row that it came from
commands --> venue --> REJECTED events --> `refused`: rows that the venue did not take either
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from novate.domain.codes import CommandKind, EventKind, Reject
from novate.domain.records import ORDER_EVENT, Commands, Events, new_commands
from novate.gateway.files.order_rows import DecodedRows
from novate.gateway.files.problems import RejectedRow, shortened
from novate.gateway.files.refusals import refusal_message
from novate.gateway.files.source import raw_rows
from novate.gateway.files.text_numbers import Int64s


@dataclass(frozen=True, slots=True)
class OrderFile:
    """Commands in file order and everything that has to be told about the file."""

    path: Path
    format: str
    commands: Commands
    rows: Int64s
    """Row of the file behind each command, ascending."""
    rejects: list[RejectedRow]
    """Rows that gave no command because of a defect, in row order."""
    read: int
    accepted: int
    """accepted + len(rejects) == read"""
    notes: tuple[str, ...] = ()
    """Sentences about the file as a whole: what was skipped, how often and why."""
    extra: Any = field(default=None)
    """lobster: the LobsterHour; tape: the messages; otherwise None."""

    def refused(self, events: Events, first_sequence: int) -> list[RejectedRow]:
        """Rows whose command the venue refused; `first_sequence` numbers the file's first command."""
        rejected = events[events["kind"] == EventKind.REJECTED].view(ORDER_EVENT)
        index = rejected["sequence"] - first_sequence
        ours = (index >= 0) & (index < len(self.commands))
        rejected, index = rejected[ours], index[ours]
        rows = self.rows[index]
        raw = raw_rows(self.path, self.format, set(rows.tolist()))
        return [
            RejectedRow(
                row=row,
                reason=Reject(reason).name,
                message=refusal_message(CommandKind(kind), Reject(reason)),
                raw=shortened(raw.get(row) or command_text(self.commands[place])),
            )
            for row, reason, kind, place in zip(
                rows.tolist(),
                rejected["reason"].tolist(),
                rejected["command"].tolist(),
                index.tolist(),
                strict=True,
            )
        ]

    def not_accepted(self, events: Events, first_sequence: int) -> list[RejectedRow]:
        """Every row that its reader or the venue refused, each once, in row order: `rejects.csv`."""
        by_row: dict[int, RejectedRow] = {}
        for reject in (*self.rejects, *self.refused(events, first_sequence)):
            by_row.setdefault(reject.row, reject)
        return [by_row[row] for row in sorted(by_row)]


def joined(path: Path, form: str, pieces: Sequence[DecodedRows], read: int) -> OrderFile:
    """The pieces of one file as one."""
    rejects = [reject for piece in pieces for reject in piece.rejects]
    empty = DecodedRows(new_commands(0), np.zeros(0, np.int64), [])
    return OrderFile(
        path=path,
        format=form,
        commands=np.concatenate([piece.commands for piece in (empty, *pieces)]),
        rows=np.concatenate([piece.rows for piece in (empty, *pieces)]),
        rejects=rejects,
        read=read,
        accepted=read - len(rejects),
    )


def command_text(command: np.void) -> str:
    """A command in the words of the records, for rejects of rows whose text is gone."""
    return (
        f"{CommandKind(int(command['kind'])).name} market={command['market']}"
        f" account={command['account']} client_order_id={command['client_order_id']}"
        f" quantity={command['quantity']} price={command['price']}"
    )
