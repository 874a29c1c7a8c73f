"""Historical simulation over the scenarios of a house, as anybody would write it down: fractions, day by day.

    requirement(parameters, {isin: quantity}) -> minor units        is_sound(parameters, contracts)

Shares nothing with the product. The roundings are those of docs/margin-rules.md, M10: returns 10**-12,
volatilities 10**-18, changes of a unit 10**-6 of a minor unit; what is owed is rounded up.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

Json = dict[str, Any]
RULES: Json = {
    "confidence": "0.99", "measure": "expected-shortfall", "decay": "0.97", "lookback_days": 250,
    "horizon_days": 1, "stress_weight": "0", "stress_first": "", "stress_last": "", "floor_days": 0,
    "buffer": "0", "buffer_used": "0",
}  # fmt: skip


def nearest(value: Fraction) -> int:
    """Half away from zero."""
    whole = math.floor(abs(value) + Fraction(1, 2))
    return whole if value >= 0 else -whole


def requirement(parameters: Json, positions: dict[str, int]) -> int:
    """Blend, floor and buffer, each rounded up."""
    rules = {**RULES, **parameters.get("rules", {})}
    held = [(one, positions[one["instrument"]]) for one in parameters["contracts"]
            if positions.get(one["instrument"])]  # fmt: skip
    if not held:
        return 0
    days = parameters["days"]
    recent = list(range(len(days) - rules["lookback_days"], len(days)))
    decay = Fraction(rules["decay"])
    blended = measured(parameters, held, rules, recent, decay, 0)
    if weight := Fraction(rules["stress_weight"]):
        stress = [at for at, day in enumerate(days) if rules["stress_first"] <= day <= rules["stress_last"]]
        stressed = measured(parameters, held, rules, stress, Fraction(1), 0)
        blended = math.ceil((1 - weight) * blended + weight * stressed)
    if rules["floor_days"]:
        blended = max(blended, measured(parameters, held, rules, recent, decay, rules["floor_days"]))
    return blended + math.ceil(blended * Fraction(rules["buffer"]) * (1 - Fraction(rules["buffer_used"])))


def measured(
    parameters: Json, held: list[tuple[Json, int]], rules: Json, days: list[int], decay: Fraction, floor: int
) -> int:
    """The tail of the losses of these days over the horizon."""
    losses = [Fraction(0)] * len(days)
    for one, quantity in held:
        texts = parameters["returns"][one["factor"]]
        returns = [Fraction(texts[at]) for at in days]
        squares = [Fraction(text) * Fraction(text) for text in texts[len(texts) - floor :]]
        least = root(sum(squares, Fraction(0)) / floor) if floor else Fraction(0)
        for day, move in enumerate(scaled(returns, decay, least)):
            losses[day] -= quantity * Fraction(nearest(change(one, move) * 10**6), 10**6)
    count = max(1, math.ceil((1 - Fraction(rules["confidence"])) * len(days)))
    worst = sorted(losses, reverse=True)[:count]
    loss = worst[-1] if rules["measure"] == "value-at-risk" else sum(worst, Fraction(0)) / count
    if loss <= 0:
        return 0
    square = loss * loss * rules["horizon_days"]
    whole = math.isqrt(math.floor(square))
    return whole if whole * whole == square else whole + 1


def root(variance: Fraction) -> Fraction:
    """A volatility, cut to 18 decimals, of a variance rounded to 36."""
    return Fraction(math.isqrt(nearest(variance * 10**36)), 10**18)


def scaled(returns: list[Fraction], decay: Fraction, least: Fraction) -> list[Fraction]:
    """Each return times the volatility of today over that of its day."""
    if not any(returns) or (decay == 1 and not least):
        return returns
    mean = sum((one * one for one in returns), Fraction(0)) / len(returns)
    variance = Fraction(nearest(mean * 10**36), 10**36)
    before = []
    for one in returns:
        before.append(root(variance))
        variance = Fraction(nearest((decay * variance + (1 - decay) * one * one) * 10**36), 10**36)
    now = max(root(variance), least)
    tiny = Fraction(1, 10**18)
    made = []
    for one, vol in zip(returns, before, strict=True):
        made.append(Fraction(nearest(one * now / max(vol, tiny) * 10**12), 10**12))
    return made


def change(one: Json, move: Fraction) -> Fraction:
    """What one unit gains at a move of its factor."""
    if "moves" not in one:
        return Fraction(one["value"]) * move
    points = [(Fraction(at), Fraction(gain)) for at, gain in zip(one["moves"], one["changes"], strict=True)]
    start = 0
    while start < len(points) - 2 and move >= points[start + 1][0]:
        start += 1
    (left, low), (right, high) = points[start : start + 2]
    return low + (high - low) * (move - left) / (right - left)


def is_sound(parameters: Json, contracts: set[str]) -> bool:
    """Whether a house with these contracts takes the scenarios."""
    names = [one["instrument"] for one in parameters["contracts"]]
    rules = {**RULES, **parameters.get("rules", {})}
    count = len(parameters["days"])
    return (
        len({*names}) == len(names)
        and {*names} <= contracts
        and {one["factor"] for one in parameters["contracts"]} <= parameters["returns"].keys()
        and all(len(returns) == count for returns in parameters["returns"].values())
        and max(rules["lookback_days"], rules["floor_days"]) <= count
    )
