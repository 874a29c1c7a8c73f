"""A clearing house of many days in a directory: what a firm does with it, by name, one method per verb.

    DIR/clearing/journal      every command, durable before the house sees it; all else follows from it
    DIR/clearing/days         the files of every date that was closed      (`clearing_day_files`)
    DIR/clearing/returns      an answer to every row of every file         (`clearing_returns`)

    with House.open(Path("firm")) as house:
        house.take(Path("trades.csv"))
        house.deposit("ALPINE", "HOUS", "USD", "1000000")
        house.settle()
        house.roll()

Quantities, money and prices are texts as people write them. What the house refuses is a `CommandRefused`,
what cannot be read a `WrittenError`; nothing has changed then. A file that is refused whole is answered too.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, overload

import numpy as np

from novate.app.bootstrap_clearing import (
    ClearingPlane,
    Watcher,
    Watchers,
    clearing_from,
    found_clearing,
    open_clearing,
)
from novate.app.clearing_day_files import DayFiles, write_day
from novate.app.clearing_day_log import DayLog, LoggedDate
from novate.app.clearing_deliveries import content_in_force
from novate.app.clearing_free import free_of
from novate.app.clearing_margin import MarginDesk
from novate.app.clearing_names import Names, WrittenError, require_names
from novate.app.clearing_returns import (
    TakenFile,
    answered_parts,
    refused_whole,
    write_returns,
)
from novate.app.clearing_take import Answers, Int64s, PreparedTrades
from novate.app.clearing_words import refused
from novate.app.conform_clearing_commands import CommandWriter
from novate.app.conform_clearing_events import EventReader
from novate.app.control_totals import FileReject, broken_total
from novate.app.problems import RefusedError
from novate.app.trade_files import NO_TRADES, TradeDelivery, TradeFileError, read_trades
from novate.clearing.house_terms import Days, day_text
from novate.clearing.terms import ClearingTerms, clearing_terms
from novate.domain.clearing_codes import ClearingEvent
from novate.domain.clearing_records import Records, new_clearing_events
from novate.domain.codes import ClearingReject
from novate.domain.configuration import Configuration
from novate.reports.clearing_amounts import Amounts
from novate.reports.clearing_event_words import EventWords

Json = dict[str, Any]


class ToldEvents(Sequence[Json]):
    """Events as the JSON of scenarios, which is made when it is looked at: a settlement run has many."""

    def __init__(self, reader: EventReader, records: Records) -> None:
        self._reader, self._records = reader, records

    @cached_property
    def _events(self) -> list[Json]:
        return self._reader.json(self._records)

    @overload
    def __getitem__(self, place: int) -> Json: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Json]: ...
    def __getitem__(self, place: int | slice) -> Json | Sequence[Json]:
        return self._events[place]

    def __len__(self) -> int:
        return len(self._events)


class House:
    """A clearing house that is open, for one writer or for many readers."""

    def __init__(self, root: Path, plane: ClearingPlane, log: DayLog) -> None:
        self.root = root
        """DIR/clearing."""
        self.plane = plane
        self.log = log
        self.finished: DayFiles | None = None
        """What opening has written because the process that closed the date had died before it did."""
        self.configuration = plane.configuration
        self.names = Names(plane.configuration)
        self.days = Days(plane.terms)
        self.look_again()
        self._terms: ClearingTerms = clearing_terms(plane.configuration)

    @classmethod
    def found(
        cls,
        directory: Path,
        configuration: Configuration,
        largest_file: int = 0,
        beside: Watcher | None = None,
    ) -> House:
        """A new house in DIR/clearing, for files of any usual size or of `largest_file` journal records.
        Whoever stands `beside` is told everything too.

        Raises JournalError if there is one already.
        """
        root, log = directory / "clearing", DayLog()
        watcher = log if beside is None else Watchers([log, beside])
        return cls(root, found_clearing(root / "journal", configuration, watcher, largest_file), log)

    @classmethod
    def open(
        cls, directory: Path, read_only: bool = False, beside: Watcher | None = None, from_start: bool = False
    ) -> House:
        """The house as it stood when its last command was acknowledged. Raises JournalError, RefusedError.
        Whoever stands `beside` is told what is replayed; with `from_start` that is everything.

        A date whose files were not finished, because its process died, gets them now: `finished`.
        """
        root, log = directory / "clearing", DayLog()
        if not (root / "journal").is_dir():
            raise RefusedError(
                f"{directory}: expected the directory of a clearing house, found no clearing/journal; "
                "novate clearing open makes one"
            )
        watcher = log if beside is None else Watchers([log, beside])
        house = cls(root, open_clearing(root / "journal", watcher, read_only, from_start), log)
        if not read_only:
            house.finished = house._finish_files()
        return house

    def look_again(self) -> None:
        """Know the sources that came in past this writer, such as the venue with its first fills."""
        self._writer = CommandWriter(self.plane.terms, self.plane.house.sources)
        self._reader = EventReader(self.plane.terms, self._writer.sources)

    def close(self) -> None:
        """Flush the journal and release its lock."""
        self.plane.close()

    def __enter__(self) -> House:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def today(self) -> str:
        """The business date."""
        return day_text(self.plane.house.today)

    def words(self) -> EventWords:
        """The sentences of events, with what earlier events have said."""
        terms = self.plane.terms
        amounts = Amounts(terms, self.names.quantity_digits)
        house, instruments = self.plane.house, terms.instruments
        amounts.instrument_of |= {name: instruments[n].name for name, n in house.issuer_events().items()}
        amounts.instrument_of |= {
            f"intent {one.number}": instruments[one.instrument].name for one in house.intents()
        }
        return EventWords(amounts, list(terms.switches.buckets))

    @property
    def margin(self) -> MarginDesk:
        """The verbs of the margin day."""
        return MarginDesk(self)

    @property
    def _returns(self) -> Path:
        return self.root / "returns"

    # -- files of trades --------------------------------------------------------------------------------

    def take(self, path: Path) -> TakenFile:
        """Take a trade file: one block of the journal, or nothing of it. Its return file is written.

        What is wrong with the file as a whole stands in `refused` and in every row's answer.
        """
        number = self.plane.sequence + 1
        try:
            delivery = read_trades(path)
        except TradeFileError as fault:
            unreadable = FileReject.UNREADABLE_FILE, str(fault)
            nothing = refused_whole(NO_TRADES, *unreadable)
            return write_returns(
                self._returns, number, path, file_digest(path), NO_TRADES, nothing, unreadable
            )
        digest = file_digest(path)
        prepared = self.prepare(delivery)
        broken = self._broken(delivery, prepared)
        if broken is not None:
            refused = refused_whole(delivery, *broken)
            return write_returns(self._returns, number, path, digest, delivery, refused, broken)
        answers = self.take_rows(prepared, np.arange(len(delivery.columns), dtype=np.int64))
        answered = answered_parts(delivery, [answers])
        return write_returns(self._returns, number, path, digest, delivery, answered)

    def prepare(self, delivery: TradeDelivery) -> PreparedTrades:
        """The rows of a file in the numbers of this house."""
        return PreparedTrades(delivery.columns, self._terms, self.plane.terms, self._writer)

    def take_rows(self, prepared: PreparedTrades, rows: Int64s) -> Answers:
        """Take some rows of a file on the business date, as one block of the journal."""
        records = prepared.records(rows)
        events = self.plane.take(records) if len(records) else new_clearing_events(0)
        return prepared.answers(rows, events, self.today)

    def _broken(self, delivery: TradeDelivery, prepared: PreparedTrades) -> tuple[FileReject, str] | None:
        """Why nothing of the file can be taken."""
        rows = len(delivery.columns) + len(delivery.malformed)
        broken = broken_total(delivery.totals, rows, delivery.columns.quantity)
        if broken is not None:
            return broken
        needed, most = prepared.most_records(), self.plane.journal.block_records
        if needed > most:
            said = f"expected at most {most} records of the journal, was {needed}; split the file"
            return FileReject.FILE_TOO_LARGE, said
        return None

    # -- single commands --------------------------------------------------------------------------------

    def do(self, command: Json) -> Sequence[Json]:
        """One command in the JSON of scenarios (C50), its events in the same. Raises CommandRefused."""
        return self.do_all([command])

    def do_all(self, commands: Sequence[Json]) -> Sequence[Json]:
        """Commands in one block of the journal, if several then of kinds that give one event each. Raises
        CommandRefused for the first that is refused; what stands beside it has been done all the same."""
        if not commands:
            return []
        for command in commands:
            require_names(command)
        blocks = [self._writer.records(command) for command in commands]
        events = self.plane.take(np.concatenate(blocks))
        self._require(commands, events)
        return ToldEvents(self._reader, events)

    def _require(self, commands: Sequence[Json], events: Records) -> None:
        """CommandRefused for the first refusal among the events. Of several commands each gives one event."""
        if not (events["kind"] == ClearingEvent.REJECTED).any():
            return
        told = self._reader.json(events)
        for place, event in enumerate(told):
            if event["ev"] == "REJECTED":
                command = commands[place if len(told) == len(commands) else 0]
                is_short = event["reason"] == ClearingReject.INSUFFICIENT_BALANCE.name
                free = free_of(self.plane, command) if is_short else None
                raise refused(command, event["reason"], self.names, self.today, free)

    def _know(self, source: str, trade_id: str, cmd: str) -> None:
        """CommandRefused for a trade that was never delivered: nothing of it is journaled."""
        if source not in self._writer.sources or self.plane.house.versions(source, trade_id) is None:
            command = {"cmd": cmd, "source": source, "trade_id": trade_id}
            raise refused(command, "UNKNOWN_TRADE", self.names, self.today)

    def trade(
        self, source: str, trade_id: str, *, instrument: str, quantity: str, price: str, buyer: str,
        seller: str, version: int = 1, trade_date: str | None = None, settle_date: str | None = None,
        currency: str | None = None,
    ) -> Sequence[Json]:  # fmt: skip
        """Deliver one trade; parties are MEMBER/ACCOUNT, the trade date is today's unless given."""
        isin = self.names.instrument(instrument)
        return self.do({
            "cmd": "TRADE", "source": source, "trade_id": trade_id, "version": version,
            "trade_date": trade_date or self.today, "settle_date": settle_date, "isin": isin,
            "ccy": currency, "qty": self.names.units(quantity, isin), "price": self.names.price(price),
            "buyer": self.names.party(buyer), "seller": self.names.party(seller),
        })  # fmt: skip

    def amend(
        self, source: str, trade_id: str, *, instrument: str | None = None, quantity: str | None = None,
        price: str | None = None, buyer: str | None = None, seller: str | None = None,
        trade_date: str | None = None, settle_date: str | None = None,
    ) -> Sequence[Json]:  # fmt: skip
        """A new version of a trade, with what is given changed and the rest as it is in force (C12, C13)."""
        self._know(source, trade_id, "TRADE")
        known = self.plane.house.versions(source, trade_id)
        content = content_in_force(self.plane, source, trade_id)
        if known is None or content is None:
            command = {"cmd": "TRADE", "source": source, "trade_id": trade_id}
            raise refused(command, "TRADE_CANCELLED", self.names, self.today)
        names = self.names
        isin = content["isin"] if instrument is None else names.instrument(instrument)
        changed = {
            "isin": isin,
            "ccy": content["ccy"] if isin == content["isin"] else None,
            "qty": content["qty"] if quantity is None else names.units(quantity, isin),
            "price": content["price"] if price is None else names.price(price),
            "buyer": content["buyer"] if buyer is None else names.party(buyer),
            "seller": content["seller"] if seller is None else names.party(seller),
            "trade_date": trade_date or content["trade_date"],
            "settle_date": settle_date or content["settle_date"],
        }
        if changed.items() <= content.items():
            raise WrittenError(
                f"trade {source} {trade_id}: expected a change, was all as in version {known.in_force}"
            )
        return self.do({**content, **changed, "version": known.highest + 1})

    def cancel(self, source: str, trade_id: str, version: int | None = None) -> Sequence[Json]:
        """Cancel a trade for good; the version is the next one unless given."""
        self._know(source, trade_id, "CANCEL_TRADE")
        known = self.plane.house.versions(source, trade_id)
        highest = known.highest if known else 0
        return self.do({"cmd": "CANCEL_TRADE", "source": source, "trade_id": trade_id,
                        "version": highest + 1 if version is None else version})  # fmt: skip

    def allocate(
        self, source: str, trade_id: str, side: str, parts: Iterable[tuple[str, str]]
    ) -> Sequence[Json]:
        """Split a side, B or S, over accounts of its member: (account, quantity)."""
        self._know(source, trade_id, "ALLOCATE")
        content = content_in_force(self.plane, source, trade_id)
        isin = content["isin"] if content else ""
        shares = [{"account": account, "qty": self.names.units(text, isin)} for account, text in parts]
        return self.do({"cmd": "ALLOCATE", "source": source, "trade_id": trade_id, "side": side,
                        "parts": shares})  # fmt: skip

    def give_up(self, source: str, trade_id: str, side: str, to: str) -> Sequence[Json]:
        """Offer a side to another member, which takes it up or not."""
        self._know(source, trade_id, "GIVE_UP")
        return self.do({"cmd": "GIVE_UP", "source": source, "trade_id": trade_id, "side": side,
                        "to": self.names.party(to)})  # fmt: skip

    def take_up(self, giveup: int, accept: bool = True) -> Sequence[Json]:
        """Answer a give-up."""
        return self.do({"cmd": "TAKE_UP", "giveup": giveup, "accept": accept})

    def transfer(
        self, giver: str, taker: str, instrument: str, quantity: str, settle_date: str
    ) -> Sequence[Json]:
        """Move a part of a position that waits for its settlement date."""
        isin = self.names.instrument(instrument)
        return self.do({"cmd": "TRANSFER", "from": self.names.party(giver), "to": self.names.party(taker),
                        "isin": isin, "qty": self.names.units(quantity, isin),
                        "settle_date": settle_date})  # fmt: skip

    # -- balances, parameters ---------------------------------------------------------------------------

    def deposit(self, party: str, asset: str, quantity: str) -> Sequence[Json]:
        """Securities or money come in; `asset` is an instrument or a currency."""
        return self.do(self.about("DEPOSIT", party, asset, quantity))

    def deposits(self, holdings: Iterable[tuple[str, str, str]]) -> Sequence[Json]:
        """Many of them as one block of the journal: (party, asset, quantity)."""
        return self.do_all([self.about("DEPOSIT", *one) for one in holdings])

    def withdraw(self, party: str, asset: str, quantity: str) -> Sequence[Json]:
        """Securities or money go out."""
        return self.do(self.about("WITHDRAW", party, asset, quantity))

    def about(self, cmd: str, party: str, asset: str, quantity: str) -> Json:
        """A command about so much of an instrument or a currency of a party, such as DEPOSIT."""
        names = self.names
        member, account = names.party(party)
        place = {"cmd": cmd, "member": member, "account": account}
        if names.is_currency(asset):
            return place | {"ccy": asset, "amount": names.minor(quantity, asset)}
        isin = names.instrument(asset)
        return place | {"isin": isin, "qty": names.units(quantity, isin)}

    def exempt(self, party: str, instrument: str, quantity: str) -> Sequence[Json]:
        """That much of a holding is never delivered."""
        return self.do(self._on(party, instrument, quantity) | {"cmd": "EXEMPT"})

    def priority(self, party: str, group: int, instrument: str | None = None) -> Sequence[Json]:
        """Allocation group from 1, served first, to 99; of one instrument or of all."""
        member, account = self.names.party(party)
        isin = None if instrument is None else self.names.instrument(instrument)
        return self.do({"cmd": "PRIORITY", "member": member, "account": account, "isin": isin,
                        "group": group})  # fmt: skip

    def mark(self, prices: Iterable[tuple[str, str]]) -> Sequence[Json]:
        """Marking prices from now on: (instrument, price)."""
        return self.do_all([
            {"cmd": "MARK", "isin": self.names.instrument(name), "price": self.names.price(price)}
            for name, price in prices
        ])  # fmt: skip

    def _on(self, party: str, instrument: str, quantity: str) -> Json:
        member, account = self.names.party(party)
        isin = self.names.instrument(instrument)
        units = self.names.units(quantity, isin)
        return {"member": member, "account": account, "isin": isin, "qty": units}

    # -- the day ----------------------------------------------------------------------------------------

    def net(self) -> Sequence[Json]:
        """A netting cycle outside the roll."""
        return self.do({"cmd": "NET"})

    def settle(self) -> Sequence[Json]:
        """A settlement run over all instruments that settle today."""
        return self.do({"cmd": "SETTLE"})

    def roll(self, to: str | None = None) -> DayFiles:
        """Close the business date, open the next one, and write the files of the closed one."""
        following = day_text(self.days.next_house_day(self.plane.house.today))
        command = {"cmd": "ROLL", "to": to or following}
        records = self._writer.records(command)
        events = self.plane.roll(records) if command["to"] == following else self.plane.take(records)
        if events["kind"][0] == ClearingEvent.REJECTED:
            reason = ClearingReject(int(events["number"][0])).name
            raise refused(command, reason, self.names, self.today)
        return self._write_closed()

    def _write_closed(self) -> DayFiles:
        """The files of the date that was closed last."""
        closed = self.log.closed
        assert closed is not None, "a ROLL was told"
        if not closed.is_whole:
            return self.write_files(closed.date)
        return write_day(self.root / "days", closed, self.plane.house, self.configuration)

    def whole_day(self) -> LoggedDate:
        """All events of the business date so far."""
        if self.log.running.is_whole:
            return self.log.running
        log = DayLog()
        for _ in clearing_from(self.root / "journal", datetime.date.fromisoformat(self.today), log):
            pass
        return log.running

    def write_files(self, date: str) -> DayFiles:
        """Write the files of a closed date again, out of the journal. RefusedError for any other date."""
        log = DayLog()
        for plane in clearing_from(self.root / "journal", datetime.date.fromisoformat(date), log):
            if log.closed is not None and log.closed.date == date and log.closed.is_whole:
                return write_day(self.root / "days", log.closed, plane.house, self.configuration)
        raise RefusedError(
            f"{date}: expected a date that was closed, is not; the business date is {self.today}"
        )

    def _finish_files(self) -> DayFiles | None:
        """Write what an interrupted roll has left unwritten."""
        closed = self.log.closed
        if closed is None or (self.root / "days" / closed.date / "day.json").exists():
            return None
        return self._write_closed()

    # -- buy-ins and issuers ----------------------------------------------------------------------------

    def buy_in_intent(self, party: str, instrument: str, quantity: str) -> Sequence[Json]:
        """A member that waits too long announces that it will buy elsewhere."""
        return self.do(self._on(party, instrument, quantity) | {"cmd": "BUYIN_INTENT"})

    def buy_in_execute(self, intent: int, quantity: str, price: str) -> Sequence[Json]:
        """The house has bought for the intent."""
        instruments = self.plane.terms.instruments
        known = {one.number: instruments[one.instrument].name for one in self.plane.house.intents()}
        isin = known.get(intent, "")
        return self.do({"cmd": "BUYIN_EXECUTE", "intent": intent, "qty": self.names.units(quantity, isin),
                        "price": self.names.price(price)})  # fmt: skip

    def cash_close(self, intent: int, price: str) -> Sequence[Json]:
        """Close what the intent is about in money."""
        return self.do({"cmd": "CASH_CLOSE", "intent": intent, "price": self.names.price(price)})

    def dividend(
        self, name: str, instrument: str, rate: str, ex_date: str, record_date: str, pay_date: str
    ) -> Sequence[Json]:
        """A dividend of `rate` for each security."""
        return self.do({"cmd": "DIVIDEND", "ca_id": name, "isin": self.names.instrument(instrument),
                        "ex_date": ex_date, "record_date": record_date, "pay_date": pay_date,
                        "rate": self.names.price(rate)})  # fmt: skip

    def split(
        self, name: str, instrument: str, new: int, old: int, ex_date: str, cash_price: str | None = None
    ) -> Sequence[Json]:
        """`new` securities for `old` ones, fractions in cash at `cash_price`."""
        cash = {} if cash_price is None else {"cash_price": self.names.price(cash_price)}
        return self.do({"cmd": "SPLIT", "ca_id": name, "isin": self.names.instrument(instrument), "new": new,
                        "old": old, "ex_date": ex_date, **cash})  # fmt: skip


def file_digest(path: Path) -> str:
    """SHA-256 of a file; empty for one that cannot be read, or never ends as a pipe may."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
