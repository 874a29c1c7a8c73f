"""A running node whose disk is full, is limited, or fails: it stops, says why, and has lost nothing that was
acknowledged; when the disk is well again everybody goes on where they were.

    load of eight sessions --> fault --> exit code 1, a reason --> journal: all that was acknowledged
                                                              --> start: the root of a replay, streams resume
"""

from __future__ import annotations

import errno
import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import msgspec
import pytest

from novate.domain.session_codes import SessionReject
from tests.end_to_end.nodes import NodeProcess
from tests.end_to_end.test_node_kills import KILLS, ROUND, Round

SHIM = Path(__file__).parents[1] / "faults" / "node" / "failing_disk.c"
TMPFS_BYTES = (64 << 20) + (6 << 20)
"""One segment of the journal, and room for little else."""
PATIENCE = 60.0


def failed(run: Round, strike: Callable[[], None]) -> str:
    """Load a node, let the disk fail, see it stop; returns what it said."""
    run.load()
    strike()
    out, said = run.node.process.communicate(timeout=PATIENCE)
    assert run.node.process.returncode == 1, (out, said)
    for life in run.lives:
        life.join()
        assert life.reason in (SessionReject.NODE_FAILED, None), life.reason
    assert any(life.reason for life in run.lives), "expected to be told why"
    assert b"Traceback" not in said
    run.expect_journal()
    answer: str = msgspec.json.decode(out)["error"]["message"]
    return answer


def goes_on(run: Round, environment: dict[str, str] | None = None) -> None:
    """The node stands again as a replay says."""
    run.node = NodeProcess(run.data, run.config, environment)
    assert run.node.banner["state_root"] == run.replayed_root(run.node.banner["sequence"])


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk that fails, compiled."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("expected a C compiler; FailingDisk does the same inside a process (test_node_crash)")
    library = tmp_path_factory.mktemp("shim") / "failing_disk.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SHIM, "-ldl"], check=True)
    return library


def test_a_failing_disk_stops_the_node_and_takes_nothing_acknowledged(shim: Path, tmp_path: Path) -> None:
    control = tmp_path / "fault"
    failing = {"LD_PRELOAD": str(shim), "NOVATE_FAULT": str(control)}
    run = Round(tmp_path, Random(5), environment=failing, clearing_house=False)

    def strike(fault: str) -> Callable[[], None]:
        return lambda: replace_file(control, fault)

    try:
        for fault, words, following in (
            (f"torn {errno.ENOSPC}", "No space left on device", failing | {"NOVATE_NO_DIRECT": "1"}),
            (f"fdatasync {errno.EIO}", "Input/output error", failing),
        ):
            said = failed(run, strike(fault))
            assert "expected append to succeed" in said
            assert words in said
            control.unlink()
            goes_on(run, following)
        said = failed(run, lambda: limit_files(run.node.process.pid))
        assert "File too large" in said or "was above the limit" in said
        goes_on(run)
        run.load()
        run.node.kill()
        run.expect_journal()
    finally:
        run.end()


def replace_file(path: Path, text: str) -> None:
    """Write a small file, whole at once."""
    aside = path.with_suffix(".part")
    aside.write_text(text)
    aside.rename(path)


def limit_files(pid: int) -> None:
    """From now on no file of the process may be written behind its first sector."""
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (512, resource.RLIM_INFINITY))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with little room."""
    place = tmp_path / "small"
    place.mkdir()
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_BYTES}", "none", str(place)]
    if os.geteuid() or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("expected to be allowed to mount a file system; the limit on files shows the same")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.skipif(KILLS < ROUND, reason="a part of make kill-node")
def test_a_full_disk_stops_the_node_and_a_larger_one_lets_it_go_on(small_disk: Path) -> None:
    run = Round(small_disk, Random(6))

    def fill() -> None:
        until = time.monotonic() + PATIENCE
        while run.node.process.poll() is None and time.monotonic() < until:
            time.sleep(0.05)

    try:
        said = failed(run, fill)
        assert "disk is full" in said or "No space left on device" in said
        subprocess.run(["mount", "-o", "remount,size=512m", str(small_disk)], check=True)
        goes_on(run)
        run.finish()
    finally:
        run.end()
    assert run.node.process.returncode == 0
