"""Worked tests T10 (cover) and T11 (waterfall), as functions and as commands over files."""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from novate.app.cli import execute
from novate.clearing.default.fund import Cover, scenario_covers, worst
from novate.clearing.default.waterfall import Layer, Payer, pay

FOLDER = Path(__file__).parent / "margin"
T10 = {"m1": [120, 60, 30], "m2": [80, 150, 30], "m3": [40, 20, 130], "m4": [10, 90, 70]}


def test_t10_cover_within_a_scenario_then_over_scenarios() -> None:
    covers = scenario_covers(["1", "2", "3"], T10)
    assert [one.needed(Cover.COVER_2) for one in covers] == [200, 240, 200]
    assert [one.needed(Cover.EMIR_42) for one in covers] == [120, 150, 130]
    assert worst(covers, Cover.COVER_2).needed(Cover.COVER_2) == 240
    assert worst(covers, Cover.EMIR_42).needed(Cover.EMIR_42) == 150
    assert worst(covers, Cover.COVER_2).counted(Cover.COVER_2) == ("m2", "m4")


def test_second_and_third_together_can_be_more_than_the_largest() -> None:
    (one,) = scenario_covers(["s"], {"a": [100], "b": [70], "c": [60]})
    assert one.needed(Cover.EMIR_42) == 130
    assert one.counted(Cover.EMIR_42) == ("b", "c")


@pytest.mark.parametrize(
    ("loss", "paid", "shortfall"),
    [
        (15_000, [10_000, 5_000, 0, 0, 0], 0),
        (25_000, [10_000, 5_000, 2_000, 8_000, 0], 0),
        (100_000, [10_000, 5_000, 2_000, 20_000, 50_000], 13_000),
        (0, [0, 0, 0, 0, 0], 0),
    ],
)
def test_t11_layers_are_used_up_in_their_order(loss: int, paid: list[int], shortfall: int) -> None:
    amounts = (10_000, 5_000, 2_000, 20_000, 50_000)
    found = pay(loss, [Layer(f"{amount:,}", (Payer("one", amount),)) for amount in amounts])
    assert [one.paid for one in found.payments] == paid
    assert found.shortfall == shortfall


def files_of(name: str) -> list[str]:
    folder = FOLDER / name
    words = []
    for option in ("rules", "positions", "collateral", "fund"):
        for path in folder.glob(f"{option}.*"):
            words += [f"--{option}", str(path)]
    return words


