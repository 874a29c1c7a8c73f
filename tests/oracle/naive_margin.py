"""The margin day as anybody would write it down from `margin-rules.md`: M1 to M14.

open contracts = waiting legs of margined instruments; everything else is dictionaries of texts and numbers
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from tests.oracle import naive_margin_history
from tests.oracle.naive_clearing_corporate import Corporate
from tests.oracle.naive_clearing_state import Json, Leg, Party
from tests.oracle.naive_clearing_terms import CCP, PRICE, WORLD, refuse_if, rounded
from tests.oracle.naive_margin_method import requirement

MILLION = 10**6
OF_SECURITIES = (
    "DEPOSIT", "WITHDRAW", "EXEMPT", "PRIORITY", "MARK", "BUYIN_INTENT", "DIVIDEND", "SPLIT", "PLEDGE",
    "RELEASE", "VALUATION", "SELL_COLLATERAL",
)  # fmt: skip


class Margin(Corporate):
    """Everything but what follows on a default."""

    def __init__(self, config: Json) -> None:
        super().__init__(config)
        self.time = "1970-01-01T00:00:00"
        self.prices: dict[str, tuple[Fraction, str]] = {}
        self.values: dict[str, Fraction] = {}
        self.parameters: Json | None = None
        self.paid: dict[tuple[str, Party], int] = defaultdict(int)
        self.required: dict[Party, int] = {}
        self.calls: dict[int, Json] = {}
        self.last_call = 0
        self.defaults: dict[str, Json] = {}
        self.expired: set[str] = set()

    def margin_rooms(self) -> dict[str, Callable[[Json], None]]:
        return {
            "PLEDGE": self.pledge, "RELEASE": self.release, "CONTRIBUTE": self.contribute,
            "RETIRE_CONTRIBUTION": self.contribute, "SETTLEMENT_PRICE": self.settlement_price,
            "VALUATION": self.valuation, "MARGIN_PARAMETERS": self.set_parameters,
            "VARIATION": self.variation, "TICK": self.tick, "MARGIN_RUN": self.margin_run,
            "DECLARE_DEFAULT": self.declare_default,
        }  # fmt: skip

    # -- who may do what --------------------------------------------------------------------------------

    def gate(self, command: Json) -> None:
        if not self.terms.margin:
            refuse_if(command["cmd"] in self.margin_rooms(), "NO_MARGIN_TERMS")
            return
        is_margined = command.get("isin") in self.terms.contracts
        refuse_if(command["cmd"] in OF_SECURITIES and is_margined, "MARGINED_INSTRUMENT")
        taker = command.get("to") if command["cmd"] in ("TRANSFER", "GIVE_UP") else None
        if command["cmd"] == "TAKE_UP" and command["accept"] and command["giveup"] in self.giveups:
            taker = self.giveups[command["giveup"]].to
        is_known = taker is not None and taker[1] in self.terms.members.get(taker[0], [])
        refuse_if(is_known and taker is not None and self.in_default(tuple(taker)), "MEMBER_IN_DEFAULT")
        if command["cmd"] == "WITHDRAW":
            is_known = command["account"] in self.terms.members.get(command["member"], [])
            is_barred = is_known and self.is_barred((command["member"], command["account"]))
            refuse_if(is_barred, "MEMBER_IN_DEFAULT")

    def in_default(self, party: Party) -> bool:
        return party[0] in self.defaults

    def is_barred(self, party: Party) -> bool:
        return self.in_default(party) and not self.defaults[party[0]]["closed"]

    def refuse_margined(self, isin: str, parties: tuple[Party, Party]) -> None:
        if isin in self.terms.contracts:
            refuse_if(isin in self.expired, "INSTRUMENT_EXPIRED")
            refuse_if(any(one["shortfall"] for one in self.defaults.values()), "HOUSE_IN_SHORTFALL")
            refuse_if(any(self.in_default(party) for party in parties), "MEMBER_IN_DEFAULT")

    # -- open contracts ---------------------------------------------------------------------------------

    def legs_of(self, isin: str) -> list[Leg]:
        return [leg for leg in self.waiting if leg.isin == isin]

    def held(self, isin: str) -> dict[Party, tuple[int, int]]:
        """Party -> quantity and amount, in order."""
        found: dict[Party, tuple[int, int]] = {}
        for leg in self.legs_of(isin):
            qty, amount = found.get(leg.party, (0, 0))
            found[leg.party] = qty + leg.qty, amount + leg.amount
        return dict(sorted(found.items()))

    def positions_by_party(self) -> dict[Party, dict[str, int]]:
        found: dict[Party, dict[str, int]] = defaultdict(dict)
        for isin in sorted(self.terms.contracts):
            for party, (qty, _) in self.held(isin).items():
                if qty:
                    found[party][isin] = qty
        return found

    def is_future(self, isin: str) -> bool:
        return str(self.terms.contracts[isin].get("style", "FUTURE")) == "FUTURE"

    def ends_today(self, isin: str) -> bool:
        return bool(self.terms.contracts[isin]["expiry"] <= self.today)

    def refuse_unpriced(self, at_close: bool) -> None:
        for isin in self.terms.contracts:
            ends = at_close and self.ends_today(isin)
            is_open = any(qty for qty, _ in self.held(isin).values())
            if is_open and (ends or self.is_future(isin)):
                refuse_if(isin not in self.prices, "NO_SETTLEMENT_PRICE")
                refuse_if(ends and self.prices[isin][1] != self.today, "NO_SETTLEMENT_PRICE")

    def owed(self, ending: list[str], members: tuple[str, ...] | None = None) -> list[Any]:
        found = []
        for isin in sorted(self.terms.contracts):
            held = self.held(isin)
            paid = [party for of, party in self.paid if of == isin and self.paid[of, party]]
            for party in sorted({*held, *paid}):
                if members is not None and party[0] not in members:
                    continue
                qty, value = held.get(party, (0, 0))
                if qty and (self.is_future(isin) or isin in ending):
                    value += rounded(qty * self.terms.minor(isin, self.prices[isin][0]))
                amount = value - self.paid[isin, party]
                if amount:
                    found.append((isin, party, qty, amount))
        return found

    def most_variation(self, isin: str) -> int:
        found = sum(abs(amount) for (of, _), amount in self.paid.items() if of == isin)
        if isin in self.prices and self.load[isin]:
            price = self.terms.minor(isin, self.prices[isin][0])
            found += rounded(self.load[isin] * price) + self.parties
        return found

    def vary(self, owed: list[Any]) -> None:
        for isin, party, qty, amount in owed:
            self.pay_later(isin, party, amount)
            self.paid[isin, party] += amount
            self.emit_for("VARIATION", party, isin=isin, qty=qty, amount=amount)

    def variation(self, command: Json) -> None:
        self.refuse_unpriced(False)
        owed = self.owed([])
        moved: dict[str, int] = defaultdict(int)
        sums: dict[tuple[str, Party], int] = defaultdict(int)
        for isin, party, _, amount in owed:
            moved[self.terms.currency(isin)] += 2 * abs(amount)
            sums[self.terms.currency(isin), party] += amount
        for ccy, amount in sorted(moved.items()):
            self.refuse_money(ccy, amount)
        self.vary(owed)
        for (ccy, party), amount in sorted(sums.items()):
            if amount:
                paid = max(amount, -self.cash[ccy, party])
                self.move_cash(ccy, CCP, party, paid)
                self.due[ccy, party] -= paid
                self.emit_for("VARIATION_PAID", party, ccy=ccy, amount=paid, left=paid - amount)

    # -- prices and parameters --------------------------------------------------------------------------

    def contract_price(self, isin: str, text: str) -> Fraction:
        decimals = len(text.partition(".")[2])
        is_form = bool(PRICE.fullmatch(text)) and decimals <= self.terms.switches["max_decimals"]
        if not self.is_future(isin) and is_form and Fraction(text) == 0:
            return Fraction(0)
        self.terms.market_price(isin, text)
        return Fraction(text)

    def settlement_price(self, command: Json) -> None:
        isin = command["isin"]
        self.terms.check_instrument(isin)
        refuse_if(isin not in self.terms.contracts, "NOT_MARGINED")
        price = self.contract_price(isin, command["price"])
        self.refuse_price(isin, self.terms.minor(isin, price))
        self.prices[isin] = price, self.today
        self.emit("PRICE_SETTLED", isin=isin, price=command["price"])

    def valuation(self, command: Json) -> None:
        text = command["price"]
        if "isin" in command:
            self.terms.check_instrument(command["isin"])
            self.terms.market_price(command["isin"], text)
        else:
            refuse_if(command["ccy"] not in self.terms.currencies, "UNKNOWN_CURRENCY")
            decimals = len(text.partition(".")[2])
            is_form = bool(PRICE.fullmatch(text)) and decimals <= self.terms.switches["max_decimals"]
            refuse_if(not is_form or not Fraction(text), "INVALID_PRICE")
        asset = {name: command[name] for name in ("isin", "ccy") if name in command}
        self.values[command.get("isin") or command["ccy"]] = Fraction(text)
        self.emit("VALUED", **asset, price=text)

    def set_parameters(self, command: Json) -> None:
        found = command["parameters"]
        names = [one["instrument"] for one in found["contracts"]]
        if self.terms.margin.get("method") == "FHS":
            refuse_if(not naive_margin_history.is_sound(found, {*self.terms.contracts}), "INVALID_PARAMETERS")
            self.take_parameters(found, names)
            return
        codes = [one["code"] for one in found["commodities"]]
        is_sound = len({*names}) == len(names) and {*names} <= {*self.terms.contracts}
        is_sound = is_sound and len({*codes}) == len(codes)
        is_sound = is_sound and all(
            len(one["array"]) == 16 and one["commodity"] in codes for one in found["contracts"]
        )
        spreads = [row for one in found["commodities"] for row in one.get("spreads", [])]
        is_sound = is_sound and all(0 <= row["charge"] <= 10**12 for row in spreads)
        months = [row for one in found["commodities"] for row in one.get("spot_months", [])]
        is_sound = is_sound and all(row.get("outright", 0) >= 0 <= row.get("spread", 0) for row in months)
        is_sound = is_sound and all(
            len(row["legs"]) >= 2 for row in [*spreads, *found.get("inter_spreads", [])]
        )
        is_sound = is_sound and all(abs(n) <= 10**12 for one in found["contracts"] for n in one["array"])
        refuse_if(not is_sound, "INVALID_PARAMETERS")
        self.take_parameters(found, names)

    def take_parameters(self, found: Json, names: list[str]) -> None:
        self.parameters = found
        text = json.dumps(found, separators=(",", ":"), ensure_ascii=False)
        self.emit("PARAMETERS_SET", contracts=len(names), sha256=hashlib.sha256(text.encode()).hexdigest())

    # -- collateral -------------------------------------------------------------------------------------

    def pledge(self, command: Json) -> None:
        party, asset, n = self.check_pledge(command)
        refuse_if(asset not in self.terms.margin["collateral"], "NOT_ELIGIBLE_COLLATERAL")
        self.refuse_outside(self.holdings if "isin" in command else self.cash, asset, party, n)
        self.move_pledge(party, asset, n)
        needed = self.required.get(party, 0)
        if self.collateral_value(party, needed) >= needed:
            self.close_calls(party, "MET")

    def release(self, command: Json) -> None:
        party, asset, n = self.check_pledge(command)
        refuse_if(self.is_barred(party), "MEMBER_IN_DEFAULT")
        refuse_if(n > self.collateral[asset, party], "INSUFFICIENT_BALANCE")
        positions = self.positions_by_party().get(party, {})
        self.refuse_unknown({party: positions}, [])
        needed = max(self.needed(party, positions), self.required.get(party, 0))
        self.collateral[asset, party] -= n
        is_enough = self.collateral_value(party, needed) >= needed or not needed
        self.collateral[asset, party] += n
        refuse_if(not is_enough, "COLLATERAL_NEEDED")
        self.move_pledge(party, asset, -n)

    def check_pledge(self, command: Json) -> tuple[Party, str, int]:
        party: Party = (command["member"], command["account"])
        refuse_if(party == CCP, "UNKNOWN_MEMBER")
        self.check_amount(command)
        return party, command.get("isin") or command["ccy"], command["qty" if "isin" in command else "amount"]

    def move_pledge(self, party: Party, asset: str, n: int) -> None:
        table = self.holdings if asset in self.terms.instruments else self.cash
        table[asset, WORLD] -= n
        self.collateral[asset, party] += n
        self.emit_pledge(party, asset)

    def emit_pledge(self, party: Party, asset: str) -> None:
        if asset in self.terms.instruments:
            self.emit_for("COLLATERAL", party, isin=asset, qty=self.collateral[asset, party])
        else:
            self.emit_for("COLLATERAL", party, ccy=asset, amount=self.collateral[asset, party])

    def contribute(self, command: Json) -> None:
        party, asset = self.check_amount(command)
        refuse_if("isin" in command, "NOT_ELIGIBLE_COLLATERAL")
        sign = -1 if command["cmd"] == "RETIRE_CONTRIBUTION" else 1
        if sign < 0:
            has_default = any(not one["closed"] for one in self.defaults.values())
            refuse_if(has_default, "MEMBER_IN_DEFAULT")
            refuse_if(command["amount"] > self.contributions[asset, party], "INSUFFICIENT_BALANCE")
        self.refuse_outside(self.cash, asset, party, command["amount"])
        self.cash[asset, WORLD] -= sign * command["amount"]
        self.contributions[asset, party] += sign * command["amount"]
        self.emit_for("CONTRIBUTION", party, ccy=asset, amount=self.contributions[asset, party])

    def collateral_value(self, party: Party, needed: int) -> int:
        total = 0
        for asset, terms in sorted(self.terms.margin["collateral"].items()):
            value = self.asset_value(asset, self.collateral[asset, party], terms.get("haircut_ppm", 0))
            total += (
                min(value, needed * terms.get("limit_ppm", MILLION) // MILLION)
                if (terms.get("limit_ppm", MILLION) < MILLION)
                else value
            )
        return total

    def asset_value(self, asset: str, n: int, haircut: int) -> int:
        value, ccy, base = Fraction(n), asset, self.terms.margin["currency"]
        if asset in self.terms.instruments:
            if asset not in self.values:
                return 0
            ccy = self.terms.currency(asset)
            value *= self.terms.minor(asset, self.values[asset])
        value *= Fraction(MILLION - haircut, MILLION)
        if ccy != base:
            digits = [self.terms.currencies[one].get("digits", 2) for one in (base, ccy)]
            cut = Fraction(MILLION - self.terms.margin["currency_haircut_ppm"], MILLION)
            value *= self.values.get(ccy, Fraction(0)) * Fraction(10) ** (digits[0] - digits[1]) * cut
        return min(value.numerator // value.denominator, 2**62)

    # -- requirement and calls --------------------------------------------------------------------------

    def refuse_unknown(self, found: dict[Party, dict[str, int]], ending: list[str]) -> None:
        known = {one["instrument"] for one in self.parameters["contracts"]} if self.parameters else set()
        held = {isin for positions in found.values() for isin in positions} - {*ending}
        refuse_if(not held <= known, "MISSING_PARAMETERS")

    def needed(self, party: Party, positions: dict[str, int]) -> int:
        is_history = self.terms.margin.get("method") == "FHS"
        method = naive_margin_history.requirement if is_history else requirement
        risk = method(self.parameters, positions) if self.parameters and positions else 0
        return risk + self.arrears[self.terms.margin["currency"], party]

    def margin_run(self, command: Json) -> None:
        self.refuse_unknown(self.positions_by_party(), [])
        self.run_margin()

    def run_margin(self) -> None:
        positions, ccy = self.positions_by_party(), self.terms.margin["currency"]
        pledged = {party for (_, party), n in self.collateral.items() if n}
        for party in sorted({*positions, *pledged, *self.required}):
            needed = self.needed(party, positions.get(party, {}))
            value = self.collateral_value(party, needed)
            self.emit_for("MARGIN", party, ccy=ccy, requirement=needed, collateral=value,
                          excess=value - needed)  # fmt: skip
            self.required.pop(party, None)
            if needed:
                self.required[party] = needed
            if not self.in_default(party):
                self.call(party, needed - value)

    def call(self, party: Party, shortfall: int) -> None:
        if shortfall <= 0:
            self.close_calls(party, "MET")
            return
        shortfall -= sum(one["amount"] for one in self.calls.values() if one["party"] == party)
        if shortfall > self.terms.margin["threshold"]:
            self.last_call += 1
            amount = max(shortfall, self.terms.margin["minimum_call"])
            seconds = datetime.timedelta(seconds=self.terms.margin["deadline_seconds"])
            deadline = (datetime.datetime.fromisoformat(self.time) + seconds).isoformat()
            self.calls[self.last_call] = {
                "party": party, "amount": amount, "day": self.today, "deadline": deadline,
            }  # fmt: skip
            ccy = self.terms.margin["currency"]
            self.emit("CALL", call=self.last_call, member=party[0], account=party[1], ccy=ccy, amount=amount,
                      deadline=deadline)  # fmt: skip

    def close_calls(self, party: Party, reason: str) -> None:
        for number in sorted(self.calls):
            if self.calls[number]["party"] == party:
                self.close_call(number, reason)

    def close_call(self, number: int, reason: str) -> None:
        party = self.calls.pop(number)["party"]
        self.emit("CALL_CLOSED", call=number, member=party[0], account=party[1], reason=reason)

    def tick(self, command: Json) -> None:
        now = datetime.datetime.fromisoformat(command["time"]).isoformat()
        refuse_if(now < self.time, "TIME_BACKWARD")
        self.time = now
        self.emit("TIME", time=now)
        self.escalate([number for number, one in self.calls.items() if one["deadline"] < now])

    def escalate(self, overdue: list[int]) -> None:
        for number in sorted(overdue):
            if number in self.calls:
                member = self.calls[number]["party"][0]
                self.close_call(number, "OVERDUE")
                self.declare(member, "CALL_OVERDUE")

    def declare_default(self, command: Json) -> None:
        party = (command["member"], command["account"])
        self.terms.check_party(party)
        refuse_if(self.in_default(party), "MEMBER_IN_DEFAULT")
        self.declare(party[0], "DECLARED")

    def declare(self, member: str, reason: str) -> None:
        others = {key: n for key, n in self.contributions.items() if n and key[1][0] not in (member, CCP[0])}
        self.defaults[member] = {
            "contributions": others, "assessed": defaultdict(int), "closed": False, "shortfall": False,
        }  # fmt: skip
        self.emit("DEFAULTED", member=member, reason=reason)
        for account in sorted(self.terms.members[member]):
            self.close_calls((member, account), "DEFAULT")

    # -- the roll ---------------------------------------------------------------------------------------

    def ending(self) -> list[str]:
        return [
            one for one in sorted(self.terms.contracts) if one not in self.expired and self.ends_today(one)
        ]

    def refuse_close(self) -> None:
        if self.terms.margin:
            self.refuse_unpriced(True)
            self.refuse_unknown(self.positions_by_party(), self.ending())

    def before_money(self) -> None:
        if not self.terms.margin:
            return
        ending = self.ending()
        self.vary(self.owed(ending))
        for isin in ending:
            opened = sum(max(0, qty) for qty, _ in self.held(isin).values())
            for giveup in sorted(self.giveups):
                if any(leg.trade == self.giveups[giveup].trade for leg in self.legs_of(isin)):
                    self.close_giveup(giveup, "EXPIRED")
            for leg in self.legs_of(isin):
                leg.state = "SETTLED"
                self.waiting.remove(leg)
            for of, party in [key for key in self.paid if key[0] == isin]:
                self.own_money[self.terms.currency(isin)] -= self.paid.pop((of, party))
            self.expired.add(isin)
            self.emit("EXPIRED", isin=isin, date=self.today, qty=opened)

    def behind_money(self) -> None:
        if self.terms.margin:
            self.escalate([number for number, one in self.calls.items() if one["day"] < self.today])
            self.run_margin()
