"""What a parameter file holds, as data for a table and for JSON."""

from __future__ import annotations

from typing import Any

import numpy as np

from novate.clearing.margin.span.model import ContractKind, ParameterFile


def params_data(parameters: ParameterFile) -> dict[str, Any]:
    """Facts, counts, and one entry per combined commodity in file order."""
    contracts = parameters.contracts
    kinds = np.array([int(family.kind) for family in parameters.families] or [0])[contracts.family]
    return {
        "facts": parameters.facts,
        "rate": parameters.rate,
        "contracts": {
            "all": len(contracts),
            **{kind.name: int((kinds == kind).sum()) for kind in ContractKind},
        },
        "risk_arrays": len(parameters.arrays.units),
        "inter_spreads": len(parameters.inter_spreads),
        "currencies": parameters.currencies,
        "commodities": _commodities(parameters),
    }


def _commodities(parameters: ParameterFile) -> list[dict[str, Any]]:
    contracts = parameters.contracts
    owner = np.array([family.commodity for family in parameters.families] or [-1])[contracts.family]
    order = np.argsort(owner, kind="stable")
    bounds = np.searchsorted(owner[order], np.arange(len(parameters.commodities) + 1))
    made = []
    for number, one in enumerate(parameters.commodities):
        rows = order[bounds[number] : bounds[number + 1]]
        periods = contracts.period[rows]
        made.append(
            {
                "cc": one.code,
                "currency": one.currency,
                "contracts": len(rows),
                "first_period": parameters.periods[int(periods.min())] if len(rows) else "",
                "last_period": parameters.periods[int(periods.max())] if len(rows) else "",
                "wfpr_method": one.wfpr_method,
                "intra_spreads": len(one.spreads),
                "intra_tiers": len(one.intra_tiers),
                "inter_tiers": len(one.inter_tiers),
                "scan_tiers": len(one.scan_tiers),
                "som_tiers": len(one.som_tiers),
                "spot_rates": len(one.spot_rates),
                "families": [
                    f"{family.exchange} {family.kind.name} {family.code}"
                    for family in parameters.families
                    if family.commodity == number
                ],
            }
        )
    return made
