"""Length and words as a ratchet: what is too long today is written down, and may only get shorter.

    tests/tidy/ratchet.json
        file_length       path -> lines           a file over 500 lines
        function_length   path::function -> lines a function over 60 lines
        docstrings        [path::name, ...]       a public function or class of src without a docstring

An entry that is no longer true must be lowered or removed, so the list can only shrink.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from tests.tidy.sources import Source

FILE_LINES = 500
FUNCTION_LINES = 60

Function = ast.FunctionDef | ast.AsyncFunctionDef


def long_files(sources: Iterable[Source]) -> dict[str, int]:
    """Files over the limit and their lines."""
    lengths = {source.path: len(source.text.splitlines()) for source in sources}
    return {path: lines for path, lines in lengths.items() if lines > FILE_LINES}


def long_functions(sources: Iterable[Source]) -> dict[str, int]:
    """Functions over the limit and their lines, signature and docstring included."""
    found = {}
    for source in sources:
        for name, node in _functions(source.tree, ""):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES:
                found[f"{source.path}::{name}"] = lines
    return found


def without_docstring(sources: Iterable[Source]) -> list[str]:
    """Public functions and classes at the top of a module that no sentence explains."""
    return [
        f"{source.path}::{node.name}"
        for source in sources
        for node in source.tree.body
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef))
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]


def against_ratchet(found: Mapping[str, int], allowed: Mapping[str, int], limit: int) -> Iterator[str]:
    """What is longer than the ratchet allows, and entries of the ratchet that can be lowered."""
    for name, lines in sorted(found.items()):
        if lines > allowed.get(name, limit):
            yield f"{name}: expected at most {allowed.get(name, limit)} lines, was {lines}"
    for name, lines in sorted(allowed.items()):
        if found.get(name, 0) < lines:
            better = f"lower it to {found[name]}" if name in found else "remove it"
            yield f"tests/tidy/ratchet.json: {name}: says {lines}, which is no longer so: {better}"


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, Function]]:
    for child in ast.iter_child_nodes(node):
        name = prefix
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            name = f"{prefix}{child.name}"
            if not isinstance(child, ast.ClassDef):
                yield name, child
            name += "."
        yield from _functions(child, name)
