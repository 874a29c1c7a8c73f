"""The ladders: which reason a command is refused with. Nothing here changes anything.

    refuse_new(market, now, command, ...)        R9 to R12 and the bands: step after step
    refuse_pair(market, limit leg, trigger leg)  R34, before the ladder of either leg
    refuse_amend(market, order, command)         R13

A reason is a text, None means: not refused by this ladder (credit and limits come after it).
"""

from __future__ import annotations

from typing import Any

from tests.oracle.naive_state import (
    AUCTION_TIFS,
    RESTING_TIFS,
    TRIGGER_TYPES,
    Market,
    Order,
    is_reached,
    must,
    other,
    reaches,
)

ALL_TYPES = ("LIMIT", "MARKET", "MTL", *TRIGGER_TYPES)
ALL_TIFS = (*RESTING_TIFS, "IOC", "FOK", *AUCTION_TIFS)
STP_MODES = ("NONE", "CANCEL_RESTING", "CANCEL_AGGRESSING", "CANCEL_BOTH", "DECREMENT")
STOP_TYPES = ("STOP", "STOP_LIMIT", "IF_TOUCHED")
"""Trigger orders that name their stop; a TRAILING_STOP names its distance."""

Command = dict[str, Any]


def closed_reason(market: Market) -> str | None:
    return {"CLOSED": "MARKET_CLOSED", "HALTED": "MARKET_HALTED"}.get(market.state)


def refuse_new(market: Market, now: int, c: Command, room: int, positions: bool) -> str | None:
    """First broken step of R9 for a NEW command, or None. `room` is what a reduce-only order may close."""
    if reason := closed_reason(market):
        return reason
    if market.live(c["acct"], c["cid"]) is not None:
        return "DUPLICATE_ORDER"
    if c["mmp"] and c["acct"] in market.stopped:
        return "MMP_ACTIVE"
    return (
        _kind(c, positions)
        or _fields(market, c)
        or _attributes(market, now, c)
        or _combination(c)
        or _state(market, c)
        or _band(market, c)
        or _trigger(market, c)
        or _reduce_only(c, room)
        or _liquidity(market, c)
    )


def refuse_pair(market: Market, limit: Command, trigger: Command | None) -> str | None:
    """R34: state, then the shape of the pair; a pair of records may lack its second one."""
    if reason := closed_reason(market):
        return reason
    if trigger is None:
        return "INVALID_OCO"
    fits = (
        limit["type"] == "LIMIT"
        and limit["tif"] in RESTING_TIFS
        and trigger["type"] in TRIGGER_TYPES
        and limit.get("side") == trigger.get("side")
        and limit["qty"] == trigger["qty"]
        and limit["cid"] != trigger["cid"]
        and not any(leg["reduce_only"] or leg["min_qty"] is not None for leg in (limit, trigger))
    )
    return None if fits else "INVALID_OCO"


def _kind(c: Command, positions: bool) -> str | None:
    if c.get("side") not in ("B", "S"):
        return "INVALID_SIDE"
    if c["type"] not in ALL_TYPES or c["tif"] not in ALL_TIFS or c["stp"] not in (*STP_MODES, None):
        return "INVALID_TYPE"
    if c.get("missing_terms"):
        return "MISSING_TERMS"
    return "NOT_SUPPORTED" if c["reduce_only"] and not positions else None


def _fields(market: Market, c: Command) -> str | None:
    """R10, quantity and prices in its order."""
    terms, kind = market.terms, c["type"]
    if not 1 <= c["qty"] <= terms.max_quantity:
        return "INVALID_QTY"
    if c["price"] is None:
        wrong = kind in ("LIMIT", "STOP_LIMIT")
    else:
        named = kind in ("LIMIT", "STOP_LIMIT", "IF_TOUCHED")
        wrong = not named or not 1 <= c["price"] <= terms.max_price
    if wrong:
        return "INVALID_PRICE"
    if c["stop"] is None:
        wrong = kind in STOP_TYPES
    else:
        wrong = kind not in STOP_TYPES or not 1 <= c["stop"] <= terms.max_price
    if wrong:
        return "INVALID_STOP"
    if c["trail"] is None:
        return "INVALID_TRAIL" if kind == "TRAILING_STOP" else None
    return "INVALID_TRAIL" if kind != "TRAILING_STOP" or c["trail"] < 1 else None


def _attributes(market: Market, now: int, c: Command) -> str | None:
    """R10 from the display on."""
    if c["display"] is not None and not market.terms.min_display <= c["display"] <= c["qty"]:
        return "INVALID_DISPLAY"
    if c["min_qty"] is not None and not 1 <= c["min_qty"] <= c["qty"]:
        return "INVALID_MIN_QTY"
    if c["tif"] == "GTD":
        return "INVALID_EXPIRE" if c["expire"] is None or c["expire"] <= now else None
    return "INVALID_EXPIRE" if c["expire"] is not None else None


