"""The clearing house in its first form: one pass from a delivery of trades to obligations.

    TradeColumns --capture--> numbers --ladder--> reasons --versions--> trades in force
                                                     |
                 refusals <--------------------------+
    trades in force --both legs of each--> gross sums --net--> nets --> obligation file, efficiency
                                               |
                                               +--> positions

Everything due is taken as settled on its date, so each settlement date is one netting cycle `D/N1` over the
legs that are due then, and nothing is carried from one cycle to the next. Each trade arrives on its own
trade date unless the delivery says otherwise; a T+0 trade is netted on that same date, after the last one.

Deterministic: the same delivery gives the same bytes; the order of its rows does not matter, except which of
two rows with one identity and different contents is the first.
"""

from __future__ import annotations

from functools import cached_property

import msgspec
import numpy as np

from novate.clearing.efficiency import Efficiency, efficiency
from novate.clearing.leaves import trade_texts
from novate.clearing.netting import gross, net
from novate.clearing.novation import TradesInForce
from novate.clearing.obligations import ObligationFile, obligation_file
from novate.clearing.positions import Position, Positions, positions
from novate.clearing.terms import clearing_terms
from novate.clearing.trades.columns import Int64s, TradeColumns
from novate.clearing.trades.ladder import CheckedTrades, check_rows
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


class ClearingResult(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """Everything that one run of the clearing house says."""

    delivery: Delivery
    answers: Versions
    """The answer to every row, in order of arrival."""
    refusals: list[Refusal]
    position_columns: Positions
    obligations: ObligationFile
    efficiency: Efficiency

    @cached_property
    def positions(self) -> list[Position]:
        """An object for each position, made when somebody asks."""
        return list(self.position_columns.rows())


def clear_trades(columns: TradeColumns, configuration: Configuration) -> ClearingResult:
    """Clear a delivery under a checked configuration."""
    terms = clearing_terms(configuration)
    checked = check_rows(columns, terms)
    answers = resolve_versions(columns, checked.reason)
    refused = refusals(columns, answers.reason, terms)
    rows = np.flatnonzero(answers.in_force)
    trades = _in_force(checked, rows)
    del checked
    sums, cells = gross(trades, terms)
    is_delivered = np.array([one.is_delivered for one in terms.instruments], bool)
    undelivered = len(rows) - int(np.count_nonzero(is_delivered[trades.instrument]))
    # Columns of millions of rows are given up as soon as nobody needs them.
    del trades
    nets = net(sums, cells, trade_texts(columns, rows), terms)
    del cells
    rejected = int(np.count_nonzero(answers.reason))
    return ClearingResult(
        delivery=Delivery(
            read=len(columns),
            accepted=len(columns) - rejected,
            rejected=rejected,
            duplicates=int(np.count_nonzero(answers.is_duplicate)),
            superseded=int(np.count_nonzero(answers.is_superseded)),
            in_force=len(rows),
            undelivered=undelivered,
        ),
        answers=answers,
        refusals=refused,
        position_columns=positions(sums, terms),
        obligations=obligation_file(nets, terms),
        efficiency=efficiency(nets, terms),
    )


def _in_force(checked: CheckedTrades, rows: Int64s) -> TradesInForce:
    """The trades of the rows; nothing is copied where that is all of them."""
    names = ("buyer", "seller", "instrument", "quantity", "amount", "dates")
    columns = {name: getattr(checked, name) for name in names}
    if len(rows) < len(checked.reason):
        columns = {name: column[rows] for name, column in columns.items()}
    return TradesInForce(cycle_days=checked.cycle_days, **columns)
