"""events.parquet has a column for everything that any kind of event says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from novate.domain import records
from novate.domain.codes import AuctionKind, EventFlag, EventKind, MarketState, Scope
from novate.domain.limits import LimitKind
from novate.domain.records import Events, new_events
from novate.gateway.files import EventsFile, OutputFolder
from tests.unit.gateway.market import CONFIGURATION

BULK = 1
"""A market with a tick of 0.05 and a lot of 100."""


def event(kind: EventKind, view: np.dtype[np.void] = records.EVENT, **fields: int) -> Events:
    events = new_events(1)
    events["kind"], events["sequence"] = kind, 1
    events["market"] = BULK
    for name, value in fields.items():
        events.view(view)[name] = value
    return events


def shown(tmp_path: Path, *events: Events) -> dict[str, Any]:
    """The first row as text, without its sequence, its kind, and what is null."""
    with OutputFolder(tmp_path / "out") as out:
        EventsFile(out, CONFIGURATION).add(np.concatenate(events))
    row = pq.read_table(tmp_path / "out" / "events.parquet").to_pylist()[0]
    assert row.pop("kind") == EventKind(int(events[0]["kind"][0])).name
    del row["sequence"]
    return {name: str(value) for name, value in row.items() if value is not None}


CASES: list[tuple[EventKind, np.dtype[np.void], dict[str, int], dict[str, str]]] = [
    (
        EventKind.AUCTION, records.AUCTION_EVENT, {"price": 201, "volume": 7, "imbalance": -3},
        {"market": "BULK", "price": "10.05", "quantity": "700.00", "imbalance": "-300.00"},
    ),
    (
        EventKind.INDICATIVE, records.AUCTION_EVENT, {"flags": EventFlag.PRICE_IS_NULL},
        {"market": "BULK", "quantity": "0.00", "imbalance": "0.00"},
    ),
    (
        EventKind.MMP_SET, records.MMP_EVENT, {"account": 3, "window": 10**9, "max_quantity": 5},
        {"market": "BULK", "account": "3", "window": "1000000000", "max_quantity": "500.00"},
    ),
    (EventKind.MMP_RESET, records.MMP_EVENT, {"account": 3}, {"market": "BULK", "account": "3"}),
    (EventKind.MMP_TRIGGERED, records.MMP_EVENT, {"account": 3}, {"market": "BULK", "account": "3"}),
    (
        EventKind.SCHEDULED, records.SCHEDULE_EVENT,
        {"number": 4, "at": 99, "state": MarketState.AUCTION_CALL, "auction_kind": AuctionKind.CLOSE},
        {"market": "BULK", "timer": "4", "at": "99", "to_state": "AUCTION_CALL", "auction_kind": "CLOSE"},
    ),
    (EventKind.SCHEDULE_CLEARED, records.MARKET_EVENT, {"value": 2}, {"market": "BULK", "value": "2"}),
    (
        EventKind.EXTENDED, records.EXTENDED_EVENT, {"until": 99, "price": 201, "count": 1},
        {"market": "BULK", "at": "99", "price": "10.05", "value": "1"},
    ),
    (
        EventKind.KILLED, records.SCOPE_EVENT, {"scope": Scope.MEMBER, "holder": 2, "count": 8},
        {"scope": "MEMBER", "holder": "2", "value": "8"},
    ),
    (EventKind.REVIVED, records.SCOPE_EVENT, {"scope": Scope.VENUE}, {"scope": "VENUE", "value": "0"}),
    (
        EventKind.DISCONNECTED, records.SCOPE_EVENT, {"session": 5, "count": 3},
        {"session": "5", "value": "3"},
    ),
    (
        EventKind.DISCONNECTED, records.SCOPE_EVENT, {"session": 5, "scope": 1, "holder": 4},
        {"session": "5", "value": "0", "scope": "ACCOUNT", "holder": "4"},
    ),
    (
        EventKind.IMPLIED_STATE, records.BOOK_STATE_EVENT, {"bid_price": -1, "bid_quantity": 2},
        {"market": "BULK", "bid": "-0.05", "bid_quantity": "200.00"},
    ),
    (
        EventKind.POSITION_SET, records.MARKET_EVENT, {"account": 1, "value": -6},
        {"market": "BULK", "account": "1", "value": "-6"},
    ),
    (
        EventKind.CREDIT_SET, records.CREDIT_EVENT,
        {"clearing_seq": 2, "asset": 1, "available": 10, "reserved": 4, "account": 3},
        {"clearing_seq": "2", "credit_account": "3", "credit_asset": "1", "credit_available": "10",
         "credit_reserved": "4"},
    ),
    (
        EventKind.MARGIN_SET, records.CREDIT_EVENT, {"clearing_seq": 3, "available": 10**9, "account": 7},
        {"market": "BULK", "clearing_seq": "3", "account_class": "7", "margin_per_lot_micro": "1000000000"},
    ),
    (
        EventKind.LIMIT_SET, records.EVENT,
        {"side": 1, "quantity": LimitKind.MESSAGE_RATE, "account": 2, "price": 50, "trade_id": 1000},
        {"scope": "MEMBER", "holder": "2", "limit": "MESSAGE_RATE", "value": "50", "window": "1000"},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "view", "fields", "expected"), CASES)
def test_the_fields_of_a_kind_have_columns(
    tmp_path: Path, kind: EventKind, view: np.dtype[np.void], fields: dict[str, int], expected: dict[str, str]
) -> None:
    found = shown(tmp_path, event(kind, view, **fields))
    if kind is EventKind.LIMIT_SET:
        # The fields of the plain record that a limit has no use for are not shown as something else.
        assert {"price", "quantity", "account", "side", "trade_id"}.isdisjoint(found)
    assert found == expected


def test_a_trade_of_an_auction_is_one_row_without_a_side(tmp_path: Path) -> None:
    trade = event(
        EventKind.AUCTION_TRADE, order_id=11, contra_order_id=12, price=201, quantity=3, leaves=1,
        contra_leaves=2, account=1, trade_id=9,
    )  # fmt: skip
    parties = event(
        EventKind.TRADE_PARTIES, records.PARTIES, flags=EventFlag.FEES_ON, maker_account=1, taker_account=2,
        maker_client_order_id=5, taker_client_order_id=6, maker_fee=-1, taker_fee=2,
    )  # fmt: skip
    assert shown(tmp_path, trade, parties) == {
        "market": "BULK", "maker_order_id": "11", "taker_order_id": "12", "price": "10.05",
        "quantity": "300.00", "leaves": "100.00", "taker_leaves": "200.00", "trade_id": "9",
        "maker_client_order_id": "5", "taker_client_order_id": "6", "maker_account": "1",
        "taker_account": "2", "maker_fee_minor": "-1", "taker_fee_minor": "2",
    }  # fmt: skip
