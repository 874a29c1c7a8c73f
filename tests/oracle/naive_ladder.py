"""The ladders: which reason a command is refused with. Nothing here changes anything.

    refuse_new(venue, market, command)          R9, R10, R11, R12 and the bands: step after step
    refuse_amend(venue, market, order, command) R13

A reason is a text, None means: not refused by this ladder (credit and limits come after it).
"""

from __future__ import annotations

from typing import Any

from tests.oracle.naive_state import RESTING_TIFS, TRIGGER_TYPES, Market, Order, must, other, reaches

CORE_TYPES = ("LIMIT", "MARKET", *TRIGGER_TYPES)
ALL_TYPES = (*CORE_TYPES, "MTL", "TRAILING_STOP", "IF_TOUCHED")
CORE_TIFS = (*RESTING_TIFS, "IOC", "FOK")
ALL_TIFS = (*CORE_TIFS, "AT_OPEN", "AT_CLOSE")
STP_MODES = ("NONE", "CANCEL_RESTING", "CANCEL_AGGRESSING", "CANCEL_BOTH", "DECREMENT")

Command = dict[str, Any]


def closed_reason(market: Market) -> str | None:
    return {"CLOSED": "MARKET_CLOSED", "HALTED": "MARKET_HALTED"}.get(market.state)


def refuse_new(market: Market, now: int, c: Command) -> str | None:
    """First broken step of R9 for a NEW command, or None."""
    if reason := closed_reason(market):
        return reason
    if market.live(c["acct"], c["cid"]) is not None:
        return "DUPLICATE_ORDER"
    return (
        _kind(c)
        or _fields(market, now, c)
        or _combination(c)
        or _state(market, c)
        or _band(market, c)
        or _trigger(market, c)
        or _liquidity(market, c)
    )


def _kind(c: Command) -> str | None:
    if c.get("side") not in ("B", "S"):
        return "INVALID_SIDE"
    if c["type"] not in ALL_TYPES or c["tif"] not in ALL_TIFS or c["stp"] not in (*STP_MODES, None):
        return "INVALID_TYPE"
    if c["type"] not in CORE_TYPES or c["min_qty"] is not None or c["reduce_only"] or c["mmp"]:
        return "NOT_SUPPORTED"
    return None


def _fields(market: Market, now: int, c: Command) -> str | None:
    """R10, in its order."""
    terms = market.terms
    if not 1 <= c["qty"] <= terms.max_quantity:
        return "INVALID_QTY"
    if c["type"] in ("LIMIT", "STOP_LIMIT"):
        if c["price"] is None or not 1 <= c["price"] <= terms.max_price:
            return "INVALID_PRICE"
    elif c["price"] is not None:
        return "INVALID_PRICE"
    if c["type"] in TRIGGER_TYPES:
        if c["stop"] is None or not 1 <= c["stop"] <= terms.max_price:
            return "INVALID_STOP"
    elif c["stop"] is not None:
        return "INVALID_STOP"
    if c["trail"] is not None:
        return "INVALID_TRAIL"
    if c["display"] is not None and not terms.min_display <= c["display"] <= c["qty"]:
        return "INVALID_DISPLAY"
    if c["tif"] == "GTD":
        if c["expire"] is None or c["expire"] <= now:
            return "INVALID_EXPIRE"
    elif c["expire"] is not None:
        return "INVALID_EXPIRE"
    return None


def _combination(c: Command) -> str | None:
    """R11 (a), (b) and (e)."""
    rests = c["tif"] in RESTING_TIFS
    plain_limit = c["type"] == "LIMIT" and rests
    if c["post_only"] and not plain_limit:
        return "INVALID_COMBO"
    if (c["hidden"] or c["display"] is not None) and not plain_limit:
        return "INVALID_COMBO"
    if c["hidden"] and c["display"] is not None:
        return "INVALID_COMBO"
    if c["type"] in TRIGGER_TYPES and not rests:
        return "INVALID_COMBO"
    return None


