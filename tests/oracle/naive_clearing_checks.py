"""What must be true after every command (C48)."""

from __future__ import annotations

from collections import defaultdict

from tests.oracle.naive_clearing_netting import signed_amount, signed_quantity
from tests.oracle.naive_clearing_terms import CCP, WORLD
from tests.oracle.naive_margin_default import Defaults


class Checks(Defaults):
    """Sums that have to be zero, and balances that may not be negative."""

    def validate(self) -> None:
        """Fails with the first invariant that is broken."""
        self.check_sums()
        self.check_signs()
        self.check_trades()
        self.check_own()
        self.check_rows()

    def check_sums(self) -> None:
        pledged = [*self.collateral.items(), *self.contributions.items()]
        for table, assets in ((self.holdings, self.terms.instruments), (self.cash, self.terms.currencies)):
            sums: dict[str, int] = defaultdict(int)
            for (asset, _), n in [*table.items(), *(one for one in pledged if one[0][0] in assets)]:
                sums[asset] += n
            assert not any(sums.values()), f"expected every asset to sum to 0, was {dict(sums)}"

    def check_signs(self) -> None:
        for (isin, party), n in self.holdings.items():
            assert n >= 0 or party == WORLD, f"expected no negative holding, was {n} {isin} of {party}"
        for (ccy, party), n in self.cash.items():
            assert n >= 0 or party in (WORLD, CCP), f"expected no negative cash, was {n} {ccy} of {party}"
        for (asset, party), n in [*self.collateral.items(), *self.contributions.items()]:
            assert n >= 0, f"expected no negative collateral, was {n} {asset} of {party}"
        for (ccy, party), n in self.arrears.items():
            assert n >= 0, f"expected no negative arrears, was {n} {ccy} of {party}"

    def check_trades(self) -> None:
        for key, trade in self.trades.items():
            amount, quantity = sum(leg.amount for leg in trade.legs), sum(leg.qty for leg in trade.legs)
            assert amount == 0, f"expected the amounts of {key} to sum to 0, was {amount}"
            is_split = any(self.splits[leg.isin] for leg in trade.legs)
            assert quantity == 0 or is_split, f"expected the quantities of {key} to sum to 0, was {quantity}"
            assert all((leg in self.waiting) == (leg.state == "WAITING") for leg in trade.legs)
        for place, position in self.positions.items():
            assert len({qty > 0 for _, qty in position.lots}) <= 1, f"expected lots of one sign at {place}"
            assert position.lots == sorted(position.lots), f"expected lots by age at {place}"
            assert position.qty or position.amount, f"expected no empty position at {place}"

    def check_own(self) -> None:
        """The CCP owns what its rules left with it, and not a unit more or less."""
        for isin in self.terms.instruments:
            found, allowed = self.ccp_securities(isin), self.own_securities[isin]
            assert found == allowed, f"expected {allowed} {isin} of the CCP's own, was {found}"
            if not self.splits[isin]:
                deposits = self.own_deposits[isin]
                assert found == deposits, f"expected {deposits} {isin} of the CCP, was {found}"
        for ccy in self.terms.currencies:
            found, allowed = self.ccp_money(ccy), self.own_money[ccy]
            assert found == allowed, f"expected {allowed} {ccy} of the CCP's own, was {found}"

    def ccp_money(self, ccy: str) -> int:
        """Cash and claims of the CCP less what it owes to members."""
        due, arrears = (sum(n for (asset, _), n in table.items() if asset == ccy)
                        for table in (self.due, self.arrears))  # fmt: skip
        opened = sum(one.amount for place, one in self.positions.items()
                     if self.terms.currency(place[0]) == ccy)  # fmt: skip
        waits = sum(leg.amount for leg in self.waiting if self.terms.currency(leg.isin) == ccy)
        paid = sum(n for (isin, _), n in self.paid.items() if self.terms.currency(isin) == ccy)
        return self.cash[ccy, CCP] + arrears - due - opened - waits + paid

    def check_rows(self) -> None:
        """One row a key, none of them empty, and those of an instrument sum to zero."""
        rows = [event for event in self.events if event["ev"] == "OBLIGATION"]
        assert len({row["obligation_id"] for row in rows}) == len(rows)
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for row in rows:
            assert row["quantity"] or row["amount_minor"], f"expected no empty row, was {row}"
            sums[row["isin"]][0] += signed_quantity(row)
            sums[row["isin"]][1] += signed_amount(row)
        assert all(one == [0, 0] for one in sums.values()), f"expected rows that sum to 0, was {dict(sums)}"
