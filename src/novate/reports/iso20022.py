"""ISO 20022 messages of obligations: what both messages share. `docs/iso-20022.md` maps column to element.

    ObligationTable --> secl.010.001.03  one report per cycle, member and account
                    --> sese.023.001.11  one instruction per row, seen from the member

A message is text between columns (`lines.Lines.of_parts`), so all messages of a cycle are written at once.
Exact: an integer of minor units becomes a decimal by moving the point, never by a float. What a message
cannot hold (more than 18 digits, more than 5 behind the point of an amount, a name above 35 characters) is
refused with MessageError; nothing is cut or rounded. The same rows give the same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from xml.sax.saxutils import escape

import msgspec
import numpy as np

from novate.clearing.kernels.lines import Int64s
from novate.clearing.lines import Column, Lines, Numbers, Rows, Words, Written
from novate.clearing.obligation_table import ObligationTable
from novate.clearing.obligations import MOVEMENTS

MAX_TOTAL_DIGITS = 18
MAX_AMOUNT_DIGITS = 5
MAX_UNIT_DIGITS = 17
MAX_TEXT = 35
FEW_FRACTIONS = 1000
"""So many are written for an amount without looking which of them occur."""
ISSUER = "NOVATE"
"""Issuer of the names of members and accounts: they are the house's own, not BICs."""
HOUSE = "CCP"
SUPPLEMENT = "urn:novate:obligation:1"
XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]", re.ASCII)
CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)

SIDES = ("DELI", "RECE")
DELI, RECE = range(2)
WAYS = ("", "<CdtDbtInd>CRDT</CdtDbtInd>", "<CdtDbtInd>DBIT</CdtDbtInd>")
"""By the sign of an amount: 0, 1, -1."""

Part = str | Column
Parts = list[Part]


class MessageError(ValueError):
    """A row that a message cannot hold without loss."""


class Stretch(msgspec.Struct, frozen=True):
    """Lines of a table that stand side by side."""

    lines: Lines
    first: int
    count: int


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message: its own identifier, which is also a safe file name, and its parts."""

    identifier: str
    parts: Sequence[bytes | Stretch]

    def pieces(self) -> Iterator[bytes | memoryview]:
        """Its bytes, made when they are asked for: those of all messages together would fill a memory."""
        for part in self.parts:
            if isinstance(part, Stretch):
                yield from part.lines.pieces(part.first + part.count, part.first)
            else:
                yield part

    @property
    def content(self) -> bytes:
        """All of its bytes."""
        return b"".join(self.pieces())


class Digits(msgspec.Struct, frozen=True, kw_only=True):
    """Digits behind the point, by currency and by instrument."""

    currency: dict[str, int]
    quantity: dict[str, int]


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What both messages say of a row; each is a piece of XML."""

    identifier: Column
    """The obligation id itself."""
    date: Column
    """The settlement date itself."""
    movement: Column
    """DELI or RECE itself."""
    payment: Column
    """APMT or FREE itself."""
    kind: Column
    """NEW1, FAIL or COEV itself."""
    instrument: Column
    units: Parts
    """The quantity itself, in units of the instrument."""
    money: Column
    """SttlmAmt."""
    supplement: Parts
    """The columns for which the standard has no element, in a block of the house's own namespace."""


