"""Ctrl-C that is never lost.

    Ctrl-C --> handler: remember, raise KeyboardInterrupt --> usually up to the command line, which says so
                            |
                            +--> dropped inside a library that catches everything
                                     --> `check`, called with every report of progress, raises it again

Now and then an interruption falls into such a call; without the second look the run would simply go on.
"""

from __future__ import annotations

import signal
from types import FrameType

_asked = False


def listen() -> None:
    """Take over Ctrl-C, unless whoever started the process has switched it off."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def check() -> None:
    """Raise KeyboardInterrupt if somebody has asked for it and the job still goes on."""
    if _asked:
        raise KeyboardInterrupt


def _interrupt(number: int, frame: FrameType | None) -> None:
    global _asked
    _asked = True
    raise KeyboardInterrupt
