"""An ingress as a process: `python -m novate.app.node.ingress_process DIR LISTENER MOST CONFIG`.

LISTENER is the number of an open listening socket, MOST the number of clients at once, CONFIG a file or ""
for the embedded default. It ends when its input ends or says anything, which is when the node ends.
"""

from __future__ import annotations

import os
import select
import socket
import sys
from pathlib import Path

from novate.app.configuration import embedded_configuration, load_configuration
from novate.app.node.directory import DataDirectory
from novate.app.node.session_file import load_sessions
from novate.gateway.binary.ingress import Ingress

LOOK_MS = 100


def main() -> None:
    """Relay and verify until the node ends."""
    place, number, most, config = sys.argv[1:]
    data = DataDirectory(Path(place))
    configuration = load_configuration(Path(config)) if config else embedded_configuration()
    sessions = load_sessions(data.sessions, configuration)
    ingress = Ingress(socket.socket(fileno=int(number)), data.socket, sessions, int(most))
    os.write(1, b"listening\n")
    try:
        while not select.select([0], [], [], 0)[0]:
            ingress.turn(LOOK_MS)
    finally:
        ingress.close()


if __name__ == "__main__":
    main()
