"""A trade file for a house of many days: rows become records by the column, answers become rows again.

    TradeDelivery --form--> torn rows: never journaled              --> REJECTED with a RowReject
                  --------> TEXT TRADE TEXT TRADE ...  one block    --> ACCEPTED DUPLICATE SUPERSEDED REJECTED

Names become the numbers of the house, texts of quantities its units; what has no meaning becomes a number
that the house refuses by its own ladder (C9), so that a file and a single command are judged alike.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from novate.app.conform_clearing_commands import CommandWriter
from novate.app.conform_clearing_records import price_fields
from novate.clearing.house_terms import FIRST_ORDINAL, HouseTerms
from novate.clearing.terms import ClearingTerms
from novate.clearing.trades.capture import INVALID, UNKNOWN, Vocabulary
from novate.clearing.trades.columns import Coded, TradeColumns, constant
from novate.clearing.trades.ladder import check_rows
from novate.clearing.trades.refusals import Refusal, refusals
from novate.clearing.trades.texts import Texts
from novate.domain.clearing_codes import ClearingCommand, ClearingEvent, ClearingFlag
from novate.domain.clearing_records import CLEARING_COMMAND, RECORD_BYTES, TEXT_BYTES, Records
from novate.domain.codes import ClearingReject, RowReject
from novate.domain.machine import BrokenInvariant

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
NUMBERS = {
    ClearingEvent.ACCEPTED: 0,
    ClearingEvent.DUPLICATE: 1,
    ClearingEvent.SUPERSEDED: 2,
    ClearingEvent.REJECTED: 3,
}
"""Events that answer a delivery, as `Answers.numbers`."""
NO_ANSWER = -1
RECORD = np.dtype((np.void, RECORD_BYTES))
"""A record as so many bytes."""
NEVER = FIRST_ORDINAL
"""A settlement date before every trade date: what is no date is refused as that."""
HOUSE_WORDS = {
    ClearingReject.TRADE_CANCELLED: "trade_id: expected a trade that is not cancelled, because a"
    " cancellation is final, was a cancelled one",
    ClearingReject.TRADE_SETTLED: "trade_id: expected a trade that is not settled yet, was settled;"
    " correct it by a new trade",
    ClearingReject.VERSION_GAP: "version: expected the one after the highest that was delivered,"
    " was {version}",
    ClearingReject.INVALID_PRICE: "price: expected a decimal above 0 with at most {most} decimals,"
    ' was "{price}"',
}
"""Refusals that only a house of many days gives, or words otherwise than a bare file's."""
UNDELIVERED = (
    "instrument: expected one that is delivered, because futures and perpetuals make no obligations,"
    ' was "{instrument}"'
)


class Answers(msgspec.Struct, frozen=True, kw_only=True):
    """One answer per row of a part of a file."""

    rows: Int64s
    """Places in the columns."""
    numbers: Int32s
    """0 ACCEPTED, 1 DUPLICATE, 2 SUPERSEDED, 3 REJECTED."""
    refusals: list[Refusal]
    """Of the rejected rows, in their order."""


