"""Result files: what stands in them, and that they appear whole or not at all."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from novate.domain.machine import apply_all
from novate.domain.records import EVENT, Commands, Events, new_events
from novate.domain.resolve import venue_terms
from novate.gateway.files import EventsFile, FileProblem, OutputFolder, TradesFile, read_orders, write_rejects
from novate.gateway.files.decimal_text import decimal_array
from novate.venue.machine import Venue
from tests.unit.gateway.market import CONFIGURATION, orders_file, row

LATER = "09:30:01"
ROWS = (
    row(account=1, client_order_id=1, side="sell", quantity=100, price="10.05"),
    row(account=2, client_order_id=2, quantity=40, price="10.06", time=LATER),
    row(market="COIN", account=3, client_order_id=3, quantity="1.5", price="64000.5", time=LATER),
    row(market="COIN", account=4, side="sell", quantity="0.02", order_type="market", price="", time=LATER),
    row(command="cancel", client_order_id=9, side="", quantity="", price="", time=LATER),
)


@pytest.fixture
def played(tmp_path: Path) -> tuple[Commands, Events]:
    orders = read_orders(orders_file(tmp_path, *ROWS), "csv", CONFIGURATION)
    venue = Venue(venue_terms(CONFIGURATION))
    return orders.commands, np.concatenate(
        [np.empty(0, EVENT), *apply_all(venue, orders.commands, new_events(64))]
    )


def test_trades_csv_has_the_columns_of_novate_clear(tmp_path: Path, played: tuple[Commands, Events]) -> None:
    with OutputFolder(tmp_path / "out") as out:
        assert TradesFile(out, CONFIGURATION).add(played[1]) == 2
    assert (tmp_path / "out" / "trades.csv").read_text() == (
        "trade_id,source,version,trade_date,instrument,price,quantity,currency,"
        "buyer_member,buyer_account,seller_member,seller_account\n"
        "1,NOVATE,1,2026-10-09,US00ACME0001,10.05,40,USD,BETA,HOUS,ALPHA,HOUS\n"
        "2,NOVATE,1,2026-10-09,COIN,64000.5,0.02,USD,BETA,CLIE,GAMMA,HOUS\n"
    )


def test_an_account_that_nobody_configured_is_its_own_member(
    tmp_path: Path, played: tuple[Commands, Events]
) -> None:
    events = played[1].copy()
    events["account"][events["kind"] == 4] = 77
    with OutputFolder(tmp_path / "out") as out:
        TradesFile(out, CONFIGURATION).add(events)
    assert "BETA,HOUS,ACCOUNT-77,HOUS" in (tmp_path / "out" / "trades.csv").read_text()


def test_events_parquet_names_everything(tmp_path: Path, played: tuple[Commands, Events]) -> None:
    commands, events = played
    with OutputFolder(tmp_path / "out") as out:
        EventsFile(out, CONFIGURATION).add(events, commands, 1)
    table = pq.read_table(tmp_path / "out" / "events.parquet").to_pylist()
    kinds = [event["kind"] for event in table]
    assert kinds[:4] == ["ACCEPTED", "BOOK_STATE", "ACCEPTED", "TRADE"]
    trade = table[3]
    shown = {name: str(value) for name, value in trade.items() if value is not None}
    assert shown["price"] == "10.05"
    assert shown["quantity"] == "40.00"
    assert (trade["market"], trade["side"], trade["sequence"]) == ("ACME", "BUY", 2)
    assert (trade["maker_client_order_id"], trade["taker_client_order_id"]) == (1, 2)
    assert (trade["maker_account"], trade["taker_account"]) == (1, 2)
    assert trade["time"] == commands["time"][1]
    assert trade["bid"] is None
    assert table[1]["ask"] == trade["price"]
    refused = [event for event in table if event["kind"] == "REJECTED"]
    assert [(event["command"], event["reason"]) for event in refused] == [("CANCEL", "UNKNOWN_ORDER")]


def test_events_of_many_blocks_are_the_same_as_of_one(
    tmp_path: Path, played: tuple[Commands, Events]
) -> None:
    commands, events = played
    with OutputFolder(tmp_path / "one") as out:
        EventsFile(out, CONFIGURATION).add(events, commands, 1)
    with OutputFolder(tmp_path / "many") as out:
        file = EventsFile(out, CONFIGURATION)
        for sequence in np.unique(events["sequence"]):
            file.add(events[events["sequence"] == sequence], commands, 1)
    one, many = (pq.read_table(tmp_path / name / "events.parquet") for name in ("one", "many"))
    assert one.to_pylist() == many.to_pylist()


def test_a_run_without_events_still_gives_both_files(tmp_path: Path) -> None:
    with OutputFolder(tmp_path) as out:
        TradesFile(out, CONFIGURATION)
        EventsFile(out, CONFIGURATION)
        assert write_rejects(out, []) == 0
    assert pq.read_table(tmp_path / "events.parquet").num_rows == 0
    assert (tmp_path / "rejects.csv").read_text() == "row,reason,message,line\n"


def test_rows_that_the_venue_refused_join_the_rejects(tmp_path: Path) -> None:
    path = orders_file(tmp_path, row(), row(price="10.005"), row(), row(command="cancel", client_order_id=5))
    orders = read_orders(path, "csv", CONFIGURATION)
    venue = Venue(venue_terms(CONFIGURATION))
    events = np.concatenate(apply_all(venue, orders.commands, new_events(64)))
    with OutputFolder(tmp_path / "out") as out:
        written = write_rejects(out, orders.not_accepted(events, 1))
    with (tmp_path / "out" / "rejects.csv").open() as file:
        rejects = list(csv.DictReader(file))
    assert [(r["row"], r["reason"]) for r in rejects] == [
        ("2", "PRICE_OFF_TICK"),
        ("3", "DUPLICATE_ORDER"),
        ("4", "UNKNOWN_ORDER"),
    ]
    assert rejects[1]["line"] == row()
    assert orders.read - written == 1


def test_nothing_is_left_behind_when_the_work_fails(tmp_path: Path) -> None:
    (tmp_path / "trades.csv").write_text("of an earlier run")
    with pytest.raises(ZeroDivisionError), OutputFolder(tmp_path) as out:  # noqa: PT012
        TradesFile(out, CONFIGURATION)
        EventsFile(out, CONFIGURATION)
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["trades.csv"]
    assert (tmp_path / "trades.csv").read_text() == "of an earlier run"


def test_no_file_has_its_name_before_all_are_complete(tmp_path: Path) -> None:
    with OutputFolder(tmp_path) as out:
        out.write("report.txt", "whole")
        assert [path.name for path in tmp_path.iterdir()] == [".report.txt.partial"]
    assert (tmp_path / "report.txt").read_text() == "whole"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_a_full_disk_is_told_and_leaves_no_half_file(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="No space left"), OutputFolder(tmp_path) as out:  # noqa: PT012
        (tmp_path / ".big.bin.partial").symlink_to("/dev/full")
        out.write("small.txt", "fits")
        out.write("big.bin", bytes(10_000_000))
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    place = tmp_path / "file"
    place.write_text("")
    with pytest.raises(FileProblem, match="expected a folder for the results"):
        OutputFolder(place)


def test_decimals_that_do_not_fit_sixty_four_bits_do_not_wrap() -> None:
    values = decimal_array(np.array([2**62, -5]), np.array([10**9, 1]), 2)
    assert [str(value) for value in values.to_pylist()] == [f"{2**62 * 10**7}.00", "-0.05"]
