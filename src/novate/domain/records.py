"""Commands and events: 64-byte little-endian records, the same bytes everywhere.

    gateway --> | command | --> journal --> kernel --> | event | event | ... --> subscribers
                  64 bytes                               64 bytes each

A command is one record; a TERMS or LEG record may stand before it and stages what does not fit. An
event is one record, except a trade, which takes two: TRADE, or AUCTION_TRADE, says what happened in the
market and may be shown to everybody; TRADE_PARTIES, directly behind it, says for whom and what it cost. A
trade of an auction has no maker and no taker: its buyer stands in the maker's fields, its seller in the
taker's, and its side is NONE.

Kernels use the generic field names of `COMMAND` and `EVENT`. The views below name the same bytes as the
kind at hand means them; `events.view(PARTIES)` costs nothing.

Limits: a market number fits u2 (65,535 markets an engine), a quantity u4 (4,294,967,294 lots an order),
prices, times and client order ids i8. A client order id is any 64-bit pattern; `i8` is how it is carried.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandKind, EventKind

RECORD_BYTES = 64
MAX_MARKETS = 2**16 - 1
MAX_QUANTITY = 2**32 - 2
MAX_PRICE = 2**36 - 65
"""A ladder of the venue keeps a price divided by 32 in the upper half of an int64; the 64 keys on top are
its own."""
MAX_ACCOUNT = 2**32 - 1

Commands = npt.NDArray[np.void]
Events = npt.NDArray[np.void]


def _layout(**fields: tuple[str, int]) -> np.dtype[np.void]:
    """A packed little-endian record of 64 bytes: name -> (format, offset)."""
    return np.dtype(
        {
            "names": list(fields),
            "formats": ["<" + form for form, _ in fields.values()],
            "offsets": [offset for _, offset in fields.values()],
            "itemsize": RECORD_BYTES,
        }
    )


COMMAND = _layout(
    kind=("u1", 0),  # CommandKind
    side=("u1", 1),  # Side
    order_type=("u1", 2),  # OrderType
    time_in_force=("u1", 3),  # TimeInForce
    stp=("u1", 4),  # SelfTrade
    state=("u1", 5),  # MarketState in the low four bits, AuctionKind in the high four (STATE only)
    flags=("u2", 6),  # CommandFlag
    market=("u2", 8),
    session=("u2", 10),
    account=("u4", 12),
    client_order_id=("i8", 16),
    time=("i8", 24),  # nanoseconds, or any integer clock; 0 or smaller than now leaves the clock
    price=("i8", 32),  # ticks
    stop=("i8", 40),  # ticks: trigger price, or trail with TRAIL_GIVEN
    expire=("i8", 48),  # the clock at which a GTD order ends
    quantity=("u4", 56),  # lots
    display=("u4", 60),  # lots: iceberg peak
)

TERMS_COMMAND = _layout(  # staged for the command behind it, which says HAS_TERMS
    kind=("u1", 0),
    peg=("u1", 2),  # Peg (R67)
    time=("i8", 24),
    peg_offset=("i8", 32),  # ticks, added to the price that the order is tied to
    discretion=("i8", 40),  # ticks beyond its price that the order may trade (R68), 0: none
    min_quantity=("u4", 56),  # lots that must trade at once (R26), with MIN_QTY_GIVEN of the order
)

QUOTE_COMMAND = _layout(  # R65: both sides of a quote, replaced in one command
    kind=("u1", 0),
    time_in_force=("u1", 3),
    flags=("u2", 6),
    market=("u2", 8),
    session=("u2", 10),
    account=("u4", 12),
    bid_client_order_id=("i8", 16),
    time=("i8", 24),
    bid_price=("i8", 32),
    ask_price=("i8", 40),
    ask_client_order_id=("i8", 48),
    bid_quantity=("u4", 56),  # 0: no bid
    ask_quantity=("u4", 60),  # 0: no ask
)

SCHEDULE_COMMAND = _layout(  # R58: a change of state at a time to come
    kind=("u1", 0),
    state=("u1", 5),  # as in STATE; 0 takes back what the market has still to come
    market=("u2", 8),
    time=("i8", 24),
    at=("i8", 32),
)

KILL_COMMAND = _layout(  # R61: KILL and REVIVE
    kind=("u1", 0),
    scope=("u1", 1),  # Scope
    holder=("u4", 12),  # account or member
    time=("i8", 24),
)

DISCONNECT_COMMAND = _layout(  # R62
    kind=("u1", 0),
    flags=("u2", 6),  # ACCOUNT_GIVEN: only that account's orders
    session=("u2", 10),
    account=("u4", 12),
    time=("i8", 24),
)

MMP_COMMAND = _layout(  # R46: MMP_SET and MMP_RESET
    kind=("u1", 0),
    market=("u2", 8),
    account=("u4", 12),
    time=("i8", 24),
    window=("i8", 32),  # clock units
    max_quantity=("i8", 40),  # lots
)

CREDIT_COMMAND = _layout(  # K16: available[account, asset] += delta
    kind=("u1", 0),
    account=("u4", 12),
    clearing_seq=("i8", 16),
    time=("i8", 24),
    delta=("i8", 32),
    asset=("i8", 40),
    house_credit=("i8", 48),  # number of the house's CREDIT that it comes from; the venue does not look at it
)

SET_MARGIN_COMMAND = _layout(  # K14: margin per lot of a market for one account class
    kind=("u1", 0),
    market=("u2", 8),
    clearing_seq=("i8", 16),
    time=("i8", 24),
    margin_per_lot_micro=("i8", 32),  # minor units times 1e6
    account_class=("i8", 40),  # 0..7
)

SET_LIMIT_COMMAND = _layout(  # K19: one limit of an account, or of a member
    kind=("u1", 0),
    holder_is_member=("u1", 1),
    limit=("u1", 2),  # LimitKind (novate.domain.limits)
    holder=("u4", 12),
    time=("i8", 24),
    value=("i8", 32),
    window=("i8", 40),  # MESSAGE_RATE: clock units in which `value` messages are allowed; ORDER_TO_TRADE too
    free=("u4", 56),  # ORDER_TO_TRADE: messages allowed in a window without any trade (R63)
)

CONFIGURATION_COMMAND = np.dtype(  # a piece of the resolved configuration, 56 bytes a record
    {
        "names": ["kind", "length", "piece"],
        "formats": ["<u1", "<u1", "V56"],
        "offsets": [0, 1, 8],
        "itemsize": RECORD_BYTES,
    }
)

EVIDENCE_COMMAND = np.dtype(  # who sent records of this journal, and the signature that says so
    {
        "names": ["kind", "form", "part", "parts", "count", "session", "nonce", "first_sequence", "payload"],
        "formats": ["<u1", "<u1", "<u1", "<u1", "<u2", "<u2", "<i8", "<i8", "V32"],
        "offsets": [0, 1, 2, 3, 6, 10, 16, 24, 32],
        "itemsize": RECORD_BYTES,
    }
)
"""form: EvidenceForm; part 0..parts-1 of one payload; count records from first_sequence on were sent with
the (first) nonce. It says no time: where a command has its time stands a sequence."""

EVENT = _layout(
    kind=("u1", 0),  # EventKind
    side=("u1", 1),  # Side: the order's; of a trade the taker's
    reason=("u2", 2),  # Reject or Reason
    market=("u2", 4),
    flags=("u2", 6),  # EventFlag
    sequence=("i8", 8),  # of the command that caused it
    order_id=("i8", 16),  # of a trade or decrement: the maker's
    contra_order_id=("i8", 24),  # of a trade or decrement: the taker's; otherwise the client order id
    price=("i8", 32),
    quantity=("u4", 40),
    leaves=("u4", 44),  # of a trade or decrement: the maker's
    account=("u4", 48),  # of a trade or decrement: the maker's
    contra_leaves=("u4", 52),  # of a trade or decrement: the taker's
    trade_id=("i8", 56),
)

ORDER_EVENT = _layout(  # ACCEPTED, REJECTED, CANCELLED, EXPIRED, AMENDED, TRIGGERED, REFRESHED
    kind=("u1", 0),
    side=("u1", 1),
    reason=("u2", 2),
    market=("u2", 4),
    flags=("u2", 6),
    sequence=("i8", 8),
    order_id=("i8", 16),  # 0 for REJECTED
    client_order_id=("i8", 24),
    price=("i8", 32),  # undefined (0) with PRICE_IS_NULL
    quantity=("u4", 40),  # REFRESHED: the new tranche
    leaves=("u4", 44),
    account=("u4", 48),
    command=("u4", 52),  # REJECTED: CommandKind
    stop=("i8", 56),  # AMENDED with STOP_GIVEN
)

PARTIES = _layout(  # TRADE_PARTIES: the second half of the TRADE or AUCTION_TRADE before it (buyer as maker)
    kind=("u1", 0),
    side=("u1", 1),  # taker's
    market=("u2", 4),
    flags=("u2", 6),
    sequence=("i8", 8),
    maker_client_order_id=("i8", 16),
    taker_client_order_id=("i8", 24),
    maker_fee=("i8", 32),  # minor units of the quote asset; negative is a rebate
    maker_account=("u4", 48),
    taker_account=("u4", 52),
    taker_fee=("i8", 56),
)

BOOK_STATE_EVENT = _layout(  # BOOK_STATE, IMPLIED_STATE: quantity 0, the side shows nothing (price null)
    kind=("u1", 0),
    market=("u2", 4),
    sequence=("i8", 8),
    bid_price=("i8", 16),
    bid_quantity=("i8", 24),
    ask_price=("i8", 32),
    ask_quantity=("i8", 56),
)

MARKET_EVENT = _layout(  # STATE (from, to), MASS_DONE (count), REF_SET (price), POSITION_SET (signed lots)
    kind=("u1", 0),
    reason=("u2", 2),
    market=("u2", 4),
    sequence=("i8", 8),
    value=("i8", 32),  # REF_SET: price; POSITION_SET: quantity; MASS_DONE: count
    from_state=("u4", 40),
    to_state=("u4", 44),
    account=("u4", 48),
)

AUCTION_EVENT = _layout(  # AUCTION, INDICATIVE (R41, R43)
    kind=("u1", 0),
    market=("u2", 4),
    flags=("u2", 6),  # PRICE_IS_NULL: no price trades anything
    sequence=("i8", 8),
    volume=("i8", 16),
    imbalance=("i8", 24),  # buys minus sells at the price
    price=("i8", 32),
)

MMP_EVENT = _layout(  # MMP_SET, MMP_RESET, MMP_TRIGGERED
    kind=("u1", 0),
    market=("u2", 4),
    sequence=("i8", 8),
    window=("i8", 24),
    max_quantity=("i8", 32),
    account=("u4", 48),
)

SCHEDULE_EVENT = _layout(  # SCHEDULED
    kind=("u1", 0),
    market=("u2", 4),
    sequence=("i8", 8),
    number=("i8", 16),  # of the timer
    at=("i8", 32),
    state=("u4", 40),
    auction_kind=("u4", 44),
)

EXTENDED_EVENT = _layout(  # EXTENDED: a call goes on, because its price lies outside the auction band (R60)
    kind=("u1", 0),
    market=("u2", 4),
    sequence=("i8", 8),
    until=("i8", 16),
    price=("i8", 32),
    count=("u4", 40),  # extensions of this call so far
)

SCOPE_EVENT = _layout(  # KILLED, REVIVED, DISCONNECTED
    kind=("u1", 0),
    scope=("u1", 1),  # Scope; of DISCONNECTED 1 if an account was given, else 0
    sequence=("i8", 8),
    count=("i8", 32),  # orders that were cancelled
    session=("u4", 40),
    holder=("u4", 48),
)

CREDIT_EVENT = _layout(  # CREDIT_SET: the balance after the delta; REPEATED says that it was known already
    kind=("u1", 0),
    flags=("u2", 6),
    sequence=("i8", 8),
    clearing_seq=("i8", 16),
    asset=("i8", 24),
    available=("i8", 32),
    account=("u4", 48),
    reserved=("i8", 56),
)

for _record in (COMMAND, TERMS_COMMAND, QUOTE_COMMAND, MMP_COMMAND, SCHEDULE_COMMAND, KILL_COMMAND,
                DISCONNECT_COMMAND, CREDIT_COMMAND, SET_MARGIN_COMMAND, SET_LIMIT_COMMAND,
                CONFIGURATION_COMMAND, EVIDENCE_COMMAND, EVENT, ORDER_EVENT, PARTIES, BOOK_STATE_EVENT,
                MARKET_EVENT, AUCTION_EVENT, MMP_EVENT, SCHEDULE_EVENT, EXTENDED_EVENT, SCOPE_EVENT,
                CREDIT_EVENT):  # fmt: skip
    assert _record.itemsize == RECORD_BYTES


def is_trade(events: Events) -> npt.NDArray[np.bool_]:
    """Which events are trades, of the market or of an auction; TRADE_PARTIES stands behind each of them."""
    kinds = events["kind"]
    return np.asarray((kinds == EventKind.TRADE) | (kinds == EventKind.AUCTION_TRADE))


def is_timed(commands: Commands) -> npt.NDArray[np.bool_]:
    """Which commands say a time; CONFIGURATION and EVIDENCE have other bytes in its place."""
    kinds = commands["kind"]
    return np.asarray((kinds != CommandKind.CONFIGURATION) & (kinds != CommandKind.EVIDENCE))


def new_commands(count: int) -> Commands:
    """`count` zeroed command records."""
    return np.zeros(count, COMMAND)


def new_events(count: int) -> Events:
    """Room for `count` event records."""
    return np.zeros(count, EVENT)


def joined(blocks: Sequence[npt.NDArray[np.void]], layout: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """(n,) of all records of the blocks, in order, which are of this layout; perhaps none.

    They are copied as bytes: field by field, as NumPy joins records, takes ten times as long.
    """
    nothing = np.empty(0, np.uint8)
    return np.concatenate([nothing, *(block.view(np.uint8) for block in blocks)]).view(layout)
