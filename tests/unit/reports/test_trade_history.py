"""The life of a trade as its events tell it, step by step."""

from __future__ import annotations

from novate.app.conform_clearing import ClearingPlayer
from novate.reports.trade_history import TradeHistories
from novate.reports.trade_life import Lifecycle, TradeHistory
from tests.unit.clearing.houses import TRADE, Json, player

NAME: Json = {"source": "V", "trade_id": "t1"}


class Followed:
    """A house and the histories of its trades."""

    def __init__(self, house: ClearingPlayer, *wanted: tuple[str, str]) -> None:
        self.house = house
        self.histories = TradeHistories(house.house.terms, wanted or None)

    def live(self, *commands: Json) -> TradeHistory:
        """What t1 has been through when these have happened."""
        for command in commands:
            self.histories.take(self.house.answer(command))
        found = self.histories.of("V", "t1")
        assert found is not None
        return found


def steps(history: TradeHistory) -> list[str]:
    return [f"{one.date} {one.step} {one.member}".rstrip() for one in history.transitions]


def deposit(member: str, **what: object) -> Json:
    return {"cmd": "DEPOSIT", "member": member, "account": "HOUS", **what}


ENOUGH = (deposit("A", isin="ACME", qty=100), deposit("B", ccy="USD", amount=1_000_000))
SETTLE: Json = {"cmd": "SETTLE"}


def roll(to: str) -> Json:
    return {"cmd": "ROLL", "to": to}


def test_a_trade_that_settles() -> None:
    found = Followed(player()).live(*ENOUGH, TRADE, roll("2026-03-03"), SETTLE)
    assert steps(found) == [
        "2026-03-02 RECEIVED", "2026-03-02 VALIDATED", "2026-03-02 NOVATED B", "2026-03-02 NOVATED A",
        "2026-03-03 NETTED A", "2026-03-03 NETTED B", "2026-03-03 INSTRUCTED A", "2026-03-03 INSTRUCTED B",
        "2026-03-03 SETTLED A", "2026-03-03 SETTLED B",
    ]  # fmt: skip
    assert [one.state for one in found.transitions][-2:] == ["PARTIAL", "SETTLED"]
    assert (found.version, found.state) == (1, Lifecycle.SETTLED)
    assert found.transitions[2].why == "B/HOUS receives 5 ACME, pays 52.50 USD, due 2026-03-03"


def test_a_part_comes_then_a_fail_then_the_rest() -> None:
    house = Followed(player())
    house.live(deposit("A", isin="ACME", qty=2), ENOUGH[1], TRADE, roll("2026-03-03"), SETTLE)
    failed = house.live(roll("2026-03-04"))
    assert failed.state == Lifecycle.FAILED
    assert steps(failed)[8:] == [
        "2026-03-03 PARTIAL A", "2026-03-03 PARTIAL B", "2026-03-03 FAILED A", "2026-03-03 FAILED B",
        "2026-03-04 INSTRUCTED A", "2026-03-04 INSTRUCTED B",
    ]  # fmt: skip
    assert failed.transitions[8].why == "A/HOUS delivers 2 ACME, receives 21.00 USD, 3 left"
    assert failed.transitions[10].why == (
        "A/HOUS has 3 ACME to deliver and 31.50 USD to receive: securities are missing (SECURITIES)"
    )
    assert failed.transitions[11].why.endswith("it waits for the deliveries of others (AWAITING)")
    settled = house.live(ENOUGH[0], SETTLE)
    assert settled.state == Lifecycle.SETTLED
    assert steps(settled)[14:] == ["2026-03-04 SETTLED A", "2026-03-04 SETTLED B"]


def test_a_trade_that_is_refused_and_then_right() -> None:
    house = Followed(player())
    refused = house.live({**TRADE, "qty": 0})
    assert steps(refused) == ["2026-03-02 RECEIVED", "2026-03-02 REJECTED"]
    assert (refused.version, refused.state) == (0, Lifecycle.REJECTED)
    assert refused.transitions[1].why == "quantity out of range (INVALID_QTY)"
    right = house.live(TRADE, {**TRADE, "qty": 6}, TRADE)
    assert steps(right)[2:] == [
        "2026-03-02 RECEIVED", "2026-03-02 VALIDATED", "2026-03-02 NOVATED B", "2026-03-02 NOVATED A",
        "2026-03-02 RECEIVED", "2026-03-02 REJECTED", "2026-03-02 RECEIVED",
    ]  # fmt: skip
    assert right.transitions[-2].why.endswith("(DUPLICATE_CONTENT)")
    assert right.transitions[-1].why == "version 1 again with the same content, which changes nothing"
    assert right.state == Lifecycle.NOVATED
    wrong = house.live({**TRADE, "version": 0})
    assert [one.version for one in wrong.transitions[-3:]] == [1, 0, 0]
    assert wrong.version == 1


