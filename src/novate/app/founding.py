"""A journal that is founded whole or not at all.

journal.founding/  --configuration and opening records--  rename, flush the folder above-->  journal/
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from novate.journal.disk import Disk


@contextmanager
def founding(journal: Path) -> Iterator[Path]:
    """A place for a new journal, which becomes `journal` when the block ends: a process that dies while it
    founds a plane leaves none. Only for who holds the lock of the folder above."""
    place = journal.with_name(journal.name + ".founding")
    if place.exists():
        shutil.rmtree(place)
    yield place
    place.rename(journal)
    # Before anything more is acknowledged: a founding that a power cut brings back is thrown away.
    Disk().fsync_directory(journal.parent)