def _state(market: Market, c: Command) -> str | None:
    """R12; what only an auction could do with an order is for level FULL."""
    auction_only = c["tif"] not in CORE_TIFS
    if market.state == "CONTINUOUS":
        wrong = c["tif"] == "AT_OPEN"
    else:
        wrong = (c["type"] == "MARKET" and not auction_only) or c["tif"] in ("IOC", "FOK") or c["post_only"]
        if c["tif"] == "AT_OPEN" and market.state == "AUCTION_CALL" and market.auction != "OPEN":
            wrong = True
    if wrong:
        return "INVALID_IN_STATE"
    return "NOT_SUPPORTED" if auction_only else None


def _band(market: Market, c: Command) -> str | None:
    if c["price"] is not None and not market.in_band(c["price"]):
        return "PRICE_BAND"
    return None


def _trigger(market: Market, c: Command) -> str | None:
    if c["type"] in TRIGGER_TYPES and would_trigger(market, c["side"], c["stop"]):
        return "STOP_WOULD_TRIGGER"
    return None


def would_trigger(market: Market, side: str, stop: int) -> bool:
    reference = market.trigger_reference()
    if reference is None:
        return False
    return reference >= stop if side == "B" else reference <= stop


def _liquidity(market: Market, c: Command) -> str | None:
    if c["type"] == "MARKET" and market.best(other(c["side"])) is None:
        return "NO_LIQUIDITY"
    if c["post_only"] and would_trade(market, c["side"], c["price"]):
        return "POST_ONLY_WOULD_TRADE"
    return None


def would_trade(market: Market, side: str, price: int) -> bool:
    """R23: hidden and own orders included, only in continuous trading."""
    touch = market.touch(other(side))
    return market.state == "CONTINUOUS" and touch is not None and reaches(side, price, touch)


def refuse_amend(market: Market, order: Order | None, c: Command) -> str | None:
    """First broken step of R13, or None."""
    if reason := closed_reason(market):
        return reason
    if order is None:
        return "UNKNOWN_ORDER"
    return (
        _amendable(order, c)
        or _amend_fields(market, order, c)
        or _amend_band(market, order, c)
        or _amend_stop(market, order, c)
        or _amend_post_only(market, order, c)
    )


def _amendable(order: Order, c: Command) -> str | None:
    given = [name for name in ("qty", "price", "stop", "display") if c[name] is not None]
    wrong = (
        order.where == "ELECTED"
        or not given
        or c["trail"] is not None
        or ("price" in given and order.price is None)
        or ("stop" in given and order.where != "PARKED")
        or ("display" in given and order.display is None)
    )
    return "NOT_AMENDABLE" if wrong else None


def _amend_fields(market: Market, order: Order, c: Command) -> str | None:
    terms = market.terms
    if c["qty"] is not None and not 1 <= c["qty"] <= terms.max_quantity:
        return "INVALID_QTY"
    if c["price"] is not None and not 1 <= c["price"] <= terms.max_price:
        return "INVALID_PRICE"
    if c["stop"] is not None and not 1 <= c["stop"] <= terms.max_price:
        return "INVALID_STOP"
    total = order.qty if c["qty"] is None else c["qty"]
    if c["display"] is not None and not terms.min_display <= c["display"] <= total:
        return "INVALID_DISPLAY"
    return None


def _amend_band(market: Market, order: Order, c: Command) -> str | None:
    changes = c["price"] is not None and c["price"] != order.price
    return "PRICE_BAND" if changes and not market.in_band(c["price"]) else None


def _amend_stop(market: Market, order: Order, c: Command) -> str | None:
    changes = c["stop"] is not None and c["stop"] != order.stop
    return "STOP_WOULD_TRIGGER" if changes and would_trigger(market, order.side, c["stop"]) else None


def _amend_post_only(market: Market, order: Order, c: Command) -> str | None:
    changes = c["price"] is not None and c["price"] != order.price
    if order.post_only and changes and would_trade(market, order.side, must(c["price"])):
        return "POST_ONLY_WOULD_TRADE"
    return None
