"""What a scraper is told of the clearing house: margin and its cover, fails by age."""

from __future__ import annotations

from pathlib import Path

from novate.app.board.house_figures import HouseFigures
from novate.app.board.ledger import LedgerFollower
from novate.app.board.metrics import Exposition, _of_house
from novate.views import Views
from tests.unit.app.margin_firm import found, parameters_file


def test_margin_is_covered_party_by_party_and_fails_age(tmp_path: Path) -> None:
    with found(tmp_path) as house:
        margin = house.margin
        margin.parameters(parameters_file(tmp_path))
        house.trade("V", "1", instrument="NXH6", quantity="20", price="5000", buyer="ALFA/HOUS",
                    seller="BRAVO/HOUS")  # fmt: skip
        house.trade("V", "2", instrument="BOND", quantity="7", price="99", buyer="ALFA/HOUS",
                    seller="BRAVO/HOUS")  # fmt: skip
        margin.run()
        for _ in range(3):
            margin.settlement_price("NXH6", "5000")
            house.roll()
        first = told(tmp_path / "firm")
        assert first is not None
        assert first.fails == {2: 2}, "a purchase and a sale of the day before yesterday"
        assert (first.margin_currency, first.margin_required) == ("USD", 80_000_00)
        assert first.margin_covered == 80_000_00, "45,000.00 of each are pledged, 40,000.00 needed"
        house.trade("V", "3", instrument="NXH6", quantity="20", price="5000", buyer="ALFA/HOUS",
                    seller="BRAVO/HOUS")  # fmt: skip
        margin.run()
        covered = []
        for party in ("ALFA/HOUS", "BRAVO/HOUS"):
            house.deposit(party, "USD", "100000")
            covered.append(told(tmp_path / "firm"))
            margin.pledge(party, "USD", "100000")
        covered.append(told(tmp_path / "firm"))
    assert [one.margin_covered for one in covered if one] == [90_000_00, 125_000_00, 160_000_00], (
        "what ALFA has too much covers nothing of BRAVO"
    )
    made = Exposition()
    _of_house(made, covered[1])
    lines = made.text().decode().splitlines()
    assert 'ccp_fails_open{age_days="2"} 2' in lines
    assert 'ccp_margin_required{currency="USD"} 16000000' in lines
    assert "ccp_margin_coverage_ratio 0.78125" in lines


def told(firm: Path) -> HouseFigures | None:
    """By a follower that begins now."""
    follower, views = LedgerFollower(firm), Views(firm.parent / "views.duckdb", bytes(16))
    try:
        follower.feed(views, whole=True)
        assert follower.fault == ""
        return follower.figures()
    finally:
        follower.close()
        views.close()
