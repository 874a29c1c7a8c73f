"""Commands of a clearing house on real directories: exit codes, words, JSON; each verb and question once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from novate.app.clearing_house import House
from novate.app.cli import execute
from novate.app.configuration import load_configuration
from tests.unit.app.clearing_firm import START, found, trade_file
from tests.unit.clearing.market import trade

DOCS = Path(__file__).resolve().parents[3] / "docs"


@pytest.fixture
def firm(tmp_path: Path) -> Path:
    """A house with three trades that wait for their dates."""
    trades = [
        trade("A buys 100 ACME from B at 10.00", "1"),
        trade("B buys 40 ACME from C/CLIE at 10.50", "2"),
        trade("C buys 0.125 COIN from A at 64000", "3"),
    ]
    with found(tmp_path) as house:
        house.take(trade_file(tmp_path / "t.csv", trades))
    return tmp_path


class Shell:
    """Runs command lines of `novate clearing` in this process."""

    def __init__(self, firm: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._firm, self._capsys = str(firm), capsys

    def run(self, line: str) -> tuple[int, str, str]:
        words = [self._firm if word == "DIR" else word for word in line.split()]
        code = execute(["clearing", *words])
        out = self._capsys.readouterr()
        return code, out.out, out.err

    def text(self, line: str) -> str:
        code, out, err = self.run(line)
        assert (code, err) == (0, "")
        return out

    def data(self, line: str) -> Any:
        code, out, err = self.run(f"{line} --json")
        assert (code, err) == (0, "")
        return json.loads(out)

    def refused(self, line: str) -> str:
        """What a person is told; the same stands in the JSON."""
        code, out, err = self.run(line)
        assert (code, out) == (1, "")
        as_json = json.loads(self.run(f"{line} --json")[1])["error"]
        assert as_json["message"] == err.removeprefix("novate: ").rstrip("\n")
        return f"{as_json['name']} | {as_json['message']}"


@pytest.fixture
def shell(firm: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(firm, capsys)


def test_the_page_shows_what_its_commands_print(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every `$ novate` line of docs/clearing-house.md, in order, in a directory with the example files."""
    for example in (DOCS / "examples").glob("clearing-*"):
        (tmp_path / example.name).write_bytes(example.read_bytes())
    monkeypatch.chdir(tmp_path)
    blocks = (DOCS / "clearing-house.md").read_text().split("```console\n")[1:]
    steps = [step.splitlines() for block in blocks for step in block.split("```")[0].split("$ novate ")[1:]]
    assert len(steps) == 10
    for line, *shown in steps:
        assert execute(line.split()) == 0
        printed = [text.rstrip() for text in capsys.readouterr().out.splitlines()]
        assert [text for text in printed if text] == shown, line


def test_the_page_of_trade_files_shows_a_real_return(tmp_path: Path) -> None:
    house = House.found(tmp_path, load_configuration(DOCS / "examples" / "clearing-firm.toml"))
    with house:
        taken = house.take(DOCS / "examples" / "clearing-day.csv")
    assert Path(taken.returns).read_text() in (DOCS / "trade-file.md").read_text()


def test_verbs_say_what_happened(shell: Shell) -> None:
    told = {
        "deposit DIR A/HOUS USD 1000": "A/HOUS now has 1,000.00 USD",
        "withdraw DIR A/HOUS USD 0.50": "A/HOUS now has 999.50 USD",
        "deposit DIR A/HOUS COIN 0.5": "A/HOUS now holds 0.500 COIN",
        "exempt DIR A/HOUS COIN 0.1": "0.100 COIN of A/HOUS are never delivered",
        "priority DIR A/HOUS 7": "A/HOUS is served in group 7 everywhere",
        "priority DIR A/HOUS 7 --instrument COIN": "A/HOUS is served in group 7 in COIN",
        "mark DIR ACME 10.25": "what is open in ACME is carried at 10.25 from the next close on",
        "amend DIR 1 --price 11.00": "X:1 version 2 is in force: 100 ACME for 1,100.00 USD, due 2026-03-03",
        "allocate DIR 1 HOUS=30 CLIE=70 --side buy": "the buyer's side of X:1 has 2 parts",
        "give-up DIR 2 A/CLIE --side buy": "give-up 1 of X:2 waits for A/CLIE",
        "take-up DIR 1 --reject": "give-up 1 ends: not wanted (REJECTED)",
        "transfer DIR A/CLIE C/HOUS ACME 10 --settle-date 2026-03-03": "transfer 1: 10 ACME with",
        "cancel DIR 2": "X:2 is cancelled by version 2",
        "net DIR": "C/HOUS receives 0.125 COIN, pays 8,000.00 USD: NEW1, 1 leg, obligation",
        "settle DIR": "settlement 2026-03-02/S1 is done: 1 movement",
        "dividend DIR d1 ACME 0.25 --ex-date 2026-03-04 --record-date 2026-03-05 --pay-date 2026-03-06":
            "d1, a dividend of ACME, is set",
        "split DIR s1 ACME 3 2 --ex-date 2026-03-09 --cash-price 7.00": "s1, a split of ACME, is set",
    }  # fmt: skip
    for line, words in told.items():
        assert words in shell.text(line), line


