"""What the web gateway says of a wrong field, and of what the venue refused: place, expectation, finding."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from novate.app.configuration import embedded_configuration
from novate.domain.codes import Reject
from novate.gateway.findings import MOST_SHOWN, shown
from novate.gateway.hosts import HostRule
from novate.gateway.web.amounts import Screens
from novate.gateway.web.codes import WebRefused
from novate.gateway.web.messages import OrderRequest
from novate.gateway.web.queries import Query
from novate.gateway.web.refusals import Sent, refusal_of
from novate.gateway.web.requests import decode, decode_query
from novate.gateway.web.socket_messages import ClientMessage

ORDER: dict[str, Any] = {"market": "NOVA", "client_order_id": "a", "side": "buy", "quantity": "1"}
ORDERS, MESSAGES = msgspec.json.Decoder(OrderRequest), msgspec.json.Decoder(ClientMessage)


def refused(body: str, decoder: Any = ORDERS) -> tuple[str, str | None, str]:
    """(name, field, sentence)."""
    with pytest.raises(WebRefused) as found:
        decode(decoder, body.encode())
    return found.value.code.name, found.value.field, found.value.message


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"side": "bid"}, "side", 'Expected one of buy, sell, was "bid"'),
        ({"account": "x"}, "account", 'Expected a whole number from 0 to 4294967295, was "x"'),
        ({"account": -1}, "account", "Expected a whole number from 0 to 4294967295, was -1"),
        ({"hidden": 1}, "hidden", "Expected true or false, was 1"),
        ({"market": None}, "market", "Expected text of 1 to 40 characters, was null"),
        ({"market": ""}, "market", 'Expected text of 1 to 40 characters, was ""'),
        ({"quantity": [1, {"deep": 2}]}, "quantity", ', was [1, {"deep": 2}]'),
        ({"client_order_id": "x" * 99}, "client_order_id", ', was "' + "x" * 59 + "..."),
        ({"amount": 1}, "amount", "Expected one of market, client_order_id, side, quantity, type, "),
    ],
)
def test_a_wrong_field_is_named_with_what_belongs_there_and_what_was_found(
    changes: dict[str, Any], field: str, sentence: str
) -> None:
    name, found, said = refused(json.dumps({**ORDER, **changes}))
    assert (name, found) == ("INVALID_FIELD", field)
    assert sentence in said


def test_what_is_long_is_shortened_visibly() -> None:
    for name, text in (("market", "N" * 99), ("client_order_id", "N" * 99)):
        said = refused(json.dumps({**ORDER, name: text}))[2]
        assert said.endswith("N" * 59 + "... (101 characters)")
    assert refused(json.dumps({**ORDER, "a" * 70: 1}))[2].endswith("a" * 60 + "... (70 characters)")
    assert shown("x" * MOST_SHOWN) == "x" * MOST_SHOWN
    assert HostRule("127.0.0.1:1").sentence("h" * 70).endswith("h" * 60 + "... (70 characters)")


def test_a_missing_field_is_named() -> None:
    said = refused(json.dumps({name: value for name, value in ORDER.items() if name != "side"}))
    assert said == ("INVALID_FIELD", "side", "Expected side: one of buy, sell, was not there")
    assert refused('{"market": 1e9999}') == (
        "INVALID_FIELD", "market", "Expected text of 1 to 40 characters, was something else",
    )  # fmt: skip
    assert refused("[]") == ("INVALID_FIELD", None, "Expected an object, was []")


def test_a_field_inside_a_message_is_named_by_its_path() -> None:
    inside = '{"op": "place_order", "id": 1, "order": {"market": 5}}'
    assert refused(inside, MESSAGES)[1:] == (
        "order.market", "Expected text of 1 to 40 characters, was 5",
    )  # fmt: skip
    _, field, said = refused('{"op": "shout", "id": 1}', MESSAGES)
    assert field == "op"
    assert said.startswith("Expected one of amend_order, cancel_all, ")
    assert said.endswith(', was "shout"')


def test_a_parameter_is_named_too() -> None:
    class Depth(Query, frozen=True, kw_only=True):
        depth: int = 10

    with pytest.raises(WebRefused) as found:
        decode_query(Depth, "depth=deep")
    assert (found.value.field, found.value.message) == ("depth", 'Expected a whole number, was "deep"')


@pytest.mark.parametrize(
    "twice",
    [
        '"side": "buy", "side": "sell"',
        '"side": "buy", "s\\u0069de": "sell"',
        '"side" : "buy","side":"buy"',
    ],
)
def test_a_key_that_is_there_twice_is_refused(twice: str) -> None:
    body = f'{{"market": "NOVA", "client_order_id": "a", "quantity": "1", {twice}}}'
    assert refused(body) == (
        "MALFORMED_JSON", "side", "Expected each key of an object once, side was there twice",
    )  # fmt: skip


def test_what_only_looks_like_a_key_is_none() -> None:
    for text in ('"side":', "side", "\\", '\\"side\\":'):
        found = decode(ORDERS, json.dumps({**ORDER, "market": text}).encode())
        assert found.market == text


def test_what_the_venue_refused_is_said_in_terms_of_the_market() -> None:
    market = Screens(embedded_configuration()).market("NOVA")
    for reason, sent, field, said in (
        (Reject.INVALID_QTY, Sent(quantity=200_000), "quantity", "at most 100000, was 200000"),
        (Reject.INVALID_PRICE, Sent(price=2_000_000), "price", "from 0.01 to 10000 where"),
        (Reject.PRICE_BAND, Sent(price=26_000), "price", "within 60 of the reference price"),
        (Reject.INSUFFICIENT_CREDIT, Sent(), None, "Expected enough available credit"),
        (Reject.POST_ONLY_WOULD_TRADE, Sent(), "post_only", "Expected a price at which"),
    ):  # fmt: skip
        refusal = refusal_of(reason, market, sent)
        assert (refusal.code, refusal.field) == (reason, field)
        assert said in refusal.message, refusal.message


@pytest.mark.parametrize("reason", [one for one in Reject if one])
def test_every_refusal_has_a_sentence(reason: Reject) -> None:
    assert refusal_of(reason, None, Sent()).message
