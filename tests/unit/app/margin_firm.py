"""A market with margin for tests: its file, its parameters, and a house in a directory."""

from __future__ import annotations

import json
from pathlib import Path

from novate.app.clearing_house import House
from novate.app.configuration import load_configuration

MARGIN = """
[margin]
currency = "USD"
threshold = "100.00"
minimum_call = "500.00"
deadline = "2h"
currency_haircut_ppm = 80000
assessment_ppm = 500000
layers = ["DEFAULTER_COLLATERAL", "HOUSE"]

[[margin.collateral]]
asset = "USD"

[[margin.collateral]]
asset = "BOND"
haircut_ppm = 50000
limit_ppm = 600000
"""
MARKET = """
name = "A market with margin"
business_date = 2026-03-02

[currencies.USD]

[[instruments]]
symbol = "NXH6"
kind = "future"
currency = "USD"
tick = "0.25"
contract_size = "20"
expiry = 2026-03-06

[[instruments]]
symbol = "NXC51"
kind = "option"
currency = "USD"
tick = "0.25"
contract_size = "20"
expiry = 2026-03-06
strike = "5100"
option_type = "CALL"
underlying = "NXH6"

[[instruments]]
symbol = "BOND"
kind = "equity"
currency = "USD"
tick = "0.01"

[[members]]
name = "ALFA"

[[members]]
name = "BRAVO"

[[accounts]]
number = 1
member = "ALFA"

[[accounts]]
number = 2
member = "BRAVO"
"""
THIRDS = (0, 0, 1, 1, -1, -1, 2, 2, -2, -2, 3, 3, -3, -3)
SCAN = 200_000


def market_file(folder: Path, margin: str = MARGIN) -> Path:
    """The market in a file."""
    path = folder / "market.toml"
    path.write_text(MARKET + margin, encoding="utf-8")
    return path


def parameters_file(folder: Path) -> Path:
    """A future that loses 2,000.00 a scan range, and a call that loses half of it."""
    array = [-(SCAN * third) // 3 for third in THIRDS] + [-SCAN * 7 // 10, SCAN * 7 // 10]
    contracts = [
        {"instrument": "NXH6", "commodity": "NX", "period": "202603", "array": array},
        {"instrument": "NXC51", "commodity": "NX", "period": "202603", "kind": "CALL", "delta": "0.5",
         "array": [loss // 2 for loss in array], "value": 100_000},
    ]  # fmt: skip
    path = folder / "parameters.json"
    path.write_text(json.dumps({"commodities": [{"code": "NX"}], "contracts": contracts}))
    return path


def found(folder: Path) -> House:
    """A house whose two members have money and collateral."""
    house = House.found(folder / "firm", load_configuration(market_file(folder)))
    for member in ("ALFA/HOUS", "BRAVO/HOUS"):
        house.deposit(member, "USD", "50000")
        house.margin.pledge(member, "USD", "45000")
        house.margin.contribute(member, "USD", "1000")
    house.margin.contribute("CCP/OWN", "USD", "500")
    return house
