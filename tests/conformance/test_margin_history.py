"""Worked test T12, filtered historical simulation, and the rules around it, as a person would check them."""

from __future__ import annotations

import json
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from novate.app.cli import execute
from novate.clearing.margin.history import (
    History,
    mean_variance,
    scaled_returns,
    variances,
    volatility,
)
from novate.domain.units import div_half_up
from novate.gateway.margin.histories import read_returns

FOLDER = Path(__file__).parent / "margin" / "T12"
DECAY = Fraction(97, 100)


def rounded(value: int, decimals: int, places: int) -> str:
    """A fixed-point number with fewer decimals, half up, as the worked test prints it."""
    return f"{div_half_up(value, 10 ** (decimals - places)) / 10**places:.{places}f}"


def t12() -> History:
    return read_returns(FOLDER / "returns.csv").history


def test_t12_variance_volatility_and_scaled_losses() -> None:
    (returns,) = t12().returns
    assert rounded(mean_variance(returns), 36, 10) == "0.0001748333"
    assert rounded(volatility(variances(returns, DECAY)[-1]), 18, 6) == "0.013267"
    losses = sorted((-one for one in scaled_returns(returns, DECAY)), reverse=True)
    shown = [rounded(loss, 12, 6) for loss in losses[:5]]
    assert shown == ["0.027203", "0.021626", "0.011168", "0.008048", "0.004935"]
    assert rounded(losses[0], 12, 7) == "0.0272025"
    assert rounded(div_half_up(losses[0] + losses[1], 2), 12, 7) == "0.0244142"


def fhs(capsys: pytest.CaptureFixture[str], rules: Path, *words: str) -> dict[str, Any]:
    files = ("--rules", rules, "--returns", FOLDER / "returns.csv", "--positions", FOLDER / "positions.csv")
    assert execute(["margin", "fhs", *map(str, files), "--json", *words]) == 0
    accounts: dict[str, Any] = json.loads(capsys.readouterr().out)["accounts"]
    return accounts


def test_t12_as_a_requirement_of_an_account(capsys: pytest.CaptureFixture[str]) -> None:
    accounts = fhs(capsys, FOLDER / "rules.toml")
    long = accounts["LONG"]["totals"]["EUR"]
    assert long["tail"] == [
        {"day": "2026-01-16", "loss": "27202.55"},
        {"day": "2026-01-08", "loss": "21625.88"},
    ]
    assert (long["value_at_risk"], long["expected_shortfall"]) == ("21625.88", "24414.21")
    assert long["requirement"] == "24414.21"
    assert long["unscaled"] == "23500.00", "(26 + 21) / 2 thousandths of a million"
    assert accounts["FLAT"]["totals"] == {}


def with_method(tmp_path: Path, lines: str) -> Path:
    path = tmp_path / "rules.toml"
    text = (FOLDER / "rules.toml").read_text()
    path.write_text(text.replace('decay = "0.97"\n', f'decay = "0.97"\n{lines}\n'))
    return path


