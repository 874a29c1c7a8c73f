"""How numbers look, and where ticks of an axis fall."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novate.reports.figures import DASH, MINUS, clock, directed, grouped, percent, plural, quiet, short
from novate.reports.model import headline
from novate.reports.svg import Scale, step_path, ticks, time_ticks


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0, 0, "0"),
        (1234567, 2, "12,345.67"),
        (-5, 2, f"{MINUS}0.05"),
        (10**15, 0, "1,000,000,000,000,000"),
        (1, 9, "0.000000001"),
    ],
)
def test_numbers_are_grouped_and_keep_their_digits(value: int, digits: int, text: str) -> None:
    assert grouped(value, digits) == text


@given(st.integers(-(10**18), 10**18), st.integers(0, 9))
def test_a_grouped_number_can_be_read_back(value: int, digits: int) -> None:
    read = grouped(value, digits).replace(",", "").replace(MINUS, "-").replace(".", "")
    assert int(read) == value


def test_direction_has_arrow_and_sign() -> None:
    assert directed(1250, 2) == "▲ +12.50"
    assert directed(-1250, 2) == f"▼ {MINUS}12.50"
    assert directed(0, 2) == quiet(0) == DASH


def test_a_saving_is_rounded_down() -> None:
    assert percent(99_999, 100_000) == "99.9%"
    assert percent(1, 1) == "100%"
    assert percent(0, 0) == DASH


def test_labels_in_pictures_have_three_digits() -> None:
    assert [short(n, 2) for n in (99_999, 100_000, 123_456_789, 5)] == ["999.99", "1.00 k", "1.23 m", "0.05"]


def test_the_headline_counts_what_is_left_to_settle() -> None:
    assert headline(3290, 412) == "3,290 trades became 412 obligations: 87.4% less to settle"
    assert headline(1, 2) == "1 trade became 2 obligations"
    assert headline(0, 0).startswith("No trade")
    assert headline(0, 0, made=1789) == "1,789 trades, none of which is to be settled"
    assert plural(2, "entry", "entries") == "2 entries"


def test_the_clock_takes_the_time_of_day() -> None:
    day = 86_400 * 1_000_000_000
    assert clock(20_000 * day + 36_870 * 1_000_000_000) == "10:14:30"
    assert clock(36_870 * 1_000_000_000, seconds=False) == "10:14"


@given(st.integers(-(10**12), 10**12), st.integers(1, 10**12), st.integers(2, 9))
def test_ticks_are_round_and_within(low: int, span: int, wanted: int) -> None:
    found = ticks(low, low + span, wanted)
    assert len(found) <= wanted + 1
    assert all(low <= tick <= low + span for tick in found)
    steps = {right - left for left, right in itertools.pairwise(found)}
    assert len(steps) <= 1
    assert all(str(step).rstrip("0") in ("1", "2", "5") for step in steps)


def test_time_ticks_fall_on_the_half_hour() -> None:
    hour = 3600 * 1_000_000_000
    assert time_ticks(9 * hour + 7, 12 * hour, 7) == [9 * hour + k * hour // 2 for k in range(1, 7)]


def test_a_step_line_has_gaps_where_nothing_is_known() -> None:
    assert step_path([(0, 5), (1, 7), (2, None), (3, 4)], 9) == "M0 5H1V7H2M3 4H9"


def test_a_scale_runs_either_way() -> None:
    assert Scale(0, 10, 100, 0).at(2) == 80
