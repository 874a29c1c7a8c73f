"""Commands of default resources: `novate margin stress` and `novate margin fire-drill`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from novate.app.cli_margin_history import SHOWN, HistoryPositions, Prices, Returns, RulesOption
from novate.app.cli_options import Json
from novate.app.cli_screen import console, print_data, table

if TYPE_CHECKING:
    from novate.app.margin_default import DefaultJob, StressReport
    from novate.clearing.default.drill import Drill

Collateral = Annotated[
    Path | None,
    typer.Option(
        "--collateral",
        help="CSV: account, currency, amount; without it each account's margin by the history.",
        show_default=False,
    ),
]
Fund = Annotated[
    Path | None,
    typer.Option(
        "--fund", help="CSV: member, contribution; without it those of the rules.", show_default=False
    ),
]
Html = Annotated[
    Path | None,
    typer.Option("--html", help="Write pictures as one page to this file.", show_default=False),
]


def stress(
    rules: RulesOption,
    positions: HistoryPositions,
    collateral: Collateral = None,
    fund: Fund = None,
    prices: Prices = None,
    returns: Returns = None,
    html: Html = None,
    as_json: Json = False,
) -> int:
    """All scenarios over all members: does the default fund outlast the largest? Exit 1 if it does not."""
    report = _job(rules, positions, collateral, fund, prices, returns).report()
    if html is not None:
        from novate.app.whole_files import write_together
        from novate.reports.default_page import stress_page

        page = stress_page(report.stress, report.covers, report.picture())
        write_together(html.parent, {html.name: [page.encode()]})
    if as_json:
        print_data(_stress_data(report))
    else:
        _print_stress(report)
    return int(report.is_breached)


def fire_drill(
    rules: RulesOption,
    positions: HistoryPositions,
    defaulter: Annotated[
        list[str],
        typer.Option("--defaulter", help="A member or a group that fails; can be given many times."),
    ],
    scenario: Annotated[
        str, typer.Option("--scenario", help="Name of a scenario of the rules.", show_default=False)
    ] = "",
    stress_prices: Annotated[
        Path | None,
        typer.Option(
            "--stress-prices", help="CSV: factor, price, instead of a scenario.", show_default=False
        ),
    ] = None,
    wrong_way: Annotated[
        bool, typer.Option("--wrong-way", help="What the failing groups have issued is worth nothing.")
    ] = False,
    collateral: Collateral = None,
    fund: Fund = None,
    prices: Prices = None,
    returns: Returns = None,
    html: Html = None,
    as_json: Json = False,
) -> int:
    """Let a member fail on a copy, and show which layers pay. Exit 1 if they do not suffice."""
    if bool(scenario) == (stress_prices is not None):
        found = "both" if scenario else "neither"
        raise typer.BadParameter(f"expected either --scenario or --stress-prices, was {found}")
    job = _job(rules, positions, collateral, fund, prices, returns)
    chosen = job.scenario(scenario) if stress_prices is None else job.scenario_of_prices(stress_prices)
    drill = job.drill(defaulter, chosen, wrong_way)
    if html is not None:
        from novate.app.whole_files import write_together
        from novate.reports.default_page import drill_page

        page = drill_page(drill, chosen.name, job.currency, job.decimals)
        write_together(html.parent, {html.name: [page.encode()]})
    if as_json:
        from novate.reports.default_data import drill_data

        print_data(drill_data(drill, chosen.name, job.currency, job.decimals))
    else:
        _print_drill(drill, chosen.name, job)
    return int(bool(drill.waterfall.shortfall))


def _job(
    rules: Path,
    positions: Path,
    collateral: Path | None,
    fund: Path | None,
    prices: Path | None,
    returns: Path | None,
) -> DefaultJob:
    from novate.app.margin_default import DefaultFiles, DefaultJob

    if prices is not None and returns is not None:
        raise typer.BadParameter("expected either --prices or --returns, was both")
    if collateral is None and prices is None and returns is None:
        raise typer.BadParameter("expected --collateral, or --prices or --returns to margin by, was none")
    return DefaultJob(DefaultFiles(rules, positions, collateral, fund, prices, returns))


def _stress_data(report: StressReport) -> dict[str, object]:
    from novate.domain.units import format_decimal
    from novate.reports.default_data import amounts_data, stress_data

    decimals = report.decimals
    return {
        "currency": report.currency,
        "rule": report.cover.value,
        "breached": report.is_breached,
        "covers": {
            line.cover.value: {
                "needed": format_decimal(line.needed, decimals),
                "scenario": line.worst.scenario,
                "members": list(line.worst.counted(line.cover)),
                "resources": format_decimal(line.resources, decimals),
            }
            for line in report.lines
        },
        "scenarios": stress_data(report.stress, report.covers, decimals),
        "contributions": amounts_data(report.contributions, decimals),
        "sized_contributions": amounts_data(report.sized, decimals),
    }


def _print_stress(report: StressReport) -> None:
    from rich.markup import escape

    from novate.reports.default_page import stress_headline
    from novate.reports.figures import grouped, quiet

    screen = console()
    screen.print(stress_headline(report.picture()), style="bold", markup=False)
    made = table("rule", ">needed", "in scenario", "of", ">resources")
    for line in report.lines:
        names = ", ".join(line.worst.counted(line.cover))
        amounts = (grouped(line.needed, report.decimals), grouped(line.resources, report.decimals))
        chosen = f"{line.cover.value}{' (the rule)' if line.cover is report.cover else ''}"
        made.add_row(chosen, amounts[0], escape(line.worst.scenario), escape(names), amounts[1])
    screen.print(made)
    made = table("scenario", ">members over", ">largest", ">second", ">third", "largest is")
    for column, one in enumerate(report.covers[:SHOWN]):
        count = int((report.stress.over[:, column] > 0).sum())
        losses = [quiet(loss, report.decimals) for loss in (*one.losses, 0, 0, 0)[:3]]
        made.add_row(escape(one.scenario), f"{count:,}", *losses, escape("".join(one.members[:1])))
    screen.print(made)
    if len(report.covers) > SHOWN:
        screen.print(f"and {len(report.covers) - SHOWN:,} more; --json has all of them", style="dim")


def _print_drill(drill: Drill, scenario: str, job: DefaultJob) -> None:
    from rich.markup import escape

    from novate.reports.default_page import drill_headline
    from novate.reports.figures import grouped, quiet

    screen = console()
    decimals = job.decimals
    screen.print(drill_headline(drill, scenario, job.currency, decimals), style="bold", markup=False)
    made = table("layer", ">available", ">paid", ">left", "largest payer")
    for one in drill.waterfall.payments:
        shares = [(share, payer.name) for payer, share in zip(one.layer.payers, one.shares, strict=True)]
        share, name = max(shares, key=lambda each: each[0], default=(0, ""))
        told = f"{name} {grouped(share, decimals)}" if share else ""
        amounts = (quiet(one.paid, decimals), quiet(one.layer.available - one.paid, decimals))
        available = grouped(one.layer.available, decimals)
        made.add_row(escape(one.layer.name), available, *amounts, escape(told))
    screen.print(made)
    back = sum(drill.collateral_left.values())
    fund = sum(drill.fund_left.values())
    screen.print(
        f"{grouped(back, decimals)} of the defaulters' collateral and {grouped(fund, decimals)} "
        "of the default fund are left",
        markup=False,
    )
    screen.print("a drill on copies: no file was changed", style="dim")
