"""`novate clear` over days: trade files through the house of many days, date by date.

    files --by trade date--> for each business date:  take its trades, NET what is due today, bring in what is
                             lacking (or not: --holdings), SETTLE, ROLL --> OUT/clearing/days/DATE

A trade is taken on its trade date, or on the next date on which the house is open; what is dated before the
first date is taken on it, what is dated after the last is refused there (FUTURE_TRADE_DATE). The dates end
when the last due date was settled. Without holdings every short and every payer gets before SETTLE what it
lacks, so that nothing fails and the obligations are those of the one pass of `clear.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from novate.app.adopt import adopt_from_file
from novate.app.clearing_day_files import DayFiles
from novate.app.clearing_house import House
from novate.app.clearing_returns import TakenFile
from novate.app.clearing_small_files import read_holdings
from novate.app.clearing_take import Answers, PreparedTrades
from novate.app.configuration import embedded_configuration
from novate.app.problems import RefusedError
from novate.app.trade_files import TradeDelivery, read_trades, require_totals
from novate.clearing.house_terms import day_text
from novate.domain.calendar import OpenDays
from novate.domain.configuration import Configuration

Json = dict[str, Any]
Progress = Callable[[str, int, int], None]
MOST_DATES = 400
"""Business dates of a run; more are taken for a mistake in a date of the file."""


class DaysSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run over days did."""

    out: str
    files: list[TakenFile]
    days: list[DayFiles]
    open_at_the_end: int
    """Positions and trades that are open after the last date."""
    waiting_at_the_end: int
    """Legs whose due date has not come."""


class DayRange(msgspec.Struct, frozen=True, kw_only=True):
    """The business dates of a run; None: as the trades say."""

    first: str | None = None
    last: str | None = None


def clear_days(
    paths: Sequence[Path],
    out: Path,
    configuration: Configuration | None = None,
    *,
    dates: DayRange | None = None,
    holdings: Path | None = None,
    adopt: bool = False,
    settle_days: int = 1,
    progress: Progress | None = None,
) -> DaysSummary:
    """Clear trade files date by date into a new house in OUT/clearing.

    Raises TradeFileError for a file that cannot be read at all or whose control totals are wrong,
    SmallFileError for holdings that cannot be read, RefusedError where OUT has a house already or the dates
    cannot be, OSError.
    """
    tell = progress or (lambda what, done, total: None)
    if (out / "clearing").exists():
        raise RefusedError(f"{out}: expected a directory without a clearing house, was one; give another --out")
    tell("reading", 0, 0)
    deliveries = [_read(path) for path in paths]
    found = configuration
    if adopt:
        for delivery in deliveries:
            found = adopt_from_file(delivery.columns, found, settle_days)
    base = found or embedded_configuration()
    wanted = dates or DayRange()
    first = _first_date(deliveries, wanted, base)
    founded = msgspec.structs.replace(base, business_date=first)
    with House.found(out, founded, segment_bytes=_segment_bytes(deliveries)) as house:
        return _Run(house, paths, deliveries, wanted).run(out, holdings, tell)


def _read(path: Path) -> TradeDelivery:
    delivery = read_trades(path)
    require_totals(path, delivery)
    return delivery
