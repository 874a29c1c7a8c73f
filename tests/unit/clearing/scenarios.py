"""Scenario files of the clearing rulebook, played against the clearing house in its first form.

    TRADE ... TRADE ... ROLL --> answers to each TRADE, and the rows of the first cycle that takes a leg

The first form answers a whole delivery at once and knows no fails, cancellations or allocations, so a
scenario is played up to its first cycle with legs, or skipped where it needs more before that.
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import msgspec

from novate.clearing.house import ClearingResult, clear_trades
from novate.clearing.terms import clearing_terms
from novate.clearing.trades.columns import FIELDS, coded, trade_columns
from novate.clearing.trades.ladder import check_rows
from novate.clearing.trades.versions import resolve_versions
from novate.domain.codes import ClearingReject
from novate.domain.configuration import Calendar, ClearingSwitches, Configuration, Currency
from novate.domain.instruments import Instrument, InstrumentKind
from novate.domain.members import AccountType, Member

WITHOUT_EFFECT = {
    "DEPOSIT", "WITHDRAW", "EXEMPT", "PRIORITY", "MARK", "STATUS", "BALANCES", "POSITIONS", "SETTLE",
}  # fmt: skip
"""Commands that do not change what the first cycle nets."""
CYCLE_EVENTS = ("OBLIGATION", "NETTED", "CYCLE", "FILE")


class BeyondFirstFormError(Exception):
    """The scenario needs a rule that the first form does not have."""


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """The part of a scenario that the first form can play."""

    configuration: Configuration
    trades: list[dict[str, Any]]
    """Rows of a delivery, each with its `arrival` date."""
    answers: list[dict[str, Any]]
    """The event that the scenario expects for each of them."""
    cycle: list[dict[str, Any]]
    """Events of the first cycle with legs; empty if there is none."""
    cycle_date: str


def load(path: Path) -> Scenario:
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    config = lines[0]["config"]
    today = config["start"]
    trades, answers, cycle = [], [], []
    cancelled = set()
    for line in lines[1:]:
        command, expected = line["cmd"], line["expect"]
        if command == "TRADE":
            trades.append(_row(line, today))
            answers.append(expected[0])
        elif command in ("ROLL", "NET"):
            if command == "ROLL" and expected[0]["ev"] != "REJECTED":
                today = line["to"]
            cycle = [event for event in expected if event["ev"] in CYCLE_EVENTS]
            if len(cycle) > 1:
                break
            cycle = []
        elif command == "CANCEL_TRADE":
            cancelled.add((line["source"], line["trade_id"]))
        elif command not in WITHOUT_EFFECT:
            raise BeyondFirstFormError(f"{command} comes before the first cycle")
    if cancelled & {(trade["source"], trade["trade_id"]) for trade in trades}:
        raise BeyondFirstFormError("a trade is cancelled before the first cycle")
    return Scenario(
        configuration=configuration(config), trades=trades, answers=answers, cycle=cycle, cycle_date=today
    )


def configuration(config: dict[str, Any]) -> Configuration:
    """A scenario's header as a configuration."""
    for key in ("policy", "version_policy"):
        if config.get(key, "CNS") not in ("CNS", "NET_NET", "LATEST"):
            raise BeyondFirstFormError(f"{key} {config[key]}")
    for one in config["instruments"].values():
        if one.get("policy", "CNS").startswith("GROSS"):
            raise BeyondFirstFormError(f"policy {one['policy']} of an instrument")
    switches = {name: config[name] for name in ClearingSwitches.__struct_fields__ if name in config}
    return Configuration(
        name="scenario",
        business_date=config["start"],
        calendars={
            name: Calendar(weekend=tuple(one.get("weekend", (5, 6))), holidays=tuple(one.get("holidays", ())))
            for name, one in config.get("calendars", {}).items()
        },
        house=config.get("house"),
        depository=config.get("depository"),
        currencies={
            name: Currency(digits=one.get("digits", 2), calendar=one.get("calendar"))
            for name, one in config["currencies"].items()
        },
        instruments=tuple(
            Instrument(
                symbol=isin,
                kind=InstrumentKind.EQUITY,
                currency=one["ccy"],
                tick="0.01",
                calendar=one.get("calendar"),
                cycle=one.get("cycle", 1),
            )
            for isin, one in config["instruments"].items()
        ),
        members=tuple(
            Member(name=name, accounts=tuple(AccountType(account) for account in accounts))
            for name, accounts in config["members"].items()
        ),
        accounts=(),
        clearing=ClearingSwitches(**switches),
    )


def clear(scenario: Scenario, trades: list[dict[str, Any]] | None = None) -> ClearingResult:
    return clear_trades(delivery(scenario.trades if trades is None else trades), scenario.configuration)


def delivery(trades: list[dict[str, Any]]) -> Any:
    names = (*FIELDS, "settle_date", "arrival")
    return trade_columns({name: coded(str(trade.get(name) or "") for trade in trades) for name in names})


def answers(scenario: Scenario) -> list[dict[str, Any]]:
    """The house's answer to each row, in the words of C50; DUPLICATE and SUPERSEDED carry no amount."""
    columns, terms = delivery(scenario.trades), clearing_terms(scenario.configuration)
    checked = check_rows(columns, terms)
    versions = resolve_versions(columns, checked.reason)
    found = []
    for row in range(len(columns)):
        if versions.reason[row]:
            found.append({"ev": "REJECTED", "reason": ClearingReject(int(versions.reason[row])).name})
        elif versions.is_duplicate[row]:
            found.append({"ev": "DUPLICATE"})
        elif versions.is_superseded[row]:
            found.append({"ev": "SUPERSEDED"})
        else:
            due = _iso(int(checked.due_days[checked.dates[row]]))
            amount = int(checked.amount[row])
            found.append({"ev": "ACCEPTED", "amount": amount, "settle_date": due})
    return found


def cycle_events(result: ClearingResult, date: str) -> list[dict[str, Any]]:
    """OBLIGATION, NETTED, CYCLE and FILE of the cycle of one date, in their order."""
    cycle = f"{date}/N1"
    events = [
        {"ev": "OBLIGATION", **msgspec.structs.asdict(row)}
        for row in result.obligations.rows
        if row.cycle == cycle
    ]
    for netted in result.efficiency.netted:
        if netted.cycle == cycle:
            events.append({"ev": "NETTED", **msgspec.structs.asdict(netted)})
    for totals in result.efficiency.cycles:
        if totals.cycle == cycle:
            saved = {"saved_ppm": totals.saved_ppm}
            events.append({"ev": "CYCLE", **msgspec.structs.asdict(totals), **saved})
    for file in result.obligations.cycles:
        if file.cycle == cycle:
            events.append({"ev": "FILE", "cycle": cycle, "rows": file.rows, "sha256": file.sha256})
    return events


def _row(line: dict[str, Any], today: str) -> dict[str, Any]:
    return {
        "trade_id": line["trade_id"],
        "source": line["source"],
        "version": str(line["version"]),
        "trade_date": line["trade_date"],
        "instrument": line["isin"],
        "price": line["price"],
        # A quantity of zero is a text too; only a missing field is empty.
        "quantity": str(line["qty"]),
        "currency": line.get("ccy"),
        "buyer_member": line["buyer"][0],
        "buyer_account": line["buyer"][1],
        "seller_member": line["seller"][0],
        "seller_account": line["seller"][1],
        "settle_date": line.get("settle_date"),
        "arrival": today,
    }


def _iso(day: int) -> str:
    return datetime.date.fromordinal(day).isoformat()
