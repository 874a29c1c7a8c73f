"""Ticks, lots, markets and accounts of a configuration as arrays, for whole columns at a time.

price "585.33" -> 58533 units of 10**-2 -> tick step of the market 1 unit -> 58533 ticks
quantity "300" ->   300 units of 10**-0 -> lot step of the market 100     ->     3 lots
"""

from __future__ import annotations

import numpy as np

from novate.domain.configuration import Configuration
from novate.domain.resolve import MarketScale, market_scales
from novate.gateway.files.text_numbers import Bools, Int64s


class MarketSteps:
    """What an order-file decoder must know about the markets and accounts of a configuration."""

    def __init__(self, configuration: Configuration) -> None:
        self.scales: list[MarketScale] = list(market_scales(configuration).values())
        self.numbers = {scale.symbol: scale.market for scale in self.scales}
        self.business_date = configuration.business_date
        self.price_digits = max((scale.price_digits for scale in self.scales), default=0)
        self.quantity_digits = max((scale.quantity_digits for scale in self.scales), default=0)
        self.tick = np.array(
            [scale.tick_units * 10 ** (self.price_digits - scale.price_digits) for scale in self.scales]
            or [1],
            np.int64,
        )
        self.lot = np.array(
            [scale.lot_units * 10 ** (self.quantity_digits - scale.quantity_digits) for scale in self.scales]
            or [1],
            np.int64,
        )
        self.lowest_price = np.array(
            [
                scale.ticks(instrument.min_price) if instrument.min_price else 1
                for scale, instrument in zip(self.scales, configuration.instruments, strict=True)
            ]
            or [1],
            np.int64,
        )
        """Of each market, in ticks."""
        self.accounts = np.unique(np.array([account.number for account in configuration.accounts], np.int64))

    def knows_accounts(self, accounts: Int64s) -> Bools:
        """Which of them are configured. A configuration without accounts lets every number in."""
        if not len(self.accounts):
            return np.ones(len(accounts), bool)
        return np.isin(accounts, self.accounts)
