"""OpenAPI 3.1 and AsyncAPI 3 documents, made from the routes and the message types that serve them."""

from __future__ import annotations

import inspect
import re
from typing import Any

import msgspec

import novate
from novate.gateway.web import messages, queries, socket_messages
from novate.gateway.web.calls import Route, Scope
from novate.gateway.web.pages import HISTORY_HEADER, RECENT

Json = dict[str, Any]
_REF = "#/components/schemas/{name}"
_PART = re.compile(r"\{(\w+)\}")
_SIGNED: list[Json] = [{"NovateKey": [], "NovateTime": [], "NovateSignature": []}]
_MEANINGS = {
    400: "The request is not well formed, or a field is not", 401: "No key, or not its signature",
    403: "The key may not do this", 404: "There is no such thing", 409: "Not in the present state",
    421: "The Host is not one of this gateway", 422: "A rule of the venue refuses it",
    429: "Too many requests; Retry-After says when to come again",
    503: "The core, or the views of what is older, cannot be reached or is behind",
    504: "The core has not answered in time",
}  # fmt: skip
SERVED: tuple[Any, ...] = (
    messages.Book, messages.BookUpdate, messages.Trade, messages.Ticker, messages.OrderEvent, messages.Fill,
    socket_messages.Answer, socket_messages.Failure, socket_messages.Heartbeat,
)  # fmt: skip
ASKED: tuple[Any, ...] = (
    socket_messages.Login, socket_messages.Subscribe, socket_messages.Unsubscribe, socket_messages.Ping,
    socket_messages.PlaceOrder, socket_messages.AmendOrder, socket_messages.CancelOrder,
    socket_messages.CancelAll, socket_messages.CancelOnDisconnect,
)  # fmt: skip


def openapi(routes: tuple[Route, ...], name: str) -> Json:
    """The OpenAPI document of the routes of a venue."""
    types = [kind for route in routes for kind in (route.body, route.response) if _is_message(kind)]
    _, schemas = msgspec.json.schema_components([*types, messages.Error], ref_template=_REF)
    paths: Json = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"{name}: REST",
            "version": novate.__version__,
            "description": "Orders, market data and clearing of one venue: docs/rest-and-websocket.md",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in routes)],
        "paths": paths,
        "components": {
            "schemas": _sorted(schemas),
            "securitySchemes": {
                scheme: {"type": "apiKey", "in": "header", "name": header, "description": meaning}
                for scheme, header, meaning in (
                    ("NovateKey", "Novate-Key", "Name of the session"),
                    ("NovateTime", "Novate-Time", "Nanoseconds since 1970"),
                    ("NovateSignature", "Novate-Signature", "Hex digits: 128 of Ed25519, 64 of HMAC-SHA256"),
                )
            },
        },
    }


def _is_message(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _operation(route: Route) -> Json:
    meaning = inspect.getdoc(route.handler) or route.summary
    made: Json = {
        "operationId": route.handler.__name__,
        "summary": route.summary,
        "description": meaning,
        "tags": [route.tag],
        "x-scope": route.scope.value,
        "x-rate": route.rate.value,
        "parameters": [*_path_parameters(route), *_query_parameters(route.query)],
        "responses": _responses(route),
    }
    if route.scope is not Scope.PUBLIC:
        made["security"] = _SIGNED
    if route.body is not None:
        schema = {"$ref": _REF.format(name=route.body.__name__)}
        made["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
    return made


def _path_parameters(route: Route) -> list[Json]:
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": msgspec.json.schema(queries.PATH_TYPES[name]),
        }
        for name in _PART.findall(route.path)
    ]


def _query_parameters(kind: type[queries.Query]) -> list[Json]:
    definition = msgspec.json.schema(kind)
    whole = definition.get("$defs", {}).get(kind.__name__, definition)
    return [
        {"name": name, "in": "query", "required": False, "schema": _without_null(schema)}
        for name, schema in whole.get("properties", {}).items()
    ]


def _without_null(schema: Json) -> Json:
    """A parameter that may be left out; null cannot be written behind a question mark."""
    options = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(options) == 1:
        return options[0]  # type: ignore[no-any-return]
    if schema.get("default", 0) is None:
        schema = {key: value for key, value in schema.items() if key != "default"}
    if "enum" in schema:
        schema = {**schema, "enum": [one for one in schema["enum"] if one is not None]}
    return schema


def _responses(route: Route) -> Json:
    if _is_message(route.response):
        schema: Json = {"$ref": _REF.format(name=route.response.__name__)}
    elif route.response is dict:
        schema = {"type": "object"}
    else:
        schema = {"type": "string"}
    good = {"description": route.summary, "headers": _headers(), "content": {route.kind: {"schema": schema}}}
    made: Json = {str(route.status): good}
    if route.status == 201:
        made["200"] = {**good, "description": "The same request was taken before"}
    refusals = {400, 421, 429, *route.refusals}
    if route.scope is not Scope.PUBLIC:
        refusals |= {401, 403}
    for status in sorted(refusals):
        made[str(status)] = _refusal(_MEANINGS[status])
    made["default"] = _refusal("Any other refusal")
    return made


def _refusal(meaning: str) -> Json:
    return {
        "description": meaning,
        "content": {"application/json": {"schema": {"$ref": _REF.format(name="Error")}}},
    }


def _headers() -> Json:
    return {
        name: {"description": meaning, "schema": {"type": "string"}}
        for name, meaning in (
            ("Request-Id", "Finds the request in the gateway's log"),
            ("RateLimit-Limit", "Units that the rate keeps at most"),
            ("RateLimit-Remaining", "Units that are left"),
            ("RateLimit-Reset", "Seconds until it is full again"),
            (HISTORY_HEADER, f"{RECENT}: what is older than the gateway remembers could not be read"),
        )
    }


def _sorted(schemas: Json) -> Json:
    """Schemas in the order of their names."""
    return {name: schemas[name] for name in sorted(schemas)}


def asyncapi(name: str) -> Json:
    """The AsyncAPI document of the WebSocket of a venue."""
    _, schemas = msgspec.json.schema_components([*SERVED, *ASKED], ref_template=_REF)
    every = [*SERVED, *ASKED]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": f"{name}: WebSocket",
            "version": novate.__version__,
            "description": "Streams and order entry: docs/rest-and-websocket.md",
        },
        "defaultContentType": "application/json",
        "channels": {
            "socket": {
                "address": "/v1/ws",
                "messages": {
                    one.__name__: {"$ref": f"#/components/messages/{one.__name__}"} for one in every
                },
            }
        },
        "operations": {
            "ask": _messages_of("receive", ASKED, "What a client sends"),
            "tell": _messages_of("send", SERVED, "What a client is told"),
        },
        "components": {
            "messages": {
                one.__name__: {
                    "summary": (inspect.getdoc(one) or "").split("\n")[0],
                    "payload": {"$ref": _REF.format(name=one.__name__)},
                }
                for one in every
            },
            "schemas": _sorted(schemas),
        },
    }


def _messages_of(action: str, types: tuple[Any, ...], summary: str) -> Json:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": "#/channels/socket"},
        "messages": [{"$ref": f"#/channels/socket/messages/{one.__name__}"} for one in types],
    }
