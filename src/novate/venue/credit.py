"""Credit of orders: what an order holds, and how that changes when the order opens, shrinks, fills or ends.

    deliverable buy   leaves x price x multiplier + worst fee, in quote        (K4)
    deliverable sell  leaves x base units, in base                             (K4)
    margined          requirement of the worst exposure of the account (K14)
                      + fee part (and premium) of every open order (K15), in quote

What an order holds is a function of its leaves and price alone, so nothing has to be remembered and
rounding cannot pile up: a change holds the new amount and releases the old one (K10).
"""

from __future__ import annotations

from novate.compiled import inlined, kernel, wide
from novate.venue.balances import MEMBER_CODE, balance_row, move, position_row, requirement, shift
from novate.venue.cells import (
    BROKEN,
    CREDIT_DELIVERABLE,
    CREDIT_MARGINED,
    CREDIT_NONE,
    FEE_ACCOUNT,
    KEEP_POSITIONS,
    LIMITS_ON,
    MEMBER_OFFSET,
    NO_PRICE,
    TRACK_GROSS,
    TRACK_OPEN,
    TRACK_POSITION,
    TRACK_RATIO,
    TRACKING,
)
from novate.venue.constants import BUY, INSUFFICIENT_CREDIT, OK
from novate.venue.fees import worst_fee
from novate.venue.layout import Tables
from novate.venue.reach import held_price

BROKEN_CONSERVATION = 1


@inlined
def hold_price(s: Tables, market: int, price: int) -> int:
    """The price at which an order is reserved: its limit, the maximum where it has none."""
    highest = wide(s.markets["max_price"][market])
    if price == NO_PRICE or price > highest:
        return highest
    return price


@inlined
def counted_price(s: Tables, market: int, price: int) -> int:
    """The size of the price at which an order counts against limits (K19, R64)."""
    return abs(hold_price(s, market, price))


@inlined
def deliverable_need(s: Tables, market: int, side: int, leaves: int, price: int) -> int:
    """What an order of a deliverable market reserves (K4)."""
    if side != BUY:
        return leaves * wide(s.markets["base_units"][market])
    notional = leaves * hold_price(s, market, price) * wide(s.markets["multiplier"][market])
    return notional + worst_fee(s, market, notional)


@kernel
def premium_need(s: Tables, market: int, side: int, leaves: int, price: int) -> int:
    """Premium that an option buyer's order reserves (K15), else 0."""
    if side != BUY or s.markets["premium"][market] == 0:
        return 0
    return leaves * hold_price(s, market, price) * wide(s.markets["multiplier"][market])


@kernel
def part_need(s: Tables, market: int, side: int, leaves: int, price: int) -> int:
    """Fee part and premium of an order of a margined market (K15).

    Where prices may be below 1, a fill at a better price may cost the larger fee: the largest size counts,
    which is max_price, because no price lies further below zero (R64).
    """
    size = hold_price(s, market, price)
    if s.markets["min_price"][market] < 1:
        size = wide(s.markets["max_price"][market])
    notional = leaves * size * wide(s.markets["multiplier"][market])
    return worst_fee(s, market, notional) + premium_need(s, market, side, leaves, price)


@inlined
def reserve_asset(s: Tables, market: int, side: int) -> int:
    """The asset in which an order of a side reserves."""
    if side == BUY or s.markets["credit"][market] == CREDIT_MARGINED:
        return wide(s.markets["quote_asset"][market])
    return wide(s.markets["base_asset"][market])


@inlined
def check_credit(
    s: Tables, market: int, account: int, side: int, price0: int, leaves0: int, price1: int, leaves1: int
) -> int:
    """Can the account afford the change from (price0, leaves0) to (price1, leaves1)? (K3, K9, K14)"""
    model = wide(s.markets["credit"][market])
    if model == CREDIT_NONE:
        return OK
    if model == CREDIT_MARGINED:
        return _check_margin(s, market, account, side, price0, leaves0, price1, leaves1)
    more = deliverable_need(s, market, side, leaves1, price1)
    if leaves0 != 0:
        more -= deliverable_need(s, market, side, leaves0, price0)
    row = balance_row(s, account, reserve_asset(s, market, side))
    if more > 0 and more > s.balances["available"][row]:
        return INSUFFICIENT_CREDIT
    return OK


@inlined
def reserve_deliverable(s: Tables, market: int, account: int, side: int, price: int, leaves: int) -> int:
    """Check and reserve a new order of a deliverable market in one step (K3, K4)."""
    more = deliverable_need(s, market, side, leaves, price)
    row = balance_row(s, account, reserve_asset(s, market, side))
    if more > s.balances["available"][row]:
        return INSUFFICIENT_CREDIT
    shift(s, row, more)
    return OK