def _combination(c: Command) -> str | None:
    """R11; each line one letter of the rule."""
    kind, tif = c["type"], c["tif"]
    rests, is_trigger = tif in RESTING_TIFS, kind in TRIGGER_TYPES
    plain_limit = kind == "LIMIT" and rests
    has_min, has_display = c["min_qty"] is not None, c["display"] is not None
    reduces = (kind in ("LIMIT", "MARKET") and tif in ("IOC", "FOK")) or (is_trigger and c["price"] is None)
    holds = (
        (not c["post_only"] or (plain_limit and not has_min))
        and (not (c["hidden"] or has_display) or plain_limit)
        and not (c["hidden"] and has_display)
        and (not has_min or (kind in ("LIMIT", "MARKET", "MTL") and (rests or tif == "IOC")))
        and (kind != "MTL" or rests or tif == "IOC")
        and (not is_trigger or rests)
        and (tif not in AUCTION_TIFS or (kind in ("LIMIT", "MARKET") and not c["reduce_only"]))
        and (not c["reduce_only"] or reduces)
        and (not c["mmp"] or plain_limit)
    )
    return None if holds else "INVALID_COMBO"


def _state(market: Market, c: Command) -> str | None:
    """R12."""
    if market.state == "CONTINUOUS":
        return "INVALID_IN_STATE" if c["tif"] == "AT_OPEN" else None
    wrong = (
        c["type"] == "MTL"
        or (c["type"] == "MARKET" and c["tif"] not in AUCTION_TIFS)
        or c["tif"] in ("IOC", "FOK")
        or c["post_only"]
        or c["min_qty"] is not None
        or (c["tif"] == "AT_OPEN" and market.state == "AUCTION_CALL" and market.auction != "OPEN")
    )
    return "INVALID_IN_STATE" if wrong else None


def _band(market: Market, c: Command) -> str | None:
    if c["price"] is not None and not market.in_band(c["price"]):
        return "PRICE_BAND"
    return None


def _trigger(market: Market, c: Command) -> str | None:
    """R9.8."""
    reference = market.trigger_reference()
    if c["type"] == "TRAILING_STOP":
        if reference is None:
            return "NO_REFERENCE"
        stop = reference + c["trail"] * (1 if c["side"] == "B" else -1)
        return None if 1 <= stop <= market.terms.max_price else "INVALID_STOP"
    if c["type"] in STOP_TYPES and is_reached(c["side"], c["type"], c["stop"], reference):
        return "STOP_WOULD_TRIGGER"
    return None


def _reduce_only(c: Command, room: int) -> str | None:
    """R9.9; a trigger order is asked when it is activated."""
    return "REDUCE_ONLY" if c["reduce_only"] and c["type"] not in TRIGGER_TYPES and room == 0 else None


def _liquidity(market: Market, c: Command) -> str | None:
    """R9.10 and R9.11."""
    touch = market.touch(other(c["side"]))
    if c["type"] in ("MARKET", "MTL") and c["tif"] not in AUCTION_TIFS:
        if touch is None:
            return "NO_LIQUIDITY"
        if c["type"] == "MTL" and not market.in_band(touch):
            return "PRICE_BAND"
    if c["post_only"] and post_only_price(market, c["side"], c["price"]) is None:
        return "POST_ONLY_WOULD_TRADE"
    return None


def post_only_price(market: Market, side: str, price: int) -> int | None:
    """R23: the price at which a post-only order may rest; None if it must be refused.

    Hidden and own orders count, only in continuous trading.
    """
    touch = market.touch(other(side))
    if market.state != "CONTINUOUS" or touch is None or not reaches(side, price, touch):
        return price
    if market.terms.post_only != "SLIDE":
        return None
    slid = touch - 1 if side == "B" else touch + 1
    return slid if 1 <= slid <= market.terms.max_price and market.in_band(slid) else None


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
        or order.sibling is not None
        or order.quoted
        or not given
        or c["trail"] is not None
        or ("price" in given and order.price is None)
        or ("stop" in given and (order.where != "PARKED" or order.type == "TRAILING_STOP"))
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
    if changes and is_reached(order.side, order.type, c["stop"], market.trigger_reference()):
        return "STOP_WOULD_TRIGGER"
    return None


def _amend_post_only(market: Market, order: Order, c: Command) -> str | None:
    changes = c["price"] is not None and c["price"] != order.price
    if order.post_only and changes and post_only_price(market, order.side, must(c["price"])) is None:
        return "POST_ONLY_WOULD_TRADE"
    return None
