"""What all workers of a gateway know together: signatures that were seen, what is left of each key's rates.

    one piece of memory, which every worker maps
    | rates: 16 bytes of each session and rate | heads of 4 generations | 4 times places for signatures |
      units left, filled at                      epoch, count             12 bytes of a hash, epoch

A signature belongs to the epoch of its signed time, WINDOW_NS long. Times of three epochs pass at any moment,
so the generation of the fourth can be taken over; its places need no sweeping, because each names its epoch.
Locks are those of the file: the kernel takes them from a worker that dies. A worker that is started again
finds what the one before it knew. Cost: two system calls a look.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import struct
import tempfile

from novate.gateway.web.codes import WebRefused, WebReject
from novate.gateway.web.limits import NANOSECONDS, WINDOW_NS, Bucket

RATES = ("read", "order", "cancel")
MOST_SESSIONS = 1 << 16
GENERATIONS = 4
PLACES = 1 << 19
_RATE, _HEAD = struct.Struct("<qq"), struct.Struct("<qq")
_DIGEST_BYTES, _PLACE_BYTES = 12, 16
_HEADS_AT = MOST_SESSIONS * len(RATES) * _RATE.size
_PLACES_AT = _HEADS_AT + GENERATIONS * _HEAD.size
_SIGNATURES_LOCK = MOST_SESSIONS


def new_file(places: int = PLACES) -> int:
    """A descriptor of such memory, all of it empty; pages are used as they are touched."""
    if hasattr(os, "memfd_create"):
        file = os.memfd_create("novate-web")
    else:
        # Of systems other than Linux: a file without a name.
        with tempfile.TemporaryFile() as unnamed:
            file = os.dup(unnamed.fileno())
    os.truncate(file, _size(places))
    return file


def _size(places: int) -> int:
    return _PLACES_AT + GENERATIONS * places * _PLACE_BYTES


class Shared:
    """The memory as one worker maps it."""

    def __init__(self, file: int | None = None, places: int = PLACES) -> None:
        """file: descriptor of `new_file(places)`; None: memory of its own. `places`: a power of two."""
        self._file = new_file(places) if file is None else file
        self._places = places
        self._most = places * 3 // 4
        self.memory = mmap.mmap(self._file, _size(places))

    def lock(self, number: int) -> None:
        """Nobody else holds this number until `unlock`."""
        fcntl.lockf(self._file, fcntl.LOCK_EX, 1, number)

    def unlock(self, number: int) -> None:
        """Let go."""
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, number)

    def note(self, proof: bytes, time_ns: int) -> bool:
        """Is this signature, of a time within the window, a new one? It no longer is then.

        Raises WebRefused where no more fit: what cannot be remembered could be replayed.
        """
        epoch = time_ns // WINDOW_NS
        self.lock(_SIGNATURES_LOCK)
        try:
            return self._note(proof, epoch)
        finally:
            self.unlock(_SIGNATURES_LOCK)

    def _note(self, proof: bytes, epoch: int) -> bool:
        memory, generation = self.memory, epoch % GENERATIONS
        head_at = _HEADS_AT + generation * _HEAD.size
        of, count = _HEAD.unpack_from(memory, head_at)
        if of != epoch:
            count = 0
        digest = hashlib.blake2b(proof, digest_size=_DIGEST_BYTES).digest()
        wanted = digest + (epoch & 0xFFFFFFFF).to_bytes(4, "little")
        first = _PLACES_AT + generation * self._places * _PLACE_BYTES
        place = int.from_bytes(digest[:8], "little")
        while True:
            place &= self._places - 1
            at = first + place * _PLACE_BYTES
            found = memory[at : at + _PLACE_BYTES]
            if found == wanted:
                return False
            if found[_DIGEST_BYTES:] != wanted[_DIGEST_BYTES:]:
                break
            place += 1
        if count >= self._most:
            raise WebRefused(
                WebReject.TOO_MUCH_WAITING,
                f"Expected at most {self._most} signed requests in {WINDOW_NS // NANOSECONDS} s, was more",
            )
        memory[at : at + _PLACE_BYTES] = wanted
        _HEAD.pack_into(memory, head_at, epoch, count + 1)
        return True


class SharedBucket(Bucket):
    """A rate of a key in all workers together; it tells what was left when this worker last spent."""

    __slots__ = ("_at", "_session", "_shared")

    def __init__(self, shared: Shared, session: int, name: str, rate: int, burst: int) -> None:
        """`session`: its number. `name`: one of RATES."""
        super().__init__(rate, burst)
        self._shared = shared
        self._session = session
        self._at = (session * len(RATES) + RATES.index(name)) * _RATE.size

    def spend(self, units: int, now_ns: int) -> bool:
        """See Bucket. `now_ns` is that of one clock for all processes."""
        shared = self._shared
        shared.lock(self._session)
        try:
            self._units, self._filled_ns = _RATE.unpack_from(shared.memory, self._at)
            if not self._filled_ns:
                self._units = self.burst * NANOSECONDS
            # Another worker may have come with a later time while this one waited.
            is_spent = super().spend(units, max(now_ns, self._filled_ns))
            _RATE.pack_into(shared.memory, self._at, self._units, self._filled_ns)
        finally:
            shared.unlock(self._session)
        return is_spent
