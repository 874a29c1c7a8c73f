"""Cursor pagination: lists are stable, a cursor is the key behind which the next page begins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")


def before(cursor: str | None) -> int | None:
    """The key of a cursor, of a list that is newest first."""
    return None if cursor is None else int(cursor)


def page(rows: Sequence[T], limit: int, key: Callable[[T], int]) -> tuple[Sequence[T], str | None]:
    """(rows of the page, next cursor) of `limit` + 1 rows that were asked for, newest first."""
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], str(key(rows[limit - 1]))


def part(rows: Sequence[Any], limit: int, cursor: str | None) -> tuple[Sequence[Any], str | None]:
    """(rows of the page, next cursor) of a whole list in a fixed order; a cursor is a place in it."""
    first = 0 if cursor is None else int(cursor)
    last = first + limit
    return rows[first:last], str(last) if last < len(rows) else None
