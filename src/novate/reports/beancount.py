"""The ledger as plain text in the syntax of beancount, so that other accountants can check it.

    2026-03-02 commodity USD                      one for each ledger: asset and scale
    2026-03-02 open Assets:Bank:7 USD             one for each account, named by its code in the chart
    2026-03-02 * "transfer 5" ^t5                 one for each posted transfer, in order of seq
      Assets:Bank:7         100.00 USD            debit, positive
      Liabilities:Members:9 -100.00 USD           credit, negative
    2026-03-03 balance Assets:Bank:7 100.00 ~ 0 USD      one for each account, the day after the last

Posted money only: pending transfers, voids and expiries move none, and a fold changes no net (L29). A post
carries the link of its pending transfer. Balances are asserted with tolerance 0, to the minor unit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from novate.clearing.ledger.codes import TransferFlag
from novate.clearing.ledger.queries import StoredTransfer, balances_of
from novate.clearing.ledger.view import LedgerView

DayOf = Callable[[int], date]
Names = Mapping[int, str]
"""Account id -> name, `Liabilities:A:CLIE:Cash:USD`."""
Narration = Callable[[StoredTransfer], str]
"""What a transaction says of itself; no quotation marks."""
Chart = Mapping[int, str]
"""Account code -> name of the group of accounts, `Assets:Bank`."""

OTHER = "Equity:Other"
"""Where accounts go whose code the chart does not know."""
NOT_MONEY = TransferFlag.PENDING | TransferFlag.VOID_PENDING

_GROUP = re.compile(r"(Assets|Liabilities|Equity|Income|Expenses)(:[A-Z0-9][A-Za-z0-9-]*)*", re.ASCII)
_COMMODITY = re.compile(r"[A-Z][A-Z0-9._-]*[A-Z0-9]", re.ASCII)
_WORDS = ("TRUE", "FALSE", "NULL")
_SECOND = 1_000_000_000


def utc_day(time_ns: int) -> date:
    """The day of a time in nanoseconds since 1970."""
    return datetime.fromtimestamp(time_ns // _SECOND, UTC).date()


def transfer_words(found: StoredTransfer) -> str:
    """The narration of a ledger that knows no more than numbers."""
    return f"transfer {found.id}"


def beancount_lines(
    ledger: LedgerView,
    chart: Chart,
    day_of: DayOf = utc_day,
    names: Names | None = None,
    narration: Narration = transfer_words,
) -> Iterator[str]:
    """Lines of a file that beancount accepts. ValueError for a group of the chart that is no account.

    Accounts are called as in `names`, the others by the group of their code and by their id. `day_of` must
    not go back as time goes on; dates before the year 1000 are not beancount's.
    """
    for code, group in chart.items():
        if not _GROUP.fullmatch(group):
            raise ValueError(
                f"Expected a group of accounts such as Assets:Bank, was {group!r} for code {code}"
            )
    book = _Book(ledger, chart, day_of, names or {}, narration)
    yield 'option "title" "Novate ledger"'
    yield from book.commodities()
    yield from book.openings()
    yield from book.transactions()
    yield from book.balances()


def amount_text(amount_minor: int, scale: int) -> str:
    """Minor units with so many decimal places: 1005 and 2 are 10.05."""
    if scale == 0:
        return str(amount_minor)
    whole, part = divmod(abs(amount_minor), 10**scale)
    return f"{'-' if amount_minor < 0 else ''}{whole}.{part:0{scale}d}"


def commodity_names(assets: Mapping[int, str]) -> dict[int, str]:
    """Ledger -> commodity: the asset where beancount can read it, else a name made of the ledger's number."""
    readable = {
        number: asset
        for number, asset in assets.items()
        if _COMMODITY.fullmatch(asset) and asset not in _WORDS
    }
    taken = set(readable.values())
    names = dict(readable)
    for number in assets:
        if number not in names:
            name = f"ASSET-{number}"
            while name in taken:
                name += "-0"
            names[number] = name
            taken.add(name)
    return names


class _Book:
    """One ledger and the names that its parts have in the file."""

    def __init__(
        self, ledger: LedgerView, chart: Chart, day_of: DayOf, names: Names, narration: Narration
    ) -> None:
        self.s = ledger.state()
        self.transfer_of = ledger.transfer_of
        self.day_of = day_of
        self.narration = narration
        self.now = ledger.now
        self.stored = ledger.stored
        self.rows = self.s.accounts[1 : ledger.opened + 1]
        self.scales = {int(row["ledger"]): int(row["scale"]) for row in self.s.ledgers}
        self.assets = {int(row["ledger"]): row["asset"].decode() for row in self.s.ledgers}
        self.units = commodity_names(self.assets)
        self.names = {
            int(row["id"]): names.get(int(row["id"]))
            or f"{chart.get(int(row['code']), OTHER)}:{int(row['id'])}"
            for row in self.rows
        }

    def commodities(self) -> Iterator[str]:
        first = self.day_of(int(self.rows["time"].min()) if len(self.rows) else self.now)
        for number, unit in sorted(self.units.items()):
            yield ""
            yield f"{first} commodity {unit}"
            yield f'  asset: "{self.assets[number]}"'
            yield f"  ledger: {number}"
            yield f"  scale: {self.scales[number]}"

    def openings(self) -> Iterator[str]:
        yield ""
        for row in self.rows:
            unit = self.units[int(row["ledger"])]
            yield f"{self.day_of(int(row['time']))} open {self.names[int(row['id'])]} {unit}"
            yield f"  code: {int(row['code'])}"

    def transactions(self) -> Iterator[str]:
        for seq in range(1, self.stored + 1):
            found = self.transfer_of(seq)
            if not found.flags & NOT_MONEY:
                yield from self._transaction(found)

    def _transaction(self, found: StoredTransfer) -> Iterator[str]:
        pending = f" ^t{found.pending_id}" if found.pending_id else ""
        yield ""
        yield f'{self.day_of(found.time)} * "{self.narration(found)}" ^t{found.id}{pending}'
        yield f"  code: {found.code}"
        yield f"  seq: {found.seq}"
        yield f"  time: {found.time}"
        yield f"  {self.names[found.debit]}  {self._money(found.amount, found.ledger)}"
        yield f"  {self.names[found.credit]}  {self._money(-found.amount, found.ledger)}"

    def balances(self) -> Iterator[str]:
        # A balance holds at the start of its day, so this is the end of the last one.
        day = self.day_of(self.now) + timedelta(days=1)
        yield ""
        for row in self.rows:
            number = int(row["ledger"])
            held = amount_text(-balances_of(row).net, self.scales[number])
            yield f"{day} balance {self.names[int(row['id'])]} {held} ~ 0 {self.units[number]}"

    def _money(self, amount_minor: int, ledger: int) -> str:
        return f"{amount_text(amount_minor, self.scales[ledger])} {self.units[ledger]}"
