"""The settlement plane as it is founded, left and opened again: real files, whole states."""

from __future__ import annotations

import datetime
import shutil
from pathlib import Path

import msgspec
import numpy as np
import pytest

from novate.app.bootstrap_clearing import found_clearing, open_clearing
from novate.app.configuration import embedded_configuration
from novate.app.conform_clearing_commands import CommandWriter
from novate.app.problems import RefusedError
from novate.clearing.configured import house_terms_of
from novate.clearing.house_terms import Days
from novate.clearing.machine import Clearing
from novate.domain.clearing_codes import ClearingEvent
from novate.domain.clearing_records import CLEARING_COMMAND
from novate.domain.configuration import Configuration
from novate.journal import Journal, JournalError

CONFIGURATION = embedded_configuration()
BUYER, SELLER = ["ALPINE", "HOUS"], ["BOREAL", "HOUS"]


def trade(name: str, instrument: str, quantity: int, price: str) -> dict[str, object]:
    date = CONFIGURATION.business_date
    return {"cmd": "TRADE", "source": "X", "trade_id": name, "version": 1, "trade_date": date,
            "isin": instrument, "ccy": None, "qty": quantity, "price": price, "buyer": BUYER,
            "seller": SELLER}  # fmt: skip


@pytest.mark.parametrize(
    ("instrument", "quantity", "price", "amount"),
    [
        ("US00NOVA0016", 300, "182.50", 54_750_00),
        ("BTC-USD", 25, "60000.00", 15_000_00),  # a quarter of a coin, in hundredths
        ("NOVA-NOV26-190C", 2, "3.75", 750_00),  # contracts of 100
    ],
)
def test_a_unit_is_worth_what_its_lot_and_contract_say(
    tmp_path: Path, instrument: str, quantity: int, price: str, amount: int
) -> None:
    plane = found_clearing(tmp_path / "journal", CONFIGURATION)
    writer = CommandWriter(plane.terms)
    alone = plane.take(writer.records(trade("1", instrument, quantity, price)))
    assert alone["amount"][alone["kind"] == ClearingEvent.ACCEPTED].tolist() == [amount]
    # Twenty of them are a run, which is looked at by the column.
    raw = b"".join(
        writer.records(trade(f"r{number}", instrument, quantity, price)).tobytes() for number in range(20)
    )
    many = plane.take(np.frombuffer(raw, CLEARING_COMMAND))
    assert many["amount"][many["kind"] == ClearingEvent.ACCEPTED].tolist() == [amount] * 20
    plane.close()


@pytest.mark.parametrize("snapshot_at", [None, 0, 1, 2])
def test_a_plane_that_is_opened_again_stands_where_it_stood(tmp_path: Path, snapshot_at: int | None) -> None:
    plane = found_clearing(tmp_path / "journal", CONFIGURATION)
    writer = CommandWriter(plane.terms)
    commands = [
        trade("1", "US00NOVA0016", 300, "182.50"),
        {"cmd": "DEPOSIT", "member": "ALPINE", "account": "HOUS", "ccy": "USD", "amount": 10**9},
        {"cmd": "ROLL", "to": str(_next_day())},
    ]
    for number, command in enumerate(commands):
        plane.take(writer.records(command))
        if number == snapshot_at:
            plane.snapshot()
    root, sequence = plane.house.state_root(), plane.sequence
    plane.close()
    again = open_clearing(tmp_path / "journal")
    assert (again.house.state_root(), again.sequence) == (root, sequence)
    assert again.configuration == CONFIGURATION
    again.house.validate()
    again.close()


def test_transfers_of_a_day_that_is_over_lie_in_the_archive(tmp_path: Path) -> None:
    """A snapshot needs them; without it the journal brings them again."""
    plane = found_clearing(tmp_path / "journal", CONFIGURATION)
    writer = CommandWriter(plane.terms)
    deposit = {"cmd": "DEPOSIT", "member": "ALPINE", "account": "HOUS", "ccy": "USD", "amount": 10**9}
    for command in (deposit, {"cmd": "ROLL", "to": str(_next_day())}, deposit):
        plane.take(writer.records(command))
    plane.snapshot()
    root = plane.house.state_root()
    assert (plane.house.ledger.stored, len(plane.house.ledger.state().transfers) > 1) == (2, True)
    plane.close()
    shutil.rmtree(tmp_path / "journal" / "archive")
    with pytest.raises(RefusedError, match=r"snapshot at sequence \d+: .*expected at least 1 rows, was 0"):
        open_clearing(tmp_path / "journal")
    for snapshot in (tmp_path / "journal").rglob("snapshot-*"):
        snapshot.unlink()
    again = open_clearing(tmp_path / "journal")
    assert again.house.state_root() == root
    assert again.house.ledger.transfer_of(1).amount == 10**9
    again.close()


def _next_day() -> datetime.date:
    terms = house_terms_of(CONFIGURATION)
    return datetime.date.fromordinal(Days(terms).next_house_day(terms.start))


def test_a_second_founding_changes_nothing(tmp_path: Path) -> None:
    found_clearing(tmp_path / "journal", CONFIGURATION).close()
    with pytest.raises(JournalError, match="journal"):
        found_clearing(tmp_path / "journal", CONFIGURATION)
    open_clearing(tmp_path / "journal").close()


def test_a_journal_without_a_whole_configuration_is_refused(tmp_path: Path) -> None:
    writer = CommandWriter(house_terms_of(CONFIGURATION))
    with Journal.create(tmp_path / "journal") as journal:
        journal.append(writer.records({"cmd": "NET"}))
    with pytest.raises(RefusedError, match="begins with a whole configuration, was 0 records"):
        open_clearing(tmp_path / "journal")


def test_every_switch_of_the_rulebook_can_be_configured() -> None:
    changed = msgspec.structs.replace(
        CONFIGURATION.clearing, version_policy="STRICT", policy="NET_NET", partials=False, fail_ppm=7,
        buckets=(2, 4), alloc_key="k",
    )  # fmt: skip
    configuration: Configuration = msgspec.structs.replace(CONFIGURATION, clearing=changed)
    terms = house_terms_of(configuration)
    Clearing(terms)
    found = msgspec.to_builtins(terms.switches)
    assert found == {**msgspec.to_builtins(changed), "buckets": [2, 4]}
    assert {one.policy.name for one in terms.instruments} == {"NET_NET"}
