"""The core as a rule: no clock, no chance, no outside world, no fractions.

The same journal must give the same bytes on any machine, so `domain`, `venue` and `clearing` may import only
what is listed here, and may not use what would differ from one run, one machine or one day to the next.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.tidy.sources import Source, imported_modules


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PURE_MODULES = _words("""
    __future__ abc array bisect collections collections.abc dataclasses datetime decimal enum fractions
    functools hashlib heapq itertools math msgspec numpy numpy.typing operator re string struct types typing
""")
CALLS = _words("open print input exec eval breakpoint hash id __import__ globals vars")
CLOCKS = _words("now utcnow today fromtimestamp localtime monotonic perf_counter process_time")
OUTSIDE = _words("""
    environ getenv random default_rng urandom system popen
    save savez load loadtxt savetxt genfromtxt fromfile tofile memmap
""")

FLOAT_NAMES = _words("float complex")
FLOAT_ATTRIBUTES = _words("""
    float16 float32 float64 float128 double single half longdouble floating complex64 complex128
    true_divide divide mean average std var sqrt exp log log2 log10 nan inf linspace fsum
""")
FLOAT_FORMATS = _words("float16 float32 float64 float") | {
    order + form for order in ("", "<", ">", "=") for form in ("f2", "f4", "f8", "c8", "c16")
}


def impurities(source: Source) -> Iterator[str]:
    """Whatever could make two runs of the core differ."""
    for node, module in imported_modules(source):
        if module not in PURE_MODULES and module.split(".")[0] != "novate":
            yield source.at(node, f"expected a pure module, was import of {module}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            yield source.at(node, f"expected no {node.func.id}() in the core")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS:
            yield source.at(node, f"expected time as a field of a command, was .{node.func.attr}()")
        elif isinstance(node, ast.Attribute) and node.attr in OUTSIDE:
            yield source.at(node, f"expected nothing from outside, was .{node.attr}")


def floats(source: Source) -> Iterator[str]:
    """Fractions in the core: prices are ticks, quantities lots, money minor units."""
    documents = _docstrings(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, (float, complex)):
            yield source.at(node, f"expected an integer, was {node.value!r}")
        elif isinstance(node, ast.Constant) and node not in documents and node.value in FLOAT_FORMATS:
            yield source.at(node, f"expected an integer format, was {node.value!r}")
        elif isinstance(node, ast.Name) and node.id in FLOAT_NAMES:
            yield source.at(node, f"expected no {node.id} in the core")
        elif isinstance(node, ast.Attribute) and node.attr in FLOAT_ATTRIBUTES:
            yield source.at(node, f"expected integer arithmetic, was .{node.attr}")
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.Div):
            yield source.at(node, "expected a named division (div_floor, div_ceil, div_half_up), was /")


def _docstrings(tree: ast.Module) -> set[ast.Constant]:
    return {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
