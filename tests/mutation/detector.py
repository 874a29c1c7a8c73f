"""The suite's own checks in the order of their cost, until the first one that fails.

    scenarios -> flows | flows of level FULL, of time, control, watchers, combinations -> unit tests
              -> more flows -> records with senseless fields -> deep books -> generated scenarios -> growth

    quick ends at the bar

Run as `python -m tests.mutation.detector EXPECTED [quick]` with kernels uncompiled. Reads defects, one line
of JSON each (null: the venue as it is), forks a process for each that has the defect, and prints one line of
JSON: what caught it, or that nothing did. So importing is paid once, not once a defect.
A check that takes too long counts as one that failed: a defect may well loop for ever.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import re
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import zip_longest
from pathlib import Path
from select import select
from types import FrameType
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from novate.app.conform import Verdict, conform_files
from novate.compiled import COMPILED
from tests.mutation.defect import Defect, planted
from tests.oracle.compare import (
    ROOM,
    SMALLEST_BUFFER,
    Expected,
    check_batches,
    check_one_by_one,
    check_snapshot,
)

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFORMANCE = ROOT / "tests" / "conformance"
UNIT = ROOT / "tests" / "unit" / "venue"
SLOW_UNIT = UNIT / "test_growth.py"
FOLDERS = ("rulebook/hand", "credit", "clarifications", "beyond")
SHORT = 10
MIDDLE = 60
LONG = 120
LONGEST = 3600
"""Seconds for all checks of one defect."""
_MEMORY_BYTES = 4 << 30


class Expectations(NamedTuple):
    """What the naive venue makes of every flow: worked out once, for all defects."""

    first: list[Expected]
    newer: dict[str, list[Expected]]
    """Of level FULL and beyond, by the name of their generator."""
    more: dict[str, list[Expected]]
    senseless: dict[str, list[Expected]]
    deep: dict[str, list[Expected]]


class Check(NamedTuple):
    """A step that raises if the venue is wrong."""

    name: str
    seconds: int
    """It hangs if it takes longer."""
    run: Callable[[], None]


class Hang(BaseException):
    """A check took too long. Not an Exception, so that nothing on the way takes it for a refusal."""


class CheckError(AssertionError):
    """A check failed and knows its own name."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def checks(expected: Expectations, quick: bool, defect: Defect | None = None) -> Iterator[Check]:
    """All checks, cheap and sharp ones first, and of the scenarios those that sound like the defect."""
    scenarios = [check for folder in FOLDERS for check in _scenarios(folder, SHORT)]
    yield from sorted(scenarios, key=lambda check: -_kinship(defect, check.name))
    yield from _flows("flow", expected.first, SHORT)
    if quick:
        return
    yield from _by_turns(expected.newer, SHORT)
    fast = sorted(file for file in UNIT.glob("test_*.py") if file != SLOW_UNIT)
    yield Check("tests/unit/venue", 4 * LONG, lambda: _run_pytest(fast, MIDDLE))
    yield from _by_turns(expected.more, SHORT)
    for name, flows in expected.senseless.items():
        for number, case in enumerate(flows):
            yield Check(f"senseless fields, {name} {number}", SHORT, _only_one_by_one(case))
    for name, flows in expected.deep.items():
        yield from _flows(f"deep books, {name}", flows, LONG)
    yield from _scenarios("rulebook/gen", LONG)
    yield Check(SLOW_UNIT.name, 4 * LONG, lambda: _run_pytest([SLOW_UNIT], LONG))


def first_failure(every: Iterator[Check]) -> dict[str, Any]:
    """{"caught": ..., "by": ..., "how": ...}"""
    signal.signal(signal.SIGPROF, _ring)
    for check in every:
        _set_alarm(check.seconds)
        try:
            check.run()
        except Hang:
            return {"caught": True, "by": check.name, "how": f"hangs: no end after {check.seconds} s of work"}
        except CheckError as fault:
            return {"caught": True, "by": fault.name, "how": _short(fault)}
        except Exception as fault:
            return {"caught": True, "by": check.name, "how": _short(fault)}
        finally:
            _set_alarm(0)
    return {"caught": False, "by": "", "how": ""}


