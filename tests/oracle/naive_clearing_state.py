"""What the clearing house remembers: balances, trades and their legs, open positions, open items.

    trade --novation--> legs (WAITING) --cycle--> position (lots, amount)   --settlement--> closed (SETTLED)
                                      \\-gross--> item (one for a trade)    --settlement--> closed (SETTLED)

Every quantity and amount is signed as the party sees it: + is received. `due` is money that the next payment
will move, `arrears` is money that a party could not pay.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from tests.oracle.naive_clearing_terms import CCP, WORLD, Json, Party, Terms, rounded

TradeKey = tuple[str, str]
Place = tuple[str, str, str]
"""isin, member, account."""


@dataclass(eq=False)
class Leg:
    """One side of a trade against the CCP (C10), or of a reversal or a transfer."""

    source: str
    trade_id: str
    version: int
    side: str
    party: Party
    isin: str
    qty: int
    amount: int
    due: str
    kind: str
    trade_date: str
    mark: str = "N"
    state: str = "WAITING"
    lieu: int = 0
    """Cash in lieu of this leg that is already in the party's due (C47)."""

    @property
    def leaf(self) -> str:
        return f"{self.source}|{self.trade_id}|{self.version}|{self.side}|{self.mark}"

    @property
    def trade(self) -> TradeKey:
        return (self.source, self.trade_id)


@dataclass(eq=False)
class Trade:
    """Everything known of a (source, trade_id)."""

    versions: dict[int, Json | None] = field(default_factory=dict)
    """Content of each version, None for a cancellation."""
    in_force: int = 0
    cancelled: bool = False
    netted: bool = False
    legs: list[Leg] = field(default_factory=list)

    @property
    def highest(self) -> int:
        return max(self.versions, default=0)

    def side(self, side: str) -> list[Leg]:
        return [leg for leg in self.legs if leg.side == side]


@dataclass(eq=False)
class Position:
    """An open position (C21)."""

    lots: list[list[Any]] = field(default_factory=list)
    """[since, signed quantity], oldest first."""
    amount: int = 0
    legs: list[Leg] = field(default_factory=list)
    reason: str = "NO_CYCLE"
    failed: bool = False
    coev: str = ""
    """The last date on which a COEV leg entered."""

    @property
    def qty(self) -> int:
        return sum(qty for _, qty in self.lots)

    def take(self, quantity: int, newest_first: bool = False) -> None:
        """Take an unsigned quantity out of the lots."""
        for lot in reversed(self.lots) if newest_first else self.lots:
            taken = min(abs(lot[1]), quantity)
            lot[1] -= taken if lot[1] > 0 else -taken
            quantity -= taken
        self.lots = [lot for lot in self.lots if lot[1]]


@dataclass(eq=False)
class Item:
    """A trade of a gross instrument that waits for its settlement (C24)."""

    isin: str
    buyer: Leg
    seller: Leg
    qty: int
    amount: int
    since: str
    contract: int
    """The amount before any mark."""
    reason: str = "NO_CYCLE"
    failed: bool = False


@dataclass(eq=False)
class GiveUp:
    """A give-up that nobody has answered (C15)."""

    trade: TradeKey
    side: str
    to: Party


@dataclass(eq=False)
class Intent:
    """A buy-in that was announced (C41)."""

    party: Party
    isin: str
    left: int
    date: str


