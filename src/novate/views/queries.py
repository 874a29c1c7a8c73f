"""The questions of `novate.client.views` as SQL over a file of views.

Every statement is written here and takes its values as parameters; no text of a question becomes SQL. Each
reads newest rows first and at most its limit, so an answer is small whatever the tables hold.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from novate.client.views import (
    Answer,
    Candles,
    Credits,
    Fills,
    LedgerEntries,
    Orders,
    Positions,
    Question,
    Rejects,
    States,
    Status,
    Trades,
)
from novate.views.schema import CANDLE_NS, ORDERED_BY
from novate.views.store import Views

SECOND = 10**9
_Paged: TypeAlias = Trades | Orders | Fills | Rejects | Credits | States | LedgerEntries


def answer(views: Views, question: Question) -> Answer:
    """Rows of the file. Raises ValueError for a question that is not about rows of the file."""
    sql, values = _statement(question)
    sequence = views.progress.sequence
    found = views.connection.execute(sql, values)
    columns = [column[0] for column in found.description or ()]
    return Answer(sequence=sequence, columns=columns, rows=[[*row] for row in found.fetchall()])


def _statement(question: Question) -> tuple[str, list[Any]]:
    if isinstance(question, Trades):
        return _paged("trades", ["market = ?"], [question.market], question)
    if isinstance(question, Candles):
        return _candles(question)
    if isinstance(question, Orders):
        return _orders(question)
    if isinstance(question, Fills):
        return _fills(question)
    if isinstance(question, Rejects):
        return _paged("rejects", *_of_accounts(question.accounts), question)
    if isinstance(question, Credits):
        return _paged("credits", *_of_accounts(question.accounts), question)
    if isinstance(question, States):
        return _paged("states", [], [], question)
    if isinstance(question, LedgerEntries):
        if not question.members:
            return _paged("ledger_entries", [], [], question)
        where = ["(list_contains(?, debit_member) OR list_contains(?, credit_member))"]
        return _paged("ledger_entries", where, [question.members] * 2, question)
    if isinstance(question, Positions):
        where, values = _of_accounts(question.accounts)
        return f"SELECT * FROM positions WHERE {where[0]} ORDER BY account, market", values
    raise ValueError(f"Expected a question about rows, was {type(question).__name__}")


def _of_accounts(accounts: list[int]) -> tuple[list[str], list[Any]]:
    return ["list_contains(?, account)"], [accounts]


def _orders(question: Orders) -> tuple[str, list[Any]]:
    where, values = _of_accounts(question.accounts)
    if question.market is not None:
        where, values = [*where, "market = ?"], [*values, question.market]
    if question.is_open is not None:
        where, values = [*where, f"(status = {int(Status.OPEN)}) = ?"], [*values, question.is_open]
    if question.status is not None:
        where, values = [*where, "status = ?"], [*values, int(question.status)]
    if question.client_order_id is not None:
        where, values = [*where, "client_order_id = ?"], [*values, question.client_order_id]
    return _paged("orders", where, values, question)


def _fills(question: Fills) -> tuple[str, list[Any]]:
    """Fills with the one before each: those between two of a page are read too, of whatever market."""
    where, values = _of_accounts(question.accounts)
    if question.market is not None:
        where, values = [*where, "market = ?"], [*values, question.market]
    if question.before is not None:
        where, values = [*where, "event < ?"], [*values, question.before]
    return (
        f"""WITH page AS (SELECT * FROM fills WHERE {" AND ".join(where)} ORDER BY event DESC LIMIT ?),
            edges AS (SELECT min(event) AS low, max(event) AS high FROM page),
            near AS (
                SELECT account, event FROM fills, edges
                WHERE list_contains(?, account) AND event BETWEEN low AND high
                UNION ALL
                SELECT account, max(event) FROM fills, edges
                WHERE list_contains(?, account) AND event < low GROUP BY account
            ),
            chain AS (
                SELECT event, lag(event, 1, 0) OVER (PARTITION BY account ORDER BY event) AS previous
                FROM near
            )
        SELECT page.*, previous FROM page JOIN chain USING (event) ORDER BY event DESC""",
        [*values, question.limit, question.accounts, question.accounts],
    )


def _paged(table: str, where: list[str], values: list[Any], question: _Paged) -> tuple[str, list[Any]]:
    """Rows behind a cursor, newest first. Where several rows may have one cursor, they stand on one page,
    which gets longer."""
    cursor, *others = ORDERED_BY[table].split(", ")
    if question.before is not None:
        where, values = [*where, f"{cursor} < ?"], [*values, question.before]
    condition = " AND ".join(where) or "true"
    if not others:
        return (
            f"SELECT * FROM {table} WHERE {condition} ORDER BY {cursor} DESC LIMIT ?",
            [*values, question.limit],
        )
    return (
        f"""WITH found AS (SELECT * FROM {table} WHERE {condition}),
            page AS (SELECT {cursor} FROM found ORDER BY {cursor} DESC LIMIT ?)
        SELECT * FROM found WHERE {cursor} >= (SELECT min({cursor}) FROM page)
        ORDER BY {", ".join([f"{cursor} DESC", *others])}""",
        [*values, question.limit],
    )


def _candles(question: Candles) -> tuple[str, list[Any]]:
    """Long candles are put together from those of a minute, short ones from the trades of their time."""
    length = question.seconds * SECOND
    # A candle begins before a time if its minutes do before the next multiple of its length.
    before = 2**63 - 1 if question.before is None else min(2**63 - 1, -(-question.before // length) * length)
    if question.before_trade is not None:
        return _candles_before_trade(question, question.before_trade, before, length)
    if length % CANDLE_NS == 0:
        return (
            """SELECT * FROM (
                SELECT open_ns - open_ns % ? AS open_ns, arg_min(open, candles.open_ns) AS open,
                    max(high) AS high, min(low) AS low, arg_max(close, candles.open_ns) AS close,
                    sum(quantity) AS quantity, sum(turnover) AS turnover, sum(trades) AS trades
                FROM candles WHERE market = ? AND candles.open_ns < ? GROUP BY 1 ORDER BY 1 DESC LIMIT ?
            ) ORDER BY open_ns""",
            [length, question.market, before, question.limit],
        )
    if CANDLE_NS % length:
        raise ValueError(f"seconds: expected whole minutes or a divisor of 60, was {question.seconds}")
    return (
        """WITH those AS (SELECT * FROM trades WHERE market = ? AND time_ns < ?),
            edge AS (SELECT max(time_ns) - max(time_ns) % ? - ? AS first FROM those)
        SELECT time_ns - time_ns % ? AS open_ns, arg_min(price, trade_id) AS open, max(price) AS high,
            min(price) AS low, arg_max(price, trade_id) AS close, sum(quantity::HUGEINT) AS quantity,
            sum(price::HUGEINT * quantity) AS turnover, count(*) AS trades
        FROM those WHERE time_ns >= (SELECT first FROM edge) GROUP BY 1 ORDER BY 1""",
        [question.market, before, length, (question.limit - 1) * length, length],
    )


def _candles_before_trade(question: Candles, trade: int, before: int, length: int) -> tuple[str, list[Any]]:
    """As if a trade had not come yet: whole minutes before that of the last one before it, which is put
    together from its trades."""
    if length % CANDLE_NS:
        raise ValueError(f"seconds: expected whole minutes with before_trade, was {question.seconds}")
    return (
        """WITH last AS (
                SELECT max(time_ns) - max(time_ns) % ? AS minute FROM trades WHERE market = ? AND trade_id < ?
            ),
            minutes AS (
                SELECT open_ns, open, high, low, close, quantity, turnover, trades FROM candles, last
                WHERE market = ? AND open_ns < minute
                UNION ALL
                SELECT minute, arg_min(price, trade_id), max(price), min(price), arg_max(price, trade_id),
                    sum(quantity::HUGEINT), sum(price::HUGEINT * quantity), count(*)
                FROM trades, last WHERE market = ? AND trade_id < ? AND time_ns >= minute GROUP BY minute
            )
        SELECT * FROM (
            SELECT open_ns - open_ns % ? AS open_ns, arg_min(open, minutes.open_ns) AS open,
                max(high) AS high, min(low) AS low, arg_max(close, minutes.open_ns) AS close,
                sum(quantity) AS quantity, sum(turnover) AS turnover, sum(trades) AS trades
            FROM minutes WHERE minutes.open_ns < ? GROUP BY 1 ORDER BY 1 DESC LIMIT ?
        ) ORDER BY open_ns""",
        [CANDLE_NS, question.market, trade, question.market, question.market, trade, length, before,
         question.limit],
    )  # fmt: skip
