"""Files of margin by history and of defaults that are wrong: one line with place, expectation and finding."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from novate.app.cli import execute

FOLDER = Path(__file__).parents[2] / "conformance" / "margin"
HEADER = "account,instrument,quantity\n"


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    code = execute([*words, "--json"])
    return code, json.loads(capsys.readouterr().out)["error"]["message"]


def files(tmp_path: Path, name: str, **texts: str) -> list[str]:
    """The files of a worked test, some with another text, as the words of a command."""
    words = []
    for source in (FOLDER / name).iterdir():
        path = tmp_path / source.name
        text = texts.get(source.stem)
        if text is None:
            shutil.copy(source, path)
        else:
            path.write_bytes(text.encode("latin-1"))
        words += [f"--{source.stem}", str(path)]
    return words


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "",
            "line 1: expected the columns account,instrument,quantity (and perhaps member,type), was nothing",
        ),
        ("account,instrument\nA,T12\n", 'was "account,instrument"'),
        ("account,account,instrument,quantity\n", 'was "account,account,instrument,quantity"'),
        (HEADER + "A,T12\n", "line 2: expected 3 fields, was 2"),
        (HEADER + "A,T12,1e400\n", 'line 2: quantity: expected a decimal number, was "1e400"'),
        (HEADER + "A,T12,nan\n", 'line 2: quantity: expected a decimal number, was "nan"'),
        (HEADER + "A,T12,9999999999999999\n", "expected a number of at most 1,000,000,000,000,000, was"),
        (HEADER + "\nA,T12,1\n,T12,1\n", "line 4: account: expected a name of 1..64 characters, was nothing"),
        (HEADER + f"{'A' * 65},T12,1\n", "line 2: account: expected a name of 1..64 characters, was"),
        (HEADER + 'A,T12,"1\n', "line 2: expected comma-separated values, was unexpected end of data"),
        (HEADER + "\xff,T12,1\n", "line 2: expected text in UTF-8, was byte 0xff"),
        (
            HEADER + "A,T12,1\nB,UNLISTED,1\nC,GONE,2\n",
            "expected instruments of the rules, was line 3: account B: UNLISTED; line 4: account C: GONE",
        ),
        (
            "member,account,instrument,quantity\nM,A,T12,1\nN,A,T12,1\n",
            'line 3: member: expected M, whose account A is, was "N"',
        ),
        (
            "account,type,instrument,quantity\nA,HAUS,T12,1\n",
            'line 2: type: expected HOUS or CLIE, was "HAUS"',
        ),
    ],
)
def test_positions(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, told: str) -> None:
    code, message = refusal(capsys, "margin", "fhs", *files(tmp_path, "T12", positions=text))
    assert code == 1
    assert message.startswith(str(tmp_path / "positions.csv"))
    assert told in message


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("", "expected returns of at least one day, was 0"),
        ("2026-01-05,0.1\n", "expected a history of at least 12 returns, was 1"),
        ("2026-02-30,0.1\n", 'line 2: date: expected a date such as 2026-03-02, was "2026-02-30"'),
        ("2026-01-05,0\n2026-01-05,0\n", 'line 3: date: expected a day after 2026-01-05, was "2026-01-05"'),
        ("2026-01-05,-1.1\n", 'T12: expected a return of at least -1 with at most 12 decimals, was "-1.1"'),
        ("2026-01-05,0.0000000000001\n", "T12: expected a return of at least -1 with at most 12 decimals"),
        ("2026-01-05,101\n", 'line 2: T12: expected a return of at most 100, was "101"'),
    ],
)
def test_returns(capsys: pytest.CaptureFixture[str], tmp_path: Path, rows: str, told: str) -> None:
    words = files(tmp_path, "T12", returns=f"date,T12\n{rows}")
    code, message = refusal(capsys, "margin", "fhs", *words)
    assert code == 1
    assert message.startswith(str(tmp_path / "returns.csv"))
    assert told in message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("day,T12\n", "line 1: expected the column date, then one for each risk factor, each once"),
        ("date,T12\n2026-01-05,1\n", "expected prices of at least two days, was 1"),
        ("date,T12\n2026-01-05,1\n2026-01-06,0\n", 'line 3: T12: expected a price above 0, was "0"'),
        ("date,X\n2026-01-05,1\n2026-01-06,1\n", "expected a column for each factor, was no T12"),
    ],
)
def test_prices(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, told: str) -> None:
    words = files(tmp_path, "T12")
    (tmp_path / "prices.csv").write_text(text)
    at = words.index("--returns")
    words[at : at + 2] = ["--prices", str(tmp_path / "prices.csv")]
    code, message = refusal(capsys, "margin", "fhs", *words)
    assert code == 1
    assert told in message


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("EUR = 2", "EUR = 10", "currencies: expected decimals of 0..9, was EUR = 10"),
        ('"0.85"', '"1"', "method: confidence: expected a share of 0.5 to below 1, was 1"),
        ('"0.97"', '"0"', "method: decay: expected a number above 0 and at most 1, was 0"),
        ('"0.97"', '"abc"', "method: decay: expected a decimal number, was 'abc'"),
        ("lookback_days = 12", "lookback_days = 0", "method: lookback_days: expected 1..36500, was 0"),
        ("lookback_days = 12", "look_back = 12", "Object contains unknown field `look_back` - at `$.method`"),
        ("lookback_days = 12", 'stress_weight = "0.25"', "expected stress_first to stress_last"),
        (
            "lookback_days = 12",
            'lookback_days = 12\nstress_weight = "1"\nstress_first = 2020-01-01\nstress_last = 2020-12-31',
            "expected a stressed period inside the history, was no return from 2020-01-01 to 2020-12-31",
        ),
        ("lookback_days = 12", "lookback_days = 12\nfloor_days = 13", "at least 13 returns, was 12"),
        ('"1000000"', '"1e30"', "T12: expected a change of 64 bits, was"),
        ('"1000000"', '"-1"', "instrument T12: price: expected a number above 0, was -1"),
        (
            'price = "1000000"',
            "",
            "expected a price, or one of factor T12 in the history (--prices), was neither",
        ),
        ('currency = "EUR"', 'currency = "USD"', "instrument T12: currency: expected one of EUR, was USD"),
        ("[[instrument]]", "[[instrument", "expected ']]' at the end of an array declaration (at line 11"),
    ],
)
def test_rules(capsys: pytest.CaptureFixture[str], tmp_path: Path, old: str, new: str, told: str) -> None:
    text = (FOLDER / "T12" / "rules.toml").read_text()
    assert old in text
    code, message = refusal(capsys, "margin", "fhs", *files(tmp_path, "T12", rules=text.replace(old, new)))
    assert code == 1
    assert str(tmp_path) in message
    assert told.lower() in message.lower(), "TOML's own messages begin with a capital"


def test_rules_that_are_nested_without_end(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = files(tmp_path, "T12", rules=f"x = {'[' * 100_000}")
    code, message = refusal(capsys, "margin", "fhs", *words)
    assert (code, message) == (1, f"{tmp_path / 'rules.toml'}: expected TOML of a few levels, was deeper")


DRILL = ("--defaulter", "DEFAULTER", "--scenario", "25 percent")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('source = "margin"', 'source = "gains"', "expected the layer of source margin first and once"),
        ('source = "assessment"', 'source = "contributions"', "layer assessments: expected a multiple with"),
        ('multiple = "2.5"', 'amount = "2.5"', "layer assessments: expected an amount exactly with source"),
        ('amount = "2000"', "", "layer own resources of the house: expected an amount exactly with source"),
        ('amount = "2000"', 'amount = "0.5"', "expected an amount with at most 0 decimals, was 0.5"),
        ('source = "margin"', 'source = "ours"', "Invalid enum value 'ours'"),
        ('{ FUT = "-0.25" }', '{ FUT = "-1.25" }', "scenario 25 percent: FUT: expected a move of -1 to 100"),
        (
            '{ FUT = "-0.25" }',
            '{ FUX = "-0.25" }',
            "scenario 25 percent: moves: expected one of FUT, was FUX",
        ),
        ('{ FUT = "-0.25" }', "{}", "scenario 25 percent: expected a move of every instrument, or other"),
        ('"15 percent"', '"25 percent"', "scenario: expected each name once, was 25 percent twice"),
    ],
)
def test_scenarios_and_layers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, old: str, new: str, told: str
) -> None:
    text = (FOLDER / "T11" / "rules.toml").read_text()
    assert old in text
    words = files(tmp_path, "T11", rules=text.replace(old, new))
    code, message = refusal(capsys, "margin", "fire-drill", *words, *DRILL)
    assert code == 1
    assert message.startswith(str(tmp_path / "rules.toml"))
    assert told in message


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("collateral", "account,currency,amount\nD-HOUS,USD,1\n", 'currency: expected one of EUR, was "USD"'),
        (
            "collateral",
            "account,currency,amount\nD-HOUS,EUR,-1\n",
            "amount: expected an amount of at least 0",
        ),
        ("collateral", "account,currency,amount\nD-HOUS,EUR,0.5\n", "with at most 0 decimals, was"),
        (
            "collateral",
            "account,currency,amount\nGONE,EUR,5\n",
            "expected accounts of the positions file, was GONE",
        ),
        ("fund", "member,contribution\nNORTH,1\nNORTH,1\n", 'member: expected each member once, was "NORTH"'),
    ],
)
def test_collateral_and_fund(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, file: str, text: str, told: str
) -> None:
    words = files(tmp_path, "T11", **{file: text})
    code, message = refusal(capsys, "margin", "fire-drill", *words, *DRILL)
    assert code == 1
    assert message.startswith(str(tmp_path / f"{file}.csv"))
    assert told in message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("factor,price\n", "expected a price of FUT, was none"),
        ("factor,price\nGONE,1\n", 'line 2: factor: expected one of FUT, was "GONE"'),
        ("factor,price\nFUT,1\nFUT,2\n", 'line 3: factor: expected each factor once, was "FUT"'),
        ("factor,price\nFUT,-1\n", 'line 2: price: expected a price of at least 0, was "-1"'),
    ],
)
def test_stress_prices(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "prices.csv").write_text(text)
    words = [*files(tmp_path, "T11"), "--defaulter", "DEFAULTER"]
    code, message = refusal(
        capsys, "margin", "fire-drill", *words, "--stress-prices", str(tmp_path / "prices.csv")
    )
    assert code == 1
    assert told in message


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("date,account,requirement,loss\n", "expected outcomes of at least one day, was none"),
        (
            "date,account,requirement,loss\n2026-01-05,A,-1,0\n",
            "requirement: expected an amount of at least 0",
        ),
        (
            "date,account,requirement,loss\n2026-01-05,A,1,0\n2026-01-05,A,1,0\n",
            "line 3: date: expected a day after 2026-01-05 of the same account",
        ),
    ],
)
def test_outcomes(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "outcomes.csv").write_text(text)
    code, message = refusal(capsys, "margin", "backtest", "--outcomes", str(tmp_path / "outcomes.csv"))
    assert code == 1
    assert told in message


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("fhs", "--rules", "r", "--positions", "p"), "either --prices or --returns, was neither"),
        (
            ("fhs", "--rules", "r", "--positions", "p", "--prices", "a", "--returns", "b"),
            "either --prices or --returns, was both",
        ),
        (("backtest",), "expected --outcomes, or --rules, --positions and a history"),
        (("backtest", "--outcomes", "o", "--rules", "r"), "expected --outcomes alone"),
        (("stress", "--rules", "r", "--positions", "p"), "expected --collateral, or --prices or --returns"),
        (
            ("fire-drill", "--rules", "r", "--positions", "p", "--defaulter", "M"),
            "either --scenario or --stress-prices, was neither",
        ),
    ],
)
def test_wrong_use(capsys: pytest.CaptureFixture[str], words: tuple[str, ...], told: str) -> None:
    code, message = refusal(capsys, "margin", *words)
    assert code == 2
    assert told in message


@pytest.mark.parametrize("confidence", ["0", "1", "1.5", "nan", "abc"])
def test_a_confidence_is_a_share_below_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, confidence: str
) -> None:
    (tmp_path / "outcomes.csv").write_text("date,account,requirement,loss\n2026-01-05,A,1,0\n")
    outcomes = ("--outcomes", str(tmp_path / "outcomes.csv"))
    code, message = refusal(capsys, "margin", "backtest", *outcomes, "--confidence", confidence)
    assert code == 2
    assert "--confidence: expected a" in message


def test_a_member_or_scenario_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = files(tmp_path, "T11")
    who = refusal(capsys, "margin", "fire-drill", *words, "--defaulter", "GONE", "--scenario", "25 percent")
    assert who == (
        1,
        "--defaulter: expected one of the members with positions (DEFAULTER, NORTH, SOUTH) or a group, "
        "was GONE",
    )
    what = refusal(capsys, "margin", "fire-drill", *words, "--defaulter", "NORTH", "--scenario", "calm")
    assert what[0] == 1
    assert "expected one of the scenarios 15 percent, 25 percent, to nothing, was calm" in what[1]
