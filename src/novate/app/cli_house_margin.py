"""Commands of the margin day of a clearing house in a directory: `novate clearing VERB DIR ...`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from novate.app.cli_house import Asset, Directory, Instrument, Party, Quantity, act
from novate.app.cli_options import Json

Price = Annotated[str, typer.Argument(metavar="PRICE", help="A decimal.", show_default=False)]
To = Annotated[
    str, typer.Option("--to", metavar="PARTY", help="Who takes it, MEMBER/ACCOUNT.", show_default=False)
]


def pledge(
    directory: Directory, party: Party, asset: Asset, quantity: Quantity, as_json: Json = False
) -> int:
    """Bring collateral."""
    return act(directory, lambda house: house.margin.pledge(party, asset, quantity), as_json)


def release(
    directory: Directory, party: Party, asset: Asset, quantity: Quantity, as_json: Json = False
) -> int:
    """Give back collateral that the requirement does not need."""
    return act(directory, lambda house: house.margin.release(party, asset, quantity), as_json)


def contribute(
    directory: Directory, party: Party, asset: Asset, quantity: Quantity, as_json: Json = False
) -> int:
    """Bring money for the default fund; CCP/OWN: for the house's own layer."""
    return act(directory, lambda house: house.margin.contribute(party, asset, quantity), as_json)


def retire_contribution(
    directory: Directory, party: Party, asset: Asset, quantity: Quantity, as_json: Json = False
) -> int:
    """Give back a contribution."""
    return act(directory, lambda house: house.margin.retire_contribution(party, asset, quantity), as_json)


def settlement_price(
    directory: Directory, instrument: Instrument, price: Price, as_json: Json = False
) -> int:
    """Set the settlement price of a contract for today."""
    return act(directory, lambda house: house.margin.settlement_price(instrument, price), as_json)


def valuation(directory: Directory, asset: Asset, price: Price, as_json: Json = False) -> int:
    """Set the price of collateral: of a security, or of a currency in the margin currency."""
    return act(directory, lambda house: house.margin.valuation(asset, price), as_json)


def margin_parameters(
    directory: Directory,
    file: Annotated[Path, typer.Argument(help="Parameters, JSON.", show_default=False)],
    as_json: Json = False,
) -> int:
    """Set what requirements are computed with (docs/margin-rules.md, M10)."""
    return act(directory, lambda house: house.margin.parameters(file), as_json)


def variation(directory: Directory, as_json: Json = False) -> int:
    """Collect and pay variation margin within the day."""
    return act(directory, lambda house: house.margin.variation(), as_json)


def margin_run(directory: Directory, as_json: Json = False) -> int:
    """Compute requirements and make margin calls within the day."""
    return act(directory, lambda house: house.margin.run(), as_json)


def tick(
    directory: Directory,
    time: Annotated[str, typer.Argument(metavar="TIME", help="2026-03-02T17:00:00", show_default=False)],
    as_json: Json = False,
) -> int:
    """Tell the house the time; margin calls that are overdue become defaults."""
    return act(directory, lambda house: house.margin.tick(time), as_json)


def declare_default(directory: Directory, party: Party, as_json: Json = False) -> int:
    """Declare the member of a party in default."""
    return act(directory, lambda house: house.margin.declare_default(party), as_json)


def close_out(
    directory: Directory, party: Party, instrument: Instrument, quantity: Quantity, price: Price, to: To,
    as_json: Json = False,
) -> int:  # fmt: skip
    """Give contracts of a defaulter to another party at a declared price."""
    return act(
        directory, lambda house: house.margin.close_out(party, instrument, quantity, price, to), as_json
    )


def sell_collateral(
    directory: Directory, party: Party, asset: Asset, quantity: Quantity, price: Price, as_json: Json = False
) -> int:
    """Turn collateral of a defaulter into money at a declared price."""
    return act(directory, lambda house: house.margin.sell_collateral(party, asset, quantity, price), as_json)


def allocate_loss(directory: Directory, party: Party, as_json: Json = False) -> int:
    """Let the layers pay for what a member in default owes."""
    return act(directory, lambda house: house.margin.allocate_loss(party), as_json)


VERBS: dict[str, Callable[..., int]] = {
    "pledge": pledge,
    "release": release,
    "contribute": contribute,
    "retire-contribution": retire_contribution,
    "settlement-price": settlement_price,
    "valuation": valuation,
    "margin-parameters": margin_parameters,
    "variation": variation,
    "margin-run": margin_run,
    "tick": tick,
    "declare-default": declare_default,
    "close-out": close_out,
    "sell-collateral": sell_collateral,
    "allocate-loss": allocate_loss,
}
"""Name of the command -> what it does."""
