"""The web gateway: REST and WebSocket in front of a core, of which it is an ordinary client.

    http, websocket    bytes          gateway, calls, routes   who may call what
    keys, limits       who, how much  messages, queries        every message, once
    trunk              to the core    venue_view, order_table, windows, books    what it knows of the venue
    order_desk         orders         channels, sockets        who is told

docs/rest-and-websocket.md says how it is used. One process is one worker (`novate.app.node.web_worker`).
"""
