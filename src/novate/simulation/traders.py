"""Traders from a seed: what market makers, takers and noise traders would send, second after second.

    fair price a market    a walk that returns to the reference
    market makers          QUOTEs around it, three prices deep, replaced all the time
    takers                 immediate orders through the touch; a few of them sweep what has become stale
    noise                  limit orders behind the touch that end by themselves

Nothing here looks at an answer: the same terms, accounts and seed give the same commands, whatever the venue
does with them. Orders end by their own time and quotes replace themselves, so nothing has to be cancelled.
Cost: some ten microseconds a command.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from novate.domain.codes import CommandFlag, CommandKind, OrderType, Side, TimeInForce
from novate.domain.instruments import MarketTerms
from novate.domain.records import QUOTE_COMMAND, Commands, new_commands
from novate.domain.terms import VenueTerms
from novate.simulation.price_paths import MarketLevels

SECOND = 1_000_000_000
DEPTH = 3
"""Quotes that a maker has in a market, one behind the other."""
HALF_SPREAD_PPM = 120
"""Of the price; never less than a tick."""
MOVE_PPM = 18
"""Standard deviation of a step of the fair price; a step is a command in its market."""
RETURN = 0.0004
"""Share of its distance from the reference by which a price comes back with each step."""
QUOTES, NOISE, SWEEPS = 0.50, 0.28, 0.04
"""Shares of the commands; the rest are takers."""
NOTIONAL_MINOR = 900_000
LARGEST_SHARE = 8
"""The largest usual order is so many times the median."""
SHORTEST, LONGEST = 4 * SECOND, 40 * SECOND
"""How long a noise trader's order lives."""


class Crew(NamedTuple):
    """Accounts that trade: those of market makers, and all others."""

    makers: tuple[int, ...]
    others: tuple[int, ...]


@dataclass
class _Market:
    """One market as the traders see it, in ticks and lots."""

    number: int
    reference: float
    fair: float
    low: float
    high: float
    half_spread: float
    lots: int
    largest: int


