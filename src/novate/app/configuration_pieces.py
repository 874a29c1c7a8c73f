"""The configuration as the first records of a journal, of either plane.

    Configuration --canonical JSON--> | kind | length | 56 bytes |  | kind | length | 56 bytes |  ...

A journal that begins with it needs no file beside it to be replayed.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from novate.app.problems import RefusedError
from novate.domain.configuration import Configuration, canonical_json, from_canonical_json
from novate.domain.records import CONFIGURATION_COMMAND, Commands
from novate.journal import Journal

PIECE = 56


def configuration_pieces(configuration: Configuration, kind: int) -> Commands:
    """(n,) CONFIGURATION_COMMAND records of the given kind."""
    data = canonical_json(configuration)
    count = -(-len(data) // PIECE)
    pieces = np.zeros(count, CONFIGURATION_COMMAND)
    pieces["kind"] = kind
    pieces["length"] = PIECE
    pieces["length"][-1:] = len(data) - (count - 1) * PIECE
    pieces["piece"] = np.frombuffer(data.ljust(count * PIECE, b"\0"), "V56")
    return pieces


def journaled_configuration(journal: Journal, kind: int) -> tuple[Configuration, int]:
    """The configuration that a journal begins with, and how many records of `kind` carry it."""
    data, count = b"", 0
    for _, records in journal.read():
        others = np.flatnonzero(records["kind"] != kind)
        view = records[: int(others[0]) if len(others) else len(records)].view(CONFIGURATION_COMMAND)
        if len(view):
            pieces = view["piece"].tobytes()
            data += pieces[: len(pieces) - PIECE + int(view["length"][-1])]
            count += len(view)
        if len(others):
            break
    try:
        return from_canonical_json(data), count
    except msgspec.DecodeError as error:
        raise RefusedError(_not_whole(journal.directory, count, error)) from error


def _not_whole(directory: Path, count: int, error: msgspec.DecodeError) -> str:
    return (
        f"{directory}: expected a journal that begins with a whole configuration, "
        f"was {count} records of one: {error}"
    )