def test_amended_before_and_after_netting() -> None:
    house = Followed(player())
    before = house.live(*ENOUGH, TRADE, {**TRADE, "version": 2, "qty": 6})
    assert [one.why for one in before.transitions if one.step == "AMENDED"] == [
        "before netting: 6 ACME for 63.00 USD in the place of version 1, 5 ACME for 52.50 USD"
    ]
    after = house.live(roll("2026-03-03"), {**TRADE, "version": 3, "qty": 7})
    assert [one.why for one in after.transitions if one.step == "AMENDED"][1:] == [
        "after netting: 7 ACME for 73.50 USD in the place of version 2, 6 ACME for 63.00 USD",
        "reversed: B/HOUS delivers 6 ACME, receives 63.00 USD, due 2026-03-04",
        "reversed: A/HOUS receives 6 ACME, pays 63.00 USD, due 2026-03-04",
    ]
    assert (after.version, after.state) == (3, Lifecycle.NOVATED)
    late = house.live({**TRADE, "version": 1}, {**TRADE, "version": 4, "price": "0"})
    assert [one.step for one in late.transitions[-3:]] == ["RECEIVED", "RECEIVED", "REJECTED"]
    assert late.state == Lifecycle.NOVATED


def test_cancelled_at_every_age() -> None:
    cancel: Json = {"cmd": "CANCEL_TRADE", **NAME, "version": 9}
    unseen = Followed(player()).live(cancel, TRADE)
    assert [one.why for one in unseen.transitions if one.step == "CANCELLED"] == [
        "before anything else of it has come"
    ]
    assert [one.step for one in unseen.transitions[-2:]] == ["RECEIVED", "VALIDATED"], "superseded"
    waiting = Followed(player()).live(TRADE, cancel)
    assert waiting.transitions[-1].why == "before netting"
    netted = Followed(player()).live(TRADE, roll("2026-03-03"), cancel)
    assert [one.why for one in netted.transitions if one.step == "CANCELLED"] == [
        "after netting",
        "reversed: B/HOUS delivers 5 ACME, receives 52.50 USD, due 2026-03-04",
        "reversed: A/HOUS receives 5 ACME, pays 52.50 USD, due 2026-03-04",
    ]
    assert {one.state for one in (unseen, waiting, netted)} == {Lifecycle.CANCELLED}


def test_what_cancels_out_settles_without_an_instruction() -> None:
    back = {**TRADE, "trade_id": "t2", "buyer": TRADE["seller"], "seller": TRADE["buyer"]}
    found = Followed(player()).live(TRADE, back, roll("2026-03-03"))
    assert steps(found)[4:] == [
        "2026-03-03 NETTED A", "2026-03-03 NETTED B", "2026-03-03 SETTLED A", "2026-03-03 SETTLED B",
    ]  # fmt: skip
    assert found.transitions[-1].why == "B/HOUS has nothing left to receive, deliver or pay in ACME"


def test_an_item_that_is_not_netted() -> None:
    gross = {**TRADE, "isin": "GROS"}
    house = Followed(player())
    open_ = house.live(gross, roll("2026-03-03"), SETTLE, roll("2026-03-04"))
    assert open_.state == Lifecycle.FAILED
    assert "as it is, since trades of GROS settle alone" in open_.transitions[4].why
    assert steps(open_)[8:9] == ["2026-03-03 FAILED"]
    assert open_.transitions[8].why == "5 GROS for 52.50 USD: securities are missing (SECURITIES)"
    settled = house.live(deposit("A", isin="GROS", qty=5), ENOUGH[1], SETTLE)
    assert (steps(settled)[-1], settled.state) == ("2026-03-04 SETTLED", Lifecycle.SETTLED)
    assert settled.transitions[-1].why == "5 GROS for 52.50 USD change hands"


def test_allocated_and_given_up() -> None:
    bought_by_a = {**TRADE, "buyer": ["A", "HOUS"], "seller": ["B", "HOUS"]}
    parts = [{"account": "CLIE", "qty": 2}, {"account": "HOUS", "qty": 3}]
    found = Followed(player()).live(
        bought_by_a,
        {"cmd": "ALLOCATE", **NAME, "side": "B", "parts": parts},
        {"cmd": "GIVE_UP", **NAME, "side": "S", "to": ["C", "HOUS"]},
        {"cmd": "TAKE_UP", "giveup": 1, "accept": True},
    )
    assert [one.why for one in found.transitions[4:]] == [
        "allocated in 2 parts: A/CLIE receives 2 ACME, pays 21.00 USD, due 2026-03-03",
        "allocated in 2 parts: A/HOUS receives 3 ACME, pays 31.50 USD, due 2026-03-03",
        "given up and taken up: C/HOUS delivers 5 ACME, receives 52.50 USD, due 2026-03-03",
    ]


def test_only_what_is_asked_for_is_kept() -> None:
    house = Followed(player(), ("V", "t1"))
    found = house.live(*ENOUGH, {**TRADE, "trade_id": "t0"}, TRADE, {**TRADE, "trade_id": "t2"})
    assert [one.trade_id for one in house.histories.all()] == ["t1"]
    assert house.histories.of("V", "t2") is None
    everything = Followed(player()).live(*ENOUGH, {**TRADE, "trade_id": "t0"}, TRADE)
    assert everything == found


def test_events_may_be_cut_anywhere() -> None:
    house, together = player(), TradeHistories(player().house.terms)
    apart = TradeHistories(house.house.terms)
    for command in (*ENOUGH, TRADE, roll("2026-03-03"), {**TRADE, "version": 2, "qty": 7}, SETTLE):
        events = house.answer(command)
        together.take(events)
        for event in events:
            apart.take([event])
    assert apart.all() == together.all()
    assert len(apart.all()[0].transitions) > 10
