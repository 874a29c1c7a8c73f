"""Commands that change trades and positions of a clearing house, its buy-ins, and events of issuers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from novate.app.cli_house import Directory, Events, Instrument, Party, Quantity, act
from novate.app.cli_options import Json

if TYPE_CHECKING:
    from novate.app.clearing_house import House

TradeId = Annotated[str, typer.Argument(metavar="ID", help="Trade id.", show_default=False)]
Source = Annotated[
    str | None,
    typer.Option("--source", help="Where the trade is from, if several use its id.", show_default=False),
]
Side = Annotated[
    Literal["buy", "sell"], typer.Option("--side", help="Which side of the trade.", show_default=False)
]
SIDES = {"buy": "B", "sell": "S"}
buy_in = typer.Typer(help="Buy what a member did not deliver.", no_args_is_help=True, rich_markup_mode=None)


def _changed(help_text: str, name: str) -> typer.models.OptionInfo:
    option: typer.models.OptionInfo = typer.Option(name, help=help_text, show_default=False)
    return option


def _source(house: House, source: str | None, trade_id: str) -> str:
    from novate.app.clearing_queries import source_of

    return source if source is not None else source_of(house, trade_id)


def amend(
    directory: Directory,
    trade_id: TradeId,
    source: Source = None,
    instrument: Annotated[str | None, _changed("Another instrument.", "--instrument")] = None,
    quantity: Annotated[str | None, _changed("Another quantity.", "--quantity")] = None,
    price: Annotated[str | None, _changed("Another price.", "--price")] = None,
    buyer: Annotated[str | None, _changed("Another buyer, MEMBER/ACCOUNT.", "--buyer")] = None,
    seller: Annotated[str | None, _changed("Another seller, MEMBER/ACCOUNT.", "--seller")] = None,
    trade_date: Annotated[str | None, _changed("Another trade date.", "--trade-date")] = None,
    settle_date: Annotated[str | None, _changed("Another settlement date.", "--settle-date")] = None,
    as_json: Json = False,
) -> int:
    """Put a new version of a trade in force; before netting anything, after it by reversal."""

    def verb(house: House) -> Events:
        from novate.app.clearing_queries import date_of

        return house.amend(
            _source(house, source, trade_id), trade_id, instrument=instrument, quantity=quantity,
            price=price, buyer=buyer, seller=seller,
            trade_date=date_of(trade_date) if trade_date else None,
            settle_date=date_of(settle_date) if settle_date else None,
        )  # fmt: skip

    return act(directory, verb, as_json)


def cancel(
    directory: Directory,
    trade_id: TradeId,
    source: Source = None,
    version: Annotated[
        int | None, typer.Option("--version", help="The next one unless given.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> int:
    """Cancel a trade, for good."""
    return act(
        directory, lambda house: house.cancel(_source(house, source, trade_id), trade_id, version), as_json
    )


def allocate(
    directory: Directory,
    trade_id: TradeId,
    parts: Annotated[
        list[str], typer.Argument(metavar="ACCOUNT=QUANTITY...", help="The parts.", show_default=False)
    ],
    side: Side,
    source: Source = None,
    as_json: Json = False,
) -> int:
    """Split a side of a trade over accounts of its member."""
    shares = []
    for part in parts:
        account, bar, quantity = part.partition("=")
        if not (account and bar and quantity):
            raise typer.BadParameter(f'expected ACCOUNT=QUANTITY such as CLIE=200, was "{part}"')
        shares.append((account, quantity))
    return act(
        directory,
        lambda house: house.allocate(_source(house, source, trade_id), trade_id, SIDES[side], shares),
        as_json,
    )


def give_up(
    directory: Directory,
    trade_id: TradeId,
    to: Annotated[str, typer.Argument(help="The other member's MEMBER/ACCOUNT.", show_default=False)],
    side: Side,
    source: Source = None,
    as_json: Json = False,
) -> int:
    """Offer a side of a trade to another member."""
    return act(
        directory,
        lambda house: house.give_up(_source(house, source, trade_id), trade_id, SIDES[side], to),
        as_json,
    )


def take_up(
    directory: Directory,
    giveup: Annotated[int, typer.Argument(help="Number of the give-up.", show_default=False)],
    reject: Annotated[bool, typer.Option("--reject", help="Refuse it.")] = False,
    as_json: Json = False,
) -> int:
    """Answer a give-up."""
    return act(directory, lambda house: house.take_up(giveup, not reject), as_json)


def transfer(
    directory: Directory,
    giver: Annotated[str, typer.Argument(metavar="FROM", help="MEMBER/ACCOUNT.", show_default=False)],
    taker: Annotated[str, typer.Argument(metavar="TO", help="MEMBER/ACCOUNT.", show_default=False)],
    instrument: Instrument,
    quantity: Quantity,
    settle_date: Annotated[
        str, typer.Option("--settle-date", help="Date on which the position is due.", show_default=False)
    ],
    as_json: Json = False,
) -> int:
    """Move a part of a position that waits for its date to another party."""

    def verb(house: House) -> Events:
        from novate.app.clearing_queries import date_of

        return house.transfer(giver, taker, instrument, quantity, date_of(settle_date))

    return act(directory, verb, as_json)


@buy_in.callback()
def _buy_in_group() -> None:
    """Buy what a member did not deliver."""


def intent(
    directory: Directory, party: Party, instrument: Instrument, quantity: Quantity, as_json: Json = False
) -> int:
    """Announce it for a position that has failed long enough."""
    return act(directory, lambda house: house.buy_in_intent(party, instrument, quantity), as_json)


Intent = Annotated[int, typer.Argument(metavar="INTENT", help="Number of the intent.", show_default=False)]
Price = Annotated[str, typer.Argument(metavar="PRICE", help="A decimal.", show_default=False)]


def execute(
    directory: Directory, number: Intent, quantity: Quantity, price: Price, as_json: Json = False
) -> int:
    """Say that it was bought, how much and at what price."""
    return act(directory, lambda house: house.buy_in_execute(number, quantity, price), as_json)


def cash_close(directory: Directory, number: Intent, price: Price, as_json: Json = False) -> int:
    """Close it in money instead."""
    return act(directory, lambda house: house.cash_close(number, price), as_json)


EventName = Annotated[str, typer.Argument(metavar="NAME", help="A name of its own.", show_default=False)]
ExDate = Annotated[str, typer.Option("--ex-date", help="First date without it.", show_default=False)]


def dividend(
    directory: Directory,
    name: EventName,
    instrument: Instrument,
    rate: Annotated[str, typer.Argument(help="Money for each security.", show_default=False)],
    ex_date: ExDate,
    record_date: Annotated[
        str, typer.Option("--record-date", help="Who holds then gets it.", show_default=False)
    ],
    pay_date: Annotated[str, typer.Option("--pay-date", help="When it is paid.", show_default=False)],
    as_json: Json = False,
) -> int:
    """Announce a dividend."""

    def verb(house: House) -> Events:
        from novate.app.clearing_queries import date_of

        dates = (date_of(one) for one in (ex_date, record_date, pay_date))
        return house.dividend(name, instrument, rate, *dates)

    return act(directory, verb, as_json)


def split(
    directory: Directory,
    name: EventName,
    instrument: Instrument,
    new: Annotated[int, typer.Argument(help="So many new ones ...", show_default=False)],
    old: Annotated[int, typer.Argument(help="... for so many old ones.", show_default=False)],
    ex_date: ExDate,
    cash_price: Annotated[
        str | None,
        typer.Option("--cash-price", help="Price of a new one, for fractions.", show_default=False),
    ] = None,
    as_json: Json = False,
) -> int:
    """Announce a split, or a reverse split."""

    def verb(house: House) -> Events:
        from novate.app.clearing_queries import date_of

        return house.split(name, instrument, new, old, date_of(ex_date), cash_price)

    return act(directory, verb, as_json)


def register(clearing: typer.Typer) -> None:
    """The verbs of this file."""
    named: dict[str, Callable[..., int]] = {
        "amend": amend, "cancel": cancel, "allocate": allocate, "give-up": give_up, "take-up": take_up,
        "transfer": transfer, "dividend": dividend, "split": split,
    }  # fmt: skip
    for name, verb in named.items():
        clearing.command(name)(verb)
    named = {"intent": intent, "execute": execute, "cash-close": cash_close}
    for name, verb in named.items():
        buy_in.command(name)(verb)
    clearing.add_typer(buy_in, name="buy-in")
