"""The margin of an account by SPAN, exact, with every step (span-rules.md, sections 4 to 10).

    positions -> by commodity: losses -> scan, time, volatility, price -> WFPR -> intra, spot
              -> across commodities: inter credits
              -> by commodity: short option minimum, option value, ratios, five rounded figures
              -> totals by currency

Everything is a Fraction until the five figures are rounded. This is what `--explain` shows; `kernels` compute
the same figures for many accounts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from novate.clearing.margin.span.contracts import contract_name
from novate.clearing.margin.span.deltas import ZERO, NetDelta
from novate.clearing.margin.span.model import Commodity, Side
from novate.clearing.margin.span.numbers import rounded
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.clearing.margin.span.result import AccountRisk, CommodityRisk, Figures
from novate.clearing.margin.span.scan import Scan, active, losses, scan_of
from novate.clearing.margin.span.spreads import Held, charge_intra, charge_spot, credit_inter
from novate.clearing.margin.span.tables import Tables

Position = tuple[int, Fraction]
"""Row of the contract, and the net quantity, which is not zero."""


class SpanMargin:
    """Margin by one parameter file under one policy."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.parameters = tables.parameters
        self.policy = tables.policy
        self._number = {one.code: number for number, one in enumerate(self.parameters.commodities)}
        self._periods = {code: number for number, code in enumerate(self.parameters.periods)}

    def margin(self, account: str, positions: Mapping[int, Fraction]) -> AccountRisk:
        """Margin of net positions by contract row. SpanProblem for a contract that cannot be margined."""
        result = AccountRisk(account)
        by_commodity: dict[int, list[Position]] = {}
        for row, quantity in sorted(positions.items()):
            if quantity:
                by_commodity.setdefault(int(self.tables.commodity[row]), []).append((row, quantity))
        held: dict[int, Held] = {}
        for number in sorted(by_commodity, key=lambda one: self.parameters.commodities[one].code):
            risk, held[number] = self._scanned(number, by_commodity[number])
            result.commodities[risk.code] = risk
        result.inter_spreads = credit_inter(held, self.parameters.inter_spreads, self._periods, self.policy)
        for number, one in held.items():
            risk = result.commodities[one.commodity.code]
            self._finish(risk, one, by_commodity[number])
        result.totals = _totals(result.commodities.values())
        return result

    def _scanned(self, number: int, positions: list[Position]) -> tuple[CommodityRisk, Held]:
        """Scan risk, delta, WFPR and intra charge of one commodity."""
        commodity = self.parameters.commodities[number]
        decimals = self.parameters.decimals_of(commodity.currency)
        loss = self._losses(positions)
        scan = self._scan(commodity, positions, loss)
        if self.policy.rounding_stage == "component":
            scan = Scan(
                *(self._component(part, decimals) for part in (scan.scan, scan.time, scan.volatility))
            )
        price = max(scan.scan - scan.time - scan.volatility, ZERO)
        delta = self._net_delta(positions)
        wfpr = self._wfpr(number, price, delta)
        held = Held(commodity, delta, wfpr)
        formed = charge_intra(held, self.tables.intra[number], self._periods, self.policy)
        worst = active(loss)
        risk = CommodityRisk(
            code=commodity.code,
            currency=commodity.currency,
            decimals=decimals,
            losses=tuple(loss),
            scan_risk=scan.scan,
            active_scenario=worst + 1,
            paired_scenario=self.parameters.pairs[worst] + 1,
            time_risk=scan.time,
            volatility_risk=scan.volatility,
            price_risk=price,
            wfpr_method=self.tables.method(commodity),
            wfpr=wfpr,
            net_delta=self._by_code(delta.net),
            intra_spreads=formed,
            intra_charge=sum((one.charge for one in formed), ZERO),
            remaining_after_intra=self._by_code(delta.rem),
        )
        if self.policy.spot_after == "intra":
            risk.spot_charge = charge_spot(held, self._periods)
        return risk, held

    def _losses(self, positions: Iterable[Position]) -> list[Fraction]:
        array = self.parameters.contracts.array
        return losses(self.parameters.arrays, [(int(array[row]), quantity) for row, quantity in positions])

    def _scan(self, commodity: Commodity, positions: list[Position], loss: list[Fraction]) -> Scan:
        """The sum over blocks: one per scan tier, and one for what no tier holds."""
        if not commodity.scan_tiers:
            return scan_of(loss, self.parameters.pairs)
        blocks: dict[int, list[Position]] = {}
        for row, quantity in positions:
            key = self.tables.keys[int(self.tables.delta_period[row])]
            place = next((at for at, tier in enumerate(commodity.scan_tiers) if tier.holds(key)), -1)
            blocks.setdefault(place, []).append((row, quantity))
        scans = (scan_of(self._losses(block), self.parameters.pairs) for block in blocks.values())
        return sum(scans, Scan(ZERO, ZERO, ZERO))

    def _net_delta(self, positions: Iterable[Position]) -> NetDelta:
        contracts = self.parameters.contracts
        net: dict[int, Fraction] = {}
        for row, quantity in positions:
            period = int(self.tables.delta_period[row])
            delta = quantity * contracts.delta.value(row) * contracts.scaling.value(row)
            net[period] = net.get(period, ZERO) + delta
        if self.policy.delta_decimals != "none":
            places = int(self.policy.delta_decimals)
            net = {period: Fraction(rounded(value, places), 10**places) for period, value in net.items()}
        return NetDelta(net, self.tables.keys)

    def _wfpr(self, number: int, price: Fraction, delta: NetDelta) -> Fraction:
        """Weighted futures price risk; section 7."""
        total = sum(delta.net.values(), ZERO)
        if price <= 0 or total == 0:
            return ZERO
        per_delta = Fraction(price, abs(total))
        method = self.tables.method(self.parameters.commodities[number])
        scan_range = self.tables.ranges.get((number, next(iter(delta.net))))
        if method == "NORMAL" or scan_range is None:
            return per_delta
        return scan_range if method == "SCANRANGE" else min(per_delta, scan_range)

    def _finish(self, risk: CommodityRisk, held: Held, positions: list[Position]) -> None:
        """Everything after the spreads of one commodity; section 9 and 10."""
        commodity = held.commodity
        if self.policy.spot_after == "inter":
            risk.spot_charge = charge_spot(held, self._periods)
        risk.remaining_final = self._by_code(held.delta.rem)
        risk.inter_credit = held.credit
        risk.som = self._short_option_minimum(commodity, positions)
        risk.option_value = self._option_value(positions)
        if self.policy.rounding_stage == "component":
            for name in ("intra_charge", "spot_charge", "inter_credit", "som", "option_value"):
                setattr(risk, name, self._component(getattr(risk, name), risk.decimals))
        spread_risk = risk.scan_risk + risk.intra_charge + risk.spot_charge - risk.inter_credit
        risk.base = max(spread_risk, risk.som)
        risk.ratio, risk.initial_ratio = self.tables.ratios[self._number[risk.code]]
        risk.is_capped = self.tables.is_capped(commodity)
        maintenance, initial = risk.base * risk.ratio, risk.base * risk.initial_ratio
        risk.figures = Figures(
            risk=self._rounded(maintenance, risk),
            nov=self._rounded(risk.option_value, risk),
            requirement=self._rounded(_required(maintenance, risk), risk),
            initial_risk=self._rounded(initial, risk),
            initial_requirement=self._rounded(_required(initial, risk), risk),
        )

    def _short_option_minimum(self, commodity: Commodity, positions: Iterable[Position]) -> Fraction:
        calls: dict[int, Fraction] = {}
        puts: dict[int, Fraction] = {}
        for row, quantity in positions:
            if quantity < 0 and self.tables.is_option[row]:
                key = self.tables.keys[int(self.tables.delta_period[row])]
                place = next((at for at, tier in enumerate(commodity.som_tiers) if tier.holds(key)), -1)
                rate = commodity.som_tiers[place].rate if place >= 0 else None
                side = calls if self.parameters.contracts.side[row] == Side.CALL else puts
                side[place] = side.get(place, ZERO) - quantity * (rate or ZERO)
        combine = max if commodity.takes_larger_side else _sum
        places = calls.keys() | puts.keys()
        return sum((combine(calls.get(place, ZERO), puts.get(place, ZERO)) for place in places), ZERO)

    def _option_value(self, positions: Iterable[Position]) -> Fraction:
        contracts = self.parameters.contracts
        value = ZERO
        for row, quantity in positions:
            if self.tables.is_premium[row]:
                value += quantity * contracts.price.value(row) * contracts.factor.value(row)
        return value

    def _component(self, value: Fraction, decimals: int) -> Fraction:
        return Fraction(rounded(value, decimals, self.policy.rounding_mode), 10**decimals)

    def _rounded(self, value: Fraction, risk: CommodityRisk) -> int:
        return rounded(value, risk.decimals, self.policy.rounding_mode)

    def _by_code(self, by_period: Mapping[int, Fraction]) -> dict[str, Fraction]:
        return {self.parameters.periods[period]: value for period, value in by_period.items()}


