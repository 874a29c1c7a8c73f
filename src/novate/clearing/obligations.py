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
from functools import cached_property, lru_cache
from hashlib import sha256

import msgspec
import numpy as np

from novate.clearing.kernels.lines import SLACK, Bytes, Int64s
from novate.clearing.kernels.sha256 import DIGEST, digests
from novate.clearing.leaves import lines_root
from novate.clearing.lines import BAR, NOTHING, Column, Lines, Numbers, Rows, Words, Written, number_column
from novate.clearing.netting import Nets, Sums, chosen_nets, totals
from novate.clearing.terms import ClearingTerms

FOOTER_FORM = 1
MOVEMENTS, PAYS, NEW = ("NONE", "RECE", "DELI"), ("NONE", "CRDT", "DEBT"), "NEW1"
"""By the sign of a net: 0, 1, -1."""
KEY = ("cycle", "settle_date", "ccy", "member", "account", "isin")
"""What an obligation id is the hash of (C22)."""
ID_DIGITS = 16
HEXADECIMAL = np.frombuffer(b"".join(b"%02x" % byte for byte in range(256)), np.uint16)
"""The two digits of each byte."""


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


class ObligationFile(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """All obligations of a run, and the bytes of their file."""

    nets: Nets
    """Those that are not zero."""
    ids: tuple[Bytes, Int64s]
    """Texts 2i and 2i + 1: obligation id and trade root hash of row i, hexadecimal."""
    lines: Written
    """The rows as they stand in the file."""
    cycles: list[CycleFile]
    footer: bytes
    digest: str
    """SHA-256 of the body, hexadecimal."""
    terms: ClearingTerms

    def __len__(self) -> int:
        return len(self.nets)

    @property
    def chunks(self) -> list[bytes | memoryview]:
        """The file in pieces that are not copied."""
        return [HEADER.encode(), self.lines.content.data, self.footer]

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks[:-1])

    @property
    def content(self) -> bytes:
        return b"".join(self.chunks)

    @cached_property
    def rows(self) -> list[Obligation]:
        """An object for each row, made when somebody asks."""
        nets, ids = self.nets, bytes(self.ids[0])
        width = ID_DIGITS + 2 * DIGEST
        sums = [getattr(nets, name).tolist() for name in ("quantity", "amount", "legs")]
        keys = [getattr(nets, name).tolist() for name in ("cycle_day", "currency", "party", "instrument")]
        return [
            self._row(ids[width * i : width * (i + 1)].decode(), key, quantity, amount, legs)
            for i, (*key, quantity, amount, legs) in enumerate(zip(*keys, *sums, strict=True))
        ]

    def _row(self, ids: str, key: list[int], quantity: int, amount: int, legs: int) -> Obligation:
        day, currency, party, instrument = key
        cycle, settle_date = cycle_name(day)
        member, account = self.terms.parties[party]
        return Obligation(
            obligation_id=ids[:ID_DIGITS],
            cycle=cycle,
            settle_date=settle_date,
            member=member,
            account=account,
            isin=self.terms.instruments[instrument].isin,
            movement=MOVEMENTS[_sign(quantity)],
            quantity=abs(quantity),
            pay=PAYS[_sign(amount)],
            amount_minor=abs(amount),
            ccy=self.terms.currencies[currency],
            type=NEW,
            gross_legs=legs,
            trade_root_hash=ids[ID_DIGITS:],
        )


def obligation_file(found: Nets, terms: ClearingTerms) -> ObligationFile:
    """Rows, body, control totals and digests of the nets that are not zero."""
    nets = chosen_nets(found, found.is_row)
    days, day = np.unique(found.cycle_day, return_inverse=True)
    names = _names(nets, days, day[found.is_row], terms)
    ids = _ids(names, nets)
    lines = Lines(_columns(nets, names, ids)).whole(len(nets))
    digest = sha256(HEADER.encode())
    digest.update(lines.content.data)
    bounds = np.searchsorted(nets.cycle_day, [*days.tolist(), days[-1] + 1 if len(days) else 0]).tolist()
    cycles = [
        _cycle_file(cycle_name(one)[0], lines, bounds[i], bounds[i + 1])
        for i, one in enumerate(days.tolist())
    ]
    footer = _footer(nets, cycles, digest.hexdigest(), terms).encode()
    return ObligationFile(
        nets=nets, ids=ids, lines=lines, cycles=cycles, footer=footer, digest=digest.hexdigest(), terms=terms
    )


@lru_cache(maxsize=1024)
def cycle_name(day: int) -> tuple[str, str]:
    """(cycle id, settlement date) of the one cycle of a day: `("2026-10-13/N1", "2026-10-13")`."""
    date = datetime.date.fromordinal(day).isoformat()
    return f"{date}/N1", date


def _sign(value: int) -> int:
    """1 above zero, 0 at it, -1 below."""
    return (value > 0) - (value < 0)


