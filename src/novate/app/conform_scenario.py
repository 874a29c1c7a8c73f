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
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from novate.domain.instruments import MarketTerms
from novate.domain.terms import AccountTerms, VenueTerms

Json = dict[str, Any]
_T = TypeVar("_T")

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
    "credit": "credit",
    "resale": "resale",
    "on_negative": "on_negative",
}


class ScenarioError(Exception):
    """A file that is not a scenario file; the message names file, line, expectation and finding."""


class _Account(msgspec.Struct, forbid_unknown_fields=True):
    """A trading account of a header."""

    acct: int
    member: int = 0
    stp_group: int = 0
    account_class: int = msgspec.field(default=0, name="class")


class _Header(msgspec.Struct, forbid_unknown_fields=True):
    """The shape of a header; markets are looked at when the venue is built."""

    scenario: str
    level: Literal["CORE", "FULL"] = "CORE"
    rules: list[str] = []
    description: str = ""
    market: Json = {}
    markets: Annotated[list[Json], msgspec.Meta(min_length=1)] | None = None
    accounts: list[_Account] = []
    check_accounts: bool = False
    fee_account: int = 0
    limits: bool = False
    positions: bool | None = None
    credit: list[tuple[int, int, int]] = []
    configuration: str | None = None


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
    """The venue that a header asks for. ValueError with place and finding for a market that cannot be."""
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
    if unknown := set(market) - MARKET_KEYS.keys() - {"stp_groups"}:
        raise ValueError(
            f"market {number}: expected the keys of docs/scenario-format.md, was {sorted(unknown)}"
        )
    # A null means the default, as everywhere in a scenario.
    given = {
        MARKET_KEYS[key]: value for key, value in market.items() if key in MARKET_KEYS and value is not None
    }
    return _converted(number, {"market": number} | given, MarketTerms)


def _converted(number: int, value: Json, kind: type[_T]) -> _T:
    try:
        return msgspec.convert(value, kind, str_keys=True)
    except msgspec.ValidationError as fault:
        raise ValueError(f"market {number}: {fault}") from fault


def _account_terms(header: Json, markets: list[Json]) -> tuple[AccountTerms, ...]:
    """Accounts of the header, and those that only a self-trade group names."""
    accounts = {
        entry["acct"]: AccountTerms(
            account=entry["acct"],
            member=entry.get("member", 0),
            stp_group=entry.get("stp_group", 0),
            account_class=entry.get("class", 0),
        )
        for entry in header.get("accounts", [])
    }
    for number, market in enumerate(markets):
        for account, group in _converted(number, market.get("stp_groups") or {}, dict[int, int]).items():
            named = accounts.get(account, AccountTerms(account=account))
            accounts[account] = msgspec.structs.replace(named, stp_group=group)
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
    for number, record in json_lines(path):
        if "scenario" in record:
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
    """Names, types and texts of a header; texts go to terminals, so they must be printable."""
    try:
        found = msgspec.convert(header, _Header)
    except msgspec.ValidationError as fault:
        raise ScenarioError(
            f"{place}: expected a header as in docs/scenario-format.md, found otherwise: {fault}"
        ) from fault
    require_printable(place, found.scenario, found.description, *found.rules)


def require_printable(place: str, *texts: str) -> None:
    """ScenarioError for a text of a header that a terminal would not show as it is."""
    for text in texts:
        if not text.isprintable():
            raise ScenarioError(f"{place}: expected texts of printable characters, was {text!r}")


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(event, dict) for event in value)


def json_lines(path: Path) -> Iterator[tuple[int, Json]]:
    """Number and object of every line that is not empty. ScenarioError for a line that is none."""
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
