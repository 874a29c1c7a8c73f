"""One plane as a process of its own: `python -m novate.app.plane_process venue|clearing ...`.

    venue DIR CREDITS CONFIG ORDERS FORMAT   takes CREDITS deltas, then the orders that its journal
                                             does not have yet, publishes fills; says how many
    credit DIR CREDITS                       takes deltas up to CREDITS after the day
    clearing DIR CONFIG                      takes fills as they come; a number on its input says that the
                                             venue is done and which fill is the last; then the day is closed

Each may be killed at any moment and started again: where it goes on follows from its journal. A process ends
by itself when the one that started it is gone. The last line of its output is its answer.
"""

from __future__ import annotations

import os
import select
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from novate.app.bootstrap import BATCH, Plane, found_plane, open_plane, opening_records
from novate.app.bootstrap_clearing import found_clearing
from novate.app.clearing_house import House
from novate.app.cli_errors import expected_failure
from novate.app.configuration import embedded_configuration, load_configuration
from novate.app.plane_streams import (
    CLEARING_JOURNAL,
    CREDIT,
    VENUE_JOURNAL,
    CreditStream,
    FillReader,
    FillStream,
    StreamBehind,
    read_credit,
)
from novate.app.problems import RefusedError
from novate.app.progress import SILENT
from novate.app.run_orders import RunRequest, read_request
from novate.app.schedules import closing_time
from novate.app.venue_credit import CreditWriter
from novate.app.venue_fills import FillWriter
from novate.clearing.configured import house_terms_of
from novate.domain.codes import CommandKind
from novate.domain.configuration import Configuration
from novate.domain.records import COMMAND, Commands
from novate.gateway.files import OrderFile
from novate.gateway.files.fitted import fitted_configuration

FILLS_A_BLOCK = 2000
SNAPSHOT_RECORDS = 500_000
WAIT_SECONDS = 0.005


class Orphan(Exception):  # noqa: N818 -- what the process is
    """The process that started this one is gone."""


@contextmanager
def founding(journal: Path) -> Iterator[Path]:
    """A place for a new journal, which becomes `journal` when the block ends: a process that dies while it
    founds a plane leaves none."""
    place = journal.with_name(journal.name + ".founding")
    if place.exists():
        shutil.rmtree(place)
    yield place
    place.rename(journal)


def _expect_parent(parent: int) -> None:
    if os.getppid() != parent:
        raise Orphan


# -- the venue ------------------------------------------------------------------------------------------


def venue_day(directory: Path, credits: int, configuration: Configuration, orders: OrderFile) -> int:
    """Everything of the day that the journal does not have yet; returns the number of the last fill."""
    parent, fills = os.getppid(), FillStream(directory)
    plane = _venue(directory, configuration, fills)
    try:
        day = np.concatenate([orders.commands, closing_time(configuration)])
        take_credit(plane, directory, credits)
        done = orders_in_journal(plane, day)
        since = plane.venue.sequence
        for start in range(done, len(day), BATCH):
            _expect_parent(parent)
            plane.take(day[start : start + BATCH])
            if plane.venue.sequence - since >= SNAPSHOT_RECORDS:
                fills.stream.flush()
                plane.snapshot()
                since = plane.venue.sequence
        return fills.last
    finally:
        plane.close()
        fills.stream.close()


def _venue(directory: Path, configuration: Configuration, fills: FillStream) -> Plane:
    journal = directory / VENUE_JOURNAL
    if not journal.exists():
        with founding(journal) as place:
            plane = found_plane(place, configuration)
            plane.take(opening_records(configuration))
            plane.close()
    try:
        plane = open_plane(journal, fills)
    except StreamBehind:
        plane = open_plane(journal, fills, from_start=True)
    if plane.configuration != configuration:
        plane.close()
        raise RefusedError(
            f"{journal}: expected the configuration that the venue was founded with, was another"
        )
    return plane


def orders_in_journal(plane: Plane, day: Commands) -> int:
    """How many commands of the day are in the journal. RefusedError if they are not these."""
    done = 0
    for first_sequence, records in plane.journal.read(len(opening_records(plane.configuration)) + 1):
        mine = records[records["kind"] != CommandKind.CREDIT]
        expected = day[done : done + len(mine)]
        if mine.tobytes() != expected.tobytes():
            raise RefusedError(
                f"{plane.journal.directory}: from sequence {first_sequence} on: expected the orders with "
                f"which the day began, was another file at order {done + 1} to {done + len(mine)}"
            )
        done += len(mine)
    return done


