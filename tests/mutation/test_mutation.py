"""The mutation check itself: every defect fits its kernel, a few are planted, and nothing goes unsaid."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from tests.mutation import __main__ as command_line
from tests.mutation.campaign import Finding, Verdict, run, summary, void
from tests.mutation.catalogue import DEFECTS, QUICK, misfits
from tests.mutation.defect import Defect, planted, strangers
from tests.mutation.detector import Check, first_failure

TEXT = '''
def cheaper(left, right):
    """Is the first price the lower one?"""
    return left < right


def dearer(left, right):
    return left > right and left < 10
'''
CHEAPER = Defect("inverted", "book.py::cheaper", "left < right", "left > right", "prices are inverted")


def test_every_defect_can_be_planted_in_the_kernels_of_today() -> None:
    assert misfits() == []
    assert len(DEFECTS) >= 300


def test_every_defect_says_in_a_line_what_it_means() -> None:
    long = [defect.name for defect in DEFECTS if not 10 <= len(defect.meaning) <= 66]
    assert long == []
    assert len({defect.meaning for defect in DEFECTS}) == len(DEFECTS)


def test_the_suite_catches_a_few_planted_defects() -> None:
    chosen = [defect for defect in DEFECTS if defect.name in QUICK]
    findings = run(chosen, jobs=2, quick=True, say=lambda finding: None)
    assert void(findings) is None
    assert summary(findings) == f"{len(QUICK)} planted, {len(QUICK)} caught, 0 survived"
    assert all(finding.by for finding in findings if finding.defect)


def test_a_defect_changes_its_own_function_only() -> None:
    assert planted(CHEAPER, TEXT) == TEXT.replace("return left < right\n", "return left > right\n")


def test_a_defect_must_not_name_what_its_room_does_not_know() -> None:
    assert strangers(TEXT) == []
    assert strangers(TEXT.replace("left < 10", "left < BUY")) == ["BUY"]


@pytest.mark.parametrize(
    ("defect", "message"),
    [
        (CHEAPER._replace(where="book.py", old="left"), "old text once in book.py, was 5 times"),
        (CHEAPER._replace(where="book.py::dearer"), "old text once in book.py::dearer, was 0 times"),
        (CHEAPER._replace(where="book.py::equal"), "expected one function book.py::equal, was 0"),
        (CHEAPER._replace(new="left <"), "expected valid Python, was: invalid syntax"),
        (CHEAPER._replace(new="left < right"), "expected a new text, was the old one"),
    ],
    ids=["ambiguous", "elsewhere", "no function", "no Python", "no change"],
)
def test_a_defect_that_does_not_fit_is_refused_by_name(defect: Defect, message: str) -> None:
    with pytest.raises(ValueError, match="inverted: ") as caught:
        planted(defect, TEXT)
    assert message in str(caught.value)


def test_a_check_that_never_ends_has_caught_the_defect() -> None:
    def loop() -> None:
        while True:
            pass

    answer = first_failure(iter([Check("sweep", 1, loop)]))
    assert answer == {"caught": True, "by": "sweep", "how": "hangs: no end after 1 s of work"}


AS_IT_IS = Finding(None, Verdict.SURVIVED, "", "", 1.0)
CAUGHT = Finding(DEFECTS[0], Verdict.CAUGHT, "flow 7", "expected 1, was 2", 0.5)
SURVIVED = Finding(DEFECTS[1], Verdict.SURVIVED, "", "", 60.0)
BROKEN = Finding(DEFECTS[1], Verdict.BROKEN, "", "exit code -9", 0.1)
FAILS = Finding(None, Verdict.CAUGHT, "flow 3", "expected 1, was 2", 1.0)


@pytest.mark.parametrize(
    ("findings", "code", "said"),
    [
        ([AS_IT_IS, CAUGHT], 0, "1 planted, 1 caught, 0 survived"),
        ([AS_IT_IS, CAUGHT, SURVIVED], 1, f"SURVIVED: {DEFECTS[1].name} (book.py::refresh)"),
        ([AS_IT_IS, CAUGHT, BROKEN], 1, "2 planted, 1 caught, 0 survived, 1 without an answer"),
        ([FAILS], 2, "VOID: the venue as it is fails flow 3"),
    ],
    ids=["all caught", "survivor", "no answer", "void"],
)
def test_what_survives_is_said_and_ends_in_an_exit_code(
    findings: list[Finding],
    code: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def canned(chosen: Sequence[Defect], jobs: int, quick: bool, say: Any) -> list[Finding]:
        for finding in findings:
            say(finding)
        return findings

    monkeypatch.setattr(command_line, "run", canned)
    names = [option for defect in DEFECTS[:2] for option in ("--only", defect.name)]
    assert command_line.main(names) == code
    assert said in "".join(capsys.readouterr())


def test_an_unknown_name_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["--only", "no-such-defect"]) == 2
    assert "was no-such-defect" in capsys.readouterr().err
