"""Commands of margin: `novate margin COMMAND`.

span      requirement of every account by SPAN
what-if   the same with trades that nobody has made yet, or with each of a list of candidates
params    what is in a parameter file
arrays    a parameter file of the house's own contracts, with risk arrays
fhs, backtest        by historical simulation, and whether that covered
stress, fire-drill   what defaults would cost, and which layers pay

A file that is refused is one line on standard error and exit 1; with --json it is
{"error": {"kind": ..., "message": ...}} on standard output, with the kinds of span-rules.md, section 13.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from novate.app.cli_margin_default import fire_drill, stress
from novate.app.cli_margin_history import backtest, fhs
from novate.app.cli_options import Json
from novate.app.cli_screen import console, print_data, print_rows, progress_bars, table

if TYPE_CHECKING:
    from novate.app.margin import Change, Margining
    from novate.clearing.margin.span.result import AccountRisk

SHOWN = 40

Params = Annotated[
    Path,
    typer.Option("--params", help="Parameter file: .spn or .pa2, plain, gz or zip.", show_default=False),
]
Positions = Annotated[Path, typer.Option("--positions", help="CSV of positions.", show_default=False)]
Policies = Annotated[
    list[str] | None,
    typer.Option(
        "--policy", metavar="NAME=VALUE", help="A switch of the rulebook, section 12.", show_default=False
    ),
]
NoCache = Annotated[
    bool, typer.Option("--no-cache", help="Neither use nor write the columnar cache beside the file.")
]

margin = typer.Typer(
    help="What members must leave with the house.", no_args_is_help=True, rich_markup_mode=None
)


@margin.callback()
def _margin_group() -> None:
    """What members must leave with the house."""


def refusals_told(command: Callable[..., int]) -> Callable[..., int]:
    """Tell a refused file in the form of this group of commands."""

    @functools.wraps(command)
    def told(**options: Any) -> int:
        from novate.clearing.margin.span.policy import UnknownPolicy
        from novate.clearing.margin.span.problems import SpanProblem

        try:
            return command(**options)
        except UnknownPolicy as wrong:
            raise typer.BadParameter(str(wrong)) from wrong
        except SpanProblem as problem:
            if not options.get("as_json"):
                raise
            error: dict[str, Any] = {"kind": problem.kind.value, "message": str(problem)}
            positions = getattr(problem, "positions", None)
            if positions is not None:
                error["positions"] = positions
            print_data({"error": error})
            return 1

    return told


@refusals_told
def span(
    params: Params,
    positions: Positions,
    policy: Policies = None,
    as_json: Json = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show every step of the calculation.")] = False,
    html: Annotated[
        Path | None,
        typer.Option("--html", help="Write pictures as one page to this file.", show_default=False),
    ] = None,
    no_cache: NoCache = False,
) -> int:
    """Margin of every account by SPAN."""
    margining = _margining(params, policy, no_cache)
    portfolios = margining.portfolios(positions)
    if not (as_json or explain or html is not None):
        _print_requirements(margining.totals(portfolios), margining)
        return 0
    results = list(margining.margins(portfolios))
    if html is not None:
        from novate.app.whole_files import write_together
        from novate.reports.margin_page import margin_page

        decimals = {currency: unit for one in results for currency, unit in margining.decimals(one).items()}
        page = margin_page(results, decimals, margining.parameters.facts, params.name)
        write_together(html.parent, {html.name: [page.encode()]})
    if as_json:
        from novate.reports.margin_data import account_data

        print_data({"accounts": {one.account: account_data(one, margining.decimals(one)) for one in results}})
    elif explain:
        from novate.reports.margin_explained import explained

        screen = console()
        for one in results:
            for line in explained(one, margining.decimals(one)):
                screen.print(line, markup=False)
            screen.print("")
    else:
        _print_requirements(results, margining)
    return 0


@refusals_told
def what_if(
    params: Params,
    positions: Positions,
    trades: Annotated[
        Path, typer.Option("--trades", help="CSV of trades, same columns.", show_default=False)
    ],
    candidates: Annotated[
        bool, typer.Option("--candidates", help="Each row is a trade on its own: which hedge helps most?")
    ] = False,
    policy: Policies = None,
    as_json: Json = False,
    no_cache: NoCache = False,
) -> int:
    """Margin before and after trades that nobody has made yet."""
    margining = _margining(params, policy, no_cache)
    changes = list(margining.what_if(margining.portfolios(positions), trades, candidates))
    if as_json:
        from novate.reports.margin_data import change_data

        print_data(
            {
                "changes": [
                    change_data(one.name, one.before, one.after, margining.parameters.decimals_of)
                    for one in changes
                ]
            }
        )
    else:
        _print_changes(changes, margining)
    return 0


@refusals_told
def params(
    file: Annotated[Path, typer.Argument(help="Parameter file.", show_default=False)],
    policy: Policies = None,
    as_json: Json = False,
    no_cache: NoCache = False,
) -> int:
    """What is in a parameter file."""
    from novate.app.margin import chosen_policy
    from novate.gateway.span.stored import open_parameters
    from novate.reports.margin_params import params_data

    found = params_data(open_parameters(file, chosen_policy(policy or []), not no_cache))
    if as_json:
        print_data(found)
    else:
        _print_params(found)
    return 0


def arrays(
    listing: Annotated[Path, typer.Argument(help="What the house lists, in TOML.", show_default=False)],
    out: Annotated[
        Path, typer.Option("--out", help="Parameter file to write (.spn, .spn.gz).", show_default=False)
    ],
    as_json: Json = False,
) -> int:
    """Generate risk arrays for a house's own contracts and write them as a parameter file."""
    from novate.app.margin_arrays import publish_file
    from novate.app.problems import RefusedError
    from novate.gateway.span.writer import write_spn
    from novate.reports.margin_params import params_data

    parameters = publish_file(listing)
    if out.exists() and out.samefile(listing):
        raise RefusedError(f"--out: expected another file than the listing, was {out}")
    write_spn(out, parameters)
    found = params_data(parameters)
    if as_json:
        print_data({"file": str(out), **found})
    else:
        _print_params(found)
        print_rows([(str(out), "written")])
    return 0


