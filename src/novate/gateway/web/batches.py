"""Batches of orders: each is read, counted, placed and answered by itself, in its place.

    {"orders": [order, nonsense, order]}  -->  results[0]: order
                                               results[1]: error, field orders[1].price
                                               results[2]: order

The envelope is whole or refused as a whole, before anything is sent: JSON, the one key, its count of orders.
What stands inside of an order refuses that order alone, in the words that it would have got by itself.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta

from novate.gateway.web import messages
from novate.gateway.web.calls import Call
from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.limits import MOST_BATCH
from novate.gateway.web.requests import decode, error_of

if TYPE_CHECKING:
    from novate.gateway.web.gateway import Gateway


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """messages.BatchRequest with its orders unread."""

    orders: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=MOST_BATCH)]


class _Named(msgspec.Struct, frozen=True):
    """All that is wanted of an order that is none."""

    client_order_id: messages.ClientOrderId | None = None


class SentOrder(NamedTuple):
    """One order of a batch."""

    client_order_id: str | None
    """None: it has none of the form of one."""
    request: messages.OrderRequest | WebRefused
    """WebRefused: what is wrong with it."""


_ENVELOPES, _ORDERS = msgspec.json.Decoder(_Envelope), msgspec.json.Decoder(messages.OrderRequest)


def read_batch(body: bytes) -> list[SentOrder]:
    """The orders of a body, well formed or not. Raises WebRefused for a body that is no batch."""
    # An order that is passed over unread may hold anything between its quotes.
    try:
        body.decode()
    except UnicodeDecodeError:
        raise WebRefused(WebReject.MALFORMED_JSON, "Expected one JSON document in UTF-8, was not") from None
    envelope = decode(_ENVELOPES, body, is_outermost=True)
    return [_read_order(bytes(raw)) for raw in envelope.orders]


def _read_order(raw: bytes) -> SentOrder:
    try:
        request = decode(_ORDERS, raw)
    except WebRefused as refused:
        return SentOrder(_name_of(raw), refused)
    return SentOrder(request.client_order_id, request)


def _name_of(raw: bytes) -> str | None:
    try:
        return msgspec.json.decode(raw, type=_Named).client_order_id
    except msgspec.DecodeError:
        return None


def place_batch(gateway: Gateway, call: Call) -> None:
    """Place several orders; each is taken or refused by itself, and each spends the rate of orders."""
    sent: list[SentOrder] = call.body
    results: list[Any] = [None] * len(sent)
    left = len(sent)

    def done(at: int, result: Any, is_duplicate: bool) -> None:
        nonlocal left
        refused = isinstance(result, WebRefused)
        results[at] = messages.BatchResult(
            client_order_id=sent[at].client_order_id,
            order=None if refused else result,
            error=_error(at, result, call.request_id) if refused else None,
            duplicate_same=is_duplicate,
        )
        left -= 1
        if left == 0:
            call.answer(messages.BatchAnswer(results=results, known_since_ns=gateway.desk.known_since_ns))

    for at, order in enumerate(sent):
        try:
            # The request itself has spent what its first order costs.
            if at and call.bucket is not None:
                gateway.spend(call.bucket, 1)
            if isinstance(order.request, WebRefused):
                raise order.request
            gateway.desk.place(call.owner, order.request, partial(done, at))
        except WebRefused as refused:
            done(at, refused, False)


def _error(at: int, refused: WebRefused, request_id: str) -> messages.Error:
    """The error of one order, its place counted from the body."""
    place = f"orders[{at}]" + (f".{refused.field}" if refused.field else "")
    return error_of(refused.code, refused.message, place, request_id)
