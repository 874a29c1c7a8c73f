"""SETTLE: one run over all instruments that settle today (C26).

    SETTLE --> GROSS_GROSS, GROSS_NET, NET_NET, CNS --> intents tidied --> SETTLE_DONE

What does not settle keeps a reason (C33).
"""

from __future__ import annotations

from novate.clearing.buyins import tidy_intents
from novate.clearing.commands import Command, Staged
from novate.clearing.settlement.batch import settle_batches
from novate.clearing.settlement.continuous import settle_continuously
from novate.clearing.settlement.gross import settle_gross
from novate.clearing.settlement.gross_net import settle_gross_net
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingEvent
from novate.domain.codes import ClearingReject


def settle(state: State, command: Command, staged: Staged) -> ClearingReject:
    """SETTLE; each model returns how many lines settled something."""
    state.runs += 1
    lines = settle_gross(state)
    lines += settle_gross_net(state)
    lines += settle_batches(state)
    lines += settle_continuously(state)
    tidy_intents(state)
    state.out.put(ClearingEvent.SETTLE_DONE, day=state.today, number=state.runs, quantity=lines)
    return ClearingReject.NONE
