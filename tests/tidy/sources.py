"""The Python files of the repository as syntax trees, so that a habit can be checked and not only wished.

    Source  name "novate.venue.machine", path, text, tree
    rule    a plain function: Source -> findings, each "path:line: what was expected, what was found"

A rule never looks at the disk, so that every rule can itself be tested on a few lines of bad code.
"""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ("domain", "venue", "clearing")


@dataclass(frozen=True)
class Source:
    """One Python file."""

    name: str
    path: str
    text: str
    tree: ast.Module

    @property
    def floor(self) -> str:
        """The folder under `novate` that the file stands in; of a file at the top its own name."""
        parts = self.name.split(".")
        return parts[1] if len(parts) > 1 else parts[0]

    def at(self, node: ast.AST, message: str) -> str:
        """A finding that an editor can jump to."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {message}"


def sample(name: str, text: str) -> Source:
    """A file that exists only in a test."""
    return Source(name, f"src/{name.replace('.', '/')}.py", text, ast.parse(text))


def _read(path: Path, name: str) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(name, path.relative_to(ROOT).as_posix(), text, ast.parse(text))


@cache
def product() -> tuple[Source, ...]:
    """Every file under src/novate."""
    base = ROOT / "src"
    return tuple(_read(p, _module(p.relative_to(base))) for p in sorted(base.rglob("*.py")))


@cache
def suite() -> tuple[Source, ...]:
    """Every file under tests."""
    return tuple(_read(p, _module(p.relative_to(ROOT))) for p in sorted((ROOT / "tests").rglob("*.py")))


def core() -> Iterator[Source]:
    """The pure rooms: domain, venue, clearing."""
    return (source for source in product() if source.floor in CORE)


def _module(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def tracked_files() -> tuple[Path, ...]:
    """What is in the repository; in an unpacked archive without git, what lies in its known places."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, timeout=30
        ).stdout.decode()
        paths = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        places = ("src", "tests", "docs", "web", "deploy", ".ci")
        paths = [p for place in places for p in (ROOT / place).rglob("*")] + list(ROOT.glob("*.*"))
    return tuple(sorted(p for p in paths if p.is_file() and "__pycache__" not in p.parts))


def imported_modules(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Every module that the file imports, at the top or inside a function; relative imports made absolute."""
    package = source.name.split(".") if source.path.endswith("__init__.py") else source.name.split(".")[:-1]
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module == "novate":
                yield from ((node, f"novate.{alias.name}") for alias in node.names)
            else:
                yield node, module


def report(findings: list[str]) -> str:
    """All findings under one another, for the message of an assertion."""
    return "\n" + "\n".join(findings)
