"""Routes that need no key: the venue, its markets, books, trades, candles, tickers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from novate.domain.codes import MarketState
from novate.gateway.web import books, limits, messages
from novate.gateway.web.amounts import MarketScreen
from novate.gateway.web.calls import Call
from novate.gateway.web.codes import WebRefused, WebReject, http_status, published_codes
from novate.gateway.web.pages import before, listed, part
from novate.gateway.web.windows import CandleRow, TradeRow

if TYPE_CHECKING:
    from novate.gateway.web.gateway import Gateway

_STATES = {int(state): state.name.lower() for state in MarketState}
_SIDES: dict[int, Any] = {0: "auction", 1: "buy", 2: "sell"}


def get_time(gateway: Gateway, call: Call) -> messages.Time:
    """The gateway's clock."""
    return messages.Time(ts_ns=time.time_ns())


def get_status(gateway: Gateway, call: Call) -> messages.NodeState:
    """Whether the venue takes orders."""
    trunk = gateway.trunk
    return messages.NodeState(
        name=gateway.configuration.name,
        state="up" if trunk.is_up else ("behind" if trunk.is_connected else "down"),
        seq=trunk.sequence,
        event=trunk.last_number,
        ts_ns=time.time_ns(),
        uptime_seconds=int(time.monotonic() - gateway.started),
        worker=gateway.worker,
    )


def get_limits(gateway: Gateway, call: Call) -> messages.Limits:
    """Every rate and bound."""
    settings = gateway.settings
    rates = [
        messages.RateLimit(name=name, per=per, units_per_second=rate, burst=burst)  # type: ignore[arg-type]
        for name, per, rate, burst in (
            ("public", "address", settings.public_per_second, 2 * settings.public_per_second),
            ("read", "key", settings.reads_per_second, 2 * settings.reads_per_second),
            ("order", "key", settings.orders_per_second, settings.orders_per_second),
            ("cancel", "key", settings.cancels_per_second, settings.cancels_per_second),
        )
    ]
    bounds = (
        ("target", limits.LONGEST_TARGET, "bytes"), ("headers", limits.LARGEST_HEADERS, "bytes"),
        ("headers", limits.MOST_HEADERS, "lines"), ("body", limits.LARGEST_BODY, "bytes"),
        ("message", limits.LARGEST_MESSAGE, "bytes"), ("json", limits.DEEPEST_JSON, "levels"),
        ("batch", limits.MOST_BATCH, "orders"), ("page", limits.MOST_PAGE, "items"),
        ("subscriptions", limits.MOST_SUBSCRIPTIONS, "of a connection"),
        ("pipelined", limits.MOST_PIPELINED, "requests"),
        ("connections", settings.connections, "of a worker"),
        ("tick", settings.tick_ms, "milliseconds"), ("window", limits.WINDOW_NS, "nanoseconds"),
        ("waiting", settings.out_bytes, "bytes of a slow reader"),
    )  # fmt: skip
    return messages.Limits(
        rates=rates,
        bounds=[messages.Bound(name=name, value=value, unit=unit) for name, value, unit in bounds],
    )


def get_errors(gateway: Gateway, call: Call) -> messages.ErrorCodes:
    """Every code that an error can carry."""
    return messages.ErrorCodes(
        codes=[
            messages.ErrorCode(code=int(code), name=code.name, status=http_status(code))
            for code in published_codes()
        ]
    )


def market_of(gateway: Gateway, market: MarketScreen) -> messages.Market:
    """A market as the web shows it."""
    instrument, terms = market.instrument, market.terms
    state = _STATES.get(gateway.view.states[market.number])
    if state is None:
        message = f"Expected the state of {market.symbol}, the core has not told it yet; ask again"
        raise WebRefused(WebReject.CORE_UNAVAILABLE, message)
    return messages.Market(
        market=market.symbol,
        instrument_id=market.number,
        kind=instrument.kind.value,
        base=gateway.screens.base_of(market).name,
        quote=instrument.currency,
        state=state,  # type: ignore[arg-type]
        tick=market.price(1),
        lot=market.quantity(1),
        min_price=market.price(terms.min_price),
        max_price=market.price(terms.max_price),
        max_quantity=market.quantity(terms.max_quantity),
        maker_ppm=terms.maker_ppm or 0,
        taker_ppm=terms.taker_ppm or 0,
        settlement_days=instrument.cycle,
        contract_size=instrument.contract_size,
        expiry=instrument.expiry,
    )


