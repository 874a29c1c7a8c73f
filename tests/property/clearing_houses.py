"""Clearing configurations drawn from a seed: calendars, currencies, instruments, members and switches."""

from __future__ import annotations

from random import Random

from tests.oracle.naive_clearing_terms import Json, next_date

POLICIES = ("CNS", "CNS", "NET_NET", "GROSS_NET", "GROSS_GROSS")
STARTS = ("2026-03-02", "2026-06-30", "2026-10-07", "2026-12-21", "2024-02-27")
SWITCHES: dict[str, list[object]] = {
    "amount_rounding": ["HALF_UP", "HALF_UP", "EXACT"],
    "version_policy": ["LATEST", "LATEST", "STRICT"],
    "late_trades": ["NEXT", "NEXT", "REJECT"],
    "settle_count": ["COMPOSITE", "TRADING"],
    "policy": ["CNS", "NET_NET", "GROSS_NET", "GROSS_GROSS"],
    "partials": [True, True, False],
    "lot_order": ["OLDEST", "NEWEST"],
    "mark": ["DAILY", "DAILY", "NONE"],
    "charge_days": ["BUSINESS", "CALENDAR"],
    "fail_charge_to": ["RECEIVERS", "CCP"],
    "max_qty": [10**12, 10**12, 500],
    "max_amount": [10**15, 10**15, 10**6],
    "max_decimals": [9, 9, 3],
    "fail_ppm": [0, 100, 2500],
    "cash_fail_ppm": [0, 300, 5000],
    "arrears_ppm": [0, 200, 4000],
    "buyin_days": [0, 1, 1, 2, 3],
    "buyin_notice": [0, 0, 1, 2],
    "buckets": [[1, 5], [1, 2, 4], [2]],
    "alloc_key": ["", "key"],
}


def clearing_header_of(seed: int) -> Json:
    """Header of a scenario."""
    r = Random(f"clearing house {seed}")
    start = r.choice(STARTS)
    calendars = {name: calendar_of(r, start) for name in ("TR", "BK", "CSD", "HS")}
    currencies: Json = {"USD": {"digits": 2}, "JPY": {"digits": 0}, "KWD": {"digits": 3}}
    currencies = {ccy: currencies[ccy] for ccy in r.sample(sorted(currencies), r.choice([1, 2, 2, 3]))}
    for currency in currencies.values():
        if r.random() < 0.5:
            currency["calendar"] = "BK"
    isins = [f"I{number}" for number in range(r.choice([2, 3, 4, 6]))]
    config = {
        "start": start,
        "calendars": calendars,
        "house": r.choice([None, None, "HS", "TR"]),
        "depository": r.choice([None, None, "CSD"]),
        "currencies": currencies,
        "instruments": {isin: instrument_of(r, list(currencies)) for isin in isins},
        "members": members_of(r),
        **{name: r.choice(values) for name, values in SWITCHES.items() if r.random() < 0.6},
    }
    return {"scenario": f"flow_{seed}", "rules": [], "description": "generated", "config": config}


def calendar_of(r: Random, start: str) -> Json:
    """Few holidays in the weeks after the start; one calendar in four rests on Friday and Saturday."""
    holidays = sorted({next_date(start, r.randint(1, 20)) for _ in range(r.choice([0, 1, 2]))})
    calendar: Json = {"holidays": holidays} if holidays or r.random() < 0.5 else {}
    if r.random() < 0.25:
        calendar["weekend"] = [4, 5]
    return calendar


def instrument_of(r: Random, currencies: list[str]) -> Json:
    instrument: Json = {"ccy": r.choice(currencies)}
    if r.random() < 0.4:
        instrument["calendar"] = "TR"
    if r.random() < 0.6:
        instrument["cycle"] = r.choice([0, 0, 1, 2, 3])
    if r.random() < 0.8:
        instrument["policy"] = r.choice(POLICIES)
    return instrument


def members_of(r: Random) -> Json:
    return {
        f"M{number}": r.sample(["HOUS", "CLIE", "LIPR"], r.choice([1, 2, 3]))
        for number in range(r.choice([2, 3, 4, 6]))
    }
