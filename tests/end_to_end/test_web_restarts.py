"""A real node with its web gateway: lists, cursors, tickers and streams over restarts of its processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest

from novate.app.bootstrap import Replay
from novate.app.node.directory import DataDirectory
from novate.domain.codes import EventKind
from novate.domain.records import PARTIES
from tests.end_to_end.webs import Answer, WebNode

WINDOW = 60
MARKETS = {"NOVA": 180, "ORCA": 45}
"""Markets, and a price near which they trade."""
BY_ACCOUNT = {101: "ALPINE", 201: "BOREAL"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebNode]:
    """A node whose gateway remembers few events of the past, with views."""
    running = WebNode(tmp_path_factory.mktemp("history"), board="socket", history_events=WINDOW)
    wait_for_views(running)
    yield running
    running.process.kill()


def wait_for_views(node: WebNode) -> None:
    """Until the board answers questions."""
    deadline = time.monotonic() + 60
    while not DataDirectory(node.data).views_socket.exists():
        assert time.monotonic() < deadline, "expected the views within a minute"
        time.sleep(0.02)


def trade(node: WebNode, first: int, count: int) -> None:
    """So many trades, alternating between two markets, and orders that end otherwise."""
    for number in range(first, first + count):
        market = ("NOVA", "ORCA")[number % 2]
        others: dict[str, Any] = {"market": market, "price": str(MARKETS[market] + number % 3)}
        assert node.place("ALPINE", f"a-{number}", "buy", **{**others, "quantity": "3"}).status == 201
        taken = node.place("BOREAL", f"b-{number}", "sell", quantity=f"{1 + number % 3}", **others)
        assert taken.json["order"]["filled"] == f"{1 + number % 3}", taken.json
        if number % 3 == 0:
            assert node.call("ALPINE", "DELETE", f"/v1/orders/a-{number}").status == 200
        elif number % 3 == 1:
            amended = node.call("ALPINE", "PATCH", f"/v1/orders/a-{number}", {"quantity": "5"})
            assert amended.json["leaves"] == "3"
            own = node.place("ALPINE", f"d-{number}", "sell", quantity="2", self_trade="decrement", **others)
            assert own.json["order"]["status"] == "cancelled"
            assert node.call("ALPINE", "DELETE", f"/v1/orders/a-{number}").status == 200


def read(node: WebNode, target: str, account: int = 0, cursor: str | None = None) -> Answer:
    """One page."""
    target += "" if cursor is None else f"{'&' if '?' in target else '?'}cursor={cursor}"
    return node.call(BY_ACCOUNT[account], "GET", target) if account else node.get(target)


def pages(node: WebNode, target: str, account: int = 0, cursor: str | None = None) -> list[Any]:
    """Everything behind a cursor, page after page."""
    items: list[Any] = []
    while True:
        answer = read(node, target, account, cursor)
        assert answer.status == 200, answer.body
        assert "Novate-History" not in answer.headers
        items += answer.json["items"]
        cursor = answer.json["next"]
        if cursor is None:
            return items


LISTS = [
    *((f"/v1/markets/{market}/trades?limit=7", 0) for market in MARKETS),
    *((f"/v1/markets/{market}/candles?interval={length}&limit=3", 0)
      for market in MARKETS for length in ("1m", "1d")),
    *((f"/v1/fills?limit=7{more}", account) for account in BY_ACCOUNT for more in ("", "&market=ORCA")),
    *((f"/v1/orders?limit=9{more}", account) for account in BY_ACCOUNT for more in ("", "&status=cancelled")),
]  # fmt: skip


def told(node: WebNode) -> dict[str, list[Any]]:
    """Every list, whole. Long client order ids, and the type of an order, are not kept by the venue."""
    return {f"{target} {account}": pages(node, target, account) for target, account in LISTS}


def of_the_journal(node: WebNode) -> dict[str, list[Any]]:
    """Trades of both markets and fills of both accounts as a replay of the journal tells them."""
    replay = Replay(node.data / "venue")
    symbols = [one.symbol for one in replay.configuration.instruments]
    found: dict[str, list[Any]] = {}
    number = 0
    for _, _, blocks in replay.blocks():
        for events in blocks:
            for at, event in enumerate(events):
                number += 1
                if event["kind"] != EventKind.TRADE:
                    continue
                parties = events[at + 1 : at + 2].view(PARTIES)[0]
                trade_id, quantity = int(event["trade_id"]), str(event["quantity"])
                found.setdefault(symbols[event["market"]], []).insert(0, (trade_id, quantity))
                for account, of_event in ((parties["maker_account"], 0), (parties["taker_account"], 1)):
                    found.setdefault(str(account), []).insert(0, (number + of_event, trade_id, quantity))
    return found


def expect_truth(node: WebNode, lists: dict[str, list[Any]]) -> None:
    """What is shown is what the journal says."""
    truth = of_the_journal(node)
    for market in MARKETS:
        trades = lists[f"/v1/markets/{market}/trades?limit=7 0"]
        assert [(one["seq"], one["quantity"]) for one in trades] == truth[market]
        assert [one["prev_seq"] for one in trades] == [*(one[0] for one in truth[market][1:]), 0]
        for length in ("1m", "1d"):
            candles = lists[f"/v1/markets/{market}/candles?interval={length}&limit=3 0"]
            assert sum(one["trades"] for one in candles) == len(trades)
            assert sum(int(one["volume"]) for one in candles) == sum(int(one[1]) for one in truth[market])
    for account in BY_ACCOUNT:
        fills = lists[f"/v1/fills?limit=7 {account}"]
        assert [(one["seq"], one["trade_id"], one["quantity"]) for one in fills] == truth[str(account)]
        assert [one["prev_seq"] for one in fills] == [*(one[0] for one in truth[str(account)][1:]), 0]


def test_lists_reach_back_behind_restarts_and_cursors_stay_good(node: WebNode) -> None:
    trade(node, 0, 30)
    before = told(node)
    expect_truth(node, before)
    ticker = ticker_of(node)
    cursors = {
        (target, account): read(node, target, account).json["next"]
        for target, account in LISTS if "candles" not in target
    }  # fmt: skip
    behind = {
        one: pages(node, *one, cursor) for one, cursor in cursors.items() if cursor is not None
    }  # fmt: skip
    assert len(behind) >= 8
    for restart in (restart_worker, restart_node):
        restart(node)
        first_trade = node.get("/v1/markets/NOVA/trades?limit=1").json["items"][0]
        assert first_trade["seq"] == before["/v1/markets/NOVA/trades?limit=7 0"][0]["seq"]
        assert of_orders(told(node)) == of_orders(before)
        wait_for_ticker(node, ticker)
        expect_resume(node, before)
        for (target, account), rows in behind.items():
            again = {target: pages(node, target, account, cursors[target, account])}
            assert of_orders(again) == of_orders({target: rows}), target
    trade(node, 30, 12)
    after = told(node)
    expect_truth(node, after)
    for name, rows in before.items():
        if "candles" not in name and "orders" not in name:
            assert after[name][-len(rows) :] == rows, name
    old = node.call("ALPINE", "GET", "/v1/orders/a-0").json
    assert (old["status"], old["filled"], old["quantity"]) == ("cancelled", "1", "3")
    for target, account in (("/v1/fills", 101), ("/v1/orders", 201), ("/v1/markets/HELI/trades", 0),
                            ("/v1/markets/HELI/candles", 0), ("/v1/markets/NOVA/trades", 0)):  # fmt: skip
        for cursor in ("9" * 19, str(1 << 63), "0"):
            assert read(node, target, account, cursor).status == 200, (target, cursor)
    assert node.call("ALPINE", "GET", "/v1/orders/never").json["name"] == "UNKNOWN_ORDER"
    assert node.call("BOREAL", "GET", "/v1/orders/a-0").json["name"] == "UNKNOWN_ORDER"


def test_how_far_back_sending_again_is_known_is_in_the_answer(node: WebNode) -> None:
    sent = [("ALPINE", name, "buy", "150") for name in ("again-1", "again-2", "again-3")]
    placed = [node.place(*one).json["order"]["ts_ns"] for one in sent]
    for at in (0, 1):
        assert node.call("ALPINE", "DELETE", f"/v1/orders/{sent[at][1]}").status == 200
    trade(node, 200, WINDOW // 4)
    restart_worker(node)
    newest = ("ALPINE", "again-4", "buy", "150")
    answer = node.place(*newest).json
    since = answer["known_since_ns"]
    assert placed[2] < since <= answer["order"]["ts_ns"]
    # Known: what is younger, and what is older and open.
    assert node.call("ALPINE", "DELETE", "/v1/orders/again-4").status == 200
    assert node.place(*newest).json["duplicate_same"]
    deadline = time.monotonic() + 60
    while (again := node.place(*sent[2])).json.get("name") == "DUPLICATE_ORDER":
        # The worker has not read the open orders of the core yet, the core knows them.
        assert time.monotonic() < deadline, "expected the open orders within a minute"
    assert again.json["duplicate_same"]
    # Not known any more: what is older and closed. Whoever asks first is told of it.
    assert node.call("ALPINE", "GET", "/v1/orders/again-1").json["status"] == "cancelled"
    again = node.place(*sent[0])
    assert (again.status, again.json["duplicate_same"]) == (201, False)
    assert again.json["known_since_ns"] == since
    batch = [{"market": "NOVA", "client_order_id": "again-5", "side": "buy", "quantity": "5", "price": "150"}]
    assert node.call("ALPINE", "POST", "/v1/orders/batch", {"orders": batch}).json["known_since_ns"] == since
    with node.socket("ALPINE") as socket:
        order = {**batch[0], "client_order_id": "again-6"}
        assert socket.ask("place_order", order=order)["result"]["known_since_ns"] == since
    closed = node.call("ALPINE", "DELETE", "/v1/orders/again-2").json
    assert closed["message"].startswith("Expected an open order of the account, found none; GET /v1/orders/")
    assert node.call("ALPINE", "POST", "/v1/orders/cancel-all", {}).json["cancelled"] == 4


def ticker_of(node: WebNode) -> dict[str, Any]:
    """What a ticker says of trades."""
    told = node.get("/v1/markets/NOVA/ticker").json
    return {name: told[name] for name in ("last", "open", "high", "low", "volume", "trades")}


def wait_for_ticker(node: WebNode, expected: dict[str, Any]) -> None:
    """A worker reads what its tickers need as soon as the views answer."""
    deadline = time.monotonic() + 60
    while ticker_of(node) != expected:
        assert time.monotonic() < deadline, (ticker_of(node), expected)
        time.sleep(0.1)


def expect_resume(node: WebNode, lists: dict[str, list[Any]]) -> None:
    """Who comes back is told what it missed, or that something is missing: never less without a word."""
    trades = lists["/v1/markets/NOVA/trades?limit=7 0"]
    fills = lists["/v1/fills?limit=7 101"]
    with node.socket("ALPINE") as socket:
        for seq in (fills[1]["seq"], fills[-1]["seq"], 0):
            answer = socket.ask("subscribe", channel="fills", last_seq=seq)
            missed = [one["seq"] for one in socket.told if one["type"] == "fill"]
            if seq == fills[1]["seq"]:
                assert missed == [fills[0]["seq"]]
                socket.ask("unsubscribe", channel="fills")
            else:
                assert answer["error"]["name"] == "RESUME_TOO_OLD"
        for seq in (trades[1]["seq"], trades[-1]["seq"], 0):
            answer = socket.ask("subscribe", channel="trades", market="NOVA", last_seq=seq)
            missed = [one["seq"] for one in socket.told if one["type"] == "trade"]
            if seq == trades[1]["seq"]:
                assert missed == [trades[0]["seq"]]
                socket.ask("unsubscribe", channel="trades", market="NOVA")
            else:
                assert answer["error"]["name"] == "RESUME_TOO_OLD"


def of_orders(lists: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Lists without what only the worker that took an order knows of it."""
    return {
        name: [{key: value for key, value in row.items() if key not in ("type", "time_in_force")}
               for row in rows]
        for name, rows in lists.items()
    }  # fmt: skip


