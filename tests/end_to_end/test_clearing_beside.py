"""A clearing house beside a running node: it takes fills, gives credit, is killed and stopped, and is never
waited for."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from novate.app.clearing_door import house_for_writing
from novate.app.clearing_house import House
from novate.app.clearing_knock import ask
from novate.app.clearing_words import CommandRefused
from novate.app.node.web_clearing import HouseBeside, rows_of
from novate.app.plane_streams import CREDIT, DOOR, read_credit
from novate.app.problems import RefusedError
from novate.app.verify_planes import verify_planes
from novate.client import Client, Credentials, node_status
from novate.domain.codes import CommandKind, EventKind, Reject, Side
from novate.domain.records import new_commands
from novate.domain.session_codes import SessionReject
from novate.gateway.web.codes import WebRefused
from tests.end_to_end.nodes import (
    NodeProcess,
    events_until,
    market_file,
    published_fills,
    refusals,
    seed_of,
    terms,
    write_sessions,
)
from tests.end_to_end.processes import novate_json
from tests.end_to_end.test_node_sessions import PRICE
from tests.end_to_end.two_planes import children_of, command_line, trades_of_house

PATIENCE = 60.0
SELLER, BUYER = 101, 201
CASH, NO_CASH = 'USD = "2000000000.00"', 'USD = "0.00"'


class Beside:
    """A node process with a clearing house, a seller and a buyer."""

    def __init__(self, place: Path, config: Path) -> None:
        self.data = place
        self.node = NodeProcess(place, config)
        self.seller, self.buyer = self.client("SELLER"), self.client("BUYER")
        self.next = 1 + max(published_fills(place), default=0)

    def client(self, name: str) -> Client:
        return Client.connect(self.node.address, Credentials(name, seed_of(name)))

    def trade(self, count: int) -> None:
        """So many fills."""
        for cid in range(self.next, self.next + count):
            self.seller.receipt(self.seller.place_order(0, SELLER, cid, Side.SELL, 1, PRICE))
            self.buyer.receipt(self.buyer.place_order(0, BUYER, cid, Side.BUY, 1, PRICE))
        self.next += count

    def status(self) -> dict[str, Any]:
        said: dict[str, Any] = msgspec.json.decode(node_status(self.data / "novate.sock"))
        return said

    def wait(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Ask the node until its clearing house is as wanted."""
        until = time.monotonic() + PATIENCE
        while True:
            found: dict[str, Any] = self.status()["clearing"]
            if condition(found):
                return found
            assert time.monotonic() < until, found
            time.sleep(0.05)

    def house(self) -> int:
        """Process id of the clearing house."""
        return house_of(self.node)

    def stop(self) -> str:
        """End the node; returns what it complained of."""
        code, _, said = self.node.end(signal.SIGINT)
        assert code == 0, said
        return said


def house_of(node: NodeProcess) -> int:
    """Process id of the clearing house beside a node; one that was killed is started again after a while."""
    until = time.monotonic() + PATIENCE
    while True:
        children = children_of(node.process.pid)
        found = [pid for pid in children if "clearing_process" in command_line(pid)]
        if len(found) == 1:
            return found[0]
        assert time.monotonic() < until, f"expected one clearing house, was {found}"
        time.sleep(0.01)


@contextmanager
def beside(place: Path, changes: dict[str, str] | None = None, **node: Any) -> Iterator[Beside]:
    """A node on a new directory, on the default market with changes; killed if the test fails."""
    write_sessions(place / "data", [terms("SELLER", 1, SELLER), terms("BUYER", 2, BUYER), terms("ADMIN", 3)])
    config = market_file(place, silence_ms=3_600_000, **node)
    for before, after in (changes or {}).items():
        config.write_text(config.read_text("utf-8").replace(before, after), "utf-8")
    running = Beside(place / "data", config)
    try:
        yield running
    finally:
        if running.node.process.poll() is None:
            running.node.kill()


def test_fills_are_cleared_and_the_files_alone_prove_it(tmp_path: Path) -> None:
    with beside(tmp_path) as run:
        run.trade(5)
        run.wait(lambda clearing: clearing["fills"] == 5)
        rolled = novate_json("clearing", "roll", run.data)
        assert rolled["business_date"] == "2026-10-12", "a Monday; the venue trades on"
        run.trade(3)
        assert run.wait(lambda clearing: clearing["fills"] == 8)["business_date"] == "2026-10-12"
        assert run.stop() == ""
    assert trades_of_house(run.data) == list(range(1, 9))
    assert (run.data / "clearing" / "days" / "2026-10-09" / "day.json").exists()
    elsewhere = Path(shutil.copytree(run.data, tmp_path / "elsewhere"))
    shutil.rmtree(run.data)
    verified = verify_planes(elsewhere, 0)
    assert verified.same
    said = " ".join(check.what for check in verified.checks)
    assert "8 of 8 fills cleared, one to one" in said
    assert "2 logins" in said
    assert "files of 1 closed date" in said


