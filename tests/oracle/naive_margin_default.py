"""What follows on a default, as anybody would write it down from `margin-rules.md`: M15 to M17."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from tests.oracle.naive_clearing_roll import Roll
from tests.oracle.naive_clearing_state import Json, Leg, Party
from tests.oracle.naive_clearing_terms import CCP, PRICE, WORLD, refuse_if, rounded
from tests.oracle.naive_margin import MILLION


class Defaults(Roll):
    """Closing out, and who pays."""

    def margin_rooms(self) -> dict[str, Callable[[Json], None]]:
        return super().margin_rooms() | {
            "CLOSE_OUT": self.close_out, "SELL_COLLATERAL": self.sell_collateral,
            "ALLOCATE_LOSS": self.allocate_loss,
        }  # fmt: skip

    def close_out(self, command: Json) -> None:
        party, taker, isin = (command["member"], command["account"]), tuple(command["to"]), command["isin"]
        self.terms.check_party(party)
        self.terms.check_party(taker)
        self.terms.check_instrument(isin)
        refuse_if(isin not in self.terms.contracts, "NOT_MARGINED")
        refuse_if(not self.in_default(party), "NOT_IN_DEFAULT")
        refuse_if(self.in_default(taker), "MEMBER_IN_DEFAULT")
        self.terms.check_quantity(command["qty"])
        price = self.contract_price(isin, command["price"])
        held = self.held(isin).get(party, (0, 0))[0]
        refuse_if(command["qty"] > abs(held), "INSUFFICIENT_POSITION")
        amount = rounded(command["qty"] * self.terms.minor(isin, price))
        refuse_if(amount > self.terms.switches["max_amount"], "AMOUNT_OVERFLOW")
        self.refuse_load([(isin, 2 * command["qty"], 2 * amount)])
        self.last_transfer += 1
        sign = 1 if held > 0 else -1
        gives = Leg("TRANSFER", str(self.last_transfer), 1, "S" if sign > 0 else "B", party, isin,
                    -sign * command["qty"], sign * amount, self.today, "NEW1", self.today)  # fmt: skip
        self.emit("CLOSED_OUT", transfer=self.last_transfer, member=party[0], account=party[1], isin=isin,
                  qty=gives.qty, amount=gives.amount)  # fmt: skip
        self.add_leg(gives)
        side = "B" if sign > 0 else "S"
        self.add_leg(replace(gives, side=side, party=taker, qty=-gives.qty, amount=-gives.amount))

    def sell_collateral(self, command: Json) -> None:
        party, asset, n = self.check_pledge(command)
        price, base = command["price"], self.terms.margin["currency"]
        decimals = len(price.partition(".")[2])
        is_form = bool(PRICE.fullmatch(price)) and decimals <= self.terms.switches["max_decimals"]
        refuse_if(not is_form or not Fraction(price), "INVALID_PRICE")
        refuse_if(not self.in_default(party), "NOT_IN_DEFAULT")
        is_security = "isin" in command
        ccy = self.terms.currency(asset) if is_security else base
        if is_security:
            proceeds = rounded(n * self.terms.minor(asset, Fraction(price)))
        else:
            digits = [self.terms.currencies[one].get("digits", 2) for one in (base, asset)]
            proceeds = rounded(n * Fraction(price) * Fraction(10) ** (digits[0] - digits[1]))
        refuse_if(n > self.collateral[asset, party], "INSUFFICIENT_BALANCE")
        refuse_if(asset == ccy, "WRONG_CURRENCY")
        refuse_if(not 0 < proceeds <= self.terms.switches["max_amount"], "AMOUNT_OVERFLOW")
        self.collateral[asset, party] -= n
        (self.holdings if is_security else self.cash)[asset, WORLD] += n
        self.cash[ccy, WORLD] -= proceeds
        self.collateral[ccy, party] += proceeds
        named = {"isin": asset} if is_security else {"ccy": asset}
        self.emit_for("COLLATERAL_SOLD", party, **named, qty=n, amount=proceeds)
        self.emit_pledge(party, ccy)

    def allocate_loss(self, command: Json) -> None:
        party = (command["member"], command["account"])
        self.terms.check_party(party)
        refuse_if(not self.in_default(party), "NOT_IN_DEFAULT")
        member = party[0]
        mine = [(member, account) for account in sorted(self.terms.members[member])]
        positions = self.positions_by_party()
        refuse_if(any(positions.get(one) for one in mine), "POSITIONS_OPEN")
        self.vary(self.owed([], (member,)))
        losing = {self.terms.margin["currency"]}
        for ccy in sorted(self.terms.currencies):
            for one in mine:
                if self.due[ccy, one] or self.arrears[ccy, one]:
                    self.pay_party(ccy, one)
                if self.arrears[ccy, one]:
                    losing.add(ccy)
        left = sum([self.allocate_in(ccy, mine) for ccy in sorted(losing)])
        self.defaults[member]["closed"], self.defaults[member]["shortfall"] = left == 0, left > 0

    def allocate_in(self, ccy: str, mine: list[Party]) -> int:
        loss = left = sum(self.arrears[ccy, one] for one in mine)
        for layer in self.terms.margin["layers"]:
            for party in mine:
                for payer, amount in self.shares(layer, ccy, party):
                    if not amount:
                        continue
                    self.cover(layer, ccy, payer, party, amount)
                    left -= amount
                    self.emit("LOSS_COVERED", layer=layer, member=payer[0], account=payer[1], ccy=ccy,
                              amount=amount, left=left)  # fmt: skip
        self.emit("LOSS_ALLOCATED", member=mine[0][0], ccy=ccy, loss=loss, covered=loss - left, left=left,
                  reason="SHORTFALL" if left else "COVERED")  # fmt: skip
        return left

    def shares(self, layer: str, ccy: str, party: Party) -> list[tuple[Party, int]]:
        owed, room = self.arrears[ccy, party], self.room(layer, ccy, party)
        whole = sum(n for _, n in room)
        if layer not in ("SURVIVOR_CONTRIBUTIONS", "ASSESSMENTS"):
            found = []
            for payer, n in room:
                found.append((payer, min(owed, n)))
                owed -= min(owed, n)
            return found
        if owed >= whole:
            return room
        down = [owed * n // whole for _, n in room]
        for place, (_, n) in enumerate(room):
            if sum(down) < owed and down[place] < n:
                down[place] += 1
        return [(payer, n) for (payer, _), n in zip(room, down, strict=True)]

    def room(self, layer: str, ccy: str, party: Party) -> list[tuple[Party, int]]:
        member = party[0]
        mine = [(member, account) for account in sorted(self.terms.members[member])]
        if layer == "DEFAULTER_COLLATERAL":
            house = [one for one in mine if one[1] == "HOUS" and one != party]
            return [(one, self.collateral[ccy, one]) for one in (party, *house)]
        if layer == "DEFAULTER_CONTRIBUTION":
            return [(one, self.contributions[ccy, one]) for one in mine]
        if layer == "HOUSE":
            return [(CCP, self.contributions[ccy, CCP])]
        if layer == "ASSESSMENTS":
            default, ppm = self.defaults[member], self.terms.margin["assessment_ppm"]
            return [
                (one, n * ppm // MILLION - default["assessed"][ccy, one])
                for (of, one), n in sorted(default["contributions"].items())
                if of == ccy and not self.in_default(one)
            ]
        return [(one, n) for of, one, n in self.balances(self.contributions)
                if of == ccy and one != CCP and not self.in_default(one)]  # fmt: skip

    def cover(self, layer: str, ccy: str, payer: Party, party: Party, amount: int) -> None:
        if layer == "ASSESSMENTS":
            self.due[ccy, payer] -= amount
            self.defaults[party[0]]["assessed"][ccy, payer] += amount
        else:
            table = self.collateral if layer == "DEFAULTER_COLLATERAL" else self.contributions
            table[ccy, payer] -= amount
            self.cash[ccy, CCP] += amount
        self.arrears[ccy, party] -= amount
