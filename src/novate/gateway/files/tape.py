"""The neutral binary tape: orders of one market without accounts, as a public benchmark writes them.

    header 16 bytes   magic "100_WBEM" (8 bytes), version u32 = 1, count u32
    record 40 bytes   type u8, side u8, ioc u8, pad u8, quantity u32, sequence u64,
                      order_id u64, price_ticks i64, reserved i64             (count times)

    type 0 new, 1 cancel, 2 modify; side 0 buy, 1 sell. All little-endian; the file may be gz.

A modify is a cancel and a new order under the same id (R56), but only if the order rests. What rests is
followed here by a mirror of the book, so that the whole tape becomes commands before anything is matched.
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandFlag, CommandKind, OrderType, RowReject, SelfTrade, Side, TimeInForce
from novate.domain.configuration import Configuration
from novate.domain.records import MAX_PRICE, MAX_QUANTITY, Commands, new_commands
from novate.gateway.files.fitted import market_of_tape
from novate.gateway.files.order_file import OrderFile
from novate.gateway.files.parties import Parties
from novate.gateway.files.price_time_mirror import PriceTimeMirror
from novate.gateway.files.problems import FileProblem, RejectedRow
from novate.gateway.files.source import chunks
from novate.gateway.files.text_numbers import Bools, Int64s

TAPE_MESSAGE = np.dtype(
    [
        ("type", "u1"),
        ("side", "u1"),
        ("ioc", "u1"),
        ("pad", "u1"),
        ("quantity", "<u4"),
        ("sequence", "<u8"),
        ("order_id", "<u8"),
        ("price_ticks", "<i8"),
        ("reserved", "<i8"),
    ]
)
assert TAPE_MESSAGE.itemsize == 40

NEW, CANCEL, MODIFY = 0, 1, 2
MAGIC = b"100_WBEM"
VERSION = 1
HEADER = struct.Struct("<8sII")

Messages = npt.NDArray[np.void]


def read_tape(path: Path) -> Messages:
    """All messages. Raises FileProblem for a bad header, or if there are not as many records as it says."""
    data = b"".join(chunks(path))
    if len(data) < HEADER.size:
        raise FileProblem(path, f"a header of {HEADER.size} bytes", f"{len(data)} bytes")
    magic, version, count = HEADER.unpack_from(data)
    if magic != MAGIC:
        raise FileProblem(path, f"the magic {MAGIC!r}", f"{magic!r}", "header")
    if version != VERSION:
        raise FileProblem(path, f"version {VERSION}", f"version {version}", "header")
    body = len(data) - HEADER.size
    if body != count * TAPE_MESSAGE.itemsize:
        whole, rest = divmod(body, TAPE_MESSAGE.itemsize)
        found = f"{whole:,} records" + (f" and {rest} bytes" if rest else "")
        raise FileProblem(
            path, f"{count:,} records of {TAPE_MESSAGE.itemsize} bytes, as the header says", found
        )
    return np.frombuffer(data, TAPE_MESSAGE, offset=HEADER.size)


def tape_bytes(messages: Messages) -> bytes:
    """A tape of these messages."""
    return HEADER.pack(MAGIC, VERSION, len(messages)) + messages.astype(TAPE_MESSAGE).tobytes()


def check_messages(messages: Messages) -> tuple[Bools, list[RejectedRow]]:
    """Which messages can be played, and the refusals of the others."""
    rejects: dict[int, RejectedRow] = {}
    beyond = RowReject.OUT_OF_RANGE
    orders = (messages["type"] == NEW) | (messages["type"] == MODIFY)
    for bad, reason, field, expected in (
        (messages["type"] > MODIFY, RowReject.UNKNOWN_VALUE, "type", "0 (new), 1 (cancel) or 2 (modify)"),
        (messages["side"] > 1, RowReject.UNKNOWN_VALUE, "side", "0 (buy) or 1 (sell)"),
        (orders & ~_within(messages["quantity"], MAX_QUANTITY), beyond, "quantity", f"1 to {MAX_QUANTITY}"),
        (orders & ~_within(messages["price_ticks"], MAX_PRICE), beyond, "price_ticks", f"1 to {MAX_PRICE}"),
    ):
        for index in np.flatnonzero(bad).tolist():
            message = messages[index]
            text = f"{field}: expected {expected}, was {message[field]}"
            raw = ",".join(f"{name}={message[name]}" for name in TAPE_MESSAGE.names or ())
            rejects.setdefault(index, RejectedRow(index + 1, reason.name, text, raw))
    good = np.ones(len(messages), bool)
    good[list(rejects)] = False
    return good, [rejects[index] for index in sorted(rejects)]


def read_tape_orders(path: Path, configuration: Configuration) -> OrderFile:
    """The tape as commands of configured accounts in the market that `fitted_configuration` names."""
    messages = read_tape(path)
    good, rejects = check_messages(messages)
    market, note = market_of_tape(configuration)
    commands, rows = tape_commands(messages[good], np.flatnonzero(good) + 1, market, Parties(configuration))
    return OrderFile(
        path=path,
        format="tape",
        commands=commands,
        rows=rows,
        rejects=rejects,
        read=len(messages),
        accepted=len(messages) - len(rejects),
        notes=(note,),
        extra=messages,
    )


def tape_commands(messages: Messages, rows: Int64s, market: int, parties: Parties) -> tuple[Commands, Int64s]:
    """(commands, row behind each): a modify is CANCEL and NEW if its order rests, otherwise only CANCEL."""
    live = _modifies_of_resting(messages)
    kinds = messages["type"]
    repeats = np.where((kinds == MODIFY) & live, 2, 1)
    source = np.repeat(np.arange(len(messages)), repeats)
    second = np.zeros(len(source), bool)
    second[1:] = source[1:] == source[:-1]
    taken = messages[source]
    new = (taken["type"] == NEW) | second
    commands = new_commands(len(source))
    commands["kind"] = np.where(new, int(CommandKind.NEW), int(CommandKind.CANCEL))
    commands["market"] = market
    commands["client_order_id"] = taken["order_id"].view(np.int64)
    commands["account"] = parties.accounts_of(commands["client_order_id"])
    commands["side"][new] = np.where(taken["side"][new] == 0, int(Side.BUY), int(Side.SELL))
    commands["order_type"][new] = int(OrderType.LIMIT)
    immediate = (taken["ioc"] == 1) & (taken["type"] == NEW)
    commands["time_in_force"][new] = np.where(immediate[new], int(TimeInForce.IOC), int(TimeInForce.GTC))
    commands["stp"][new] = int(SelfTrade.NONE)
    commands["quantity"][new] = taken["quantity"][new]
    commands["price"][new] = taken["price_ticks"][new]
    commands["flags"][new] = int(CommandFlag.QUANTITY_GIVEN | CommandFlag.PRICE_GIVEN)
    return commands, rows[source]


def _modifies_of_resting(messages: Messages) -> Bools:
    """For every message: is it about an order that rests at that moment?"""
    mirror = PriceTimeMirror()
    live = np.zeros(len(messages), bool)
    fields: Any = (
        messages[name].tolist() for name in ("type", "side", "ioc", "quantity", "order_id", "price_ticks")
    )
    for index, (kind, side, ioc, quantity, order_id, price) in enumerate(zip(*fields, strict=True)):
        buys = side == 0
        if kind == NEW:
            if order_id not in mirror:
                mirror.submit(order_id, buys, price, quantity, rests=not ioc)
        elif order_id in mirror:
            live[index] = True
            mirror.remove(order_id)
            if kind == MODIFY:
                mirror.submit(order_id, buys, price, quantity, rests=True)
    return live


def _within(values: npt.NDArray[Any], highest: int) -> Bools:
    inside: Bools = (values >= 1) & (values <= highest)
    return inside
