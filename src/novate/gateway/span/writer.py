"""A parameter file as .spn XML again, with positions and results if there are any.

    ParameterFile --spn_lines--> <spanFile> ... </spanFile>      read again it gives the same model
    portfolios, results          pointInTime/portfolio -> ecPort -> ccPort -> np (positions), dReq (figures)

Written are exactly the numbers of the model, so what a reader ignores (names, volatilities) is not there.
Order: exchanges before commodities, as the XSD has it.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import IO, cast
from xml.sax.saxutils import escape

import numpy as np

from novate.clearing.margin.span.model import (
    Commodity,
    ContractKind,
    Family,
    ParameterFile,
    Scaled,
    Side,
    Spread,
    Tier,
)
from novate.clearing.margin.span.numbers import shown
from novate.clearing.margin.span.periods import HIGHEST, LOWEST
from novate.clearing.margin.span.result import AccountRisk, CommodityRisk
from novate.domain.units import format_decimal

Lines = Iterator[str]
FAMILY_TAGS = {
    ContractKind.PHY: "phyPf",
    ContractKind.FUT: "futPf",
    ContractKind.OOP: "oopPf",
    ContractKind.OOF: "oofPf",
}
STYLES = {True: "EQTY", False: "FUT"}
FIGURES = {
    "spanReq": "risk",
    "anov": "nov",
    "totReq": "requirement",
    "initReq": "initial_risk",
    "totInitReq": "initial_requirement",
}
MARGINS = {
    "scanRisk": "scan_risk",
    "timeRisk": "time_risk",
    "volRisk": "volatility_risk",
    "priceRisk": "price_risk",
    "wfpr": "wfpr",
    "intraCharge": "intra_charge",
    "spotCharge": "spot_charge",
    "interCredit": "inter_credit",
    "som": "som",
}
_OUTER = ("fileFormat", "created")
_MOMENT = ("date", "isSetl", "setlQualifier")


def write_spn(
    path: Path,
    parameters: ParameterFile,
    portfolios: Mapping[str, Mapping[int, Fraction]] | None = None,
    results: Iterable[AccountRisk] = (),
) -> None:
    """Write a file, gz if its name ends so; whole or not at all. OSError if it cannot be written."""
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                    _write(cast(IO[bytes], packed), parameters, portfolios or {}, results)
            else:
                _write(raw, parameters, portfolios or {}, results)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write(
    file: IO[bytes],
    parameters: ParameterFile,
    portfolios: Mapping[str, Mapping[int, Fraction]],
    results: Iterable[AccountRisk],
) -> None:
    batch: list[str] = []
    for line in spn_lines(parameters, portfolios, results):
        batch.append(line)
        if len(batch) == 4096:
            file.write("".join(batch).encode())
            batch.clear()
    file.write("".join(batch).encode())


def spn_lines(
    parameters: ParameterFile,
    portfolios: Mapping[str, Mapping[int, Fraction]],
    results: Iterable[AccountRisk],
) -> Lines:
    """The document, an element or more at a time."""
    facts = parameters.facts
    yield '<?xml version="1.0" encoding="UTF-8"?>\n<spanFile>\n'
    yield _leaves({name: facts.get(name) for name in _OUTER})
    yield "<definitions>\n"
    for currency, decimals in parameters.currencies.items():
        yield _group("currencyDef", {"currency": currency, "decimalPos": decimals})
    yield "</definitions>\n<pointInTime>\n"
    yield _leaves({name: facts.get(name) for name in _MOMENT})
    yield "<clearingOrg>\n"
    rest = {name: text for name, text in facts.items() if name not in _OUTER + _MOMENT}
    yield _leaves({**rest, "capAnov": _flag(parameters.caps_option_value)})
    for one in parameters.rate_classes:
        named = {"r": one.rate, "isCust": one.is_customer, "acctType": one.account_type}
        yield _group("pbRateDef", {**named, "isM": one.is_maintenance})
    yield f"<pointDef>\n<r>{escape(parameters.rate)}</r>\n"
    for point, partner in enumerate(parameters.pairs):
        yield _group("scanPointDef", {"point": point + 1, "pairedPoint": partner + 1})
    yield "</pointDef>\n"
    yield from _exchanges(parameters)
    for number in range(len(parameters.commodities)):
        yield from _commodity(parameters, number)
    yield "<interSpreads>\n"
    for spread in parameters.inter_spreads:
        yield from _spread(spread, parameters)
    yield "</interSpreads>\n</clearingOrg>\n"
    yield from _portfolios(parameters, portfolios, results)
    yield "</pointInTime>\n</spanFile>\n"


def _leaves(values: Mapping[str, object]) -> str:
    return "".join(
        f"<{name}>{escape(str(value))}</{name}>\n"
        for name, value in values.items()
        if value not in (None, "")
    )


def _group(tag: str, values: Mapping[str, object]) -> str:
    return f"<{tag}>\n{_leaves(values)}</{tag}>\n"


def _flag(value: bool | None) -> int | None:
    return None if value is None else int(value)


def decimal_text(value: Fraction) -> str:
    """A decimal fraction with all its digits."""
    decimals = 0
    while (value * 10**decimals).denominator != 1:
        decimals += 1
    return format_decimal(int(value * 10**decimals), decimals)


def _rated(tag: str, rate: str, value: Fraction | None) -> str:
    return "" if value is None else _group(tag, {"r": rate, "val": decimal_text(value)})


class _Texts:
    """Columns of a parameter file as texts, made once and not per contract."""

    def __init__(self, parameters: ParameterFile) -> None:
        contracts = parameters.contracts
        self.strike, self.price = _column(contracts.strike), _column(contracts.price)
        self.factor, self.delta = _column(contracts.factor), _column(contracts.delta)
        self.arrays = parameters.arrays
        self.scaling = _unlinked(parameters)

    def array(self, row: int) -> str:
        """The entries of a risk array."""
        decimals = self.arrays.decimals
        entries = self.arrays.units[row].tolist()
        return "".join(f"<a>{format_decimal(entry, decimals)}</a>\n" for entry in entries)


def _unlinked(parameters: ParameterFile) -> list[str]:
    """Delta scaling of each contract without that of its family's link."""
    scaling = parameters.contracts.scaling
    pairs = list(zip(parameters.contracts.family.tolist(), scaling.units.tolist(), strict=True))
    texts = {
        (family, units): decimal_text(
            Fraction(units, 10**scaling.decimals) / parameters.families[family].scaling
        )
        for family, units in set(pairs)
    }
    return [texts[pair] for pair in pairs]


