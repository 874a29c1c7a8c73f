"""Sessions of a running node over real sockets: orders, streams, resumes, refusals."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import numpy as np
import pytest

from novate.client import (
    AsyncClient,
    Client,
    Credentials,
    Events,
    SessionEnded,
    amend_order,
    cancel_order,
    new_order,
    node_status,
)
from novate.client.orders import together
from novate.domain.codes import (
    CommandFlag,
    CommandKind,
    EventKind,
    MarketState,
    Reason,
    Reject,
    Scope,
    Side,
)
from novate.domain.records import KILL_COMMAND, ORDER_EVENT, PARTIES, TERMS_COMMAND, Commands, new_commands
from novate.domain.session_codes import CancelOnDisconnect, SessionKind, SessionReject
from tests.end_to_end.nodes import (
    QUICK,
    events_until,
    kinds_of,
    published_fills,
    refusals,
    running,
    seed_of,
    terms,
    usual_sessions,
)

KINDS = {
    "ALPINE": (101, SessionKind.MAC),
    "BOREAL": (201, SessionKind.FRAME),
    "CASTOR": (301, SessionKind.ORDER),
}
PRICE = 18_250


@pytest.mark.parametrize("name", KINDS)
def test_an_order_of_every_kind_of_session_is_journaled_then_told(tmp_path: Path, name: str) -> None:
    account, kind = KINDS[name]
    with running(tmp_path / "node") as node, node.connect(name, kind) as client:
        orders = together(*(new_order(0, account, cid, Side.BUY, 1, PRICE - cid) for cid in (1, 2, 3)))
        receipt = client.receipt(client.send(orders))
        assert receipt["count"] == 3
        assert receipt["first_sequence"] + 2 <= node.node.plane.journal.last_sequence
        events = events_until(client, EventKind.ACCEPTED)
        assert kinds_of(events) == ["ACCEPTED"] * 3
        assert events["sequence"].tolist() == [int(receipt["first_sequence"]) + at for at in range(3)]
        assert client.protocol.last_number == client.accepted.last_number + 3
        client.receipt(client.send(amend_order(0, account, 1, quantity=2)))
        client.receipt(client.send(cancel_order(0, account, 2)))
        assert kinds_of(events_until(client, EventKind.CANCELLED)) == ["AMENDED", "CANCELLED"]


def test_each_party_sees_its_own_side_of_a_trade_and_a_third_one_nothing(tmp_path: Path) -> None:
    with (
        running(tmp_path / "node") as node,
        node.connect("ALPINE") as maker,
        node.connect("BOREAL", SessionKind.FRAME) as taker,
        node.connect("CASTOR", SessionKind.ORDER) as other,
        node.connect("OPERATOR") as operator,
    ):
        maker.receipt(maker.place_order(0, 101, 11, Side.SELL, 5, PRICE))
        taker.receipt(taker.place_order(0, 201, 22, Side.BUY, 3, PRICE))
        seen = [events_until(one, EventKind.TRADE_PARTIES).view(PARTIES) for one in (maker, taker, operator)]
        mine, theirs, all_of_it = (one[one["kind"] == EventKind.TRADE_PARTIES] for one in seen)
        assert (mine["maker_account"], mine["maker_client_order_id"]) == (101, 11)
        assert not any(mine[f"taker_{name}"] for name in ("account", "client_order_id", "fee"))
        assert (theirs["taker_account"], theirs["taker_client_order_id"]) == (201, 22)
        assert not any(theirs[f"maker_{name}"] for name in ("account", "client_order_id", "fee"))
        assert (all_of_it["maker_account"], all_of_it["taker_account"]) == (101, 201)
        trades = [one[one["kind"] == EventKind.TRADE] for one in (seen[0], seen[1])]
        assert trades[0]["maker_account"].tolist() == [101]
        assert trades[1]["maker_account"].tolist() == [0], "the other party's account"
        assert not len(other.events(0.3))


def test_whoever_comes_back_is_told_what_it_missed_once(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node, node.connect("BOREAL", SessionKind.FRAME) as other:
        with node.connect("ALPINE") as client:
            client.receipt(client.place_order(0, 101, 1, Side.SELL, 500, PRICE))
            first = events_until(client, EventKind.ACCEPTED)
            last, stream = client.protocol.last_number, client.protocol.stream
        for cid in range(1, 101):
            other.receipt(other.place_order(0, 201, cid, Side.BUY, 1, PRICE))
        with node.connect("ALPINE", from_number=last + 1, stream=stream) as client:
            assert client.accepted.last_number == last + 200
            missed = collected(client, 200)
            assert kinds_of(missed) == ["TRADE", "TRADE_PARTIES"] * 100
        assert published_fills(tmp_path / "node") == list(range(1, 101)), "for the clearing house"
        with node.connect("ALPINE", from_number=1) as client:
            whole = collected(client, last + 200)
            assert whole[last - 1 :].tobytes() == first.tobytes() + missed.tobytes()
            assert set(kinds_of(whole[: last - 1])) == {"CREDIT_SET"}, "its opening credit"


def end_of(client: Client) -> SessionReject:
    """Why the session ends, after whatever comes before."""
    try:
        while len(client.notices(5)):
            pass
    except SessionEnded as ended:
        return ended.reason
    raise AssertionError("expected the session to end, was silence")


def collected(client: Client, count: int) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    """Exactly so many events."""
    found = client.events(5)
    while len(found) < count:
        more = client.events(5)
        assert len(more), f"expected {count} events, was {len(found)}"
        found = np.concatenate([found, more])
    assert len(found) == count
    return found


@pytest.mark.parametrize("lost", ["nothing", "events", "nonces", "fills", "journal/snapshot-*"])
def test_a_restart_continues_every_stream_and_every_nonce(tmp_path: Path, lost: str) -> None:
    place = tmp_path / "node"
    with running(place) as node:
        with node.connect("ALPINE") as client:
            for cid in range(1, 51):
                client.send(new_order(0, 101, cid, Side.BUY, 1, PRICE - cid))
            before = collected(client, 50)
            opening = client.accepted.last_number
            nonce, stream = client.protocol.nonce, client.protocol.stream
        for name, account, side in (("BOREAL", 201, Side.SELL), ("CASTOR", 301, Side.BUY)):
            with node.connect(name, KINDS[name][1]) as other:
                other.receipt(other.place_order(0, account, 1, side, 1, PRICE + 50))
        venue = node.node.plane.venue
    root = venue.state_root()
    for path in (place / "venue").glob(lost):
        path.unlink()
    with running(place) as node:
        assert node.node.plane.venue.state_root() == root
        assert published_fills(place) == [1]
        with node.connect("ALPINE", from_number=opening + 21, stream=stream) as client:
            assert client.accepted.nonce == nonce
            assert collected(client, 30).tobytes() == before[20:].tobytes()
            client.receipt(client.send(cancel_order(0, 101, 7)))
            assert kinds_of(events_until(client, EventKind.CANCELLED)) == ["CANCELLED"]
            assert client.protocol.last_number == opening + 51


def test_numbers_of_another_stream_and_of_the_future_are_refused(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node:
        with node.connect("ALPINE") as client:
            stream = client.protocol.stream
        for start, of, reason in (
            (2, bytes(16), SessionReject.STREAM_CHANGED),
            (2, stream[::-1], SessionReject.STREAM_CHANGED),
            (16, stream, SessionReject.NUMBER_AHEAD),
            (-1, stream, SessionReject.MALFORMED_FRAME),
        ):
            with pytest.raises(SessionEnded) as ended:
                node.connect("ALPINE", from_number=start, stream=of)
            assert ended.value.reason is reason


def test_logins_are_refused_with_their_reason(tmp_path: Path) -> None:
    sessions = [
        *usual_sessions(),
        terms("OLD", 4, 402, expires_ns=1),
        terms("LOCAL", 5, 501, addresses=("unix",)),
        terms("FAR", 6, 502, addresses=("10.0.0.0/8",)),
    ]
    with running(tmp_path / "node", sessions) as node:
        tried = {
            ("NOBODY", seed_of("NOBODY"), SessionKind.MAC): SessionReject.UNKNOWN_SESSION,
            ("ALPINE", seed_of("BOREAL"), SessionKind.MAC): SessionReject.INVALID_SIGNATURE,
            ("ALPINE", seed_of("ALPINE"), SessionKind.ORDER): SessionReject.WRONG_KIND,
            ("OLD", seed_of("OLD"), SessionKind.MAC): SessionReject.KEY_EXPIRED,
            ("LOCAL", seed_of("LOCAL"), SessionKind.MAC): SessionReject.ADDRESS_NOT_ALLOWED,
            ("FAR", seed_of("FAR"), SessionKind.MAC): SessionReject.ADDRESS_NOT_ALLOWED,
        }
        for (name, seed, kind), reason in tried.items():
            with pytest.raises(SessionEnded) as ended:
                Client.connect(node.address, Credentials(name, seed, kind))
            assert ended.value.reason is reason
        local = Credentials("LOCAL", seed_of("LOCAL"))
        Client.connect(str(node.data.socket), local).close()


def test_a_second_login_takes_the_place_of_the_first(tmp_path: Path) -> None:
    with (
        running(tmp_path / "node") as node,
        node.connect("ALPINE") as first,
        node.connect("ALPINE") as second,
    ):
        assert end_of(first) is SessionReject.REPLACED
        second.receipt(second.place_order(0, 101, 1, Side.BUY, 1, PRICE))


def test_commands_that_a_session_may_not_send_are_refused_one_by_one(tmp_path: Path) -> None:
    timed = new_order(0, 101, 5, Side.BUY, 1, PRICE)
    timed["time"] = 1
    state = new_commands(1)
    state["kind"], state["state"] = CommandKind.STATE, 5
    wide = new_commands(1)
    wide["kind"] = CommandKind.MASS_CANCEL
    foreign = new_order(0, 201, 6, Side.BUY, 1, PRICE)
    with running(tmp_path / "node") as node, node.connect("ALPINE") as client:
        good = new_order(0, 101, 7, Side.BUY, 1, PRICE)
        receipt = client.receipt(client.send(together(timed, state, foreign, wide, good)))
        assert refusals(client) == [
            SessionReject.TIME_GIVEN,
            SessionReject.MISSING_PERMISSION,
            SessionReject.WRONG_ACCOUNT,
            SessionReject.WRONG_ACCOUNT,
        ]
        assert receipt["count"] == 1
        events = events_until(client, EventKind.ACCEPTED)
        assert events["contra_order_id"].tolist() == [7]
        assert events["sequence"].tolist() == [receipt["first_sequence"]]


def test_a_frame_under_one_signature_is_taken_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node, node.connect("BOREAL", SessionKind.FRAME) as client:
        good, foreign = (new_order(0, account, 1, Side.BUY, 1, PRICE) for account in (201, 101))
        receipt = client.receipt(client.send(together(good, foreign)))
        assert (receipt["count"], receipt["first_sequence"]) == (0, 0)
        assert refusals(client) == [SessionReject.REFUSED_WITH_FRAME, SessionReject.WRONG_ACCOUNT]
        assert not len(client.events(0.2))


def test_terms_are_refused_with_their_order(tmp_path: Path) -> None:
    staged = new_commands(1)
    staged["kind"] = CommandKind.TERMS
    staged.view(TERMS_COMMAND)["min_quantity"] = 2
    flags = CommandFlag.HAS_TERMS | CommandFlag.MIN_QTY_GIVEN
    foreign = new_order(0, 201, 1, Side.BUY, 5, PRICE, flags=flags)
    own = new_order(0, 101, 2, Side.BUY, 5, PRICE, flags=flags)
    with running(tmp_path / "node") as node, node.connect("ALPINE") as client:
        receipt = client.receipt(client.send(together(staged, foreign, staged, own, staged)))
        assert receipt["count"] == 2
        assert refusals(client) == [
            SessionReject.WRONG_ACCOUNT,
            SessionReject.WRONG_ACCOUNT,
            SessionReject.TERMS_WITHOUT_ORDER,
        ]
        assert len(events_until(client, EventKind.ACCEPTED))


def test_the_rate_of_a_session_stops_orders_and_lets_cancels_pass(tmp_path: Path) -> None:
    sessions = [terms("SLOW", 1, 101, orders_per_second=5, burst=10)]
    with running(tmp_path / "node", sessions) as node, node.connect("SLOW") as client:
        orders = [new_order(0, 101, cid, Side.BUY, 1, PRICE) for cid in range(1, 31)]
        receipt = client.receipt(client.send(together(*orders)))
        assert receipt["count"] == 10
        assert refusals(client) == [SessionReject.RATE_LIMIT] * 20
        cancels = [cancel_order(0, 101, cid) for cid in range(1, 11)]
        assert client.receipt(client.send(together(*cancels)))["count"] == 10
        time.sleep(0.5)
        assert client.receipt(client.send(orders[20]))["count"] == 1, "the rate has filled up again"


@pytest.mark.parametrize("scope", [CancelOnDisconnect.SESSION, CancelOnDisconnect.ACCOUNT])
@pytest.mark.parametrize("way", ["cut", "logout", "stop"])
def test_orders_end_with_the_connection_where_the_session_wants_it(
    tmp_path: Path, scope: CancelOnDisconnect, way: str
) -> None:
    sessions = [
        terms("CAREFUL", 1, 101, cancel_on_disconnect=scope),
        terms("OTHER", 2, 101),
        terms("OPERATOR", 9),
    ]
    with running(tmp_path / "node", sessions) as node:
        with node.connect("OTHER") as other:
            other.receipt(other.place_order(1, 101, 5, Side.BUY, 1, 4_700))
        watch = node.connect("OPERATOR")
        client = node.connect("CAREFUL")
        client.receipt(client.place_order(0, 101, 1, Side.BUY, 1, PRICE))
        if way == "cut":
            client._peer.close()
        elif way == "logout":
            client.close()
        else:
            node.node.stop()
        expected = [1, 5] if scope is CancelOnDisconnect.ACCOUNT else [1]
        gone: list[int] = []
        while len(gone) < len(expected):
            events = watch.events(5)
            assert len(events), f"expected {expected} to end, was {gone}"
            gone += events[events["kind"] == EventKind.CANCELLED]["contra_order_id"].tolist()
        assert gone == expected


def test_a_dead_mans_switch_cancels_what_nobody_looks_after(tmp_path: Path) -> None:
    sessions = [terms("CAREFUL", 1, 101, dead_man_ns=400_000_000), terms("OPERATOR", 9)]
    with running(tmp_path / "node", sessions) as node, node.connect("OPERATOR") as watch:
        client = node.connect("CAREFUL")
        client.receipt(client.place_order(0, 101, 1, Side.BUY, 1, PRICE))
        events = events_until(watch, EventKind.CANCELLED)
        cancelled = events[events["kind"] == EventKind.CANCELLED]
        assert cancelled["reason"].tolist() == [Reason.DISCONNECT]
        client.close()


def switched(kind: CommandKind, scope: Scope, holder: int) -> Commands:
    """A kill switch, on or off."""
    command = new_commands(1)
    command["kind"] = kind
    command.view(KILL_COMMAND)["scope"], command.view(KILL_COMMAND)["holder"] = scope, holder
    return command


def market_state(state: MarketState) -> Commands:
    """Market 0 in another state."""
    command = new_commands(1)
    command["kind"], command["state"] = CommandKind.STATE, state
    return command


EVERY_ORDER = new_commands(1)
EVERY_ORDER["kind"] = CommandKind.MASS_CANCEL
KILL, REVIVE = CommandKind.KILL, CommandKind.REVIVE
SWITCHES = {
    "account": (switched(KILL, Scope.ACCOUNT, 101), switched(REVIVE, Scope.ACCOUNT, 101),
                Reject.ACCOUNT_KILLED, {(0, 101), (1, 101)}),
    "member": (switched(KILL, Scope.MEMBER, 0), switched(REVIVE, Scope.MEMBER, 0),
               Reject.MEMBER_KILLED, {(0, 101), (1, 101), (0, 102)}),
    "venue": (switched(KILL, Scope.VENUE, 0), switched(REVIVE, Scope.VENUE, 0),
              Reject.VENUE_KILLED, {(0, 101), (1, 101), (0, 102), (0, 201)}),
    "market": (together(market_state(MarketState.HALTED), EVERY_ORDER), market_state(MarketState.CONTINUOUS),
               Reject.MARKET_HALTED, {(0, 101), (0, 102), (0, 201)}),
}  # fmt: skip
"""What an operator sends, and what takes it back; why orders are refused, and (market, account) of whose."""


def test_an_operator_stops_an_account_a_member_a_market_or_all_and_lets_them_go_on(tmp_path: Path) -> None:
    prices = (PRICE, 4_700)
    with (
        running(tmp_path / "node") as node,
        node.connect("ALPINE") as alpine,
        node.connect("BOREAL", SessionKind.FRAME) as boreal,
        node.connect("OPERATOR") as operator,
    ):
        everywhere = [(0, 101, alpine), (1, 101, alpine), (0, 102, alpine), (0, 201, boreal)]

        def place(cid: int) -> dict[tuple[int, int], int]:
            """An order of everybody; where it is not accepted, why."""
            found = {}
            for market, account, client in everywhere:
                number = 10 * cid + market
                client.receipt(client.place_order(market, account, number, Side.BUY, 1, prices[market]))
                told = events_until(client, EventKind.ACCEPTED, EventKind.REJECTED)
                (own,) = told[np.isin(told["kind"], (EventKind.ACCEPTED, EventKind.REJECTED))]
                found[market, account] = int(own["reason"])
            return found

        for cid, (on, off, reason, stopped) in enumerate(SWITCHES.values()):
            assert set(place(3 * cid).values()) == {0}
            operator.receipt(operator.send(on))
            gone: set[tuple[int, int]] = set()
            while len(gone) < len(stopped) and len(events := operator.events(5.0)):
                cancelled = events[events["kind"] == EventKind.CANCELLED].view(ORDER_EVENT)
                gone |= {*zip(cancelled["market"].tolist(), cancelled["account"].tolist(), strict=True)}
            assert gone == stopped
            refused = {where: why for where, why in place(3 * cid + 1).items() if why}
            assert refused == dict.fromkeys(stopped, reason)
            operator.receipt(operator.send(off))
            assert set(place(3 * cid + 2).values()) == {0}


def test_the_asynchronous_client_does_the_same(tmp_path: Path) -> None:
    async def day(address: str) -> list[str]:
        credentials = Credentials("ALPINE", seed_of("ALPINE"))
        async with await AsyncClient.connect(address, credentials) as client:
            orders = [client.request(new_order(0, 101, cid, Side.BUY, 1, PRICE)) for cid in range(1, 6)]
            receipts = await asyncio.gather(*orders)
            assert len({int(one["first_sequence"]) for one in receipts}) == 5
            await asyncio.sleep(3 * QUICK.heartbeat_ms / 1000)
            found: list[str] = []
            async for message in client.messages():
                if isinstance(message, Events):
                    found += kinds_of(message.records)
                if len(found) == 5:
                    return found
        return []

    with running(tmp_path / "node") as node:
        assert asyncio.run(day(node.address)) == ["ACCEPTED"] * 5


def test_an_idle_session_stays_as_long_as_it_is_looked_after(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node, node.connect("ALPINE") as client:
        until = time.monotonic() + QUICK.silence_ms / 1000 + 0.5
        while time.monotonic() < until:
            client.notices(0.1)
        client.receipt(client.place_order(0, 101, 1, Side.BUY, 1, PRICE))
        time.sleep(QUICK.silence_ms / 1000 + 1.5)
        assert end_of(client) is SessionReject.HEARTBEAT_MISSED


def test_a_node_says_what_it_is_doing_to_whoever_owns_its_socket(tmp_path: Path) -> None:
    with running(tmp_path / "node") as node, node.connect("ALPINE"):
        said = node_status(node.data.socket)
        assert b'"ALPINE":true' in said
        assert b'"BOREAL":false' in said
