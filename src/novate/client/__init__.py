"""The client library of a node: sessions over its binary protocol, blocking or with asyncio.

from novate.client import Client, Credentials, new_order

with Client.connect("127.0.0.1:7411", Credentials.from_file("keys/ALPINE.key", "ALPINE")) as client:
    nonce = client.place_order(market=0, account=101, client_order_id=1, side=Side.BUY, quantity=5, price=100)
    receipt = client.receipt(nonce)          # in the journal, applied
    events = client.events(timeout=1.0)      # ACCEPTED, TRADE, ... numbered without a gap

protocol     the conversation without sockets      orders        commands as records
blocking     Client                                asynchronous  AsyncClient
"""

from novate.client.asynchronous import AsyncClient
from novate.client.blocking import Client, node_status
from novate.client.orders import amend_order, cancel_all, cancel_order, new_order
from novate.client.protocol import (
    Accepted,
    Credentials,
    Ended,
    Events,
    GapFound,
    Heartbeat,
    Notices,
    SessionEnded,
)

__all__ = [
    "Accepted",
    "AsyncClient",
    "Client",
    "Credentials",
    "Ended",
    "Events",
    "GapFound",
    "Heartbeat",
    "Notices",
    "SessionEnded",
    "amend_order",
    "cancel_all",
    "cancel_order",
    "new_order",
    "node_status",
]
