"""From what people configure to what kernels compute with: every decimal becomes an integer, once.

    tick "0.05" USD ---> price 1 = 0.05          price  in ticks
    lot  "100"      ---> quantity 1 = 100        quantity in lots
    USD, 2 digits   ---> money 1 = 0.01          money in minor units
                         1 lot at 1 tick = 0.05 * 100 * 10**2 = 500 minor units (notional_multiplier)

Assets are numbered once per configuration: 0 is no asset; 1.. the currencies in ascending order of their
names; then what instruments deliver (equities: the symbol, spot: the base) in order of market number. A
spot base that is itself a currency is that currency. An asset that is no currency has as many digits as its
finest lot has behind the point, so that a balance is always a whole number.

Everything here is exact; nothing is rounded. What does not come out whole is a defect of the configuration.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeVar

import msgspec
import numpy as np

from novate.domain.codes import CommandKind
from novate.domain.configuration import Configuration, Currency
from novate.domain.instruments import Instrument, InstrumentKind, MarketTerms
from novate.domain.records import CREDIT_COMMAND, Commands, new_commands
from novate.domain.terms import AccountTerms, VenueTerms
from novate.domain.units import format_decimal, parse_decimal, parse_signed, rescale

PRODUCT_LIMIT = 2**60
"""K20: largest quantity times largest price times multiplier must stay below this."""
SUMMED_LIMIT = 2**40
"""K20 with limits: the same product may not be above this, so that sums over millions of orders fit."""
AMOUNT_LIMIT = 2**62
"""K16: an amount of an asset, and a margin per lot in millionths of the minor unit, must stay below this."""
DEFAULT_MAX = 10**9
DEFAULT_PR_MIN = 2
"""R47: lots."""
DEFAULT_FIFO_PCT = 40
"""R48."""
MICRO = 10**6

D = TypeVar("D", int, None)


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """Something an account can hold credit in: a currency, or what an instrument delivers."""

    number: int
    name: str
    digits: int
    """Digits of its smallest unit: USD 2; a share traded in whole pieces 0; BTC in lots of 0.0001 has 4."""
    is_currency: bool


class MarketScale(msgspec.Struct, frozen=True, kw_only=True):
    """Exact conversion between the decimals that people write and the integers of one market."""

    market: int
    symbol: str
    tick_units: int
    """One tick, in units of 10**-price_digits."""
    price_digits: int
    lot_units: int
    """One lot, in units of 10**-quantity_digits."""
    quantity_digits: int

    def ticks(self, text: str) -> int:
        """`"10.05"` -> ticks, `"-10.05"` too; ValueError says which tick was expected."""
        expected = f"expected a price on the tick of {self.price_text(1)}, was {text}"
        return _whole_steps(*parse_signed(text), self.tick_units, self.price_digits, expected)

    def lots(self, text: str) -> int:
        """`"300"` -> lots; ValueError says which lot was expected."""
        expected = f"expected a quantity in lots of {self.quantity_text(1)}, was {text}"
        return _whole_steps(*parse_decimal(text), self.lot_units, self.quantity_digits, expected)

    def price_text(self, ticks: int) -> str:
        return format_decimal(ticks * self.tick_units, self.price_digits)

    def quantity_text(self, lots: int) -> str:
        return format_decimal(lots * self.lot_units, self.quantity_digits)


def market_scale(market: int, instrument: Instrument) -> MarketScale:
    """Tick and lot of one market as integers; ValueError if they are no decimals."""
    tick_units, price_digits = parse_decimal(instrument.tick)
    lot_units, quantity_digits = parse_decimal(instrument.lot)
    return MarketScale(
        market=market,
        symbol=instrument.symbol,
        tick_units=tick_units,
        price_digits=price_digits,
        lot_units=lot_units,
        quantity_digits=quantity_digits,
    )


def market_scales(configuration: Configuration) -> dict[str, MarketScale]:
    """Scale of every market by symbol, in order of market number."""
    return {
        instrument.symbol: market_scale(market, instrument)
        for market, instrument in enumerate(configuration.instruments)
    }


def delivered_asset(instrument: Instrument) -> str:
    """Name of what a buyer receives: the base of a spot pair, otherwise the instrument itself."""
    if instrument.kind is InstrumentKind.SPOT:
        return instrument.base or instrument.symbol
    return instrument.symbol


def assets(configuration: Configuration) -> dict[str, Asset]:
    """All assets by name, numbered as the module docstring says."""
    table: dict[str, Asset] = {}
    for name in sorted(configuration.currencies):
        digits = configuration.currencies[name].digits
        table[name] = Asset(number=len(table) + 1, name=name, digits=digits, is_currency=True)
    finest: dict[str, int] = {}
    for instrument in configuration.instruments:
        name = delivered_asset(instrument)
        finest[name] = max(finest.get(name, 0), parse_decimal(instrument.lot)[1])
    for name, digits in finest.items():
        if name not in table:
            table[name] = Asset(number=len(table) + 1, name=name, digits=digits, is_currency=False)
    return table


def notional_multiplier(instrument: Instrument, currency: Currency) -> Fraction:
    """Minor units of the currency for one lot at one tick; whole in a sound configuration."""
    product = decimal_fraction(instrument.tick) * decimal_fraction(instrument.lot) * 10**currency.digits
    return Fraction(product * decimal_fraction(instrument.contract_size))


def venue_terms(configuration: Configuration) -> VenueTerms:
    """What the venue is built from. The configuration must have been checked (`novate.domain.defects`)."""
    table = assets(configuration)
    members = {member.name: number for number, member in enumerate(configuration.members)}
    return VenueTerms(
        markets=tuple(
            market_terms(market, instrument, configuration, table)
            for market, instrument in enumerate(configuration.instruments)
        ),
        accounts=tuple(
            AccountTerms(
                account=account.number,
                member=members[account.member],
                stp_group=account.stp_group,
                account_class=account.account_class,
            )
            for account in configuration.accounts
        ),
        check_accounts=bool(configuration.accounts),
        fee_account=configuration.fee_account,
        positions=configuration.positions,
        limits=configuration.limits,
    )


def market_terms(
    market: int, instrument: Instrument, configuration: Configuration, table: dict[str, Asset]
) -> MarketTerms:
    """One market in ticks, lots and minor units."""
    currency = configuration.currencies[instrument.currency]
    scale = market_scale(market, instrument)
    multiplier = _whole(notional_multiplier(instrument, currency))
    base = table[delivered_asset(instrument)]
    max_price, max_quantity = largest_order(instrument, multiplier)
    margin = decimal_fraction(instrument.margin_per_lot) * 10**currency.digits * MICRO
    return MarketTerms(
        market=market,
        max_quantity=max_quantity,
        max_price=max_price,
        min_price=_ticks(scale, instrument.min_price, 1),
        min_display=_lots(scale, instrument.min_display, 1),
        reference_price=_ticks(scale, instrument.reference_price, None),
        static_band=_ticks(scale, instrument.static_band, None),
        stp_default=instrument.stp_default,
        maker_ppm=instrument.maker_ppm,
        taker_ppm=instrument.taker_ppm,
        auction_ppm=instrument.auction_ppm,
        collar=_ticks(scale, instrument.collar, None),
        collar_action=instrument.collar_action,
        volatility_call=instrument.volatility_call_ns,
        auction_band=_ticks(scale, instrument.auction_band, None),
        extension=instrument.extension_ns,
        max_extensions=instrument.max_extensions,
        legs=_legs(instrument, configuration),
        protection=_ticks(scale, instrument.protection, None),
        post_only=instrument.post_only,
        alloc=instrument.alloc,
        pr_min=_lots(scale, instrument.pr_min, DEFAULT_PR_MIN),
        fifo_pct=DEFAULT_FIFO_PCT if instrument.fifo_pct is None else instrument.fifo_pct,
        top_order=instrument.top_order,
        initial_state=instrument.initial_state,
        credit=instrument.credit,
        base_asset=base.number,
        quote_asset=table[instrument.currency].number,
        notional_multiplier=multiplier,
        base_units_per_lot=rescale(scale.lot_units, scale.quantity_digits, base.digits),
        resale=instrument.resale,
        on_negative=instrument.on_negative,
        margin_per_lot_micro=_whole(margin),
        premium=instrument.kind is InstrumentKind.OPTION,
    )


def _ticks(scale: MarketScale, text: str | None, default: D) -> int | D:
    return default if text is None else scale.ticks(text)


def _lots(scale: MarketScale, text: str | None, default: int) -> int:
    return default if text is None else scale.lots(text)


def _legs(instrument: Instrument, configuration: Configuration) -> tuple[int, int] | None:
    """Market numbers of (near, far)."""
    if instrument.legs is None:
        return None
    numbers = {one.symbol: number for number, one in enumerate(configuration.instruments)}
    near, far = instrument.legs
    return numbers[near], numbers[far]


def largest_order(instrument: Instrument, multiplier: int) -> tuple[int, int]:
    """(max_price ticks, max_quantity lots). A bound that is not configured is the largest power of ten, at
    most 10**9, that keeps their product with the multiplier below 2**60 (K20)."""
    scale = market_scale(0, instrument)
    price = scale.ticks(instrument.max_price) if instrument.max_price else None
    quantity = scale.lots(instrument.max_quantity) if instrument.max_quantity else None
    if price is None:
        price = _default_bound((quantity or 1) * multiplier)
        reference = abs(_ticks(scale, instrument.reference_price, None) or 0)
        if reference:
            # A bound far above the reference leaves the room to the quantity.
            price = min(price, _power_of_ten_above(1000 * reference))
        # Prices reach as far up as down (R64).
        price = max(price, -_ticks(scale, instrument.min_price, 1))
    if quantity is None:
        quantity = _default_bound(price * multiplier)
    return price, quantity


def opening_credit(configuration: Configuration) -> Commands:
    """CREDIT records (K16) that give every trading account the configured opening credit.

    Order: accounts as configured, assets by number; `clearing_seq` 1, 2, 3...
    """
    table = assets(configuration)
    grants = sorted(
        (table[name].number, credit_units(amount, table[name]))
        for name, amount in configuration.credit.items()
    )
    commands = new_commands(len(grants) * len(configuration.accounts))
    view = commands.view(CREDIT_COMMAND)
    view["kind"] = CommandKind.CREDIT
    view["account"] = np.repeat(
        np.array([account.number for account in configuration.accounts], np.uint32), len(grants)
    )
    view["asset"] = [number for number, _ in grants] * len(configuration.accounts)
    view["delta"] = [amount for _, amount in grants] * len(configuration.accounts)
    view["clearing_seq"] = np.arange(1, len(commands) + 1)
    return commands


def credit_units(text: str, asset: Asset) -> int:
    """`"1000000.00"` -> minor or base units of the asset; ValueError if it has too many digits."""
    return rescale(*parse_decimal(text), asset.digits)


def _default_bound(rest: int) -> int:
    bound = DEFAULT_MAX
    while bound > 1 and bound * rest >= PRODUCT_LIMIT:
        bound //= 10
    return bound


def _power_of_ten_above(value: int) -> int:
    return int(10 ** len(str(value)))


def _whole_steps(unscaled: int, decimals: int, step: int, digits: int, expected: str) -> int:
    try:
        steps, rest = divmod(rescale(unscaled, decimals, digits), step)
    except ValueError as error:
        raise ValueError(expected) from error
    if rest:
        raise ValueError(expected)
    return steps


def decimal_fraction(text: str) -> Fraction:
    """The exact value of a decimal text."""
    unscaled, decimals = parse_decimal(text)
    return Fraction(unscaled, 10**decimals)


def _whole(value: Fraction) -> int:
    if value.denominator != 1:
        raise ValueError(f"Expected a whole number, was {value}")
    return value.numerator
