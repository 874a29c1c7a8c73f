"""Which row of the columns a position means, by the words that people use for it.

    ("XSYN", "OCL", OOF, "202606", CALL, 410)  --ContractIndex.find-->  row 1207, or -1

An index of a family is made when the first position in it is looked up.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from novate.clearing.margin.span.model import ContractKind, ParameterFile, Side
from novate.clearing.margin.span.numbers import shown

Name = tuple[str, ContractKind, str]
"""Exchange, kind and code of a family."""


class ContractIndex:
    """Finds contracts of one parameter file."""

    def __init__(self, parameters: ParameterFile) -> None:
        self.parameters = parameters
        self._families: dict[Name, list[int]] = {}
        for number, family in enumerate(parameters.families):
            self._families.setdefault((family.exchange, family.kind, family.code), []).append(number)
        self._rows: dict[Name, dict[tuple[int, int, int], int]] = {}
        self._periods = {code: number for number, code in enumerate(parameters.periods)}

    def find(self, name: Name, period: str, side: Side, strike: Fraction | None) -> int:
        """Row of the contract; -1 if the file does not have it. `period` is canonical."""
        if name not in self._families or period not in self._periods:
            return -1
        if name not in self._rows:
            self._rows[name] = self._index(name)
        units = Fraction(0)
        if strike is not None:
            units = strike * 10**self.parameters.contracts.strike.decimals
        if units.denominator != 1:
            return -1
        return self._rows[name].get((self._periods[period], int(side), int(units)), -1)

    def _index(self, name: Name) -> dict[tuple[int, int, int], int]:
        contracts = self.parameters.contracts
        rows = np.flatnonzero(np.isin(contracts.family, self._families[name]))
        columns = (contracts.period[rows], contracts.side[rows], contracts.strike.units[rows])
        keys = zip(*(column.tolist() for column in columns), strict=True)
        return dict(zip(keys, rows.tolist(), strict=True))


def contract_name(parameters: ParameterFile, row: int) -> str:
    """A contract in the words of a positions file: `X OOF SPO 202612 C 410`."""
    contracts = parameters.contracts
    family = parameters.families[int(contracts.family[row])]
    words = [family.exchange, family.kind.name, family.code, parameters.periods[int(contracts.period[row])]]
    side = Side(int(contracts.side[row]))
    if side is not Side.NONE:
        words += [side.name[0], shown(contracts.strike.value(row))]
    return " ".join(words)
