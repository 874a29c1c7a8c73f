"""The files of a business date, all together or none.

    DIR/days/2026-10-12/
        report.html                                    the day in pictures
        obligations-N1.csv  .parquet  -iso20022.zip    one set per netting cycle
        trial-balance.csv  cycles.csv  totals.csv      of the house, and as Parquet
        positions.parquet  settlement  cash  fails     of all members
        members/ALPINE/positions.csv  settlement  cash  fails
        day.json                                       control totals, and the SHA-256 of every other file

The files follow from the journal alone and are the same bytes whenever they are written. The folder is made
under another name and renamed when everything in it is on disk, so a folder that is there is whole.
"""

from __future__ import annotations

import datetime
import os
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from novate.app.clearing_day_log import LoggedDate, cycles_of, told_day
from novate.app.zipped import zipped
from novate.clearing.configured import quantity_digits
from novate.clearing.machine import Clearing
from novate.clearing.obligation_table import ObligationTable, table_of_cycle
from novate.domain.configuration import Configuration
from novate.domain.machine import BrokenInvariant
from novate.reports import trial_balance as trial
from novate.reports.clearing_report import clearing_report_page
from novate.reports.clearing_report_day import ClearingDay
from novate.reports.clearing_statements import (
    house_statements,
    member_statements,
    parquet_statements,
    statements_of,
)
from novate.reports.iso20022 import Digits, MessageError
from novate.reports.iso_secl010 import settlement_obligation_reports
from novate.reports.iso_sese023 import instruction_files
from novate.reports.obligation_writer import cycle_file, cycle_parquet
from novate.reports.sheets import arrow_of, csv_of, parquet_of

Json = dict[str, Any]
DAY_FORM = 1
ANSWERS = ("ACCEPTED", "DUPLICATE", "SUPERSEDED", "CANCELLED")
DELIVERIES = ("TRADE", "CANCEL_TRADE")


class DayFiles(msgspec.Struct, frozen=True, kw_only=True):
    """What was written for a date."""

    directory: str
    summary: Json
    """The content of day.json."""

    def finishing(self) -> str:
        """What is said where opening a house has written them."""
        return (
            f"{self.summary['date']}: the roll that closed this date was interrupted before its files were "
            f"written; it is finished now: {self.directory}"
        )


def write_day(days: Path, logged: LoggedDate, house: Clearing, configuration: Configuration) -> DayFiles:
    """Write all files of a date that `house` has closed, just now or earlier.

    Replaces what an earlier run wrote for the date. Raises OSError, and BrokenInvariant where the events do
    not agree with each other.
    """
    digits = digits_of(configuration)
    day = told_day(logged, house, digits.quantity)
    files, cycles = _obligation_files(logged, house, digits)
    files |= _statement_files(day, house)
    files["report.html"] = clearing_report_page(day, configuration.name).encode()
    summary = {
        "form": DAY_FORM,
        "date": logged.date,
        "trades": _deliveries(day),
        "cycles": cycles,
        "sums": _sums(day),
        "fails": len(day.fails),
        "files": [
            {"name": name, "bytes": len(data), "sha256": sha256(data).hexdigest()}
            for name, data in sorted(files.items())
        ],
    }
    files["day.json"] = msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
    _write_folder(days / logged.date, files)
    return DayFiles(directory=str(days / logged.date), summary=summary)