def test_a_day_is_closed_and_its_files_are_named(shell: Shell, firm: Path) -> None:
    said = shell.text("roll DIR --to 2026-03-03")
    assert "2026-03-02 closed: 3 deliveries accepted, 0 rejected, 0 obligations, 0 fails" in said
    assert "The business date is 2026-03-03" in said
    answer = shell.data("roll DIR")
    assert answer["business_date"] == "2026-03-04"
    folder = Path(answer["directory"])
    assert {one["name"] for one in answer["day"]["files"]} | {"day.json"} == {
        str(place.relative_to(folder)) for place in folder.rglob("*") if place.is_file()
    }
    before = (folder / "report.html").read_bytes()
    (folder / "report.html").unlink()
    assert shell.data("files DIR 2026-03-03")["directory"] == str(folder)
    assert (folder / "report.html").read_bytes() == before
    assert firm in folder.parents


def test_questions_in_words(shell: Shell) -> None:
    assert "3 accepted" in shell.text("status DIR")
    assert "NOVATED" in shell.text("trades DIR")
    life = shell.text("trades DIR 2")
    assert "Trade X 2, version 1: NOVATED" in life
    assert "C/CLIE delivers 40 ACME, receives 420.00 USD, due 2026-03-03" in life
    assert "▲ +0.125" in shell.text("positions DIR")
    assert "3 obligations" in shell.text("obligations DIR --date 2026-03-03")
    for _ in range(2):
        shell.text("roll DIR")
    assert "SECURITIES" not in shell.text("positions DIR")
    fails = shell.text("fails DIR")
    assert "2026-03-03" in fails
    assert "5 fails" in fails
    shell.text("deposit DIR A/HOUS USD 1000")
    assert "1,000.00" in shell.text("ledger DIR")
    assert "Liabilities:A:HOUS:Cash:USD" in shell.text("ledger DIR --beancount")


def test_questions_as_data(shell: Shell) -> None:
    status = shell.data("status DIR")
    assert (status["business_date"], status["waiting_legs"], status["today"]) == (START, 6, {"ACCEPTED": 3})
    assert [one["trade_id"] for one in shell.data("trades DIR --limit 2")["trades"]] == ["3", "2"]
    one = shell.data("trades DIR 3 --source X")
    assert (one["state"], one["deliveries"][0]["qty"]) == ("NOVATED", 125)
    assert len(shell.data("positions DIR")["waiting"]) == 5
    shell.text("roll DIR")
    obligations = shell.data("obligations DIR")
    assert obligations["date"] == "2026-03-03"
    assert sum(row["quantity"] for row in obligations["obligations"]) == 0
    shell.text("roll DIR")
    fails = shell.data("fails DIR")["fails"]
    assert {(row["since"], row["settlement_days"]) for row in fails} == {("2026-03-03", 1)}
    assert shell.data("ledger DIR")["accounts"] == []


def test_a_buy_in_from_intent_to_execution(shell: Shell) -> None:
    for _ in range(5):
        shell.text("roll DIR")
    assert "buy-in 1: 10 ACME for A/HOUS" in shell.text("buy-in intent DIR A/HOUS ACME 10")
    assert shell.data("status DIR")["buy_ins"][0]["qty"] == 10
    assert "BUYIN_TOO_EARLY" in shell.refused("buy-in execute DIR 1 10 10.10")
    shell.text("roll DIR")
    shell.text("deposit DIR A/HOUS USD 5000")
    assert "bought for 60.60 USD" in shell.text("buy-in execute DIR 1 6 10.10")
    assert "instead of 4 ACME" in shell.text("buy-in cash-close DIR 1 10.10")
    assert "UNKNOWN_INTENT" in shell.refused("buy-in cash-close DIR 1 10.10")


