"""Packages that a process does without, although they may be installed."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from typing import Any


class _Absent(MetaPathFinder):
    """Says of one package that it is not there."""

    def __init__(self, name: str) -> None:
        self._name = name

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if fullname == self._name:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def without(name: str) -> None:
    """Have every import of the package from now on end as if it were not installed; so does a question
    whether it is, by `importlib.util.find_spec`.

    pyarrow imports pandas to see whether what it is given was made with it, which takes two seconds of a
    start; where nothing is, the answer is known beforehand.
    """
    sys.meta_path.insert(0, _Absent(name))
