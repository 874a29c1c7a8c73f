"""Fills as records of the house, against their rows in a file; its credit as commands of the venue."""

from __future__ import annotations

from datetime import date
from random import Random

import msgspec
import numpy as np
import pytest

from novate.app.configuration import embedded_configuration
from novate.app.conform_clearing_commands import CommandWriter
from novate.app.venue_credit import CreditWriter
from novate.app.venue_fills import FillWriter
from novate.clearing.configured import house_terms_of
from novate.clearing.fills import SOURCE, trades_from_fills
from novate.clearing.house_terms import HouseTerms
from novate.clearing.trades.columns import FIELDS
from novate.domain.clearing_codes import ClearingCommand, ClearingEvent
from novate.domain.clearing_records import CLEARING_EVENT, NOT_GIVEN, Records, new_clearing_events
from novate.domain.codes import EventKind, Side
from novate.domain.configuration import Configuration
from novate.domain.instruments import CreditModel, Instrument, InstrumentKind
from novate.domain.machine import BrokenInvariant
from novate.domain.records import CREDIT_COMMAND, Events
from novate.domain.units import parse_decimal
from tests.unit.clearing.test_fills import fill

CONFIGURATION = embedded_configuration()
TERMS = house_terms_of(CONFIGURATION)
TODAY = date.fromisoformat(CONFIGURATION.business_date).toordinal()
UNDELIVERED = [
    number for number, one in enumerate(CONFIGURATION.instruments)
    if one.kind in (InstrumentKind.FUTURE, InstrumentKind.PERPETUAL)
]  # fmt: skip


def random_fills(seed: int, count: int) -> Events:
    """Fills 1 to `count` on all markets, of auctions too."""
    r, found = Random(seed), []
    accounts = [one.number for one in CONFIGURATION.accounts]
    for number in range(1, count + 1):
        side, quantity = r.choice([Side.BUY, Side.SELL]), r.choice([1, 3, 500])
        price = r.choice([1, 7, 10, 99, 100, 101, 12_345, 10**6, 10**9 + 7])
        taker, maker = r.sample(accounts, 2)
        market = r.randrange(len(CONFIGURATION.instruments))
        one = fill(number, market, price, quantity, taker, maker, side)
        if r.random() < 0.2:
            one["kind"][0], one["side"] = EventKind.AUCTION_TRADE, Side.NONE
        found.append(one)
    return np.concatenate(found)


def as_written(fills: Events) -> Records:
    """The trades among fills as the writer of scenarios makes them from the texts of a file."""
    writer, trades = CommandWriter(TERMS, [SOURCE]), trades_from_fills(fills, CONFIGURATION).trades
    found = []
    digits = {one.clearing_id: parse_decimal(one.lot)[1] for one in CONFIGURATION.instruments}
    for row in range(len(trades)):
        said = {name: getattr(trades, name).text(row) for name in FIELDS}
        whole, decimals = parse_decimal(said["quantity"])
        found.append(writer.records({
            "cmd": "TRADE", "source": said["source"], "trade_id": said["trade_id"],
            "version": int(said["version"]), "trade_date": said["trade_date"],
            "isin": said["instrument"], "ccy": said["currency"],
            "qty": whole * 10 ** (digits[said["instrument"]] - decimals), "price": said["price"],
            "buyer": (said["buyer_member"], said["buyer_account"]),
            "seller": (said["seller_member"], said["seller_account"]),
        }))  # fmt: skip
    return np.concatenate(found)


@pytest.mark.parametrize("seed", range(5))
def test_fills_are_the_records_that_their_rows_in_a_file_would_be(seed: int) -> None:
    fills = random_fills(seed, 400)
    found = FillWriter(CONFIGURATION, TERMS).records(fills, 1, [SOURCE], TODAY)
    assert found["kind"][0] == ClearingCommand.FILLS
    assert (found["version"][0], found["quantity"][0], found["source"][0]) == (1, 400, 0)
    delivered = fills.reshape(-1, 2)[~np.isin(fills[0::2]["market"], UNDELIVERED)].reshape(-1)
    assert 0 < len(found) - 1 < 2 * 400, "some pass by"
    assert found[1:].tobytes() == as_written(delivered).tobytes()


def test_the_source_is_named_in_front_of_the_first_block() -> None:
    writer, fills = FillWriter(CONFIGURATION, TERMS), random_fills(1, 1)
    kinds = writer.records(fills, 1, ["OTHER"], TODAY)["kind"].tolist()
    assert kinds[:3] == [ClearingCommand.TEXT, ClearingCommand.SOURCE, ClearingCommand.FILLS]
    later = writer.records(fills, 1, ["OTHER", SOURCE], TODAY)
    assert (later["kind"][0], later["source"][0]) == (ClearingCommand.FILLS, 1)


