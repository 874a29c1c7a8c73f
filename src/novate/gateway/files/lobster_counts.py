"""How many messages of a historical file became what, and the sentences that say so."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class LobsterCounts:
    """Every message that was taken is counted in exactly one field of the first three groups."""

    new: int = 0
    reductions: int = 0
    deletions: int = 0
    known_executions: int = 0

    unknown_cancels: int = 0
    """Type 2 and 3 of orders that the file never entered."""
    unknown_executions: int = 0
    late_cancels: int = 0
    """Of orders that had ended before, according to the file itself."""
    late_executions: int = 0

    hidden: int = 0
    crosses: int = 0
    halts: int = 0

    aggressors: int = 0
    """Incoming orders put together from executions."""
    aggressors_of_several: int = 0
    corrections: int = 0
    """Cancels sent because history had used up an order of which the venue still held some."""
    filled_already: int = 0
    """Cancels not sent because the venue had filled the order."""
    new_that_trade: int = 0
    """New orders that cross the book and trade, although history let them rest."""

    @property
    def taken(self) -> int:
        """Messages that were taken, sent or not."""
        sent = self.new + self.reductions + self.deletions + self.known_executions
        unknown = self.unknown_cancels + self.unknown_executions + self.late_cancels + self.late_executions
        return sent + unknown + self.hidden + self.crosses + self.halts

    def skip(self, kind: int) -> None:
        """Count a message that makes no command: 5 hidden execution, 6 cross, 7 halt."""
        if kind == 5:
            self.hidden += 1
        elif kind == 6:
            self.crosses += 1
        else:
            self.halts += 1

    def sentences(self) -> list[str]:
        """For the summary of a run."""
        unknown = self.unknown_cancels + self.unknown_executions
        late = self.late_cancels + self.late_executions
        said = [
            f"{self.new:,} new orders, {self.reductions:,} reductions, {self.deletions:,} deletions,"
            f" {self.known_executions:,} executions of known orders.",
            f"{self.aggressors:,} incoming orders caused those executions;"
            f" {self.aggressors_of_several:,} of them filled more than one resting order.",
            f"{unknown:,} messages about orders that rested before the file begins were not sent:"
            f" {self.unknown_executions:,} executions and {self.unknown_cancels:,} cancels.",
            f"{self.hidden:,} hidden executions, {self.crosses:,} crosses and {self.halts:,} halts were"
            " skipped.",
            f"{self.corrections:,} cancels were added where history had used up an order and the venue"
            f" had not, {self.filled_already:,} left out where the venue had filled it already;"
            f" {self.new_that_trade:,} new orders traded on entry.",
        ]
        if late:
            said.append(f"{late:,} messages about orders that had ended before were not sent.")
        return said
