"""Figures of the clearing house for a scraper: margin that is required and covered, fails by age.

They come from the second house that follows the journal for the views, so nothing asks the house itself.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from novate.app.bootstrap_clearing import ClearingPlane
from novate.clearing.house_terms import Days

OLDEST = 30
"""Settlement days: a label for each age must not grow without end."""


class HouseFigures(NamedTuple):
    """As of the last command that was followed."""

    fails: dict[int, int]
    """Age in settlement days, 1 to OLDEST, OLDEST standing for it and more -> open lots and items."""
    margin_currency: str
    """Empty for a house without margin."""
    margin_required: int
    """Minor units; as the last margin run found it."""
    margin_covered: int
    """Minor units, at most what is required."""


def house_figures(plane: ClearingPlane, days: Days) -> HouseFigures:
    """Count over everything that is open."""
    house = plane.house
    found = house.positions()
    lots = [(one.instrument, since) for one in found.open for since, _ in one.lots]
    lots += [(one.instrument, one.since) for one in found.items]
    fails: Counter[int] = Counter()
    for (instrument, since), count in Counter(lots).items():
        age = days.age(instrument, since, house.today)
        if age > 0:
            fails[min(age, OLDEST)] += count
    cover = house.margin_cover()
    if cover is None:
        return HouseFigures(dict(sorted(fails.items())), "", 0, 0)
    currency = plane.terms.currencies[cover.currency].name
    return HouseFigures(dict(sorted(fails.items())), currency, cover.required, cover.covered)
