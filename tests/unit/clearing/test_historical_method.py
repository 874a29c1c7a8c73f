"""Historical simulation inside the machine: scenarios that are none are refused, and nothing else matters."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from novate.clearing.margin.historical import HistoricalMargin, HistoricalRules
from novate.clearing.margin.history import History
from novate.clearing.margin.instruments import Grid, Instrument, lot_changes
from novate.clearing.margin_day.historical_method import LARGEST_CHANGE, HistoricalMethod
from novate.clearing.margin_day.methods import METHODS
from tests.oracle import naive_margin_history
from tests.unit.clearing.houses import Json, player
from tests.unit.clearing.test_bad_input import snapshot
from tests.unit.clearing.test_margin_bad_input import BUY, INSTRUMENTS, MARGIN

FHS: Json = {**MARGIN, "method": "FHS"}
RULES: Json = {"lookback_days": 3, "confidence": "0.6"}
FUTURE: Json = {"instrument": "FH", "factor": "F", "value": 1000}
OPTION: Json = {"instrument": "OC", "factor": "F", "moves": ["-0.1", "0", "0.1"], "changes": [-5, 0, 20]}
KNOWN: Json = {
    "rules": RULES,
    "days": ["2026-02-25", "2026-02-26", "2026-02-27"],
    "returns": {"F": ["0.01", "-0.03", "0.02"]},
    "contracts": [FUTURE, OPTION],
}
PARAMETERS: Json = {"cmd": "MARGIN_PARAMETERS", "parameters": KNOWN}

ODD: list[Json] = [
    {},
    {**KNOWN, "more": 1},
    {**KNOWN, "days": KNOWN["days"][:2]},
    {**KNOWN, "days": []},
    {**KNOWN, "days": ["2026-02-25", "2026-02-25", "2026-02-27"]},
    {**KNOWN, "returns": {"F": ["0.01", "-0.03"]}},
    {**KNOWN, "returns": {"G": ["0.01", "-0.03", "0.02"]}},
    {**KNOWN, "returns": {"F": ["0.01", "-1", "0.02"]}},
    {**KNOWN, "returns": {"F": ["0.01", "11", "0.02"]}},
    {**KNOWN, "returns": {"F": ["0.01", "1e-13", "0.02"]}},
    {**KNOWN, "returns": {"F": ["0.01", "NaN", "0.02"]}},
    {**KNOWN, "returns": {"F": [0.01, 0.02, 0.03]}},
    {**KNOWN, "contracts": [FUTURE, FUTURE]},
    {**KNOWN, "contracts": [{**FUTURE, "instrument": "ACME"}]},
    {**KNOWN, "contracts": [{**FUTURE, "value": 0}]},
    {**KNOWN, "contracts": [{**FUTURE, "value": LARGEST_CHANGE + 1}]},
    {**KNOWN, "contracts": [{**FUTURE, "value": LARGEST_CHANGE}], "returns": {"F": ["0.5", "1", "2"]}},
    {**KNOWN, "contracts": [{**OPTION, "value": 1}]},
    {**KNOWN, "contracts": [{**OPTION, "changes": [1, 2]}]},
    {**KNOWN, "contracts": [{**OPTION, "moves": ["0.1"], "changes": [1]}]},
    {**KNOWN, "contracts": [{**OPTION, "moves": ["0", "0", "0.1"]}]},
    {**KNOWN, "contracts": [{**OPTION, "changes": [0, 0, LARGEST_CHANGE + 1]}]},
    {**KNOWN, "rules": {**RULES, "lookback_days": 4}},
    {**KNOWN, "rules": {**RULES, "lookback_days": 0}},
    {**KNOWN, "rules": {**RULES, "horizon_days": 101}},
    {**KNOWN, "rules": {**RULES, "confidence": "1.01"}},
    {**KNOWN, "rules": {**RULES, "decay": "0"}},
    {**KNOWN, "rules": {**RULES, "measure": "mean"}},
    {**KNOWN, "rules": {**RULES, "stress_weight": "0.5", "stress_first": "2027-01-01"}},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
def test_odd_scenarios_are_refused_and_the_old_ones_stay(odd: Json) -> None:
    house = player(instruments=INSTRUMENTS, margin=FHS)
    for command in (PARAMETERS, BUY):
        assert house.answer(command)[0]["ev"] != "REJECTED", command
    before = snapshot(house)
    (event,) = house.answer({**PARAMETERS, "parameters": odd})
    assert event["reason"] == "INVALID_PARAMETERS"
    assert snapshot(house) == before
    margins = [one for one in house.answer({"cmd": "MARGIN_RUN"}) if one["ev"] == "MARGIN"]
    positions = [{"FH": -2}, {"FH": 2}]
    assert [one["requirement"] for one in margins] == [
        naive_margin_history.requirement(KNOWN, held) for held in positions
    ]


def test_a_requirement_is_one_that_can_be_worked_out_by_hand() -> None:
    terms = player(instruments=INSTRUMENTS, margin=FHS).house.terms
    plain = {**KNOWN, "rules": {**RULES, "decay": "1"}}
    method = METHODS["FHS"](terms, json.dumps(plain).encode())
    assert isinstance(method, HistoricalMethod)
    numbers = {one.name: number for number, one in enumerate(terms.instruments)}
    future, option = numbers["FH"], numbers["OC"]
    assert (method.size, method.covers(future), method.covers(numbers["ACME"])) == (2, True, False)
    # +2 futures: losses -20, 60, -40; the two largest are 60 and -20, their mean 20.
    assert method.requirement({future: 2}) == 20
    # -2: 20, -60, 40: the mean of 40 and 20 is 30. One option less: -2 more, +1.5 less, -4 more.
    assert method.requirement({future: -2}) == 30
    # One short option loses 2, gains 1.5, loses 4: the mean of 4 and 2 is 3.
    assert method.requirement({option: -1}) == 3
    assert method.requirement({future: -2, option: 1}) == 27


def test_a_grid_is_straight_between_its_points_and_beyond_them() -> None:
    grid = Grid((-(10**11), 0, 10**11), (-5, 0, 20))
    option = Instrument("O", "", 0, "F", Fraction(0), grid=grid)
    moves = [-(2 * 10**11), -(5 * 10**10), 0, 5 * 10**10, 10**11, 2 * 10**11]
    changes = [-10_000_000, -2_500_000, 0, 10_000_000, 20_000_000, 40_000_000]
    assert lot_changes(option, moves).tolist() == changes
    history = History(("2026-01-01",), ("F",), ((-(2 * 10**11),),))
    margin = HistoricalMargin([option], history, HistoricalRules(lookback_days=1))
    assert margin.largest_change() == 10_000_000
