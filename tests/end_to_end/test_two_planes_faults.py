"""Two planes when their streams are lost, when somebody else is there, and when the one above them dies."""

from __future__ import annotations

import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from novate.app.configuration import load_configuration
from novate.app.plane_process import follow, follow_until_told, open_house, refused_fills, take_published
from novate.app.plane_streams import FillReader, FillStream, read_credit
from novate.app.problems import RefusedError
from novate.app.venue_fills import FillWriter
from novate.domain.configuration import Configuration
from novate.gateway.files import only_writer
from novate.journal.errors import JournalError
from tests.end_to_end.processes import novate, novate_json
from tests.end_to_end.two_planes import (
    children_of,
    command_line,
    configured,
    finish,
    looked_at,
    prepared,
    start,
)
from tests.unit.app.test_plane_records import random_fills
from tests.unit.clearing.test_fills import fill

ORDERS = 4_000
STREAMS = ("venue/fills", "clearing/credit")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return configured(tmp_path_factory.mktemp("market") / "market.toml", ORDERS)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, config: Path) -> Path:
    directory = prepared(tmp_path_factory.mktemp("planes") / "finished", config)
    finish(directory, config)
    return directory


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def test_planes_end_with_the_process_that_started_them(config: Path, finished: Path, tmp_path: Path) -> None:
    directory = prepared(tmp_path / "day", config)
    day = start(directory, config)
    planes: dict[int, str] = {}
    while not any(" venue " in words for words in planes.values()):
        assert day.poll() is None, "the day was over before its venue began"
        planes |= {pid: command_line(pid) for pid in children_of(day.pid)}
        time.sleep(0.005)
    os.kill(day.pid, signal.SIGKILL)
    day.communicate()
    assert len(planes) == 2
    while any(command_line(pid) == words for pid, words in planes.items()):
        time.sleep(0.005)
    finish(directory, config)
    assert looked_at(directory) == looked_at(finished)


def test_lost_and_torn_streams_are_made_again(copy: Path, config: Path) -> None:
    whole = {name: (copy / name).read_bytes() for name in STREAMS}
    (copy / STREAMS[0]).unlink()
    (copy / STREAMS[1]).write_bytes(whole[STREAMS[1]][:-5])
    finish(copy, config)
    assert {name: (copy / name).read_bytes() for name in STREAMS} == whole


def test_fills_that_the_journal_does_not_have_are_refused(copy: Path, config: Path) -> None:
    path = copy / STREAMS[0]
    whole = path.read_bytes()
    path.write_bytes(whole + whole[-128:])
    refused = novate("day", copy, "--config", config)
    assert refused.returncode == 1
    count = len(whole) // 128
    assert f"{path}: expected {count} records as the journal has them, was {count + 1}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_credit_that_the_journal_does_not_have_is_refused(copy: Path, configuration: Configuration) -> None:
    path = copy / STREAMS[1]
    whole, count = path.read_bytes(), len(read_credit(path))
    path.write_bytes(whole + whole[-64:])
    with pytest.raises(
        JournalError, match=f"credit: record {count + 1}: expected a later number of the house"
    ):
        open_house(copy, configuration)
    later = read_credit(path)[-1:].copy()
    later["house_credit"] += 1
    path.write_bytes(whole + later.tobytes())
    with pytest.raises(JournalError, match=f"expected {count} records as the journal has them"):
        open_house(copy, configuration)
    assert path.read_bytes() == whole + later.tobytes()


@pytest.mark.parametrize("plane", ["venue", "clearing"])
def test_a_plane_that_somebody_else_runs_is_left_alone(plane: str, tmp_path: Path, config: Path) -> None:
    directory = tmp_path / "day"
    with only_writer(directory / plane):
        refused = novate("day", directory, "--config", config)
    assert refused.returncode == 1
    assert f"{directory / plane}: expected to be the only writer" in refused.stderr
    assert list((directory / plane).iterdir()) == []


def test_a_founding_that_was_interrupted_is_begun_again(config: Path, tmp_path: Path) -> None:
    directory = tmp_path / "day"
    half = directory / "clearing" / "journal.founding"
    half.mkdir(parents=True)
    (half / "witness").write_bytes(b"half")
    house, _ = open_house(directory, load_configuration(config))
    with house:
        assert house.today == "2026-10-09"
    assert not half.exists()


@pytest.fixture
def configuration(config: Path) -> Configuration:
    return load_configuration(config)


