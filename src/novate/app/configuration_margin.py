"""The table `margin` of a market file, and what of it must fit the rest (docs/margin-rules.md, M1).

[margin]                  currency, method, parameters, threshold, minimum_call, deadline, ..., layers
[[margin.collateral]]     asset, haircut_ppm, limit_ppm
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from novate.app.configuration_fields import Table
from novate.clearing.margin_day.terms import MOST_ASSESSMENT_PPM, MOST_MONEY
from novate.domain.clearing_codes import LossLayer
from novate.domain.configuration import Configuration, Currency
from novate.domain.instruments import InstrumentKind
from novate.domain.margin import HOUR_NS, LAYERS, MILLION, CollateralTerms, MarginConfiguration
from novate.domain.units import parse_decimal

MOST_COLLATERAL = 10_000
OPEN_KINDS = (InstrumentKind.FUTURE, InstrumentKind.OPTION)


def read_margin(table: Table, currencies: Mapping[str, Currency]) -> MarginConfiguration | msgspec.UnsetType:
    """The table; unset where it is not written."""
    if not table.values:
        return msgspec.UNSET
    # What computes is not needed by those who only read a file.
    from novate.clearing.margin_day.methods import METHODS

    currency = table.text("currency")
    digits = currencies[currency].digits if currency in currencies else 0
    layers = table.texts("layers", LAYERS)
    if strangers := [name for name in layers if name not in LossLayer.__members__]:
        known = ", ".join(LossLayer.__members__)
        table.mistake("layers", f'expected layers out of {known}, was "{strangers[0]}"')
    # The file is no part of the terms: whoever founds a house sends it as the first command.
    table.text("parameters", "")
    margin = MarginConfiguration(
        currency=currency,
        method=table.one_of("method", tuple(METHODS), "SPAN"),
        threshold=_minor(table, "threshold", "0", digits),
        minimum_call=max(1, _minor(table, "minimum_call", "0", digits)),
        deadline_ns=table.duration_ns("deadline") or HOUR_NS,
        currency_haircut_ppm=table.integer("currency_haircut_ppm", 0, 0, MILLION),
        assessment_ppm=table.integer("assessment_ppm", MILLION, 0, MOST_ASSESSMENT_PPM),
        layers=tuple(name for name in layers if name in LossLayer.__members__),
        collateral=tuple(_collateral(row) for row in table.rows("collateral", 0, MOST_COLLATERAL)),
    )
    table.finish()
    return margin


def _minor(table: Table, key: str, default: str, digits: int) -> int:
    """An amount in minor units of the margin currency."""
    units, decimals = parse_decimal(table.decimal(key, default))
    value, rest = divmod(units * int(10**digits), int(10**decimals))
    if rest or value > MOST_MONEY:
        table.expected(key, f"an amount with at most {digits} decimals, and of at most {MOST_MONEY} units")
    return value


def _collateral(table: Table) -> CollateralTerms:
    terms = CollateralTerms(
        asset=table.text("asset"),
        haircut_ppm=table.integer("haircut_ppm", 0, 0, MILLION),
        limit_ppm=table.integer("limit_ppm", MILLION, 0, MILLION),
    )
    table.finish()
    return terms


def margin_mistakes(configuration: Configuration) -> Iterator[str]:
    """What the table says of other tables that is not so."""
    margin = configuration.margin
    if isinstance(margin, msgspec.UnsetType):
        return
    currencies = sorted(configuration.currencies)
    if margin.currency not in currencies:
        yield f'margin.currency: expected one of {", ".join(currencies)}, was "{margin.currency}"'
    held = {one.clearing_id for one in configuration.instruments if one.kind not in OPEN_KINDS}
    seen: set[str] = set()
    for index, one in enumerate(margin.collateral):
        place = f"margin.collateral[{index}].asset"
        if one.asset not in {*currencies, *held}:
            yield f'{place}: expected a currency, or an instrument that is delivered, was "{one.asset}"'
        if one.asset in seen:
            yield f'{place}: expected each asset once, was "{one.asset}" again'
        seen.add(one.asset)
