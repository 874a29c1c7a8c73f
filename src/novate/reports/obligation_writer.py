"""The obligation file of one netting cycle, written from its rows; `obligation_reader` reads it back.

    OBLIGATION events of a cycle --> body (the bytes that FILE of C25 hashes) + footer of control totals

The rows of a cycle are in the order of the file already. `docs/obligation-file.md` describes every line.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from novate.clearing.merkle import merkle_root
from novate.clearing.obligations import COLUMNS, FOOTER_FORM, HEADER, Obligation
from novate.domain.machine import BrokenInvariant
from novate.reports.obligation_reader import total_lines


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
    lines = [",".join(str(getattr(row, name)) for name in COLUMNS).encode() for row in rows]
    body = HEADER.encode() + b"".join(line + b"\n" for line in lines)
    found = sha256(body).hexdigest()
    if found != digest:
        raise BrokenInvariant(f"Expected obligations of {cycle} with the SHA-256 {digest}, was {found}")
    footer = [
        f"#footer,{FOOTER_FORM}",
        *total_lines(rows, currency_digits, quantity_digits),
        f"#cycle,{cycle},{len(rows)},{digest},{merkle_root(lines).hex()}",
        f"#rows,{len(rows)}",
        f"#sha256,{digest}",
    ]
    return body + ("\n".join(footer) + "\n").encode()