def _column(column: Scaled) -> list[str]:
    return [format_decimal(units, column.decimals) for units in column.units.tolist()]


def _exchanges(parameters: ParameterFile) -> Lines:
    """Families in file order; one exchange element for each run of the same exchange."""
    texts = _Texts(parameters)
    rows = _rows_by_family(parameters)
    futures = _futures(parameters)
    current = None
    for number, family in enumerate(parameters.families):
        if family.exchange != current:
            yield "</exchange>\n" if current is not None else ""
            yield f"<exchange>\n<exch>{escape(family.exchange)}</exch>\n"
            current = family.exchange
        yield from _family(parameters, number, rows[number], texts, futures)
    yield "</exchange>\n" if current is not None else ""


def _rows_by_family(parameters: ParameterFile) -> list[list[int]]:
    family = parameters.contracts.family
    order = np.argsort(family, kind="stable")
    bounds = np.searchsorted(family[order], np.arange(len(parameters.families) + 1))
    return [order[bounds[at] : bounds[at + 1]].tolist() for at in range(len(parameters.families))]


def _futures(parameters: ParameterFile) -> dict[int, int]:
    """By period the first future that has it: what a series names as its underlying."""
    contracts = parameters.contracts
    found: dict[int, int] = {}
    for row in range(len(contracts)):
        if parameters.families[int(contracts.family[row])].kind is ContractKind.FUT:
            found.setdefault(int(contracts.period[row]), row)
    return found


