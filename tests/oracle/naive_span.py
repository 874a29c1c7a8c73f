"""SPAN as the rulebook says it, on dictionaries and fractions, from the XML tree. Slow, and easy to read.

    load(file) -> book            books, contracts and commodities as dictionaries of texts and fractions
    margin(book, positions, ...)  one account -> {"ccs": ..., "totals": ...} with fractions and rounded money

Shares nothing with the product: it reads XML by ElementTree, keeps every tier and leg as it stands, and looks
everything up anew each time. Only valid files come here; refusals are not its business.
"""

from __future__ import annotations

import gzip
from collections import defaultdict
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

PAIR = [2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 15, 16]
TYPES = {"futPf": "FUT", "phyPf": "PHY", "oopPf": "OOP", "oofPf": "OOF"}
MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "up": ROUND_UP}
DEFAULTS = {
    "rate": "1",
    "initial_rate": "auto",
    "intra_order": "series_first",
    "spot_after": "intra",
    "spread_rounding": "none",
    "wfpr_default": "SCANRANGE_CAP",
    "cap_anov": "file",
    "cap_anov_default": "true",
    "oof_delta_period": "underlying",
    "delta_decimals": "none",
    "rounding_stage": "final",
    "rounding_mode": "half_up",
}
Book = dict[str, Any]
Account = dict[tuple[str, ...], Fraction]
"""Contract key -> net quantity."""


def period(text: str | None) -> str:
    if text is None:
        return "000000"
    return text[:6] if len(text) == 8 and text[6:] == "00" else text


def key(code: str) -> str:
    return (code + "000000000")[:9]


def inside(tier: Any, code: str) -> bool:
    low, high = tier.findtext("sPe"), tier.findtext("ePe")
    after = low is None or key(period(low)) <= key(code)
    return after and (high is None or key(code) <= (period(high) + "~~~~~~~~~")[:9])


def of_rate(element: Any, name: str, rate: str) -> Any:
    return next((child for child in element.findall(name) if child.findtext("r") == rate), None)


def value(element: Any, name: str, default: str = "0") -> Fraction:
    return Fraction(element.findtext(name, default).strip())


