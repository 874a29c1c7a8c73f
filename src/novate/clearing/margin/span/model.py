"""What a parameter file says, as data: terms of the combined commodities, and contracts as columns.

    ParameterFile
      facts, currencies, rate classes, pairs of scenarios
      commodities   CC: currency, methods, tiers, spreads, spot rates, ratios
      inter_spreads across commodities, in order of priority
      families      (exchange, code, kind): their CC and scaling factor
      series        of options: period, underlying's period, price scan range
      contracts     N columns, one row per contract in file order
                      family  series  period  side  strike  price  factor  scaling  delta  scan  array
      arrays        (M, 16) loss of +1 long per scenario

Numbers of a column are integers in units of 10**-decimals of the column, so that they are exact. They are
int64; where a file has a number that does not fit, the column holds Python integers (dtype object), every
result stays exact and only the kernels are not used. Missing values: -1 in an index, `absent` in a column.
Terms are Fractions. Nothing here reads a file.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

SCENARIOS = 16
PAIRS = (1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 14, 15)
"""Partner of each scenario, counted from 0, where the file names none (span-rules.md, section 4)."""
DEFAULT_DECIMALS = 2


class ContractKind(IntEnum):
    """Product families by the letters of the positions file; PHY is only ever a rank below FUT."""

    FUT = 0
    PHY = 1
    OOP = 2
    OOF = 3


OPTIONS = (ContractKind.OOP, ContractKind.OOF)


class Side(IntEnum):
    """Right of an option; NONE for contracts that are none."""

    NONE = 0
    CALL = 1
    PUT = 2


@dataclass(frozen=True, slots=True)
class Tier:
    """A range of periods by their keys, both ends included; `rate` only where the tier charges."""

    number: str
    lower: str
    upper: str
    rate: Fraction | None = None

    def holds(self, key: str) -> bool:
        """Whether a period with this key lies in the tier."""
        return self.lower <= key <= self.upper


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of a spread: a period, or a tier (number "" is the whole commodity)."""

    cc: int
    """Index of the commodity."""
    tiered: bool
    where: str
    """Canonical period, or number of the tier."""
    side: str
    """"A" or "B"."""
    ratio: Fraction
    rate: Fraction | None


@dataclass(frozen=True, slots=True)
class Spread:
    """A spread that is charged (within a commodity) or credited (across commodities)."""

    priority: int
    weighted: bool
    """chargeMeth W: a percentage of the weighted futures price risk. Otherwise money per spread."""
    rate: Fraction | None
    legs: tuple[Leg, ...]


@dataclass(frozen=True, slots=True)
class SpotRate:
    """Charges of the delivery month: on delta that spreads took, and on what is left."""

    period: str
    spread: Fraction
    outright: Fraction


@dataclass(frozen=True, slots=True)
class AdjustedRate:
    """`rate` is `value` times `base`."""

    rate: str
    base: str
    value: Fraction


@dataclass(frozen=True, slots=True)
class Commodity:
    """A combined commodity: everything that is margined together."""

    code: str
    currency: str
    wfpr_method: str
    """As the file says; empty where it says nothing."""
    charges_spot: bool
    takes_larger_side: bool
    """somMeth MAX: the larger of calls and puts per tier. Otherwise both."""
    caps_option_value: bool | None
    scan_tiers: tuple[Tier, ...]
    intra_tiers: tuple[Tier, ...]
    inter_tiers: tuple[Tier, ...]
    som_tiers: tuple[Tier, ...]
    spreads: tuple[Spread, ...]
    spot_rates: tuple[SpotRate, ...]
    adjusted: tuple[AdjustedRate, ...]


@dataclass(frozen=True, slots=True)
class RateClass:
    """A class of accounts and the rate id that it is margined with."""

    rate: str
    is_customer: str
    account_type: str
    is_maintenance: str


@dataclass(frozen=True, slots=True)
class Family:
    """A product family and the commodity that it is linked to (-1: none)."""

    exchange: str
    identifier: str
    code: str
    kind: ContractKind
    commodity: int
    link: int
    """Place among the links of its commodity."""
    scaling: Fraction
    is_premium_style: bool


@dataclass(frozen=True, slots=True)
class Series:
    """Options of one period of one family. `underlying` is -1 unless a future of the file is named."""

    family: int
    period: int
    underlying: int
    """Index of the future's period."""
    scan_range: Fraction | None
    scaling: Fraction


@dataclass(frozen=True, slots=True)
class Scaled:
    """A column of exact decimals: units of 10**-decimals."""

    units: npt.NDArray[Any]
    decimals: int

    def value(self, row: int) -> Fraction:
        """One number of the column."""
        return Fraction(int(self.units[row]), 10**self.decimals)


@dataclass(frozen=True, slots=True)
class Contracts:
    """Columns with a row per contract, in file order. `series` is -1 for contracts that are no options."""

    family: npt.NDArray[np.int32]
    series: npt.NDArray[np.int32]
    period: npt.NDArray[np.int32]
    side: npt.NDArray[np.int8]
    strike: Scaled
    price: Scaled
    has_price: npt.NDArray[np.bool_]
    factor: Scaled
    """Contract value factor (cvf)."""
    scaling: Scaled
    """Delta scaling factor (sc), the family's link included."""
    delta: Scaled
    """Composite delta."""
    scan_range: Scaled
    """Price scan range in money per contract; of options that of their series, which see."""
    has_scan_range: npt.NDArray[np.bool_]
    array: npt.NDArray[np.int32]
    """Row of `arrays`, -1 where the file has none for the selected rate."""

    def __len__(self) -> int:
        return len(self.family)


@dataclass(frozen=True, slots=True)
class ParameterFile:
    """Everything of a parameter file that margin depends on, for one rate id."""

    facts: dict[str, str]
    rate: str
    currencies: dict[str, int]
    """Decimals of the minor unit; a currency that is not here has DEFAULT_DECIMALS."""
    caps_option_value: bool | None
    rate_classes: tuple[RateClass, ...]
    pairs: tuple[int, ...]
    periods: tuple[str, ...]
    """Canonical codes, ascending by key."""
    commodities: tuple[Commodity, ...]
    inter_spreads: tuple[Spread, ...]
    families: tuple[Family, ...]
    series: tuple[Series, ...]
    contracts: Contracts
    arrays: Scaled

    def decimals_of(self, currency: str) -> int:
        """Decimals of the minor unit of a currency."""
        return self.currencies.get(currency, DEFAULT_DECIMALS)
