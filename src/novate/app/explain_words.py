"""A command in words, as a trader would say it.

    {"cmd": "NEW", "acct": 2, "side": "B", "qty": 25, "price": 10, "tif": "IOC"}
        -->  account 2 buys 25 at 10, immediate or cancel

Every command of the scenario format has its sentence here. A command or a field without one is still said,
as `NAME field=value`: the words of a new kind may come later than the kind.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from novate.app.explain_control import CONTROL_COMMANDS
from novate.app.explain_orders import KnownOrders

Json = dict[str, Any]

TIFS = {
    "DAY": "for the day",
    "IOC": "immediate or cancel",
    "FOK": "fill or kill",
    "AT_OPEN": "in the opening auction only",
    "AT_CLOSE": "in the closing auction only",
}
STP = {
    "NONE": "self-trades allowed",
    "CANCEL_RESTING": "cancelling resting orders of its owner",
    "CANCEL_AGGRESSING": "cancelled when it meets an order of its owner",
    "CANCEL_BOTH": "cancelled together with an order of its owner that it meets",
    "DECREMENT": "shrinking with orders of its owner that it meets",
}
ORDER_FIELDS = frozenset(
    ("cid", "side", "qty", "type", "tif", "price", "stop", "trail", "display", "hidden", "post_only",
     "min_qty", "expire", "stp", "reduce_only", "session", "mmp")
)  # fmt: skip
AMENDABLE = {
    "qty": "total quantity",
    "price": "price",
    "stop": "trigger price",
    "display": "displayed quantity",
    "trail": "trail",
}
PRICES = {
    "LIMIT": ("price",),
    "STOP": ("stop",),
    "STOP_LIMIT": ("price", "stop"),
    "IF_TOUCHED": ("price", "stop"),
    "TRAILING_STOP": ("trail",),
}
"""The prices that the sentence of a type says."""
LIMITS = {
    "ORDER_QTY": "quantity of an order",
    "ORDER_NOTIONAL": "value of an order",
    "OPEN_ORDERS": "open orders",
    "POSITION": "position",
    "GROSS_NOTIONAL": "value of open orders",
    "MESSAGE_RATE": "messages",
    "ORDER_TO_TRADE": "messages for a trade",
}


def number(value: object) -> str:
    """A number with its thousands apart; anything else as it is written in JSON."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return value if isinstance(value, str) else json.dumps(value)


def generic(name: object, fields: Json) -> str:
    """`NAME field=value`: what has no words of its own."""
    return " ".join([str(name), *(f"{key}={number(value)}" for key, value in fields.items())])


def command_words(command: Json, known: KnownOrders, is_multi: bool = False) -> str:
    """The command as one sentence without a full stop."""
    say, fields = COMMANDS.get(str(command["cmd"]), (None, frozenset[str]()))
    rest = {key: value for key, value in command.items() if key not in ("cmd", "t", "market")}
    try:
        words = generic(command["cmd"], rest) if say is None else say(command, known)
        left = {} if say is None else {key: value for key, value in rest.items() if key not in fields}
    except (KeyError, TypeError, AttributeError):
        words, left = generic(command["cmd"], rest), {}
    if left:
        words += ", " + generic("", left).strip()
    if is_multi and "market" in command:
        words += f" (market {number(command['market'])})"
    if "t" in command and command["cmd"] != "TIME":
        words = f"at time {number(command['t'])}: {words}"
    return words


