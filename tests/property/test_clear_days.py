"""One pass over a file, or date by date through the house of many days: the same obligations.

generated trades, calendars with holidays --clear_file--> obligations.csv (all dates)     the same bytes
                                          --clear_days--> days/DATE/obligations-N1.csv    one after another
"""

from __future__ import annotations

import csv
import datetime
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.app.clear import clear_file
from novate.app.clear_days import DayRange, DaysSummary, clear_days
from novate.app.clearing_small_files import SmallFileError
from novate.app.problems import RefusedError
from novate.app.trade_files import TradeFileError
from novate.domain.configuration import Configuration
from novate.journal.folder_lock import FolderInUse, only_writer
from tests.property.campaign import campaign
from tests.unit.app.clearing_firm import answers, files_below, trade_file
from tests.unit.clearing.market import house, trade

FLOWS = 5
FIRST = datetime.date(2026, 10, 5)
"""A week before Columbus Day: the banks are closed on the 12th, the market is open."""
PARTIES = [f"{member}/{account}" for member in "ABC" for account in ("HOUS", "CLIE")]
Rows = list[dict[str, str]]


@pytest.fixture(scope="module", autouse=True)
def interpreted() -> None:
    """No venue takes part here, so none is started."""


def trades_of(rng: Random, instruments: tuple[str, ...], count: int = 60) -> Rows:
    """Trades on the weekdays of two weeks, in versions, some repeated, some of them bad."""
    rows: Rows = []
    for number in range(count):
        on = FIRST + datetime.timedelta(days=rng.randint(0, 13))
        said = f"{rng.choice(PARTIES)} buys {rng.randint(1, 90)} {rng.choice(instruments)} from "
        said += f"{rng.choice(PARTIES)} at {rng.randint(1, 40)}.{rng.randint(0, 99):02d}"
        row = trade(said, f"t{number}", on=on.isoformat())
        rows.append(row)
        if rng.random() < 0.15:
            rows.append(dict(row))
        if rng.random() < 0.15:
            rows.append(row | {"version": "2", "quantity": str(rng.randint(1, 90))})
        if rng.random() < 0.1:
            rows.append(row | {"trade_id": f"bad{number}", rng.choice(("quantity", "buyer_member")): "0"})
    return rows


def policy(configuration: Configuration, name: str) -> Configuration:
    switches = msgspec.structs.replace(configuration.clearing, policy=name)
    return msgspec.structs.replace(configuration, clearing=switches)


def bodies(directory: Path) -> list[str]:
    """Rows of the obligation files of all dates, without headers and footers."""
    lines = []
    for path in sorted(directory.glob("clearing/days/*/obligations-N*.csv")):
        lines += [line for line in path.read_text().splitlines()[1:] if not line.startswith("#")]
    return lines


def both(rows: Rows, configuration: Configuration, place: Path) -> tuple[list[str], list[str], DaysSummary]:
    file = trade_file(place / "t.csv", rows)
    clear_file(file, place / "once", configuration)
    days = clear_days([file], place / "days", configuration, dates=DayRange(first=FIRST.isoformat()))
    whole = (place / "once" / "obligations.csv").read_text().splitlines()[1:]
    return [line for line in whole if not line.startswith("#")], bodies(place / "days"), days


@given(st.integers(0, 2**32))
@campaign(FLOWS)
def test_days_give_the_obligations_of_one_pass(seed: int) -> None:
    rng = Random(seed)
    rows = trades_of(rng, ("ACME", "GLOBEX", "SAKE"))
    with tempfile.TemporaryDirectory() as name:
        once, by_days, days = both(rows, policy(house(), rng.choice(("CNS", "NET_NET"))), Path(name))
        assert by_days == once
        assert once
        assert days.open_at_the_end == days.waiting_at_the_end == 0
        assert sum(day.summary["fails"] for day in days.days) == 0
        told = Counter(status for _, status, _ in answers(str(Path(name) / "once" / "returns.csv")))
        (taken,) = days.files
        assert told["ACCEPTED"] + told["DUPLICATE"] + told["SUPERSEDED"] == (
            taken.accepted + taken.duplicate + taken.superseded
        )
        assert taken.read == taken.accepted + taken.duplicate + taken.superseded + taken.rejected == len(rows)


@given(st.integers(0, 2**32))
@campaign(3)
def test_trades_for_the_same_day_sum_to_the_same_nets(seed: int) -> None:
    """They are netted by a second cycle of the date, so only the names of cycles differ."""
    rows = trades_of(Random(seed), ("ACME", "COIN"), 30)

    def sums(lines: list[str]) -> dict[tuple[str, ...], tuple[int, int]]:
        found: dict[tuple[str, ...], tuple[int, int]] = {}
        for cells in (line.split(",") for line in lines):
            signs = {"DELI": -1, "DEBT": -1}
            net = signs.get(cells[6], 1) * int(cells[7]), signs.get(cells[8], 1) * int(cells[9])
            found[cells[2], *cells[3:6]] = net  # the last cycle of a date counts
        return {key: net for key, net in found.items() if any(net)}

    with tempfile.TemporaryDirectory() as name:
        once, by_days, days = both(rows, house(), Path(name))
        assert sums(by_days) == sums(once)
        assert days.open_at_the_end == days.waiting_at_the_end == 0


