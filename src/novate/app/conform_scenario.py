"""Scenario files: a header line that builds a venue, then commands with the events they must give.

    {"scenario": "example", "level": "CORE", "rules": ["R15"], "market": {...}}      -> Scenario, VenueTerms
    {"cmd": "NEW", ..., "expect": [{"ev": "ACCEPTED", ...}]}                         -> Step
    {"cmd": "CANCEL", ..., "expect": [...]}                                          -> Step

A file holds one scenario or several, plain or gzipped; docs/scenario-format.md describes every key.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from novate.domain.instruments import CreditModel, MarketTerms, OnNegative, Resale
from novate.domain.terms import AccountTerms, VenueTerms

Json = dict[str, Any]

MARKET_KEYS = {
    "max_qty": "max_quantity",
    "max_price": "max_price",
    "min_price": "min_price",
    "legs": "legs",
    "min_display": "min_display",
    "ref_price": "reference_price",
    "static_band": "static_band",
    "stp_default": "stp_default",
    "maker_ppm": "maker_ppm",
    "taker_ppm": "taker_ppm",
    "auction_ppm": "auction_ppm",
    "initial_state": "initial_state",
    "base": "base_asset",
    "quote": "quote_asset",
    "multiplier": "notional_multiplier",
    "units_per_lot": "base_units_per_lot",
    "margin": "margin_per_lot_micro",
    "premium": "premium",
    "collar": "collar",
    "collar_action": "collar_action",
    "volatility_call": "volatility_call",
    "auction_band": "auction_band",
    "extension": "extension",
    "max_extensions": "max_extensions",
    "protection": "protection",
    "post_only": "post_only",
    "alloc": "alloc",
    "pr_min": "pr_min",
    "fifo_pct": "fifo_pct",
    "top_order": "top_order",
}
MARKET_CHOICES: dict[str, type[CreditModel] | type[Resale] | type[OnNegative]] = {
    "credit": CreditModel,
    "resale": Resale,
    "on_negative": OnNegative,
}
HEADER_KEYS = {
    "scenario", "level", "rules", "description", "market", "markets", "accounts", "check_accounts",
    "fee_account", "limits", "credit", "configuration", "positions",
}  # fmt: skip


class ScenarioError(Exception):
    """A file that is not a scenario file; the message names file, line, expectation and finding."""


class Step(msgspec.Struct, frozen=True):
    """One command of a scenario and what it must give."""

    line: int
    command: Json
    expect: list[Json]


class Scenario(msgspec.Struct, frozen=True):
    """A header, its source, and its commands."""

    path: Path
    line: int
    name: str
    level: str
    rules: list[str]
    header: Json
    steps: list[Step]

    @property
    def markets(self) -> list[Json]:
        """Market objects of the header, one or many."""
        found: list[Json] = self.header.get("markets") or [self.header.get("market", {})]
        return found

    @property
    def refuses_configuration(self) -> bool:
        """True when the point of the scenario is that its venue cannot be built."""
        return bool(self.header.get("configuration") == "refused")

    @property
    def is_multi(self) -> bool:
        """True when events say of which market they are."""
        return len(self.markets) > 1


def venue_terms(header: Json) -> VenueTerms:
    """The venue that a header asks for. ValueError with place and finding for a key that is not known."""
    if unknown := set(header) - HEADER_KEYS:
        raise ValueError(f"header: expected the keys of docs/scenario-format.md, was {sorted(unknown)}")
    markets = header.get("markets") or [header.get("market", {})]
    return VenueTerms(
        markets=tuple(_market_terms(number, market) for number, market in enumerate(markets)),
        accounts=_account_terms(header, markets),
        check_accounts=header.get("check_accounts", False),
        fee_account=header.get("fee_account", 0),
        limits=header.get("limits", False),
        positions=header.get("positions", header.get("level") == "FULL"),
    )


def _market_terms(number: int, market: Json) -> MarketTerms:
    known = {*MARKET_KEYS, *MARKET_CHOICES, "stp_groups"}
    if unknown := set(market) - known:
        raise ValueError(
            f"market {number}: expected the keys of docs/scenario-format.md, was {sorted(unknown)}"
        )
    # A null means the default, as everywhere in a scenario.
    given = {
        MARKET_KEYS[key]: value for key, value in market.items() if key in MARKET_KEYS and value is not None
    }
    if "legs" in given:
        given["legs"] = tuple(given["legs"])
    for key, choice in MARKET_CHOICES.items():
        if key in market:
            given[key] = choice(market[key])
    return MarketTerms(market=number, **given)


def _account_terms(header: Json, markets: list[Json]) -> tuple[AccountTerms, ...]:
    """Accounts of the header, and those that only a self-trade group names."""
    accounts = {
        account["acct"]: AccountTerms(
            account=account["acct"],
            member=account.get("member", 0),
            stp_group=account.get("stp_group", 0),
            account_class=account.get("class", 0),
        )
        for account in header.get("accounts", [])
    }
    for market in markets:
        for number, group in market.get("stp_groups", {}).items():
            named = accounts.get(int(number), AccountTerms(account=int(number)))
            accounts[int(number)] = msgspec.structs.replace(named, stp_group=group)
    return tuple(accounts[number] for number in sorted(accounts))


def initial_credit(header: Json) -> list[Json]:
    """The CREDIT commands that a header's `credit` stands for: [[acct, asset, amount], ...]."""
    return [
        {"cmd": "CREDIT", "acct": acct, "asset": asset, "delta": amount, "seq": seq}
        for seq, (acct, asset, amount) in enumerate(header.get("credit", []), start=1)
    ]


