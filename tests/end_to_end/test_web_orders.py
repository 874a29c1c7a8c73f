"""REST over real sockets: the bot of the documentation, orders, idempotency, money, rates, restart."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from novate.app.node.directory import DataDirectory
from novate.app.node.session_file import hmac_secrets
from tests.end_to_end.processes import ROOT
from tests.end_to_end.webs import WebNode, web

__all__ = ["web"]
PAGE = (ROOT / "docs" / "rest-and-websocket.md").read_text(encoding="utf-8")


def test_the_bot_of_the_documentation_does_what_it_says(web: WebNode, tmp_path: Path) -> None:
    script = tmp_path / "bot.py"
    script.write_text(re.findall(r"```python\n(import json.*?)```", PAGE, re.DOTALL)[0], encoding="utf-8")
    key = tmp_path / "ALPINE.key"
    key.write_text(b"ALPINE".ljust(32, b".").hex())
    finished = subprocess.run(
        [sys.executable, str(script), web.base, "ALPINE", str(key), "101"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stderr
    promised = re.findall(r"\$ python bot.py [^\n]*\n(.*?)```", PAGE, re.DOTALL)[0]
    assert finished.stdout == promised


def test_an_order_is_answered_when_it_is_applied(web: WebNode) -> None:
    resting = web.place("ALPINE", "rest-1", "buy", "170.50")
    assert resting.status == 201
    assert resting.json["order"]["price"] == "170.5"
    met = web.place("BOREAL", "meet-1", "sell", "170.5", quantity=2)
    assert (met.json["order"]["status"], met.json["order"]["filled"]) == ("filled", "2")
    fill = web.call("BOREAL", "GET", "/v1/fills?limit=1").json["items"][0]
    assert (fill["role"], fill["side"], fill["quantity"], fill["price"]) == ("taker", "sell", "2", "170.5")
    order = web.call("ALPINE", "GET", "/v1/orders/rest-1").json
    assert (order["leaves"], order["filled"], order["status"]) == ("3", "2", "open")
    cancelled = web.call("ALPINE", "DELETE", "/v1/orders/rest-1").json
    assert (cancelled["status"], cancelled["leaves"]) == ("cancelled", "0")


def test_a_market_order_has_no_price_of_its_own(web: WebNode) -> None:
    """What the venue keeps as its price is the bound of its protection, at which nobody wanted to trade."""
    web.place("ALPINE", "rest-2", "buy", "170.50", quantity=1)
    order = {"market": "NOVA", "client_order_id": "meet-2", "side": "sell", "quantity": "1", "type": "market"}
    met = web.call("BOREAL", "POST", "/v1/orders", order).json["order"]
    assert (met["status"], met["filled"], met.get("price")) == ("filled", "1", None)


def test_the_same_order_twice_is_one_order(web: WebNode) -> None:
    first = web.place("ALPINE", "same", "buy", "150").json
    again = web.place("ALPINE", "same", "buy", "150.00")
    assert (again.status, again.json["duplicate_same"]) == (200, True)
    assert again.json["order"]["order_id"] == first["order"]["order_id"]
    other = web.place("ALPINE", "same", "buy", "151")
    assert (other.status, other.json["name"]) == (409, "DUPLICATE_DIFFERENT")
    web.call("ALPINE", "DELETE", "/v1/orders/same")
    closed = web.place("ALPINE", "same", "buy", "150").json
    assert closed["duplicate_same"]
    assert closed["order"]["status"] == "cancelled"


def test_what_was_refused_is_refused_again_and_nothing_is_sent(web: WebNode) -> None:
    first = web.place("ALPINE", "far", "buy", "9000")
    assert (first.status, first.json["name"]) == (422, "PRICE_BAND")
    before = web.get("/v1/markets/NOVA/book").json["seq"]
    again = web.place("ALPINE", "far", "buy", "9000")
    assert again.json["name"] == "PRICE_BAND"
    orders = web.call("ALPINE", "GET", "/v1/orders").json["items"]
    assert all(order["client_order_id"] != "far" for order in orders)
    assert web.get("/v1/markets/NOVA/book").json["seq"] >= before


def test_a_batch_is_taken_and_refused_order_by_order(web: WebNode) -> None:
    order = {"market": "NOVA", "side": "buy", "quantity": "5", "price": "140"}
    sent = [
        {**order, "client_order_id": "b-1"}, {**order, "client_order_id": "b-2", "price": "140.001"},
        {**order, "client_order_id": "b-3", "market": "NOWHERE"}, {**order, "client_order_id": "b-4"},
    ]  # fmt: skip
    answer = web.call("ALPINE", "POST", "/v1/orders/batch", {"orders": sent})
    results = answer.json["results"]
    assert [one["client_order_id"] for one in results] == ["b-1", "b-2", "b-3", "b-4"]
    names = [one["error"] and one["error"]["name"] for one in results]
    assert names == [None, "PRICE_OFF_TICK", "UNKNOWN_SYMBOL", None]
    assert web.call("ALPINE", "POST", "/v1/orders/cancel-all", {"side": "buy"}).json["cancelled"] == 2


@pytest.mark.parametrize(
    ("changes", "status", "name"),
    [
        ({"quantity": 0}, 422, "INVALID_QTY"),
        ({"price": None}, 400, "PRICE_NEEDED"),
        ({"side": "up"}, 400, "INVALID_FIELD"),
        ({"client_order_id": "x" * 37}, 400, "INVALID_FIELD"),
        ({"client_order_id": "'; DROP TABLE orders; --"}, 400, "INVALID_FIELD"),
        ({"price": "1e3"}, 400, "INVALID_FIELD"),
        ({"price": 180.5}, 400, "INVALID_FIELD"),
        ({"leverage": 10}, 400, "INVALID_FIELD"),
        ({"account": 201}, 403, "ACCOUNT_NOT_YOURS"),
        ({"market": "NOVA' OR 1=1"}, 404, "UNKNOWN_SYMBOL"),
    ],
)
def test_an_order_that_is_none_says_which_rule_it_breaks(
    web: WebNode, changes: dict[str, Any], status: int, name: str
) -> None:
    order = {"market": "NOVA", "client_order_id": "bad", "side": "buy", "quantity": "5", "price": "180"}
    answer = web.call("ALPINE", "POST", "/v1/orders", {**order, **changes})
    assert (answer.status, answer.json["name"]) == (status, name)


@pytest.mark.parametrize("text", ["7", "maker-7", "0123456789-abcdef-0123456789-abcdef-"])
def test_every_form_of_client_order_id_comes_back_as_it_was(web: WebNode, text: str) -> None:
    assert web.place("ALPINE", text, "buy", "130").json["order"]["client_order_id"] == text
    assert web.call("ALPINE", "DELETE", f"/v1/orders/{text}").json["client_order_id"] == text


def test_an_order_of_another_account_is_not_there(web: WebNode) -> None:
    web.place("ALPINE", "mine", "buy", "124")
    for method in ("GET", "DELETE"):
        assert web.call("BOREAL", method, "/v1/orders/mine").json["name"] == "UNKNOWN_ORDER"
        answer = web.call("BOREAL", method, "/v1/orders/mine?account=101")
        assert answer.json["name"] == "ACCOUNT_NOT_YOURS"
    assert web.call("ALPINE", "DELETE", "/v1/orders/mine").status == 200


def test_a_key_with_several_accounts_must_say_which(web: WebNode) -> None:
    assert web.call("CASTOR", "GET", "/v1/balances").json["name"] == "ACCOUNT_NEEDED"
    assert web.call("CASTOR", "GET", "/v1/balances?account=302").json["account"] == 302


def test_test_money_goes_in_and_out_once(web: WebNode) -> None:
    def usd() -> str:
        items = web.call("BANKER", "GET", "/v1/balances").json["items"]
        return str(next(one["available"] for one in items if one["asset"] == "USD"))

    before = usd()
    transfer = {"transfer_id": "in-1", "asset": "USD", "amount": "12.50"}
    answer = web.call("BANKER", "POST", "/v1/deposits", transfer).json
    assert (answer["amount"], answer["duplicate_same"]) == ("12.5", False)
    assert answer["available"] != before
    assert web.call("BANKER", "POST", "/v1/deposits", transfer).json["duplicate_same"]
    assert usd() == answer["available"]
    back = web.call("BANKER", "POST", "/v1/withdrawals", {**transfer, "transfer_id": "out-1"}).json
    assert (back["available"], usd()) == (before, before)
    huge = {"transfer_id": "out-2", "asset": "USD", "amount": "900000000000000"}
    refused = web.call("BANKER", "POST", "/v1/withdrawals", huge).json
    assert (refused["name"], refused["field"]) == ("INSUFFICIENT_CREDIT", "amount")
    free = f"{before} USD (0 more is reserved by open orders)"
    assert refused["message"] == f"Expected at most what is free, {free}; was 900000000000000"
    most = {"transfer_id": "in-2", "asset": "USD", "amount": "46000000000000000"}
    held = web.call("BANKER", "POST", "/v1/deposits", most).json["available"]
    refused = web.call("BANKER", "POST", "/v1/deposits", {**most, "transfer_id": "in-3"}).json
    assert refused["name"] == "CREDIT_OVERFLOW"
    assert f"free is {held} USD (0 more" in refused["message"]
    back = web.call("BANKER", "POST", "/v1/withdrawals", {**most, "transfer_id": "out-3"}).json
    assert back["available"] == before
    assert web.call("ALPINE", "POST", "/v1/deposits", transfer).json["name"] == "MISSING_SCOPE"


def test_a_list_is_the_same_in_one_page_or_in_many(web: WebNode) -> None:
    for number in range(5):
        web.place("ALPINE", f"page-{number}", "buy", str(125 + number))
    whole = web.call("ALPINE", "GET", "/v1/orders?status=open").json["items"]
    found, cursor = [], ""
    while True:
        page = web.call("ALPINE", "GET", f"/v1/orders?status=open&limit=2{cursor}").json
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert found == whole
    assert len(whole) >= 5
    assert web.call("ALPINE", "POST", "/v1/orders/cancel-all", {}).json["cancelled"] >= 5


def test_a_rate_says_what_is_left_and_when_to_come_again(web: WebNode) -> None:
    first = web.place("SLOW", "slow-1", "buy", "126")
    assert (first.headers["RateLimit-Limit"], first.headers["RateLimit-Remaining"]) == ("2", "1")
    web.place("SLOW", "slow-2", "buy", "126")
    third = web.place("SLOW", "slow-3", "buy", "126")
    assert (third.status, third.json["name"]) == (429, "TOO_MANY_REQUESTS")
    assert third.headers["Retry-After"] == "1"
    assert web.call("SLOW", "POST", "/v1/orders/cancel-all", {}).json["cancelled"] == 2


def test_the_dead_mans_switch_cancels(web: WebNode) -> None:
    web.place("ALPINE", "switch", "buy", "127")
    set_up = web.call("ALPINE", "POST", "/v1/orders/cancel-after", {"seconds": 1}).json
    assert set_up["at_ns"] > 0
    with web.socket("ALPINE") as socket:
        socket.ask("subscribe", channel="orders")
        event = socket.until("order", client_order_id="switch", event="cancelled")
    assert event["order"]["status"] == "cancelled"


def test_hmac_is_as_good_as_a_signature(web: WebNode) -> None:
    secret = hmac_secrets(DataDirectory(web.data))["BOREAL"]
    assert web.call("BOREAL", "GET", "/v1/accounts", secret=secret).status == 200
    assert web.call("BOREAL", "GET", "/v1/accounts", secret=b"x" * 32).json["name"] == "WRONG_SIGNATURE"
    assert web.call("ALPINE", "GET", "/v1/accounts", secret=b"").status == 200
    assert web.call("ALPINE", "GET", "/v1/accounts", secret=b"\0").json["name"] == "WRONG_SIGNATURE"


def test_an_order_that_would_meet_its_own_account_shrinks_both(web: WebNode) -> None:
    web.place("ALPINE", "own-sell", "sell", "183")
    taken = web.place("ALPINE", "own-buy", "buy", "183", quantity="2", self_trade="decrement").json["order"]
    assert (taken["status"], taken["filled"]) == ("cancelled", "0")
    resting = web.call("ALPINE", "GET", "/v1/orders/own-sell").json
    assert (resting["quantity"], resting["leaves"], resting["filled"]) == ("3", "3", "0")
    assert web.get("/v1/markets/NOVA/book").json["asks"] == [["183", "3"]]
    assert web.call("ALPINE", "DELETE", "/v1/orders/own-sell").json["status"] == "cancelled"


def test_a_worker_that_dies_is_started_again_and_knows_its_orders(web: WebNode) -> None:
    web.place("ALPINE", "before", "buy", "133")
    web.call("ALPINE", "POST", "/v1/orders/cancel-after", {"seconds": 3_600})
    web.kill_worker()
    web.wait_until_up()
    again = web.place("ALPINE", "before", "buy", "133").json
    assert (again["duplicate_same"], again["order"]["status"]) == (True, "open")
    assert web.call("ALPINE", "POST", "/v1/orders/cancel-after", {"seconds": 1}).json["at_ns"]
    deadline = time.monotonic() + 10
    while web.call("ALPINE", "GET", "/v1/orders/before").json["status"] != "cancelled":
        assert time.monotonic() < deadline


def test_a_restart_forgets_no_open_order_and_no_trade(tmp_path: Path) -> None:
    node = WebNode(tmp_path)
    try:
        node.place("ALPINE", "stays-for-long", "buy", "160")
        node.place("BOREAL", "hits", "sell", "160", quantity="2")
        before = node.call("ALPINE", "GET", "/v1/orders").json["items"]
        fills = node.call("ALPINE", "GET", "/v1/fills").json["items"]
        trades = node.get("/v1/markets/NOVA/trades").json
        node.end(signal.SIGINT)
        node.start()
        after = node.call("ALPINE", "GET", "/v1/orders").json["items"]
        assert [(one["order_id"], one["leaves"], one["status"]) for one in after] == [
            (one["order_id"], one["leaves"], one["status"]) for one in before
        ]
        assert node.get("/v1/markets/NOVA/trades").json == trades
        kept = node.call("ALPINE", "GET", "/v1/fills").json["items"]
        assert [{**one, "client_order_id": ""} for one in kept] == [
            {**one, "client_order_id": ""} for one in fills
        ]
        assert node.get("/v1/markets/NOVA/book").json["bids"] == [["160", "3"]]
        assert node.call("ALPINE", "DELETE", "/v1/orders/stays-for-long").json["status"] == "cancelled"
        node.process.process.send_signal(signal.SIGINT)
    finally:
        node.process.kill()
