"""CREDIT events of the clearing house as CREDIT commands of the venue (K16 to K18), by number.

    CREDIT party, currency or instrument, delta  -->  CREDIT account, asset, delta, clearing_seq

A party's credit goes to its trading account with the lowest number. What the venue has no credit for (a party
without an account, an asset that no market reserves) is passed over and uses up no number.
"""

from __future__ import annotations

import numpy as np

from novate.clearing.configured import quantity_digits
from novate.clearing.house_terms import HouseTerms
from novate.domain.clearing_codes import ClearingEvent
from novate.domain.clearing_records import NOT_GIVEN, Records
from novate.domain.codes import CommandKind
from novate.domain.configuration import Configuration
from novate.domain.instruments import CreditModel, InstrumentKind
from novate.domain.records import COMMAND, CREDIT_COMMAND, Commands
from novate.domain.resolve import assets, delivered_asset, opening_credit


class CreditWriter:
    """Turns deltas into commands; `count` of them so far."""

    def __init__(self, configuration: Configuration, terms: HouseTerms) -> None:
        self.opening = len(opening_credit(configuration))
        """Numbers that the opening credit of the venue has used."""
        self.count = 0
        accounts: dict[tuple[str, str], int] = {}
        for one in sorted(configuration.accounts, key=lambda one: one.number):
            accounts.setdefault((one.member, one.account.value), one.number)
        self._account = [accounts.get(party, 0) for party in terms.parties]
        table, reserved = assets(configuration), _reserved(configuration)
        self._currency = [table[one.name].number if one.name in reserved else 0 for one in terms.currencies]
        self._instrument: list[tuple[int, int]] = []
        """(asset, its base units for one unit of the instrument)."""
        markets = {one.clearing_id: one for one in configuration.instruments}
        for house_one in terms.instruments:
            market = markets[house_one.name]
            name = delivered_asset(market)
            asset = table[name]
            known = asset.number if name in reserved and market.kind is not InstrumentKind.OPTION else 0
            self._instrument.append((known, 10 ** max(asset.digits - quantity_digits(market), 0)))

    @property
    def has_credit(self) -> bool:
        """Does any market use credit?"""
        return any(self._currency)

    def commands(self, events: Records) -> Commands:
        """(n,) COMMAND of the CREDIT events among the events of whole commands."""
        found = []
        for event in events[events["kind"] == ClearingEvent.CREDIT]:
            account = self._account[int(event["party"])]
            if event["instrument"] == NOT_GIVEN:
                asset, units = self._currency[int(event["currency"])], 1
            else:
                asset, units = self._instrument[int(event["instrument"])]
            if account and asset:
                found.append((account, asset, int(event["amount"]) * units, int(event["version"])))
        commands = np.zeros(len(found), CREDIT_COMMAND)
        commands["kind"] = CommandKind.CREDIT
        for place, column in enumerate(("account", "asset", "delta", "house_credit")):
            commands[column] = [one[place] for one in found]
        first = self.opening + self.count + 1
        commands["clearing_seq"] = np.arange(first, first + len(found))
        self.count += len(found)
        return commands.view(COMMAND)


def _reserved(configuration: Configuration) -> set[str]:
    """Assets that some market reserves (K4, K14)."""
    found: set[str] = set()
    for one in configuration.instruments:
        if one.credit is not CreditModel.NONE:
            found.add(one.currency)
        if one.credit is CreditModel.DELIVERABLE:
            found.add(delivered_asset(one))
    return found