def _family(
    parameters: ParameterFile, number: int, rows: list[int], texts: _Texts, futures: dict[int, int]
) -> Lines:
    family = parameters.families[number]
    tag = FAMILY_TAGS[family.kind]
    yield f"<{tag}>\n"
    style = STYLES[family.is_premium_style]
    yield _leaves({"pfId": family.identifier, "pfCode": family.code, "valueMeth": style})
    if family.kind in (ContractKind.FUT, ContractKind.PHY):
        for row in rows:
            yield from _contract(parameters, family, row, texts)
    else:
        by_series: dict[int, list[int]] = {}
        for row in rows:
            by_series.setdefault(int(parameters.contracts.series[row]), []).append(row)
        for at, series in enumerate(parameters.series):
            if series.family == number:
                yield from _series(parameters, at, by_series.get(at, []), texts, futures)
    yield f"</{tag}>\n"


def _contract(parameters: ParameterFile, family: Family, row: int, texts: _Texts) -> Lines:
    contracts = parameters.contracts
    tag = "fut" if family.kind is ContractKind.FUT else "phy"
    period = parameters.periods[int(contracts.period[row])]
    price = texts.price[row] if contracts.has_price[row] else None
    yield f"<{tag}>\n"
    yield _leaves(
        {"cId": row + 1, "pe": period, "p": price, "cvf": texts.factor[row], "sc": texts.scaling[row]}
    )
    if contracts.has_scan_range[row]:
        scan_range = decimal_text(contracts.scan_range.value(row))
        yield _group("scanRate", {"r": parameters.rate, "priceScan": scan_range})
    yield _array(parameters, row, texts)
    yield f"</{tag}>\n"


def _series(
    parameters: ParameterFile, at: int, rows: list[int], texts: _Texts, futures: dict[int, int]
) -> Lines:
    contracts, series = parameters.contracts, parameters.series[at]
    scaling = series.scaling / parameters.families[series.family].scaling
    yield f"<series>\n<pe>{parameters.periods[series.period]}</pe>\n<sc>{decimal_text(scaling)}</sc>\n"
    if series.underlying >= 0:
        future = futures[series.underlying]
        family = parameters.families[int(contracts.family[future])]
        named = {"exch": family.exchange, "pfId": family.identifier, "cId": future + 1}
        yield _group("undC", named)
    if series.scan_range is not None:
        scan_range = decimal_text(series.scan_range)
        yield _group("scanRate", {"r": parameters.rate, "priceScan": scan_range})
    for row in rows:
        side = "C" if contracts.side[row] == Side.CALL else "P"
        price = f"<p>{texts.price[row]}</p>\n" if contracts.has_price[row] else ""
        yield (
            f"<opt>\n<o>{side}</o>\n<k>{texts.strike[row]}</k>\n{price}<cvf>{texts.factor[row]}</cvf>\n"
            f"<sc>{texts.scaling[row]}</sc>\n{_array(parameters, row, texts)}</opt>\n"
        )
    yield "</series>\n"


def _array(parameters: ParameterFile, row: int, texts: _Texts) -> str:
    array = int(parameters.contracts.array[row])
    if array < 0:
        return ""
    return f"<ra>\n<r>{escape(parameters.rate)}</r>\n{texts.array(array)}<d>{texts.delta[row]}</d>\n</ra>\n"


def _commodity(parameters: ParameterFile, number: int) -> Lines:
    one = parameters.commodities[number]
    yield "<ccDef>\n"
    yield _leaves(
        {
            "cc": one.code,
            "currency": one.currency,
            "capAnov": _flag(one.caps_option_value),
            "wfprMeth": one.wfpr_method,
            "spotMeth": "NORMAL" if one.charges_spot else "NONE",
            "somMeth": "MAX" if one.takes_larger_side else "GROSS",
        }
    )
    linked = [family for family in parameters.families if family.commodity == number]
    for family in sorted(linked, key=lambda family: family.link):
        named = {"exch": family.exchange, "pfId": family.identifier, "pfType": family.kind.name}
        yield _group("pfLink", {**named, "sc": decimal_text(family.scaling)})
    for adjusted in one.adjusted:
        named = {"r": adjusted.rate, "baseR": adjusted.base, "val": decimal_text(adjusted.value)}
        yield _group("adjRate", named)
    yield from _tiers(one, parameters.rate)
    for spread in one.spreads:
        yield from _spread(spread, parameters)
    for spot in one.spot_rates:
        rates = {"sprd": decimal_text(spot.spread), "outr": decimal_text(spot.outright)}
        yield _group("spotRate", {"r": parameters.rate, "pe": spot.period, **rates})
    yield "</ccDef>\n"


