"""A drill and a stress run as data for JSON: amounts are texts with all decimals of the house's currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from novate.clearing.default.drill import Drill
from novate.clearing.default.fund import Cover, ScenarioCover
from novate.clearing.default.waterfall import LayerPayment, Waterfall
from novate.clearing.margin.stress import Stress
from novate.domain.units import format_decimal


def waterfall_data(found: Waterfall, decimals: int) -> dict[str, Any]:
    """Loss, layers with who pays, shortfall."""
    return {
        "loss": format_decimal(found.loss, decimals),
        "layers": [_layer_data(one, decimals) for one in found.payments],
        "shortfall": format_decimal(found.shortfall, decimals),
    }


def _layer_data(one: LayerPayment, decimals: int) -> dict[str, Any]:
    return {
        "name": one.layer.name,
        "available": format_decimal(one.layer.available, decimals),
        "paid": format_decimal(one.paid, decimals),
        "payers": {
            payer.name: format_decimal(share, decimals)
            for payer, share in zip(one.layer.payers, one.shares, strict=True)
            if share
        },
    }


def drill_data(drill: Drill, scenario: str, currency: str, decimals: int) -> dict[str, Any]:
    """Everything that a drill says."""
    return {
        "scenario": scenario,
        "currency": currency,
        "defaulters": list(drill.defaulters),
        **waterfall_data(drill.waterfall, decimals),
        "collateral_left": amounts_data(drill.collateral_left, decimals),
        "fund_left": amounts_data(drill.fund_left, decimals),
    }


def stress_data(found: Stress, covers: Sequence[ScenarioCover], decimals: int) -> list[dict[str, Any]]:
    """By scenario: what the covers ask for, and the loss over margin of each member that has one."""
    return [
        {
            "scenario": cover.scenario,
            "largest": list(cover.members),
            **{one.value.replace("-", "_"): format_decimal(cover.needed(one), decimals) for one in Cover},
            "over_margin": {
                member: format_decimal(int(found.over[row, column]), decimals)
                for row, member in enumerate(found.members)
                if found.over[row, column]
            },
        }
        for column, cover in enumerate(covers)
    ]


def amounts_data(amounts: Mapping[str, int], decimals: int) -> dict[str, str]:
    """Names with amounts."""
    return {name: format_decimal(amount, decimals) for name, amount in amounts.items()}
