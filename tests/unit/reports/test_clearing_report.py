"""The page and the statements of a clearing day: what they say is what the events said."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
from html import escape
from pathlib import Path

import pytest

from novate.reports.clearing_report import clearing_report_page, headline
from novate.reports.clearing_report_day import clearing_day, split_days
from novate.reports.clearing_statements import house_statements, member_statements, statements_of
from novate.reports.figures import MINUS
from tests.unit.reports.clearing_days import HAND, days_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
BROWSER = pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine")
SCENARIOS = sorted(path.stem for path in HAND.glob("*.jsonl"))
STORY = days_of("five_day_story")
BUSY = STORY["2026-05-22"]


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(content.decode().splitlines()))


def test_a_roll_belongs_to_two_dates() -> None:
    roll = [{"ev": "DAY_CLOSED"}, {"ev": "ROLLED", "from": "2026-03-02", "to": "2026-03-03"}, {"ev": "FILE"}]
    (first, closing), (second, opening) = split_days("2026-03-02", [({"cmd": "ROLL"}, roll)])
    assert (first, second) == ("2026-03-02", "2026-03-03")
    assert [event["ev"] for event in closing[0][1]] == ["DAY_CLOSED"]
    assert [event["ev"] for event in opening[0][1]] == ["ROLLED", "FILE"]


def test_the_day_in_numbers_that_a_person_can_check() -> None:
    assert headline(BUSY) == "3 of 7 obligations settled, 4 positions failed"
    assert (BUSY.counts, BUSY.is_closed) == ({"ACCEPTED": 2}, True)
    assert [(row.type, row.quantity, row.settled_quantity) for row in BUSY.rows] == [
        ("FAIL", -100, 0), ("NEW1", 50, 0), ("FAIL", 110, 10), ("COEV", -10, 10), ("NEW1", -200, 200),
        ("NEW1", -50, 0), ("NEW1", 200, 200),
    ]  # fmt: skip
    assert [(fail.member, fail.account, fail.quantity, fail.since) for fail in BUSY.fails] == [
        ("A", "HOUS", -100, "2026-05-21"), ("B", "CLIE", 50, "2026-05-22"),
        ("B", "HOUS", 100, "2026-05-21"), ("D", "HOUS", -50, "2026-05-22"),
    ]  # fmt: skip


def test_the_page_answers_with_its_titles() -> None:
    page = clearing_report_page(BUSY)
    for said in (
        "3 of 7 obligations settled, 4 positions failed",
        "10 legs and open positions net to 7 obligations",
        "47.6% of the USD to pay was netted away",
        "6.2% of the ACME due was delivered",
        "4 positions failed; A HOUS owes most: 100 ACME",
        "USD 4,510.00 was paid in, 4,510.00 was paid out",
        "D HOUS paid most: USD 3,975.26",
        "2 members did not deliver in full: A, D",
        "7 obligations, 2 carried from earlier dates",
        "Every instrument and currency sums to zero",
    ):
        assert f">{said}<" in page


def test_a_bought_in_quantity_is_neither_open_nor_settled() -> None:
    (long,) = (row for row in STORY["2026-05-28"].rows if row.account == "CLIE")
    assert (long.quantity, long.settled_quantity, long.closed_quantity, long.is_done) == (100, 0, 100, False)


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_has_a_page_that_needs_nothing_from_outside(name: str) -> None:
    for day in days_of(name).values():
        page = clearing_report_page(day)
        assert not re.search(r"""(?:src|href)=["'](?!#)|url\(|@import|https?://""", page)
        links = set(re.findall(r'href="#([^"]+)"', page))
        assert links <= set(re.findall(r'id="([^"]+)"', page))
        assert {f"o-{row.obligation_id}" for row in day.rows} <= links
        for direction, text in re.findall(r'<td class="num (buy|sell)">([^<]*)</td>', page):
            assert text.startswith("▲ +" if direction == "buy" else f"▼ {MINUS}")


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_is_open_in_a_statement_is_what_failed(name: str) -> None:
    """Rows less settlements and buy-ins, against the FAILED events, which were not used to compute them."""
    for day in days_of(name).values():
        if not any(not fail.trade_id for fail in day.fails):
            continue
        left: dict[tuple[str, str, str], int] = {}
        for (member, file), content in member_statements(statements_of(day)).items():
            if file == "positions.csv":
                for row in rows_of(content):
                    left[member, row["account"], row["isin"]] = int(row["open_quantity"])
        failed = {(f.member, f.account, f.isin): f.quantity for f in day.fails if not f.trade_id}
        assert {key: left[key] for key in failed} == failed


@pytest.mark.parametrize("date", [date for date, day in STORY.items() if day.is_closed])
def test_the_causes_of_money_add_up_to_what_was_paid(date: str) -> None:
    for (_, file), content in member_statements(statements_of(STORY[date])).items():
        if file == "cash.csv":
            for row in rows_of(content):
                assert int(row["sum"]) == int(row["paid"]) - int(row["arrears"])


def test_the_statements_of_a_member() -> None:
    files = member_statements(statements_of(BUSY))
    assert sorted({member for member, _ in files}) == ["A", "B", "C", "D"]
    assert len(files) == 16
    assert files["D", "settlement.csv"].decode().splitlines() == [
        "line,event,account,isin,quantity,amount_minor,left,since,source,trade_id",
        "1,RECEIVED,HOUS,BETA,200,-400000,0,2026-05-22,,",
    ]
    assert files["B", "fails.csv"].decode().splitlines() == [
        "account,isin,quantity,amount_minor,reason,since,calendar_days",
        "CLIE,ACME,50,-262500,AWAITING,2026-05-22,0",
        "HOUS,ACME,100,-519091,AWAITING,2026-05-21,1",
    ]
    assert files["D", "cash.csv"].decode().splitlines()[1] == (
        "HOUS,USD,-400000,2500,-26,0,0,-397526,-397526,0"
    )


