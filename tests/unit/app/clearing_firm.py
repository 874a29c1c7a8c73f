"""A clearing firm for tests: trade files as lines, and everything that a house has written, as bytes."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from novate.app.clearing_house import House
from novate.clearing.trades.columns import FIELDS
from tests.unit.clearing.market import house as market
from tests.unit.clearing.market import trade

MARKET = market()
START = "2026-03-02"


def found(directory: Path, **options: Any) -> House:
    """A house of members A, B and C."""
    return House.found(directory, market(**options))


def trade_file(path: Path, rows: Iterable[dict[str, str]], *closing: str) -> Path:
    """A CSV file of trades; columns beyond the usual ones as the rows have them."""
    rows = list(rows)
    columns = [*FIELDS, *(name for name in (rows[0] if rows else {}) if name not in FIELDS)]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        stream.writelines(f"{line}\n" for line in closing)
    return path


def answers(path: str) -> list[tuple[str, str, str]]:
    """(row, status, reason) of every line of a return file."""
    lines = [line for line in Path(path).read_text().splitlines() if not line.startswith("#")]
    return [(row["row"], row["status"], row["reason"]) for row in csv.DictReader(lines)]


def footer(path: str) -> list[str]:
    return [line for line in Path(path).read_text().splitlines() if line.startswith("#")]


def files_below(directory: Path) -> dict[str, bytes]:
    """Every file by its path."""
    return {
        str(place.relative_to(directory)): place.read_bytes()
        for place in sorted(directory.rglob("*"))
        if place.is_file()
    }


def day_json(house: House, date: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((house.root / "days" / date / "day.json").read_bytes())
    return found


def busy_days(house: House, folder: Path) -> list[str]:
    """Trades, fails, a partial, marks, a buy-in, a dividend, a split; returns the dates that were closed."""
    closed = []

    def roll() -> None:
        closed.append(house.today)
        house.roll()

    sales = [trade(f"{b} buys {q} ACME from {s} at 10.0{q % 7}", f"t{n}") for n, (b, s, q) in enumerate(
        [("A", "B", 100), ("B", "C/CLIE", 60), ("C", "A", 25), ("A/CLIE", "C", 40)])]  # fmt: skip
    house.take(trade_file(folder / "busy.csv", sales))
    house.trade(
        "X", "coin", instrument="COIN", quantity="0.125", price="64000", buyer="A/HOUS", seller="C/HOUS"
    )
    house.deposit("A/HOUS", "USD", "5000")
    house.deposit("B/HOUS", "ACME", "20")
    house.deposit("C/HOUS", "COIN", "0.5")
    house.net()
    house.settle()
    roll()
    house.settle()
    house.mark([("ACME", "10.50")])
    house.dividend("d1", "ACME", "0.25", "2026-03-04", "2026-03-05", "2026-03-06")
    house.split("s1", "ACME", 3, 2, "2026-03-09", "7.00")
    for _ in range(4):
        roll()
        house.settle()
    long = next(one for one in house.plane.house.positions().open if one.quantity > 0)
    party = "/".join(house.plane.terms.parties[long.party])
    house.buy_in_intent(party, "ACME", "5")
    roll()
    house.deposit(party, "USD", "1000")
    house.settle()
    if house.plane.house.intents():
        house.buy_in_execute(1, "5", "7.10")
    roll()
    return closed
