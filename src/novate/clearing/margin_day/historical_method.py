"""Filtered historical simulation as the margin method of the machine: a file of scenarios as JSON.

    {"rules": {"confidence": "0.99", "measure": "expected-shortfall", "decay": "0.97", "lookback_days": 250},
     "days": ["2026-02-27", ...],                    of the returns, ascending
     "returns": {"NX": ["0.0123", ...]},             risk factor -> one relative return a day
     "contracts": [{"instrument": "NXH6", "factor": "NX", "value": 5120000},
                   {"instrument": "NXC51", "factor": "NX", "moves": ["-0.1", "0", "0.1"],
                    "changes": [-90000, 0, 210000]}]}

A contract is worth `value` per unit and moves with its factor; or it has a grid: the change of one unit in
minor units of the margin currency at moves of the factor, straight between them and beyond the outermost.
So options need no real numbers in the machine. The calculation is `novate.clearing.margin.historical`,
without add-ons: integers, and every amount that is owed is rounded up.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise
from math import isqrt

import msgspec

from novate.clearing.house_terms import HouseTerms
from novate.clearing.margin.historical import HistoricalMargin, HistoricalRules, Measure
from novate.clearing.margin.history import RETURN_DECIMALS, RETURN_UNIT, History
from novate.clearing.margin.instruments import LOT_UNIT, Grid, Instrument
from novate.clearing.margin.span.numbers import exact
from novate.clearing.margin_day.instruments import instrument_numbers

LARGEST_CHANGE = 10**12
"""Minor units that one unit of a contract may gain or lose in a day."""
MOST_RETURNS = 1_000_000
"""Days times factors."""
MOST_DAYS = 10_000
MOST_POINTS = 1_000
LARGEST_RETURN = 10
LONGEST_HORIZON = 100
FEWEST_POINTS = 2


class RulesRow(msgspec.Struct, forbid_unknown_fields=True):
    """The house's choices as they are written; shares are decimals in quotes."""

    confidence: str = "0.99"
    measure: Measure = Measure.EXPECTED_SHORTFALL
    decay: str = "0.97"
    lookback_days: int = 250
    horizon_days: int = 1
    stress_weight: str = "0"
    stress_first: str = ""
    stress_last: str = ""
    floor_days: int = 0
    buffer: str = "0"
    buffer_used: str = "0"


class ContractRow(msgspec.Struct, forbid_unknown_fields=True):
    """One contract of the house: a value that moves with its factor, or a grid."""

    instrument: str
    factor: str
    value: int = 0
    moves: list[str] = []
    changes: list[int] = []


class ScenariosJson(msgspec.Struct, forbid_unknown_fields=True):
    """The whole text."""

    days: list[str]
    returns: dict[str, list[str]]
    contracts: list[ContractRow]
    rules: RulesRow = msgspec.field(default_factory=RulesRow)


class HistoricalMethod:
    """Requirements by filtered historical simulation."""

    def __init__(self, terms: HouseTerms, text: bytes) -> None:
        """Raises ValueError for a text that is no file of scenarios for this house."""
        found = msgspec.json.decode(text, type=ScenariosJson)
        self._row = instrument_numbers(terms, [one.instrument for one in found.contracts])
        if strangers := sorted({one.factor for one in found.contracts} - found.returns.keys()):
            raise ValueError(f"Expected returns of every factor, was none of {strangers[0]}")
        days = len(found.days) * len(found.contracts)
        if days > MOST_RETURNS:
            raise ValueError(f"Expected at most {MOST_RETURNS} days of contracts, was {days}")
        instruments = [_instrument(one) for one in found.contracts]
        self._margin = HistoricalMargin(instruments, _history(found), _rules(found.rules))
        # Over the horizon and with a whole buffer: a requirement then fits an event like one of SPAN.
        reach = 2 * self._margin.largest_change() * (isqrt(found.rules.horizon_days - 1) + 1)
        if reach > LARGEST_CHANGE * LOT_UNIT:
            found_change = f"one of {reach // LOT_UNIT} over the horizon"
            raise ValueError(f"Expected changes of at most {LARGEST_CHANGE} a unit, was {found_change}")

    @property
    def size(self) -> int:
        return len(self._row)

    def covers(self, instrument: int) -> bool:
        return instrument in self._row

    def requirement(self, positions: Mapping[int, int]) -> int:
        held = {self._row[instrument]: Fraction(quantity) for instrument, quantity in positions.items()}
        return sum(self._margin.before_add_ons(held).values())


