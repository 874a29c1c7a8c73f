"""The SPAN oracle of the repository, and how a result is laid beside it."""

from __future__ import annotations

import csv
import functools
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.oracle import naive_span

FOLDER = Path(__file__).parent / "conformance" / "span"
WORKED = ("T1", "T2", "T3", "T5", "T5som", "T6normal", "T6cap", "T6range")
EXACT = ("risk", "nov", "requirement", "initial_risk", "initial_requirement")


@dataclass(frozen=True)
class Run:
    """One expected result: files, policy, accounts by name."""

    params: Path
    positions: Path
    policy: dict[str, str]
    is_full: bool
    accounts: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.params.name} {self.policy or ''}"


def runs() -> Iterator[Run]:
    """All results of the oracle: those of `dev`, then the worked examples."""
    for one in json.loads((FOLDER / "dev" / "expected.json").read_text())["runs"]:
        files = (FOLDER / "dev" / one["params"], FOLDER / "dev" / one["positions"])
        yield Run(*files, one["policy"], one["compare"] == "full", one["accounts"])
    worked = json.loads((FOLDER / "worked" / "expected.json").read_text())
    for name in WORKED:
        folder = FOLDER / "worked"
        yield Run(folder / f"{name}.spn", folder / f"{name}.csv", {}, True, worked[name])


def naive_accounts(path: Path) -> dict[str, naive_span.Account]:
    """Positions as the naive twin takes them."""
    accounts: dict[str, naive_span.Account] = defaultdict(lambda: defaultdict(Fraction))
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = tuple(row[field] for field in ("exchange", "contract_type", "pfCode"))
            term = (naive_span.period(row["period"]), row["option_type"], Fraction(row["strike"] or 0))
            accounts[row["account"]][name + term] += Fraction(row["quantity"])
    return accounts


@functools.cache
def naive_book(path: Path, oof_delta_period: str) -> naive_span.Book:
    """A file as the naive twin reads it, once for all tests: the switch of the delta period is the only one
    that it reads files by."""
    return naive_span.load(path, {**naive_span.DEFAULTS, "oof_delta_period": oof_delta_period})


def naive_result(run: Run) -> dict[str, Any]:
    """All accounts of a run by the naive twin, as fractions."""
    policy = {**naive_span.DEFAULTS, **run.policy}
    book = naive_book(run.params, policy["oof_delta_period"])
    return {
        name: naive_span.margin(book, account, policy)
        for name, account in naive_accounts(run.positions).items()
    }


def fractions_of(account: dict[str, Any]) -> dict[str, Any]:
    """An account of the oracle with numbers as fractions; what is for information only falls away."""
    return {
        "ccs": {code: _numbers(one) for code, one in account["ccs"].items()},
        "totals": {currency: _numbers(one) for currency, one in account["totals"].items()},
    }


def _numbers(one: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in one.items():
        if name in ("currency", "active_scenario"):
            made[name] = value
        elif isinstance(value, dict) and name != "detail":
            made[name] = {inner: Fraction(text) for inner, text in value.items()}
        elif name != "detail":
            made[name] = Fraction(value)
    return made


def differences(got: Any, want: Any, place: str = "") -> list[str]:
    """Where two accounts differ: the five figures exactly, everything else to the tenth decimal."""
    if isinstance(want, dict):
        if got.keys() != want.keys():
            return [f"{place}: {sorted(want)} expected, {sorted(got)} found"]
        return [found for name in want for found in differences(got[name], want[name], f"{place}/{name}")]
    exact = place.rpartition("/")[2] in EXACT or not isinstance(want, Fraction)
    near = got == want if exact else abs(got - want) <= Fraction(1, 10**10)
    return [] if near else [f"{place}: {want} expected, {got} found"]
