"""The exported schema: it parses, its fields lie where the records have them, and nothing overlaps."""

from __future__ import annotations

import xml.etree.ElementTree as Xml

import numpy as np

from novate.domain import codes, queries, records, session_codes, wire
from novate.gateway.binary.schema import MESSAGES, NAMESPACE, schema_document

SIZES = {"uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8, "int64": 8}
ROOT = Xml.fromstring(schema_document())
TYPES = ROOT.find("types")
assert TYPES is not None


def size_of(name: str) -> int:
    """Bytes of a type of the schema."""
    if name in SIZES:
        return SIZES[name]
    for kind in TYPES or ():
        if kind.get("name") == name:
            if kind.tag == "type":
                return SIZES[kind.attrib["primitiveType"]] * int(kind.get("length", "1"))
            return SIZES[kind.attrib["encodingType"]]
    raise AssertionError(f"expected a type of the schema, was {name}")


def test_fields_lie_where_the_records_have_them_and_do_not_overlap() -> None:
    messages = ROOT.findall(f"{{{NAMESPACE}}}message")
    assert len(messages) == len(MESSAGES)
    for said, meant in zip(messages, MESSAGES, strict=True):
        end, fields = 0, dict(meant.layout.fields or {})
        assert int(said.attrib["blockLength"]) == meant.layout.itemsize
        assert len(said) == len(fields)
        for field in said:
            offset, size = int(field.attrib["offset"]), size_of(field.attrib["type"])
            assert offset >= end, (meant.name, field.attrib)
            assert (size, offset) in {(fields[name][0].itemsize, fields[name][1]) for name in fields}
            end = offset + size
        assert end <= meant.layout.itemsize


def test_every_record_of_the_protocol_is_in_the_schema() -> None:
    said = [message.layout for message in MESSAGES]
    named = {
        f"{module.__name__}.{name}": layout
        for module in (records, wire, queries)
        for name, layout in vars(module).items()
        if isinstance(layout, np.dtype) and layout.names and not name.startswith("_")
    }
    missing = {name for name, layout in named.items() if not any(layout is one for one in said)}
    assert missing == {
        "novate.domain.records.CONFIGURATION_COMMAND", "novate.domain.records.EVIDENCE_COMMAND",
    }, "what only the journal has is not sent"  # fmt: skip
    assert "novate.domain.queries.POSITION_LINE" in named


def test_a_question_is_read_by_the_schema_as_it_was_written() -> None:
    query = np.zeros(1, queries.QUERY)
    query["kind"], query["account"], query["first"], query["most"] = queries.QueryKind.ORDERS, 101, -7, 4096
    data = query.tobytes()
    fields = next(one for one in ROOT.iter(f"{{{NAMESPACE}}}message") if one.get("name") == "Query")
    read = {
        field.attrib["name"]: int.from_bytes(
            data[int(field.attrib["offset"]) :][: size_of(field.attrib["type"])],
            "little", signed=field.attrib["type"] == "int64",
        )
        for field in fields
    }  # fmt: skip
    assert read == {"kind": 2, "everybody": 0, "market": 0, "account": 101, "request": 0, "first": -7,
                    "most": 4096}  # fmt: skip


def test_bits_of_a_set_are_those_of_the_domain() -> None:
    said = {
        (kind.attrib["name"], bit.attrib["name"]): 1 << int(bit.text or "")
        for kind in TYPES or ()
        if kind.tag == "set"
        for bit in kind
    }
    for flags in (codes.CommandFlag, codes.EventFlag, session_codes.Permission, queries.OrderLineFlag):
        assert all(said[flags.__name__, str(member.name)] == member.value for member in flags)


def test_the_header_in_front_of_frames_has_sixteen_bytes() -> None:
    header = next(kind for kind in TYPES or () if kind.get("name") == ROOT.attrib["headerType"])
    assert sum(SIZES[part.attrib["primitiveType"]] for part in header) == 16


def test_enums_say_the_numbers_of_the_domain() -> None:
    said = {
        (kind.attrib["name"], value.attrib["name"]): int(value.text or "")
        for kind in TYPES or ()
        if kind.tag == "enum"
        for value in kind
    }
    for enum in (codes.CommandKind, codes.EventKind, codes.Reject, session_codes.SessionReject,
                 queries.QueryKind, codes.MarketState):  # fmt: skip
        assert all(said[enum.__name__, member.name] == member.value for member in enum)


def test_every_kind_of_command_and_event_has_its_layout() -> None:
    kinds = [kind for message in MESSAGES for kind in message.kinds]
    assert set(codes.EventKind) <= set(kinds) | {*codes.CommandKind}
    told = {kind for kind in kinds if isinstance(kind, codes.EventKind)}
    sent = {kind for kind in kinds if isinstance(kind, codes.CommandKind)}
    assert {kind.name for kind in codes.EventKind} == {kind.name for kind in told}
    assert {kind.name for kind in codes.CommandKind} - {kind.name for kind in sent} == {
        "CONFIGURATION", "EVIDENCE",
    }  # fmt: skip
