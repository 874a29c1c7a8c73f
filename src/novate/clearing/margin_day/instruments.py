"""Which contracts of the house the parameters of a method name.

["NXH6", "NXC51"]  --instrument_numbers-->  {4: 0, 3: 1}      number of an instrument -> row of the text
"""

from __future__ import annotations

from collections.abc import Sequence

from novate.clearing.house_terms import HouseTerms


def instrument_numbers(terms: HouseTerms, names: Sequence[str]) -> dict[int, int]:
    """ValueError for a name that is no margined contract of the house, or stands there twice."""
    if terms.margin is None:
        raise ValueError("Expected a house with margin terms, was one without")
    numbers = {one.name: number for number, one in enumerate(terms.instruments)}
    if unknown := sorted(name for name in names if numbers.get(name, -1) not in terms.margin.contracts):
        raise ValueError(f"Expected margined contracts, was {unknown[0]}")
    if len(set(names)) != len(names):
        raise ValueError("Expected each contract once, was one of them twice")
    return {numbers[name]: row for row, name in enumerate(names)}
