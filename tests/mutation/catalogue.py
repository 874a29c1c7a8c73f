"""All defects, by room, and the few that every run of the suite plants."""

from __future__ import annotations

from collections.abc import Iterable

from tests.mutation import (
    defects_auctions,
    defects_beyond,
    defects_book,
    defects_combinations,
    defects_credit,
    defects_full,
    defects_matching,
    defects_orders,
)
from tests.mutation.campaign import SOURCES
from tests.mutation.defect import Defect, planted, strangers

DEFECTS: tuple[Defect, ...] = (
    *defects_book.DEFECTS,
    *defects_matching.DEFECTS,
    *defects_orders.DEFECTS,
    *defects_credit.DEFECTS,
    *defects_full.DEFECTS,
    *defects_auctions.DEFECTS,
    *defects_beyond.DEFECTS,
    *defects_combinations.DEFECTS,
)
QUICK = (
    "iceberg-keeps-its-place",
    "newest-first",
    "no-trade-at-the-limit",
    "stop-comparison-inverted",
    "credit-not-released-on-cancel",
    "fee-rounded-down",
)


def misfits(defects: Iterable[Defect] = DEFECTS) -> list[str]:
    """Defects that can no longer be planted, and names that stand twice."""
    problems = []
    names = [defect.name for defect in DEFECTS]
    problems += [f"{name}: expected every name once" for name in sorted(set(names)) if names.count(name) > 1]
    for defect in defects:
        try:
            text = planted(defect, (SOURCES / defect.path).read_text(encoding="utf-8"))
            problems += [f"{defect.name}: expected a known name, was {name}" for name in strangers(text)]
        except (ValueError, OSError) as fault:
            problems.append(str(fault))
    return problems
