"""Commands and events are said as a trader would say them, and nothing is left unsaid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from novate.app.conform_scenario import read_scenarios
from novate.app.explain_events import EVENTS, event_words
from novate.app.explain_orders import KnownOrders
from novate.app.explain_words import COMMANDS, command_words

Json = dict[str, Any]

CONFORMANCE = Path(__file__).resolve().parents[2] / "conformance"
SCENARIOS = sorted(
    path
    for folder in ("rulebook/hand", "credit", "clarifications")
    for path in (CONFORMANCE / folder).glob("*.jsonl")
)
R51 = (
    "ACCEPTED", "REJECTED", "TRADE", "REFRESHED", "STP_DECREMENT", "CANCELLED", "EXPIRED", "AMENDED",
    "TRIGGERED", "STATE", "AUCTION", "AUCTION_TRADE", "INDICATIVE", "MMP_TRIGGERED", "MMP_SET", "MMP_RESET",
    "MASS_DONE", "REF_SET", "POSITION_SET", "BOOK_STATE", "BOOK",
)  # fmt: skip
FORMAT = (
    "NEW", "NEW_OCO", "CANCEL", "AMEND", "MASS_CANCEL", "STATE", "TIME", "SET_REF", "POSITION", "MMP_SET",
    "MMP_RESET", "BOOK", "CREDIT", "SET_MARGIN", "SET_LIMIT", "BALANCE",
)  # fmt: skip


def new(**fields: Any) -> Json:
    return {"cmd": "NEW", "acct": 2, "cid": 1, "side": "B", "qty": 25, **fields}


def two_orders() -> KnownOrders:
    """Account 1 sells with #1, account 2 buys with #2."""
    known = KnownOrders()
    for order, side in ((1, "S"), (2, "B")):
        command = {"cmd": "NEW", "acct": order, "cid": 9, "side": side, "qty": 30, "price": 100}
        known.learn(
            command, [{"ev": "ACCEPTED", "oid": order, "acct": order, "cid": 9, "qty": 30, "price": 100}]
        )
    return known


