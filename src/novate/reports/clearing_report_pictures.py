"""The pictures of a clearing day: one question each, drawn with the building blocks of `svg`.

funnel    ####################  gross to pay     settlement   ACME  ######----  60 of 100
             ##############     net to pay       age of fails since 2026-03-02 ####
                ########        settled          money        payer --###|        |##-- receiver
                                                 obligations  A HOUS --##|######---   settled, then open
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from novate.reports.figures import directed
from novate.reports.svg import label, picture, tag

WIDTH = 560
"""Narrow, so that the text is still read on a telephone."""
LEFT = 150
RIGHT = 370
ROW = 34
BAR = 18


def figure(title: str, line: str, body: str) -> str:
    """A picture below the sentence that it answers with."""
    return (
        f'<figure class="netting"><figcaption><h3>{escape(title)}</h3><p>{escape(line)}</p></figcaption>'
        f"{body}</figure>"
    )


def bars(rows: Sequence[tuple[str, int, str, str]], title: str) -> str:
    """Horizontal bars from one line: (name, length, text at its end, class)."""
    most = max((length for _, length, _, _ in rows), default=0) or 1
    parts = []
    for place, (name, length, text, class_) in enumerate(rows):
        y = place * ROW + 8
        width = round(length / most * (RIGHT - LEFT), 1)
        parts.append(label(LEFT - 12, y + 14, name, "name", "end"))
        parts.append(tag("rect", x=LEFT, y=y, width=max(width, 1), height=BAR, class_=class_))
        parts.append(label(LEFT + width + 10, y + 14, text, "muted"))
    return picture(WIDTH, len(rows) * ROW + 12, "".join(parts), title, class_="chart")


def funnel(rows: Sequence[tuple[str, int, str, str]], title: str) -> str:
    """What is left from step to step, centred: (name, length, text, class), the largest first."""
    most = max((length for _, length, _, _ in rows), default=0) or 1
    middle, step, thick = LEFT + 120, 52, 30
    parts, above = [], None
    for place, (name, length, text, class_) in enumerate(rows):
        y = place * step + 6
        half = max(round(length / most * 110, 1), 0.5)
        if above is not None:
            corners = ((middle - above, y - step + thick), (middle + above, y - step + thick),
                       (middle + half, y), (middle - half, y))  # fmt: skip
            points = " ".join(f"{round(x, 1):g},{y0:g}" for x, y0 in corners)
            parts.append(tag("polygon", points=points, class_="open"))
        parts.append(
            tag("rect", x=round(middle - half, 1), y=y, width=round(2 * half, 1), height=thick, class_=class_)
        )
        parts.append(label(LEFT - 12, y + 20, name, "name", "end"))
        parts.append(label(middle + 122, y + 20, text, "muted"))
        above = half
    return picture(WIDTH, len(rows) * step - 6, "".join(parts), title, class_="chart")


def two_sided(rows: Sequence[tuple[str, int, int, int, int]], digits: int, title: str) -> str:
    """To pay on the left, to be paid on the right, of each the settled part solid:
    (party, to pay, of it paid, to receive, of it received), all unsigned."""
    most = max((max(pays, gets) for _, pays, _, gets, _ in rows), default=0) or 1
    middle, half = 350, 105
    parts = [tag("line", x1=middle, x2=middle, y1=0, y2=len(rows) * ROW + 6, class_="grid")]
    for place, (name, pays, paid, gets, got) in enumerate(rows):
        y = place * ROW + 8
        parts.append(label(LEFT - 32, y + 14, name, "name", "end"))
        for whole, part, side, sign in ((pays, paid, "sell", -1), (gets, got, "buy", 1)):
            width, done = (round(one / most * half, 1) for one in (whole, min(part, whole)))
            if not whole:
                continue
            x, x_done = (middle, middle) if sign > 0 else (middle - width, middle - done)
            parts.append(tag("rect", x=round(x, 1), y=y, width=max(width, 1), height=BAR, class_="open"))
            if done:
                parts.append(
                    tag("rect", x=round(x_done, 1), y=y, width=done, height=BAR, class_=f"bar {side}")
                )
            text, end = directed(sign * whole, digits), middle + sign * (width + 8)
            parts.append(label(round(end, 1), y + 14, text, side, "start" if sign > 0 else "end"))
    return picture(WIDTH, len(rows) * ROW + 12, "".join(parts), title, class_="chart")


def shares(rows: Sequence[tuple[str, int, int, str]], title: str) -> str:
    """Parts of a whole per line: (name, part, whole, text); every whole has the same length."""
    parts = []
    for place, (name, part, whole, text) in enumerate(rows):
        y = place * ROW + 8
        width = round(part / (whole or 1) * (RIGHT - LEFT), 1)
        parts.append(label(LEFT - 12, y + 14, name, "name", "end"))
        parts.append(tag("rect", x=LEFT, y=y, width=RIGHT - LEFT, height=BAR, class_="open"))
        if width:
            parts.append(tag("rect", x=LEFT, y=y, width=width, height=BAR, class_="node kept"))
        parts.append(label(RIGHT + 10, y + 14, text, "muted"))
    return picture(WIDTH, len(rows) * ROW + 12, "".join(parts), title, class_="chart")


def flows(rows: Sequence[tuple[str, int]], digits: int, title: str) -> str:
    """Money paid to the left and received to the right of a line: (party, signed minor units)."""
    most = max((abs(amount) for _, amount in rows), default=0) or 1
    middle, half = 350, 85
    parts = [tag("line", x1=middle, x2=middle, y1=0, y2=len(rows) * ROW + 6, class_="grid")]
    for place, (name, amount) in enumerate(rows):
        y = place * ROW + 8
        width = round(abs(amount) / most * half, 1)
        x = middle if amount > 0 else middle - width
        direction = "buy" if amount > 0 else "sell"
        parts.append(label(LEFT - 12, y + 14, name, "name", "end"))
        parts.append(tag("rect", x=x, y=y, width=max(width, 1), height=BAR, class_=f"bar {direction}"))
        text = directed(amount, digits)
        if amount > 0:
            parts.append(label(middle + width + 8, y + 14, text, "buy"))
        else:
            parts.append(label(middle - width - 8, y + 14, text, "sell", "end"))
    return picture(WIDTH, len(rows) * ROW + 12, "".join(parts), title, class_="chart")
