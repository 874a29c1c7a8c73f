"""Small building blocks of inline SVG: scales, ticks, paths, text. No colour is named here, only classes.

value --Scale--> pixel        ticks(low, high) -> round numbers between        step path: ___|~~~|__
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True)
class Scale:
    """A straight line from values to pixels; `first` and `last` pixel may run either way."""

    low: float
    high: float
    first: float
    last: float

    def at(self, value: float) -> float:
        """The pixel of a value, rounded to a tenth so that the file stays small."""
        span = (self.high - self.low) or 1
        return round(self.first + (value - self.low) / span * (self.last - self.first), 1)


def ticks(low: float, high: float, wanted: int = 5, smallest: int = 1) -> list[int]:
    """About `wanted` round integers between `low` and `high`: a step of 1, 2 or 5 times a power of ten."""
    span = max(high - low, 1)
    step = max(smallest, 1)
    while span / step > wanted:
        leading = int(str(step)[0])
        step = step * 5 // 2 if leading == 2 else step * 2
    first = -(-int(low) // step) * step
    return list(range(first, int(high) + 1, step))


NICE_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200)


def time_ticks(low_ns: int, high_ns: int, wanted: int = 7) -> list[int]:
    """Round times of day between two nanosecond times."""
    second = 1_000_000_000
    seconds = (high_ns - low_ns) / second
    step = next((nice for nice in NICE_SECONDS if seconds / nice <= wanted), 86_400) * second
    return list(range(-(-low_ns // step) * step, high_ns + 1, step))


def _attributes(attributes: dict[str, object]) -> str:
    """`class_="x", text_anchor="end"` as they stand in the element."""
    return "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value), quote=True)}"'
        for key, value in attributes.items()
    )


def tag(name: str, body: str = "", **attributes: object) -> str:
    """One element; `_` in attribute names becomes `-`, a trailing `_` falls away (`class_`)."""
    words = _attributes(attributes)
    return f"<{name}{words}>{body}</{name}>" if body else f"<{name}{words}/>"


def label(x: float, y: float, text: str, class_: str = "", anchor: str = "start") -> str:
    """Text at a point."""
    return tag("text", escape(text), x=x, y=y, text_anchor=anchor, class_=class_)


def step_path(points: Sequence[tuple[float, float | None]], end: float) -> str:
    """A step line that holds each value until the next; a gap where the value is None."""
    parts: list[str] = []
    drawing = False
    for x, y in points:
        if y is None:
            if drawing:
                parts.append(f"H{x:g}")
            drawing = False
        elif drawing:
            parts.append(f"H{x:g}V{y:g}")
        else:
            parts.append(f"M{x:g} {y:g}")
            drawing = True
    return "".join(parts) + (f"H{end:g}" if drawing else "")


def area_path(xs: Sequence[float], upper: Iterable[float], lower: Sequence[float]) -> str:
    """The closed area between two lines over the same places."""
    there = "L".join(f"{x:g} {y:g}" for x, y in zip(xs, upper, strict=True))
    back = "L".join(f"{x:g} {y:g}" for x, y in zip(reversed(xs), reversed(lower), strict=True))
    return f"M{there}L{back}Z"


def ribbon(x0: float, top0: float, x1: float, top1: float, thick: float) -> str:
    """A band of constant thickness that swings from one column to the next."""
    middle = (x0 + x1) / 2
    floor0, floor1 = top0 + thick, top1 + thick
    return (
        f"M{x0:g} {top0:.1f}C{middle:g} {top0:.1f} {middle:g} {top1:.1f} {x1:g} {top1:.1f}"
        f"V{floor1:.1f}C{middle:g} {floor1:.1f} {middle:g} {floor0:.1f} {x0:g} {floor0:.1f}Z"
    )


def picture(width: int, height: int, body: str, title: str, **attributes: object) -> str:
    """An SVG that scales with its column; `title` is what a screen reader says."""
    words = _attributes(attributes)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title, quote=True)}"{words}>'
        f"{body}</svg>"
    )
