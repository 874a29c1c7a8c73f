"""Which markets belong to a combination (R70).

    market 2 has legs [0, 1]:   FEATURES of 0, of 1 and of 2 say near 0, far 1, spread 2

Who buys the combination buys near and sells far. A market belongs to one combination only, so three numbers
in its row of FEATURES are all there is to remember.
"""

from __future__ import annotations

from typing import NamedTuple

from novate.compiled import inlined, wide
from novate.venue.cells import CASCADE, LINKED
from novate.venue.constants import CONTINUOUS
from novate.venue.layout import Tables


class Links(NamedTuple):
    """The three markets of a combination."""

    near: int
    far: int
    spread: int


@inlined
def is_linked(s: Tables, market: int) -> bool:
    """Does a market belong to a combination?"""
    return bool(s.features["spread"][s.markets["features"][market]] >= 0)


@inlined
def links_of(s: Tables, market: int) -> Links:
    """The markets of the combination that a market belongs to."""
    features = wide(s.markets["features"][market])
    return Links(
        wide(s.features["near"][features]),
        wide(s.features["far"][features]),
        wide(s.features["spread"][features]),
    )


@inlined
def is_open(s: Tables, links: Links) -> bool:
    """Are all three markets CONTINUOUS?"""
    return bool(
        s.markets["state"][links.near] == CONTINUOUS
        and s.markets["state"][links.far] == CONTINUOUS
        and s.markets["state"][links.spread] == CONTINUOUS
    )


@inlined
def cascade_of(s: Tables, market: int) -> int:
    """The phase in which the elected orders of a market, or of its combination, are activated (R30, R72)."""
    return LINKED if is_linked(s, market) else CASCADE
