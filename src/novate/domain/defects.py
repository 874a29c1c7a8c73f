"""What can be wrong with the numbers of an instrument, as a list: nothing is raised, nothing is skipped.

    Instrument + currencies --> [Defect("tick", "expected ... was ..."), ...]    empty: the venue can run it

The edge reads types and ranges of single fields; here stands what needs arithmetic or two fields at once:
steps that come out whole, products that fit (K20), bands that credit needs (K5).
"""

from __future__ import annotations

from novate.domain.configuration import Currency
from novate.domain.defect import Defect
from novate.domain.feature_defects import DISTANCES, feature_defects
from novate.domain.instruments import CreditModel, Instrument, InstrumentKind
from novate.domain.records import MAX_PRICE, MAX_QUANTITY
from novate.domain.resolve import (
    AMOUNT_LIMIT,
    MICRO,
    PRODUCT_LIMIT,
    decimal_fraction,
    delivered_asset,
    largest_order,
    market_scale,
    notional_multiplier,
)


def instrument_defects(instrument: Instrument, currencies: dict[str, Currency]) -> list[Defect]:
    """Everything about the numbers of one instrument that the venue could not work with."""
    defects = [
        Defect(field, f'expected a decimal above 0, was "{getattr(instrument, field)}"')
        for field in ("tick", "lot", "contract_size")
        if decimal_fraction(getattr(instrument, field)) == 0
    ]
    if defects:
        return defects
    defects += _step_defects(instrument)
    defects += _rule_defects(instrument)
    if not defects:
        defects += feature_defects(instrument)
    currency = currencies.get(instrument.currency)
    if currency is not None:
        defects += _money_defects(instrument, currency, whole_steps=not defects)
    return defects


def _step_defects(instrument: Instrument) -> list[Defect]:
    """Prices off the tick, quantities off the lot, and numbers beyond what a record can carry."""
    scale = market_scale(0, instrument)
    defects = []
    prices = ("min_price", "reference_price", "static_band", "max_price", *DISTANCES)
    for field in (*prices, "max_quantity", "min_display", "pr_min"):
        text = getattr(instrument, field)
        if text is None:
            continue
        least = {"min_price": -MAX_PRICE, "reference_price": _lowest(instrument), "pr_min": 0}.get(field, 1)
        most = MAX_PRICE if field in prices else MAX_QUANTITY
        try:
            steps = scale.ticks(text) if field in prices else scale.lots(text)
        except ValueError as error:
            defects.append(Defect(field, str(error)))
            continue
        unit = "ticks" if field in prices else "lots"
        if not least <= steps <= most:
            defects.append(Defect(field, f"expected {least} to {most} {unit}, was {text} = {steps} {unit}"))
    return defects


def _lowest(instrument: Instrument) -> int:
    """The lowest price in ticks; one tick if what is configured is none, which is told by itself."""
    try:
        return market_scale(0, instrument).ticks(instrument.min_price) if instrument.min_price else 1
    except ValueError:
        return 1


def _rule_defects(instrument: Instrument) -> list[Defect]:
    """What belongs together: credit and a band (K5), a band and its reference, credit model and kind."""
    defects = []
    kind = instrument.kind
    delivers = kind in (InstrumentKind.SPOT, InstrumentKind.EQUITY)
    bounded = instrument.static_band is not None or instrument.protection is not None
    if instrument.credit is not CreditModel.NONE and not bounded:
        defects.append(
            Defect("static_band", "expected a band, or a protection, because the market uses credit and its"
                   " market orders must be bounded (K5), was neither")
        )  # fmt: skip
    if instrument.static_band is not None and instrument.reference_price is None:
        defects.append(
            Defect("reference_price", "expected a price, because static_band is given, was nothing")
        )
    wrong = CreditModel.MARGINED if delivers else CreditModel.DELIVERABLE
    if instrument.credit is wrong:
        right = CreditModel.DELIVERABLE if delivers else CreditModel.MARGINED
        message = f'expected "{right.value}" or "none" for a {kind.value}, was "{wrong.value}"'
        defects.append(Defect("credit", message))
    if (instrument.maker_ppm is None) != (instrument.taker_ppm is None):
        missing = "maker_ppm" if instrument.maker_ppm is None else "taker_ppm"
        defects.append(Defect(missing, "expected both maker_ppm and taker_ppm or neither, was nothing"))
    if (instrument.maker_ppm or 0) < 0 and (instrument.taker_ppm or 0) < 0:
        found = f"{instrument.maker_ppm} and {instrument.taker_ppm}: the venue would pay both sides"
        defects.append(Defect("taker_ppm", f"expected a rebate on one side at most, was {found}"))
    if kind is InstrumentKind.SPOT and delivered_asset(instrument) == instrument.currency:
        defects.append(
            Defect("base", f'expected another asset than the currency, was "{instrument.currency}"')
        )
    if delivers and decimal_fraction(instrument.contract_size) != 1:
        found = instrument.contract_size
        defects.append(Defect("contract_size", f'expected "1" for a {kind.value}, was "{found}"'))
    return defects


def _money_defects(instrument: Instrument, currency: Currency, whole_steps: bool) -> list[Defect]:
    """Money that would not come out in whole minor units, or would not fit (K20)."""
    defects = []
    multiplier = notional_multiplier(instrument, currency)
    if multiplier.denominator != 1:
        defects.append(
            Defect("tick", "expected tick x lot x contract_size to be a whole number of minor units"
                   f" of {instrument.currency} ({currency.digits} digits), was {multiplier} of one;"
                   " use a larger tick or lot")
        )  # fmt: skip
    elif whole_steps:
        price, quantity = largest_order(instrument, multiplier.numerator)
        product = price * quantity * multiplier.numerator
        if product >= PRODUCT_LIMIT:
            message = f"expected max_quantity x max_price x multiplier below 2**60 (K20), was {product}"
            defects.append(Defect("max_quantity", message))
    margin = decimal_fraction(instrument.margin_per_lot) * 10**currency.digits * MICRO
    if margin.denominator != 1 or margin >= AMOUNT_LIMIT:
        message = "expected at most 6 digits below the minor unit and less than 2**62 millionths of it"
        defects.append(Defect("margin_per_lot", f'{message}, was "{instrument.margin_per_lot}"'))
    if instrument.credit is CreditModel.MARGINED and margin == 0:
        defects.append(Defect("margin_per_lot", 'expected an amount above 0 for a margined market, was "0"'))
    return defects
