"""Products and quotients beyond 64 bits, for exact rounding inside kernels.

    a pair (high, low) is high * 2**62 + low, never negative, 0 <= low < 2**62

All in int64 without wrapping, so that compiled and interpreted code agree. Factors must be below 2**61 in
magnitude; a result that would leave 122 bits has high = -1, and stays that way in whatever follows.

Cost: a product some nanoseconds; a quotient of a pair that does not fit 62 bits a hundred.
"""

from __future__ import annotations

from novate.compiled import highest_bit, inlined, kernel, wide

HALF_BITS, LOW_BITS = 31, 62
HALF_MASK, LOW_MASK = 2**31 - 1, 2**62 - 1
LARGEST_FACTOR = 2**61
TOO_WIDE = -1
Pair = tuple[int, int]


@inlined
def bits(value: int) -> int:
    """Bits that the magnitude of a value takes; 0 for 0."""
    return highest_bit(abs(value)) + 1


@inlined
def fits(left: int, right: int) -> bool:
    """Whether a product certainly stays below 2**61."""
    return bits(left) + bits(right) <= 61


@kernel
def product(left: int, right: int) -> Pair:
    """left * right of factors that are not negative."""
    if left < 0 or right < 0 or left >= LARGEST_FACTOR or right >= LARGEST_FACTOR:
        return wide(TOO_WIDE), wide(0)
    a1, a0 = left >> HALF_BITS, left & HALF_MASK
    b1, b0 = right >> HALF_BITS, right & HALF_MASK
    crossed = a1 * b0 + a0 * b1
    low = a0 * b0 + ((crossed & HALF_MASK) << HALF_BITS)
    high = a1 * b1 + (crossed >> HALF_BITS) + (low >> LOW_BITS)
    return high, low & LOW_MASK


@kernel
def times(high: int, low: int, factor: int) -> Pair:
    """A pair times a factor that is not negative."""
    if high < 0 or factor < 0 or factor >= LARGEST_FACTOR or bits(high) + bits(factor) > 60:
        return wide(TOO_WIDE), wide(0)
    # `low` has up to 62 bits, one more than a factor may have.
    first, first_low = product(low >> 1, factor)
    carry = (first_low << 1) >> LOW_BITS
    odd = factor if low & 1 else 0
    part = ((first_low << 1) & LOW_MASK) + odd
    return high * factor + 2 * first + carry + (part >> LOW_BITS), part & LOW_MASK


@inlined
def plus(high: int, low: int, other_high: int, other_low: int) -> Pair:
    """The sum of two pairs."""
    if high < 0 or other_high < 0 or bits(high) > 60 or bits(other_high) > 60:
        return wide(TOO_WIDE), wide(0)
    total = low + other_low
    return high + other_high + (total >> LOW_BITS), total & LOW_MASK


@inlined
def is_less(high: int, low: int, other_high: int, other_low: int) -> bool:
    """Whether the first pair is smaller."""
    return high < other_high or (high == other_high and low < other_low)


@inlined
def minus(high: int, low: int, other_high: int, other_low: int) -> Pair:
    """A pair less one that is not larger."""
    if high < 0 or other_high < 0:
        return wide(TOO_WIDE), wide(0)
    difference = low - other_low
    if difference < 0:
        return high - other_high - 1, difference + LOW_MASK + 1
    return high - other_high, difference


@kernel
def rounded_half_up(high: int, low: int, divisor: int) -> int:
    """The quotient, ties up; -1 if it does not fit or an operand was too wide. 0 < divisor < 2**61."""
    if high < 0 or divisor <= 0 or divisor >= LARGEST_FACTOR or high >= divisor:
        return wide(-1)
    if high == 0:
        quotient, rest = low // divisor, low % divisor
    else:
        quotient, rest = wide(0), high
        for place in range(LOW_BITS - 1, -1, -1):
            rest = (rest << 1) | ((low >> place) & 1)
            quotient <<= 1
            if rest >= divisor:
                rest -= divisor
                quotient |= 1
    return quotient + 1 if 2 * rest >= divisor else quotient
