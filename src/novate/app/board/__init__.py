"""The board of a node: a process beside the core that shows what happens and answers for it.

    DIR/venue/journal --> follower: a second venue, DIR/views/views.duckdb
                              |
                              +--> DIR/views.sock       questions of gateways and tools (novate.client.views)
                              +--> http://HOST:PORT     the page, its data, /health, /ready, /metrics

It reads what the node has made durable and never asks the core for anything but its status. Kill it, and
trading goes on; started again, it goes on where its file stands.

    follower   the second venue and the views      now      markets, accounts and books as they stand
    service    the Unix socket                     http     the HTTP listener, page its content
    metrics    Prometheus text                     process  `python -m novate.app.board.process`
"""
