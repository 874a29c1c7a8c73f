"""Questions from outside: what a node is doing (`novate status`), and whether this machine can run one well
(`novate doctor`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import tempfile
import time

import msgspec
import numpy as np

from novate.app.node.addresses import Listening, addresses_of, try_out
from novate.app.node.core import NodeStatus
from novate.app.node.directory import DataDirectory
from novate.app.node.settings import NodeSettings
from novate.client import node_status
from novate.compiled import kernels_are_cached
from novate.gateway.web.limits import WebSettings
from novate.journal import Journal

FLUSHES = 200
SLOW_FLUSH_US = 2_000
FIRST_TRUE_NS = 1_735_689_600 * 10**9
"""A clock before 2025 was never set."""


class StoppedStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What can be said of a node that does not run."""

    sequence: int
    durability: str
    journal_root: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was looked at."""

    what: str
    ok: bool
    found: str


def status_of(data: DataDirectory) -> NodeStatus | StoppedStatus:
    """Of the running node, or of the journal it left. Raises RefusedError if there never was one."""
    data.expect_founded()
    with contextlib.suppress(ConnectionError, FileNotFoundError):
        return msgspec.json.decode(node_status(data.socket), type=NodeStatus)
    journal = Journal.open(data.journal, read_only=True)
    return StoppedStatus(
        sequence=journal.last_sequence, durability=journal.durability, journal_root=journal.root.hex()
    )


def examine(data: DataDirectory, settings: NodeSettings, web: WebSettings | None) -> list[Finding]:
    """Ports, disk, kernels, clock and open files."""
    runs = data.is_founded and isinstance(status_of(data), NodeStatus)
    ports = [_port(one, runs) for one in addresses_of(settings, web)]
    return [*ports, _flushes(data), _kernels(), _clock(), _files(settings)]


def _port(one: Listening, runs: bool) -> Finding:
    """`runs`: the node of this directory does, so that it is right for its ports to be taken."""
    address = one.address
    if not address:
        return Finding(what=one.name, ok=True, found="TCP is off")
    try:
        try_out(one)
    except OSError as error:
        if runs and error.errno == errno.EADDRINUSE:
            return Finding(
                what=one.name, ok=True, found=f"{address} is taken; the node of this directory runs"
            )
        found = f"{address}: expected a free port, was: {os.strerror(error.errno or 0)}"
        return Finding(what=one.name, ok=False, found=found)
    return Finding(what=one.name, ok=True, found=f"{address} is free")


def _flushes(data: DataDirectory) -> Finding:
    """Median and 99th percentile of small writes with fdatasync, where the journal lies or would lie."""
    place = next(path for path in (data.journal, *data.journal.absolute().parents) if path.is_dir())
    taken = np.zeros(FLUSHES, np.int64)
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(FLUSHES * 512))
            os.fsync(file.fileno())
            for at in range(FLUSHES):
                began = time.monotonic_ns()
                os.pwrite(file.fileno(), bytes(512), at * 512)
                os.fdatasync(file.fileno())
                taken[at] = time.monotonic_ns() - began
    except OSError as error:
        return Finding(what="disk", ok=False, found=f"{place}: {os.strerror(error.errno or 0)}")
    middle, late = (int(np.percentile(taken, part)) // 1000 for part in (50, 99))
    found = f"{place}: a flush takes {middle} us (expected: up to {SLOW_FLUSH_US}), 1 in 100 {late} us"
    return Finding(what="disk", ok=middle <= SLOW_FLUSH_US, found=found)


def _kernels() -> Finding:
    cached = kernels_are_cached()
    found = "compiled" if cached else "not compiled yet: the first start takes about a minute longer"
    return Finding(what="kernels", ok=cached, found=found)


def _clock() -> Finding:
    now = time.time_ns()
    steps = time.get_clock_info("monotonic").resolution
    found = (
        f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(now // 10**9))} UTC, steps of {steps * 1e9:.0f} ns"
    )
    return Finding(what="clock", ok=now > FIRST_TRUE_NS, found=found)


def _files(settings: NodeSettings) -> Finding:
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = settings.server.connections + 64
    found = f"{limit} open files allowed, {needed} needed for {settings.server.connections} connections"
    return Finding(what="open files", ok=limit >= needed, found=found)
