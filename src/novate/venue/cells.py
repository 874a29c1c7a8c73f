"""The venue's small numbers: cells of the header, phases, needs, statuses, traits, ladders.

    header[NOW], header[SEQUENCE], ...      the scalars of the machine (`novate.venue.layout` has its tables)
    IDLE .. LINKED                          where a command is that was interrupted
    NEED_*                                  why a batch stopped before its end

A cell keeps its number: snapshots hold the header as it is.
"""

from __future__ import annotations

from novate.domain.limits import LimitKind

# Cells of the header: the scalars of the machine.
NOW = 0  # the venue clock
SEQUENCE = 1  # of the last command begun
NEXT_ORDER_ID = 2
NEXT_TRADE_ID = 3
EVENTS = 4  # written into the buffer so far
PHASE = 5  # where a command was interrupted; IDLE between commands
NEED = 6  # why the batch stopped early: NEED_*
ORDER_FREE = 7
ORDER_TOP = 8  # first row of orders never used
ORDER_COUNT = 9  # rows in use
EXTRA_FREE = 10
EXTRA_TOP = 11
EXTRA_COUNT = 12
BLOCK_FREE = 13
BLOCK_TOP = 14
WORDS_TOP = 16
LARGEST_LADDER = 17  # capacity of the largest vector of blocks
HEAP_OFFSET = 18  # of the GTD orders, in `words`
HEAP_LENGTH = 19
HEAP_CAPACITY = 20
INDEX_MASK = 21
INDEX_COUNT = 22
INDEX_SEED = 23
BALANCE_MASK = 24
BALANCE_COUNT = 25
POSITION_MASK = 26
POSITION_COUNT = 27
FEE_ACCOUNT = 28
CHECK_ACCOUNTS = 29
STP_GROUPS = 30
LIMITS_ON = 31
CLEARING_SEQ = 32
AGGRESSOR = 33  # order row that is matching
AGGRESSOR_LIMIT = 34  # key that the opposite level must reach
AGGRESSOR_MARKET = 35
AGGRESSOR_REST = 36  # 1: what is left rests; 0: it is cancelled IOC
LIST_AT = 37  # progress through `scratch` of mass cancels and expiries
LIST_LENGTH = 38
LIST_KIND = 39
LIST_MARKET = 40
LIST_COUNT = 41
TOUCHED_HEAD = 42  # markets other than the command's own whose BOOK_STATE is due
TOUCHED_TAIL = 43
BROKEN = 45  # a broken invariant (BROKEN_*): the machine stops
MEMBER_OFFSET = 46  # holders: accounts first, members from this row on
PREFETCH = 48  # 1: the tables outgrow the caches, so look further ahead
POSITIONS_ON = 49  # 1: positions are kept, for margins or limits
BALANCE_LIMIT = 50  # rows in use at which the table must grow first
CREDIT_ON = 51
POSITION_LIMIT = 52
TRACKING = 53  # kinds of limits of which any is set: bit LimitKind
TAG = 54  # hash of the name of the command's order
STAGED_KIND = 55  # TERMS or LEG
STAGED_AT = 56  # its sequence number: it belongs to the next command and to no other
PRIORITY = 57  # last priority number given in featured markets (R5)
FEATURES_TOP = 58
PROTECTION_TOP = 59
ENTRY_FREE = 60
ENTRY_TOP = 61
FREE_WORDS = 64  # 32 heads of the free chains of vectors, by size class
RING = 96  # 16 hashes of the names of the next commands (see `look_ahead`)
RETURN_PHASE = 112  # where a command goes on after a LIST
COLLAR_BASE = 113  # trigger reference when the aggressor started, NO_PRICE: no collar
ROUND_AT = 114  # progress through the pro-rata round in `scratch`
ROUND_LENGTH = 115
NEXT_STATE = 116  # of a STATE command that waits for its uncross: state | kind << 4
AUCTION_PRICE = 117
AUCTION_KIND = 118
AUCTION_LEFT = 119  # volume still to be paired
KEEP_POSITIONS = 120  # 1: positions are kept in markets without margin too
AGGRESSOR_LEAST = 121  # lots that the aggressor had to be sure of (R26), 0: none
CASCADE_HOME = 122  # 1 + the market whose cascade went over to another one (R72), 0: none did
IMPLIED_HEAD = 123  # FEATURES rows of combinations whose IMPLIED_STATE is due
IMPLIED_TAIL = 124
GATES = 130  # why NEW and CANCEL need the long check of their names: TRACK_RATE, TRACK_RATIO, killed
KILLS = 131  # kill switches that no listed account carries: the venue's, member 0's (R61)
SWITCHES = 132  # kill switches that are on
LIST_HOLDER = 133  # of a list that KILL or DISCONNECT works off: whom its last event names
LIST_SESSION = 134
NEXT_DUE = 135  # no timer fires and no GTD order expires before this time
TIMER_COUNT = 136
LAST_TIMER = 137  # number of the timer made last
TIMER_PHASE = 138  # how far the timer has come that is firing; TIMERS between two of them
STATE_REASON = 139  # of the change of state that is under way
ATTEND_SEQUENCE = 140  # the command whose attentive orders are getting their turns (R66)
ATTEND_AT = 141  # the next of them to be looked at
ATTEND_ACTED = 142  # 1: one of this pass has acted
ATTEND_DONE = 143  # 1: a whole pass went by without an act
HEADER_CELLS = 144

