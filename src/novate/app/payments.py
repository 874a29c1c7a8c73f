"""`novate clearing minimum-payments`: balances out of a file, the fewest payments among the parties.

    obligations.csv                   --> net cash per settlement date, currency and party
    party,amount_minor                --> as it stands           (with ccy: per currency)

An obligation file is known by its header and checked against its control totals.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path

import msgspec

from novate.app.obligation_files import obligations_of
from novate.clearing.obligations import HEADER
from novate.reports.minimum_payments import BalancesError, MinimumPayments, minimum_payments

BALANCE_COLUMNS = ({"party", "amount_minor"}, {"party", "ccy", "amount_minor"})


class BalancesFileError(Exception):
    """A file of balances that cannot be read or settled; the message names the line."""


class PaymentGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The payments of one settlement date and currency; both are empty where the file names none."""

    settle_date: str
    ccy: str
    digits: int
    result: MinimumPayments


Key = tuple[str, str]


def payments_of_file(path: Path) -> list[PaymentGroup]:
    """The fewest payments per settlement date and currency. Raises BalancesFileError,
    ObligationFileError for a broken obligation file, OSError."""
    content = path.read_bytes()
    digits: dict[str, int] = {}
    if content.startswith(HEADER.encode()):
        read = obligations_of(path, content)
        digits = read.currency_digits
        found: dict[Key, dict[str, int]] = {}
        for row in read.rows:
            nets = found.setdefault((row.settle_date, row.ccy), {})
            party = f"{row.member} {row.account}"
            nets[party] = nets.get(party, 0) + row.signed_amount
    else:
        found = _balances(path, content)
    groups = []
    for (settle_date, ccy), nets in sorted(found.items()):
        try:
            result = minimum_payments(nets.items())
        except BalancesError as fault:
            where = " ".join(filter(None, (settle_date, ccy)))
            raise BalancesFileError(f"{path}: {where + ': ' if where else ''}{fault}") from fault
        groups.append(
            PaymentGroup(settle_date=settle_date, ccy=ccy, digits=digits.get(ccy, 0), result=result)
        )
    return groups


def _balances(path: Path, content: bytes) -> dict[Key, dict[str, int]]:
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as fault:
        raise BalancesFileError(f"{path}: expected UTF-8, found another byte at {fault.start}") from fault
    reader = csv.DictReader(lines, strict=True)
    if set(reader.fieldnames or ()) not in BALANCE_COLUMNS:
        raise BalancesFileError(
            f"{path}: expected an obligation file, or the columns party, amount_minor and perhaps ccy,"
            f" was {', '.join(reader.fieldnames or ()) or 'nothing'}"
        )
    found: dict[Key, dict[str, int]] = {}
    try:
        for row in reader:
            _take(f"{path}: line {reader.line_num}", row, found)
    except csv.Error as fault:
        raise BalancesFileError(f"{path}: line {reader.line_num}: {fault}") from fault
    return found


def _take(where: str, row: dict[str, str], found: dict[Key, dict[str, int]]) -> None:
    """One line of a balances file."""
    if None in row or None in row.values():
        raise BalancesFileError(f"{where}: expected one field per column, was another number")
    amount, party = row["amount_minor"], row["party"]
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", amount, re.ASCII):
        raise BalancesFileError(f'{where}: amount_minor: expected a whole number, was "{amount}"')
    if not party:
        raise BalancesFileError(f"{where}: party: expected a name, was nothing")
    nets = found.setdefault(("", row.get("ccy", "")), {})
    if party in nets:
        raise BalancesFileError(f"{where}: expected each party once, was {party} twice")
    nets[party] = int(amount)
