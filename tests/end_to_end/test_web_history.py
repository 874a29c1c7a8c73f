"""Lists over the web reach back to the first command: from the windows, then from the views, as one list."""

from __future__ import annotations

import asyncio
import inspect
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
from novate.app.bootstrap import Replica
from novate.client.protocol import Accepted
from novate.client.views import Answer, Question
from novate.domain.codes import EventKind, OrderType
from novate.domain.records import PARTIES, Commands, Events, is_timed, is_trade
from novate.domain.session_codes import Permission
from novate.gateway.web.history import Found, History
from novate.gateway.web.older import Older
from novate.gateway.web.order_table import MOST_CLOSED, OrderTable, TrackedOrder
from novate.gateway.web.venue_view import VenueView
from novate.gateway.web.windows import INTERVALS, CandleRow, TradeRow
from novate.views import Views, answer

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


def seen_from(past: Past, number: int, most_closed: int = MOST_CLOSED) -> VenueView:
    """A gateway's memory after it has read the events from a number on."""
    view = VenueView([0] * past.markets, lambda first: (first, past.times[first - 1 :]))
    view.orders = OrderTable(most_closed)
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


@pytest.mark.parametrize("most_closed", [MOST_CLOSED, 100])
def test_every_order_since_the_time_that_is_told_is_known(past: Past, most_closed: int) -> None:
    whole = seen_from(past, 1).orders
    accounts = {int(one) for one in np.unique(past.commands["account"])}
    every = [order for account in accounts for order in whole.newest_of(account)]
    now, forgotten = int(past.times[-1]) + 1, 0
    assert whole.known_since_ns(now) == 0
    for number in cuts(past):
        table = seen_from(past, number, most_closed).orders
        since = table.known_since_ns(now)
        unknown = [one for one in every if not table.by_client(one.account, one.client_order_id)]
        assert not [one for one in unknown if one.placed_ns >= since]
        assert all(not one.is_live for one in unknown)
        assert 0 < since <= now
        forgotten += len(unknown)
    assert forgotten


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
