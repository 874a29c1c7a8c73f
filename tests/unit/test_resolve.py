"""From configured decimals to the kernel's integers, exactly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.configuration import embedded_configuration
from novate.domain.records import CREDIT_COMMAND
from novate.domain.resolve import MarketScale, assets, market_scales, opening_credit, venue_terms
from novate.domain.units import format_decimal, parse_decimal

HELI = MarketScale(market=2, symbol="HELI", tick_units=5, price_digits=2, lot_units=10, quantity_digits=0)


def test_prices_become_ticks_and_quantities_lots() -> None:
    assert (HELI.ticks("23.85"), HELI.ticks("24"), HELI.ticks("24.000")) == (477, 480, 480)
    assert (HELI.ticks("-23.85"), HELI.price_text(-477)) == (-477, "-23.85")
    assert HELI.lots("500") == 50
    assert (HELI.price_text(477), HELI.quantity_text(50)) == ("23.85", "500")


@pytest.mark.parametrize("price", ["10.07", "10.051"])
def test_a_price_between_ticks_is_refused_with_the_tick(price: str) -> None:
    with pytest.raises(ValueError, match=f"expected a price on the tick of 0.05, was {price}"):
        HELI.ticks(price)


@pytest.mark.parametrize("price", ["", "1e3", "--1", "-", "+1", "1.", ".5", "1,000", " 1", "\u0661"])
def test_what_is_no_decimal_is_refused(price: str) -> None:
    with pytest.raises(ValueError, match="expected a decimal such as"):
        HELI.ticks(price)


def test_a_quantity_off_the_lot_is_refused_with_the_lot() -> None:
    with pytest.raises(ValueError, match="expected a quantity in lots of 10, was 15"):
        HELI.lots("15")


@given(st.integers(0, 10**30), st.integers(0, 20))
def test_a_decimal_is_read_back_as_it_was_written(unscaled: int, decimals: int) -> None:
    assert parse_decimal(format_decimal(unscaled, decimals)) == (unscaled, decimals)


def test_the_default_market_in_integers() -> None:
    configuration = embedded_configuration()
    numbers = {name: asset.number for name, asset in assets(configuration).items()}
    markets = {
        symbol: venue_terms(configuration).markets[scale.market]
        for symbol, scale in market_scales(configuration).items()
    }
    nova, heli, bitcoin = markets["NOVA"], markets["HELI"], markets["BTC-USD"]
    assert (nova.reference_price, nova.static_band, nova.notional_multiplier) == (18250, 6000, 1)
    assert (heli.notional_multiplier, heli.base_units_per_lot) == (50, 10)
    assert (bitcoin.base_asset, bitcoin.quote_asset) == (numbers["BTC"], numbers["USD"])
    assert markets["NX50-DEC26"].margin_per_lot_micro == 8000 * 100 * 10**6
    assert markets["NOVA-NOV26-190C"].premium
    for one in markets.values():
        assert one.max_price * one.max_quantity * one.notional_multiplier < 2**60


def test_assets_are_numbered_by_currency_name_then_by_market() -> None:
    names = list(assets(embedded_configuration()))
    assert names[:7] == ["EUR", "USD", "NOVA", "ORCA", "HELI", "RHIN", "BTC"]


def test_every_account_is_given_the_opening_credit_in_one_unbroken_sequence() -> None:
    configuration = embedded_configuration()
    commands = opening_credit(configuration).view(CREDIT_COMMAND)
    assert len(commands) == len(configuration.accounts) * len(configuration.credit)
    assert commands["clearing_seq"].tolist() == list(range(1, len(commands) + 1))
    usd = assets(configuration)["USD"].number
    assert set(commands["delta"][commands["asset"] == usd].tolist()) == {2_000_000_000_00}
