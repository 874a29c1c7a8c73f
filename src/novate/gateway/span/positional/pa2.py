"""A .pa2 parameter file into the model, everything checked (docs/span-files.md).

    bytes --blocks_of--> records --described, commodity_of, inter_spreads--> Commodity, Spread
                         arrays  --ArrayReader, Builder--------------------> Family, Series, Contracts, arrays

Records may stand in any order behind the first, which says what the file is; only the two lines of a risk
array must follow each other. A file that breaks a rule is refused as a whole with kind, file, line and field.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from novate.clearing.margin.span.model import PAIRS, ParameterFile
from novate.clearing.margin.span.policy import STANDARD, Policy
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.domain.currencies import iso_digits
from novate.gateway.span.positional.arrays import ArrayReader
from novate.gateway.span.positional.credits import inter_spreads, require_by_delta
from novate.gateway.span.positional.layout import WITHOUT_EFFECT
from novate.gateway.span.positional.products import Builder, quoted, scanned
from novate.gateway.span.positional.records import MOST_RECORDS, Record, blocks_of
from novate.gateway.span.positional.terms import (
    RATE_CLASSES,
    Described,
    commodity_of,
    described,
    require_supported,
)
from novate.gateway.span.source import chunks

BEGINNING = b"0 "
FORMAT = "U2"
OTHER_FORMATS = {"U": "unpacked, 80 bytes a line", "P": "packed", "UP": "Paris expanded"}
MOST_SHOWN = 40
OF_COMMODITIES = ("2 ", "3 ", "4 ", "C ", "E ", "S ")


def is_positional(path: Path) -> bool:
    """Whether a file, plain or packed, begins like a positional one. SpanProblem if it cannot be read."""
    try:
        return next(chunks(path, len(BEGINNING))).startswith(BEGINNING)
    except SpanProblem as problem:
        raise problem.within(str(path)) from problem.__cause__


def read_pa2(path: Path, policy: Policy = STANDARD) -> ParameterFile:
    """The parameters for the policy's rate id. SpanProblem, beginning with the file's name, if refused."""
    try:
        return _Reading(policy).of(path)
    except SpanProblem as problem:
        raise problem.within(str(path)) from problem.__cause__


class _Reading:
    """One file on its way into the model."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.records: dict[str, list[Record]] = {}
        self.others: Counter[str] = Counter()
        self.arrays = ArrayReader()
        self.array_lines = 0
        self.left_out: dict[str, int] = {}

    def of(self, path: Path) -> ParameterFile:
        """Read a whole file."""
        held = 0
        for block in blocks_of(chunks(path)):
            for record in block.records:
                self.records.setdefault(record.kind, []).append(record)
            held += len(block.records)
            if held > MOST_RECORDS:
                expected = f"at most {MOST_RECORDS:,} records beside risk arrays"
                raise SpanProblem(Kind.SCHEMA, "", expected, "more")
            self.others.update(kind for kind, _ in block.others)
            self.arrays.take(block.arrays, block.lines)
            self.array_lines += len(block.arrays)
        self.arrays.finish()
        return self._model(self._header())

    def _header(self) -> Record:
        heads = self.records.get("0 ", [])
        if not heads or heads[0].line != 1:
            raise SpanProblem(Kind.SCHEMA, "line 1", "record 0 (exchange complex header)", "another record")
        if len(heads) > 1:
            raise SpanProblem(Kind.UNSUPPORTED, f"line {heads[1].line}", "one record 0", "a second one")
        head = heads[0]
        found = head.text("file_format")
        if found != FORMAT:
            named = f"{found} ({OTHER_FORMATS[found]})" if found in OTHER_FORMATS else repr(found)
            raise head.problem(Kind.UNSUPPORTED, "file_format", f"{FORMAT} (expanded)", named)
        rates = [one.rate for one in RATE_CLASSES]
        if self.policy.rate not in rates:
            expected = f"a rate of {rates[0]} to {rates[-1]} for a positional file (policy rate)"
            raise SpanProblem(Kind.SCHEMA, "", expected, repr(self.policy.rate))
        return head

    def _model(self, head: Record) -> ParameterFile:
        known = self._supported(
            described(record for kind in OF_COMMODITIES for record in self.records.get(kind, []))
        )
        commodities = tuple(commodity_of(one) for one in known)
        crossing = [record for record in self.records.get("6 ", []) if self._is_taken(record)]
        prices, scans = quoted(self.records.get("P ", [])), scanned(self.records.get("B ", []))
        rows = self.arrays.rows
        built = Builder(known, prices, scans, rows.series, rows.finished()).built(
            self.policy.negative_strike == "accept"
        )
        self.left_out.update(built.left_out)
        return ParameterFile(
            facts=self._facts(head),
            rate=self.policy.rate,
            currencies={code: iso_digits(code) for code in sorted({one.currency for one in commodities})},
            caps_option_value=None,
            rate_classes=RATE_CLASSES,
            pairs=PAIRS,
            periods=built.periods,
            commodities=commodities,
            inter_spreads=inter_spreads(crossing, commodities),
            families=built.families,
            series=built.series,
            contracts=built.contracts,
            arrays=built.arrays,
        )

    def _supported(self, known: Sequence[Described]) -> list[Described]:
        """The commodities that are modelled, numbered anew; raises unless others are to be ignored."""
        kept: list[Described] = []
        for one in known:
            try:
                require_supported(one)
            except SpanProblem as problem:
                self._leave_out(problem, f"commodity {one.code}")
                continue
            one.renumber(len(kept))
            kept.append(one)
        return kept

    def _is_taken(self, record: Record) -> bool:
        """Whether a spread across commodities is modelled."""
        try:
            require_by_delta(record)
        except SpanProblem as problem:
            self._leave_out(problem, "spreads of record 6")
            return False
        return True

    def _leave_out(self, problem: SpanProblem, what: str) -> None:
        """Raise, unless the user wants to go on without it; then it is listed."""
        if self.policy.unsupported == "error":
            raise problem
        why = f"{what}: expected {problem.expected}, was {problem.found}"
        self.left_out[why] = self.left_out.get(why, 0) + 1

    def _facts(self, head: Record) -> dict[str, str]:
        """What the first record says, how many records of each type there are, and what was left out."""
        counts = {kind: len(found) for kind, found in self.records.items()}
        unknown = {kind: count for kind, count in self.others.items() if kind not in WITHOUT_EFFECT}
        known = {kind: count for kind, count in self.others.items() if kind in WITHOUT_EFFECT}
        words = ("function", "customer", "account_type", "bond_class", "maintenance")
        is_settlement = {"S": "1", "I": "0"}.get(head.text("settlement_flag"), "")
        return {
            "fileFormat": head.text("file_format"),
            "created": head.text("creation_date") + head.text("creation_time"),
            "date": head.text("business_date"),
            "isSetl": is_settlement,
            "setlQualifier": head.text("file_identifier"),
            "ec": head.text("complex"),
            "name": " ".join(filter(None, (head.text(word) for word in words))),
            "recordsRead": _listed({**counts, "8x": self.array_lines}),
            "recordsWithoutEffect": _listed(known),
            "recordsUnknown": _listed(unknown),
            "leftOut": _told(self.left_out),
        }


def _listed(counts: Mapping[str, int]) -> str:
    return _some([f"{kind.strip()} {count:,}" for kind, count in sorted(counts.items()) if count], ", ")


def _told(reasons: Mapping[str, int]) -> str:
    return _some([f"{reason} ({count:,})" for reason, count in sorted(reasons.items())], "; ")


def _some(words: list[str], separator: str) -> str:
    """As many as a screen can show, and how many more there are."""
    more = [f"and {len(words) - MOST_SHOWN:,} more"] if len(words) > MOST_SHOWN else []
    return separator.join(words[:MOST_SHOWN] + more)
