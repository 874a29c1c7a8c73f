"""A parameter file as columns on disk, so that opening it again takes a tenth of a second.

    magic 16 bytes | length of the head u64 | head (msgpack) | columns, each at a multiple of 64 | SHA-256
                                                |
       digest of the source, how it was read, terms, name -> (dtype, shape, place, decimals)

A cache is believed only if its own checksum is right, if it was made from exactly these bytes of the source
and by the same way of reading; otherwise it is as if it were not there. Nothing in it is executed. It is
written beside the source under another name and then renamed, and where that cannot be, there is none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from novate.clearing.margin.span.model import (
    Commodity,
    Contracts,
    Family,
    ParameterFile,
    RateClass,
    Scaled,
    Series,
    Spread,
)
from novate.clearing.margin.span.policy import Policy

MAGIC = b"novate span 0001"
LENGTH_BYTES, CHECKSUM_BYTES, ALIGNMENT = 8, 32, 64
SUFFIX = ".span-columns"
DTYPES = ("<i8", "<i4", "|i1", "|b1")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column lies in the file, counted from the end of the head."""

    dtype: str
    shape: tuple[int, ...]
    offset: int
    decimals: int


@dataclass(frozen=True, slots=True)
class Head:
    """Everything but the columns."""

    source: bytes
    reading: tuple[str, ...]
    facts: dict[str, str]
    rate: str
    currencies: dict[str, int]
    caps_option_value: bool | None
    rate_classes: tuple[RateClass, ...]
    pairs: tuple[int, ...]
    periods: tuple[str, ...]
    commodities: tuple[Commodity, ...]
    inter_spreads: tuple[Spread, ...]
    families: tuple[Family, ...]
    series: tuple[Series, ...]
    columns: dict[str, Place]


TERMS = tuple(field.name for field in fields(Head) if field.name not in ("source", "reading", "columns"))


def digest_of(path: Path) -> bytes:
    """SHA-256 of a file's bytes as they lie on disk. OSError if it cannot be read."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def cache_path(path: Path, policy: Policy) -> Path:
    """Where the columns of a file lie: beside it, one for each way of reading."""
    way = hashlib.sha256("\0".join(policy.reading()).encode()).hexdigest()[:8]
    return path.with_name(f"{path.name}.{way}{SUFFIX}")


def write_columns(parameters: ParameterFile, source: bytes, policy: Policy, cache: Path) -> bool:
    """Keep parameters that were read from a file with this digest; False if that cannot be."""
    if not can_be_kept(parameters):
        return False
    try:
        handle, name = tempfile.mkstemp(dir=cache.parent, prefix=f".{cache.name}.")
    except OSError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in pieces(parameters, source, policy):
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, cache)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        return False
    return True


def read_columns(cache: Path, source: bytes, policy: Policy) -> ParameterFile | None:
    """The parameters, or None if there is no cache that can be believed."""
    try:
        content = cache.read_bytes()
    except OSError:
        return None
    return decoded(content, source, policy)


def can_be_kept(parameters: ParameterFile) -> bool:
    """Whether every column has a fixed width; numbers beyond 64 bits do not."""
    return all(column.dtype != object for column, _ in _columns(parameters).values())


def pieces(parameters: ParameterFile, source: bytes, policy: Policy) -> Iterator[bytes | memoryview]:
    """The bytes of a cache in order, column by column, so that no second copy is held."""
    columns = _columns(parameters)
    places: dict[str, Place] = {}
    offset = 0
    for name, (column, decimals) in columns.items():
        places[name] = Place(column.dtype.str, column.shape, offset, decimals)
        offset += column.nbytes + -column.nbytes % ALIGNMENT
    terms = {name: getattr(parameters, name) for name in TERMS}
    head = Head(source=source, reading=policy.reading(), columns=places, **terms)
    packed = msgspec.msgpack.encode(head, enc_hook=_fraction_text)
    checksum = hashlib.sha256()
    begin = MAGIC + len(packed).to_bytes(LENGTH_BYTES, "little") + packed
    data: list[Any] = [np.ascontiguousarray(one) for one, _ in columns.values()]
    views: list[Any] = [memoryview(one).cast("B") for one in data]
    for piece in (begin, *views):
        for part in (piece, bytes(-len(piece) % ALIGNMENT)):
            checksum.update(part)
            yield part
    yield checksum.digest()


def decoded(content: bytes, source: bytes, policy: Policy) -> ParameterFile | None:
    """The parameters in the bytes of a cache; None unless they are whole and of this source and reading."""
    start = len(MAGIC) + LENGTH_BYTES
    view = memoryview(content)
    if len(content) < start + CHECKSUM_BYTES or not content.startswith(MAGIC):
        return None
    if hashlib.sha256(view[:-CHECKSUM_BYTES]).digest() != content[-CHECKSUM_BYTES:]:
        return None
    head_end = start + int.from_bytes(view[len(MAGIC) : start], "little")
    columns_at = head_end + -head_end % ALIGNMENT
    try:
        head = msgspec.msgpack.decode(view[start:head_end], type=Head, dec_hook=_fraction)
    except (msgspec.MsgspecError, ValueError):
        return None
    if head.source != source or head.reading != policy.reading():
        return None
    if any(place.dtype not in DTYPES for place in head.columns.values()):
        return None
    columns = {name: _column(view, columns_at, place) for name, place in head.columns.items()}
    terms = {name: getattr(head, name) for name in TERMS}
    scaled = {name: Scaled(columns[name], place.decimals) for name, place in head.columns.items()}
    contracts: dict[str, Any] = {
        field.name: scaled[field.name] if field.type == "Scaled" else columns[field.name]
        for field in fields(Contracts)
    }
    return ParameterFile(**terms, contracts=Contracts(**contracts), arrays=scaled["arrays"])


def _columns(parameters: ParameterFile) -> dict[str, tuple[npt.NDArray[Any], int]]:
    found: dict[str, tuple[npt.NDArray[Any], int]] = {}
    for name, column in [
        *((field.name, getattr(parameters.contracts, field.name)) for field in fields(Contracts)),
        ("arrays", parameters.arrays),
    ]:
        found[name] = (column.units, column.decimals) if isinstance(column, Scaled) else (column, 0)
    return found


def _column(view: memoryview, columns_at: int, place: Place) -> npt.NDArray[Any]:
    dtype = np.dtype(place.dtype)
    count = int(np.prod(place.shape))
    return np.frombuffer(view, dtype, count, columns_at + place.offset).reshape(place.shape)


def _fraction_text(value: object) -> str:
    if isinstance(value, Fraction):
        return str(value)
    raise NotImplementedError(f"Expected a Fraction, was {type(value).__name__}")


def _fraction(kind: type, value: object) -> Fraction:
    if kind is Fraction and isinstance(value, str):
        return Fraction(value)
    raise ValueError(f"Expected the text of a Fraction, was {value!r}")
