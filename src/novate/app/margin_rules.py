"""The rules of a house for margin by history, stress and default: one TOML file, used whole or not at all.

[house]          currency = "EUR", date = 2026-03-02
[currencies]     EUR = 2, USD = 2             [rates]  USD = "0.92"     units of the house's for one of it
[method]         confidence, measure, decay, lookback_days, horizon_days, buffer, floor_days, stress_...
[add_ons]        liquidity, wrong_way, [[add_ons.concentration]] above_days, rate
[[instrument]]   code, currency, multiplier, factor, price, issuer, daily_volume, bid_ask, option = {...}
[[member]]       code, group, contribution
[[scenario]]     name, moves = {ACME = "-0.30"}, other = "0", volatility = "0.5"
[[layer]]        name, source, amount, multiple
[fund]           cover = "cover-2", minimum = "100000"
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Literal

import msgspec

from novate.app.problems import RefusedError
from novate.clearing.default.drill import LayerRule, Source
from novate.clearing.default.fund import Cover
from novate.clearing.margin.add_ons import AddOnRules, Bracket
from novate.clearing.margin.historical import HistoricalRules, Measure
from novate.clearing.margin.history import RETURN_DECIMALS, RETURN_UNIT
from novate.clearing.margin.instruments import Instrument
from novate.clearing.margin.pricing.options_kernel import CALL, PUT
from novate.clearing.margin.pricing.revaluation import OptionTerms
from novate.clearing.margin.span.numbers import exact
from novate.clearing.margin.stress import Scenario
from novate.domain.units import INT64_MAX
from novate.gateway.span.published import DAYS_OF_A_YEAR, MODELS

LONGEST_RULES = 64 * 1024 * 1024
SIDES = {"call": CALL, "put": PUT}
LONGEST_PERIOD = 36_500
LARGEST_MOVE = 100
LARGEST_STRIKE = 10**12
ZERO, ONE = Fraction(0), Fraction(1)


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A table in which an unknown key is a mistake."""


class HouseTable(_Table, frozen=True):
    """Table `house`."""

    currency: str
    date: date | None = None


class MethodTable(_Table, frozen=True):
    """Table `method`; shares are decimals in quotes."""

    confidence: str = "0.99"
    measure: Measure = Measure.EXPECTED_SHORTFALL
    decay: str = "0.97"
    lookback_days: int = 500
    horizon_days: int = 1
    stress_weight: str = "0"
    stress_first: date | None = None
    stress_last: date | None = None
    floor_days: int = 0
    buffer: str = "0"
    buffer_used: str = "0"


class BracketTable(_Table, frozen=True):
    """Table `add_ons.concentration`."""

    above_days: str
    rate: str


class AddOnsTable(_Table, frozen=True):
    """Table `add_ons`."""

    liquidity: bool = False
    wrong_way: str = "0"
    concentration: list[BracketTable] = []


class OptionTable(_Table, frozen=True):
    """Key `option` of an instrument."""

    model: Literal["black-76", "bsm", "bachelier", "binomial"]
    side: Literal["call", "put"]
    strike: float
    volatility: float
    expiry: date
    rate: float = 0.0
    carry: float = 0.0


class InstrumentTable(_Table, frozen=True):
    """Table `instrument`."""

    code: str
    currency: str
    multiplier: str = "1"
    factor: str = ""
    price: str = ""
    issuer: str = ""
    daily_volume: str = "0"
    bid_ask: str = "0"
    option: OptionTable | None = None


class MemberTable(_Table, frozen=True):
    """Table `member`."""

    code: str
    group: str = ""
    contribution: str = "0"


class ScenarioTable(_Table, frozen=True):
    """Table `scenario`: relative moves of risk factors, and of all volatilities."""

    name: str
    moves: dict[str, str] = {}
    other: str = ""
    volatility: str = "0"


class LayerTable(_Table, frozen=True):
    """Table `layer`; which keys it needs depends on `source`."""

    name: str
    source: Source
    amount: str = ""
    multiple: str = ""


