"""Terms of combined commodities from their elements: links, tiers, spreads, rates (span-rules.md, section 1).

ccDef Element  --read_commodity-->  Commodity, its links
interSpreads   --read_inter_spreads-->  Spreads across commodities, in order of priority
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from novate.clearing.margin.span.model import AdjustedRate, Commodity, Leg, SpotRate, Spread, Tier
from novate.clearing.margin.span.periods import HIGHEST, LOWEST, period_key, upper_key
from novate.clearing.margin.span.problems import Kind
from novate.gateway.span.elements import Element

WFPR_METHODS = ("NORMAL", "SCANRANGE", "SCANRANGE_CAP")
SOM_METHODS = ("GROSS", "MAX")
NO_SPOT = ("NONE", "0")
FLAGS = {"1": True, "0": False, "true": True, "false": False}
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)
_UNREAD = {
    "rpLeg": "a spread without rpLeg",
    "volRate": "a spread without volRate",
    "dSpread": "a spread with no other inside",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What was selected for reading: the rate id, and whether what is not modelled is an error."""

    rate: str
    refuses_unsupported: bool

    def unsupported(self, element: Element, expected: str, found: str) -> None:
        """Raise, unless the user wants to go on without it."""
        if self.refuses_unsupported:
            raise element.problem(Kind.UNSUPPORTED, expected, found)


@dataclass(frozen=True, slots=True)
class Link:
    """A product family of a commodity, as the commodity names it."""

    exchange: str
    identifier: str
    kind: str | None
    scaling: Fraction
    commodity: int
    place: int
    element: Element


def flag(element: Element, name: str) -> bool | None:
    """A switch of the file; None where it is missing or empty."""
    text = element.text_of(name)
    if text and text.lower() not in FLAGS:
        raise element.problem(Kind.SCHEMA, f"{name} of 0 or 1", repr(text))
    return FLAGS[text.lower()] if text else None


def read_commodity(element: Element, number: int, reading: Reading) -> tuple[Commodity, list[Link]]:
    """One ccDef, the `number`-th of the file."""
    code = element.required("cc")
    element.title = f"ccDef {code}"
    for other in element.all("sSpread"):
        reading.unsupported(other, "no sSpread", "one")
    intra = _tiers(element, "intraTiers", reading)
    numbers = {tier.number for tier in intra}
    made = (_spread(one, reading, {code: number}, False) for one in element.all("dSpread"))
    spreads = tuple(spread for spread in made if spread is not None)
    for one in spreads:
        for leg in one.legs:
            if leg.tiered and leg.where not in numbers:
                expected = f"a tier of intraTiers ({', '.join(sorted(numbers)) or 'there is none'})"
                raise element.problem(Kind.UNKNOWN_TIER, expected, leg.where)
    som = element.text_of("somMeth") or "GROSS"
    if som not in SOM_METHODS:
        reading.unsupported(element, f"somMeth of {' or '.join(SOM_METHODS)}", som)
    wfpr = element.text_of("wfprMeth") or ""
    if wfpr and wfpr not in WFPR_METHODS:
        reading.unsupported(element, f"wfprMeth of {', '.join(WFPR_METHODS)}", wfpr)
        wfpr = ""
    commodity = Commodity(
        code=code,
        currency=element.required("currency"),
        wfpr_method=wfpr,
        charges_spot=(element.text_of("spotMeth") or "") not in NO_SPOT,
        takes_larger_side=som == "MAX",
        caps_option_value=flag(element, "capAnov"),
        scan_tiers=_tiers(element, "scanTiers", reading),
        intra_tiers=intra,
        inter_tiers=_tiers(element, "interTiers", reading),
        som_tiers=_tiers(element, "somTiers", reading),
        spreads=spreads,
        spot_rates=_spot_rates(element, reading.rate),
        adjusted=_adjusted(element),
    )
    return commodity, list(_links(element, number))


def _links(element: Element, number: int) -> Iterable[Link]:
    for place, link in enumerate(element.all("pfLink")):
        link.title = f"{element.title}: pfLink"
        scaling = link.number("sc")
        yield Link(
            exchange=link.required("exch"),
            identifier=link.required("pfId"),
            kind=link.text_of("pfType") or None,
            scaling=Fraction(1) if scaling is None else scaling,
            commodity=number,
            place=place,
            element=link,
        )


def _tiers(element: Element, name: str, reading: Reading) -> tuple[Tier, ...]:
    found = element.at_most_one(name)
    tiers = []
    for tier in found.all("tier") if found is not None else ():
        tier.title = f"{element.title}: {name}: tier"
        lower, upper = tier.period("sPe"), tier.period("ePe")
        tiers.append(
            Tier(
                number=tier_number(tier.text_of("tn") or ""),
                lower=LOWEST if lower is None else period_key(lower),
                upper=HIGHEST if upper is None else upper_key(upper),
                rate=_rate(tier, reading.rate) if name == "somTiers" else None,
            )
        )
    numbers = [tier.number for tier in tiers]
    if found is not None and name in ("intraTiers", "interTiers") and len(set(numbers)) < len(numbers):
        raise found.problem(Kind.SCHEMA, f"every tier number of {name} of {element.title} once", str(numbers))
    return tuple(tiers)


def tier_number(text: str) -> str:
    """A tier's number as it is compared: without leading zeros."""
    return str(int(text)) if text.isascii() and text.isdigit() and len(text) < LONGEST_TIER else text


LONGEST_TIER = 18


