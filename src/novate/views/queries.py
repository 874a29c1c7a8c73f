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
    Trades,
)
from novate.views.rows import Status
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
        where, values = _of_accounts(question.accounts)
        if question.market is not None:
            where, values = [*where, "market = ?"], [*values, question.market]
        return _paged("fills", where, values, question)
    if isinstance(question, Rejects):
        return _paged("rejects", *_of_accounts(question.accounts), question)
    if isinstance(question, Credits):
        return _paged("credits", *_of_accounts(question.accounts), question)
    if isinstance(question, States):
        return _paged("states", [], [], question)
    if isinstance(question, LedgerEntries):
        where = ["(? = '' OR list_contains(split(debit, ':'), ?) OR list_contains(split(credit, ':'), ?))"]
        return _paged("ledger_entries", where, [question.member] * 3, question)
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
    if question.client_order_id is not None:
        where, values = [*where, "client_order_id = ?"], [*values, question.client_order_id]
    return _paged("orders", where, values, question)


def _paged(table: str, where: list[str], values: list[Any], question: _Paged) -> tuple[str, list[Any]]:
    """Rows behind a cursor, newest first. Rows with the same cursor stand on one page, which gets longer."""
    cursor, *others = ORDERED_BY[table].split(", ")
    if question.before is not None:
        where, values = [*where, f"{cursor} < ?"], [*values, question.before]
    condition = " AND ".join(where) or "true"
    return (
        f"""WITH found AS (SELECT * FROM {table} WHERE {condition}),
            page AS (SELECT {cursor} FROM found ORDER BY {cursor} DESC LIMIT ?)
        SELECT * FROM found WHERE {cursor} >= (SELECT min({cursor}) FROM page)
        ORDER BY {", ".join([f"{cursor} DESC", *others])}""",
        [*values, question.limit],
    )


def _candles(question: Candles) -> tuple[str, list[Any]]:
    """Long candles are put together from those of a minute, short ones from the trades of their time."""
    before = 2**63 - 1 if question.before is None else question.before
    length = question.seconds * SECOND
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
