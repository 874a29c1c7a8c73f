"""What the clearing house remembers, and the few questions that every room asks.

    trade --novation--> legs (WAITING) --cycle--> position (lots, amount)   --settlement--> closed (SETTLED)
                                      \\-gross--> item (one for a trade)    --settlement--> closed (SETTLED)

Trades, versions and legs are columns (`rows`). Positions, items, give-ups, intents and corporate events are
few beside them and are plain objects, always visited in sorted order. Every quantity and amount is signed as
the party sees it: + is received.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from novate.clearing.archive import TradeArchive
from novate.clearing.balances import Balances
from novate.clearing.chart import BalanceBook, MoveReason
from novate.clearing.house_terms import Days, HouseTerms
from novate.clearing.ledger.archive import Archive
from novate.clearing.load import Load
from novate.clearing.margin_day.memory import MarginMemory
from novate.clearing.open_positions import OpenPositions, Position
from novate.clearing.outbox import Outbox
from novate.clearing.price import Price as Price
from novate.clearing.rows import LEGS, NO_ROW, TRADES, VERSIONS, Leg, MemberNetting, Rows, Texts
from novate.clearing.trade_index import TradeIndex
from novate.clearing.trades.texts import TRANSFER_SOURCE
from novate.clearing.venue_stream import VenueStream
from novate.clearing.waiting import WaitingLegs
from novate.domain.clearing_codes import CorporateKind, LegState, Policy
from novate.domain.units import div_half_up

DEFAULT_GROUP = 50
ALL_INSTRUMENTS = -3


@dataclass(eq=False)
class Item:
    """A trade of a gross instrument that waits for its settlement (C24)."""

    trade: int
    instrument: int
    buyer_leg: int
    seller_leg: int
    buyer: int
    seller: int
    quantity: int
    amount: int
    since: int
    contract: int
    """The amount before any mark."""
    reason: int = 0
    failed: bool = False


@dataclass(eq=False)
class GiveUp:
    """A give-up that nobody has answered (C15)."""

    trade: int
    side: int
    to: int


@dataclass(eq=False)
class Intent:
    """A buy-in that was announced (C41)."""

    party: int
    instrument: int
    left: int
    day: int


@dataclass(eq=False)
class Corporate:
    """A dividend or a split (C44)."""

    kind: int
    instrument: int
    ex_day: int
    record_day: int = 0
    pay_day: int = 0
    new: int = 0
    old: int = 0
    price: Price | None = None
    """Rate of a dividend; cash for a new security of a split, or None."""


class Claim(NamedTuple):
    """Money of a dividend that is owed from the record date on (C45)."""

    pay_day: int
    name: bytes
    party: int
    instrument: int
    amount: int


class State:
    """The memory of one clearing house, and the movements that every room uses."""

    def __init__(
        self, terms: HouseTerms, trade_archive: TradeArchive, archive: Archive | None = None
    ) -> None:
        self.terms = terms
        self.archive = trade_archive
        self.archived = 0
        """Rows of the archive that belong to this state."""
        self.archived_digest = bytes(32)
        """Over all of them, one after the other."""
        self.archived_lieu: dict[int, int] = {}
        """Currency -> unsigned cash in lieu of archived legs."""
        self.arrived = 0
        """Trades that ever came; the next one's number."""
        self.switches = terms.switches
        self.days = Days(terms)
        self.ccp, self.world = terms.ccp, terms.world
        self.today = terms.start
        self.cycles = self.runs = 0
        self.member_netting: list[MemberNetting] = []
        """Of the cycles of the running date that this machine itself has run; no part of what is saved."""
        self.out = Outbox()
        self.balances = Balances(terms, archive)
        self.loads = Load(terms)
        self.exempt: dict[tuple[int, int], int] = {}
        self.groups: dict[tuple[int, int], int] = {}
        self.marks: dict[int, Price] = {}
        self.sources: list[bytes] = []
        self.texts = Texts()
        self.trades, self.versions, self.legs = Rows(TRADES), Rows(VERSIONS), Rows(LEGS)
        self.trade_rows = TradeIndex()
        self.waiting = WaitingLegs(self.legs)
        self.positions = OpenPositions()
        self.items: dict[int, Item] = {}
        self.giveups: dict[int, GiveUp] = {}
        self.intents: dict[int, Intent] = {}
        self.last_giveup = self.last_transfer = self.last_intent = 0
        self.corporate: dict[bytes, Corporate] = {}
        self.splits: dict[int, list[bytes]] = {}
        """Applied splits of an instrument, in their order."""
        self.claims: list[Claim] = []
        self.venue = VenueStream()
        self.own_securities: dict[int, int] = {}
        self.own_deposits: dict[int, int] = {}
        self.own_money: dict[int, int] = {}
        """What belongs to the CCP itself, by every rule that may change it (C48)."""
        self.margined = terms.margin.contracts if terms.margin else {}
        """Contracts whose positions stay open (M2), by instrument."""
        self.margin = MarginMemory(terms) if terms.margin else None
        self.resale_settled = frozenset(n for n, one in enumerate(terms.instruments) if one.resale_settled)
        """Instruments whose buyers may sell after settlement only (K12)."""

    # -- money and securities ---------------------------------------------------------------------------

    def holding(self, instrument: int, party: int) -> int:
        return self.balances.of(BalanceBook.HOLDINGS, instrument, party)

    def cash(self, currency: int, party: int) -> int:
        return self.balances.of(BalanceBook.CASH, currency, party)

    def move_securities(
        self, instrument: int, giver: int, taker: int, quantity: int, why: MoveReason, ref: int
    ) -> None:
        """Move a quantity of any sign between two holdings; `ref` as in MoveReason."""
        self.balances.move(BalanceBook.HOLDINGS, instrument, giver, taker, quantity, why, ref)

    def move_cash(
        self, currency: int, giver: int, taker: int, amount: int, why: MoveReason, ref: int
    ) -> None:
        """Move an amount of any sign between two parties at once."""
        self.balances.move(BalanceBook.CASH, currency, giver, taker, amount, why, ref)

    def pay_later(self, currency: int, party: int, amount: int, why: MoveReason, ref: int) -> None:
        """Add to what the party's next payment moves (C30)."""
        self.balances.move(BalanceBook.DUE, currency, self.ccp, party, amount, why, ref)

    def owed(self, currency: int, party: int) -> int:
        """Due less arrears."""
        due = self.balances.of(BalanceBook.DUE, currency, party)
        return due - self.balances.of(BalanceBook.ARREARS, currency, party)

    def purse(self, currency: int, party: int) -> int:
        """Cash and everything that will be paid today (C30)."""
        return self.cash(currency, party) + self.owed(currency, party)

    def free(self, currency: int, party: int) -> int:
        """Cash that is not owed yet (C30)."""
        return self.cash(currency, party) + min(0, self.owed(currency, party))

    def deliverable(self, instrument: int, party: int) -> int:
        """What may leave the holding (C19)."""
        return max(0, self.holding(instrument, party) - self.exempt.get((instrument, party), 0))

    def add_own_securities(self, instrument: int, quantity: int) -> None:
        """A rule changes what the CCP owns of an instrument."""
        self.own_securities[instrument] = self.own_securities.get(instrument, 0) + quantity

    def add_own_money(self, currency: int, amount: int) -> None:
        """A rule changes what the CCP owns of a currency."""
        self.own_money[currency] = self.own_money.get(currency, 0) + amount

    def start_day(self, day: int) -> None:
        """The business date changes; what moved before it is dated the day that ends."""
        self.balances.end_day(self.today)
        self.today = day
        self.cycles = self.runs = 0
        self.member_netting = []

    # -- instruments ------------------------------------------------------------------------------------

    def currency(self, instrument: int) -> int:
        return self.terms.instruments[instrument].currency

    def policy(self, instrument: int) -> Policy:
        return self.terms.instruments[instrument].policy

    def is_gross(self, instrument: int) -> bool:
        """Whether the instrument settles trade by trade (C24)."""
        return self.policy(instrument) in (Policy.GROSS_GROSS, Policy.GROSS_NET)

    def settles_today(self, instrument: int) -> bool:
        return instrument not in self.margined and self.days.is_settlement_day(instrument, self.today)

    def instruments_today(self) -> list[int]:
        """Instruments for which today is a settlement day, ascending."""
        return [number for number in range(len(self.terms.instruments)) if self.settles_today(number)]

    def worth(self, instrument: int, quantity: int, price: Price) -> int:
        """round(quantity * price) in minor units (C2)."""
        top, bottom = self.exact_worth(instrument, quantity, price)
        return div_half_up(top, bottom)

    def exact_worth(self, instrument: int, quantity: int, price: Price) -> tuple[int, int]:
        """quantity * price in minor units, as numerator and denominator."""
        one = self.terms.instruments[instrument]
        minor_units = one.worth_factor * 10 ** self.terms.currencies[one.currency].digits
        return int(quantity * price.digits * minor_units), int(10 ** (price.decimals + one.worth_decimals))

    # -- trades and legs --------------------------------------------------------------------------------

    def trade_row(self, source: int, name: bytes) -> int:
        """Row of a trade, NO_ROW for one never seen."""
        return self.trade_rows.get(trade_identity(self.sources[source], name))

    def trade_name(self, trade: int) -> bytes:
        """Trade id of a row."""
        return self.trade_key(trade)[1]

    def trade_key(self, trade: int) -> tuple[bytes, bytes]:
        """(source, trade id): what trades are sorted by."""
        _, _, source, length, start, *_ = self.trades.read(trade)
        return self.sources[source], self.texts.read(start, length)

    def leg(self, row: int) -> Leg:
        return Leg._make(self.legs.read(row))

    def legs_of(self, trade: int, side: int = 0) -> list[int]:
        """Rows of the current legs of a trade, the buyer's first; only those of a side, if one is given."""
        found = []
        row = self.trades.get(trade, "first_leg")
        while row != NO_ROW:
            if not side or self.legs.get(row, "side") == side:
                found.append(row)
            row = self.legs.get(row, "next")
        return found

    def leaf(self, leg: Leg) -> bytes:
        """Leaf data of a leg (C22)."""
        mark = b"R" if leg.is_reversal else b"N"
        if leg.trade < 0:
            source, name = TRANSFER_SOURCE.encode(), str(-leg.trade).encode()
        else:
            source, name = self.trade_key(leg.trade)
        side = b"B" if leg.side == 1 else b"S"
        return b"|".join((source, name, str(leg.version).encode(), side, mark))

    def leaves(self, rows: array[int]) -> list[bytes]:
        """Leaf data of many legs, ascending."""
        return sorted(self.leaf(Leg._make(fields)) for fields in self.legs.array[np.array(rows)].tolist())

    def waiting_rows(self, instrument: int, until: int | None = None) -> Iterator[tuple[int, Leg]]:
        """(row, leg) of the waiting legs of an instrument, by due day; those due up to a day."""
        rows = self.waiting.of(instrument)
        legs = self.legs.array.take(rows)
        if until is not None:
            is_due = legs["due"] <= until
            rows, legs = rows[is_due], legs[is_due]
        yield from zip(rows.tolist(), map(Leg._make, legs.tolist()), strict=True)

    # -- what is open -----------------------------------------------------------------------------------

    def positions_of(self, instrument: int) -> list[tuple[int, Position]]:
        """Open positions of an instrument in party order."""
        return sorted(self.positions[instrument].items(), key=lambda one: one[0])

    def position(self, instrument: int, party: int) -> Position | None:
        return self.positions[instrument].get(party)

    def items_of(self, instrument: int) -> list[Item]:
        """Open items of an instrument by source and trade id."""
        found = [item for item in self.items.values() if item.instrument == instrument]
        return sorted(found, key=lambda item: self.trade_key(item.trade))

    def settle_legs(self, rows: npt.NDArray[np.int64]) -> None:
        """Legs that are still their trade's stay as SETTLED; any other is GONE."""
        legs = self.legs.array
        trade = legs["trade"][rows]
        is_current = (trade >= 0) & (legs["is_reversal"][rows] == 0)
        # Row 0 stands for a transfer, which is no trade's; it is not asked.
        in_force = self.trades.array["in_force"][np.where(is_current, trade, 0)] if is_current.any() else 0
        is_current &= legs["version"][rows] == in_force
        legs["state"][rows] = np.where(is_current, LegState.SETTLED, LegState.GONE)

    def close_if_empty(self, instrument: int, party: int) -> bool:
        """A position without quantity and amount is gone, its legs are settled (C21)."""
        position = self.positions[instrument][party]
        if position.lots or position.amount:
            return False
        self.settle_legs(np.array(position.legs, np.int64))
        del self.positions[instrument][party]
        return True

    def close_item(self, item: Item) -> None:
        """An item is settled, and so are its legs."""
        del self.items[item.trade]
        self.settle_legs(np.array([item.buyer_leg, item.seller_leg], np.int64))

    def events_of(self, kind: CorporateKind, day_name: str, day: int) -> list[tuple[bytes, Corporate]]:
        """Events of issuers on a day, by instrument and id. A day on which the house is closed never is."""
        found = [
            (name, event)
            for name, event in self.corporate.items()
            if event.kind == kind and getattr(event, day_name) == day
        ]
        return sorted(found, key=lambda one: (one[1].instrument, one[0]))

    def open_shorts(self, instrument: int) -> int:
        """Quantity that members owe in an instrument."""
        return self.positions.shorts(instrument)


def trade_identity(source: bytes, name: bytes) -> bytes:
    """128 bits that stand for a (source, trade id)."""
    return sha256(str(len(source)).encode() + b"|" + source + b"|" + name).digest()[:16]


def part(amount: int, some: int, whole: int) -> int:
    """The share of a signed amount for `some` of `whole` (C2)."""
    return amount if some == whole else div_half_up(amount * some, whole)
