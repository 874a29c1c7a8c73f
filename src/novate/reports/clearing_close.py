"""What everybody has at the close of a business date, behind the payments and before the next opening.

    BALANCES and POSITIONS before the ROLL  +  its events up to DAY_CLOSED  -->  the same two at the close

A ROLL closes one date and opens the next in one command, so a house can only be asked before and behind both;
in between lie the marks, charges and payments of the close (C35 to C39), which its events say one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from novate.clearing.house_terms import CCP
from novate.reports.clearing_amounts import Amounts

Json = dict[str, Any]
Party = tuple[str, str]
Owned = tuple[str, str, str]
"""(member, account, instrument or currency)."""
PAID = {
    "VARIATION": "amount",
    "MARKED": "paid",
    "CHARGED": "amount",
    "CLAIM_PAID": "amount",
    "MONEY_ONLY": "amount",
}
"""Events of a close that change what is due, and the field that says by how much."""


class Standing(msgspec.Struct):
    """Balances and open work of a house; nothing here is zero."""

    holdings: dict[Owned, int]
    cash: dict[Owned, int]
    due: dict[Owned, int]
    arrears: dict[Owned, int]
    open: list[list[Any]]
    """[isin, member, account, quantity, amount, [[since, quantity], ...], reason]."""
    items: list[list[Any]]
    """[source, trade_id, isin, quantity, amount, since, reason]."""
    waiting: list[list[Any]]
    """[due, isin, member, account, quantity, amount, legs]."""


def standing_of(balances: Json, positions: Json) -> Standing:
    """The answers to BALANCES and POSITIONS (C49)."""
    pledged = [
        ((member, f"{account}/{what}", asset), n)
        for what, name in (("Collateral", "collateral"), ("Contribution", "contributions"))
        for member, account, asset, n in balances.get(name, [])
    ]
    securities = {isin for *_, isin, _ in balances["securities"]}
    return Standing(
        holdings={(member, account, isin): n for member, account, isin, n in balances["securities"]}
        | {key: n for key, n in pledged if key[2] in securities},
        cash={(member, account, ccy): n for member, account, ccy, n in balances["cash"]}
        | {key: n for key, n in pledged if key[2] not in securities},
        due={(member, account, ccy): n for ccy, member, account, n in balances["due"]},
        arrears={(member, account, ccy): n for ccy, member, account, n in balances["arrears"]},
        open=[list(one) for one in positions["open"]],
        items=[list(one) for one in positions["items"]],
        waiting=[list(one) for one in positions["waiting"]],
    )


def close(before: Standing, events: Iterable[Json], amounts: Amounts) -> Standing:
    """The standing behind the events of a close."""
    found = Standing(
        holdings=dict(before.holdings), cash=dict(before.cash), due=dict(before.due),
        arrears=dict(before.arrears), open=[list(one) for one in before.open],
        items=[list(one) for one in before.items], waiting=before.waiting,
    )  # fmt: skip
    for event in events:
        name = event["ev"]
        if name in PAID:
            owner = event["member"], event["account"], _currency(event, amounts)
            _add(found.due, owner, event[PAID[name]])
        if name == "MARKED":
            _mark(found, event)
        elif name == "MONEY":
            _pay(found, event)
        elif name == "EXPIRED":
            found.waiting = [one for one in found.waiting if one[1] != event["isin"]]
    found.open = [one for one in found.open if one[3]]
    found.items = [one for one in found.items if one[3]]
    return found


def _currency(event: Json, amounts: Amounts) -> str:
    """A charge says its currency, a mark its instrument, a claim its corporate event."""
    if "ccy" in event:
        return str(event["ccy"])
    return amounts.currency[event["isin"] if "isin" in event else amounts.instrument_of[event["ca_id"]]]


def _add(balances: dict[Owned, int], owner: Owned, amount: int) -> None:
    balances[owner] = balances.get(owner, 0) + amount
    if not balances[owner]:
        del balances[owner]


def _mark(found: Standing, event: Json) -> None:
    """An open position, or all trades of an instrument that is not netted of the same quantity."""
    party = [event["isin"], event["member"], event["account"]]
    for one in found.open:
        if one[:3] == party:
            one[4] = event["amount"]
    for one in found.items:
        if one[2] == event["isin"] and one[3] == abs(event["qty"]):
            one[4] = abs(event["amount"])


def _pay(found: Standing, event: Json) -> None:
    owner = event["member"], event["account"], event["ccy"]
    _add(found.cash, owner, event["amount"])
    _add(found.cash, (*CCP, event["ccy"]), -event["amount"])
    found.due.pop(owner, None)
    found.arrears.pop(owner, None)
    if event["arrears"]:
        found.arrears[owner] = event["arrears"]