def rows_of_members(table: ObligationTable) -> ObligationTable:
    """The table without the house's own balancing rows (C22), which instruct nobody and are in no report."""
    is_house = np.array([member == HOUSE for member, _ in table.parties], bool)
    return table.at(np.flatnonzero(~is_house[table.party]))


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one cycle and account, side by side in a table that is sorted so."""

    cycle: str
    member: str
    account: str
    first: int
    count: int

    @property
    def identifier(self) -> str:
        """First 16 hexadecimal digits of SHA-256 over `cycle|member|account`: of its report and its file."""
        return sha256(f"{self.cycle}|{self.member}|{self.account}".encode()).hexdigest()[:16]

    @property
    def date(self) -> str:
        return self.cycle.partition("/")[0]


def by_owner(table: ObligationTable) -> tuple[ObligationTable, list[Owned]]:
    """(rows of members, those of a cycle and account side by side; who they are, in order of first rows)."""
    mine = rows_of_members(table)
    keys = mine.cycle * len(mine.parties) + mine.party
    order = np.argsort(keys, kind="stable")
    owned = mine.at(order)
    _, firsts, counts = np.unique(keys[order], return_index=True, return_counts=True)
    groups = []
    for group in np.argsort(order[firsts], kind="stable").tolist():
        first = int(firsts[group])
        member, account = owned.parties[owned.party[first]]
        cycle = owned.cycles[owned.cycle[first]]
        groups.append(
            Owned(cycle=cycle, member=member, account=account, first=first, count=int(counts[group]))
        )
    return owned, groups


def shared_parts(table: ObligationTable, digits: Digits, with_nothing: bool) -> Shared:
    """The parts for all rows; without `with_nothing` an amount of 0 is not shown. MessageError where one
    does not fit."""
    pays = np.sign(table.amount)
    identifier, root, money = _texts(table, _money(table, digits), pays if not with_nothing else None)
    kind = Words(table.kind, [escape(kind) for kind in table.kinds])
    return Shared(
        identifier=identifier,
        date=Words(table.cycle, [escape(date) for date in table.dates]),
        movement=Words(_side(table), SIDES),
        payment=Words(np.abs(pays), ["FREE", "APMT"]),
        kind=kind,
        instrument=Words(table.isin, _worded(table.isin, table.isins, _instrument_xml)),
        units=_units(table, digits),
        money=money,
        supplement=_supplement(table, identifier, root, kind),
    )


def party_xml(name: str, column: str) -> str:
    """A party under its name at the house."""
    return f"<PrtryId><Id>{short_text(name, column)}</Id><Issr>{ISSUER}</Issr></PrtryId>"


def short_text(value: str, column: str) -> str:
    """A name for an element of at most 35 characters, as XML. MessageError if it does not fit."""
    if not 1 <= len(value) <= MAX_TEXT or not value.isprintable():
        raise MessageError(f'{column}: expected 1 to {MAX_TEXT} printable characters, was "{value}"')
    return escape(value)


def owners(table: ObligationTable) -> tuple[list[str], list[str]]:
    """(member, account) of each party as XML; empty for those without a row."""
    return (
        _worded(table.party, [member for member, _ in table.parties], lambda name: party_xml(name, "member")),
        _worded(table.party, [account for _, account in table.parties],
                lambda name: short_text(name, "account")),
    )  # fmt: skip


def _worded(codes: Int64s, names: Sequence[str], xml: Callable[[str], str]) -> list[str]:
    """The XML of each name that is used: what is not used need not fit."""
    words = [""] * len(names)
    for code in np.unique(codes).tolist():
        words[code] = xml(names[code])
    return words


def _side(table: ObligationTable) -> Int64s:
    """Place in SIDES. Money without securities is shown as the side that usually goes with it: RECE where
    the member pays, DELI where it is paid, quantity 0 (the standards' payment free of delivery)."""
    only_money = np.where(table.amount < 0, RECE, DELI)
    return np.where(table.quantity == 0, only_money, np.where(table.quantity > 0, RECE, DELI))


def _instrument_xml(isin: str) -> str:
    """The ISIN, or the symbol of an instrument that has none."""
    if ISIN.fullmatch(isin):
        return f"<FinInstrmId><ISIN>{isin}</ISIN></FinInstrmId>"
    symbol = short_text(isin, "isin")
    return f"<FinInstrmId><OthrId><Id>{symbol}</Id><Tp><Prtry>SYMBOL</Prtry></Tp></OthrId></FinInstrmId>"


def _units(table: ObligationTable, digits: Digits) -> Parts:
    places = _digits(table.isin, table.isins, digits.quantity, "quantity")
    return _fixed_point(table, table.quantity, places, MAX_UNIT_DIGITS, "quantity")


def _money(table: ObligationTable, digits: Digits) -> Written:
    """SttlmAmt: amount, currency, and CRDT or DBIT seen from the member; 0 has no direction."""

    def opening(ccy: str) -> str:
        if not CURRENCY.fullmatch(ccy):
            raise MessageError(f'ccy: expected an ISO 4217 code of three capital letters, was "{ccy}"')
        return f'<SttlmAmt><Amt Ccy="{ccy}">'

    places = _digits(table.ccy, table.ccys, digits.currency, "amount_minor")
    opened = Words(table.ccy, _worded(table.ccy, table.ccys, opening))
    amount = _fixed_point(table, table.amount, places, MAX_AMOUNT_DIGITS, "amount_minor")
    way = Words(np.sign(table.amount) % 3, WAYS)
    return Lines.of_parts([opened, *amount, "</Amt>", way, "</SttlmAmt>"]).whole(len(table))


def _texts(table: ObligationTable, money: Written, pays: Int64s | None) -> tuple[Rows, Rows, Rows]:
    """(ids, roots, money) of all rows: columns of texts share their data within a line. Money is left out
    where `pays` is 0."""
    data, starts = table.texts
    both = np.concatenate([data[: starts[-1]], money.data])
    joined = np.concatenate([starts, starts[-1] + money.starts[1:]])
    numbers = len(starts) - 1 + np.arange(len(table))
    if pays is not None:
        numbers = np.where(pays == 0, -1, numbers)
    return (
        Rows(2 * table.number, both, joined),
        Rows(2 * table.number + 1, both, joined),
        Rows(numbers, both, joined, [""]),
    )


def _supplement(table: ObligationTable, identifier: Column, root: Column, kind: Column) -> Parts:
    return [
        "<SplmtryData><PlcAndNm>obligation ", identifier, "</PlcAndNm><Envlp>"
        f'<Obligation xmlns="{SUPPLEMENT}"><obligation_id>', identifier, "</obligation_id><cycle>",
        Words(table.cycle, [escape(cycle) for cycle in table.cycles]), "</cycle><movement>",
        Words(np.sign(table.quantity) % 3, MOVEMENTS), "</movement><type>", kind, "</type><gross_legs>",
        Numbers(table.gross_legs), "</gross_legs><trade_root_hash>", root,
        "</trade_root_hash></Obligation></Envlp></SplmtryData>",
    ]  # fmt: skip


def _digits(codes: Int64s, names: Sequence[str], table: dict[str, int], column: str) -> Int64s:
    """Digits behind the point of each row."""
    places = np.zeros(len(names), np.int64)
    for code in np.unique(codes).tolist():
        if names[code] not in table:
            raise MessageError(f"{column}: expected the digits of {names[code]}, found none")
        places[code] = table[names[code]]
    return places[codes]


def _fixed_point(
    table: ObligationTable, values: Int64s, places: Int64s, most_places: int, column: str
) -> Parts:
    """Values of 10**-places units in plain decimal digits, unsigned: 1234567, 2 -> 12345.67."""
    for row in np.flatnonzero(places > most_places)[:1].tolist():
        raise MessageError(
            f"obligation {table.identifier(row)}: {column}: expected at most {most_places} digits"
            f" behind the point, was {places[row]}"
        )
    unsigned = np.abs(values)
    for row in np.flatnonzero(unsigned >= 10**MAX_TOTAL_DIGITS)[:1].tolist():
        text = fixed_point(int(unsigned[row]), int(places[row]))
        raise MessageError(
            f"obligation {table.identifier(row)}: {column}: expected at most {MAX_TOTAL_DIGITS} digits,"
            f" was {text}"
        )
    whole, rest = np.divmod(unsigned, 10**places)
    codes, words = np.zeros(len(rest), np.int64), [""]
    for digits in np.unique(places[places > 0]).tolist():
        rows = np.flatnonzero(places == digits)
        fractions, place = _distinct(rest[rows], 10**digits)
        codes[rows] = len(words) + place
        words += [f".{fraction:0{digits}d}" for fraction in fractions]
    return [Numbers(whole), Words(codes, words)]


def _distinct(values: Int64s, end: int) -> tuple[Sequence[int], Int64s]:
    """(numbers below `end`, the place of each value among them); all such numbers where they are few."""
    if end <= FEW_FRACTIONS:
        return range(end), values
    found, place = np.unique(values, return_inverse=True)
    return found.tolist(), place


def fixed_point(value: int, digits: int) -> str:
    """`value` of 10**-digits units in plain decimal digits: 1234567, 2 -> "12345.67"."""
    whole, rest = divmod(value, 10**digits)
    return f"{whole}.{rest:0{digits}d}" if digits else str(whole)
