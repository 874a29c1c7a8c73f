"""What the fields of a scenario command may be: names and types, before anything is made of them.

    {"cmd": "NEW", "acct": 1, "cid": 7, "side": "B", "qty": 5, "hiden": true}
        -> NEW with "hiden", which is none of its fields

A number that a rule may refuse (a price, a quantity) may be any integer; one that names something must
fit the record that carries it. Ranges and combinations are the venue's to judge.
"""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]

_NUMBER = "an integer"
_FLAG = "true or false"
_WORD = "a text"
_LEG = "an object with the fields of an order"
_RANGES = {
    "a market or session from 0 to 65,535": (0, 2**16 - 1),
    "a number from 0 to 4,294,967,295": (0, 2**32 - 1),
    "an integer of 64 bits": (-(2**63), 2**63 - 1),
}
_SHORT, _OWNER, _LONG = _RANGES

_PLACE = {"cmd": _WORD, "t": _LONG, "market": _SHORT}
_NAMED = _PLACE | {"acct": _OWNER, "cid": _LONG}
_TERMS = {
    "side": _WORD, "qty": _NUMBER, "type": _WORD, "tif": _WORD, "price": _NUMBER, "stop": _NUMBER,
    "trail": _NUMBER, "display": _NUMBER, "hidden": _FLAG, "post_only": _FLAG, "min_qty": _NUMBER,
    "expire": _NUMBER, "stp": _WORD, "reduce_only": _FLAG, "session": _SHORT, "mmp": _FLAG, "peg": _WORD,
    "offset": _NUMBER, "discretion": _NUMBER, "aon": _FLAG,
}  # fmt: skip
_STATE = {"to": _WORD, "auction": _WORD}
_DELTA = {"seq": _LONG}
_SCOPE = {"cmd": _WORD, "t": _LONG, "scope": _WORD, "holder": _OWNER}
LEG = {"cid": _LONG} | _TERMS

COMMANDS: dict[str, dict[str, str]] = {
    "NEW": _NAMED | _TERMS,
    "NEW_OCO": _PLACE | {"acct": _OWNER, "limit": _LEG, "stop": _LEG},
    "CANCEL": _NAMED,
    "AMEND": _NAMED | dict.fromkeys(("qty", "price", "stop", "display", "trail"), _NUMBER),
    "MASS_CANCEL": _PLACE | {"acct": _OWNER, "side": _WORD, "session": _SHORT},
    "STATE": _PLACE | _STATE,
    "TIME": {"cmd": _WORD, "t": _LONG},
    "SET_REF": _PLACE | {"price": _NUMBER},
    "POSITION": _PLACE | {"acct": _OWNER, "qty": _LONG},
    "MMP_SET": _PLACE | {"acct": _OWNER, "window": _LONG, "max_qty": _LONG},
    "MMP_RESET": _PLACE | {"acct": _OWNER},
    "QUOTE": _NAMED
    | {"ask_cid": _LONG, "tif": _WORD, "session": _SHORT}
    | dict.fromkeys(("bid", "bid_qty", "ask", "ask_qty"), _NUMBER),
    "SCHEDULE": _PLACE | _STATE | {"at": _LONG, "clear": _FLAG},
    "KILL": _SCOPE,
    "REVIVE": _SCOPE,
    "DISCONNECT": {"cmd": _WORD, "t": _LONG, "session": _SHORT, "acct": _OWNER},
    "CREDIT": {"cmd": _WORD, "t": _LONG, "acct": _OWNER, "asset": _LONG, "delta": _LONG} | _DELTA,
    "SET_MARGIN": _PLACE | {"class": _LONG, "margin": _LONG} | _DELTA,
    "SET_LIMIT": {"cmd": _WORD, "t": _LONG, "acct": _OWNER, "member": _OWNER, "limit": _WORD}
    | {"value": _LONG, "window": _LONG, "free": _NUMBER},
    "BOOK": _PLACE,
    "BALANCE": {"cmd": _WORD, "t": _LONG, "acct": _OWNER, "asset": _LONG},
}


def require_shape(command: Json) -> None:
    """ValueError naming the first field that is not one of its command, or not of its type."""
    name = command["cmd"]
    if not isinstance(name, str) or name not in COMMANDS:
        raise ValueError(f"a command unknown or missing {name!r}")
    _require_fields(command, COMMANDS[name], name)
    for leg in ("limit", "stop") if name == "NEW_OCO" else ():
        _require_fields(command[leg], LEG, f"the {leg} leg of {name}")


def _require_fields(found: Json, fields: dict[str, str], owner: str) -> None:
    for key, value in found.items():
        if key not in fields:
            raise ValueError(f"{owner} with {key!r}, which is none of its fields")
        # A null means the default, as everywhere in a scenario.
        if value is not None and not _is_of(value, fields[key]):
            raise ValueError(f"{key} {value!r}, which is not {fields[key]}")


def _is_of(value: object, kind: str) -> bool:
    if kind == _FLAG:
        return isinstance(value, bool)
    if kind == _WORD:
        return isinstance(value, str)
    if kind == _LEG:
        return isinstance(value, dict)
    if type(value) is not int:
        return False
    lowest, highest = _RANGES.get(kind, (value, value))
    return lowest <= value <= highest
