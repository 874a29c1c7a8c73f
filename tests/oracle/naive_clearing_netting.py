"""The netting cycle: legs become positions, positions become rows (C20 to C25).

    waiting legs due today + open positions --> lots and amounts --> OBLIGATION rows, totals, digest

Rows of an instrument sum to zero; where members alone do not, one row of the CCP closes the gap.
"""

from __future__ import annotations

import hashlib

from tests.oracle.naive_clearing_buyins import BuyIns
from tests.oracle.naive_clearing_state import Item, Json, Leg, Party, Position
from tests.oracle.naive_clearing_terms import CCP

COLUMNS = (
    "obligation_id", "cycle", "settle_date", "member", "account", "isin", "movement", "quantity", "pay",
    "amount_minor", "ccy", "type", "gross_legs", "trade_root_hash",
)  # fmt: skip
Element = tuple[int, int]
"""Quantity and amount of a leg or a carried position."""
Row = tuple[tuple[str, ...], Json]
"""Sort key and columns."""


def merkle_root(leaves: list[str]) -> str:
    """Merkle tree hash of RFC 6962 over the leaves, in hex."""
    return tree_hash([leaf.encode() for leaf in leaves]).hex()


def tree_hash(leaves: list[bytes]) -> bytes:
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + tree_hash(leaves[:half]) + tree_hash(leaves[half:])).digest()


