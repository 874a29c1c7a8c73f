"""Commands of a running node: up, status, doctor, schema, keys, bench node."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from novate.app.cli_options import ConfigFile, Json
from novate.app.cli_screen import console, print_data, print_rows, progress_bars, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from novate.app.bench_node import NodeBench
    from novate.app.node.banner import Banner
    from novate.app.node.core import NodeStatus
    from novate.app.progress import Progress

Data = Annotated[Path, typer.Option("--data", help="Data directory of the node.")]
DATA = Path("novate-data")
Seconds = Annotated[float, typer.Option("--seconds", min=0.2, help="Length of a run.")]
Runs = Annotated[int, typer.Option("--runs", min=1, help="Runs of each case; medians are told.")]
Durability = Annotated[
    Literal["always", "interval", "none"], typer.Option("--durability", help="Of the node's journal.")
]

keys = typer.Typer(help="Sessions and their keys.", no_args_is_help=True, rich_markup_mode=None)


@keys.callback()
def _keys_group() -> None:
    """Sessions and their keys."""


def up(
    config: ConfigFile = None,
    data: Data = DATA,
    demo: Annotated[
        bool, typer.Option("--demo", help="A market of six instruments with simulated traders.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Run a node: an exchange that programs connect to. Ctrl-C stops it cleanly."""
    import datetime

    from novate.app.demo import demonstration
    from novate.app.node.directory import DataDirectory
    from novate.app.node.up import run_node
    from novate.app.ready import ready_kernels

    def compile_kernels() -> None:
        with progress_bars() as progress:
            ready_kernels(progress)

    def ready(banner: Banner) -> None:
        if as_json:
            print_data(banner)
        else:
            _print_banner(banner)

    def tell(sentence: str) -> None:
        typer.echo(f"novate: {sentence}", err=True)

    def stopping() -> None:
        if not as_json:
            said = "stopping: what has arrived is answered, orders that end with their session are cancelled,"
            console().print(f"{said} clearing catches up, a snapshot is kept", style="dim", markup=False)

    directory = DataDirectory(data)
    if demo and config is not None:
        raise typer.BadParameter("expected either --demo or --config, was both")
    if demo:
        config = demonstration(directory, datetime.datetime.now(datetime.UTC).date())
    sequence, root = run_node(config, directory, compile_kernels, ready, tell, stopping)
    if as_json:
        print_data({"stopped_at": sequence, "state_root": root.hex()})
    else:
        console().print(f"stopped at sequence {sequence:,}, state root {root.hex()[:16]}", markup=False)
    return 0


def _print_banner(banner: Banner) -> None:
    console().print(f"{banner.name} is open", style="bold", markup=False)
    told = {
        "always": "always: every answer is on disk before it is given",
        "interval": "interval: a power cut can take the last 50 ms",
        "none": "none: a power cut can take what the system has not written",
    }[banner.durability]
    print_rows(
        [
            *(("listening", address) for address in banner.addresses),
            *([("ingress", banner.ingress)] if banner.ingress else []),
            *([("web", banner.web)] if banner.web else []),
            ("sequence", f"{banner.sequence:,} ({banner.recovered})"),
            ("durability", told),
            ("state root", banner.state_root),
            ("sessions", ", ".join(banner.sessions) or "none; novate keys add makes one"),
            ("board", banner.board if ":" not in banner.board else f"http://{banner.board}/"),
            ("clearing", "beside it; novate clearing works on the data" if banner.clearing else "off"),
            ("data", banner.data),
        ]
    )
    console().print("Ctrl-C stops", style="dim", markup=False)


def status(data: Data = DATA, as_json: Json = False) -> int:
    """Ask a node what it is doing; exit code 1 if it does not run."""
    from novate.app.node.core import NodeStatus
    from novate.app.node.directory import DataDirectory
    from novate.app.node.inquiry import status_of

    found = status_of(DataDirectory(data))
    runs = isinstance(found, NodeStatus)
    if as_json:
        print_data({"running": runs, "status": found})
        return 0 if runs else 1
    if isinstance(found, NodeStatus):
        connected = [name for name, is_there in found.sessions.items() if is_there]
        console().print(f"{found.name} runs since {found.uptime_seconds} s", style="bold", markup=False)
        print_rows(
            [
                ("listening", ", ".join(found.addresses)),
                ("sequence", f"{found.sequence:,}; {found.events:,} events; durability {found.durability}"),
                ("connected", f"{found.connections} ({', '.join(connected) or 'no session'})"),
                ("turns", f"{found.turns:,} with {found.commands:,} commands"),
                ("longest turn", f"{found.longest_turn_us:,} us since the last question"),
                ("cut off", f"{found.cut_off:,} sessions in all"),
                ("clearing", _clearing_line(found)),
            ]
        )
        return 0
    console().print("no node runs here", style="bold", markup=False)
    print_rows(
        [("sequence", f"{found.sequence:,}"), ("durability", found.durability), ("root", found.journal_root)]
    )
    return 1


