"""What members hold and what lies against it, from CSV.

    member,account,type,instrument,quantity   rows of one account and instrument are summed
    account,currency,amount                   collateral after haircuts
    member,contribution                       the default fund
    factor,price                              a scenario as prices
    date,account,requirement,loss             what was charged for a day, and what was lost on it

An account belongs to one member and its name is unique in the house. Its type is HOUS (the member's own) or
CLIE (a client's, which pays for nobody else). Both columns may be missing: an account is then a member of
its own, and a client's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from novate.clearing.margin.coverage import Coverage, Outcome
from novate.gateway.files.problems import FileProblem
from novate.gateway.margin.rows import Row, numbered_rows

MOST_ROWS = 2_000_000
SHOWN = 20
HOUSE, CLIENT = "HOUS", "CLIE"


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
    house: set[str] = field(default_factory=set)
    """Accounts of type HOUS."""
    positions: dict[str, dict[int, Fraction]] = field(default_factory=dict)
    """Net quantity by row of the instrument, by account; nothing is 0."""


def read_holdings(path: Path, rows_of: Mapping[str, int]) -> Holdings:
    """All accounts of a positions file; `rows_of` has the row of each instrument by code."""
    found = Holdings()
    unknown: list[str] = []
    rows = numbered_rows(path, ("account", "instrument", "quantity"), ("member", "type"))
    types: dict[str, str] = {}
    for count, row in enumerate(rows):
        if count >= MOST_ROWS:
            raise FileProblem(path, f"at most {MOST_ROWS:,} rows", "more", f"line {row.line}")
        account = _account(row, found.member)
        _account_type(row, account, types)
        quantity = row.number("quantity")
        code = row.name("instrument")
        at = rows_of.get(code)
        if at is None:
            unknown.append(f"line {row.line}: account {account}: {code}")
            continue
        positions = found.positions.setdefault(account, {})
        positions[at] = positions.get(at, Fraction(0)) + quantity
    found.house = {account for account, kind in types.items() if kind == HOUSE}
    if unknown:
        raise UnknownInstruments(path, unknown)
    found.positions = {
        account: {at: quantity for at, quantity in positions.items() if quantity}
        for account, positions in found.positions.items()
    }
    return found


def read_collateral(path: Path, decimals: Mapping[str, int]) -> dict[str, dict[str, int]]:
    """Minor units by currency, by account; rows of one account and currency are summed."""
    found: dict[str, dict[str, int]] = {}
    for row in numbered_rows(path, ("account", "currency", "amount"), ("member",)):
        currency = row.fields["currency"]
        if currency not in decimals:
            raise row.problem("currency", f"one of {', '.join(decimals)}", currency)
        held = found.setdefault(row.name("account"), {})
        held[currency] = held.get(currency, 0) + row.minor_units("amount", decimals[currency])
    return found


def read_fund(path: Path, decimals: int) -> dict[str, int]:
    """What each member has brought to the default fund, in minor units of the house's currency."""
    found: dict[str, int] = {}
    for row in numbered_rows(path, ("member", "contribution")):
        member = row.name("member")
        if member in found:
            raise row.problem("member", "each member once", member)
        found[member] = row.minor_units("contribution", decimals)
    return found


def read_stress_prices(path: Path, factors: Collection[str]) -> dict[str, Fraction]:
    """A price for each risk factor; FileProblem for a factor that is missing, unknown or there twice."""
    found: dict[str, Fraction] = {}
    for row in numbered_rows(path, ("factor", "price")):
        name, price = row.name("factor"), row.number("price")
        if name in found:
            raise row.problem("factor", "each factor once", name)
        if name not in factors:
            raise row.problem("factor", f"one of {', '.join(list(factors)[:SHOWN])}", name)
        if price < 0:
            raise row.problem("price", "a price of at least 0", row.fields["price"])
        found[name] = price
    missing = [name for name in factors if name not in found]
    if missing:
        raise FileProblem(path, f"a price of {', '.join(missing[:SHOWN])}", "none")
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


def _account_type(row: Row, account: str, types: dict[str, str]) -> None:
    kind = row.fields["type"] or CLIENT
    if kind not in (HOUSE, CLIENT):
        raise row.problem("type", f"{HOUSE} or {CLIENT}", kind)
    if types.setdefault(account, kind) != kind:
        raise row.problem("type", f"{types[account]}, which account {account} is", kind)
