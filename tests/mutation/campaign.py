"""Plants the defects one at a time and asks the detector about each.

    naive venue --> expectations (pickle) -> detector 1, detector 2
    defect --> a detector that is idle --fork--> process with the defect -> Finding

The first thing that is examined is the venue as it is: if a check fails on that, the whole run is void.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from queue import SimpleQueue

from tests.mutation.defect import Defect
from tests.mutation.detector import ROOT, Expectations
from tests.oracle.compare import Expected, expected_of, expected_of_records
from tests.property.combo_flows import combo_flow_of
from tests.property.control_flows import control_flow_of, long_control_flow_of
from tests.property.flows import Json, flow_of, long_flow_of, spoiled
from tests.property.full_flows import full_flow_of, long_full_flow_of
from tests.property.time_flows import long_time_flow_of, time_flow_of
from tests.property.watch_flows import watch_flow_of

SOURCES = ROOT / "src"
FIRST_FLOWS = 40
NEWER_FLOWS = 30
FURTHER_FLOWS = 80
SENSELESS = 40
DEEP_COMMANDS = 1000
# Far from the seeds that a person or Hypothesis would try first, and always the same.
_SEED = 1_000_003
_GENERATORS: dict[str, Callable[[int], Json]] = {
    "flow": flow_of,
    "full flow": full_flow_of,
    "time flow": time_flow_of,
    "control flow": control_flow_of,
    "watch flow": watch_flow_of,
    "combo flow": combo_flow_of,
}
_DEEP: dict[str, Callable[[int, int], Json]] = {
    "flow": long_flow_of,
    "full flow": long_full_flow_of,
    "time flow": long_time_flow_of,
    "control flow": long_control_flow_of,
}


Detector = subprocess.Popen[str]


class Verdict(StrEnum):
    """What became of a defect."""

    CAUGHT = "caught"
    SURVIVED = "SURVIVED"
    BROKEN = "BROKEN"
    """The detector itself did not come to an end: neither caught nor survived."""


@dataclass(frozen=True)
class Finding:
    """A defect and what the detector says of it; the defect None is the venue as it is."""

    defect: Defect | None
    verdict: Verdict
    by: str
    """The test or check that failed."""
    how: str
    seconds: float


def expectations(quick: bool) -> Expectations:
    """What the naive venue makes of all flows."""
    first = [expected_of(flow_of(_SEED * number)) for number in range(1, FIRST_FLOWS + 1)]
    if quick:
        return Expectations(first, {}, {}, {}, {})
    newer = {name: _cases(make, 1, NEWER_FLOWS) for name, make in _GENERATORS.items() if make is not flow_of}
    more = {
        name: _cases(make, (FIRST_FLOWS if make is flow_of else NEWER_FLOWS) + 1, FURTHER_FLOWS)
        for name, make in _GENERATORS.items()
    }
    senseless = {
        name: [
            expected_of_records(case.terms, spoiled(case.records, seed))
            for seed, case in enumerate(cases[:SENSELESS])
        ]
        for name, cases in more.items()
    }
    deep = {name: [expected_of(make(0, DEEP_COMMANDS))] for name, make in _DEEP.items()}
    return Expectations(first, newer, more, senseless, deep)


def _cases(make: Callable[[int], Json], start: int, count: int) -> list[Expected]:
    return [expected_of(make(_SEED * number)) for number in range(start, start + count)]


def examine(defects: Sequence[Defect], jobs: int = 2, quick: bool = False) -> Iterator[Finding]:
    """A finding for the venue as it is and for every defect, in the order in which they come to an end."""
    with tempfile.TemporaryDirectory(prefix="novate-defects-") as name, ExitStack() as stack:
        expected = Path(name) / "expected.pickle"
        expected.write_bytes(pickle.dumps(expectations(quick)))
        idle: SimpleQueue[Detector] = SimpleQueue()
        for _ in range(jobs):
            idle.put(stack.enter_context(_detector(expected, quick)))

        def one(defect: Defect | None) -> Finding:
            detector = idle.get()
            try:
                return _finding(defect, detector)
            finally:
                idle.put(detector)

        with ThreadPoolExecutor(jobs) as pool:
            waiting = [pool.submit(one, defect) for defect in (None, *defects)]
            try:
                for done in as_completed(waiting):
                    yield done.result()
            finally:
                pool.shutdown(cancel_futures=True)


@contextmanager
def _detector(expected: Path, quick: bool) -> Iterator[Detector]:
    """A detector that waits for defects; it ends when its input does."""
    command = [sys.executable, "-m", "tests.mutation.detector", str(expected)]
    environment = {
        **os.environ, "NOVATE_COMPILED": "0", "PYTHONPATH": os.pathsep.join((str(SOURCES), str(ROOT))),
    }  # fmt: skip
    with subprocess.Popen(
        [*command, "quick"] if quick else command,
        cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield process


def _finding(defect: Defect | None, detector: Detector) -> Finding:
    begun = time.perf_counter()
    verdict, by, how = _detect(defect, detector)
    return Finding(defect, verdict, by, how, time.perf_counter() - begun)


def _detect(defect: Defect | None, detector: Detector) -> tuple[Verdict, str, str]:
    """What the detector says of a defect."""
    assert detector.stdin is not None
    assert detector.stdout is not None
    try:
        detector.stdin.write(json.dumps(defect) + "\n")
        detector.stdin.flush()
        line = detector.stdout.readline()
    except BrokenPipeError:
        line = ""
    if not line:
        return Verdict.BROKEN, "", f"the detector has ended with exit code {detector.wait()}"
    answer = json.loads(line)
    if "caught" not in answer:
        return Verdict.BROKEN, "", answer["how"]
    return Verdict.CAUGHT if answer["caught"] else Verdict.SURVIVED, answer["by"], answer["how"]


def summary(findings: Iterable[Finding]) -> str:
    """The closing line."""
    verdicts = [finding.verdict for finding in findings if finding.defect is not None]
    caught, survived = verdicts.count(Verdict.CAUGHT), verdicts.count(Verdict.SURVIVED)
    text = f"{len(verdicts)} planted, {caught} caught, {survived} survived"
    broken = verdicts.count(Verdict.BROKEN)
    return f"{text}, {broken} without an answer" if broken else text


def void(findings: Iterable[Finding]) -> Finding | None:
    """The finding about the venue as it is, if a check failed on that."""
    for finding in findings:
        if finding.defect is None and finding.verdict is not Verdict.SURVIVED:
            return finding
    return None


def run(defects: Sequence[Defect], jobs: int, quick: bool, say: Callable[[Finding], None]) -> list[Finding]:
    """All findings in the order of the list; stops at once if the venue as it is does not pass."""
    findings: list[Finding] = []
    for finding in examine(defects, jobs, quick):
        findings.append(finding)
        say(finding)
        if void([finding]):
            break
    order = {defect.name: number for number, defect in enumerate(defects)}
    return sorted(findings, key=lambda finding: order[finding.defect.name] if finding.defect else -1)
