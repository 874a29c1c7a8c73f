"""Model 2: securities trade by trade, money net (C28).

choose by securities --> net money per party --somebody cannot pay--> drop its last purchase, again
                                             --all can pay--> securities move, then FUNDS
"""

from __future__ import annotations

from collections.abc import Mapping

from novate.clearing.chart import MoveReason
from novate.clearing.settlement.gross import deliver_item, queue
from novate.clearing.state import Item, State
from novate.domain.clearing_codes import ClearingEvent, OpenReason, Policy

Money = dict[tuple[int, int], int]
"""(currency, party) -> net amount to it."""


def settle_gross_net(state: State) -> int:
    """Returns how many items settled."""
    waiting = queue(state, Policy.GROSS_NET)
    dropped: list[Item] = []
    while True:
        chosen = choose(state, [item for item in waiting if item not in dropped])
        money = net_money(state, chosen)
        poor = [one for one in sorted(money) if money[one] < 0 and state.free(*one) + money[one] < 0]
        if not poor:
            break
        bought = [
            item
            for item in waiting
            if item in chosen and (state.currency(item.instrument), item.buyer) == poor[0]
        ]
        dropped.append(bought[-1])
    for item in waiting:
        if item not in chosen:
            item.reason = OpenReason.CASH if item in dropped else OpenReason.SECURITIES
    first = state.balances.next_id
    for item in chosen:
        deliver_item(state, item)
    pay_funds(state, money, {})
    state.balances.chain(first)
    return len(chosen)


def choose(state: State, waiting: list[Item]) -> list[Item]:
    """Items that could be delivered one after the other, looking at securities only."""
    moves: dict[tuple[int, int], int] = {}
    chosen: list[Item] = []
    moved = True
    while moved:
        left = []
        for item in waiting:
            giver, taker = (item.instrument, item.seller), (item.instrument, item.buyer)
            held = state.holding(*giver) + moves.get(giver, 0)
            if max(0, held - state.exempt.get(giver, 0)) >= item.quantity:
                moves[giver] = moves.get(giver, 0) - item.quantity
                moves[taker] = moves.get(taker, 0) + item.quantity
                chosen.append(item)
            else:
                left.append(item)
        moved = len(left) < len(waiting)
        waiting = left
    return chosen


def net_money(state: State, chosen: list[Item]) -> Money:
    """Money of the chosen per currency and party."""
    money: Money = {}
    for item in chosen:
        currency = state.currency(item.instrument)
        for party, amount in ((item.buyer, -item.amount), (item.seller, item.amount)):
            money[currency, party] = money.get((currency, party), 0) + amount
    return money


def pay_funds(state: State, money: Money, reserved: Mapping[tuple[int, int], int]) -> None:
    """Money at once, against the CCP; what is reserved is posted."""
    for (currency, party), amount in sorted(money.items()):
        if amount:
            if (currency, party) in reserved:
                state.balances.post(reserved[currency, party])
            else:
                state.move_cash(currency, state.ccp, party, amount, MoveReason.FUNDS, state.runs)
            state.out.put(ClearingEvent.FUNDS, party=party, currency=currency, amount=amount)
