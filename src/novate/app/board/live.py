"""What the page shows, as data: decimals are texts already, so that the browser only draws.

    /live.json?market=N&seconds=S    markets, book, trades, candles                  twice a second
    /clearing.json                   trades that become obligations, who owes what    every two seconds

Called by the worker that owns the follower.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from typing import Any

from novate.app.board.follower import Follower
from novate.client.views import Candles, Trades
from novate.domain.calendar import settlement_calendar
from novate.domain.configuration import Configuration
from novate.domain.instruments import Instrument, InstrumentKind
from novate.domain.resolve import MarketScale, market_scale, notional_multiplier
from novate.reports.figures import directed, grouped, percent, plural
from novate.reports.model import CurrencyNetting, MemberNetting, headline
from novate.reports.netting_picture import netting_figure
from novate.views import answer

Json = dict[str, Any]
Nets = dict[tuple[str, str, int], list[int]]
"""(member, account type, market) -> [fills, net quantity, net cash, gross cash], cash in ticks times lots."""
LEVELS = 12
TRADES = 24
CANDLES = 72
LENGTHS = (5, 60, 900)
"""Seconds of a candle."""
DELIVERED = (InstrumentKind.SPOT, InstrumentKind.EQUITY)
"""What is bought here and paid there; the others move margin."""


def live(follower: Follower, market: int, seconds: int) -> Json:
    """One market, with candles of so many seconds, and a line of each market. Raises ValueError for an
    unknown market, and for another length than one of LENGTHS."""
    now = follower.now
    instruments = now.configuration.instruments
    if not 0 <= market < len(instruments):
        raise ValueError(f"expected a market from 0 to {len(instruments) - 1}, was {market}")
    if seconds not in LENGTHS:
        raise ValueError(f"expected candles of {', '.join(map(str, LENGTHS))} seconds, was {seconds}")
    scale = market_scale(market, instruments[market])
    last, bids, asks = now.levels(market, LEVELS)
    trades = answer(follower.views, Trades(market=market, limit=TRADES)).records()
    candles = answer(follower.views, Candles(market=market, seconds=seconds, limit=CANDLES)).records()
    return {
        "name": now.configuration.name,
        "business_date": now.configuration.business_date,
        "sequence": follower.sequence,
        "time_ns": follower.replica.venue.now,
        "resting_orders": follower.replica.venue.resting_orders(),
        "trades_in_all": follower.replica.venue.trades,
        "markets": [_line(follower, number, one) for number, one in enumerate(instruments)],
        "market": {
            "number": market,
            "symbol": instruments[market].symbol,
            "kind": instruments[market].kind.value,
            "currency": instruments[market].currency,
            "state": now.states[market].name,
            "last": None if last is None else scale.price_text(last),
            "bids": _side(bids, scale),
            "asks": _side(asks, scale),
            "trades": [_trade(one, scale) for one in trades],
            "seconds": seconds,
            "candles": [_candle(one, scale) for one in candles],
        },
    }


def _line(follower: Follower, number: int, instrument: Instrument) -> Json:
    last, bids, asks = follower.now.levels(number, 1)
    scale = market_scale(number, instrument)
    reference = scale.ticks(instrument.reference_price) if instrument.reference_price else None
    return {
        "number": number,
        "symbol": instrument.symbol,
        "state": follower.now.states[number].name,
        "last": None if last is None else scale.price_text(last),
        "change_ppm": (last - reference) * 10**6 // reference if last is not None and reference else None,
        "bid": scale.price_text(bids[0][0]) if bids else None,
        "ask": scale.price_text(asks[0][0]) if asks else None,
    }


def _side(levels: list[tuple[int, int, int]], scale: MarketScale) -> list[Json]:
    """Levels with the quantity up to each of them, as a share of all that is shown."""
    total, sums = sum(quantity for _, quantity, _ in levels) or 1, 0
    found = []
    for price, quantity, orders in levels:
        sums += quantity
        found.append(
            {
                "price": scale.price_text(price),
                "quantity": scale.quantity_text(quantity),
                "orders": orders,
                "depth": round(sums / total, 4),
                "share": round(quantity / total, 4),
            }
        )
    return found


def _trade(row: Json, scale: MarketScale) -> Json:
    return {
        "id": row["trade_id"],
        "sequence": row["sequence"],
        "time_ns": row["time_ns"],
        "price": scale.price_text(row["price"]),
        "quantity": scale.quantity_text(row["quantity"]),
        "side": ("NONE", "BUY", "SELL")[row["side"]],
    }


def _candle(row: Json, scale: MarketScale) -> Json:
    prices = {name: scale.price_text(row[name]) for name in ("open", "high", "low", "close")}
    return {"open_ns": row["open_ns"], "quantity": scale.quantity_text(row["quantity"]), **prices}


def clearing(follower: Follower) -> Json:
    """What all trades since the venue was founded come to if they are netted now: by currency, member and
    settlement date. All counts are of the same moment, that of the views."""
    configuration = follower.now.configuration
    dates = [_date(configuration, one) for one in configuration.instruments]
    nets = _nets(follower)
    obligations = _obligations(nets)
    trades = sum(fills for fills, *_ in nets.values()) // 2
    made, orders = (_rows(follower, table) for table in ("trades", "orders"))
    currencies = _by_currency(configuration, nets)
    return {
        "title": netting_title(made, trades, obligations),
        "not_delivered": not_delivered(made - trades),
        "orders": grouped(orders),
        "executions": grouped(made),
        "trades": grouped(trades),
        "legs": grouped(2 * trades),
        "obligations": grouped(obligations),
        "saved": percent(2 * trades - obligations, 2 * trades) if trades else "",
        "figures": [netting_figure(one) for one in currencies if any(m.gross_minor for m in one.members)],
        "cash": _cash(configuration, nets, dates),
    }


def _rows(follower: Follower, table: str) -> int:
    return int(follower.views.connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])


def netting_title(made: int, delivered: int, obligations: int) -> str:
    """What netting is worth, with all trades named where not all of them are delivered: "900 of 1,000 trades
    became 48 obligations: 94.6% less to settle"."""
    title = headline(delivered, obligations, made)
    if 0 < delivered < made:
        return title.replace(plural(delivered, "trade"), f"{delivered:,} of {plural(made, 'trade')}", 1)
    return title