def _clearing_line(found: NodeStatus) -> str:
    """How the clearing house beside a node is."""
    clearing = found.clearing
    if clearing is None:
        return "off"
    said = f"{clearing.state}, {clearing.fills:,} of {found.fills:,} fills"
    if clearing.business_date:
        said += f", business date {clearing.business_date}"
    if clearing.refused:
        said += f", {clearing.refused:,} fills REFUSED by the house"
    if clearing.restarts:
        said += f", started again {clearing.restarts} times"
    return f"{said}; {clearing.fault}" if clearing.fault else said


def doctor(config: ConfigFile = None, data: Data = DATA, as_json: Json = False) -> int:
    """Look at what a node needs: ports, disk, kernels, clock, open files."""
    from novate.app.node.directory import DataDirectory
    from novate.app.node.inquiry import examine
    from novate.app.node.settings import load_settings
    from novate.app.node.web_settings import load_web_settings

    directory = DataDirectory(data)
    if config is None and directory.market.exists():
        config = directory.market
    findings = examine(directory, load_settings(config), load_web_settings(config))
    ok = all(finding.ok for finding in findings)
    if as_json:
        print_data({"ok": ok, "findings": findings})
    else:
        for finding in findings:
            mark = "ok" if finding.ok else "LOOK"
            console().print(f"  {mark:<5} {finding.what:<11} {finding.found}", markup=False)
    return 0 if ok else 1


def schema(
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write; without it the screen.", show_default=False)
    ] = None,
) -> int:
    """Print the records of the binary protocol as an SBE message schema."""
    from novate.app.whole_files import write_together
    from novate.gateway.binary.schema import schema_document

    document = schema_document()
    if out is None:
        typer.echo(document, nl=False)
    else:
        write_together(out.absolute().parent, {out.name: [document.encode()]})
    return 0


