"""kill -9, fifty times, on a real process that writes one and the same journal.

    writer process --"acknowledged 1234"--> pipe --> this test, which kills it at a moment of its choosing

After each kill the journal is opened as it lies: everything that was acknowledged is in it, byte for byte,
and the next writer goes on from there.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from random import Random

from novate.journal import Journal
from tests.unit.journal.samples import assert_is_beginning, segment_files

KILLS = 50
WRITER = """
import sys
from random import Random
from novate.journal import Journal
from tests.unit.journal.samples import commands
random = Random(int(sys.argv[2]))
with Journal.open(sys.argv[1]) as journal:
    print(journal.last_sequence, flush=True)
    while True:
        print(journal.append(commands(random.randrange(1, 60), journal.last_sequence + 1)), flush=True)
"""


def start_writer(place: Path, seed: int) -> subprocess.Popen[str]:
    """A process that appends without end and prints what it acknowledges."""
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(place), str(seed)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


def write_until_killed(place: Path, seed: int, lines: int) -> int:
    """Start a writer, kill it after it acknowledged some lines; the last sequence that it acknowledged."""
    with start_writer(place, seed) as writer:
        assert writer.stdout is not None
        for _ in range(lines):
            line = writer.stdout.readline()
            assert line, "the writer ended by itself"
        writer.kill()
        rest = writer.stdout.read()
    whole_lines = [text for text in (line + rest).split("\n")[:-1] if text]
    return int(whole_lines[-1])


def test_nothing_acknowledged_is_lost_by_fifty_kills(tmp_path: Path) -> None:
    random = Random(9)
    place = tmp_path / "j"
    Journal.create(place, segment_bytes=65536).close()
    seen = 0
    for kill in range(KILLS):
        acknowledged = write_until_killed(place, kill, random.randrange(2, 40))
        assert acknowledged > seen
        with Journal.open(place, read_only=True) as journal:
            assert journal.last_sequence >= acknowledged
            assert_is_beginning(journal)
            seen = journal.last_sequence
    assert len(segment_files(place)) > 3


def test_readers_beside_a_living_writer_see_a_true_beginning(tmp_path: Path) -> None:
    place = tmp_path / "j"
    Journal.create(place, segment_bytes=65536).close()
    with start_writer(place, 1) as writer:
        assert writer.stdout is not None
        acknowledged = int(writer.stdout.readline())
        for _ in range(60):
            acknowledged = int(writer.stdout.readline())
            with Journal.open(place, read_only=True) as journal:
                assert journal.last_sequence >= acknowledged
                assert_is_beginning(journal)
        writer.kill()
        writer.stdout.read()
