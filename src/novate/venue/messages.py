"""How many messages a holder may send: message rate (K19) and order-to-trade ratio (R63).

    window 10, rate 3:           NEW NEW AMEND | refused ...  | next window: NEW
    window 10, ratio 2, free 1:  NEW | refused ... TRADE: two more allowed | NEW NEW | refused

The account is asked, then its member. A window starts with its SET_LIMIT, and again with the first message
that is asked about at or after its end. A message counts for both limits if neither refuses it.
"""

from __future__ import annotations

from novate.compiled import kernel, wide
from novate.venue.cells import MEMBER_OFFSET, NOW
from novate.venue.constants import MAX_MESSAGE_RATE, MAX_ORDER_TO_TRADE, OK
from novate.venue.credit import member_of
from novate.venue.layout import Tables


@kernel
def check_messages(s: Tables, account: int) -> int:
    """Count a message against the windows of the account and its member, or refuse it."""
    member = s.header[MEMBER_OFFSET] + member_of(s, account)
    if not _may_send(s, account) or not _may_send(s, member):
        return MAX_MESSAGE_RATE
    if not _has_earned(s, account) or not _has_earned(s, member):
        return MAX_ORDER_TO_TRADE
    s.holders["messages_now"][account] += 1
    s.holders["messages_now"][member] += 1
    s.holders["ratio_messages"][account] += 1
    s.holders["ratio_messages"][member] += 1
    return OK


@kernel
def _may_send(s: Tables, holder: int) -> bool:
    """Is there room for one more message in the holder's window?"""
    allowed = wide(s.holders["message_rate"][holder])
    if allowed < 0:
        return True
    if s.header[NOW] - wide(s.holders["window_start"][holder]) >= wide(s.holders["window"][holder]):
        s.holders["window_start"][holder] = s.header[NOW]
        s.holders["messages_now"][holder] = 0
    return wide(s.holders["messages_now"][holder]) < allowed


@kernel
def _has_earned(s: Tables, holder: int) -> bool:
    """Do the trades of the holder's window allow one more message?"""
    ratio = wide(s.holders["order_to_trade"][holder])
    if ratio < 0:
        return True
    if s.header[NOW] - wide(s.holders["ratio_start"][holder]) >= wide(s.holders["ratio_window"][holder]):
        start_ratio(s, holder)
    beyond = wide(s.holders["ratio_messages"][holder]) - wide(s.holders["ratio_free"][holder])
    trades = wide(s.holders["ratio_trades"][holder])
    if beyond < 0 or trades == 0:
        return beyond < 0
    # beyond < ratio x trades, by a division, because a product of large numbers would overflow.
    return beyond // trades < ratio


@kernel
def start_ratio(s: Tables, holder: int) -> None:
    """A new window of the order-to-trade limit."""
    s.holders["ratio_start"][holder] = s.header[NOW]
    s.holders["ratio_messages"][holder] = 0
    s.holders["ratio_trades"][holder] = 0