def test_without_money_or_securities_positions_fail_and_are_carried(tmp_path: Path) -> None:
    file = trade_file(tmp_path / "t.csv", [trade("A buys 100 ACME from B at 10.00")])
    holdings = tmp_path / "holdings.csv"
    holdings.write_text("member,account,asset,quantity\nB,HOUS,ACME,30\nA,HOUS,USD,5000.00\n")
    days = clear_days([file], tmp_path / "out", house(), holdings=holdings, dates=DayRange(last="2026-03-05"))
    told = [(day.summary["date"], day.summary["fails"]) for day in days.days]
    assert told == [("2026-03-02", 0), ("2026-03-03", 2), ("2026-03-04", 2), ("2026-03-05", 2)]
    assert days.open_at_the_end == 2
    with (tmp_path / "out/clearing/days/2026-03-05/members/B/fails.csv").open() as stream:
        (fail,) = csv.DictReader(stream)
    assert (fail["quantity"], fail["amount_minor"], fail["since"], fail["calendar_days"]) == (
        "-70", "70000", "2026-03-03", "2",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["GROSS_GROSS", "GROSS_NET"])
def test_trade_by_trade_everything_settles_too(tmp_path: Path, name: str) -> None:
    rows = trades_of(Random(1), ("ACME", "GLOBEX"), 20)
    days = clear_days([trade_file(tmp_path / "t.csv", rows)], tmp_path / "out", policy(house(), name))
    assert days.open_at_the_end == 0
    assert sum(day.summary["fails"] for day in days.days) == 0
    assert sum(cycle["obligations"] for day in days.days for cycle in day.summary["cycles"]) > 10


def test_several_files_and_a_range(tmp_path: Path) -> None:
    """What is dated before the range is late, what is dated after it is refused on its last date."""
    early = trade_file(tmp_path / "a.csv", [trade("A buys 5 ACME from B at 1.00", "1", on="2026-02-26")])
    late = trade_file(tmp_path / "b.csv", [
        trade("B buys 5 ACME from C at 1.00", "2", on="2026-03-03"),
        trade("B buys 5 ACME from C at 1.00", "3", on="2026-03-09"),
    ])  # fmt: skip
    days = clear_days(
        [early, late], tmp_path / "out", house(), dates=DayRange(first="2026-03-02", last="2026-03-04")
    )
    assert [day.summary["date"] for day in days.days] == ["2026-03-02", "2026-03-03", "2026-03-04"]
    assert [answers(one.returns) for one in days.files] == [
        [("2", "ACCEPTED", "")], [("2", "ACCEPTED", ""), ("3", "REJECTED", "FUTURE_TRADE_DATE")],
    ]  # fmt: skip
    assert [line.split(",")[2] for line in bodies(tmp_path / "out")] == ["2026-03-03"] * 2 + [
        "2026-03-04"
    ] * 2


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dates": DayRange(first="2026-03-07")}, "--from: expected a date on which the house is open"),
        ({"dates": DayRange(first="2026-03-05", last="2026-03-04")}, "--to: expected no date before"),
        ({"rows": [trade("A buys 5 ACME from B at 1.00", "9", on="2062-03-02")]}, "dates within 800 days"),
        ({"holdings": "member,account,asset\n"}, "expected the columns member,account,asset,quantity"),
        ({"holdings": "member,account,asset,quantity\nD,HOUS,USD,5\nA,HOUS,EUR,5\nA,HOUS,USD,0\n"},
         "line 2: member, account: (.|\n)*line 3: asset: (.|\n)*line 4: quantity: (.|\n)*nothing of it"),
        ({"closing": ["#count,7"]}, "CONTROL_TOTAL: count: expected"),
    ],
)  # fmt: skip
def test_what_cannot_be_run_leaves_nothing_behind(
    tmp_path: Path, change: dict[str, object], words: str
) -> None:
    rows = [trade("A buys 5 ACME from B at 1.00"), *change.get("rows", [])]  # type: ignore[misc]
    file = trade_file(tmp_path / "t.csv", rows, *change.get("closing", []))  # type: ignore[misc]
    holdings = None
    if "holdings" in change:
        holdings = tmp_path / "holdings.csv"
        holdings.write_text(str(change["holdings"]))
    dates = change.get("dates")
    assert dates is None or isinstance(dates, DayRange)
    with pytest.raises((RefusedError, SmallFileError, TradeFileError), match=words):
        clear_days([file], tmp_path / "out", house(), dates=dates, holdings=holdings)
    assert not (tmp_path / "out").exists() or not files_below(tmp_path / "out")


def test_two_runs_over_days_never_share_a_directory(tmp_path: Path) -> None:
    file = trade_file(tmp_path / "t.csv", [trade("A buys 5 ACME from B at 1.00")])
    with only_writer(tmp_path / "out"), pytest.raises(FolderInUse, match="to be the only writer"):
        clear_days([file], tmp_path / "out", house())


def test_a_house_is_never_cleared_over(tmp_path: Path) -> None:
    file = trade_file(tmp_path / "t.csv", [trade("A buys 5 ACME from B at 1.00")])
    clear_days([file], tmp_path / "out", house())
    before = files_below(tmp_path / "out")
    with pytest.raises(RefusedError, match=r"was one of a clearing house \(clearing/journal\); give another"):
        clear_days([file], tmp_path / "out", house())
    assert files_below(tmp_path / "out") == before