def bench_node(
    seconds: Seconds = 20.0,
    runs: Runs = 5,
    durability: Durability = "always",
    picture: Annotated[
        Path | None, typer.Option("--picture", help="SVG file to write.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """What is asked of a node: latency and throughput over loopback, orders over REST, a restart."""
    from novate.app.bench_node_all import bench_all

    return _bench(bench_all, seconds, runs, durability, as_json, picture)


def bench_web(
    seconds: Seconds = 20.0, runs: Runs = 5, durability: Durability = "always", as_json: Json = False
) -> int:
    """Orders over REST on one worker, answered when they are journaled and matched."""
    from novate.app.bench_web import bench_web as measure

    return _bench(measure, seconds, runs, durability, as_json)


def bench_subscribers(
    seconds: Seconds = 20.0, runs: Runs = 5, durability: Durability = "always", as_json: Json = False
) -> int:
    """Whether the core feels a thousand WebSockets that follow a book, changed a hundred times a second."""
    from novate.app.bench_subscribers import bench_subscribers as measure

    return _bench(measure, seconds, runs, durability, as_json)


def bench_turn(
    turns: Annotated[int, typer.Option("--turns", help="Turns of each case.", min=1)] = 2_000,
    as_json: Json = False,
) -> int:
    """CPU time of a turn of the core: from the bytes in the sockets to the answers, by kind of session."""
    from novate.app.bench_turn import bench_turn as measure
    from novate.app.ready import ready_kernels

    with progress_bars() as progress:
        ready_kernels(progress)
        result = measure(turns, progress)
    if as_json:
        print_data(result)
        return 0
    made = table("CPU of the core's thread", ">us a turn", ">us a frame", ">us an order")
    for one in result.cases:
        made.add_row(one.case, f"{one.turn_us:,.0f}", f"{one.frame_us:,.1f}", f"{one.order_us:,.2f}")
    console().print(made)
    return 0


def _bench(
    measure: Callable[[float, int, str, Progress], NodeBench], seconds: float, runs: int, durability: str,
    as_json: bool,
    picture: Path | None = None,
) -> int:  # fmt: skip
    """Measure and print."""
    from novate.app.bench_node_picture import picture as picture_of
    from novate.app.bench_table import print_node
    from novate.app.ready import ready_kernels
    from novate.app.whole_files import write_together

    with progress_bars() as progress:
        ready_kernels(progress)
        result = measure(seconds, runs, durability, progress)
    if picture is not None:
        write_together(picture.absolute().parent, {picture.name: [picture_of(result).encode()]})
    if as_json:
        print_data(result)
    else:
        print_node(result)
    return 0


def keys_add(
    name: Annotated[str, typer.Argument(help="Name of the new session.", show_default=False)],
    data: Data = DATA,
    config: ConfigFile = None,
    accounts: Annotated[
        str, typer.Option("--accounts", help='Account numbers with commas between, or "all".')
    ] = "",
    permissions: Annotated[
        str, typer.Option("--permissions", help="Out of read, trade, transfer, clear, admin.")
    ] = "read,trade",
    kind: Annotated[
        Literal["mac", "frame", "order"], typer.Option("--kind", help="Kind of session.")
    ] = "mac",
    public_key: Annotated[
        str | None,
        typer.Option("--public-key", help="Of its owner; without it a key is made.", show_default=False),
    ] = None,
    market_data: Annotated[bool, typer.Option("--market-data", help="Its stream shows the market.")] = False,
    as_json: Json = False,
) -> int:
    """Let a new session connect from the next start of the node on."""
    from novate.app.node.directory import DataDirectory
    from novate.app.node.key_commands import NewSession, add

    wanted = NewSession(name, accounts, permissions, kind, public_key, market_data)
    added = add(DataDirectory(data), config, wanted)
    if as_json:
        print_data(added)
        return 0
    console().print(f"session {added.name} has number {added.number}", style="bold", markup=False)
    lines = [("public key", added.public_key)]
    if added.private_key:
        lines.append(("private key", f"in {added.private_key}"))
    print_rows([*lines, ("takes effect", "at the next start of the node")])
    return 0


def keys_list(data: Data = DATA, config: ConfigFile = None, as_json: Json = False) -> int:
    """List the sessions that may connect."""
    from novate.app.node.directory import DataDirectory
    from novate.app.node.key_commands import described

    sessions = described(DataDirectory(data), config)
    if as_json:
        print_data({"sessions": sessions})
        return 0
    made = table("session", ">number", "kind", "permissions", "accounts", "public key")
    for one in sessions:
        made.add_row(one.name, str(one.number), one.kind, one.permissions, one.accounts, one.public_key[:16])
    console().print(made)
    return 0


def keys_remove(
    name: Annotated[str, typer.Argument(help="Name of a session.", show_default=False)],
    data: Data = DATA,
    config: ConfigFile = None,
    as_json: Json = False,
) -> int:
    """Take a session out, from the next start of the node on; its number is never given again."""
    from novate.app.node.directory import DataDirectory
    from novate.app.node.key_commands import remove

    removed = remove(DataDirectory(data), config, name)
    if as_json:
        print_data(removed)
        return 0
    console().print(
        f"session {removed.name}, number {removed.number}, is removed", style="bold", markup=False
    )
    rows = [("takes effect", "at the next start of the node; until then a kill switch stops its account")]
    if removed.private_key:
        rows.append(("private key", f"still in {removed.private_key}, of no use here any more"))
    print_rows(rows)
    return 0


def keys_hmac(
    name: Annotated[str, typer.Argument(help="Name of a session.", show_default=False)],
    data: Data = DATA,
    config: ConfigFile = None,
    as_json: Json = False,
) -> int:
    """Give a session a shared secret for requests over the web, from the next start of the node on."""
    from novate.app.node.directory import DataDirectory
    from novate.app.node.key_commands import add_hmac_secret

    path = add_hmac_secret(DataDirectory(data), config, name)
    if as_json:
        print_data({"secret": str(path)})
    else:
        print_rows([("shared secret", f"in {path}"), ("takes effect", "at the next start of the node")])
    return 0


keys.command("add")(keys_add)
keys.command("hmac")(keys_hmac)
keys.command("list")(keys_list)
keys.command("remove")(keys_remove)
