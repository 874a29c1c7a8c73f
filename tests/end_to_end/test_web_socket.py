"""The WebSocket over real sockets: books that can be followed, resume, order entry, bad frames."""

from __future__ import annotations

import contextlib
import json
import signal
import time
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from novate.gateway.web.limits import LARGEST_MESSAGE
from tests.end_to_end.webs import Listener, WebNode, web

__all__ = ["web"]


class FollowedBook:
    """A client's book: the snapshot, then every update, checked by number and checksum."""

    def __init__(self, listener: Listener, depth: int = 10) -> None:
        self._listener = listener
        self._depth = depth
        self._taken = 0  # of what the listener was told: a snapshot may come before the answer to a question
        self.bids: dict[str, str] = {}
        self.asks: dict[str, str] = {}
        self.seq = -1
        self.updates = 0

    def follow(self, until: int) -> None:
        """Until a message as of a command or later."""
        deadline = time.monotonic() + 20
        while self.seq < until:
            # Heartbeats keep coming, so a book that does not is found by the clock alone.
            assert time.monotonic() < deadline, f"expected a book as of {until}, was {self.seq}"
            if self._taken == len(self._listener.told):
                self._listener.next()
            message = self._listener.told[self._taken]
            self._taken += 1
            if message["type"] in ("book_snapshot", "book") and message["depth"] == self._depth:
                self.take(message)

    def take(self, message: dict[str, Any]) -> None:
        """One message."""
        if message["type"] == "book_snapshot":
            self.bids, self.asks = dict(message["bids"]), dict(message["asks"])
        else:
            assert message["prev_seq"] == self.seq
            self.updates += 1
            for side, changes in ((self.bids, message["bids"]), (self.asks, message["asks"])):
                for price, quantity in changes:
                    side[price] = quantity
                    if quantity == "0":
                        del side[price]
        self.seq = message["seq"]
        assert self.checksum() == message["checksum"]

    def sides(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Bids and asks, best first."""
        bids = sorted(self.bids.items(), key=lambda one: -Decimal(one[0]))
        return bids, sorted(self.asks.items(), key=lambda one: Decimal(one[0]))

    def checksum(self) -> int:
        """As the documentation has it."""
        bids, asks = self.sides()
        return zlib.crc32(":".join(part for level in bids[:10] + asks[:10] for part in level).encode())


def test_a_book_can_be_followed_and_is_that_of_rest(web: WebNode) -> None:
    with web.socket() as socket:
        for depth in (10, 50):
            assert socket.ask("subscribe", channel="book", market="RHIN", depth=depth)["type"] == "answer"
        book = FollowedBook(socket)
        book.follow(0)
        last = 0
        for number in range(25):
            order = {"market": "RHIN", "client_order_id": f"r-{number}", "quantity": number + 1,
                     "side": "buy" if number % 2 else "sell",
                     "price": str(90 - number if number % 2 else 100 + number)}  # fmt: skip
            last = web.call("ALPINE", "POST", "/v1/orders", order).json["order"]["seq"]
        for number in (1, 3, 24):
            last = web.call("ALPINE", "DELETE", f"/v1/orders/r-{number}").json["seq"]
        wanted = web.get("/v1/markets/RHIN/book").json
        book.follow(last - 20)
        while book.sides() != ([*map(tuple, wanted["bids"])], [*map(tuple, wanted["asks"])]):
            book.follow(book.seq + 1)
        deep = FollowedBook(socket, 50)
        for message in socket.told:
            if message["type"] in ("book_snapshot", "book") and message["depth"] == 50:
                deep.take(message)
        assert book.updates > 0
        assert len(deep.bids) > 10 or len(deep.asks) > 10
    assert web.call("ALPINE", "POST", "/v1/orders/cancel-all", {"market": "RHIN"}).json["cancelled"] == 22


def test_hidden_quantity_is_not_in_the_book(web: WebNode) -> None:
    web.place("ALPINE", "hid", "buy", "131", hidden=True)
    web.place("ALPINE", "ice", "buy", "132", quantity="50", display_quantity="7")
    web.place("ALPINE", "stop", "buy", "190", type="stop_limit", stop_price="189")
    bids = web.get("/v1/markets/NOVA/book").json["bids"]
    assert ["132", "7"] in bids
    assert all(price not in ("131", "190") for price, _ in bids)
    assert web.call("ALPINE", "GET", "/v1/orders/stop").json["status"] == "waiting"
    assert web.call("ALPINE", "POST", "/v1/orders/cancel-all", {}).json["cancelled"] == 3


def trade(web: WebNode, name: str) -> None:
    """One lot changes hands."""
    web.place("ALPINE", f"{name}-buy", "buy", "175", quantity="1")
    assert web.place("BOREAL", f"{name}-sell", "sell", "175", quantity="1").json["order"]["filled"] == "1"


def test_whoever_comes_back_is_told_what_it_missed(web: WebNode) -> None:
    trade(web, "first")
    with web.socket("ALPINE") as socket:
        socket.ask("subscribe", channel="trades", market="NOVA", last_seq=0)
        socket.ask("subscribe", channel="fills", last_seq=0)
        socket.ask("subscribe", channel="orders", last_seq=0)
        trade(web, "second")
        seen = socket.until("fill", client_order_id="second-buy")
        orders = socket.until("order", client_order_id="second-buy", event="accepted")
        last = [message for message in socket.told if message["type"] == "trade"][-1]["seq"]
    for name in ("third", "fourth"):
        trade(web, name)
    with web.socket("ALPINE") as socket:
        socket.ask("subscribe", channel="fills", last_seq=seen["seq"])
        socket.ask("subscribe", channel="orders", last_seq=orders["seq"])
        socket.ask("subscribe", channel="trades", market="NOVA", last_seq=last)
        socket.until("fill", client_order_id="fourth-buy")
        socket.until("order", client_order_id="fourth-buy", event="accepted")
        for kind, first in (("fill", seen["seq"]), ("order", orders["seq"])):
            told = [message for message in socket.told if message["type"] == kind]
            assert [message["prev_seq"] for message in told] == [first, *(one["seq"] for one in told[:-1])]
            assert [one["client_order_id"] for one in told if one.get("event") != "cancelled"] == [
                "third-buy", "fourth-buy",
            ]  # fmt: skip


def test_orders_over_the_socket_are_those_of_rest(web: WebNode) -> None:
    order = {"market": "NOVA", "client_order_id": "ws-1", "side": "buy", "quantity": "5", "price": "150"}
    with web.socket("ALPINE") as socket:
        placed = socket.ask("place_order", order=order)
        assert (placed["result"]["order"]["status"], placed["cost"]) == ("open", 1)
        assert socket.ask("place_order", order=order)["result"]["duplicate_same"]
        assert web.place("ALPINE", "ws-1", "buy", "150").json["duplicate_same"]
        wrong = socket.ask("place_order", order={**order, "price": "150.001", "client_order_id": "ws-2"})
        assert (wrong["error"]["name"], wrong["error"]["field"]) == ("PRICE_OFF_TICK", "price")
        amended = socket.ask("amend_order", client_order_id="ws-1", changes={"quantity": 7})
        assert amended["result"]["quantity"] == "7"
        assert socket.ask("cancel_order", client_order_id="ws-1")["result"]["status"] == "cancelled"
        socket.ask("place_order", order={**order, "client_order_id": "ws-3"})
        assert socket.ask("cancel_all", of={})["result"]["cancelled"] == 1


def test_orders_end_with_the_connection_if_asked_to(web: WebNode) -> None:
    with web.socket("ALPINE") as watcher:
        watcher.ask("subscribe", channel="orders")
        with web.socket("ALPINE") as socket:
            assert socket.ask("cancel_on_disconnect", on=True)["type"] == "answer"
            web.place("ALPINE", "with-it", "buy", "151")
        watcher.until("order", client_order_id="with-it", event="cancelled")


@pytest.mark.parametrize(
    ("op", "fields", "name"),
    [
        ("place_order", {"order": {}}, "INVALID_FIELD"),
        ("cancel_all", {"of": {}}, "LOGIN_NEEDED"),
        ("subscribe", {"channel": "fills"}, "LOGIN_NEEDED"),
        ("subscribe", {"channel": "book"}, "INVALID_FIELD"),
        ("subscribe", {"channel": "book", "market": "X"}, "UNKNOWN_SYMBOL"),
        ("subscribe", {"channel": "gossip"}, "INVALID_FIELD"),
        ("subscribe", {"channel": "book", "market": "NOVA", "depth": 11}, "INVALID_FIELD"),
        ("login", {"key": "ALPINE", "time": "1", "signature": "00" * 64}, "TIME_OUTSIDE_WINDOW"),
        ("dance", {}, "INVALID_FIELD"),
    ],
)
def test_a_request_that_is_none_is_named(web: WebNode, op: str, fields: dict[str, Any], name: str) -> None:
    with web.socket() as socket:
        socket.opened.send(json.dumps({"op": op, "id": 0, **fields}))
        assert socket.until("error")["error"]["name"] == name
        assert socket.ask("ping")["type"] == "answer"


@pytest.mark.parametrize("data", ["{", "[" * 100, "null", '"' + "x" * 1000])
def test_a_message_that_is_no_json_is_named(web: WebNode, data: str) -> None:
    with web.socket() as socket:
        socket.opened.send(data)
        assert socket.until("error")["error"]["code"] in (704, 705, 706)
        assert socket.ask("ping")["type"] == "answer"


@pytest.mark.parametrize("data", [b"binary", "x" * (LARGEST_MESSAGE + 1), ["x" * LARGEST_MESSAGE, "y"]])
def test_a_frame_that_is_none_ends_the_connection(web: WebNode, data: Any) -> None:
    with web.socket() as socket:
        with contextlib.suppress(ConnectionClosed):
            socket.opened.send(data)
        with pytest.raises(ConnectionClosed):
            socket.until("never")
        assert socket.opened.close_code in (1003, 1009)


def test_whoever_stops_the_node_ends_every_socket_with_a_reason(tmp_path: Path) -> None:
    node = WebNode(tmp_path)
    try:
        with node.socket() as socket:
            node.process.process.send_signal(signal.SIGINT)
            assert socket.until("error")["error"]["name"] == "GATEWAY_STOPPING"
        code, _, said = node.end(signal.SIGINT)
        assert (code, "defect" in said) == (0, False)
    finally:
        node.process.kill()
