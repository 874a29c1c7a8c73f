"""From a derived day to what `report.html` shows: names for numbers, the largest first, links between rows.

ClearingResult, fills, market day, facts of the run --> DayReport --> page
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from novate.app.run_derivation import Derivation
from novate.app.run_rows import obligation_rows, trade_rows
from novate.app.run_summary import CurrencyFlow, MemberCash, Rows
from novate.clearing.fills import Fills
from novate.clearing.house import ClearingResult
from novate.clearing.obligations import Obligation
from novate.domain.codes import Reject, RowReject
from novate.domain.configuration import Configuration
from novate.domain.resolve import market_scales, venue_terms
from novate.reports.figures import plural
from novate.reports.market_day import MarketFace
from novate.reports.model import (
    CashCell,
    CurrencyNetting,
    DayReport,
    Digest,
    MemberNetting,
    Refusal,
)

SHOWN_MARKETS = 8
SHOWN_OBLIGATIONS = 500
SHOWN_LINES = 500


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says that does not follow from the journal."""

    source: str
    version: str
    rows: Rows
    orders: int
    refusals: dict[str, int]
    comparison: list[str]
    notes: list[str]
    state_root: str
    journal_root: str
    digests: list[Digest]


class NetTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of the day that several places show."""

    trades: int
    legs: int
    obligations: int
    members: int


def totals(cleared: ClearingResult) -> NetTotals:
    """Trades that are delivered, their legs, and what is left of them."""
    delivered = cleared.delivery.in_force - cleared.delivery.undelivered
    return NetTotals(
        trades=delivered,
        legs=2 * delivered,
        obligations=len(cleared.obligations),
        members=len({one.member for one in cleared.efficiency.members}),
    )


def clearing_notes(fills: Fills, cleared: ClearingResult) -> list[str]:
    """Why not every trade of the venue became legs, in sentences."""
    notes = []
    if cleared.delivery.undelivered:
        trades = plural(cleared.delivery.undelivered, "trade")
        notes.append(f"{trades} of futures and perpetuals made positions and no obligations.")
    if len(fills.internal_trade_ids):
        trades = plural(len(fills.internal_trade_ids), "trade")
        notes.append(f"{trades} between accounts of one clearing party needed no novation.")
    if cleared.delivery.rejected:
        trades = plural(cleared.delivery.rejected, "trade")
        reasons = sorted({refusal.reason for refusal in cleared.refusals})
        notes.append(f"{trades} refused by the clearing house: {', '.join(reasons)}.")
    return notes


def day_report(derivation: Derivation, fills: Fills, cleared: ClearingResult, facts: RunFacts) -> DayReport:
    """Everything that the page shows."""
    configuration = derivation.configuration
    counts = totals(cleared)
    series, lines = derivation.market_day.finish(market_faces(configuration), SHOWN_MARKETS)
    shown = _largest(cleared.obligations.rows)
    trades, behind = trade_rows(derivation, shown)
    return DayReport(
        name=configuration.name,
        business_date=configuration.business_date,
        source=facts.source,
        version=facts.version,
        rows_read=facts.rows.read,
        rows_refused=facts.rows.rejected,
        orders=facts.orders,
        orders_refused=len(derivation.refusals),
        trades=counts.trades,
        legs=counts.legs,
        obligation_count=counts.obligations,
        members=counts.members,
        first_sequence=1,
        last_sequence=derivation.last_sequence,
        state_root=facts.state_root,
        journal_root=facts.journal_root,
        currencies=tuple(currency_nettings(cleared, configuration)),
        cash=tuple(CashCell(**msgspec.structs.asdict(cell)) for cell in member_cash(cleared, configuration)),
        markets=tuple(series),
        market_lines=tuple(lines[:SHOWN_LINES]),
        market_count=len(lines),
        obligations=tuple(obligation_rows(shown, behind, configuration)),
        trade_rows=tuple(trades),
        refusals=tuple(_refusal_rows(facts.refusals)),
        executions=derivation.executions,
        comparison_title=facts.comparison[0] if facts.comparison else "",
        comparison=tuple(facts.comparison[1:]),
        notes=(*facts.notes, *clearing_notes(fills, cleared)),
        digests=tuple(facts.digests),
    )


def _largest(rows: Sequence[Obligation]) -> list[Obligation]:
    """The obligations with the largest amounts, in the order of the file."""
    ranked = sorted(range(len(rows)), key=lambda place: (-rows[place].amount_minor, place))
    return [rows[place] for place in sorted(ranked[:SHOWN_OBLIGATIONS])]


def market_faces(configuration: Configuration) -> list[MarketFace]:
    """How each market's integers are written, by market number."""
    terms = venue_terms(configuration)
    return [
        MarketFace(
            symbol=instrument.symbol,
            currency=instrument.currency,
            digits=configuration.currencies[instrument.currency].digits,
            tick_units=scale.tick_units,
            price_digits=scale.price_digits,
            lot_units=scale.lot_units,
            quantity_digits=scale.quantity_digits,
            notional_multiplier=market.notional_multiplier,
        )
        for instrument, scale, market in zip(
            configuration.instruments, market_scales(configuration).values(), terms.markets, strict=True
        )
    ]


