"""Markets whose prices may be zero or below: the seller pays the buyer to take it (R64)."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from novate.clearing.fills import trades_from_fills
from novate.clearing.house import ClearingResult, clear_trades
from novate.domain.configuration import Configuration
from novate.domain.records import Events
from tests.unit.clearing.test_fills import fill
from tests.unit.gateway.market import CONFIGURATION

ACME, BULK = 0, 1


def configuration(min_price: str | None) -> Configuration:
    """ACME, tick 0.01, with this lowest price; BULK, tick 0.05 and lot 100, without one."""
    acme, *others = CONFIGURATION.instruments
    acme = msgspec.structs.replace(acme, min_price=min_price)
    return msgspec.structs.replace(CONFIGURATION, instruments=(acme, *others))


def cleared(min_price: str | None, *fills: Events) -> ClearingResult:
    market = configuration(min_price)
    return clear_trades(trades_from_fills(np.concatenate(fills), market).trades, market)


def test_the_buyer_is_paid_below_zero() -> None:
    result = cleared("-10.00", fill(1, ACME, -125, 30, taker=1, maker=2))
    shown = [(row.member, row.movement, row.pay, row.amount_minor) for row in result.obligations.rows]
    assert shown == [("ALPHA", "RECE", "CRDT", 3750), ("BETA", "DELI", "DEBT", 3750)]


def test_prices_on_both_sides_of_zero_are_netted_exactly() -> None:
    result = cleared(
        "-10.00",
        fill(1, ACME, -125, 30, taker=1, maker=2),
        fill(2, ACME, 0, 7, taker=1, maker=2),
        fill(3, ACME, 200, 20, taker=1, maker=2),
    )
    assert result.delivery.rejected == 0
    shown = [(row.member, row.quantity, row.pay, row.amount_minor) for row in result.obligations.rows]
    assert shown == [("ALPHA", 57, "DEBT", 250), ("BETA", 57, "CRDT", 250)]
    alpha, beta = result.positions
    assert (alpha.paid_minor, alpha.received_minor) == (beta.received_minor, beta.paid_minor) == (4000, 3750)


@pytest.mark.parametrize("ticks", [-1, 0])
def test_a_market_that_allows_no_such_price_has_it_refused(ticks: int) -> None:
    for min_price in (None, "0.01"):
        result = cleared(min_price, fill(1, ACME, ticks, 30, taker=1, maker=2))
        assert [refusal.reason for refusal in result.refusals] == ["INVALID_PRICE"]
    result = cleared("-10.00", fill(1, BULK, ticks, 30, taker=1, maker=2))
    assert [refusal.reason for refusal in result.refusals] == ["INVALID_PRICE"]


def test_a_half_is_rounded_as_far_below_zero_as_above_it() -> None:
    market = configuration("-10.00")
    finer = msgspec.structs.replace(market.instruments[0], tick="0.001", lot="0.5")
    market = msgspec.structs.replace(market, instruments=(finer, *market.instruments[1:]))
    for ticks in (-5, 5):
        events = fill(1, ACME, ticks, 2, taker=1, maker=2)  # one unit at half a minor unit
        result = clear_trades(trades_from_fills(events, market).trades, market)
        assert [row.amount_minor for row in result.obligations.rows] == [1, 1]
