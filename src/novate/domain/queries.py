"""Questions about the venue's present state, as a session asks them and as the node answers.

    client  G  QUERY, 64 bytes                node  G  ANSWER, 64 bytes | lines of 64 bytes

A question changes nothing and stands in no journal. It is answered between two turns, so that an answer
belongs to one sequence of the venue. Each is bounded: a book by `most` levels a side, orders by `most` rows
from `first` on (the answer says where to go on), balances and positions by the assets and markets that the
configuration has. `docs/binary-protocol.md` describes the bytes.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from novate.domain.records import RECORD_BYTES

QUERY_FRAME = ord("G")
MOST_LEVELS = 1_000
"""Levels of a side that one answer holds at most."""
MOST_ROWS = 4_096
"""Rows of the venue's orders that one answer looks at at most."""

Lines = npt.NDArray[np.void]


class QueryKind(IntEnum):
    """What is asked."""

    DEPTH = 1
    """Displayed quantity of each price of a market, best first."""
    ORDERS = 2
    """Live orders of an account, or of all accounts."""
    BALANCES = 3
    """What an account has available and reserved of each asset."""
    POSITIONS = 4
    """What an account has bought and sold in each market whose positions are kept."""


def _layout(**fields: tuple[str, int]) -> np.dtype[np.void]:
    """A record of 64 bytes: name -> (format, offset)."""
    return np.dtype(
        {
            "names": list(fields),
            "formats": [form for form, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": RECORD_BYTES,
        }
    )


QUERY = _layout(
    kind=("u1", 0),  # QueryKind
    everybody=("u1", 1),  # ORDERS: 1 for those of all accounts
    market=("<u2", 8),  # DEPTH
    account=("<u4", 12),
    request=("<i8", 16),  # comes back in the answer
    first=("<i8", 24),  # ORDERS: row to begin with, 0 at first
    most=("<u4", 32),  # DEPTH: levels a side; ORDERS: rows
)

ANSWER = _layout(
    kind=("u1", 0),
    reason=("<u2", 2),  # SessionReject or Reject; nothing follows then
    market=("<u2", 8),
    account=("<u4", 12),
    request=("<i8", 16),
    sequence=("<i8", 24),  # of the venue, to which the answer belongs
    next=("<i8", 32),  # ORDERS: row to go on with, 0: that was all
    last=("<i8", 40),  # DEPTH: price of the last trade; BALANCES: number of the last CREDIT (K16)
    has_last=("u1", 48),
    state=("u1", 49),  # DEPTH: MarketState
    time=("<i8", 56),  # of the venue's clock (R3)
)

DEPTH_LINE = _layout(
    side=("u1", 0),  # Side
    price=("<i8", 8),
    quantity=("<i8", 16),  # displayed, lots
)

ORDER_LINE = _layout(
    order_id=("<i8", 0),
    client_order_id=("<i8", 8),
    price=("<i8", 16),  # undefined (0) unless price_given
    stop=("<i8", 24),
    expire=("<i8", 32),
    account=("<u4", 40),
    leaves=("<u4", 44),
    done=("<u4", 48),
    display=("<u4", 52),
    market=("<u2", 56),
    session=("<u2", 58),
    side=("u1", 60),
    order_type=("u1", 61),
    time_in_force=("u1", 62),
    flags=("u1", 63),  # OrderLineFlag
)

BALANCE_LINE = _layout(
    asset=("<u4", 0),
    available=("<i8", 8),
    reserved=("<i8", 16),
)

POSITION_LINE = _layout(
    market=("<u2", 0),
    position=("<i8", 8),  # lots, negative: sold
    open_buy=("<i8", 16),
    open_sell=("<i8", 24),
    margin=("<i8", 32),  # minor units reserved for it
)


class OrderLineFlag(IntEnum):
    """Bits of an ORDER_LINE's flags."""

    POST_ONLY = 1
    HIDDEN = 2
    ICEBERG = 4
    REDUCE_ONLY = 8
    PRICE_GIVEN = 16
    STOP_GIVEN = 32
    RESTING = 64
    """It stands in the book and may trade; without it, it waits for a trigger or an auction."""


for _record in (QUERY, ANSWER, DEPTH_LINE, ORDER_LINE, BALANCE_LINE, POSITION_LINE):
    assert _record.itemsize == RECORD_BYTES
