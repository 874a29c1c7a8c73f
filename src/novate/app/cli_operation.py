"""Commands about a running node: accounts, markets, halt, resume, kill-switch, simulate, views rebuild, views
digest. What changes the market is a command in its journal, sent with an admin key over the client library.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from novate.app.cli_options import ConfigFile, Json
from novate.app.cli_screen import console, print_data, print_rows, progress_bars, table

if TYPE_CHECKING:
    from novate.app.control import Control, Done
    from novate.app.simulate import Simulated

Data = Annotated[Path, typer.Option("--data", help="Data directory of the node.")]
DATA = Path("novate-data")
Node = Annotated[
    str | None,
    typer.Option(
        "--node", help="HOST:PORT of the node; without it its socket in --data.", show_default=False
    ),
]
SessionName = Annotated[str, typer.Option("--session", help="Session with the permission admin.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--key", help="Private key of the session; else keys/SESSION.key.", show_default=False),
]
OPERATOR = "OPERATOR"
views = typer.Typer(help="Read models of a node.", no_args_is_help=True, rich_markup_mode=None)


@views.callback()
def _views_group() -> None:
    """Read models of a node."""


def markets(data: Data = DATA, as_json: Json = False) -> int:
    """List the markets of a running node: state, best prices, last price."""
    from novate.app.control import markets_of
    from novate.reports.figures import DASH

    found = markets_of(data)
    if as_json:
        print_data({"markets": found})
        return 0
    made = table(">market", "symbol", "state", ">bid", ">quantity", ">ask", ">quantity", ">last")
    for one in found:
        cells = (one.bid, one.bid_quantity, one.ask, one.ask_quantity, one.last)
        made.add_row(str(one.market), one.symbol, one.state, *(cell or DASH for cell in cells))
    console().print(made)
    return 0


def accounts(data: Data = DATA, as_json: Json = False) -> int:
    """List the accounts of a running node: credit, open orders, kill switches."""
    from novate.app.control import accounts_of
    from novate.reports.figures import DASH

    found = accounts_of(data)
    if as_json:
        print_data({"accounts": found})
        return 0
    made = table(
        ">account", "member", "type", ">open orders", "stopped by", "asset", ">available", ">reserved"
    )
    for one in found:
        begin = (str(one.account), one.member, one.type, f"{one.open_orders:,}", one.stopped_by or DASH)
        for at, line in enumerate(one.credit):
            made.add_row(*(begin if at == 0 else [""] * 5), line.asset, line.available, line.reserved)
        if not one.credit:
            made.add_row(*begin, DASH, DASH, DASH)
    console().print(made)
    return 0


def halt(
    market: Annotated[
        str, typer.Argument(help="Symbol or number of the market, or all.", show_default=False)
    ],
    data: Data = DATA,
    node: Node = None,
    session: SessionName = OPERATOR,
    key: KeyFile = None,
    as_json: Json = False,
) -> int:
    """Halt a market: no new orders, no trades; cancels pass."""
    return _state("HALTED", market, _control(data, node, session, key), as_json)


def resume(
    market: Annotated[
        str, typer.Argument(help="Symbol or number of the market, or all.", show_default=False)
    ],
    to: Annotated[
        Literal["CONTINUOUS", "PRE_OPEN", "AUCTION_CALL"], typer.Option("--to", help="State to resume in.")
    ] = "CONTINUOUS",
    data: Data = DATA,
    node: Node = None,
    session: SessionName = OPERATOR,
    key: KeyFile = None,
    as_json: Json = False,
) -> int:
    """Let a market trade again; crossed orders trade in an auction first."""
    return _state(to, market, _control(data, node, session, key), as_json)


def _state(state: str, market: str, control: Control, as_json: bool) -> int:
    from novate.domain.codes import MarketState

    with control:
        return _print_done(control.set_state(market, MarketState[state]), as_json)


def kill_switch(
    scope: Annotated[
        Literal["account", "member", "venue"], typer.Argument(help="Whom it stops.", show_default=False)
    ],
    holder: Annotated[
        str, typer.Argument(help="Number of the account, name of the member.", show_default=False)
    ] = "",
    revive: Annotated[bool, typer.Option("--revive", help="Turn the switch off again.")] = False,
    data: Data = DATA,
    node: Node = None,
    session: SessionName = OPERATOR,
    key: KeyFile = None,
    as_json: Json = False,
) -> int:
    """Take every order of an account, a member or everybody out, and let no new one in."""
    from novate.domain.codes import Scope

    with _control(data, node, session, key) as control:
        return _print_done([control.switch(Scope[scope.upper()], holder, not revive)], as_json)


def _control(data: Path, node: str | None, session: str, key: Path | None) -> Control:
    from novate.app.control import Control

    return Control(data, node, session, key)


def _print_done(done: list[Done], as_json: bool) -> int:
    refused = any(one.reason for one in done)
    if as_json:
        print_data({"done": done})
    else:
        for one in done:
            console().print(one.told, markup=False)
            console().print(f"  sequence {one.sequence:,}", style="dim", markup=False)
    return 1 if refused else 0


def simulate(
    data: Data = DATA,
    config: ConfigFile = None,
    node: Node = None,
    session: Annotated[str, typer.Option("--session", help="Session that trades.")] = "TRADERS",
    key: KeyFile = None,
    accounts: Annotated[
        str,
        typer.Option("--accounts", help="Account numbers with commas between; else those of the session."),
    ] = "",
    seed: Annotated[int, typer.Option("--seed", min=0, help="The same seed sends the same orders.")] = 1,
    rate: Annotated[int, typer.Option("--rate", min=1, max=20_000, help="Decisions a second.")] = 100,
    seconds: Annotated[float, typer.Option("--seconds", min=0, help="0: until Ctrl-C.")] = 0,
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="Only say what would be sent in --seconds (10 if none).")
    ] = False,
    as_json: Json = False,
) -> int:
    """Trade against a running node: market makers, takers and noise traders from a seed."""
    from novate.app.control import credentials_of, trading_accounts
    from novate.app.node.directory import DataDirectory
    from novate.app.node.key_commands import configuration_of
    from novate.app.simulate import rehearse as rehearsed
    from novate.app.simulate import simulate as trade

    configuration = configuration_of(DataDirectory(data), config)
    numbers = trading_accounts(data, configuration, session, accounts)
    if rehearse:
        told = rehearsed(configuration, numbers, seed, rate, seconds or 10)
        if as_json:
            print_data(told)
        else:
            console().print(f"{told.commands:,} commands, SHA-256 {told.sha256}", markup=False)
        return 0
    credentials = credentials_of(data, session, key)
    with progress_bars() as progress:

        def tell(now: Simulated) -> None:
            progress("orders sent", now.sent, 0)

        address = node or str(DataDirectory(data).socket)
        done = trade(address, credentials, configuration, numbers, seed, rate, seconds, tell)
    if as_json:
        print_data(done)
    else:
        console().print(f"{done.sent:,} commands in {done.seconds:.1f} s, seed {done.seed}", style="bold")
        print_rows(
            [
                ("accepted", f"{done.accepted:,} orders"),
                ("traded", f"{done.trades:,} sides"),
                ("refused", f"{done.rejected:,} by the venue, {done.refused:,} by the node"),
                ("ended", done.ended),
            ]
        )
    return 0 if done.ended in ("time", "interrupted", "stopped", "NODE_STOPPING") else 1


def views_rebuild(data: Data = DATA, as_json: Json = False) -> int:
    """Make the views of a node again from its journal; the node must not be running its board."""
    from novate.app.rebuild import rebuild

    with progress_bars() as progress:
        built = rebuild(data, progress)
    if as_json:
        print_data(built)
        return 0
    console().print(f"views of {built.sequence:,} commands", style="bold", markup=False)
    print_rows([*((name, f"{rows:,}") for name, rows in built.rows.items()), ("digest", built.digest)])
    return 0


def views_digest(data: Data = DATA, as_json: Json = False) -> int:
    """Rows of each table of the views, and a digest over all of them, which a rebuild must reach too."""
    from novate.app.rebuild import digest

    found = digest(data)
    if as_json:
        print_data(found)
        return 0
    console().print(f"views of {found.sequence:,} commands", style="bold", markup=False)
    print_rows([*((name, f"{rows:,}") for name, rows in found.rows.items()), ("digest", found.digest)])
    return 0


views.command("rebuild")(views_rebuild)
views.command("digest")(views_digest)
