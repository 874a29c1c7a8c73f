"""A house with margin in a directory: market file, verbs, command line, files of the day, both planes."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from novate.app.clearing_house import House
from novate.app.clearing_names import WrittenError
from novate.app.clearing_words import CommandRefused
from novate.app.cli import execute
from novate.app.configuration import ConfigurationError, embedded_configuration, load_configuration
from novate.app.planes import run_planes
from novate.app.progress import SILENT
from novate.clearing.configured import house_terms_of
from novate.clearing.margin_day.methods import LONGEST_PARAMETERS
from novate.domain.clearing_codes import LossLayer, MarginStyle
from novate.domain.configuration import canonical_json, from_canonical_json
from tests.unit.app.margin_firm import MARGIN, found, market_file, parameters_file

ORDERS = """time,command,market,account,client_order_id,side,quantity,price
09:00:00,new,NXH6,2,1,sell,20,5000.00
09:00:01,new,NXH6,1,1,buy,20,5000.00
09:00:02,new,NXC51,2,2,buy,5,60.00
09:00:03,new,NXC51,1,2,sell,5,60.00
"""


def test_a_market_file_says_the_terms_of_its_house(tmp_path: Path) -> None:
    configuration = load_configuration(market_file(tmp_path))
    assert from_canonical_json(canonical_json(configuration)) == configuration
    terms = house_terms_of(configuration)
    assert [one.name for one in terms.instruments] == ["BOND", "NXC51", "NXH6"]
    margin = terms.margin
    assert margin is not None
    assert {number: one.style for number, one in margin.contracts.items()} == {
        1: MarginStyle.PREMIUM, 2: MarginStyle.FUTURE,
    }  # fmt: skip
    assert (margin.threshold, margin.minimum_call, margin.deadline_ns) == (10_000, 50_000, 7200 * 10**9)
    assert margin.layers == [LossLayer.DEFAULTER_COLLATERAL, LossLayer.HOUSE]
    assert [(one.book, one.asset, one.haircut_ppm, one.limit_ppm) for one in margin.eligible] == [
        (1, 0, 0, 10**6), (0, 0, 50_000, 600_000),
    ]  # fmt: skip


def test_a_market_without_margin_is_journaled_as_ever() -> None:
    configuration = embedded_configuration()
    assert b'margin"' not in canonical_json(configuration)
    assert house_terms_of(configuration).margin is None


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (('currency = "USD"', 'currency = "EUR"'), 'margin.currency: expected one of USD, was "EUR"'),
        (('"100.00"', '"100.005"'), "margin.threshold: expected an amount with at most 2 decimals"),
        (('"2h"', '"soon"'), "margin.deadline: expected a duration"),
        (('"HOUSE"]', '"HOUSES"]'), 'margin.layers: expected layers out of DEFAULTER_COLLATERAL'),
        (('asset = "BOND"', 'asset = "NXH6"'), "margin.collateral[1].asset: expected a currency, or an"),
        (('asset = "BOND"', 'asset = "USD"'), 'expected each asset once, was "USD" again'),
        (("50000\n", "1000001\n"), "haircut_ppm: expected a whole number from 0 to 1000000"),
        (("[margin]", '[margin]\nmethod = "VAR"'), "margin.method: expected"),
        (("[margin]", "[margin]\nhaircut = 1"), "haircut"),
    ],
)  # fmt: skip
def test_a_wrong_table_gets_place_expectation_and_finding(
    tmp_path: Path, wrong: tuple[str, str], expected: str
) -> None:
    assert wrong[0] in MARGIN
    with pytest.raises(ConfigurationError) as error:
        load_configuration(market_file(tmp_path, MARGIN.replace(*wrong, 1)))
    assert expected in str(error.value)


def test_a_house_margins_by_history_from_the_file_that_its_market_names(tmp_path: Path) -> None:
    scenarios = {
        "rules": {"lookback_days": 4, "confidence": "0.75", "decay": "1"},
        "days": ["2026-02-24", "2026-02-25", "2026-02-26", "2026-02-27"],
        "returns": {"NX": ["0.01", "-0.02", "0.004", "0.015"]},
        "contracts": [
            {"instrument": "NXH6", "factor": "NX", "value": 5000 * 20 * 100},
            {"instrument": "NXC51", "factor": "NX", "moves": ["-0.1", "0", "0.1"], "changes": [-9, 0, 30]},
        ],
    }
    (tmp_path / "history.json").write_text(json.dumps(scenarios))
    named = MARGIN.replace("[margin]", '[margin]\nmethod = "FHS"\nparameters = "history.json"')
    market, firm = market_file(tmp_path, named), tmp_path / "firm"
    assert execute(["clearing", "open", str(firm), "--config", str(market)]) == 0
    with House.open(firm) as house:
        house.trade("V", "1", instrument="NXH6", quantity="3", price="5000", buyer="ALFA/HOUS",
                    seller="BRAVO/HOUS")  # fmt: skip
        margins = [one for one in house.margin.run() if one["ev"] == "MARGIN"]
        requirement = {one["member"]: one["requirement"] for one in margins}
        # A long contract lost two percent of 100,000.00 on the worst day, a short one one and a half.
        assert requirement == {"ALFA": 3 * 2_000_00, "BRAVO": 3 * 1_500_00}
        root = house.plane.house.state_root()
    with House.open(firm, read_only=True) as house:
        assert house.plane.house.state_root() == root
    (tmp_path / "history.json").write_text("[]")
    assert execute(["clearing", "open", str(tmp_path / "second"), "--config", str(market)]) == 1
    assert not (tmp_path / "second").exists()


def test_a_day_with_margin_by_its_verbs(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        margin = house.margin
        margin.parameters(parameters_file(tmp_path))
        house.trade("V", "1", instrument="NXH6", quantity="20", price="5000", buyer="ALFA/HOUS",
                    seller="BRAVO/HOUS")  # fmt: skip
        margin.tick("2026-03-02T17:00:00")
        with pytest.raises(CommandRefused, match="ROLL refused by C34, NO_SETTLEMENT_PRICE"):
            house.roll()
        margin.settlement_price("NXH6", "4990.25")
        requirement = {one["member"]: one["requirement"] for one in margin.run()}
        assert requirement == {"ALFA": 40_000_00, "BRAVO": 40_000_00}
        files = Path(house.roll().directory)
        with pytest.raises(CommandRefused, match="RELEASE refused by M9, COLLATERAL_NEEDED"):
            margin.release("ALFA/HOUS", "USD", "5000.01")
        margin.release("ALFA/HOUS", "USD", "5000")
        margin.retire_contribution("BRAVO/HOUS", "USD", "1")
        margin.valuation("BOND", "98.5")
        margin.settlement_price("NXH6", "4900")
        assert [one["ev"] for one in margin.variation()][:2] == ["VARIATION", "VARIATION"]
        margin.declare_default("ALFA/HOUS")
        margin.close_out("ALFA/HOUS", "NXH6", "20", "4860", "BRAVO/HOUS")
        with pytest.raises(CommandRefused, match="INSUFFICIENT_BALANCE"):
            margin.sell_collateral("ALFA/HOUS", "BOND", "1", "90")
        ended = margin.allocate_loss("ALFA/HOUS")[-1]
        root = house.plane.house.state_root()
    # 20 contracts of 20 a point from 5,000 to 4,860, less 50,000.00 of cash.
    assert (ended["loss"], ended["reason"]) == (20 * 20 * 140_00 - 50_000_00, "COVERED")
    with House.open(tmp_path / "firm", read_only=True) as house:
        assert house.plane.house.state_root() == root
    with (files / "members" / "ALFA" / "cash.csv").open() as stream:
        (cash,) = csv.DictReader(stream)
    assert (cash["marks"], cash["paid"]) == ("-390000", "-390000"), "20 contracts of 20, 9.75 points"
    balance = (files / "trial-balance.csv").read_text().splitlines()
    assert "CASH,USD,ALFA,HOUS/Collateral,0,4500000" in balance
    assert "CASH,USD,CCP,OWN/Contribution,0,50000" in balance


def test_what_cannot_be_read_changes_nothing(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    with found(tmp_path) as house:
        root = house.plane.house.state_root()
        for text, said in (("[]", "an object of JSON, was list"), ("{", "margin parameters as JSON")):
            broken.write_text(text)
            with pytest.raises(WrittenError, match=said):
                house.margin.parameters(broken)
        with broken.open("wb") as stream:
            stream.truncate(LONGEST_PARAMETERS + 1)
        with pytest.raises(WrittenError, match="expected at most 16,777,216 bytes"):
            house.margin.parameters(broken)
        with pytest.raises(WrittenError, match="expected margin parameters as JSON"):
            house.margin.parameters(tmp_path / "none.json")
        for time in ("soon", "2026-03-02T10:00:00Z", ""):
            with pytest.raises(WrittenError, match="expected a time such as"):
                house.margin.tick(time)
        broken.write_text('{"commodities": [], "contracts": [{}]}')
        with pytest.raises(CommandRefused, match="INVALID_PARAMETERS"):
            house.margin.parameters(broken)
        assert house.plane.house.state_root() == root


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    """What a command prints with --json."""
    capsys.readouterr()
    code = execute(["clearing", *words, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_the_verbs_of_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found(tmp_path).close()
    firm, name = str(tmp_path / "firm"), ["ALFA/HOUS"]
    done = [
        ("pledge", *name, "BOND", "10"), ("release", *name, "BOND", "1"), ("contribute", *name, "USD", "5"),
        ("retire-contribution", *name, "USD", "5"), ("settlement-price", "NXH6", "5000"),
        ("valuation", "BOND", "99"), ("margin-parameters", str(parameters_file(tmp_path))), ("variation",),
        ("margin-run",), ("tick", "2026-03-02T12:00:00"), ("declare-default", *name),
        ("sell-collateral", *name, "BOND", "9", "98"), ("allocate-loss", *name),
    ]  # fmt: skip
    for verb, *words in done:
        code, said = run_json(capsys, verb, firm, *words)
        assert code == 0, f"{verb}: {said}"
        assert verb == "variation" or said["events"], verb
    code, said = run_json(capsys, "close-out", firm, *name, "NXH6", "1", "5000", "--to", "BRAVO/HOUS")
    assert code == 1
    assert "INSUFFICIENT_POSITION" in said["error"]["message"]


def test_futures_and_options_of_the_venue_are_cleared_with_margin(tmp_path: Path) -> None:
    """Both planes: orders trade at the venue, their fills become open contracts, and the day is closed when
    its prices have come."""
    orders, both = tmp_path / "orders.csv", tmp_path / "both"
    orders.write_text(ORDERS)
    result = run_planes(both, market_file(tmp_path), orders, "csv", 4096, SILENT)
    assert (result.fills, result.refused) == (2, 0)
    with House.open(both) as house:
        assert house.today == "2026-03-02", "nobody has closed it"
        for member in ("ALFA/HOUS", "BRAVO/HOUS"):
            house.deposit(member, "USD", "50000")
            house.margin.pledge(member, "USD", "60000")
        house.margin.parameters(parameters_file(tmp_path))
        house.margin.settlement_price("NXH6", "5010")
        house.roll()
        cash = {party: amount for book, _, party, amount in house.plane.house.balances() if book == 1}
    names = house.plane.terms.parties
    assert cash[names.index(("ALFA", "HOUS"))] == 50_000_00 + 20 * 20 * 10_00 + 5 * 20 * 60_00
    assert cash[names.index(("BRAVO", "HOUS"))] == 50_000_00 - 20 * 20 * 10_00 - 5 * 20 * 60_00
    assert execute(["verify", str(both)]) == 0
