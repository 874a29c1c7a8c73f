"""A .spn parameter file into the model, everything checked (span-rules.md, sections 1 and 3).

    bytes --rows_of--> rows --elements_of--> elements --commodities, products, options--> ParameterFile

A file that breaks a rule is refused as a whole with kind, file, line and element; there is no partial model.
"""

from __future__ import annotations

import re
from pathlib import Path

from novate.clearing.margin.span.model import (
    PAIRS,
    SCENARIOS,
    Commodity,
    ParameterFile,
    RateClass,
)
from novate.clearing.margin.span.policy import STANDARD, Policy
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.gateway.span.commodities import Link, Reading, flag, read_commodity, read_inter_spreads
from novate.gateway.span.elements import Element, elements_of
from novate.gateway.span.options import HOT, ContractRows
from novate.gateway.span.products import read_products
from novate.gateway.span.source import chunks
from novate.gateway.span.xml_rows import XmlRows, rows_of

FACTS = {
    "spanFile": ("fileFormat", "created"),
    "pointInTime": ("date", "isSetl", "setlQualifier"),
    "clearingOrg": (
        "ec",
        "name",
        "isContractScale",
        "isNetMargin",
        "lookAheadYears",
        "finalizeMeth",
        "oopDeltaMeth",
    ),
}
LARGEST_UNIT = 9
OTHER_METHODS = ("superSpreads", "superInterClearSpreads", "interClearSpreads")
_DIGITS = re.compile(r"[0-9]{1,4}", re.ASCII)


def read_spn(path: Path, policy: Policy = STANDARD) -> ParameterFile:
    """The parameters for the policy's rate id. SpanProblem, beginning with the file's name, if refused."""
    try:
        return model_of(rows_of(chunks(path), policy.rate), policy)
    except SpanProblem as problem:
        raise problem.within(str(path)) from problem.__cause__


def model_of(xml: XmlRows, policy: Policy) -> ParameterFile:
    """The model of a document that is known to be XML."""
    reading = Reading(policy.rate, policy.unsupported == "error")
    roots = elements_of(xml, HOT)
    if not roots:
        raise SpanProblem(Kind.SCHEMA, "line 1", "spanFile as the outermost element", xml.root)
    root = roots[0]
    moment = _only(root, "pointInTime")
    organisation = _only(moment, "clearingOrg")
    for name in OTHER_METHODS:
        for group in organisation.all(name):
            if group.children:
                reading.unsupported(group, f"no {name}", "some")
    commodities, links = _commodities(organisation, reading)
    products = read_products(organisation, links, reading)
    contracts, arrays = ContractRows(xml, products).columns(policy.negative_strike == "accept")
    parts = (root, moment, organisation)
    return ParameterFile(
        facts={name: part.text_of(name) or "" for part in parts for name in FACTS[part.name]},
        rate=policy.rate,
        currencies=_currencies(root),
        caps_option_value=flag(organisation, "capAnov"),
        rate_classes=tuple(_rate_class(element) for element in organisation.all("pbRateDef")),
        pairs=_pairs(organisation, policy.rate),
        periods=products.periods(),
        commodities=tuple(commodities.values()),
        inter_spreads=read_inter_spreads(organisation, reading, commodities),
        families=tuple(products.families),
        series=products.finished_series(),
        contracts=contracts,
        arrays=arrays,
    )


def _only(parent: Element, name: str) -> Element:
    found = parent.all(name)
    if not found:
        raise parent.problem(Kind.SCHEMA, f"one {name}", "none")
    if len(found) > 1:
        raise found[1].problem(Kind.UNSUPPORTED, f"one {name}", str(len(found)))
    return found[0]


def _commodities(organisation: Element, reading: Reading) -> tuple[dict[str, Commodity], list[Link]]:
    commodities: dict[str, Commodity] = {}
    links: list[Link] = []
    for element in organisation.all("ccDef"):
        commodity, linked = read_commodity(element, len(commodities), reading)
        if commodity.code in commodities:
            expected = "every combined commodity once"
            raise element.problem(Kind.DUPLICATE_CC, expected, f"a second {commodity.code}")
        commodities[commodity.code] = commodity
        links += linked
    return commodities, links


def _currencies(root: Element) -> dict[str, int]:
    made: dict[str, int] = {}
    for group in root.all("definitions"):
        for element in group.all("currencyDef"):
            text = element.text_of("decimalPos")
            if text is None:
                continue
            if not _DIGITS.fullmatch(text) or int(text) > LARGEST_UNIT:
                raise element.problem(Kind.SCHEMA, f"decimalPos of 0..{LARGEST_UNIT}", repr(text))
            made[element.required("currency")] = int(text)
    return made


def _rate_class(element: Element) -> RateClass:
    names = ("r", "isCust", "acctType", "isM")
    rate, customer, account, maintenance = (element.text_of(name) or "" for name in names)
    return RateClass(rate, customer, account, maintenance)


def _pairs(organisation: Element, rate: str) -> tuple[int, ...]:
    """Partner of each scenario, counted from 0: the file's pairedPoint where there is one."""
    pairs = list(PAIRS)
    definition = organisation.one_of_rate("pointDef", rate)
    for point in definition.all("scanPointDef") if definition is not None else ():
        numbers = [point.text_of(name) for name in ("point", "pairedPoint")]
        if numbers[1] is None:
            continue
        for number in numbers:
            if not _DIGITS.fullmatch(number or "") or not 1 <= int(number or "0") <= SCENARIOS:
                raise point.problem(Kind.SCHEMA, f"points of 1..{SCENARIOS}", repr(number))
        pairs[int(numbers[0] or "0") - 1] = int(numbers[1]) - 1
    return tuple(pairs)
