"""What a clearing firm asks of its house: status, trades, positions, obligations, fails, ledger.

Numbers are integers of units and minor units; `Digits` says where the point stands. Nothing is journaled, so
that all of it can be asked beside a process that writes.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from novate.app.clearing_answers import SIDES, positions_json, status_json
from novate.app.clearing_day_log import told_day
from novate.app.clearing_deliveries import deliveries, newest_names
from novate.app.clearing_house import House
from novate.app.clearing_life import trade_life
from novate.app.obligation_files import obligations_of
from novate.app.problems import RefusedError
from novate.clearing.house_terms import day_text
from novate.clearing.queries import OpenIntent, PendingGiveUp
from novate.domain.clearing_codes import OpenReason
from novate.reports.clearing_statements import open_quantity
from novate.reports.day_rows import Row
from novate.reports.house_accounts import house_lines
from novate.reports.trial_balance import TrialLine, trial_balance

Json = dict[str, Any]


class OpenLot(msgspec.Struct, frozen=True, kw_only=True):
    """A lot of an open position, or an open trade of an instrument that is not netted, and its age."""

    member: str
    account: str
    source: str
    trade_id: str
    """Identity of a trade that settles by itself; member and account are empty then."""
    isin: str
    quantity: int
    """Signed as the member sees it; of a trade what its seller owes its buyer."""
    amount_minor: int
    """Of the whole position, which stands in its first lot; 0 in the others."""
    reason: str
    since: str
    settlement_days: int
    """Settlement days since (C39): 0 on its first day."""
    calendar_days: int


def status(house: House) -> Json:
    """Where the house stands."""
    plane, log = house.plane, house.log
    found = plane.house.positions()
    closed = sorted(place.parent.name for place in (house.root / "days").glob("*/day.json"))
    lots = open_lots(house)
    return {
        "name": house.configuration.name,
        "business_date": house.today,
        "next_business_date": day_text(house.days.next_house_day(plane.house.today)),
        "sequence": plane.sequence,
        "members": len({member for member, _ in plane.terms.parties} - {"CCP", "WORLD"}),
        "instruments": len(plane.terms.instruments),
        "today": {name: count for name, count in sorted(log.running.counts.items()) if name != "LEG"},
        "waiting_legs": sum(one.legs for one in found.waiting),
        "waiting_dates": sorted({day_text(one.due) for one in found.waiting}),
        "open_positions": len(found.open) + len(found.items),
        "fails": sum(lot.settlement_days > 0 for lot in lots),
        "buy_ins": [_intent(house, one) for one in plane.house.intents()],
        "give_ups": [_giveup(house, one) for one in plane.house.giveups()],
        "closed_dates": len(closed),
        "last_closed": closed[-1] if closed else "",
    }


def trade(house: House, source: str, trade_id: str) -> Json:
    """A trade: its state, its legs, everything that was delivered of it, and every transition of its life."""
    found = status_json(house.plane.house, source, trade_id)
    life = trade_life(house, source, trade_id)
    if life is None:
        raise RefusedError(f"trade {source} {trade_id}: expected one that was delivered, found none")
    told = [
        {"sequence": sequence, **{key: command[key] for key in command if key not in ("source", "trade_id")}}
        for sequence, command, _ in deliveries(house.plane, source, trade_id)
    ]
    return {
        "source": source,
        "trade_id": trade_id,
        "version": life.version,
        "state": found.get("state", life.state),
        "legs": found.get("legs", []),
        "deliveries": told,
        "transitions": msgspec.to_builtins(life.transitions),
    }


def source_of(house: House, trade_id: str) -> str:
    """The only source that has delivered a trade of that name. RefusedError for none or several."""
    sources = [one for one in house.plane.house.sources if house.plane.house.versions(one, trade_id)]
    if len(sources) == 1:
        return sources[0]
    if not sources:
        raise RefusedError(f"trade {trade_id}: expected one that was delivered, found none")
    raise RefusedError(
        f"trade {trade_id}: expected --source, because {', '.join(sources)} have one of that name"
    )


def newest_trades(house: House, most: int) -> list[Json]:
    """The trades that were delivered last, the newest first, with their states; refused ones left out."""
    found = []
    for source, trade_id in newest_names(house.plane, most):
        one = status_json(house.plane.house, source, trade_id)
        if one["ev"] != "REJECTED":
            found.append({key: one[key] for key in ("source", "trade_id", "version", "state")})
    return found


def positions(house: House) -> Json:
    """Open and waiting positions (C49)."""
    found = positions_json(house.plane.house)
    return {name: found[name] for name in ("open", "items", "waiting")}


def obligations(house: House, date: str | None = None) -> list[Json]:
    """The obligations of a date: of the running one with what has settled, of a closed one by its files,
    of a date to come as the nets that wait for it. RefusedError for one that the house does not know."""
    wanted = date or house.today
    if wanted == house.today:
        return [
            _running(row)
            for row in told_day(house.whole_day(), house.plane.house, house.names.quantity_digits).rows
        ]
    if wanted > house.today:
        return [one for one in _to_come(house) if one["settle_date"] == wanted]
    folder = house.root / "days" / wanted
    if not folder.is_dir():
        raise RefusedError(f"{wanted}: expected a date that this house has closed, found no {folder}")
    return [
        msgspec.to_builtins(row) for path in sorted(folder.glob("obligations-*.csv")) for row in _read(path)
    ]


def outstanding(house: House) -> list[Json]:
    """The obligations of the running date, then the nets that wait for dates to come, by date."""
    return [*obligations(house), *sorted(_to_come(house), key=lambda one: one["settle_date"])]


def open_lots(house: House) -> list[OpenLot]:
    """Everything that is open, by instrument and party, then trades; each lot with its age."""
    found = house.plane.house.positions()
    names = house.plane.terms
    lots = []
    for one in found.open:
        member, account = names.parties[one.party]
        sign = -1 if one.quantity < 0 else 1
        for place, (since, quantity) in enumerate(one.lots or [(house.plane.house.today, 0)]):
            amount = one.amount if place == 0 else 0
            owner = {"member": member, "account": account, "source": "", "trade_id": ""}
            lots.append(_lot(house, owner, one.instrument, sign * quantity, amount, since, one.reason))
    for item in found.items:
        owner = {
            "member": "",
            "account": "",
            "source": item.source.decode(),
            "trade_id": item.trade_id.decode(),
        }
        lots.append(_lot(house, owner, item.instrument, item.quantity, item.amount, item.since, item.reason))
    return lots


def fails(house: House) -> list[OpenLot]:
    """What should have settled on an earlier date, the oldest first."""
    late = [lot for lot in open_lots(house) if lot.settlement_days > 0]
    return sorted(late, key=lambda lot: (lot.since, lot.isin, lot.member, lot.account, lot.trade_id))


def trial(house: House) -> list[TrialLine]:
    """The ledger's accounts as they stand."""
    plane = house.plane
    return list(trial_balance(plane.house.ledger, plane.terms, plane.house.today).lines())


