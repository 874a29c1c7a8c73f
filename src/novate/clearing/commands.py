"""A command as it is read from its record, and the rungs that many ladders share.

A ladder is one expression: `check_party(...) or check_instrument(...) or rung(broken, reason)`. The first
rung that is not NONE is the answer; later ones are not looked at.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from novate.clearing.state import Price, State
from novate.domain.clearing_codes import ClearingFlag
from novate.domain.clearing_records import UNKNOWN_ACCOUNT, joined
from novate.domain.codes import ClearingReject

LAST_DAY = datetime.date.max.toordinal()
LARGEST = 2**62
"""Minor units or securities that a column of legs can bear, with room for a sum."""


class Command(NamedTuple):
    """The fields of CLEARING_COMMAND as Python integers."""

    kind: int
    code: int
    decimals: int
    flags: int
    party: int
    other_party: int
    instrument: int
    currency: int
    zeros: int
    source: int
    day: int
    other_day: int
    version: int
    quantity: int
    price: int
    price_high: int

    @property
    def price_given(self) -> Price:
        """The price of the record."""
        (digits,) = joined([self.price], [self.price_high])
        return Price(digits, self.decimals, self.zeros)


class Staged(NamedTuple):
    """What stood before a command: its text (None: no text) and its parts."""

    text: bytes | None = None
    parts: tuple[tuple[int, int], ...] = ()
    """(account, quantity) each."""

    @property
    def name(self) -> bytes:
        """The text of a command that was checked to have one."""
        return self.text or b""


def rung(broken: bool, reason: ClearingReject) -> ClearingReject:
    """One rung of a ladder."""
    return reason if broken else ClearingReject.NONE


def check_party(state: State, party: int) -> ClearingReject:
    """UNKNOWN_MEMBER, UNKNOWN_ACCOUNT; CCP and WORLD are no members."""
    if party == UNKNOWN_ACCOUNT:
        return ClearingReject.UNKNOWN_ACCOUNT
    is_member = 0 <= party < len(state.terms.parties) and party not in (state.ccp, state.world)
    return rung(not is_member, ClearingReject.UNKNOWN_MEMBER)


def check_instrument(state: State, instrument: int) -> ClearingReject:
    """UNKNOWN_INSTRUMENT."""
    is_known = 0 <= instrument < len(state.terms.instruments)
    return rung(not is_known, ClearingReject.UNKNOWN_INSTRUMENT)


def check_quantity(state: State, quantity: int) -> ClearingReject:
    """INVALID_QTY."""
    return rung(not 1 <= quantity <= state.switches.max_qty, ClearingReject.INVALID_QTY)


def check_price(state: State, command: Command) -> ClearingReject:
    """INVALID_PRICE (C1)."""
    is_valid = not command.flags & ClearingFlag.INVALID_PRICE and command.price_given.digits > 0
    is_valid = is_valid and command.decimals <= state.switches.max_decimals
    return rung(not is_valid, ClearingReject.INVALID_PRICE)


def check_market_price(state: State, command: Command, instrument: int) -> ClearingReject:
    """INVALID_PRICE, also for a price of one security that no amount could bear: a trade at such a price
    breaks AMOUNT_OVERFLOW, but a mark or a rate has no amount of its own."""
    broken = check_price(state, command)
    return broken or rung(
        state.worth(instrument, 1, command.price_given) > LARGEST, ClearingReject.INVALID_PRICE
    )


def check_days(*days: int) -> ClearingReject:
    """INVALID_DATES for a day that no calendar can be asked about."""
    is_valid = all(1 <= day <= LAST_DAY for day in days)
    return rung(not is_valid, ClearingReject.INVALID_DATES)


def check_trade_name(state: State, command: Command, staged: Staged) -> ClearingReject:
    """The form of a command that names a trade: UNKNOWN_SOURCE, MISSING_TEXT."""
    return rung(command.source >= len(state.sources), ClearingReject.UNKNOWN_SOURCE) or rung(
        staged.text is None, ClearingReject.MISSING_TEXT
    )