class FundTable(_Table, frozen=True):
    """Table `fund`."""

    cover: Cover = Cover.COVER_2
    minimum: str = "0"


class RulesFile(_Table, frozen=True):
    """The whole file."""

    currencies: dict[str, int]
    instrument: list[InstrumentTable]
    house: HouseTable | None = None
    rates: dict[str, str] = {}
    method: MethodTable = MethodTable()
    add_ons: AddOnsTable = AddOnsTable()
    member: list[MemberTable] = []
    scenario: list[ScenarioTable] = []
    layer: list[LayerTable] = []
    fund: FundTable = FundTable()


@dataclass(frozen=True, slots=True)
class Rules:
    """A rules file that has been checked as far as it can be without the other files."""

    path: Path
    file: RulesFile
    method: HistoricalRules
    add_ons: AddOnRules
    group: Mapping[str, str]
    """Of each member; members that are not listed are a group of their own."""

    def groups_of(self, member: str) -> frozenset[str]:
        """Issuers that fail with a member: itself and the group that it is of."""
        return frozenset((member, self.group.get(member, member)))

    def house_currency(self) -> tuple[str, int]:
        """The currency that everything is added up in, and its decimals; the only one if there is one."""
        with _named(self.path):
            if self.file.house is not None:
                return self.file.house.currency, self.file.currencies[self.file.house.currency]
            if len(self.file.currencies) == 1:
                return next(iter(self.file.currencies.items()))
            raise ValueError("expected house: currency with more than one currency, was none")

    def rate_of(self, currency: str) -> Fraction:
        """Units of the house's currency for one of another."""
        with _named(self.path):
            if currency == self.house_currency()[0]:
                return ONE
            if currency not in self.file.rates:
                raise ValueError(f"rates: expected a rate of {currency}, was none")
            return exact(self.file.rates[currency])

    def instruments(self, last: Mapping[str, Fraction]) -> list[Instrument]:
        """What can be held, priced by the file or else by the last prices of the history."""
        with _named(self.path):
            return [_instrument(self.file, one, last) for one in self.file.instrument]


def read_rules(path: Path) -> Rules:
    """The rules of a file. RefusedError, naming file and key, for one that is none."""
    if path.is_dir() or not path.exists():
        found = "a directory" if path.is_dir() else "nothing: there is no such file"
        raise RefusedError(f"{path}: expected a TOML file with the rules, was {found}")
    if path.stat().st_size > LONGEST_RULES:
        raise RefusedError(f"{path}: expected at most {LONGEST_RULES:,} bytes, was more")
    with _named(path):
        file = msgspec.toml.decode(path.read_bytes(), type=RulesFile)
        _check(file)
        group = {one.code: one.group or one.code for one in file.member}
        return Rules(path, file, _method(file.method), _add_ons(file.add_ons), group)


def scenarios_of(rules: Rules, instruments: Sequence[Instrument]) -> list[Scenario]:
    """The declared scenarios. RefusedError for one that names no factor of these instruments."""
    with _named(rules.path):
        if not rules.file.scenario:
            raise ValueError("expected at least one table scenario, was none")
        names = {one.code for one in instruments} | {one.factor for one in instruments}
        return [_scenario(one, names, instruments) for one in rules.file.scenario]


def layer_rules(rules: Rules, decimals: int) -> list[LayerRule]:
    """The declared layers in their order."""
    with _named(rules.path):
        return [_layer(one, decimals) for one in rules.file.layer]


