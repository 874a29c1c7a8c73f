"""A file of views: fed with batches, each in one transaction with the place in the journal behind it.

    feed(batch)   BEGIN, insert new rows, MERGE what changes, progress = (sequence, root), COMMIT

A kill in the middle loses the transaction and nothing else: the batch is fed again. A file whose journal has
lost or changed what it was fed with is stale, and made again. DuckDB lets one process write a file, and lets
nobody read it meanwhile, so the process that feeds it answers the questions too (`novate.client.views`).
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from novate.domain.records import Commands, Events
from novate.views.rows import tables_of
from novate.views.schema import CANDLE_NS, FORM, ORDERED_BY, TABLES, statements

SETTINGS: dict[str, str | int | float | list[str]] = {
    "threads": 1,
    "memory_limit": "1GB",
}
"""One thread: the processors belong to the venue."""

_APPENDED = ("trades", "fills", "rejects", "states", "switches", "credits")

_NEW_ORDERS = """
    INSERT INTO orders SELECT order_id, account, market, client_order_id, side, order_type,
        time_in_force, session, CASE WHEN has_price THEN price END, CASE WHEN has_stop THEN stop END,
        quantity, leaves, filled, status, reason, accepted_sequence, accepted_ns, sequence, time_ns
    FROM batch_orders"""

_CHANGED_ORDERS = """
    MERGE INTO orders USING (
        SELECT order_id, max(sequence) AS sequence, max(time_ns) AS time_ns, sum(filled) AS filled,
            arg_max(leaves, number) AS leaves, max(status) AS status, max(reason) AS reason,
            arg_max(price, number) FILTER (has_price) AS price,
            arg_max(stop, number) FILTER (has_stop) AS stop,
            arg_max(quantity, number) FILTER (quantity >= 0) AS quantity,
            coalesce(sum(less) FILTER (number > amended), 0) AS less
        FROM (
            SELECT *, coalesce(max(number) FILTER (quantity >= 0) OVER (PARTITION BY order_id), 0) AS amended
            FROM batch_changes
        ) GROUP BY order_id
    ) AS change ON orders.order_id = change.order_id
    WHEN MATCHED THEN UPDATE SET leaves = change.leaves, filled = orders.filled + change.filled,
        status = change.status,
        reason = change.reason, price = coalesce(change.price, orders.price),
        stop = coalesce(change.stop, orders.stop),
        quantity = coalesce(change.quantity, orders.quantity) - change.less,
        sequence = change.sequence, time_ns = change.time_ns"""

_CANDLES = f"""
    MERGE INTO candles USING (
        SELECT market, time_ns - time_ns % {CANDLE_NS} AS open_ns, arg_min(price, trade_id) AS open,
            max(price) AS high, min(price) AS low, arg_max(price, trade_id) AS close,
            sum(quantity::HUGEINT) AS quantity, sum(price::HUGEINT * quantity) AS turnover, count(*) AS trades
        FROM batch_trades GROUP BY ALL
    ) AS new ON candles.market = new.market AND candles.open_ns = new.open_ns
    WHEN MATCHED THEN UPDATE SET high = greatest(candles.high, new.high), low = least(candles.low, new.low),
        close = new.close, quantity = candles.quantity + new.quantity,
        turnover = candles.turnover + new.turnover, trades = candles.trades + new.trades
    WHEN NOT MATCHED THEN INSERT BY NAME"""

_POSITIONS = """
    MERGE INTO positions USING (
        SELECT account, market, coalesce(sum(quantity) FILTER (side = 1), 0)::HUGEINT AS bought,
            coalesce(sum(quantity) FILTER (side = 2), 0)::HUGEINT AS sold,
            coalesce(sum(price::HUGEINT * quantity) FILTER (side = 1), 0) AS paid,
            coalesce(sum(price::HUGEINT * quantity) FILTER (side = 2), 0) AS received,
            sum(fee::HUGEINT) AS fees, count(*) AS fills
        FROM batch_fills GROUP BY ALL
    ) AS new ON positions.account = new.account AND positions.market = new.market
    WHEN MATCHED THEN UPDATE SET bought = positions.bought + new.bought, sold = positions.sold + new.sold,
        paid = positions.paid + new.paid, received = positions.received + new.received,
        fees = positions.fees + new.fees, fills = positions.fills + new.fills
    WHEN NOT MATCHED THEN INSERT BY NAME"""


class StaleViews(Exception):  # noqa: N818 -- the name says what the views are
    """The file was fed with what the journal does not have: it has to be made again."""


class ViewsInUse(Exception):  # noqa: N818 -- the name says what the views are
    """Another process feeds the file."""


class Progress(NamedTuple):
    """The place in a journal behind which a file goes on."""

    identity: bytes
    sequence: int
    root: bytes
    """Hash of the block that ends with `sequence`."""
    events: int
    """How many events its commands and those before have caused."""


class Views:
    """A file of views, open for feeding and asking. Not for use by several threads at once."""

    def __init__(self, path: Path, identity: bytes) -> None:
        """Open the file for the journal of that identity, or make it.

        Raises StaleViews for a damaged file and for one of another journal or another form, ViewsInUse.
        """
        self.path = path
        self.connection = _connected(path)
        try:
            tables = {name for (name,) in self._all("SELECT table_name FROM duckdb_tables()")}
            if not tables:
                self._make(identity)
            elif "progress" not in tables:
                raise StaleViews(f"{path}: expected the views of a venue, was another file of DuckDB")
            form, found = self._all("SELECT form, identity FROM progress")[0]
            if form != FORM or found != identity:
                raise StaleViews(
                    f"{path}: expected the views of journal {identity.hex()} in form {FORM}, was "
                    f"{found.hex()} in form {form}"
                )
        except BaseException:
            self.connection.close()
            raise

    def _make(self, identity: bytes) -> None:
        self.connection.execute("BEGIN")
        for statement in statements():
            self.connection.execute(statement)
        self.connection.execute(
            "INSERT INTO progress VALUES (?, ?, 0, 0, ?, '', 0)", [FORM, identity, bytes(32)]
        )
        self.connection.execute("COMMIT")

    def _all(self, sql: str, parameters: list[Any] | None = None) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql, parameters or []).fetchall()

    @property
    def progress(self) -> Progress:
        """How far the file has been fed."""
        return Progress(*self._all("SELECT identity, sequence, root, events FROM progress")[0])

    def feed(self, first_sequence: int, commands: Commands, events: Events, root: bytes) -> None:
        """Take the next whole blocks of the journal with all their events. `root`: hash of the last one.

        Raises StaleViews if they are not the next ones.
        """
        here = self.progress
        if first_sequence != here.sequence + 1:
            raise StaleViews(f"{self.path}: expected sequence {here.sequence + 1} next, was {first_sequence}")
        tables = tables_of(first_sequence, here.events + 1, commands, events)
        connection = self.connection
        connection.execute("BEGIN")
        try:
            for name, rows in tables.items():
                connection.register(f"batch_{name}", rows)
            self._take(tables)
            last = first_sequence + len(commands) - 1
            connection.execute(
                "UPDATE progress SET sequence = ?, root = ?, events = events + ?", [last, root, len(events)]
            )
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                connection.execute("ROLLBACK")
            raise
        finally:
            for name in tables:
                connection.unregister(f"batch_{name}")

    def _take(self, tables: dict[str, pa.Table]) -> None:
        for name in _APPENDED:
            if len(tables[name]):
                self.connection.execute(f"INSERT INTO {name} BY NAME SELECT * FROM batch_{name}")
        if len(tables["orders"]):
            self.connection.execute(_NEW_ORDERS)
        if len(tables["changes"]):
            self.connection.execute(_CHANGED_ORDERS)
        if len(tables["trades"]):
            self.connection.execute(_CANDLES)
            self.connection.execute(_POSITIONS)

    @property
    def ledger(self) -> tuple[bytes, int]:
        """(identity of the clearing house's journal, transfers of its ledger that were looked at)."""
        identity, transfers = self._all("SELECT ledger_identity, ledger_transfers FROM progress")[0]
        return bytes(identity), int(transfers)

    def feed_ledger(self, identity: bytes, transfers: int, entries: pa.Table) -> None:
        """Take the entries that are new; the ledger of that journal has so many transfers then.

        The entries of another journal, or of more transfers than there are, go first.
        """
        known, taken = self.ledger
        connection = self.connection
        connection.execute("BEGIN")
        try:
            if known != identity or transfers < taken:
                connection.execute("DELETE FROM ledger_entries")
            if len(entries):
                connection.register("batch_entries", entries)
                connection.execute("INSERT INTO ledger_entries BY NAME SELECT * FROM batch_entries")
                connection.unregister("batch_entries")
            connection.execute(
                "UPDATE progress SET ledger_identity = ?, ledger_transfers = ?", [identity, transfers]
            )
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                connection.execute("ROLLBACK")
            raise

    def last_states(self) -> list[tuple[int, int]]:
        """(market, MarketState) of every market whose state has ever changed."""
        found = self._all("SELECT market, arg_max(to_state, sequence) FROM states GROUP BY market")
        return [(market, state) for market, state in found]

    def switches_on(self) -> set[tuple[int, int]]:
        """(Scope, holder) of every kill switch that is on."""
        found = self._all("SELECT scope, holder FROM switches GROUP BY ALL HAVING arg_max(is_on, sequence)")
        return {(scope, holder) for scope, holder in found}

    def open_orders(self) -> dict[int, int]:
        """Account -> how many orders it has open; accounts without any are left out."""
        return dict(self._all("SELECT account, count(*) FROM orders WHERE status = 1 GROUP BY account"))

    def counts(self) -> dict[str, int]:
        """Rows of every table."""
        return {name: self._all(f"SELECT count(*) FROM {name}")[0][0] for name in TABLES}

    def digest(self) -> str:
        """SHA-256 over all rows in a fixed order: two files of the same journal have the same one."""
        found = hashlib.sha256()
        for name, order in ORDERED_BY.items():
            rows = self.connection.execute(f"SELECT * FROM {name} ORDER BY {order}")
            found.update(name.encode())
            while part := rows.fetchmany(10_000):
                found.update("".join(map(repr, part)).encode())
        return found.hexdigest()

    def close(self) -> None:
        """Write everything into the file itself and let go of it."""
        self.connection.close()


def _connected(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(str(path), config=SETTINGS)
    except duckdb.Error as error:
        if "lock" in str(error).lower():
            raise ViewsInUse(f"{path}: expected to be its only user, was open in another process") from error
        raise StaleViews(f"{path}: expected a file of views, was: {str(error).splitlines()[0]}") from error


def remove_views(path: Path) -> None:
    """Remove a file of views, and what DuckDB keeps beside it."""
    for one in (path, path.with_name(f"{path.name}.wal")):
        one.unlink(missing_ok=True)
