"""What runs beside a node: the board and the simulated traders, each a process; and the log of it all.

node.run()  --looks, ten times a second-->  board, traders
   end      --"stop"-->                     the board reads the journal to its end, then they are gone
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from novate.app.node.banner import Banner
from novate.app.node.companion import Companion
from novate.app.node.core import Node
from novate.app.node.directory import DataDirectory
from novate.app.node.ingress_beside import IngressBeside
from novate.app.node.logs import Log
from novate.app.node.settings import NodeSettings
from novate.gateway.binary.connection import Connection

STOP = "stop\n"
PATIENCE_SECONDS = 20.0


@contextmanager
def beside(
    node: Node,
    data: DataDirectory,
    config: Path | None,
    tell: Callable[[str], None],
    banner: Banner,
    ingress: IngressBeside | None,
) -> Iterator[None]:
    """Give a node its companions and its log; end both with it. `config`: what the traders read."""
    log = Log(data.logs, "node")

    def told(sentence: str) -> None:
        tell(sentence)
        log.error("companion", told=sentence)

    def session(event: str, connection: Connection) -> None:
        name = connection.session.terms.name if connection.session else ""
        log.info(event, session=name, address=connection.address, reason=connection.end.name)

    node.server.told = session
    verifiers = ingress.companions(data, config, told) if ingress else []
    node.server.ingress = lambda: [one.pid for one in verifiers if one.pid]
    node.companions = [*companions(data, node.settings, config, told), *verifiers]
    log.info("node_started", **msgspec.structs.asdict(banner))
    try:
        yield
        log.info("node_stopped", sequence=node.plane.venue.sequence)
    except BaseException as error:
        log.error("node_failed", name=type(error).__name__, message=str(error))
        raise
    finally:
        for one in reversed(node.companions):
            one.end(STOP, PATIENCE_SECONDS)
        log.close()


def companions(
    data: DataDirectory, settings: NodeSettings, config: Path | None, told: Callable[[str], None]
) -> list[Companion]:
    """The processes that the settings ask for; none of them is started yet."""
    found = []
    if settings.board != "off":
        arguments = ["novate.app.board.process", str(data.path), settings.board]
        found.append(Companion("board", arguments, told))
    if settings.traders.orders_per_second and config is not None:
        arguments = ["novate.app.traders_process", str(data.path), str(config)]
        found.append(Companion("traders", arguments, told))
    return found