class PreparedTrades:
    """The rows of a file in the numbers of a house; parts of them are taken on the dates they belong to."""

    def __init__(
        self, columns: TradeColumns, terms: ClearingTerms, house: HouseTerms, writer: CommandWriter
    ) -> None:
        self.columns = columns
        self._terms = terms
        self._writer = writer
        vocabulary = Vocabulary(columns, terms)
        reason = check_rows(columns, terms).reason
        self.torn = np.where((reason > 0) & (reason < ClearingReject.INVALID_VERSION), reason, 0)
        """Reason of each row without the form of a trade, else 0."""
        self.trade_day: Int64s = columns.trade_date.look_up(vocabulary.trade_day)
        self._trades = self._numbers(vocabulary, house)

    def _numbers(self, vocabulary: Vocabulary, house: HouseTerms) -> Records:
        """(n,) TRADE records; sources are numbered when rows are taken."""
        columns, terms = self.columns, self._terms
        captured = vocabulary.capture(columns)
        settle_day = columns.settle_date.look_up(vocabulary.settle_day)
        records = np.zeros(len(columns), CLEARING_COMMAND)
        records["kind"] = ClearingCommand.TRADE
        numbers = {one.name: number for number, one in enumerate(house.instruments)}
        records["instrument"] = _mapped(
            captured.instrument, [numbers.get(one.isin, UNKNOWN) for one in terms.instruments]
        )
        parties = [house.parties.index(party) for party in terms.parties]
        records["party"] = _mapped(captured.buyer, parties)
        records["other_party"] = _mapped(captured.seller, parties)
        records["currency"] = captured.currency
        records["day"] = self.trade_day
        records["other_day"] = np.where(settle_day == INVALID, NEVER, settle_day)
        records["version"] = columns.version.look_up(vocabulary.version)
        records["quantity"] = captured.quantity
        _fill_prices(records, columns.price)
        return records

    def most_records(self) -> int:
        """Records that all rows together can need at most."""
        lengths = np.diff(self.columns.trade_id.starts)
        texts = int(np.maximum(-(-lengths // TEXT_BYTES), 1).sum())
        return texts + len(self.columns) + sum(1 + _pieces(name) for name in self.columns.source.values)

    def records(self, rows: Int64s) -> Records:
        """The records of the rows that have the form of a trade, with what names their sources in front."""
        good = rows[self.torn[rows] == 0]
        # As bytes here and below: records would be copied field by field.
        trades = self._trades.view(RECORD)[good].view(CLEARING_COMMAND)
        source = self.columns.source
        names, numbers = self._writer.named_sources(
            source.values[code] for code in np.unique(source.codes[good]).tolist()
        )
        trades["source"] = source.look_up(source.table(lambda text: numbers.get(text, 0)))[good]
        ids = self.columns.trade_id
        lengths = np.diff(ids.starts)[good]
        if lengths.max(initial=0) > TEXT_BYTES:
            return _with_long_texts(names, trades, [ids.raw(row) for row in good.tolist()])
        out = np.zeros(len(names) + 2 * len(trades), CLEARING_COMMAND)
        whole = out.view(RECORD)
        whole[: len(names)], whole[len(names) + 1 :: 2] = names.view(RECORD), trades.view(RECORD)
        raw = out[len(names) :].view(np.uint8).reshape(-1, RECORD_BYTES)[0::2]
        raw[:, 0] = ClearingCommand.TEXT
        raw[:, 1] = lengths
        _fill_texts(raw[:, 4:], ids, good, lengths)
        return out

    def answers(self, rows: Int64s, events: Records, today: str) -> Answers:
        """The answers to `rows`, of which those with the form of a trade gave `events` on the date."""
        kinds = events["kind"]
        of_kind = np.full(256, NO_ANSWER, np.int32)
        of_kind[list(NUMBERS)] = list(NUMBERS.values())
        is_answer = of_kind[kinds] != NO_ANSWER
        is_refusal = kinds == ClearingEvent.REJECTED
        is_answer &= ~is_refusal | (events["code"] == ClearingCommand.TRADE)
        found = np.flatnonzero(is_answer)
        torn = self.torn[rows]
        good = torn == 0
        if np.count_nonzero(good) != len(found):
            raise BrokenInvariant(f"Expected one answer to each of {good.sum()} trades, was {len(found)}")
        reason = torn.astype(np.int64)
        reason[good] = np.where(is_refusal[found], events["number"][found], 0)
        numbers = np.full(len(rows), NUMBERS[ClearingEvent.REJECTED], np.int32)
        numbers[good] = of_kind[kinds[found]]
        return Answers(
            rows=rows,
            numbers=numbers,
            refusals=self._refusals(rows, reason, today),
        )

    def _refusals(self, rows: Int64s, reason: Int64s, today: str) -> list[Refusal]:
        """The refused rows in words, in their order."""
        refused = rows[reason != 0]
        codes = reason[reason != 0]
        own = [self._own_words(row, code) for row, code in zip(refused.tolist(), codes.tolist(), strict=True)]
        common = np.zeros(len(self.columns), np.int16)
        for row, code, words in zip(refused.tolist(), codes.tolist(), own, strict=True):
            common[row] = 0 if words else code
        columns = msgspec.structs.replace(self.columns, arrival=constant(today, len(self.columns)))
        worded = iter(refusals(columns, common, self._terms))
        return [words or next(worded) for words in own]

    def _own_words(self, row: int, code: int) -> Refusal | None:
        columns = self.columns
        instrument = columns.instrument.text(row)
        if code == ClearingReject.UNKNOWN_INSTRUMENT and instrument in self._terms.instrument_numbers:
            words = UNDELIVERED
        elif code in HOUSE_WORDS and code >= ClearingReject.INVALID_VERSION:
            words = HOUSE_WORDS[ClearingReject(code)]
        else:
            return None
        said = words.format(
            version=columns.version.text(row),
            price=columns.price.text(row),
            most=self._terms.max_decimals,
            instrument=instrument,
        )
        source, trade_id = columns.source.text(row), columns.trade_id.text(row)
        return Refusal(int(columns.row[row]), source, trade_id, ClearingReject(code).name, said)


def _pieces(text: str) -> int:
    """TEXT records of a text."""
    return -(-len(text.encode(errors="surrogateescape")) // TEXT_BYTES) or 1


def _fill_texts(room: Bytes, ids: Texts, rows: Int64s, lengths: Int64s) -> None:
    """The texts of some rows, each no longer than the room of its record, which holds zeros; those of one
    length together."""
    starts = ids.starts[rows]
    for length in np.flatnonzero(np.bincount(lengths)).tolist():
        of_length = np.flatnonzero(lengths == length)
        if length:
            # A text of the length from every byte on, of which those that begin a row are taken.
            texts = np.ndarray(len(ids.data) - length + 1, f"V{length}", ids.data, strides=1)
            found = texts[starts[of_length]].view(np.uint8).reshape(-1, length)
            room[of_length, :length] = found


def _mapped(numbers: Int64s, table: Sequence[int]) -> Int64s:
    """Numbers from 0 by the table; those below zero say what is wrong and stay."""
    padded = np.array([*table, 0], np.int64)
    return np.where(numbers < 0, numbers, padded[np.maximum(numbers, 0)])


def _fill_prices(records: Records, price: Coded) -> None:
    """The fields of each distinct text of a price."""
    fields = [price_fields(text) for text in price.values]
    for place, name in enumerate(("price", "price_high", "decimals", "zeros", "flags")):
        table = np.array([one[place] for one in fields] or [0], np.int64)
        if len(price.codes):
            records[name] = table[price.codes]


def _with_long_texts(names: Records, trades: Records, texts: Sequence[bytes]) -> Records:
    """Records where some trade ids take more than one TEXT."""
    out = bytearray(names.tobytes())
    for trade, text in zip(trades, texts, strict=True):
        for start in range(0, len(text), TEXT_BYTES):
            piece = text[start : start + TEXT_BYTES]
            more = ClearingFlag.MORE_TEXT if start + TEXT_BYTES < len(text) else 0
            out += bytes((ClearingCommand.TEXT, len(piece), 0, more)) + piece.ljust(TEXT_BYTES, b"\0")
        out += trade.tobytes()
    return np.frombuffer(bytes(out), CLEARING_COMMAND)


assert RowReject.DUPLICATE_ID < ClearingReject.INVALID_VERSION, "one number says whether a row was torn"