def not_delivered(count: int) -> str:
    """Why some trades become no obligation; empty where there is none of them."""
    if not count:
        return ""
    does = "is of a market in which nothing is delivered: it changes" if count == 1 else (
        "are of markets in which nothing is delivered (futures, options, perpetuals): they change"
    )  # fmt: skip
    return f"{plural(count, 'trade')} {does} positions and their margin."


def netted(follower: Follower) -> tuple[int, int]:
    """(legs so far, obligations that are left of them if they are netted now)."""
    nets = _nets(follower)
    return sum(fills for fills, *_ in nets.values()), _obligations(nets)


def _nets(follower: Follower) -> Nets:
    parties = {one.number: (one.member, one.account.value) for one in follower.now.configuration.accounts}
    instruments = follower.now.configuration.instruments
    nets: Nets = defaultdict(lambda: [0, 0, 0, 0])
    rows = follower.views.connection.execute(
        "SELECT account, market, fills, bought, sold, paid, received FROM positions"
    ).fetchall()
    for account, market, fills, bought, sold, paid, received in rows:
        if account in parties and instruments[market].kind in DELIVERED:
            net = nets[*parties[account], market]
            for at, value in enumerate((fills, bought - sold, received - paid, received + paid)):
                net[at] += value
    return nets


def _obligations(nets: Nets) -> int:
    return sum(bool(quantity or cash) for _, quantity, cash, _ in nets.values())


def _date(configuration: Configuration, instrument: Instrument) -> str:
    """When what is traded on the business date settles."""
    calendar = settlement_calendar(configuration, instrument)
    day = datetime.date.fromisoformat(configuration.business_date)
    return calendar.settlement_date(day, instrument.cycle, configuration.clearing.settle_count).isoformat()


def _money(configuration: Configuration, market: int, ticks_lots: int) -> int:
    """Minor units of ticks times lots."""
    instrument = configuration.instruments[market]
    multiplier = notional_multiplier(instrument, configuration.currencies[instrument.currency])
    return int(ticks_lots * multiplier)


def _by_currency(configuration: Configuration, nets: Nets) -> list[CurrencyNetting]:
    found = []
    for name, currency in sorted(configuration.currencies.items(), reverse=True):
        members = []
        for member in configuration.members:
            own = [
                (market, net)
                for (who, _, market), net in nets.items()
                if who == member.name and configuration.instruments[market].currency == name
            ]
            if own:
                members.append(
                    MemberNetting(
                        member=member.name,
                        legs=sum(fills for _, (fills, _, _, _) in own),
                        obligations=sum(bool(quantity or cash) for _, (_, quantity, cash, _) in own),
                        gross_minor=sum(_money(configuration, market, gross) for market, (*_, gross) in own),
                        net_minor=sum(
                            abs(_money(configuration, market, cash)) for market, (_, _, cash, _) in own
                        ),
                    )
                )
        found.append(CurrencyNetting(currency=name, digits=currency.digits, members=tuple(members)))
    return found


def _cash(configuration: Configuration, nets: Nets, dates: list[str]) -> Json:
    """Members by settlement date and currency: net cash with its direction."""
    sums: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for (member, _, market), (_, _, cash, _) in nets.items():
        key = dates[market], configuration.instruments[market].currency
        sums[key][member] += _money(configuration, market, cash)
    columns = sorted(sums)
    return {
        "columns": [f"{date} {currency}" for date, currency in columns],
        "rows": [
            [
                member.name,
                *(
                    directed(sums[key][member.name], configuration.currencies[key[1]].digits)
                    for key in columns
                ),
            ]
            for member in configuration.members
        ],
        "caption": "Net cash of each member by settlement date: "
        "\N{BLACK UP-POINTING TRIANGLE} receives, \N{BLACK DOWN-POINTING TRIANGLE} pays.",
    }
