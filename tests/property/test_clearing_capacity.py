"""Days of enormous numbers: what the ledger cannot bear is refused beforehand, never a fault (C53).

generated flow --every quantity and amount times 10**k--> machine == naive house, and all invariants hold
"""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.conform_clearing import ClearingPlayer
from novate.app.conform_clearing_terms import house_terms
from novate.clearing.balances import ROOM
from tests.oracle.naive_clearing import NaiveClearing
from tests.oracle.naive_clearing_terms import Json
from tests.property.campaign import campaign, explain
from tests.property.clearing_flows import clearing_flow_of

FLOWS = 8
MOST = 2**62 - 1
EXPONENTS = (9, 10, 11, 11, 12, 12, 13, 14)
SCALED = ("qty", "amount", "qty_total")


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> None:
    """No venue takes part here, so none is started."""


def enormous_flow_of(seed: int) -> Json:
    """A flow whose quantities and amounts are 10**9 to 10**14 times as large."""
    flow, r = clearing_flow_of(seed, 170), Random(f"enormous {seed}")
    header = flow["header"]
    config = {**header["config"], "max_qty": MOST, "max_amount": MOST}
    commands = [
        enlarged(one, 10 ** r.choice([9, 10, 11, 11, 12, 12, 13, 15, 17])) for one in flow["commands"]
    ]
    return {"header": {**header, "config": config}, "commands": commands}


def enlarged(command: Json, factor: int) -> Json:
    found = {name: min(n * factor, MOST) if name in SCALED else n for name, n in command.items()}
    for name in ("parts", "trades"):
        if name in command:
            found[name] = [enlarged(one, factor) for one in command[name]]
    return found


def answers_of(flow: Json) -> Counter[tuple[str, str]]:
    """(command, reason or event) of a flow, after the machine has given them like the naive house."""
    config, found = flow["header"]["config"], Counter[tuple[str, str]]()
    naive, player = NaiveClearing(config), ClearingPlayer(house_terms(config))
    for command in flow["commands"]:
        expected = naive.apply(command)
        assert player.answer(command) == expected, command
        player.house.validate()
        found.update((command["cmd"], event.get("reason", event["ev"])) for event in expected)
    return found


@campaign(FLOWS)
@given(seed=st.integers(0, 2**32))
def test_the_machine_refuses_what_the_naive_house_refuses(seed: int) -> None:
    explain(enormous_flow_of(seed), answers_of)


def test_enormous_flows_reach_the_refusals_and_the_folds() -> None:
    found, turnover = Counter[tuple[str, str]](), 0
    for seed in range(10):
        flow = enormous_flow_of(seed)
        player = ClearingPlayer(house_terms(flow["header"]["config"]))
        for command in flow["commands"]:
            found.update((command["cmd"], event.get("reason", "")) for event in player.answer(command))
        ledger = player.house.ledger.state()
        turnover += bool((ledger.sides["folded"] != 0).any())
    refused = {command for command, reason in found if reason == "AMOUNT_OVERFLOW"}
    assert refused >= {"TRADE", "CANCEL_TRADE", "DEPOSIT", "MARK", "ROLL"}, refused
    assert turnover > 0, f"expected counters that were folded after a turnover of {ROOM}"
