"""The command line: `novate COMMAND`, one file per group of commands, started in the blink of an eye.

    cli_run       run, replay, verify           the main job and its proof
    cli_planes    day                           a day on two planes, each a process
    cli_tools     match, conform, explain, bench, import, version
    cli_clear     clear                         trades that anyone made
    cli_clearing  clearing ...                  a clearing house of many days
    cli_margin    margin span, what-if, params  what accounts must leave
    cli_node      up, status, doctor, schema, keys, bench node
    cli_operation markets, accounts, halt, resume, kill-switch, simulate, views rebuild, views digest

    exit code   0 done      1 refused, or it differs      2 wrong use

Importing this module imports nothing that computes: each command imports its job when it is called. Every
expected failure is one message without a traceback; an unexpected one keeps its traceback, because it is a
defect and the traceback is what its report needs.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import typer

from novate.app import cli_clear, cli_node, cli_operation, cli_planes, cli_run, cli_tools
from novate.app.cli_clearing import clearing
from novate.app.cli_errors import expected_failure, usage_failure
from novate.app.cli_margin import bench_span, margin
from novate.app.cli_screen import prepare_output, print_error
from novate.app.collector import collect_rarely
from novate.app.interruption import listen
from novate.app.problems import Interrupted

INTERRUPTED = 130

app = typer.Typer(
    name="novate",
    help="An exchange and a clearing house in one verifiable system.",
    epilog="Exit codes: 0 done, 1 refused or differs, 2 wrong use. Every command takes --json.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
bench = typer.Typer(help="Measure Novate on this machine.", no_args_is_help=True, rich_markup_mode=None)
importer = typer.Typer(
    help="Turn public market data into venue commands.", no_args_is_help=True, rich_markup_mode=None
)

app.command("run")(cli_run.run)
app.command("day")(cli_planes.day)
app.command("replay")(cli_run.replay)
app.command("verify")(cli_run.verify)
app.command("up")(cli_node.up)
app.command("status")(cli_node.status)
app.command("doctor")(cli_node.doctor)
app.command("schema")(cli_node.schema)
app.command("markets")(cli_operation.markets)
app.command("accounts")(cli_operation.accounts)
app.command("halt")(cli_operation.halt)
app.command("resume")(cli_operation.resume)
app.command("kill-switch")(cli_operation.kill_switch)
app.command("simulate")(cli_operation.simulate)
app.add_typer(cli_operation.views, name="views")
app.add_typer(cli_node.keys, name="keys")
app.command("match")(cli_tools.match)
app.command("clear")(cli_clear.clear)
app.command("conform")(cli_tools.conform)
app.command("explain")(cli_tools.explain)
bench.command("matching")(cli_tools.bench_matching)
bench.command("features")(cli_tools.bench_features)
bench.command("ledger")(cli_tools.bench_ledger)
bench.command("clearing")(cli_tools.bench_clearing)
bench.command("node")(cli_node.bench_node)
bench.command("turn")(cli_node.bench_turn)
bench.command("web")(cli_node.bench_web)
bench.command("subscribers")(cli_node.bench_subscribers)
bench.command("span")(bench_span)
app.add_typer(bench, name="bench")
importer.command("lobster")(cli_tools.import_lobster)
app.add_typer(importer, name="import")
app.add_typer(clearing, name="clearing")
app.add_typer(margin, name="margin")
app.command("version")(cli_tools.version)


@bench.callback()
def _bench_group() -> None:
    """Measure Novate on this machine."""


@importer.callback()
def _import_group() -> None:
    """Turn public market data into venue commands."""


def execute(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit code."""
    as_json = "--json" in arguments
    try:
        code = app(list(arguments), prog_name="novate", standalone_mode=False)
    except (KeyboardInterrupt, Interrupted) as error:
        print_error("INTERRUPTED", str(error) or "interrupted", INTERRUPTED, as_json)
        return INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 1
    except Exception as error:
        wrong_use = usage_failure(error)
        if wrong_use is not None:
            print_error("WRONG_USE", wrong_use, 2, as_json)
            return 2
        failure = expected_failure(error)
        if failure is None:
            raise
        print_error(*failure, 1, as_json)
        return 1
    if code == INTERRUPTED:
        # Typer keeps a KeyboardInterrupt for itself and gives this code instead.
        print_error("INTERRUPTED", "interrupted; nothing was left half-written", INTERRUPTED, as_json)
    return code if isinstance(code, int) else 0


def main() -> None:
    """The entry point of the `novate` script."""
    collect_rarely()
    prepare_output()
    listen()
    sys.exit(execute(sys.argv[1:]))
