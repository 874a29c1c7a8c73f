"""Rows of an order file into COMMAND records, a whole piece of the file at a time.

    columns of text -> words to codes -> decimals to ticks and lots -> times -> commands of the good rows
                            |                   |                       |
                            +-------------------+-----------------------+--> first defect of the others

The ladder: command, market, account, client_order_id, session, side, order_type, time_in_force, stp, flags,
state, quantity, price, stop_price, display_quantity, expire_time, time. What needs the state of a market
(is this id live? does this price cross?) is the venue's to judge; its refusals join `rejects.csv` later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from novate.domain.codes import CommandFlag, CommandKind, OrderType, RowReject, SelfTrade, TimeInForce
from novate.domain.records import MAX_ACCOUNT, MAX_PRICE, MAX_QUANTITY, Commands, new_commands
from novate.gateway.files import order_words
from novate.gateway.files.lines import TextRows
from novate.gateway.files.market_steps import MarketSteps
from novate.gateway.files.problems import RejectedRow
from novate.gateway.files.row_checks import RowChecks
from novate.gateway.files.text_numbers import Bools, Int64s, Numbers, decimals, integers, texts
from novate.gateway.files.text_times import times

MAX_SESSION = 2**16 - 1
UNKNOWN_WORD = -1


@dataclass(frozen=True, slots=True)
class DecodedRows:
    """The commands of a piece, the rows that they came from, and the rows that gave none."""

    commands: Commands
    rows: Int64s
    rejects: list[RejectedRow]


class OrderRowDecoder:
    """Decodes piece after piece of one file; remembers only how late it is."""

    def __init__(self, steps: MarketSteps) -> None:
        self.steps = steps
        self._latest = 0

    def decode(self, piece: TextRows) -> DecodedRows:
        decoding = _Piece(self.steps, piece)
        decoding.identity()
        decoding.attributes()
        decoding.numbers()
        self._latest = decoding.times(self._latest)
        return decoding.result(piece)


class _Piece:
    """One piece on its way: the texts, the records that are being filled, the defects found so far."""

    def __init__(self, steps: MarketSteps, piece: TextRows) -> None:
        count = len(piece.rows)
        nothing = pa.array([""] * count, pa.string())
        given = piece.columns.column_names
        self.steps = steps
        self.text = {n: texts(piece.columns[n]) if n in given else nothing for n in order_words.COLUMNS}
        self._unpacked: dict[str, list[str]] = {}
        self.checks = RowChecks(count)
        self.commands = new_commands(count)
        self.flags = np.zeros(count, np.uint16)
        self.everywhere: Bools = np.ones(count, bool)

    def identity(self) -> None:
        """Whose command it is, about which order of which market."""
        kind = self._words("command", order_words.KINDS, UNKNOWN_WORD, self.everywhere)
        self.new: Bools = kind == CommandKind.NEW
        self.amend: Bools = kind == CommandKind.AMEND
        self.mass: Bools = kind == CommandKind.MASS_CANCEL
        self.state: Bools = kind == CommandKind.STATE
        self.of_order: Bools = self.new | self.amend | (kind == CommandKind.CANCEL)
        self.commands["kind"] = np.where(kind == UNKNOWN_WORD, 0, kind)
        self.market = self._market()
        account = self._whole(
            "account", 0, MAX_ACCOUNT, self.of_order, self.mass, flag=CommandFlag.ACCOUNT_GIVEN
        )
        stranger = (self.of_order | (self.mass & account.given)) & ~self.steps.knows_accounts(account.values)
        self.checks.refuse(
            stranger,
            RowReject.UNKNOWN_ACCOUNT,
            lambda i: f'account: expected an account of the configuration, was "{self._found("account", i)}"',
        )
        self.commands["account"] = account.values
        order_id = self._whole("client_order_id", -(2**63), 2**64 - 1, self.of_order)
        self.commands["client_order_id"] = np.where(self.of_order, order_id.values, 0)
        none = np.zeros(len(kind), bool)
        session = self._whole(
            "session", 0, MAX_SESSION, none, self.everywhere, flag=CommandFlag.SESSION_GIVEN
        )
        self.commands["session"] = session.values

    def attributes(self) -> None:
        """What kind of order it is."""
        words = order_words
        side = self._words("side", words.SIDES, 0, self.new | self.mass)
        self._require("side", self.new)
        self.commands["side"] = np.where(self.new | self.mass, side, 0)
        for field, column, codes, default in (
            ("order_type", "order_type", words.ORDER_TYPES, int(OrderType.LIMIT)),
            ("time_in_force", "time_in_force", words.TIMES_IN_FORCE, int(TimeInForce.GTC)),
            ("stp", "stp", words.SELF_TRADE_MODES, int(SelfTrade.DEFAULT)),
        ):
            self.commands[field] = np.where(self.new, self._words(column, codes, default, self.new), 0)
        for column, flag in (("post_only", CommandFlag.POST_ONLY), ("hidden", CommandFlag.HIDDEN)):
            chosen = self._words(column, words.YES_OR_NO, 0, self.new) == 1
            self.flags[self.new & chosen] |= np.uint16(flag)
        state = self._words("state", words.STATES, 0, self.state)
        self._require("state", self.state)
        self.commands["state"] = np.where(self.state, state, 0)

    def numbers(self) -> None:
        """Quantities in lots and prices in ticks."""
        orders = self.new | self.amend
        flags = CommandFlag
        self._require("quantity", self.new)
        quantity = self._steps("quantity", orders, self.steps.quantity_digits, self.steps.lot, MAX_QUANTITY)
        price = self._steps("price", orders, self.steps.price_digits, self.steps.tick, MAX_PRICE)
        stop = self._steps("stop_price", orders, self.steps.price_digits, self.steps.tick, MAX_PRICE)
        display = self._steps(
            "display_quantity", orders, self.steps.quantity_digits, self.steps.lot, MAX_QUANTITY
        )
        for field, numbers, flag in (
            ("quantity", quantity, flags.QUANTITY_GIVEN),
            ("price", price, flags.PRICE_GIVEN),
            ("stop", stop, flags.STOP_GIVEN),
            ("display", display, flags.DISPLAY_GIVEN),
        ):
            self.commands[field] = numbers.values
            self.flags[numbers.given] |= np.uint16(flag)

    def times(self, latest: int) -> int:
        """Set the times; refuse rows that go back. Returns the latest time of all good rows so far."""
        expire = times(self.text["expire_time"], self.steps.business_date)
        self.checks.refuse_defects("expire_time", expire, self.new, RowReject.OUT_OF_RANGE)
        self.commands["expire"] = np.where(self.new, expire.values, 0)
        self.flags[self.new & expire.given] |= np.uint16(CommandFlag.EXPIRE_GIVEN)
        time = times(self.text["time"], self.steps.business_date)
        self.checks.refuse_defects("time", time, self.everywhere, RowReject.OUT_OF_RANGE)
        counts = time.given & ~self.checks.refused
        reached = np.maximum.accumulate(np.concatenate(([latest], np.where(counts, time.values, 0))))
        self.checks.refuse(
            counts & (time.values < reached[:-1]),
            RowReject.TIME_BACKWARDS,
            lambda i: f'time: expected {reached[i]} or later, was "{self._found("time", i)}"',
        )
        self.commands["time"] = time.values
        return int(reached[-1])

    def result(self, piece: TextRows) -> DecodedRows:
        self.commands["flags"] = self.flags
        good = ~self.checks.refused
        rejects = self.checks.rejected(piece.rows, _row_texts(piece.columns, self.checks))
        if piece.malformed:
            rejects = sorted([*rejects, *piece.malformed], key=lambda reject: reject.row)
        return DecodedRows(self.commands[good], piece.rows[good], rejects)

    def _market(self) -> Int64s:
        """Market numbers; 0 stands where the market is refused."""
        self._require("market", self.everywhere)
        market = _coded(self.text["market"], self.steps.numbers, UNKNOWN_WORD, exact=True)
        self.checks.refuse(
            market == UNKNOWN_WORD,
            RowReject.UNKNOWN_MARKET,
            lambda i: f'market: expected a market of the configuration, was "{self._found("market", i)}"',
        )
        known: Int64s = np.where(market == UNKNOWN_WORD, 0, market)
        self.commands["market"] = known
        return known

    def _words(self, column: str, codes: dict[str, int], default: int, where: Bools) -> Int64s:
        """Codes of the words; words that are none are refused on the rows of the mask."""
        found = _coded(self.text[column], codes, default)
        self.checks.refuse(
            where & (found == UNKNOWN_WORD),
            RowReject.UNKNOWN_VALUE,
            lambda i: f'{column}: expected one of {", ".join(codes)}, was "{self._found(column, i)}"',
        )
        return np.where(found == UNKNOWN_WORD, 0 if default != UNKNOWN_WORD else UNKNOWN_WORD, found)

    def _whole(
        self, column: str, low: int, high: int, required: Bools, optional: Bools | None = None, flag: int = 0
    ) -> Numbers:
        """Whole numbers of a column; `flag` is set where an optional one is given."""
        self._require(column, required)
        numbers = integers(self.text[column], low, high)
        used = required if optional is None else required | optional
        self.checks.refuse_defects(column, numbers, used, RowReject.OUT_OF_RANGE)
        if flag and optional is not None:
            self.flags[optional & numbers.given] |= np.uint16(flag)
        return numbers

    def _steps(self, column: str, where: Bools, digits: int, step: Int64s, highest: int) -> Numbers:
        """Decimals of a column in whole steps of the row's market, 1..highest."""
        priced = column.endswith("price")
        off_step = RowReject.PRICE_OFF_TICK if priced else RowReject.QUANTITY_OFF_LOT
        numbers = decimals(self.text[column], digits)
        self._refuse_off_step(column, numbers, where, step, off_step)
        steps, rest = np.divmod(numbers.values, step[self.market])
        used = where & numbers.given
        self.checks.refuse(used & (rest != 0), off_step, lambda i: self._off_step_message(column, i))
        unit = "ticks" if priced else "lots"
        self.checks.refuse(
            used & ((steps < 1) | (steps > highest)),
            RowReject.OUT_OF_RANGE,
            lambda i: (
                f"{column}: expected 1 to {highest} {unit},"
                f' was "{self._found(column, i)}" = {steps[i]} {unit}'
            ),
        )
        return Numbers(np.where(used & ~self.checks.refused, steps, 0), used, {})

    def _refuse_off_step(
        self, column: str, numbers: Numbers, where: Bools, step: Int64s, off_step: RowReject
    ) -> None:
        """Defects of the texts; digits finer than any step are told as the market's own step."""
        for index, (reason, _) in numbers.defects.items():
            if reason is RowReject.PRICE_OFF_TICK:
                numbers.defects[index] = (reason, self._off_step_message(column, index).split(": ", 1)[1])
        self.checks.refuse_defects(column, numbers, where, off_step)

    def _off_step_message(self, column: str, index: int) -> str:
        scale = self.steps.scales[self.market[index]]
        if column.endswith("price"):
            expected = f"a price on the tick of {scale.price_text(1)}"
        else:
            expected = f"a quantity in lots of {scale.quantity_text(1)}"
        return f'{column}: expected {expected}, was "{self._found(column, index)}"'

    def _require(self, column: str, where: Bools) -> None:
        missing = np.asarray(pc.equal(self.text[column], ""))
        self.checks.refuse(
            where & missing, RowReject.MISSING_FIELD, lambda i: f"{column}: expected a value, was nothing"
        )

    def _found(self, column: str, index: int) -> str:
        """The text of a field; the whole column is unpacked when the first of its texts is asked for."""
        if column not in self._unpacked:
            self._unpacked[column] = self.text[column].to_pylist()
        return self._unpacked[column][index]


def _coded(column: pa.Array, codes: dict[str, int], default: int, exact: bool = False) -> Int64s:
    """Code of every word, `default` for no word, UNKNOWN_WORD for a word that is none."""
    encoded = pc.dictionary_encode(column)
    known = {"": default}
    words = encoded.dictionary.to_pylist()
    table = [known.get(word, codes.get(word if exact else word.upper(), UNKNOWN_WORD)) for word in words]
    found: Int64s = np.array(table or [0], np.int64)[np.asarray(encoded.indices)]
    return found


def _row_texts(columns: pa.Table, checks: RowChecks) -> Callable[[int], str]:
    """Gives refused rows as text again, for people who look for them in their file."""
    refused = np.flatnonzero(checks.refused)
    chosen = columns.take(pa.array(refused))
    fields = [["" if value is None else value for value in column.to_pylist()] for column in chosen.columns]
    place = {index: at for at, index in enumerate(refused.tolist())}

    def text(index: int) -> str:
        values = (field[place[index]] for field in fields)
        return ",".join(f'"{value}"' if "," in value else value for value in values)

    return text
