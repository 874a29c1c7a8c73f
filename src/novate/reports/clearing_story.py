"""The days of a clearing house as a text that a person reads from top to bottom.

    the house          currencies, instruments, members, calendars, switches
    Wednesday ...      opening: splits, netting, obligations
                       every command, and what it did
                       close: fails, marks, charges, payments
                       at the close: the day's trades, what is open, what waits, what everybody has
    ...
    the trades         every transition of each, with its date and reason

Events are the plain JSON of C50. The same days give the same bytes.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from novate.clearing.house_terms import CCP, WORLD, HouseTerms, Switches, day_text
from novate.domain.calendar import OpenDays
from novate.reports.clearing_amounts import Amounts, party_of
from novate.reports.clearing_close import Standing, close
from novate.reports.clearing_command_words import CommandWords
from novate.reports.clearing_event_words import EventWords
from novate.reports.figures import grouped, plural, quiet
from novate.reports.margin_terms_words import margin_lines
from novate.reports.minimum_payments import minimum_payments
from novate.reports.open_nets import signed_row
from novate.reports.text_table import text_table
from novate.reports.trade_history import TradeHistories
from novate.reports.trade_life import TradeHistory

Json = dict[str, Any]
CYCLE = frozenset(("OBLIGATION", "NETTED", "CYCLE", "FILE"))
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class ClearingStory:
    """Takes commands with their events, in order, and tells them."""

    def __init__(self, terms: HouseTerms, title: str, about: str, with_payments: bool = False) -> None:
        """`with_payments`: say behind each cycle how few payments would do without the house (C52)."""
        self._terms = terms
        self._amounts = Amounts(terms)
        self._commands = CommandWords(self._amounts)
        self._events = EventWords(self._amounts, terms.switches.buckets)
        self._histories = TradeHistories(terms)
        self._with_payments = with_payments
        self._today = day_text(terms.start)
        self._lines = [*_heading(title, "="), about, "", *_house(terms), *self._day()]

    def take(self, command: Json, events: list[Json], before: Standing | None = None) -> None:
        """The next command, its events, and for a ROLL what stood before it."""
        said = self._commands.say(command, self._today)
        rolled = next((at for at, event in enumerate(events) if event["ev"] == "ROLLED"), None)
        if rolled is None or before is None:
            self._histories.take(events)
            self._tell(said, events)
            return
        closing, opening = events[:rolled], events[rolled:]
        self._histories.take(closing)
        self._tell(said, closing)
        self._stand(close(before, closing, self._amounts), f"At the close of {self._today}")
        self._today = events[rolled]["to"]
        self._lines += self._day()
        self._histories.take(opening)
        self._tell("the house opens", opening[1:])

    def trades(self) -> list[TradeHistory]:
        """The life of every trade so far."""
        return self._histories.all()

    def text(self, now: Standing) -> str:
        """The whole story; `now` is what stands behind its last command."""
        self._stand(now, f"As it stands on {self._today}")
        self._lines += _heading("The trades", "=")
        for history in self._histories.all():
            self._lines += _life(history)
        return "\n".join([*self._lines[:-1], ""])

    def _day(self) -> list[str]:
        day = datetime.date.fromisoformat(self._today)
        return _heading(f"{WEEKDAYS[day.weekday()]} {self._today}", "=")

    def _tell(self, said: str, events: list[Json]) -> None:
        self._lines.append(said)
        for at, event in enumerate(events):
            self._lines.append(f"    {self._events.say(event)}")
            is_last = at + 1 == len(events) or events[at + 1]["ev"] not in CYCLE
            if self._with_payments and event["ev"] in CYCLE and is_last:
                self._lines += self._payments([one for one in events if one["ev"] == "OBLIGATION"])
        self._lines.append("")

    def _payments(self, rows: list[Json]) -> Iterable[str]:
        """The fewest payments among the parties of a cycle themselves, per currency."""
        nets: dict[str, dict[str, int]] = {}
        for row in rows:
            of_ccy = nets.setdefault(row["ccy"], {})
            of_ccy[party_of(row)] = of_ccy.get(party_of(row), 0) + signed_row(row)[1]
        for ccy, balances in sorted(nets.items()):
            found = minimum_payments(balances.items())
            proof = "the fewest possible" if found.is_minimal else f"no fewer than {found.at_least} possible"
            count = plural(len(found.payments), "payment")
            yield f"    without the house {count} in {ccy} would do, {proof}; with it {found.parties}"
            for one in found.payments:
                money = self._amounts.money(one.amount_minor, ccy)
                yield f"        {one.payer} pays {money} to {one.receiver}"

    # -- the end of a day -------------------------------------------------------------------------------

    def _stand(self, now: Standing, title: str) -> None:
        self._lines += _heading(title, "-")
        for table in (self._trades(), self._open(now), self._waiting(now), self._balances(now)):
            if table:
                self._lines += [*table, ""]

    def _trades(self) -> list[str]:
        """Trades to which something happened on the date."""
        rows = [("trade", "version", "state", "steps of the day")]
        for history in self._histories.all():
            steps = [one.step for one in history.transitions if one.date == self._today]
            if steps:
                told = [step for at, step in enumerate(steps) if at == 0 or step != steps[at - 1]]
                name = f"{history.source}:{history.trade_id}"
                rows.append((name, str(history.version or "-"), history.state, ", ".join(told)))
        return text_table(rows) if len(rows) > 1 else []

    def _open(self, now: Standing) -> list[str]:
        rows = [("open", "instrument", "to do", "since", "why")]
        for isin, member, account, quantity, amount, lots, reason in now.open:
            since = ", ".join(f"{day} ({count:,})" for day, count in lots)
            rows.append(
                (f"{member}/{account}", isin, self._amounts.left(isin, quantity, amount), since, reason)
            )
        for source, trade_id, isin, quantity, amount, since, reason in now.items:
            what = f"{quantity:,} against {self._amounts.price_of(amount, isin)}"
            rows.append((f"{source}:{trade_id}", isin, what, since, reason))
        return text_table(rows) if len(rows) > 1 else []

    def _waiting(self, now: Standing) -> list[str]:
        rows = [("waits", "instrument", "to do", "due", "legs")]
        for due, isin, member, account, quantity, amount, legs in now.waiting:
            left = self._amounts.left(isin, quantity, amount)
            rows.append((f"{member}/{account}", isin, left, due, str(legs)))
        return text_table(rows) if len(rows) > 1 else []

    def _balances(self, now: Standing) -> list[str]:
        """A row a party and a column an asset; holdings and cash sum to zero, with what lies outside."""
        columns = [(isin, now.holdings, isin, 0) for isin in sorted({key[2] for key in now.holdings})]
        for title, of in (("", now.cash), (" due", now.due), (" arrears", now.arrears)):
            for ccy in sorted({key[2] for key in of}):
                columns.append((f"{ccy}{title}", of, ccy, self._amounts.digits[ccy]))
        owners = [
            (member, f"{account}{what}")
            for member, account in self._terms.parties
            for what in ("", "/Collateral", "/Contribution")
        ]
        parties = [party for party in owners if any((*party, c[2]) in c[1] for c in columns)]
        if not parties:
            return []
        rows = [("balances", *(title for title, *_ in columns))]
        for party in parties:
            cells = (quiet(of.get((*party, asset), 0), digits) for _, of, asset, digits in columns)
            rows.append(("/".join(party), *cells))
        sums = (
            grouped(sum(of[key] for key in of if key[2] == asset), digits)
            if of is now.holdings or of is now.cash
            else ""
            for _, of, asset, digits in columns
        )
        rows.append(("sum", *sums))
        return text_table(rows, right=range(1, len(columns) + 1))


def _heading(title: str, line: str) -> list[str]:
    return [title, line * len(title), ""]


def _life(history: TradeHistory) -> list[str]:
    """Every transition of a trade."""
    name = f"{history.source}:{history.trade_id}, {history.state}"
    rows = [(one.date, one.step, f"v{one.version}", one.why) for one in history.transitions]
    return [name, *(f"    {line}" for line in text_table(rows)), ""]


def _house(terms: HouseTerms) -> list[str]:
    """What the house is run with."""
    lines = [
        f"currency {one.name}, {plural(one.digits, 'decimal')}{_closed('banks', one.bank)}"
        for one in terms.currencies
    ]
    for instrument in terms.instruments:
        how = f"in {terms.currencies[instrument.currency].name}, T+{instrument.cycle}"
        closed = _closed("market", instrument.calendar.trading)
        lines.append(f"instrument {instrument.name} {how}, {instrument.policy.name}{closed}")
    members: dict[str, list[str]] = {}
    for member, account in terms.parties:
        if (member, account) not in (CCP, WORLD):
            members.setdefault(member, []).append(account)
    lines += margin_lines(terms)
    lines += [f"member {name} with {', '.join(found)}" for name, found in members.items()]
    lines.append(f"calendar of the house{_closed('it is', terms.house) or ', open from Monday to Friday'}")
    defaults = Switches()
    for name in Switches.__struct_fields__:
        if getattr(terms.switches, name) != getattr(defaults, name):
            lines.append(f"switch {name} {getattr(terms.switches, name)}")
    return [*lines, ""]


def _closed(what: str, days: OpenDays) -> str:
    """When a calendar is closed, where that is not on Saturdays and Sundays alone."""
    found = [day.isoformat() for day in sorted(days.holidays)]
    if days.weekend != frozenset((5, 6)):
        found = [*(f"every {WEEKDAYS[day]}" for day in sorted(days.weekend)), *found]
    return f", {what} closed on {', '.join(found)}" if found else ""
