"""Order files as Parquet: natural types are exact, floats are not taken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from novate.domain.codes import CommandFlag
from novate.gateway.files import FileProblem, read_orders
from tests.unit.gateway.market import CONFIGURATION


def test_natural_types_become_the_same_commands_as_text(parquet: Callable[..., Path]) -> None:
    orders = read_orders(parquet(), "parquet", CONFIGURATION)
    first, second = orders.commands
    assert (orders.read, orders.accepted, orders.rejects) == (2, 2, [])
    assert (first["time"], first["price"], first["quantity"]) == (1_000_000_000, 1005, 100)
    assert first["client_order_id"] == -1
    assert first["flags"] & CommandFlag.HIDDEN
    assert not second["flags"] & CommandFlag.HIDDEN
    assert (second["market"], second["price"], second["quantity"]) == (1, 202, 2)


def test_null_is_a_missing_field(parquet: Callable[..., Path]) -> None:
    orders = read_orders(parquet(account=pa.array([1, None], pa.int32())), "parquet", CONFIGURATION)
    assert [(reject.row, reject.reason) for reject in orders.rejects] == [(2, "MISSING_FIELD")]
    assert orders.rejects[0].raw.startswith("1970-01-01 00:00:02")


def test_a_price_as_a_float_is_refused_with_its_column(parquet: Callable[..., Path]) -> None:
    with pytest.raises(FileProblem, match=r"column price: expected text, integers, .* was double"):
        read_orders(parquet(price=[10.05, 10.1]), "parquet", CONFIGURATION)
