"""What is in the repository belongs to no machine: no path of one, no address of a registry.

The words to look for are put together from pieces, or this file would be its own first finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy.sources import ROOT, report, tracked_files

HOMES = "work|root|home|Users|farm|tmp/[A-Za-z_]+"
MACHINE_PATH = re.compile(rf"(?:^|[^A-Za-z0-9_.<>~}}])/(?:{HOMES})/[A-Za-z0-9_.]")
REGISTRIES = ("pypi" + ".org", "pythonhosted" + ".org", "npmjs" + ".org", "crates" + ".io", "index" + "-url")
ADDRESS = re.compile("|".join(map(re.escape, REGISTRIES)))
LOCK_ADDRESS = re.compile(r"[a-z]+:/" + "/|@ *file")
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "HA" + "CK")) + r")\b")


def marks_of_a_machine(name: str, text: str) -> Iterator[str]:
    """Lines that name a path of one machine, a registry's address, or work that is not done."""
    locked = Path(name).name.startswith("requirements")
    for number, line in enumerate(text.splitlines(), 1):
        if MACHINE_PATH.search(line):
            yield f"{name}:{number}: expected no path of one machine: {line.strip()[:100]}"
        if ADDRESS.search(line) or (locked and LOCK_ADDRESS.search(line)):
            yield f"{name}:{number}: expected no address: {line.strip()[:100]}"
        if UNFINISHED.search(line):
            yield f"{name}:{number}: expected finished work: {line.strip()[:100]}"


def _text(path: Path) -> str:
    data = path.read_bytes()
    return "" if b"\0" in data[:8192] else data.decode("utf-8", errors="replace")


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    findings = [
        found
        for path in tracked_files()
        for found in marks_of_a_machine(path.relative_to(ROOT).as_posix(), _text(path))
    ]
    assert not findings, report(findings)


def test_locks_pin_versions_with_hashes() -> None:
    for lock in sorted(ROOT.glob("requirements*.txt")):
        pinned = re.split(r"\n(?=\S)", lock.read_text())
        loose = [p.split()[0] for p in pinned if "==" not in p or "--hash=sha256:" not in p]
        assert not loose, f"{lock.name}: expected versions with hashes, was {loose}"


def test_no_large_file_is_tracked() -> None:
    large = [path.name for path in tracked_files() if path.stat().st_size > 1_000_000]
    assert not large


@pytest.mark.parametrize(
    "line",
    [
        "see /" + "home/someone/notes",
        "cd /" + "root/x",
        "= '/" + "tmp/run_jobs/a'",
        "from py" + "pi.org",
        "TO" + "DO",
    ],
)
def test_a_mark_of_a_machine_is_found(line: str) -> None:
    assert len(list(marks_of_a_machine("docs/page.md", line))) == 1


def test_addresses_are_found_in_locks_and_allowed_elsewhere() -> None:
    link = "https:/" + "/www.iso20022.org"
    assert list(marks_of_a_machine("requirements.txt", link))
    assert not list(marks_of_a_machine("docs/glossary.md", link))