COMMAND_WORDS: list[tuple[Json, str]] = [
    (new(price=10, tif="IOC"), "account 2 buys 25 at 10, immediate or cancel"),
    (new(price=10, tif="FOK", side="S"), "account 2 sells 25 at 10, fill or kill"),
    (new(price=10, tif="GTD", expire=50, t=7), "at time 7: account 2 buys 25 at 10, until time 50"),
    (new(price=10, display=5, post_only=True), "account 2 buys 25 at 10, showing 5, post only"),
    (new(price=10, hidden=True, tif="DAY"), "account 2 buys 25 at 10, for the day, hidden"),
    (new(type="MARKET", min_qty=5), "account 2 buys 25 at the market, at least 5 at once"),
    (new(type="MARKET", tif="AT_OPEN"), "account 2 buys 25 at the market, in the opening auction only"),
    (
        new(type="MTL"),
        "account 2 buys 25 at the best price there is, the rest at that price (market to limit)",
    ),
    (new(type="STOP", stop=105), "account 2 buys 25 at the market after a trade at 105 or above (stop)"),
    (
        new(type="STOP_LIMIT", stop=95, price=94, side="S"),
        "account 2 sells 25 at 94 after a trade at 95 or below (stop-limit)",
    ),
    (
        new(type="IF_TOUCHED", stop=95),
        "account 2 buys 25 at the market after a trade at 95 or below (if-touched)",
    ),
    (
        new(type="TRAILING_STOP", trail=4, side="S"),
        "account 2 sells 25 at the market when the price falls 4 below its highest (trailing stop)",
    ),
    (new(price=10, type="AUCTION", reserve=2), "account 2 buys 25 as AUCTION, with price 10, reserve=2"),
    (new(type="MARKET", price=10), "account 2 buys 25 at the market, with price 10"),
    (new(type="STOP"), "account 2 buys 25 at the market after a trade at (no trigger price) or above (stop)"),
    (new(price=10, session=3, mmp=True), "account 2 buys 25 at 10, under market-maker protection, session 3"),
    (
        {
            "cmd": "NEW_OCO",
            "acct": 1,
            "limit": {"cid": 1, "side": "S", "qty": 5, "price": 110},
            "stop": {"cid": 2, "side": "S", "type": "STOP", "qty": 5, "stop": 90},
        },
        "account 1 enters a pair, one cancels the other: sells 5 at 110; "
        "sells 5 at the market after a trade at 90 or below (stop)",
    ),
    ({"cmd": "CANCEL", "acct": 1, "cid": 9}, "account 1 cancels #1"),
    ({"cmd": "CANCEL", "acct": 1, "cid": 8}, "account 1 cancels client order 8"),
    (
        {"cmd": "AMEND", "acct": 2, "cid": 9, "qty": 20, "price": 99},
        "account 2 amends #2: total quantity 20, price 99",
    ),
    ({"cmd": "MASS_CANCEL"}, "all orders are to be cancelled"),
    ({"cmd": "MASS_CANCEL", "acct": 1, "side": "B"}, "all buying orders of account 1 are to be cancelled"),
    (
        {"cmd": "STATE", "to": "AUCTION_CALL", "auction": "CLOSE"},
        "the market goes to AUCTION_CALL for the closing auction",
    ),
    ({"cmd": "TIME", "t": 5_000}, "the clock goes to 5,000"),
    (
        {"cmd": "MMP_SET", "acct": 1, "window": 10, "max_qty": 5},
        "account 1 sets its market-maker protection: stop after 5 traded within 10 units of time",
    ),
    ({"cmd": "MASS_QUOTE", "acct": 1, "quotes": [[1, 2]]}, "MASS_QUOTE acct=1 quotes=[[1, 2]]"),
    ({"cmd": "NEW", "acct": 2}, "NEW acct=2"),
]
EVENT_WORDS: list[tuple[Json, str]] = [
    (
        {
            "ev": "TRADE",
            "tid": 1,
            "maker": 1,
            "taker": 2,
            "side": "B",
            "price": 100,
            "qty": 10,
            "mleft": 20,
            "tleft": 0,
        },
        "trade 1: 10 @ 100, account 1 sold to account 2; maker #1 has 20 left, taker #2 has nothing left",
    ),
    (
        {
            "ev": "TRADE",
            "tid": 1,
            "maker": 2,
            "taker": 1,
            "side": "S",
            "price": 100,
            "qty": 10,
            "mleft": 0,
            "tleft": 3,
            "mfee": -2,
            "tfee": 5,
        },
        "trade 1: 10 @ 100, account 1 sold to account 2; maker #2 has nothing left, taker #1 has 3 left; "
        "fees: maker gets 2 back, taker pays 5",
    ),
    (
        {
            "ev": "AUCTION_TRADE",
            "tid": 7,
            "buy": 2,
            "sell": 1,
            "price": 101,
            "qty": 5,
            "bleft": 0,
            "sleft": 2,
        },
        "trade 7: 5 @ 101, account 1 sold to account 2; buyer #2 has nothing left, seller #1 has 2 left",
    ),
    (
        {"ev": "AUCTION", "price": 101, "qty": 15, "imbalance": -1},
        "auction: 15 trade at 101, 1 left over to sell",
    ),
    ({"ev": "INDICATIVE", "price": None, "qty": 0, "imbalance": 0}, "indicative: nothing would trade"),
    (
        {"ev": "INDICATIVE", "price": 101, "qty": 7, "imbalance": 3},
        "indicative: 7 would trade at 101, 3 left over to buy",
    ),
    (
        {"ev": "REFRESHED", "oid": 1, "disp": 4, "left": 6},
        "#1 shows 4 from its reserve, at the end of the queue; 6 left in all",
    ),
    (
        {"ev": "CANCELLED", "oid": 1, "qty": 5, "reason": "OCO"},
        "#1 cancelled, 5 open: the other order of its pair traded, triggered or ended (OCO)",
    ),
    ({"ev": "CANCELLED", "oid": 1, "qty": 5, "reason": "WEATHER"}, "#1 cancelled, 5 open: WEATHER"),
    (
        {"ev": "REJECTED", "cmd": "NEW", "acct": 1, "cid": 9, "reason": "POST_ONLY_WOULD_TRADE"},
        "refused: it is post only and would trade (POST_ONLY_WOULD_TRADE)",
    ),
    (
        {"ev": "AMENDED", "oid": 1, "price": 100, "qty": 9, "leaves": 6, "kept": False},
        "#1 amended: 9 in all, 6 open at 100; it goes to the end of its queue",
    ),
    (
        {"ev": "TRIGGERED", "oid": 1, "price": None, "qty": 4},
        "#1 of account 1 triggers: sells 4 at the market",
    ),
    ({"ev": "MMP_TRIGGERED", "acct": 1}, "market-maker protection stops account 1"),
    (
        {"ev": "BOOK_STATE", "bid": 99, "bid_qty": 5, "ask": None, "ask_qty": 0},
        "best shown: bid 99 x 5, no ask",
    ),
    ({"ev": "PEGS_MOVED", "oid": 3, "price": None}, "PEGS_MOVED oid=3 price=null"),
    (
        {"ev": "MMP_TRIGGERED", "acct": 1, "greek": "delta"},
        "market-maker protection stops account 1, greek=delta",
    ),
    ({"ev": "TRADE", "tid": 1}, "TRADE tid=1"),
]


@pytest.mark.parametrize(("command", "words"), COMMAND_WORDS)
def test_a_command_is_said(command: Json, words: str) -> None:
    assert command_words(command, two_orders()) == words


@pytest.mark.parametrize(("event", "words"), EVENT_WORDS)
def test_an_event_is_said(event: Json, words: str) -> None:
    assert event_words(event, two_orders()) == words


def test_every_kind_of_the_rulebook_and_of_the_scenario_format_has_words() -> None:
    assert set(R51) <= set(EVENTS)
    assert set(FORMAT) <= set(COMMANDS)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_nothing_in_the_scenarios_needs_the_generic_wording(path: Path) -> None:
    """CORE and FULL alike: what the scenarios expect can be said without `NAME field=value`."""
    for scenario in read_scenarios(path):
        known = KnownOrders()
        for step in scenario.steps:
            said = [command_words(step.command, known, scenario.is_multi)]
            known.learn(step.command, step.expect)
            said += [event_words(event, known, scenario.is_multi) for event in step.expect]
            assert [words for words in said if "=" in words] == []
