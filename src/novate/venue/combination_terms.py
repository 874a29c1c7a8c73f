"""Combinations as configured: what is refused (R70), and which markets are linked.

An implied trade has three orders and two prints in one step, so its markets have no credit, no collar and
first-in-first-out allocation; a market with two combinations would have two implied prices to choose from.
"""

from __future__ import annotations

from collections.abc import Iterator

from novate.domain.instruments import CreditModel, MarketTerms

Trio = tuple[int, int, int]


def combinations(markets: tuple[MarketTerms, ...]) -> list[Trio]:
    """(near, far, combination) of every market with legs, in the order of their numbers."""
    return [(*terms.legs, number) for number, terms in enumerate(markets) if terms.legs is not None]


def combination_defects(markets: tuple[MarketTerms, ...]) -> Iterator[str]:
    """What no combination can be, in sentences that name its market."""
    owner: dict[int, int] = {}
    for number, terms in enumerate(markets):
        if terms.legs is None:
            continue
        if len(set(terms.legs)) != 2 or number in terms.legs or len(terms.legs) != 2:
            yield f"market {number}: expected two other markets as legs, was {list(terms.legs)}"
            continue
        if not all(0 <= leg < len(markets) for leg in terms.legs):
            yield f"market {number}: expected legs from 0 to {len(markets) - 1}, was {list(terms.legs)}"
            continue
        for member in (*terms.legs, number):
            where = f"market {member}, of the combination {number}"
            yield from (f"{where}: {defect}" for defect in _member_defects(markets[member]))
            own = markets[member].legs
            if member != number and own is not None:
                yield f"{where}: expected a leg without legs of its own, was {list(own)}"
            if member in owner:
                yield f"{where}: expected one combination only, was in {owner[member]} too"
            owner[member] = number


def _member_defects(terms: MarketTerms) -> Iterator[str]:
    if terms.credit is not CreditModel.NONE:
        yield f'expected credit "none", was "{terms.credit.value}"'
    if terms.alloc != "FIFO":
        yield f'expected alloc "FIFO", was "{terms.alloc}"'
    if terms.collar is not None:
        yield f"expected no collar, was {terms.collar}"
