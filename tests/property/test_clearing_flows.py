"""What the flows of clearing reach, and what must hold in the naive house whatever they are.

`FLOWS` of them for each property by default; `NOVATE_PROFILE=long`: 10,000.
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracle.naive_clearing import NaiveClearing
from tests.oracle.naive_clearing_terms import Json
from tests.property.campaign import campaign, explain
from tests.property.clearing_days import CYCLES, EXTRA, contents_of, days_of
from tests.property.clearing_flows import clearing_flow_of, spoiled_clearing_flow_of
from tests.property.clearing_houses import SWITCHES, clearing_header_of
from tests.property.clearing_reach import NEEDED, seen_in

FLOWS = 25
seeds = st.integers(0, 2**32)


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> None:
    """No venue takes part here, so none is started."""


def answers(flow: Json) -> list[list[Json]]:
    """The events of every command; fails where an invariant is broken."""
    house = NaiveClearing(flow["header"]["config"])
    found = []
    for command in flow["commands"]:
        found.append(house.apply(command))
        house.validate()
    return found


def test_a_hundred_flows_reach_every_event_reason_state_and_policy() -> None:
    seen: Counter[str] = Counter()
    for seed in range(100):
        flow = clearing_flow_of(seed)
        seen.update(seen_in(flow, answers(flow)))
    assert [name for name in NEEDED if not seen[name]] == []


def test_a_hundred_houses_have_every_value_of_every_switch() -> None:
    configs = [clearing_header_of(seed)["config"] for seed in range(100)]
    for name, values in SWITCHES.items():
        found = [config[name] for config in configs if name in config]
        assert all(value in found for value in values), name


def test_a_flow_is_the_same_whenever_it_is_drawn() -> None:
    assert clearing_flow_of(7) == clearing_flow_of(7)
    assert clearing_flow_of(7, 20)["commands"] == clearing_flow_of(7)["commands"][:20]
    assert clearing_flow_of(7) != clearing_flow_of(8)


def test_a_spoiled_flow_is_refused_more_often() -> None:
    def refusals(flow: Json) -> int:
        return sum(event["ev"] == "REJECTED" for events in answers(flow) for event in events)

    plain = sum(refusals(clearing_flow_of(seed)) for seed in range(10))
    assert sum(refusals(spoiled_clearing_flow_of(seed)) for seed in range(10)) > plain * 4 // 3


@campaign(FLOWS)
@given(seed=seeds, spoil=st.booleans())
def test_every_asset_sums_to_zero(seed: int, spoil: bool) -> None:
    def check(flow: Json) -> None:
        for event in (event for events in answers(flow) for event in events):
            if event["ev"] == "DAY_CLOSED":
                assert all(sum(line[1:4]) == 0 for line in event["securities"] + event["cash"])
            elif event["ev"] == "BALANCES":
                for name in ("securities", "cash"):
                    sums: Counter[str] = Counter()
                    for _, _, asset, number in event[name]:
                        sums[asset] += number
                    assert not any(sums.values())

    explain((spoiled_clearing_flow_of if spoil else clearing_flow_of)(seed), check)


@campaign(FLOWS)
@given(seed=seeds)
def test_a_refused_command_leaves_no_trace(seed: int) -> None:
    def check(flow: Json) -> None:
        whole = list(zip(flow["commands"], answers(flow), strict=True))
        taken = [(command, events) for command, events in whole if refused_with(events) is None]
        without = answers({**flow, "commands": [command for command, _ in taken]})
        assert without == [events for _, events in taken]

    explain(clearing_flow_of(seed), check)


def refused_with(events: list[Json]) -> str | None:
    """The reason where the command as a whole was refused."""
    return events[0]["reason"] if [event["ev"] for event in events] == ["REJECTED"] else None


def after_the_trades(header: Json, commands: list[Json]) -> list[list[Json]]:
    """What cycles, settlement and queries say."""
    found = answers({"header": header, "commands": commands})
    return [events for command, events in zip(commands, found, strict=True) if command["cmd"] in CYCLES]


@campaign(FLOWS)
@given(seed=seeds, order=st.randoms(use_true_random=False))
def test_the_order_of_the_trades_within_a_day_changes_no_row(seed: int, order: Random) -> None:
    day, days = days_of(seed)
    permuted = [order.sample(one, len(one)) if n % 2 == 0 else one for n, one in enumerate(days)]
    plain = [command for one in days for command in one]
    other = [command for one in permuted for command in one]
    assert after_the_trades(day.header, plain) == after_the_trades(day.header, other)


@campaign(FLOWS)
@given(seed=seeds, order=st.randoms(use_true_random=False))
def test_amended_and_then_cancelled_is_never_traded(seed: int, order: Random) -> None:
    """All of it happens before the first cycle of its day."""
    day, (first, *others) = days_of(seed)
    life: list[Json] = [{"cmd": "TRADE", **EXTRA, "version": n, **content}
                        for n, content in enumerate(contents_of(seed, 2), 1)]  # fmt: skip
    life.append({"cmd": "CANCEL_TRADE", **EXTRA, "version": 3})
    places = sorted(order.choices(range(len(first) + 1), k=len(life)))
    lived = [*first]
    for n, (place, command) in enumerate(zip(places, life, strict=True)):
        lived.insert(place + n, command)
    rest = [command for one in others for command in one]
    plain = after_the_trades(day.header, [*first, *rest])
    assert plain == after_the_trades(day.header, [*lived, *rest])


@campaign(FLOWS)
@given(seed=seeds, order=st.randoms(use_true_random=False), cancel=st.sampled_from([None, 1, 3, 5, 9]))
def test_versions_in_any_order_before_netting_leave_the_same_legs(
    seed: int, order: Random, cancel: int | None
) -> None:
    day, (first, *others) = days_of(seed)
    numbers = [n for n in (1, 2, 4, 5) if n != cancel]
    versions: list[Json] = [{"cmd": "TRADE", **EXTRA, "version": n, **content}
                            for n, content in zip(numbers, contents_of(seed, 4), strict=False)]  # fmt: skip
    if cancel is not None:
        versions.append({"cmd": "CANCEL_TRADE", **EXTRA, "version": cancel})
    rest = [{"cmd": "POSITIONS"}, *(command for one in others for command in one)]
    plain = after_the_trades(day.header, [*first, *versions, *rest])
    permuted = order.sample(versions, len(versions))
    assert plain == after_the_trades(day.header, [*first, *permuted, *rest])