@kernel
def _check_margin(
    s: Tables, market: int, account: int, side: int, price0: int, leaves0: int, price1: int, leaves1: int
) -> int:
    row = position_row(s, account, market)
    buys = wide(s.positions["open_buy"][row])
    sells = wide(s.positions["open_sell"][row])
    if side == BUY:
        buys += leaves1 - leaves0
    else:
        sells += leaves1 - leaves0
    position = wide(s.positions["position"][row])
    more = requirement(s, market, class_of(s, account), position, buys, sells)
    more -= wide(s.positions["margin"][row])
    part = part_need(s, market, side, leaves1, price1)
    premium = premium_need(s, market, side, leaves1, price1)
    if leaves0 != 0:
        part -= part_need(s, market, side, leaves0, price0)
        premium -= premium_need(s, market, side, leaves0, price0)
    available = wide(s.balances["available"][balance_row(s, account, wide(s.markets["quote_asset"][market]))])
    if more + part <= available or (more <= 0 and premium <= 0):
        return OK
    if leaves0 != 0 and more + part <= 0:
        return OK
    return INSUFFICIENT_CREDIT


@inlined
def class_of(s: Tables, account: int) -> int:
    """The account's margin class; unlisted accounts are of class 0."""
    if account < len(s.accounts):
        return wide(s.accounts["account_class"][account])
    return 0


@inlined
def member_of(s: Tables, account: int) -> int:
    """The account's member; unlisted accounts belong to member 0."""
    if account < len(s.accounts):
        return wide(s.accounts["member"][account])
    return 0


@inlined
def adjust(
    s: Tables, market: int, account: int, side: int, price0: int, leaves0: int, price1: int, leaves1: int,
    filled: int,
) -> None:  # fmt: skip
    """Hold for (price1, leaves1) instead of (price0, leaves0).

    `filled` lots have been bought or sold: the position of a margined market moves before its requirement.
    """
    model = wide(s.markets["credit"][market])
    if model == CREDIT_DELIVERABLE:
        more = deliverable_need(s, market, side, leaves1, price1)
        if leaves0 != 0:
            more -= deliverable_need(s, market, side, leaves0, price0)
        shift(s, balance_row(s, account, reserve_asset(s, market, side)), more)
    if model == CREDIT_MARGINED:
        _adjust_margin(s, market, account, side, price0, leaves0, price1, leaves1, filled)
    if s.header[TRACKING] & TRACK_OPEN != 0:
        _track_open(s, market, account, side, price0, leaves0, price1, leaves1)


@kernel
def _adjust_margin(
    s: Tables, market: int, account: int, side: int, price0: int, leaves0: int, price1: int, leaves1: int,
    filled: int,
) -> None:  # fmt: skip
    row = position_row(s, account, market)
    count_open(s, row, side, leaves1 - leaves0)
    s.positions["position"][row] += filled if side == BUY else -filled
    part = part_need(s, market, side, leaves1, price1)
    if leaves0 != 0:
        part -= part_need(s, market, side, leaves0, price0)
    s.positions["order_part"][row] += part
    reserve_margin(s, market, account, row, part)


@kernel
def _track_open(
    s: Tables, market: int, account: int, side: int, price0: int, leaves0: int, price1: int, leaves1: int
) -> None:
    """Open quantities and open notional, for the limits of accounts and members (K19)."""
    member = member_of(s, account)
    if s.header[TRACKING] & TRACK_POSITION != 0:
        if s.markets["credit"][market] != CREDIT_MARGINED:
            count_open(s, position_row(s, account, market), side, leaves1 - leaves0)
        count_open(s, position_row(s, MEMBER_CODE | member, market), side, leaves1 - leaves0)
    if s.header[TRACKING] & TRACK_GROSS != 0:
        multiplier = wide(s.markets["multiplier"][market])
        gross = leaves1 * counted_price(s, market, price1) * multiplier
        if leaves0 != 0:
            gross -= leaves0 * counted_price(s, market, price0) * multiplier
        s.holders["gross_now"][account] += gross
        s.holders["gross_now"][s.header[MEMBER_OFFSET] + member] += gross


@inlined
def count_open(s: Tables, row: int, side: int, leaves: int) -> None:
    """Open quantity of a position row changes by `leaves`."""
    if side == BUY:
        s.positions["open_buy"][row] += leaves
    else:
        s.positions["open_sell"][row] += leaves


@kernel
def count_fill(s: Tables, market: int, taker: int, maker: int, quantity: int) -> None:
    """Positions that `adjust` does not move: of accounts without margin, and of members (K19)."""
    bought = quantity if wide(s.orders["side"][taker]) == BUY else -quantity
    move_position(s, market, wide(s.orders["account"][taker]), bought)
    move_position(s, market, wide(s.orders["account"][maker]), -bought)
    count_sides(s, wide(s.orders["account"][taker]), wide(s.orders["account"][maker]))


