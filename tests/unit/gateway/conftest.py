"""A Parquet file of two orders, for the tests that read or break one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., Path]:
    """Writes two good orders in natural types; arguments replace columns."""

    def write(**changed: Any) -> Path:
        columns: dict[str, Any] = {
            "time": pa.array([1_000_000, 2_000_000], pa.timestamp("us")),
            "command": pa.array(["new", "new"]).dictionary_encode(),
            "market": ["ACME", "BULK"],
            "account": pa.array([1, 2], pa.int32()),
            "client_order_id": pa.array([2**64 - 1, 8], pa.uint64()),
            "side": ["buy", "sell"],
            "quantity": [100, 200],
            "price": pa.array(["10.05", "10.10"]).cast(pa.decimal128(12, 3)),
            "hidden": pa.array([True, None]),
        }
        path = tmp_path / "made.parquet"
        pq.write_table(pa.table(columns | changed), path)
        return path

    return write
