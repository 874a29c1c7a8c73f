"""Opening a parameter file: from its columns beside it where they are there and true, else from the file.

    nse.spn  --SHA-256-->  nse.spn.d41d8cd9.span-columns believed?  yes: 0.1 s     no: read, check, keep

Which format a file has is told by how it begins, never by its name.
"""

from __future__ import annotations

from pathlib import Path

from novate.clearing.margin.span.model import ParameterFile
from novate.clearing.margin.span.policy import Policy
from novate.clearing.margin.span.problems import Kind, SpanProblem
from novate.gateway.span.columnar import cache_path, digest_of, read_columns, write_columns
from novate.gateway.span.positional.pa2 import is_positional, read_pa2
from novate.gateway.span.spn import read_spn

WORTH_KEEPING = 1024 * 1024
"""Bytes from which a cache is written: a smaller file is read in the time that looking for one takes."""


def open_parameters(path: Path, policy: Policy, cached: bool = True) -> ParameterFile:
    """The parameters for the policy's rate id. SpanProblem, beginning with the file's name, if refused."""
    try:
        worth = cached and path.is_file() and path.stat().st_size >= WORTH_KEEPING
        if not worth:
            return read_parameters(path, policy)
        source = digest_of(path)
        cache = cache_path(path, policy)
    except OSError as error:
        raise SpanProblem(Kind.FILE, str(path), "a readable file", error.strerror or str(error)) from error
    found = read_columns(cache, source, policy)
    if found is not None:
        return found
    parameters = read_parameters(path, policy)
    if digest_of(path) == source:
        write_columns(parameters, source, policy, cache)
    return parameters


def read_parameters(path: Path, policy: Policy) -> ParameterFile:
    """The parameters of a file in either format. SpanProblem, beginning with the file's name, if refused."""
    return read_pa2(path, policy) if is_positional(path) else read_spn(path, policy)
