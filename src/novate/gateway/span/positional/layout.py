"""Where the fields of each record stand: bytes counted from 1, both ends included (docs/span-files.md).

    81CBT06        06        FUT 202507            0000000 00000+...
    ^ ^  ^         ^         ^   ^
    1 3  6         16        26  30       a field: its name, its bytes, its digits behind the point

Source: the public layouts of the expanded unpacked format (file format U2) of the house that invented SPAN.
Only fields that margin depends on are here; a field that a short line does not reach is blank.
"""

from __future__ import annotations

from typing import NamedTuple


class Field(NamedTuple):
    """A field of a record; `decimals` digits of a number stand behind the point."""

    name: str
    first: int
    last: int
    decimals: int = 0

    @property
    def place(self) -> str:
        """How messages call it."""
        bytes_ = f"byte {self.first}" if self.first == self.last else f"bytes {self.first}-{self.last}"
        return f"{self.name.replace('_', ' ')}, {bytes_}"


Layout = dict[str, Field]


def _layout(text: str) -> Layout:
    """`name:first-last` or `name:first-last.decimals`, one behind the other."""
    made = {}
    for word in text.split():
        name, _, place = word.partition(":")
        span, _, decimals = place.partition(".")
        first, _, last = span.partition("-")
        made[name] = Field(name, int(first), int(last or first), int(decimals or 0))
    return made


def _numbered(count: int, start: int, step: int, *parts: tuple[str, int, int]) -> str:
    """The same parts `count` times, each `step` bytes behind the one before: `tier_1_number:11-12 ...`."""
    words = []
    for number in range(count):
        for name, offset, length in parts:
            first = start + number * step + offset
            words.append(f"{name.format(number + 1)}:{first}-{first + length - 1}")
    return " ".join(words)


TIERS_OF_3, TIERS_OF_S = 4, 5
PRODUCTS, LEGS_OF_C, LEGS_OF_E, LEGS_OF_6 = 6, 8, 4, 4
DELIVERY_MONTHS = 2
_TIER = (("tier_{0}_number", 0, 2), ("tier_{0}_start", 2, 6), ("tier_{0}_end", 8, 6))
_DAYS = (("tier_{0}_start_day", 0, 2), ("tier_{0}_end_day", 2, 2))

LAYOUTS: dict[str, Layout] = {
    "0 ": _layout(
        "complex:3-8 business_date:9-16 settlement_flag:17 file_identifier:18-19 business_time:20-23 "
        "creation_date:24-31 creation_time:32-35 file_format:36-37 function:40-44 customer:53-57 "
        "account_type:61-65 bond_class:69-73 maintenance:77-81"
    ),
    "1 ": _layout("exchange:3-5 exchange_code:8-9"),
    "2 ": _layout(
        "exchange:3-5 commodity:7-12 risk_exponent:13 currency:14-16 option_style:18 limit_option_value:19 "
        + _numbered(
            PRODUCTS,
            23,
            16,
            ("product_{0}", 0, 10),
            ("type_{0}", 10, 3),
            ("array_decimals_{0}", 13, 1),
            ("array_sign_{0}", 14, 1),
        )
    ),
    "3 ": _layout(
        "commodity:3-8 method:9-10 "
        + _numbered(TIERS_OF_3, 11, 14, *_TIER)
        + " ratio_members:69-72.3 ratio_hedgers:73-76.3 ratio_speculators:77-80.3 "
        + _numbered(TIERS_OF_3, 81, 4, *_DAYS)
    ),
    "4 ": _layout(
        "commodity:3-8 method:9-10 months:11-12 table:11-62 month_1:15-20 spread_rate_1:21-27 "
        "outright_rate_1:28-34 month_2:37-42 spread_rate_2:43-49 outright_rate_2:50-56 day_1:57-58 "
        "day_2:59-60 short_option_minimum:63-69 factor_members:70-72.2 factor_hedgers:73-75.2 "
        "factor_speculators:76-78.2 "
        "minimum_method:79"
    ),
    "B ": _layout(
        "exchange:3-5 product:6-15 type:16-18 future_month:19-24 future_day:25-26 option_month:28-33 "
        "option_day:34-35 price_scan_range:53-57 delta_scaling:86-91.4 value_factor:129-142.7 "
        "value_factor_exponent:143-144 value_factor_exponent_sign:145 scan_range_quotation:165 "
        "scan_range_exponent:166-167 scan_range_exponent_sign:168"
    ),
    "C ": _layout(
        "commodity:3-8 method:9-10 priority:11-12 legs:13-14 charge:15-21 "
        + _numbered(LEGS_OF_C, 22, 7, ("leg_{0}_tier", 2, 2), ("leg_{0}_ratio", 4, 2), ("leg_{0}_side", 6, 1))
    ),
    "E ": _layout(
        "commodity:3-8 priority:9-13 charge:14-20 "
        + _numbered(
            LEGS_OF_E, 21, 14, ("leg_{0}_month", 0, 4), ("leg_{0}_rest", 4, 3), ("leg_{0}_side", 13, 1)
        )
        + " leg_1_ratio:28-33.4 leg_2_ratio:42-47.4 leg_3_ratio:56-61.4 leg_4_ratio:70-75.4"
    ),
    "P ": _layout(
        "exchange:3-5 product:6-15 type:16-18 price_decimals:34-36 strike_decimals:37-39 price_alignment:40 "
        "strike_alignment:41 value_factor:42-55.7 value_factor_exponent_sign:73 value_factor_exponent:74-75 "
        "valuation:117-121"
    ),
    "S ": _layout(
        "commodity:3-8 method:9-10 "
        + _numbered(TIERS_OF_S, 13, 14, *_TIER)
        + " weighted_price_risk:83 "
        + _numbered(TIERS_OF_S, 84, 4, *_DAYS)
        + " "
        + _numbered(TIERS_OF_S, 104, 7, ("tier_{0}_minimum", 0, 7))
    ),
    "6 ": _layout(
        "group:3-5 priority:6-9 rate:10-16.4 "
        + _numbered(
            LEGS_OF_6,
            17,
            18,
            ("leg_{0}_commodity", 4, 6),
            ("leg_{0}_side", 17, 1),
        )
        + " leg_1_ratio:27-33.4 leg_2_ratio:45-51.4 leg_3_ratio:63-69.4 leg_4_ratio:81-87.4 method:89-90 "
        "credit_method:101 leg_1_tier:102-103 leg_2_tier:104-105 leg_3_tier:106-107 leg_4_tier:108-109 "
        "group_flag:110 separate_rates:122 leg_1_rate:123-129.4 leg_2_rate:130-136.4 leg_3_rate:137-143.4 "
        "leg_4_rate:144-150.4 regulatory_status:151"
    ),
}
"""By record type: two bytes. The pairs of risk arrays (81 82, 83 84) are in `arrays`: there are many."""
WITHOUT_EFFECT = {
    "5 ": "groups of commodities",
    "T ": "currency rates",
    "V ": "value maintenance",
    "R ": "other codes of products",
    "X ": "combination methods",
    "Y ": "options on combinations",
    "Z ": "legs of combinations",
    "91": "debt securities",
    "92": "debt securities",
}
"""Record types that are known and that no margin of the contracts read here depends on."""
ARRAYS = ("81", "82", "83", "84")