def read_scenarios(path: Path) -> list[Scenario]:
    """All scenarios of a file. ScenarioError for anything that is not one."""
    found: list[Scenario] = []
    for number, record in _lines(path):
        if "scenario" in record:
            if record.get("level", "CORE") not in ("CORE", "FULL"):
                raise ScenarioError(f"{path}:{number}: expected level CORE or FULL, was {record['level']!r}")
            _check_header(f"{path}:{number}", record)
            found.append(
                Scenario(
                    path=path,
                    line=number,
                    name=str(record["scenario"]),
                    level=record.get("level", "CORE"),
                    rules=list(record.get("rules", [])),
                    header=record,
                    steps=[],
                )
            )
            continue
        if not found:
            raise ScenarioError(
                f'{path}:{number}: expected a header line with the key "scenario", was {record}'
            )
        if "cmd" not in record or "expect" not in record:
            raise ScenarioError(
                f'{path}:{number}: expected the keys "cmd" and "expect", was {sorted(record)}'
            )
        if not _is_list_of_objects(record["expect"]):
            raise ScenarioError(
                f"{path}:{number}: expected a list of objects as expect, was {record['expect']!r}"
            )
        command = {key: value for key, value in record.items() if key != "expect"}
        found[-1].steps.append(Step(number, command, record["expect"]))
    if not found:
        raise ScenarioError(f"{path}: expected at least one scenario, was an empty file")
    return found


def _check_header(place: str, header: Json) -> None:
    """Keys of a header whose value has another shape than the rest of the program reads."""
    rules = header.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        raise ScenarioError(f"{place}: expected a list of texts as rules, was {rules!r}")
    if not isinstance(header.get("market", {}), dict):
        raise ScenarioError(f"{place}: expected an object as market, was {header['market']!r}")
    if "markets" in header and not _is_list_of_objects(header["markets"]):
        raise ScenarioError(f"{place}: expected a list of objects as markets, was {header['markets']!r}")


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(event, dict) for event in value)


def _lines(path: Path) -> Iterator[tuple[int, Json]]:
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as fault:
        raise ScenarioError(f"{path}: expected a readable scenario file, was {fault}") from fault
    for number, line in enumerate(data.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            record = msgspec.json.decode(line)
        except (msgspec.DecodeError, RecursionError) as fault:
            raise ScenarioError(f"{path}:{number}: expected one JSON object a line, was {fault}") from fault
        if not isinstance(record, dict):
            raise ScenarioError(f"{path}:{number}: expected a JSON object, was {type(record).__name__}")
        yield number, record
