"""LOBSTER message files: what happened in a real book, turned back into the orders that made it happen.

    1  new limit order        -> NEW LIMIT GTC
    2  part of it cancelled   -> AMEND to the smaller total (keeps its place in the queue, R36)
    3  deleted                -> CANCEL
    4  executed, consecutive, -> one NEW LIMIT IOC from the other side: the aggressor, with the sum of the
       one time and side         sizes and the worst price of the run; hidden ones do not end a run
    5  hidden execution       -> skipped and counted     6  cross    7  halt: likewise

The file has no header: time, type, order id, size, price in dollars times 10,000, direction of the resting
order. Orders that rested before the file begins were never entered; what happened to them is counted as
unknown and not sent, because an aggressor sent for them would hit somebody else. `docs/lobster.md` says why
each choice is honest, `lobster_report.py` compares the result with history.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from novate.domain.codes import RowReject
from novate.domain.configuration import Configuration
from novate.domain.records import MAX_PRICE, MAX_QUANTITY
from novate.domain.resolve import MarketScale, market_scales
from novate.domain.units import INT64_MAX, format_decimal
from novate.gateway.files.fitted import market_of_lobster
from novate.gateway.files.lines import LineReader, TextRows
from novate.gateway.files.lobster_replay import LobsterReplay
from novate.gateway.files.order_file import OrderFile
from novate.gateway.files.parties import Parties
from novate.gateway.files.problems import RejectedRow
from novate.gateway.files.row_checks import RowChecks
from novate.gateway.files.text_numbers import Bools, Int64s, Numbers, decimals, integers, texts
from novate.gateway.files.text_times import NANOSECONDS, midnight_ns

COLUMNS = ["time", "type", "order_id", "size", "price", "direction"]
DAY_NS = 86_400 * NANOSECONDS
PRICE_DIGITS = 4
BOOK_TYPES = (1, 2, 3, 4)
PRICED_TYPES = (1, 4)


@dataclass(frozen=True, slots=True)
class _GoodRows:
    """Checked messages as columns of integers."""

    rows: Int64s
    columns: dict[str, Int64s]


def read_lobster(path: Path, configuration: Configuration) -> OrderFile:
    """The hour as commands; `extra` is the LobsterHour that `lobster_report.compare` needs."""
    market, note = market_of_lobster(configuration, path)
    scale = list(market_scales(configuration).values())[market]
    pieces: list[_GoodRows] = []
    rejects: list[RejectedRow] = []
    read = 0
    decoder = _MessageDecoder(scale, midnight_ns(configuration.business_date))
    for piece in LineReader(path).pieces(COLUMNS, header_lines=0):
        read += piece.read
        good, refused = decoder.decode(piece)
        pieces.append(good)
        rejects += refused
    replay = LobsterReplay(market, Parties(configuration))
    for good in pieces:
        replay.play(good.rows, good.columns)
    hour = replay.finish(scale)
    rejects = sorted([*rejects, *replay.rejects], key=lambda reject: reject.row)
    return OrderFile(
        path=path,
        format="lobster",
        commands=hour.commands,
        rows=hour.rows,
        rejects=rejects,
        read=read,
        accepted=read - len(rejects),
        notes=(note, *hour.counts.sentences()),
        extra=hour,
    )


class _MessageDecoder:
    """Checks pieces of a message file; remembers only how late it is."""

    def __init__(self, scale: MarketScale, midnight: int) -> None:
        self.scale = scale
        self.midnight = midnight
        digits = max(PRICE_DIGITS, scale.price_digits)
        self.price_factor = 10 ** (digits - PRICE_DIGITS)
        self.tick = scale.tick_units * 10 ** (digits - scale.price_digits)
        self._latest = 0

    def decode(self, piece: TextRows) -> tuple[_GoodRows, list[RejectedRow]]:
        text = {name: texts(piece.columns[name]) for name in COLUMNS}
        checks = RowChecks(len(piece.rows))
        kind = self._whole(checks, text, "type", 1, 7)
        time = self._time(checks, text["time"])
        booked = np.isin(kind, BOOK_TYPES)
        order_id = self._whole(checks, text, "order_id", 1, 2**63 - 1, booked)
        size = self._whole(checks, text, "size", 1, INT64_MAX // 10**self.scale.quantity_digits, booked)
        price = self._whole(checks, text, "price", 1, INT64_MAX // self.price_factor, booked)
        side = self._whole(checks, text, "direction", -1, 1, booked)
        checks.refuse(
            booked & (side == 0),
            RowReject.UNKNOWN_VALUE,
            lambda i: 'direction: expected 1 (buy) or -1 (sell), was "0"',
        )
        ticks = self._ticks(checks, np.isin(kind, PRICED_TYPES), price, text["price"])
        lots = self._lots(checks, booked, size, text["size"])
        good = ~checks.refused
        columns = {
            "time": time,
            "type": kind,
            "order_id": order_id,
            "lots": lots,
            "ticks": ticks,
            "side": side,
        }
        refused = checks.rejected(piece.rows, lambda i: ",".join(text[name][i].as_py() for name in COLUMNS))
        return _GoodRows(piece.rows[good], {n: v[good] for n, v in columns.items()}), [
            *piece.malformed,
            *refused,
        ]

    def _time(self, checks: RowChecks, column: pa.Array) -> Int64s:
        # Some files carry more than nine digits, left over from floating point; they are cut at nanoseconds.
        cut = pc.replace_substring_regex(column, r"^([0-9]+\.[0-9]{9})[0-9]+$", r"\1")
        seconds = decimals(cut, 9)
        everywhere = np.ones(len(column), bool)
        checks.refuse_defects("time", seconds, everywhere, RowReject.OUT_OF_RANGE)
        checks.refuse(
            ~seconds.given, RowReject.MISSING_FIELD, lambda i: "time: expected a value, was nothing"
        )
        checks.refuse(
            seconds.values >= DAY_NS,
            RowReject.OUT_OF_RANGE,
            lambda i: f'time: expected seconds after midnight below 86400, was "{column[i].as_py()}"',
        )
        reached = np.maximum.accumulate(
            np.concatenate(([self._latest], np.where(checks.refused, 0, seconds.values)))
        )
        checks.refuse(
            seconds.values < reached[:-1],
            RowReject.TIME_BACKWARDS,
            lambda i: (
                f'time: expected {format_decimal(int(reached[i]), 9)} or later, was "{column[i].as_py()}"'
            ),
        )
        self._latest = int(reached[-1])
        return seconds.values + self.midnight

    def _whole(
        self,
        checks: RowChecks,
        text: dict[str, pa.Array],
        name: str,
        low: int,
        high: int,
        where: Bools | None = None,
    ) -> Int64s:
        numbers: Numbers = integers(text[name], low, high)
        used = np.ones(len(numbers.values), bool) if where is None else where
        checks.refuse_defects(name, numbers, used, RowReject.OUT_OF_RANGE)
        checks.refuse(
            used & ~numbers.given, RowReject.MISSING_FIELD, lambda i: f"{name}: expected a value, was nothing"
        )
        return numbers.values

    def _ticks(self, checks: RowChecks, priced: Bools, price: Int64s, column: pa.Array) -> Int64s:
        ticks: Int64s = price * self.price_factor // self.tick
        rest = price * self.price_factor % self.tick
        expected = f"a price on the tick of {self.scale.price_text(1)}, in dollars times 10,000"
        checks.refuse(
            priced & (rest != 0),
            RowReject.PRICE_OFF_TICK,
            lambda i: f'price: expected {expected}, was "{column[i].as_py()}"',
        )
        checks.refuse(
            priced & (ticks > MAX_PRICE),
            RowReject.OUT_OF_RANGE,
            lambda i: f'price: expected at most {MAX_PRICE} ticks, was "{column[i].as_py()}"',
        )
        return ticks

    def _lots(self, checks: RowChecks, booked: Bools, size: Int64s, column: pa.Array) -> Int64s:
        units = size * 10**self.scale.quantity_digits
        lots: Int64s = units // self.scale.lot_units
        rest = units % self.scale.lot_units
        checks.refuse(
            booked & (rest != 0),
            RowReject.QUANTITY_OFF_LOT,
            lambda i: f'size: expected lots of {self.scale.quantity_text(1)}, was "{column[i].as_py()}"',
        )
        checks.refuse(
            booked & (lots > MAX_QUANTITY),
            RowReject.OUT_OF_RANGE,
            lambda i: f'size: expected at most {MAX_QUANTITY} lots, was "{column[i].as_py()}"',
        )
        return lots
