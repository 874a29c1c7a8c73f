"""Where the orders of a run come from: a file in one of the formats, or a generated day.

    --orders FILE --format F  -->  configuration fitted to the file, commands, refused rows, notes
    nothing                   -->  a day of orders from the configuration's seed

Everything about the file is found out before the directory of the run is touched.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from novate.app.configuration import ConfigurationError, embedded_configuration, load_configuration
from novate.app.progress import Progress
from novate.domain.configuration import Configuration
from novate.domain.records import COMMAND, joined
from novate.gateway.files import OrderFile, read_orders
from novate.gateway.files.fitted import fitted_configuration
from novate.reports.figures import plural

GENERATED = "generated"


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What `novate run` was asked for."""

    out: Path
    config: Path | None = None
    orders: Path | None = None
    order_format: str | None = None
    force: bool = False


def read_request(request: RunRequest, progress: Progress) -> tuple[Configuration, OrderFile]:
    """The configuration of the run and its orders. Raises ConfigurationError and FileProblem."""
    configuration = load_configuration(request.config) if request.config else embedded_configuration()
    if not configuration.accounts:
        name = request.config.name if request.config else "default.toml"
        raise ConfigurationError(
            [f"{name}: accounts: expected at least one [[accounts]] to trade, found none"]
        )
    if request.orders is None:
        return configuration, generated_orders(configuration, progress)
    form = request.order_format or ""
    configuration = fitted_configuration(configuration, request.orders, form)
    progress(f"reading {request.orders.name}", 0, 0)
    return configuration, read_orders(request.orders, form, configuration)


def generated_orders(configuration: Configuration, progress: Progress) -> OrderFile:
    """A day of orders from the seed of the configuration."""
    from novate.simulation.order_flow import order_flow

    simulation = configuration.simulation
    batches = []
    done = 0
    for batch in order_flow(configuration, simulation.seed, simulation.orders):
        batches.append(batch)
        done += len(batch)
        progress("generating a day of orders", done, simulation.orders)
    commands = joined(batches, COMMAND)
    return OrderFile(
        path=Path(GENERATED),
        format=GENERATED,
        commands=commands,
        rows=np.arange(1, len(commands) + 1, dtype=np.int64),
        rejects=[],
        read=len(commands),
        accepted=len(commands),
    )


def source_sentence(orders: OrderFile, configuration: Configuration) -> str:
    """Where the orders came from, for the headline's second line."""
    markets = plural(len(configuration.instruments), "market")
    accounts = plural(len(configuration.accounts), "trading account")
    where = f"in {markets}, for {accounts} of {plural(len(configuration.members), 'member')}."
    if orders.format == GENERATED:
        seed = configuration.simulation.seed
        return f"{plural(orders.read, 'command')} of a generated day (seed {seed}) {where}"
    return f"{plural(orders.read, 'row')} of {orders.path.name} ({orders.format}) {where}"