def order_words(order: Json) -> str:
    """What an order does, without its account: `buys 25 at 10, immediate or cancel`."""
    verb = {"B": "buys", "S": "sells"}[order["side"]]
    words = [f"{verb} {number(order.get('qty'))} {_price_words(order)}", *_unusual(order)]
    tif = order.get("tif") or "GTC"
    if tif == "GTD" or order.get("expire") is not None:
        words.append(f"until time {number(order.get('expire'))}")
    if tif not in ("GTC", "GTD"):
        words.append(TIFS.get(tif, str(tif)))
    if order.get("display") is not None:
        words.append(f"showing {number(order['display'])}")
    for flag, said in (("hidden", "hidden"), ("post_only", "post only"), ("reduce_only", "reduce only")):
        if order.get(flag):
            words.append(said)
    if order.get("min_qty") is not None:
        words.append(f"at least {number(order['min_qty'])} at once")
    if order.get("mmp"):
        words.append("under market-maker protection")
    if order.get("stp"):
        words.append(STP.get(order["stp"], f"stp {order['stp']}"))
    if order.get("session"):
        words.append(f"session {number(order['session'])}")
    return ", ".join(words)


def _price_words(order: Json) -> str:
    kind = order.get("type") or "LIMIT"
    price, stop, trail = (_given(order, key) for key in ("price", "stop", "trail"))
    if kind == "LIMIT":
        return f"at {price}"
    if kind == "MARKET":
        return "at the market"
    if kind == "MTL":
        return "at the best price there is, the rest at that price (market to limit)"
    buys = order["side"] == "B"
    if kind == "TRAILING_STOP":
        turns = "rises {} above its lowest" if buys else "falls {} below its highest"
        return f"at the market when the price {turns.format(trail)} (trailing stop)"
    if kind in ("STOP", "STOP_LIMIT", "IF_TOUCHED"):
        way = "above" if buys != (kind == "IF_TOUCHED") else "below"
        is_limit = kind == "STOP_LIMIT" or (kind == "IF_TOUCHED" and order.get("price") is not None)
        then = f"at {price}" if is_limit else "at the market"
        name = kind.lower().replace("_", "-")
        return f"{then} after a trade at {stop} or {way} ({name})"
    return f"as {kind}"


def _given(order: Json, key: str) -> str:
    value = order.get(key)
    return f"(no {AMENDABLE[key]})" if value is None else number(value)


def _unusual(order: Json) -> list[str]:
    """Prices that do not belong to this type of order: it will be refused, and this is why."""
    usual = PRICES.get(order.get("type") or "LIMIT", ())
    keys = [key for key in ("price", "stop", "trail") if key not in usual and order.get(key) is not None]
    return [f"with {AMENDABLE[key]} {number(order[key])}" for key in keys]


# -- one sentence for each kind ------------------------------------------------------------------------


def _new(command: Json, _: KnownOrders) -> str:
    return f"account {command['acct']} {order_words(command)}"


def _new_oco(command: Json, _: KnownOrders) -> str:
    limit, stop = order_words(command["limit"]), order_words(command["stop"])
    return f"account {command['acct']} enters a pair, one cancels the other: {limit}; {stop}"


def _named(command: Json, known: KnownOrders) -> str:
    return known.named(command.get("market", 0), command["acct"], command["cid"])


def _cancel(command: Json, known: KnownOrders) -> str:
    return f"account {command['acct']} cancels {_named(command, known)}"


def _amend(command: Json, known: KnownOrders) -> str:
    wishes = [f"{said} {number(command[key])}" for key, said in AMENDABLE.items() if key in command]
    return f"account {command['acct']} amends {_named(command, known)}: {', '.join(wishes) or 'nothing'}"


def _mass_cancel(command: Json, _: KnownOrders) -> str:
    sides = {"B": "buying", "S": "selling"}
    filters = [f"of account {command['acct']}"] if command.get("acct") is not None else []
    filters += [f"of session {command['session']}"] if command.get("session") is not None else []
    which = f"{sides[command['side']]} " if command.get("side") else ""
    return " ".join([f"all {which}orders", *filters, "are to be cancelled"])


def _state(command: Json, _: KnownOrders) -> str:
    return f"the market goes to {state_words(command['to'], command.get('auction'))}"


def state_words(to: str, auction: str | None) -> str:
    """A state, and of a call the auction that it is for."""
    kind = {"OPEN": "opening", "CLOSE": "closing", "INTRADAY": "intraday"}.get(auction or "")
    return f"{to} for the {kind} auction" if kind else to