def load(path: Path, policy: dict[str, str]) -> Book:
    data = path.read_bytes()
    root = ElementTree.fromstring(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    org = root.find("pointInTime/clearingOrg")
    book: Book = {"org": org, "ccs": {}, "contracts": {}, "order": [], "ranges": defaultdict(list)}
    book["decimals"] = {
        one.findtext("currency"): int(one.findtext("decimalPos", "2"))
        for one in root.findall("definitions/currencyDef")
    }
    assert org is not None
    links = {}
    for cc in org.findall("ccDef"):
        book["ccs"][cc.findtext("cc")] = cc
        for place, link in enumerate(cc.findall("pfLink")):
            where = (link.findtext("exch"), link.findtext("pfType"), link.findtext("pfId"))
            links[where] = (cc.findtext("cc"), place, value(link, "sc", "1"))
    futures: dict[tuple[str | None, ...], Any] = {}
    families = []
    for exchange in org.findall("exchange"):
        for family in exchange:
            if family.tag in TYPES:
                exch, kind, pf = exchange.findtext("exch"), TYPES[family.tag], family.findtext("pfId")
                link = links.get((exch, kind, pf)) or links.get((exch, None, pf)) or (None, 0, Fraction(1))
                families.append((exch, kind, family, link))
                for future in family.findall("fut"):
                    futures[(exch, pf, future.findtext("cId"))] = future
    for exch, kind, family, link in families:
        load_family(book, exch, kind, family, link, futures, policy)
    return book


def load_family(
    book: Book, exch: Any, kind: str, family: Any, link: Any, futures: dict[Any, Any], policy: dict[str, str]
) -> None:
    code = family.findtext("pfCode")
    cvf = value(family, "cvf", "1")
    style = kind in ("OOP", "OOF") and family.findtext("valueMeth") not in ("FUT", "FUTS")
    for one in family.findall("fut") + family.findall("phy"):
        pe = period(one.findtext("pe"))
        own = value(one, "cvf") if one.find("cvf") is not None else cvf
        entry = contract(one, link, pe, own, value(one, "sc", "1"), style, policy)
        book["contracts"][(exch, kind, code, pe, "", Fraction(0))] = entry
        offer_range(book, link, kind, pe, one, entry["sc"], policy, value(one, "p"), own)
    for series in family.findall("series"):
        pe = delta_pe = period(series.findtext("pe"))
        own = value(series, "cvf") if series.find("cvf") is not None else cvf
        sc = value(series, "sc", "1")
        if kind == "OOF" and policy["oof_delta_period"] == "underlying":
            named = series.find("undC")
            future = futures[tuple(named.findtext(name) for name in ("exch", "pfId", "cId"))]
            delta_pe = period(future.findtext("pe"))
        offer_range(book, link, "OPT", delta_pe, series, sc * link[2], policy, Fraction(0), own)
        for one in series.findall("opt"):
            mine = value(one, "cvf") if one.find("cvf") is not None else own
            scaling = value(one, "sc") if one.find("sc") is not None else sc
            entry = contract(one, link, delta_pe, mine, scaling, style, policy)
            book["contracts"][(exch, kind, code, pe, one.findtext("o"), value(one, "k"))] = entry


def contract(
    one: Any, link: Any, pe: str, cvf: Fraction, sc: Fraction, premium: bool, policy: dict[str, str]
) -> dict[str, Any]:
    array = of_rate(one, "ra", policy["rate"])
    return {
        "cc": link[0],
        "pe": pe,
        "sc": sc * link[2],
        "a": None if array is None else [Fraction(a.text.strip()) for a in array.findall("a")],
        "d": None if array is None else value(array, "d"),
        "worth": value(one, "p") * cvf if premium else Fraction(0),
        "option": one.tag == "opt",
        "side": one.findtext("o", ""),
    }


def offer_range(
    book: Book, link: Any, kind: str, pe: str, one: Any, sc: Fraction, policy: Any, price: Any, cvf: Any
) -> None:
    rate = of_rate(one, "scanRate", policy["rate"])
    if rate is None:
        return
    psr = (
        value(rate, "priceScan")
        if rate.find("priceScan") is not None
        else value(rate, "priceScanPct") / 100 * price * cvf
    )
    ranges = book["ranges"][(link[0], pe)]
    ranges.append((["FUT", "PHY", "OPT"].index(kind), link[1], len(ranges), psr / sc))


def losses(held: list[tuple[dict[str, Any], Fraction]]) -> list[Fraction]:
    return [sum((q * c["a"][s] for c, q in held), Fraction(0)) for s in range(16)]


def scan(book: Book, cc: Any, held: list[Any], rate: str) -> tuple[Fraction, Fraction, Fraction]:
    tiers = cc.findall("scanTiers/tier")
    blocks = defaultdict(list)
    for c, q in held:
        blocks[next((n for n, t in enumerate(tiers) if inside(t, c["pe"])), -1)].append((c, q))
    pairs = list(PAIR)
    points = of_rate(book["org"], "pointDef", rate)
    for point in points.findall("scanPointDef") if points is not None else []:
        if point.findtext("pairedPoint"):
            pairs[int(point.findtext("point")) - 1] = int(point.findtext("pairedPoint"))
    total = [Fraction(0)] * 3
    for block in blocks.values():
        loss = losses(block)
        top = max(loss)
        first, second = loss[0], loss[1]
        partner = loss[pairs[loss.index(top)] - 1]
        parts = (Fraction(0), (first - second) / 2) if top < 0 else (top, (top - partner) / 2)
        total = [total[0] + parts[0], total[1] + (first + second) / 2, total[2] + parts[1]]
    return total[0], total[1], total[2]


def money(x: Fraction, decimals: int, mode: str) -> Fraction:
    scaled = x * 10**decimals
    whole = abs(scaled.numerator) // scaled.denominator
    rest = abs(scaled) - whole
    if mode == "half_up":
        whole += rest >= Fraction(1, 2)
    elif mode == "up":
        whole += rest > 0
    else:
        digits = Decimal(whole) + (Decimal("0.5") if rest == Fraction(1, 2) else Decimal("0.25"))
        whole = int(digits.quantize(Decimal(1), MODES[mode])) if rest <= Fraction(1, 2) else whole + 1
    return Fraction(whole if x >= 0 else -whole, 10**decimals)


def wfpr(
    book: Book, code: str, price: Fraction, net: dict[str, Fraction], policy: dict[str, str]
) -> Fraction:
    total = sum(net.values(), Fraction(0))
    if price <= 0 or total == 0:
        return Fraction(0)
    method = book["ccs"][code].findtext("wfprMeth") or policy["wfpr_default"]
    ranges = book["ranges"].get((code, min(net, key=key)))
    if method == "NORMAL" or not ranges:
        return price / abs(total)
    found: Fraction = min(ranges)[3]
    return found if method == "SCANRANGE" else min(price / abs(total), found)


def eat(rem: dict[str, Fraction], codes: list[str], amount: Fraction, sign: int) -> None:
    for code in sorted(codes, key=key):
        if code in rem and rem[code] * sign > 0:
            taken = min(abs(rem[code]), amount)
            rem[code] -= sign * taken
            amount -= taken


def whole_spreads(n: Fraction, policy: dict[str, str]) -> Fraction:
    if policy["spread_rounding"] == "none":
        return n
    unit = 10 ** (0 if policy["spread_rounding"] == "floor" else int(policy["spread_rounding"]))
    return Fraction(int(n * unit), unit)


def merged(spread: Any) -> dict[tuple[str, str, str, str], Fraction]:
    legs: dict[tuple[str, str, str, str], Fraction] = defaultdict(Fraction)
    for leg in legs_of(spread):
        where = leg.findtext("tn", "") if leg.tag == "tLeg" else period(leg.findtext("pe"))
        legs[(leg.tag, leg.findtext("cc"), where, leg.findtext("rs"))] += value(leg, "i")
    return dict(legs)


def legs_of(spread: Any) -> list[Any]:
    return [child for child in spread if child.tag in ("tLeg", "pLeg")]


def leg_rate(leg: Any, spread: Any, rate: str) -> Fraction:
    own = of_rate(leg, "rate", rate)
    return value(own if own is not None else of_rate(spread, "rate", rate), "val")


def intra(cc: Any, rem: dict[str, Fraction], weighted: Fraction, policy: dict[str, str]) -> Fraction:
    spreads = sorted(cc.findall("dSpread"), key=lambda s: int(s.findtext("spread")))
    if policy["intra_order"] == "series_first":
        spreads.sort(key=lambda s: s.find("tLeg") is not None)
    charge = Fraction(0)
    for spread in spreads:
        for long_side in "AB":
            views = []
            for (kind, _, where, side), ratio in merged(spread).items():
                codes = [where]
                if kind == "tLeg":
                    tier = next(t for t in cc.findall("intraTiers/tier") if t.findtext("tn") == where)
                    codes = [code for code in rem if inside(tier, code)]
                sign = 1 if side == long_side else -1
                there = sum((abs(rem[c]) for c in codes if c in rem and rem[c] * sign > 0), Fraction(0))
                views.append((codes, sign, ratio, there))
            n = whole_spreads(min(there / ratio for _, _, ratio, there in views), policy)
            if n <= 0:
                continue
            if spread.findtext("chargeMeth") == "W":
                for leg in legs_of(spread):
                    charge += n * value(leg, "i") * weighted * leg_rate(leg, spread, policy["rate"]) / 100
            else:
                charge += n * value(of_rate(spread, "rate", policy["rate"]), "val")
            for codes, sign, ratio, _ in views:
                eat(rem, codes, n * ratio, sign)
    return charge


def spot(cc: Any, net: dict[str, Fraction], rem: dict[str, Fraction], rate: str) -> Fraction:
    charge = Fraction(0)
    for one in cc.findall("spotRate"):
        pe = period(one.findtext("pe"))
        if one.findtext("r") == rate and pe in net and cc.findtext("spotMeth") not in ("NONE", "0"):
            charge += abs(net[pe] - rem[pe]) * value(one, "sprd") + abs(rem[pe]) * value(one, "outr")
    return charge


def inter(
    book: Book, rems: dict[str, Any], weights: dict[str, Fraction], policy: dict[str, str]
) -> dict[str, Fraction]:
    credit: dict[str, Fraction] = defaultdict(Fraction)
    spreads = [s for s in book["org"].findall("interSpreads/dSpread") if s.findtext("spread")]
    for spread in sorted(spreads, key=lambda s: int(s.findtext("spread"))):
        legs = merged(spread)
        if any(cc not in rems for _, cc, _, _ in legs):
            continue
        views = []
        for (kind, cc, where, side), ratio in legs.items():
            codes = [where]
            if kind == "tLeg":
                tiers = book["ccs"][cc].findall("interTiers/tier")
                whole = where in ("", "0") or (where == "1" and not tiers)
                codes = [
                    c
                    for c in rems[cc]
                    if whole or any(t.findtext("tn") == where and inside(t, c) for t in tiers)
                ]
            x = sum((rems[cc].get(code, Fraction(0)) for code in codes), Fraction(0))
            views.append((cc, codes, ratio, x, 1 if side == "A" else -1))
        if (
            any(x == 0 for _, _, _, x, _ in views)
            or len({(x > 0) == (side > 0) for _, _, _, x, side in views}) > 1
        ):
            continue
        n = whole_spreads(min(abs(x) / ratio for _, _, ratio, x, _ in views), policy)
        if n <= 0:
            continue
        for leg in legs_of(spread):
            rate, cc = leg_rate(leg, spread, policy["rate"]), leg.findtext("cc")
            w = spread.findtext("chargeMeth") == "W"
            credit[cc] += n * value(leg, "i") * weights[cc] * rate / 100 if w else n * rate
        for cc, codes, ratio, x, _ in views:
            eat(rems[cc], codes, n * ratio, 1 if x > 0 else -1)
    return credit


def minimum(cc: Any, held: list[Any], rate: str) -> Fraction:
    by_tier: dict[int, list[Fraction]] = defaultdict(lambda: [Fraction(0), Fraction(0)])
    tiers = cc.findall("somTiers/tier")
    for c, q in held:
        if c["option"] and q < 0:
            found = next((n for n, t in enumerate(tiers) if inside(t, c["pe"])), None)
            if found is not None:
                named = of_rate(tiers[found], "rate", rate)
                each = value(named, "val") if named is not None else Fraction(0)
                by_tier[found][c["side"] == "P"] += -q * each
    larger = cc.findtext("somMeth") == "MAX"
    return sum((max(both) if larger else sum(both) for both in by_tier.values()), Fraction(0))


def ratio(cc: Any, rate: str, selected: str) -> Fraction:
    factor = Fraction(1)
    while True:
        found = next((a for a in cc.findall("adjRate") if a.findtext("r") == rate), None)
        if found is None:
            return factor
        factor *= value(found, "val")
        if found.findtext("baseR") in (rate, selected):
            return factor
        rate = found.findtext("baseR")


def initial_rate(book: Book, policy: dict[str, str]) -> str:
    if policy["initial_rate"] != "auto":
        return policy["initial_rate"]
    classes = book["org"].findall("pbRateDef")
    own = next((c for c in classes if c.findtext("r") == policy["rate"]), None)
    for c in classes if own is not None else []:
        same = all(c.findtext(name) == own.findtext(name) for name in ("isCust", "acctType"))
        if same and c.findtext("isM") == "0":
            return str(c.findtext("r"))
    return policy["rate"]


def capped(book: Book, cc: Any, policy: dict[str, str]) -> bool:
    if policy["cap_anov"] != "file":
        return policy["cap_anov"] == "true"
    flags = [one.findtext("capAnov") for one in (cc, book["org"]) if one.find("capAnov") is not None]
    return flags[0] == "1" if flags else policy["cap_anov_default"] == "true"


def margin(book: Book, account: Account, policy: dict[str, str]) -> dict[str, Any]:
    """Everything of one account; money as fractions that are whole minor units."""
    held: dict[str, list[Any]] = defaultdict(list)
    for name, quantity in account.items():
        if quantity:
            held[book["contracts"][name]["cc"]].append((book["contracts"][name], quantity))
    out, rems, weights, nets = {}, {}, {}, {}
    for code in sorted(held):
        out[code], nets[code], rems[code] = before_inter(book, code, held[code], policy)
        weights[code] = out[code]["wfpr"]
    credit = inter(book, rems, weights, policy)
    for code in out:
        after_inter(book, code, held[code], out[code], credit[code], (nets[code], rems[code]), policy)
    names = ("risk", "nov", "requirement", "initial_risk", "initial_requirement")
    totals: dict[str, dict[str, Fraction]] = {}
    for one in out.values():
        total = totals.setdefault(one["currency"], dict.fromkeys(names, Fraction(0)))
        for name in names:
            total[name] += one[name]
    for total in totals.values():
        for name in ("requirement", "initial_requirement"):
            total[name] = max(total[name], Fraction(0))
    return {"ccs": out, "totals": totals}


def before_inter(book: Book, code: str, held: list[Any], policy: dict[str, str]) -> tuple[Any, Any, Any]:
    cc = book["ccs"][code]
    decimals = book["decimals"].get(cc.findtext("currency"), 2)
    parts = scan(book, cc, held, policy["rate"])
    if policy["rounding_stage"] == "component":
        parts = tuple(money(part, decimals, policy["rounding_mode"]) for part in parts)
    price = max(parts[0] - parts[1] - parts[2], Fraction(0))
    net: dict[str, Fraction] = defaultdict(Fraction)
    for c, q in held:
        net[c["pe"]] += q * c["d"] * c["sc"]
    if policy["delta_decimals"] != "none":
        for pe in net:
            net[pe] = money(net[pe], int(policy["delta_decimals"]), "half_up")
    weighted = wfpr(book, code, price, net, policy)
    rem = dict(net)
    loss = losses(held)
    one = {
        "currency": cc.findtext("currency"),
        "scan_risk": parts[0],
        "active_scenario": loss.index(max(loss)) + 1,
        "time_risk": parts[1],
        "volatility_risk": parts[2],
        "price_risk": price,
        "wfpr": weighted,
        "net_delta_by_period": dict(net),
        "intra_charge": intra(cc, rem, weighted, policy),
        "spot_charge": Fraction(0),
    }
    if policy["spot_after"] == "intra":
        one["spot_charge"] = spot(cc, net, rem, policy["rate"])
    return one, dict(net), rem


def after_inter(
    book: Book,
    code: str,
    held: list[Any],
    one: dict[str, Any],
    credit: Fraction,
    deltas: Any,
    policy: dict[str, str],
) -> None:
    cc = book["ccs"][code]
    decimals = book["decimals"].get(cc.findtext("currency"), 2)
    if policy["spot_after"] == "inter":
        one["spot_charge"] = spot(cc, *deltas, policy["rate"])
    one["inter_credit"] = credit
    one["som"] = minimum(cc, held, policy["rate"])
    worth = sum((q * c["worth"] for c, q in held), Fraction(0))
    if policy["rounding_stage"] == "component":
        for name in ("intra_charge", "spot_charge", "inter_credit", "som"):
            one[name] = money(one[name], decimals, policy["rounding_mode"])
        worth = money(worth, decimals, policy["rounding_mode"])
    total = one["scan_risk"] + one["intra_charge"] + one["spot_charge"] - one["inter_credit"]
    base = max(total, one["som"])
    cap = capped(book, cc, policy)
    one["nov"] = money(worth, decimals, policy["rounding_mode"])
    for name, rate in (("", policy["rate"]), ("initial_", initial_rate(book, policy))):
        risk = base * ratio(cc, rate, policy["rate"])
        need = risk - (min(worth, risk) if cap else worth)
        one[f"{name}risk"] = money(risk, decimals, policy["rounding_mode"])
        one[f"{name}requirement"] = money(need, decimals, policy["rounding_mode"])
