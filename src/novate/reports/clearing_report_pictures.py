"""The pictures of a clearing day: one question each, drawn with the building blocks of `svg`.

funnel      gross to pay ####################    settlement    ACME  ######----  60 of 100
            net to pay   ##########              age of fails  1 ####  2-5 ##  over 5
            settled      ########                money         payer --###|        |##-- receiver
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from novate.reports.figures import directed, quiet
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


def ages(buckets: Sequence[str], short: Sequence[int], long: Sequence[int], title: str) -> str:
    """Age of what is open, up to the oldest: what is owed to the house and what the house owes."""
    rows = []
    last = max((place for place, both in enumerate(zip(short, long, strict=True)) if any(both)), default=0)
    for name, owed, awaited in list(zip(buckets, short, long, strict=True))[: last + 1]:
        rows.append((f"{name} short", owed, quiet(owed), "bar fail"))
        rows.append((f"{name} long", awaited, quiet(awaited), "node"))
    return bars(rows, title)


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
