"""Minor units of currencies by ISO 4217, for files that name a currency and not its decimals.

JPY 0      KWD 3      CLF 4      everything else 2
"""

from __future__ import annotations

ISO_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""Currencies of ISO 4217 whose minor unit is not a hundredth."""


def iso_digits(currency: str) -> int:
    """Digits of the minor unit by ISO 4217: JPY 0, KWD 3, otherwise 2."""
    return next((digits for digits, names in ISO_DIGITS.items() if currency in names.split()), 2)
