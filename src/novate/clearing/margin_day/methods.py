"""The margin methods of the machine, by the name that margin terms give.

terms, text of MARGIN_PARAMETERS  --method_of-->  MarginMethod
"""

from __future__ import annotations

from collections.abc import Callable

from novate.clearing.house_terms import HouseTerms
from novate.clearing.margin_day.historical_method import HistoricalMethod
from novate.clearing.margin_day.method import MarginMethod
from novate.clearing.margin_day.span_method import SpanMethod

LONGEST_PARAMETERS = 16 * 1024 * 1024
"""Bytes of one set of parameters."""
METHODS: dict[str, Callable[[HouseTerms, bytes], MarginMethod]] = {
    "SPAN": SpanMethod,
    "FHS": HistoricalMethod,
}


def method_of(terms: HouseTerms, text: bytes) -> MarginMethod:
    """The method of a house, made from parameters. ValueError for such that are none."""
    if len(text) > LONGEST_PARAMETERS:
        raise ValueError(f"Expected at most {LONGEST_PARAMETERS} bytes of parameters, was {len(text)}")
    if terms.margin is None or terms.margin.method not in METHODS:
        raise ValueError(f"Expected a method of {', '.join(METHODS)}, was {terms.margin}")
    return METHODS[terms.margin.method](terms, text)
