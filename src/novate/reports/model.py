"""What a report shows: plain immutable records, filled by the run and drawn by the page.

    DayReport
      counts, data state ------------- headline, figures, footer
      currencies[] ------------------- netting funnel      gross -> netted -> net, by member
      cash[] ------------------------- matrix              members x settlement dates
      markets[] ---------------------- price and volume, top of book
      obligations[], trades[] -------- tables with row identifiers that link to each other
      refusals[] --------------------- what was not taken, and why

Money is integer minor units with the currency's digits, prices and quantities integers with their digits.
"""

from __future__ import annotations

import msgspec

from novate.domain.codes import Side
from novate.reports.figures import percent, plural


class MemberNetting(msgspec.Struct, frozen=True, kw_only=True):
    """What one member had to pay and receive before and after netting, in one currency."""

    member: str
    legs: int
    obligations: int
    gross_minor: int
    """Sum of the absolute amounts of its legs."""
    net_minor: int
    """Sum of the absolute amounts of its obligations."""


class CurrencyNetting(msgspec.Struct, frozen=True, kw_only=True):
    """The netting funnel of one currency."""

    currency: str
    digits: int
    members: tuple[MemberNetting, ...]


class CashCell(msgspec.Struct, frozen=True, kw_only=True):
    """Net cash of a member on a settlement date; positive is received."""

    member: str
    settle_date: str
    currency: str
    digits: int
    amount_minor: int


class ObligationRow(msgspec.Struct, frozen=True, kw_only=True):
    """One obligation with the figures of its line in obligations.csv."""

    obligation_id: str
    settle_date: str
    member: str
    account: str
    instrument: str
    quantity: int
    """Signed: positive is received."""
    quantity_digits: int
    amount_minor: int
    """Signed: positive is received."""
    currency: str
    digits: int
    gross_legs: int
    trades: tuple[str, ...] = ()
    """Identifiers of trades behind it that the trades table shows."""


class TradeRow(msgspec.Struct, frozen=True, kw_only=True):
    """One trade: where it stands in the journal, what, for whom."""

    trade_id: str
    sequence: int
    """Journal sequence of the incoming order's command."""
    time_ns: int
    instrument: str
    price: int
    price_digits: int
    quantity: int
    quantity_digits: int
    buyer: str
    seller: str
    buy_order: int
    sell_order: int
    incoming: Side
    """Side of the incoming order; NONE for a trade of an auction, where neither came to the other."""


class MarketSeries(msgspec.Struct, frozen=True, kw_only=True):
    """A market's day in equal slices of time; None where nothing traded or a side of the book was empty."""

    symbol: str
    currency: str
    price_digits: int
    quantity_digits: int
    trades: int
    volume: int
    turnover_minor: int
    digits: int
    first_price: int | None
    last_price: int | None
    low_price: int | None
    high_price: int | None
    starts: tuple[int, ...]
    """Start of each slice: nanoseconds, or sequence numbers when the orders carry no time."""
    by_time: bool
    low: tuple[int | None, ...]
    high: tuple[int | None, ...]
    last: tuple[int | None, ...]
    bought: tuple[int, ...]
    """Volume whose incoming order bought."""
    sold: tuple[int, ...]
    auctioned: tuple[int, ...]
    """Volume of auctions, where no order is the incoming one."""
    bid: tuple[int | None, ...]
    ask: tuple[int | None, ...]
    """Best displayed prices at the end of the slice."""


class MarketLine(msgspec.Struct, frozen=True, kw_only=True):
    """A market's figures for the table of all markets."""

    symbol: str
    currency: str
    digits: int
    price_digits: int
    quantity_digits: int
    trades: int
    volume: int
    turnover_minor: int
    first_price: int | None
    low_price: int | None
    high_price: int | None
    last_price: int | None


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """How often one reason refused something, and where."""

    stage: str
    """file, venue or clearing."""
    code: int
    name: str
    count: int


class Digest(msgspec.Struct, frozen=True, kw_only=True):
    """A file of the run, so that a reader can check what lies beside the report."""

    name: str
    size: int
    sha256: str


class DayReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the page shows."""

    name: str
    business_date: str
    source: str
    """Where the orders came from, as a sentence."""
    version: str
    rows_read: int
    rows_refused: int
    orders: int
    orders_refused: int
    trades: int
    legs: int
    obligation_count: int
    members: int
    first_sequence: int
    last_sequence: int
    state_root: str
    journal_root: str
    currencies: tuple[CurrencyNetting, ...] = ()
    cash: tuple[CashCell, ...] = ()
    markets: tuple[MarketSeries, ...] = ()
    market_lines: tuple[MarketLine, ...] = ()
    market_count: int = 0
    obligations: tuple[ObligationRow, ...] = ()
    trade_rows: tuple[TradeRow, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    executions: int = 0
    """Trades of the venue, those included that make no obligation."""
    comparison_title: str = ""
    comparison: tuple[str, ...] = ()
    """Sentences about how the run compares with the market's own history."""
    notes: tuple[str, ...] = ()
    digests: tuple[Digest, ...] = ()


def headline(trades: int, obligations: int, made: int = 0) -> str:
    """What netting was worth: "12,345 trades became 48 obligations: 99.6% less to settle".

    `made` counts all trades, also those that are not settled: positions, within one party, refused.
    """
    if trades == 0 and made:
        return f"{plural(made, 'trade')}, none of which is to be settled"
    if trades == 0:
        return "No trade was made, so nothing has to be settled"
    became = f"{plural(trades, 'trade')} became {plural(obligations, 'obligation')}"
    if obligations >= trades:
        return became
    return f"{became}: {percent(trades - obligations, trades)} less to settle"
