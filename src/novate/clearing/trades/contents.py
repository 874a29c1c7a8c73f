"""What a TRADE says, apart from what is known of the trade: step 4 of the ladder of C9, amount and due date.

    TRADE record + business date --> reason or NONE, amount, settlement date

The order of the rungs is part of the API.
"""

from __future__ import annotations

import struct
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from novate.clearing.commands import (
    Command,
    check_days,
    check_instrument,
    check_party,
    check_price,
    check_quantity,
    rung,
)
from novate.clearing.margin_day.members import in_default
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingFlag
from novate.domain.clearing_records import NOT_GIVEN
from novate.domain.codes import ClearingReject
from novate.domain.units import div_half_up

CANCELLATION = bytes(16)
"""The content of a cancellation: only the fact (C7)."""
CONTENT = np.dtype(
    [
        *((name, "<i4") for name in ("day", "instrument", "currency", "party", "other_party", "other_day")),
        *((name, "<i8") for name in ("quantity", "price", "price_high")),
        *(("decimals", "u1"), ("flags", "u1"), ("zeros", "<u2")),
    ]
)
"""The fields of a TRADE that are its content, packed; only INVALID_PRICE counts of the flags."""
_CONTENT = struct.Struct("<iiiiiiqqqBBH")
assert _CONTENT.size == CONTENT.itemsize, "a content has the same bytes one by one and by the column"


class Checked(NamedTuple):
    """A content with the first rung that it breaks, its amount and its settlement date S (C11)."""

    reason: ClearingReject
    amount: int = 0
    settle_day: int = 0


def content_digest(command: Command) -> bytes:
    """128 bits that stand for a content of C7."""
    packed = _CONTENT.pack(
        command.day, command.instrument, command.currency, command.party, command.other_party,
        command.other_day, command.quantity, command.price, command.price_high, command.decimals,
        command.flags & ClearingFlag.INVALID_PRICE, command.zeros,
    )  # fmt: skip
    return sha256(packed).digest()[:16]


def check_content(state: State, command: Command) -> Checked:
    """The first broken rung of a content, or what follows from it."""
    reason = _check_names(state, command) or check_margined(state, command)
    reason = reason or check_quantity(state, command.quantity)
    reason = reason or check_price(state, command)
    if reason:
        return Checked(reason)
    top, bottom = state.exact_worth(command.instrument, command.quantity, command.price_given)
    amount = div_half_up(top, bottom)
    reason = (
        rung(
            state.switches.amount_rounding == "EXACT" and top % bottom != 0,
            ClearingReject.INEXACT_AMOUNT,
        )
        or rung(amount == 0, ClearingReject.ZERO_AMOUNT)
        or rung(amount > state.switches.max_amount, ClearingReject.AMOUNT_OVERFLOW)
        or check_dates(state, command)
    )
    return Checked(reason) if reason else Checked(reason, amount, settlement_day(state, command))


def _check_names(state: State, command: Command) -> ClearingReject:
    instrument, currency = command.instrument, command.currency
    return (
        check_instrument(state, instrument)
        or rung(currency not in (NOT_GIVEN, state.currency(instrument)), ClearingReject.WRONG_CURRENCY)
        or check_party(state, command.party)
        or check_party(state, command.other_party)
        or rung(command.party == command.other_party, ClearingReject.SELF_TRADE)
    )


def check_margined(state: State, command: Command) -> ClearingReject:
    """INSTRUMENT_EXPIRED, HOUSE_IN_SHORTFALL, MEMBER_IN_DEFAULT of a trade whose position would stay open."""
    memory = state.margin
    if memory is None or command.instrument not in state.margined:
        return ClearingReject.NONE
    is_defaulter = any(in_default(state, party) for party in (command.party, command.other_party))
    return (
        rung(command.instrument in memory.expired, ClearingReject.INSTRUMENT_EXPIRED)
        or rung(memory.in_shortfall, ClearingReject.HOUSE_IN_SHORTFALL)
        or rung(is_defaulter, ClearingReject.MEMBER_IN_DEFAULT)
    )


def check_dates(state: State, command: Command) -> ClearingReject:
    """FUTURE_TRADE_DATE to LATE_TRADE of C9; INVALID_DATES where no calendar can be asked."""
    instrument, day, explicit = command.instrument, command.day, command.other_day
    return (
        rung(day > state.today, ClearingReject.FUTURE_TRADE_DATE)
        or check_days(day, explicit or day)
        or rung(not state.days.is_trading_day(instrument, day), ClearingReject.NOT_TRADING_DAY)
        or rung(0 < explicit < day, ClearingReject.SETTLE_BEFORE_TRADE)
        or rung(
            explicit != 0 and not state.days.is_settlement_day(instrument, explicit),
            ClearingReject.SETTLE_ON_HOLIDAY,
        )
        or rung(
            state.switches.late_trades == "REJECT" and settlement_day(state, command) < state.today,
            ClearingReject.LATE_TRADE,
        )
    )


def settlement_day(state: State, command: Command) -> int:
    """The explicit settlement date, or the trade date plus the cycle (C5)."""
    return command.other_day or state.days.settlement_date(command.instrument, command.day)


def due_day(state: State, instrument: int, settle_day: int, was_netted: bool) -> int:
    """C11, and C13 where the trade was netted before."""
    if settle_day >= state.today and not was_netted:
        return settle_day
    after = state.days.next_settlement_day(instrument, state.today)
    return after if settle_day < state.today else max(settle_day, after)