class State:
    """The memory, and the few movements that every room uses."""

    def __init__(self, config: Json) -> None:
        self.terms = Terms(config)
        self.today: str = config["start"]
        self.cycles = self.runs = 0
        self.events: list[Json] = []
        self.holdings: dict[tuple[str, Party], int] = defaultdict(int)
        self.cash: dict[tuple[str, Party], int] = defaultdict(int)
        self.due: dict[tuple[str, Party], int] = defaultdict(int)
        self.arrears: dict[tuple[str, Party], int] = defaultdict(int)
        self.collateral: dict[tuple[str, Party], int] = defaultdict(int)
        self.contributions: dict[tuple[str, Party], int] = defaultdict(int)
        self.exempt: dict[tuple[str, Party], int] = defaultdict(int)
        self.groups: dict[tuple[str | None, Party], int] = {}
        self.marks: dict[str, tuple[Fraction, str]] = {}
        self.trades: dict[TradeKey, Trade] = {}
        self.waiting: list[Leg] = []
        self.positions: dict[Place, Position] = {}
        self.items: dict[TradeKey, Item] = {}
        self.giveups: dict[int, GiveUp] = {}
        self.intents: dict[int, Intent] = {}
        self.last_giveup = self.last_transfer = self.last_intent = 0
        self.corporate: dict[str, Json] = {}
        self.splits: dict[str, list[Json]] = defaultdict(list)
        self.claims: list[tuple[str, str, Party, str, int]] = []
        self.own_securities: dict[str, int] = defaultdict(int)
        self.own_deposits: dict[str, int] = defaultdict(int)
        self.own_money: dict[str, int] = defaultdict(int)
        """What belongs to the CCP itself, by every rule that may change it (C48)."""

    def emit(self, event: str, **fields: object) -> None:
        self.events.append({"ev": event, **fields})

    def emit_for(self, event: str, party: Party, **fields: object) -> None:
        self.emit(event, member=party[0], account=party[1], **fields)

    def move_securities(self, isin: str, giver: Party, taker: Party, quantity: int) -> None:
        self.holdings[isin, giver] -= quantity
        self.holdings[isin, taker] += quantity

    def move_cash(self, ccy: str, giver: Party, taker: Party, amount: int) -> None:
        self.cash[ccy, giver] -= amount
        self.cash[ccy, taker] += amount

    def deliverable(self, isin: str, party: Party) -> int:
        """What may leave the holding (C19)."""
        return max(0, self.holdings[isin, party] - self.exempt[isin, party])

    def purse(self, ccy: str, party: Party) -> int:
        """Cash and everything that will be paid today (C30)."""
        return self.cash[ccy, party] + self.due[ccy, party] - self.arrears[ccy, party]

    def free(self, ccy: str, party: Party) -> int:
        """Cash that is not owed yet (C30)."""
        return self.cash[ccy, party] + min(0, self.due[ccy, party] - self.arrears[ccy, party])

    def pay_later(self, isin: str, party: Party, amount: int) -> None:
        """Add to what the party's next payment moves."""
        self.due[self.terms.currency(isin), party] += amount

    def settles_today(self, isin: str) -> bool:
        return isin not in self.terms.contracts and self.terms.is_settlement_day(isin, self.today)

    def in_default(self, party: Party) -> bool:
        """Is the party's member in default (M13)?"""
        return False

    def refuse_margined(self, isin: str, parties: tuple[Party, Party]) -> None:
        """Why no position of the contract may be opened (M2)."""

    def instruments_today(self) -> list[str]:
        """Instruments for which today is a settlement day, in order."""
        return [isin for isin in sorted(self.terms.instruments) if self.settles_today(isin)]

    def positions_of(self, isin: str) -> list[tuple[Party, Position]]:
        """Open positions of an instrument in party order."""
        places = sorted(place for place in self.positions if place[0] == isin)
        return [((place[1], place[2]), self.positions[place]) for place in places]

    def items_of(self, isin: str) -> list[tuple[TradeKey, Item]]:
        """Open items of an instrument by source and trade id."""
        return [(key, item) for key, item in sorted(self.items.items()) if item.isin == isin]

    def close_if_empty(self, isin: str, party: Party) -> bool:
        """A position without quantity and amount is gone, its legs are settled (C21)."""
        position = self.positions[isin, *party]
        if position.qty or position.amount:
            return False
        for leg in position.legs:
            leg.state = "SETTLED"
        del self.positions[isin, *party]
        return True

    def close_item(self, key: TradeKey) -> None:
        """An item is settled, and so are its legs."""
        item = self.items.pop(key)
        item.buyer.state = item.seller.state = "SETTLED"

    def open_shorts(self, isin: str) -> int:
        """Quantity that members owe in an instrument."""
        return sum(-position.qty for _, position in self.positions_of(isin) if position.qty < 0)

    def value(self, isin: str, quantity: int) -> int | None:
        """Quantity at the marking price, or None without one (C36)."""
        return rounded(quantity * self.marks[isin][0]) if isin in self.marks else None

    def balances(self, table: dict[tuple[str, Party], int]) -> list[tuple[str, Party, int]]:
        """Entries that are not zero, sorted by asset and party."""
        return [(asset, party, n) for (asset, party), n in sorted(table.items()) if n]


__all__ = [
    "CCP", "WORLD", "GiveUp", "Intent", "Item", "Json", "Leg", "Party", "Place", "Position",
    "State", "Terms", "Trade", "TradeKey",
]  # fmt: skip
