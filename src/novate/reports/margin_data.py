"""SPAN margin as JSON: one object per account, numbers as exact text (docs/margin.md, "As JSON").

AccountRisk --account_data--> {"ccs": {"NK": {...}}, "inter_spreads": [...], "totals": {"JPY": {...}}}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from novate.clearing.margin.span.numbers import shown
from novate.clearing.margin.span.result import AccountRisk, CommodityRisk, Figures, FormedSpread
from novate.domain.units import format_decimal

FIGURES = ("risk", "nov", "requirement", "initial_risk", "initial_requirement")


def account_data(risk: AccountRisk, decimals: Mapping[str, int]) -> dict[str, Any]:
    """One account; `decimals` has the minor unit of each currency."""
    return {
        "ccs": {code: commodity_data(one) for code, one in risk.commodities.items()},
        "inter_spreads": [spread[:3] for spread in _spreads(risk.inter_spreads)],
        "totals": {
            currency: figures_data(total, decimals[currency]) for currency, total in risk.totals.items()
        },
    }


def commodity_data(risk: CommodityRisk) -> dict[str, Any]:
    """One commodity of an account."""
    return {
        "currency": risk.currency,
        "scan_risk": shown(risk.scan_risk),
        "active_scenario": risk.active_scenario,
        "time_risk": shown(risk.time_risk),
        "volatility_risk": shown(risk.volatility_risk),
        "price_risk": shown(risk.price_risk),
        "wfpr": shown(risk.wfpr),
        "net_delta_by_period": _by_period(risk.net_delta),
        "intra_charge": shown(risk.intra_charge),
        "spot_charge": shown(risk.spot_charge),
        "inter_credit": shown(risk.inter_credit),
        "som": shown(risk.som),
        **figures_data(risk.figures, risk.decimals),
        "detail": {
            "wfpr_method": risk.wfpr_method,
            "losses": [shown(loss) for loss in risk.losses],
            "intra_spreads": _spreads(risk.intra_spreads),
            "remaining_after_intra": _by_period(risk.remaining_after_intra),
            "remaining_final": _by_period(risk.remaining_final),
        },
    }


def figures_data(figures: Figures, decimals: int) -> dict[str, str]:
    """The five rounded figures as money."""
    return {name: format_decimal(getattr(figures, name), decimals) for name in FIGURES}


def _by_period(values: Mapping[str, Fraction]) -> dict[str, str]:
    return {period: shown(value) for period, value in values.items()}


def _spreads(spreads: list[FormedSpread]) -> list[list[Any]]:
    return [[one.priority, one.long_side, shown(one.count), shown(one.charge)] for one in spreads]


def change_data(
    name: str, before: AccountRisk, after: AccountRisk, decimals_of: Callable[[str], int]
) -> dict[str, Any]:
    """Margin before and after trades, and what the requirement changes by, per currency."""
    totals = {}
    for currency in sorted(before.totals.keys() | after.totals.keys()):
        decimals, none = decimals_of(currency), Figures(0, 0, 0, 0, 0)
        old, new = before.totals.get(currency, none), after.totals.get(currency, none)
        totals[currency] = {
            "before": figures_data(old, decimals),
            "after": figures_data(new, decimals),
            "change": format_decimal(new.requirement - old.requirement, decimals),
            "initial_change": format_decimal(new.initial_requirement - old.initial_requirement, decimals),
        }
    return {"account": before.account, "name": name, "totals": totals}
