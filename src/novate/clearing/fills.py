"""Fills of the venue as a delivery of trades: the one door through which the venue's trades come in.

    TRADE          market 0, price 18250 ticks, quantity 300 lots, trade_id 17, taker's side BUY
    TRADE_PARTIES  maker account 102, taker account 301
        --> trade 17 of source NOVATE, version 1, price "182.50", quantity "300",
            buyer CASTOR HOUS (the taker bought), seller ALPINE CLIE

    AUCTION_TRADE  the same, without a side: the buyer stands in the maker's place, the seller in the taker's

A fill between two trading accounts of one party, such as two clients of one member's CLIE account, is
internal: by C9 a trade needs two parties (SELF_TRADE), so it is not novated. The member books it between its
clients; it is counted and reported, and it stays in the venue's list of trades.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np

from novate.clearing.trades.columns import Bools, Coded, Int64s, TradeColumns, constant, trade_columns
from novate.clearing.trades.texts import texts_of
from novate.domain.codes import EventKind, Side
from novate.domain.configuration import Configuration
from novate.domain.machine import BrokenInvariant
from novate.domain.records import PARTIES, Events, is_trade
from novate.domain.resolve import MarketScale, market_scale

SOURCE = "NOVATE"


class Fills(msgspec.Struct, frozen=True, kw_only=True):
    """The trades to clear, and the fills that stay inside one party."""

    trades: TradeColumns
    internal_trade_ids: Int64s


def trades_from_fills(events: Events, configuration: Configuration) -> Fills:
    """Trades of the market and of auctions among the events; others are passed over.

    Raises BrokenInvariant if a trade is not directly followed by its TRADE_PARTIES, or names an account or
    a market that the configuration does not know.
    """
    places = np.flatnonzero(is_trade(events))
    if len(places) and (
        places[-1] + 1 >= len(events) or np.any(events["kind"][places + 1] != EventKind.TRADE_PARTIES)
    ):
        raise BrokenInvariant("Expected TRADE_PARTIES directly after every trade, found another record")
    trade = events[places]
    parties = events[places + 1].view(PARTIES)
    number, of_account = _account_parties(configuration)
    taker, maker = (
        _known(of_account, number, parties[account].astype(np.int64))
        for account in ("taker_account", "maker_account")
    )
    taker_bought = trade["side"] == Side.BUY  # Never in an auction: there the maker's place is the buyer's.
    buyer = np.where(taker_bought, taker, maker)
    seller = np.where(taker_bought, maker, taker)
    internal = buyer == seller
    trade_ids = trade["trade_id"].astype(np.int64)
    return Fills(
        trades=_columns(trade, buyer, seller, ~internal, configuration),
        internal_trade_ids=trade_ids[internal],
    )


def _columns(
    trade: Events, buyer: Int64s, seller: Int64s, chosen: Bools, configuration: Configuration
) -> TradeColumns:
    trade, buyer, seller = trade[chosen], buyer[chosen], seller[chosen]
    market = trade["market"].astype(np.int64)
    if len(market) and market.max() >= len(configuration.instruments):
        raise BrokenInvariant(f"Expected a configured market, was number {market.max()}")
    scales = [market_scale(i, one) for i, one in enumerate(configuration.instruments)]
    names = _party_names(configuration)
    trade_ids = trade["trade_id"].tolist()
    return trade_columns(
        {
            "trade_id": texts_of([str(one) for one in trade_ids]),
            "source": constant(SOURCE, len(trade)),
            "version": constant("1", len(trade)),
            "trade_date": constant(configuration.business_date, len(trade)),
            "instrument": _coded(market, [one.clearing_id for one in configuration.instruments]),
            "price": _texts(scales, market, trade["price"].astype(np.int64), MarketScale.price_text),
            "quantity": _texts(scales, market, trade["quantity"].astype(np.int64), MarketScale.quantity_text),
            "currency": _coded(market, [one.currency for one in configuration.instruments]),
            "buyer_member": _coded(buyer, [member for member, _ in names]),
            "buyer_account": _coded(buyer, [account for _, account in names]),
            "seller_member": _coded(seller, [member for member, _ in names]),
            "seller_account": _coded(seller, [account for _, account in names]),
        }
    )


def _texts(
    scales: list[MarketScale], market: Int64s, steps: Int64s, text: Callable[[MarketScale, int], str]
) -> Coded:
    """Ticks or lots as the text of their market; one conversion per distinct pair."""
    markets = max(len(scales), 1)
    pairs, codes = np.unique(steps * markets + market, return_inverse=True)
    values = [text(scales[pair % markets], pair // markets) for pair in pairs.tolist()]
    return _coded(codes, values)


def _coded(codes: Int64s, values: list[str]) -> Coded:
    return Coded(codes.astype(np.int32), values)


def _party_names(configuration: Configuration) -> list[tuple[str, str]]:
    return sorted({(account.member, account.account.value) for account in configuration.accounts})


def _account_parties(configuration: Configuration) -> tuple[Int64s, Int64s]:
    """(trading account numbers, ascending; the party of each, as its place in `_party_names`)."""
    place = {party: i for i, party in enumerate(_party_names(configuration))}
    accounts = sorted(configuration.accounts, key=lambda account: account.number)
    numbers = np.array([account.number for account in accounts], np.int64)
    parties = np.array([place[account.member, account.account.value] for account in accounts], np.int64)
    return numbers, parties


def _known(parties: Int64s, numbers: Int64s, accounts: Int64s) -> Int64s:
    """Party of each trading account."""
    place = np.searchsorted(numbers, accounts)
    found = place < len(numbers)
    found[found] = numbers[place[found]] == accounts[found]
    if not found.all():
        stranger = int(accounts[~found][0])
        raise BrokenInvariant(f"Expected a configured trading account, was {stranger}")
    return parties[place]
