"""Routes of an account: orders in and out, fills, balances, positions, test money, clearing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from novate.domain.queries import BALANCE_LINE, POSITION_LINE, QueryKind
from novate.domain.session_codes import Permission
from novate.domain.units import format_decimal
from novate.gateway.web import account_messages, messages
from novate.gateway.web.amounts import canonical
from novate.gateway.web.calls import Answered, Call
from novate.gateway.web.clearing import no_house
from novate.gateway.web.codes import WebRefused
from novate.gateway.web.history import Found
from novate.gateway.web.older import LedgerRow, OlderMissing, unavailable
from novate.gateway.web.order_desk import account_of, unknown_order
from novate.gateway.web.order_table import SIDE_NAMES, TrackedOrder
from novate.gateway.web.pages import before, listed, newest_part, part
from novate.gateway.web.windows import FillRow

if TYPE_CHECKING:
    from novate.gateway.web.gateway import Gateway


# -- orders ------------------------------------------------------------------------------------------------


def place_order(gateway: Gateway, call: Call) -> None:
    """Place an order; the answer comes when it is durable and applied."""

    def done(result: Any, is_duplicate: bool) -> None:
        if isinstance(result, WebRefused):
            call.answer(result)
        else:
            answer = messages.OrderAnswer(
                order=result, duplicate_same=is_duplicate, known_since_ns=gateway.desk.known_since_ns
            )
            call.answer(Answered(200 if is_duplicate else 201, answer))

    gateway.desk.place(call.owner, call.body, done)


def amend_order(gateway: Gateway, call: Call) -> None:
    """Change an open order."""
    gateway.desk.amend(
        call.owner, call.path["client_order_id"], call.body, lambda result, _: call.answer(result)
    )


def cancel_order(gateway: Gateway, call: Call) -> None:
    """Cancel an open order."""
    query = call.query
    gateway.desk.cancel(
        call.owner, call.path["client_order_id"], query.account, query.market,
        lambda result, _: call.answer(result),
    )  # fmt: skip


def cancel_all(gateway: Gateway, call: Call) -> None:
    """Cancel all open orders of an account, of a market or of a side."""
    gateway.desk.cancel_all(call.owner, call.body, lambda result, _: call.answer(result))


def cancel_after(gateway: Gateway, call: Call) -> messages.CancelAfterAnswer:
    """Set, prolong or take back the dead-man's switch of an account."""
    account = account_of(call.owner, call.body.account)
    at_ns = gateway.switches.set(account, call.body.seconds)
    return messages.CancelAfterAnswer(account=account, at_ns=at_ns)


def get_orders(gateway: Gateway, call: Call) -> Any:
    """Orders of an account, newest first."""
    query = call.query
    account = account_of(call.owner, query.account)
    market = None if query.market is None else gateway.screens.market(query.market).number
    found = gateway.history.orders(account, before(query.cursor), query.limit + 1, market, query.status)

    def show(rows: Sequence[TrackedOrder], following: str | None) -> messages.Orders:
        return messages.Orders(items=[gateway.desk.order(order) for order in rows], next=following)

    return listed(gateway.history, call, found, lambda order: order.order_id, show)


def get_order(gateway: Gateway, call: Call) -> Any:
    """One order by its client order id."""
    account = account_of(call.owner, call.query.account)
    number = gateway.desk.ids.find(call.path["client_order_id"])
    order = None if number is None else gateway.view.orders.by_client(account, number)
    if order is not None:
        return gateway.desk.order(order)
    return _older_order(gateway, account, number)


async def _older_order(gateway: Gateway, account: int, number: int | None) -> messages.Order:
    try:
        order = None if number is None else await gateway.history.order(account, number)
    except OlderMissing as missing:
        raise unavailable(str(missing)) from None
    if order is None:
        raise unknown_order()
    return gateway.desk.order(order)


def fill_of(gateway: Gateway, row: FillRow) -> messages.Fill:
    """A fill as the web shows it."""
    market = gateway.screens.markets[row.market]
    quote = gateway.screens.quote_of(market)
    return messages.Fill(
        seq=row.number,
        prev_seq=row.previous,
        ts_ns=row.time_ns,
        trade_id=row.trade_id,
        market=market.symbol,
        account=row.account,
        order_id=row.order_id,
        client_order_id=gateway.desk.ids.text(row.client_order_id),
        side=SIDE_NAMES[row.side],  # type: ignore[arg-type]
        role=row.role,  # type: ignore[arg-type]
        price=market.price(row.price),
        quantity=market.quantity(row.quantity),
        leaves=market.quantity(row.leaves),
        fee=gateway.screens.money(row.fee_minor, quote),
        fee_asset=quote.name,
    )


def get_fills(gateway: Gateway, call: Call) -> Any:
    """Fills of an account, newest first."""
    query = call.query
    account = account_of(call.owner, query.account)
    market = None if query.market is None else gateway.screens.market(query.market).number
    found = gateway.history.fills(
        account, before(query.cursor), query.limit + 1, market, query.since_ns or 0
    )  # fmt: skip

    def show(rows: Sequence[FillRow], following: str | None) -> messages.Fills:
        return messages.Fills(items=[fill_of(gateway, row) for row in rows], next=following)

    return listed(gateway.history, call, found, lambda row: row.number, show)


# -- accounts ----------------------------------------------------------------------------------------------


