"""Members behind parties: a member defaults with all of its accounts (M13)."""

from __future__ import annotations

from novate.clearing.margin_day.memory import MarginMemory
from novate.clearing.state import State
from novate.domain.machine import BrokenInvariant


def memory_of(state: State) -> MarginMemory:
    """The margin memory of a house that was checked to have one."""
    if state.margin is None:
        raise BrokenInvariant("expected a house with margin terms, was one without")
    return state.margin


def member_of(state: State, party: int) -> int:
    """A member by the lowest number of its parties."""
    return parties_of(state, party)[0]


def parties_of(state: State, party: int) -> list[int]:
    """All parties of a party's member, ascending."""
    name = state.terms.parties[party][0]
    return [number for number, one in enumerate(state.terms.parties) if one[0] == name]


def in_default(state: State, party: int) -> bool:
    """Is the member of a party in default?"""
    return (
        bool(state.margin and state.margin.defaults) and member_of(state, party) in memory_of(state).defaults
    )