def test_a_house_with_more_fills_than_the_venue_says_so(
    configuration: Configuration, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = FillStream(tmp_path)
    stream.take(random_fills(1, 3))
    house, _ = open_house(tmp_path, configuration)
    with house:
        monkeypatch.setattr("novate.app.plane_process.number_said", lambda: 2)
        with pytest.raises(RefusedError, match="expected no more fills than the 2 of the venue, was 3"):
            follow_until_told(house, tmp_path, 4096)
        monkeypatch.setattr("novate.app.plane_process.number_said", lambda: 4)
        with pytest.raises(
            RefusedError, match="expected to take 4 fills as the venue has done them, was the end after 3"
        ):
            follow_until_told(house, tmp_path, 4096)
        assert house.plane.house.fills == 3


def test_a_fill_that_the_house_refuses_is_counted(configuration: Configuration, tmp_path: Path) -> None:
    fills = np.concatenate(
        [fill(1, 0, 18250, 5, 101, 202), fill(2, 0, 0, 5, 101, 202), fill(3, 5, 7, 1, 101, 202)]
    )
    FillStream(tmp_path).take(fills)
    house, _ = open_house(tmp_path, configuration)
    with house:
        follow(house, FillReader(tmp_path), FillWriter(configuration, house.plane.terms), 2)
        follow(house, FillReader(tmp_path), FillWriter(configuration, house.plane.terms), 2)
        assert (house.plane.house.fills, house.plane.house.fills_in_house) == (3, 1)
        assert refused_fills(house, tmp_path) == 1, "a price of nothing is none"


def test_refused_fills_of_a_day_are_said_and_fail_verification(tmp_path: Path) -> None:
    config = configured(tmp_path / "market.toml", 400)
    config.write_text(config.read_text().replace("[clearing]", "[clearing]\nmax_qty = 50", 1))
    day = novate_json("day", tmp_path / "day", "--config", config)
    assert 0 < day["refused"] < day["fills"]
    found = novate("verify", tmp_path / "day", "--sample", "0")
    assert found.returncode == 1
    assert f"{day['refused']} of them were refused" in " ".join(found.stdout.split())


def test_an_order_may_spend_what_was_deposited_before_the_day(tmp_path: Path) -> None:
    """Nobody has money by configuration: 101 has what ALPINE/HOUS was given, 201 has nothing to buy for."""
    config = configured(tmp_path / "market.toml", 1)
    text = config.read_text().replace('USD = "2000000000.00"', 'USD = "0.00"')
    config.write_text(text)
    orders = tmp_path / "orders.csv"
    orders.write_text(
        "time,command,market,account,client_order_id,side,quantity,price\n"
        ",new,NOVA,202,1,sell,10,182.50\n"
        ",new,NOVA,101,2,buy,10,182.50\n"
        ",new,NOVA,301,3,sell,10,182.50\n"
        ",new,NOVA,201,4,buy,10,182.50\n"
    )
    day = ("day", tmp_path / "day", "--config", config, "--orders", orders, "--format", "csv")
    house, _ = open_house(tmp_path / "day", load_configuration(config))
    with house:
        house.deposit("ALPINE/HOUS", "USD", "25000")
    said = novate_json(*day)
    assert (said["fills"], said["refused"], said["credits"]) == (1, 0, 1)
    assert novate_json(*day) == said, "the day is over; nothing is done again"
    orders.write_text(orders.read_text() + ",new,NOVA,101,5,buy,10,182.50\n")
    other = novate(*day)
    assert other.returncode == 1
    assert "commands of the date, which is closed, was a file of" in other.stderr


def test_a_house_can_follow_a_venue_by_hand(configuration: Configuration, tmp_path: Path) -> None:
    stream = FillStream(tmp_path)
    stream.take(random_fills(2, 30)[:40])
    with pytest.raises(JournalError):
        take_published(tmp_path, 8)
    house, _ = open_house(tmp_path, configuration)
    house.close()
    assert take_published(tmp_path, 8) == (20, 20)
    assert take_published(tmp_path, 8) == (0, 20)
    stream.take(random_fills(2, 30)[40:])
    assert novate_json("clearing", "follow", tmp_path) == {"taken": 10, "last": 30}
    house, _ = open_house(tmp_path, configuration)
    with house:
        assert house.plane.house.fills == 30
        house.roll()
    with pytest.raises(RefusedError, match="expected the business date 2026-10-09 of the venue"):
        take_published(tmp_path, 8)


def test_a_whole_credit_stream_is_told_again_from_any_snapshot(
    copy: Path, configuration: Configuration
) -> None:
    """Each snapshot alone, the oldest and the newest: what follows from it is what stands there."""
    expected = read_credit(copy / STREAMS[1]).tobytes()
    snapshots = sorted((copy / "clearing" / "journal").glob("snapshot-*"))
    assert len(snapshots) >= 2
    for gone in reversed(snapshots):
        house, credit = open_house(copy, configuration)
        with house:
            assert credit.last == len(expected) // 64
        gone.unlink()
    assert read_credit(copy / STREAMS[1]).tobytes() == expected