def _names(nets: Nets, days: Int64s, day: Int64s, terms: ClearingTerms) -> dict[str, Words]:
    """Columns of the key, and of the two words that say which way it goes."""
    cycles = [cycle_name(one) for one in days.tolist()]
    return {
        "cycle": Words(day, [cycle for cycle, _ in cycles]),
        "settle_date": Words(day, [date for _, date in cycles]),
        "member": Words(nets.party, [member for member, _ in terms.parties]),
        "account": Words(nets.party, [account for _, account in terms.parties]),
        "isin": Words(nets.instrument, [one.isin for one in terms.instruments]),
        "ccy": Words(nets.currency, terms.currencies),
    }


def _ids(names: dict[str, Words], nets: Nets) -> tuple[Bytes, Int64s]:
    """Obligation id and root of each row in hexadecimal, as texts 2i and 2i + 1."""
    keys = Lines([names[name] for name in KEY], separator=BAR, last=NOTHING).whole(len(nets))
    hashed = np.zeros(DIGEST * len(nets), np.uint8)
    digests(keys.data, keys.starts, hashed)
    return in_hexadecimal(hashed.reshape(-1, DIGEST)[:, : ID_DIGITS // 2], nets.root)


def in_hexadecimal(ids: Bytes, roots: Bytes) -> tuple[Bytes, Int64s]:
    """Ids (n, 8) and roots (n, 32) as texts 2i and 2i + 1: data and starts of `Rows`."""
    both = np.concatenate([ids, roots], axis=1).ravel()
    data = np.zeros(2 * len(both) + SLACK, np.uint8)
    np.take(HEXADECIMAL, both, out=data[:-SLACK].view(np.uint16), mode="clip")
    starts = np.zeros(2 * len(ids) + 1, np.int64)
    starts[1:] = np.tile(np.array([ID_DIGITS, 2 * DIGEST]), len(ids)).cumsum()
    return data, starts


def _columns(nets: Nets, names: dict[str, Words], ids: tuple[Bytes, Int64s]) -> list[Column]:
    """The columns of COLUMNS, in their order."""
    numbers = 2 * np.arange(len(nets))
    made: dict[str, Column] = {
        **names,
        "obligation_id": Rows(numbers, *ids),
        "movement": Words(np.sign(nets.quantity).astype(np.int64) % 3, MOVEMENTS),
        "quantity": number_column(np.abs(nets.quantity)),
        "pay": Words(np.sign(nets.amount).astype(np.int64) % 3, PAYS),
        "amount_minor": number_column(np.abs(nets.amount)),
        "type": Words(np.broadcast_to(0, len(nets)), [NEW]),
        "gross_legs": Numbers(nets.legs),
        "trade_root_hash": Rows(numbers + 1, *ids),
    }
    return [made[name] for name in COLUMNS]


def _cycle_file(cycle: str, lines: Written, first: int, end: int) -> CycleFile:
    """What is said of the rows from `first` to before `end`."""
    starts = lines.starts[first : end + 1]
    digest = sha256(HEADER.encode())
    digest.update(lines.data[starts[0] : starts[-1]].data)
    return CycleFile(
        cycle=cycle,
        rows=end - first,
        sha256=digest.hexdigest(),
        merkle_root=lines_root(lines.data, starts).hex(),
    )


def _footer(nets: Nets, cycles: list[CycleFile], digest: str, terms: ClearingTerms) -> str:
    """Control totals: what is delivered is received, what is paid is paid to somebody."""
    lines = [f"#footer,{FOOTER_FORM}"]
    for number, count, out, into in control_totals(nets.instrument, nets.quantity, len(terms.instruments)):
        instrument = terms.instruments[number]
        currency, digits = terms.currencies[instrument.currency], instrument.quantity_digits
        lines.append(f"#isin,{instrument.isin},{currency},{digits},{count},{out},{into},{into - out}")
    for number, count, out, into in control_totals(nets.currency, nets.amount, len(terms.currencies)):
        ccy, digits = terms.currencies[number], terms.currency_digits[number]
        lines.append(f"#ccy,{ccy},{digits},{count},{out},{into},{into - out}")
    lines += [f"#cycle,{one.cycle},{one.rows},{one.sha256},{one.merkle_root}" for one in cycles]
    lines += [f"#rows,{len(nets)}", f"#sha256,{digest}"]
    return "\n".join(lines) + "\n"


def control_totals(group: Int64s, values: Sums, groups: int) -> list[tuple[int, int, int, int]]:
    """(group, rows, sum of what goes out, sum of what comes in) for each group with a row, ascending."""
    rows = np.bincount(group, minlength=groups)
    out, into = (totals(np.maximum(one, 0), group, groups) for one in (-values, values))
    found = zip(range(groups), rows.tolist(), out.tolist(), into.tolist(), strict=True)
    return [one for one in found if one[1]]
