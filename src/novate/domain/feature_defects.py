"""Features of a market that do not go together, or that one of them cannot do without.

    collar_action = "AUCTION"  and no volatility_call     -> a call that would never end
    alloc = "FIFO"             and top_order = true       -> nobody would be served first

Each is told under the key that has to be given or taken away. Every step is known to come out whole here.
"""

from __future__ import annotations

from collections.abc import Iterator

from novate.domain.defect import Defect
from novate.domain.instruments import CreditModel, Instrument, InstrumentKind
from novate.domain.resolve import decimal_fraction, market_scale

DISTANCES = ("collar", "protection", "auction_band")
"""Differences of prices, on the tick."""
MAX_SHARED_QUANTITY = 2**31 - 1
"""Allocation by size multiplies two quantities: their product must fit 64 bits."""


def feature_defects(instrument: Instrument) -> list[Defect]:
    """Everything wrong with the features of one instrument."""
    return [
        *_collar(instrument),
        *_extension(instrument),
        *_allocation(instrument),
        *_fees(instrument),
        *_lowest_price(instrument),
        *_combination(instrument),
    ]


def _collar(instrument: Instrument) -> Iterator[Defect]:
    action = instrument.collar_action
    if action != "CAP" and instrument.collar is None:
        yield Defect("collar", f'expected a collar, because collar_action is "{action}", was nothing')
    if action == "AUCTION" and not instrument.volatility_call_ns:
        message = 'expected a duration, because collar_action is "AUCTION" and its call must end, was nothing'
        yield Defect("volatility_call", message)
    if action != "AUCTION" and instrument.volatility_call_ns:
        yield Defect("collar_action", f'expected "AUCTION", because volatility_call is given, was "{action}"')


def _extension(instrument: Instrument) -> Iterator[Defect]:
    """A band, how long and how often: all three or none (R60)."""
    given = {
        "auction_band": instrument.auction_band is not None,
        "extension": instrument.extension_ns > 0,
        "max_extensions": instrument.max_extensions > 0,
    }
    if any(given.values()):
        there = " and ".join(key for key, present in given.items() if present)
        for key, present in given.items():
            if not present:
                yield Defect(key, f"expected a value, because {there} would do nothing alone, was nothing")


def _allocation(instrument: Instrument) -> Iterator[Defect]:
    alloc = instrument.alloc
    used = {
        "pr_min": instrument.pr_min is not None and alloc == "FIFO",
        "top_order": instrument.top_order and alloc == "FIFO",
        "fifo_pct": instrument.fifo_pct is not None and alloc != "FIFO_PRO_RATA",
    }
    for key, in_vain in used.items():
        if in_vain:
            needed = '"FIFO_PRO_RATA"' if key == "fifo_pct" else '"PRO_RATA" or "FIFO_PRO_RATA"'
            yield Defect("alloc", f'expected {needed}, because {key} is given, was "{alloc}"')
    if alloc != "FIFO" and instrument.max_quantity is not None:
        lots = market_scale(0, instrument).lots(instrument.max_quantity)
        if lots > MAX_SHARED_QUANTITY:
            expected = f'expected at most {MAX_SHARED_QUANTITY} lots with alloc "{alloc}"'
            yield Defect("max_quantity", f"{expected}, was {instrument.max_quantity} = {lots} lots")


def _fees(instrument: Instrument) -> Iterator[Defect]:
    if instrument.auction_ppm and instrument.maker_ppm is None:
        message = "expected maker_ppm and taker_ppm too, because fees are off without them (R50), was nothing"
        yield Defect("maker_ppm", message)


def _lowest_price(instrument: Instrument) -> Iterator[Defect]:
    """R64: where prices may be zero or negative there is no credit, or margin without a premium."""
    scale = market_scale(0, instrument)
    highest = scale.ticks(instrument.max_price) if instrument.max_price else None
    lowest = scale.ticks(instrument.min_price) if instrument.min_price else 1
    if highest is not None and lowest > highest:
        found = f"{instrument.min_price} above {instrument.max_price}"
        yield Defect("min_price", f"expected at most max_price, was {found}")
    if highest is not None and lowest < -highest:
        found = f"{instrument.min_price} with max_price {instrument.max_price}"
        yield Defect("min_price", f"expected no lower price than minus max_price (R64), was {found}")
    if lowest >= 1:
        return
    premium = instrument.kind is InstrumentKind.OPTION and instrument.credit is CreditModel.MARGINED
    if instrument.credit is CreditModel.DELIVERABLE or premium:
        what = "a premium is paid" if premium else "the asset is delivered against credit"
        message = f"expected a price above 0, because {what} (R64), was {instrument.min_price}"
        yield Defect("min_price", message)


def _combination(instrument: Instrument) -> Iterator[Defect]:
    """R70: what a combination may not have."""
    if instrument.legs is None:
        return
    if instrument.credit is not CreditModel.NONE:
        yield Defect("credit", f'expected "none" for a combination, was "{instrument.credit.value}"')
    if instrument.alloc != "FIFO":
        yield Defect("alloc", f'expected "FIFO" for a combination, was "{instrument.alloc}"')
    if instrument.collar is not None:
        yield Defect("collar", f'expected nothing for a combination, was "{instrument.collar}"')


def leg_defects(combination: Instrument, leg: Instrument) -> Iterator[str]:
    """What an instrument must be to be a leg of a combination: reasons why it is not one."""
    for field in ("currency", "kind"):
        ours, theirs = getattr(combination, field), getattr(leg, field)
        if ours != theirs:
            yield f'with {field} "{ours}" as the combination has, was "{theirs}"'
    for field in ("tick", "lot", "contract_size"):
        ours, theirs = getattr(combination, field), getattr(leg, field)
        if decimal_fraction(ours) != decimal_fraction(theirs):
            yield f"with {field} {ours} as the combination has, was {theirs}"
    if leg.credit is not CreditModel.NONE:
        yield f'without credit, was "{leg.credit.value}"'
    if leg.alloc != "FIFO":
        yield f'with alloc "FIFO", was "{leg.alloc}"'
    if leg.collar is not None:
        yield f"without a collar, was {leg.collar}"
    if leg.legs is not None:
        yield f"that is no combination itself, was one of {' and '.join(leg.legs)}"
