"""OpenAPI and AsyncAPI: they validate, and what they promise is what the gateway has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from novate.app.node import web_settings
from novate.gateway.web import codes, messages
from novate.gateway.web.calls import Scope
from novate.gateway.web.documents import ASKED, SERVED, asyncapi, openapi
from novate.gateway.web.limits import WebSettings
from novate.gateway.web.routes import ROUTES
from tests.tidy.sources import ROOT

PAGE = (ROOT / "docs" / "rest-and-websocket.md").read_text(encoding="utf-8")
GOLDEN = ROOT / "tests" / "golden" / "web_codes.txt"


def plain(document: Any) -> Any:
    """As it is after a journey through JSON."""
    return msgspec.json.decode(msgspec.json.encode(document))


def references(document: Any) -> Iterator[str]:
    """Every $ref of a document."""
    if isinstance(document, dict):
        if isinstance(document.get("$ref"), str):
            yield document["$ref"]
        for value in document.values():
            yield from references(value)
    elif isinstance(document, list):
        for value in document:
            yield from references(value)


def resolved(document: Any, reference: str) -> Any:
    """What a $ref of a document points at; KeyError for nothing."""
    for part in reference.removeprefix("#/").split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


def test_openapi_validates() -> None:
    OpenAPIV31SpecValidator(plain(openapi(ROUTES, "Test"))).validate()


def test_asyncapi_has_every_message_and_every_reference_leads_somewhere() -> None:
    document = plain(asyncapi("Test"))
    for reference in references(document):
        assert resolved(document, reference)
    told = document["operations"]["tell"]["messages"] + document["operations"]["ask"]["messages"]
    assert [one["$ref"].rpartition("/")[2] for one in told] == [one.__name__ for one in (*SERVED, *ASKED)]
    for schema in document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_every_route_has_a_scope_a_sentence_and_a_line_in_the_page(route: Any) -> None:
    assert isinstance(route.scope, Scope)
    assert route.summary
    assert route.handler.__doc__
    assert (route.scope is Scope.PUBLIC) or "security" in openapi((route,), "")["paths"][route.path][
        route.method.lower()
    ]
    if route.tag != "documents":
        tail = route.path.replace("/v1/clearing/statements/{date}/{name}", ".../{date}/{name}")
        assert re.search(rf"`(?:{route.method} )?{re.escape(tail)}[?`]", PAGE), tail


def test_whatever_changes_something_is_no_get() -> None:
    assert {route.method for route in ROUTES if route.scope in (Scope.TRADE, Scope.TRANSFER)} == {
        "POST", "PATCH", "DELETE",
    }  # fmt: skip


def test_no_answer_has_a_float() -> None:
    document = plain(openapi(ROUTES, ""))
    assert '"number"' not in msgspec.json.encode(document).decode()
    assert messages.Error.__name__ in document["components"]["schemas"]


def test_codes_are_for_ever() -> None:
    lines = [f"{one.name}={int(one)}" for one in codes.WebReject]
    kept = [line for line in GOLDEN.read_text().splitlines() if not line.startswith("#")]
    assert lines == kept
    numbers = [int(one) for one in codes.published_codes()]
    assert len(set(numbers)) == len(numbers)
    assert {codes.http_status(one) // 100 for one in codes.published_codes()} == {4, 5}


def test_every_setting_is_on_the_page(tmp_path: Any) -> None:
    path = tmp_path / "m.toml"
    path.write_text("[web]\n")
    assert web_settings.load_web_settings(path) == WebSettings()
    section = PAGE.split("## Configuration", 1)[1]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == list(WebSettings.__struct_fields__)