def beancount(house: House) -> list[str]:
    """The whole ledger as lines of beancount text; days are business dates."""
    return [*house_lines(house.plane.house)]


def _lot(
    house: House, owner: dict[str, str], instrument: int, quantity: int, amount: int, since: int,
    reason: OpenReason,
) -> OpenLot:  # fmt: skip
    today = house.plane.house.today
    return OpenLot(
        **owner,
        isin=house.plane.terms.instruments[instrument].name,
        quantity=quantity,
        amount_minor=amount,
        reason=reason.name,
        since=day_text(since),
        settlement_days=house.days.age(instrument, since, today),
        calendar_days=today - since,
    )


def _intent(house: House, one: OpenIntent) -> Json:
    member, account = house.plane.terms.parties[one.party]
    isin = house.plane.terms.instruments[one.instrument].name
    return {"intent": one.number, "member": member, "account": account, "isin": isin, "qty": one.left,
            "since": day_text(one.day)}  # fmt: skip


def _giveup(house: House, one: PendingGiveUp) -> Json:
    member, account = house.plane.terms.parties[one.to]
    return {"giveup": one.number, "source": one.source.decode(), "trade_id": one.trade_id.decode(),
            "side": SIDES[one.side], "member": member, "account": account}  # fmt: skip


def _running(row: Row) -> Json:
    return {
        **{
            name: getattr(row, name)
            for name in ("obligation_id", "cycle", "member", "account", "isin", "ccy", "type")
        },
        "settle_date": row.cycle.partition("/")[0],
        "quantity": row.quantity,
        "amount_minor": row.amount_minor,
        "gross_legs": row.gross_legs,
        "settled_quantity": row.settled_quantity,
        "open_quantity": open_quantity(row),
    }


def _to_come(house: House) -> Iterator[Json]:
    terms = house.plane.terms
    for one in house.plane.house.waiting_nets():
        instrument = terms.instruments[one.instrument]
        member, account = terms.parties[one.party]
        yield {
            "settle_date": day_text(one.due), "member": member, "account": account, "isin": instrument.name,
            "ccy": terms.currencies[instrument.currency].name, "quantity": one.quantity,
            "amount_minor": one.amount, "gross_legs": one.legs,
        }  # fmt: skip


def _read(path: Path) -> list[Any]:
    rows = []
    for row in obligations_of(path, path.read_bytes()).rows:
        signed = {"quantity": row.signed_quantity, "amount_minor": row.signed_amount}
        kept = (
            "obligation_id",
            "cycle",
            "settle_date",
            "member",
            "account",
            "isin",
            "ccy",
            "type",
            "gross_legs",
        )
        rows.append({**{name: getattr(row, name) for name in kept}, **signed})
    return rows


def date_of(text: str) -> str:
    """An ISO date as it was written. RefusedError for anything else."""
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise RefusedError(f'date: expected one such as 2026-10-12, was "{text}"') from None
