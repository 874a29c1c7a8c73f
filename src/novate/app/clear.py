"""`novate clear`: a file of trades in, obligations, positions and an answer to every row out.

    trades.csv[.gz] | trades.parquet --> TradeColumns --> clearing house --> DIR/obligations.csv
    novate.toml, or --adopt ------------> Configuration -----^              DIR/positions.csv
                                                                            DIR/rejects.csv
                                                              DIR/returns.csv

All files are written under temporary names first and renamed together at the end: an interrupted run leaves
what was there before. Results of an earlier `novate clear` are replaced, those of other commands never.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from pathlib import Path

import msgspec

from novate.app.adopt import adopt_from_file
from novate.app.clear_returns import returns_csv
from novate.app.configuration import embedded_configuration
from novate.app.destination import expect_place
from novate.app.trade_files import MalformedRow, read_trades, require_totals
from novate.app.whole_files import Piece, write_together
from novate.clearing.efficiency import CycleTotals, Efficiency, saved_ppm
from novate.clearing.house import ClearingResult, Delivery, clear_trades
from novate.clearing.lines import quoted
from novate.clearing.positions import POSITION_COLUMNS, Positions
from novate.clearing.trades.refusals import Refusal
from novate.domain.configuration import Configuration
from novate.gateway.files import only_writer

OUTPUTS = ("obligations.csv", "positions.csv", "rejects.csv", "returns.csv")
REJECT_COLUMNS = ("row", "source", "trade_id", "reason", "message")
Progress = Callable[[str], None]


class ClearSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What a run of `novate clear` did; the command line shows it, `--json` prints it."""

    out: str
    delivery: Delivery
    rejects_by_reason: dict[str, int]
    obligations: int
    digest: str
    """SHA-256 of the body of obligations.csv."""
    cycles: list[CycleTotals]
    saved_ppm: dict[str, int]
    """Per currency over all cycles."""
    efficiency: Efficiency


def clear_file(
    path: Path,
    out: Path,
    configuration: Configuration | None = None,
    adopt: bool = False,
    settle_days: int = 1,
    progress: Progress | None = None,
) -> ClearSummary:
    """Clear the trades of a file and write the results to the folder `out`.

    Without a configuration: with `adopt` everything comes from the file, otherwise the embedded default
    says who may trade what. `progress` is told the name of each step. Raises TradeFileError for a file
    that cannot be read at all, RefusedError where results must not go, OSError where they cannot.
    """
    tell = progress or (lambda step: None)
    expect_place(out, OUTPUTS, [path])
    tell("reading")
    delivery = read_trades(path)
    require_totals(path, delivery)
    if adopt:
        configuration = adopt_from_file(delivery.columns, configuration, settle_days)
    elif configuration is None:
        configuration = embedded_configuration()
    tell("clearing")
    result = clear_trades(delivery.columns, configuration)
    rejects = all_rejects(delivery.malformed, result)
    tell("writing")
    files: dict[str, Iterable[Piece]] = {
        "obligations.csv": result.obligations.chunks,
        "positions.csv": positions_csv(result.position_columns),
        "rejects.csv": [rejects_csv(rejects)],
        "returns.csv": returns_csv(delivery, result),
    }
    with only_writer(out):
        write_together(out, files)
    return _summary(out, result, rejects, len(delivery.malformed))


def all_rejects(malformed: list[MalformedRow], result: ClearingResult) -> list[Refusal]:
    """Rows without the right form and rows that broke a rule, in the order of the file."""
    torn = [Refusal(one.row, "", "", "MALFORMED_ROW", one.message) for one in malformed]
    return sorted([*torn, *result.refusals], key=lambda refusal: refusal.row)


def positions_csv(positions: Positions) -> Iterator[Piece]:
    """positions.csv, in pieces: integers in the units of each instrument and currency."""
    yield (quoted(*POSITION_COLUMNS) + "\n").encode()
    yield from positions.lines()


def rejects_csv(rejects: Iterable[Refusal]) -> bytes:
    """The bytes of rejects.csv: row, identity, reason and message of every refused row."""
    cells = attrgetter(*REJECT_COLUMNS)
    lines = [quoted(*REJECT_COLUMNS), *(quoted(*cells(one)) for one in rejects)]
    # Bytes that were no UTF-8 in the input are shown, not passed on.
    return "".join(line + "\n" for line in lines).encode("utf-8", errors="backslashreplace")


def _summary(out: Path, result: ClearingResult, rejects: list[Refusal], malformed: int) -> ClearSummary:
    reasons: dict[str, int] = {}
    for refusal in rejects:
        reasons[refusal.reason] = reasons.get(refusal.reason, 0) + 1
    totals: dict[str, tuple[int, int]] = {}
    for cycle in result.efficiency.cycles:
        gross, net = totals.get(cycle.ccy, (0, 0))
        totals[cycle.ccy] = gross + cycle.gross_pay, net + cycle.net_pay
    answered = result.delivery
    return ClearSummary(
        out=str(out),
        delivery=msgspec.structs.replace(
            answered, read=answered.read + malformed, rejected=answered.rejected + malformed
        ),
        rejects_by_reason=dict(sorted(reasons.items())),
        obligations=len(result.obligations),
        digest=result.obligations.digest,
        cycles=result.efficiency.cycles,
        saved_ppm={ccy: saved_ppm(gross, net) for ccy, (gross, net) in sorted(totals.items())},
        efficiency=result.efficiency,
    )