def restart_worker(node: WebNode) -> None:
    """Kill the gateway's process; the node starts another one."""
    node.kill_worker()
    node.wait_until_up()


def restart_node(node: WebNode) -> None:
    """Stop everything and start it again."""
    code, _, said = node.end(signal.SIGINT)
    assert code == 0, said
    node.start()
    wait_for_views(node)


BOARD = "novate.app.board.process"


def test_views_that_do_not_answer_are_said_and_keep_nobody_waiting(node: WebNode) -> None:
    trade(node, 50, 20)
    target = "/v1/fills?limit=50"
    every = pages(node, target, 201)
    restart_worker(node)
    board = node.process_of(BOARD)
    os.kill(board, signal.SIGSTOP)
    try:
        first = read(node, target, 201)
        assert (first.status, first.headers["Novate-History"]) == (200, "recent")
        recent = first.json["items"]
        assert 0 < len(recent) < 50
        assert recent[:-1] == every[: len(recent) - 1]
        assert recent[-1] == every[len(recent) - 1] | {"prev_seq": 0}
        refused = read(node, target, 201, first.json["next"])
        assert (refused.status, refused.json["name"]) == (503, "HISTORY_UNAVAILABLE")
        assert refused.headers["Retry-After"] == "1"
        assert read(node, "/v1/markets/NOVA/candles?interval=1d").json["name"] == "HISTORY_UNAVAILABLE"
        assert read(node, "/v1/orders/a-50", 101).json["name"] == "HISTORY_UNAVAILABLE"
        assert read(node, "/v1/orders?status=open", 101).status == 200
        assert "Novate-History" not in read(node, "/v1/fills?limit=2", 201).headers
        assert node.place("ALPINE", "meanwhile", "buy", "180", quantity="1").status == 201
    finally:
        os.kill(board, signal.SIGCONT)
    rest = eventually(node, target, first.json["next"])
    assert [*every[: len(recent)], *rest] == every
    # A board that dies is started again, and answers again.
    os.kill(board, signal.SIGKILL)
    assert read(node, target, 201, first.json["next"]).json.get("name") in (None, "HISTORY_UNAVAILABLE")
    assert eventually(node, target, first.json["next"]) == rest
    order = node.call("ALPINE", "GET", "/v1/orders/a-50").json
    assert (order["status"], order["filled"]) == ("filled", "3")


def eventually(node: WebNode, target: str, cursor: str) -> list[Any]:
    """Everything behind a cursor, as soon as the views answer."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if read(node, target, 201, cursor).status == 200:
            return pages(node, target, 201, cursor)
        time.sleep(0.1)
    raise AssertionError("expected the views to answer within a minute")
