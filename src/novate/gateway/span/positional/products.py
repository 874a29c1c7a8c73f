"""Families, series and contracts from records 2, P and B and the risk arrays (docs/span-files.md).

    2  product -> commodity, decimals of its arrays       P  decimals of prices and strikes, value factor
    B  series  -> delta scaling, price scan range          8x -> rows: strike, price, delta, 16 values

What cannot be read for certain is left out and listed, so that holding it is an unknown contract.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.model import ContractKind, Contracts, Family, Scaled, Series, Side
from novate.clearing.margin.span.periods import PHYSICAL, canonical, period_key
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.gateway.span.columns import DecimalColumn
from novate.gateway.span.duplicates import first_repeated
from novate.gateway.span.positional.records import LARGEST_EXPONENT, Record, is_no_period
from novate.gateway.span.positional.terms import Described, Product
from novate.gateway.span.products import decimal_digits

KINDS = {kind.name: kind for kind in ContractKind}
RIGHTS = {ord("C"): Side.CALL, ord("P"): Side.PUT}
FUTURES_STYLE = ("FUT", "FUTDA")
VALUATIONS = ("", "EQTY", *FUTURES_STYLE)
"""Of options; what another one means for a premium is not published."""
VALUE_DECIMALS, DELTA_DECIMALS = 7, 4
Name = tuple[str, str, str]
"""Exchange, code and type of a product."""
Key = tuple[Name, str, str]
"""A product, the period of its future, the period of its option."""


class Decimal(NamedTuple):
    """A number as digits and how many of them stand behind the point, which may be negative."""

    units: int
    decimals: int


@dataclass(slots=True)
class Quoted:
    """Record P: how a product's numbers are written."""

    price_decimals: int | None
    """None where prices are aligned in a way that is not published."""
    strike_decimals: int | None
    factor: Decimal
    valuation: str


@dataclass(slots=True)
class Scanned:
    """Record B: how a future or a series of options counts."""

    scaling: Fraction | None
    scan_range: Fraction | None
    percent: Fraction | None
    factor: Decimal | None


def quoted(records: Iterable[Record]) -> dict[Name, Quoted]:
    """The products by name. SpanProblem for a second record P of one."""
    made: dict[Name, Quoted] = {}
    for record in records:
        name = _name(record)
        if name in made:
            raise record.problem(
                Kind.SCHEMA, "product", "one record P a product", f"a second {' '.join(name)}"
            )
        made[name] = Quoted(
            price_decimals=None if record.text("price_alignment") else locator(record, "price_decimals"),
            strike_decimals=None if record.text("strike_alignment") else locator(record, "strike_decimals"),
            factor=_factor(record) or Decimal(1, 0),
            valuation=record.text("valuation"),
        )
    return made


def locator(record: Record, name: str) -> int:
    """Digits behind the point as three characters, the first a minus where there are fewer than none."""
    text = record.text(name)
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and int(digits) <= LARGEST_EXPONENT):
        expected = f"3 digits, or - and 2, at most {LARGEST_EXPONENT}"
        raise record.problem(Kind.NUMBER, name, expected, repr(text))
    return -int(digits) if text.startswith("-") else int(digits)


def _factor(record: Record) -> Decimal | None:
    """A contract value factor and its exponent; None where it is blank or zero."""
    units = record.digits("value_factor")
    exponent = record.signed("value_factor_exponent", "value_factor_exponent_sign")
    return Decimal(units, VALUE_DECIMALS - exponent) if units else None


def scanned(records: Iterable[Record]) -> dict[Key, Scanned]:
    """Futures and series by their key; the last record of one counts if all say the same."""
    made: dict[Key, Scanned] = {}
    for record in records:
        future = record.period("future_month", "future_day") or PHYSICAL
        option = record.period("option_month", "option_day") or PHYSICAL
        key = normal(_name(record), future, option)
        if key[0][2] not in KINDS:
            continue
        scaling = record.number("delta_scaling")
        if scaling is not None and scaling <= 0:
            raise record.problem(
                Kind.SCHEMA, "delta_scaling", "a factor above 0", record.text("delta_scaling")
            )
        size = record.digits("price_scan_range")
        exponent = record.signed("scan_range_exponent", "scan_range_exponent_sign")
        found = None if size is None else Fraction(size) * Fraction(10) ** exponent
        is_percent = record.text("scan_range_quotation") == "P"
        one = Scanned(scaling, None if is_percent else found, found if is_percent else None, _factor(record))
        if made.setdefault(key, one) != one:
            raise record.problem(
                Kind.SCHEMA, "product", "the same on all records B of a contract", "something else"
            )
    return made


