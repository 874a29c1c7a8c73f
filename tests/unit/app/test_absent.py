"""Packages that a process does without."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from novate.app.absent import without
without("pandas")
import pyarrow as pa
assert pa.array([1, 2]).to_pylist() == [1, 2]
assert pa.Table.from_pylist([{"one": 1}]).num_rows == 1
assert "pandas" not in sys.modules
try:
    import pandas
except ModuleNotFoundError as error:
    assert error.name == "pandas"
import json.tool
"""


def test_a_package_that_a_process_does_without_is_not_looked_for() -> None:
    subprocess.run([sys.executable, "-c", PROGRAM], check=True)
