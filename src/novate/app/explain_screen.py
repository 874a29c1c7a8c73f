"""An explanation as lines: a headline, then for every step its words and its pictures.

    step 3   account 2 buys 15 at 100                                   the command
             accepted as #3: 15 at 100                                  its events
             trade 1: 10 @ 100, account 1 sold to account 2; ...
             best shown: bid 100 x 5, no ask

             before: CONTINUOUS, no trade yet    after: ...             the book

Lines are spans with styles: `plain_text` for files and documents, `print_explanation` for a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from novate.app.explain import Explanation, StepStory
from novate.app.explain_picture import Line, Span, before_and_after, text_of

if TYPE_CHECKING:
    from rich.console import Console

STYLES = {"bid": "#2fb59a", "ask": "#f0796b", "quiet": "dim", "bold": "bold", "loud": "bold #e5484d"}
INDENT = "  "
HOW_TO_READ = (
    "10 (20) is 10 shown and 20 not shown; #3 is the third order that was accepted; "
    "orders of one price stand in their queue's order"
)


def explanation_lines(told: Explanation, width: int) -> list[Line]:
    """The whole story: headline, terms, steps, and at the end what differs."""
    rules = f" ({', '.join(told.rules)})" if told.rules else ""
    lines: list[Line] = [[Span(f"{told.scenario}{rules}: {told.description}", "bold")]]
    lines += [[Span(term, "quiet")] for term in told.terms]
    if told.steps:
        lines.append([Span(HOW_TO_READ, "quiet")])
    for story in told.steps:
        lines += [[], *step_lines(story, width)]
    lines += [[], [_verdict(told)]]
    return lines


def step_lines(story: StepStory, width: int) -> list[Line]:
    """One step: command, events, differences, pictures."""
    lines: list[Line] = [[Span(f"step {story.step}", "quiet"), Span(f"  {story.said}", "bold")]]
    if not story.events:
        lines.append([Span(f"{INDENT}nothing to report", "quiet")])
    for event in story.events:
        style = "loud" if event.event.get("ev") in ("REJECTED", "BROKEN_INVARIANT") else ""
        lines.append([Span(f"{INDENT}{event.said}", style)])
    lines += _difference_lines(story)
    is_multi = "market" in story.command or len(story.markets) > 1
    for market in story.markets:
        name = f"market {market.market} " if is_multi else ""
        picture = before_and_after(market.before, market.after, name, width - len(INDENT))
        lines += [[], *([Span(INDENT), *line] for line in picture)]
    return lines


def _difference_lines(story: StepStory) -> list[Line]:
    """What the scenario expects and what came, event by event, exactly as JSON."""
    if story.expected is None:
        return []
    lines: list[Line] = [[Span(f"{INDENT}differs from the scenario, line {story.line}", "loud")]]
    got = [event.event for event in story.events]
    for number in range(max(len(got), len(story.expected))):
        expected = story.expected[number] if number < len(story.expected) else None
        found = got[number] if number < len(got) else None
        if expected != found:
            said = [
                "nothing" if event is None else msgspec.json.encode(event).decode()
                for event in (expected, found)
            ]
            lines.append([Span(f"{INDENT}event {number + 1}: expected {said[0]}, was {said[1]}")])
    return lines


def _verdict(told: Explanation) -> Span:
    if told.refusal:
        return Span(f"No venue can be built from this, as the scenario says: {told.refusal}")
    if told.differing == [0]:
        return Span("Expected a configuration that is refused, was a venue that was built", "loud")
    if told.differing:
        steps = ", ".join(map(str, told.differing))
        return Span(f"{len(told.differing)} of {told.total} steps differ from the scenario: {steps}", "loud")
    return Span(f"All {told.total} steps give what the scenario expects", "quiet")


def plain_text(lines: list[Line]) -> str:
    """Lines without colours, each with its end of line."""
    return "".join(f"{text_of(line)}\n" for line in lines)


def print_explanation(told: Explanation, screen: Console) -> None:
    """On a terminal with colours, otherwise as plain text."""
    if screen.color_system is None:
        screen.file.write(plain_text(explanation_lines(told, screen.width)))
        return
    from rich.text import Text

    for line in explanation_lines(told, screen.width):
        text = Text.assemble(*((span.text, STYLES.get(span.style, "")) for span in line))
        text.rstrip()
        screen.print(text)
