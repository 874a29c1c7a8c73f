"""How to ask a clearing house that runs, without loading what a house is made of.

    ask(DIR/clearing.sock, {"verb": "outstanding"}) --> Answer

The other side is `novate.app.clearing_door`.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, Literal

import msgspec

from novate.app.clearing_words import CommandRefused
from novate.app.problems import RefusedError

Json = dict[str, Any]
REQUEST_BYTES = 4 << 20
ANSWER_SECONDS = 600.0
"""A roll of a large house takes its time."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a house."""

    verb: Literal["do", "take", "roll", "files", "outstanding"]
    argument: Any = None
    """Commands of scenarios; path of a trade file; next business date or nothing; a closed date; nothing."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it."""

    business_date: str
    answer: Any = None
    refused: str = ""
    """Name of the rule that was broken; nothing has changed then."""
    message: str = ""


def ask(door: Path, request: Json, seconds: float = ANSWER_SECONDS) -> Answer:
    """Ask the house behind the door. Raises CommandRefused, and RefusedError where nobody answers in time."""
    asked = msgspec.json.encode(request)
    if len(asked) >= REQUEST_BYTES:
        raise RefusedError(f"{door}: expected a request of less than {REQUEST_BYTES} bytes, was {len(asked)}")
    said = bytearray()
    try:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(seconds)
            peer.connect(str(door))
            peer.sendall(asked + b"\n")
            while data := peer.recv(1 << 16):
                said += data
    except OSError as error:
        raise RefusedError(f"{door}: expected an answer of the clearing house, was: {error}") from error
    if not said.endswith(b"\n"):
        raise RefusedError(f"{door}: expected an answer of the clearing house, was its end; it may be done")
    answer = msgspec.json.decode(said, type=Answer)
    if answer.refused:
        raise CommandRefused(answer.refused, answer.message)
    return answer
