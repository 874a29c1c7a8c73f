"""Case files: many small order tapes in one JSON object, each with the report lines that it must give.

    {"cancel_never_issued_id": {"messages": [{type, side, ioc, qty, order_id, price}, ...],
                                "expected_reports": ["4,0,9", ...]}, ...}

The sequence of a message is its index. A case that is too large to list gives the number of its messages, a
description and the SHA-256 of its reports.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from novate.app import neutral
from novate.app.conform_scenario import ScenarioError
from novate.domain.machine import Machine
from novate.domain.terms import VenueTerms

SWEEP = re.compile(r"(\d+) NEW SELL qty1 px(\d+) ids 1\.\.\d+ then NEW BUY (\d+) qty (\d+) px(\d+) IOC")


class CaseMessage(msgspec.Struct, frozen=True):
    """A message of a case, as the file lists it."""

    type: int
    side: int
    ioc: int
    qty: int
    order_id: int
    price: int


class CaseBody(msgspec.Struct, frozen=True):
    """A case as it stands in the file."""

    messages: list[CaseMessage] | None = None
    expected_reports: list[str] | None = None
    n_messages: int = 0
    note: str = ""
    sha256: str = ""


class Case(msgspec.Struct, frozen=True):
    """One tape and its expected reports: lines, or their digest."""

    name: str
    messages: neutral.Messages
    expected: list[str] | None
    digest: str

    def run(self, venue_of: Callable[[VenueTerms], Machine]) -> tuple[object, object] | None:
        """Play the case on a fresh venue; what was expected and what came, if they differ."""
        played = neutral.play(venue_of(neutral.terms()), self.messages)
        text = neutral.reports(self.messages, played)
        if self.expected is None:
            found = hashlib.sha256(text).hexdigest()
            return None if found == self.digest else (self.digest, found)
        lines = text.decode().split("\n") if text else []
        return None if lines == self.expected else (self.expected, lines)


def read_cases(path: Path) -> list[Case]:
    """All cases of a file. ScenarioError for a file that is none, or a case that cannot be built."""
    try:
        bodies = msgspec.json.decode(path.read_bytes(), type=dict[str, CaseBody])
    except (OSError, msgspec.MsgspecError, RecursionError) as fault:
        raise ScenarioError(f"{path}: expected a case file, was {fault}") from fault
    if not bodies:
        raise ScenarioError(f"{path}: expected at least one case, was none")
    return [_case(path, name, body) for name, body in bodies.items()]


def _case(path: Path, name: str, body: CaseBody) -> Case:
    messages = body.messages if body.messages is not None else _described(body.note)
    if messages is None:
        raise ScenarioError(f"{path}: {name}: expected messages or a known description, was {body.note!r}")
    if body.expected_reports is None and not body.sha256:
        raise ScenarioError(f"{path}: {name}: expected the reports or their SHA-256, was neither")
    tape = np.zeros(len(messages), neutral.MESSAGE)
    for at, message in enumerate(messages):
        tape[at] = (
            message.type, message.side, message.ioc, 0, message.qty, at, message.order_id, message.price, 0
        )  # fmt: skip
    return Case(name, tape, body.expected_reports, body.sha256)


def _described(note: str) -> list[CaseMessage] | None:
    """The one kind of case that is described instead of listed: many small offers, then one sweep."""
    match = SWEEP.match(note)
    if match is None:
        return None
    count, price, taker, quantity, limit = (int(number) for number in match.groups())
    offers = [CaseMessage(0, 1, 0, 1, number, price) for number in range(1, count + 1)]
    return [*offers, CaseMessage(0, 0, 1, quantity, taker, limit)]