def test_trading_goes_on_while_the_house_is_stopped_or_killed_and_it_catches_up(tmp_path: Path) -> None:
    with beside(tmp_path) as run:
        run.trade(2)
        run.wait(lambda clearing: clearing["fills"] == 2)
        first = run.house()
        os.kill(first, signal.SIGSTOP)
        run.trade(20)
        assert run.status()["clearing"]["fills"] == 2
        os.kill(first, signal.SIGKILL)
        run.trade(1)
        found = run.wait(lambda clearing: clearing["fills"] == 23)
        assert (found["state"], found["restarts"], found["fault"]) == ("running", 1, "")
        assert run.house() != first
        said = run.stop()
    assert "clearing: killed by signal 9 (Killed); it is started again in 0.5 s" in said
    assert "clearing: started again" in said
    assert trades_of_house(run.data) == list(range(1, 24))


def test_what_was_bought_may_be_sold_when_the_house_has_settled_it(tmp_path: Path) -> None:
    """K12: the venue takes ten from the seller at once, and gives the buyer ten when they have arrived."""
    changes = {'symbol = "NOVA"': 'symbol = "NOVA"\nresale = "settled"', 'NOVA = "2000000"': 'NOVA = "0"'}
    with beside(tmp_path, changes) as run:
        run.wait(lambda clearing: clearing["state"] == "running")
        for party, asset, quantity in (
            ("ALPINE/HOUS", "US00NOVA0016", "40"),
            ("BOREAL/HOUS", "USD", "5000"),
        ):
            novate_json("clearing", "deposit", run.data, party, asset, quantity)
        run.wait(lambda clearing: clearing["credits"] == 2)
        run.trade(10)
        run.wait(lambda clearing: clearing["fills"] == 10)
        run.buyer.receipt(run.buyer.place_order(0, BUYER, 11, Side.SELL, 1, PRICE))
        refused = events_until(run.buyer, EventKind.REJECTED)
        assert refused["reason"][-1] == Reject.INSUFFICIENT_CREDIT
        for _ in ("the banks are closed on Monday", "trades of Friday settle on Tuesday"):
            novate_json("clearing", "roll", run.data)
        assert len(told_of(run.data)) == 2, "nothing has arrived yet"
        novate_json("clearing", "settle", run.data)
        run.wait(lambda clearing: clearing["credits"] == 3)
        run.buyer.receipt(run.buyer.place_order(0, BUYER, 12, Side.SELL, 10, PRICE))
        assert EventKind.ACCEPTED in events_until(run.buyer, EventKind.ACCEPTED)["kind"]
        run.stop()
    assert told_of(run.data) == [(101, 40), (201, 500_000), (201, 10)]
    assert verify_planes(run.data, 0).same


def told_of(data: Path) -> list[tuple[int, int]]:
    """(account, delta) of all credit that the house has told."""
    return [(int(one["account"]), int(one["delta"])) for one in read_credit(data / CREDIT)]


def deposit_before_buying(run: Beside) -> None:
    """The buyer has no money by configuration, and what it is given it may spend."""
    run.seller.receipt(run.seller.place_order(0, SELLER, 1, Side.SELL, 1, PRICE))
    run.buyer.receipt(run.buyer.place_order(0, BUYER, 1, Side.BUY, 1, PRICE))
    refused = events_until(run.buyer, EventKind.REJECTED)
    assert refused["reason"].tolist() == [Reject.INSUFFICIENT_CREDIT]
    with house_for_writing(run.data) as house:
        house.deposit("BOREAL/HOUS", "USD", "5000.00")
    assert EventKind.CREDIT_SET in events_until(run.buyer, EventKind.CREDIT_SET)["kind"]
    run.buyer.receipt(run.buyer.place_order(0, BUYER, 2, Side.BUY, 1, PRICE))
    assert EventKind.TRADE in events_until(run.buyer, EventKind.TRADE)["kind"]
    assert run.status()["clearing"]["credits"] == len(read_credit(run.data / CREDIT)) == 1


