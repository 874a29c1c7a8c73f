"""Why the clearing house refused a command, for people: rule, expectation, finding.

    {"cmd": "WITHDRAW", "member": "ALPINE", ...}, INSUFFICIENT_BALANCE
        --> WITHDRAW refused by C18, INSUFFICIENT_BALANCE: expected at most what ALPINE/HOUS has free,
            which is 120.00 USD, was 500.00 USD

Each reason of `ClearingReject` that a command can meet has its words here; a test compares both lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from novate.app.clearing_names import Names
from novate.domain.codes import ClearingReject

Json = dict[str, Any]
RULES = {
    "TRADE": "C9", "CANCEL_TRADE": "C9", "BATCH": "C17", "ALLOCATE": "C14", "GIVE_UP": "C15",
    "TAKE_UP": "C15", "TRANSFER": "C16", "DEPOSIT": "C18", "WITHDRAW": "C18", "EXEMPT": "C19",
    "PRIORITY": "C19", "MARK": "C19", "NET": "C20", "SETTLE": "C26", "ROLL": "C34", "BUYIN_INTENT": "C41",
    "BUYIN_EXECUTE": "C42", "CASH_CLOSE": "C43", "DIVIDEND": "C45", "SPLIT": "C46",
    "PLEDGE": "M9", "RELEASE": "M9", "CONTRIBUTE": "M14", "RETIRE_CONTRIBUTION": "M14",
    "SETTLEMENT_PRICE": "M3", "VALUATION": "M8", "MARGIN_PARAMETERS": "M10", "VARIATION": "M5", "TICK": "M12",
    "MARGIN_RUN": "M11", "DECLARE_DEFAULT": "M13", "CLOSE_OUT": "M15", "SELL_COLLATERAL": "M15",
    "ALLOCATE_LOSS": "M16",
}  # fmt: skip
"""The rule whose ladder a command climbs."""
R = ClearingReject
WORDS: dict[ClearingReject, tuple[str, str]] = {
    R.INVALID_VERSION: ("a version that is a whole number from 1", "{version}"),
    R.DUPLICATE_CONTENT: (
        "the content that was delivered before under this version; a correction needs a higher version",
        "another content of version {version}",
    ),
    R.TRADE_CANCELLED: ("a trade that is not cancelled, because a cancellation is final", "{trade}"),
    R.UNKNOWN_INSTRUMENT: ("an instrument of the configuration that is delivered", "{instrument}"),
    R.WRONG_CURRENCY: ("the currency of {instrument}", "{ccy}"),
    R.UNKNOWN_MEMBER: ("members of the configuration", "{parties}"),
    R.UNKNOWN_ACCOUNT: ("accounts that their members have", "{parties}"),
    R.SELF_TRADE: ("two different parties", "{parties}"),
    R.INVALID_QTY: ("a quantity above 0 and at most {max_qty}", "{quantity}"),
    R.INVALID_PRICE: (
        "a decimal above 0 that the house can hold, at most {max_decimals} digits behind its point",
        "{price}",
    ),
    R.INEXACT_AMOUNT: ("an amount of whole minor units", "{quantity} at {price}"),
    R.ZERO_AMOUNT: ("an amount of at least one minor unit", "{quantity} at {price}"),
    R.AMOUNT_OVERFLOW: (
        "amounts of at most {max_amount}, and sums that the house can hold (C53)", "{value}",
    ),
    R.FUTURE_TRADE_DATE: ("no trade date after the business date {today}", "{trade_date}"),
    R.NOT_TRADING_DAY: ("a trading day of {instrument}", "{trade_date}"),
    R.SETTLE_BEFORE_TRADE: ("a settlement date not before the trade date {trade_date}", "{settle_date}"),
    R.SETTLE_ON_HOLIDAY: ("a settlement day of {instrument}", "{settle_date}"),
    R.LATE_TRADE: ("a settlement date not before the business date {today}", "an earlier one"),
    R.SUPERSEDED: ("the highest version", "{version}"),
    R.UNKNOWN_TRADE: ("a trade that was delivered", "{trade}"),
    R.VERSION_GAP: ("the version after the highest delivered", "{version}"),
    R.TRADE_SETTLED: ("a trade not settled yet; a settled one is corrected by a new trade", "{trade}"),
    R.ALREADY_NETTED: ("a trade of which no leg was netted", "{trade}"),
    R.WRONG_POLICY: ("an instrument that is netted", "{about}, which settles trade by trade"),
    R.GIVEUP_PENDING: ("a side without a give-up that waits for its answer", "{trade}, side {side}"),
    R.DUPLICATE_ACCOUNT: ("each account once", "{parts}"),
    R.ALLOCATION_TOTAL: ("parts that add up to the quantity of the side", "{parts}"),
    R.ALREADY_ALLOCATED: ("a side that was not allocated", "{trade}, side {side}"),
    R.SAME_MEMBER: ("another member", "{parties}"),
    R.UNKNOWN_GIVEUP: ("a give-up that waits for its answer", "{giveup}"),
    R.INSUFFICIENT_POSITION: ("at most what waits for this date", "{quantity} due {settle_date}"),
    R.CONTROL_TOTAL: ("control totals that are those of the trades", "others"),
    R.UNKNOWN_CURRENCY: ("a currency of the configuration", "{ccy}"),
    R.INVALID_AMOUNT: ("an amount above 0 and at most {max_amount}", "{quantity}"),
    R.INSUFFICIENT_BALANCE: ("at most what {parties} has free{free}", "{quantity}"),
    R.INVALID_GROUP: ("a group from 1 to 99", "{group}"),
    R.ROLL_BACKWARD: ("a date after the business date {today}", "{to}"),
    R.NOT_BUSINESS_DAY: ("a day on which the house is open", "{to}"),
    R.ROLL_SKIPS_DAY: ("the next business date", "{to}, with {today} open"),
    R.INTENT_EXISTS: ("a position without a buy-in that runs", "{parties} in {instrument}"),
    R.NOT_ELIGIBLE: ("a long position that failed for buyin_days", "{parties} in {instrument}"),
    R.EXCEEDS_OPEN: ("at most what is eligible, open and left of the intent", "{quantity}"),
    R.UNKNOWN_INTENT: ("a buy-in that was announced and is open", "{intent}"),
    R.NOT_SETTLEMENT_DAY: ("a settlement day of the instrument", "{today}"),
    R.BUYIN_TOO_EARLY: ("buyin_notice settlement days since the intent", "{today}"),
    R.INSUFFICIENT_CASH: ("money of the buyer for what it receives", "too little"),
    R.DUPLICATE_EVENT: ("a name that no dividend or split had", "{ca_id}"),
    R.INVALID_DATES: (
        "settlement days of {instrument} in the order of the rule, {not_before} the business date {today}",
        "{dates}",
    ),
    R.INVALID_RATIO: ("two different whole numbers from 1", "{new} for {old}"),
    R.NO_MARGIN_TERMS: ("a house with margin terms", "one without"),
    R.MARGINED_INSTRUMENT: ("an instrument that is delivered", "contract {instrument}"),
    R.NOT_MARGINED: ("a contract with margin", "{instrument}"),
    R.NOT_ELIGIBLE_COLLATERAL: ("an asset of the eligibility list", "{quantity}"),
    R.COLLATERAL_NEEDED: ("at most what the requirement of {parties} does not need", "{quantity}"),
    R.INVALID_PARAMETERS: ("margin parameters of contracts of this house (docs/margin-rules.md)", "others"),
    R.MISSING_PARAMETERS: ("margin parameters for every contract that is held", "none for one of them"),
    R.NO_SETTLEMENT_PRICE: ("a settlement price of every contract that is held", "none of one of them"),
    R.TIME_BACKWARD: ("a time not before the last one", "{time}"),
    R.MEMBER_IN_DEFAULT: ("members that are not in default, and no default that is open", "one that is"),
    R.NOT_IN_DEFAULT: ("a member in default", "{parties}"),
    R.POSITIONS_OPEN: ("all contracts of the member closed out", "an open one"),
    R.INSTRUMENT_EXPIRED: ("a contract that has not expired", "{instrument}"),
    R.HOUSE_IN_SHORTFALL: ("a house without uncovered losses", "one with them"),
}  # fmt: skip
"""(expected, found) of each reason, with names of what the command says."""


class CommandRefused(Exception):  # noqa: N818 - a refusal is an answer of the house, not a fault
    """The house refused a command, by its rules; nothing changed. `reason` names the rule."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def refused(command: Json, reason: str, names: Names, today: str, free: int | None = None) -> CommandRefused:
    """The refusal of a command in the JSON of scenarios, in words. `free`: how much the party has of what the
    command names, where that is known."""
    cmd = command["cmd"]
    said = _Said(command, names, today, free)
    expected, found = WORDS[ClearingReject[reason]]
    words = f"expected {expected.format_map(said)}, was {found.format_map(said)}"
    return CommandRefused(reason, f"{cmd} refused by {RULES[cmd]}, {reason}: {words}")


