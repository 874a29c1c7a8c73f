"""The board's page has one count of trades, and says what of them is delivered."""

from __future__ import annotations

from pathlib import Path

import pytest

from novate.app.board import page
from novate.app.board.live import netting_title, not_delivered


@pytest.mark.parametrize(
    ("counts", "title"),
    [
        ((0, 0, 0), "No trade was made, so nothing has to be settled"),
        ((7, 0, 0), "7 trades, none of which is to be settled"),
        ((1_000, 1_000, 48), "1,000 trades became 48 obligations: 95.2% less to settle"),
        ((1_240, 1_000, 48), "1,000 of 1,240 trades became 48 obligations: 95.2% less to settle"),
        ((2, 1, 2), "1 of 2 trades became 2 obligations"),
    ],
)
def test_a_title_names_all_trades_and_those_that_are_delivered(
    counts: tuple[int, int, int], title: str
) -> None:
    assert netting_title(*counts) == title


def test_it_is_said_why_some_trades_become_no_obligation() -> None:
    assert not_delivered(0) == ""
    assert not_delivered(1).startswith("1 trade is of a market in which nothing is delivered")
    assert not_delivered(240).startswith("240 trades are of markets in which nothing is delivered")


def test_the_page_counts_trades_once() -> None:
    script = (Path(page.__file__).parent / "page.js").read_text(encoding="utf-8")
    assert "trades_in_all" not in script
    assert "data.executions" in script
    assert "data.not_delivered" in script
