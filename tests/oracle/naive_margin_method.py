"""SPAN over the parameters of a house, as anybody would write it down: fractions, no columns, no tables.

    requirement(parameters, {isin: quantity}) -> minor units

Shares nothing with the product, nor with the reader of parameter files.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

Json = dict[str, Any]
PARTNER = [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 14, 15]
Book = dict[str, Json]
"""Commodity code -> what is known of it while an account is computed."""


def requirement(parameters: Json, positions: dict[str, int]) -> int:
    """All commodities of an account, rounded half up one by one, not below zero together."""
    contracts = {one["instrument"]: one for one in parameters["contracts"]}
    book: Book = {}
    for commodity in sorted(parameters["commodities"], key=lambda one: str(one["code"])):
        held = [(contracts[isin], qty) for isin, qty in positions.items() if qty]
        held = [(one, qty) for one, qty in held if one["commodity"] == commodity["code"]]
        if held:
            book[commodity["code"]] = scanned(commodity, held)
    for spread in parameters.get("inter_spreads", []):
        credit_across(book, spread)
    return max(0, sum(finished(one) for one in book.values()))


def scanned(commodity: Json, held: list[tuple[Json, int]]) -> Json:
    """Scan risk, what of it is price, and the charges for hedges between periods."""
    blocks: dict[int, list[tuple[Json, int]]] = {}
    for one, qty in held:
        blocks.setdefault(tier_of(commodity, one["period"]), []).append((one, qty))
    scan, time, volatility = (sum(part) for part in zip(*map(scanned_block, blocks.values()), strict=True))
    delta: dict[str, Fraction] = {}
    for one, qty in held:
        delta[one["period"]] = delta.get(one["period"], Fraction(0)) + qty * Fraction(one.get("delta", "1"))
    total = sum(delta.values())
    price = max(scan - time - volatility, Fraction(0))
    shorts = sum(-qty for one, qty in held if qty < 0 and one.get("kind", "FUT") != "FUT")
    net = dict(delta)
    intra = charge_within(commodity, delta) + charge_spot(commodity, net, delta)
    return {
        "scan": scan, "wfpr": price / abs(total) if total and price else Fraction(0), "credit": Fraction(0),
        "intra": intra, "left": delta,
        "minimum": Fraction(shorts * commodity.get("short_option_minimum", 0)),
        "worth": sum(qty * one.get("value", 0) for one, qty in held if one.get("kind", "FUT") != "FUT"),
    }  # fmt: skip


def tier_of(commodity: Json, period: str) -> int:
    """The first tier that holds a period; -1 for none."""
    for number, tier in enumerate(commodity.get("scan_tiers", [])):
        first, last = tier.get("first") or "000000", tier.get("last") or "999999"
        if first <= period and period[: len(last)] <= last:
            return number
    return -1


def scanned_block(held: list[tuple[Json, int]]) -> tuple[Fraction, Fraction, Fraction]:
    """Scan, time and volatility risk of contracts that are scanned together."""
    losses = [sum((Fraction(qty * one["array"][s]) for one, qty in held), Fraction(0)) for s in range(16)]
    top = max(losses)
    worst = losses.index(top)
    volatility = (losses[0] - losses[1]) / 2 if top < 0 else (top - losses[PARTNER[worst]]) / 2
    return max(top, Fraction(0)), (losses[0] + losses[1]) / 2, volatility


def charge_spot(commodity: Json, net: dict[str, Fraction], left: dict[str, Fraction]) -> Fraction:
    """Delivery months: what spreads took, and what they left."""
    charge = Fraction(0)
    for month in commodity.get("spot_months", []):
        if month["period"] in net:
            rest = left[month["period"]]
            charge += abs(net[month["period"]] - rest) * month.get("spread", 0)
            charge += abs(rest) * month.get("outright", 0)
    return charge


def charge_within(commodity: Json, left: dict[str, Fraction]) -> Fraction:
    """Every spread in order, first with its A legs long; what it takes is gone from `left`."""
    charge = Fraction(0)
    for spread in commodity.get("spreads", []):
        for long in ("A", "B"):
            legs = [(period, 1 if side == long else -1) for period, side in spread["legs"]]
            ratios = {leg: legs.count(leg) for leg in legs}
            count = min(
                max(sign * left.get(period, Fraction(0)), Fraction(0)) / ratio
                for (period, sign), ratio in ratios.items()
            )
            for (period, sign), ratio in ratios.items():
                if count:
                    left[period] -= sign * count * ratio
            charge += count * spread["charge"]
    return charge


def credit_across(book: Book, spread: Json) -> None:
    """A credit for each leg, if all of them are held in directions that fit the sides."""
    legs = [(code, side, Fraction(ratio), Fraction(rate)) for code, side, ratio, rate in spread["legs"]]
    if any(code not in book for code, *_ in legs):
        return
    totals = {code: sum(book[code]["left"].values()) for code, *_ in legs}
    fits = {(totals[code] > 0) == (side == "A") for code, side, *_ in legs}
    if len(fits) != 1 or not all(totals.values()):
        return
    count = min(abs(totals[code]) / ratio for code, _, ratio, _ in legs)
    for code, _, ratio, rate in legs:
        book[code]["credit"] += count * ratio * book[code]["wfpr"] * rate / 100
    for code, _, ratio, _ in legs:
        eat(book[code]["left"], count * ratio, 1 if totals[code] > 0 else -1)


def eat(left: dict[str, Fraction], amount: Fraction, sign: int) -> None:
    """Nearest period first."""
    for period in sorted(left):
        taken = min(max(sign * left[period], Fraction(0)), amount)
        left[period] -= sign * taken
        amount -= taken


def finished(one: Json) -> int:
    """Risk less option value, which counts up to the risk; half up."""
    base = max(one["scan"] + one["intra"] - one["credit"], one["minimum"])
    needed = Fraction(base - min(Fraction(one["worth"]), base))
    size = (2 * abs(needed.numerator) + needed.denominator) // (2 * needed.denominator)
    return size if needed >= 0 else -size
