"""Continuous net settlement: shorts deliver to the CCP, the CCP allocates to the longs (C30 to C32).

shorts --securities--> CCP --lot by lot: group, age, hash--> longs        money waits in `due` for the roll

All positions are columns meanwhile, and so are their moves and events. Where a long may lack money, or where
only whole lots may be given and there is not enough, one lot decides about the next: those instruments
are settled lot by lot (`by_lots`), in their place among the others.
"""

from __future__ import annotations

from novate.clearing.settlement.allocation import allocate
from novate.clearing.settlement.deliveries import deliver
from novate.clearing.settlement.open_columns import open_columns
from novate.clearing.state import State
from novate.domain.clearing_codes import Policy


def settle_continuously(state: State) -> int:
    """Returns how many lines settled something."""
    instruments = [one for one in state.instruments_today() if state.policy(one) == Policy.CNS]
    columns = open_columns(state, instruments)
    if not columns.size:
        return 0
    lines = deliver(state, columns)
    return lines + allocate(state, columns)
