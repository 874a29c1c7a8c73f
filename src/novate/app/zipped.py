"""A zip whose bytes follow from its files alone: no clock, no order but that of the names."""

from __future__ import annotations

import io
import zipfile

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip can tell."""
READABLE = 0o644 << 16
FAST = 1
"""Messages are alike: the best level takes four times as long and saves a tenth."""


def zipped(files: dict[str, bytes]) -> bytes:
    """The named files, by name, in one archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.external_attr = READABLE
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=FAST)
    return out.getvalue()
