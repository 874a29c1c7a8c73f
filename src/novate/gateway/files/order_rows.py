"""Rows of an order file into COMMAND records, a whole piece of the file at a time.

    columns of text -> words to codes -> decimals to ticks and lots -> times -> commands of the good rows
                            |                   |                       |
                            +-------------------+-----------------------+--> first defect of the others

    row  new, min_quantity 50     ->  TERMS | NEW           one row, two records: the staged one first
    row  new_oco, leg_stop 9.80   ->  LEG | NEW_OCO

The ladder: command, market, account, client_order_id, leg_client_order_id, session, side, order_type,
time_in_force, stp, leg_order_type, flags, state, quantity, price, stop_price, trail, display_quantity,
min_quantity, leg_price, leg_stop_price, leg_trail, window, max_quantity, expire_time, time. What needs the
state of a market (is this id live? does this price cross?) is the venue's to judge; its refusals join
`rejects.csv` later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from novate.domain.codes import CommandFlag, CommandKind, OrderType, RowReject, SelfTrade, TimeInForce
from novate.domain.records import (
    MAX_ACCOUNT,
    MAX_PRICE,
    MAX_QUANTITY,
    MMP_COMMAND,
    TERMS_COMMAND,
    Commands,
    new_commands,
)
from novate.gateway.files import order_words
from novate.gateway.files.lines import TextRows
from novate.gateway.files.market_steps import MarketSteps
from novate.gateway.files.problems import RejectedRow
from novate.gateway.files.row_checks import RowChecks
from novate.gateway.files.row_columns import UNKNOWN_WORD, RowColumns
from novate.gateway.files.text_numbers import Bools, Int64s, Numbers
from novate.gateway.files.text_times import times

MAX_SESSION = 2**16 - 1
MAX_POSITION = 2**41
MAX_WINDOW = 2**62
YES_OR_NO = (
    ("post_only", CommandFlag.POST_ONLY),
    ("hidden", CommandFlag.HIDDEN),
    ("reduce_only", CommandFlag.REDUCE_ONLY),
    ("mmp", CommandFlag.MMP),
)


@dataclass(frozen=True, slots=True)
class DecodedRows:
    """The commands of a piece, the rows that they came from, and the rows that gave none."""

    commands: Commands
    rows: Int64s
    """Of every record; a row whose command has a staged record stands twice."""
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
        decoding.pairs()
        decoding.market_makers()
        self._latest = decoding.times(self._latest)
        return decoding.result(piece)


class _Piece(RowColumns):
    """One piece on its way: the records that are being filled, and those to be staged before them."""

    def __init__(self, steps: MarketSteps, piece: TextRows) -> None:
        super().__init__(steps, piece)
        self.commands = new_commands(len(piece.rows))
        self.staged = new_commands(len(piece.rows))
        """A TERMS or LEG record where `kind` is not 0."""

    def identity(self) -> None:
        """Whose command it is, about which order of which market."""
        kind = self.words("command", order_words.KINDS, UNKNOWN_WORD, self.everywhere)
        self.is_pair: Bools = kind == CommandKind.NEW_OCO
        self.new: Bools = (kind == CommandKind.NEW) | self.is_pair
        self.amend: Bools = kind == CommandKind.AMEND
        self.mass: Bools = kind == CommandKind.MASS_CANCEL
        self.state: Bools = kind == CommandKind.STATE
        self.position: Bools = kind == CommandKind.POSITION
        self.reference: Bools = kind == CommandKind.SET_REF
        self.mmp_set: Bools = kind == CommandKind.MMP_SET
        of_order: Bools = self.new | self.amend | (kind == CommandKind.CANCEL)
        of_account: Bools = of_order | self.position | self.mmp_set | (kind == CommandKind.MMP_RESET)
        self.commands["kind"] = np.where(kind == UNKNOWN_WORD, 0, kind)
        self.read_market()
        self.commands["market"] = self.market
        account = self.whole("account", 0, MAX_ACCOUNT, of_account, self.mass, flag=CommandFlag.ACCOUNT_GIVEN)
        stranger = (of_account | (self.mass & account.given)) & ~self.steps.knows_accounts(account.values)
        self.checks.refuse(
            stranger,
            RowReject.UNKNOWN_ACCOUNT,
            lambda i: f'account: expected an account of the configuration, was "{self.found("account", i)}"',
        )
        self.commands["account"] = account.values
        order_id = self.whole("client_order_id", -(2**63), 2**64 - 1, of_order)
        self.commands["client_order_id"] = np.where(of_order, order_id.values, 0)
        self.leg_id = self.whole("leg_client_order_id", -(2**63), 2**64 - 1, self.is_pair)
        none = np.zeros(len(kind), bool)
        session = self.whole("session", 0, MAX_SESSION, none, self.everywhere, flag=CommandFlag.SESSION_GIVEN)
        self.commands["session"] = session.values

    def attributes(self) -> None:
        """What kind of order it is."""
        words = order_words
        side = self.words("side", words.SIDES, 0, self.new | self.mass)
        self.require("side", self.new)
        self.commands["side"] = np.where(self.new | self.mass, side, 0)
        for field, column, codes, default in (
            ("order_type", "order_type", words.ORDER_TYPES, int(OrderType.LIMIT)),
            ("time_in_force", "time_in_force", words.TIMES_IN_FORCE, int(TimeInForce.GTC)),
            ("stp", "stp", words.SELF_TRADE_MODES, int(SelfTrade.DEFAULT)),
        ):
            self.commands[field] = np.where(self.new, self.words(column, codes, default, self.new), 0)
        self.leg_type = self.words("leg_order_type", words.ORDER_TYPES, int(OrderType.STOP), self.is_pair)
        for column, flag in YES_OR_NO:
            self.mark(flag, self.new & (self.words(column, words.YES_OR_NO, 0, self.new) == 1))
        state = self.words("state", words.STATES, 0, self.state)
        self.require("state", self.state)
        self.commands["state"] = np.where(self.state, state, 0)

    def numbers(self) -> None:
        """Quantities in lots and prices in ticks; a POSITION is carried where others have their price."""
        orders = self.new | self.amend
        self.require("quantity", self.new | self.position)
        quantity = self.quantities("quantity", orders, MAX_QUANTITY)
        position = self.positions("quantity", self.position, MAX_POSITION)
        self.require("price", self.reference)
        price = self.prices("price", orders | self.reference, MAX_PRICE)
        stop = self.prices("stop_price", orders, MAX_PRICE)
        trail = self.distances("trail", orders, MAX_PRICE)
        display = self.quantities("display_quantity", orders, MAX_QUANTITY)
        self.commands["quantity"] = quantity.values
        self.commands["price"] = price.values + position.values
        # No order has both a stop price and a trail: the venue refuses one that says both.
        self.commands["stop"] = np.where(stop.given, stop.values, trail.values)
        self.commands["display"] = display.values
        self._given(
            (quantity, CommandFlag.QUANTITY_GIVEN), (price, CommandFlag.PRICE_GIVEN),
            (stop, CommandFlag.STOP_GIVEN), (trail, CommandFlag.TRAIL_GIVEN),
            (display, CommandFlag.DISPLAY_GIVEN),
        )  # fmt: skip
        least = self.quantities("min_quantity", self.new, MAX_QUANTITY)
        self.mark(CommandFlag.MIN_QTY_GIVEN, least.given)
        # A pair has no room for terms; the venue refuses one that asks for a minimum quantity.
        staged = least.given & ~self.is_pair
        self.mark(CommandFlag.HAS_TERMS, staged)
        terms = self.staged.view(TERMS_COMMAND)
        terms["kind"][staged] = CommandKind.TERMS
        terms["min_quantity"][staged] = least.values[staged]

    def pairs(self) -> None:
        """The trigger leg of a pair: what it does not share with the limit leg has columns of its own."""
        price = self.prices("leg_price", self.is_pair, MAX_PRICE)
        stop = self.prices("leg_stop_price", self.is_pair, MAX_PRICE)
        trail = self.distances("leg_trail", self.is_pair, MAX_PRICE)
        legs = self.commands[self.is_pair]
        legs["kind"] = CommandKind.LEG
        legs["client_order_id"] = self.leg_id.values[self.is_pair]
        legs["order_type"] = self.leg_type[self.is_pair]
        legs["price"] = price.values[self.is_pair]
        legs["stop"] = np.where(stop.given, stop.values, trail.values)[self.is_pair]
        legs["display"] = 0
        flags = np.full(len(self.flags), int(CommandFlag.QUANTITY_GIVEN), np.uint16)
        flags |= self.flags & np.uint16(CommandFlag.SESSION_GIVEN)
        for numbers, flag in (
            (price, CommandFlag.PRICE_GIVEN),
            (stop, CommandFlag.STOP_GIVEN),
            (trail, CommandFlag.TRAIL_GIVEN),
        ):
            flags[numbers.given] |= np.uint16(flag)
        legs["flags"] = flags[self.is_pair]
        self.staged[self.is_pair] = legs

    def market_makers(self) -> None:
        """Market-maker protection: how much may trade in which time."""
        window = self.whole("window", 1, MAX_WINDOW, self.mmp_set)
        self.require("max_quantity", self.mmp_set)
        most = self.quantities("max_quantity", self.mmp_set, MAX_POSITION)
        view = self.commands.view(MMP_COMMAND)
        view["window"][self.mmp_set] = window.values[self.mmp_set]
        view["max_quantity"][self.mmp_set] = most.values[self.mmp_set]

    def times(self, latest: int) -> int:
        """Set the times; refuse rows that go back. Returns the latest time of all good rows so far."""
        expire = times(self.text["expire_time"], self.steps.business_date)
        self.checks.refuse_defects("expire_time", expire, self.new, RowReject.OUT_OF_RANGE)
        ends = np.where(self.new, expire.values, 0)
        timed = self.new & expire.given
        self.commands["expire"] = ends
        self.mark(CommandFlag.EXPIRE_GIVEN, timed)
        legs = self.is_pair & timed
        self.staged["expire"][legs] = ends[legs]
        self.staged["flags"][legs] |= np.uint16(CommandFlag.EXPIRE_GIVEN)
        time = times(self.text["time"], self.steps.business_date)
        self.checks.refuse_defects("time", time, self.everywhere, RowReject.OUT_OF_RANGE)
        counts = time.given & ~self.checks.refused
        reached = np.maximum.accumulate(np.concatenate(([latest], np.where(counts, time.values, 0))))
        self.checks.refuse(
            counts & (time.values < reached[:-1]),
            RowReject.TIME_BACKWARDS,
            lambda i: f'time: expected {reached[i]} or later, was "{self.found("time", i)}"',
        )
        # A staged record carries no time: what happens when the clock moves belongs to its command.
        self.commands["time"] = time.values
        return int(reached[-1])

    def result(self, piece: TextRows) -> DecodedRows:
        self.commands["flags"] = self.flags
        good = ~self.checks.refused
        rejects = self.checks.rejected(piece.rows, _row_texts(piece.columns, self.checks))
        if piece.malformed:
            rejects = sorted([*rejects, *piece.malformed], key=lambda reject: reject.row)
        commands, staged = self.commands[good], self.staged[good]
        two = staged["kind"] != 0
        if not two.any():
            return DecodedRows(commands, piece.rows[good], rejects)
        records = new_commands(len(commands) + int(two.sum()))
        last = np.cumsum(np.where(two, 2, 1)) - 1
        records[last] = commands
        records[last[two] - 1] = staged[two]
        return DecodedRows(records, np.repeat(piece.rows[good], np.where(two, 2, 1)), rejects)

    def _given(self, *fields: tuple[Numbers, CommandFlag]) -> None:
        """Flags of the optional fields of an order that were given."""
        for numbers, flag in fields:
            self.mark(flag, numbers.given & ~self.reference)


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
