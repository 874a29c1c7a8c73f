"""Obligations, fails and statements over the web, read from a clearing house beside the node."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from novate.app.clearing_house import House
from novate.app.configuration import load_configuration
from tests.end_to_end.webs import WebNode


@pytest.fixture(scope="module")
def cleared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebNode]:
    """A node beside which a house stands that has closed a date."""
    node = WebNode(tmp_path_factory.mktemp("cleared"), board="socket")
    try:
        before = node.call("ALPINE", "GET", "/v1/clearing/obligations")
        assert (before.status, before.json["name"]) == (404, "NO_CLEARING_HOUSE")
        with House.found(node.data, load_configuration(node.config)) as house:
            house.trade("X", "1", instrument="NOVA", quantity="40", price="182.5", buyer="ALPINE/HOUS",
                        seller="BOREAL/HOUS")  # fmt: skip
            house.trade("X", "2", instrument="NOVA", quantity="10", price="180", buyer="CASTOR/HOUS",
                        seller="ALPINE/HOUS")  # fmt: skip
            for party, amount in (("ALPINE/HOUS", "9000"), ("BOREAL/HOUS", "50.25")):
                house.deposit(party, "USD", amount)
            house.roll()
        yield node
    finally:
        node.process.kill()


def test_a_member_sees_its_own_obligations_and_no_others(cleared: WebNode) -> None:
    found = cleared.call("ALPINE", "GET", "/v1/clearing/obligations").json
    (own,) = found["items"]
    assert (own["member"], own["instrument"], own["quantity"], own["amount"]) == (
        "ALPINE", "NOVA", "30", "-5500",
    )  # fmt: skip
    other = cleared.call("BOREAL", "GET", "/v1/clearing/obligations").json["items"]
    assert [(one["member"], one["quantity"], one["amount"]) for one in other] == [("BOREAL", "-40", "7300")]
    everybody = cleared.call("CLEARER", "GET", "/v1/clearing/obligations?limit=2").json
    assert len(everybody["items"]) == 2
    assert everybody["next"] is not None
    dated = cleared.call("ALPINE", "GET", "/v1/clearing/obligations?date=2031-01-01").json
    assert dated["items"] == []
    assert cleared.call("ALPINE", "GET", "/v1/clearing/fails").json["items"] == []


def test_entries_of_the_ledger_are_told_to_those_whom_they_concern(cleared: WebNode) -> None:
    def entries(name: str) -> list[Any]:
        found: list[Any] = []
        cursor = ""
        while True:
            answer = cleared.call(name, "GET", f"/v1/clearing/entries?limit=2{cursor}")
            assert answer.status == 200, answer.body
            found += answer.json["items"]
            if answer.json["next"] is None:
                return found
            cursor = f"&cursor={answer.json['next']}"

    deadline = time.monotonic() + 60
    while not (cleared.data / "views.sock").exists() or len(entries("CLEARER")) < 2:
        assert time.monotonic() < deadline, "expected the ledger in the views within a minute"
        time.sleep(0.1)
    every = entries("CLEARER")
    assert [one["seq"] for one in every] == sorted((one["seq"] for one in every), reverse=True)
    amounts = {}
    for name in ("ALPINE", "BOREAL", "CASTOR"):
        own = entries(name)
        assert own == [one for one in every if name in one["debit"] + one["credit"]]
        amounts[name] = [(one["asset"], one["amount"]) for one in own if one["reason"] == "DEPOSIT"]
    assert amounts == {"ALPINE": [("USD", "9000")], "BOREAL": [("USD", "50.25")], "CASTOR": []}


def test_statements_are_for_whoever_clears(cleared: WebNode) -> None:
    assert cleared.call("ALPINE", "GET", "/v1/clearing/statements").json["name"] == "MISSING_SCOPE"
    files = cleared.call("CLEARER", "GET", "/v1/clearing/statements").json["items"]
    assert files
    one = files[0]
    target = f"/v1/clearing/statements/{one['date']}/{one['name']}"
    data = cleared.call("CLEARER", "GET", target)
    on_disk = Path(cleared.data / "clearing" / "days" / one["date"] / one["name"]).read_bytes()
    assert (data.status, data.body) == (200, on_disk)
    for wrong in ("%2e%2e/day.json", "2026-10-09/%2e%2e%2fjournal", "2026-10-09/.hidden", "2026-10-09/none"):
        answer = cleared.call("CLEARER", "GET", f"/v1/clearing/statements/{wrong}")
        assert answer.status in (400, 404), wrong


def test_where_a_house_stands_there_is_no_test_money(cleared: WebNode) -> None:
    transfer = {"transfer_id": "1", "asset": "USD", "amount": "1"}
    answer = cleared.call("BANKER", "POST", "/v1/deposits", transfer)
    assert (answer.status, answer.json["name"]) == (403, "NO_TEST_MONEY")
