"""How often Python looks for objects that only hold each other.

Every look at the oldest of them goes through all that modules have made, a million objects and more; commands
and turns leave next to nothing to be found.
"""

from __future__ import annotations

import gc

RARELY = (50_000, 50, 50)


def collect_rarely() -> None:
    """Look seldom, in this process and from now on."""
    gc.set_threshold(*RARELY)
