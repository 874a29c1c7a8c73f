"""Business dates of hand-written clearing scenarios, with a look at the positions before every close."""

from __future__ import annotations

import json
from pathlib import Path

from novate.reports.clearing_report_day import ClearingDay, ClearingFaces, clearing_day, split_days
from tests.oracle.naive_clearing import NaiveClearing

HAND = Path(__file__).resolve().parents[2] / "conformance" / "clearing" / "hand"


def days_of(name: str) -> dict[str, ClearingDay]:
    """The dates of a scenario as the naive house lives them, by date."""
    header, *steps = map(json.loads, (HAND / f"{name}.jsonl").read_text().splitlines())
    config = header["config"]
    house = NaiveClearing(config)
    lived = []
    for step in steps:
        command = {key: value for key, value in step.items() if key != "expect"}
        if command["cmd"] == "ROLL":
            lived.append(({"cmd": "POSITIONS"}, list(house.apply({"cmd": "POSITIONS"}))))
        lived.append((command, list(house.apply(command))))
    events = {c["ca_id"]: c["isin"] for c, _ in lived if "ca_id" in c}
    instruments = config["instruments"]
    default = config.get("policy", "CNS")
    faces = ClearingFaces(
        currency_digits={name: one["digits"] for name, one in config["currencies"].items()},
        instrument_currency={name: one["ccy"] for name, one in instruments.items()},
        paid_at_once=frozenset(
            name for name, one in instruments.items() if one.get("policy", default) == "GROSS_GROSS"
        ),
        event_instrument=events,
    )
    return {date: clearing_day(date, taken, faces) for date, taken in split_days(config["start"], lived)}
