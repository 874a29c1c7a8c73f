"""The log of a node: one JSON object a line, for people and for collectors; never a key.

    DIR/logs/node.log    {"event": "node_started", "level": "info", "process": "node", ...}
    DIR/logs/board.log

What happens in the market is in the journal; here stands what happens to processes and sessions. A value that
could be a secret does not get in: neither bytes, nor 64 hex digits in a row, nor a field that is called a
key. A file that has grown too long becomes NAME.log.1, and the one before it goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any, TextIO, cast

import structlog

MOST_BYTES = 16 << 20
HIDDEN = "[hidden]"
_HEX = re.compile(r"[0-9a-fA-F]{64,}")
_SECRET = re.compile(r"(^|_)(key|seed|secret|password|token|signature|mac)s?$")
ROOTS = ("state_root", "journal_root")
"""Digests that everybody may know."""


class Log:
    """A log file that is open for appending."""

    def __init__(self, directory: Path, process: str) -> None:
        """Open `directory`/`process`.log, readable by its owner only. Raises OSError."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = directory / f"{process}.log"
        if path.exists() and path.stat().st_size > MOST_BYTES:
            path.replace(path.with_name(f"{path.name}.1"))
        self._file: TextIO = path.open("a", encoding="utf-8", buffering=1)
        path.chmod(0o600)
        self._log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
            structlog.WriteLogger(self._file),
            wrapper_class=structlog.make_filtering_bound_logger("info"),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                without_secrets,
                structlog.processors.JSONRenderer(),
            ],
            process=process,
        )

    def info(self, event: str, **values: Any) -> None:
        """Something happened that belongs to the day."""
        self._log.info(event, **values)

    def error(self, event: str, **values: Any) -> None:
        """Something happened that somebody should look at."""
        self._log.error(event, **values)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def without_secrets(logger: Any, name: str, values: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A processor: whatever could be a secret is hidden."""
    for key, value in values.items():
        values[key] = HIDDEN if _SECRET.search(key) else value if key in ROOTS else _bare(value)
    return values


def _bare(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return HIDDEN
    if isinstance(value, str):
        return _HEX.sub(HIDDEN, value)
    if isinstance(value, Mapping):
        return dict(without_secrets(None, "", dict(cast(Mapping[str, Any], value))))
    if isinstance(value, list | tuple):
        return [_bare(one) for one in value]
    return value
