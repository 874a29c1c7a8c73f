"""The binary gateway: sessions over TCP and Unix sockets that speak in the records of the domain.

    admission       what a session may send          authentication  who it is
    connection      bytes and frames                 turn            what arrived together, as one block
    streams, feeds  who is told what, numbered       event_log       so that nothing is missed
    server          all of it, one thread            schema          the records for other languages

Documented byte by byte in docs/binary-protocol.md.
"""

from novate.gateway.binary.event_log import EventLog
from novate.gateway.binary.server import Server
from novate.gateway.binary.server_settings import ServerSettings
from novate.gateway.binary.sessions import LOCAL, SessionTerms

__all__ = ["LOCAL", "EventLog", "Server", "ServerSettings", "SessionTerms"]
