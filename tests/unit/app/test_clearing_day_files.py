"""The files of a closed date: whole, the same whenever they are written, and what the journal says."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pyarrow.parquet
import pytest

from novate.app.clearing_house import House
from novate.app.clearing_queries import trial
from novate.app.problems import RefusedError
from novate.app.zipped import zipped
from novate.reports.obligation_reader import read_obligations
from tests.unit.app.clearing_firm import busy_days, day_json, files_below, found


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """A house that has lived some busy days, and the dates that it closed."""
    directory = tmp_path_factory.mktemp("firm")
    with found(directory) as house:
        return directory, busy_days(house, directory)


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode())))


def test_files_written_again_out_of_the_journal_are_the_same_bytes(lived: tuple[Path, list[str]]) -> None:
    directory, closed = lived
    days = directory / "clearing" / "days"
    before = files_below(days)
    assert sorted({name.partition("/")[0] for name in before}) == closed
    shutil.rmtree(days)
    with House.open(directory) as house:
        for date in closed:
            house.write_files(date)
        assert files_below(days) == before
        with pytest.raises(RefusedError, match="expected a date that was closed"):
            house.write_files(house.today)


def test_a_roll_that_was_interrupted_is_finished_at_the_next_opening(lived: tuple[Path, list[str]]) -> None:
    """Its record is durable, its files are not there, with and without the snapshot that stands before it."""
    directory, closed = lived
    last = directory / "clearing" / "days" / closed[-1]
    before = files_below(last)
    snapshots = sorted((directory / "clearing" / "journal").glob("snapshot-*"))
    for lost in ([], snapshots[-1:]):
        shutil.rmtree(last)
        for snapshot in lost:
            snapshot.unlink()
        House.open(directory).close()
        assert files_below(last) == before


def test_day_json_lists_every_file_with_its_digest(lived: tuple[Path, list[str]]) -> None:
    directory, closed = lived
    for date in closed:
        files = files_below(directory / "clearing" / "days" / date)
        day = json.loads(files.pop("day.json"))
        told = {one["name"]: (one["bytes"], one["sha256"]) for one in day["files"]}
        assert told == {name: (len(data), hashlib.sha256(data).hexdigest()) for name, data in files.items()}
        assert day["trades"]["accepted"] + day["trades"]["rejected"] == day["trades"]["read"]
        for cycle in day["cycles"]:
            read = read_obligations(files[f"obligations-{cycle['cycle'].partition('/')[2]}.csv"])
            assert len(read.rows) == cycle["obligations"] == cycle["non_zero_nets"]


def test_parquet_says_what_csv_says(lived: tuple[Path, list[str]]) -> None:
    directory, closed = lived
    compared = 0
    for date in closed:
        files = files_below(directory / "clearing" / "days" / date)
        for name, data in files.items():
            if not name.endswith(".parquet"):
                continue
            table = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
            said = [{key: "" if value is None else str(value) for key, value in row.items()} for row in table]
            kind = name.removesuffix(".parquet")
            if f"{kind}.csv" in files:
                text = files[f"{kind}.csv"].decode()
                lines = "".join(line for line in text.splitlines(True) if not line.startswith("#"))
                expected = rows_of(lines.encode())
            else:
                expected = [
                    {"member": place.split("/")[1], **row}
                    for place, content in sorted(files.items())
                    if place.startswith("members/") and place.endswith(f"/{kind}.csv")
                    for row in rows_of(content)
                ]
            assert said == expected, (date, name)
            compared += len(said)
    assert compared > 100


def test_the_trial_balance_of_a_date_is_that_of_its_close(lived: tuple[Path, list[str]]) -> None:
    """Also where the next date opened with a split, which moves securities within the same ROLL."""
    directory, closed = lived
    for date in closed:
        files = files_below(directory / "clearing" / "days" / date)
        sums: dict[tuple[str, str], list[int]] = {}
        for row in rows_of(files["trial-balance.csv"]):
            place = {"CCP": 1, "WORLD": 2}.get(row["member"], 0)
            found_sums = sums.setdefault((row["book"], row["asset"]), [0, 0, 0])
            found_sums[place] += int(row["credit"]) - int(row["debit"])
        assert all(sum(one) == 0 for one in sums.values())
        for row in rows_of(files["totals.csv"]):
            book = "HOLDINGS" if row["total"] == "securities" else "CASH"
            expected = [int(row[name]) for name in ("members", "house", "world")]
            assert sums.get((book, row["name"]), [0, 0, 0]) == expected, date


def test_the_trial_balance_now_balances(lived: tuple[Path, list[str]]) -> None:
    directory, _ = lived
    with House.open(directory, read_only=True) as house:
        lines = trial(house)
        for key in {(line.book, line.asset) for line in lines}:
            mine = [line for line in lines if (line.book, line.asset) == key]
            assert sum(line.debit for line in mine) == sum(line.credit for line in mine)


def test_what_netting_saved_members_and_instruments_is_what_it_saved_the_cycle(
    lived: tuple[Path, list[str]],
) -> None:
    directory, closed = lived
    cycles = 0
    for date in closed:
        files = files_below(directory / "clearing" / "days" / date)
        whole = rows_of(files["cycles.csv"])
        for name in ("netting-members", "netting-instruments"):
            parts = rows_of(files[f"{name}.csv"])
            for cycle in whole:
                mine = [one for one in parts if (one["cycle"], one["ccy"]) == (cycle["cycle"], cycle["ccy"])]
                for column in ("legs", "rows", "gross_pay", "net_pay"):
                    assert sum(int(one[column]) for one in mine) == int(cycle[column]), (date, name, column)
        for one in rows_of(files["netting-members.csv"]):
            # A member ends with the money that it had to move gross, in total.
            gross, net = (int(one[f"{kind}_receive"]) - int(one[f"{kind}_pay"]) for kind in ("gross", "net"))
            assert gross == net
        cycles += len(whole)
    assert cycles >= 3


def test_messages_stand_in_one_archive_whose_bytes_tell_no_time(lived: tuple[Path, list[str]]) -> None:
    directory, closed = lived
    data = (directory / "clearing" / "days" / closed[1] / "obligations-N1-iso20022.zip").read_bytes()
    archive = zipfile.ZipFile(io.BytesIO(data))
    content = {name: archive.read(name) for name in archive.namelist()}
    rows = [row for row in day_rows(directory, closed[1]) if row["member"] != "CCP"]
    reports, files = (
        {name.removeprefix(kind): data for name, data in content.items() if name.startswith(kind)}
        for kind in ("secl.010/", "sese.023/")
    )
    assert set(reports) == set(files)
    assert len(files) == len({(row["member"], row["account"]) for row in rows})
    payloads = [
        document
        for data in files.values()
        for document in ElementTree.fromstring(data).iterfind(".//{*}TxId")
    ]
    assert sorted(one.text or "" for one in payloads) == sorted(row["obligation_id"] for row in rows)
    assert zipped({name: [one] for name, one in reversed(content.items())}) == data


def day_rows(directory: Path, date: str) -> list[dict[str, str]]:
    data = (directory / "clearing" / "days" / date / "obligations-N1.csv").read_text()
    return rows_of("".join(line for line in data.splitlines(True) if not line.startswith("#")).encode())


def test_an_obligation_that_no_message_can_hold_is_said_and_not_lost(tmp_path: Path) -> None:
    import msgspec

    from tests.unit.clearing.market import house as market

    named = market()
    currencies = {("DOLLAR" if name == "USD" else name): one for name, one in named.currencies.items()}
    instruments = tuple(
        msgspec.structs.replace(one, currency="DOLLAR" if one.currency == "USD" else one.currency)
        for one in named.instruments
    )
    odd = msgspec.structs.replace(named, currencies=currencies, instruments=instruments)
    with House.found(tmp_path, odd) as house:
        house.trade("X", "1", instrument="ACME", quantity="5", price="10", buyer="A/HOUS", seller="B/HOUS")
        house.roll()
        written = house.roll()
        (cycle,) = written.summary["cycles"]
        assert "expected an ISO 4217 code" in cycle["iso20022_refused"]
        assert (cycle["obligations"], len(day_rows(tmp_path, "2026-03-03"))) == (2, 2)
        assert day_json(house, "2026-03-03") == written.summary
