"""The cascade over the three markets of a combination (R72), and whose protection is due among them.

    aggressor complete -> first of near, far, combination that has elected orders and is CONTINUOUS
                       -> its head becomes the next aggressor, complete with its own prints -> again

The market from which the cascade started is remembered, because what comes after it belongs to that market.
"""

from __future__ import annotations

from novate.compiled import kernel, wide
from novate.venue.cells import AGGRESSOR_MARKET, CASCADE, CASCADE_HOME, LINKED, PUBLISH
from novate.venue.combinations import is_linked, links_of
from novate.venue.constants import CONTINUOUS
from novate.venue.layout import Tables
from novate.venue.orders import activate_next
from novate.venue.protection import is_due
from novate.venue.touched import NO_MARKET, touch


@kernel
def activate_linked(s: Tables) -> int:
    """Activate the next elected order of a combination; the phase in which it goes on. Room was reserved."""
    here = wide(s.header[AGGRESSOR_MARKET])
    market = _next_elected(s, here)
    if market == NO_MARKET:
        if s.header[CASCADE_HOME] != 0:
            s.header[AGGRESSOR_MARKET] = s.header[CASCADE_HOME] - 1
            s.header[CASCADE_HOME] = 0
        return PUBLISH
    if s.header[CASCADE_HOME] == 0:
        s.header[CASCADE_HOME] = here + 1
    s.header[AGGRESSOR_MARKET] = market
    touch(s, market)
    phase = activate_next(s, market)
    return LINKED if phase == CASCADE else phase


@kernel
def _next_elected(s: Tables, market: int) -> int:
    """The first market of the combination whose elected orders may go on, NO_MARKET if there is none."""
    links = links_of(s, market)
    for linked in (links.near, links.far, links.spread):
        if s.markets["elected_head"][linked] != 0 and s.markets["state"][linked] == CONTINUOUS:
            return linked
    return NO_MARKET


@kernel
def next_due_market(s: Tables, market: int) -> int:
    """Where an account's protection is due (R46): the first market of a combination, or NO_MARKET."""
    if not is_linked(s, market):
        return market if is_due(s, market) else NO_MARKET
    links = links_of(s, market)
    for linked in (links.near, links.far, links.spread):
        if is_due(s, linked):
            return linked
    return NO_MARKET
