"""What the jobs of the application refuse to do, in one class."""

from __future__ import annotations


class RefusedError(Exception):
    """A job that was not begun or not finished; the message says place, expectation and finding."""


class Interrupted(Exception):  # noqa: N818 - it is no error: somebody asked for it
    """A job that was broken off by its user; the message says what is left of it."""