def check_positions(tables: Tables, rows: Iterable[int]) -> dict[int, SpanProblem]:
    """Contracts that are in the file but cannot be held by an account that is to be margined."""
    contracts = tables.parameters.contracts
    found: dict[int, SpanProblem] = {}
    for row in rows:
        name = contract_name(tables.parameters, row)
        if contracts.array[row] < 0:
            expected = f"a risk array of rate {tables.policy.rate}"
            found[row] = SpanProblem(Kind.MISSING_ARRAY, name, expected, "none")
        elif tables.is_premium[row] and not contracts.has_price[row]:
            found[row] = SpanProblem(Kind.SCHEMA, name, "a price (p) of the option held", "none")
    return found


def _required(risk: Fraction, commodity: CommodityRisk) -> Fraction:
    value = commodity.option_value
    return risk - (min(value, risk) if commodity.is_capped else value)


def _sum(one: Fraction, other: Fraction) -> Fraction:
    return one + other


def _totals(commodities: Iterable[CommodityRisk]) -> dict[str, Figures]:
    """Sums of the rounded figures by currency, ascending; the requirements at least zero."""
    sums: dict[str, list[int]] = {}
    for one in commodities:
        figures = one.figures
        total = sums.setdefault(one.currency, [0] * 5)
        for place, name in enumerate(Figures.__dataclass_fields__):
            total[place] += getattr(figures, name)
    return {
        currency: Figures(risk, nov, max(0, required), initial, max(0, initially))
        for currency, (risk, nov, required, initial, initially) in sorted(sums.items())
    }
