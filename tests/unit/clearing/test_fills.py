"""Fills of the venue become trades of the clearing house, or stay inside one party."""

from __future__ import annotations

import numpy as np
import pytest

from novate.app.configuration import embedded_configuration
from novate.clearing.fills import trades_from_fills
from novate.clearing.house import clear_trades
from novate.domain.codes import EventKind, Side
from novate.domain.machine import BrokenInvariant
from novate.domain.records import PARTIES, Events, new_events

NOVA, HELI, BTC, FUTURE = 0, 2, 4, 5
ALPINE_HOUSE, ALPINE_CLIENT, ALPINE_OTHER_CLIENT, BOREAL_CLIENT = 101, 102, 103, 202


def fill(
    trade_id: int, market: int, price: int, quantity: int, taker: int, maker: int, side: Side = Side.BUY
) -> Events:
    """The two records of one trade: `side` is what the taker did."""
    events = new_events(2)
    events["kind"] = [EventKind.TRADE, EventKind.TRADE_PARTIES]
    events["side"], events["market"] = side, market
    trade = events[:1]
    trade["price"], trade["quantity"], trade["trade_id"] = price, quantity, trade_id
    parties = events[1:].view(PARTIES)
    parties["maker_account"], parties["taker_account"] = maker, taker
    return events


def other() -> Events:
    events = new_events(1)
    events["kind"] = EventKind.ACCEPTED
    return events


def test_a_fill_becomes_a_trade_in_the_words_of_the_file() -> None:
    events = np.concatenate([other(), fill(17, HELI, 477, 30, BOREAL_CLIENT, ALPINE_HOUSE), other()])
    trades = trades_from_fills(events, embedded_configuration()).trades
    said = {
        name: getattr(trades, name).text(0)
        for name in (
            "trade_id", "source", "version", "trade_date", "instrument", "price", "quantity", "currency",
            "buyer_member", "buyer_account", "seller_member", "seller_account",
        )
    }  # fmt: skip
    assert list(said.values()) == [
        "17", "NOVATE", "1", "2026-10-09", "US00HELI0036", "23.85", "300", "USD",
        "BOREAL", "CLIE", "ALPINE", "HOUS",
    ]  # fmt: skip


def test_the_maker_buys_when_the_taker_sells() -> None:
    events = fill(1, NOVA, 18250, 5, taker=BOREAL_CLIENT, maker=ALPINE_HOUSE, side=Side.SELL)
    trades = trades_from_fills(events, embedded_configuration()).trades
    assert trades.buyer_member.text(0) == "ALPINE"
    assert trades.seller_member.text(0) == "BOREAL"


def test_in_an_auction_the_buyer_stands_in_the_place_of_the_maker() -> None:
    events = fill(1, NOVA, 18250, 5, taker=BOREAL_CLIENT, maker=ALPINE_HOUSE, side=Side.NONE)
    events["kind"][0] = EventKind.AUCTION_TRADE
    trades = trades_from_fills(np.concatenate([events, other()]), embedded_configuration()).trades
    assert trades.buyer_member.text(0) == "ALPINE"
    assert trades.seller_member.text(0) == "BOREAL"


def test_fills_of_a_day_end_in_obligations_on_their_settlement_dates() -> None:
    configuration = embedded_configuration()
    events = np.concatenate(
        [
            fill(1, NOVA, 18250, 100, BOREAL_CLIENT, ALPINE_HOUSE),
            fill(2, BTC, 64250, 25, ALPINE_HOUSE, BOREAL_CLIENT),
            fill(3, FUTURE, 20480, 2, BOREAL_CLIENT, ALPINE_HOUSE),
        ]
    )
    result = clear_trades(trades_from_fills(events, configuration).trades, configuration)
    rows = [(row.member, row.isin, row.settle_date, row.amount_minor) for row in result.obligations.rows]
    assert rows == [
        ("ALPINE", "BTC-USD", "2026-10-09", 16062_50),
        ("BOREAL", "BTC-USD", "2026-10-09", 16062_50),
        ("ALPINE", "US00NOVA0016", "2026-10-13", 18250_00),
        ("BOREAL", "US00NOVA0016", "2026-10-13", 18250_00),
    ]
    assert result.delivery.undelivered == 1


def test_a_fill_between_two_clients_of_one_member_is_internal() -> None:
    configuration = embedded_configuration()
    events = np.concatenate(
        [
            fill(1, NOVA, 18250, 100, ALPINE_CLIENT, ALPINE_OTHER_CLIENT),
            fill(2, NOVA, 18250, 100, ALPINE_CLIENT, ALPINE_HOUSE),
        ]
    )
    fills = trades_from_fills(events, configuration)
    assert fills.internal_trade_ids.tolist() == [1]
    assert clear_trades(fills.trades, configuration).delivery.rejected == 0
    assert len(fills.trades) == 1


def test_no_fills_are_no_trades() -> None:
    configuration = embedded_configuration()
    fills = trades_from_fills(other(), configuration)
    result = clear_trades(fills.trades, configuration)
    assert (len(fills.trades), result.obligations.rows, result.positions) == (0, [], [])


def test_a_trade_without_its_parties_stops_the_run() -> None:
    events = fill(1, NOVA, 18250, 100, ALPINE_CLIENT, ALPINE_HOUSE)
    for torn in (events[:1], np.concatenate([events[:1], other()])):
        with pytest.raises(BrokenInvariant, match="Expected TRADE_PARTIES directly after every trade"):
            trades_from_fills(torn, embedded_configuration())


def test_an_account_that_nobody_configured_stops_the_run() -> None:
    events = fill(1, NOVA, 18250, 100, 999, ALPINE_HOUSE)
    with pytest.raises(BrokenInvariant, match="Expected a configured trading account, was 999"):
        trades_from_fills(events, embedded_configuration())
