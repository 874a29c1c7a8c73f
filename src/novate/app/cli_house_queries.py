"""Questions to a clearing house: `novate clearing status|trades|positions|obligations|fails|ledger DIR`.

They read only, also beside a process that writes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from novate.app.cli_house import Directory
from novate.app.cli_options import Json
from novate.app.cli_screen import coloured, console, print_data, progress_bars, table

if TYPE_CHECKING:
    from novate.app.clearing_house import House

SHOWN_ROWS = 40


def ask(directory: Path, question: Callable[[House], Any]) -> tuple[Any, House]:
    """Open the house for reading, ask, close."""
    with progress_bars() as progress:
        from novate.app.clearing_house import House

        progress(f"opening {directory}", 0, 0)
        with House.open(directory, read_only=True) as house:
            return question(house), house


def status(directory: Directory, as_json: Json = False) -> int:
    """Where the house stands."""
    from novate.app import clearing_queries as queries

    found, house = ask(directory, queries.status)
    if as_json:
        print_data(found)
        return 0
    from novate.app.cli_screen import print_rows
    from novate.reports.figures import plural

    console().print(f"{found['name']}: business date {found['business_date']}", style="bold", markup=False)
    waiting = ", ".join(found["waiting_dates"][:5]) or "nothing"
    today = ", ".join(f"{count:,} {name.lower()}" for name, count in found["today"].items()) or "nothing yet"
    lines = [
        ("journal", f"{found['sequence']:,} records"),
        ("next date", found["next_business_date"]),
        ("today", today),
        ("waiting", f"{found['waiting_legs']:,} legs, due {waiting}"),
        ("open", f"{found['open_positions']:,} positions, {found['fails']:,} of them late"),
        ("closed", f"{plural(found['closed_dates'], 'date')}, the last {found['last_closed'] or 'none'}"),
    ]
    names = house.names
    for one in found["buy_ins"]:
        quantity = names.quantity_text(one["qty"], one["isin"])
        lines.append(
            (f"buy-in {one['intent']}", f"{one['member']}/{one['account']} {quantity} {one['isin']}")
        )
    for one in found["give_ups"]:
        to = f"{one['member']}/{one['account']}"
        lines.append(
            (f"give-up {one['giveup']}", f"trade {one['source']} {one['trade_id']} {one['side']} to {to}")
        )
    print_rows(lines)
    return 0


def trades(
    directory: Directory,
    trade_id: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One trade, with its history.", show_default=False)
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Where it is from.", show_default=False)
    ] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Newest trades to show.")] = SHOWN_ROWS,
    as_json: Json = False,
) -> int:
    """The newest trades and their states, or one trade with all that was delivered of it."""
    from novate.app import clearing_queries as queries

    if trade_id is None:
        found, _ = ask(directory, lambda house: queries.newest_trades(house, limit))
        if as_json:
            print_data({"trades": found})
            return 0
        made = table("source", "trade", ">version", "state")
        for one in found:
            made.add_row(one["source"], one["trade_id"], str(one["version"]), one["state"])
        console().print(made)
        return 0
    name = trade_id
    found, house = ask(
        directory,
        lambda house: queries.trade(
            house, source if source is not None else queries.source_of(house, name), name
        ),
    )
    if as_json:
        print_data(found)
    else:
        _print_trade(found, house)
    return 0


def _print_trade(found: dict[str, Any], house: House) -> None:
    names, screen = house.names, console()
    headline = f"Trade {found['source']} {found['trade_id']}, version {found['version']}: {found['state']}"
    screen.print(headline, style="bold", markup=False)
    made = table(
        ">record",
        "delivered",
        ">version",
        "trade date",
        "instrument",
        ">quantity",
        ">price",
        "buyer",
        "seller",
    )
    for one in found["deliveries"]:
        if one["cmd"] == "TRADE":
            cells = (
                one["trade_date"], one["isin"], names.quantity_text(one["qty"], one["isin"]), one["price"],
                "/".join(one["buyer"]), "/".join(one["seller"]),
            )  # fmt: skip
        else:
            cells = ("",) * 6
        made.add_row(f"{one['sequence']:,}", one["cmd"], str(one["version"]), *cells)
    screen.print(made)
    isin = next((one["isin"] for one in found["deliveries"] if one["cmd"] == "TRADE"), "")
    legs = table("side", "party", ">quantity", ">amount", "state")
    for side, member, account, quantity, amount, state in found["legs"]:
        money = names.money_text(amount, names.currency_of.get(isin, ""))
        legs.add_row(side, f"{member}/{account}", names.quantity_text(quantity, isin), money, state)
    if found["legs"]:
        screen.print(legs)
    for step in found["transitions"]:
        screen.print(f" {step['date']}  {step['step']:<10}  {step['why']}", markup=False)


def positions(directory: Directory, as_json: Json = False) -> int:
    """What is open, and what waits for its date."""
    from novate.app import clearing_queries as queries

    found, house = ask(directory, queries.positions)
    if as_json:
        print_data(found)
        return 0
    from novate.reports.figures import directed

    names = house.names
    made = table("due", "party", "instrument", ">quantity", ">amount", "ccy", "state")
    rows = [
        (house.today, f"{member}/{account}", isin, quantity, amount, reason)
        for isin, member, account, quantity, amount, _, reason in found["open"]
    ] + [
        (since, f"trade {source} {trade_id}", isin, quantity, amount, reason)
        for source, trade_id, isin, quantity, amount, since, reason in found["items"]
    ] + [
        (due, f"{member}/{account}", isin, quantity, amount, f"waits, {legs} legs")
        for due, isin, member, account, quantity, amount, legs in found["waiting"]
    ]  # fmt: skip
    for due, who, isin, quantity, amount, state in rows[:SHOWN_ROWS]:
        ccy = names.currency_of[isin]
        made.add_row(
            due, who, names.symbols[isin], coloured(directed(quantity, names.quantity_digits[isin])),
            coloured(directed(amount, names.currency_digits[ccy])), ccy, state,
        )  # fmt: skip
    _print_table(made, len(rows), "positions")
    return 0


def obligations(
    directory: Directory,
    date: Annotated[
        str | None, typer.Option("--date", help="Another date than today's.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """The obligations of a date: running, closed, or to come."""
    from novate.app import clearing_queries as queries

    wanted = queries.date_of(date) if date is not None else None
    found, house = ask(directory, lambda house: queries.obligations(house, wanted))
    if as_json:
        print_data({"date": wanted or house.today, "obligations": found})
        return 0
    from novate.reports.figures import directed, quiet

    names = house.names
    made = table("obligation", "party", "instrument", "type", ">quantity", ">amount", "ccy", ">open")
    for one in found[:SHOWN_ROWS]:
        digits = names.quantity_digits[one["isin"]]
        left = quiet(one["open_quantity"], digits) if "open_quantity" in one else ""
        made.add_row(
            one.get("obligation_id", ""), f"{one['member']}/{one['account']}", names.symbols[one["isin"]],
            one.get("type", ""), coloured(directed(one["quantity"], digits)),
            coloured(directed(one["amount_minor"], names.currency_digits[one["ccy"]])), one["ccy"], left,
        )  # fmt: skip
    _print_table(made, len(found), "obligations")
    return 0


def fails(directory: Directory, as_json: Json = False) -> int:
    """What should have settled earlier, with its age and why it did not."""
    from novate.app import clearing_queries as queries

    found, house = ask(directory, queries.fails)
    if as_json:
        print_data({"business_date": house.today, "fails": found})
        return 0
    from novate.reports.figures import directed

    names = house.names
    made = table("since", ">days", "party", "instrument", ">quantity", ">amount", "ccy", "reason")
    for one in found[:SHOWN_ROWS]:
        who = f"{one.member}/{one.account}" if one.member else f"trade {one.source} {one.trade_id}"
        ccy = names.currency_of[one.isin]
        made.add_row(
            one.since, str(one.settlement_days), who, names.symbols[one.isin],
            coloured(directed(one.quantity, names.quantity_digits[one.isin])),
            coloured(directed(one.amount_minor, names.currency_digits[ccy])), ccy, one.reason,
        )  # fmt: skip
    _print_table(made, len(found), "fails")
    return 0


def ledger(
    directory: Directory,
    beancount: Annotated[
        bool, typer.Option("--beancount", help="The whole ledger as beancount text instead.")
    ] = False,
    as_json: Json = False,
) -> int:
    """The trial balance: every account, debits beside credits."""
    from novate.app import clearing_queries as queries

    if beancount:
        lines, _ = ask(directory, lambda house: queries.beancount(house))
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return 0
    found, house = ask(directory, queries.trial)
    if as_json:
        print_data({"business_date": house.today, "accounts": found})
        return 0
    from novate.reports.figures import quiet

    names = house.names
    made = table("book", "asset", "party", ">debit", ">credit")
    for line in found[:SHOWN_ROWS]:
        is_security = line.book == "HOLDINGS"
        digits = (names.quantity_digits if is_security else names.currency_digits)[line.asset]
        asset = names.symbols[line.asset] if is_security else line.asset
        made.add_row(
            line.book.lower(), asset, f"{line.member}/{line.account}", quiet(line.debit, digits),
            quiet(line.credit, digits),
        )  # fmt: skip
    _print_table(made, len(found), "accounts")
    return 0


def _print_table(made: Any, count: int, what: str) -> None:
    screen = console()
    screen.print(f"{count:,} {what}", style="bold")
    if count:
        screen.print(made)
    if count > SHOWN_ROWS:
        screen.print(f"and {count - SHOWN_ROWS:,} more; --json has all of them", style="dim")


def register(clearing: typer.Typer) -> None:
    """The questions of this file."""
    named: dict[str, Callable[..., int]] = {
        "status": status, "trades": trades, "positions": positions, "obligations": obligations,
        "fails": fails, "ledger": ledger,
    }  # fmt: skip
    for name, question in named.items():
        clearing.command(name)(question)