def _instrument(one: ContractRow) -> Instrument:
    if bool(one.moves) == bool(one.value):
        raise ValueError(f"Expected a value or a grid of {one.instrument}, was both or none")
    if abs(one.value) > LARGEST_CHANGE:
        raise ValueError(f"Expected a value within {LARGEST_CHANGE} of {one.instrument}, was {one.value}")
    grid = _grid(one) if one.moves else None
    return Instrument(one.instrument, "", 0, one.factor, Fraction(one.value), grid=grid)


def _grid(one: ContractRow) -> Grid:
    moves = tuple(_return(text) for text in one.moves)
    if len(moves) != len(one.changes) or not FEWEST_POINTS <= len(moves) <= MOST_POINTS:
        expected = f"{FEWEST_POINTS} to {MOST_POINTS} moves with a change each of {one.instrument}"
        raise ValueError(f"Expected {expected}, was {len(moves)} and {len(one.changes)}")
    if any(after <= before for before, after in pairwise(moves)):
        raise ValueError(f"Expected ascending moves of {one.instrument}, was another order")
    if any(abs(change) > LARGEST_CHANGE for change in one.changes):
        raise ValueError(f"Expected changes within {LARGEST_CHANGE} of {one.instrument}, was a larger one")
    return Grid(moves, tuple(one.changes))


def _history(found: ScenariosJson) -> History:
    days = len(found.days)
    if not 1 <= days <= MOST_DAYS or days * len(found.returns) > MOST_RETURNS:
        expected = f"1 to {MOST_DAYS} days and at most {MOST_RETURNS} returns"
        raise ValueError(f"Expected {expected}, was {days} days of {len(found.returns)} factors")
    if any(after <= before for before, after in pairwise(found.days)):
        raise ValueError("Expected ascending days, was another order")
    if odd := [name for name, returns in found.returns.items() if len(returns) != days]:
        raise ValueError(f"Expected {days} returns of {odd[0]}, was {len(found.returns[odd[0]])}")
    names = tuple(found.returns)
    returns = tuple(tuple(_return(text) for text in found.returns[name]) for name in names)
    return History(tuple(found.days), names, returns)


def _return(text: str) -> int:
    """A relative return in 10**-12, above -1."""
    value = exact(text) * RETURN_UNIT
    if value.denominator != 1 or not -RETURN_UNIT < value <= LARGEST_RETURN * RETURN_UNIT:
        expected = f"a return above -1, at most {LARGEST_RETURN}, of {RETURN_DECIMALS} decimals"
        raise ValueError(f"Expected {expected}, was {text}")
    return int(value)


def _rules(row: RulesRow) -> HistoricalRules:
    shares = {
        name: exact(getattr(row, name))
        for name in ("confidence", "decay", "stress_weight", "buffer", "buffer_used")
    }
    if any(not 0 <= share <= 1 for share in shares.values()) or not shares["decay"]:
        raise ValueError(f"Expected shares of 0 to 1, and a decay above 0, was {row}")
    bounds = (
        ("lookback_days", 1, MOST_DAYS), ("horizon_days", 1, LONGEST_HORIZON), ("floor_days", 0, MOST_DAYS),
    )  # fmt: skip
    for name, least, most in bounds:
        if not least <= getattr(row, name) <= most:
            raise ValueError(f"Expected {name} of {least} to {most}, was {getattr(row, name)}")
    return HistoricalRules(
        confidence=shares["confidence"],
        measure=row.measure,
        decay=shares["decay"],
        lookback_days=row.lookback_days,
        horizon_days=row.horizon_days,
        stress_weight=shares["stress_weight"],
        stress_first=row.stress_first,
        stress_last=row.stress_last,
        floor_days=row.floor_days,
        buffer=shares["buffer"],
        buffer_used=shares["buffer_used"],
    )
