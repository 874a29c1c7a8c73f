"""What the clearing house says (C50) in words: who owes whom what, with the decimals of each currency.

    {"ev": "DELIVERED", "member": "A", "qty": 300, "amount": 1500000, "left": 100, ...}
        -->  A/HOUS delivers 300 ACME, receives 15,000.00 USD, 100 left

Every event has its sentence here; answers to queries have none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from novate.reports.clearing_amounts import Amounts, party_of
from novate.reports.clearing_command_words import SIDES, trade_name
from novate.reports.clearing_reasons import reason_words
from novate.reports.figures import grouped, percent, plural
from novate.reports.margin_words import MARGIN_EVENTS
from novate.reports.open_nets import signed_row

Json = dict[str, Any]

LEG_OPERATIONS = {"ADD": "leg", "REMOVE": "taken away", "REVERSE": "reversed", "WITHDRAW": "withdrawn"}
CHARGES = {
    "FAIL": "charge for a fail",
    "CASH": "charge for missing money",
    "CREDIT": "share of the charge, because it waits",
    "ARREARS": "charge for arrears",
}
FRACTIONS = {"HOLDING": "a holding", "OPEN": "an open position", "LEG": "a leg"}


class EventWords:
    """The sentences of events in one house, which are to be told in order."""

    def __init__(self, amounts: Amounts, buckets: list[int]) -> None:
        self._amounts = amounts
        starts = [0, *(end + 1 for end in buckets)]
        self._ages = [f"{start} to {end}" for start, end in zip(starts, buckets, strict=False)]
        self._ages.append(f"{starts[-1]} or more")

    def say(self, event: Json) -> str:
        """The event as one sentence without a full stop."""
        if event["ev"] in MARGIN_EVENTS:
            return MARGIN_EVENTS[event["ev"]](self._amounts, event)
        return SENTENCES[event["ev"]](self, event)

    # -- trades -----------------------------------------------------------------------------------------

    def _rejected(self, one: Json) -> str:
        version = f" version {one['version']}" if "version" in one else ""
        trade = f"{trade_name(one)}{version} is " if "trade_id" in one else ""
        return f"{trade}refused: {reason_words(one['reason'])}"

    def _accepted(self, one: Json) -> str:
        what = f"{self._securities(one)} for {self._amounts.price_of(one['amount'], one['isin'])}"
        return f"{trade_name(one)} version {one['version']} is in force: {what}, due {one['settle_date']}"

    def _duplicate(self, one: Json) -> str:
        return f"{trade_name(one)} version {one['version']} is there already, with the same content"

    def _superseded(self, one: Json) -> str:
        return f"{trade_name(one)} version {one['version']} is only kept in mind: another one is in force"

    def _cancelled(self, one: Json) -> str:
        return f"{trade_name(one)} is cancelled by version {one['version']}"

    def _leg(self, one: Json) -> str:
        owed = self._amounts.owes(one["isin"], one["qty"], one["amount"])
        due = "" if one["op"] == "REMOVE" else f", due {one['due']}"
        kind = ", a correction" if one["op"] == "ADD" and one["kind"] == "COEV" else ""
        return f"{LEG_OPERATIONS[one['op']]}: {party_of(one)} {owed}{due}{kind}"

    def _unmarked(self, one: Json) -> str:
        return f"{party_of(one)} {self._pays(one, 'paid')}: the marks go back"

    def _batch_done(self, one: Json) -> str:
        counts = ", ".join(f"{one[name]:,} {name}" for name in ("accepted", "rejected", "duplicate"))
        return f"the batch is done: {one['read']:,} read, {counts}, {one['superseded']:,} superseded"

    def _allocated(self, one: Json) -> str:
        return f"the {SIDES[one['side']]}'s side of {trade_name(one)} has {plural(one['parts'], 'part')}"

    def _transferred(self, one: Json) -> str:
        price = self._amounts.money(one["amount"], self._amounts.currency[one["isin"]])
        return f"transfer {one['transfer']}: {self._securities(one)} with {price}"

    def _giveup_open(self, one: Json) -> str:
        return f"give-up {one['giveup']} of {trade_name(one)} waits for {party_of(one)}"

    def _ended(self, one: Json) -> str:
        what = f"give-up {one['giveup']}" if "giveup" in one else f"buy-in {one['intent']}"
        return f"{what} ends: {reason_words(one['reason'])}"

    # -- balances and parameters ------------------------------------------------------------------------

    def _balance(self, one: Json) -> str:
        if "isin" in one:
            return f"{party_of(one)} now holds {self._securities(one)}"
        return f"{party_of(one)} now has {self._amounts.money(one['amount'], one['ccy'])}"

    def _exempted(self, one: Json) -> str:
        return f"{self._securities(one)} of {party_of(one)} are never delivered"

    def _priority(self, one: Json) -> str:
        where = "everywhere" if one["isin"] is None else f"in {one['isin']}"
        return f"{party_of(one)} is served in group {one['group']} {where}"

    def _mark_set(self, one: Json) -> str:
        return f"what is open in {one['isin']} is carried at {one['price']} from the next close on"

    # -- cycles -----------------------------------------------------------------------------------------

    def _obligation(self, one: Json) -> str:
        owed = self._amounts.owes(one["isin"], *signed_row(one))
        legs = plural(one["gross_legs"], "leg")
        return f"{party_of(one)} {owed}: {one['type']}, {legs}, obligation {one['obligation_id']}"

    def _netted(self, one: Json) -> str:
        ccy = self._amounts.currency[one["isin"]]
        gross, net = (self._amounts.money(one[name], ccy) for name in ("gross_pay", "net_pay"))
        deliver, left = (self._quantity(one, name) for name in ("gross_qty", "net_qty"))
        rows = plural(one["rows"], "obligation")
        return (
            f"{one['isin']}: {plural(one['legs'], 'leg')} became {rows}; to deliver {deliver} "
            f"became {left}, to pay {gross} became {net}"
        )

    def _cycle(self, one: Json) -> str:
        gross, net = (self._amounts.money(one[name], one["ccy"]) for name in ("gross_pay", "net_pay"))
        if gross == net:
            return f"cycle {one['cycle']}: {gross} to pay, of which nothing was netted away"
        saved = percent(one["gross_pay"] - one["net_pay"], one["gross_pay"])
        return f"cycle {one['cycle']}: {gross} to pay became {net}, {saved} less"

    def _file(self, one: Json) -> str:
        return f"obligation file of {one['cycle']}: {plural(one['rows'], 'row')}, SHA-256 {one['sha256']}"

    # -- settlement -------------------------------------------------------------------------------------

    def _settled(self, one: Json) -> str:
        price = self._amounts.price_of(one["amount"], one["isin"])
        return f"{trade_name(one)}: {self._securities(one)} change hands for {price}"

    def _batch(self, one: Json) -> str:
        if one["ok"]:
            return f"all or nothing in {one['ccy']}: everything settles"
        lacks = [
            f"{member}/{account} lacks {self._amounts.securities(n, isin)}"
            for member, account, isin, n in one["securities"]
        ]
        lacks += [
            f"{member}/{account} lacks {self._amounts.money(n, one['ccy'])}"
            for member, account, n in one["cash"]
        ]
        return f"all or nothing in {one['ccy']}: nothing settles; {', '.join(lacks)}"

    def _moved(self, one: Json) -> str:
        quantity = one["qty"] * (-1 if one["ev"] == "DELIVERED" else 1)
        left = f"{self._quantity(one, 'left')} left" if one["left"] else "nothing left"
        served = f" (group {one['group']}, waits since {one['since']})" if "group" in one else ""
        return f"{party_of(one)} {self._amounts.owes(one['isin'], quantity, one['amount'])}, {left}{served}"

    def _money_only(self, one: Json) -> str:
        return f"{party_of(one)} {self._pays(one, 'amount')}: only money was open in {one['isin']}"

    def _funds(self, one: Json) -> str:
        return f"{party_of(one)} {self._amounts.pays(one['amount'], one['ccy'])}, its net of the run"

    def _held(self, one: Json) -> str:
        price = self._amounts.price_of(one["amount"], one["isin"])
        what = f"{self._securities(one)} that it waits for since {one['since']}"
        return f"{party_of(one)} cannot pay {price} for {what}: the house keeps them"

    def _settle_done(self, one: Json) -> str:
        return f"settlement {one['run']} is done: {plural(one['lines'], 'movement')}"

    # -- the close --------------------------------------------------------------------------------------

    def _failed(self, one: Json) -> str:
        if "trade_id" in one:
            price = self._amounts.price_of(one["amount"], one["isin"])
            what = f"{trade_name(one)} fails: {self._securities(one)} for {price}"
        else:
            left = self._amounts.left(one["isin"], one["qty"], one["amount"])
            what = f"{party_of(one)} fails with {left}"
        return f"{what}: {reason_words(one['reason'])}"

    def _marked(self, one: Json) -> str:
        left = self._amounts.left(one["isin"], one["qty"], one["amount"])
        return f"{party_of(one)} {self._pays(one, 'paid')}: carried at the mark from now on, {left}"

    def _charged(self, one: Json) -> str:
        paid = self._amounts.pays(one["amount"], one["ccy"])
        where = f" in {one['isin']}" if "isin" in one else ""
        return f"{party_of(one)} {paid}: {CHARGES[one['kind']]}{where}"

    def _money(self, one: Json) -> str:
        owes = f", and owes {self._amounts.money(one['arrears'], one['ccy'])}" if one["arrears"] else ""
        return f"{party_of(one)} {self._amounts.pays(one['amount'], one['ccy'])} in cash{owes}"

    def _day_closed(self, one: Json) -> str:
        sums = {name: sum(found[:3]) for name, *found in (*one["securities"], *one["cash"])}
        told = ", ".join(f"{name} {grouped(total)}" for name, total in sums.items())
        return f"{one['date']} is closed; members, house and outside sum to {told or 'nothing'}"

    def _rolled(self, one: Json) -> str:
        return f"the business date goes from {one['from']} to {one['to']}"

    def _ageing(self, one: Json) -> str:
        sides = []
        for name, verb in (("short", "to deliver"), ("long", "to receive")):
            found = [
                f"{self._amounts.quantity(n, one['isin'])} for {age}"
                for n, age in zip(one[name], self._ages, strict=True)
                if n
            ]
            sides += [f"{verb} {', '.join(found)}"] if found else []
        return f"{one['isin']} has failed, by settlement days: {'; '.join(sides)}"

    # -- buy-ins and corporate events -------------------------------------------------------------------

    def _buyin_eligible(self, one: Json) -> str:
        return f"{party_of(one)} may have {self._securities(one)} bought in"

    def _intent(self, one: Json) -> str:
        self._amounts.instrument_of[f"intent {one['intent']}"] = one["isin"]
        return f"buy-in {one['intent']}: {self._securities(one)} for {party_of(one)}"

    def _notice(self, one: Json) -> str:
        return f"notice to {party_of(one)}: {self._unnamed_quantity(one)} not delivered since {one['since']}"

    def _bought_in(self, one: Json) -> str:
        cost = self._amounts.price_of(one["cost"], one["isin"])
        owed = self._amounts.owes(one["isin"], one["qty"], one["amount"])
        return f"bought for {cost}: {party_of(one)} {owed}, {self._quantity(one, 'left')} left"

    def _cash_closed(self, one: Json) -> str:
        return f"{party_of(one)} {self._pays(one, 'amount')} instead of {self._securities(one)}"

    def _buyin_charge(self, one: Json) -> str:
        what = f"{self._securities(one)} not delivered since {one['since']}"
        return f"{party_of(one)} {self._pays(one, 'amount')} and no longer owes {what}"

    def _event_set(self, one: Json) -> str:
        self._amounts.instrument_of[one["ca_id"]] = one["isin"]
        return f"{one['ca_id']}, a {one['kind'].lower()} of {one['isin']}, is set"

    def _entitled(self, one: Json) -> str:
        due = "is owed" if one["amount"] > 0 else "owes"
        money = self._of_event(abs(one["amount"]), one)
        return (
            f"{one['ca_id']}: {party_of(one)} {due} {money} for {self._unnamed_quantity(one)} in settlement"
        )

    def _claim_paid(self, one: Json) -> str:
        verb = "receives" if one["amount"] > 0 else "pays"
        return f"{one['ca_id']}: {party_of(one)} {verb} {self._of_event(abs(one['amount']), one)}"

    def _split_applied(self, one: Json) -> str:
        ratio = f"{one['new']:,} new for {one['old']:,} old"
        return f"{one['ca_id']}: {one['isin']} is split, {ratio}; its mark is removed"

    def _fraction(self, one: Json) -> str:
        verb = "receives" if one["amount"] > 0 else "pays"
        money = self._of_event(abs(one["amount"]), one)
        return f"{party_of(one)} {verb} {money} in place of a fraction of {FRACTIONS[one['what']]}"

    def _fills_taken(self, one: Json) -> str:
        return f"fills {one['first']} to {one['last']} of {one['source']} are taken, each once"

    def _credit(self, one: Json) -> str:
        units = one["qty"] if "isin" in one else one["amount"]
        verb = "may commit" if units > 0 else "may no longer commit"
        if "isin" in one:
            what = self._amounts.quantity(abs(units), one["isin"])
        else:
            what = self._amounts.money(abs(units), one["ccy"])
        return f"{party_of(one)} {verb} {what} at the venue: credit {one['credit']}"

    def _unnamed_quantity(self, one: Json) -> str:
        """The quantity of an event that names its buy-in or its corporate event, not its instrument."""
        key = one["ca_id"] if "ca_id" in one else f"intent {one['intent']}"
        return self._amounts.quantity(one["qty"], self._amounts.instrument_of[key])

    def _of_event(self, minor: int, one: Json) -> str:
        return self._amounts.price_of(minor, self._amounts.instrument_of[one["ca_id"]])

    def _securities(self, one: Json) -> str:
        return self._amounts.securities(one["qty"], one["isin"])

    def _quantity(self, one: Json, field: str) -> str:
        return self._amounts.quantity(one[field], one["isin"])

    def _pays(self, one: Json, field: str) -> str:
        return self._amounts.pays(one[field], self._amounts.currency[one["isin"]])


SENTENCES: dict[str, Callable[[EventWords, Json], str]] = {
    "REJECTED": EventWords._rejected,
    "ACCEPTED": EventWords._accepted,
    "DUPLICATE": EventWords._duplicate,
    "SUPERSEDED": EventWords._superseded,
    "CANCELLED": EventWords._cancelled,
    "LEG": EventWords._leg,
    "UNMARKED": EventWords._unmarked,
    "BATCH_DONE": EventWords._batch_done,
    "ALLOCATED": EventWords._allocated,
    "TRANSFERRED": EventWords._transferred,
    "GIVEUP_OPEN": EventWords._giveup_open,
    "GIVEUP_CLOSED": EventWords._ended,
    "BALANCE": EventWords._balance,
    "EXEMPTED": EventWords._exempted,
    "PRIORITY_SET": EventWords._priority,
    "MARK_SET": EventWords._mark_set,
    "OBLIGATION": EventWords._obligation,
    "NETTED": EventWords._netted,
    "CYCLE": EventWords._cycle,
    "FILE": EventWords._file,
    "SETTLED": EventWords._settled,
    "BATCH": EventWords._batch,
    "DELIVERED": EventWords._moved,
    "RECEIVED": EventWords._moved,
    "MONEY_ONLY": EventWords._money_only,
    "FUNDS": EventWords._funds,
    "HELD": EventWords._held,
    "SETTLE_DONE": EventWords._settle_done,
    "FAILED": EventWords._failed,
    "MARKED": EventWords._marked,
    "CHARGED": EventWords._charged,
    "MONEY": EventWords._money,
    "DAY_CLOSED": EventWords._day_closed,
    "ROLLED": EventWords._rolled,
    "AGEING": EventWords._ageing,
    "BUYIN_ELIGIBLE": EventWords._buyin_eligible,
    "INTENT": EventWords._intent,
    "NOTICE": EventWords._notice,
    "INTENT_CLOSED": EventWords._ended,
    "BOUGHT_IN": EventWords._bought_in,
    "CASH_CLOSED": EventWords._cash_closed,
    "BUYIN_CHARGE": EventWords._buyin_charge,
    "EVENT_SET": EventWords._event_set,
    "ENTITLED": EventWords._entitled,
    "CLAIM_PAID": EventWords._claim_paid,
    "SPLIT_APPLIED": EventWords._split_applied,
    "FRACTION": EventWords._fraction,
    "FILLS_TAKEN": EventWords._fills_taken,
    "CREDIT": EventWords._credit,
}
"""The sentence of every event but the answers to queries."""
