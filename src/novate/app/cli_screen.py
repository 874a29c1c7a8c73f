"""What a command shows: data on standard output, everything else on standard error.

    result --json--> one JSON document on stdout, nothing else
           --text--> headline, at most two tables, where the files are
    errors ---------> one message on stderr; with --json {"error": {"code", "name", "message"}} on stdout
    progress -------> stderr, only on a terminal, only for work of more than a second

Rich and msgspec are imported where they are used, so that `novate --help` starts at once.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from novate.app.interruption import check
from novate.app.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID
    from rich.table import Table

SECONDS_BEFORE_A_BAR = 1.0
WIDEST = 2_000
"""A table is as wide as its figures need, whatever the terminal is: no figure is ever cut."""


PLAIN = {
    "▲": "",
    "▼": "",
    "\N{MINUS SIGN}": "-",
    "…": "...",
    "·": "-",
    "\N{EN DASH}": "-",
    "\N{EM DASH}": "-",
    "─": "-",
}
"""Marks of the screen for outputs that cannot show them; the sign of an amount is never lost."""


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(mark, "?") for mark in error.object[error.start : error.end]), error.end


def prepare_output() -> None:
    """Let no output fail because of its encoding, or because somebody has closed it."""
    codecs.register_error("novate-plain", _plain)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115 - lives as long as we do
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="novate-plain")


def print_data(data: object) -> None:
    """One JSON document, indented for people when it goes to a terminal."""
    import msgspec

    text = msgspec.json.encode(data)
    if sys.stdout.isatty():
        text = msgspec.json.format(text, indent=2)
    sys.stdout.write(text.decode() + "\n")
    sys.stdout.flush()


def print_error(name: str, message: str, code: int, as_json: bool) -> None:
    """The one shape of an error."""
    if as_json:
        print_data({"error": {"code": code, "name": name, "message": message}})
    else:
        sys.stderr.write(f"novate: {message}\n")


def console(plain: bool = False) -> Console:
    """Standard output; colours only on a terminal, without NO_COLOR, and unless `plain` is asked for."""
    from rich.console import Console

    return Console(
        highlight=False, emoji=False, soft_wrap=True, width=WIDEST, force_terminal=False if plain else None
    )


def table(*columns: str, title: str = "") -> Table:
    """A quiet table: text left, a column whose name begins with `>` right, as numbers are."""
    from rich import box
    from rich.table import Table

    made = Table(
        box=box.SIMPLE_HEAD, title=title or None, title_justify="left", title_style="bold", pad_edge=False
    )
    for column in columns:
        number = column.startswith(">")
        made.add_column(
            column.lstrip(">"), justify="right" if number else "left", no_wrap=True, header_style="dim"
        )
    return made


def coloured(text: str) -> str:
    """An amount with its arrow, coloured by it; colour is only the third sign of direction."""
    colour = {"▲": "#2fb59a", "▼": "#f0796b"}.get(text[:1])
    return f"[{colour}]{text}[/]" if colour else text


def print_rows(rows: Sequence[tuple[str, str]]) -> None:
    """Two aligned columns of plain text."""
    width = max((len(name) for name, _ in rows), default=0)
    screen = console()
    for name, text in rows:
        screen.print(f"  {name:<{width}}  {text}", markup=False)


class Bars(Progress):
    """Progress on a terminal, with rate and remaining time; nothing is drawn for short work."""

    def __init__(self) -> None:
        self.shows = sys.stderr.isatty()
        self.born = time.monotonic()
        self.display: Any = None
        self.task: TaskID | None = None
        self.what = ""

    def __call__(self, what: str, done: int, total: int) -> None:
        check()
        if not self.shows:
            return
        if what != self.what:
            self._next(what)
        if self.display is None and time.monotonic() - self.born > SECONDS_BEFORE_A_BAR:
            self._begin()
        if self.display is None:
            return
        if self.task is None:
            self.task = self.display.add_task(what, total=total or None)
        self.display.update(self.task, completed=done, total=total or None)

    @contextmanager
    def waiting(self, what: str) -> Iterator[None]:
        if not self.shows:
            sys.stderr.write(f"novate: {what}\n")
            sys.stderr.flush()
            yield
            return
        self._next(what)
        self._begin()
        self.task = self.display.add_task(what, total=None)
        yield
        self._next("")

    def close(self) -> None:
        """Take the display away; what is printed next stands where it stood."""
        if self.display is not None:
            self.display.stop()
            self.display = None

    def _next(self, what: str) -> None:
        if self.display is not None and self.task is not None:
            self.display.remove_task(self.task)
        self.task = None
        self.what = what
        self.born = time.monotonic()

    def _begin(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Display

        if self.display is None:
            self.display = Display(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                _count_column(),
                TimeElapsedColumn(),
                TimeRemainingColumn(elapsed_when_finished=True),
                console=Console(stderr=True),
                transient=True,
            )
            self.display.start()


def _count_column() -> Any:
    """Steps done and steps per second, for work that can be counted."""
    from rich.progress import ProgressColumn, Task
    from rich.text import Text

    class Count(ProgressColumn):
        def render(self, task: Task) -> Text:
            if not task.total:
                return Text("")
            rate = f"  {task.speed:,.0f}/s" if task.speed else ""
            return Text(f"{task.completed:,.0f}{rate}", style="dim")

    return Count()


@contextmanager
def progress_bars() -> Iterator[Bars]:
    """Bars that disappear when the work is done or fails."""
    bars = Bars()
    try:
        yield bars
    finally:
        bars.close()
