"""Records that are staged for the command behind them: terms of an order, the trigger leg of a pair.

    TERMS | NEW with HAS_TERMS          LEG | NEW_OCO          the record first, so that a command never has
                                                               to look beyond its batch

A staged record takes a sequence number, says nothing, and belongs to the very next command; to any other it
is as if it had never been. `staged_view` shows it as command 0, so that one code reads both.
"""

from __future__ import annotations

from novate.compiled import COMPILED, inlined, kernel
from novate.venue.cells import SEQUENCE, STAGED_AT, STAGED_KIND
from novate.venue.constants import LEG, TERMS
from novate.venue.layout import TABLE_DTYPES, Tables


@kernel
def stage(s: Tables, i: int, kind: int) -> None:
    """Keep a record for the next command."""
    s.header[STAGED_KIND] = kind
    s.header[STAGED_AT] = s.header[SEQUENCE]
    s.staged["kind"][0] = s.commands["kind"][i]
    s.staged["side"][0] = s.commands["side"][i]
    s.staged["order_type"][0] = s.commands["order_type"][i]
    s.staged["time_in_force"][0] = s.commands["time_in_force"][i]
    s.staged["stp"][0] = s.commands["stp"][i]
    s.staged["state"][0] = s.commands["state"][i]
    s.staged["flags"][0] = s.commands["flags"][i]
    s.staged["market"][0] = s.commands["market"][i]
    s.staged["session"][0] = s.commands["session"][i]
    s.staged["account"][0] = s.commands["account"][i]
    s.staged["client_order_id"][0] = s.commands["client_order_id"][i]
    s.staged["time"][0] = s.commands["time"][i]
    s.staged["price"][0] = s.commands["price"][i]
    s.staged["stop"][0] = s.commands["stop"][i]
    s.staged["expire"][0] = s.commands["expire"][i]
    s.staged["quantity"][0] = s.commands["quantity"][i]
    s.staged["display"][0] = s.commands["display"][i]


@inlined
def _is_staged(s: Tables, kind: int) -> bool:
    return bool(s.header[STAGED_KIND] == kind and s.header[STAGED_AT] == s.header[SEQUENCE] - 1)


@inlined
def has_terms(s: Tables) -> bool:
    """Is there a TERMS record for the command at hand?"""
    return _is_staged(s, TERMS)


@inlined
def has_leg(s: Tables) -> bool:
    """Is there a LEG record for the command at hand?"""
    return _is_staged(s, LEG)


if COMPILED:
    from novate.tables import second_view

    _second = second_view(TABLE_DTYPES)

    @inlined
    def staged_view(s: Tables) -> Tables:
        """The same tables with the staged record as the only command."""
        return _second(s)  # type: ignore[no-any-return]

else:

    def staged_view(s: Tables) -> Tables:
        """The same tables with the staged record as the only command."""
        return s._replace(commands=s.staged)
