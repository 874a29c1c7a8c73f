"""A command to the clearing house in words, as a person in its back office would say it.

    {"cmd": "TRADE", "source": "V", "trade_id": "w1", "version": 1, "qty": 400, ...}
        -->  V:w1 version 1: B/HOUS buys 400 ACME from A/HOUS at 50

Every command of the scenario format but the queries has its sentence here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from novate.reports.clearing_amounts import Amounts, party_of
from novate.reports.figures import plural
from novate.reports.margin_words import MARGIN_COMMANDS

Json = dict[str, Any]
SIDES = {"B": "buyer", "S": "seller"}


class CommandWords:
    """The sentences of commands in one house."""

    def __init__(self, amounts: Amounts) -> None:
        self._amounts = amounts

    def say(self, command: Json, today: str) -> str:
        """The command as one sentence without a full stop; `today` is the business date."""
        if command["cmd"] in ("TRADE", "BATCH"):
            return self._batch(command, today) if command["cmd"] == "BATCH" else _trade(command, today)
        if command["cmd"] in ("DEPOSIT", "WITHDRAW"):
            return self._balance(command)
        if command["cmd"] in MARGIN_COMMANDS:
            return MARGIN_COMMANDS[command["cmd"]](self._amounts, command)
        return _COMMANDS[command["cmd"]](command)

    def _batch(self, command: Json, today: str) -> str:
        trades = [_trade({"source": command["source"], **trade}, today) for trade in command["trades"]]
        head = f"a batch of {plural(command['count'], 'trade')}, {command['qty_total']:,} in all"
        return "; ".join([f"{head}, from {command['source']}", *trades])

    def _balance(self, command: Json) -> str:
        verb = "deposits" if command["cmd"] == "DEPOSIT" else "withdraws"
        if "isin" in command:
            return f"{party_of(command)} {verb} {command['qty']:,} {command['isin']}"
        amount, ccy = command["amount"], command["ccy"]
        is_known = ccy in self._amounts.digits
        money = self._amounts.money(amount, ccy) if is_known else f"{amount:,} {ccy}"
        return f"{party_of(command)} {verb} {money}"


def trade_name(one: Json) -> str:
    """A trade by its name: `V:w1`."""
    return f"{one['source']}:{one['trade_id']}"


def _trade(command: Json, today: str) -> str:
    buyer, seller = "/".join(command["buyer"]), "/".join(command["seller"])
    words = f"{trade_name(command)} version {command['version']}: {buyer} buys {command['qty']:,} "
    words += f"{command['isin']} from {seller} at {command['price']}"
    if command.get("ccy") is not None:
        words += f" {command['ccy']}"
    if command["trade_date"] != today:
        words += f", traded on {command['trade_date']}"
    if command.get("settle_date") is not None:
        words += f", to be settled on {command['settle_date']}"
    return words


def _allocate(command: Json) -> str:
    parts = ", ".join(f"{one['qty']:,} to {one['account']}" for one in command["parts"])
    return f"{trade_name(command)}: the {SIDES[command['side']]} allocates {parts}"


def _give_up(command: Json) -> str:
    return f"{trade_name(command)}: the {SIDES[command['side']]} gives up to {'/'.join(command['to'])}"


def _transfer(command: Json) -> str:
    giver, taker = "/".join(command["from"]), "/".join(command["to"])
    what = f"{command['qty']:,} {command['isin']} due {command['settle_date']}"
    return f"{giver} transfers {what} to {taker}"


def _priority(command: Json) -> str:
    where = "all instruments" if command["isin"] is None else command["isin"]
    return f"{party_of(command)} is in allocation group {command['group']} for {where}"


def _dividend(command: Json) -> str:
    dates = ", ".join(
        f"{words} on {command[name]}"
        for name, words in (("ex_date", "ex"), ("record_date", "recorded"), ("pay_date", "paid"))
    )
    return f"{command['ca_id']}: {command['isin']} pays a dividend of {command['rate']}, {dates}"


def _split(command: Json) -> str:
    words = f"{command['ca_id']}: {command['isin']} is split from {command['ex_date']} on, "
    words += f"{command['new']} new for {command['old']} old"
    cash = command.get("cash_price")
    return words if cash is None else f"{words}, and {cash} in cash for what is less than one"


_COMMANDS: dict[str, Callable[[Json], str]] = {
    "CANCEL_TRADE": lambda one: f"{trade_name(one)} version {one['version']}: cancelled",
    "ALLOCATE": _allocate,
    "GIVE_UP": _give_up,
    "TAKE_UP": lambda one: f"give-up {one['giveup']} is {'taken up' if one['accept'] else 'not wanted'}",
    "TRANSFER": _transfer,
    "EXEMPT": lambda one: f"{party_of(one)} keeps {one['qty']:,} {one['isin']} out of deliveries",
    "PRIORITY": _priority,
    "MARK": lambda one: f"{one['isin']} is marked at {one['price']}",
    "NET": lambda one: "the house runs a netting cycle",
    "SETTLE": lambda one: "the house settles",
    "ROLL": lambda one: f"the house closes the day and goes on to {one['to']}",
    "BUYIN_INTENT": lambda one: f"{party_of(one)} wants {one['qty']:,} {one['isin']} bought in",
    "BUYIN_EXECUTE": lambda one: f"buy-in {one['intent']}: the house buys {one['qty']:,} at {one['price']}",
    "CASH_CLOSE": lambda one: f"buy-in {one['intent']} is closed out in cash at {one['price']}",
    "DIVIDEND": _dividend,
    "SPLIT": _split,
    "FILLS": lambda one: f"fills {one['first']} to {one['last']} of {one['source']} come",
    "RELEASE_CREDIT": lambda one: "the house tells the venue what has changed",
}
"""The sentences that need nothing but the command."""