@kernel
def count_sides(s: Tables, taker: int, maker: int) -> None:
    """The two sides of a trade earn messages (R63); limits keep positions, so every trade comes here."""
    if s.header[TRACKING] & TRACK_RATIO != 0:
        _count_side(s, taker)
        _count_side(s, maker)


@kernel
def _count_side(s: Tables, account: int) -> None:
    """One side of a trade earns messages (R63)."""
    s.holders["ratio_trades"][account] += 1
    s.holders["ratio_trades"][s.header[MEMBER_OFFSET] + member_of(s, account)] += 1


@kernel
def move_position(s: Tables, market: int, account: int, bought: int) -> None:
    """Lots that an account has bought (negative: sold) in a market, where they are kept."""
    kept = s.header[LIMITS_ON] | s.header[KEEP_POSITIONS]
    if kept != 0 and s.markets["credit"][market] != CREDIT_MARGINED:
        s.positions["position"][position_row(s, account, market)] += bought
    if s.header[LIMITS_ON] != 0:
        s.positions["position"][position_row(s, MEMBER_CODE | member_of(s, account), market)] += bought


@kernel
def reserve_margin(s: Tables, market: int, account: int, row: int, part: int) -> int:
    """Hold what the exposure of a position row now requires, and `part` more; returns the increase."""
    needed = requirement(
        s,
        market,
        class_of(s, account),
        wide(s.positions["position"][row]),
        wide(s.positions["open_buy"][row]),
        wide(s.positions["open_sell"][row]),
    )
    more = needed - wide(s.positions["margin"][row])
    s.positions["margin"][row] = needed
    shift(s, balance_row(s, account, wide(s.markets["quote_asset"][market])), more + part)
    return more


@inlined
def release(s: Tables, row: int) -> None:
    """An open order ends with leaves: everything that it held becomes available (K10)."""
    market = wide(s.orders["market"][row])
    if s.markets["credit"][market] != CREDIT_NONE or s.header[TRACKING] & TRACK_OPEN != 0:
        price = held_price(s, row)
        adjust(
            s, market, wide(s.orders["account"][row]), wide(s.orders["side"][row]),
            price, wide(s.orders["leaves"][row]), price, 0, 0,
        )  # fmt: skip


@inlined
def reduce_hold(s: Tables, row: int, quantity: int, filled: int) -> None:
    """An open order is about to lose lots, by a fill or by a decrement."""
    market = wide(s.orders["market"][row])
    if s.markets["credit"][market] != CREDIT_NONE or s.header[TRACKING] & TRACK_OPEN != 0:
        price = held_price(s, row)
        leaves = wide(s.orders["leaves"][row])
        adjust(
            s, market, wide(s.orders["account"][row]), wide(s.orders["side"][row]),
            price, leaves, price, leaves - quantity, filled,
        )  # fmt: skip


@inlined
def settle(
    s: Tables, market: int, buyer: int, seller: int, quantity: int, notional: int, buyer_fee: int,
    seller_fee: int,
) -> None:  # fmt: skip
    """Move money and goods of a fill between accounts; reservations were reduced before (K11, K12, K15)."""
    model = wide(s.markets["credit"][market])
    if model == CREDIT_NONE:
        return
    quote = wide(s.markets["quote_asset"][market])
    paid = notional
    if model == CREDIT_MARGINED and s.markets["premium"][market] == 0:
        paid = 0
    move(s, balance_row(s, buyer, quote), quote, -paid - buyer_fee)
    move(s, balance_row(s, seller, quote), quote, paid - seller_fee)
    if buyer_fee + seller_fee != 0:
        move(s, balance_row(s, s.header[FEE_ACCOUNT], quote), quote, buyer_fee + seller_fee)
    if model == CREDIT_DELIVERABLE:
        base = wide(s.markets["base_asset"][market])
        units = quantity * wide(s.markets["base_units"][market])
        move(s, balance_row(s, seller, base), base, -units)
        if s.markets["resale_settled"][market] != 0:
            s.assets["settling"][base] += units
        else:
            move(s, balance_row(s, buyer, base), base, units)
        assert_conserved(s, base)
    assert_conserved(s, quote)


@inlined
def assert_conserved(s: Tables, asset: int) -> None:
    """K2: what accounts hold, and what waits for settlement, is what was granted."""
    if s.assets["working"][asset] + s.assets["settling"][asset] != s.assets["granted"][asset]:
        s.header[BROKEN] = BROKEN_CONSERVATION
