"""What `Venue.apply` takes: contiguous records, because compiled kernels read them by address."""

from __future__ import annotations

import numpy as np
import pytest

from novate.compiled import COMPILED
from novate.domain.codes import CommandKind
from novate.domain.instruments import MarketTerms
from novate.domain.records import new_commands, new_events
from novate.domain.terms import VenueTerms
from novate.venue.machine import Venue


def clock_commands(count: int) -> np.ndarray:
    commands = new_commands(count)
    commands["kind"] = CommandKind.TIME
    commands["time"] = np.arange(1, count + 1)
    return commands


@pytest.mark.skipif(not COMPILED, reason="interpreted kernels index like NumPy and take any view")
def test_strided_views_are_refused_and_nothing_happens() -> None:
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0),)))
    commands = clock_commands(10)
    for view in (commands[::2], commands[::-1]):
        with pytest.raises(ValueError, match="Expected contiguous arrays"):
            venue.apply(view, new_events(64))
    with pytest.raises(ValueError, match="Expected contiguous arrays"):
        venue.apply(commands, new_events(128)[::2])
    assert (venue.sequence, venue.now) == (0, 0)


def test_slices_of_a_batch_are_applied_in_place() -> None:
    venue = Venue(VenueTerms(markets=(MarketTerms(market=0),)))
    commands = clock_commands(10)
    venue.apply(commands[4:5], new_events(64))
    assert (venue.sequence, venue.now) == (1, 5)
    venue.apply(commands[5:], new_events(64))
    assert (venue.sequence, venue.now) == (6, 10)
