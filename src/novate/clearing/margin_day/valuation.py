"""What collateral is worth for a requirement (M8): integers, one quotient rounded down for each asset."""

from __future__ import annotations

from collections.abc import Mapping

from novate.clearing.chart import BalanceBook, Purpose, account_of
from novate.clearing.margin_day.members import memory_of
from novate.clearing.margin_day.terms import MOST_MONEY, EligibleAsset, MarginTerms
from novate.clearing.state import State
from novate.domain.machine import BrokenInvariant
from novate.domain.margin import MILLION
from novate.domain.units import div_floor

Changes = Mapping[tuple[int, int], int]
"""(book, asset) -> how much more there would be."""


def margin_terms(state: State) -> MarginTerms:
    """The terms of a house that was checked to have them."""
    if state.terms.margin is None:
        raise BrokenInvariant("expected a house with margin terms, was one without")
    return state.terms.margin


def collateral_value(state: State, party: int, requirement: int, changes: Changes | None = None) -> int:
    """Minor units of the margin currency that the collateral of a party counts for."""
    total = 0
    for one in margin_terms(state).eligible:
        held = state.balances.of(one.book, one.asset, account_of(party, Purpose.COLLATERAL))
        held += (changes or {}).get((one.book, one.asset), 0)
        value = asset_value(state, one, held)
        if one.limit_ppm < MILLION:
            value = min(value, div_floor(requirement * one.limit_ppm, MILLION))
        total += value
    return total


def asset_value(state: State, one: EligibleAsset, held: int) -> int:
    """After haircuts, at most MOST_MONEY. What has no price yet counts for nothing."""
    terms, values = margin_terms(state), memory_of(state).values
    currency, top, bottom = one.asset, held, 1
    if one.book == BalanceBook.HOLDINGS:
        currency, price = state.currency(one.asset), values.get((one.book, one.asset))
        if price is None:
            return 0
        top, bottom = state.exact_worth(one.asset, held, price)
    top, bottom = top * (MILLION - one.haircut_ppm), bottom * MILLION
    if currency != terms.currency:
        rate = values.get((BalanceBook.CASH, currency))
        if rate is None:
            return 0
        digits = [state.terms.currencies[number].digits for number in (terms.currency, currency)]
        top *= rate.digits * 10 ** digits[0] * (MILLION - terms.currency_haircut_ppm)
        bottom *= 10 ** (rate.decimals + digits[1]) * MILLION
    return min(div_floor(top, bottom), MOST_MONEY)