def test_refusals_are_one_line_with_exit_code_1(shell: Shell) -> None:
    told = {
        "deposit DIR D/HOUS USD 5": "UNKNOWN_MEMBER | DEPOSIT refused by C18, UNKNOWN_MEMBER: expected",
        "deposit DIR A/HOUS GBP 5": "UNKNOWN_CURRENCY | DEPOSIT refused by C18",
        "deposit DIR A/HOUS SILK 5": "UNKNOWN_INSTRUMENT | DEPOSIT refused by C18",
        "deposit DIR A USD 5": "WRITTEN_ERROR | party: expected MEMBER/ACCOUNT",
        "deposit DIR A/HOUS USD 5.001": "WRITTEN_ERROR | amount: expected",
        "cancel DIR 7": "REFUSED_ERROR | trade 7: expected one that was delivered, found none",
        "cancel DIR 7 --source X": "UNKNOWN_TRADE | CANCEL_TRADE refused by C9",
        "take-up DIR 9": "UNKNOWN_GIVEUP | TAKE_UP refused by C15",
        "roll DIR --to 2026-03-09": "ROLL_SKIPS_DAY | ROLL refused by C34",
        "roll DIR --to yesterday": "REFUSED_ERROR | date: expected one such as 2026-10-12",
        "split DIR s ACME 2 2 --ex-date 2026-03-09": "INVALID_RATIO | SPLIT refused by C46",
        "dividend DIR d ACME 1 --ex-date 2026-03-07 --record-date 2026-03-09 --pay-date 2026-03-09":
            "INVALID_DATES | DIVIDEND refused by C45, INVALID_DATES: expected settlement days of ACME",
        "trades DIR 7": "REFUSED_ERROR | trade 7",
        "status nowhere": "REFUSED_ERROR | nowhere: expected the directory of a clearing house",
    }  # fmt: skip
    for line, words in told.items():
        said = shell.refused(line)
        assert said.startswith(words), said
        assert "\n" not in said


def test_a_file_of_marks_is_taken_whole_or_not_at_all(shell: Shell, firm: Path) -> None:
    marks = firm / "marks.csv"
    marks.write_text("instrument,price\nACME,10.25\nCOIN,64100\n")
    assert len(shell.data(f"mark DIR --file {marks}")["events"]) == 2
    sequence = shell.data("status DIR")["sequence"]
    marks.write_text("instrument,price\nACME,10.25\nNONE,1\nCOIN,0\nACME,1\nCOIN\n")
    code, _, err = shell.run(f"mark DIR --file {marks}")
    assert code == 1
    for place, words in (
        (3, "instrument"),
        (4, "price"),
        (5, "expected ACME once"),
        (6, "expected 2 fields"),
    ):
        assert f"line {place}: {words}" in err
    assert err.endswith("nothing of it was taken\n")
    assert shell.data("status DIR")["sequence"] == sequence
    assert shell.run("mark DIR ACME")[0] == 2


def test_taking_files_says_how_rows_were_answered(shell: Shell, firm: Path) -> None:
    rows = [trade("A buys 1 ACME from B at 10.00", "9"), trade("A buys 1 ACME from A at 10.00", "10")]
    good, broken = trade_file(firm / "u.csv", rows), trade_file(firm / "v.csv", rows, "#count,1")
    said = shell.text(f"take DIR {good}")
    assert "2 rows read: 1 accepted, 0 duplicate, 0 superseded, 1 rejected" in said
    assert "1  SELF_TRADE" in said
    code, out, _ = shell.run(f"take DIR {good} {broken} --json")
    assert code == 1
    assert [one["refused"] for one in json.loads(out)["files"]] == ["", "CONTROL_TOTAL"]


def test_clear_over_days_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    row = trade("A buys 10 ACME from B at 2.00", "1") | {"currency": "USD"}
    file, out = trade_file(tmp_path / "t.csv", [row]), tmp_path / "out"
    line = ["clear", str(file), "--adopt", "--to", "2026-03-03", "--out", str(out)]
    assert execute(line) == 0
    assert "1 trade became 2 obligations on 2 dates" in capsys.readouterr().out
    assert execute(line) == 1
    assert "give another --out" in capsys.readouterr().err
    assert execute([*line[:-1], str(tmp_path / "other"), "--json"]) == 0
    assert [day["summary"]["fails"] for day in json.loads(capsys.readouterr().out)["days"]] == [0, 0]
