"""Where the neutral oracles and the market data lie: a folder beside the repository, never inside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


def shared(path: str) -> Path:
    """The file or folder `path` of the shared folder; skips the test, saying why, where there is none."""
    base = Path(os.environ.get("NOVATE_SHARED", ROOT.parent / "shared"))
    wanted = base / path
    if not wanted.exists():
        pytest.skip(f"{path} of the shared oracles is not on this machine (set NOVATE_SHARED)")
    return wanted
