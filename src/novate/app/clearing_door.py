"""The door of a clearing house that runs: a Unix socket of the process that has its journal.

    tool                                     process of the house
      {"verb": "do", "argument": [...]}  -->   House.do_all, take, roll, write_files, what is outstanding
      {"answer": ..., "business_date"}   <--   journaled, applied, and the credit that follows from it told

One request and one answer a connection, each a line of JSON. Only its owner can open the socket. The tools
use `house_for_writing`: it opens the journal itself where no house runs, and knocks at the door where one
does; names and versions come then from a copy of the house that only reads.
"""

from __future__ import annotations

import contextlib
import os
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from novate.app.clearing_day_files import DayFiles
from novate.app.clearing_house import House
from novate.app.clearing_knock import REQUEST_BYTES, Answer, Json, Request, ask
from novate.app.clearing_names import WrittenError
from novate.app.clearing_returns import TakenFile
from novate.app.clearing_words import CommandRefused
from novate.app.plane_streams import DOOR
from novate.app.problems import RefusedError
from novate.reports.clearing_event_words import EventWords

PATIENCE_SECONDS = 5.0
"""For a request to arrive, and for an answer to be taken."""
MOST_WAITING = 16
ITS_OWN = ("FILLS", "ROLL", "RELEASE_CREDIT")
"""What nobody may say for the house: a roll has a verb of its own."""


# -- outside --------------------------------------------------------------------------------------------


class RunningHouse(House):
    """A house that another process runs: reads a copy of its own, does everything at the door."""

    _said_today = ""

    @property
    def today(self) -> str:
        """The business date, after the last answer."""
        return self._said_today or super().today

    def words(self) -> EventWords:
        """The sentences of events, of the house as it is now."""
        with House.open(self.root.parent, read_only=True) as now:
            return now.words()

    def do_all(self, commands: Sequence[Json]) -> list[Json]:
        """As `House.do_all`, at the door. Raises CommandRefused."""
        events: list[Json] = self._ask("do", list(commands))
        return events

    def take(self, path: Path) -> TakenFile:
        """As `House.take`; the process of the house reads the file."""
        return msgspec.convert(self._ask("take", str(path.absolute())), TakenFile)

    def roll(self, to: str | None = None) -> DayFiles:
        """As `House.roll`. Fills from now on are of the next business date."""
        return msgspec.convert(self._ask("roll", to), DayFiles)

    def write_files(self, date: str) -> DayFiles:
        """As `House.write_files`."""
        return msgspec.convert(self._ask("files", date), DayFiles)

    def _ask(self, verb: str, argument: Any) -> Any:
        answer = ask(self.root.parent / DOOR, {"verb": verb, "argument": argument})
        self._said_today = answer.business_date
        return answer.answer


def house_for_writing(directory: Path) -> House:
    """The house of a directory, to be changed: its journal, or the door of the process that has it."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as knocking:
        knocking.connect(str(directory / DOOR))
        return RunningHouse.open(directory, read_only=True)
    return House.open(directory)


# -- inside ---------------------------------------------------------------------------------------------


class Door:
    """The listening side; asked now and then by whoever runs the house, never waits."""

    def __init__(self, path: Path) -> None:
        """Listen. Raises OSError."""
        self._path = path
        self._waiting: dict[socket.socket, tuple[bytearray, float]] = {}
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        before = os.umask(0o177)
        try:
            self._listener.bind(str(path))
            self._listener.listen(MOST_WAITING)
            self._listener.setblocking(False)
        except OSError:
            self._listener.close()
            raise
        finally:
            os.umask(before)

    def sockets(self) -> list[socket.socket]:
        """What to wait for."""
        return [self._listener, *self._waiting]

    def serve(self, answer: Callable[[Request], Answer]) -> None:
        """Take what has arrived; answer every request that is whole."""
        with contextlib.suppress(OSError):
            while len(self._waiting) < MOST_WAITING:
                peer, _ = self._listener.accept()
                peer.setblocking(False)
                self._waiting[peer] = bytearray(), time.monotonic() + PATIENCE_SECONDS
        for peer, (said, until) in [*self._waiting.items()]:
            if not self._read(peer, said):
                self._drop(peer)
            elif said.endswith(b"\n"):
                self._answer(peer, bytes(said), answer)
            elif time.monotonic() > until or len(said) > REQUEST_BYTES:
                self._drop(peer)

    def _read(self, peer: socket.socket, said: bytearray) -> bool:
        """What is there; False when the peer is gone before its request was whole."""
        try:
            data = peer.recv(REQUEST_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        said += data
        return bool(data)

    def _answer(self, peer: socket.socket, said: bytes, answer: Callable[[Request], Answer]) -> None:
        try:
            request = msgspec.json.decode(said, type=Request)
        except msgspec.DecodeError as error:
            found = Answer(business_date="", refused="MALFORMED_REQUEST", message=str(error))
        else:
            found = answer(request)
        # Events that are told lazily are a sequence of their own kind: `list` makes them one that is sent.
        # Whoever asks and does not read must not stop a house.
        with contextlib.suppress(OSError):
            peer.settimeout(PATIENCE_SECONDS)
            peer.sendall(msgspec.json.encode(found, enc_hook=list) + b"\n")
        self._drop(peer)

    def _drop(self, peer: socket.socket) -> None:
        del self._waiting[peer]
        peer.close()

    def close(self) -> None:
        """Let go of everything; the next house listens anew."""
        for peer in [*self._waiting]:
            self._drop(peer)
        self._listener.close()
        self._path.unlink(missing_ok=True)


def answered(house: House, request: Request) -> Answer:
    """Do what is asked and say what became of it.

    Raises whatever is not a refusal: a journal that failed, an invariant that is broken.
    """
    before = house.plane.sequence
    house.look_again()
    try:
        return Answer(answer=_done(house, request), business_date=house.today)
    except (CommandRefused, WrittenError, RefusedError) as refusal:
        reason = getattr(refusal, "reason", "") or "REFUSED"
        return Answer(refused=reason, message=str(refusal), business_date=house.today)
    except (KeyError, TypeError, ValueError, OSError) as error:
        if house.plane.sequence != before:
            raise
        said = f"expected commands of the clearing house, was: {error!r}"
        return Answer(refused="MALFORMED_REQUEST", message=said, business_date=house.today)


def _done(house: House, request: Request) -> Any:
    argument = request.argument
    if request.verb == "do":
        if not isinstance(argument, list):
            raise TypeError("a list of commands")
        own = next((one["cmd"] for one in argument if one["cmd"] in ITS_OWN), None)
        if own:
            raise RefusedError(f"{own}: expected a command that is given at the door, was one of the house")
        return house.do_all(argument)
    if request.verb == "take":
        return house.take(Path(argument))
    if request.verb == "roll":
        return house.roll(argument)
    return house.write_files(argument)
