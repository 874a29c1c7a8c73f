"""The mutation check from the command line: `make mutation`, or `python -m tests.mutation --help`.

Exit codes: 0 every defect is caught, 1 one survives, 2 the run says nothing (the venue as it is fails, a
defect does not fit its kernel, a name is unknown).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence

from tests.mutation.campaign import Finding, Verdict, run, summary, void
from tests.mutation.catalogue import DEFECTS, QUICK, misfits
from tests.mutation.defect import Defect


def main(arguments: Sequence[str] | None = None) -> int:
    """Plants, examines, prints; returns the exit code."""
    options = _options().parse_args(arguments)
    try:
        chosen = _chosen(options.only, options.quick)
    except LookupError as fault:
        print(f"mutation: {fault.args[0]}", file=sys.stderr)
        return 2
    if options.list:
        for number, defect in enumerate(chosen, 1):
            print(f"{number:3}  {defect.where:42} {defect.name}: {defect.meaning}")
        return 0
    if problems := misfits(chosen):
        print("\n".join(f"mutation: {problem}" for problem in problems), file=sys.stderr)
        return 2
    return _examine(chosen, options)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2, help="processes at once (default 2)")
    parser.add_argument("--only", metavar="NAME", action="append", help="only this defect; may be repeated")
    parser.add_argument("--quick", action="store_true", help="a few defects and the quick checks only")
    parser.add_argument("--list", action="store_true", help="say what would be planted")
    parser.add_argument("--json", action="store_true", help="the findings as JSON instead of a table")
    return parser


def _chosen(only: Sequence[str] | None, quick: bool) -> list[Defect]:
    names = only or (QUICK if quick else [defect.name for defect in DEFECTS])
    by_name = {defect.name: defect for defect in DEFECTS}
    if unknown := [name for name in names if name not in by_name]:
        raise LookupError(f"expected the name of a defect (see --list), was {', '.join(unknown)}")
    return [by_name[name] for name in names]


def _examine(chosen: Sequence[Defect], options: argparse.Namespace) -> int:
    begun = time.perf_counter()
    numbers = {defect.name: number for number, defect in enumerate(chosen, 1)}

    def say(finding: Finding) -> None:
        if not options.json:
            print(_line(finding, numbers), flush=True)

    findings = run(chosen, options.jobs, options.quick, say)
    failed = void(findings)
    if options.json:
        print(json.dumps([_as_json(finding) for finding in findings], indent=1))
    if failed:
        print(f"VOID: the venue as it is fails {failed.by}: {failed.how}", file=sys.stderr)
        return 2
    missed = [finding for finding in findings if finding.defect and finding.verdict is not Verdict.CAUGHT]
    for finding in missed:
        assert finding.defect is not None
        meaning, where = finding.defect.meaning, finding.defect.where
        print(f"{finding.verdict}: {finding.defect.name} ({where}): {meaning} {finding.how}", file=sys.stderr)
    seconds = time.perf_counter() - begun
    print(f"{summary(findings)} ({seconds:.0f} s)", file=sys.stderr if options.json else sys.stdout)
    return 1 if missed else 0


def _line(finding: Finding, numbers: dict[str, int]) -> str:
    if finding.defect is None:
        passes = finding.verdict is Verdict.SURVIVED
        return (
            f"  0  the venue as it is {'passes every check' if passes else 'FAILS'} ({finding.seconds:.1f} s)"
        )
    defect = finding.defect
    caught = finding.by if finding.verdict is Verdict.CAUGHT else f"*** {finding.verdict} *** {finding.how}"
    if finding.how.startswith("hangs"):
        caught += f" ({finding.how})"
    number = numbers[defect.name]
    return f"{number:3}  {defect.file:18} {defect.meaning:66} {caught:60} {finding.seconds:5.1f} s"


def _as_json(finding: Finding) -> dict[str, object]:
    facts: dict[str, object] = dict(finding.defect._asdict()) if finding.defect else {"name": ""}
    verdict, seconds = str(finding.verdict), round(finding.seconds, 2)
    return {**facts, "verdict": verdict, "by": finding.by, "how": finding.how, "seconds": seconds}


if __name__ == "__main__":
    sys.exit(main())
