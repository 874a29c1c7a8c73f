"""Writes events.parquet from one block of events, which is how the last row group of a day can be made.

python -m tests.end_to_end.one_block DIRECTORY
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from novate.app.configuration import embedded_configuration
from novate.domain.codes import EventKind
from novate.domain.records import new_events
from novate.gateway.files import EventsFile, OutputFolder


def main(directory: Path) -> None:
    """A hundred events of two kinds."""
    events = new_events(100)
    events["kind"] = np.where(np.arange(100) % 2, int(EventKind.ACCEPTED), int(EventKind.REJECTED))
    events["sequence"] = np.arange(100)
    with OutputFolder(directory) as folder:
        EventsFile(folder, embedded_configuration()).add(events)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