def _name(record: Record) -> Name:
    return record.required("exchange"), record.required("product"), record.required("type")


@dataclass(slots=True)
class Built:
    """What the model needs of products and contracts, and what was left out."""

    families: tuple[Family, ...]
    series: tuple[Series, ...]
    periods: tuple[str, ...]
    contracts: Contracts
    arrays: Scaled
    left_out: dict[str, int] = field(default_factory=dict)
    """Why -> contracts."""


class Builder:
    """Puts families, series and contracts together."""

    def __init__(
        self,
        described: Sequence[Described],
        prices: dict[Name, Quoted],
        scans: dict[Key, Scanned],
        series: list[bytes],
        columns: dict[str, npt.NDArray[Any]],
    ) -> None:
        self.prices, self.scans = prices, scans
        self.left_out: dict[str, int] = {}
        self.styles = [one.same("2 ", "option_style") for one in described]
        self.listed = _listed(described)
        lines = _first_lines(columns, len(series))
        self.keys = [_key(name, line) for name, line in zip(series, lines, strict=True)]
        self.columns = self._kept(columns)
        self.families: list[Family] = []
        self.family_of = self._list_families()
        codes = {code for key in self.keys for code in _periods(key)}
        self.periods = tuple(sorted(codes, key=period_key))
        self.place = {code: number for number, code in enumerate(self.periods)}
        self.series: list[Series] = []

    def built(self, negative_strikes: bool) -> Built:
        """Everything. SpanProblem at the first contract that breaks a rule."""
        row_series, series_of = self.columns.get("series", np.empty(0, np.int32)), self._list_series()
        family = np.array([self.family_of.get(key[0], -1) for key in self.keys] or [0], np.int32)[row_series]
        period = np.array([self.place[_own(key)] for key in self.keys] or [0], np.int32)[row_series]
        series = np.array(series_of or [0], np.int32)[row_series]
        scaling, scan_range, has_range = self._of_series(row_series)
        contracts = Contracts(
            family=family,
            series=series,
            period=period,
            side=self._sides(series >= 0),
            strike=self._strikes(series >= 0),
            price=self._prices(),
            has_price=self._has_price(),
            factor=self._factors(),
            scaling=scaling,
            delta=Scaled(self._column("delta"), DELTA_DECIMALS),
            scan_range=scan_range,
            has_scan_range=has_range & (series < 0),
            array=np.arange(len(row_series), dtype=np.int32),
        )
        self._check(contracts, negative_strikes)
        return Built(
            tuple(self.families), tuple(self.series), self.periods, contracts, self._arrays(), self.left_out
        )

    def _kept(self, columns: dict[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
        """The rows of contracts that can be read."""
        if not columns:
            return columns
        reasons = [self._reason(key) for key in self.keys]
        counts = np.bincount(columns["series"], minlength=len(reasons)).tolist()
        for reason, count in zip(reasons, counts, strict=True):
            if reason:
                self.left_out[reason] = self.left_out.get(reason, 0) + count
        keep = np.array([not reason for reason in reasons], np.bool_)[columns["series"]]
        return columns if keep.all() else {name: column[keep] for name, column in columns.items()}

    def _reason(self, key: Key) -> str:
        """Why contracts of a series are left out; empty where they are not."""
        exchange, code, kind = key[0]
        title = f"{exchange} {kind} {code}"
        if kind not in KINDS:
            return f"{title}: type {kind} is not modelled"
        if KINDS[kind] not in (ContractKind.OOF, ContractKind.OOP):
            return ""
        if key[0] not in self.prices:
            return f"{title}: no record P says the decimals of its strikes"
        if self.prices[key[0]].strike_decimals is None:
            return f"{title}: its strikes have an alignment code, whose meaning is not published"
        if self.prices[key[0]].valuation not in VALUATIONS:
            return f"{title}: its valuation is {self.prices[key[0]].valuation}"
        return ""

    def _list_families(self) -> dict[Name, int]:
        """Families in the order of records 2, then those that no commodity has."""
        names = [*self.listed, *(key[0] for key in self.keys)]
        made: dict[Name, int] = {}
        for name in names:
            exchange, code, kind = name
            if kind not in KINDS or name in made:
                continue
            made[name] = len(self.families)
            product = self.listed.get(name)
            self.families.append(
                Family(
                    exchange=exchange,
                    identifier=str(len(self.families) + 1),
                    code=code,
                    kind=KINDS[kind],
                    commodity=-1 if product is None else product.commodity,
                    link=-1 if product is None else product.place,
                    scaling=Fraction(1),
                    is_premium_style=self._is_premium(name, product),
                )
            )
        return made

    def _is_premium(self, name: Name, product: Product | None) -> bool:
        """Whether an option is paid for when traded: record P says so, else record 2; both blank: yes."""
        if KINDS[name[2]] not in (ContractKind.OOF, ContractKind.OOP):
            return False
        own = self.prices[name].valuation if name in self.prices else ""
        if own:
            return own not in FUTURES_STYLE
        return product is None or self.styles[product.commodity] != "F"

    def _list_series(self) -> list[int]:
        """The number of each key's series, -1 for futures and physicals."""
        numbers = []
        for key in self.keys:
            name, future, _ = key
            kind = KINDS.get(name[2])
            if kind not in (ContractKind.OOF, ContractKind.OOP):
                numbers.append(-1)
                continue
            scan = self.scans.get(key)
            underlying = self.place[future] if kind is ContractKind.OOF else -1
            scaling = Fraction(1) if scan is None or scan.scaling is None else scan.scaling
            numbers.append(len(self.series))
            self.series.append(
                Series(
                    family=self.family_of[name],
                    period=self.place[_own(key)],
                    underlying=underlying,
                    scan_range=None if scan is None else scan.scan_range,
                    scaling=scaling,
                )
            )
        return numbers

    def _of_series(self, row_series: npt.NDArray[np.int32]) -> tuple[Scaled, Scaled, npt.NDArray[np.bool_]]:
        """Delta scaling, price scan range and whether there is one, by row."""
        scaling, scan_range = DecimalColumn(len(row_series)), DecimalColumn(len(row_series))
        has_range = np.zeros(len(row_series), np.bool_)
        scalings, ranges = DecimalColumn(len(self.keys)), DecimalColumn(len(self.keys))
        present = np.zeros(len(self.keys) + 1, np.bool_)
        for number, key in enumerate(self.keys):
            scan = self.scans.get(key)
            scalings.put(number, *decimal_digits((scan.scaling if scan else None) or Fraction(1)))
            if scan is not None and scan.scan_range is not None:
                present[number] = True
                ranges.put(number, *decimal_digits(scan.scan_range))
        scaling.units, scaling.decimals = scalings.units[row_series], scalings.decimals[row_series]
        scan_range.units, scan_range.decimals = ranges.units[row_series], ranges.decimals[row_series]
        has_range = present[row_series]
        self._percentages(row_series, scan_range, has_range)
        return scaling.finished(), scan_range.finished(), has_range

    def _percentages(
        self, row_series: npt.NDArray[np.int32], ranges: DecimalColumn, has_range: npt.NDArray[np.bool_]
    ) -> None:
        """Ranges in percent of a contract's value; only futures and physicals have a value that is meant."""
        wanted = [number for number, key in enumerate(self.keys) if self._percent(key) is not None]
        if not wanted:
            return
        prices, factors, has_price = self._prices(), self._factors(), self._has_price()
        for row in np.flatnonzero(np.isin(row_series, wanted)).tolist():
            percent = self._percent(self.keys[row_series[row]])
            if percent is not None and has_price[row]:
                value = percent / 100 * prices.value(row) * factors.value(row)
                ranges.put(row, *decimal_digits(value))
                has_range[row] = True

    def _percent(self, key: Key) -> Fraction | None:
        scan = self.scans.get(key)
        is_option = KINDS.get(key[0][2]) in (ContractKind.OOF, ContractKind.OOP)
        return None if scan is None or is_option else scan.percent

    def _column(self, name: str) -> npt.NDArray[Any]:
        return self.columns[name] if name in self.columns else np.empty(0, np.int64)

    def _sides(self, is_option: npt.NDArray[np.bool_]) -> npt.NDArray[np.int8]:
        side, right = np.zeros(len(is_option), np.int8), self._column("right")
        for letter, name in RIGHTS.items():
            side[right == letter] = name
        wrong = np.flatnonzero(is_option & (side == Side.NONE))
        if len(wrong):
            found = repr(chr(int(right[wrong[0]])))
            raise self._problem(int(wrong[0]), Kind.SCHEMA, "C or P as right of an option (byte 29)", found)
        side[~is_option] = Side.NONE
        return side

    def _strikes(self, is_option: npt.NDArray[np.bool_]) -> Scaled:
        decimals = [one.strike_decimals if one else None for one in self._quotes()]
        return self._located(np.where(is_option, self._column("strike"), 0), decimals)

    def _prices(self) -> Scaled:
        return self._located(
            np.where(self._has_price(), self._column("price"), 0),
            [one.price_decimals if one else None for one in self._quotes()],
        )

    def _has_price(self) -> npt.NDArray[np.bool_]:
        known = np.array([one is not None and one.price_decimals is not None for one in self._quotes()])
        if not len(self._column("price")):
            return np.zeros(0, np.bool_)
        return np.asarray(self._column("has_price") & known[self._column("series")], np.bool_)

    def _quotes(self) -> list[Quoted | None]:
        """Record P of every series, None where there is none."""
        return [self.prices.get(key[0]) for key in self.keys]

    def _located(self, units: npt.NDArray[np.int64], decimals: list[int | None]) -> Scaled:
        """Numbers whose decimals are those of their series."""
        column = DecimalColumn(0)
        places = np.array([one or 0 for one in decimals] or [0], np.int16)[self._rows()]
        _fill(column, units, places)
        return column.finished()

    def _rows(self) -> npt.NDArray[np.int64]:
        return self._column("series").astype(np.int64)

    def _factors(self) -> Scaled:
        """Value of one price unit: of the contract, else of record B, else of record P, else 1."""
        by_key = []
        for key in self.keys:
            scan, quote = self.scans.get(key), self.prices.get(key[0])
            own = scan.factor if scan is not None else None
            by_key.append(own or (quote.factor if quote is not None else Decimal(1, 0)))
        units = np.array([one.units for one in by_key] or [0], np.int64)[self._rows()]
        places = np.array([one.decimals for one in by_key] or [0], np.int16)[self._rows()]
        special = self._column("factor")
        units = np.where(special > 0, special, units)
        places = np.where(special > 0, VALUE_DECIMALS - self._column("exponent"), places)
        column = DecimalColumn(0)
        _fill(column, units, places)
        return column.finished()

    def _arrays(self) -> Scaled:
        decimals = [self.listed[key[0]].array_decimals if key[0] in self.listed else 0 for key in self.keys]
        values = self._column("values")
        column = DecimalColumn(0)
        width = values.shape[1] if values.ndim == 2 else 1
        places = np.repeat(np.array(decimals or [0], np.int16)[self._rows()], width)
        _fill(column, values.ravel(), places)
        made = column.finished()
        return Scaled(made.units.reshape(-1, 16), made.decimals)

    def _check(self, contracts: Contracts, negative_strikes: bool) -> None:
        below = np.flatnonzero(contracts.strike.units < 0)
        if len(below) and not negative_strikes:
            found = str(contracts.strike.value(int(below[0])))
            raise self._problem(int(below[0]), Kind.BAD_STRIKE, "a strike of 0 or more", found)
        second = first_repeated(contracts, self.families)
        if second is not None:
            raise self._problem(second, Kind.DUPLICATE_CONTRACT, "every contract once", "a second one")

    def _problem(self, row: int, kind: Kind, expected: str, found: str) -> SpanProblem:
        (exchange, code, product), _, _ = self.keys[int(self._column("series")[row])]
        place = f"line {int(self._column('line')[row])}: {exchange} {product} {code}"
        return SpanProblem(kind, place, expected, found)


def _fill(column: DecimalColumn, units: npt.NDArray[Any], places: npt.NDArray[Any]) -> None:
    """Units and decimals by row; where decimals are negative the units grow instead."""
    if len(places) and int(places.min()) < 0:
        below = np.minimum(places, 0).astype(np.int64)
        exact = [
            value * 10 ** -int(power) for value, power in zip(units.tolist(), below.tolist(), strict=True)
        ]
        column.units, column.decimals = np.zeros(len(exact), np.int64), np.maximum(places, 0).astype(np.int16)
        for row, value in enumerate(exact):
            column.put(row, value, int(column.decimals[row]))
        return
    column.units, column.decimals = units.astype(np.int64), places.astype(np.int16)


def _listed(described: Sequence[Described]) -> dict[Name, Product]:
    made: dict[Name, Product] = {}
    for one in described:
        for product in one.products:
            name = (product.exchange, product.code, product.kind)
            if name in made and made[name].commodity != product.commodity:
                record = one.of("2 ")[-1]
                found = f"{' '.join(name)} in two"
                raise record.problem(Kind.UNSUPPORTED, "commodity", "a product in one commodity", found)
            made.setdefault(name, product)
    return made


def _first_lines(columns: dict[str, npt.NDArray[Any]], count: int) -> list[int]:
    """The line of the first contract of each series."""
    if not columns:
        return []
    lines = np.full(count, np.iinfo(np.int64).max, np.int64)
    np.minimum.at(lines, columns["series"], columns["line"])
    return [int(line) for line in lines]


def _key(name: bytes, line: int) -> Key:
    """A series from its bytes: 3 exchange, 10 code, 3 type, 8 period of the future, 8 of the option."""
    text = name.decode("latin-1").ljust(32)
    exchange, code, kind = text[:3].strip(), text[3:13].strip(), text[13:16].strip()
    future = _period(text[16:24], line, "future (bytes 30-37)")
    option = _period(text[24:32], line, "option (bytes 39-46)")
    own = option if kind in ("OOF", "OOP") else future
    if kind in KINDS and kind != "PHY" and is_no_period(own):
        place = f"line {line}: {exchange} {kind} {code}"
        raise SpanProblem(Kind.PERIOD, place, "a contract month", "blanks or zeros")
    if kind == "OOF" and is_no_period(future):
        place = f"line {line}: {exchange} {kind} {code}"
        raise SpanProblem(Kind.UNKNOWN_UNDERLYING, place, "the month of its future (bytes 30-35)", "none")
    return normal((exchange, code, kind), future, option)


def normal(name: Name, future: str, option: str) -> Key:
    """The key without a period that its type does not have."""
    if name[2] in ("OOF", "OOP"):
        return name, (future if name[2] == "OOF" else PHYSICAL), option
    return name, future, PHYSICAL


def _period(text: str, line: int, what: str) -> str:
    code = text.strip()
    try:
        return canonical(code) if code else PHYSICAL
    except ValueError:
        expected = f"a period of the {what}: 6 digits, up to 3 more characters"
        raise SpanProblem(Kind.PERIOD, f"line {line}", expected, repr(code)) from None


def _periods(key: Key) -> tuple[str, ...]:
    """The periods that a contract has: its own, and that of the future under an option."""
    return (_own(key), key[1]) if key[0][2] == "OOF" else (_own(key),)


def _own(key: Key) -> str:
    """The period that a position names."""
    (_, _, kind), future, option = key
    return option if kind in ("OOF", "OOP") else future
