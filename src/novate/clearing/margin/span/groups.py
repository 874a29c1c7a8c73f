"""Words of the batch kernel's state: what it keeps of an account, and of each commodity that is held.

    groups (G, GROUP_WORDS)   one row per commodity of the account that is being margined
    state  (STATE_WORDS,)     of the account: common denominator, fault, number of groups
    steps                     powers of ten that bring amounts to common units

A group's amounts are integers: scan, time, volatility and price in halves of 10**-(k+u); CHARGE and CREDIT in
10**-(e+m) / denominator; WEIGHTED and CREDITED in 10**-(e+w+2) / denominator, of a WFPR of X / Y.
"""

from __future__ import annotations

import numpy as np

SCAN2, TIME2, VOL2, PRICE2, ACTIVE, VALUE, MINIMUM, TOTAL = range(8)
X, Y, RANGED = 8, 9, 10
"""RANGED says that X / Y is a scan range and not price risk per delta."""
CHARGE, WEIGHTED, CREDIT, CREDITED = 11, 12, 13, 14
COMMODITY, START, STOP = 15, 16, 17
GROUP_WORDS = 18
DENOMINATOR, FAULT, GROUPS = range(3)
STATE_WORDS = 3
FIGURES = 5
STEP_SCAN, STEP_CHARGE, STEP_MINIMUM, STEP_RANGED, STEP_WEIGHTED, STEP_VALUE = range(6)
STEP_DELTA, STEP_ARRAY, STEP_RATIO, STEP_UNITS = range(6, 10)
"""From STEP_UNITS on: common units to a minor unit of 0, 1, ... decimals."""

RESULT = np.dtype(
    [
        *((name, "<i4") for name in ("account", "commodity")),
        *((name, "<i8") for name in ("active", "scan_halves", "time_halves", "volatility_halves")),
        *((name, "<i8") for name in ("price_halves", "risk", "nov", "requirement")),
        *((name, "<i8") for name in ("initial_risk", "initial_requirement")),
    ]
)
"""One commodity of one account; halves are halves of the arrays' units times those of quantities."""
