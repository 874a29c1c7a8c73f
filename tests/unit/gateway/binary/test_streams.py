"""Who sees which event: the compiled router against a naive one, on random events and random streams."""

from __future__ import annotations

import random

import numpy as np
import pytest

from novate.domain.codes import CommandKind, EventKind, Scope
from novate.domain.records import EVENT, PARTIES, Events, new_events
from novate.gateway.binary.streams import Router, Subscription

ACCOUNTS = (101, 102, 201, 301, 4_000_000_000)
MARKET_WIDE = ("STATE", "AUCTION", "INDICATIVE", "REF_SET", "BOOK_STATE", "SCHEDULED", "SCHEDULE_CLEARED",
               "EXTENDED", "IMPLIED_STATE")  # fmt: skip
OF_ACCOUNT = ("ACCEPTED", "REFRESHED", "STP_DECREMENT", "CANCELLED", "EXPIRED", "AMENDED", "TRIGGERED",
              "MMP_TRIGGERED", "MMP_SET", "MMP_RESET", "MASS_DONE", "POSITION_SET", "CREDIT_SET")  # fmt: skip
WITHOUT_ACCOUNT = ("STATE", "TIME", "SET_REF", "SCHEDULE", "KILL", "REVIVE", "SET_MARGIN", "SET_LIMIT")


def random_events(chance: random.Random, count: int) -> Events:
    """Events of all kinds with random bytes; a trade has its parties behind it, and nothing else has."""
    kinds: list[int] = []
    while len(kinds) < count:
        kind = chance.choice([kind for kind in EventKind if kind is not EventKind.TRADE_PARTIES])
        kinds += [kind] + [EventKind.TRADE_PARTIES] * (kind in (EventKind.TRADE, EventKind.AUCTION_TRADE))
    events = np.frombuffer(bytearray(chance.randbytes(64 * len(kinds))), EVENT)
    events["kind"] = kinds
    events["account"] = [chance.choice(ACCOUNTS) for _ in kinds]
    commands = [*CommandKind, 77]
    rejected = events["kind"] == EventKind.REJECTED
    events["contra_leaves"][rejected] = [chance.choice(commands) for _ in range(int(rejected.sum()))]
    scoped = np.isin(events["kind"], (EventKind.KILLED, EventKind.REVIVED, EventKind.LIMIT_SET))
    events["side"][scoped] = [chance.randrange(4) for _ in range(int(scoped.sum()))]
    parties = events["kind"] == EventKind.TRADE_PARTIES
    events["contra_leaves"][parties] = [chance.choice(ACCOUNTS) for _ in range(int(parties.sum()))]
    return events


def naive_stream(events: Events, accounts: tuple[int, ...] | None, market_data: bool) -> bytes:
    """What one stream holds, told event by event."""
    if accounts is None:
        return events.tobytes()
    told = b""
    for at, event in enumerate(events):
        kind = EventKind(int(event["kind"]))
        if kind in (EventKind.TRADE, EventKind.AUCTION_TRADE):
            told += naive_trade(events[at : at + 2].copy(), accounts, market_data)
        elif kind is not EventKind.TRADE_PARTIES and is_told(event, kind, accounts, market_data):
            told += event.tobytes()
    return told


def is_told(event: np.void, kind: EventKind, accounts: tuple[int, ...], market_data: bool) -> bool:
    own = int(event["account"]) in accounts
    if kind.name in MARKET_WIDE:
        return market_data
    if kind is EventKind.REJECTED:
        number = int(event["contra_leaves"])
        named = number in set(CommandKind) and CommandKind(number).name not in (
            *WITHOUT_ACCOUNT, "CONFIGURATION", "TERMS", "LEG", "EVIDENCE",
        )  # fmt: skip
        return own and named
    if kind is EventKind.LIMIT_SET:
        return own and event["side"] == 0
    if kind in (EventKind.KILLED, EventKind.REVIVED):
        return own and event["side"] == Scope.ACCOUNT
    return own and kind.name in OF_ACCOUNT


def naive_trade(pair: Events, accounts: tuple[int, ...], market_data: bool) -> bytes:
    parties = pair[1:].view(PARTIES)
    maker, taker = (int(parties[f"{name}_account"][0]) in accounts for name in ("maker", "taker"))
    if not maker:
        pair["account"][0] = pair["leaves"][0] = 0
    if not taker:
        pair["contra_leaves"][0] = 0
    for name, is_own in (("maker", maker), ("taker", taker)):
        if not is_own:
            for field in ("account", "client_order_id", "fee"):
                parties[f"{name}_{field}"] = 0
    if maker or taker:
        return pair.tobytes()
    return pair[:1].tobytes() if market_data else b""


@pytest.mark.parametrize("seed", range(60))
def test_the_router_agrees_with_a_naive_one(seed: int) -> None:
    chance = random.Random(seed)
    subscriptions = [
        Subscription(
            None if chance.random() < 0.2 else tuple(sorted(chance.sample(ACCOUNTS, chance.randrange(4)))),
            chance.random() < 0.5,
        )
        for _ in range(chance.randrange(6))
    ]
    router = Router(subscriptions)
    for _ in range(3):
        events = random_events(chance, chance.choice((1, 5, 400)))
        rows, starts = router.part(events)
        for stream, (accounts, market_data) in enumerate(subscriptions):
            part = rows[starts[stream] : starts[stream + 1]].tobytes()
            assert part == naive_stream(events, accounts, market_data), (stream, accounts, market_data)


def test_every_kind_of_event_is_for_somebody_or_for_those_who_see_everything() -> None:
    routed = {*MARKET_WIDE, *OF_ACCOUNT, "TRADE", "AUCTION_TRADE", "TRADE_PARTIES", "REJECTED", "LIMIT_SET",
              "KILLED", "REVIVED"}  # fmt: skip
    assert {kind.name for kind in EventKind} - routed == {"DISCONNECTED", "MARGIN_SET"}


def test_no_events_and_no_streams_are_no_trouble() -> None:
    assert Router([]).part(new_events(0))[1].tolist() == [0]
    assert Router([Subscription((), True)]).part(new_events(0))[1].tolist() == [0, 0]
