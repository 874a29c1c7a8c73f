"""What is wrong with a field, in a sentence: which one, what was expected there, and what was found.

    msgspec: "Invalid enum value 'bid' - at `$.side`"  -->  side: Expected one of buy, sell, was "bid"

The parser says where; the types say what belongs there; the document says what was found. Only refused
requests come here, so it need not be fast.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import inspect

from novate.gateway.findings import shown

_AT = re.compile(r" - at `(\$[^`]*)`")
_MISSING = re.compile(r"^Object missing required field `([^`]*)`")
_UNKNOWN = re.compile(r"^Object contains unknown field `([^`]*)`")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_KEYS = re.compile(rb'"([^"\\]*)"\s*:')
MOST_SENTENCE = 400
MOST_LISTED = 16
NO_VALUE = object()
"""Nothing is there, or nothing that can be shown."""


def explained(error: msgspec.ValidationError, value: Any, kind: Any) -> tuple[str, str | None]:
    """(sentence, path of the field or None) of a value that is not of a kind."""
    text = str(error)
    place = _AT.search(text)
    steps = [one[0] or one[1] for one in _STEP.findall(place[1])] if place else []
    info, found = _at(_info(kind), value, steps)
    missing, unknown = _MISSING.match(text), _UNKNOWN.match(text)
    if missing is not None:
        steps.append(missing[1])
        wanted = _described(_at(info, found, [missing[1]])[0])
        sentence = f"Expected {missing[1]}{': ' + wanted if wanted else ''}, was not there"
    elif unknown is not None:
        steps.append(unknown[1])
        names = ", ".join(_fields(info, found))
        sentence = f"Expected one of {names}, was {shown(unknown[1])}" if names else _AT.sub("", text)
    else:
        wanted = _described(info)
        sentence = f"Expected {wanted}, was {_shown(found)}" if wanted else _AT.sub("", text)
    return shown(sentence, MOST_SENTENCE), _joined(steps) or None


def repeated_key(body: bytes, is_outermost: bool = False) -> str | None:
    """A key that an object of the body has twice; which of the two was meant, nobody knows.

    `is_outermost`: only the outermost object counts."""
    keys = _KEYS.findall(body)
    if len(set(keys)) == len(keys) and b"\\" not in body:
        return None
    found: str | None = None

    def look(pairs: list[tuple[str, Any]]) -> None:
        # Objects end from the inside out: what the last one leaves is the outermost one's.
        nonlocal found
        counts = Counter(name for name, _ in pairs)
        twice = next((name for name, count in counts.items() if count > 1), None)
        found = twice if is_outermost else found or twice

    # Of numbers only the text: Python refuses to read very long ones.
    json.loads(body, object_pairs_hook=look, parse_int=str)
    return found


@lru_cache(maxsize=256)
def _info(kind: Any) -> inspect.Type:
    return inspect.type_info(kind)


def _at(info: inspect.Type | None, value: Any, steps: list[str]) -> tuple[inspect.Type | None, Any]:
    """(type, value) at the end of a path; None where nobody knows."""
    for step in steps:
        struct = _struct(info, value)
        tags = _tags(info, step) if struct is None else ()
        if tags:
            info = inspect.LiteralType(tags)
        elif struct is not None:
            types = {field.encode_name: field.type for field in struct.fields}
            info = types.get(step)
        elif isinstance(info, inspect.ListType | inspect.VarTupleType):
            info = info.item_type
        else:
            info = None
        if isinstance(value, dict):
            value = value.get(step, NO_VALUE)
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            value = NO_VALUE
    return info, value


def _struct(info: inspect.Type | None, value: Any) -> inspect.StructType | None:
    """The struct that a value should be; of several, the one of its tag."""
    if isinstance(info, inspect.StructType):
        return info
    if isinstance(info, inspect.UnionType):
        structs = [one for one in info.types if isinstance(one, inspect.StructType)]
        if len(structs) == 1:
            return structs[0]
        for one in structs:
            if isinstance(value, dict) and one.tag_field and value.get(one.tag_field) == one.tag:
                return one
    return None


def _tags(info: inspect.Type | None, step: str) -> tuple[Any, ...]:
    """What the field that tells structs apart may say, if the step leads to it."""
    if not isinstance(info, inspect.UnionType):
        return ()
    structs = [one for one in info.types if isinstance(one, inspect.StructType)]
    return tuple(sorted(str(one.tag) for one in structs if one.tag_field == step))


def _fields(info: inspect.Type | None, value: Any) -> list[str]:
    struct = _struct(info, value)
    return [field.encode_name for field in struct.fields] if struct is not None else []


def _described(info: inspect.Type | None) -> str:
    """What a type wants, in words; empty where there are none."""
    if isinstance(info, inspect.UnionType):
        parts = [_described(one) for one in info.types if not isinstance(one, inspect.NoneType)]
        return " or ".join(dict.fromkeys(parts)) if all(parts) else ""
    if isinstance(info, inspect.LiteralType):
        return f"one of {', '.join(map(str, info.values))}"
    if isinstance(info, inspect.IntType):
        return _number(info)
    if isinstance(info, inspect.StrType):
        return _text(info)
    if isinstance(info, inspect.ListType):
        return _list(info)
    if isinstance(info, inspect.BoolType):
        return "true or false"
    return "an object" if isinstance(info, inspect.StructType) else ""


def _number(info: inspect.IntType) -> str:
    if info.ge is not None and info.le is not None:
        return f"a whole number from {info.ge} to {info.le}"
    if info.ge is not None:
        return f"a whole number of at least {info.ge}"
    return "a whole number" if info.le is None else f"a whole number of at most {info.le}"


def _list(info: inspect.ListType) -> str:
    if info.max_length is None:
        return "a list"
    return f"a list of {info.min_length or 0} to {info.max_length}"


def _text(info: inspect.StrType) -> str:
    if info.pattern is not None and "[0-9]{1,18}" in info.pattern:
        return 'a decimal as text such as "12.5"'
    length = ""
    if info.max_length is not None:
        least = f"{info.min_length} to" if info.min_length else "at most"
        length = f" of {least} {info.max_length} characters"
    return f"text{length}" + (f" that matches {info.pattern}" if info.pattern is not None else "")


def _shown(value: Any) -> str:
    if value is NO_VALUE:
        return "something else"
    if isinstance(value, list) and len(value) > MOST_LISTED:
        return f"a list of {len(value)}"
    return shown(json.dumps(value, ensure_ascii=False, default=str))


def _joined(steps: list[str]) -> str:
    return "".join(f"[{one}]" if one.isdecimal() or one == "..." else f".{one}" for one in steps).lstrip(".")
