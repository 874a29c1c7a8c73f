"""A process that takes orders until it is killed, and says after each batch what is acknowledged.

python -m tests.end_to_end.acknowledging DIRECTORY CONFIGURATION BATCH
"""

from __future__ import annotations

import sys
from pathlib import Path

from novate.app.bootstrap import found_plane, opening_records
from novate.app.configuration import load_configuration
from novate.app.progress import SILENT
from novate.app.run_orders import generated_orders


def main(directory: Path, configuration_file: Path, batch: int) -> None:
    """Journal, apply, say so; again from the first order when the day is over."""
    configuration = load_configuration(configuration_file)
    orders = generated_orders(configuration, SILENT).commands
    plane = found_plane(directory, configuration)
    plane.take(opening_records(configuration))
    while True:
        for start in range(0, len(orders), batch):
            plane.take(orders[start : start + batch])
            sys.stdout.write(f"{plane.journal.last_sequence}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