def get_accounts(gateway: Gateway, call: Call) -> account_messages.Accounts:
    """The accounts of the key."""
    own = [one for one in gateway.configuration.accounts if call.owner.owns(one.number)]
    rows, following = part(own, call.query.limit, call.query.cursor)
    items = [
        account_messages.Account(account=one.number, member=one.member, kind=one.account.value)
        for one in rows
    ]
    return account_messages.Accounts(items=items, next=following)


async def get_balances(gateway: Gateway, call: Call) -> account_messages.Balances:
    """What an account has of each asset, asked of the core."""
    account = account_of(call.owner, call.query.account)
    answer = await gateway.trunk.ask(QueryKind.BALANCES, account=account)
    items = []
    for line in np.frombuffer(answer.lines, BALANCE_LINE):
        asset = gateway.screens.asset(int(line["asset"]))
        items.append(
            account_messages.Balance(
                asset=asset.name,
                available=gateway.screens.money(int(line["available"]), asset),
                reserved=gateway.screens.money(int(line["reserved"]), asset),
            )
        )
    rows, following = part(items, call.query.limit, call.query.cursor)
    return account_messages.Balances(
        account=account, seq=int(answer.record["sequence"]), items=[*rows], next=following
    )


async def get_positions(gateway: Gateway, call: Call) -> account_messages.Positions:
    """What an account has in each market whose positions the venue keeps, asked of the core."""
    account = account_of(call.owner, call.query.account)
    answer = await gateway.trunk.ask(QueryKind.POSITIONS, account=account)
    items = []
    for line in np.frombuffer(answer.lines, POSITION_LINE):
        market = gateway.screens.markets[int(line["market"])]
        quote = gateway.screens.quote_of(market)
        items.append(
            account_messages.Position(
                market=market.symbol,
                quantity=market.quantity(int(line["position"])),
                open_buy=market.quantity(int(line["open_buy"])),
                open_sell=market.quantity(int(line["open_sell"])),
                margin=gateway.screens.money(int(line["margin"]), quote),
                margin_asset=quote.name,
            )
        )
    rows, following = part(items, call.query.limit, call.query.cursor)
    return account_messages.Positions(
        account=account, seq=int(answer.record["sequence"]), items=[*rows], next=following
    )


async def deposit(gateway: Gateway, call: Call) -> account_messages.TransferAnswer:
    """Test money in."""
    return await gateway.cashier.transfer(call.owner, call.body, 1)


async def withdraw(gateway: Gateway, call: Call) -> account_messages.TransferAnswer:
    """Test money out."""
    return await gateway.cashier.transfer(call.owner, call.body, -1)


# -- clearing ----------------------------------------------------------------------------------------------


def _members(gateway: Gateway, call: Call) -> set[str] | None:
    """Members whose clearing a key may see: those of its accounts; None: all."""
    key = call.owner
    if key.accounts is None or key.permissions & (Permission.CLEAR | Permission.ADMIN):
        return None
    return {one.member for one in gateway.configuration.accounts if one.number in key.accounts}


async def get_obligations(gateway: Gateway, call: Call) -> account_messages.Obligations:
    """What the key's members will deliver, receive, pay and be paid."""
    date, found = await gateway.clearing.obligations(call.query.date, _members(gateway, call))
    rows, following = part(found, call.query.limit, call.query.cursor)
    return account_messages.Obligations(business_date=date, items=[*rows], next=following)


async def get_fails(gateway: Gateway, call: Call) -> account_messages.Fails:
    """What should have been settled and was not."""
    date, found = await gateway.clearing.fails(_members(gateway, call))
    rows, following = part(found, call.query.limit, call.query.cursor)
    return account_messages.Fails(business_date=date, items=[*rows], next=following)


async def get_entries(gateway: Gateway, call: Call) -> Any:
    """Transfers of the clearing house's ledger to and from the key's members."""
    if not gateway.clearing.is_there:
        raise no_house()
    members = _members(gateway, call)
    found: Found[LedgerRow] = Found(())
    if members is None or members:
        found = await gateway.history.entries(
            sorted(members or ()), before(call.query.cursor), call.query.limit + 1
        )
    symbols = {one.clearing_id: one.symbol for one in gateway.configuration.instruments}

    def show(rows: Sequence[LedgerRow], following: str | None) -> account_messages.LedgerEntries:
        items = [
            account_messages.LedgerEntry(
                seq=row.transfer_id, date=row.day, reason=row.reason,
                asset=symbols.get(row.asset, row.asset),
                amount=canonical(format_decimal(row.amount, row.digits)),
                debit=row.debit, credit=row.credit, reference=row.reference,
            )
            for row in rows
        ]  # fmt: skip
        return account_messages.LedgerEntries(items=items, next=following)

    return listed(gateway.history, call, found, lambda row: row.transfer_id, show)


async def get_statements(gateway: Gateway, call: Call) -> account_messages.Statements:
    """Files of the closed dates."""
    found = await gateway.clearing.statements()
    rows, following = newest_part(found, call.query.limit, call.query.cursor)
    return account_messages.Statements(items=[*rows], next=following)


async def get_statement(gateway: Gateway, call: Call) -> Answered:
    """One file of a closed date, as it is."""
    data = await gateway.clearing.statement(call.path["date"], call.path["name"])
    return Answered(200, data, b"application/octet-stream")