def test_fills_with_a_gap_or_of_a_stranger_stop_the_line() -> None:
    writer, fills = FillWriter(CONFIGURATION, TERMS), random_fills(1, 3)
    with pytest.raises(BrokenInvariant, match="expected fills from 2 on without a gap"):
        writer.records(fills, 2, [SOURCE], TODAY)
    with pytest.raises(BrokenInvariant, match="expected fills from 1 on without a gap"):
        writer.records(np.concatenate([fills[:2], fills[4:]]), 1, [SOURCE], TODAY)
    with pytest.raises(BrokenInvariant, match="expected a configured trading account, was 999"):
        writer.records(fill(1, 0, 18250, 1, 999, 101), 1, [SOURCE], TODAY)


# -- credit ---------------------------------------------------------------------------------------------


def told(*deltas: tuple[str, str, int], terms: HouseTerms = TERMS) -> Records:
    """CREDIT events of (party, asset, delta), numbered from 1."""
    events = np.zeros(len(deltas), CLEARING_EVENT)
    events[["instrument", "currency"]] = NOT_GIVEN
    currencies = [one.name for one in terms.currencies]
    instruments = [one.name for one in terms.instruments]
    for number, (party, asset, delta) in enumerate(deltas, 1):
        one = events[number - 1 : number]
        one["kind"], one["version"], one["amount"] = ClearingEvent.CREDIT, number, delta
        one["party"] = TERMS.parties.index((party.split("/")[0], party.split("/")[1]))
        column, names = ("currency", currencies) if asset in currencies else ("instrument", instruments)
        one[column] = names.index(asset)
    return np.concatenate([new_clearing_events(1), events])


def given(writer: CreditWriter, events: Records) -> list[tuple[int, ...]]:
    """(account, asset, delta, clearing_seq, number at the house)."""
    names = ["account", "asset", "delta", "clearing_seq", "house_credit"]
    return [tuple(row) for row in writer.commands(events).view(CREDIT_COMMAND)[names].tolist()]


def test_deltas_go_to_the_first_account_of_a_party_in_the_units_of_the_venue() -> None:
    writer = CreditWriter(CONFIGURATION, TERMS)
    assert given(writer, told(("ALPINE/CLIE", "USD", -5), ("BOREAL/CLIE", "BTC-USD", 7))) == [
        (102, 2, -5, 113, 1), (202, 7, 7, 114, 2),
    ]  # fmt: skip
    assert given(writer, told(("FATHOM/LIPR", "US00HELI0036", 40))) == [(602, 5, 40, 115, 1)]
    assert writer.count == 3


def test_a_finer_market_of_the_same_asset_makes_its_units_smaller() -> None:
    finer = msgspec.structs.replace(
        CONFIGURATION.instruments[4], symbol="BTC-EUR", lot="0.0001", currency="EUR"
    )
    configuration = with_instruments((*CONFIGURATION.instruments, finer))
    terms = house_terms_of(configuration)
    (command,) = given(CreditWriter(configuration, terms), told(("ALPINE/HOUS", "BTC-USD", 7), terms=terms))
    assert command[:3] == (101, 7, 700)


def test_what_the_venue_has_no_credit_for_uses_up_no_number() -> None:
    first, *rest = CONFIGURATION.instruments
    uncredited = msgspec.structs.replace(first, credit=CreditModel.NONE)
    writer = CreditWriter(with_instruments((uncredited, *rest)), TERMS)
    events = told(
        ("ALPINE/HOUS", first.clearing_id, 4),
        ("CASTOR/LIPR", "NOVA-NOV26-190C", 2),
        ("CASTOR/LIPR", "EUR", 9),
    )
    assert given(writer, events) == [(302, 1, 9, 113, 3)]
    nothing = CreditWriter(
        with_instruments(
            tuple(msgspec.structs.replace(one, credit=CreditModel.NONE) for one in CONFIGURATION.instruments)
        ),
        TERMS,
    )
    assert not nothing.has_credit
    assert given(nothing, events) == []


def with_instruments(instruments: tuple[Instrument, ...]) -> Configuration:
    return msgspec.structs.replace(CONFIGURATION, instruments=instruments)


def test_a_fill_on_a_day_without_trading_is_of_the_last_trading_day() -> None:
    writer, fills = FillWriter(CONFIGURATION, TERMS), random_fills(1, 40)

    def dates(today: date) -> set[int]:
        records = writer.records(fills, 1, [SOURCE], today.toordinal())
        return set(records["day"][records["kind"] == ClearingCommand.TRADE].tolist())

    friday = date(2026, 10, 9)
    assert dates(friday) == {friday.toordinal()}
    assert dates(date(2026, 10, 11)) == {friday.toordinal()}, "a Sunday"
    assert dates(date(2026, 10, 12)) == {date(2026, 10, 12).toordinal()}
