"""The result of `novate bench node` as a picture (SVG): how latency is spread, and throughput by the second.

latency, log  |        __/     one line a case that       commands/s, log | ~~~~~~~   one line a case
              | ______/        has a clock                                | -------
              +---------- 50% ... 100%                                    +---------- seconds
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import log10
from xml.sax.saxutils import escape

from novate.app.bench_node import PERCENTILES, NodeBench, NodeCase

WIDTH, HEIGHT, PANEL = 1200, 620, 440
LEFT, TOP, GAP, DEPTH = 80, 50, 160, 300
COLOURS = ("#1b6ca8", "#c2410c", "#15803d", "#7c3aed", "#b91c1c", "#0e7490", "#a16207", "#be185d", "#475569",
           "#4d7c0f", "#1e3a8a", "#831843")  # fmt: skip
NAMESPACE = "/".join(("http:", "", "www.w3.org", "2000", "svg"))
Points = list[tuple[float, float]]


def picture(result: NodeBench) -> str:
    """The whole picture as an SVG document."""
    clocked = [case for case in result.cases if any(case.must[:2])]
    spread = {case.case: [(float(at), float(us)) for at, us in enumerate(case.curve_us)] for case in clocked}
    rates = {f"{case.case} ({case.per_second:,}/s)": _rates(case) for case in result.cases}
    marks = [f"{one:g}%" for one in PERCENTILES]
    machine = ", ".join(f"{name} {value}" for name, value in result.machine.items())
    return "\n".join(
        [
            f'<svg xmlns="{NAMESPACE}" viewBox="0 0 {WIDTH} {HEIGHT}">',
            "<style>text { font: 12px sans-serif }</style>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            *_panel(LEFT, "latency in us, from when an order was due", spread, marks),
            *_panel(LEFT + PANEL + GAP, "commands answered a second, through the first run", rates, []),
            f'<text x="{LEFT}" y="{HEIGHT - 10}" fill="#475569">{escape(machine)}</text>',
            "</svg>\n",
        ]
    )


def _rates(case: NodeCase) -> Points:
    # The last second is seldom a whole one.
    return [(float(at), float(count)) for at, count in enumerate(case.by_second[:-1])]


def _panel(left: int, title: str, lines: dict[str, Points], marks: Sequence[str]) -> Iterator[str]:
    """A line for every decade, one for each case, and the names of the cases below."""
    yield f'<text x="{left}" y="{TOP - 15}" font-weight="bold">{escape(title)}</text>'
    drawn = {name: [point for point in line if point[1] > 0] for name, line in lines.items()}
    points = [point for line in drawn.values() for point in line]
    if not points:
        return
    low = int(log10(min(y for _, y in points)))
    decades = int(log10(max(y for _, y in points))) + 1 - low
    width = max(*(x for x, _ in points), 1.0)
    bottom = TOP + DEPTH
    for decade in range(decades + 1):
        y = bottom - decade / decades * DEPTH
        yield f'<path d="M{left},{y:.1f} h{PANEL}" stroke="#e2e8f0"/>'
        yield f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end">{10 ** (low + decade):,}</text>'
    for at, mark in enumerate(marks):
        x = left + at / width * PANEL
        yield f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{mark}</text>'
    for number, (name, line) in enumerate(drawn.items()):
        colour = COLOURS[number % len(COLOURS)]
        path = " ".join(
            f"{left + x / width * PANEL:.1f},{bottom - (log10(y) - low) / decades * DEPTH:.1f}"
            for x, y in line
        )
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        yield f'<text x="{left}" y="{bottom + 36 + 14 * number}" fill="{colour}">{escape(name)}</text>'
