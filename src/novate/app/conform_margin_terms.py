"""The table "margin" in the configuration of a clearing scenario (docs/margin-rules.md, M1)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Literal

import msgspec

from novate.clearing.chart import BalanceBook
from novate.clearing.margin_day.methods import METHODS
from novate.clearing.margin_day.terms import ContractTerms, EligibleAsset, MarginTerms
from novate.domain.clearing_codes import LossLayer, MarginStyle
from novate.domain.margin import HOUR_NS, LAYERS, MILLION

SECOND_NS = 10**9


class ContractJson(msgspec.Struct, forbid_unknown_fields=True):
    """A margined contract; a price of 1 is worth `size` of the currency."""

    expiry: datetime.date
    style: Literal["FUTURE", "PREMIUM"] = "FUTURE"
    size: int = 1


class CollateralJson(msgspec.Struct, forbid_unknown_fields=True):
    """An asset of the eligibility list."""

    haircut_ppm: int = 0
    limit_ppm: int = MILLION


class MarginJson(msgspec.Struct, forbid_unknown_fields=True):
    """The table as it is written."""

    currency: str
    contracts: dict[str, ContractJson]
    method: str = "SPAN"
    threshold: int = 0
    minimum_call: int = 1
    deadline_seconds: int = HOUR_NS // SECOND_NS
    currency_haircut_ppm: int = 0
    assessment_ppm: int = MILLION
    layers: tuple[str, ...] = LAYERS
    collateral: dict[str, CollateralJson] = {}


def margin_terms(found: MarginJson, instruments: Sequence[str], currencies: Sequence[str]) -> MarginTerms:
    """In the numbers of sorted instruments and currencies. ValueError for a name that is none of them."""
    if found.currency not in currencies:
        raise ValueError(f"expected a currency of the configuration for margin, was {found.currency!r}")
    if found.method not in METHODS:
        raise ValueError(f"expected a margin method of {', '.join(METHODS)}, was {found.method!r}")
    if strangers := sorted(set(found.layers) - set(LossLayer.__members__)):
        raise ValueError(f"expected layers of {', '.join(LossLayer.__members__)}, was {strangers[0]!r}")
    names = {*found.contracts, *found.collateral} - {*instruments, *currencies}
    if names or not set(found.contracts) <= set(instruments):
        raise ValueError(f"expected margin of instruments and currencies, was {sorted(names)}")
    return MarginTerms(
        currency=currencies.index(found.currency),
        contracts={
            instruments.index(name): ContractTerms(
                style=MarginStyle[one.style], expiry=one.expiry.toordinal()
            )
            for name, one in sorted(found.contracts.items())
        },
        method=found.method,
        threshold=found.threshold,
        minimum_call=found.minimum_call,
        deadline_ns=found.deadline_seconds * SECOND_NS,
        currency_haircut_ppm=found.currency_haircut_ppm,
        assessment_ppm=found.assessment_ppm,
        layers=[LossLayer[name] for name in found.layers],
        eligible=[
            EligibleAsset(
                book=BalanceBook.CASH if name in currencies else BalanceBook.HOLDINGS,
                asset=(currencies if name in currencies else instruments).index(name),
                haircut_ppm=one.haircut_ppm,
                limit_ppm=one.limit_ppm,
            )
            for name, one in sorted(found.collateral.items())
        ],
    )
