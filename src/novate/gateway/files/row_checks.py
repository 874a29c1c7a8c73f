"""The first defect of every row of a piece, whatever the number of rows.

    reasons   [0 0 403 0 404]        0: nothing found yet
    messages  {2: "...", 4: "..."}   only where something was found

A check comes as a mask over all rows; a row that was refused by an earlier check keeps its first reason, so
the order in which checks are made is the order of the ladder in `docs/order-files.md`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from novate.domain.codes import RowReject
from novate.gateway.files.problems import LONGEST_MESSAGE, RejectedRow, shortened
from novate.gateway.files.text_numbers import Bools, Int64s, Numbers


class RowChecks:
    """Collects refusals of the rows 0..count-1."""

    def __init__(self, count: int) -> None:
        self.refused: Bools = np.zeros(count, bool)
        self._found: dict[int, tuple[RowReject, str]] = {}

    def refuse(self, where: Bools, reason: RowReject, message: Callable[[int], str]) -> None:
        """Refuse the rows of the mask that are still good; `message(index)` begins with the field's name."""
        for index in np.flatnonzero(where & ~self.refused).tolist():
            self._found[index] = (reason, message(index))
            self.refused[index] = True

    def refuse_defects(self, field: str, numbers: Numbers, where: Bools, off_step: RowReject) -> None:
        """Refuse rows of the mask whose number has a defect; `off_step` names digits finer than any step."""
        for index in sorted(numbers.defects):
            if where[index] and not self.refused[index]:
                reason, message = numbers.defects[index]
                reason = off_step if reason is RowReject.PRICE_OFF_TICK else reason
                self._found[index] = (reason, f"{field}: {message}")
                self.refused[index] = True

    def rejected(self, rows: Int64s, raw: Callable[[int], str]) -> list[RejectedRow]:
        """The refusals in row order."""
        return [
            RejectedRow(
                int(rows[index]), reason.name, shortened(message, LONGEST_MESSAGE), shortened(raw(index))
            )
            for index, (reason, message) in sorted(self._found.items())
        ]
