"""The tests of a backtest against published regions and against hand calculations."""

from __future__ import annotations

import math

import pytest

from novate.reports.coverage import Verdict, coverage_test, independence, kupiec

REGIONS = [
    # Kupiec (1995): numbers of failures that a test of 5 percent does not reject, of 255, 510 and 1,000 days.
    # The first is published as "below 7"; by the formula no failure at all has a ratio of 5.13, above 3.84.
    (0.01, (1, 6), (2, 10), (5, 16)),
    (0.025, (3, 11), (7, 20), (16, 35)),
    (0.05, (7, 20), (17, 35), (38, 64)),
    (0.075, (12, 27), (28, 50), (60, 91)),
    (0.10, (17, 35), (39, 64), (82, 119)),
]


@pytest.mark.parametrize(("share", "short", "middle", "long"), REGIONS)
def test_kupiec_rejects_what_the_published_table_rejects(
    share: float, short: tuple[int, int], middle: tuple[int, int], long: tuple[int, int]
) -> None:
    for days, region in ((255, short), (510, middle), (1000, long)):
        kept = [number for number in range(days + 1) if kupiec(days, number, share).p_value >= 0.05]
        assert (kept[0], kept[-1]) == region


def test_no_exception_at_all_is_a_ratio_too() -> None:
    found = kupiec(250, 0, 0.01)
    assert found.statistic == pytest.approx(-500 * math.log(0.99))
    assert kupiec(250, 250, 0.01).p_value == pytest.approx(0, abs=1e-12)


def test_independence_by_hand() -> None:
    # Pairs: 00 five times, 01 twice, 10 once, 11 once; 3 of 9 second days are exceptions.
    hits = [False, False, False, False, True, True, False, False, False, True]
    apart = 5 * math.log(5 / 7) + 2 * math.log(2 / 7) + 2 * math.log(1 / 2)
    together = 6 * math.log(6 / 9) + 3 * math.log(3 / 9)
    assert independence(hits).statistic == pytest.approx(-2 * (together - apart))


def test_the_verdict_knows_the_direction() -> None:
    assert coverage_test([True] * 20 + [False] * 230, 0.01, 0.05).verdict is Verdict.NOT_COVERED
    assert coverage_test([False] * 250, 0.01, 0.05).verdict is Verdict.MORE_THAN_ASKED
    assert coverage_test([True] * 3 + [False] * 247, 0.01, 0.05).verdict is Verdict.COVERED


def test_exceptions_in_a_row_cluster() -> None:
    row = [False] * 100 + [True] * 4 + [False] * 146
    spread = [day % 60 == 7 for day in range(250)]
    assert coverage_test(row, 0.01, 0.05).clusters
    assert not coverage_test(spread, 0.01, 0.05).clusters


def test_one_day_alone_says_nothing_about_independence() -> None:
    assert independence([True]).p_value == 1
