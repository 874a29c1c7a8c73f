"""What can be asked (C49)."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from tests.oracle.naive_clearing_state import Json, Leg, Party, State, Trade
from tests.oracle.naive_clearing_terms import refuse_if


class Queries(State):
    """Commands that change nothing."""

    def trade_status(self, command: Json) -> None:
        key = (command["source"], command["trade_id"])
        refuse_if(key not in self.trades, "UNKNOWN_TRADE")
        trade = self.trades[key]
        legs = [[leg.side, *leg.party, leg.qty, leg.amount, leg.state] for leg in trade.legs]
        self.emit("TRADE_STATUS", source=key[0], trade_id=key[1], version=trade.in_force,
                  state=self.state_of(trade), legs=legs)  # fmt: skip

    def state_of(self, trade: Trade) -> str:
        states = [leg.state for leg in trade.legs]
        if trade.cancelled:
            return "CANCELLED"
        if "WAITING" in states:
            return "NOVATED"
        if "OPEN" not in states:
            return "SETTLED"
        if any(leg.state == "OPEN" and self.has_failed(leg) for leg in trade.legs):
            return "FAILED"
        return "PARTIAL" if "SETTLED" in states else "NETTED"

    def has_failed(self, leg: Leg) -> bool:
        if self.terms.is_gross(leg.isin):
            return self.items[leg.trade].failed
        return self.positions[leg.isin, *leg.party].failed

    def all_balances(self, command: Json) -> None:
        pledged = {}
        if self.terms.margin:
            pledged = {"collateral": self.by_party(self.collateral),
                       "contributions": self.by_party(self.contributions)}  # fmt: skip
        self.emit("BALANCES", securities=self.by_party(self.holdings), cash=self.by_party(self.cash),
                  due=self.by_asset(self.due), arrears=self.by_asset(self.arrears), **pledged)  # fmt: skip

    def by_party(self, table: dict[tuple[str, Party], int]) -> list[list[Any]]:
        return sorted([*party, asset, n] for asset, party, n in self.balances(table))

    def by_asset(self, table: dict[tuple[str, Party], int]) -> list[list[Any]]:
        return [[asset, *party, n] for asset, party, n in self.balances(table)]

    def all_positions(self, command: Json) -> None:
        opened = [[*place, one.qty, one.amount, [[since, abs(qty)] for since, qty in one.lots], one.reason]
                  for place, one in sorted(self.positions.items())]  # fmt: skip
        items = [[*key, one.isin, one.qty, one.amount, one.since, one.reason]
                 for key, one in sorted(self.items.items())]  # fmt: skip
        nets: dict[tuple[str, str, Party], list[Leg]] = defaultdict(list)
        for leg in self.waiting:
            nets[leg.due, leg.isin, leg.party].append(leg)
        waiting = [
            [due, isin, *party, sum(leg.qty for leg in legs), sum(leg.amount for leg in legs), len(legs)]
            for (due, isin, party), legs in sorted(nets.items())
        ]
        self.emit("POSITIONS", open=opened, items=items, waiting=waiting)
