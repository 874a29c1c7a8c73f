"""Four generated days of plain trades in any order, and contents of trades to be added to the first."""

from __future__ import annotations

from random import Random

from tests.oracle.naive_clearing_terms import Json
from tests.oracle.naive_clearing_trades import CONTENT
from tests.property.clearing_flows import ClearingDay
from tests.property.clearing_houses import clearing_header_of

EXTRA = {"source": "V", "trade_id": "extra"}
"""A trade that none of the days has."""
CYCLES = ("NET", "SETTLE", "ROLL", "POSITIONS", "BALANCES")
"""What is said of nets: all else speaks of single trades."""


def first_day(seed: int) -> ClearingDay:
    """The first day of a house that takes versions in any order."""
    header = clearing_header_of(seed)
    header["config"]["version_policy"] = "LATEST"
    return ClearingDay(Random(seed), header)


def contents_of(seed: int, number: int) -> list[Json]:
    """Contents of trades that the house takes on its first day."""
    day, found = first_day(seed), []
    for _ in range(60):
        one = {"cmd": "TRADE", **day.new_name(), "version": 1, **day.content()}
        if day.house.apply(one)[0]["ev"] == "ACCEPTED":
            found.append({name: one[name] for name in one if name in CONTENT})
    return found[:number]


def days_of(seed: int) -> tuple[ClearingDay, list[list[Json]]]:
    """The trades of four days, each followed by what ends the day."""
    day, days = first_day(seed), []
    for _ in range(4):
        days.append([{**day.trade(), "version": 1} for _ in range(day.random.randint(0, 8))])
        deposits = [day.deposit() for _ in range(6)]
        to = day.terms.next_house_day(day.house.today)
        end: list[Json] = [
            *deposits,
            {"cmd": "NET"},
            {"cmd": "SETTLE"},
            {"cmd": "POSITIONS"},
            {"cmd": "BALANCES"},
        ]
        days.append([*end, {"cmd": "ROLL", "to": to}])
        for command in (*days[-2], *days[-1]):
            day.house.apply(command)
    return day, days
