"""What a scraper is told, in the text format of Prometheus.

    node status (core)  -->  venue_journal_fsync_seconds, venue_match_duration_seconds, venue_gateway_sessions
    follower            -->  venue_commands_total, venue_book_levels, venue_stream_lag_messages, ...
    house that follows  -->  ccp_fails_open, ccp_margin_required, ccp_margin_coverage_ratio

Names are those of the API conventions: `venue_` and `ccp_`, base units, never an order, account or client id
as a label. What the core counts begins with its start, what the board counts with the board's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import novate
from novate.app.board.follower import Follower
from novate.app.board.house_figures import OLDEST, HouseFigures
from novate.app.board.live import netted
from novate.app.durations import BUCKETS, Durations
from novate.app.node.core import NodeStatus

Labels = Mapping[str, str]
MOST_LEVELS = 1_000
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Exposition:
    """Lines of metrics, one family after the other."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def family(self, name: str, kind: str, told: str, samples: Iterable[tuple[Labels, float | int]]) -> None:
        """One metric with all its samples; kind: counter, gauge."""
        self._begin(name, kind, told)
        self._lines += [f"{name}{_labels(labels)} {value}" for labels, value in samples]

    def histogram(self, name: str, told: str, durations: Durations) -> None:
        """Durations in seconds."""
        self._begin(name, "histogram", told)
        below = 0
        for at, count in enumerate(durations.counts):
            below += count
            bound = "+Inf" if at == BUCKETS else f"{2**at / 1e6:g}"
            self._lines.append(f'{name}_bucket{{le="{bound}"}} {below}')
        self._lines += [f"{name}_sum {durations.total_ns / 1e9:.9f}", f"{name}_count {below}"]

    def _begin(self, name: str, kind: str, told: str) -> None:
        self._lines += [f"# HELP {name} {told}", f"# TYPE {name} {kind}"]

    def text(self) -> bytes:
        """Everything."""
        return "\n".join([*self._lines, ""]).encode()


def exposed(follower: Follower, core: NodeStatus | None) -> bytes:
    """Everything; `core` is None while it does not answer. Called by the worker that owns the follower."""
    made = Exposition()
    build_info(made)
    made.family("venue_up", "gauge", "1 while the core answers.", [({}, int(core is not None))])
    _of_follower(made, follower)
    if core is not None:
        _of_core(made, core, follower.sequence)
    return made.text()


def _of_follower(made: Exposition, follower: Follower) -> None:
    commands = [
        ({"kind": kind, "result_band": band}, count)
        for (kind, band), count in sorted(follower.counts.commands.items())
    ]
    made.family("venue_commands_total", "counter", "Commands since the board began to watch.", commands)
    made.family("venue_trades_total", "counter", "Trades since the venue was founded.",
                [({}, follower.replica.venue.trades)])  # fmt: skip
    made.family("venue_resting_orders", "gauge", "Live orders of all markets.",
                [({}, follower.replica.venue.resting_orders())])  # fmt: skip
    levels = []
    for market, instrument in enumerate(follower.now.configuration.instruments):
        _, bids, asks = follower.now.levels(market, MOST_LEVELS)
        for side, found in (("buy", bids), ("sell", asks)):
            levels.append(({"instrument": instrument.symbol, "side": side}, len(found)))
    made.family("venue_book_levels", "gauge", f"Displayed price levels, at most {MOST_LEVELS}.", levels)
    states = [
        ({"instrument": one.symbol, "state": state.name}, 1)
        for one, state in zip(follower.now.configuration.instruments, follower.now.states, strict=True)
    ]
    made.family("venue_market_state", "gauge", "1 for the state that a market is in.", states)
    made.family(
        "venue_kill_switches", "gauge", "Kill switches that are on.", [({}, len(follower.now.switches))]
    )
    legs, obligations = netted(follower)
    made.family("ccp_netting_ratio", "gauge", "Share of the legs so far that netting now would save.",
                [({}, round(1 - obligations / legs, 6) if legs else 0)])  # fmt: skip
    _of_house(made, follower.ledger.figures())
    made.family("venue_state_hash_mismatch_total", "counter",
                "Snapshots of the node whose state root the board did not reach itself.",
                [({}, follower.mismatches)])  # fmt: skip


def _of_house(made: Exposition, figures: HouseFigures | None) -> None:
    """Nothing where no house is followed; no margin where the house has none."""
    if figures is None:
        return
    ages = [({"age_days": str(age)}, count) for age, count in figures.fails.items()]
    made.family("ccp_fails_open", "gauge",
                f"Lots that should have settled, by settlement days since; {OLDEST} stands for it and more.",
                ages or [({"age_days": "1"}, 0)])  # fmt: skip
    if figures.margin_currency:
        labels = {"currency": figures.margin_currency}
        made.family("ccp_margin_required", "gauge", "Of all parties by the last margin run, in minor units.",
                    [(labels, figures.margin_required)])  # fmt: skip
        required = figures.margin_required
        made.family("ccp_margin_coverage_ratio", "gauge",
                    "Share of it that collateral covers; what a party has too much covers no other.",
                    [({}, round(figures.margin_covered / required, 6) if required else 1)])  # fmt: skip


def _of_core(made: Exposition, core: NodeStatus, sequence: int) -> None:
    made.histogram(
        "venue_journal_fsync_seconds", "How long a block takes to become durable.", core.journal_times
    )
    made.histogram(
        "venue_match_duration_seconds", "How long the venue takes to apply a block.", core.venue_times
    )
    made.family("venue_journal_sequence", "gauge", "Sequence of the last command.", [({}, core.sequence)])
    made.family("venue_stream_lag_messages", "gauge", "Commands that the board is behind the core.",
                [({}, max(0, core.sequence - sequence))])  # fmt: skip
    connected = [({"protocol": "binary"}, sum(core.sessions.values()))]
    made.family("venue_gateway_sessions", "gauge", "Sessions that are connected.", connected)
    made.family("venue_gateway_connections_total", "counter", "Connections.", [({}, core.connected_in_all)])
    made.family("venue_gateway_logins_total", "counter", "Logins that were taken.", [({}, core.logins)])
    made.family("venue_gateway_cut_off_total", "counter", "Sessions that were cut off.", [({}, core.cut_off)])
    made.family("venue_uptime_seconds", "gauge", "Since the core was started.", [({}, core.uptime_seconds)])


def build_info(exposition: Exposition) -> None:
    """Which version this is."""
    exposition.family(
        "venue_build_info", "gauge", "Version of Novate.", [({"version": novate.__version__}, 1)]
    )


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
