"""The views of a journal: what they say is what the venue did, however they were fed."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from novate.app.board.follower import Follower
from novate.app.bootstrap import Batch, Replica
from novate.app.progress import SILENT
from novate.app.rebuild import digest, rebuild
from novate.client.views import (
    AccountsNow,
    BookNow,
    Candles,
    Credits,
    Fills,
    MarketsNow,
    Orders,
    Positions,
    Rejects,
    States,
    Status,
    Trades,
)
from novate.domain.codes import EventKind
from novate.domain.records import ORDER_EVENT, PARTIES, is_trade
from novate.views import StaleViews, Views, answer


@pytest.fixture(scope="module")
def fed(small_day: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Replica, Views, Batch]:
    """The small day in one piece: its replica, its views, its commands with their events."""
    replica = Replica(small_day)
    replica.begin(0)
    (batch,) = replica.advance(whole=True)
    views = Views(tmp_path_factory.mktemp("views") / "views.duckdb", replica.journal.identity)
    views.feed(*batch)
    return replica, views, batch


def test_views_fed_in_pieces_equal_views_fed_at_once(
    fed: tuple[Replica, Views, Batch], tmp_path: Path
) -> None:
    replica, whole, batch = fed
    views = Views(tmp_path / "views.duckdb", replica.journal.identity)
    for start in range(0, len(batch.commands), 611):
        commands = batch.commands[start : start + 611]
        first, last = start + 1, start + len(commands)
        mine = (batch.events["sequence"] >= first) & (batch.events["sequence"] <= last)
        views.feed(first, commands, batch.events[mine], batch.root)
        if start % 5 == 0:
            views.close()
            views = Views(tmp_path / "views.duckdb", replica.journal.identity)
    assert views.counts() == whole.counts()
    assert views.digest() == whole.digest()
    views.connection.execute("UPDATE fills SET fee = fee + 1 WHERE trade_id = 7 AND role = 1")
    assert views.digest() != whole.digest(), "the digest sees a cent"
    views.close()


def test_what_the_views_say_of_orders_is_what_the_book_says(fed: tuple[Replica, Views, Batch]) -> None:
    replica, views, batch = fed
    rows = views.connection.execute("SELECT order_id, leaves FROM orders WHERE status = 1").fetchall()
    resting = {}
    for market in range(len(replica.configuration.instruments)):
        book = replica.venue.book(market)
        resting |= {order_id: leaves for _, order_id, _, leaves in (*book.bids, *book.asks)}
        resting |= {order_id: leaves for order_id, _, _, leaves in book.parked}
    assert dict(rows) == resting
    assert len(rows) == replica.venue.resting_orders()
    ended = Counter(
        dict(views.connection.execute("SELECT status, count(*) FROM orders GROUP BY 1").fetchall())
    )
    kinds = batch.events["kind"]
    assert ended[Status.CANCELLED] == (kinds == EventKind.CANCELLED).sum()
    assert ended[Status.EXPIRED] == (kinds == EventKind.EXPIRED).sum()
    told = batch.events[kinds == EventKind.REJECTED].view(ORDER_EVENT)
    assert views.counts()["rejects"] == len(told)


def test_trades_fills_candles_and_positions_add_up(fed: tuple[Replica, Views, Batch]) -> None:
    _, views, batch = fed
    events = batch.events
    at = np.flatnonzero(is_trade(events))
    quantity = int(events["quantity"][at].sum())
    fees = events[at + 1].view(PARTIES)

    def one(sql: str) -> object:
        return views.connection.execute(sql).fetchall()[0]

    assert one("SELECT count(*), sum(quantity) FROM trades") == (len(at), quantity)
    paid = int(fees["maker_fee"].sum() + fees["taker_fee"].sum())
    assert one("SELECT count(*), sum(quantity), sum(fee) FROM fills") == (2 * len(at), 2 * quantity, paid)
    assert one("SELECT sum(trades), sum(quantity) FROM candles") == (len(at), quantity)
    assert one("SELECT sum(bought), sum(sold), sum(fees) FROM positions") == (quantity, quantity, paid)
    assert one(
        "SELECT count(*) FROM candles WHERE low > least(open, close) OR high < greatest(open, close)"
    ) == (0,)
    sums = "SELECT order_id, sum(quantity) AS q FROM fills GROUP BY 1"
    assert one(f"SELECT count(*) FROM orders JOIN ({sums}) USING (order_id) WHERE filled <> q") == (0,)


def test_pages_go_back_without_a_gap(fed: tuple[Replica, Views, Batch]) -> None:
    _, views, _ = fed
    accounts = [101, 102, 301]
    for question, cursor in (
        (Trades(market=0, limit=40), "trade_id"),
        (Orders(accounts=accounts, limit=40), "order_id"),
        (Fills(accounts=accounts, limit=40), "event"),
        (Rejects(accounts=accounts, limit=3), "sequence"),
        (Credits(accounts=accounts, limit=5), "sequence"),
        (States(limit=5), "sequence"),
    ):
        whole = [*answer(views, _with(question, limit=1000)).records()]
        paged, before = [], None
        while page := [*answer(views, _with(question, before=before)).records()]:
            paged += page
            before = page[-1][cursor]
        assert paged[: len(whole)] == whole
        assert len(whole) > question.limit


def _with(question: Any, **others: Any) -> Any:
    return msgspec.structs.replace(question, **others)


def test_a_fill_is_numbered_as_its_event_and_names_the_one_before(fed: tuple[Replica, Views, Batch]) -> None:
    _, views, batch = fed
    events = batch.events
    at = np.flatnonzero(is_trade(events))
    parties = events[at + 1].view(PARTIES)
    sides = [(parties["maker_account"], at + 1), (parties["taker_account"], at + 2)]
    told = sorted((int(number), int(account)) for accounts, numbers in sides
                  for account, number in zip(accounts, numbers, strict=True))  # fmt: skip
    own = [number for number, account in told if account == 301]
    chain = dict(zip(own, [0, *own], strict=False))
    whole = [*answer(views, Fills(accounts=[301], limit=2000)).records()]
    assert {one["event"]: one["previous"] for one in whole} == {n: chain[n] for n in own[-2000:]}
    # Of one market only: the fill before is still the one before, of whatever market.
    markets = {one["market"] for one in whole}
    assert len(markets) > 1
    for market in markets:
        rows = [*answer(views, Fills(accounts=[301], market=market, limit=7)).records()]
        assert rows
        assert all(one["previous"] == chain[one["event"]] for one in rows)


@pytest.mark.parametrize("seconds", [60, 300, 86_400])
def test_candles_before_a_trade_are_those_that_stood_then(
    fed: tuple[Replica, Views, Batch], seconds: int
) -> None:
    _, views, _ = fed
    rows = views.connection.execute(
        "SELECT trade_id, time_ns, price, quantity FROM trades WHERE market = 0 ORDER BY trade_id"
    ).fetchall()
    for cut in (0, 1, len(rows) // 3, len(rows) - 1, len(rows)):
        made: dict[int, list[int]] = {}
        for _, time_ns, price, quantity in rows[:cut]:
            one = made.setdefault(time_ns - time_ns % (seconds * 10**9), [price, price, price, price, 0, 0])
            one[1], one[2], one[3] = max(one[1], price), min(one[2], price), price
            one[4], one[5] = one[4] + quantity, one[5] + 1
        trade = rows[cut][0] if cut < len(rows) else rows[-1][0] + 1
        found = answer(views, Candles(market=0, seconds=seconds, before_trade=trade, limit=2000)).records()
        names = ("open", "high", "low", "close", "quantity", "trades")
        assert {one["open_ns"]: [one[name] for name in names] for one in found} == made


def test_candles_of_every_length_hold_the_same_trades(fed: tuple[Replica, Views, Batch]) -> None:
    _, views, _ = fed
    minutes = [*answer(views, Candles(market=0, seconds=60, limit=1000)).records()]
    hours = [*answer(views, Candles(market=0, seconds=3600, limit=1000)).records()]
    assert sum(one["trades"] for one in hours) == sum(one["trades"] for one in minutes)
    assert (hours[0]["open"], hours[-1]["close"]) == (minutes[0]["open"], minutes[-1]["close"])
    short = [*answer(views, Candles(market=0, seconds=5, limit=1000)).records()]
    last = next(answer(views, Trades(market=0, limit=1)).records())
    assert short[-1]["close"] == last["price"]
    assert short[-1]["open_ns"] == last["time_ns"] // 5_000_000_000 * 5_000_000_000
    with pytest.raises(ValueError, match="divisor of 60"):
        answer(views, Candles(market=0, seconds=7))


def test_orders_are_found_by_account_market_name_and_whether_they_live(
    fed: tuple[Replica, Views, Batch],
) -> None:
    _, views, _ = fed
    for is_open in (True, False):
        rows = [*answer(views, Orders(accounts=[301], is_open=is_open, limit=1000)).records()]
        assert rows
        assert all((row["status"] == Status.OPEN) is is_open and row["account"] == 301 for row in rows)
    one = rows[0]
    found = [*answer(views, Orders(accounts=[301], client_order_id=one["client_order_id"])).records()]
    assert found == [one]
    assert not answer(views, Orders(accounts=[302], client_order_id=one["client_order_id"])).rows
    positions = [*answer(views, Positions(accounts=[301])).records()]
    assert {row["account"] for row in positions} == {301}


def test_a_rebuild_equals_what_was_followed_and_damage_is_made_again(small_day: Path, tmp_path: Path) -> None:
    place = tmp_path / "day"
    shutil.copytree(small_day / "journal", place / "journal")
    built = rebuild(place, SILENT)
    path = place / "views" / "views.duckdb"
    assert digest(place) == built
    path.write_bytes(b"no database" * 1000)
    follower = Follower(place, path)
    follower.advance(whole=True)
    assert "expected a file of views" in follower.remade
    assert follower.views.digest() == built.digest
    follower.close()
    with pytest.raises(StaleViews, match="expected the views of journal"):
        Views(path, b"another" + bytes(9))


def test_views_that_know_more_than_the_journal_are_made_again(small_day: Path, tmp_path: Path) -> None:
    place, path = tmp_path / "day", tmp_path / "day" / "views" / "views.duckdb"
    shutil.copytree(small_day / "journal", place / "journal")
    built = rebuild(place, SILENT)
    for column, value in (("sequence", "sequence + 5"), ("root", "'\\x01'::BLOB")):
        follower = Follower(place, path)
        follower.views.connection.execute(f"UPDATE progress SET {column} = {value}")
        follower.close()
        follower = Follower(place, path)
        follower.advance(whole=True)
        assert follower.remade, column
        assert follower.views.digest() == built.digest
        follower.close()


def test_a_replica_that_begins_with_a_snapshot_shows_the_same_moment(small_day: Path, tmp_path: Path) -> None:
    place, path = tmp_path / "day", tmp_path / "day" / "views" / "views.duckdb"
    shutil.copytree(small_day / "journal", place / "journal")
    first = Follower(place, path)
    first.advance(whole=True)
    questions = [MarketsNow(), AccountsNow(limit=1000), BookNow(market=0, levels=1000)]
    told = [first.ask(question) for question in questions]
    root = first.replica.venue.state_root()
    first.close()
    again = Follower(place, path)
    again.advance(whole=True)
    assert not again.remade
    assert [again.ask(question) for question in questions] == told
    assert again.replica.venue.state_root() == root
    assert all(answer.rows for answer in told)
    with pytest.raises(ValueError, match="Expected a market below"):
        again.ask(BookNow(market=99))
    again.close()
