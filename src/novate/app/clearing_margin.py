"""What a firm does on a margin day, by name: `House.margin` (docs/margin-rules.md).

with House.open(Path("firm")) as house:
    house.margin.pledge("ALPINE/HOUS", "USD", "250000")
    house.margin.settlement_price("NX50-DEC26", "5120.25")
    house.margin.run()
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from novate.app.clearing_names import WrittenError
from novate.app.conform_margin_commands import time_ns
from novate.clearing.configured import house_terms_of
from novate.clearing.margin_day.methods import LONGEST_PARAMETERS, method_of
from novate.domain.configuration import Configuration

if TYPE_CHECKING:
    from novate.app.clearing_house import House

Json = dict[str, Any]


def read_parameters(path: Path) -> Json:
    """Parameters of a margin method from a file of JSON. WrittenError for one that is none."""
    try:
        if path.stat().st_size > LONGEST_PARAMETERS:
            found = f"{path.stat().st_size:,}"
            raise WrittenError(f"{path}: expected at most {LONGEST_PARAMETERS:,} bytes, was {found}")
        read = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise WrittenError(f"{path}: expected margin parameters as JSON, was: {fault}") from fault
    if not isinstance(read, dict):
        raise WrittenError(f"{path}: expected an object of JSON, was {type(read).__name__}")
    return read


def first_parameters(market: Path, configuration: Configuration) -> Json | None:
    """What the file that a market names in `margin.parameters` holds; None where it names none.

    WrittenError for a file that the method of this house would not take.
    """
    with market.open("rb") as file:
        named = tomllib.load(file).get("margin", {}).get("parameters", "")
    if not named:
        return None
    path = market.parent / named
    read = read_parameters(path)
    try:
        method_of(house_terms_of(configuration), msgspec.json.encode(read))
    except (ValueError, msgspec.MsgspecError, OverflowError) as fault:
        raise WrittenError(f"{path}: {fault}") from fault
    return read


class MarginDesk:
    """The verbs of the margin day of one open house. What it refuses is a CommandRefused."""

    def __init__(self, house: House) -> None:
        self._house = house

    def _of_party(self, cmd: str, party: str) -> Sequence[Json]:
        member, account = self._house.names.party(party)
        return self._house.do({"cmd": cmd, "member": member, "account": account})

    def pledge(self, party: str, asset: str, quantity: str) -> Sequence[Json]:
        """Collateral comes in (M9)."""
        return self._house.do(self._house.about("PLEDGE", party, asset, quantity))

    def release(self, party: str, asset: str, quantity: str) -> Sequence[Json]:
        """Collateral that is not needed goes back (M9)."""
        return self._house.do(self._house.about("RELEASE", party, asset, quantity))

    def contribute(self, party: str, currency: str, amount: str) -> Sequence[Json]:
        """Money for the default fund; of CCP/OWN for the house's own layer (M14)."""
        return self._house.do(self._house.about("CONTRIBUTE", party, currency, amount))

    def retire_contribution(self, party: str, currency: str, amount: str) -> Sequence[Json]:
        """A contribution goes back (M14)."""
        return self._house.do(self._house.about("RETIRE_CONTRIBUTION", party, currency, amount))

    def settlement_price(self, instrument: str, price: str) -> Sequence[Json]:
        """The price at which a contract is valued (M3)."""
        names = self._house.names
        isin = names.instrument(instrument)
        return self._house.do({"cmd": "SETTLEMENT_PRICE", "isin": isin, "price": names.price(price)})

    def valuation(self, asset: str, price: str) -> Sequence[Json]:
        """The price of collateral: of a security, or of a currency in the margin currency (M8)."""
        names = self._house.names
        what = {"ccy": asset} if names.is_currency(asset) else {"isin": names.instrument(asset)}
        return self._house.do({"cmd": "VALUATION", **what, "price": names.price(price)})

    def parameters(self, path: Path) -> Sequence[Json]:
        """What margin is computed with from now on (M10): a file of JSON, or a WrittenError."""
        return self.take_parameters(read_parameters(path))

    def take_parameters(self, parameters: Json) -> Sequence[Json]:
        """The same from an object."""
        return self._house.do({"cmd": "MARGIN_PARAMETERS", "parameters": parameters})

    def variation(self) -> Sequence[Json]:
        """Variation margin within the day (M5)."""
        return self._house.do({"cmd": "VARIATION"})

    def run(self) -> Sequence[Json]:
        """Requirements and calls within the day (M11)."""
        return self._house.do({"cmd": "MARGIN_RUN"})

    def tick(self, time: str) -> Sequence[Json]:
        """The time of the journal; calls whose deadline is over are defaults (M12)."""
        try:
            time_ns(time)
        except (ValueError, OverflowError) as fault:
            expected = "expected a time such as 2026-03-02T17:00:00, without a zone"
            raise WrittenError(f'time: {expected}, was "{time}"') from fault
        return self._house.do({"cmd": "TICK", "time": time})

    def declare_default(self, party: str) -> Sequence[Json]:
        """A member is in default with all of its accounts (M13)."""
        return self._of_party("DECLARE_DEFAULT", party)

    def close_out(self, party: str, instrument: str, quantity: str, price: str, to: str) -> Sequence[Json]:
        """A defaulter's contracts go to another party at a declared price (M15)."""
        command = self._house.about("CLOSE_OUT", party, instrument, quantity)
        names = self._house.names
        return self._house.do({**command, "price": names.price(price), "to": names.party(to)})

    def sell_collateral(self, party: str, asset: str, quantity: str, price: str) -> Sequence[Json]:
        """A defaulter's collateral becomes money (M15)."""
        command = self._house.about("SELL_COLLATERAL", party, asset, quantity)
        return self._house.do({**command, "price": self._house.names.price(price)})

    def allocate_loss(self, party: str) -> Sequence[Json]:
        """The layers pay for a default (M16)."""
        return self._of_party("ALLOCATE_LOSS", party)
