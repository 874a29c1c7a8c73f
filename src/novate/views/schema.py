"""The tables of the views. Prices are ticks, quantities lots, money minor units, times nanoseconds.

    trades 1 --- 2 fills          one row each, never changed
    orders                        one row an order, changed until it is gone
    candles, positions            sums over trades and fills, kept as they come
    rejects, states, switches, credits      one row each, never changed
    ledger_entries                transfers of the clearing house's ledger, never changed
    progress                      one row: where in the journal the file stands

Rows name the sequence of the command that caused them, so every number leads back to the journal.
"""

from __future__ import annotations

FORM = 2
"""Another number means other tables: a file of another form is made again."""

CANDLE_NS = 60 * 10**9
"""Candles are kept by the minute; longer ones are put together when they are asked for."""

TABLES = {
    "trades": """trade_id BIGINT, market USMALLINT, sequence BIGINT, time_ns BIGINT, price BIGINT,
        quantity UINTEGER, side UTINYINT""",
    "fills": """trade_id BIGINT, role UTINYINT, account UINTEGER, market USMALLINT, order_id BIGINT,
        client_order_id BIGINT, side UTINYINT, price BIGINT, quantity UINTEGER, leaves UINTEGER, fee BIGINT,
        sequence BIGINT, time_ns BIGINT, event BIGINT""",
    "orders": """order_id BIGINT, account UINTEGER, market USMALLINT, client_order_id BIGINT, side UTINYINT,
        order_type UTINYINT, time_in_force UTINYINT, session USMALLINT, price BIGINT, stop BIGINT,
        quantity UINTEGER, leaves UINTEGER, filled BIGINT, status UTINYINT, reason USMALLINT,
        accepted_sequence BIGINT, accepted_ns BIGINT, sequence BIGINT, time_ns BIGINT""",
    "rejects": """sequence BIGINT, time_ns BIGINT, account UINTEGER, market USMALLINT,
        client_order_id BIGINT, command UTINYINT, reason USMALLINT""",
    "states": """sequence BIGINT, time_ns BIGINT, market USMALLINT, from_state UTINYINT, to_state UTINYINT,
        reason USMALLINT""",
    "switches": """sequence BIGINT, time_ns BIGINT, scope UTINYINT, holder UINTEGER, is_on BOOLEAN,
        cancelled BIGINT""",
    "credits": """sequence BIGINT, time_ns BIGINT, account UINTEGER, asset BIGINT, delta BIGINT,
        available BIGINT, reserved BIGINT, clearing_seq BIGINT""",
    "candles": """market USMALLINT, open_ns BIGINT, open BIGINT, high BIGINT, low BIGINT, close BIGINT,
        quantity HUGEINT, turnover HUGEINT, trades BIGINT""",
    "positions": """account UINTEGER, market USMALLINT, bought HUGEINT, sold HUGEINT, paid HUGEINT,
        received HUGEINT, fees HUGEINT, fills BIGINT""",
    "ledger_entries": """transfer_id BIGINT, day DATE, reason VARCHAR, asset VARCHAR, digits UTINYINT,
        debit VARCHAR, credit VARCHAR, debit_member VARCHAR, credit_member VARCHAR, amount BIGINT,
        reference BIGINT""",
}
"""Name -> columns. `turnover`, `paid`, `received`: ticks times lots; `role`, `status`: Role and Status of
`novate.client.views`; `event`: number in the stream of all events, from 1 on; `digits`: decimal places of the
amount."""

ORDERED_BY = {
    "trades": "trade_id",
    "fills": "event",
    "orders": "order_id",
    "rejects": "sequence, client_order_id",
    "states": "sequence, market",
    "switches": "sequence",
    "credits": "sequence",
    "candles": "market, open_ns",
    "positions": "account, market",
    "ledger_entries": "transfer_id",
}
"""The order in which a table is compared with another one."""

PROGRESS = """form INTEGER, identity BLOB, sequence BIGINT, events BIGINT, root BLOB, ledger_identity BLOB,
    ledger_transfers BIGINT"""


def statements() -> list[str]:
    """What makes an empty file."""
    made = [f"CREATE TABLE {name} ({columns})" for name, columns in TABLES.items()]
    return [*made, f"CREATE TABLE progress ({PROGRESS})"]
