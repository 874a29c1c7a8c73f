"""The switches of span-rules.md, section 12: where clearing houses differ, the choice is data.

{"wfpr_default": "NORMAL"}  --policy_of-->  Policy(..., wfpr_default="NORMAL")
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

CHOICES: dict[str, tuple[str, ...]] = {
    "intra_order": ("series_first", "priority"),
    "spot_after": ("intra", "inter"),
    "spread_rounding": ("none", "floor"),
    "wfpr_default": ("SCANRANGE_CAP", "NORMAL", "SCANRANGE"),
    "cap_anov": ("file", "true", "false"),
    "cap_anov_default": ("true", "false"),
    "oof_delta_period": ("underlying", "series"),
    "delta_decimals": ("none",),
    "rounding_stage": ("final", "component"),
    "rounding_mode": ("half_up", "half_even", "up"),
    "negative_strike": ("reject", "accept"),
    "unsupported": ("error", "ignore"),
}
FREE = ("rate", "initial_rate")
COUNTED = ("spread_rounding", "delta_decimals")
MOST_DECIMALS = 18


@dataclass(frozen=True, slots=True)
class Policy:
    """One value per switch; the defaults are the rulebook's."""

    rate: str = "1"
    initial_rate: str = "auto"
    intra_order: str = "series_first"
    spot_after: str = "intra"
    spread_rounding: str = "none"
    wfpr_default: str = "SCANRANGE_CAP"
    cap_anov: str = "file"
    cap_anov_default: str = "true"
    oof_delta_period: str = "underlying"
    delta_decimals: str = "none"
    rounding_stage: str = "final"
    rounding_mode: str = "half_up"
    negative_strike: str = "reject"
    unsupported: str = "error"

    def reading(self) -> tuple[str, str, str]:
        """What decides how a parameter file is read; the other switches only say how risk is computed."""
        return self.rate, self.negative_strike, self.unsupported


STANDARD = Policy()


class UnknownPolicy(Exception):  # noqa: N818 - it is the name of what was asked for
    """A switch or value that the rulebook does not have; the message lists those that it has."""


def policy_of(chosen: Mapping[str, str]) -> Policy:
    """The standard policy with these switches set; UnknownPolicy for a name or value that is none."""
    names = [field.name for field in fields(Policy)]
    for name, value in chosen.items():
        if name not in names:
            raise UnknownPolicy(f"policy: expected one of {', '.join(names)}, was {name!r}")
        if name in FREE:
            if not value:
                raise UnknownPolicy(f"policy {name}: expected a rate id, was an empty text")
        elif value not in CHOICES[name] and not (name in COUNTED and _is_count(value)):
            allowed = ", ".join(CHOICES[name])
            more = f" or a number of decimals up to {MOST_DECIMALS}" if name in COUNTED else ""
            raise UnknownPolicy(f"policy {name}: expected {allowed}{more}, was {value!r}")
    return replace(STANDARD, **dict(chosen))


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 2 and int(text) <= MOST_DECIMALS
