"""A fixed run of business dates; prints the SHA-256 of each of its obligation files.

python -m tests.golden.clearing_day FOLDER
"""

from __future__ import annotations

import sys
from hashlib import sha256
from pathlib import Path

from tests.unit.app.clearing_firm import busy_days, found


def digests(folder: Path) -> dict[str, str]:
    """date/name -> digest, of a house that lives in an empty folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with found(folder) as house:
        busy_days(house, folder)
    days = folder / "clearing" / "days"
    return {
        str(path.relative_to(days)): sha256(path.read_bytes()).hexdigest()
        for path in sorted(days.glob("*/obligations-*.csv"))
    }


if __name__ == "__main__":
    for name, digest in digests(Path(sys.argv[1])).items():
        print(name, digest)