class Traders:
    """An endless, reproducible flow of orders. Commands carry no time and no session: the node and the
    client write them."""

    def __init__(self, terms: VenueTerms, crew: Crew, seed: int, first_order_id: int) -> None:
        """Client order ids of what is no quote count from `first_order_id`. Raises ValueError without a
        market, or without accounts of makers and of others."""
        if not terms.markets or not crew.makers or not crew.others:
            raise ValueError(
                f"Expected at least one market, one market maker and one other account, was "
                f"{len(terms.markets)}, {len(crew.makers)} and {len(crew.others)}"
            )
        self._random = np.random.Generator(np.random.PCG64(seed))
        self._crew = crew
        self._next_id = first_order_id
        levels = MarketLevels(terms)
        self._markets = [
            _market(one, float(levels.reference[number]), float(levels.band[number]))
            for number, one in enumerate(terms.markets)
        ]
        weights = 1.0 / np.arange(1, len(self._markets) + 1) ** 0.6
        self._chances = np.cumsum(weights / weights.sum())

    def begin(self) -> Commands:
        """Every maker's quotes in every market, so that there is a book at once."""
        return np.concatenate(
            [
                self._quote(market, maker, level)
                for market in self._markets
                for maker in range(len(self._crew.makers))
                for level in range(DEPTH)
            ]
        )

    def next(self, count: int, now_ns: int) -> Commands:
        """The next `count` decisions as commands; orders end behind `now_ns`, the venue's time."""
        return np.concatenate([new_commands(0), *(self._decide(now_ns) for _ in range(count))])

    def _decide(self, now_ns: int) -> Commands:
        random = self._random
        market = self._markets[int(np.searchsorted(self._chances, random.random()))]
        step = random.standard_normal() * market.reference * MOVE_PPM / 1e6
        market.fair += step + RETURN * (market.reference - market.fair)
        market.fair = min(max(market.fair, market.low), market.high)
        choice = random.random()
        if choice < QUOTES:
            maker = int(random.integers(len(self._crew.makers)))
            # The best prices move most: two of three times it is the first quote that is replaced.
            return self._quote(market, maker, max(0, int(random.integers(2 * DEPTH)) - DEPTH))
        if choice < QUOTES + NOISE:
            return self._noise(market, now_ns)
        if choice < QUOTES + NOISE + SWEEPS:
            sides = (Side.BUY, Side.SELL)
            return np.concatenate([self._sweep(market, side) for side in sides])
        return self._take(market)

    def _quote(self, market: _Market, maker: int, level: int) -> Commands:
        """One maker's prices, each maker a little further out than the one before."""
        away = market.half_spread * (1.0 + 0.3 * maker + 0.9 * level)
        command = new_commands(1)
        quote = command.view(QUOTE_COMMAND)
        quote["kind"], quote["market"] = CommandKind.QUOTE, market.number
        quote["account"] = self._crew.makers[maker]
        quote["time_in_force"] = TimeInForce.GTC
        name = 2 * (market.number * DEPTH + level)
        quote["bid_client_order_id"], quote["ask_client_order_id"] = name + 1, name + 2
        quote["bid_price"] = int(np.floor(market.fair - away))
        quote["ask_price"] = int(np.ceil(market.fair + away))
        quote["bid_quantity"] = self._lots(market, 2 + level)
        quote["ask_quantity"] = self._lots(market, 2 + level)
        return command

    def _noise(self, market: _Market, now_ns: int) -> Commands:
        side = self._side()
        away = market.half_spread * (1.2 + self._random.exponential(2.5))
        command = self._order(market, side, market.fair - away if side is Side.BUY else market.fair + away)
        command["time_in_force"] = TimeInForce.GTD
        command["expire"] = now_ns + int(self._random.integers(SHORTEST, LONGEST))
        command["flags"] |= np.uint16(CommandFlag.EXPIRE_GIVEN)
        return command

    def _take(self, market: _Market) -> Commands:
        side = self._side()
        through = market.half_spread * self._random.uniform(1.0, 2.5)
        command = self._order(
            market, side, market.fair + through if side is Side.BUY else market.fair - through
        )
        command["time_in_force"] = TimeInForce.IOC
        return command

    def _sweep(self, market: _Market, side: Side) -> Commands:
        """Take what is offered on the wrong side of the fair price, which somebody has left behind."""
        price = market.fair - 0.5 if side is Side.BUY else market.fair + 0.5
        command = self._order(market, side, price)
        command["time_in_force"] = TimeInForce.IOC
        command["quantity"] = min(4 * LARGEST_SHARE * market.lots, market.largest)
        return command

    def _order(self, market: _Market, side: Side, price: float) -> Commands:
        command = new_commands(1)
        command["kind"], command["side"], command["order_type"] = CommandKind.NEW, side, OrderType.LIMIT
        command["market"] = market.number
        command["account"] = self._crew.others[int(self._random.integers(len(self._crew.others)))]
        command["client_order_id"] = self._next_id
        self._next_id += 1
        command["price"] = int(np.floor(price) if side is Side.BUY else np.ceil(price))
        command["quantity"] = self._lots(market, 1)
        command["flags"] = CommandFlag.QUANTITY_GIVEN | CommandFlag.PRICE_GIVEN
        return command

    def _side(self) -> Side:
        return Side.BUY if self._random.random() < 0.5 else Side.SELL

    def _lots(self, market: _Market, share: int) -> int:
        drawn = min(self._random.lognormal(0.0, 0.8), LARGEST_SHARE)
        return int(min(max(1, round(market.lots * share * drawn)), market.largest))


def _market(terms: MarketTerms, reference: float, band: float) -> _Market:
    lots = max(1, int(NOTIONAL_MINOR / (reference * terms.notional_multiplier)))
    half_spread = max(1.0, reference * HALF_SPREAD_PPM / 1e6)
    room = max(0.0, min(0.6 * band, reference - 1) - 12 * half_spread)
    return _Market(
        number=terms.market,
        reference=reference,
        fair=reference,
        low=reference - room,
        high=reference + room,
        half_spread=half_spread,
        lots=lots,
        largest=terms.max_quantity,
    )


def rehearsal(traders: Traders, rounds: int, count: int) -> tuple[int, str]:
    """(commands, SHA-256 over them) of the beginning and `rounds` times `count` decisions at time 0."""
    digest, sent = hashlib.sha256(), 0
    for at in range(rounds + 1):
        commands = traders.next(count, 0) if at else traders.begin()
        digest.update(commands.tobytes())
        sent += len(commands)
    return sent, digest.hexdigest()
