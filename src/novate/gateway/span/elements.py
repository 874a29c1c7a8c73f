"""The rarer elements of a .spn file as small objects, so that reading terms reads like the rulebook.

    XmlRows --elements_of--> spanFile Element -> children ... (options stay rows: there are too many of them)

Every question names what it expects; an answer that is missing or wrong is a SpanProblem with the place:
`line 812: ccDef NIFTY: dSpread: priority: expected an integer, was "x"`.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

import numpy as np

from novate.clearing.margin.span.numbers import exact
from novate.clearing.margin.span.periods import canonical
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.gateway.span import tokens
from novate.gateway.span.shape import TEXT
from novate.gateway.span.xml_rows import TREE, XmlRows

Value = TypeVar("Value")


class Element:
    """One element: its text if it is a leaf, its known children if not."""

    __slots__ = ("children", "line", "name", "row", "text", "title")

    def __init__(self, name: str, text: str, line: int, row: int) -> None:
        self.name = name
        self.text = text
        self.line = line
        self.row = row
        """Row of XmlRows."""
        self.children: list[Element] = []
        self.title = name
        """How messages call it; a reader makes it plainer: `ccDef NIFTY`."""

    def all(self, name: str) -> list[Element]:
        """The children of this name."""
        return [child for child in self.children if child.name == name]

    def at_most_one(self, name: str) -> Element | None:
        """The child of this name; a second one is a problem, because nobody says which one counts."""
        found = self.all(name)
        if len(found) > 1:
            raise found[1].problem(Kind.SCHEMA, f"at most one {name} in {self.title}", "a second one")
        return found[0] if found else None

    def text_of(self, name: str) -> str | None:
        """Text of a leaf; None where it is missing."""
        child = self.at_most_one(name)
        return child.text if child is not None else None

    def required(self, name: str) -> str:
        """Text of a leaf that must be there and not be empty."""
        text = self.text_of(name)
        if not text:
            raise self.problem(Kind.SCHEMA, f"{name} in {self.title}", "none" if text is None else "empty")
        return text

    def number(self, name: str) -> Fraction | None:
        """A leaf that is a decimal; None where it is missing."""
        return self._made(name, exact, Kind.NUMBER, "a decimal number")

    def required_number(self, name: str) -> Fraction:
        """A leaf that must be there and be a decimal."""
        value = self.number(name)
        if value is None:
            raise self.problem(Kind.SCHEMA, f"{name} in {self.title}", "none")
        return value

    def period(self, name: str) -> str | None:
        """A leaf that is a contract period, canonical; None where it is missing."""
        return self._made(name, canonical, Kind.PERIOD, "a period (6 digits, up to 3 more characters)")

    def required_period(self, name: str) -> str:
        """A leaf that must be there and be a contract period."""
        value = self.period(name)
        if value is None:
            raise self.problem(Kind.SCHEMA, f"{name} in {self.title}", "none")
        return value

    def one_of_rate(self, name: str, rate: str) -> Element | None:
        """The child of this name whose `r` is the selected rate id, wherever it stands."""
        found = [child for child in self.all(name) if child.text_of("r") == rate]
        if len(found) > 1:
            expected = f"one {name} of r {rate} in {self.title}"
            raise found[1].problem(Kind.SCHEMA, expected, "a second one")
        return found[0] if found else None

    def problem(self, kind: Kind, expected: str, found: str) -> SpanProblem:
        """A problem at this element."""
        place = f"line {self.line}: {self.title}" if self.title else f"line {self.line}"
        return SpanProblem(kind, place, expected, found)

    def _made(self, name: str, make: Callable[[str], Value], kind: Kind, expected: str) -> Value | None:
        child = self.at_most_one(name)
        if child is None:
            return None
        try:
            return make(child.text)
        except ValueError:
            problem = child.problem(kind, f"{expected} as {name} of {self.title}", repr(child.text))
            raise problem from None


def elements_of(xml: XmlRows, skipped: frozenset[int]) -> list[Element]:
    """Outermost elements, complete with all below them but those whose nodes are `skipped`."""
    kinds, names = TREE.nodes[:, 3].tolist(), TREE.names
    wanted = np.array([node not in skipped for node in range(len(names))])
    kept = np.flatnonzero(wanted[xml.rows["node"]])
    rows = xml.rows[kept]
    made: dict[int, Element] = {}
    outermost: list[Element] = []
    columns = [kept.tolist(), *(rows[name].tolist() for name in ("node", "parent", "value", "info", "line"))]
    for row, node, parent, value, info, line in zip(*columns, strict=True):
        text = ""
        if kinds[node] == TEXT:
            text = xml.text(value, min(info, tokens.LONGEST_TEXT))
        element = Element(names[node], text, line, row)
        if info > tokens.LONGEST_TEXT and kinds[node] == TEXT:
            expected = f"a text of at most {tokens.LONGEST_TEXT:,} bytes"
            raise element.problem(Kind.SCHEMA, expected, "a longer one")
        made[row] = element
        if parent < 0:
            outermost.append(element)
        else:
            made[parent].children.append(element)
    return outermost
