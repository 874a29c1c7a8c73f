"""The rooms of the margin day, and the gate in front of all rooms of a house with margin (M1, M2, M13)."""

from __future__ import annotations

from collections.abc import Callable

from novate.clearing.commands import Command, Staged, rung
from novate.clearing.margin_day import calls, closing_out, collateral, requirement, variation, waterfall
from novate.clearing.margin_day.members import in_default, member_of
from novate.clearing.state import State
from novate.domain.clearing_codes import ClearingCommand
from novate.domain.codes import ClearingReject

MARGIN_ROOMS: dict[int, Callable[[State, Command, Staged], ClearingReject]] = {
    ClearingCommand.PLEDGE: collateral.pledge,
    ClearingCommand.RELEASE: collateral.release,
    ClearingCommand.CONTRIBUTE: collateral.contribute,
    ClearingCommand.RETIRE_CONTRIBUTION: collateral.contribute,
    ClearingCommand.SETTLEMENT_PRICE: requirement.settlement_price,
    ClearingCommand.VALUATION: collateral.valuation,
    ClearingCommand.MARGIN_PARAMETERS: requirement.margin_parameters,
    ClearingCommand.VARIATION: variation.variation,
    ClearingCommand.TICK: calls.tick,
    ClearingCommand.MARGIN_RUN: requirement.margin_run,
    ClearingCommand.DECLARE_DEFAULT: calls.declare_default,
    ClearingCommand.CLOSE_OUT: closing_out.close_out,
    ClearingCommand.SELL_COLLATERAL: closing_out.sell_collateral,
    ClearingCommand.ALLOCATE_LOSS: waterfall.allocate_loss,
}
OF_SECURITIES = (
    ClearingCommand.DEPOSIT,
    ClearingCommand.WITHDRAW,
    ClearingCommand.EXEMPT,
    ClearingCommand.PRIORITY,
    ClearingCommand.MARK,
    ClearingCommand.BUYIN_INTENT,
    ClearingCommand.DIVIDEND,
    ClearingCommand.SPLIT,
    ClearingCommand.PLEDGE,
    ClearingCommand.RELEASE,
    ClearingCommand.VALUATION,
    ClearingCommand.SELL_COLLATERAL,
)
"""Commands that make no sense for contracts whose positions stay open."""


def taker_of(state: State, command: Command) -> int | None:
    """Who would take over something by a transfer or a give-up; None for other commands and unknown ones."""
    taker = None
    if command.kind == ClearingCommand.TRANSFER:
        taker = command.other_party
    elif command.kind == ClearingCommand.GIVE_UP:
        taker = command.party
    elif command.kind == ClearingCommand.TAKE_UP and command.code and command.version in state.giveups:
        taker = state.giveups[command.version].to
    return taker if taker is not None and 0 <= taker < len(state.terms.parties) else None


def gate(state: State, command: Command) -> ClearingReject:
    """What is refused whatever else a command says: NO_MARGIN_TERMS, MARGINED_INSTRUMENT, and
    MEMBER_IN_DEFAULT for what a defaulter would take over, and for money that it would take away."""
    kind, memory = command.kind, state.margin
    if memory is None:
        return rung(kind in MARGIN_ROOMS, ClearingReject.NO_MARGIN_TERMS)
    taker = taker_of(state, command)
    if taker is not None and in_default(state, taker):
        return ClearingReject.MEMBER_IN_DEFAULT
    is_margined = kind in OF_SECURITIES and command.instrument in state.margined
    is_leaving = kind == ClearingCommand.WITHDRAW and 0 <= command.party < len(state.terms.parties)
    is_leaving = is_leaving and in_default(state, command.party)
    is_leaving = is_leaving and not memory.defaults[member_of(state, command.party)].is_closed
    return rung(is_margined, ClearingReject.MARGINED_INSTRUMENT) or rung(
        is_leaving, ClearingReject.MEMBER_IN_DEFAULT
    )
