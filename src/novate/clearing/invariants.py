"""What must be true between two commands (C48). Raises BrokenInvariant with the first that is not."""

from __future__ import annotations

from novate.clearing.open_positions import Position
from novate.clearing.roll import open_amounts
from novate.clearing.splits import ccp_securities
from novate.clearing.state import State
from novate.domain.clearing_codes import LegState
from novate.domain.machine import BrokenInvariant


def require(holds: bool, expectation: str) -> None:
    """BrokenInvariant unless it holds."""
    if not holds:
        raise BrokenInvariant(expectation)


def check(state: State) -> None:
    """All invariants. Sums and signs of balances are the ledger's own: conservation (L32), limits (L14)."""
    state.balances.validate()
    check_positions(state)
    check_trades(state)
    check_own(state)
    check_rows(state)


def check_positions(state: State) -> None:
    """Lots of one sign, oldest first, and no empty position."""
    for instrument in state.positions.instruments():
        for party, position in state.positions_of(instrument):
            place = f"{state.terms.instruments[instrument].name} of {'/'.join(state.terms.parties[party])}"
            _check_position(state, place, position)
    for trade, item in sorted(state.items.items()):
        states = [state.legs.get(row, "state") for row in (item.buyer_leg, item.seller_leg)]
        require(states == [LegState.OPEN] * 2, f"expected open legs behind the item of trade {trade}")


def _check_position(state: State, place: str, position: Position) -> None:
    signs = {lot[1] > 0 for lot in position.lots}
    days = [lot[0] for lot in position.lots]
    require(len(signs) <= 1 and all(lot[1] for lot in position.lots), f"expected lots of one sign at {place}")
    require(
        days == sorted({*days}) and max(days, default=0) <= state.today, f"expected lots by age at {place}"
    )
    require(bool(position.lots or position.amount), f"expected no empty position at {place}")
    states = {state.legs.get(row, "state") for row in position.legs}
    require(states <= {LegState.OPEN}, f"expected open legs behind the position at {place}")


def check_trades(state: State) -> None:
    """Legs of a trade sum to zero in amount, and before any split in quantity."""
    for trade in range(state.trades.count):
        legs = [state.leg(row) for row in state.legs_of(trade)]
        name = state.trade_name(trade).decode(errors="replace")
        amount, quantity = sum(leg.amount for leg in legs), sum(leg.quantity for leg in legs)
        require(amount == 0, f"expected the amounts of trade {name} to sum to 0, was {amount}")
        is_split = any(state.splits.get(leg.instrument) for leg in legs)
        require(
            quantity == 0 or is_split, f"expected the quantities of trade {name} to sum to 0, was {quantity}"
        )
        require(
            all(leg.trade == trade and leg.state != LegState.GONE for leg in legs),
            f"expected the legs of trade {name} to be its own, and not gone",
        )
        identity = state.trades.get(trade, "identity")
        require(state.trade_rows.get(bytes(identity)) == trade, f"expected trade {name} under its identity")


def check_own(state: State) -> None:
    """The CCP owns what its rules left with it, and not a unit more or less."""
    for instrument, one in enumerate(state.terms.instruments):
        found, allowed = ccp_securities(state, instrument), state.own_securities.get(instrument, 0)
        require(found == allowed, f"expected {allowed} {one.name} of the CCP's own, was {found}")
        deposits = state.own_deposits.get(instrument, 0)
        require(
            bool(state.splits.get(instrument)) or found == deposits,
            f"expected {deposits} {one.name} of the CCP as deposited, was {found}",
        )
    opened, waits = open_amounts(state), waiting_amounts(state)
    for currency, coin in enumerate(state.terms.currencies):
        # The CCP's own due and arrears are the other side of all the others'.
        owed = state.owed(currency, state.ccp)
        found = state.cash(currency, state.ccp) + owed - opened.get(currency, 0) - waits.get(currency, 0)
        # Variation margin of a member in default is paid before its counterparties' (M4).
        found += paid_so_far(state, currency)
        allowed = state.own_money.get(currency, 0)
        require(found == allowed, f"expected {allowed} {coin.name} of the CCP's own, was {found}")


def paid_so_far(state: State, currency: int) -> int:
    """What parties have received for their open contracts."""
    paid = state.margin.paid if state.margin else {}
    return sum(amount for (one, _), amount in paid.items() if state.currency(one) == currency)


def waiting_amounts(state: State) -> dict[int, int]:
    """Currency -> sum of the amounts of waiting legs."""
    sums: dict[int, int] = {}
    for instrument in state.waiting.instruments():
        currency = state.currency(instrument)
        amounts = sum(leg.amount for _, leg in state.waiting_rows(instrument))
        sums[currency] = sums.get(currency, 0) + amounts
    return sums


def check_rows(state: State) -> None:
    """Obligations of the last command: none empty, those of an instrument sum to zero."""
    sums: dict[int, list[int]] = {}
    for instrument, quantity, amount in state.out.rows:
        require(bool(quantity or amount), f"expected no empty obligation in instrument {instrument}")
        pair = sums.setdefault(instrument, [0, 0])
        pair[0] += quantity
        pair[1] += amount
    for instrument, pair in sums.items():
        name = state.terms.instruments[instrument].name
        require(pair == [0, 0], f"expected the obligations of {name} to sum to 0, was {pair}")
