"""The gateway: who may call what, at which rate, and everything that calls need.

Request --> route --> rate of the address or key --> key, signature, scope --> parameters, body --> handler
     \\-------------- first rule that is broken: one error, one shape -----------------------------> Reply
"""

from __future__ import annotations

import asyncio
import inspect
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from novate.domain.configuration import Configuration
from novate.domain.session_codes import Permission
from novate.gateway.hosts import HostRule
from novate.gateway.web.amounts import Screens
from novate.gateway.web.books import Books
from novate.gateway.web.calls import Call, Route, Scope
from novate.gateway.web.cashier import Cashier
from novate.gateway.web.channels import Channels
from novate.gateway.web.clearing import Clearing
from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.history import History
from novate.gateway.web.http import JSON, HttpConnection, Reply, Request
from novate.gateway.web.keys import Key, Keys, signed_bytes
from novate.gateway.web.limits import Bucket, WebSettings
from novate.gateway.web.older import Older
from novate.gateway.web.order_desk import OrderDesk
from novate.gateway.web.queries import PATH_TYPES
from novate.gateway.web.requests import convert, decode, decode_query, error_body
from novate.gateway.web.routes import ROUTES
from novate.gateway.web.sockets import Socket, open_socket
from novate.gateway.web.switches import Switches
from novate.gateway.web.trunk import Trunk
from novate.gateway.web.venue_view import VenueView

MOST_ADDRESSES = 20_000
FAILURE_COST = 5
"""Units of the address's rate that a wrong signature costs."""


