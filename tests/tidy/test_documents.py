"""What the documents point at exists: files, headings, make targets, subcommands and their options."""

from __future__ import annotations

import functools
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.documents import broken_links, commands, slug
from tests.tidy.sources import ROOT, report

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINES = {" ".join(words) for page in PAGES for words in commands(page)}


@functools.cache
def help_of(*words: str) -> str:
    """What `novate WORDS --help` prints; fails where the command does not exist."""
    novate = Path(sys.executable).with_name("novate")
    wide = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(
        [str(novate), *words, "--help"], capture_output=True, text=True, timeout=60, env=wide, check=False
    )
    assert done.returncode == 0, f"novate {' '.join(words)}: expected a command, was {done.stderr}"
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    findings = list(broken_links(page))
    assert not findings, report(findings)


@pytest.mark.parametrize("line", sorted(line for line in LINES if line.startswith("make")))
def test_make_targets_of_the_documents_exist(line: str) -> None:
    targets = re.findall(r"^([a-z-]+)(?: [^:=\n]*)?:(?!=)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line.split()[1] in targets


@pytest.mark.parametrize("line", sorted(line for line in LINES if line.startswith("novate")))
def test_commands_of_the_documents_exist(line: str) -> None:
    words = line.split()[1:]
    groups = ("bench", "clearing", "import", "keys", "margin", "views")
    verbs = words[:2] if words[0] in groups else words[:1]
    usage = help_of(*verbs)
    unknown = [word for word in words if word.startswith("--") and word.split("=")[0] not in usage]
    assert not unknown, f"novate {' '.join(verbs)} knows no {unknown}"


def test_the_readme_shows_both_commands() -> None:
    assert {"make run", "make test"} <= {" ".join(words) for words in commands(ROOT / "README.md")}


def test_a_broken_link_and_a_broken_heading_are_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# Where the time goes\n")
    page = tmp_path / "page.md"
    page.write_text("[a](there.md#where-the-time-goes) [b](gone.md) [c](there.md#gone) ![d](gone.svg)\n")
    assert len(list(broken_links(page))) == 3
    page.write_text("[a](there.md) [b](https:/" + "/example.org/x)\n```\n[c](gone.md)\n```\n")
    assert list(broken_links(page)) == []


def test_commands_are_read_from_code_blocks_only(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("make it\n```console\n$ make run   # the day\nnovate verify out/run\nout/run/x\n```\n")
    assert [*commands(page)] == [["make", "run"], ["novate", "verify", "out/run"]]
    assert slug("What `make run` shows, and why") == "what-make-run-shows-and-why"