def bench_span(
    params: Annotated[
        Path | None,
        typer.Option("--params", help="Parameter file; without it one is generated.", show_default=False),
    ] = None,
    accounts: Annotated[int, typer.Option("--accounts", min=1, help="Portfolios of 20 positions.")] = 100_000,
    repeats: Annotated[int, typer.Option("--repeats", min=1, help="Runs of each case.")] = 5,
    as_json: Json = False,
) -> int:
    """What SPAN costs: opening a file, many accounts, one order, risk arrays."""
    with progress_bars() as progress:
        from novate.app import bench_span as bench

        result = bench.bench_span(params, accounts, repeats, progress)
    if as_json:
        print_data(result)
    else:
        from novate.app.bench_table import print_span

        print_span(result)
    return 0


margin.command("span")(span)
margin.command("what-if")(what_if)
margin.command("params")(params)
margin.command("arrays")(arrays)
margin.command("fhs")(fhs)
margin.command("backtest")(backtest)
margin.command("stress")(stress)
margin.command("fire-drill")(fire_drill)


def _margining(params: Path, policy: list[str] | None, no_cache: bool) -> Margining:
    from novate.app.margin import Margining, chosen_policy

    return Margining(params, chosen_policy(policy or []), cached=not no_cache)


def _print_requirements(results: list[AccountRisk], margining: Margining) -> None:
    """A headline, then one line per account and currency."""
    from rich.markup import escape

    from novate.reports.figures import grouped, plural

    screen = console()
    called = sum(any(total.requirement for total in one.totals.values()) for one in results)
    screen.print(
        f"{plural(called, 'account')} of {len(results):,} must leave margin", style="bold", markup=False
    )
    made = table("account", "currency", ">risk", ">option value", ">requirement", ">initial requirement")
    lines = [(one, currency, total) for one in results for currency, total in one.totals.items()]
    for one, currency, total in lines[:SHOWN]:
        decimals = margining.parameters.decimals_of(currency)
        figures = (total.risk, total.nov, total.requirement, total.initial_requirement)
        made.add_row(
            escape(one.account), escape(currency), *(grouped(figure, decimals) for figure in figures)
        )
    if lines:
        screen.print(made)
    if len(lines) > SHOWN:
        screen.print(f"and {len(lines) - SHOWN:,} more; --json has all of them", style="dim")
    screen.print("--explain shows every step", style="dim")


def _print_changes(changes: list[Change], margining: Margining) -> None:
    from rich.markup import escape

    from novate.reports.figures import grouped, plural

    screen = console()
    screen.print(f"{plural(len(changes), 'change')} of margin, nothing traded", style="bold", markup=False)
    made = table("account", "currency", ">requirement", ">with the trades", ">change")
    for one in changes:
        for currency in sorted(one.before.totals.keys() | one.after.totals.keys()):
            decimals = margining.parameters.decimals_of(currency)
            totals = (one.before.totals.get(currency), one.after.totals.get(currency))
            old, new = (total.requirement if total is not None else 0 for total in totals)
            figures = (grouped(figure, decimals) for figure in (old, new, new - old))
            made.add_row(escape(one.name), escape(currency), *figures)
    screen.print(made)


def _print_params(found: dict[str, Any]) -> None:
    from rich.markup import escape

    from novate.reports.figures import grouped

    screen = console()
    headline = (
        f"{grouped(found['contracts']['all'])} contracts of {grouped(len(found['commodities']))} combined "
        f"commodities, {grouped(found['risk_arrays'])} risk arrays"
    )
    screen.print(headline, style="bold", markup=False)
    print_rows([(name, text) for name, text in found["facts"].items() if text])
    made = table("commodity", "currency", ">contracts", "periods", "WFPR", ">intra", ">tiers", ">spot")
    for one in found["commodities"][:SHOWN]:
        counts = (one["intra_spreads"], one["intra_tiers"], one["spot_rates"])
        made.add_row(
            escape(one["cc"]),
            escape(one["currency"]),
            grouped(one["contracts"]),
            escape(f"{one['first_period']} to {one['last_period']}"),
            one["wfpr_method"],
            *(grouped(count) for count in counts),
        )
    screen.print(made)
    if len(found["commodities"]) > SHOWN:
        screen.print(f"and {len(found['commodities']) - SHOWN:,} more; --json has all of them", style="dim")
