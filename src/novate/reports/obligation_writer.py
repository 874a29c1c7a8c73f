"""The obligation file of one netting cycle, written from its rows; `obligation_reader` reads it back.

    OBLIGATION events of a cycle --> body (the bytes that FILE of C25 hashes) + footer of control totals

The rows of a cycle are in the order of the file already. `docs/obligation-file.md` describes every line.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import numpy as np

from novate.clearing.kernels.lines import SLACK
from novate.clearing.leaves import lines_root
from novate.clearing.obligations import COLUMNS, FOOTER_FORM, HEADER, Obligation
from novate.domain.machine import BrokenInvariant
from novate.reports.obligation_reader import total_lines

LINE_FEED = 10


def cycle_file(
    cycle: str,
    rows: Sequence[Obligation],
    digest: str,
    currency_digits: dict[str, int],
    quantity_digits: dict[str, int],
) -> bytes:
    """The file of the rows of one cycle, which may be none.

    `digest` is what the house said of the body; BrokenInvariant if the body is another.
    """
    lines = "".join(",".join(str(getattr(row, name)) for name in COLUMNS) + "\n" for row in rows).encode()
    body = HEADER.encode() + lines
    found = sha256(body).hexdigest()
    if found != digest:
        raise BrokenInvariant(f"Expected obligations of {cycle} with the SHA-256 {digest}, was {found}")
    footer = [
        f"#footer,{FOOTER_FORM}",
        *total_lines(rows, currency_digits, quantity_digits),
        f"#cycle,{cycle},{len(rows)},{digest},{_root_of(lines).hex()}",
        f"#rows,{len(rows)}",
        f"#sha256,{digest}",
    ]
    return body + ("\n".join(footer) + "\n").encode()


def _root_of(lines: bytes) -> bytes:
    """RFC 6962 root over lines, each of which ends with the one LF that it holds."""
    data = np.frombuffer(lines + bytes(SLACK), np.uint8)
    ends = np.flatnonzero(data == LINE_FEED) + 1
    return lines_root(data, np.concatenate([[0], ends]))
