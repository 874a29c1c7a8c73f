"""The pictures of the feature pages, written by `novate explain` and not by hand.

    <!-- explain: ../examples/features/icebergs.jsonl step 3 -->      the mark, in the page
    ```text
    step 3  account 3 buys 4 at 100 ...                               the fence, written from the scenario
    ```

    python -m novate.app.explain_pages docs/features             write the fences anew
    python -m novate.app.explain_pages docs/features --check     only say which are not current

A mark names a scenario file relative to its page, the scenario if the file has several, and the steps:
`FILE [scenario NAME] step 3` or `steps 3-5,8`. A scenario that this venue cannot run yet leaves its fence as
it is; such marks are named, never passed over. Exit code 0: every fence is current; 1: not, or differs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

import msgspec

from novate.app.conform_scenario import ScenarioError
from novate.app.explain import Explanation, NotSupportedError, explain_file, parse_steps
from novate.app.explain_picture import Line
from novate.app.explain_screen import plain_text, step_lines

WIDTH = 110
MARK = re.compile(
    r"^<!-- explain: (?P<file>\S+)(?: scenario (?P<name>\S+))? steps? (?P<steps>[0-9, -]+?) -->\n"
    r"(?:```text\n(?P<text>.*?)^```\n)?",
    re.MULTILINE | re.DOTALL,
)
ANY_MARK = re.compile(r"^<!-- *explain.*$", re.MULTILINE)


class State(StrEnum):
    """How a fence stands to what explain says today."""

    CURRENT = "current"
    STALE = "not current"
    NOT_SUPPORTED = "not supported by this venue"


class Fence(msgspec.Struct, frozen=True):
    """One picture of a page."""

    page: str
    mark: str
    scenario: Path
    state: State
    text: str
    """What the fence should hold; of an unsupported one, what it holds."""
    why: str = ""


def pages_of(places: list[Path]) -> list[Path]:
    """The pages of files and folders, in order."""
    found: list[Path] = []
    for place in places:
        if not place.exists():
            raise ScenarioError(f"{place}: expected a page or a folder of pages, was nothing")
        found += sorted(place.rglob("*.md")) if place.is_dir() else [place]
    return found


def fences(page: Path) -> Iterator[Fence]:
    """Every marked picture of a page with its state. ScenarioError for a mark that is none."""
    text = page.read_text(encoding="utf-8")
    marks = list(MARK.finditer(text))
    said = [mark.group(0).split("\n", 1)[0] for mark in marks]
    for line in ANY_MARK.findall(text):
        if line not in said:
            raise ScenarioError(f"{page}: expected <!-- explain: FILE [scenario NAME] step N -->, was {line}")
    for mark, line in zip(marks, said, strict=True):
        yield _fence(page, mark, line)


def _fence(page: Path, mark: re.Match[str], line: str) -> Fence:
    scenario = page.parent / mark["file"]
    held = mark["text"] or ""
    try:
        wanted = parse_steps(mark["steps"])
        told = explain_file(scenario, mark["name"], wanted)
    except ValueError as fault:
        raise ScenarioError(f"{page}: {line}: {fault}") from fault
    except NotSupportedError as fault:
        return Fence(str(page), line, scenario, State.NOT_SUPPORTED, held, str(fault))
    if len(told) != 1:
        raise ScenarioError(f"{page}: {line}: expected the name of a scenario, was a file with {len(told)}")
    if not told[0].ok:
        raise ScenarioError(f"{page}: {line}: expected a scenario that passes, was one that differs")
    text = _picture(told[0])
    return Fence(str(page), line, scenario, State.CURRENT if text == held else State.STALE, text)


def _picture(told: Explanation) -> str:
    lines: list[Line] = []
    for story in told.steps:
        lines += [*([[]] if lines else []), *step_lines(story, WIDTH)]
    return plain_text(lines)


def write_page(page: Path) -> list[Fence]:
    """Write the fences of a page anew; what they were before is returned."""
    found = list(fences(page))
    turn = iter(found)

    def replaced(mark: re.Match[str]) -> str:
        fence = next(turn)
        return mark.group(0) if fence.state != State.STALE else f"{fence.mark}\n```text\n{fence.text}```\n"

    if any(fence.state == State.STALE for fence in found):
        text = page.read_text(encoding="utf-8")
        page.write_text(MARK.sub(replaced, text), encoding="utf-8")
    return found


def main(arguments: list[str]) -> int:
    """Write or check the pages; one line a fence that was not current, and a count at the end."""
    checks = "--check" in arguments
    places = [Path(word) for word in arguments if not word.startswith("-")]
    if not places or set(arguments) - {"--check", *map(str, places)}:
        sys.stderr.write("novate: expected python -m novate.app.explain_pages FOLDER... [--check]\n")
        return 2
    try:
        found = [
            fence for page in pages_of(places) for fence in (fences(page) if checks else write_page(page))
        ]
    except ScenarioError as fault:
        sys.stderr.write(f"novate: {fault}\n")
        return 1
    for fence in found:
        if fence.state == State.NOT_SUPPORTED:
            print(f"{fence.page}: not generated: {fence.why}")
        elif fence.state == State.STALE:
            print(f"{fence.page}: {'not current' if checks else 'written'}: {fence.mark}")
    counts = {state: sum(fence.state == state for fence in found) for state in State}
    stale = "not current" if checks else "written"
    print(
        f"{counts[State.CURRENT]} current, {counts[State.STALE]} {stale}, "
        f"{counts[State.NOT_SUPPORTED]} not supported by this venue"
    )
    return 1 if checks and counts[State.STALE] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
