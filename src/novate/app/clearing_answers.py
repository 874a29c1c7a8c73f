"""What a clearing house can be asked (C49), as plain JSON with names: the same in scenarios and commands.

house.status    -> TRADE_STATUS, or REJECTED UNKNOWN_TRADE
house.balances  -> BALANCES        house.positions -> POSITIONS
"""

from __future__ import annotations

from typing import Any

from novate.clearing.chart import BalanceBook, Purpose
from novate.clearing.house_terms import day_text
from novate.clearing.machine import Clearing
from novate.domain.clearing_codes import LegState

Json = dict[str, Any]
SIDES = {1: "B", 2: "S"}


def status_json(house: Clearing, source: str, trade_id: str) -> Json:
    """Where a trade is in its life, with its current legs."""
    names = {"source": source, "trade_id": trade_id}
    found = house.status(source, trade_id)
    if found is None:
        return {"ev": "REJECTED", "cmd": "STATUS", **names, "reason": "UNKNOWN_TRADE"}
    parties = house.terms.parties
    legs = [
        [SIDES[leg.side], *parties[leg.party], leg.quantity, leg.amount, LegState(leg.state).name]
        for leg in found.legs
    ]
    return {"ev": "TRADE_STATUS", **names, "version": found.version, "state": found.state, "legs": legs}


def balances_json(house: Clearing) -> Json:
    """All balances that are not zero."""
    tables: dict[int, list[list[Any]]] = {book: [] for book in BalanceBook}
    terms = house.terms
    for book, asset, party, balance in house.balances():
        of = terms.instruments if book == BalanceBook.HOLDINGS else terms.currencies
        name, owner = of[asset].name, terms.parties[party]
        is_ours = book in (BalanceBook.HOLDINGS, BalanceBook.CASH)
        tables[book].append([*owner, name, balance] if is_ours else [name, *owner, balance])
    return {
        "ev": "BALANCES",
        "securities": sorted(tables[BalanceBook.HOLDINGS]),
        "cash": sorted(tables[BalanceBook.CASH]),
        "due": tables[BalanceBook.DUE],
        "arrears": tables[BalanceBook.ARREARS],
        **(_pledged_json(house) if terms.margin is not None else {}),
    }


def _pledged_json(house: Clearing) -> Json:
    """What is there for a purpose, in a house with margin."""
    terms = house.terms
    found: dict[Purpose, list[list[Any]]] = {Purpose.COLLATERAL: [], Purpose.CONTRIBUTION: []}
    for purpose, book, asset, party, balance in house.pledged():
        name = (terms.instruments if book == BalanceBook.HOLDINGS else terms.currencies)[asset].name
        found[purpose].append([*terms.parties[party], name, balance])
    return {
        "collateral": sorted(found[Purpose.COLLATERAL]),
        "contributions": sorted(found[Purpose.CONTRIBUTION]),
    }


def positions_json(house: Clearing) -> Json:
    """Everything that is open or waits."""
    terms = house.terms
    return open_json(house) | {
        "waiting": [
            [day_text(one.due), terms.instruments[one.instrument].name, *terms.parties[one.party],
             one.quantity, one.amount, one.legs]
            for one in house.waiting_nets()
        ],
    }  # fmt: skip


def open_json(house: Clearing) -> Json:
    """Everything that is open."""
    terms = house.terms
    return {
        "ev": "POSITIONS",
        "open": [
            [terms.instruments[one.instrument].name, *terms.parties[one.party], one.quantity, one.amount,
             [[day_text(since), quantity] for since, quantity in one.lots], one.reason.name]
            for one in house.open_positions()
        ],
        "items": [
            [one.source.decode(), one.trade_id.decode(), terms.instruments[one.instrument].name,
             one.quantity, one.amount, day_text(one.since), one.reason.name]
            for one in house.open_items()
        ],
    }  # fmt: skip