def _set_alarm(seconds: int) -> None:
    """Of processor time, so that a busy machine does not make a check hang."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def _ring(number: int, frame: FrameType | None) -> None:
    raise Hang


def _short(fault: BaseException) -> str:
    text = " ".join(str(fault).split())
    name = "" if isinstance(fault, AssertionError) else f"{type(fault).__name__}: "
    return f"{name}{text}"[:300]


def _scenarios(folder: str, seconds: int) -> Iterator[Check]:
    base = CONFORMANCE / folder
    for file in sorted(f for f in base.rglob("*") if f.name.endswith((".jsonl", ".jsonl.gz"))):

        def run(file: Path = file) -> None:
            for outcome in conform_files([file], level="FULL").outcomes:
                if outcome.verdict is Verdict.FAILED:
                    name = f"{file.relative_to(CONFORMANCE)}: {outcome.name}"
                    raise CheckError(name, str(outcome.difference))

        yield Check(file.relative_to(CONFORMANCE).as_posix(), seconds, run)


def _kinship(defect: Defect | None, scenario: str) -> int:
    """How many words of a defect stand in the name of a scenario, as far as their first five letters go."""
    if defect is None:
        return 0
    said = f"{defect.name} {defect.where} {defect.meaning}".lower()
    words = {word[:5] for word in re.findall("[a-z]{3,}", said)}
    return sum(word in scenario.rpartition("/")[2] for word in words)


def _by_turns(flows: dict[str, list[Expected]], seconds: int) -> Iterator[Check]:
    """One flow of each generator, then the second of each: a defect is mostly of one generator's world."""
    generators = [_flows(name, cases, seconds) for name, cases in flows.items()]
    for turn in zip_longest(*generators):
        yield from (check for check in turn if check is not None)


def _flows(name: str, flows: list[Expected], seconds: int) -> Iterator[Check]:
    for number, expected in enumerate(flows):

        def run(number: int = number, expected: Expected = expected) -> None:
            cuts = [7 * number + 3, 31 * number + 20]
            result = check_one_by_one(expected)
            check_batches(expected, result, cuts, SMALLEST_BUFFER + number % 16)
            check_batches(expected, result, [], ROOM)
            check_snapshot(expected, result, 13 * number + 11)

        yield Check(f"{name} {number}", seconds, run)


def _only_one_by_one(expected: Expected) -> Callable[[], None]:
    def run() -> None:
        check_one_by_one(expected)

    return run


class _Watch:
    """Gives every test its own time, and remembers the first that fails."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self.failed = ""
        self.how = ""

    def pytest_runtest_setup(self) -> None:
        _set_alarm(self.seconds)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid
            self.how = str(getattr(report.longrepr, "reprcrash", report.longrepr))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and not self.failed:
            self.failed = report.nodeid
            self.how = str(report.longrepr)


def _run_pytest(files: list[Path], seconds: int) -> None:
    # Most defects are caught before, and importing it takes a third of a second.
    import pytest

    watch = _Watch(seconds)
    # Plain assertions: explaining how two lists of thousands differ can take minutes.
    status = pytest.main(
        ["-x", "--assert=plain", "--tb=short", *(str(file) for file in files)], plugins=[watch]
    )
    if status != pytest.ExitCode.OK:
        raise CheckError(watch.failed or "pytest", watch.how or str(status))


# -- one defect, one process ---------------------------------------------------------------------------------


def plant(defect: Defect) -> None:
    """Give the function of a defect its other code, wherever it was imported to."""
    name, function = defect.where.removesuffix(".py").split(".py::")
    module = import_module(f"novate.venue.{name}")
    changed = dict(vars(module))
    text = planted(defect, Path(str(module.__file__)).read_text(encoding="utf-8"))
    exec(compile(text, str(module.__file__), "exec"), changed)
    vars(module)[function].__code__ = changed[function].__code__


def examined(defect: Defect | None, expected: Expectations, quick: bool) -> dict[str, Any]:
    """The answer of a process of its own, which has the defect; without "caught" if it gave none."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reader)
            _answer(defect, expected, quick, writer)
            status = 0
        finally:
            os._exit(status)
    os.close(writer)
    with open(reader, encoding="utf-8") as answer:
        ready, _, _ = select([answer], [], [], LONGEST)
        if not ready:
            os.kill(child, signal.SIGKILL)
        said = answer.read()
    _, status = os.waitpid(child, 0)
    if said:
        return dict(json.loads(said))
    how = f"exit status {status}" if ready else f"the detector took longer than {LONGEST} s"
    return {"by": "", "how": how}


def _answer(defect: Defect | None, expected: Expectations, quick: bool, writer: int) -> None:
    # Tests may say what they like; the answer goes through the pipe.
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    if defect is not None:
        plant(defect)
    os.write(writer, json.dumps(first_failure(checks(expected, quick, defect))).encode())


def main(arguments: list[str]) -> None:
    """Answers for every defect that comes in."""
    expected_file, *rest = arguments
    assert not COMPILED, "the detector must run with NOVATE_COMPILED=0"
    # A defect in the arithmetic may overflow where the venue never does; the checks judge, not the warning.
    np.seterr(all="ignore")
    expected: Expectations = pickle.loads(Path(expected_file).read_bytes())
    # What is here already must not be looked at, and so copied, by every process anew.
    gc.freeze()
    for line in sys.stdin:
        fields = json.loads(line)
        defect = None if fields is None else Defect(*fields)
        print(json.dumps(examined(defect, expected, "quick" in rest)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
