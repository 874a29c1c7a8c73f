"""The page at `/`: its files, as bytes. Whoever serves it needs no more than these and the two documents of
`novate.app.board.live`.

    /  page.html     /board.css  the report's style and the page's own     /board.js     and its data
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from novate.reports import page_frame

HERE = Path(__file__).parent
STYLE = Path(page_frame.__file__).with_name("page.css")


@cache
def asset(path: str) -> tuple[str, bytes] | None:
    """(content type, content) of a path of the page; None for any other path."""
    if path == "/":
        return "text/html; charset=utf-8", (HERE / "page.html").read_bytes()
    if path == "/board.css":
        return "text/css; charset=utf-8", STYLE.read_bytes() + (HERE / "page.css").read_bytes()
    if path == "/board.js":
        return "text/javascript; charset=utf-8", (HERE / "page.js").read_bytes()
    return None
