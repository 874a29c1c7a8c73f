"""From bytes to checked structs, and from structs and refusals to bytes."""

from __future__ import annotations

import re
from typing import Any, TypeVar
from urllib.parse import parse_qsl

import msgspec

from novate.gateway.findings import shown
from novate.gateway.web.codes import Code, WebRefused, WebReject, http_status
from novate.gateway.web.field_errors import NO_VALUE, explained, repeated_key
from novate.gateway.web.limits import DEEPEST_JSON
from novate.gateway.web.messages import Error
from novate.gateway.web.queries import Query

T = TypeVar("T")
_MOST_PARAMETERS = 16
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
encode = msgspec.json.encode


def decode(decoder: msgspec.json.Decoder[T], body: bytes, is_outermost: bool = False) -> T:
    """A JSON body as its struct. Raises WebRefused naming the field.

    `is_outermost`: what stands inside of the outermost object is read later, by itself."""
    if body.count(b"[") + body.count(b"{") > DEEPEST_JSON:
        _refuse_depth(body)
    try:
        found = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(error, _as_far_as_readable(body), decoder.type) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise WebRefused(WebReject.MALFORMED_JSON, "Expected one JSON document in UTF-8, was not") from None
    repeated = repeated_key(body, is_outermost)
    if repeated is not None:
        sentence = f"Expected each key of an object once, {shown(repeated)} was there twice"
        raise WebRefused(WebReject.MALFORMED_JSON, sentence, shown(repeated))
    return found


def _as_far_as_readable(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except msgspec.DecodeError:
        # A number beyond every range, say: wrong where a field has a type, unreadable where it has none.
        return NO_VALUE


def decode_query(kind: type[Query], text: str) -> Any:
    """The parameters behind the question mark as their struct. Raises WebRefused naming the field."""
    if not text:
        return msgspec.convert({}, kind)
    try:
        pairs = parse_qsl(text, keep_blank_values=True, strict_parsing=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        raise WebRefused(
            WebReject.INVALID_FIELD, f"Expected at most {_MOST_PARAMETERS} parameters such as limit=10"
        ) from None
    values = dict(pairs)
    if len(values) != len(pairs):
        raise WebRefused(WebReject.INVALID_FIELD, "Expected each parameter once, was there twice")
    return convert(values, kind)


def convert(values: Any, kind: Any) -> Any:
    """Text values as a checked type. Raises WebRefused naming the field."""
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _invalid(error, values, kind) from None


def _invalid(error: msgspec.ValidationError, value: Any, kind: Any) -> WebRefused:
    return WebRefused(WebReject.INVALID_FIELD, *explained(error, value, kind))


def _refuse_depth(body: bytes) -> None:
    """Refuse JSON that is nested too deep; brackets inside of texts do not count."""
    depth = 0
    for token in _TOKENS.findall(body):
        if token in (b"[", b"{"):
            depth += 1
            if depth > DEEPEST_JSON:
                raise WebRefused(
                    WebReject.JSON_TOO_DEEP, f"Expected JSON of at most {DEEPEST_JSON} levels, was deeper"
                )
        elif token in (b"]", b"}"):
            depth -= 1


def error_of(code: Code, message: str, field: str | None, request_id: str) -> Error:
    """The one shape of a refusal."""
    return Error(code=int(code), name=code.name, message=message, field=field, request_id=request_id)


def error_body(refused: WebRefused, request_id: str) -> tuple[int, bytes]:
    """(HTTP status, JSON) of a refusal."""
    error = error_of(refused.code, refused.message, refused.field, request_id)
    return http_status(refused.code), encode(error)
