"""What the node says to a QUERY: read from the venue's tables between two turns."""

from __future__ import annotations

from typing import Any

import numpy as np

from novate.app.bootstrap import Plane
from novate.domain.codes import Reject
from novate.domain.queries import ANSWER, Lines, QueryKind
from novate.gateway.binary.questions import Answerer

_NONE = np.zeros(0, ANSWER)


def answerer_of(plane: Plane) -> Answerer:
    """Answers from the venue of a plane."""
    markets = len(plane.configuration.instruments)
    venue = plane.venue

    def answer_to(query: Any, answer: Any) -> Lines:
        answer["sequence"], answer["time"] = venue.sequence, venue.now
        account = int(query["account"])
        if query["kind"] == QueryKind.DEPTH:
            market = int(query["market"])
            if market >= markets:
                answer["reason"] = Reject.UNKNOWN_MARKET
                return _NONE
            last = venue.last_price(market)
            answer["has_last"], answer["last"] = last is not None, last or 0
            answer["state"] = venue.market_state(market)
            return venue.depth(market, int(query["most"]))
        if query["kind"] == QueryKind.ORDERS:
            wanted = None if query["everybody"] else account
            lines, answer["next"] = venue.orders(int(query["first"]), int(query["most"]), wanted)
            return lines
        answer["has_last"], answer["last"] = 1, venue.clearing_sequence
        return venue.balances(account) if query["kind"] == QueryKind.BALANCES else venue.positions(account)

    return answer_to
