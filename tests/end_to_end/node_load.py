"""Clients that outlive the nodes they talk to: eight sessions of all kinds, and what each must find again.

frame --sent--> unanswered --receipt--> acknowledged    (sequence in the journal, the bytes that were sent)
                    |
               node killed --login--> nonce taken?  yes: it is in the journal    no: sent once more
"""

from __future__ import annotations

import contextlib
import threading
import time
from typing import NamedTuple

import numpy as np

from novate.client import Client, Credentials, SessionEnded, cancel_all, new_order
from novate.domain.codes import Side, TimeInForce
from novate.domain.records import COMMAND, Commands
from novate.domain.session_codes import NoticeKind, SessionKind, SessionReject
from novate.gateway.binary import SessionTerms
from tests.end_to_end.nodes import seed_of, terms
from tests.end_to_end.test_node_sessions import PRICE


class Trader(NamedTuple):
    """A session, its account, and how many commands it puts into a frame."""

    name: str
    account: int
    kind: SessionKind
    size: int


TRADERS = (
    Trader("MAC-1", 101, SessionKind.MAC, 256),
    Trader("MAC-2", 201, SessionKind.MAC, 128),
    Trader("MAC-3", 202, SessionKind.MAC, 16),
    Trader("MAC-4", 102, SessionKind.MAC, 1),
    Trader("FRAME-1", 301, SessionKind.FRAME, 128),
    Trader("FRAME-2", 203, SessionKind.FRAME, 16),
    Trader("ORDER-1", 401, SessionKind.ORDER, 4),
    Trader("ORDER-2", 501, SessionKind.ORDER, 1),
)


def sessions() -> list[SessionTerms]:
    """What a node must know of them."""
    return [terms(one.name, at, one.account, kind=one.kind) for at, one in enumerate(TRADERS, 1)]


class Frame(NamedTuple):
    """Commands that were sent, as the node must journal them but for the time."""

    commands: Commands
    nonce: int


class Life:
    """One trader through the lives of many nodes."""

    def __init__(self, trader: Trader) -> None:
        self.trader = trader
        self.acknowledged: list[tuple[int, bytes]] = []
        """(first sequence, commands with the time taken as zero) of each frame that has a receipt."""
        self.taken_unheard = 0
        """Frames that were in the journal though their receipt never came."""
        self.lost: list[Frame] = []
        """Frames that no journal has; they are sent again."""
        self.told: list[bytes] = []
        self._unanswered: dict[int, Frame] = {}
        self._chance = np.random.default_rng(trader.account)
        self._pattern = new_order(0, trader.account, 0, Side.BUY, 1, PRICE)
        self._cid = 0
        self._last, self._stream = 0, bytes(16)
        self._client: Client | None = None
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self.failure: BaseException | None = None
        self.reason: SessionReject | None = None
        """Why the last session ended, if the node said so."""

    # -- one node -----------------------------------------------------------------------------------------

    def connect(self, address: str) -> None:
        """Go on where the stream was; find out what became of what was never answered."""
        credentials = Credentials(self.trader.name, seed_of(self.trader.name), self.trader.kind)
        client = Client.connect(address, credentials, from_number=self._last + 1, stream=self._stream)
        self._client, self._stream = client, client.protocol.stream
        for nonce in sorted(self._unanswered):
            frame = self._unanswered.pop(nonce)
            if nonce <= client.accepted.nonce:
                self.taken_unheard += 1
            else:
                self.lost.append(frame)

    def start(self) -> None:
        """Trade until the node is gone or `stop` is called."""
        self._stopping.clear()
        self.reason = None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def stop(self) -> None:
        """Answer what is on the way, then log out."""
        self._stopping.set()
        self.join()
        assert self._client is not None
        self._client.close()

    def join(self) -> None:
        """Wait for the thread; raises what it died of, unless that was the end of the node."""
        assert self._thread is not None
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        assert self._client is not None
        try:
            self._trade(self._client)
        except (ConnectionError, TimeoutError, SessionEnded):
            ended = self._client._ended
            self.reason = ended.reason if ended is not None else None
        except BaseException as error:
            self.failure = error
        finally:
            # What had arrived when the line broke was told all the same.
            self._take(self._client)

    def _trade(self, client: Client) -> None:
        while not self._stopping.is_set():
            self._send(client)
            while self._unanswered:
                self._listen(client, 0.05)

    def _send(self, client: Client) -> None:
        frame = self.lost.pop().commands if self.lost else self._orders()
        nonce = client.protocol.nonce + 1
        # Noted first: it may be journaled though sending it fails.
        self._unanswered[nonce] = Frame(frame, nonce)
        assert client.send(frame) == nonce

    def _orders(self) -> Commands:
        """Orders around one price, now and then everything taken back."""
        size, chance = self.trader.size, self._chance
        orders = np.repeat(self._pattern, size)
        orders["client_order_id"] = np.arange(self._cid + 1, self._cid + 1 + size)
        orders["side"] = chance.choice([Side.BUY, Side.SELL], size)
        orders["time_in_force"] = chance.choice([TimeInForce.GTC, TimeInForce.IOC], size)
        orders["price"] = PRICE + chance.integers(-3, 4, size)
        orders["quantity"] = chance.integers(1, 10, size)
        orders[orders["client_order_id"] % 40 == 0] = cancel_all(0, self.trader.account)
        self._cid += size
        return orders

    def _listen(self, client: Client, wait: float) -> None:
        with contextlib.suppress(TimeoutError):
            client._read(time.monotonic() + wait)
        self._take(client)

    def _take(self, client: Client) -> None:
        while client._notices:
            for notice in client._notices.popleft():
                assert notice["kind"] == NoticeKind.RECEIPT, f"{self.trader.name}: {notice}"
                frame = self._unanswered.pop(int(notice["nonce"]))
                assert notice["count"] == len(frame.commands)
                commands = frame.commands.copy()
                commands["session"] = client.protocol.session
                self.acknowledged.append((int(notice["first_sequence"]), commands.tobytes()))
        while client._events:
            records = client._events.popleft()
            self.told.append(records.tobytes())
            self._last += len(records)

    # -- afterwards ---------------------------------------------------------------------------------------

    def expect_in(self, records: Commands) -> int:
        """Every acknowledged command is in the journal, where its receipt says; returns how many they are."""
        found = 0
        for first, sent in self.acknowledged:
            expected = np.frombuffer(sent, COMMAND)
            there = records[first - 1 : first - 1 + len(expected)].copy()
            there["time"] = 0
            assert there.tobytes() == sent, f"{self.trader.name}: sequence {first}"
            found += len(expected)
        return found
