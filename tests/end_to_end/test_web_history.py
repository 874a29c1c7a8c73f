"""Lists over the web reach back to the first command: from the windows, then from the views, as one list."""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest

from novate.app.board.follower import Follower
from novate.app.board.service import Service
from novate.app.bootstrap import Replay, Replica
from novate.app.node.directory import DataDirectory
from novate.client.protocol import Accepted
from novate.client.views import Answer, Question
from novate.domain.codes import EventKind, OrderType
from novate.domain.records import PARTIES, Commands, Events, is_timed, is_trade
from novate.domain.session_codes import Permission
from novate.gateway.web.history import Found, History
from novate.gateway.web.older import Older
from novate.gateway.web.order_table import TrackedOrder
from novate.gateway.web.venue_view import VenueView
from novate.gateway.web.windows import INTERVALS, CandleRow, TradeRow
from novate.views import Views, answer
from tests.end_to_end.webs import Answer as HttpAnswer
from tests.end_to_end.webs import WebNode

LIMIT = 40
ACCOUNTS = (101, 301)


class Past(NamedTuple):
    """A day that is over: its events, when its commands were, its open orders, and its views."""

    commands: Commands
    events: Events
    times: npt.NDArray[np.int64]
    replica: Replica
    follower: Follower
    markets: int


@pytest.fixture(scope="module")
def past(small_day: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Past]:
    replica = Replica(small_day)
    replica.begin(0)
    (batch,) = replica.advance(whole=True)
    follower = Follower(small_day, tmp_path_factory.mktemp("views") / "views.duckdb")
    follower.advance(whole=True)
    times = np.maximum.accumulate(np.where(is_timed(batch.commands), batch.commands["time"], 0))
    yield Past(batch.commands, batch.events, times, replica, follower, len(replica.configuration.instruments))
    follower.close()


def seen_from(past: Past, number: int) -> VenueView:
    """A gateway's memory after it has read the events from a number on."""
    view = VenueView([0] * past.markets, lambda first: (first, past.times[first - 1 :]))
    last, sequence = len(past.events), past.follower.sequence
    view.resumed(Accepted(1, Permission.READ, 1_000, 0, number, last, sequence, bytes(16)))
    for at in range(number - 1, last, 1_000):
        view.take(at + 1, past.events[at : at + 1_000].tobytes(), 0, {})
    lines, following = past.replica.venue.orders(0, 100_000, None)
    assert following == 0
    view.orders.adopt(lines, sequence, view.time_ns)
    view.orders.adopted_sequence = sequence
    return view


@asynccontextmanager
async def asked(past: Past, path: Path, view: VenueView) -> AsyncIterator[tuple[History, list[Question]]]:
    """The history of a view over a service of the views, and what was asked of them."""
    questions: list[Question] = []

    async def ask(question: Question) -> Answer:
        questions.append(question)
        return past.follower.ask(question)

    service = Service(path / "views.sock", ask)
    await service.start()
    history = History(view, Older(path / "views.sock"))
    try:
        yield history, questions
    finally:
        await history.older.close()
        await service.stop()


async def found(listed: Any) -> Found[Any]:
    """The rows, at once or after a question."""
    rows: Found[Any] = await listed if inspect.isawaitable(listed) else listed
    return rows


async def whole(ask: Any, cursor: Any) -> list[Any]:
    """Page after page to the end."""
    rows: list[Any] = []
    before = None
    while True:
        page = await found(ask(before, LIMIT + 1))
        assert page.missing == ""
        rows += page.rows[:LIMIT]
        if len(page.rows) <= LIMIT:
            return rows
        before = cursor(page.rows[LIMIT - 1])


def shown(row: Any) -> Any:
    """A row as far as both sides know it."""
    if isinstance(row, CandleRow):
        return row.start_ns, row.open, row.high, row.low, row.close, row.volume, row.trades
    if isinstance(row, TrackedOrder):
        live = row.is_live
        return (row.order_id, row.account, row.market, row.client_order_id, row.side, row.status,
                row.quantity, row.filled, row.leaves if live else 0, row.reason,
                0 if live else row.sequence, 0 if live else row.time_ns)  # fmt: skip
    return row


def traded(past: Past, market: int) -> list[TradeRow]:
    """Trades of a market as its events tell them, newest first."""
    rows, previous = [], 0
    for event in past.events[is_trade(past.events)]:
        if event["market"] == market:
            sequence = int(event["sequence"])
            side = 0 if event["kind"] == EventKind.AUCTION_TRADE else int(event["side"])
            rows.append(
                TradeRow(int(event["trade_id"]), previous, int(past.times[sequence - 1]), int(event["price"]),
                         int(event["quantity"]), side, sequence)
            )  # fmt: skip
            previous = rows[-1].trade_id
    return rows[::-1]


def filled(past: Past, account: int) -> list[int]:
    """Numbers of the events that are fills of an account, newest first."""
    at = np.flatnonzero(is_trade(past.events))
    parties = past.events[at + 1].view(PARTIES)
    makers = at[parties["maker_account"] == account] + 1
    takers = at[parties["taker_account"] == account] + 2
    return sorted([*makers.tolist(), *takers.tolist()], reverse=True)