class Netting(BuyIns):
    """One cycle, over all instruments that settle today."""

    def net(self, command: Json) -> None:
        self.expire_giveups()
        self.netting_cycle()
        self.tidy_intents()

    def legs_of_cycle(self, isin: str) -> list[Leg]:
        return [leg for leg in self.waiting if leg.isin == isin and leg.due <= self.today]

    def expire_giveups(self) -> None:
        """Pending give-ups whose trade enters the cycle (C15)."""
        entering = [leg.trade for isin in self.instruments_today() for leg in self.legs_of_cycle(isin)]
        for giveup in sorted(self.giveups):
            if self.giveups[giveup].trade in entering:
                self.close_giveup(giveup, "EXPIRED")

    def netting_cycle(self) -> None:
        self.cycles += 1
        cycle = f"{self.today}/N{self.cycles}"
        rows: list[Row] = []
        totals: list[Json] = []
        for isin in self.instruments_today():
            net = self.net_items if self.terms.is_gross(isin) else self.net_positions
            elements, found = net(isin, cycle)
            if elements:
                totals.append(self.totals(cycle, isin, elements, [row for _, row in found]))
            rows += found + self.balancing_row(isin, cycle, [row for _, row in found])
        rows.sort(key=lambda one: one[0])
        self.emit_cycle(cycle, [row for _, row in rows], totals)

    def enter_legs(self, isin: str) -> list[Leg]:
        """Take the legs of the cycle out of the waiting room."""
        entering = self.legs_of_cycle(isin)
        for leg in entering:
            self.waiting.remove(leg)
            leg.state = "OPEN"
            if leg.trade in self.trades:
                self.trades[leg.trade].netted = True
        return entering

    def net_positions(self, isin: str, cycle: str) -> tuple[list[Element], list[Row]]:
        """Elements (quantity, amount) and rows of a net instrument."""
        carried = dict(self.positions_of(isin))
        elements = [(position.qty, position.amount) for position in carried.values()]
        is_fail = {party: any(since < self.today for since, _ in one.lots) for party, one in carried.items()}
        entering: dict[Party, list[Leg]] = {}
        for leg in self.enter_legs(isin):
            entering.setdefault(leg.party, []).append(leg)
            elements.append((leg.qty, leg.amount))
        for party, legs in entering.items():
            self.join(self.positions.setdefault((isin, *party), Position()), legs)
            self.close_if_empty(isin, party)
        rows = []
        for party, position in self.positions_of(isin):
            position.reason = "NO_CYCLE"
            kind = "COEV" if position.coev == self.today else "NEW1"
            rows.append(self.row(
                cycle, isin, party, position.qty, position.amount,
                "FAIL" if is_fail.get(party) else kind,
                len(entering.get(party, [])) + (party in carried),
                sorted(leg.leaf for leg in position.legs),
            ))  # fmt: skip
        return elements, rows

    def join(self, position: Position, legs: list[Leg]) -> None:
        """Entering legs change the lots by their sum (C21)."""
        delta, open_quantity = sum(leg.qty for leg in legs), position.qty
        position.amount += sum(leg.amount for leg in legs)
        position.legs += legs
        if any(leg.kind == "COEV" for leg in legs):
            position.coev = self.today
        if delta * open_quantity < 0:
            covered = min(abs(delta), abs(open_quantity))
            position.take(covered, newest_first=self.terms.switches["lot_order"] == "NEWEST")
            delta += covered if delta < 0 else -covered
        if delta and position.lots and position.lots[-1][0] == self.today:
            position.lots[-1][1] += delta
        elif delta:
            position.lots.append([self.today, delta])

    def net_items(self, isin: str, cycle: str) -> tuple[list[Element], list[Row]]:
        """Every trade of a gross instrument stays alone (C24)."""
        legs = self.enter_legs(isin)
        for leg in legs:
            if leg.side == "B":
                sells = next(one for one in legs if one.trade == leg.trade and one.side == "S")
                contract = sells.amount
                self.items[leg.trade] = Item(isin, leg, sells, leg.qty, contract, self.today, contract)
        elements, rows = [], []
        for _, item in self.items_of(isin):
            item.reason = "NO_CYCLE"
            for leg, sign in ((item.buyer, 1), (item.seller, -1)):
                elements.append((sign * item.qty, -sign * item.amount))
                kind = "FAIL" if item.since < self.today else leg.kind
                suffix = f"{leg.source}|{leg.trade_id}|{leg.side}"
                rows.append(self.row(
                    cycle, isin, leg.party, sign * item.qty, -sign * item.amount, kind, 1, [leg.leaf], suffix
                ))  # fmt: skip
        return elements, rows

    def row(self, cycle: str, isin: str, party: Party, quantity: int, amount: int, kind: str, legs: int,
            leaves: list[str], suffix: str = "") -> Row:  # fmt: skip
        """Sort key and columns of one row (C22)."""
        ccy = self.terms.currency(isin)
        key = (self.today, ccy, *party, isin, suffix)
        name = "|".join((cycle, self.today, ccy, *party, isin) + ((suffix,) if suffix else ()))
        values = (
            hashlib.sha256(name.encode()).hexdigest()[:16], cycle, self.today, *party, isin,
            "RECE" if quantity > 0 else "DELI" if quantity < 0 else "NONE", abs(quantity),
            "CRDT" if amount > 0 else "DEBT" if amount < 0 else "NONE", abs(amount),
            ccy, kind, legs, merkle_root(leaves),
        )  # fmt: skip
        return key, dict(zip(COLUMNS, values, strict=True))

    def balancing_row(self, isin: str, cycle: str, rows: list[Json]) -> list[Row]:
        """What the CCP itself delivers, receives, pays or gets."""
        quantity, amount = sum(map(signed_quantity, rows)), sum(map(signed_amount, rows))
        if not quantity and not amount:
            return []
        return [self.row(cycle, isin, CCP, -quantity, -amount, "FAIL", 0, [])]

    def totals(self, cycle: str, isin: str, elements: list[Element], rows: list[Json]) -> Json:
        """What netting saved in one instrument (C25)."""
        return {
            "cycle": cycle, "isin": isin, "legs": len(elements), "rows": len(rows),
            "gross_qty": sum(max(0, -quantity) for quantity, _ in elements),
            "net_qty": sum(max(0, -signed_quantity(row)) for row in rows),
            "gross_pay": sum(max(0, -amount) for _, amount in elements),
            "net_pay": sum(max(0, -signed_amount(row)) for row in rows),
        }  # fmt: skip

    def emit_cycle(self, cycle: str, rows: list[Json], totals: list[Json]) -> None:
        for row in rows:
            self.emit("OBLIGATION", **row)
        for total in totals:
            self.emit("NETTED", **total)
        for ccy in sorted({self.terms.currency(total["isin"]) for total in totals}):
            of_currency = [total for total in totals if self.terms.currency(total["isin"]) == ccy]
            sums = {name: sum(total[name] for total in of_currency)
                    for name in ("legs", "rows", "gross_pay", "net_pay")}  # fmt: skip
            gross, saved = sums["gross_pay"], sums["gross_pay"] - sums["net_pay"]
            self.emit("CYCLE", cycle=cycle, ccy=ccy, **sums,
                      saved_ppm=saved * 10**6 // gross if gross else 0)  # fmt: skip
        lines = [COLUMNS, *([row[name] for name in COLUMNS] for row in rows)]
        body = "".join(",".join(map(str, line)) + "\n" for line in lines)
        self.emit("FILE", cycle=cycle, rows=len(rows), sha256=hashlib.sha256(body.encode()).hexdigest())


def signed_quantity(row: Json) -> int:
    """Quantity of a row as its party sees it."""
    return int({"RECE": 1, "DELI": -1, "NONE": 0}[row["movement"]] * row["quantity"])


def signed_amount(row: Json) -> int:
    """Amount of a row as its party sees it."""
    return int({"CRDT": 1, "DEBT": -1, "NONE": 0}[row["pay"]] * row["amount_minor"])
