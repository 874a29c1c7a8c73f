"""Documents as a rule: links that lead somewhere and commands that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
SOURCE = re.compile(r"""(?:src|srcset|href)=["']([^"']+)["']""")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
ELSEWHERE = re.compile(r"^[a-z]+:")


def slug(heading: str) -> str:
    """The anchor that a heading gets."""
    plain = re.sub(r"[`*_]", "", re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def broken_links(page: Path) -> Iterator[str]:
    """Relative links of a page that lead to no file, or to no heading of it."""
    text = page.read_text(encoding="utf-8")
    prose = FENCE.sub("", text)
    for target in [*LINK.findall(prose), *SOURCE.findall(prose)]:
        if ELSEWHERE.match(target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists():
            yield f"{page.name}: expected a file behind {target}, found none"
        elif anchor and file.suffix == ".md" and anchor not in _anchors(file):
            yield f"{page.name}: expected a heading behind {target}, found none"


def commands(page: Path) -> Iterator[list[str]]:
    """Lines of the page's code blocks that call make or novate, without prompt, comment and redirections."""
    for block in FENCE.findall(page.read_text(encoding="utf-8")):
        for line in block.splitlines():
            words = line.split(" #")[0].removeprefix("$ ").split()
            if words and words[0] in ("make", "novate"):
                yield words


def _anchors(page: Path) -> set[str]:
    return {slug(heading) for heading in HEADING.findall(FENCE.sub("", page.read_text(encoding="utf-8")))}
