"""The clearing house in its first form: one pass from a delivery of trades to obligations.

    TradeColumns --capture--> numbers --ladder--> reasons --versions--> trades in force
                                                     |
                 refusals <--------------------------+
    trades in force --novate--> legs --net--> nets --> obligation file, efficiency
                                  |
                                  +--> positions

Everything due is taken as settled on its date, so each settlement date is one netting cycle `D/N1` over the
legs that are due then, and nothing is carried from one cycle to the next. Each trade arrives on its own
trade date unless the delivery says otherwise; a T+0 trade is netted on that same date, after the last one.

Deterministic: the same delivery gives the same bytes; the order of its rows does not matter, except which of
two rows with one identity and different contents is the first.
"""

from __future__ import annotations

import msgspec
import numpy as np

from novate.clearing.efficiency import Efficiency, efficiency
from novate.clearing.leaves import trade_texts
from novate.clearing.netting import net
from novate.clearing.novation import Legs, novate
from novate.clearing.obligations import ObligationFile, obligation_file
from novate.clearing.positions import Position, positions
from novate.clearing.terms import clearing_terms
from novate.clearing.trades.capture import capture
from novate.clearing.trades.columns import TradeColumns
from novate.clearing.trades.ladder import check_rows
from novate.clearing.trades.refusals import Refusal, refusals
from novate.clearing.trades.versions import Versions, resolve_versions
from novate.domain.configuration import Configuration


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How the rows of a delivery were answered: `read = accepted + rejected`, and
    `accepted = in_force + duplicates + superseded`."""

    read: int
    accepted: int
    rejected: int
    duplicates: int
    superseded: int
    in_force: int
    undelivered: int
    """Trades in force of futures and perpetuals: they make positions, no obligations."""


class ClearingResult(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one run of the clearing house says."""

    delivery: Delivery
    answers: Versions
    """The answer to every row, in order of arrival."""
    refusals: list[Refusal]
    positions: list[Position]
    obligations: ObligationFile
    efficiency: Efficiency


def clear_trades(columns: TradeColumns, configuration: Configuration) -> ClearingResult:
    """Clear a delivery under a checked configuration."""
    terms = clearing_terms(configuration)
    trades = capture(columns, terms)
    checked = check_rows(columns, trades, terms)
    answers = resolve_versions(columns, trades.version, checked.reason)
    rows = np.flatnonzero(answers.in_force)
    legs = novate(trades, checked.amounts.minor, checked.dates.due_day, rows)

    delivered = np.array([one.is_delivered for one in terms.instruments], bool)[trades.instrument[rows]]
    due_rows = rows[delivered]
    due_legs = _legs_of(legs, np.repeat(delivered, 2))
    texts = trade_texts(columns, trades.version, due_rows)
    nets = net(due_legs, np.repeat(checked.dates.cycle_day[due_rows], 2), texts, terms)

    rejected = int(np.count_nonzero(answers.reason))
    return ClearingResult(
        delivery=Delivery(
            read=len(columns),
            accepted=len(columns) - rejected,
            rejected=rejected,
            duplicates=int(np.count_nonzero(answers.is_duplicate)),
            superseded=int(np.count_nonzero(answers.is_superseded)),
            in_force=len(rows),
            undelivered=len(rows) - len(due_rows),
        ),
        answers=answers,
        refusals=refusals(columns, answers.reason, terms),
        positions=positions(legs, terms),
        obligations=obligation_file(nets, terms),
        efficiency=efficiency(nets, terms),
    )


def _legs_of(legs: Legs, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Legs:
    """The chosen legs."""
    return Legs(
        party=legs.party[chosen],
        instrument=legs.instrument[chosen],
        due_day=legs.due_day[chosen],
        quantity=legs.quantity[chosen],
        amount=legs.amount[chosen],
    )