def test_the_worst_day_is_the_value_at_risk_of_a_high_confidence(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rules = with_method(tmp_path, 'measure = "value-at-risk"')
    rules.write_text(rules.read_text().replace('"0.85"', '"0.99"'))
    assert fhs(capsys, rules)["LONG"]["totals"]["EUR"]["requirement"] == "27202.55"


def test_stress_floor_buffer_and_horizon_by_hand(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rules = with_method(
        tmp_path,
        'horizon_days = 4\nstress_weight = "0.25"\nstress_first = 2026-01-08\nstress_last = 2026-01-12\n'
        'floor_days = 12\nbuffer = "0.25"\nbuffer_used = "0.2"',
    )
    long = fhs(capsys, rules)["LONG"]["totals"]["EUR"]
    assert long["current"] == "48828.42", "24,414.20896... x sqrt(4)"
    assert long["stressed"] == "42000.00", "21,000 x 2: one loss in three days"
    assert long["blended"] == "47121.32", "0.75 x 48,828.42 + 0.25 x 42,000 = 47,121.315"
    # The long run is as quiet as the mean of the squares: 0.0132225; today is at 0.013267.
    assert long["floor"] == "48828.42"
    assert long["floored"] == "48828.42"
    assert long["buffer"] == "9765.69", "48,828.42 x 0.25 x 0.8 = 9,765.684"
    assert long["requirement"] == "58594.11"


def test_the_long_run_is_the_least_volatility(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    # Lookback: -0.011, 0.007, 0.002, whose mean square is 0.000058; the nine days have 0.000119222.
    quiet = (FOLDER / "returns.csv").read_text().splitlines()
    (tmp_path / "returns.csv").write_text("\n".join(quiet[:10]) + "\n")
    rules = with_method(tmp_path, "floor_days = 9")
    rules.write_text(rules.read_text().replace("lookback_days = 12", "lookback_days = 3"))
    words = ("--rules", rules, "--returns", tmp_path / "returns.csv", "--positions", FOLDER / "positions.csv")
    assert execute(["margin", "fhs", *map(str, words), "--json"]) == 0
    long = json.loads(capsys.readouterr().out)["accounts"]["LONG"]["totals"]["EUR"]
    assert long["current"] == "10990.18", "0.011 x 0.00760897 / 0.00761577"
    assert long["floor"] == "15770.93", "0.011 x 0.01091889 / 0.00761577"
    assert long["requirement"] == long["floored"] == "15770.93"


def backtest(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, list[dict[str, Any]]]:
    code = execute(["margin", "backtest", *map(str, words), "--json"])
    return code, json.loads(capsys.readouterr().out)["series"]


def six_days(tmp_path: Path, returns: str) -> tuple[object, ...]:
    rules = with_method(tmp_path, "")
    rules.write_text(rules.read_text().replace("lookback_days = 12", "lookback_days = 6"))
    (tmp_path / "returns.csv").write_text(returns)
    return ("--rules", rules, "--returns", tmp_path / "returns.csv", "--positions", FOLDER / "positions.csv")


def test_a_backtest_finds_the_days_that_were_not_covered(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, series = backtest(capsys, *six_days(tmp_path, (FOLDER / "returns.csv").read_text()))
    assert code == 0, "one exception in six days is what 85 percent lets happen"
    long, short = series
    assert (long["account"], long["days"], long["exceptions"]) == ("LONG", 6, 1)
    assert long["exception_days"] == [{"day": "2026-01-16", "requirement": "20918.97", "loss": "26000.00"}]
    assert short["exception_days"] == [{"day": "2026-01-19", "requirement": "15039.46", "loss": "18000.00"}]


def test_a_requirement_knows_nothing_of_the_day_it_is_tested_on(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    crash = (FOLDER / "returns.csv").read_text().replace("2026-01-16,-0.026", "2026-01-16,-0.9")
    _, (long, _) = backtest(capsys, *six_days(tmp_path, crash))
    assert long["exception_days"] == [{"day": "2026-01-16", "requirement": "20918.97", "loss": "900000.00"}]


def test_the_model_alone_is_below_the_buffered_requirement(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = six_days(tmp_path, (FOLDER / "returns.csv").read_text())
    rules = tmp_path / "rules.toml"
    rules.write_text(rules.read_text().replace('decay = "0.97"', 'decay = "0.97"\nbuffer = "0.25"'))
    _, (buffered, _) = backtest(capsys, *words)
    assert buffered["exceptions"] == 0, "20,918.97 x 1.25 = 26,148.72 covers 26,000"
    _, (alone, _) = backtest(capsys, *words, "--of", "expected-shortfall")
    assert alone["exception_days"][0]["requirement"] == "20918.97"


@pytest.mark.parametrize(("exceptions", "code"), [(6, 0), (7, 1)])
def test_outcomes_of_any_method_are_tested_and_too_many_are_exit_1(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, exceptions: int, code: int
) -> None:
    first = date(2025, 1, 1)
    days = [(first + timedelta(day)).isoformat() for day in range(255)]
    rows = [
        f"{day},A,10,{10.01 if at % 30 == 5 and at < 30 * exceptions else 10}" for at, day in enumerate(days)
    ]
    path = tmp_path / "outcomes.csv"
    path.write_text("date,account,requirement,loss\n" + "\n".join(rows) + "\n")
    found, (one,) = backtest(capsys, "--outcomes", path)
    assert (found, one["exceptions"], one["verdict"]) == (code, exceptions, ["covered", "not covered"][code])


def test_explained_to_the_last_figure(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--rules", "rules.toml", "--returns", "returns.csv", "--positions", "positions.csv"]
    files = [word if word.startswith("--") else str(FOLDER / word) for word in words]
    assert execute(["margin", "fhs", *files, "--explain"]) == 0
    told = {" ".join(line.split()) for line in capsys.readouterr().out.splitlines()}
    assert "largest losses 2026-01-16 27,202.55" in told
    assert "value at risk the 2nd largest loss of a day 21,625.88" in told
    assert "expected shortfall mean of the 2 largest 24,414.21" in told