class _named:  # noqa: N801 - reads as a word after `with`
    """Names the file in whatever is wrong with it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RecursionError):
            raise RefusedError(f"{self.path}: expected TOML of a few levels, was deeper") from None
        if isinstance(error, (msgspec.MsgspecError, ValueError, OverflowError)):
            raise RefusedError(f"{self.path}: {' '.join(str(error).split())}") from error


def _check(file: RulesFile) -> None:
    for currency, decimals in file.currencies.items():
        if not 0 <= decimals <= 9:
            raise ValueError(f"currencies: expected decimals of 0..9, was {currency} = {decimals}")
    if file.house is not None:
        known(file.house.currency, file.currencies, "house: currency")
    for currency, rate in file.rates.items():
        known(currency, file.currencies, "rates")
        share(rate, f"rates: {currency}", highest=None, above=True)
    _once((one.code for one in file.instrument), "instrument")
    _once((one.code for one in file.member), "member")
    _once((one.name for one in file.scenario), "scenario")
    _once((one.name for one in file.layer), "layer")


def _method(one: MethodTable) -> HistoricalRules:
    confidence = share(one.confidence, "method: confidence")
    if not Fraction(1, 2) <= confidence < 1:
        raise ValueError(f"method: confidence: expected a share of 0.5 to below 1, was {one.confidence}")
    for name in ("lookback_days", "horizon_days"):
        if not 1 <= getattr(one, name) <= LONGEST_PERIOD:
            raise ValueError(f"method: {name}: expected 1..{LONGEST_PERIOD}, was {getattr(one, name)}")
    if not 0 <= one.floor_days <= LONGEST_PERIOD:
        raise ValueError(f"method: floor_days: expected 0..{LONGEST_PERIOD}, was {one.floor_days}")
    weight = share(one.stress_weight, "method: stress_weight")
    first, last = one.stress_first, one.stress_last
    if weight and (first is None or last is None or last < first):
        raise ValueError("method: expected stress_first to stress_last with a stress_weight, was no period")
    return HistoricalRules(
        confidence=confidence,
        measure=one.measure,
        decay=share(one.decay, "method: decay", above=True),
        lookback_days=one.lookback_days,
        horizon_days=one.horizon_days,
        stress_weight=weight,
        stress_first=first.isoformat() if first else "",
        stress_last=last.isoformat() if last else "",
        floor_days=one.floor_days,
        buffer=share(one.buffer, "method: buffer"),
        buffer_used=share(one.buffer_used, "method: buffer_used"),
    )


def _add_ons(one: AddOnsTable) -> AddOnRules:
    brackets: list[Bracket] = []
    for at, bracket in enumerate(one.concentration):
        place = f"add_ons: concentration {at + 1}"
        above = share(bracket.above_days, f"{place}: above_days", highest=None)
        if brackets and above <= brackets[-1].above_days:
            raise ValueError(f"{place}: expected above_days that ascend, was {bracket.above_days}")
        brackets.append(Bracket(above, share(bracket.rate, f"{place}: rate")))
    return AddOnRules(tuple(brackets), one.liquidity, share(one.wrong_way, "add_ons: wrong_way"))


def _instrument(file: RulesFile, one: InstrumentTable, last: Mapping[str, Fraction]) -> Instrument:
    place = f"instrument {one.code}"
    known(one.currency, file.currencies, f"{place}: currency")
    factor = one.factor or one.code
    if one.price:
        price = share(one.price, f"{place}: price", highest=None, above=True)
    elif factor in last:
        price = last[factor]
    else:
        raise ValueError(
            f"{place}: expected a price, or one of factor {factor} in the history (--prices), was neither"
        )
    return Instrument(
        code=one.code,
        currency=one.currency,
        decimals=file.currencies[one.currency],
        factor=factor,
        price=price,
        multiplier=share(one.multiplier, f"{place}: multiplier", highest=None, above=True),
        option=_option(file, one.option, place) if one.option is not None else None,
        issuer=one.issuer,
        daily_volume=share(one.daily_volume, f"{place}: daily_volume", highest=None),
        bid_ask=share(one.bid_ask, f"{place}: bid_ask", highest=None),
    )


def _option(file: RulesFile, one: OptionTable, place: str) -> OptionTerms:
    if file.house is None or file.house.date is None:
        raise ValueError(f"{place}: expected house: date, from which its expiry counts, was none")
    days = (one.expiry - file.house.date).days
    if days < 0:
        raise ValueError(f"{place}: expected an expiry from {file.house.date} on, was {one.expiry}")
    if not abs(one.strike) <= LARGEST_STRIKE:
        raise ValueError(f"{place}: expected a strike of at most {LARGEST_STRIKE:,}, was {one.strike}")
    if not 0 <= one.volatility <= 1000 or not -1 <= one.rate <= 1 or not -1 <= one.carry <= 1:
        found = f"{one.volatility}, {one.rate} and {one.carry}"
        raise ValueError(f"{place}: expected a volatility of 0..1000, rate and carry of -1..1, was {found}")
    years = max(days, 1) / DAYS_OF_A_YEAR
    model, side = MODELS[one.model], SIDES[one.side]
    return OptionTerms(model, side, one.strike, one.volatility, years, one.rate, one.carry)


def _scenario(one: ScenarioTable, names: set[str], instruments: Sequence[Instrument]) -> Scenario:
    place = f"scenario {one.name}"
    moves = {}
    for name, text in one.moves.items():
        known(name, sorted(names), f"{place}: moves")
        moves[name] = move_of(text, f"{place}: {name}")
    if not one.other:
        missed = [each.code for each in instruments if each.code not in moves and each.factor not in moves]
        if missed:
            expected = "a move of every instrument, or other"
            raise ValueError(f"{place}: expected {expected}, was none of {', '.join(missed[:20])}")
    other = move_of(one.other, f"{place}: other") if one.other else 0
    return Scenario(one.name, moves, other, move_of(one.volatility, f"{place}: volatility"))


def _layer(one: LayerTable, decimals: int) -> LayerRule:
    place, source = f"layer {one.name}", one.source
    if bool(one.amount) != (source is Source.HOUSE):
        raise ValueError(f"{place}: expected an amount exactly with source house, was {one.amount or 'none'}")
    if one.multiple and source not in (Source.ASSESSMENT, Source.GAINS):
        raise ValueError(f"{place}: expected a multiple with source assessment or gains, was {one.source}")
    highest = ONE if source is Source.GAINS else None
    multiple = share(one.multiple, f"{place}: multiple", highest) if one.multiple else ONE
    amount = amount_of(one.amount, decimals, f"{place}: amount") if one.amount else 0
    return LayerRule(one.name, source, amount, multiple)


def amount_of(text: str, decimals: int, place: str) -> int:
    """An amount of at least 0 in minor units; ValueError for more decimals than the currency has."""
    units = share(text, place, highest=None) * 10**decimals
    if units.denominator != 1 or units > INT64_MAX:
        raise ValueError(f"{place}: expected an amount with at most {decimals} decimals, was {text}")
    return int(units)


def move_of(text: str, place: str) -> int:
    """A relative move of -1 to 100 in 10**-12."""
    try:
        value = exact(text)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    units = value * RETURN_UNIT
    if not -1 <= value <= LARGEST_MOVE or units.denominator != 1:
        expected = f"a move of -1 to {LARGEST_MOVE} with at most {RETURN_DECIMALS} decimals"
        raise ValueError(f"{place}: expected {expected}, was {text}")
    return int(units)


def share(text: str, place: str, highest: Fraction | None = ONE, above: bool = False) -> Fraction:
    """A decimal of 0 (or above it) to `highest`; ValueError with its place for anything else."""
    try:
        value = exact(text)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    if value < 0 or (above and value == 0) or (highest is not None and value > highest):
        low = "above 0" if above else "of at least 0"
        high = "" if highest is None else f" and at most {highest}"
        raise ValueError(f"{place}: expected a number {low}{high}, was {text}")
    return value


def known(name: str, names: Iterable[str], place: str) -> None:
    """ValueError, with those that there are, for a name that is none of them."""
    listed = list(names)
    if name not in listed:
        raise ValueError(f"{place}: expected one of {', '.join(listed[:20])}, was {name}")


def _once(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not name or not name.isprintable():
            raise ValueError(f"{what}: expected a name, was {name!r}")
        if name in seen:
            raise ValueError(f"{what}: expected each name once, was {name} twice")
        seen.add(name)
