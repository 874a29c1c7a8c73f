"""A plane that is opened again stands where it stood: newest snapshot, then the tail of the journal."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from novate.app.bootstrap import Replay, open_plane, opening_records
from novate.app.problems import RefusedError
from novate.app.progress import SILENT
from novate.app.run_orders import generated_orders


def state_root(day: Path) -> str:
    """What the run said at its end."""
    root: str = json.loads((day / "summary.json").read_text())["state_root"]
    return root


def test_a_restart_gives_the_state_of_the_run(day: Path) -> None:
    plane = open_plane(day)
    assert plane.venue.state_root().hex() == state_root(day)
    plane.close()


def test_a_restart_from_an_older_snapshot_replays_the_tail(day: Path) -> None:
    newest = sorted((day / "journal").glob("snapshot-*"))[-1]
    newest.unlink()
    plane = open_plane(day)
    assert plane.venue.state_root().hex() == state_root(day)
    plane.close()


def test_a_restarted_plane_goes_on_as_if_it_had_never_stopped(day: Path) -> None:
    plane = open_plane(day)
    first = plane.venue.sequence + 1
    more = generated_orders(plane.configuration, SILENT).commands[:1000]
    told = plane.take(more)
    plane.close()
    replay = Replay(day)
    again = [events for start, _, events in replay.batches([first - 1]) if start >= first]
    assert np.concatenate(again).tobytes() == told.tobytes()
    assert replay.venue.state_root() == plane.venue.state_root()


def test_a_snapshot_that_is_not_the_state_it_names_is_refused(day: Path) -> None:
    first, second = sorted((day / "journal").glob("snapshot-*"))
    stolen = first.name.rpartition("-")[2]
    second.rename(second.with_name(f"{second.name.rpartition('-')[0]}-{stolen}"))
    first.unlink()
    plane = open_plane(day)  # a file whose header contradicts its name is passed over
    assert plane.journal.snapshots.refusals
    assert plane.venue.state_root().hex() == state_root(day)
    plane.close()


def test_an_empty_journal_is_no_run(tmp_path: Path) -> None:
    from novate.journal import Journal

    Journal.create(tmp_path / "journal").close()
    with pytest.raises(RefusedError, match="begins with a whole configuration"):
        open_plane(tmp_path)


def test_the_configuration_comes_first_and_is_whole(day: Path) -> None:
    replay = Replay(day)
    opening = opening_records(replay.configuration)
    _, records, _ = next(replay.blocks(len(opening)))
    assert records.tobytes() == opening.tobytes()[: records.nbytes]
    assert replay.configuration.name == "Novate Demonstration Exchange"
