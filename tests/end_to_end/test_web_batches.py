"""Batches of orders over the web: each order has its own result, in its place, whatever the others are."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from novate.gateway.web.limits import MOST_BATCH
from tests.end_to_end.webs import Answer, WebNode, web

__all__ = ["web"]
ROUTE = "/v1/orders/batch"
ORDER = {"market": "NOVA", "side": "buy", "quantity": "5", "price": "140"}


def order(client_order_id: str, **changes: Any) -> dict[str, Any]:
    """A good order, or what the changes make of it."""
    return {**ORDER, "client_order_id": client_order_id, **changes}


def without(name: str, client_order_id: str) -> dict[str, Any]:
    """An order that lacks a field."""
    return {key: value for key, value in order(client_order_id).items() if key != name}


def sent(web: WebNode, orders: Any, name: str = "ALPINE") -> Answer:
    """A signed batch."""
    return web.call(name, "POST", ROUTE, {"orders": orders})


def raw(web: WebNode, body: bytes) -> Answer:
    """A signed body, whatever it is."""
    return web.send("POST", ROUTE, body, web.headers("ALPINE", "POST", ROUTE, body))


def swept(web: WebNode, name: str = "ALPINE") -> int:
    """How many orders were open, and are no longer."""
    return int(web.call(name, "POST", "/v1/orders/cancel-all", {}).json["cancelled"])


def names(answer: Answer) -> list[str | None]:
    """The error of each result, None where there is an order."""
    assert answer.status == 200, answer.json
    assert all((one["order"] is None) != (one["error"] is None) for one in answer.json["results"])
    return [one["error"] and one["error"]["name"] for one in answer.json["results"]]


Made = Callable[[str], Any]
WRONG: dict[str, tuple[Made, str | None, str, str, str]] = {
    "a type": (
        lambda name: order(name, side=7), "side", "INVALID_FIELD", "Expected one of buy, sell, was 7", "",
    ),
    "an unknown field": (
        lambda name: order(name, leverage=10), "leverage", "INVALID_FIELD", "Expected one of market, ", "",
    ),
    "no decimal": (
        lambda name: order(name, price="1e3"), "price", "INVALID_FIELD",
        'Expected a decimal as text such as "12.5" or a whole number', 'was "1e3"',
    ),
    "a field that is missing": (
        lambda name: without("side", name), "side", "INVALID_FIELD",
        "Expected side: one of buy, sell, was not there", "",
    ),
    "no market": (lambda name: order(name, market="NOWHERE"), "market", "UNKNOWN_SYMBOL", "", "NOWHERE"),
    "another's account": (
        lambda name: order(name, account=201), "account", "ACCOUNT_NOT_YOURS", "Expected an account", "201",
    ),
    "no price": (lambda name: without("price", name), "price", "PRICE_NEEDED", "Expected a price", "none"),
    "a number beyond all": (
        lambda name: order(name, quantity=10**4_000), "quantity", "INVALID_FIELD", "Expected a decimal", "",
    ),
    "a client order id": (
        lambda name: order("; DROP TABLE"), "client_order_id", "INVALID_FIELD", "Expected text", "DROP TABLE",
    ),
    "a number": (lambda name: 7, None, "INVALID_FIELD", "Expected an object, was 7", ""),
    "a null": (lambda name: None, None, "INVALID_FIELD", "Expected an object, was null", ""),
    "a list": (lambda name: [order(name)], None, "INVALID_FIELD", "Expected an object, was [", ""),
}  # fmt: skip


@pytest.mark.parametrize("wrong", WRONG)
def test_an_order_that_is_none_is_refused_alone_and_in_its_place(web: WebNode, wrong: str) -> None:
    made, field, name, begins, found = WRONG[wrong]
    at = 2
    orders = [order(f"p-{wrong}-{one}".replace(" ", "").replace("'", "")[:36]) for one in range(5)]
    orders[at] = bad = made("wrong-one")
    answer = sent(web, orders)
    assert names(answer) == [None, None, name, None, None]
    assert swept(web) == 4
    error = answer.json["results"][at]["error"]
    assert error["field"] == (f"orders[{at}].{field}" if field else f"orders[{at}]")
    assert error["message"].startswith(begins)
    assert found in error["message"]
    # In the words and the shape of a single order that is wrong in the same way.
    alone = web.call("ALPINE", "POST", "/v1/orders", bad).json if bad is not None else raw_order(web)
    assert {**error, "field": None, "request_id": ""} == {**alone, "field": None, "request_id": ""}
    assert alone.get("field") == field


def raw_order(web: WebNode) -> Any:
    """What a single order that is `null` gets."""
    headers = web.headers("ALPINE", "POST", "/v1/orders", b"null")
    return web.send("POST", "/v1/orders", b"null", headers).json


def test_a_refusal_of_the_venue_names_its_place_too(web: WebNode) -> None:
    answer = sent(
        web, [order("v-1"), order("v-2", price="140.001"), without("price", "v-3") | {"type": "market"}]
    )
    assert names(answer) == [None, "PRICE_OFF_TICK", "NO_LIQUIDITY"]
    assert answer.json["results"][1]["error"]["field"] == "orders[1].price"
    assert answer.json["results"][2]["error"]["field"] == "orders[2]"
    assert swept(web) == 1


def test_the_client_order_id_is_told_where_there_is_one(web: WebNode) -> None:
    orders = [order("n-1", side="up"), order("x" * 37), without("client_order_id", ""), "n-4", order("n-5")]
    answer = sent(web, orders)
    assert [one["client_order_id"] for one in answer.json["results"]] == ["n-1", None, None, None, "n-5"]
    assert swept(web) == 1


def test_a_key_that_is_there_twice_refuses_its_order_alone(web: WebNode) -> None:
    good = json.dumps(order("k-1"))
    body = f'{{"orders": [{good}, {good[:-1]}, "side": "sell"}}]}}'
    answer = raw(web, body.encode())
    assert names(answer) == [None, "MALFORMED_JSON"]
    assert answer.json["results"][1]["error"]["field"] == "orders[1].side"
    assert swept(web) == 1


GOOD = json.dumps(order("whole"))
WHOLE: dict[str, tuple[str | bytes, str, str | None, str]] = {
    "no JSON": (f'{{"orders": [{GOOD}, {{"side": bad}}]}}', "MALFORMED_JSON", None, "one JSON document"),
    "cut off": (f'{{"orders": [{GOOD}', "MALFORMED_JSON", None, "one JSON document"),
    "no UTF-8": (
        f'{{"orders": [{GOOD}, {{"x": "'.encode() + b"\xff" + b'"}]}', "MALFORMED_JSON", None, "in UTF-8",
    ),
    "half a surrogate": (f'{{"orders": [{GOOD}, {{"x": "\\ud800"}}]}}', "MALFORMED_JSON", None, "JSON"),
    "deep": (f'{{"orders": [{GOOD}, {"[" * 9}{"]" * 9}]}}', "JSON_TOO_DEEP", None, "at most 8 levels"),
    "a list": (f"[{GOOD}]", "INVALID_FIELD", None, "Expected an object, was ["),
    "an order": (GOOD, "INVALID_FIELD", "market", "Expected one of orders, was market"),
    "nothing": ("{}", "INVALID_FIELD", "orders", "Expected orders: a list of 1 to 50, was not there"),
    "an unknown field": (
        f'{{"orders": [{GOOD}], "atomic": true}}', "INVALID_FIELD", "atomic",
        "Expected one of orders, was atomic",
    ),
    "orders twice": (f'{{"orders": [{GOOD}], "orders": [{GOOD}]}}', "MALFORMED_JSON", "orders", "twice"),
    "orders twice, once disguised": (
        f'{{"orders": [{GOOD}], "\\u006frders": [{GOOD}]}}', "MALFORMED_JSON", "orders", "twice",
    ),
    "no order": ('{"orders": []}', "INVALID_FIELD", "orders", "Expected a list of 1 to 50, was []"),
    "too many": (
        f'{{"orders": [{", ".join([GOOD] * (MOST_BATCH + 1))}]}}', "INVALID_FIELD", "orders",
        "Expected a list of 1 to 50, was a list of 51",
    ),
    "no list": ('{"orders": "all"}', "INVALID_FIELD", "orders", 'Expected a list of 1 to 50, was "all"'),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_what_is_no_batch_is_refused_as_a_whole_and_nothing_of_it_is_sent(web: WebNode, name: str) -> None:
    body, code, field, said = WHOLE[name]
    answer = raw(web, body.encode() if isinstance(body, str) else body)
    assert (answer.status, answer.json["name"], answer.json.get("field")) == (400, code, field)
    assert said in answer.json["message"]
    assert swept(web) == 0


def test_one_client_order_id_twice_in_a_batch(web: WebNode) -> None:
    orders = [
        order("i-1", side="up"), order("i-1"), order("i-1"), order("i-1", price="141"), order("i-2"),
    ]  # fmt: skip
    answer = sent(web, orders)
    assert names(answer) == ["INVALID_FIELD", None, None, "DUPLICATE_DIFFERENT", None]
    assert [one["duplicate_same"] for one in answer.json["results"]] == [False, False, True, False, False]
    assert answer.json["results"][1]["order"]["order_id"] == answer.json["results"][2]["order"]["order_id"]
    assert answer.json["results"][3]["error"]["field"] == "orders[3].client_order_id"
    assert swept(web) == 2


def test_a_batch_that_was_mended_is_sent_again_as_a_whole(web: WebNode) -> None:
    orders = [order("m-1"), order("m-2", quantity="five"), order("m-3")]
    assert names(sent(web, orders)) == [None, "INVALID_FIELD", None]
    orders[1] = order("m-2")
    again = sent(web, orders)
    assert names(again) == [None, None, None]
    assert [one["duplicate_same"] for one in again.json["results"]] == [True, False, True]
    assert swept(web) == 3


def test_each_order_spends_the_rate_also_one_that_is_none(web: WebNode) -> None:
    # SLOW has two units, and one more a second: 48 seconds would have to pass for the last to be within it.
    orders = [order("r-0", account=501), {}, *(order(f"r-{at}", account=501) for at in range(2, MOST_BATCH))]
    answer = sent(web, orders, "SLOW")
    found = names(answer)
    assert found[:2] == [None, "INVALID_FIELD"]
    assert found[-1] == "TOO_MANY_REQUESTS"
    last = answer.json["results"][-1]
    assert (last["client_order_id"], last["error"]["field"]) == ("r-49", "orders[49]")
    assert answer.headers["RateLimit-Remaining"] == "0"
    open_ones = web.call("SLOW", "GET", "/v1/orders?status=open").json["items"]
    assert [one["client_order_id"] for one in reversed(open_ones)] == [
        f"r-{at}" for at, name in enumerate(found) if name is None
    ]
    assert swept(web, "SLOW") == found.count(None)


def test_the_answer_is_as_the_document_promises(web: WebNode) -> None:
    document = web.get("/v1/openapi.json").json
    schema = {"$ref": "#/components/schemas/BatchAnswer", "components": document["components"]}
    validator = Draft202012Validator(schema)
    answer = sent(web, [order("d-1"), 7, order("d-2", side="up"), {}])
    validator.validate(answer.json)
    assert swept(web) == 1
