"""Feature pages have pictures, the pictures are what the venue does, the examples are valid scenarios."""

from __future__ import annotations

from pathlib import Path

import pytest

from novate.app.conform import Runner, Verdict, conform_files
from novate.app.conform_scenario import ScenarioError, read_scenarios
from novate.app.explain_pages import State, fences, main, write_page
from tests.tidy.sources import ROOT

PAGES = sorted((ROOT / "docs" / "features").glob("*.md"))
EXAMPLES = sorted((ROOT / "docs" / "examples" / "features").glob("*.jsonl"))
CONFORMANCE = ROOT / "tests" / "conformance"
MODELS = [*(CONFORMANCE / "rulebook" / "hand").glob("*.jsonl"), *(CONFORMANCE / "beyond").glob("*.jsonl")]
LAST_COMMON_RULE = 56
"""What comes after it is Novate's own; the naive twin checks those examples (tests/oracle)."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_pictures_of_a_page_are_current(page: Path) -> None:
    found = list(fences(page))
    assert found, f"{page.name}: expected a picture"
    behind = [f"{fence.state}: {fence.mark} {fence.why}" for fence in found if fence.state != State.CURRENT]
    assert behind == [], "expected current pictures: python -m novate.app.explain_pages docs/features"


def test_every_example_is_shown_on_a_page_and_every_page_is_in_the_index() -> None:
    shown = {fence.scenario.resolve() for page in PAGES for fence in fences(page)}
    assert shown == set(EXAMPLES)
    index = (ROOT / "docs" / "features" / "index.md").read_text()
    assert [page.name for page in PAGES if page.name != "index.md" and f"({page.name})" not in index] == []


def test_every_example_passes() -> None:
    result = conform_files(EXAMPLES, "FULL")
    assert [str(outcome.difference) for outcome in result.outcomes if outcome.verdict != Verdict.PASSED] == []


def test_examples_of_level_full_say_what_the_conformance_scenarios_say() -> None:
    models = {scenario.name: scenario for path in MODELS for scenario in read_scenarios(path)}
    for path in EXAMPLES:
        for scenario in read_scenarios(path):
            if scenario.level == "CORE" or any(int(rule[1:]) > LAST_COMMON_RULE for rule in scenario.rules):
                continue
            model = models[scenario.name]
            ours = [(step.command, step.expect) for step in scenario.steps]
            theirs = [(step.command, step.expect) for step in model.steps]
            assert ours == theirs[: len(ours)], f"{path.name}: {scenario.name}"
            assert scenario.markets == model.markets


def page_of(folder: Path, text: str) -> Path:
    """A page with a scenario beside it."""
    lines = (ROOT / "docs" / "examples" / "features" / "icebergs.jsonl").read_text()
    (folder / "icebergs.jsonl").write_text(lines)
    page = folder / "page.md"
    page.write_text(text)
    return page


def test_a_fence_is_written_and_then_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = page_of(tmp_path, "# A\n\n<!-- explain: icebergs.jsonl steps 1,4 -->\n\nB\n")
    assert main([str(tmp_path), "--check"]) == 1
    assert "not current: <!-- explain: icebergs.jsonl steps 1,4 -->" in capsys.readouterr().out
    assert main([str(tmp_path)]) == 0
    text = page.read_text()
    assert text.startswith(
        "# A\n\n<!-- explain: icebergs.jsonl steps 1,4 -->\n```text\nstep 1  account 1 sells 30"
    )
    assert text.endswith("```\n\nB\n")
    assert main([str(tmp_path), "--check"]) == 0
    page.write_text(text.replace("step 4", "step 5"))
    assert [fence.state for fence in write_page(page)] == [State.STALE]
    assert page.read_text() == text


def test_a_picture_that_the_venue_cannot_give_is_named_and_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = page_of(tmp_path, "<!-- explain: icebergs.jsonl step 1 -->\n```text\nas it was\n```\n")
    refusal = {"ev": "REJECTED", "cmd": "NEW", "acct": 1, "cid": 1, "reason": "NOT_SUPPORTED"}
    monkeypatch.setattr(Runner, "answer", lambda self, step: [refusal])
    assert main([str(tmp_path)]) == 0
    said = capsys.readouterr().out
    assert "page.md: not generated: " in said
    assert said.endswith("0 current, 0 written, 1 not supported by this venue\n")
    assert "as it was" in page.read_text()


@pytest.mark.parametrize(
    "mark",
    [
        "<!-- explain: icebergs.jsonl -->",
        "<!-- explain icebergs.jsonl step 1 -->",
        "<!-- explain: gone.jsonl step 1 -->",
        "<!-- explain: icebergs.jsonl step 99 -->",
        "<!-- explain: icebergs.jsonl scenario other step 1 -->",
        "<!-- explain: icebergs.jsonl steps 5-2 -->",
    ],
)
def test_a_mark_that_is_none_is_refused(tmp_path: Path, mark: str) -> None:
    page = page_of(tmp_path, f"{mark}\n")
    with pytest.raises(ScenarioError, match="expected"):
        list(fences(page))
    assert main([str(tmp_path), "--check"]) == 1


def test_wrong_use_is_exit_code_2() -> None:
    assert main([]) == 2
    assert main(["docs", "--fix"]) == 2