def _rate(element: Element, rate: str) -> Fraction | None:
    found = element.one_of_rate("rate", rate)
    if found is None:
        return None
    found.title = f"{element.title}: rate"
    return found.required_number("val")


def _spread(
    element: Element, reading: Reading, commodities: Mapping[str, int], across: bool
) -> Spread | None:
    """A dSpread; None if it is to be left out: it is empty, or across a commodity that is not there."""
    owner = next(iter(commodities)) if not across else "interSpreads"
    element.title = f"{'ccDef ' if not across else ''}{owner}: dSpread"
    priority = element.text_of("spread") or ""
    if across and not priority:
        return None
    element.title += f" {priority}"
    if not _INTEGER.fullmatch(priority):
        raise element.problem(Kind.SCHEMA, "an integer as priority (spread)", repr(priority))
    if not _is_supported(element, reading):
        return None
    method = element.text_of("chargeMeth") or "F"
    if method not in ("F", "W"):
        raise element.problem(Kind.SCHEMA, "chargeMeth F or W", repr(method))
    rate = _rate(element, reading.rate)
    read = [_leg(leg, element, reading, commodities) for leg in element.children if leg.name.endswith("Leg")]
    if not read:
        raise element.problem(Kind.SCHEMA, "at least one leg", "none")
    legs = [leg for leg in read if leg is not None]
    if across and len(legs) < len(read):
        return None
    if rate is None and ((method == "F" and not across) or any(leg.rate is None for leg in legs)):
        raise element.problem(Kind.SCHEMA, f"a rate of r {reading.rate}", "none")
    return Spread(int(priority), method == "W", rate, tuple(legs))


def _is_supported(element: Element, reading: Reading) -> bool:
    """Whether everything in the spread is modelled; raises what is not, unless that is to be ignored."""
    supported = True
    for name, expected in _UNREAD.items():
        inside = element.all(name) + [below for leg in element.children for below in leg.all(name)]
        if inside:
            reading.unsupported(element, expected, f"{name} in it")
            supported = False
    kind = element.text_of("spreadType")
    if kind and kind != "DEFAULT":
        reading.unsupported(element, "spreadType DEFAULT", kind)
        supported = False
    if element.text_of("chargeMeth") == "P":
        reading.unsupported(element, "chargeMeth F or W", "P")
        supported = False
    return supported


def _leg(element: Element, spread: Element, reading: Reading, commodities: Mapping[str, int]) -> Leg | None:
    element.title = f"{spread.title}: {element.name}"
    code, side = element.required("cc"), element.required("rs")
    tiered = element.name == "tLeg"
    if side not in ("A", "B"):
        raise element.problem(Kind.SCHEMA, "rs of A or B", repr(side))
    ratio = element.required_number("i")
    if ratio <= 0:
        raise element.problem(Kind.SCHEMA, "i above 0", str(ratio))
    where = tier_number(element.text_of("tn") or "") if tiered else element.required_period("pe")
    rate = _rate(element, reading.rate)
    number = commodities.get(code)
    if number is None:
        if not spread.title.startswith("interSpreads"):
            raise element.problem(Kind.SCHEMA, f"legs of {next(iter(commodities))} only", code)
        return None
    return Leg(number, tiered, where, side, ratio, rate)


def _spot_rates(element: Element, rate: str) -> tuple[SpotRate, ...]:
    made = []
    for one in element.all("spotRate"):
        if one.text_of("r") == rate:
            one.title = f"{element.title}: spotRate"
            zero = Fraction(0)
            made.append(
                SpotRate(one.required_period("pe"), one.number("sprd") or zero, one.number("outr") or zero)
            )
    return tuple(made)


def _adjusted(element: Element) -> tuple[AdjustedRate, ...]:
    made = []
    for one in element.all("adjRate"):
        one.title = f"{element.title}: adjRate"
        rate = one.required("r")
        made.append(AdjustedRate(rate, one.text_of("baseR") or rate, one.required_number("val")))
    return tuple(made)


def read_inter_spreads(
    organisation: Element, reading: Reading, commodities: Mapping[str, Commodity]
) -> tuple[Spread, ...]:
    """All spreads across commodities, by priority, in file order on ties."""
    numbers = {code: number for number, code in enumerate(commodities)}
    made = []
    for group in organisation.all("interSpreads"):
        for other in group.all("sSpread"):
            reading.unsupported(other, "no sSpread", "one")
        for element in group.all("dSpread"):
            if not element.children:
                continue
            spread = _spread(element, reading, numbers, True)
            if spread is not None:
                made.append(_on_tiers(spread, element, list(commodities.values())))
    return tuple(sorted(made, key=lambda spread: spread.priority))


def _on_tiers(spread: Spread, element: Element, commodities: list[Commodity]) -> Spread:
    """The spread with legs on "the whole commodity" spelled as tier ""; an unknown tier is a problem."""
    legs = []
    for leg in spread.legs:
        where = leg.where
        if leg.tiered:
            known = {tier.number for tier in commodities[leg.cc].inter_tiers}
            if where == "0" or (where == "1" and not known):
                where = ""
            if where and where not in known:
                place = f"a tier of interTiers of {commodities[leg.cc].code}"
                raise element.problem(Kind.UNKNOWN_TIER, place, where)
        legs.append(Leg(leg.cc, leg.tiered, where, leg.side, leg.ratio, leg.rate))
    return Spread(spread.priority, spread.weighted, spread.rate, tuple(legs))