def run(capsys: pytest.CaptureFixture[str], command: str, name: str, *words: str) -> tuple[int, Any]:
    code = execute(["margin", command, *files_of(name), *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_t10_as_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(capsys, "stress", "T10")
    assert code == 0, "without a fund there is nothing to breach"
    assert found["covers"]["cover-2"] == {
        "needed": "240",
        "scenario": "2",
        "members": ["m2", "m4"],
        "resources": "0",
    }
    assert found["covers"]["emir-42"]["needed"] == "150"
    assert found["covers"]["cover-1"]["needed"] == "150"
    assert found["scenarios"][0]["over_margin"] == {"m1": "120", "m2": "80", "m3": "40", "m4": "10"}
    assert sum(map(int, found["sized_contributions"].values())) == 240


@pytest.mark.parametrize(("contribution", "code"), [("60", 0), ("59.99", 1)])
def test_a_fund_that_does_not_outlast_the_two_largest_is_exit_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, contribution: str, code: int
) -> None:
    rules = (FOLDER / "T10" / "rules.toml").read_text().replace("EUR = 0", "EUR = 2")
    (tmp_path / "rules.toml").write_text(rules)
    rows = "".join(f"m{at},{contribution}\n" for at in range(1, 5))
    (tmp_path / "fund.csv").write_text(f"member,contribution\n{rows}")
    found, data = run(
        capsys, "stress", "T10", "--rules", str(tmp_path / "rules.toml"), "--fund", str(tmp_path / "fund.csv")
    )
    assert (found, data["breached"]) == (code, bool(code))


def test_affiliates_fail_together(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rules = (FOLDER / "T10" / "rules.toml").read_text()
    rules += "".join(f'\n[[member]]\ncode = "{code}"\ngroup = "twins"\n' for code in ("m1", "m2"))
    (tmp_path / "rules.toml").write_text(rules)
    _, found = run(capsys, "stress", "T10", "--rules", str(tmp_path / "rules.toml"))
    assert found["covers"]["cover-2"]["needed"] == "300", "m1 + m2 as one, then m4: 60 + 150 + 90"
    assert found["covers"]["cover-2"]["members"] == ["twins", "m4"]
    rules += '[[layer]]\nname = "margin"\nsource = "margin"\n'
    (tmp_path / "rules.toml").write_text(rules)
    words = ("--rules", str(tmp_path / "rules.toml"), "--defaulter", "twins", "--scenario", "2")
    _, found = run(capsys, "fire-drill", "T10", *words)
    assert (found["defaulters"], found["loss"]) == (["m1", "m2"], "210")


@pytest.mark.parametrize(
    ("scenario", "paid", "shortfall"),
    [
        ("15 percent", ["10000", "5000", "0", "0", "0"], "0"),
        ("25 percent", ["10000", "5000", "2000", "8000", "0"], "0"),
        ("to nothing", ["10000", "5000", "2000", "20000", "50000"], "13000"),
    ],
)
def test_t11_as_a_drill(
    capsys: pytest.CaptureFixture[str], scenario: str, paid: list[str], shortfall: str
) -> None:
    before = digests("T11")
    code, found = run(capsys, "fire-drill", "T11", "--defaulter", "DEFAULTER", "--scenario", scenario)
    assert code == int(shortfall != "0")
    assert [one["paid"] for one in found["layers"]] == paid
    assert [one["available"] for one in found["layers"]] == ["10000", "5000", "2000", "20000", "50000"]
    assert found["shortfall"] == shortfall
    assert digests("T11") == before, "a drill changes no file"


def digests(name: str) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (FOLDER / name).iterdir()}


def test_the_others_share_in_proportion_to_their_contributions(capsys: pytest.CaptureFixture[str]) -> None:
    _, found = run(capsys, "fire-drill", "T11", "--defaulter", "DEFAULTER", "--scenario", "25 percent")
    assert found["layers"][3]["payers"] == {"NORTH": "6000", "SOUTH": "2000"}
    assert found["fund_left"] == {"DEFAULTER": "0", "NORTH": "9000", "SOUTH": "3000"}
    assert found["collateral_left"] == {"D-HOUS": "0"}


def test_prices_say_the_same_as_the_scenario_that_leads_to_them(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "prices.csv").write_text("factor,price\nFUT,75000\n")
    by_name = run(capsys, "fire-drill", "T11", "--defaulter", "DEFAULTER", "--scenario", "25 percent")
    prices = ("--stress-prices", str(tmp_path / "prices.csv"))
    by_prices = run(capsys, "fire-drill", "T11", "--defaulter", "DEFAULTER", *prices)
    assert by_prices[1]["layers"] == by_name[1]["layers"]


def test_own_issues_of_the_defaulter_are_worth_nothing_if_asked(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rules = (FOLDER / "T11" / "rules.toml").read_text()
    (tmp_path / "rules.toml").write_text(rules.replace('code = "FUT"', 'code = "FUT"\nissuer = "DEFAULTER"'))
    words = ("--rules", str(tmp_path / "rules.toml"), "--defaulter", "DEFAULTER", "--scenario", "15 percent")
    assert run(capsys, "fire-drill", "T11", *words)[1]["loss"] == "15000"
    assert run(capsys, "fire-drill", "T11", *words, "--wrong-way")[1]["loss"] == "100000"


def test_other_currencies_become_the_houses(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rules = (FOLDER / "T11" / "rules.toml").read_text()
    rules = rules.replace("EUR = 0", 'EUR = 0\nUSD = 2\n\n[house]\ncurrency = "EUR"\n\n[rates]\nUSD = "0.9"')
    rules = rules.replace('currency = "EUR"\nprice', 'currency = "USD"\nprice')
    (tmp_path / "rules.toml").write_text(rules)
    (tmp_path / "collateral.csv").write_text("account,currency,amount\nD-HOUS,EUR,1\nD-HOUS,USD,10000.99\n")
    words = ("--rules", str(tmp_path / "rules.toml"), "--collateral", str(tmp_path / "collateral.csv"))
    drill = ("--defaulter", "DEFAULTER", "--scenario", "15 percent")
    _, found = run(capsys, "fire-drill", "T11", *words, *drill)
    assert found["loss"] == "13500", "15,000 dollars at 0.90"
    assert found["layers"][0]["paid"] == "9001", "1 + 9,000.89, rounded down"


SEGREGATED = """member,account,type,instrument,quantity
BROKER,B-HOUS,HOUS,FUT,{house}
BROKER,ANNA,CLIE,FUT,1
BROKER,BEN,CLIE,FUT,-1
OTHER,O-HOUS,HOUS,FUT,0
"""


@pytest.mark.parametrize(
    ("house", "margin"),
    [
        # Anna loses 25,000 and has 20,000; Ben's gain and collateral are his own.
        ("0", {"ANNA": "20000", "B-HOUS": "5000"}),
        ("-1", {"ANNA": "20000", "gains of BROKER": "5000"}),
        ("1", {"ANNA": "20000", "B-HOUS": "8000"}),
    ],
)
def test_a_clients_collateral_pays_for_nobody_else(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, house: str, margin: dict[str, str]
) -> None:
    (tmp_path / "positions.csv").write_text(SEGREGATED.format(house=house))
    rows = "B-HOUS,EUR,8000\nANNA,EUR,20000\nBEN,EUR,30000\n"
    (tmp_path / "collateral.csv").write_text(f"account,currency,amount\n{rows}")
    (tmp_path / "fund.csv").write_text("member,contribution\nBROKER,1000\nOTHER,90000\n")
    words = []
    for name in ("positions", "collateral", "fund"):
        words += [f"--{name}", str(tmp_path / f"{name}.csv")]
    _, found = run(capsys, "fire-drill", "T11", *words, "--defaulter", "BROKER", "--scenario", "25 percent")
    assert found["layers"][0]["payers"] == margin
    assert found["collateral_left"]["BEN"] == "30000"


def test_pictures_open_without_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "drill.html"
    words = ["--defaulter", "DEFAULTER", "--scenario", "to nothing", "--html", str(page)]
    run(capsys, "fire-drill", "T11", *words)
    text = page.read_text()
    assert "EUR 13,000 of it is paid by nobody" in text
    assert "50,000 of 50,000" in text
    assert "http" not in text.replace("http://www.w3.org", "")
    page = tmp_path / "stress.html"
    run(capsys, "stress", "T10", "--html", str(page))
    assert "A default fund of EUR 240 would satisfy cover-2" in page.read_text()


def test_the_page_about_defaults_shows_what_the_command_prints(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(__file__).parents[2]
    page = (root / "docs" / "default-resources.md").read_text()
    shown = page.split("## A drill")[1].split("```")[1].strip().splitlines()
    monkeypatch.chdir(root / "docs" / "examples" / "default-day")
    assert execute(shlex.split(shown[0])[2:]) == 0
    printed = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert len(shown) == 10
    for line in shown[1:]:
        assert " ".join(line.split()) in printed
