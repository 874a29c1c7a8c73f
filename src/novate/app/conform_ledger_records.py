"""Ledger commands and answers between JSON and records; docs/ledger-scenario-format.md describes every key.

    {"id": 5, "debit": 1, "credit": 2, "amount": 100, "flags": ["pending"]}  <-->  TRANSFER_REQUEST

Names and types are checked before anything is made of them: a wrong file is no wrong ledger.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.clearing.ledger.codes import AccountFlag, TransferFlag
from novate.clearing.ledger.layout import ACCOUNT_REQUEST, TRANSFER_REQUEST
from novate.clearing.ledger.queries import HistoryRow, StoredTransfer

Json = dict[str, Any]

_RESERVED = 32768
_TEXT, _EVENTS, _FLAGS = "a text", "a list of objects", "a list of names of flags"
_RANGES = {
    "a number from 0 to 65,535": (0, 2**16 - 1),
    "a number from 0 to 4,294,967,295": (0, 2**32 - 1),
    "an integer of 64 bits": (-(2**63), 2**63 - 1),
    "a time from 0 to 2^63 - 1": (0, 2**63 - 1),
    "an integer from -2^63 to 2^63": (-(2**63), 2**63),
}
_SHORT, _OWNER, _LONG, _TIME, _TIMEOUT = _RANGES
_BALANCES = dict.fromkeys(
    ("debits_pending", "debits_posted", "credits_pending", "credits_posted", "net"), _LONG
)

# Fields that must be there, then those that may.
_COMMANDS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "LEDGER": ({"ledger": _OWNER, "asset": _TEXT, "scale": _LONG}, {}),
    "ACCOUNTS": ({"accounts": _EVENTS}, {}),
    "TRANSFERS": ({"transfers": _EVENTS}, {}),
    "TIME": ({}, {}),
    "BALANCE": ({"account": _LONG}, {"at": _LONG}),
    "HISTORY": ({"account": _LONG}, {"from": _LONG, "to": _LONG}),
    "ASSERT": ({"account": _LONG}, {"at": _LONG} | _BALANCES),
    "LOOKUP": ({"id": _LONG}, {}),
    "FOLD": ({"account": _LONG}, {}),
    "TRIAL": ({}, {}),
    "ROOT": ({}, {}),
}
_ACCOUNT = ({"id": _LONG, "ledger": _OWNER, "code": _SHORT}, {"user_ref": _LONG, "flags": _FLAGS})
_LONG_FIELDS = ("debit", "credit", "amount", "pending_id", "user_ref")
_LONGEST_TIMEOUT = 2**63 - 1
_TRANSFER = (
    {"id": _LONG},
    {
        **dict.fromkeys(_LONG_FIELDS, _LONG),
        "timeout": _TIMEOUT,
        "ledger": _OWNER,
        "code": _SHORT,
        "flags": _FLAGS,
    },
)


def require_command(command: Json) -> None:
    """ValueError naming the first field that is missing, unknown or not of its type."""
    name = command.get("cmd")
    if not isinstance(name, str) or name not in _COMMANDS:
        raise ValueError(f"a command unknown or missing {name!r}")
    needed, allowed = _COMMANDS[name]
    _require_fields(command, needed, allowed | {"cmd": _TEXT, "t": _TIME}, name)
    for key, fields in (("accounts", _ACCOUNT), ("transfers", _TRANSFER)):
        for event in command.get(key, ()):
            _require_fields(event, *fields, f"an event of {name}")


def _require_fields(found: Json, needed: dict[str, str], allowed: dict[str, str], owner: str) -> None:
    for key in needed:
        if key not in found:
            raise ValueError(f"{owner} without {key!r}")
    kinds = needed | allowed
    for key, value in found.items():
        if key not in kinds:
            raise ValueError(f"{owner} with {key!r}, which is none of its fields")
        if not _is_of(value, kinds[key]):
            raise ValueError(f"{key} {value!r}, which is not {kinds[key]}")


def _is_of(value: object, kind: str) -> bool:
    if kind == _TEXT:
        return isinstance(value, str)
    if kind == _EVENTS:
        return isinstance(value, list) and all(isinstance(event, dict) for event in value)
    if kind == _FLAGS:
        return isinstance(value, list) and all(isinstance(name, str) for name in value)
    lowest, highest = _RANGES[kind]
    return type(value) is int and lowest <= value <= highest


def account_requests(events: list[Json]) -> npt.NDArray[Any]:
    """(n,) ACCOUNT_REQUEST. ValueError for a name that is no flag of an account."""
    found = np.zeros(len(events), ACCOUNT_REQUEST)
    for row, event in enumerate(events):
        flags = _flags(event, AccountFlag)
        found[row] = (event["id"], event.get("user_ref", 0), event["ledger"], event["code"], flags)
    return found


def transfer_requests(events: list[Json]) -> npt.NDArray[Any]:
    """(n,) TRANSFER_REQUEST. ValueError for a name that is no flag of a transfer."""
    found = np.zeros(len(events), TRANSFER_REQUEST)
    for row, event in enumerate(events):
        for name in event:
            if name not in ("timeout", "flags"):
                found[name][row] = event[name]
        # The format lets a timeout be one above the largest: it is read as the largest.
        found["timeout"][row] = min(event.get("timeout", 0), _LONGEST_TIMEOUT)
        found["flags"][row] = _flags(event, TransferFlag)
    return found


def _flags(event: Json, kind: type[IntFlag]) -> int:
    """The sum of the bits, so that a name that stands twice is another flag, as the format says."""
    bits = 0
    for name in event.get("flags", []):
        if name != "reserved" and name.upper() not in kind.__members__:
            raise ValueError(f"flags with {name!r}, which is none")
        bits += _RESERVED if name == "reserved" else int(kind[name.upper()])
    if bits >= 2**16:
        raise ValueError(f"flags {event['flags']}, which are more than 16 bits")
    return bits


def code_names(codes: npt.NDArray[Any], kind: type[IntEnum]) -> list[str]:
    """Result codes as the rulebook names them."""
    return [word(kind(code)) for code in codes.tolist()]


def word(code: IntEnum) -> str:
    """A code as the rulebook names it."""
    return code.name.lower()


def transfer_to_json(found: StoredTransfer) -> Json:
    """As LOOKUP answers it."""
    answer = found._asdict()
    del answer["status"]
    names = TransferFlag.__members__.items()
    return answer | {"flags": [name.lower() for name, flag in names if flag in found.flags]}


def row_to_json(row: HistoryRow) -> list[Any]:
    """As HISTORY answers it."""
    return [row.time, row.kind.name, row.transfer_id, *row.balances]
