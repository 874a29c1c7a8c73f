"""What members hold and what lies against it, from CSV.

    member,account,instrument,quantity     rows of one account and instrument are summed
    member,account,currency,amount         collateral after haircuts
    date,account,requirement,loss          what was charged, and what was lost on the day after

An account belongs to one member; its name is unique in the house. The column `member` may be missing where
nobody asks for members: then each account is a member of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from novate.clearing.margin.coverage import Coverage, Outcome
from novate.gateway.files.problems import FileProblem
from novate.gateway.margin.rows import Row, numbered_rows

MOST_ROWS = 2_000_000
SHOWN = 20


class UnknownInstruments(FileProblem):
    """Positions in instruments that the rules do not have: all of them, by account."""

    def __init__(self, path: Path, positions: list[str]) -> None:
        more = f"; and {len(positions) - SHOWN} more" if len(positions) > SHOWN else ""
        found = f"{'; '.join(positions[:SHOWN])}{more}"
        super().__init__(path, "instruments of the rules", found)
        self.positions = tuple(positions)


@dataclass(slots=True)
class Holdings:
    """Accounts in file order."""

    member: dict[str, str] = field(default_factory=dict)
    """Member by account."""
    positions: dict[str, dict[int, Fraction]] = field(default_factory=dict)
    """Net quantity by row of the instrument, by account; nothing is 0."""


def read_holdings(path: Path, rows_of: Mapping[str, int]) -> Holdings:
    """All accounts of a positions file; `rows_of` has the row of each instrument by code."""
    found = Holdings()
    unknown: list[str] = []
    for count, row in enumerate(numbered_rows(path, ("account", "instrument", "quantity"), ("member",))):
        if count >= MOST_ROWS:
            raise FileProblem(path, f"at most {MOST_ROWS:,} rows", "more", f"line {row.line}")
        account = _account(row, found.member)
        quantity = row.number("quantity")
        code = row.name("instrument")
        at = rows_of.get(code)
        if at is None:
            unknown.append(f"line {row.line}: account {account}: {code}")
            continue
        positions = found.positions.setdefault(account, {})
        positions[at] = positions.get(at, Fraction(0)) + quantity
    if unknown:
        raise UnknownInstruments(path, unknown)
    found.positions = {
        account: {at: quantity for at, quantity in positions.items() if quantity}
        for account, positions in found.positions.items()
    }
    return found


def read_collateral(path: Path, decimals: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Minor units by currency, by account; rows of one account and currency are summed."""
    members: dict[str, str] = {}
    found: dict[str, dict[str, int]] = {}
    for row in numbered_rows(path, ("account", "currency", "amount"), ("member",)):
        account = _account(row, members)
        currency = row.fields["currency"]
        if currency not in decimals:
            raise row.problem("currency", f"one of {', '.join(decimals)}", currency)
        amount = row.minor_units("amount", decimals[currency])
        held = found.setdefault(account, {})
        held[currency] = held.get(currency, 0) + amount
    return found


def read_outcomes(path: Path) -> list[Coverage]:
    """The outcomes of each account, in file order; days ascend within an account."""
    found: dict[str, list[Outcome]] = {}
    for row in numbered_rows(path, ("date", "account", "requirement", "loss")):
        outcomes, day = found.setdefault(row.name("account"), []), row.day("date")
        if outcomes and day <= outcomes[-1].day:
            raise row.problem("date", f"a day after {outcomes[-1].day} of the same account", day)
        requirement = row.number("requirement")
        if requirement < 0:
            raise row.problem("requirement", "an amount of at least 0", row.fields["requirement"])
        outcomes.append(Outcome(day, requirement, row.number("loss")))
    if not found:
        raise FileProblem(path, "outcomes of at least one day", "none")
    return [Coverage(account, "", tuple(outcomes)) for account, outcomes in found.items()]


def _account(row: Row, members: dict[str, str]) -> str:
    account = row.name("account")
    member = row.name("member") if row.fields["member"] else account
    if members.setdefault(account, member) != member:
        raise row.problem("member", f"{members[account]}, whose account {account} is", member)
    return account
