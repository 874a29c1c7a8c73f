"""Codes in the records of the clearing house: kinds, states and reasons that its events show (C50).

A number is never reused and never renumbered; `tests/golden/clearing_codes.txt` pins every name and number.
Why a command was refused is a `ClearingReject` (`novate.domain.codes`).
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class ClearingCommand(IntEnum):
    """What a command record asks for. The first three stand before the command that they belong to."""

    TEXT = 1
    PART = 2
    SOURCE = 3
    CONFIGURATION = 4
    """A piece of the configuration in front of a journal; it never reaches the machine."""
    TRADE = 10
    CANCEL_TRADE = 11
    BATCH = 12
    ALLOCATE = 13
    GIVE_UP = 14
    TAKE_UP = 15
    TRANSFER = 16
    DEPOSIT = 20
    WITHDRAW = 21
    EXEMPT = 22
    PRIORITY = 23
    MARK = 24
    NET = 30
    SETTLE = 31
    ROLL = 32
    BUYIN_INTENT = 40
    BUYIN_EXECUTE = 41
    CASH_CLOSE = 42
    DIVIDEND = 50
    SPLIT = 51
    FILLS = 60
    """The trades behind it are fills of the venue, and which ones."""
    RELEASE_CREDIT = 61
    PLEDGE = 70
    """Collateral comes in; from here on the margin day (docs/margin-rules.md)."""
    RELEASE = 71
    CONTRIBUTE = 72
    """To the default fund; of the CCP: to the house's own layer."""
    RETIRE_CONTRIBUTION = 73
    SETTLEMENT_PRICE = 74
    VALUATION = 75
    MARGIN_PARAMETERS = 76
    VARIATION = 77
    TICK = 78
    MARGIN_RUN = 79
    DECLARE_DEFAULT = 80
    CLOSE_OUT = 81
    SELL_COLLATERAL = 82
    ALLOCATE_LOSS = 83


class ClearingEvent(IntEnum):
    """What an event record says. TEXT, ROOT, WIDE and the ITEM kinds continue the event before them."""

    TEXT = 1
    ROOT = 2
    BATCH_ITEM = 3
    SECURITIES_ITEM = 4
    CASH_ITEM = 5
    AGEING_ITEM = 6
    WIDE = 7
    """The upper 64 bits of the numbers of the record before it, where one needs more than 64."""
    REJECTED = 10
    ACCEPTED = 11
    DUPLICATE = 12
    SUPERSEDED = 13
    CANCELLED = 14
    LEG = 15
    UNMARKED = 16
    BATCH_DONE = 17
    ALLOCATED = 18
    TRANSFERRED = 19
    GIVEUP_OPEN = 20
    GIVEUP_CLOSED = 21
    BALANCE = 22
    EXEMPTED = 23
    PRIORITY_SET = 24
    MARK_SET = 25
    OBLIGATION = 30
    NETTED = 31
    CYCLE = 32
    FILE = 33
    SETTLED = 40
    BATCH = 41
    DELIVERED = 42
    RECEIVED = 43
    MONEY_ONLY = 44
    FUNDS = 45
    HELD = 46
    SETTLE_DONE = 47
    FAILED = 50
    MARKED = 51
    CHARGED = 52
    MONEY = 53
    DAY_CLOSED = 54
    ROLLED = 55
    AGEING = 56
    BUYIN_ELIGIBLE = 60
    INTENT = 61
    NOTICE = 62
    INTENT_CLOSED = 63
    BOUGHT_IN = 64
    CASH_CLOSED = 65
    BUYIN_CHARGE = 66
    EVENT_SET = 70
    ENTITLED = 71
    CLAIM_PAID = 72
    SPLIT_APPLIED = 73
    FRACTION = 74
    FILLS_TAKEN = 80
    CREDIT = 81
    """A delta for the venue (K16)."""
    COLLATERAL = 90
    CONTRIBUTION = 91
    PRICE_SETTLED = 92
    VALUED = 93
    PARAMETERS_SET = 94
    VARIATION = 95
    VARIATION_PAID = 96
    TIME = 97
    MARGIN = 98
    CALL = 99
    CALL_CLOSED = 100
    DEFAULTED = 101
    CLOSED_OUT = 102
    COLLATERAL_SOLD = 103
    LOSS_COVERED = 104
    LOSS_ALLOCATED = 105
    EXPIRED = 106


class ClearingFlag(IntFlag):
    """Which optional parts a record has."""

    MORE_TEXT = 1
    """The text goes on in the next TEXT record."""
    INVALID_PRICE = 2
    """The price is no decimal of C1."""
    PRICE_GIVEN = 4
    HAS_SOURCE = 8
    HAS_TRADE = 16
    """A TEXT with the trade id follows."""
    HAS_VERSION = 32
    OF_ALLOCATION = 64
    """RECEIVED of a CNS allocation: group and since are given."""


class Policy(IntEnum):
    """How an instrument settles (C51), in the order in which SETTLE takes them (C26)."""

    GROSS_GROSS = 1
    GROSS_NET = 2
    NET_NET = 3
    CNS = 4


class LegOperation(IntEnum):
    """What happened to a leg (C10, C13)."""

    ADD = 1
    REMOVE = 2
    REVERSE = 3
    WITHDRAW = 4


class LegKind(IntEnum):
    """Why an obligation is what it is (C10, C23)."""

    NEW1 = 1
    COEV = 2
    FAIL = 3


class LegState(IntEnum):
    """Where a leg is in its life (C10); GONE: taken away, or settled and no longer its trade's."""

    GONE = 0
    WAITING = 1
    OPEN = 2
    SETTLED = 3


class OpenReason(IntEnum):
    """Why something is still open (C33)."""

    NO_CYCLE = 0
    SECURITIES = 1
    CASH = 2
    AWAITING = 3
    BATCH = 4


class GiveUpEnd(IntEnum):
    """How a give-up ended (C15)."""

    ACCEPTED = 1
    REJECTED = 2
    EXPIRED = 3
    REPLACED = 4


class ChargeKind(IntEnum):
    """What a charge is for (C37)."""

    FAIL = 1
    CASH = 2
    CREDIT = 3
    ARREARS = 4


class IntentEnd(IntEnum):
    """How a buy-in ended (C43)."""

    EXECUTED = 1
    COVERED = 2


class CorporateKind(IntEnum):
    """Events of issuers (C44)."""

    DIVIDEND = 1
    SPLIT = 2


class FractionOf(IntEnum):
    """For what cash in lieu is paid (C47)."""

    HOLDING = 1
    OPEN = 2
    LEG = 3


class MarginStyle(IntEnum):
    """How the value of a margined contract is paid (M2)."""

    FUTURE = 1
    """Every day, as variation margin."""
    PREMIUM = 2
    """Once, as the price of the trade; what it is worth then counts in the requirement."""


class CallEnd(IntEnum):
    """How a margin call ended (M12)."""

    MET = 1
    OVERDUE = 2
    DEFAULT = 3
    """The member was declared in default for another reason."""


class DefaultCause(IntEnum):
    """Why a member is in default (M13)."""

    CALL_OVERDUE = 1
    DECLARED = 2


class LossLayer(IntEnum):
    """Who pays for a default; the terms say in which order (M16)."""

    DEFAULTER_COLLATERAL = 1
    DEFAULTER_CONTRIBUTION = 2
    HOUSE = 3
    SURVIVOR_CONTRIBUTIONS = 4
    ASSESSMENTS = 5


class LossEnd(IntEnum):
    """What the layers came to (M17)."""

    COVERED = 1
    SHORTFALL = 2
