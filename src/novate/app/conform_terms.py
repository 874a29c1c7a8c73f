"""The TERMS record that goes before a NEW with attributes that only some orders have.

{"cmd": "NEW", ..., "peg": "MID", "offset": -1}  -->  TERMS | NEW with HAS_TERMS
"""

from __future__ import annotations

from typing import Any

from novate.domain.codes import CommandKind, Peg
from novate.domain.records import TERMS_COMMAND, Commands, new_commands

IN_TERMS = ("min_qty", "peg", "discretion")
LARGEST_U4 = 2**32 - 1
LARGEST_I8 = 2**63 - 1


def has_terms(command: dict[str, Any]) -> bool:
    """Does an order say anything that its own record has no room for?"""
    return any(command.get(name) is not None for name in IN_TERMS)


def terms_of(command: dict[str, Any]) -> Commands:
    """A minimum quantity (R26), a peg (R67), a discretion (R68). KeyError for an unknown peg."""
    record = new_commands(1)
    terms = record.view(TERMS_COMMAND)
    terms["kind"] = CommandKind.TERMS
    terms["min_quantity"] = min(max(command.get("min_qty") or 0, 0), LARGEST_U4)
    terms["peg"] = Peg[command.get("peg") or "NONE"]
    terms["peg_offset"] = signed(command.get("offset"))
    # In a record no discretion is 0, so one of 0 ticks is said in another way that is refused.
    terms["discretion"] = signed(command.get("discretion")) or -(command.get("discretion") is not None)
    return record


def signed(number: int | None) -> int:
    """A price, which may lie below zero (R64), as near as the field can hold it."""
    return max(-LARGEST_I8 - 1, min(number or 0, LARGEST_I8))
