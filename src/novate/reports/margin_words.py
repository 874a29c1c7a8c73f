"""Commands and events of the margin day in words (docs/margin-rules.md).

{"ev": "CALL", "call": 1, "member": "A", "account": "HOUS", "amount": 500000, ...}
    -->  margin call 1: A/HOUS is to bring 5,000.00 USD until 2026-03-04T17:00:00
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from novate.reports.clearing_amounts import Amounts, party_of
from novate.reports.figures import plural

Json = dict[str, Any]
LAYERS = {
    "DEFAULTER_COLLATERAL": "collateral of the defaulter",
    "DEFAULTER_CONTRIBUTION": "contribution of the defaulter",
    "HOUSE": "the house's own layer",
    "SURVIVOR_CONTRIBUTIONS": "contributions of the others",
    "ASSESSMENTS": "assessments",
}


def _what(amounts: Amounts, one: Json, units: str = "qty") -> str:
    """Securities or money of a command or an event; a name that is not known stands as it was written."""
    if "isin" in one:
        return f"{one[units]:,} {one['isin']}"
    amount = one["amount"] if units == "qty" else one[units]
    is_known = one["ccy"] in amounts.digits
    return amounts.money(amount, one["ccy"]) if is_known else f"{amount:,} {one['ccy']}"


def _close_out_command(amounts: Amounts, one: Json) -> str:
    return f"{one['qty']:,} {one['isin']} of {party_of(one)} go to {'/'.join(one['to'])} at {one['price']}"


def _sale_command(amounts: Amounts, one: Json) -> str:
    return f"collateral of {party_of(one)} is sold: {_what(amounts, one)} at {one['price']}"


MARGIN_COMMANDS: dict[str, Callable[[Amounts, Json], str]] = {
    "PLEDGE": lambda amounts, one: f"{party_of(one)} brings {_what(amounts, one)} as collateral",
    "RELEASE": lambda amounts, one: f"{party_of(one)} takes back {_what(amounts, one)} of its collateral",
    "CONTRIBUTE": lambda amounts, one: f"{party_of(one)} contributes {_what(amounts, one)}",
    "RETIRE_CONTRIBUTION": lambda amounts, one: f"{party_of(one)} retires {_what(amounts, one)}",
    "SETTLEMENT_PRICE": lambda _, one: f"the settlement price of {one['isin']} is {one['price']}",
    "VALUATION": lambda _, one: f"collateral in {one.get('isin') or one['ccy']} is valued at {one['price']}",
    "MARGIN_PARAMETERS": lambda _, one: (
        f"margin parameters for {plural(len(one['parameters']['contracts']), 'contract')} arrive"
    ),
    "VARIATION": lambda *_: "the house collects variation margin within the day",
    "MARGIN_RUN": lambda *_: "the house runs margin within the day",
    "TICK": lambda _, one: f"it is {one['time']}",
    "DECLARE_DEFAULT": lambda _, one: f"the house declares {one['member']} in default",
    "CLOSE_OUT": _close_out_command,
    "SELL_COLLATERAL": _sale_command,
    "ALLOCATE_LOSS": lambda _, one: f"the house allocates the losses of {one['member']}",
}
"""By the name of the command."""


def _balance(what: str) -> Callable[[Amounts, Json], str]:
    return lambda amounts, one: f"{what} of {party_of(one)} is {_what(amounts, one)}"


def _variation(amounts: Amounts, one: Json) -> str:
    side = f"{abs(one['qty']):,} {'long' if one['qty'] > 0 else 'short'}" if one["qty"] else "nothing left"
    paid = amounts.pays(one["amount"], amounts.currency[one["isin"]])
    return f"{party_of(one)} {paid} for {one['isin']}, {side}"


def _variation_paid(amounts: Amounts, one: Json) -> str:
    left = f", {amounts.money(one['left'], one['ccy'])} stay due" if one["left"] else ""
    return f"{party_of(one)} {amounts.pays(one['amount'], one['ccy'])} at once{left}"


def _margin(amounts: Amounts, one: Json) -> str:
    needs, has = (amounts.money(one[name], one["ccy"]) for name in ("requirement", "collateral"))
    is_short = one["excess"] < 0
    rest = amounts.money(abs(one["excess"]), one["ccy"])
    return f"{party_of(one)} needs {needs}, has {has}: {rest} {'missing' if is_short else 'over'}"


def _call(amounts: Amounts, one: Json) -> str:
    money = amounts.money(one["amount"], one["ccy"])
    return f"margin call {one['call']}: {party_of(one)} is to bring {money} until {one['deadline']}"


CALL_ENDS = {"MET": "met", "OVERDUE": "overdue", "DEFAULT": "void, the member is in default"}
CAUSES = {"CALL_OVERDUE": "a margin call is overdue", "DECLARED": "the house has declared it"}


def _closed_out(amounts: Amounts, one: Json) -> str:
    owed = amounts.owes(one["isin"], one["qty"], one["amount"])
    return f"transfer {one['transfer']} closes out {party_of(one)}: it {owed}"


def _sold(amounts: Amounts, one: Json) -> str:
    ccy = amounts.currency.get(one.get("isin", ""))
    money = amounts.money(one["amount"], ccy) if ccy else f"{one['amount']:,} minor units of margin currency"
    return f"{one['qty']:,} {one.get('isin') or one['ccy']} of {party_of(one)} are sold for {money}"


def _covered(amounts: Amounts, one: Json) -> str:
    money, left = (amounts.money(one[name], one["ccy"]) for name in ("amount", "left"))
    return f"{LAYERS[one['layer']]}: {party_of(one)} pays {money}, {left} left"


def _allocated(amounts: Amounts, one: Json) -> str:
    loss, covered = (amounts.money(one[name], one["ccy"]) for name in ("loss", "covered"))
    return f"of a loss of {loss} of {one['member']} the layers cover {covered}: {one['reason'].lower()}"


MARGIN_EVENTS: dict[str, Callable[[Amounts, Json], str]] = {
    "COLLATERAL": _balance("collateral"),
    "CONTRIBUTION": _balance("contribution"),
    "PRICE_SETTLED": lambda _, one: f"{one['isin']} settles at {one['price']}",
    "VALUED": lambda _, one: f"{one.get('isin') or one['ccy']} is valued at {one['price']}",
    "PARAMETERS_SET": lambda _, one: f"margin is computed with {one['sha256'][:16]}...",
    "VARIATION": _variation,
    "VARIATION_PAID": _variation_paid,
    "TIME": lambda _, one: f"the time is {one['time']}",
    "MARGIN": _margin,
    "CALL": _call,
    "CALL_CLOSED": lambda _, one: (
        f"margin call {one['call']} of {party_of(one)} is {CALL_ENDS[one['reason']]}"
    ),
    "DEFAULTED": lambda _, one: f"{one['member']} is in default: {CAUSES[one['reason']]}",
    "CLOSED_OUT": _closed_out,
    "COLLATERAL_SOLD": _sold,
    "LOSS_COVERED": _covered,
    "LOSS_ALLOCATED": _allocated,
    "EXPIRED": lambda _, one: f"{one['isin']} expires, {one['qty']:,} long and as many short",
}
"""By the name of the event."""
