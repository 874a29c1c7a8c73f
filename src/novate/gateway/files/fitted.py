"""Files that bring their own market: the configuration gets it before the venue is built.

    aapl_2012-06-21_messages.csv.gz + markets NOVA, ORCA      ->  NOVA, ORCA, AAPL
    tape.bin                        + markets NOVA, ORCA      ->  NOVA, ORCA, TAPE

A market that is configured under that name is taken as it is. An added one has no credit and no band,
because nobody has said what they should be; everything else follows the configured equities.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from novate.domain.configuration import Configuration
from novate.domain.instruments import CreditModel, Instrument, InstrumentKind
from novate.gateway.files.problems import FileProblem

TICKER = re.compile(r"([A-Za-z][A-Za-z.\-]{0,11})(?=_|\.|$)")
TAPE_MARKET = "TAPE"
DOLLARS = "USD"
LOBSTER_MARKET = "LOBSTER"
"""Market of a message file whose name does not begin with a ticker."""


def fitted_configuration(configuration: Configuration, path: Path, form: str) -> Configuration:
    """The configuration with the market that a file of this format needs."""
    if form == "lobster":
        return _with_market(configuration, ticker(path))
    if form == "tape":
        return _with_market(configuration, TAPE_MARKET)
    return configuration


def ticker(path: Path) -> str:
    """`aapl_2012-06-21_messages.csv.gz` -> AAPL."""
    match = TICKER.match(path.name)
    return match[1].upper() if match and "_" in path.name else LOBSTER_MARKET


def market_of_lobster(configuration: Configuration, path: Path) -> tuple[int, str]:
    """(market number, sentence for the summary). FileProblem if no market is named as the file is."""
    return _market(configuration, ticker(path), path)


def market_of_tape(configuration: Configuration) -> tuple[int, str]:
    """(market number, sentence for the summary)."""
    return _market(configuration, TAPE_MARKET, Path(TAPE_MARKET))


def _market(configuration: Configuration, symbol: str, path: Path) -> tuple[int, str]:
    for number, instrument in enumerate(configuration.instruments):
        if instrument.symbol == symbol:
            date = configuration.business_date
            return number, f"The orders are for market {symbol}; the business date is {date}."
    raise FileProblem(path, f"a configured market {symbol}", f"{len(configuration.instruments)} others")


def _with_market(configuration: Configuration, symbol: str) -> Configuration:
    if any(instrument.symbol == symbol for instrument in configuration.instruments):
        return configuration
    equities = [i for i in configuration.instruments if i.kind is InstrumentKind.EQUITY]
    # Prices of these files are dollars: the first equity in dollars is the nearest of kin.
    equities.sort(key=lambda instrument: instrument.currency != DOLLARS)
    like = equities[0] if equities else None
    added = Instrument(
        symbol=symbol,
        kind=InstrumentKind.EQUITY,
        currency=like.currency if like else min(configuration.currencies),
        tick="0.01",
        calendar=like.calendar if like else None,
        cycle=like.cycle if like else 1,
        credit=CreditModel.NONE,
    )
    return msgspec.structs.replace(configuration, instruments=(*configuration.instruments, added))
