"""Commands of the clearing house: `novate clearing COMMAND`. A new one is a function and a line below.

minimum-payments   the fewest payments among the parties, without the house
iso20022           an obligation file as ISO 20022 messages
follow             the fills of a venue beside the house: `cli_planes`
open, take, ...    a house of many days in a directory: `cli_house`, `cli_house_trades`, `cli_house_queries`
pledge, tick, ...  its margin day: `cli_house_margin`
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from novate.app import cli_house, cli_house_margin, cli_house_queries, cli_house_trades, cli_planes
from novate.app.cli_options import Json, Out
from novate.app.cli_screen import console, print_data, print_rows, table

if TYPE_CHECKING:
    from novate.app.payments import PaymentGroup

SHOWN_PAYMENTS = 40

clearing = typer.Typer(
    help="A clearing house of many days, its files and analyses.", no_args_is_help=True, rich_markup_mode=None
)


@clearing.callback()
def _clearing_group() -> None:
    """A clearing house of many days, its files and analyses."""


def minimum_payments(
    file: Annotated[
        Path,
        typer.Argument(help="Obligation file, or CSV of party, amount_minor [, ccy].", show_default=False),
    ],
    as_json: Json = False,
) -> int:
    """Find the fewest payments among the parties themselves (an analysis, not clearing)."""
    from novate.app.payments import payments_of_file

    groups = payments_of_file(file)
    if as_json:
        print_data({"groups": groups})
    else:
        _print_payments(groups)
    return 0


def iso20022(
    file: Annotated[Path, typer.Argument(help="Obligation file.", show_default=False)],
    out: Out,
    as_json: Json = False,
) -> int:
    """Write an obligation file as ISO 20022 messages: secl.010 and sese.023."""
    from novate.app.iso_messages import write_messages
    from novate.reports.figures import plural

    written = write_messages(file, out)
    if as_json:
        print_data(written)
        return 0
    reports, instructions = plural(written.reports, "report"), plural(written.instructions, "instruction")
    headline = f"{plural(written.rows, 'obligation')} became {reports} and {instructions}"
    console().print(headline, style="bold", markup=False)
    print_rows([(str(out / "secl.010"), reports), (str(out / "sese.023"), instructions)])
    return 0


cli_house.register(clearing)
cli_house_trades.register(clearing)
cli_house_queries.register(clearing)
for _name, _verb in cli_house_margin.VERBS.items():
    clearing.command(_name)(_verb)
clearing.command("minimum-payments")(minimum_payments)
clearing.command("iso20022")(iso20022)
clearing.command("follow")(cli_planes.follow)


def _print_payments(groups: list[PaymentGroup]) -> None:
    """A headline, one line per settlement date and currency, then the payments."""
    from rich.markup import escape

    from novate.reports.figures import grouped, plural

    screen = console()
    payments = sum(len(group.result.payments) for group in groups)
    parties = sum(group.result.parties for group in groups)
    screen.print(
        f"{plural(payments, 'payment')} among the parties; with the house in the middle {parties:,}",
        style="bold",
        markup=False,
    )
    for group in groups:
        result = group.result
        where = " ".join(filter(None, (group.settle_date, group.ccy))) or "balances"
        count = plural(len(result.payments), "payment")
        proof = "proven minimal" if result.is_minimal else f"no fewer than {result.at_least:,} possible"
        screen.print(f"{where}: {result.parties:,} parties, {count}, {proof}", markup=False)
    made = table("date", "ccy", "payer", "receiver", ">amount")
    lines = [(group, payment) for group in groups for payment in group.result.payments]
    for group, payment in lines[:SHOWN_PAYMENTS]:
        names = (group.settle_date, group.ccy, payment.payer, payment.receiver)
        made.add_row(*map(escape, names), grouped(payment.amount_minor, group.digits))
    if lines:
        screen.print(made)
    if len(lines) > SHOWN_PAYMENTS:
        screen.print(f"and {len(lines) - SHOWN_PAYMENTS:,} more; --json has all of them", style="dim")
