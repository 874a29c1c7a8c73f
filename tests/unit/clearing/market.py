"""A small clearing house for tests, and trades written as a person would say them."""

from __future__ import annotations

from novate.clearing.house import ClearingResult, clear_trades
from novate.clearing.trades.columns import FIELDS, TradeColumns, coded, trade_columns
from novate.domain.configuration import Calendar, ClearingSwitches, Configuration, Currency
from novate.domain.instruments import Instrument, InstrumentKind
from novate.domain.members import AccountType, Member

NYSE = Calendar(holidays=("2024-05-27", "2026-11-26"))
FED = Calendar(holidays=("2024-05-27", "2026-10-12", "2026-11-11", "2026-11-26"))


def house(switches: ClearingSwitches | None = None, house_calendar: str | None = None) -> Configuration:
    """Members A, B, C; ACME T+1, GLOBEX T+2, COIN T+0 in thousandths, a yen share, a future, an option."""
    instruments = (
        equity("ACME", "USD", 1, "1"),
        equity("GLOBEX", "USD", 2, "1"),
        equity("COIN", "USD", 0, "0.001", calendar=None),
        equity("SAKE", "JPY", 1, "1", calendar=None),
        Instrument(
            symbol="IDX-FUT", kind=InstrumentKind.FUTURE, currency="USD", tick="0.25", contract_size="50",
            expiry="2026-12-18",
        ),
        Instrument(
            symbol="ACME-CALL", kind=InstrumentKind.OPTION, currency="USD", tick="0.05", contract_size="100",
            expiry="2026-12-18", strike="10", option_type="CALL", calendar="NYSE",
        ),
    )  # fmt: skip
    accounts = (AccountType.HOUS, AccountType.CLIE)
    return Configuration(
        name="test house",
        business_date="2026-03-02",
        calendars={"NYSE": NYSE, "FED": FED, "CLOSED_WEDNESDAYS": Calendar(weekend=(2, 5, 6))},
        house=house_calendar,
        currencies={"USD": Currency(digits=2, calendar="FED"), "JPY": Currency(digits=0)},
        instruments=instruments,
        members=tuple(Member(name=name, accounts=accounts) for name in "ABC"),
        accounts=(),
        clearing=switches or ClearingSwitches(),
    )


def equity(symbol: str, currency: str, cycle: int, lot: str, calendar: str | None = "NYSE") -> Instrument:
    return Instrument(
        symbol=symbol, kind=InstrumentKind.EQUITY, currency=currency, tick="0.01", lot=lot, cycle=cycle,
        calendar=calendar,
    )  # fmt: skip


def trade(said: str, trade_id: str = "t1", version: str = "1", on: str = "2026-03-02") -> dict[str, str]:
    """`"B buys 100 ACME from A at 10.00"` as the fields of a row; a party may be `A/CLIE`."""
    buyer, _, quantity, instrument, _, seller, _, price = said.split()
    row = {"trade_id": trade_id, "source": "X", "version": version, "trade_date": on}
    row |= {"instrument": instrument, "price": price, "quantity": quantity, "currency": ""}
    for side, party in (("buyer", buyer), ("seller", seller)):
        member, _, account = party.partition("/")
        row |= {f"{side}_member": member, f"{side}_account": account or "HOUS"}
    return row


def trades(*said: str, on: str = "2026-03-02") -> list[dict[str, str]]:
    return [trade(one, trade_id=f"t{number}", on=on) for number, one in enumerate(said, 1)]


def delivery(rows: list[dict[str, str]]) -> TradeColumns:
    return trade_columns({name: coded(row[name] for row in rows) for name in FIELDS})


def clear(rows: list[dict[str, str]], configuration: Configuration | None = None) -> ClearingResult:
    return clear_trades(delivery(rows), configuration or house())


def obligations(result: ClearingResult) -> list[str]:
    """The rows as lines: `A HOUS ACME DELI 70 CRDT 68500 2026-03-03`."""
    return [
        f"{row.member} {row.account} {row.isin} {row.movement} {row.quantity} {row.pay} {row.amount_minor}"
        f" {row.settle_date}"
        for row in result.obligations.rows
    ]
