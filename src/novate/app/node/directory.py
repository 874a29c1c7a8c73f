"""The data directory of a node.

DIR/
    venue/journal/    the one source of truth of the execution plane
    venue/fills       its fills, for a clearing house beside it (novate.app.plane_streams)
    venue/events      every event, derived from it (novate.gateway.binary.event_log)
    venue/nonces      highest nonce of each session, derived from it
    sessions.toml     who may connect (novate keys)
    keys/NAME.key     private keys that `novate keys add` made, readable by their owner only
    keys/NAME.hmac    shared secrets that `novate keys hmac` made, for signed requests over the web
    web/switches/     dead-man's switches of accounts that trade over the web
    novate.sock       the Unix socket of the running node
    market.toml       the configuration of `novate up --demo`, made when it is first started
    views/            read models, derived (novate.views); views.sock answers questions about them
    logs/             what happened to processes and sessions, one JSON object a line
    clearing/         the clearing house beside it: journal, credit, files of closed dates
    clearing.sock     its door (novate.app.clearing_door)

What is derived may be deleted: it is made again at the next start.
"""

from __future__ import annotations

from pathlib import Path

from novate.app.plane_streams import DOOR
from novate.app.problems import RefusedError

LONGEST_SOCKET_PATH = 107
DEFAULT_DATA = Path("novate-data")


class DataDirectory:
    """Paths inside a data directory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.venue = path / "venue"
        self.journal = self.venue / "journal"
        self.events = self.venue / "events"
        self.nonces = self.venue / "nonces"
        self.sessions = path / "sessions.toml"
        self.keys = path / "keys"
        self.switches = path / "web" / "switches"
        self.socket = path / "novate.sock"
        self.market = path / "market.toml"
        self.views = path / "views" / "views.duckdb"
        self.views_socket = path / "views.sock"
        self.logs = path / "logs"

    @property
    def is_founded(self) -> bool:
        """Is there a journal of a venue?"""
        return any(self.journal.glob("segment-*[0-9]"))

    def make(self) -> None:
        """Make the directories. Raises RefusedError for a path that no Unix socket can have."""
        longest = (self.path / DOOR).absolute()
        if len(str(longest).encode()) > LONGEST_SOCKET_PATH:
            raise RefusedError(
                f"{longest}: expected a path of at most {LONGEST_SOCKET_PATH} bytes for the "
                "Unix socket, was longer; give a shorter --data"
            )
        if self.path.exists() and not self.path.is_dir():
            raise RefusedError(f"{self.path}: expected a directory, was a file")
        self.venue.mkdir(parents=True, exist_ok=True)

    def expect_founded(self) -> None:
        """Raise RefusedError unless a node has run here."""
        if not self.is_founded:
            raise RefusedError(f"{self.path}: expected the data directory of a node, found no journal in it")
