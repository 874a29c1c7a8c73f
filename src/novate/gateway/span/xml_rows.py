"""Rows of the elements of a .spn file: expat says that it is XML, the tokens kernel says what is in it.

    bytes --expat, no handlers--> well formed, no document type, encoding       (0.45 s of 60 MB)
          --decoded if it must be, tokens kernel--> XmlRows

No entity is ever expanded and nothing outside the file is ever opened: a document type is refused where it
begins, and without one XML has neither.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.gateway.span import tokens
from novate.gateway.span.shape import SHAPE, Tree, tree_of

LONGEST_TAG = 1024 * 1024
TREE: Tree = tree_of(SHAPE)


@dataclass(frozen=True, slots=True)
class XmlRows:
    """Every known element in document order, and the numbers of all risk arrays side by side."""

    rows: npt.NDArray[Any]
    """`tokens.ROW`."""
    entries: npt.NDArray[np.int64]
    digits: npt.NDArray[np.int8]
    texts: bytes
    root: str
    """Name of the outermost element."""

    def text(self, place: int, length: int) -> str:
        """A text that was kept."""
        return self.texts[place : place + length].decode()

    def entry_text(self, entry: int) -> str:
        """The text of an entry of an array that is not a plain number."""
        place = int(self.entries[entry])
        return self.texts[place : self.texts.index(b"\0", place)].decode()


def rows_of(chunks: Iterable[bytes], rate: str) -> XmlRows:
    """Read a whole document; `rate` is the rate id whose arrays are marked. SpanProblem if it is no XML."""
    reading = _Reading(rate)
    gate = _Gate()
    for chunk in chunks:
        gate.pass_on(chunk, False)
        reading.take(gate.utf8(chunk))
    gate.pass_on(b"", True)
    return reading.result(gate.root)


class _Gate:
    """Expat as a guard, and the decoder that the document asks for."""

    def __init__(self) -> None:
        self.root = ""
        self._head = b""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._begun = False
        self._encoding = "utf-8"
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse_doctype
        self._parser.XmlDeclHandler = self._declared
        self._parser.StartElementHandler = self._first_element

    def pass_on(self, chunk: bytes, is_last: bool) -> None:
        """Raise SpanProblem unless the document is still well-formed XML with this chunk."""
        try:
            self._parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            place = f"line {error.lineno}, column {error.offset}"
            found = expat.ErrorString(error.code) or "something else"
            raise SpanProblem(Kind.XML_SYNTAX, place, "well-formed XML", found) from error
        except (LookupError, ValueError) as error:
            expected = "an encoding that can be read"
            raise SpanProblem(Kind.XML_SYNTAX, "line 1", expected, self._encoding) from error

    def utf8(self, chunk: bytes) -> bytes:
        """The same characters as UTF-8."""
        if not self._begun:
            self._begun = True
            self._choose_decoder(chunk)
        if self._decoder is None:
            return chunk
        try:
            return self._decoder.decode(chunk).encode()
        except UnicodeError as error:
            found = (
                f"bytes that are none ({error.reason if isinstance(error, UnicodeDecodeError) else error})"
            )
            raise SpanProblem(Kind.XML_SYNTAX, "", f"text in {self._encoding}", found) from error

    def _choose_decoder(self, chunk: bytes) -> None:
        if chunk.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            self._encoding = "utf-16"
        if self._encoding.lower() not in ("utf-8", "us-ascii", "ascii"):
            self._decoder = codecs.getincrementaldecoder(self._encoding)()

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        self._encoding = encoding or "utf-8"

    def _first_element(self, name: str, attributes: dict[str, str]) -> None:
        self.root = name
        # From here on expat has nothing to tell: without handlers it is six times as fast.
        self._parser.StartElementHandler = None

    def _refuse_doctype(self, name: str, *_: object) -> None:
        place = f"line {self._parser.CurrentLineNumber}"
        raise SpanProblem(Kind.DTD_FORBIDDEN, place, "a file without a document type", f"<!DOCTYPE {name}")


class _Reading:
    """The kernel's tables, grown before each chunk so that it never runs out of room."""

    def __init__(self, rate: str) -> None:
        self.state = np.zeros(tokens.STATE_WORDS, np.int64)
        self.state[tokens.LINE] = 1
        self.stack = np.full((tokens.MOST_OPEN, 2), -1, np.int64)
        self.stack[0, 0] = 0
        self.scratch = np.zeros(tokens.LONGEST_TEXT, np.uint8)
        self.rate = np.frombuffer(rate.encode(), np.uint8)
        self.rows = np.empty(0, tokens.ROW)
        self.entries = np.empty(0, np.int64)
        self.digits = np.empty(0, np.int8)
        self.texts = np.empty(0, np.uint8)
        self.rest = b""

    def take(self, piece: bytes) -> None:
        """Read a piece of UTF-8; what is incomplete at its end waits for the next one."""
        data = self.rest + piece
        self._make_room(len(data))
        used = tokens.read_tokens(
            np.frombuffer(data, np.uint8),
            len(data),
            TREE.nodes,
            TREE.edges,
            self.rate,
            self.state,
            self.stack,
            self.scratch,
            self.rows,
            self.entries,
            self.digits,
            self.texts,
        )
        self.rest = data[used:]
        if len(self.rest) > LONGEST_TAG:
            place = f"line {self.state[tokens.LINE]}"
            raise SpanProblem(
                Kind.XML_SYNTAX, place, f"tags of at most {LONGEST_TAG:,} bytes", "a longer one"
            )

    def result(self, root: str) -> XmlRows:
        """What has been read."""
        filled = [int(self.state[word]) for word in (tokens.ROWS, tokens.ENTRIES, tokens.TEXTS)]
        return XmlRows(
            rows=self.rows[: filled[0]],
            entries=self.entries[: filled[1]],
            digits=self.digits[: filled[1]],
            texts=self.texts[: filled[2]].tobytes(),
            root=root,
        )

    def _make_room(self, length: int) -> None:
        elements, letters = length // 4 + 1, length + 2 * tokens.LONGEST_TEXT
        self.rows = _grown(self.rows, int(self.state[tokens.ROWS]), elements)
        self.entries = _grown(self.entries, int(self.state[tokens.ENTRIES]), elements)
        self.digits = _grown(self.digits, int(self.state[tokens.ENTRIES]), elements)
        self.texts = _grown(self.texts, int(self.state[tokens.TEXTS]), letters)


def _grown(table: npt.NDArray[Any], used: int, wanted: int) -> npt.NDArray[Any]:
    """The same table with room for `wanted` rows more; half again as long when it must grow."""
    if used + wanted <= len(table):
        return table
    larger = np.empty((used + wanted) * 3 // 2, table.dtype)
    larger[:used] = table[:used]
    return larger
