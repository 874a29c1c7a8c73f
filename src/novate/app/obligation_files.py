"""Obligation files as the command line takes them: what is wrong is said with the file's name."""

from __future__ import annotations

from pathlib import Path

from novate.reports.obligation_reader import ObligationFileError, ReadObligations, read_obligations


def obligations_of(path: Path, content: bytes) -> ReadObligations:
    """The rows of a file that was read already. Raises ObligationFileError naming the file."""
    try:
        return read_obligations(content)
    except ObligationFileError as fault:
        raise ObligationFileError(f"{path}: {fault}") from fault