def take_credit(plane: Plane, directory: Path, last: int) -> None:
    """The deltas of the house up to number `last` that the venue does not have yet, as one block."""
    commands = read_credit(directory / CREDIT)[:last]
    new = commands[commands["clearing_seq"] > plane.venue.clearing_sequence]
    if len(new):
        plane.take(new.view(COMMAND))


# -- the clearing house ---------------------------------------------------------------------------------


def clearing_day(directory: Path, configuration: Configuration) -> int:
    """Take fills until the venue is done, close the day; returns how many deltas there are for the venue."""
    parent = os.getppid()
    house, credit = open_house(directory, configuration)
    with house:
        if not house.plane.house.fills:
            house.do({"cmd": "RELEASE_CREDIT"})
        say(f"ready {credit.last}")
        if house.today == configuration.business_date:
            reader = FillReader(directory)
            writer = FillWriter(configuration, house.plane.terms)
            for last in waited(parent):
                while follow(house, reader, writer):
                    _expect_parent(parent)
                if last is not None and house.plane.house.fills >= last:
                    break
            house.roll()
        house.do({"cmd": "RELEASE_CREDIT"})
        credit.stream.flush()
        house.plane.snapshot()
        return credit.last


def open_house(directory: Path, configuration: Configuration) -> tuple[House, CreditStream]:
    """The house, founded or as it stood, and the stream of its deltas."""
    credit = CreditStream(directory, CreditWriter(configuration, house_terms_of(configuration)))
    journal = directory / CLEARING_JOURNAL
    if not journal.exists():
        with founding(journal) as place:
            found_clearing(place, configuration).close()
    try:
        house = House.open(directory, beside=credit)
    except StreamBehind:
        house = House.open(directory, beside=credit, from_start=True)
    if house.configuration != configuration:
        house.close()
        raise RefusedError(f"{directory}: expected the configuration that the house was founded with")
    return house, credit


def follow(house: House, reader: FillReader, writer: FillWriter) -> int:
    """Take a block of fills; returns how many they were."""
    first = house.plane.house.fills + 1
    fills = reader.read(first, FILLS_A_BLOCK)
    if len(fills):
        house.plane.take(writer.records(fills, first, house.plane.house.sources))
    return len(fills) // 2


def waited(parent: int) -> Iterator[int | None]:
    """Again and again after a moment: the number of the last fill, None as long as nobody has said it."""
    last: int | None = None
    while True:
        if last is None and select.select([sys.stdin], [], [], WAIT_SECONDS)[0]:
            line = sys.stdin.readline()
            if not line:
                raise Orphan
            last = int(line)
        _expect_parent(parent)
        yield last


def say(line: str) -> None:
    """One line for the process that started this one."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run one plane; exit code 0 when it is done, 1 when its parent is gone."""
    what, directory, *rest = arguments
    try:
        if what == "credit":
            say(f"done {credit_only(Path(directory), int(rest[0]))}")
            return 0
        credits = int(rest.pop(0)) if what == "venue" else 0
        config, orders, form = [*rest, "", "", ""][:3]
        request = RunRequest(
            config=Path(config) if config else None,
            orders=Path(orders) if orders else None,
            order_format=form or None,
            out=Path(directory),
        )
        if what == "clearing":
            say(f"done {clearing_day(Path(directory), configuration_of(request))}")
            return 0
        configuration, day = read_request(request, SILENT)
        say(f"done {venue_day(Path(directory), credits, configuration, day)}")
    except Orphan:
        return 1
    except Exception as error:
        failure = expected_failure(error)
        if failure is None:
            raise
        say(f"failed {failure[0]} {failure[1]}")
        return 1
    return 0


def configuration_of(request: RunRequest) -> Configuration:
    """The configuration that the orders are run with: some formats fit it to their file."""
    configuration = load_configuration(request.config) if request.config else embedded_configuration()
    if request.orders is None:
        return configuration
    return fitted_configuration(configuration, request.orders, request.order_format or "")


def credit_only(directory: Path, last: int) -> int:
    """Give the venue the deltas up to number `last`; returns the number of its last fill."""
    fills = FillStream(directory)
    try:
        plane = open_plane(directory / VENUE_JOURNAL, fills)
        try:
            take_credit(plane, directory, last)
            return fills.last
        finally:
            plane.close()
    finally:
        fills.stream.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
