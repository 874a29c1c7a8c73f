"""Model 1: trade by trade, securities against cash at once (C27).

queue (since, source, trade id) --pass--> settled, or SECURITIES, or CASH   ... until a pass settles nothing
"""

from __future__ import annotations

from novate.clearing.chart import MoveReason
from novate.clearing.state import Item, State
from novate.domain.clearing_codes import ClearingEvent, OpenReason, Policy


def queue(state: State, policy: Policy) -> list[Item]:
    """Items that settle today under a policy, by age, source and trade id."""
    found = [
        item
        for item in state.items.values()
        if state.policy(item.instrument) == policy and state.settles_today(item.instrument)
    ]
    return sorted(found, key=lambda item: (item.since, state.trade_key(item.trade)))


def settle_gross(state: State) -> int:
    """Passes over the queue until one settles nothing; returns how many items settled."""
    waiting = queue(state, Policy.GROSS_GROSS)
    settled = 0
    while True:
        left = [item for item in waiting if not _settle_item(state, item)]
        settled += len(waiting) - len(left)
        if len(left) == len(waiting):
            return settled
        waiting = left


def _settle_item(state: State, item: Item) -> bool:
    currency = state.currency(item.instrument)
    if state.deliverable(item.instrument, item.seller) < item.quantity:
        item.reason = OpenReason.SECURITIES
        return False
    if state.free(currency, item.buyer) < item.amount:
        item.reason = OpenReason.CASH
        return False
    first = state.balances.next_id
    deliver_item(state, item)
    number = state.trades.get(item.trade, "number")
    state.move_cash(currency, item.buyer, item.seller, item.amount, MoveReason.PRICE, number)
    state.balances.chain(first)
    return True


def deliver_item(state: State, item: Item) -> None:
    """Securities change hands: SETTLED."""
    number = state.trades.get(item.trade, "number")
    state.move_securities(
        item.instrument, item.seller, item.buyer, item.quantity, MoveReason.DELIVERY, number
    )
    source, name = state.trades.get(item.trade, "source"), state.trade_name(item.trade)
    state.close_item(item)
    state.out.put(
        ClearingEvent.SETTLED, source=source, instrument=item.instrument, quantity=item.quantity,
        amount=item.amount,
    )  # fmt: skip
    state.out.put_text(name)
