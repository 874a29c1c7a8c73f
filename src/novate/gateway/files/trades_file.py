"""trades.csv: every trade of the venue with the columns that `novate clear` reads.

    TRADE        market, price, quantity, taker's side     \\
    TRADE_PARTIES    maker's and taker's account            }-->  one line: buyer and seller as parties
    AUCTION_TRADE    buyer as maker, seller as taker       /

So the file of one run can be cleared again by itself, or by anybody else. What the market saw of a trade
(maker and taker orders, fees) stands in events.parquet.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from novate.clearing.fills import SOURCE
from novate.domain.codes import EventKind, Side
from novate.domain.configuration import Configuration
from novate.domain.members import AccountType
from novate.domain.records import PARTIES, Events, is_trade
from novate.gateway.files.decimal_text import price_texts, quantity_texts
from novate.gateway.files.market_steps import MarketSteps
from novate.gateway.files.output import OutputFolder
from novate.gateway.files.text_numbers import Int64s

TRADES_NAME = "trades.csv"
COLUMNS = (
    "trade_id",
    "source",
    "version",
    "trade_date",
    "instrument",
    "price",
    "quantity",
    "currency",
    "buyer_member",
    "buyer_account",
    "seller_member",
    "seller_account",
)


class TradesFile:
    """Takes blocks of events in order and writes the trades among them."""

    def __init__(self, out: OutputFolder, configuration: Configuration) -> None:
        self._file = out.open(TRADES_NAME)
        self._file.write((",".join(COLUMNS) + "\n").encode())
        self._steps = MarketSteps(configuration)
        instruments = configuration.instruments
        self._names = _column([instrument.clearing_id for instrument in instruments])
        self._currencies = _column([instrument.currency for instrument in instruments])
        self._date = configuration.business_date
        accounts = sorted(configuration.accounts, key=lambda account: account.number)
        self._numbers = np.array([account.number for account in accounts], np.int64)
        self._members = _column([account.member for account in accounts])
        self._kinds = _column([account.account.value for account in accounts])
        self.written = 0

    def add(self, events: Events) -> int:
        """Write the trades of a block; returns how many there were. A trade and its TRADE_PARTIES must be in
        the same block, as `apply` leaves them."""
        trades = events[is_trade(events)]
        parties = events[events["kind"] == EventKind.TRADE_PARTIES].view(PARTIES)
        if len(trades) != len(parties):
            raise ValueError(
                f"Expected one TRADE_PARTIES for each trade, was {len(parties)} for {len(trades)}"
            )
        if len(trades):
            self._file.write("".join(self._lines(trades, parties)).encode())
            self.written += len(trades)
        return len(trades)

    def _lines(self, trades: Events, parties: Events) -> list[str]:
        market = trades["market"].astype(np.int64)
        buys = trades["side"] == Side.BUY
        maker, taker = parties["maker_account"].astype(np.int64), parties["taker_account"].astype(np.int64)
        buyer_member, buyer_kind = self._party(np.where(buys, taker, maker))
        seller_member, seller_kind = self._party(np.where(buys, maker, taker))
        lines: list[str] = pc.binary_join_element_wise(
            pa.array(trades["trade_id"].astype(np.int64)).cast(pa.string()),
            SOURCE,
            "1",
            self._date,
            pc.take(self._names, pa.array(market)),
            price_texts(self._steps, market, trades["price"].astype(np.int64)),
            quantity_texts(self._steps, market, trades["quantity"].astype(np.int64)),
            pc.take(self._currencies, pa.array(market)),
            buyer_member,
            buyer_kind,
            seller_member,
            pc.binary_join_element_wise(seller_kind, "", "\n"),
            ",",
        ).to_pylist()
        return lines

    def _party(self, accounts: Int64s) -> tuple[pa.Array, pa.Array]:
        """(member, account type) of each. An account that nobody configured is a member of its own."""
        place = np.searchsorted(self._numbers, accounts)
        known = place < len(self._numbers)
        known[known] = self._numbers[place[known]] == accounts[known]
        if known.all():
            return pc.take(self._members, pa.array(place)), pc.take(self._kinds, pa.array(place))
        own = pc.binary_join_element_wise("ACCOUNT", pa.array(accounts).cast(pa.string()), "-")
        index = pa.array(place, mask=~known)
        members = pc.coalesce(pc.take(self._members, index), own)
        return members, pc.coalesce(pc.take(self._kinds, index), pa.scalar(AccountType.HOUS.value))


def _column(values: list[str]) -> pa.Array:
    return pa.array([_field(value) for value in values], pa.string())


def _field(text: str) -> str:
    """A text as one field of comma-separated text."""
    if any(mark in text for mark in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text