def get_markets(gateway: Gateway, call: Call) -> messages.Markets:
    """All markets, by number."""
    rows, following = part(gateway.screens.markets, call.query.limit, call.query.cursor)
    return messages.Markets(items=[market_of(gateway, market) for market in rows], next=following)


def get_market(gateway: Gateway, call: Call) -> messages.Market:
    """One market."""
    return market_of(gateway, gateway.screens.market(call.path["market"]))


async def get_book(gateway: Gateway, call: Call) -> messages.Book:
    """The displayed book."""
    market = gateway.screens.market(call.path["market"])
    depth = call.query.depth
    return books.snapshot(market, depth, await gateway.books.read(market.number, depth))


def trade_of(market: MarketScreen, row: TradeRow) -> messages.Trade:
    """A trade as the web shows it."""
    return messages.Trade(
        market=market.symbol,
        seq=row.trade_id,
        prev_seq=row.previous,
        ts_ns=row.time_ns,
        price=market.price(row.price),
        quantity=market.quantity(row.quantity),
        taker_side=_SIDES[row.side],
    )


def get_trades(gateway: Gateway, call: Call) -> Any:
    """Trades, newest first."""
    market = gateway.screens.market(call.path["market"])
    found = gateway.history.trades(market.number, before(call.query.cursor), call.query.limit + 1)

    def show(rows: Sequence[TradeRow], following: str | None) -> messages.Trades:
        return messages.Trades(items=[trade_of(market, row) for row in rows], next=following)

    return listed(gateway.history, call, found, lambda row: row.trade_id, show)


def get_candles(gateway: Gateway, call: Call) -> Any:
    """Candles, newest first."""
    market = gateway.screens.market(call.path["market"])
    query = call.query
    found = gateway.history.candles(market.number, query.interval, before(query.cursor), query.limit + 1)

    def show(rows: Sequence[CandleRow], following: str | None) -> messages.Candles:
        return messages.Candles(items=[_candle(market, row) for row in rows], next=following)

    return listed(gateway.history, call, found, lambda row: row.start_ns, show)


def _candle(market: MarketScreen, row: CandleRow) -> messages.Candle:
    return messages.Candle(
        start_ns=row.start_ns,
        open=market.price(row.open),
        high=market.price(row.high),
        low=market.price(row.low),
        close=market.price(row.close),
        volume=market.quantity(row.volume),
        trades=row.trades,
    )


def ticker_of(gateway: Gateway, market: MarketScreen, previous: int = 0) -> messages.Ticker:
    """A market at a glance."""
    top = gateway.view.tops[market.number]
    window = gateway.view.history.markets[market.number]
    day = window.of_the_day(gateway.view.time_ns)
    last = window.trades[-1] if window.trades else None
    return messages.Ticker(
        market=market.symbol,
        seq=gateway.view.sequence,
        prev_seq=previous,
        ts_ns=max(top.time_ns, last.time_ns if last else 0),
        last=market.price(last.price) if last else None,
        bid=market.price(top.bid) if top.bid_quantity else None,
        bid_quantity=market.quantity(top.bid_quantity) if top.bid_quantity else None,
        ask=market.price(top.ask) if top.ask_quantity else None,
        ask_quantity=market.quantity(top.ask_quantity) if top.ask_quantity else None,
        open=market.price(day.open) if day else None,
        high=market.price(day.high) if day else None,
        low=market.price(day.low) if day else None,
        volume=market.quantity(day.volume if day else 0),
        trades=day.trades if day else 0,
    )


def get_tickers(gateway: Gateway, call: Call) -> messages.Tickers:
    """Tickers of all markets, by number."""
    rows, following = part(gateway.screens.markets, call.query.limit, call.query.cursor)
    return messages.Tickers(items=[ticker_of(gateway, market) for market in rows], next=following)


def get_ticker(gateway: Gateway, call: Call) -> messages.Ticker:
    """The ticker of one market."""
    return ticker_of(gateway, gateway.screens.market(call.path["market"]))
