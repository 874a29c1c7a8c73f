"""`novate up`: from a data directory to a running node, and back when somebody presses Ctrl-C.

    configuration, settings --> lock --> venue stands again --> sockets --> banner --> turns ... --> snapshot

Everything that can be refused is refused before the first socket is open.
"""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from types import FrameType

from novate.app.bootstrap import Plane, found_or_restore, restore_plane
from novate.app.collector import collect_rarely
from novate.app.configuration import embedded_configuration, load_configuration
from novate.app.node.addresses import addresses_of, try_out
from novate.app.node.banner import Banner
from novate.app.node.beside import beside
from novate.app.node.clearing_beside import ClearingBeside
from novate.app.node.core import Node
from novate.app.node.directory import DataDirectory
from novate.app.node.ingress_beside import IngressBeside
from novate.app.node.recovery import recover
from novate.app.node.session_file import load_sessions, write_demonstration
from novate.app.node.settings import NodeSettings, load_settings
from novate.app.node.web_settings import load_web_settings
from novate.app.node.web_workers import WebWorkers
from novate.app.plane_streams import FillStream, StreamBehind
from novate.app.problems import RefusedError
from novate.domain.configuration import Configuration, canonical_json
from novate.domain.resolve import opening_credit
from novate.gateway.binary import SessionTerms
from novate.gateway.web.limits import WebSettings
from novate.journal.folder_lock import only_writer


def run_node(
    config: Path | None,
    data: DataDirectory,
    compile_kernels: Callable[[], None],
    ready: Callable[[Banner], None],
    tell: Callable[[str], None],
    stopping: Callable[[], None] = lambda: None,
) -> tuple[int, bytes]:
    """Run until SIGINT or SIGTERM; returns sequence and root of the snapshot that was kept. `tell` is given a
    sentence when something happens beside the loop; `stopping` is called when the first signal has come.

    Raises ConfigurationError, RefusedError, FolderInUse, JournalError, OSError before anything was answered;
    JournalError and OSError later when the disk fails.
    """
    collect_rarely()
    if config is None and data.market.exists():
        config = data.market
    configuration = load_configuration(config) if config else embedded_configuration()
    settings, web_settings = load_settings(config), load_web_settings(config)
    _expect_addresses(data, settings, web_settings)
    data.make()
    with only_writer(data.path):
        compile_kernels()
        if not data.is_founded and config in (None, data.market) and not data.sessions.exists():
            write_demonstration(data, configuration, settings.traders)
        fills = FillStream(data.path)
        plane, is_new = standing_plane(data, configuration, fills, settings)
        try:
            _expect_the_same(plane, configuration, settings, config)
            recovered = plane.venue.sequence
            log, nonces = recover(data, plane)
            sessions = load_sessions(data.sessions, plane.configuration)
            web = _web_workers(data, web_settings, sessions, settings) if web_settings else None
            own = web.sessions if web else []
            ingress = IngressBeside(settings) if settings.ingress else None
            clearing = clearing_beside(data, plane.configuration, settings, tell)
            node = Node(data, plane, log, nonces, settings, [*sessions, *own], fills, clearing, tell)
        except BaseException:
            plane.close()
            raise
        _stop_on_signals(node, stopping)
        # What the imports have left behind is little; to look for it takes longer than everything else here.
        gc.freeze()
        banner = Banner(
            name=plane.configuration.name,
            data=str(data.path),
            addresses=node.server.addresses,
            sequence=plane.venue.sequence,
            recovered="founded" if is_new else recovered_words(recovered, plane.venue.sequence),
            durability=plane.journal.durability,
            state_root=plane.venue.state_root().hex(),
            sessions=[terms.name for terms in sessions],
            board=settings.board,
            web=web.address if web else "",
            ingress=ingress.address if ingress else "",
            clearing=settings.clearing,
        )
        ready(banner)
        with beside(node, data, config, tell, banner, ingress), web or nullcontext():
            return node.run()


def recovered_words(snapshot: int, sequence: int) -> str:
    """From what a node stood up again."""
    return f"snapshot at {snapshot}, {sequence - snapshot} commands behind it"


def standing_plane(
    data: DataDirectory, configuration: Configuration, fills: FillStream, settings: NodeSettings
) -> tuple[Plane, bool]:
    """The venue, new or restored, with its fills published for whoever clears them; and whether it is new."""
    try:
        return found_or_restore(data.journal, configuration, fills, settings.durability)
    except StreamBehind:
        return restore_plane(data.journal, fills, from_start=True), False


def _web_workers(
    data: DataDirectory, web: WebSettings, sessions: Sequence[SessionTerms], settings: NodeSettings
) -> WebWorkers:
    return WebWorkers(data.path, web, sessions, has_views=settings.board != "off")


def clearing_beside(
    data: DataDirectory, configuration: Configuration, settings: NodeSettings, tell: Callable[[str], None]
) -> ClearingBeside | None:
    """The clearing house that is to run beside the node, where one is wanted."""
    if not settings.clearing:
        return None
    return ClearingBeside(data.path, len(opening_credit(configuration)), tell)


def _expect_addresses(data: DataDirectory, settings: NodeSettings, web: WebSettings | None) -> None:
    """An address that is taken must not leave a directory that was founded for nothing. In a founded one the
    lock comes first: the node that holds it says more than its port does."""
    if not data.is_founded:
        for one in addresses_of(settings, web):
            try_out(one)


def _expect_the_same(
    plane: Plane, configuration: Configuration, settings: NodeSettings, config: Path | None
) -> None:
    """A venue keeps for life what its journal begins with; another one needs another directory."""
    given = config or "the embedded default"
    if canonical_json(plane.configuration) != canonical_json(configuration):
        raise RefusedError(
            f"{plane.journal.directory}: expected the configuration that it was founded on "
            f'("{plane.configuration.name}"), was another one: {given}; '
            "give the same --config or a new --data"
        )
    if plane.journal.durability != settings.durability:
        raise RefusedError(
            f"{plane.journal.directory}: expected durability {plane.journal.durability}, which it was "
            f"founded with, was {settings.durability} in {given}"
        )


def _stop_on_signals(node: Node, stopping: Callable[[], None]) -> None:
    """Ctrl-C and SIGTERM end the loop after the present turn; nothing is interrupted in its middle."""

    def stop(number: int, frame: FrameType | None) -> None:
        if not node.is_stopping:
            node.stop()
            stopping()

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