class Gateway:
    """One worker's application."""

    def __init__(
        self,
        configuration: Configuration,
        settings: WebSettings,
        keys: Keys,
        trunk: Trunk,
        view: VenueView,
        clearing: Clearing,
        *,
        older: Older,
        switches: Path,
        worker: int = 0,
        log: Callable[[str, dict[str, Any]], None] = lambda event, fields: None,
    ) -> None:
        """`older`: what stands before the windows of `view`. `switches`: where dead-man's switches are kept.
        `log` is told of defects; never of keys, signatures or bodies."""
        self.configuration = configuration
        self.settings = settings
        self.keys = keys
        self.trunk = trunk
        self.view = view
        self.history = History(view, older)
        self.clearing = clearing
        self.worker = worker
        self.log = log
        self.started = time.monotonic()
        self.screens = Screens(configuration)
        self._hosts = HostRule(settings.address, settings.hosts)
        self.desk = OrderDesk(trunk, view, self.screens)
        self.books = Books(trunk, view)
        self.switches = Switches(self.desk, switches)
        self.cashier = Cashier(trunk, self.screens, lambda: settings.test_money and not clearing.is_there)
        self.channels = Channels(self)
        view.follower = self.channels
        self.connections: set[HttpConnection] = set()
        self.sockets: set[Socket] = set()
        self._addresses: dict[str, Bucket] = {}
        self._requests = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._exact: dict[str, dict[str, Route]] = {}
        self._patterns: list[tuple[list[str], dict[str, Route]]] = []
        # By identity: a route is a tuple of many things, some of which are slow to hash.
        self._readers = {
            id(route): route.reads or partial(decode, msgspec.json.Decoder(route.body))
            for route in ROUTES
            if route.body is not None
        }
        self._rates = {id(route): route.rate.value for route in ROUTES}
        self._suffices = {id(route): int(route.scope.permission | Permission.ADMIN) for route in ROUTES}
        self._build()

    def _build(self) -> None:
        patterns: dict[str, dict[str, Route]] = {}
        for route in ROUTES:
            table = patterns if "{" in route.path else self._exact
            table.setdefault(route.path, {})[route.method] = route
        self._patterns = [(path.split("/"), methods) for path, methods in patterns.items()]

    # -- one request --------------------------------------------------------------------------------------

    def handle(self, request: Request, reply: Reply) -> None:
        """See http.Application."""
        self._requests += 1
        request_id = f"{self.worker}-{self._requests}"
        call: Call | None = None
        try:
            self._expect_host(request)
            route, path = self._route(request)
            call = Call(route, request, reply, path, request_id)
            self._admit(call)
            self._decode(call)
            result = route.handler(self, call)
            if result is None:
                return
            if inspect.isawaitable(result):
                task = asyncio.ensure_future(self._later(call, result))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            else:
                call.answer(result)
        except WebRefused as refused:
            self._answer_refused(refused, reply, request_id, call)
        except Exception as error:
            self._defect(error, request_id)
            self._answer_refused(WebRefused(WebReject.INTERNAL_ERROR), reply, request_id, call)

    async def _later(self, call: Call, result: Any) -> None:
        try:
            call.answer(await result)
        except WebRefused as refused:
            call.answer(refused)
        except Exception as error:
            self._defect(error, call.request_id)
            call.answer(WebRefused(WebReject.INTERNAL_ERROR))

    def _defect(self, error: Exception, request_id: str) -> None:
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        place = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at is not None else ""
        self.log("defect", {"request_id": request_id, "error": type(error).__name__, "place": place})

    def refuse(self, reply: Reply, refused: WebRefused) -> None:
        """See http.Application."""
        self._requests += 1
        self._answer_refused(refused, reply, f"{self.worker}-{self._requests}", None)

    def _answer_refused(self, refused: WebRefused, reply: Reply, request_id: str, call: Call | None) -> None:
        if call is not None:
            call.answer(refused)
            return
        status, body = error_body(refused, request_id)
        lines = "".join(f"{name}: {value}\r\n" for name, value in refused.headers)
        reply.finish(status, body, f"Request-Id: {request_id}\r\n{lines}".encode("latin-1"))

    def _expect_host(self, request: Request) -> None:
        """Raise WebRefused for a page that has let its own name point here."""
        host = request.header(b"host")
        if not self._hosts.admits(host):
            sentence = self._hosts.sentence(host)
            raise WebRefused(WebReject.WRONG_HOST, sentence[:1].upper() + sentence[1:], "Host")

    def _route(self, request: Request) -> tuple[Route, dict[str, str]]:
        """The route of a request and the variable parts of its path. Raises WebRefused."""
        methods = self._exact.get(request.path)
        found: dict[str, str] = {}
        if methods is None:
            parts = [unquote(part) for part in request.path.split("/")]
            for pattern, those in self._patterns:
                if len(pattern) == len(parts) and all(
                    want == got or want[:1] == "{" for want, got in zip(pattern, parts, strict=True)
                ):
                    methods = those
                    found = {
                        want[1:-1]: got for want, got in zip(pattern, parts, strict=True) if want[:1] == "{"
                    }
                    break
        if methods is None:
            message = "Expected a path of GET /v1/openapi.json, which /v1/docs shows, was another"
            raise WebRefused(WebReject.UNKNOWN_ROUTE, message)
        route = methods.get("GET" if request.method == "HEAD" else request.method)
        if route is None:
            refused = WebRefused(
                WebReject.METHOD_NOT_ALLOWED, f"Expected {' or '.join(sorted(methods))} of this path"
            )
            refused.headers.append(("Allow", ", ".join(sorted(methods))))
            raise refused
        return route, found

    # -- who, and how often -------------------------------------------------------------------------------

    def _admit(self, call: Call) -> None:
        """Key, signature, scope and rate. Raises WebRefused."""
        route, request = call.route, call.request
        if route.scope is Scope.PUBLIC:
            call.bucket = self.address_bucket(request.address)
            self.spend(call.bucket, 1)
            return
        key = self.authenticate(
            request.header(b"novate-key"), request.header(b"novate-time"),
            request.header(b"novate-signature"), request.method, request.target, request.body,
            request.address,
        )  # fmt: skip
        call.key = key
        if not key.permission_bits & self._suffices[id(route)]:
            require_scope(key, route.scope)
        call.bucket = key.buckets[self._rates[id(route)]]
        self.spend(call.bucket, 1)

    def authenticate(
        self, name: str, stamp: str, signature: str, method: str, target: str, body: bytes, address: str
    ) -> Key:
        """The key that signed; a wrong signature costs the address. Raises WebRefused."""
        if not (name and stamp and signature):
            raise WebRefused(
                WebReject.KEY_MISSING, "Expected the headers Novate-Key, Novate-Time and Novate-Signature"
            )
        bucket = self.address_bucket(address)
        if len(signature) > 64 and bucket.remaining < 1:
            # Signatures take time to verify: whoever sends wrong ones has to wait.
            self.spend(bucket, 1)
        try:
            message = signed_bytes(method, target, stamp, body)
            return self.keys.authenticate(name, stamp, signature, message, address, time.time_ns())
        except WebRefused:
            bucket.spend(min(FAILURE_COST, bucket.remaining), time.monotonic_ns())
            raise

    def spend(self, bucket: Bucket, units: int) -> None:
        """Take units of a rate. Raises WebRefused with Retry-After."""
        if bucket.spend(units, time.monotonic_ns()):
            return
        refused = WebRefused(
            WebReject.TOO_MANY_REQUESTS, f"Expected at most {bucket.rate} a second, was more"
        )
        refused.headers.append(("Retry-After", str(bucket.seconds_until(units))))
        raise refused

    def address_bucket(self, address: str) -> Bucket:
        """The rate of an address; those that were not heard of for longest are forgotten."""
        bucket = self._addresses.pop(address, None)
        if bucket is None:
            rate = self.settings.public_per_second
            bucket = Bucket(rate, 2 * rate)
            if len(self._addresses) >= MOST_ADDRESSES:
                self._addresses.pop(next(iter(self._addresses)))
        self._addresses[address] = bucket
        return bucket

    def _decode(self, call: Call) -> None:
        """Parameters and body. Raises WebRefused."""
        route, request = call.route, call.request
        if call.path:
            for name, text in call.path.items():
                convert(text, PATH_TYPES[name])
        call.query = decode_query(route.query, request.query)
        if route.body is not None:
            kind = request.headers.get(b"content-type", b"")
            if kind != JSON and kind.partition(b";")[0].strip().lower() != JSON:
                raise WebRefused(
                    WebReject.UNSUPPORTED_MEDIA_TYPE,
                    "Expected Content-Type: application/json",
                    "Content-Type",
                )
            call.body = self._readers[id(route)](request.body)
        elif request.body:
            raise WebRefused(WebReject.INVALID_FIELD, "Expected no body of this request, was one")

    # -- WebSocket ----------------------------------------------------------------------------------------

    def open_socket(self, request: Request, transport: asyncio.Transport) -> asyncio.Protocol | None:
        """See http.Application."""
        if not self._hosts.admits(request.header(b"host")):
            return None
        return open_socket(self, request, transport)

    def close(self) -> None:
        """Tell every subscriber, let go of every connection."""
        for socket in [*self.sockets]:
            socket.end(WebRefused(WebReject.GATEWAY_STOPPING))
        for connection in [*self.connections]:
            connection.close()


def require_scope(key: Key, scope: Scope) -> None:
    """Raise WebRefused unless the key has the scope."""
    if not key.may(scope.permission):
        raise WebRefused(
            WebReject.MISSING_SCOPE, f'Expected a key with the permission "{scope.value}", this one has not'
        )