def cuts(past: Past) -> list[int]:
    """Where a window may begin: anywhere, between a trade and its parties too, and behind everything."""
    at = np.flatnonzero(past.events["kind"] == EventKind.TRADE_PARTIES)
    last = len(past.events)
    return [2, int(at[len(at) // 2]) + 1, last // 3, last - 40, last + 1]


def test_every_list_is_the_same_wherever_the_window_begins(past: Past, tmp_path: Path) -> None:
    complete = seen_from(past, 1)

    async def compared() -> None:
        async with asked(past, tmp_path, complete) as (memory, unasked):
            for number in cuts(past):
                async with asked(past, tmp_path, seen_from(past, number)) as (history, questions):
                    await same_lists(memory, history)
                    assert questions, "the views were needed"
            assert not unasked, "what reaches back to the first event asks nobody"

    async def same_lists(memory: History, history: History) -> None:
        for market in range(past.markets):
            trades = await whole(partial(history.trades, market), lambda row: row.trade_id)
            assert trades == traded(past, market)
            for interval in INTERVALS:
                both = [
                    await whole(partial(one.candles, market, interval), lambda row: row.start_ns)
                    for one in (memory, history)
                ]
                assert [*map(shown, both[1])] == [*map(shown, both[0])]
                assert sum(row.trades for row in both[1]) == len(trades)
        for account in ACCOUNTS:
            fills = await whole(partial(history.fills, account), lambda row: row.number)
            numbers = filled(past, account)
            assert [row.number for row in fills] == numbers
            assert [row.previous for row in fills] == [*numbers[1:], 0]
            assert fills == await whole(partial(memory.fills, account), lambda row: row.number)
            await same_orders(memory, history, account)

    async def same_orders(memory: History, history: History, account: int) -> None:
        for status, market in ((None, None), ("open", None), ("filled", 0), ("cancelled", None)):
            both = [
                await whole(
                    partial(one.orders, account, market=market, status=status), lambda row: row.order_id
                )
                for one in (memory, history)
            ]
            assert [*map(shown, both[1])] == [*map(shown, both[0])]
            # Only the views know which orders have a price of their own.
            priced = {
                row.order_id: row.price
                for row in both[1]
                if row.order_type == OrderType.LIMIT and not row.is_live
            }
            assert priced == {row.order_id: row.price for row in both[0] if row.order_id in priced}

    asyncio.run(compared())
    kinds = set(past.events["kind"].tolist())
    assert {EventKind.STP_DECREMENT, EventKind.AMENDED, EventKind.EXPIRED} <= kinds


def test_without_views_a_list_ends_with_the_window_and_says_so(past: Past, tmp_path: Path) -> None:
    history = History(seen_from(past, len(past.events) - 400), Older(None))
    for market in range(past.markets):
        rows = asyncio.run(found(history.trades(market, None, 1_001)))
        assert rows.missing == "this node keeps no views"
        assert same_but_for_the_last(rows.rows, traded(past, market))
    orders = asyncio.run(found(history.orders(301, None, 1_001)))
    assert orders.missing
    assert any(order.is_live for order in orders.rows), "orders that are open are known all the same"


def test_views_that_are_behind_the_window_are_not_believed(past: Past, tmp_path: Path) -> None:
    """They would leave a gap between what they know and what the window has."""
    behind = Views(tmp_path / "behind.duckdb", past.replica.journal.identity)
    half = len(past.times) // 2
    behind.feed(1, past.commands[:half], behind_events(past, half), bytes(32))
    market = 0
    for number, is_missing in ((len(past.events) - 400, True), (len(behind_events(past, half)) - 400, False)):
        history = History(seen_from(past, number), Older(tmp_path / "views.sock"))

        async def page(history: History = history) -> Found[TradeRow]:
            async def ask(question: Question) -> Answer:
                return answer(behind, question)

            service = Service(tmp_path / "views.sock", ask)
            await service.start()
            try:
                return await found(history.trades(market, None, 1_001))
            finally:
                await history.older.close()
                await service.stop()

        rows = asyncio.run(page())
        assert ("the views are at command" in rows.missing) is is_missing
        assert same_but_for_the_last(rows.rows, traded(past, market))
        assert is_missing or len(rows.rows) == min(1_001, len(traded(past, market)))
    behind.close()


def same_but_for_the_last(rows: Any, truth: list[TradeRow]) -> bool:
    """The last row of a window does not know what stands before it, unless the views have said it."""
    length = len(rows)
    return [*rows[:-1]] == truth[: max(0, length - 1)] and [row.trade_id for row in rows] == [
        row.trade_id for row in truth[:length]
    ]


def behind_events(past: Past, sequence: int) -> Events:
    """Events of the commands up to one."""
    return past.events[past.events["sequence"] <= sequence]


# -- a real node -------------------------------------------------------------------------------------------

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


def read(node: WebNode, target: str, account: int = 0, cursor: str | None = None) -> HttpAnswer:
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
    assert node.call("ALPINE", "GET", "/v1/orders/never").json["name"] == "UNKNOWN_ORDER"
    assert node.call("BOREAL", "GET", "/v1/orders/a-0").json["name"] == "UNKNOWN_ORDER"


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