def _schedule(command: Json, _: KnownOrders) -> str:
    if command.get("clear"):
        return "what is scheduled for the market is taken back"
    goal = state_words(command["to"], command.get("auction"))
    return f"the market is to go to {goal} at time {number(command['at'])}"


def _time(command: Json, _: KnownOrders) -> str:
    return f"the clock goes to {number(command.get('t', 0))}"


def _set_ref(command: Json, _: KnownOrders) -> str:
    return f"the reference price becomes {number(command['price'])}"


def _position(command: Json, _: KnownOrders) -> str:
    return f"the position of account {command['acct']} is set to {number(command['qty'])}"


def _mmp_set(command: Json, _: KnownOrders) -> str:
    return (
        f"account {command['acct']} sets its market-maker protection: "
        f"stop after {number(command['max_qty'])} traded within {number(command['window'])} units of time"
    )


def _mmp_reset(command: Json, _: KnownOrders) -> str:
    return f"account {command['acct']} resets its market-maker protection"


def _book(_: Json, __: KnownOrders) -> str:
    return "what is in the book?"


def _balance(command: Json, _: KnownOrders) -> str:
    return f"what credit has account {command['acct']} in asset {command['asset']}?"


def _credit(command: Json, _: KnownOrders) -> str:
    delta = command["delta"]
    verb = "gets" if delta >= 0 else "loses"
    return (
        f"account {command['acct']} {verb} {number(abs(delta))} credit in asset {command['asset']} "
        f"(number {command['seq']} of the clearing house)"
    )


def _set_margin(command: Json, _: KnownOrders) -> str:
    return (
        f"the margin of class {command['class']} becomes {number(command['margin'])} millionths a lot "
        f"(number {command['seq']} of the clearing house)"
    )


def _set_limit(command: Json, _: KnownOrders) -> str:
    return f"the limit on {limit_words(command)}"


def limit_words(fields: Json) -> str:
    """What is limited to how much, for a command and its event."""
    is_member = fields.get("acct") is None
    holder = f"member {fields['member']}" if is_member else f"account {fields['acct']}"
    window = f" within {number(fields['window'])}" if fields.get("window") else ""
    window += f", {number(fields['free'])} free" if fields.get("free") else ""
    what = LIMITS.get(fields["limit"], str(fields["limit"]))
    return f"{what} of {holder} becomes {number(fields['value'])}{window}"


Say = Callable[[Json, KnownOrders], str]

COMMANDS: dict[str, tuple[Say, frozenset[str]]] = {
    "NEW": (_new, ORDER_FIELDS | {"acct"}),
    "NEW_OCO": (_new_oco, frozenset(("acct", "limit", "stop"))),
    "CANCEL": (_cancel, frozenset(("acct", "cid"))),
    "AMEND": (_amend, frozenset(("acct", "cid", *AMENDABLE))),
    "MASS_CANCEL": (_mass_cancel, frozenset(("acct", "side", "session"))),
    "STATE": (_state, frozenset(("to", "auction"))),
    "SCHEDULE": (_schedule, frozenset(("at", "to", "auction", "clear"))),
    "TIME": (_time, frozenset()),
    "SET_REF": (_set_ref, frozenset(("price",))),
    "POSITION": (_position, frozenset(("acct", "qty"))),
    "MMP_SET": (_mmp_set, frozenset(("acct", "window", "max_qty"))),
    "MMP_RESET": (_mmp_reset, frozenset(("acct",))),
    "BOOK": (_book, frozenset()),
    "BALANCE": (_balance, frozenset(("acct", "asset"))),
    "CREDIT": (_credit, frozenset(("acct", "asset", "delta", "seq"))),
    "SET_MARGIN": (_set_margin, frozenset(("class", "margin", "seq"))),
    "SET_LIMIT": (_set_limit, frozenset(("acct", "member", "limit", "value", "window", "free"))),
    **CONTROL_COMMANDS,
}
"""The sentence of a command, and the fields that it says."""
