"""SPAN against the oracle: every field of every account, worked examples to read, bad files by their kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from novate.app.cli import execute
from novate.app.margin import Margining
from novate.clearing.margin.span.policy import policy_of
from novate.reports.margin_data import account_data
from tests.span_cases import FOLDER, Run, runs

BAD = json.loads((FOLDER / "dev" / "bad" / "bad.json").read_text())


def margins(run: Run) -> dict[str, Any]:
    margining = Margining(run.params, policy_of(run.policy), cached=False)
    results = margining.margins(margining.portfolios(run.positions))
    return {one.account: account_data(one, margining.decimals(one)) for one in results}


@pytest.mark.parametrize("run", list(runs()), ids=str)
def test_every_field_of_the_oracle_is_met_exactly(run: Run) -> None:
    got = margins(run)
    assert got.keys() == run.accounts.keys()
    for name, want in run.accounts.items():
        if not run.is_full:
            assert got[name]["totals"] == want["totals"], name
            continue
        for commodity in got[name]["ccs"].values():
            del commodity["detail"]["losses"]
        assert got[name] == {key: value for key, value in want.items() if key != "tags"}, name


def worked(name: str, account: str) -> dict[str, dict[str, str]]:
    folder = FOLDER / "worked"
    (run,) = [one for one in runs() if one.params == folder / f"{name}.spn"]
    found: dict[str, dict[str, str]] = margins(run)[account]["ccs"]
    return found


T1 = """
account        scan    active  time  volatility  price   WFPR    option value  requirement
long_future    10000   13      0     0           10000   10000   0.00          10000.00
long_call      3990    14      75    305         3610    7220    4000.00       0.00
short_call     8060    11      -75   210         7925    15850   -4000.00      12060.00
covered_write  6620    13      -75   305         6390    12780   -4000.00      10620.00
three_five     13500   16      -375  0           13875   27750   -20000.00     33500.00
"""
T1_FIELDS = (
    "scan_risk",
    "active_scenario",
    "time_risk",
    "volatility_risk",
    "price_risk",
    "wfpr",
    "nov",
    "requirement",
)


@pytest.mark.parametrize("line", T1.strip().splitlines()[1:])
def test_t1_a_future_and_a_call(line: str) -> None:
    account, *figures = line.split()
    assert [str(worked("T1", account)["SP"][name]) for name in T1_FIELDS] == figures


def test_t2_two_rows_of_one_contract_are_one_position_and_a_short_put_costs_its_premium() -> None:
    future, put = worked("T2", "a")["NK"], worked("T2", "b")["NK"]
    assert (future["scan_risk"], future["wfpr"], future["requirement"]) == ("1710000", "570000", "1710000")
    assert (put["scan_risk"], put["som"], put["nov"]) == ("5701000", "294000", "-32000000")
    assert put["requirement"] == "37701000"


def test_t3_a_published_index_array_is_not_weighted_again() -> None:
    lot = worked("T3", "lot")["NIFTY"]
    assert (lot["scan_risk"], lot["time_risk"], lot["price_risk"]) == ("168327", "654", "167673")
    assert lot["wfpr"] == "2235.64"


def test_t5_spreads_of_series_of_tiers_and_across_commodities() -> None:
    aa, bb = worked("T5", "p")["AA"], worked("T5", "p")["BB"]
    assert (aa["scan_risk"], aa["intra_charge"], aa["spot_charge"]) == ("2400", "1300", "440")
    assert (aa["inter_credit"], bb["inter_credit"]) == ("1680", "1260")
    assert (aa["requirement"], bb["requirement"]) == ("2460.00", "3240.00")
    assert worked("T5som", "p")["AA"]["requirement"] == "3000.00"


@pytest.mark.parametrize(
    ("name", "wfpr", "credit", "requirement"),
    [
        ("T6normal", "12780", "6390", "14850.00"),
        ("T6cap", "10000", "5000", "16240.00"),
        ("T6range", "10000", "5000", "16240.00"),
    ],
)
def test_t6_the_weighted_futures_price_risk_in_its_three_methods(
    name: str, wfpr: str, credit: str, requirement: str
) -> None:
    found = worked(name, "p")["SP"]
    assert (found["wfpr"], found["inter_credit"], found["requirement"]) == (wfpr, credit, requirement)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_its_kind_in_one_line(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    folder = FOLDER / "dev" / "bad"
    files = [str(folder / BAD[name]["params"]), str(folder / BAD[name]["positions"])]
    command = ["margin", "span", "--params", files[0], "--positions", files[1]]
    assert execute([*command, "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["kind"] == BAD[name]["kind"]
    assert execute(command) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert error["message"] in said
    assert any(file in said for file in files)
    assert "expected" in said


def test_the_command_prints_the_layout_of_the_oracle(capsys: pytest.CaptureFixture[str]) -> None:
    folder = FOLDER / "worked"
    files = ["--params", str(folder / "T5.spn"), "--positions", str(folder / "T5.csv")]
    assert execute(["margin", "span", *files, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    want = json.loads((folder / "expected.json").read_text())["T5"]["p"]
    assert list(printed) == ["accounts"]
    assert printed["accounts"]["p"]["totals"] == want["totals"]
    assert execute(["margin", "span", *files, "--explain"]) == 0
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "spread 1 A long: 6 x 150 900" in lines
    assert "scan + intra + spot less inter credit 2,460" in lines
    assert execute(["margin", "span", *files, "--policy", "spot_after=later"]) == 2


def test_every_position_in_an_unknown_contract_is_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header = "account,exchange,cc,pfCode,contract_type,period,option_type,strike,quantity\n"
    path = tmp_path / "p.csv"
    path.write_text(header + "a,X,SP,SP,FUT,203012,,,1\nb,X,ZZ,SP,FUT,202612,,,1\na,X,SP,SP,FUT,202612,,,1\n")
    params = str(FOLDER / "worked" / "T1.spn")
    assert execute(["margin", "span", "--params", params, "--positions", str(path), "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert error["kind"] == "unknown-contract"
    assert [line.split(":")[0] for line in error["positions"]] == ["line 2", "line 3"]
    assert [line.split(":")[1].strip() for line in error["positions"]] == ["account a", "account b"]


def test_what_if_of_no_trades_is_the_requirement_and_candidates_stand_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = FOLDER / "worked"
    files = ["--params", str(folder / "T5.spn"), "--positions", str(folder / "T5.csv")]
    header, *rows = (folder / "T5.csv").read_text().splitlines()
    trades = tmp_path / "trades.csv"
    trades.write_text(f"{header}\n{rows[0].rsplit(',', 1)[0]},0\n")
    command = ["margin", "what-if", *files, "--trades", str(trades), "--json"]
    assert execute(command) == 0
    (empty,) = json.loads(capsys.readouterr().out)["changes"]
    assert empty["totals"]["USD"]["before"] == empty["totals"]["USD"]["after"]
    assert empty["totals"]["USD"]["before"]["requirement"] == "5700.00"
    away = [row.rsplit(",", 1)[0] + f",{-int(row.rsplit(',', 1)[1])}" for row in rows]
    trades.write_text("\n".join([header, *away]) + "\n")
    assert execute(command) == 0
    (flat,) = json.loads(capsys.readouterr().out)["changes"]
    assert flat["totals"]["USD"]["change"] == "-5700.00"
    assert execute([*command, "--candidates"]) == 0
    alone = json.loads(capsys.readouterr().out)["changes"]
    assert [one["name"] for one in alone] == [f"p, line {line}" for line in range(2, 6)]
    assert alone[3]["totals"]["USD"]["after"]["requirement"] == "4140.00"


def test_pictures_are_one_page_with_the_data_in_it(tmp_path: Path) -> None:
    folder, page = FOLDER / "worked", tmp_path / "margin.html"
    files = ["--params", str(folder / "T5.spn"), "--positions", str(folder / "T5.csv")]
    assert execute(["margin", "span", *files, "--html", str(page), "--json"]) == 0
    text = page.read_text()
    assert "1 account of 1 must leave margin" in text
    assert "Scenario 11 is the worst for BB of p" in text
    assert '"requirement":"5700.00"' in text
    assert "http" not in text.replace("http://www.w3.org", "")


@pytest.mark.parametrize("params", ["small.spn", "medium.spn.gz"])
def test_totals_of_many_accounts_are_those_of_each(params: str) -> None:
    folder = FOLDER / "dev"
    margining = Margining(folder / params, policy_of({}), cached=False)
    portfolios = margining.portfolios(folder / f"{params.partition('.')[0]}.csv")
    halves = {name: {row: q / 4 for row, q in held.items()} for name, held in portfolios.items()}
    for each in (portfolios, halves):
        at_once, one_by_one = margining.totals(each, many=1), margining.totals(each)
        assert [(one.account, one.totals) for one in at_once] == [
            (one.account, one.totals) for one in one_by_one
        ]
        assert not any(one.commodities for one in at_once)


INTERPRETED = """
import json, sys
from pathlib import Path
import numpy as np
from novate.clearing.margin.span.batch import BatchMargin
from novate.clearing.margin.span.policy import STANDARD
from novate.clearing.margin.span.tables import Tables
from novate.gateway.span.spn import read_spn
from novate.compiled import COMPILED
engine = BatchMargin(Tables(read_spn(Path(sys.argv[1])), STANDARD))
rows = np.arange(0, 150, 3)
book = engine.book(rows % 5, rows, rows % 11 - 5, 5)
result = engine.margin(book)
print(json.dumps([COMPILED, result.exact_accounts, result.commodities.tolist(), result.totals.tolist()]))
"""


def test_compiled_and_plain_python_give_the_same_figures() -> None:
    answers = []
    for compiled in ("1", "0"):
        done = subprocess.run(
            [sys.executable, "-c", INTERPRETED, str(FOLDER / "dev" / "small.spn")],
            env={**os.environ, "NOVATE_COMPILED": compiled},
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        answers.append(json.loads(done.stdout))
    assert [answers[0][0], answers[1][0]] == [True, False]
    assert answers[0][1:] == answers[1][1:]
    assert answers[0][1] == 0
