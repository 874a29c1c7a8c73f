"""A route and one call of it: what a handler is given and how it answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, Union

import msgspec

from novate.domain.session_codes import Permission
from novate.gateway.web.codes import WebRefused
from novate.gateway.web.http import JSON, Reply, Request
from novate.gateway.web.keys import Key
from novate.gateway.web.queries import Query
from novate.gateway.web.requests import encode, error_body

if TYPE_CHECKING:
    from novate.gateway.web.gateway import Gateway
    from novate.gateway.web.limits import Bucket


class Scope(Enum):
    """What a key must be allowed to do; PUBLIC needs no key."""

    PUBLIC = "public"
    READ = "read"
    TRADE = "trade"
    TRANSFER = "transfer"
    CLEAR = "clear"

    @property
    def permission(self) -> Permission:
        """The permission of a session that it needs; none at all for PUBLIC."""
        return Permission(0) if self is Scope.PUBLIC else Permission[self.name]


class Rate(Enum):
    """Which rate a call spends."""

    PUBLIC = "public"
    READ = "read"
    ORDER = "order"
    CANCEL = "cancel"


Handled = Union[msgspec.Struct, None, "Answered"]
Handler = Callable[["Gateway", "Call"], Handled | Awaitable[Handled]]


class Answered(NamedTuple):
    """An answer with a status of its own, or with other bytes than JSON."""

    status: int
    body: Any
    kind: bytes = JSON


class Route(NamedTuple):
    """One route; the documents are made from these."""

    method: str
    path: str
    scope: Scope
    rate: Rate
    handler: Handler
    """Returns the answer, or an awaitable of it; None: it answers later by `Call.done`."""
    response: Any
    summary: str
    query: type[Query] = Query
    body: Any = None
    reads: Callable[[bytes], Any] | None = None
    """Reads the body where that is more than to decode its type; raises WebRefused."""
    status: int = 200
    refusals: tuple[int, ...] = ()
    """Further HTTP statuses that it answers with."""
    tag: str = "market data"
    kind: str = "application/json"


class Call:
    """One call of a route by somebody who may."""

    __slots__ = (
        "body",
        "bucket",
        "headers",
        "key",
        "path",
        "query",
        "reply",
        "request",
        "request_id",
        "route",
    )

    def __init__(
        self, route: Route, request: Request, reply: Reply, path: dict[str, str], request_id: str
    ) -> None:
        self.route = route
        self.request = request
        self.reply = reply
        self.path = path
        self.request_id = request_id
        self.key: Key | None = None
        self.bucket: Bucket | None = None
        self.query: Any = None
        self.body: Any = None
        self.headers: list[tuple[str, str]] = []

    @property
    def owner(self) -> Key:
        """The key of a call that needs one."""
        assert self.key is not None
        return self.key

    def header_lines(self) -> bytes:
        """Headers of every answer: the request's id, and what is left of its rate."""
        bucket = self.bucket
        lines = f"Request-Id: {self.request_id}\r\n"
        if bucket is not None:
            lines += (
                f"RateLimit-Limit: {bucket.burst}\r\nRateLimit-Remaining: {bucket.remaining}\r\n"
                f"RateLimit-Reset: {bucket.seconds_until_full}\r\n"
            )
        for name, value in self.headers:
            lines += f"{name}: {value}\r\n"
        return lines.encode("latin-1")

    def answer(self, result: Any) -> None:
        """Answer with a struct, an Answered or a WebRefused."""
        if isinstance(result, WebRefused):
            self.headers += result.headers
            status, body = error_body(result, self.request_id)
            kind = JSON
        elif isinstance(result, Answered):
            status, kind = result.status, result.kind
            body = result.body if isinstance(result.body, bytes) else encode(result.body)
        else:
            status, body, kind = self.route.status, encode(result), JSON
        self.reply.finish(status, body, self.header_lines(), kind)
