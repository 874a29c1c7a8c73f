"""Every code that a record can carry: kinds, attributes and reasons, with numbers that never change.

Refusals stand in numbered bands, one band a subject. A number is never reused and never renumbered; a
golden file (`tests/golden/codes.txt`) pins every name and number.

    100 market and identity   120 field checks   140 price and liquidity   160 FULL order types
    200 credit                220 limits         240 capacity
    300 why an order ended    400 files and rows 500 clearing
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class CommandKind(IntEnum):
    """What a command record asks for."""

    NEW = 1
    CANCEL = 2
    AMEND = 3
    MASS_CANCEL = 4
    STATE = 5
    TIME = 6
    SET_REF = 7
    POSITION = 8
    NEW_OCO = 9
    MMP_SET = 10
    MMP_RESET = 11
    QUOTE = 12
    SCHEDULE = 13
    KILL = 14
    REVIVE = 15
    DISCONNECT = 16
    CREDIT = 20
    SET_MARGIN = 21
    SET_LIMIT = 22
    CONFIGURATION = 30
    TERMS = 31
    """Terms of the command behind it that only some orders have (minimum quantity, ...)."""
    LEG = 32
    """The trigger leg of the NEW_OCO behind it, in the layout of a NEW."""
    EVIDENCE = 33
    """Who sent the commands before it, and the signature that says so; the venue passes it over."""


class EventKind(IntEnum):
    """What an event record says. `TRADE_PARTIES` is the second half of the `TRADE` before it."""

    ACCEPTED = 1
    REJECTED = 2
    TRADE = 3
    TRADE_PARTIES = 4
    REFRESHED = 5
    STP_DECREMENT = 6
    CANCELLED = 7
    EXPIRED = 8
    AMENDED = 9
    TRIGGERED = 10
    STATE = 11
    AUCTION = 12
    AUCTION_TRADE = 13
    INDICATIVE = 14
    MMP_TRIGGERED = 15
    MMP_SET = 16
    MMP_RESET = 17
    MASS_DONE = 18
    REF_SET = 19
    POSITION_SET = 20
    BOOK_STATE = 21
    SCHEDULED = 22
    SCHEDULE_CLEARED = 23
    EXTENDED = 24
    KILLED = 25
    REVIVED = 26
    DISCONNECTED = 27
    IMPLIED_STATE = 28
    CREDIT_SET = 30
    MARGIN_SET = 31
    LIMIT_SET = 32


class Side(IntEnum):
    """FIX tag 54."""

    NONE = 0
    BUY = 1
    SELL = 2


class OrderType(IntEnum):
    """R4. MTL is market-to-limit; the last two and MTL belong to level FULL."""

    LIMIT = 1
    MARKET = 2
    MTL = 3
    STOP = 4
    STOP_LIMIT = 5
    TRAILING_STOP = 6
    IF_TOUCHED = 7


class TimeInForce(IntEnum):
    """How long an order lives (R19 to R22)."""

    GTC = 1
    DAY = 2
    GTD = 3
    IOC = 4
    FOK = 5
    AT_OPEN = 6
    AT_CLOSE = 7


class SelfTrade(IntEnum):
    """Self-trade prevention (R27). `DEFAULT` means: as the market says."""

    DEFAULT = 0
    NONE = 1
    CANCEL_RESTING = 2
    CANCEL_AGGRESSING = 3
    CANCEL_BOTH = 4
    DECREMENT = 5


class Peg(IntEnum):
    """To which displayed price a pegged order is tied (R67)."""

    NONE = 0
    PRIMARY = 1
    MID = 2
    MARKET = 3


class Scope(IntEnum):
    """Whom a kill switch stops (R61)."""

    ACCOUNT = 1
    MEMBER = 2
    VENUE = 3


class MarketState(IntEnum):
    """State of a market (R40)."""

    CLOSED = 1
    PRE_OPEN = 2
    AUCTION_CALL = 3
    CONTINUOUS = 4
    HALTED = 5


class AuctionKind(IntEnum):
    """What an auction call leads to (R40)."""

    NONE = 0
    OPEN = 1
    CLOSE = 2
    INTRADAY = 3


class CommandFlag(IntFlag):
    """Attributes of an order, and which optional fields of the record were given."""

    POST_ONLY = 1
    HIDDEN = 2
    REDUCE_ONLY = 4
    MMP = 8
    QUANTITY_GIVEN = 16
    PRICE_GIVEN = 32
    STOP_GIVEN = 64
    TRAIL_GIVEN = 128
    DISPLAY_GIVEN = 256
    EXPIRE_GIVEN = 512
    ACCOUNT_GIVEN = 1024
    SESSION_GIVEN = 2048
    MIN_QTY_GIVEN = 4096
    HAS_TERMS = 8192
    """The record before this one is a TERMS record that belongs to this command."""
    ALL_OR_NONE = 16384


class EventFlag(IntFlag):
    """Properties of an event that are no numbers."""

    PRICE_IS_NULL = 1
    KEPT_PRIORITY = 2
    STOP_GIVEN = 4
    FEES_ON = 8
    REPEATED = 16


class Reject(IntEnum):
    """Why a command was refused: the first broken rule of its ladder."""

    NONE = 0
    # market and identity
    UNKNOWN_MARKET = 100
    UNKNOWN_ACCOUNT = 101
    UNKNOWN_COMMAND = 102
    MARKET_CLOSED = 103
    MARKET_HALTED = 104
    INVALID_IN_STATE = 105
    INVALID_TRANSITION = 106
    DUPLICATE_ORDER = 107
    UNKNOWN_ORDER = 108
    NOT_AMENDABLE = 109
    ACCOUNT_KILLED = 110
    MEMBER_KILLED = 111
    VENUE_KILLED = 112
    # field checks
    INVALID_SIDE = 119
    INVALID_QTY = 120
    INVALID_PRICE = 121
    INVALID_STOP = 122
    INVALID_TRAIL = 123
    INVALID_DISPLAY = 124
    INVALID_MIN_QTY = 125
    INVALID_EXPIRE = 126
    INVALID_COMBO = 127
    INVALID_TYPE = 128
    MISSING_TERMS = 129
    INVALID_TIME = 130
    INVALID_QUOTE = 131
    INVALID_PEG = 132
    INVALID_DISCRETION = 133
    # price and liquidity
    PRICE_BAND = 140
    NO_REFERENCE = 141
    STOP_WOULD_TRIGGER = 142
    NO_LIQUIDITY = 143
    POST_ONLY_WOULD_TRADE = 144
    # FULL order types
    MMP_ACTIVE = 160
    REDUCE_ONLY = 161
    INVALID_OCO = 162
    NOT_SUPPORTED = 163
    # credit
    INSUFFICIENT_CREDIT = 200
    CREDIT_GAP = 201
    CREDIT_OVERFLOW = 202
    CREDIT_OFF = 203
    UNKNOWN_ASSET = 204
    INVALID_MARGIN = 205
    # limits
    MAX_ORDER_QTY = 220
    MAX_ORDER_NOTIONAL = 221
    MAX_OPEN_ORDERS = 222
    MAX_POSITION = 223
    MAX_GROSS_NOTIONAL = 224
    MAX_MESSAGE_RATE = 225
    LIMITS_OFF = 226
    INVALID_LIMIT = 227
    MAX_ORDER_TO_TRADE = 228
    # capacity
    TOO_MANY_PRICE_LEVELS = 240
    ENGINE_FULL = 241
    TOO_MANY_TRAILING_STOPS = 242
    TOO_MANY_TIMERS = 243
    TOO_MANY_ATTENTIVE_ORDERS = 244


class Reason(IntEnum):
    """Why an order left, or why a market changed its state."""

    NONE = 0
    USER = 300
    MASS = 301
    IOC = 302
    FOK = 303
    MIN_QTY = 304
    STP = 305
    COLLAR = 306
    NO_LIQUIDITY = 307
    OCO = 308
    MMP = 309
    REDUCE_ONLY = 310
    AMEND = 311
    CREDIT = 312
    KILL = 313
    DISCONNECT = 314
    QUOTE = 315
    GTD = 320
    DAY = 321
    AUCTION = 322
    COMMAND = 330
    SCHEDULE = 331
    TIMER = 332


class RowReject(IntEnum):
    """Why a row of an input file was not taken (`rejects.csv`)."""

    MALFORMED_ROW = 400
    MISSING_FIELD = 401
    NOT_A_NUMBER = 402
    OUT_OF_RANGE = 403
    UNKNOWN_MARKET = 404
    UNKNOWN_ACCOUNT = 405
    UNKNOWN_VALUE = 406
    PRICE_OFF_TICK = 407
    QUANTITY_OFF_LOT = 408
    TIME_BACKWARDS = 409
    DUPLICATE_ID = 410


class ClearingReject(IntEnum):
    """Why a command was not cleared; names of `clearing-rules.md`. From 590: the form of records."""

    NONE = 0
    INVALID_VERSION = 500
    DUPLICATE_CONTENT = 501
    TRADE_CANCELLED = 502
    UNKNOWN_INSTRUMENT = 503
    WRONG_CURRENCY = 504
    UNKNOWN_MEMBER = 505
    UNKNOWN_ACCOUNT = 506
    SELF_TRADE = 507
    INVALID_QTY = 508
    INVALID_PRICE = 509
    INEXACT_AMOUNT = 510
    ZERO_AMOUNT = 511
    AMOUNT_OVERFLOW = 512
    FUTURE_TRADE_DATE = 513
    NOT_TRADING_DAY = 514
    SETTLE_BEFORE_TRADE = 515
    SETTLE_ON_HOLIDAY = 516
    LATE_TRADE = 517
    SUPERSEDED = 518
    UNKNOWN_TRADE = 519
    VERSION_GAP = 520
    TRADE_SETTLED = 521
    ALREADY_NETTED = 522
    WRONG_POLICY = 523
    GIVEUP_PENDING = 524
    DUPLICATE_ACCOUNT = 525
    ALLOCATION_TOTAL = 526
    ALREADY_ALLOCATED = 527
    SAME_MEMBER = 528
    UNKNOWN_GIVEUP = 529
    INSUFFICIENT_POSITION = 530
    CONTROL_TOTAL = 531
    UNKNOWN_CURRENCY = 532
    INVALID_AMOUNT = 533
    INSUFFICIENT_BALANCE = 534
    INVALID_GROUP = 535
    ROLL_BACKWARD = 536
    NOT_BUSINESS_DAY = 537
    ROLL_SKIPS_DAY = 538
    INTENT_EXISTS = 539
    NOT_ELIGIBLE = 540
    EXCEEDS_OPEN = 541
    UNKNOWN_INTENT = 542
    NOT_SETTLEMENT_DAY = 543
    BUYIN_TOO_EARLY = 544
    INSUFFICIENT_CASH = 545
    DUPLICATE_EVENT = 546
    INVALID_DATES = 547
    INVALID_RATIO = 548
    NO_MARGIN_TERMS = 549
    MARGINED_INSTRUMENT = 550
    NOT_MARGINED = 551
    NOT_ELIGIBLE_COLLATERAL = 552
    COLLATERAL_NEEDED = 553
    INVALID_PARAMETERS = 554
    MISSING_PARAMETERS = 555
    NO_SETTLEMENT_PRICE = 556
    TIME_BACKWARD = 557
    MEMBER_IN_DEFAULT = 558
    NOT_IN_DEFAULT = 559
    POSITIONS_OPEN = 560
    INSTRUMENT_EXPIRED = 561
    HOUSE_IN_SHORTFALL = 562
    UNKNOWN_COMMAND = 590
    UNKNOWN_SOURCE = 591
    INVALID_SOURCE = 592
    MISSING_TEXT = 593
    INVALID_SIDE = 594
    BATCH_BROKEN_OFF = 595
    FILL_GAP = 596
