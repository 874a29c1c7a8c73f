"""A defect as data: one piece of a kernel, and what a tired programmer might have written instead.

    Defect("iceberg-keeps-its-place", "book.py::refresh", old text, new text, what it means)
              name                      file::function     once in the function

The old text must stand exactly once in its function, so a defect can never be planted somewhere else, and a
kernel that is rewritten says which defects have to be rewritten with it.
"""

from __future__ import annotations

import ast
import builtins
import dis
from functools import cache
from pathlib import Path
from textwrap import dedent
from types import CodeType
from typing import NamedTuple

VENUE = Path("novate") / "venue"


class Defect(NamedTuple):
    """One change that must not go unnoticed."""

    name: str
    where: str
    """`file.py::function` under `src/novate/venue`, or `file.py` for the whole file."""
    old: str
    new: str
    meaning: str

    @property
    def file(self) -> str:
        """The file under `src/novate/venue`."""
        return self.where.partition("::")[0]

    @property
    def path(self) -> Path:
        """The file under `src`."""
        return VENUE / self.file


def planted(defect: Defect, text: str) -> str:
    """The text of the file with the defect. Raises ValueError where it does not fit."""
    first, last = _lines_of(defect, text)
    lines = text.splitlines(keepends=True)
    place = "".join(lines[first:last])
    count = place.count(defect.old)
    if count != 1:
        raise ValueError(f"{defect.name}: expected its old text once in {defect.where}, was {count} times")
    if defect.old == defect.new:
        raise ValueError(f"{defect.name}: expected a new text, was the old one")
    changed = place.replace(defect.old, defect.new)
    try:
        ast.parse(dedent(changed))
    except SyntaxError as fault:
        raise ValueError(f"{defect.name}: expected valid Python, was: {fault.msg}") from fault
    return "".join(lines[:first]) + changed + "".join(lines[last:])


def _lines_of(defect: Defect, text: str) -> tuple[int, int]:
    """First line (from 0) and the line behind the last one of the function that a defect names."""
    function = defect.where.partition("::")[2]
    if not function:
        return 0, len(text.splitlines())
    found = [(first, last) for name, first, last in _functions(text) if name == function]
    if len(found) != 1:
        raise ValueError(f"{defect.name}: expected one function {defect.where}, was {len(found)}")
    return found[0]


@cache
def _functions(text: str) -> tuple[tuple[str, int, int], ...]:
    """Name, first line (from 0) and the line behind the last one of every function."""
    return tuple(
        (node.name, node.lineno - 1, node.end_lineno or node.lineno)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
    )


def strangers(text: str) -> list[str]:
    """Names that the functions of a file use and nobody defines: a defect must not be caught for those."""
    module = compile(text, "", "exec")
    known = {step.argval for step in dis.get_instructions(module) if step.opname == "STORE_NAME"}
    return sorted(_globals_of(module) - known - set(vars(builtins)))


def _globals_of(code: CodeType) -> set[str]:
    found = {step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL"}
    return found.union(*(_globals_of(part) for part in code.co_consts if isinstance(part, CodeType)))
