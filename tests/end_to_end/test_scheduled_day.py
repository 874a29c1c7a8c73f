"""A day that opens and closes by its schedule, through `novate run` and `novate verify`.

08:00 PRE_OPEN | 08:50 opening call | 09:00 trading | 17:30 closing call | 17:35 closed      Europe/Berlin
06:55Z   07:01Z, 07:51Z orders        08:30Z orders   16:31Z the last order
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.end_to_end.processes import novate, novate_json

MARKET = """
name = "A scheduled day"
business_date = 2026-03-02
[schedules.DAY]
time_zone = "Europe/Berlin"
sessions = [
    {at = "08:00", state = "PRE_OPEN"}, {at = "08:50", state = "AUCTION_CALL:OPEN"},
    {at = "09:00", state = "CONTINUOUS"}, {at = "17:30", state = "AUCTION_CALL:CLOSE"},
    {at = "17:35", state = "CLOSED"},
]
[currencies.USD]
[[instruments]]
symbol = "ACME"
kind = "equity"
currency = "USD"
tick = 0.01
reference_price = "10.00"
schedule = "DAY"
[[instruments]]
symbol = "FREE"
kind = "equity"
currency = "USD"
tick = 0.01
[[members]]
name = "ALPHA"
[[members]]
name = "BRAVO"
[[accounts]]
number = 1
member = "ALPHA"
[[accounts]]
number = 2
member = "BRAVO"
"""
ORDERS = """time,command,account,client_order_id,market,side,order_type,time_in_force,quantity,price
06:55:00,new,1,1,ACME,buy,LIMIT,DAY,10,10.00
07:01:00,new,1,2,ACME,buy,LIMIT,DAY,10,10.02
07:51:00,new,2,1,ACME,sell,LIMIT,DAY,6,10.01
08:30:00,new,2,2,ACME,sell,LIMIT,DAY,4,10.02
16:31:00,new,1,3,ACME,buy,LIMIT,DAY,5,10.05
16:32:00,new,2,3,ACME,sell,LIMIT,DAY,5,10.04
"""


@pytest.fixture(scope="module")
def scheduled_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("scheduled-day")
    (place / "market.toml").write_text(MARKET)
    (place / "orders.csv").write_text(ORDERS)
    files = ("--config", place / "market.toml", "--orders", place / "orders.csv", "--format", "csv")
    run = novate("run", *files, "--out", place / "out")
    assert run.returncode == 0, run.stderr
    return place / "out"


def test_the_auctions_and_the_trading_between_them_are_trades(scheduled_day: Path) -> None:
    with (scheduled_day / "trades.csv").open() as file:
        trades = [(row["price"], row["quantity"], row["buyer_member"]) for row in csv.DictReader(file)]
    assert trades == [("10.02", "6", "ALPHA"), ("10.02", "4", "ALPHA"), ("10.04", "5", "ALPHA")]


def test_states_change_by_schedule_and_an_early_order_is_refused(scheduled_day: Path) -> None:
    events = pq.read_table(scheduled_day / "events.parquet").to_pylist()
    states = [(one["from_state"], one["to_state"], one["reason"]) for one in events if one["kind"] == "STATE"]
    assert states == [
        ("CLOSED", "PRE_OPEN", "SCHEDULE"),
        ("PRE_OPEN", "AUCTION_CALL", "SCHEDULE"),
        ("AUCTION_CALL", "CONTINUOUS", "SCHEDULE"),
        ("CONTINUOUS", "AUCTION_CALL", "SCHEDULE"),
        ("AUCTION_CALL", "CLOSED", "SCHEDULE"),
    ]
    assert "MARKET_CLOSED" in (scheduled_day / "rejects.csv").read_text()


def test_the_summary_counts_the_sessions_and_the_end_of_the_day(scheduled_day: Path) -> None:
    journal = json.loads((scheduled_day / "summary.json").read_text())["journal"]
    assert (journal["credits"], journal["sessions"], journal["orders"]) == (0, 6, 6)
    assert journal["last_sequence"] == journal["configuration"] + 12


def test_the_day_verifies_and_replays(scheduled_day: Path) -> None:
    result = novate_json("verify", scheduled_day)
    assert [check for check in result["checks"] if not check["same"]] == []
    summary = json.loads((scheduled_day / "summary.json").read_text())
    assert novate_json("replay", scheduled_day)["state_root"] == summary["state_root"]


def test_matching_alone_keeps_the_schedule_too(scheduled_day: Path, tmp_path: Path) -> None:
    place = scheduled_day.parent
    matched = novate("match", place / "orders.csv", "--format", "csv", "--config", place / "market.toml",
                     "--out", tmp_path / "matched")  # fmt: skip
    assert matched.returncode == 0, matched.stderr
    assert (tmp_path / "matched" / "trades.csv").read_bytes() == (scheduled_day / "trades.csv").read_bytes()