class _Said(dict[str, str]):
    """Words for what stands in a command; what does not stand there is called so."""

    def __init__(self, command: Json, names: Names, today: str, free: int | None) -> None:
        super().__init__(today=today)
        self._free = free
        self._command = command
        self._names = names
        self._words: dict[str, Callable[[], str]] = {
            "trade": lambda: f"trade {command.get('source')} {command.get('trade_id')}",
            "parties": self._parties,
            "quantity": self._quantity,
            "free": lambda: "" if self._free is None else f", which is {self._amount(self._free)}",
            "instrument": lambda: str(command.get("isin", "the instrument")),
            "parts": lambda: ", ".join(f"{one['account']} {one['qty']}" for one in command["parts"]),
            "about": lambda: self["trade"] if "trade_id" in command else self["instrument"],
            "not_before": lambda: "on or after" if command["cmd"] == "DIVIDEND" else "after",
            "value": lambda: (
                f"{self['quantity']} at {command['price']}" if "price" in command else self["quantity"]
            ),
            "max_qty": lambda: names.quantity_text(names.max_qty, str(command.get("isin", ""))),
            "max_amount": self._most_money,
            "max_decimals": lambda: str(names.max_decimals),
            "dates": lambda: ", ".join(str(command[key]) for key in command if key.endswith("_date")),
        }

    def __missing__(self, key: str) -> str:
        words = self._words.get(key)
        value = self._command.get(key)
        return words() if words else "nothing" if value is None else str(value)

    def _parties(self) -> str:
        command = self._command
        if "member" in command:
            return f"{command['member']}/{command['account']}"
        sides = (
            command[key] for key in ("buyer", "seller", "from", "to") if isinstance(command.get(key), list)
        )
        return " and ".join("/".join(side) for side in sides)

    def _most_money(self) -> str:
        names, command = self._names, self._command
        ccy = command.get("ccy") or names.currency_of.get(str(command.get("isin")), "")
        return names.money_text(names.max_amount, ccy).rstrip()

    def _quantity(self) -> str:
        command = self._command
        return self._amount(command["amount"] if "amount" in command else command.get("qty", 0))

    def _amount(self, units: int) -> str:
        """So much of what the command is about."""
        command, names = self._command, self._names
        if "amount" in command:
            return names.money_text(units, command["ccy"])
        isin = command.get("isin", "")
        return f"{names.quantity_text(units, isin)} {isin}".rstrip()
