"""The records of the binary protocol as an SBE message schema, for clients in other languages.

    dtype of novate.domain  -->  <sbe:message blockLength="64">  <field offset="12" type="uint32" .../>
    enum of novate.domain   -->  <enum encodingType="uint8">     <validValue name="NEW">1</validValue>

Records travel as bare blocks behind a frame header, without SBE's own message header: which message a record
is, its first byte says (the description of the message names its kinds); what follows an Answer, the kind of
the question says. Offsets are explicit, so that the
bytes between fields need no fields.
"""

from __future__ import annotations

import xml.etree.ElementTree as Xml
from enum import IntEnum, IntFlag
from typing import NamedTuple

import numpy as np

from novate.domain import codes, queries, records, session_codes, wire
from novate.domain.codes import CommandKind, EventKind

NAMESPACE = "http:/" + "/fixprotocol.io/2016/sbe"
SCHEMA_ID = 7411
VERSION = 2
"""Of the schema: 2 has the questions and answers of frame G."""
_PRIMITIVES = {"u1": "uint8", "u2": "uint16", "u4": "uint32", "i8": "int64", "u8": "uint64"}


class Message(NamedTuple):
    """A record layout, which kinds have it, and which of its fields are enums."""

    name: str
    layout: np.dtype[np.void]
    kinds: tuple[IntEnum, ...]
    enums: dict[str, str]


_ORDERED = {"kind": "CommandKind", "side": "Side"}
_ORDER_FIELDS = {
    **_ORDERED, "orderType": "OrderType", "timeInForce": "TimeInForce", "stp": "SelfTrade",
    "flags": "CommandFlag",
}  # fmt: skip
_EVENT_FIELDS = {"kind": "EventKind", "side": "Side", "flags": "EventFlag"}
_C, _E = CommandKind, EventKind

MESSAGES = (
    Message("OrderCommand", records.COMMAND,
            (_C.NEW, _C.CANCEL, _C.AMEND, _C.MASS_CANCEL, _C.STATE, _C.TIME, _C.SET_REF, _C.POSITION,
             _C.NEW_OCO, _C.LEG), _ORDER_FIELDS),
    Message("TermsCommand", records.TERMS_COMMAND, (_C.TERMS,), {"kind": "CommandKind", "peg": "Peg"}),
    Message("QuoteCommand", records.QUOTE_COMMAND, (_C.QUOTE,),
            {"kind": "CommandKind", "timeInForce": "TimeInForce", "flags": "CommandFlag"}),
    Message("ScheduleCommand", records.SCHEDULE_COMMAND, (_C.SCHEDULE,), {"kind": "CommandKind"}),
    Message("KillCommand", records.KILL_COMMAND, (_C.KILL, _C.REVIVE),
            {"kind": "CommandKind", "scope": "Scope"}),
    Message("DisconnectCommand", records.DISCONNECT_COMMAND, (_C.DISCONNECT,),
            {"kind": "CommandKind", "flags": "CommandFlag"}),
    Message("ProtectionCommand", records.MMP_COMMAND, (_C.MMP_SET, _C.MMP_RESET), {"kind": "CommandKind"}),
    Message("CreditCommand", records.CREDIT_COMMAND, (_C.CREDIT,), {"kind": "CommandKind"}),
    Message("MarginCommand", records.SET_MARGIN_COMMAND, (_C.SET_MARGIN,), {"kind": "CommandKind"}),
    Message("LimitCommand", records.SET_LIMIT_COMMAND, (_C.SET_LIMIT,), {"kind": "CommandKind"}),
    Message("OrderEvent", records.ORDER_EVENT,
            (_E.ACCEPTED, _E.REJECTED, _E.CANCELLED, _E.EXPIRED, _E.AMENDED, _E.TRIGGERED, _E.REFRESHED),
            _EVENT_FIELDS),
    Message("TradeEvent", records.EVENT, (_E.TRADE, _E.AUCTION_TRADE, _E.STP_DECREMENT), _EVENT_FIELDS),
    Message("TradePartiesEvent", records.PARTIES, (_E.TRADE_PARTIES,), _EVENT_FIELDS),
    Message("BookStateEvent", records.BOOK_STATE_EVENT, (_E.BOOK_STATE, _E.IMPLIED_STATE),
            {"kind": "EventKind"}),
    Message("MarketEvent", records.MARKET_EVENT,
            (_E.STATE, _E.MASS_DONE, _E.REF_SET, _E.POSITION_SET), {"kind": "EventKind"}),
    Message("AuctionEvent", records.AUCTION_EVENT, (_E.AUCTION, _E.INDICATIVE),
            {"kind": "EventKind", "flags": "EventFlag"}),
    Message("ProtectionEvent", records.MMP_EVENT, (_E.MMP_SET, _E.MMP_RESET, _E.MMP_TRIGGERED),
            {"kind": "EventKind"}),
    Message("ScheduleEvent", records.SCHEDULE_EVENT, (_E.SCHEDULED, _E.SCHEDULE_CLEARED),
            {"kind": "EventKind"}),
    Message("ExtendedEvent", records.EXTENDED_EVENT, (_E.EXTENDED,), {"kind": "EventKind"}),
    Message("ScopeEvent", records.SCOPE_EVENT, (_E.KILLED, _E.REVIVED, _E.DISCONNECTED),
            {"kind": "EventKind", "scope": "Scope"}),
    Message("CreditEvent", records.CREDIT_EVENT, (_E.CREDIT_SET, _E.MARGIN_SET),
            {"kind": "EventKind", "flags": "EventFlag"}),
    Message("LimitEvent", records.EVENT, (_E.LIMIT_SET,), {"kind": "EventKind"}),
    Message("Challenge", wire.CHALLENGE, (), {}),
    Message("Login", wire.LOGIN, (), {"kind": "SessionKind"}),
    Message("Accepted", wire.ACCEPTED, (), {"kind": "SessionKind", "permissions": "Permission"}),
    Message("Notice", wire.NOTICE, tuple(session_codes.NoticeKind),
            {"kind": "NoticeKind", "reason": "SessionReject"}),
    Message("Query", queries.QUERY, tuple(queries.QueryKind), {"kind": "QueryKind"}),
    Message("Answer", queries.ANSWER, tuple(queries.QueryKind),
            {"kind": "QueryKind", "state": "MarketState"}),
    Message("DepthLine", queries.DEPTH_LINE, (), {"side": "Side"}),
    Message("OrderLine", queries.ORDER_LINE, (),
            {"side": "Side", "orderType": "OrderType", "timeInForce": "TimeInForce",
             "flags": "OrderLineFlag"}),
    Message("BalanceLine", queries.BALANCE_LINE, (), {}),
    Message("PositionLine", queries.POSITION_LINE, (), {}),
)  # fmt: skip
_ENUMS: tuple[tuple[type[IntEnum], str], ...] = (
    (codes.CommandKind, "u1"), (codes.EventKind, "u1"), (codes.Side, "u1"), (codes.OrderType, "u1"),
    (codes.TimeInForce, "u1"), (codes.SelfTrade, "u1"), (codes.Peg, "u1"), (codes.Scope, "u1"),
    (codes.Reject, "u2"), (codes.Reason, "u2"), (session_codes.SessionKind, "u1"),
    (session_codes.NoticeKind, "u1"), (session_codes.SessionReject, "u2"), (queries.QueryKind, "u1"),
    (codes.MarketState, "u1"),
)  # fmt: skip
_SETS: tuple[tuple[type[IntFlag] | type[IntEnum], str], ...] = (
    (codes.CommandFlag, "u2"), (codes.EventFlag, "u2"), (session_codes.Permission, "u1"),
    (queries.OrderLineFlag, "u1"),
)  # fmt: skip


