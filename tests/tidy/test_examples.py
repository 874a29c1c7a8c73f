"""The worked example of the documents is worked by the program, to the byte."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.tidy.sources import ROOT

EXAMPLES = ROOT / "docs" / "examples"
PAGE = ROOT / "docs" / "how-an-order-becomes-an-obligation.md"


def test_the_three_members_owe_what_the_document_says(tmp_path: Path) -> None:
    command = next(line for line in PAGE.read_text().splitlines() if "novate clear" in line)
    words = command.removeprefix("$ novate ").split()
    words[words.index("--out") + 1] = str(tmp_path)
    novate = Path(sys.executable).with_name("novate")
    done = subprocess.run(
        [str(novate), *words], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "2 trades became 3 obligations" in done.stdout
    expected = (EXAMPLES / "three-members-obligations.csv").read_text()
    assert (tmp_path / "obligations.csv").read_text() == expected
