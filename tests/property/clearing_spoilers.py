"""One wrong value in a clearing command, of the right type: what every rung of a ladder is there for."""

from __future__ import annotations

from random import Random

from tests.oracle.naive_clearing_terms import Json

NUMBERS = (0, -1, 501, 10**12 + 1)
PARTIES = (["NONE", "HOUS"], ["CCP", "OWN"], ["WORLD", "EXT"], ["M0", "NONE"], ["M1", ""])
DATES = ("2024-02-25", "2026-03-01", "2026-10-10", "2026-12-25", "2027-01-04", "2001-01-01")
PRICES = (
    "0",
    "0.0",
    "",
    "-1",
    "1.",
    ".5",
    "1e3",
    "0.000001",
    "0.00001",
    "0.001",
    "0.0000000001",
    "1.0000000001",
    "9" * 14,
    "0.3333",
)
WRONG: dict[str, tuple[object, ...]] = {
    "version": (0, -1, 7),
    "qty": NUMBERS,
    "amount": (0, -1, 10**15 + 1),
    "group": (0, 100, -1),
    "giveup": (0, 999),
    "intent": (0, 999),
    "new": (0, -1),
    "old": (0, -1),
    "count": (0, 99),
    "qty_total": (0, -1),
    "isin": ("NONE", ""),
    "ccy": ("NONE", "EUR"),
    "member": ("NONE", "WORLD", "CCP"),
    "account": ("NONE", "EXT", "OWN"),
    "source": ("X",),
    "trade_id": ("none",),
    "ca_id": ("ca1",),
    "buyer": PARTIES,
    "seller": PARTIES,
    "from": PARTIES,
    "to": PARTIES,
    "price": PRICES,
    "rate": PRICES,
    "cash_price": PRICES,
    "trade_date": DATES,
    "settle_date": DATES,
    "ex_date": DATES,
    "record_date": DATES,
    "pay_date": DATES,
}


def spoiled_command(r: Random, command: Json) -> Json:
    """The command with one field that is wrong, or as it is where it has none that could be."""
    if command["cmd"] == "ROLL":
        return {**command, "to": r.choice(DATES)}
    if command["cmd"] == "TRADE" and r.random() < 0.2:
        command = {**command, r.choice(["ccy", "settle_date"]): None}
    fields = [name for name in command if name in WRONG]
    if command.get("parts") and r.random() < 0.7:
        return {**command, "parts": spoiled_parts(r, command["parts"])}
    if not fields:
        return command
    if "buyer" in command and r.random() < 0.1:
        return {**command, "seller": command["buyer"]}
    if command["cmd"] == "TRANSFER" and r.random() < 0.2:
        return {**command, "to": command["from"]}
    name = r.choice(fields)
    return {**command, name: r.choice(WRONG[name])}


def spoiled_parts(r: Random, parts: list[Json]) -> list[Json]:
    """Parts of an allocation that do not add up, or have no such account."""
    first, *others = parts
    return r.choice([
        [],
        [*parts, first],
        [{**first, "qty": first["qty"] + 1}, *others],
        [{**first, "qty": 0}, *others],
        [{**first, "account": "NONE"}, *others],
    ])  # fmt: skip