def schema_document() -> str:
    """The whole schema as XML text."""
    Xml.register_namespace("sbe", NAMESPACE)
    root = Xml.Element(
        f"{{{NAMESPACE}}}messageSchema",
        {
            "package": "novate",
            "id": str(SCHEMA_ID),
            "version": str(VERSION),
            "semanticVersion": "1.1",
            "byteOrder": "littleEndian",
            "headerType": "frameHeader",
            "description": "Records of Novate's binary protocol; see docs/binary-protocol.md",
        },
    )
    types = Xml.SubElement(root, "types")
    _header(types)
    for size in sorted({_bytes_of(message.layout, name) for message in MESSAGES
                        for name in message.layout.names or ()} - {0}):  # fmt: skip
        Xml.SubElement(types, "type", {"name": f"bytes{size}", "primitiveType": "uint8", "length": str(size)})
    for kind, form in _ENUMS:
        _enum(types, kind, form)
    for flags, form in _SETS:
        _set(types, flags, form)
    for number, message in enumerate(MESSAGES, 1):
        _message(root, number, message)
    Xml.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Xml.tostring(root, encoding="unicode") + "\n"


def _header(types: Xml.Element) -> None:
    header = Xml.SubElement(
        types, "composite", {"name": "frameHeader", "description": "In front of every frame"}
    )
    for name, form in (
        ("length", "uint32"), ("frameKind", "uint8"), ("flags", "uint8"), ("count", "uint16"),
        ("number", "int64"),
    ):  # fmt: skip
        Xml.SubElement(header, "type", {"name": name, "primitiveType": form})


def _enum(types: Xml.Element, kind: type[IntEnum], form: str) -> None:
    made = Xml.SubElement(types, "enum", {"name": kind.__name__, "encodingType": _PRIMITIVES[form]})
    for member in kind:
        Xml.SubElement(made, "validValue", {"name": member.name}).text = str(member.value)


def _set(types: Xml.Element, flags: type[IntFlag] | type[IntEnum], form: str) -> None:
    made = Xml.SubElement(types, "set", {"name": flags.__name__, "encodingType": _PRIMITIVES[form]})
    for member in flags:
        Xml.SubElement(made, "choice", {"name": member.name or ""}).text = str(member.value.bit_length() - 1)


def _message(root: Xml.Element, number: int, message: Message) -> None:
    kinds = ", ".join(kind.name for kind in message.kinds)
    made = Xml.SubElement(
        root,
        f"{{{NAMESPACE}}}message",
        {"name": message.name, "id": str(number), "blockLength": str(message.layout.itemsize)}
        | ({"description": f"Kinds: {kinds}"} if kinds else {}),
    )
    fields = dict(message.layout.fields or {})
    by_offset = sorted(fields, key=lambda name: fields[name][1])
    for at, name in enumerate(by_offset, 1):
        camel = _camel(name)
        form = message.enums.get(camel) or _type_of(message.layout, name)
        offset = str(fields[name][1])
        Xml.SubElement(made, "field", {"name": camel, "id": str(at), "type": form, "offset": offset})


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


def _bytes_of(layout: np.dtype[np.void], name: str) -> int:
    """Size of a field of bare bytes or text; 0 for a number."""
    field = layout[name]
    return field.itemsize if field.kind in "VS" else 0


def _type_of(layout: np.dtype[np.void], name: str) -> str:
    size = _bytes_of(layout, name)
    return f"bytes{size}" if size else _PRIMITIVES[layout[name].str[1:]]
