"""An event in words (R51): what happened, to whose order, and what is left of it.

    {"ev": "TRADE", "tid": 1, "maker": 1, "taker": 2, "side": "B", "price": 100, "qty": 10, "mleft": 20, ...}
        -->  trade 1: 10 @ 100, account 1 sold to account 2; maker #1 has 20 left, taker #2 has nothing left

As for commands, an event or a field without words is still said, as `NAME field=value`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from novate.app.explain_control import CONTROL_EVENTS
from novate.app.explain_orders import KnownOrders
from novate.app.explain_reasons import reason_words
from novate.app.explain_words import generic, limit_words, number, state_words

Json = dict[str, Any]


def event_words(event: Json, known: KnownOrders, is_multi: bool = False) -> str:
    """The event as one sentence without a full stop."""
    say, fields = EVENTS.get(str(event.get("ev")), (None, ""))
    rest = {key: value for key, value in event.items() if key not in ("ev", "market")}
    try:
        words = generic(event.get("ev"), rest) if say is None else say(event, known)
        left = {} if say is None else {key: value for key, value in rest.items() if key not in fields.split()}
    except (KeyError, TypeError, AttributeError):
        words, left = generic(event.get("ev"), rest), {}
    if left:
        words += ", " + generic("", left).strip()
    return f"market {event['market']}: {words}" if is_multi and "market" in event else words


def _left(role: str, order: int, leaves: int) -> str:
    return (
        f"{role} #{order} has nothing left" if leaves == 0 else f"{role} #{order} has {number(leaves)} left"
    )


def _fee(name: str, fee: int | None) -> list[str]:
    if fee is None:
        return []
    return [f"{name} gets {number(-fee)} back" if fee < 0 else f"{name} pays {number(fee)}"]


def _fees(event: Json, **names: str) -> str:
    said = [words for key, name in names.items() for words in _fee(name, event.get(key))]
    return f"; fees: {', '.join(said)}" if said else ""


def _accepted(event: Json, _: KnownOrders) -> str:
    price = "" if event["price"] is None else f" at {number(event['price'])}"
    return f"accepted as #{event['oid']}: {number(event['qty'])}{price}"


def _rejected(event: Json, _: KnownOrders) -> str:
    return f"refused: {reason_words(event['reason'])}"


def _trade(event: Json, known: KnownOrders) -> str:
    maker, taker = known.owner(event["maker"]), known.owner(event["taker"])
    seller, buyer = (maker, taker) if event["side"] == "B" else (taker, maker)
    ends = (
        f"{_left('maker', event['maker'], event['mleft'])}, {_left('taker', event['taker'], event['tleft'])}"
    )
    fees = _fees(event, mfee="maker", tfee="taker")
    return f"{_print(event)}, {seller} sold to {buyer}; {ends}{fees}"


def _print(event: Json) -> str:
    return f"trade {event['tid']}: {number(event['qty'])} @ {number(event['price'])}"


def _refreshed(event: Json, _: KnownOrders) -> str:
    return (
        f"#{event['oid']} shows {number(event['disp'])} from its reserve, at the end of the queue; "
        f"{number(event['left'])} left in all"
    )


def _decrement(event: Json, _: KnownOrders) -> str:
    return (
        f"self-trade prevented: both orders shrink by {number(event['qty'])} at {number(event['price'])}; "
        f"{_left('maker', event['maker'], event['mleft'])}, {_left('taker', event['taker'], event['tleft'])}"
    )


def _cancelled(event: Json, _: KnownOrders) -> str:
    return f"#{event['oid']} cancelled, {number(event['qty'])} open: {reason_words(event['reason'])}"


def _expired(event: Json, _: KnownOrders) -> str:
    return f"#{event['oid']} expired, {number(event['qty'])} open: {reason_words(event['reason'])}"


def _amended(event: Json, _: KnownOrders) -> str:
    price = "" if event["price"] is None else f" at {number(event['price'])}"
    stop = "" if event.get("stop") is None else f", trigger price {number(event['stop'])}"
    place = "keeps its place" if event["kept"] else "goes to the end of its queue"
    total = f"{number(event['qty'])} in all, {number(event['leaves'])} open"
    return f"#{event['oid']} amended: {total}{price}{stop}; it {place}"


def _triggered(event: Json, known: KnownOrders) -> str:
    order = known.find(event["oid"])
    verb = {"B": "buys", "S": "sells"}.get(order.side if order else "", "enters with")
    price = "at the market" if event["price"] is None else f"at {number(event['price'])}"
    return f"#{event['oid']} of {known.owner(event['oid'])} triggers: {verb} {number(event['qty'])} {price}"


def _state(event: Json, _: KnownOrders) -> str:
    why = "" if event["reason"] == "COMMAND" else f": {reason_words(event['reason'])}"
    return f"the market goes from {event['from']} to {event['to']}{why}"


def _scheduled(event: Json, _: KnownOrders) -> str:
    goal = state_words(event["to"], event["auction"])
    return f"timer {event['number']}: {goal} at time {number(event['at'])}"


def _schedule_cleared(event: Json, _: KnownOrders) -> str:
    count = event["count"]
    return f"{number(count)} {'timer' if count == 1 else 'timers'} taken back"


def _extended(event: Json, _: KnownOrders) -> str:
    return (
        f"the call goes on until time {number(event['until'])}: {number(event['price'])} is too far away "
        f"(extension {number(event['count'])})"
    )


def _surplus(imbalance: int) -> str:
    if imbalance == 0:
        return "nothing left over"
    side = "buy" if imbalance > 0 else "sell"
    return f"{number(abs(imbalance))} left over to {side}"


def _auction(event: Json, _: KnownOrders) -> str:
    return (
        f"auction: {number(event['qty'])} trade at {number(event['price'])}, {_surplus(event['imbalance'])}"
    )


def _auction_trade(event: Json, known: KnownOrders) -> str:
    ends = f"{_left('buyer', event['buy'], event['bleft'])}, {_left('seller', event['sell'], event['sleft'])}"
    fees = _fees(event, bfee="buyer", sfee="seller")
    return f"{_print(event)}, {known.owner(event['sell'])} sold to {known.owner(event['buy'])}; {ends}{fees}"


def indicative_words(price: int | None, quantity: int, imbalance: int) -> str:
    """What an auction would do if it were held now."""
    if price is None:
        return "nothing would trade"
    return f"{number(quantity)} would trade at {number(price)}, {_surplus(imbalance)}"


def _indicative(event: Json, _: KnownOrders) -> str:
    return f"indicative: {indicative_words(event['price'], event['qty'], event['imbalance'])}"


def _mmp_triggered(event: Json, _: KnownOrders) -> str:
    return f"market-maker protection stops account {event['acct']}"


def _mmp_set(event: Json, _: KnownOrders) -> str:
    return (
        f"account {event['acct']} is stopped after {number(event['max_qty'])} traded "
        f"within {number(event['window'])} units of time"
    )


def _mmp_reset(event: Json, _: KnownOrders) -> str:
    return f"account {event['acct']} may quote again"


def _mass_done(event: Json, _: KnownOrders) -> str:
    count = event["count"]
    return f"mass cancel done: {number(count)} {'order' if count == 1 else 'orders'} removed"


def _ref_set(event: Json, _: KnownOrders) -> str:
    return f"the reference price is {number(event['price'])}"


def _position_set(event: Json, _: KnownOrders) -> str:
    return f"the position of account {event['acct']} is {number(event['qty'])}"


def _best(side: str, price: int | None, quantity: int) -> str:
    return f"no {side}" if price is None else f"{side} {number(price)} x {number(quantity)}"


def _book_state(event: Json, _: KnownOrders) -> str:
    bid, ask = _best("bid", event["bid"], event["bid_qty"]), _best("ask", event["ask"], event["ask_qty"])
    return f"best shown: {bid}, {ask}"


def _implied_state(event: Json, _: KnownOrders) -> str:
    bid, ask = _best("bid", event["bid"], event["bid_qty"]), _best("ask", event["ask"], event["ask_qty"])
    return f"implied by the two other markets: {bid}, {ask}"


def _book(event: Json, _: KnownOrders) -> str:
    last = "no trade yet" if event["last"] is None else f"last {number(event['last'])}"
    orders = {"bids": "buying", "asks": "selling", "parked": "parked"}
    sizes = [f"{len(event[key])} {said}" for key, said in orders.items() if event[key]]
    return f"the book: {last}; orders: {', '.join(sizes) or 'none'}"


def _credit_set(event: Json, _: KnownOrders) -> str:
    again = ", known already" if event.get("repeated") else ""
    return (
        f"account {event['acct']} has {number(event['available'])} available and "
        f"{number(event['reserved'])} reserved in asset {event['asset']} (number {event['seq']}{again})"
    )


def _margin_set(event: Json, _: KnownOrders) -> str:
    again = ", known already" if event.get("repeated") else ""
    return (
        f"the margin of class {event['class']} is {number(event['margin'])} millionths a lot "
        f"(number {event['seq']}{again})"
    )


def _limit_set(event: Json, _: KnownOrders) -> str:
    return f"set: {limit_words(event)}"


def _balance(event: Json, _: KnownOrders) -> str:
    return f"{number(event['available'])} available, {number(event['reserved'])} reserved"


def _broken(event: Json, _: KnownOrders) -> str:
    return f"the venue stops, an invariant is broken: {event['message']}"


Say = Callable[[Json, KnownOrders], str]

EVENTS: dict[str, tuple[Say, str]] = {
    "ACCEPTED": (_accepted, "oid acct cid qty price"),
    "REJECTED": (_rejected, "cmd acct cid reason"),
    "TRADE": (_trade, "tid maker taker side price qty mleft tleft mfee tfee"),
    "REFRESHED": (_refreshed, "oid disp left"),
    "STP_DECREMENT": (_decrement, "maker taker price qty mleft tleft"),
    "CANCELLED": (_cancelled, "oid qty reason"),
    "EXPIRED": (_expired, "oid qty reason"),
    "AMENDED": (_amended, "oid price qty leaves kept stop"),
    "TRIGGERED": (_triggered, "oid price qty"),
    "STATE": (_state, "from to reason"),
    "SCHEDULED": (_scheduled, "number at to auction"),
    "SCHEDULE_CLEARED": (_schedule_cleared, "count"),
    "EXTENDED": (_extended, "price until count"),
    "AUCTION": (_auction, "price qty imbalance"),
    "AUCTION_TRADE": (_auction_trade, "tid buy sell price qty bleft sleft bfee sfee"),
    "INDICATIVE": (_indicative, "price qty imbalance"),
    "MMP_TRIGGERED": (_mmp_triggered, "acct"),
    "MMP_SET": (_mmp_set, "acct window max_qty"),
    "MMP_RESET": (_mmp_reset, "acct"),
    "MASS_DONE": (_mass_done, "count"),
    "REF_SET": (_ref_set, "price"),
    "POSITION_SET": (_position_set, "acct qty"),
    "BOOK_STATE": (_book_state, "bid bid_qty ask ask_qty"),
    "IMPLIED_STATE": (_implied_state, "bid bid_qty ask ask_qty"),
    "BOOK": (_book, "last bids asks parked"),
    "CREDIT_SET": (_credit_set, "acct asset seq available reserved repeated"),
    "MARGIN_SET": (_margin_set, "seq class margin repeated"),
    "LIMIT_SET": (_limit_set, "acct member limit value window free"),
    **CONTROL_EVENTS,
    "BALANCE": (_balance, "available reserved"),
    "BROKEN_INVARIANT": (_broken, "message"),
}
"""The sentence of an event, and the fields that it says."""
