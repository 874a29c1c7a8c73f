"""Obligations as ISO 20022 messages: what both messages share. `docs/iso-20022.md` maps column to element.

    obligations.csv --read--> rows --> secl.010.001.03  one report per cycle, member and account
                                   --> sese.023.001.11  one instruction per row, seen from the member

Exact: an integer of minor units becomes a decimal by moving the point, never by a float. What a message
cannot hold (more than 18 digits, more than 5 behind the point of an amount, a name above 35 characters) is
refused with MessageError; nothing is cut or rounded. The same rows give the same bytes.
"""

from __future__ import annotations

import re
from typing import NewType
from xml.etree import ElementTree

import msgspec

from novate.clearing.obligations import Obligation

MAX_TOTAL_DIGITS = 18
MAX_AMOUNT_DIGITS = 5
MAX_UNIT_DIGITS = 17
MAX_TEXT = 35
ISSUER = "NOVATE"
"""Issuer of the names of members and accounts: they are the house's own, not BICs."""
HOUSE = "CCP"
SUPPLEMENT = "urn:novate:obligation:1"
ISIN = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]", re.ASCII)
CREDIT_OR_DEBIT = {"CRDT": "CRDT", "DEBT": "DBIT"}

XmlText = NewType("XmlText", str)
"""Text that has been checked to fit its element."""


class MessageError(ValueError):
    """A row that a message cannot hold without loss."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message: its own identifier, which is also a safe file name, and its bytes."""

    identifier: str
    content: bytes


class Digits(msgspec.Struct, frozen=True, kw_only=True):
    """Digits behind the point, by currency and by instrument."""

    currency: dict[str, int]
    quantity: dict[str, int]


def fixed_point(value: int, digits: int) -> str:
    """`value` of 10**-digits units in plain decimal digits: 1234567, 2 -> "12345.67"."""
    whole, rest = divmod(value, 10**digits)
    return f"{whole}.{rest:0{digits}d}" if digits else str(whole)


def add(parent: ElementTree.Element, path: str, text: str | None = None) -> ElementTree.Element:
    """A new element below `parent`; of a path `A/B/C` every element is new."""
    element = parent
    for name in path.split("/"):
        element = ElementTree.SubElement(element, name)
    if text is not None:
        element.text = text
    return element


def document(namespace: str, body: ElementTree.Element) -> bytes:
    """The whole message in UTF-8, indented, LF after every line."""
    root = ElementTree.Element("Document", {"xmlns": namespace})
    root.append(body)
    ElementTree.indent(root)
    # As text, because bytes are written through a codec piece by piece, which costs most of the time.
    text: str = ElementTree.tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


def short_text(value: str, column: str) -> XmlText:
    """A name for an element of at most 35 characters. MessageError if it does not fit."""
    if not 1 <= len(value) <= MAX_TEXT or not value.isprintable():
        raise MessageError(f'{column}: expected 1 to {MAX_TEXT} printable characters, was "{value}"')
    return XmlText(value)


def add_party(parent: ElementTree.Element, path: str, name: str, column: str) -> None:
    """A party under its name at the house."""
    party = add(parent, path)
    add(party, "PrtryId/Id", short_text(name, column))
    add(party[0], "Issr", ISSUER)


def add_instrument(parent: ElementTree.Element, isin: str) -> None:
    """The ISIN, or the symbol of an instrument that has none."""
    instrument = add(parent, "FinInstrmId")
    if ISIN.fullmatch(isin):
        add(instrument, "ISIN", isin)
        return
    other = add(instrument, "OthrId")
    add(other, "Id", short_text(isin, "isin"))
    add(other, "Tp/Prtry", "SYMBOL")


def add_units(parent: ElementTree.Element, path: str, row: Obligation, digits: Digits) -> None:
    """The quantity in units of the instrument."""
    places = _digits(digits.quantity, row.isin, "quantity")
    add(parent, path, _number(row.quantity, places, MAX_UNIT_DIGITS, "quantity", row))


def add_money(parent: ElementTree.Element, row: Obligation, digits: Digits) -> None:
    """SttlmAmt: amount, currency, and CRDT or DBIT seen from the member; an amount of 0 has no direction."""
    if not re.fullmatch("[A-Z]{3}", row.ccy, re.ASCII):
        raise MessageError(f'ccy: expected an ISO 4217 code of three capital letters, was "{row.ccy}"')
    places = _digits(digits.currency, row.ccy, "amount_minor")
    money = add(parent, "SttlmAmt")
    add(money, "Amt", _number(row.amount_minor, places, MAX_AMOUNT_DIGITS, "amount_minor", row))
    money[0].set("Ccy", row.ccy)
    if row.pay in CREDIT_OR_DEBIT:
        add(money, "CdtDbtInd", CREDIT_OR_DEBIT[row.pay])


def movement(row: Obligation) -> str:
    """DELI or RECE. Money without securities is shown as the side that usually goes with it: RECE where the
    member pays, DELI where it is paid, quantity 0 (the standards' payment free of delivery)."""
    if row.movement != "NONE":
        return row.movement
    return "RECE" if row.pay == "DEBT" else "DELI"


def payment(row: Obligation) -> str:
    """APMT against payment, FREE without."""
    return "FREE" if row.pay == "NONE" else "APMT"


def add_supplement(parent: ElementTree.Element, row: Obligation) -> None:
    """The columns for which the standard has no element, in a block of the house's own namespace."""
    data = add(parent, "SplmtryData")
    add(data, "PlcAndNm", f"obligation {row.obligation_id}")
    block = ElementTree.SubElement(add(data, "Envlp"), "Obligation", {"xmlns": SUPPLEMENT})
    for name in ("obligation_id", "cycle", "movement", "type", "gross_legs", "trade_root_hash"):
        add(block, name, str(getattr(row, name)))


def _digits(table: dict[str, int], key: str, column: str) -> int:
    if key not in table:
        raise MessageError(f"{column}: expected the digits of {key}, found none")
    return table[key]


def _number(value: int, places: int, most_places: int, column: str, row: Obligation) -> str:
    if places > most_places:
        raise MessageError(
            f"obligation {row.obligation_id}: {column}: expected at most {most_places} digits"
            f" behind the point, was {places}"
        )
    text = fixed_point(value, places)
    if len(text.replace(".", "").lstrip("0")) > MAX_TOTAL_DIGITS:
        raise MessageError(
            f"obligation {row.obligation_id}: {column}: expected at most {MAX_TOTAL_DIGITS} digits,"
            f" was {text}"
        )
    return text
