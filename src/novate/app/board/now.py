"""Markets, accounts and books as they stand at this moment, read from the replica.

    state        from STATE events, behind what the views know
    best prices  from BOOK_STATE events and the replica's book
    credit       from the replica's balances

Prices are ticks, quantities lots, money minor units, as everywhere below the screens.
"""

from __future__ import annotations

from itertools import groupby

from novate.app.bootstrap import Replica
from novate.client.views import AccountsNow, Answer, BookNow, MarketsNow, Question
from novate.domain.codes import EventKind, MarketState, Scope
from novate.domain.records import MARKET_EVENT, SCOPE_EVENT, Events
from novate.domain.resolve import assets, venue_terms
from novate.views import Views

MOST_ORDERS = 2_000
"""Orders of a side that are looked at for its levels."""
Level = tuple[int, int, int]
"""(price, displayed quantity, orders)."""


class Now:
    """What stands now; told events, asks the replica and the views for the rest."""

    def __init__(self, replica: Replica, views: Views) -> None:
        self._replica = replica
        self._views = views
        self.configuration = replica.configuration
        self.terms = venue_terms(replica.configuration)
        self.states = [MarketState[market.initial_state] for market in self.terms.markets]
        for market, state in views.last_states():
            self.states[market] = MarketState(state)
        self.switches = views.switches_on()
        """(Scope, holder) of kill switches that are on."""

    def take(self, events: Events) -> None:
        """Events behind those that the views had at the start."""
        kinds = events["kind"]
        for one in events[kinds == EventKind.STATE].view(MARKET_EVENT):
            self.states[int(one["market"])] = MarketState(int(one["to_state"]))
        for one in events[(kinds == EventKind.KILLED) | (kinds == EventKind.REVIVED)].view(SCOPE_EVENT):
            switch = int(one["scope"]), int(one["holder"])
            (self.switches.add if one["kind"] == EventKind.KILLED else self.switches.discard)(switch)

    def answer(self, question: Question) -> Answer | None:
        """The answer to a question about this moment; None for any other question."""
        if isinstance(question, MarketsNow):
            return self._markets()
        if isinstance(question, AccountsNow):
            return self._accounts(question)
        if isinstance(question, BookNow):
            return self._book(question)
        return None

    def levels(self, market: int, most: int) -> tuple[int | None, list[Level], list[Level]]:
        """(last price, bids, asks), each side at most `most` displayed levels, best first."""
        book = self._replica.venue.book(market, MOST_ORDERS)
        return book.last, _levels(book.bids, most), _levels(book.asks, most)

    def _markets(self) -> Answer:
        columns = ["market", "symbol", "state", "bid", "bid_quantity", "ask", "ask_quantity", "last"]
        rows = []
        for market, instrument in enumerate(self.configuration.instruments):
            last, bids, asks = self.levels(market, 1)
            bid, ask = (side[0][:2] if side else (None, 0) for side in (bids, asks))
            rows.append([market, instrument.symbol, self.states[market].name, *bid, *ask, last])
        return Answer(sequence=self._replica.venue.sequence, columns=columns, rows=rows)

    def _accounts(self, question: AccountsNow) -> Answer:
        """One row an account and asset that it has credit in; one with an empty asset if it has none."""
        columns = ["account", "member", "type", "stopped_by", "open_orders", "asset", "available", "reserved"]
        found = [one for one in self.configuration.accounts if one.number > (question.after or -1)]
        names = sorted(assets(self.configuration).values(), key=lambda asset: asset.number)
        open_orders, rows = self._views.open_orders(), []
        for one in sorted(found, key=lambda account: account.number)[: question.limit]:
            begin = [one.number, one.member, one.account.value, self.stopped_by(one.number)]
            held = [
                [asset.name, *balance]
                for asset in names
                if any(balance := self._replica.venue.balance(one.number, asset.number))
            ]
            rows += [[*begin, open_orders.get(one.number, 0), *line] for line in held or [["", 0, 0]]]
        return Answer(sequence=self._replica.venue.sequence, columns=columns, rows=rows)

    def stopped_by(self, account: int) -> str:
        """Scopes of the kill switches that stop an account, with commas between."""
        member = next((one.member for one in self.terms.accounts if one.account == account), 0)
        asked = ((Scope.ACCOUNT, account), (Scope.MEMBER, member), (Scope.VENUE, 0))
        return ",".join(scope.name for scope, holder in asked if (int(scope), holder) in self.switches)

    def _book(self, question: BookNow) -> Answer:
        if question.market >= len(self.states):
            raise ValueError(f"Expected a market below {len(self.states)}, was {question.market}")
        _, bids, asks = self.levels(question.market, question.levels)
        rows = [[side, *level] for side, found in (("BUY", bids), ("SELL", asks)) for level in found]
        columns = ["side", "price", "quantity", "orders"]
        return Answer(sequence=self._replica.venue.sequence, columns=columns, rows=rows)


def _levels(orders: list[tuple[int, int, int, int]], most: int) -> list[Level]:
    found: list[Level] = []
    for price, group in groupby(orders, key=lambda order: order[0]):
        shown = [displayed for _, _, displayed, _ in group if displayed]
        if shown:
            found.append((price, sum(shown), len(shown)))
        if len(found) == most:
            break
    return found
