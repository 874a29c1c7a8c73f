"""Questions of sessions about the venue's present state: who may ask what, and the frames around them.

G QUERY --> may this session know? --> the venue's tables (whoever owns them answers) --> G ANSWER, lines
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from novate.domain.codes import Reject
from novate.domain.queries import ANSWER, MOST_LEVELS, MOST_ROWS, QUERY, QUERY_FRAME, Lines, QueryKind
from novate.domain.session_codes import SessionReject
from novate.domain.wire import HEADER_BYTES, frame
from novate.gateway.binary.refusal import Refused
from novate.gateway.binary.sessions import SessionTerms

QUERY_BYTES = HEADER_BYTES + QUERY.itemsize
Answerer: TypeAlias = Callable[[Any, Any], Lines]
"""Fills the ANSWER to a QUERY and returns the lines behind it."""


def nothing_known(query: Any, answer: Any) -> Lines:
    """The answerer of a gateway behind which no venue stands."""
    answer["reason"] = Reject.UNKNOWN_COMMAND
    return np.zeros(0, ANSWER)


def answer_query(terms: SessionTerms, whole: memoryview, answerer: Answerer) -> bytes:
    """The answer to a frame G. Raises Refused for bytes that are no question."""
    if len(whole) != QUERY_BYTES:
        raise Refused(SessionReject.MALFORMED_FRAME)
    query: Any = np.frombuffer(whole[HEADER_BYTES:], QUERY)[0].copy()
    if query["kind"] not in tuple(QueryKind):
        raise Refused(SessionReject.MALFORMED_FRAME)
    most = MOST_LEVELS if query["kind"] == QueryKind.DEPTH else MOST_ROWS
    query["most"] = min(int(query["most"]), most)
    record: Any = np.zeros(1, ANSWER)
    answer = record[0]
    for name in ("kind", "market", "account", "request"):
        answer[name] = query[name]
    lines = np.zeros(0, ANSWER)
    if _may_ask(terms, query):
        lines = answerer(query, answer)
    else:
        answer["reason"] = SessionReject.WRONG_ACCOUNT
    body = record.tobytes() + lines.tobytes()
    return frame(QUERY_FRAME, int(query["request"]), body, 1 + len(lines))


def _may_ask(terms: SessionTerms, query: Any) -> bool:
    """The market for whoever is told of it; an account for whom it belongs to."""
    if terms.accounts is None:
        return True
    if query["kind"] == QueryKind.DEPTH:
        return terms.market_data
    return not query["everybody"] and int(query["account"]) in terms.accounts
