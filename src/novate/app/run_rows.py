"""Rows of the report: obligations and the trades behind them, with the names that people know.

fills (trades and parties)   --> trade rows: the first of the day, and a few behind each shown obligation
obligations                  --> obligation rows that name those trades
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from novate.app.run_derivation import Derivation
from novate.clearing.obligations import Obligation
from novate.domain.codes import EventKind, Side
from novate.domain.configuration import Configuration
from novate.domain.records import PARTIES, is_trade
from novate.domain.resolve import MarketScale, market_scales
from novate.domain.units import parse_decimal
from novate.reports.model import ObligationRow, TradeRow

SHOWN_TRADES = 200
TRADES_BEHIND = 2
SEARCHED_TRADES = 20_000
"""How many trades are searched for those behind an obligation."""

Leg = tuple[str, str, str]
"""Member, account and clearing id of an instrument."""


def trade_rows(
    derivation: Derivation, shown: Sequence[Obligation]
) -> tuple[list[TradeRow], dict[Leg, list[str]]]:
    """The first trades of the day and some behind each shown obligation; and which stand behind which."""
    configuration = derivation.configuration
    fills = derivation.fills
    trades = fills[is_trade(fills)][:SEARCHED_TRADES]
    parties = fills[fills["kind"] == EventKind.TRADE_PARTIES][:SEARCHED_TRADES].view(PARTIES)
    names = {one.number: (one.member, one.account.value) for one in configuration.accounts}
    ids = [instrument.clearing_id for instrument in configuration.instruments]
    wanted: dict[Leg, list[str]] = {(row.member, row.account, row.isin): [] for row in shown}
    chosen = set(range(min(SHOWN_TRADES, len(trades))))
    for place, (market, maker, taker, trade_id) in enumerate(
        zip(
            trades["market"].tolist(),
            parties["maker_account"].tolist(),
            parties["taker_account"].tolist(),
            trades["trade_id"].tolist(),
            strict=True,
        )
    ):
        for account in (maker, taker):
            behind = wanted.get((*names[account], ids[market]))
            if behind is not None and len(behind) < TRADES_BEHIND:
                behind.append(str(trade_id))
                chosen.add(place)
    scales = list(market_scales(configuration).values())
    times = derivation.market_day.trade_times(SEARCHED_TRADES)
    return [
        _trade_row(trades[place], parties[place], int(times[place]), configuration, scales, names)
        for place in sorted(chosen)
    ], wanted


def _trade_row(
    trade: np.void,
    parties: np.void,
    time_ns: int,
    configuration: Configuration,
    scales: list[MarketScale],
    names: dict[int, tuple[str, str]],
) -> TradeRow:
    market = int(trade["market"])
    scale = scales[market]
    side = Side(int(trade["side"]))
    taker_buys = side is Side.BUY  # Of an auction the buyer stands in the maker's place, the seller as taker.
    maker, taker = ("/".join(names[int(parties[side])]) for side in ("maker_account", "taker_account"))
    maker_order, taker_order = int(trade["order_id"]), int(trade["contra_order_id"])
    return TradeRow(
        trade_id=str(trade["trade_id"]),
        sequence=int(trade["sequence"]),
        time_ns=time_ns,
        instrument=configuration.instruments[market].symbol,
        price=int(trade["price"]) * scale.tick_units,
        price_digits=scale.price_digits,
        quantity=int(trade["quantity"]) * scale.lot_units,
        quantity_digits=scale.quantity_digits,
        buyer=taker if taker_buys else maker,
        seller=maker if taker_buys else taker,
        buy_order=taker_order if taker_buys else maker_order,
        sell_order=maker_order if taker_buys else taker_order,
        incoming=side,
    )


def obligation_rows(
    shown: Sequence[Obligation], behind: dict[Leg, list[str]], configuration: Configuration
) -> list[ObligationRow]:
    """Obligations with signs and digits."""
    digits = {one.clearing_id: parse_decimal(one.lot)[1] for one in configuration.instruments}
    symbols = {one.clearing_id: one.symbol for one in configuration.instruments}
    return [
        ObligationRow(
            obligation_id=row.obligation_id,
            settle_date=row.settle_date,
            member=row.member,
            account=row.account,
            instrument=symbols[row.isin],
            quantity=row.signed_quantity,
            quantity_digits=digits[row.isin],
            amount_minor=row.signed_amount,
            currency=row.ccy,
            digits=configuration.currencies[row.ccy].digits,
            gross_legs=row.gross_legs,
            trades=tuple(behind[row.member, row.account, row.isin]),
        )
        for row in shown
    ]
