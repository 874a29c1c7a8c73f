"""The core is a pure function of its commands, and counts in integers."""

from __future__ import annotations

import pytest

from tests.tidy.purity import floats, impurities
from tests.tidy.sources import core, report, sample

REAL_VALUED = {
    "novate.clearing.margin.pricing.options_kernel",
    "novate.clearing.margin.pricing.arrays",
    "novate.clearing.margin.pricing.revaluation",
}
"""Option prices are real numbers by nature; `arrays` rounds them to money, and nothing above sees them."""


def test_the_core_reads_no_clock_no_chance_and_no_outside_world() -> None:
    findings = [found for source in core() for found in impurities(source)]
    assert not findings, report(findings)


def test_the_core_counts_in_integers() -> None:
    findings = [found for source in core() if source.name not in REAL_VALUED for found in floats(source)]
    assert not findings, report(findings)


def test_real_numbers_stay_in_the_room_of_option_prices() -> None:
    known = {source.name for source in core()}
    assert known >= REAL_VALUED
    rooms = {name.rpartition(".")[0] for name in REAL_VALUED}
    assert rooms == {"novate.clearing.margin.pricing"}


@pytest.mark.parametrize(
    "text",
    [
        "import time",
        "import os",
        "from sys import argv",
        "import random",
        "import logging",
        "import threading",
        "import socket",
        "from pathlib import Path",
        "def late():\n    import time\n",
        "print('filled')",
        "open('novate.toml')",
        "key = hash(order)",
        "import datetime\nday = datetime.date.today()",
        "import numpy as np\nnp.random.shuffle(x)",
        "import numpy as np\nbook = np.load(x)",
    ],
)
def test_an_impurity_is_found(text: str) -> None:
    assert len(list(impurities(sample("novate.venue.fees", text)))) == 1


@pytest.mark.parametrize(
    "text",
    [
        "fee = 0.5",
        "fee = notional / 2",
        "fee /= 2",
        "fee = float(notional)",
        "def fee(notional: float) -> int: ...",
        "import numpy as np\nfees = np.zeros(3, np.float64)",
        "fees = zeros(3, '<f8')",
        "import numpy as np\nfee = np.mean(fees)",
    ],
)
def test_a_fraction_is_found(text: str) -> None:
    assert len(list(floats(sample("novate.clearing.fees", text)))) == 1


def test_integer_code_is_not_a_finding() -> None:
    text = '"""A fee of 0.5 is half a float."""\nfee = notional * 5 // 10\nrest = notional % 10\n'
    source = sample("novate.clearing.fees", text)
    assert [*floats(source), *impurities(source)] == []
