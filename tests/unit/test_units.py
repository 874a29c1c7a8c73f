"""Named divisions and checked products: every rounding is the one that its name says."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.domain.units import INT64_MAX, INT64_MIN, div_ceil, div_floor, div_half_up, mul_checked

NUMBERS = st.integers(min_value=-(2**70), max_value=2**70)
DIVISORS = st.integers(min_value=1, max_value=2**64)


@pytest.mark.parametrize(
    ("numerator", "floor", "half_up", "ceil"),
    [(7, 3, 4, 4), (5, 2, 3, 3), (4, 2, 2, 2), (1, 0, 1, 1), (0, 0, 0, 0), (-1, -1, -1, 0), (-5, -3, -3, -2)],
)
def test_halves_by_every_rounding(numerator: int, floor: int, half_up: int, ceil: int) -> None:
    assert div_floor(numerator, 2) == floor
    assert div_half_up(numerator, 2) == half_up
    assert div_ceil(numerator, 2) == ceil


@given(NUMBERS, DIVISORS)
def test_floor_and_ceiling_enclose_the_quotient(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    assert div_floor(numerator, denominator) <= exact < div_floor(numerator, denominator) + 1
    assert div_ceil(numerator, denominator) - 1 < exact <= div_ceil(numerator, denominator)


@given(NUMBERS, DIVISORS)
def test_half_up_is_nearest_and_sends_ties_away_from_zero(numerator: int, denominator: int) -> None:
    exact = Fraction(numerator, denominator)
    rounded = div_half_up(numerator, denominator)
    distance = abs(rounded - exact)
    assert distance <= Fraction(1, 2)
    if distance == Fraction(1, 2):
        assert abs(rounded) > abs(exact)


@given(NUMBERS, DIVISORS)
def test_half_up_treats_debit_and_credit_alike(numerator: int, denominator: int) -> None:
    assert div_half_up(-numerator, denominator) == -div_half_up(numerator, denominator)


@pytest.mark.parametrize("division", [div_floor, div_ceil, div_half_up])
@pytest.mark.parametrize("denominator", [0, -1])
def test_a_denominator_that_is_not_positive_is_refused(division, denominator: int) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=f"Expected a positive denominator, was {denominator}"):
        division(1, denominator)


@pytest.mark.parametrize(
    ("left", "right"),
    [(INT64_MAX, 1), (INT64_MIN, 1), (2**31, 2**31), (-(2**32), 2**31), (0, 2**80)],
)
def test_a_product_that_fits_is_exact(left: int, right: int) -> None:
    assert mul_checked(left, right) == left * right


@pytest.mark.parametrize(("left", "right"), [(INT64_MAX, 2), (INT64_MIN, -1), (2**32, 2**31), (2**62, -3)])
def test_a_product_that_does_not_fit_is_refused_and_named(left: int, right: int) -> None:
    with pytest.raises(OverflowError, match=f"was {left} x {right} = {left * right}"):
        mul_checked(left, right)
