"""Fills of the venue as commands of the clearing house, by columns.

    TRADE, TRADE_PARTIES (128 bytes a fill)  -->  [TEXT "NOVATE" SOURCE]  FILLS first last  (TEXT TRADE) ...

A fill's number is its trade id: the venue counts them from 1 without a gap. A fill inside one party and one
of an instrument that makes no obligations (a future, a perpetual) are counted by FILLS and make no trade.
Prices are in ticks and quantities in lots there; here a price is what it is written as, and a quantity is in
units of the last digit of a lot. A fill is of the business date on which the house takes it; where its
instrument does not trade on that date, of its last trading day before.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from novate.clearing.fills import SOURCE
from novate.clearing.house_terms import Days, HouseTerms
from novate.domain.clearing_codes import ClearingCommand, ClearingFlag
from novate.domain.clearing_records import CLEARING_COMMAND, TEXT, Records, new_clearing_commands
from novate.domain.codes import EventKind, Side
from novate.domain.configuration import Configuration
from novate.domain.machine import BrokenInvariant
from novate.domain.records import EVENT, PARTIES, RECORD_BYTES, Events
from novate.domain.resolve import market_scale

FILL_BYTES = 2 * RECORD_BYTES
NO_INSTRUMENT = -1
POWERS = 10 ** np.arange(19, dtype=np.int64)

_BARE = np.dtype(f"V{RECORD_BYTES}")
_IS_FILL = np.zeros(256, np.bool_)
_IS_FILL[[EventKind.TRADE, EventKind.AUCTION_TRADE, EventKind.TRADE_PARTIES]] = True

Int64s = npt.NDArray[np.int64]


def fills_of(events: Events) -> Events:
    """The fills among the events of whole commands: (2n,) EVENT, each TRADE followed by its TRADE_PARTIES."""
    chosen = _IS_FILL[events["kind"]].nonzero()[0]
    if not len(chosen):
        return events[:0]
    # As bare bytes: choosing records field by field takes several times as long.
    fills: Events = events.view(_BARE)[chosen].view(EVENT)
    return fills


class FillWriter:
    """Turns fills into records of the clearing house."""

    def __init__(self, configuration: Configuration, terms: HouseTerms) -> None:
        self._days = Days(terms)
        accounts = sorted(configuration.accounts, key=lambda one: one.number)
        parties = {party: number for number, party in enumerate(terms.parties)}
        self._accounts = np.array([one.number for one in accounts], np.int64)
        self._parties = np.array([parties[one.member, one.account.value] for one in accounts], np.int64)
        numbers = {one.name: number for number, one in enumerate(terms.instruments)}
        markets = configuration.instruments
        scales = [market_scale(number, one) for number, one in enumerate(markets)]
        self._instrument = np.array(
            [numbers.get(one.clearing_id, NO_INSTRUMENT) for one in markets],
            np.int64,
        )
        self._tick = np.array([one.tick_units for one in scales], np.int64)
        self._decimals = np.array([one.price_digits for one in scales], np.int64)
        self._lot = np.array([one.lot_units for one in scales], np.int64)
        self._currency = np.array([one.currency for one in terms.instruments] + [0], np.int64)
        self._today = 0
        self._trade_days: Int64s = np.zeros(len(numbers) + 1, np.int64)

    def records(self, fills: Events, first: int, sources: list[str], today: int) -> Records:
        """The block of fills number `first` and up, taken on the business date with the ordinal `today`;
        `sources` are those that the house knows already.

        Raises BrokenInvariant for fills that are not those, or of an account nobody configured.
        """
        trades, parties = fills[0::2], fills[1::2].view(PARTIES)
        numbers = trades["trade_id"].astype(np.int64)
        if not np.array_equal(numbers, np.arange(first, first + len(trades))):
            raise BrokenInvariant(f"expected fills from {first} on without a gap, was {numbers[:3]}...")
        buyer, seller = self._sides(trades, parties)
        chosen = self._make_trades(trades, buyer, seller)
        source = sources.index(SOURCE) if SOURCE in sources else len(sources)
        self._date(today)
        pairs = self._pairs(trades[chosen], buyer[chosen], seller[chosen], source)
        head = self._head(source, source == len(sources), first, len(trades))
        return np.concatenate([head, pairs])

    def trades_among(self, fills: Events) -> int:
        """How many of the fills make trades; the others pass by."""
        trades, parties = fills[0::2], fills[1::2].view(PARTIES)
        return int(self._make_trades(trades, *self._sides(trades, parties)).sum())

    def _sides(self, trades: Events, parties: npt.NDArray[np.void]) -> tuple[Int64s, Int64s]:
        """Parties that buy and that sell."""
        taker, maker = (self._party_of(parties[name]) for name in ("taker_account", "maker_account"))
        # Never in an auction: there the maker's place is the buyer's.
        taker_bought = trades["side"] == Side.BUY
        return np.where(taker_bought, taker, maker), np.where(taker_bought, maker, taker)

    def _make_trades(self, trades: Events, buyer: Int64s, seller: Int64s) -> npt.NDArray[np.bool_]:
        return np.asarray((self._instrument[trades["market"]] != NO_INSTRUMENT) & (buyer != seller))

    def _head(self, source: int, is_new: bool, first: int, count: int) -> Records:
        head = new_clearing_commands(3)
        texts = head.view(TEXT)
        texts["kind"][0], texts["length"][0], texts["text"][0] = ClearingCommand.TEXT, len(SOURCE), SOURCE
        head["kind"][1:] = ClearingCommand.SOURCE, ClearingCommand.FILLS
        head["source"][1:] = source
        head["version"][2], head["quantity"][2] = first, first + count - 1
        return head if is_new else head[2:]

    def _pairs(self, trades: Events, buyer: Int64s, seller: Int64s, source: int) -> Records:
        """TEXT and TRADE of each."""
        records = np.zeros((len(trades), 2), CLEARING_COMMAND)
        names = [str(number).encode() for number in trades["trade_id"].tolist()]
        texts = records[:, 0].copy().view(TEXT)
        texts["kind"] = ClearingCommand.TEXT
        texts["length"], texts["text"] = [len(name) for name in names], names
        records[:, 0] = texts.view(CLEARING_COMMAND)
        market = trades["market"]
        price = trades["price"].astype(np.int64) * self._tick[market]
        decimals = self._decimals[market]
        digits = np.searchsorted(POWERS, np.maximum(price, 0), side="right")
        one = records[:, 1]
        one["kind"], one["source"], one["version"] = ClearingCommand.TRADE, source, 1
        one["day"] = self._trade_days[self._instrument[market]]
        one["party"], one["other_party"] = buyer, seller
        one["instrument"] = self._instrument[market]
        one["currency"] = self._currency[self._instrument[market]]
        one["quantity"] = trades["quantity"].astype(np.int64) * self._lot[market]
        one["price"], one["decimals"] = np.maximum(price, 0), decimals
        # As it is written: 5 with two decimals is 0.05, which has zeros in front.
        one["zeros"] = np.maximum(decimals + 1 - np.maximum(digits, 1), 0)
        one["flags"] = np.where(price < 0, ClearingFlag.INVALID_PRICE, 0)
        return records.reshape(-1)

    def _date(self, today: int) -> None:
        """The trade date of each instrument's fills on a business date."""
        if today != self._today:
            self._today = today
            for instrument in range(len(self._trade_days) - 1):
                self._trade_days[instrument] = self._days.last_trading_day(instrument, today)

    def _party_of(self, accounts: npt.NDArray[np.uint32]) -> Int64s:
        place = np.minimum(np.searchsorted(self._accounts, accounts), len(self._accounts) - 1)
        unknown = self._accounts[place] != accounts
        if unknown.any():
            stranger = int(accounts[unknown][0])
            raise BrokenInvariant(f"expected a configured trading account, was {stranger}")
        return self._parties[place]


def as_fills(data: npt.NDArray[np.uint8]) -> Events:
    """(n, 128) bytes of a stream as (2n,) EVENT."""
    return np.frombuffer(data.tobytes(), EVENT)