def test_both_sides_of_a_gross_trade_settle_and_fail() -> None:
    day = days_of("gross_gross")["2026-03-03"]
    files = member_statements(statements_of(day))
    assert [row["quantity"] for row in rows_of(files["A", "settlement.csv"])] == ["-60", "-40"]
    assert [row["quantity"] for row in rows_of(files["D", "settlement.csv"])] == ["40"]
    assert [row["quantity"] for row in rows_of(files["A", "fails.csv"])] == ["-50"]
    assert [row["quantity"] for row in rows_of(files["D", "fails.csv"])] == ["50"]
    assert {key[0]: flow.paid for key, flow in day.flows.items()} == {
        "A": 93500, "B": -20000, "C": -40000, "D": -33500,
    }  # fmt: skip


def test_the_statements_of_the_house() -> None:
    files = house_statements(statements_of(BUSY))
    (cycle,) = rows_of(files["", "cycles.csv"])
    assert (cycle["legs"], cycle["rows"], cycle["saved_ppm"]) == ("10", "7", "476331")
    assert cycle["file_sha256"].startswith("8127a9d1")
    totals = rows_of(files["", "totals.csv"])
    assert [(row["total"], row["name"], row["members"], row["sum"]) for row in totals] == [
        ("securities", "ACME", "300", "0"),
        ("securities", "BETA", "500", "0"),
        ("cash", "USD", "20000000", "0"),
    ]


def test_an_open_date_says_so_and_has_no_totals() -> None:
    day = STORY["2026-05-29"]
    page = clearing_report_page(day)
    assert "The date is still open" in page
    assert '<section id="totals">' not in page
    assert len(rows_of(house_statements(statements_of(day))["", "totals.csv"])) == 0


def obligation(**change: object) -> dict[str, object]:
    """An OBLIGATION event."""
    return {
        "ev": "OBLIGATION", "obligation_id": "0", "cycle": "D/N1", "member": "A", "account": "HOUS",
        "isin": "ACME", "ccy": "USD", "type": "NEW1", "movement": "DELI", "quantity": 5, "pay": "CRDT",
        "amount_minor": 5, "gross_legs": 1, "settle_date": "D", "trade_root_hash": "", **change,
    }  # fmt: skip


def test_a_second_cycle_replaces_the_rows_of_the_first() -> None:
    row = obligation(isin="X")
    other = {**row, "isin": "Y"}
    again = {**row, "cycle": "D/N2", "quantity": 3}
    gone = {"ev": "NETTED", "cycle": "D/N3", "isin": "X", "legs": 2, "rows": 0}
    steps = [({"cmd": "NET"}, [row, other]), ({"cmd": "NET"}, [again]), ({"cmd": "NET"}, [gone])]
    after = [clearing_day("D", steps[:count], BUSY.faces).rows for count in (1, 2, 3)]
    assert [[(one.isin, one.quantity) for one in rows] for rows in after] == [
        [("X", -5), ("Y", -5)], [("Y", -5), ("X", -3)], [("Y", -5)],
    ]  # fmt: skip


def test_a_large_day_shows_its_largest_obligations() -> None:
    many = [obligation(obligation_id=f"{place:016x}", amount_minor=place) for place in range(600)]
    page = clearing_report_page(clearing_day("D", [({"cmd": "NET"}, many)], BUSY.faces))
    assert page.count('<tr id="o-') == 500
    assert f'id="o-{599:016x}"' in page
    assert "The largest 500; all in" in page


def test_names_are_data_and_never_markup() -> None:
    name = "<script>alert(1)</script>"
    day = clearing_day("D", [({"cmd": "NET"}, [obligation(member=name)])], BUSY.faces)
    page = clearing_report_page(day)
    assert name not in page
    assert escape(name) in page


def test_the_same_day_gives_the_same_bytes_and_carries_its_data() -> None:
    page = clearing_report_page(BUSY)
    assert page == clearing_report_page(days_of("five_day_story")["2026-05-22"])
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert len(data["rows"]) == 7


def dom_of(page: Path, place: Path) -> str:
    """The page after its script has run, in a browser that can reach nothing."""
    seen = subprocess.run(
        [
            str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
            "--host-resolver-rules=MAP * ~NOTFOUND", "--enable-logging=stderr", "--dump-dom",
            f"--user-data-dir={place / 'profile'}", "--window-size=1280,1600", page.as_uri(),
        ],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    assert "Uncaught" not in seen.stderr.decode(errors="replace")
    return seen.stdout.decode()


@BROWSER
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_its_window(tmp_path: Path, width: int) -> None:
    """Tables scroll in their own frames; the page itself never scrolls sideways."""
    inner = escape(clearing_report_page(BUSY), quote=True)
    measure = "document.body.dataset.inner = this.contentDocument.documentElement.scrollWidth"
    frame = tmp_path / "frame.html"
    frame.write_text(
        f'<body><iframe width="{width}" height="900" onload="{measure}" srcdoc="{inner}"></iframe>'
    )
    found = re.search(r'data-inner="(\d+)"', dom_of(frame, tmp_path))
    assert found is not None
    assert int(found[1]) <= width


@BROWSER
def test_its_script_runs(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(clearing_report_page(BUSY))
    assert re.search(r'data-switch="density"[^>]*aria-pressed="false"', dom_of(page, tmp_path))