def test_a_deposit_is_credit_at_once_and_what_comes_to_the_door_is_answered_by_name(tmp_path: Path) -> None:
    with beside(tmp_path, {CASH: NO_CASH}) as run:
        run.wait(lambda clearing: clearing["state"] == "running")
        deposit_before_buying(run)
        run.wait(lambda clearing: clearing["fills"] == 1)
        run.next = 3
        door = run.data / DOOR
        assert door.stat().st_mode & 0o777 == 0o600
        for request, reason in (
            ({"verb": "do", "argument": [{"cmd": "FILLS", "first": 2, "last": 9}]}, "REFUSED"),
            ({"verb": "do", "argument": [{"cmd": "NONSENSE"}]}, "MALFORMED_REQUEST"),
            ({"verb": "do", "argument": {}}, "MALFORMED_REQUEST"),
            ({"verb": "sing"}, "MALFORMED_REQUEST"),
            ({"verb": "roll", "argument": "2030-01-01"}, "ROLL_SKIPS_DAY"),
        ):
            with pytest.raises(CommandRefused) as refused:
                ask(door, request)
            assert refused.value.reason == reason, request
        file = tmp_path / "desk.csv"
        file.write_text(
            "source,trade_id,version,trade_date,instrument,currency,quantity,price,buyer_member,"
            "buyer_account,seller_member,seller_account\n"
            "DESK,1,1,2026-10-09,US00NOVA0016,USD,5,182.50,ALPINE,HOUS,BOREAL,HOUS\n"
        )
        with house_for_writing(run.data) as house:
            with pytest.raises(CommandRefused, match="INSUFFICIENT_BALANCE"):
                house.withdraw("BOREAL/HOUS", "USD", "5000.01")
            taken = house.take(file)
            assert (taken.read, taken.accepted) == (1, 1)
        with house_for_writing(run.data) as house:
            (amended, *_) = house.amend("DESK", "1", quantity="6")
            assert amended["version"] == 2
            assert "version 2" in house.words().say(amended)
        run.trade(1)
        assert run.wait(lambda clearing: clearing["fills"] == 2)["restarts"] == 0
        as_the_web_asks(run)
        with pytest.raises(RefusedError, match="expected one that is stopped, or a copy"):
            verify_planes(run.data, 0)
        run.stop()
    assert verify_planes(run.data, 0).same


def as_the_web_asks(run: Beside) -> None:
    """What the running house says is what its directory says to whoever opens it."""
    web = HouseBeside(run.data)
    today, told = asyncio.run(web.obligations(None, None))
    with House.open(run.data, read_only=True) as copy:
        read = rows_of(copy)
    assert (today, told) == (read.today, read.obligations)
    assert sum(Decimal(one.quantity) for one in told) == 0 < len(told)
    # A house that does not answer keeps nobody waiting: what it said last is told again.
    web.read_at = -1e9
    os.kill(run.house(), signal.SIGSTOP)
    try:
        assert asyncio.run(web.obligations(None, None)) == (today, told)
        with pytest.raises(WebRefused, match="within 3 s"):
            asyncio.run(HouseBeside(run.data).obligations(None, None))
    finally:
        os.kill(run.house(), signal.SIGCONT)


def test_only_the_house_gives_credit_and_what_is_none_is_not_taken(tmp_path: Path) -> None:
    credit = new_commands(1)
    credit["kind"] = CommandKind.CREDIT
    with beside(tmp_path, {"[clearing]": "[clearing]\nmax_qty = 50"}) as run:
        run.seller.receipt(run.seller.place_order(0, SELLER, 1, Side.SELL, 51, PRICE))
        run.buyer.receipt(run.buyer.place_order(0, BUYER, 1, Side.BUY, 51, PRICE))
        found = run.wait(lambda clearing: clearing["fills"] == 1)
        assert found["refused"] == 1, "more than the house takes; nobody is left in the dark"
        run.next = 2
        admin = run.client("ADMIN")
        assert admin.receipt(admin.send(credit))["count"] == 0
        assert refusals(admin) == [SessionReject.MISSING_PERMISSION]
        run.wait(lambda clearing: clearing["state"] == "running")
        os.kill(run.house(), signal.SIGSTOP)
        forged = np.zeros(64, np.uint8)
        forged[0] = CommandKind.CREDIT
        with (run.data / CREDIT).open("ab") as stream:
            stream.write(forged.tobytes())
        found = run.wait(lambda clearing: bool(clearing["fault"]))
        assert "record 1: expected CREDIT number" in found["fault"]
        run.trade(3)
        run.node.kill()
    assert published_fills(run.data) == [1, 2, 3, 4]
