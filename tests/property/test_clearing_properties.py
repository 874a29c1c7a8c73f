"""What must hold in the real clearing house on any flow; `NOVATE_PROFILE=long`: 10,000 flows for each.

| property | test |
|---|---|
| every asset sums to zero after every command | here; naive house: test_clearing_flows |
| obligations are minimal | here |
| positions equal the sum of legs | here |
| permuting trades inside a day changes no obligation | here; naive house: test_clearing_flows |
| splitting the input into batches changes no byte | test_clearing_machine, test_clearing_runs |
| amend then cancel equals never traded | here; naive house: test_clearing_flows |
| ledger kernel equals its twin | test_ledger |
| a refusal changes nothing | test_clearing_machine; reason by reason: tests/unit/clearing/test_bad_input |
| the life of a trade, told from events, ends in the state that the house knows | here |
| what a close leaves behind, told from events, is what the house has | here |
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.conform_clearing import QUERIES, ClearingPlayer
from novate.app.conform_clearing_terms import house_terms
from novate.reports.clearing_amounts import Amounts
from novate.reports.clearing_close import Standing, close, standing_of
from novate.reports.trade_history import TradeHistories
from tests.oracle.naive_clearing_terms import Json
from tests.property.campaign import campaign, explain
from tests.property.clearing_days import CYCLES, EXTRA, contents_of, days_of
from tests.property.clearing_flows import clearing_flow_of, spoiled_clearing_flow_of
from tests.property.clearing_legs import BEYOND, LegBook, row_net

FLOWS = 50
COMMANDS = 90
seeds = st.integers(0, 2**32)
orders = st.randoms(use_true_random=False)


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> None:
    """No venue takes part here, so none is started."""


def lived(player: ClearingPlayer, commands: list[Json]) -> Iterator[tuple[Json, list[Json]]]:
    """Each command and its events, invariants unchecked: the properties check the house from outside."""
    for command in commands:
        if command["cmd"] in QUERIES:
            yield command, player.answer(command)
        else:
            yield command, player.reader.json(player.apply(player.writer.records(command)))


def player_of(flow: Json) -> ClearingPlayer:
    return ClearingPlayer(house_terms(flow["header"]["config"]))


def ask(player: ClearingPlayer, query: str) -> Json:
    (found,) = player.answer({"cmd": query})
    return found


@campaign(FLOWS)
@given(seed=seeds, spoil=st.booleans())
def test_every_asset_sums_to_zero_after_every_command(seed: int, spoil: bool) -> None:
    def check(flow: Json) -> None:
        player = player_of(flow)
        for command, _ in lived(player, flow["commands"]):
            sums: Counter[tuple[str, str]] = Counter()
            balances = ask(player, "BALANCES")
            for book in ("securities", "cash"):
                for _, _, asset, n in balances[book]:
                    sums[book, asset] += n
            assert not any(sums.values()), command

    explain((spoiled_clearing_flow_of if spoil else clearing_flow_of)(seed, COMMANDS), check)


def leg_flow_of(seed: int) -> Json:
    flow = clearing_flow_of(seed, COMMANDS)
    return {**flow, "commands": [one for one in flow["commands"] if one["cmd"] not in BEYOND]}


@campaign(FLOWS)
@given(seed=seeds)
def test_obligations_are_the_nets_and_no_fewer_would_do(seed: int) -> None:
    """With the house as the only counterparty, everybody whose net is not zero needs one settlement."""

    def check(flow: Json) -> None:
        player, book = player_of(flow), LegBook(flow["header"]["config"])
        for _, events in lived(player, flow["commands"]):
            book.take(events)
        for due, rows in book.cycles:
            found = [row_net(row) for row in rows]
            members = [pair for pair in found if pair[0][1] != "CCP"]
            assert len(members) == len(due)
            assert dict(members) == due
            for isin in {key[0] for key, _ in found}:
                of_isin = [sums for key, sums in found if key[0] == isin]
                assert [sum(column) for column in zip(*of_isin, strict=True)] == [0, 0]

    explain(leg_flow_of(seed), check)


@campaign(FLOWS)
@given(seed=seeds)
def test_positions_are_the_sums_of_their_legs(seed: int) -> None:
    def check(flow: Json) -> None:
        player, book = player_of(flow), LegBook(flow["header"]["config"])
        for command, events in lived(player, flow["commands"]):
            book.take(events)
            positions = ask(player, "POSITIONS")
            waiting = {tuple(one[:4]): one[4:] for one in positions["waiting"]}
            assert waiting == book.waiting, command
            assert {tuple(one[:3]): one[3:5] for one in positions["open"]} == book.open(), command

    explain(leg_flow_of(seed), check)


def said_of_nets(header: Json, commands: list[Json]) -> list[list[Json]]:
    """What cycles, settlement and queries of the real house say."""
    player = player_of({"header": header})
    return [events for command, events in lived(player, commands) if command["cmd"] in CYCLES]


@campaign(FLOWS)
@given(seed=seeds, order=orders)
def test_permuting_trades_inside_a_day_changes_no_obligation(seed: int, order: Random) -> None:
    day, days = days_of(seed)
    permuted = [order.sample(one, len(one)) if n % 2 == 0 else one for n, one in enumerate(days)]
    plain, other = ([command for one in each for command in one] for each in (days, permuted))
    assert said_of_nets(day.header, plain) == said_of_nets(day.header, other)


@campaign(FLOWS)
@given(seed=seeds, places=st.tuples(*[st.integers(0, 8)] * 3))
def test_amend_then_cancel_equals_never_traded(seed: int, places: tuple[int, ...]) -> None:
    """Anywhere among the trades of the first day, before its first cycle."""
    day, (first, *others) = days_of(seed)
    life: list[Json] = [{"cmd": "TRADE", **EXTRA, "version": n, **content}
                        for n, content in enumerate(contents_of(seed, 2), 1)]  # fmt: skip
    life.append({"cmd": "CANCEL_TRADE", **EXTRA, "version": 3})
    with_it = [*first]
    for n, (place, command) in enumerate(zip(sorted(places), life, strict=False)):
        with_it.insert(min(place, len(first)) + n, command)
    rest = [command for one in others for command in one]
    assert said_of_nets(day.header, [*first, *rest]) == said_of_nets(day.header, [*with_it, *rest])


@campaign(FLOWS)
@given(seed=seeds, spoil=st.booleans())
def test_the_life_of_a_trade_ends_in_the_state_that_the_house_knows(seed: int, spoil: bool) -> None:
    """Whether all trades are followed or one."""

    def check(flow: Json) -> None:
        player = player_of(flow)
        histories = TradeHistories(player.house.terms)
        alone = TradeHistories(player.house.terms, [("V", "t1")])
        seen: set[tuple[str, str]] = set()
        for command, events in lived(player, flow["commands"]):
            histories.take(events)
            alone.take(events)
            seen |= {(e["source"], e["trade_id"]) for e in events if "trade_id" in e}
            for key in sorted(seen):
                known, told = player.house.status(*key), histories.of(*key)
                if known is not None:
                    assert told is not None
                    assert (told.version, told.state) == (known.version, known.state), (command, key)
                elif told is not None:
                    assert told.state == "REJECTED"
        assert alone.of("V", "t1") == histories.of("V", "t1")
        assert len(alone.all()) <= 1

    explain((spoiled_clearing_flow_of if spoil else clearing_flow_of)(seed, COMMANDS), check)


@campaign(FLOWS)
@given(seed=seeds)
def test_what_a_close_leaves_behind_is_what_the_house_has(seed: int) -> None:
    """Balances behind each roll, but for what a split of the new day has changed; totals at each close."""

    def check(flow: Json) -> None:
        player = player_of(flow)
        amounts, before = Amounts(player.house.terms), standing(player)
        for _, events in lived(player, flow["commands"]):
            for event in events:
                if event["ev"] == "EVENT_SET":
                    amounts.instrument_of[event["ca_id"]] = event["isin"]
            now = standing(player)
            names = [event["ev"] for event in events]
            if "ROLLED" in names:
                found = close(before, events[: names.index("ROLLED")], amounts)
                (totals,) = [event for event in events if event["ev"] == "DAY_CLOSED"]
                check_totals(found, totals, amounts)
                if "SPLIT_APPLIED" not in names:
                    assert (found.holdings, found.cash) == (now.holdings, now.cash)
                    assert (found.due, found.arrears) == (now.due, now.arrears)
            before = now

    explain(clearing_flow_of(seed, COMMANDS), check)


def standing(player: ClearingPlayer) -> Standing:
    return standing_of(ask(player, "BALANCES"), ask(player, "POSITIONS"))


def check_totals(found: Standing, totals: Json, amounts: Amounts) -> None:
    """DAY_CLOSED sums what members have due and in arrears, and the amounts that are open."""
    own = ("CCP", "WORLD")
    for ccy, members, house, world, due, arrears, left in totals["cash"]:
        assert sum(one[4] for one in found.open if amounts.currency[one[0]] == ccy) == left
        cash = {key[0]: n for key, n in found.cash.items() if key[2] == ccy}
        assert [cash.get(name, 0) for name in own] == [house, world]
        assert sum(n for key, n in found.cash.items() if key[2] == ccy and key[0] not in own) == members
        assert sum(n for key, n in found.due.items() if key[2] == ccy) == due
        assert sum(n for key, n in found.arrears.items() if key[2] == ccy) == arrears
