"""Product families, series and single contracts from their elements (span-rules.md, section 1).

exchange -> phyPf, futPf, oopPf, oofPf --> Family
         -> fut, phy                   --> ColdContract: few, read as elements
         -> series                     --> Series; its options are read as rows (`options.py`)
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from novate.clearing.margin.span.model import ContractKind, Family, Series
from novate.clearing.margin.span.numbers import scaled
from novate.clearing.margin.span.periods import PHYSICAL, period_key
from novate.clearing.margin.span.problems import Kind
from novate.gateway.span.commodities import Link, Reading
from novate.gateway.span.elements import Element

FAMILY_KINDS = {
    "phyPf": ContractKind.PHY,
    "futPf": ContractKind.FUT,
    "oopPf": ContractKind.OOP,
    "oofPf": ContractKind.OOF,
}
FUTURES_STYLE = ("FUT", "FUTS")
Decimal = tuple[int, int]
"""Digits, and how many of them stand behind the point."""
ONE: Decimal = (1, 0)


@dataclass(slots=True)
class ColdContract:
    """A future or a physical, as its element says."""

    row: int
    """Row of XmlRows."""
    family: int
    period: str
    price: Decimal | None
    factor: Decimal
    scaling: Decimal
    scan_range: Fraction | None


@dataclass(slots=True)
class ColdSeries:
    """A series of options before its underlying is known."""

    row: int
    family: int
    period: str
    factor: Decimal
    scaling: Decimal
    element: Element
    rate: Element | None
    underlying: tuple[str, str, str] | None


@dataclass(slots=True)
class Products:
    """Everything under `exchange`, options left out."""

    families: list[Family] = field(default_factory=list)
    link_scaling: list[Decimal] = field(default_factory=list)
    contracts: list[ColdContract] = field(default_factory=list)
    series: list[ColdSeries] = field(default_factory=list)
    futures: dict[tuple[str, str, str], ColdContract] = field(default_factory=dict)

    def periods(self) -> tuple[str, ...]:
        """All canonical periods, ascending by key."""
        codes = {one.period for one in self.contracts} | {one.period for one in self.series}
        return tuple(sorted(codes, key=period_key))

    def finished_series(self) -> tuple[Series, ...]:
        """The series with the period of the future that they are options on."""
        index = {code: number for number, code in enumerate(self.periods())}
        return tuple(self._finished(one, index) for one in self.series)

    def _finished(self, one: ColdSeries, index: dict[str, int]) -> Series:
        future = self.futures.get(one.underlying) if one.underlying is not None else None
        family = self.families[one.family]
        price = _exact(future.price) if future is not None and future.price is not None else None
        return Series(
            family=one.family,
            period=index[one.period],
            underlying=index[future.period] if future is not None and family.kind is ContractKind.OOF else -1,
            scan_range=_scan_range(one.rate, price, _exact(one.factor)),
            scaling=_exact(one.scaling) * family.scaling,
        )


def read_products(organisation: Element, links: list[Link], reading: Reading) -> Products:
    """All families of all exchanges in file order."""
    products = Products()
    linked = _Links(links, reading)
    for exchange in organisation.all("exchange"):
        name = exchange.required("exch")
        for element in exchange.children:
            if element.name in FAMILY_KINDS:
                _read_family(element, name, linked, products, reading)
    return products


class _Links:
    """Which commodity a family belongs to."""

    def __init__(self, links: list[Link], reading: Reading) -> None:
        self.by_kind: dict[tuple[str, str | None, str], Link] = {}
        for link in links:
            key = (link.exchange, link.kind, link.identifier)
            if key in self.by_kind:
                reading.unsupported(
                    link.element, "a family in one commodity", f"{link.identifier} linked twice"
                )
            self.by_kind.setdefault(key, link)
        self.reading = reading

    def of(self, exchange: str, kind: ContractKind, identifier: str) -> Link | None:
        """The link of a family: by its type, or one that names no type."""
        exact = self.by_kind.get((exchange, kind.name, identifier))
        general = self.by_kind.get((exchange, None, identifier))
        if exact is not None and general is not None:
            found = f"{identifier} linked twice"
            self.reading.unsupported(general.element, "a family in one commodity", found)
        return exact or general


def _read_family(
    element: Element, exchange: str, links: _Links, products: Products, reading: Reading
) -> None:
    kind = FAMILY_KINDS[element.name]
    identifier, code = element.required("pfId"), element.required("pfCode")
    element.title = f"{element.name} {code}"
    link = links.of(exchange, kind, identifier)
    if link is not None and link.scaling <= 0:
        raise link.element.problem(Kind.SCHEMA, "sc above 0", str(link.scaling))
    style = element.text_of("valueMeth") or ""
    number = len(products.families)
    products.families.append(
        Family(
            exchange=exchange,
            identifier=identifier,
            code=code,
            kind=kind,
            commodity=-1 if link is None else link.commodity,
            link=-1 if link is None else link.place,
            scaling=Fraction(1) if link is None else link.scaling,
            is_premium_style=kind in (ContractKind.OOP, ContractKind.OOF) and style not in FUTURES_STYLE,
        )
    )
    products.link_scaling.append(ONE if link is None else decimal_digits(link.scaling))
    factor = decimal_of(element, "cvf")
    for child in element.children:
        if child.name == "series":
            products.series.append(_read_series(child, number, factor, reading))
        elif child.name in ("fut", "phy"):
            contract = _read_contract(child, number, factor, reading)
            products.contracts.append(contract)
            own = child.text_of("cId")
            if child.name == "fut" and own is not None:
                products.futures.setdefault((exchange, identifier, own), contract)


def _read_contract(element: Element, family: int, factor: Decimal | None, reading: Reading) -> ColdContract:
    period = element.period("pe") if element.name == "phy" else element.required_period("pe")
    own = decimal_of(element, "cvf") or factor or ONE
    price = decimal_of(element, "p")
    rate = element.one_of_rate("scanRate", reading.rate)
    return ColdContract(
        row=element.row,
        family=family,
        period=PHYSICAL if period is None else period,
        price=price,
        factor=own,
        scaling=_scaling(element),
        scan_range=_scan_range(rate, None if price is None else _exact(price), _exact(own)),
    )


def _read_series(element: Element, family: int, factor: Decimal | None, reading: Reading) -> ColdSeries:
    period = element.required_period("pe")
    element.title = f"series {period}"
    under = element.at_most_one("undC")
    names = None if under is None else [under.text_of(name) or "" for name in ("exch", "pfId", "cId")]
    return ColdSeries(
        row=element.row,
        family=family,
        period=period,
        factor=decimal_of(element, "cvf") or factor or ONE,
        scaling=_scaling(element),
        element=element,
        rate=element.one_of_rate("scanRate", reading.rate),
        underlying=None if names is None else (names[0], names[1], names[2]),
    )


def decimal_of(element: Element, name: str) -> Decimal | None:
    """A leaf as digits and decimals; None where it is missing."""
    return None if element.number(name) is None else scaled(element.text_of(name) or "")


def decimal_digits(value: Fraction) -> Decimal:
    """A fraction that is a decimal as digits and decimals, as few as there are."""
    decimals = 0
    while value.denominator != 1:
        value, decimals = value * 10, decimals + 1
    return int(value), decimals


def _scaling(element: Element) -> Decimal:
    scaling = decimal_of(element, "sc") or ONE
    if scaling[0] <= 0:
        raise element.problem(Kind.SCHEMA, "sc above 0", element.text_of("sc") or "")
    return scaling


def _exact(number: Decimal) -> Fraction:
    return Fraction(number[0], 10 ** number[1])


def _scan_range(rate: Element | None, price: Fraction | None, factor: Fraction) -> Fraction | None:
    """priceScan, or priceScanPct percent of the contract's value; None where the file gives neither."""
    if rate is None:
        return None
    money = rate.number("priceScan")
    if money is not None:
        return money
    percent = rate.number("priceScanPct")
    return None if percent is None or price is None else percent / 100 * price * factor
