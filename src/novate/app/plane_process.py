"""One plane as a process of its own: `python -m novate.app.plane_process venue|clearing ...`.

    venue DIR CREDITS BLOCK CONFIG ORDERS FORMAT   takes CREDITS deltas, then the orders that its journal
                                                   does not have yet, publishes fills; says how many.
                                                   With a BLOCK of 0 the date is closed, and all must be there
    credit DIR CREDITS                             takes deltas up to CREDITS after the day
    clearing DIR BLOCK CONFIG ORDERS FORMAT        takes fills as they come; a number on its input says that
                                                   the venue is done and which fill is the last; then closes

BLOCK is how many orders, and how many fills, are a block of a journal at most.

Each may be killed at any moment and started again: where it goes on follows from its journal. A process ends
at once when the one that started it is gone, which its input tells: the other end is closed then. A lock on
the folder of the plane is held from before anything in it is touched. The last line of output is the answer.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from novate.app.bootstrap import Plane, found_plane, open_plane, opening_records
from novate.app.bootstrap_clearing import ClearingReplay, found_clearing
from novate.app.clearing_house import House
from novate.app.cli_errors import expected_failure
from novate.app.configuration import embedded_configuration, load_configuration
from novate.app.founding import founding
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
from novate.domain.records import COMMAND, Commands, Events
from novate.gateway.files import OrderFile, only_writer
from novate.gateway.files.fitted import fitted_configuration

COUNTED_AT_ONCE = 100_000
SNAPSHOT_RECORDS = 500_000
WAIT_SECONDS = 0.005


# -- the venue ------------------------------------------------------------------------------------------


def venue_day(
    directory: Path, credits: int, block: int, configuration: Configuration, orders: OrderFile
) -> int:
    """Everything of the day that the journal does not have yet; returns the number of the last fill."""
    with only_writer((directory / VENUE_JOURNAL).parent):
        found_venue(directory, configuration)
        with open_venue(directory) as (plane, fills):
            if plane.configuration != configuration:
                raise RefusedError(
                    f"{directory / VENUE_JOURNAL}: expected the configuration that the venue was founded "
                    "with, was another"
                )
            take_credit(plane, directory, credits)
            trade(plane, fills, np.concatenate([orders.commands, closing_time(configuration)]), block)
            return fills.last


def trade(plane: Plane, fills: FillStream, day: Commands, block: int) -> None:
    """The commands of a day that the journal does not have yet, so many a block; 0 when it is closed."""
    since, done = plane.venue.sequence, orders_in_journal(plane, day)
    if not block and done < len(day):
        raise RefusedError(
            f"{plane.journal.directory}: expected the {done} commands of the date, which is closed, "
            f"was a file of {len(day)}"
        )
    for start in range(done, len(day), max(block, 1)):
        plane.take(day[start : start + block])
        if plane.venue.sequence - since >= SNAPSHOT_RECORDS:
            fills.stream.flush()
            plane.snapshot()
            since = plane.venue.sequence


@contextmanager
def open_venue(directory: Path) -> Iterator[tuple[Plane, FillStream]]:
    """The venue as it stood, and the stream of its fills, which has what the journal says and no more."""
    journal, fills = directory / VENUE_JOURNAL, FillStream(directory)
    try:
        try:
            plane = open_plane(journal, fills)
        except StreamBehind:
            plane = open_plane(journal, fills, from_start=True)
        try:
            fills.stream.expect_end(fills.last)
            yield plane, fills
        finally:
            plane.close()
    finally:
        fills.stream.close()


def found_venue(directory: Path, configuration: Configuration) -> None:
    """A venue with its configuration and opening credit, unless there is one."""
    journal = directory / VENUE_JOURNAL
    if not journal.exists():
        with founding(journal) as place:
            plane = found_plane(place, configuration)
            plane.take(opening_records(configuration))
            plane.close()


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


def clearing_day(directory: Path, block: int, configuration: Configuration) -> int:
    """Take fills until the venue is done, close the day; returns how many deltas there are for the venue."""
    with only_writer((directory / CLEARING_JOURNAL).parent):
        house, credit = open_house(directory, configuration)
        with house:
            _tell_finished(house)
            return _clear(house, credit, directory, block)


def _tell_finished(house: House) -> None:
    if house.finished is not None:
        sys.stderr.write(f"novate: {house.finished.finishing()}\n")


def _clear(house: House, credit: CreditStream, directory: Path, block: int) -> int:
    release_before_fills(house)
    is_closed = house.today != house.configuration.business_date
    say(f"closed {int(is_closed)}")
    say(f"ready {credit.last}")
    follow_until_told(house, directory, 0 if is_closed else block)
    # A day with margin is closed by hand, when settlement prices and parameters are there (M3, M10).
    if not is_closed and house.plane.terms.margin is None:
        house.roll()
    house.do({"cmd": "RELEASE_CREDIT"})
    credit.stream.flush()
    house.plane.snapshot()
    say(f"refused {refused_fills(house, directory)}")
    return credit.last


def refused_fills(house: House, directory: Path) -> int:
    """How many fills the house was given as trades and does not have."""
    writer, reader = FillWriter(house.configuration, house.plane.terms), FillReader(directory)
    given, taken = 0, house.plane.house.fills
    for first in range(1, taken + 1, COUNTED_AT_ONCE):
        given += writer.trades_among(reader.read(first, min(COUNTED_AT_ONCE, taken + 1 - first)))
    return given - house.plane.house.fills_in_house


def open_house(directory: Path, configuration: Configuration) -> tuple[House, CreditStream]:
    """The house, founded or as it stood, and the stream of its deltas, which has what its journal says.

    RefusedError for another configuration, JournalError for a stream that says something else.
    """
    credit = CreditStream(directory, CreditWriter(configuration, house_terms_of(configuration)))
    journal = directory / CLEARING_JOURNAL
    if not journal.exists():
        with founding(journal) as place:
            found_clearing(place, configuration).close()
    try:
        house = House.open(directory, beside=credit)
    except StreamBehind:
        house = House.open(directory, beside=credit, from_start=True)
    try:
        if house.configuration != configuration:
            raise RefusedError(f"{directory}: expected the configuration that the house was founded with")
        credit.stream.expect_end(credit.last)
    except BaseException:
        house.close()
        raise
    return house, credit


def follow_until_told(house: House, directory: Path, block: int) -> None:
    """Take fills as they come until the venue is done and all of them are taken; none with a block of 0.

    RefusedError if the house has more fills than the venue, or the stream fewer.
    """
    reader = FillReader(directory)
    writer = FillWriter(house.configuration, house.plane.terms)
    last: int | None = None
    while last is None or house.plane.house.fills < last:
        if not block or not follow(house, reader, writer, block):
            if last is not None:
                raise RefusedError(
                    f"{directory / CLEARING_JOURNAL}: expected to take {last} fills as the venue has done "
                    f"them, was the end after {house.plane.house.fills}"
                )
            last = number_said()
    expect_published(directory, house, last)


def expect_published(directory: Path, house: House, last: int) -> None:
    """RefusedError if the house has taken more fills than the venue has done."""
    taken = house.plane.house.fills
    if taken > last:
        raise RefusedError(
            f"{directory / CLEARING_JOURNAL}: expected no more fills than the {last} of the venue, "
            f"was {taken}: the venue has lost some"
        )


def take_published(directory: Path, block: int) -> tuple[int, int]:
    """Take every fill that is published and not taken yet; returns how many, and the last one's number.

    RefusedError if the house has closed the date of the venue.
    """
    with only_writer((directory / CLEARING_JOURNAL).parent):
        configuration = ClearingReplay(directory / CLEARING_JOURNAL).configuration
        house, _ = open_house(directory, configuration)
        with house:
            _tell_finished(house)
            if house.today != configuration.business_date:
                raise RefusedError(
                    f"{directory}: expected the business date {configuration.business_date} of the venue, "
                    f"was {house.today}"
                )
            reader, writer = FillReader(directory), FillWriter(configuration, house.plane.terms)
            before = house.plane.house.fills
            release_before_fills(house)
            while follow(house, reader, writer, block):
                pass
            return house.plane.house.fills - before, house.plane.house.fills


def release_before_fills(house: House) -> None:
    """The opening credit, which is released before the first fill."""
    if not house.plane.house.fills:
        house.do({"cmd": "RELEASE_CREDIT"})


def follow(house: House, reader: FillReader, writer: FillWriter, block: int) -> int:
    """Take a block of fills; returns how many they were."""
    return len(follow_block(house, reader, writer, block)) // 2


def follow_block(house: House, reader: FillReader, writer: FillWriter, block: int) -> Events:
    """Take a block of fills; returns them."""
    first = house.plane.house.fills + 1
    fills = reader.read(first, block)
    if len(fills):
        house.plane.take(writer.records(fills, first, house.plane.house.sources, house.plane.house.today))
    return fills


def number_said() -> int | None:
    """The number of the last fill if somebody says it within a moment."""
    if not select.select([sys.stdin], [], [], WAIT_SECONDS)[0]:
        return None
    line = sys.stdin.readline()
    return int(line) if line else sys.exit(1)


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
        block = int(rest.pop(0))
        config, orders, form = [*rest, "", "", ""][:3]
        request = RunRequest(
            config=Path(config) if config else None,
            orders=Path(orders) if orders else None,
            order_format=form or None,
            out=Path(directory),
        )
        if what == "clearing":
            say(f"done {clearing_day(Path(directory), block, configuration_of(request))}")
            return 0
        configuration, day = read_request(request, SILENT)
        say(f"done {venue_day(Path(directory), credits, block, configuration, day)}")
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
    with only_writer((directory / VENUE_JOURNAL).parent), open_venue(directory) as (plane, fills):
        take_credit(plane, directory, last)
        return fills.last


def end_with_parent() -> None:
    """Die as soon as nobody holds the other end of the input: as harmless as any kill."""
    ending = select.poll()
    ending.register(sys.stdin, select.POLLHUP)
    ending.poll()
    os._exit(1)


if __name__ == "__main__":
    # An interrupt from the keyboard reaches the parent too, which ends its planes.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    sys.exit(main(sys.argv[1:]))