def _tiers(one: Commodity, rate: str) -> Lines:
    groups = {
        "scanTiers": one.scan_tiers,
        "intraTiers": one.intra_tiers,
        "interTiers": one.inter_tiers,
        "somTiers": one.som_tiers,
    }
    for name, tiers in groups.items():
        if tiers:
            yield f"<{name}>\n{''.join(_tier(tier, rate) for tier in tiers)}</{name}>\n"


def _tier(tier: Tier, rate: str) -> str:
    lower = None if tier.lower == LOWEST else tier.lower
    upper = None if tier.upper == HIGHEST else tier.upper.rstrip("~")
    named = _leaves({"tn": tier.number, "sPe": lower, "ePe": upper})
    return f"<tier>\n{named}{_rated('rate', rate, tier.rate)}</tier>\n"


def _spread(spread: Spread, parameters: ParameterFile) -> Lines:
    yield "<dSpread>\n"
    yield _leaves({"spread": spread.priority, "chargeMeth": "W" if spread.weighted else "F"})
    yield _rated("rate", parameters.rate, spread.rate)
    for leg in spread.legs:
        tag, where = ("tLeg", "tn") if leg.tiered else ("pLeg", "pe")
        yield f"<{tag}>\n"
        code = parameters.commodities[leg.cc].code
        yield _leaves({"cc": code, where: leg.where or "0", "rs": leg.side, "i": decimal_text(leg.ratio)})
        yield _rated("rate", parameters.rate, leg.rate)
        yield f"</{tag}>\n"
    yield "</dSpread>\n"


def _portfolios(
    parameters: ParameterFile,
    portfolios: Mapping[str, Mapping[int, Fraction]],
    results: Iterable[AccountRisk],
) -> Lines:
    found = {result.account: result for result in results}
    for account in [*portfolios, *(name for name in found if name not in portfolios)]:
        yield f"<portfolio>\n<acctId>{escape(account)}</acctId>\n<ecPort>\n"
        yield _leaves({"ec": parameters.facts.get("ec")})
        risk = found.get(account)
        held: dict[str, list[tuple[int, Fraction]]] = {}
        for row, quantity in portfolios.get(account, {}).items():
            family = parameters.families[int(parameters.contracts.family[row])]
            held.setdefault(parameters.commodities[family.commodity].code, []).append((row, quantity))
        commodities = risk.commodities if risk is not None else {}
        for code in sorted(held.keys() | commodities.keys()):
            yield f"<ccPort>\n<cc>{escape(code)}</cc>\n"
            for row, quantity in held.get(code, []):
                yield _position(parameters, row, quantity)
            if code in commodities:
                yield _figures(commodities[code])
            yield "</ccPort>\n"
        yield "</ecPort>\n</portfolio>\n"


def _position(parameters: ParameterFile, row: int, quantity: Fraction) -> str:
    contracts = parameters.contracts
    family = parameters.families[int(contracts.family[row])]
    side = Side(int(contracts.side[row]))
    option = {"o": side.name[0], "k": decimal_text(contracts.strike.value(row))} if side else {}
    return _group(
        "np",
        {
            "exch": family.exchange,
            "pfId": family.identifier,
            "pfCode": family.code,
            "pfType": family.kind.name,
            "pe": parameters.periods[int(contracts.period[row])],
            **option,
            "net": decimal_text(quantity),
        },
    )


def _figures(risk: CommodityRisk) -> str:
    margins = {tag: shown(getattr(risk, name)) for tag, name in MARGINS.items()}
    figures = {
        tag: format_decimal(getattr(risk.figures, name), risk.decimals) for tag, name in FIGURES.items()
    }
    return _group("dReq", {"currency": risk.currency, **margins, "active": risk.active_scenario, **figures})
