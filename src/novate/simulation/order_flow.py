"""A day of orders from a seed, for the markets and accounts of a configuration.

    08:30  STATE PRE_OPEN     a first book, not crossed
    09:00  STATE CONTINUOUS   new orders, amends, cancels; busy at the open and before the close
    17:00  MASS_CANCEL        liquidity providers leave
    17:30  STATE CLOSED       DAY orders expire

All arrays of a day are drawn at once from one generator (PCG64) and sorted by time; there is no clock and no
other source of chance, so a configuration and a seed always give the same bytes. Cost: about a microsecond
a command.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from novate.domain.codes import CommandFlag, CommandKind, MarketState, OrderType, TimeInForce
from novate.domain.configuration import Configuration
from novate.domain.members import AccountType
from novate.domain.records import Commands, new_commands
from novate.domain.resolve import venue_terms
from novate.domain.terms import VenueTerms
from novate.simulation.order_mix import RESTING, Mixed, Style, mix
from novate.simulation.price_paths import Floats, Int64s, MarketLevels, mid_prices

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
PRE_OPEN, OPEN, LEAVE, CLOSE = 8 * HOUR + HOUR // 2, 9 * HOUR, 17 * HOUR, 17 * HOUR + HOUR // 2
BATCH = 65_536
BEFORE_OPEN = 0.02
"""Share of new orders that come in PRE_OPEN."""
CANCEL_ZONES = np.array([2, 6])
"""Up to 2 ticks from the mid an order is mostly filled, up to 6 it may be, further out it is withdrawn."""
CANCEL_SHARES = np.array([0.10, 0.50, 0.90])
MEAN_SECONDS = np.array([0.4, 3.0, 30.0])
AMENDED = 0.12
PRESENT_MAKER = 0.5
"""Share of resting orders that liquidity providers send, where there are any."""


@dataclass(frozen=True, slots=True)
class _Day:
    """What stays the same while the parts of a day are made."""

    random: np.random.Generator
    terms: VenueTerms
    levels: MarketLevels
    accounts: Int64s
    makers: Int64s
    midnight: int


def order_flow(configuration: Configuration, seed: int, orders: int) -> Iterator[Commands]:
    """Batches of COMMAND records in time order: `orders` new orders and what belongs to them.

    Raises ValueError for a configuration without markets or without accounts to send orders.
    """
    day = _day(configuration, seed)
    new, mixed = _new_orders(day, orders)
    parts = [_states(day, configuration), new, *_changes(day, new, mixed), _makers_leave(day)]
    commands = np.concatenate(parts)
    commands = commands[np.argsort(commands["time"], kind="stable")]
    for start in range(0, len(commands), BATCH):
        yield commands[start : start + BATCH]


def _day(configuration: Configuration, seed: int) -> _Day:
    terms = venue_terms(configuration)
    accounts = [a for a in configuration.accounts if a.number != configuration.fee_account]
    if not terms.markets or not accounts:
        raise ValueError(
            f"Expected at least one market and one trading account to generate orders for,"
            f" was {len(terms.markets)} and {len(accounts)}"
        )
    makers = [account.number for account in accounts if account.account is AccountType.LIPR]
    date = datetime.date.fromisoformat(configuration.business_date)
    return _Day(
        random=np.random.Generator(np.random.PCG64(seed)),
        terms=terms,
        levels=MarketLevels(terms),
        accounts=np.array([account.number for account in accounts], np.int64),
        makers=np.array(makers, np.int64),
        midnight=(date - datetime.date(1970, 1, 1)).days * 24 * HOUR,
    )


def _new_orders(day: _Day, count: int) -> tuple[Commands, Mixed]:
    """All new orders of the day in time order."""
    random = day.random
    early = int(count * BEFORE_OPEN)
    before = PRE_OPEN + SECOND + random.integers(0, OPEN - PRE_OPEN - 2 * SECOND, early)
    during = (
        OPEN + SECOND + (_busy_hours(random, count - early) * (CLOSE - OPEN - 2 * SECOND)).astype(np.int64)
    )
    time = np.sort(np.concatenate([before, during]))
    orders = new_commands(count)
    orders["kind"] = int(CommandKind.NEW)
    orders["time"] = day.midnight + time
    orders["client_order_id"] = np.arange(1, count + 1)
    orders["market"] = _markets(random, len(day.terms.markets), count)
    share = np.maximum(time - OPEN, 0) / (CLOSE - OPEN)
    mid = mid_prices(random, day.levels, orders["market"].astype(np.int64), share)
    mixed = mix(random, day.terms, day.levels, orders, mid)
    _open_gently(day, orders, mixed, time < OPEN)
    _good_till(random, day, orders)
    orders["account"] = _accounts(day, mixed)
    orders["session"] = 1 + orders["account"] % 8
    return orders, mixed


def _busy_hours(random: np.random.Generator, count: int) -> Floats:
    """Shares of the day, denser at its two ends."""
    ends = random.beta(0.6, 0.6, count)
    return np.where(random.random(count) < 0.5, ends, random.random(count))


def _markets(random: np.random.Generator, markets: int, count: int) -> Int64s:
    """Market numbers by a Zipf law: the first is the busiest."""
    weights = np.cumsum(1.0 / np.arange(1, markets + 1) ** 0.7)
    drawn = np.searchsorted(weights, random.random(count) * weights[-1], side="right")
    numbers: Int64s = np.minimum(drawn, markets - 1).astype(np.int64)
    return numbers


def _open_gently(day: _Day, orders: Commands, mixed: Mixed, early: npt.NDArray[np.bool_]) -> None:
    """Orders of PRE_OPEN are plain limit orders on their own side of the reference: no crossed book."""
    market = orders["market"].astype(np.int64)
    reference = day.levels.reference[market]
    buys = orders["side"] == 1
    distance = np.maximum(np.abs(mixed.distance), 1)
    quoted = day.levels.inside(market, reference + np.where(buys, -distance, distance))
    # With a band of no ticks there is no price beside the reference: such an order waits for the open.
    possible = early & (quoted != reference)
    orders["time"][early & ~possible] = day.midnight + OPEN + SECOND
    orders["price"][possible] = quoted[possible]
    orders["order_type"][possible] = int(OrderType.LIMIT)
    orders["time_in_force"][possible] = int(TimeInForce.DAY)
    orders["stop"][possible] = 0
    orders["display"][possible] = 0
    orders["flags"][possible] = int(CommandFlag.QUANTITY_GIVEN | CommandFlag.PRICE_GIVEN)


def _good_till(random: np.random.Generator, day: _Day, orders: Commands) -> None:
    """A twentieth of what may rest ends at a time of its own."""
    rests = np.isin(orders["time_in_force"], (int(TimeInForce.DAY), int(TimeInForce.GTC)))
    dated = rests & (random.random(len(orders)) < 0.05)
    orders["time_in_force"][dated] = int(TimeInForce.GTD)
    ends = orders["time"] + SECOND + random.integers(0, 2 * HOUR, len(orders))
    orders["expire"] = np.where(dated, ends, 0)
    orders["flags"][dated] |= np.uint16(CommandFlag.EXPIRE_GIVEN)


def _accounts(day: _Day, mixed: Mixed) -> Int64s:
    """Who sends what: liquidity providers many of the resting orders, everybody all the rest."""
    count = len(mixed.style)
    anyone = day.random.choice(day.accounts, count)
    if not len(day.makers):
        return anyone
    quotes = np.isin(mixed.style, RESTING) & (day.random.random(count) < PRESENT_MAKER)
    return np.where(quotes, day.random.choice(day.makers, count), anyone)


def _changes(day: _Day, new: Commands, mixed: Mixed) -> list[Commands]:
    """Amends and cancels. Orders close to the touch go soon, before most of them are filled."""
    random = day.random
    count = len(new)
    waits = np.isin(mixed.style, (*RESTING, Style.STOP, Style.STOP_LIMIT)) | (new["display"] > 0)
    zone = np.searchsorted(CANCEL_ZONES, np.abs(mixed.distance))
    cancelled = waits & (random.random(count) < CANCEL_SHARES[zone])
    life = random.exponential(MEAN_SECONDS[zone], count) * SECOND
    ends = new["time"] + SECOND // 100 + life.astype(np.int64)
    cancelled &= ends < day.midnight + LEAVE
    plain = (mixed.style == Style.PASSIVE) & (new["order_type"] == int(OrderType.LIMIT))
    amended = plain & cancelled & (random.random(count) < AMENDED)
    amends = _amends(day, new[amended])
    amends["time"] = new["time"][amended] + (ends - new["time"])[amended] // 2
    cancels = _about(new[cancelled], CommandKind.CANCEL)
    cancels["time"] = ends[cancelled]
    return [amends, cancels]


def _amends(day: _Day, orders: Commands) -> Commands:
    """Two thirds get smaller and keep their place, a third moves by a tick or two."""
    amends = _about(orders, CommandKind.AMEND)
    smaller = (day.random.random(len(orders)) < 0.67) & (orders["quantity"] > 1)
    amends["quantity"] = np.where(smaller, (orders["quantity"] + 1) // 2, 0)
    step = day.random.integers(1, 3, len(orders)) * np.where(orders["side"] == 1, -1, 1)
    moved = day.levels.inside(orders["market"].astype(np.int64), orders["price"] + step)
    amends["price"] = np.where(smaller, 0, moved)
    given = np.where(smaller, int(CommandFlag.QUANTITY_GIVEN), int(CommandFlag.PRICE_GIVEN))
    amends["flags"] = given
    return amends


def _about(orders: Commands, kind: CommandKind) -> Commands:
    """Commands of this kind about these orders."""
    commands = new_commands(len(orders))
    commands["kind"] = int(kind)
    for field in ("market", "account", "client_order_id", "session"):
        commands[field] = orders[field]
    return commands


def _makers_leave(day: _Day) -> Commands:
    """Each liquidity provider takes its orders out of every market half an hour before the close."""
    markets = len(day.terms.markets)
    commands = new_commands(markets * len(day.makers))
    commands["kind"] = int(CommandKind.MASS_CANCEL)
    commands["market"] = np.tile(np.arange(markets), len(day.makers))
    commands["account"] = np.repeat(day.makers, markets)
    commands["flags"] = int(CommandFlag.ACCOUNT_GIVEN)
    commands["time"] = day.midnight + LEAVE
    return commands


def _states(day: _Day, configuration: Configuration) -> Commands:
    """The three turns of the day for every market without a schedule; the first only where it is one."""
    instruments = configuration.instruments
    every = np.flatnonzero(np.array([instrument.schedule is None for instrument in instruments]))
    initial = np.array([instrument.initial_state for instrument in instruments])
    early = every[initial[every] != MarketState.PRE_OPEN.name]
    turns = (
        (early, MarketState.PRE_OPEN, PRE_OPEN),
        (every, MarketState.CONTINUOUS, OPEN),
        (every, MarketState.CLOSED, CLOSE),
    )
    parts = []
    for markets, state, time in turns:
        commands = new_commands(len(markets))
        commands["kind"] = int(CommandKind.STATE)
        commands["market"] = markets
        commands["state"] = int(state)
        commands["time"] = day.midnight + time
        parts.append(commands)
    return np.concatenate(parts)
