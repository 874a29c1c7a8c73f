"""Commands of a clearing house in a directory: `novate clearing VERB DIR ...`; `clearing_house` does them.

open take                                 a house, and its trades
deposit withdraw exempt priority mark     balances and parameters
net settle roll files                     the day
amend cancel allocate give-up take-up transfer, buy-in ..., dividend, split     (cli_house_trades)
status trades positions obligations fails ledger                                (cli_house_queries)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from novate.app.cli_options import ConfigFile, Json
from novate.app.cli_screen import console, print_data, print_rows, progress_bars

if TYPE_CHECKING:
    from novate.app.clearing_day_files import DayFiles
    from novate.app.clearing_house import House
    from novate.app.clearing_returns import TakenFile

SHOWN_EVENTS = 20
Events = Sequence[dict[str, Any]]

Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Directory of the house.", show_default=False)]
Party = Annotated[str, typer.Argument(metavar="PARTY", help="MEMBER/ACCOUNT.", show_default=False)]
Asset = Annotated[str, typer.Argument(metavar="ASSET", help="Currency, ISIN or symbol.", show_default=False)]
Instrument = Annotated[str, typer.Argument(metavar="INSTRUMENT", help="ISIN or symbol.", show_default=False)]
Quantity = Annotated[str, typer.Argument(metavar="QUANTITY", help="A decimal.", show_default=False)]


@contextmanager
def opened(directory: Path) -> Iterator[House]:
    """The house, to be changed, whether it runs beside a node or not; what opening it has finished is said
    at once, because whoever closes a date again would close the next one."""
    from novate.app.clearing_door import house_for_writing

    with house_for_writing(directory) as house:
        if house.finished is not None:
            typer.echo(f"novate: {house.finished.finishing()}", err=True)
        yield house


def finished_roll(house: House) -> dict[str, Any]:
    """The field of every `--json` that says what opening has finished; null: nothing."""
    done = house.finished
    told = None if done is None else {"date": done.summary["date"], "directory": done.directory}
    return {"finished_roll": told}


def act(directory: Path, verb: Callable[[House], Events], as_json: bool) -> int:
    """Do one verb on the house; show its events."""
    with progress_bars() as progress:
        progress(f"opening {directory}", 0, 0)
        with opened(directory) as house:
            events = verb(house)
            words, today = house.words(), house.today
    if as_json:
        print_data({"business_date": today, "events": list(events), **finished_roll(house)})
        return 0
    screen = console()
    for event in events[:SHOWN_EVENTS]:
        screen.print(words.say(event), markup=False)
    if len(events) > SHOWN_EVENTS:
        screen.print(f"and {len(events) - SHOWN_EVENTS:,} more events; --json has all of them", style="dim")
    return 0


def open_house(directory: Directory, config: ConfigFile = None, as_json: Json = False) -> int:
    """Found a clearing house: its journal begins with the configuration."""
    from novate.app.clearing_house import House
    from novate.app.clearing_margin import first_parameters
    from novate.app.configuration import embedded_configuration, load_configuration

    configuration = load_configuration(config) if config else embedded_configuration()
    parameters = first_parameters(config, configuration) if config else None
    with House.found(directory, configuration) as house:
        if parameters is not None:
            house.margin.take_parameters(parameters)
        answer = {"directory": str(house.root), "name": configuration.name, "business_date": house.today}
    if as_json:
        print_data(answer)
    else:
        console().print(
            f"{configuration.name}: business date {answer['business_date']}", style="bold", markup=False
        )
        print_rows([(answer["directory"], "journal, days and returns")])
    return 0


def take(
    directory: Directory,
    files: Annotated[list[Path], typer.Argument(help="Trades, CSV or Parquet.", show_default=False)],
    as_json: Json = False,
) -> int:
    """Take trade files; each gets a return file with an answer to every row."""
    with progress_bars() as progress:
        taken = []
        with opened(directory) as house:
            for place, file in enumerate(files):
                progress("trade files", place, len(files))
                taken.append(house.take(file))
    if as_json:
        print_data({"files": taken, **finished_roll(house)})
    else:
        for one in taken:
            print_taken(one)
    return 1 if any(one.refused for one in taken) else 0


def print_taken(one: TakenFile) -> None:
    """How one file was answered."""
    from novate.reports.figures import plural

    screen = console()
    if one.refused:
        screen.print(f"{one.file}: nothing taken: {one.refused}: {one.message}", style="bold", markup=False)
    else:
        counts = ", ".join(
            f"{getattr(one, name):,} {name}" for name in ("accepted", "duplicate", "superseded", "rejected")
        )
        screen.print(f"{one.file}: {plural(one.read, 'row')} read: {counts}", style="bold", markup=False)
    for reason, count in one.rejects_by_reason.items():
        screen.print(f"  {count:>8,}  {reason}", markup=False)
    print_rows([(one.returns, "")])


def deposit(
    directory: Directory,
    party: Annotated[
        str | None, typer.Argument(metavar="[PARTY]", help="MEMBER/ACCOUNT.", show_default=False)
    ] = None,
    asset: Annotated[
        str | None, typer.Argument(metavar="[ASSET]", help="Currency, ISIN or symbol.", show_default=False)
    ] = None,
    quantity: Annotated[
        str | None, typer.Argument(metavar="[QUANTITY]", help="A decimal.", show_default=False)
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", help="CSV of member,account,asset,quantity instead.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> int:
    """Securities or money come in from outside."""
    words = (party, asset, quantity)
    if (file is None) == (None in words) or (file is not None and any(words)):
        raise typer.BadParameter("expected PARTY, ASSET and QUANTITY, or --file alone")

    def verb(house: House) -> Events:
        if file is None:
            return house.deposit(str(party), str(asset), str(quantity))
        from novate.app.clearing_small_files import read_holdings

        return house.deposits(read_holdings(file, house.names, house.plane.terms))

    return act(directory, verb, as_json)


def withdraw(
    directory: Directory, party: Party, asset: Asset, quantity: Quantity, as_json: Json = False
) -> int:
    """Securities or money go out; no more than is free."""
    return act(directory, lambda house: house.withdraw(party, asset, quantity), as_json)


def exempt(
    directory: Directory, party: Party, instrument: Instrument, quantity: Quantity, as_json: Json = False
) -> int:
    """That much of a holding is never delivered."""
    return act(directory, lambda house: house.exempt(party, instrument, quantity), as_json)


def priority(
    directory: Directory,
    party: Party,
    group: Annotated[int, typer.Argument(help="1, served first, to 99; 50 without.", show_default=False)],
    instrument: Annotated[
        str | None, typer.Option("--instrument", help="Only of this one.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """Who receives first where there is not enough for all."""
    return act(directory, lambda house: house.priority(party, group, instrument), as_json)


def mark(
    directory: Directory,
    instrument: Annotated[str | None, typer.Argument(help="ISIN or symbol.", show_default=False)] = None,
    price: Annotated[str | None, typer.Argument(help="A decimal.", show_default=False)] = None,
    file: Annotated[
        Path | None, typer.Option("--file", help="CSV of instrument,price instead.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """Set the price at which what is open is marked."""
    words = (instrument, price)
    if (file is None) == (None in words) or (file is not None and any(words)):
        raise typer.BadParameter("expected INSTRUMENT and PRICE, or --file alone")

    def verb(house: House) -> Events:
        from novate.app.clearing_small_files import read_marks

        return house.mark(read_marks(file, house.names) if file else [(str(instrument), str(price))])

    return act(directory, verb, as_json)


def net(directory: Directory, as_json: Json = False) -> int:
    """Net what is due today and not netted yet, such as trades for the same day."""
    return act(directory, lambda house: house.net(), as_json)


def settle(directory: Directory, as_json: Json = False) -> int:
    """Run the settlement of the day; it may be run again when more has come in."""
    return act(directory, lambda house: house.settle(), as_json)


def roll(
    directory: Directory,
    to: Annotated[
        str | None, typer.Option("--to", help="The next business date, to be sure of it.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """Close the business date, open the next one, and write the files of the closed one."""
    with progress_bars() as progress:
        from novate.app.clearing_queries import date_of

        progress("closing the date", 0, 0)
        with opened(directory) as house:
            written = house.roll(date_of(to) if to is not None else None)
            today = house.today
    if as_json:
        told = {"business_date": today, "directory": written.directory, "day": written.summary}
        print_data({**told, **finished_roll(house)})
    else:
        print_day(written)
        console().print(f"The business date is {today}", markup=False)
    return 0


def files(
    directory: Directory,
    date: Annotated[str, typer.Argument(help="A date that was closed.", show_default=False)],
    as_json: Json = False,
) -> int:
    """Write the files of a closed date again, out of the journal."""
    with progress_bars() as progress:
        from novate.app.clearing_queries import date_of

        progress(f"replaying {date}", 0, 0)
        with opened(directory) as house:
            written = house.write_files(date_of(date))
    if as_json:
        print_data({"directory": written.directory, "day": written.summary, **finished_roll(house)})
    else:
        print_day(written)
    return 0


def print_day(written: DayFiles) -> None:
    """What a closed date was, and where its files are."""
    from novate.reports.figures import plural

    day, screen = written.summary, console()
    obligations = sum(cycle["obligations"] for cycle in day["cycles"])
    said = f"{day['date']} closed: {plural(day['trades']['accepted'], 'delivery', 'deliveries')} accepted, "
    said += f"{day['trades']['rejected']:,} rejected, {plural(obligations, 'obligation')}, "
    screen.print(said + plural(day["fails"], "fail"), style="bold", markup=False)
    folder = Path(written.directory)
    print_rows([(str(folder / "report.html"), ""), (str(folder), f"{len(day['files']) + 1:,} files")])


def register(clearing: typer.Typer) -> None:
    """The verbs of this file."""
    named: dict[str, Callable[..., int]] = {
        "open": open_house, "take": take, "deposit": deposit, "withdraw": withdraw, "exempt": exempt,
        "priority": priority, "mark": mark, "net": net, "settle": settle, "roll": roll, "files": files,
    }  # fmt: skip
    for name, verb in named.items():
        clearing.command(name)(verb)
