"""A small market for the tests of files: two shares, one coin, three members, four accounts."""

from __future__ import annotations

from pathlib import Path

from novate.domain.configuration import Configuration, Currency
from novate.domain.instruments import Instrument, InstrumentKind
from novate.domain.members import AccountType, Member, TradingAccount

HEADER = (
    "time,command,market,account,client_order_id,side,order_type,time_in_force,quantity,price,"
    "stop_price,display_quantity,expire_time,post_only,hidden,stp,session,state"
)

CONFIGURATION = Configuration(
    name="Test Market",
    business_date="2026-10-09",
    currencies={"USD": Currency()},
    instruments=(
        Instrument(
            symbol="ACME", kind=InstrumentKind.EQUITY, currency="USD", tick="0.01", isin="US00ACME0001"
        ),
        Instrument(symbol="BULK", kind=InstrumentKind.EQUITY, currency="USD", tick="0.05", lot="100"),
        Instrument(
            symbol="COIN", kind=InstrumentKind.SPOT, currency="USD", tick="0.5", lot="0.02", base="COIN"
        ),
    ),
    members=(Member(name="ALPHA"), Member(name="BETA"), Member(name="GAMMA")),
    accounts=(
        TradingAccount(number=1, member="ALPHA"),
        TradingAccount(number=2, member="BETA"),
        TradingAccount(number=3, member="BETA", account=AccountType.CLIE),
        TradingAccount(number=4, member="GAMMA"),
    ),
)


def orders_file(folder: Path, *rows: str, header: str = HEADER, name: str = "orders.csv") -> Path:
    """A file with these rows under the header."""
    path = folder / name
    path.write_text("\n".join((header, *rows)) + "\n")
    return path


def row(**fields: object) -> str:
    """One row of an order file: a good new order with some fields changed."""
    values: dict[str, object] = {
        "time": "09:30:00",
        "command": "new",
        "market": "ACME",
        "account": 1,
        "client_order_id": 7,
        "side": "buy",
        "quantity": 100,
        "price": "10.05",
    }
    values |= fields
    return ",".join(str(values.get(name, "")) for name in HEADER.split(","))
