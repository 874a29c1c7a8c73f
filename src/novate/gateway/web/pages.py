"""Cursor pagination: lists are stable, a cursor is the key behind which the next page begins.

A page that ends where the gateway's windows end, because the views did not answer, says so in the header
Novate-History and has a cursor to go on with; a page of which nothing could be read is HISTORY_UNAVAILABLE.
Nobody is told that a list ends where only the gateway's knowledge does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from novate.gateway.web.history import Found, Listed
from novate.gateway.web.older import unavailable

if TYPE_CHECKING:
    from novate.gateway.web.calls import Call
    from novate.gateway.web.history import History

T = TypeVar("T")
HISTORY_HEADER = "Novate-History"
RECENT = "recent"
HIGHEST_KEY = (1 << 63) - 1


def before(cursor: str | None) -> int | None:
    """The key of a cursor, of a list that is newest first; no key is higher than HIGHEST_KEY."""
    return None if cursor is None else min(int(cursor), HIGHEST_KEY)


def page(rows: Sequence[T], limit: int, key: Callable[[T], int]) -> tuple[Sequence[T], str | None]:
    """(rows of the page, next cursor) of `limit` + 1 rows that were asked for, newest first."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], str(key(rows[limit - 1]))


def listed(
    history: History, call: Call, found: Listed[T], key: Callable[[T], int],
    show: Callable[[Sequence[T], str | None], Any],
) -> Any | Awaitable[Any]:  # fmt: skip
    """The page of a call, from `limit` + 1 rows that were asked for; at once where they are there already.

    `key`: the cursor of a row. `show` makes the answer of (rows, next cursor).
    """
    if isinstance(found, Found):
        return _shown(history, call, found, key, show)

    async def later() -> Any:
        return _shown(history, call, await found, key, show)

    return later()


def _shown(
    history: History, call: Call, found: Found[T], key: Callable[[T], int],
    show: Callable[[Sequence[T], str | None], Any],
) -> Any:  # fmt: skip
    rows, following = page(found.rows, call.query.limit, key)
    if found.missing and following is None:
        if history.older.is_kept:
            if not rows:
                raise unavailable(found.missing)
            following = str(key(rows[-1]))
        call.headers.append((HISTORY_HEADER, RECENT))
    return show(rows, following)


def part(rows: Sequence[Any], limit: int, cursor: str | None) -> tuple[Sequence[Any], str | None]:
    """(rows of the page, next cursor) of a whole list in a fixed order; a cursor is a place in it."""
    first = 0 if cursor is None else int(cursor)
    last = first + limit
    return rows[first:last], str(last) if last < len(rows) else None


def newest_part(rows: Sequence[Any], limit: int, cursor: str | None) -> tuple[Sequence[Any], str | None]:
    """As `part`, of a list that grows at its front: a cursor counts from the end, which stays."""
    left = len(rows) if cursor is None else min(int(cursor), len(rows))
    first = len(rows) - left
    last = first + limit
    return rows[first:last], str(len(rows) - last) if last < len(rows) else None
