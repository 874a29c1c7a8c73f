"""Read models: what happened at a venue, as tables in an embedded DuckDB file.

    journal --Replica--> commands, events --rows--> Arrow --Views.feed--> trades, fills, orders, candles, ...
                                                                                |
    gateway, page, command line  <--- novate.client.views, a Unix socket <--- queries

Everything here follows from the journal and may be thrown away. A file is fed whole blocks, each exactly
once: the place in the journal is written down in the same transaction as the rows.

    schema   the tables             rows     events as columns
    store    feeding a file         queries  what may be asked of it
"""

from novate.views.queries import answer
from novate.views.store import StaleViews, Views, ViewsInUse, remove_views

__all__ = ["StaleViews", "Views", "ViewsInUse", "answer", "remove_views"]