def _obligation_files(
    logged: LoggedDate, house: Clearing, digits: Digits
) -> tuple[dict[str, bytes], list[Json]]:
    """(files, their control totals) of every netting cycle of the date."""
    files: dict[str, bytes] = {}
    totals = []
    for told in cycles_of(logged):
        table = table_of_cycle(told.rows, house.terms, told.cycle)
        name = f"obligations-{told.cycle.partition('/')[2]}"
        files[f"{name}.csv"] = cycle_file(table, told.sha256, digits.currency, digits.quantity)
        files[f"{name}.parquet"] = cycle_parquet(table)
        # Counted again from the rows.
        non_zero = int(np.count_nonzero((table.quantity != 0) | (table.amount != 0)))
        one: Json = {"cycle": told.cycle, "obligations": len(table), "non_zero_nets": non_zero}
        if one["obligations"] != told.number or one["obligations"] != one["non_zero_nets"]:
            raise BrokenInvariant(f"Expected as many obligations as nets that are not zero, was {one}")
        one["sha256"] = told.sha256
        try:
            files[f"{name}-iso20022.zip"] = iso_messages(table, digits)
        except (MessageError, OverflowError) as fault:
            # The standard cannot hold a row, or no archive all of them; the obligations stand nevertheless.
            one["iso20022_refused"] = str(fault)
        totals.append(one)
    return files, totals


def digits_of(configuration: Configuration) -> Digits:
    """Digits behind the point, by currency and by clearing id of each instrument."""
    return Digits(
        currency={name: one.digits for name, one in configuration.currencies.items()},
        quantity={one.clearing_id: quantity_digits(one) for one in configuration.instruments},
    )


def iso_messages(table: ObligationTable, digits: Digits) -> bytes:
    """A zip with secl.010/ID.xml, the report of an account, and sese.023/ID.xml, the file of all of its
    instructions. Raises MessageError."""
    kinds = {
        "secl.010": settlement_obligation_reports(table, digits),
        "sese.023": instruction_files(table, digits),
    }
    return zipped(
        {f"{kind}/{one.identifier}.xml": one.pieces() for kind, messages in kinds.items() for one in messages}
    )


def _statement_files(day: ClearingDay, house: Clearing) -> dict[str, bytes]:
    statements = statements_of(day)
    files = {name: data for (_, name), data in house_statements(statements).items()}
    files |= {
        f"members/{member}/{name}": data for (member, name), data in member_statements(statements).items()
    }
    files |= parquet_statements(statements)
    ordinal = datetime.date.fromisoformat(day.date).toordinal()
    balance = trial.trial_balance(house.ledger, house.terms, ordinal)
    names, columns = trial.COLUMNS, balance.columns
    files["trial-balance.csv"] = csv_of(names, columns, balance.accounts)
    files["trial-balance.parquet"] = parquet_of(
        pa.table([arrow_of(column) for column in columns], names=list(names))
    )
    return files


def _deliveries(day: ClearingDay) -> Json:
    """How trades and cancellations were answered: accepted + rejected = read."""
    accepted = {name.lower(): day.counts.get(name, 0) for name in ANSWERS}
    rejected = sum(number for (cmd, _), number in day.refusals.items() if cmd in DELIVERIES)
    whole = sum(accepted.values())
    return {"read": whole + rejected, "accepted": whole, "rejected": rejected, "of_accepted": accepted}


def _sums(day: ClearingDay) -> Json:
    """Sums over members, house and world of every instrument and currency; BrokenInvariant unless zero."""
    found = {one[0]: sum(one[1:4]) for kind in ("securities", "cash") for one in day.totals.get(kind, [])}
    for name, total in found.items():
        if total:
            raise BrokenInvariant(f"Expected {name} to sum to 0 at the close of {day.date}, was {total}")
    return {"instruments_and_currencies": len(found), "not_zero": 0}


def _write_folder(folder: Path, files: dict[str, bytes]) -> None:
    """Write all files into a new folder and put it in the place of the old one."""
    part = folder.with_name(f".{folder.name}.part")
    old = folder.with_name(f".{folder.name}.old")
    for rest in (part, old):
        shutil.rmtree(rest, ignore_errors=True)
    try:
        for name, data in files.items():
            place = part / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with place.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
        if folder.exists():
            folder.rename(old)
        part.rename(folder)
        _sync_directory(folder.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _sync_directory(directory: Path) -> None:
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
