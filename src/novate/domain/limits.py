"""Limits of accounts and members (K19). Every one has its own reason when it is broken."""

from __future__ import annotations

from enum import IntEnum


class LimitKind(IntEnum):
    """What a limit bounds; SET_LIMIT names it by this number."""

    ORDER_QTY = 1
    ORDER_NOTIONAL = 2
    OPEN_ORDERS = 3
    POSITION = 4
    GROSS_NOTIONAL = 5
    MESSAGE_RATE = 6
    ORDER_TO_TRADE = 7
