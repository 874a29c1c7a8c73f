"""The obligation file: canonical CSV, the same bytes from the same trades on any machine (C22, C25).

    obligation_id,cycle,settle_date,member,account,isin,movement,quantity,pay,amount_minor,ccy,type,...
    63894ac6c6459f91,2026-03-03/N1,2026-03-03,A,HOUS,ACME,DELI,60,CRDT,60,USD,NEW1,2,30b64d44744f...
    ...                                                                body: header and rows, LF after each
    #isin,ACME,USD,0,3,60,60,0                                         footer: control totals, # before each
    #sha256,5f0c...                                                    digest of the body

Rows are sorted by (settle_date, ccy, member, account, isin). The body is what C25 digests; readers that do
not want the footer skip lines that begin with `#`. `docs/obligation-file.md` describes every line.
"""

from __future__ import annotations

import datetime
from functools import lru_cache
from hashlib import sha256

import msgspec

from novate.clearing.leaves import lines_root
from novate.clearing.netting import Nets
from novate.clearing.terms import ClearingTerms

FOOTER_FORM = 1


class Obligation(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One row; the fields are the columns, in their order (C22)."""

    obligation_id: str
    cycle: str
    settle_date: str
    member: str
    account: str
    isin: str
    movement: str
    """RECE receives, DELI delivers, NONE neither."""
    quantity: int
    pay: str
    """CRDT is paid, DEBT pays, NONE neither."""
    amount_minor: int
    ccy: str
    type: str
    gross_legs: int
    trade_root_hash: str

    @property
    def signed_quantity(self) -> int:
        return -self.quantity if self.movement == "DELI" else self.quantity

    @property
    def signed_amount(self) -> int:
        return -self.amount_minor if self.pay == "DEBT" else self.amount_minor


COLUMNS = Obligation.__struct_fields__
HEADER = ",".join(COLUMNS) + "\n"


class CycleFile(msgspec.Struct, frozen=True):
    """FILE of C25 for one cycle, and the Merkle root over its lines."""

    cycle: str
    rows: int
    sha256: str
    merkle_root: str


class ObligationFile(msgspec.Struct, frozen=True, kw_only=True):
    """All obligations of a run, and the bytes of their file."""

    rows: list[Obligation]
    cycles: list[CycleFile]
    body: bytes
    footer: bytes
    digest: str
    """SHA-256 of the body, hexadecimal."""

    @property
    def content(self) -> bytes:
        return self.body + self.footer


def obligation_file(nets: Nets, terms: ClearingTerms) -> ObligationFile:
    """Rows, body, control totals and digests of the nets that are not zero."""
    rows = [_obligation(nets, i, terms) for i in range(len(nets)) if nets.quantity[i] or nets.amount[i]]
    lines = [_line(row) for row in rows]
    body = (HEADER + "".join(lines)).encode()
    digest = sha256(body).hexdigest()
    cycles = _cycle_files(nets, rows, lines)
    footer = _footer(rows, cycles, digest, terms).encode()
    return ObligationFile(rows=rows, cycles=cycles, body=body, footer=footer, digest=digest)


def obligation_id(cycle: str, settle_date: str, ccy: str, member: str, account: str, isin: str) -> str:
    """First 16 hexadecimal digits of SHA-256 over the cycle and the key (C22)."""
    key = "|".join((cycle, settle_date, ccy, member, account, isin))
    return sha256(key.encode()).hexdigest()[:16]


@lru_cache(maxsize=1024)
def cycle_name(day: int) -> tuple[str, str]:
    """(cycle id, settlement date) of the one cycle of a day: `("2026-10-13/N1", "2026-10-13")`."""
    date = datetime.date.fromordinal(day).isoformat()
    return f"{date}/N1", date


def _obligation(nets: Nets, i: int, terms: ClearingTerms) -> Obligation:
    cycle, settle_date = cycle_name(nets.cycle_day[i])
    member, account = terms.parties[nets.party[i]]
    isin = terms.instruments[nets.instrument[i]].isin
    ccy = terms.currencies[nets.currency[i]]
    quantity, amount = nets.quantity[i], nets.amount[i]
    return Obligation(
        obligation_id=obligation_id(cycle, settle_date, ccy, member, account, isin),
        cycle=cycle,
        settle_date=settle_date,
        member=member,
        account=account,
        isin=isin,
        movement="RECE" if quantity > 0 else "DELI" if quantity < 0 else "NONE",
        quantity=abs(quantity),
        pay="CRDT" if amount > 0 else "DEBT" if amount < 0 else "NONE",
        amount_minor=abs(amount),
        ccy=ccy,
        type="NEW1",
        gross_legs=nets.gross_legs[i],
        trade_root_hash=nets.root[i].hex(),
    )


def _line(row: Obligation) -> str:
    # The columns of COLUMNS, in their order.
    return (
        f"{row.obligation_id},{row.cycle},{row.settle_date},{row.member},{row.account},{row.isin},"
        f"{row.movement},{row.quantity},{row.pay},{row.amount_minor},{row.ccy},{row.type},"
        f"{row.gross_legs},{row.trade_root_hash}\n"
    )


def _cycle_files(nets: Nets, rows: list[Obligation], lines: list[str]) -> list[CycleFile]:
    """One per cycle that took a leg, also where nothing was left to settle."""
    grouped: dict[str, list[str]] = {cycle_name(day)[0]: [] for day in sorted(set(nets.cycle_day))}
    for row, line in zip(rows, lines, strict=True):
        grouped[row.cycle].append(line)
    return [_cycle_file(cycle, taken) for cycle, taken in grouped.items()]


def _cycle_file(cycle: str, lines: list[str]) -> CycleFile:
    body = "".join(lines).encode()
    return CycleFile(
        cycle=cycle,
        rows=len(lines),
        sha256=sha256(HEADER.encode() + body).hexdigest(),
        merkle_root=lines_root(body).hex(),
    )


def _footer(rows: list[Obligation], cycles: list[CycleFile], digest: str, terms: ClearingTerms) -> str:
    """Control totals: what is delivered is received, what is paid is paid to somebody."""
    per_isin: dict[str, list[int]] = {}
    per_ccy: dict[str, list[int]] = {}
    for row in rows:
        of_isin = per_isin.get(row.isin) or per_isin.setdefault(row.isin, [0, 0, 0])
        of_isin[0] += 1
        of_isin[1 if row.movement == "DELI" else 2] += row.quantity
        of_ccy = per_ccy.get(row.ccy) or per_ccy.setdefault(row.ccy, [0, 0, 0])
        of_ccy[0] += 1
        of_ccy[1 if row.pay == "DEBT" else 2] += row.amount_minor
    lines = [f"#footer,{FOOTER_FORM}"]
    for isin, (count, out, into) in sorted(per_isin.items()):
        instrument = terms.instruments[terms.instrument_numbers[isin]]
        currency, digits = terms.currencies[instrument.currency], instrument.quantity_digits
        lines.append(f"#isin,{isin},{currency},{digits},{count},{out},{into},{into - out}")
    for ccy, (count, out, into) in sorted(per_ccy.items()):
        digits = terms.currency_digits[terms.currency_numbers[ccy]]
        lines.append(f"#ccy,{ccy},{digits},{count},{out},{into},{into - out}")
    lines += [f"#cycle,{one.cycle},{one.rows},{one.sha256},{one.merkle_root}" for one in cycles]
    lines += [f"#rows,{len(rows)}", f"#sha256,{digest}"]
    return "\n".join(lines) + "\n"
