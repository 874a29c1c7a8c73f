"""The frame of a self-contained page: style and script inside, nothing from outside, the data as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from importlib.resources import files

import msgspec


def page_of(title: str, header: str, sections: Iterable[str], footer: str, data: str, style: str = "") -> str:
    """A whole page; empty sections fall away, `style` follows the common one."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>\n{_resource('page.css')}{style}</style>\n"
        f'</head>\n<body>\n{header}\n<main id="main">\n'
        + "\n".join(filter(None, sections))
        + f'\n</main>\n{footer}\n<script type="application/json" id="data">{data}</script>\n'
        f"<script>\n{_resource('page.js')}</script>\n</body>\n</html>\n"
    )


def section(identifier: str, title: str, line: str, body: str) -> str:
    """One section: the answer, one line that says what is shown, the picture or table."""
    return f'<section id="{identifier}"><h2>{escape(title)}</h2><p>{escape(line)}</p>{body}</section>'


def switches() -> str:
    """The buttons for the second colour pair and the compact density."""
    return "".join(
        f'<button type="button" data-switch="{key}" data-on="{value}" aria-pressed="false">{text}</button>'
        for key, value, text in (("pair", "blue-orange", "blue/orange"), ("density", "compact", "compact"))
    )


def embedded(data: object) -> str:
    """The data as JSON that cannot end its script element early."""
    return msgspec.json.encode(data).decode().replace("<", "\\u003c")


def _resource(name: str) -> str:
    return files("novate.reports").joinpath(name).read_text(encoding="utf-8")