def currency_nettings(cleared: ClearingResult, configuration: Configuration) -> list[CurrencyNetting]:
    """The netting funnel of each currency; the accounts of a member are added up."""
    found: dict[str, dict[str, MemberNetting]] = {}
    for one in cleared.efficiency.members:
        members = found.setdefault(one.ccy, {})
        before = members.get(
            one.member, MemberNetting(member=one.member, legs=0, obligations=0, gross_minor=0, net_minor=0)
        )
        members[one.member] = MemberNetting(
            member=one.member,
            legs=before.legs + one.legs,
            obligations=before.obligations + one.rows,
            gross_minor=before.gross_minor + one.gross_pay + one.gross_receive,
            net_minor=before.net_minor + one.net_pay + one.net_receive,
        )
    return [
        CurrencyNetting(
            currency=currency,
            digits=configuration.currencies[currency].digits,
            members=tuple(found[currency].values()),
        )
        for currency in sorted(found)
    ]


def currency_flows(cleared: ClearingResult, configuration: Configuration) -> list[CurrencyFlow]:
    """The sums of the netting funnel, for the summary."""
    return [
        CurrencyFlow(
            currency=netting.currency,
            digits=netting.digits,
            legs=sum(member.legs for member in netting.members),
            obligations=sum(member.obligations for member in netting.members),
            gross_minor=sum(member.gross_minor for member in netting.members),
            net_minor=sum(member.net_minor for member in netting.members),
        )
        for netting in currency_nettings(cleared, configuration)
    ]


def member_cash(cleared: ClearingResult, configuration: Configuration) -> list[MemberCash]:
    """Net cash by member, settlement date and currency; what is zero is left out."""
    sums: dict[tuple[str, str, str], int] = {}
    for row in cleared.obligations.rows:
        key = row.member, row.settle_date, row.ccy
        sums[key] = sums.get(key, 0) + row.signed_amount
    return [
        MemberCash(
            member=member,
            settle_date=date,
            currency=currency,
            digits=configuration.currencies[currency].digits,
            amount_minor=amount,
        )
        for (member, date, currency), amount in sorted(sums.items())
        if amount
    ]


def _refusal_rows(refusals: dict[str, int]) -> list[Refusal]:
    """Refusals by reason, the commonest first; `file:NAME` or `venue:NAME` says where."""
    rows = []
    for key, count in sorted(refusals.items(), key=lambda item: (-item[1], item[0])):
        stage, _, name = key.partition(":")
        codes = RowReject if stage == "file" else Reject
        rows.append(Refusal(stage=stage, code=int(codes[name]), name=name, count=count))
    return rows
