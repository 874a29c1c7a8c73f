"""Terms of combined commodities from the records 2, 3, 4, C, E and S (docs/span-files.md).

    2   currency, products        3 C  tiers and spreads between them     E  spreads between periods
    4   delivery months, minimum  S    tiers of scanning and of credits, weighted price risk

A commodity can have several records of a type: what does not fit on one stands on the next. What they both
say must be the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from novate.clearing.margin.span.model import AdjustedRate, Commodity, Leg, RateClass, SpotRate, Spread, Tier
from novate.clearing.margin.span.periods import HIGHEST, LOWEST, canonical, period_key, upper_key
from novate.clearing.margin.span.problems import Kind
from novate.gateway.span.positional.layout import (
    DELIVERY_MONTHS,
    LEGS_OF_C,
    LEGS_OF_E,
    PRODUCTS,
    TIERS_OF_3,
    TIERS_OF_S,
)
from novate.gateway.span.positional.records import Record, is_no_period

CLASSES = (("S", "speculators", "1", "2"), ("H", "hedgers", "3", "4"), ("M", "members", "5", "6"))
"""Account type, its word in the layouts, rate id of maintenance and of initial margin."""
RATE_CLASSES = tuple(
    RateClass(rate, "1", kind, is_maintenance)
    for kind, _, *rates in CLASSES
    for rate, is_maintenance in zip(rates, "10", strict=True)
)
PRICE_RISK = {"": "NORMAL", "1": "NORMAL", "2": "SCANRANGE_CAP", "3": "SCANRANGE"}
MINIMUMS = {"": "GROSS", "2": "GROSS", "1": "MAX"}
TABLE = "10"
"""Method of the records 3 and 4 whose tables have a published layout."""
SCANNING = {"": "", "01": "", "10": "scan", "20": "inter", "21": "scan inter", "22": "scan", "23": "inter"}
SCANNING["30"] = "minimum"
CENTURY = "20"
LAST_MONTH = "999999"


@dataclass(slots=True)
class Product:
    """A product family as record 2 names it: what is margined together, and how its arrays are scaled."""

    exchange: str
    code: str
    kind: str
    commodity: int
    place: int
    array_decimals: int


@dataclass(slots=True)
class Described:
    """All records of one combined commodity, in file order."""

    code: str
    number: int
    records: dict[str, list[Record]] = field(default_factory=dict)
    products: list[Product] = field(default_factory=list)

    def of(self, kind: str) -> list[Record]:
        """Records of a type."""
        return self.records.get(kind, [])

    def renumber(self, number: int) -> None:
        """Another place among the commodities."""
        self.number = number
        for product in self.products:
            product.commodity = number

    def same(self, kind: str, name: str) -> str:
        """A text on which all records of a type agree; blanks say nothing."""
        said = {record.text(name): record for record in reversed(self.of(kind)) if record.text(name)}
        if len(said) > 1:
            record = max(said.values(), key=lambda one: one.line)
            expected = f"the same on all records {kind.strip()} of {self.code}"
            raise record.problem(Kind.SCHEMA, name, expected, " and ".join(sorted(said)))
        return next(iter(said), "")


def described(records: Iterable[Record]) -> list[Described]:
    """The commodities as records 2 name them. SpanProblem for terms of one that none names."""
    made: dict[str, Described] = {}
    later: list[Record] = []
    for record in records:
        if record.kind != "2 ":
            later.append(record)
            continue
        code = record.required("commodity")
        one = made.setdefault(code, Described(code, len(made)))
        one.records.setdefault("2 ", []).append(record)
        _add_products(one, record)
    for record in later:
        code = record.required("commodity")
        if code not in made:
            raise record.problem(Kind.SCHEMA, "commodity", "a commodity that a record 2 names", code)
        made[code].records.setdefault(record.kind, []).append(record)
    return list(made.values())


def _add_products(one: Described, record: Record) -> None:
    for number in range(1, PRODUCTS + 1):
        code = record.text(f"product_{number}")
        if not code:
            continue
        decimals = record.signed(f"array_decimals_{number}", f"array_sign_{number}")
        exchange, kind = record.required("exchange"), record.required(f"type_{number}")
        one.products.append(Product(exchange, code, kind, one.number, len(one.products), decimals))


def require_supported(one: Described) -> None:
    """SpanProblem (unsupported) for terms whose meaning is not published or not modelled."""
    for record in one.of("2 "):
        if record.digits("risk_exponent"):
            found = str(record.digits("risk_exponent"))
            raise record.problem(Kind.UNSUPPORTED, "risk_exponent", "0 or a blank", found)
    for record in one.of("3 "):
        if record.text("method") != TABLE and any(
            not record.is_zero(f"tier_{n}_number") for n in range(1, TIERS_OF_3 + 1)
        ):
            expected = f"method {TABLE} (tiers in a table)"
            raise record.problem(Kind.UNSUPPORTED, "method", expected, repr(record.text("method")))
    for record in one.of("4 "):
        if record.text("method") != TABLE and not record.is_zero("table"):
            expected = f"method {TABLE} (delivery months in a table)"
            raise record.problem(Kind.UNSUPPORTED, "method", expected, repr(record.text("method")))
    for record in one.of("S "):
        record.one_of("method", SCANNING, "a method of 01, 10, 20, 21, 22, 23 or 30")
    for record in one.of("C "):
        if record.text("method") not in ("", TABLE):
            found = repr(record.text("method"))
            raise record.problem(Kind.UNSUPPORTED, "method", f"method {TABLE}", found)


def commodity_of(one: Described) -> Commodity:
    """The terms of one commodity."""
    scanning: dict[str, tuple[Tier, ...]] = {}
    for purpose in ("scan", "inter", "minimum"):
        mine = [record for record in one.of("S ") if purpose in SCANNING.get(record.text("method"), "")]
        scanning[purpose] = _tiers(mine, TIERS_OF_S, purpose == "minimum")
    intra = _tiers([record for record in one.of("3 ") if record.text("method") == TABLE], TIERS_OF_3, False)
    for record in one.of("2 ")[:1]:
        record.required("currency")
    said = one.same("S ", "weighted_price_risk")
    if said not in PRICE_RISK:
        one.of("S ")[0].one_of("weighted_price_risk", PRICE_RISK, "1, 2 or 3")
    minimum = one.same("4 ", "minimum_method")
    if minimum not in MINIMUMS:
        one.of("4 ")[0].one_of("minimum_method", MINIMUMS, "1, 2 or a blank")
    return Commodity(
        code=one.code,
        currency=one.same("2 ", "currency"),
        wfpr_method=PRICE_RISK[said],
        charges_spot=True,
        takes_larger_side=MINIMUMS[minimum] == "MAX",
        caps_option_value=one.same("2 ", "limit_option_value") == "Y",
        scan_tiers=scanning["scan"],
        intra_tiers=intra,
        inter_tiers=scanning["inter"],
        som_tiers=scanning["minimum"] or _minimum(one),
        spreads=(*_series_spreads(one), *_tier_spreads(one, intra)),
        spot_rates=tuple(_spot_rates(one)),
        adjusted=tuple(_adjusted(one)),
    )


def _minimum(one: Described) -> tuple[Tier, ...]:
    """One rate for all periods."""
    one.same("4 ", "short_option_minimum")
    rates = [record.number("short_option_minimum") for record in one.of("4 ")]
    return tuple(Tier("1", LOWEST, HIGHEST, rate) for rate in rates[:1] if rate is not None)


def _tiers(records: Sequence[Record], slots: int, charges: bool) -> tuple[Tier, ...]:
    made: list[Tier] = []
    for record in records:
        for slot in range(1, slots + 1):
            number = record.digits(f"tier_{slot}_number")
            if not number:
                continue
            lower = record.period(f"tier_{slot}_start", f"tier_{slot}_start_day")
            upper = record.period(f"tier_{slot}_end", f"tier_{slot}_end_day")
            rate = record.required_number(f"tier_{slot}_minimum") if charges else None
            tier = Tier(
                str(number),
                LOWEST if lower is None or is_no_period(lower) else period_key(lower),
                HIGHEST if upper is None or upper == LAST_MONTH else upper_key(upper),
                rate,
            )
            if tier.lower > tier.upper:
                expected = f"an end that is not before the start {lower}"
                raise record.problem(Kind.SCHEMA, f"tier_{slot}_end", expected, str(upper))
            if any(other.number == tier.number for other in made):
                raise record.problem(
                    Kind.SCHEMA, f"tier_{slot}_number", "every tier once", f"a second {number}"
                )
            made.append(tier)
    return tuple(made)


def _tier_spreads(one: Described, tiers: Sequence[Tier]) -> Iterable[Spread]:
    """Records C: money per spread between tiers of record 3."""
    known = {tier.number for tier in tiers}
    for record in one.of("C "):
        count = int(record.required_number("legs"))
        if not 1 <= count <= LEGS_OF_C:
            raise record.problem(Kind.UNSUPPORTED, "legs", f"1 to {LEGS_OF_C} legs", str(count))
        legs = []
        for number in range(1, count + 1):
            tier = str(int(record.required_number(f"leg_{number}_tier")))
            if tier not in known:
                expected = f"a tier of record 3 of {one.code} ({', '.join(sorted(known)) or 'there is none'})"
                raise record.problem(Kind.UNKNOWN_TIER, f"leg_{number}_tier", expected, tier)
            legs.append(Leg(one.number, True, tier, side_of(record, number), ratio_of(record, number), None))
        priority = int(record.required_number("priority"))
        yield Spread(priority, False, record.required_number("charge"), tuple(legs))


def _series_spreads(one: Described) -> Iterable[Spread]:
    """Records E: money per spread between periods; more than four legs stand on further records."""
    made: dict[int, tuple[Record, list[Leg]]] = {}
    for record in one.of("E "):
        priority = int(record.required_number("priority"))
        first, legs = made.setdefault(priority, (record, []))
        if first.required_number("charge") != record.required_number("charge"):
            found = record.text("charge")
            raise record.problem(Kind.SCHEMA, "charge", f"that of line {first.line} again", found)
        for number in range(1, LEGS_OF_E + 1):
            if record.is_zero(f"leg_{number}_month") and not record.text(f"leg_{number}_side"):
                continue
            where = _short_period(record, number)
            legs.append(
                Leg(one.number, False, where, side_of(record, number), ratio_of(record, number), None)
            )
        if not legs:
            raise record.problem(Kind.SCHEMA, "leg_1_month", "at least one leg", "blanks")
    for priority, (record, legs) in made.items():
        yield Spread(priority, False, record.required_number("charge"), tuple(legs))


def _short_period(record: Record, number: int) -> str:
    """A period as YYMM, of this century, and what of it is finer than a month."""
    name = f"leg_{number}_month"
    code = f"{CENTURY}{record.text(name)}{record.text(f'leg_{number}_rest')}"
    try:
        return canonical(code)
    except ValueError:
        expected = "a month as YYMM and up to 3 more characters"
        raise record.problem(Kind.PERIOD, name, expected, repr(code.removeprefix(CENTURY))) from None


def side_of(record: Record, number: int) -> str:
    """A or B."""
    side = record.text(f"leg_{number}_side")
    if side not in ("A", "B"):
        raise record.problem(Kind.SCHEMA, f"leg_{number}_side", "A or B", repr(side))
    return side


def ratio_of(record: Record, number: int) -> Fraction:
    """Delta per spread of a leg, above 0."""
    ratio = record.required_number(f"leg_{number}_ratio")
    if ratio <= 0:
        raise record.problem(Kind.SCHEMA, f"leg_{number}_ratio", "a ratio above 0", str(ratio))
    return ratio


def _spot_rates(one: Described) -> Iterable[SpotRate]:
    """Delivery months of method 10; there must be as many as the record says."""
    listed, zero = 0, Fraction(0)
    for record in one.of("4 "):
        if record.text("method") != TABLE:
            continue
        for number in range(1, DELIVERY_MONTHS + 1):
            period = record.period(f"month_{number}", f"day_{number}")
            if period is None or is_no_period(period):
                continue
            listed += 1
            rates = (record.number(f"{name}_rate_{number}") or zero for name in ("spread", "outright"))
            yield SpotRate(period, *rates)
    one.same("4 ", "months")
    said = [record.digits("months") for record in one.of("4 ") if record.text("method") == TABLE]
    if said and (said[0] or 0) != listed:
        raise one.of("4 ")[0].problem(Kind.SCHEMA, "months", f"{listed}, as many as are listed", str(said[0]))


def _adjusted(one: Described) -> Iterable[AdjustedRate]:
    """Factors of the account types: maintenance by record 4, initial by records 4 and 3."""
    for _, word, maintenance, initial in CLASSES:
        factor, ratio = _factor(one, "4 ", f"factor_{word}"), _factor(one, "3 ", f"ratio_{word}")
        if factor != 1:
            yield AdjustedRate(maintenance, maintenance, factor)
        if factor * ratio != 1:
            yield AdjustedRate(initial, initial, factor * ratio)


def _factor(one: Described, kind: str, name: str) -> Fraction:
    one.same(kind, name)
    for record in one.of(kind):
        found = record.number(name)
        if found is not None and found <= 0:
            raise record.problem(Kind.SCHEMA, name, "a factor above 0", record.text(name))
        if found is not None:
            return found
    return Fraction(1)
