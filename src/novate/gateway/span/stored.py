"""Opening a parameter file: from its columnar cache where that is there and true, else from the file itself."""

from __future__ import annotations

from pathlib import Path

from novate.clearing.margin.span.model import ParameterFile
from novate.clearing.margin.span.policy import Policy
from novate.gateway.span.spn import read_spn


def open_parameters(path: Path, policy: Policy, cached: bool = True) -> ParameterFile:
    """The parameters for the policy's rate id. SpanProblem, beginning with the file's name, if refused."""
    return read_spn(path, policy)
