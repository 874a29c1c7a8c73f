"""Credits across commodities from records 6 (docs/span-files.md).

6 ALL 0001 0800000 CME ES 0010000 A  CBT YM 0010000 B ...   --inter_spreads-->   Spread, 80 percent, two legs
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from novate.clearing.margin.span.model import Commodity, Leg, Spread
from novate.clearing.margin.span.problems import Kind
from novate.gateway.span.positional.layout import LEGS_OF_6
from novate.gateway.span.positional.records import Record
from novate.gateway.span.positional.terms import ratio_of, side_of

BY_DELTA = ("", "00", "01", "10", "20")
"""Methods that pair deltas. 20 names tiers, the others the whole commodity; 04 scans, and is not modelled."""
FLAT_DIGITS = 100
"""A flat credit has two digits more before the point than a percentage."""


def require_by_delta(record: Record) -> None:
    """SpanProblem (unsupported) for a spread that is not modelled."""
    expected = {
        "method": (BY_DELTA, "a method that pairs deltas (01, 10 or 20)"),
        "credit_method": (("", "W", "F"), "W, F or a blank"),
        "group_flag": (("", "N"), "a spread after those within commodities (N or a blank)"),
        "regulatory_status": (("", "Y"), "a spread for every account"),
        "separate_rates": (("", "N", "Y"), "Y, N or a blank"),
    }
    for name, (allowed, what) in expected.items():
        if record.text(name) not in allowed:
            raise record.problem(Kind.UNSUPPORTED, name, what, repr(record.text(name)))


def inter_spreads(records: Iterable[Record], commodities: Sequence[Commodity]) -> tuple[Spread, ...]:
    """By priority, in file order on ties; one with a leg outside the file is left out (span-rules.md, 1)."""
    places = {one.code: number for number, one in enumerate(commodities)}
    made = []
    for record in records:
        legs = _legs(record, places, commodities)
        if legs is not None:
            is_flat = record.text("credit_method") == "F"
            rate = None
            if record.text("separate_rates") != "Y":
                rate = record.required_number("rate") * (FLAT_DIGITS if is_flat else 1)
            priority = int(record.required_number("priority"))
            made.append(Spread(priority, not is_flat, rate, legs))
    return tuple(sorted(made, key=lambda spread: spread.priority))


def _legs(
    record: Record, places: Mapping[str, int], commodities: Sequence[Commodity]
) -> tuple[Leg, ...] | None:
    legs: list[Leg] = []
    is_complete = True
    for number in range(1, LEGS_OF_6 + 1):
        code = record.text(f"leg_{number}_commodity")
        if not code:
            continue
        side, ratio = side_of(record, number), ratio_of(record, number)
        rate = _rate(record, number)
        if code not in places:
            is_complete = False
            continue
        tiers = {tier.number for tier in commodities[places[code]].inter_tiers}
        where = str(record.digits(f"leg_{number}_tier") or "")
        if where == "1" and not tiers:
            where = ""
        if where and where not in tiers:
            raise record.problem(
                Kind.UNKNOWN_TIER, f"leg_{number}_tier", f"a tier of record S of {code}", where
            )
        legs.append(Leg(places[code], True, where, side, ratio, rate))
    if is_complete and not legs:
        raise record.problem(Kind.SCHEMA, "leg_1_commodity", "at least one leg", "blanks")
    return tuple(legs) if is_complete else None


def _rate(record: Record, number: int) -> Fraction | None:
    """A rate of the leg's own, where the record says that there are such."""
    if record.text("separate_rates") != "Y":
        return None
    factor = FLAT_DIGITS if record.text("credit_method") == "F" else 1
    return record.required_number(f"leg_{number}_rate") * factor