# Phases.
IDLE = 0
EXPIRE = 1
EXECUTE = 2
MATCH = 3
CASCADE = 4
LIST = 5
PUBLISH = 6
PROTECT = 7  # market-maker protection that an aggressor made due
UNCROSS = 8
SETTLED = 9  # the uncross is over: the state changes
ATTEND = 14  # orders that watch the market get their turns
TIMERS = 15  # timers that are due, behind the expiries and before the command
LINKED = 16  # CASCADE over the markets of a combination

# Why a batch stopped before its end.
NEED_NOTHING = 0
NEED_EVENTS = 1
NEED_BLOCKS = 2
NEED_WORDS = 3
NEED_SCRATCH = 4
NEED_BALANCES = 5
NEED_POSITIONS = 6
NEED_ENTRIES = 7
NEED_FEATURES = 8
NEED_PROTECTIONS = 9
NEED_ORDERS = 20
NEED_TIMERS = 15

# Order status.
FREE = 0
ENTERING = 1
RESTING = 2
PARKED = 3
ELECTED = 4
AUCTION_ONLY = 5
WAITING = 6  # attentive, outside the book

# Order flags.
POST_ONLY = 1
HIDDEN = 2
ICEBERG = 4
INDEXED = 8
GTD_HEAP = 16

# Order traits.
OCO_LEG = 1  # of a live pair
PROTECTED = 2  # cancelled by market-maker protection
REDUCES = 4  # reduce-only

PEGGED = 8
DISCRETIONARY = 16
ALL_OR_NONE = 32
QUOTED = 64  # a side of a quote
ATTENTIVE = PEGGED | DISCRETIONARY | ALL_OR_NONE

# What a collar does besides ending the aggressor.
COLLAR_CAPS = 0
COLLAR_HALTS = 1
COLLAR_CALLS = 2

BY_CALL = 256  # of a timer's `what`: it ends a call, no SCHEDULE command made it
MAX_TIMERS = 65_536  # SCHEDULE is refused beyond; calls have one a market at most
NO_MORE_TIME = 2**63 - 1  # the clock cannot go further

# Allocation of a level.
FIFO = 0
PRO_RATA = 1
FIFO_PRO_RATA = 2

# Ladders of a market.
BIDS = 0
ASKS = 1
STOPS_ABOVE = 2  # elected by a print at or above: buy stops
STOPS_BELOW = 3
# Ladders of a features row, behind those of all markets.
OPEN_BIDS = 0
OPEN_ASKS = 1
CLOSE_BIDS = 2
CLOSE_ASKS = 3

# Credit models of a market.
CREDIT_NONE = 0
CREDIT_DELIVERABLE = 1
CREDIT_MARGINED = 2

LEVELS_PER_BLOCK = 32
MARGIN_CLASSES = 8  # margins per lot of a market, one for each account class

# Bits of TRACKING.
TRACK_OPEN_ORDERS = 1 << int(LimitKind.OPEN_ORDERS)
TRACK_POSITION = 1 << int(LimitKind.POSITION)
TRACK_GROSS = 1 << int(LimitKind.GROSS_NOTIONAL)
TRACK_RATE = 1 << int(LimitKind.MESSAGE_RATE)
TRACK_RATIO = 1 << int(LimitKind.ORDER_TO_TRADE)
TRACK_OPEN = TRACK_POSITION | TRACK_GROSS

PIECE = 4096  # commands for which the machine reserves rows at once
STEP_ROOM = 16  # more than the events, balances or positions that one uninterrupted step adds
MIN_EVENT_BUFFER = 32
NO_LIMIT_KEY = -(2**62)
NOTHING_SHOWN = -(2**62)  # as a price key
NO_PRICE = -(2**62)
ANY_PRICE_KEY = 2**36 - 1  # of auction-only orders without a limit: better than every price
