"""A day with an opening and a closing auction: their trades are novated, cleared and shown like any other."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.end_to_end.processes import novate_json
from tests.end_to_end.test_run import obligations_of

MARKET = """
business_date = 2026-10-09
[currencies.USD]
[[instruments]]
symbol = "ACME"
kind = "equity"
currency = "USD"
tick = 0.01
reference_price = 10.00
max_price = 20
static_band = 5
maker_ppm = -10
taker_ppm = 50
auction_ppm = 20
credit = "deliverable"
initial_state = "PRE_OPEN"
[[members]]
name = "ALPHA"
[[members]]
name = "BETA"
[[accounts]]
number = 1
member = "ALPHA"
[[accounts]]
number = 2
member = "BETA"
[[accounts]]
number = 3
member = "BETA"
account = "CLIE"
[credit]
USD = "1000000.00"
ACME = "100000"
"""
ORDERS = """\
time,command,market,account,client_order_id,side,quantity,price,order_type,time_in_force,state,min_quantity,leg_client_order_id,leg_stop_price
09:00:00,new,ACME,1,1,buy,300,10.10,,,,,,
09:00:01,new,ACME,2,1,sell,200,9.90,,,,,,
09:00:02,new,ACME,3,1,sell,50,,market,at_open,,,,
09:10:00,state,ACME,,,,,,,,auction_call:open,,,
09:29:59,new,ACME,2,2,sell,100,10.05,,day,,,,
09:30:00,state,ACME,,,,,,,,continuous,,,
10:00:00,new,ACME,1,2,buy,80,10.20,,ioc,,30,,
10:00:01,new,ACME,1,3,buy,80,10.20,,ioc,,60,,
11:00:00,new_oco,ACME,3,4,sell,60,10.40,,,,,5,9.00
12:00:00,new,ACME,2,6,buy,40,,market,at_close,,,,
17:00:00,state,ACME,,,,,,,,auction_call:close,,,
17:01:00,new,ACME,1,9,sell,70,10.30,,,,,,
17:01:01,new,ACME,2,7,buy,20,10.35,,,,,,
17:05:00,state,ACME,,,,,,,,closed,,,
17:06:00,new,ACME,1,10,buy,20,10.35,,,,,,
"""


@pytest.fixture(scope="module")
def auction_day(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("auctions")
    (place / "market.toml").write_text(MARKET)
    (place / "orders.csv").write_text(ORDERS)
    out = place / "out"
    novate_json(
        "run", "--config", place / "market.toml", "--orders", place / "orders.csv", "--format", "csv",
        "--out", out,
    )  # fmt: skip
    return out


def events_of(day: Path, kind: str) -> list[dict[str, Any]]:
    """Rows of one kind in events.parquet, without the columns that are null."""
    rows = pq.read_table(day / "events.parquet").to_pylist()
    return [
        {name: value for name, value in row.items() if value is not None}
        for row in rows
        if row["kind"] == kind
    ]


def test_both_auctions_and_the_trading_between_them_stand_in_the_trades(auction_day: Path) -> None:
    with (auction_day / "trades.csv").open() as file:
        trades = list(csv.DictReader(file))
    shown = [
        (t["trade_id"], t["price"], t["quantity"], t["buyer_member"], t["seller_account"]) for t in trades
    ]
    assert shown == [
        ("1", "10.05", "50", "ALPHA", "CLIE"),
        ("2", "10.05", "200", "ALPHA", "HOUS"),
        ("3", "10.05", "50", "ALPHA", "HOUS"),
        ("4", "10.05", "50", "ALPHA", "HOUS"),
        ("5", "10.30", "40", "BETA", "HOUS"),
        ("6", "10.30", "20", "BETA", "HOUS"),
    ]


def test_the_events_of_an_auction_say_price_volume_and_imbalance(auction_day: Path) -> None:
    opening, closing = events_of(auction_day, "AUCTION")
    assert [str(opening[name]) for name in ("price", "quantity", "imbalance")] == ["10.05", "300", "-50"]
    assert [str(closing[name]) for name in ("price", "quantity", "imbalance")] == ["10.30", "60", "-10"]
    assert [str(one.get("price")) for one in events_of(auction_day, "INDICATIVE")][-1] == "10.30"
    trade = events_of(auction_day, "AUCTION_TRADE")[0]
    assert "side" not in trade
    assert (trade["maker_account"], trade["taker_account"]) == (1, 3)
    assert trade["maker_fee_minor"] == trade["taker_fee_minor"] == 2
    (refused,) = events_of(auction_day, "REJECTED")
    assert (refused["command"], refused["reason"]) == ("NEW", "MARKET_CLOSED")


def test_every_trade_is_cleared_and_the_day_sums_to_zero(auction_day: Path) -> None:
    quantity = cash = 0
    for row in obligations_of(auction_day):
        quantity += int(row["quantity"]) * (1 if row["movement"] == "RECE" else -1)
        cash += int(row["amount_minor"]) * (1 if row["pay"] == "CRDT" else -1)
    assert (quantity, cash) == (0, 0)
    alpha = {row["member"]: row for row in obligations_of(auction_day)}["ALPHA"]
    assert int(alpha["quantity"]) == 350 - 60


def test_the_report_shows_the_auctions(auction_day: Path) -> None:
    page = (auction_day / "report.html").read_text()
    assert "auctions across it" in page
    assert page.count(">auction</td>") == 5
    assert "6 trades" in page


def test_the_day_can_be_verified(auction_day: Path) -> None:
    assert novate_json("verify", auction_day)["same"] is True


def test_matching_alone_counts_the_same_trades(auction_day: Path, tmp_path: Path) -> None:
    place = auction_day.parent
    matched = novate_json(
        "match", place / "orders.csv", "--format", "csv", "--config", place / "market.toml",
        "--out", tmp_path / "matched",
    )  # fmt: skip
    assert (matched["trades"], matched["read"], matched["rejected"]) == (6, 15, 1)
    assert (tmp_path / "matched" / "trades.csv").read_bytes() == (auction_day / "trades.csv").read_bytes()
