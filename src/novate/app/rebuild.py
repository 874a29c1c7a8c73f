"""`novate views rebuild`: the read models again, from the first record of the journal on.

DIR/venue/journal --Follower--> DIR/views/rebuilt.duckdb --when whole--> DIR/views/views.duckdb
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from novate.app.board.follower import Follower
from novate.app.bootstrap import journal_directory
from novate.app.node.directory import DataDirectory
from novate.app.problems import RefusedError
from novate.app.progress import Progress
from novate.client.views import Digest, ViewsClient
from novate.journal.folder_lock import only_writer
from novate.views import remove_views


class Built(msgspec.Struct, frozen=True, kw_only=True):
    """What the views hold."""

    sequence: int
    rows: dict[str, int]
    digest: str
    """SHA-256 over all rows: the same for every file that was fed the same journal."""


def rebuild(directory: Path, progress: Progress) -> Built:
    """Make the views of a node, or of a run, again. Raises FolderInUse while a board feeds them.

    Raises JournalError too. The old ones stay until the new ones are whole.
    """
    data = DataDirectory(directory)
    if not any(journal_directory(directory).glob("segment-*[0-9]")):
        raise RefusedError(f"{directory}: expected the data directory of a node, found no journal in it")
    with only_writer(data.views.parent):
        new = data.views.with_name("rebuilt.duckdb")
        remove_views(new)
        with progress.waiting("reading the journal"):
            follower = Follower(directory, new)
            try:
                follower.advance(whole=True)
                _expect_whole(follower)
                built = _built(follower)
            finally:
                follower.close()
        remove_views(data.views)
        new.replace(data.views)
    return built


def _expect_whole(follower: Follower) -> None:
    last = follower.replica.journal.last_sequence
    if follower.sequence < last:
        raise RefusedError(f"views: expected to reach sequence {last}, was the end at {follower.sequence}")


def digest(directory: Path) -> Built:
    """What the views hold, asked of the board if one runs. Raises RefusedError, ViewsInUse, OSError."""
    data = DataDirectory(directory)
    try:
        with ViewsClient.connect(data.views_socket, timeout=600) as views:
            answer = views.ask(Digest())
    except (FileNotFoundError, ConnectionRefusedError):
        if not data.views.exists():
            raise RefusedError(
                f"{data.views}: expected views, found none; novate views rebuild makes them"
            ) from None
        with only_writer(data.views.parent):
            follower = Follower(directory, data.views)
            try:
                follower.advance(whole=True)
                return _built(follower)
            finally:
                follower.close()
    found = dict(answer.rows)
    return Built(sequence=answer.sequence, digest=found.pop("digest"), rows=found)


def _built(follower: Follower) -> Built:
    return Built(
        sequence=follower.views.progress.sequence,
        rows=follower.views.counts(),
        digest=follower.views.digest(),
    )
