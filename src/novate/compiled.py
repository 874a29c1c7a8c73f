"""The one door to Numba: every compiled kernel of Novate is decorated by `kernel`, `inlined` or `cold`.

    source of all kernels --sha256--> cache directory --> machine code loaded in milliseconds

Two reasons for a door. Numba's disk cache does not notice that a *called* module has changed, so the cache
directory is named by a hash of every source file that kernels are made of (the package's root, `domain`,
`venue`, `clearing/ledger`, `clearing/kernels`, `clearing/margin` and `gateway/span`): an edit gives a fresh
cache and never a stale kernel. And the same functions must run uncompiled: with `NOVATE_COMPILED=0` the
decorators return their argument and Numba is not even imported.

Environment (read once, at import; nothing in the core reads the environment itself):
    NOVATE_COMPILED=0      run kernels as plain Python, for debugging and differential tests
    NOVATE_BOUNDSCHECK=1   compile with index checks (slow; the suite runs once this way)
    NOVATE_CACHE_DIR=PATH  where compiled kernels are kept, default `~/.cache/novate`
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])


class _Decorator(Protocol):
    """Leaves the signature of a function as it is."""

    def __call__(self, function: F, /) -> F: ...


COMPILED = os.environ.get("NOVATE_COMPILED", "1") != "0" and os.environ.get("NUMBA_DISABLE_JIT", "0") == "0"
BOUNDSCHECK = os.environ.get("NOVATE_BOUNDSCHECK", "0") == "1"


def source_digest() -> str:
    """16 hex digits over the sources of the kernels, the interpreter and the bounds-check switch."""
    digest = hashlib.sha256(f"{sys.version_info[:2]}{BOUNDSCHECK}".encode())
    root = Path(__file__).parent
    places = (
        "*.py",
        "domain/*.py",
        "venue/*.py",
        "clearing/ledger/*.py",
        "clearing/kernels/*.py",
        "clearing/margin/*/*.py",
        "gateway/span/*.py",
    )
    for path in sorted(path for place in places for path in root.glob(place)):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _cache_directory() -> Path:
    wanted = Path(os.environ.get("NOVATE_CACHE_DIR") or Path.home() / ".cache" / "novate") / "kernels"
    try:
        wanted.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=wanted):
            pass
    except OSError:
        # A read-only home must not stop the program: the kernels are compiled again next time.
        wanted = Path(tempfile.gettempdir()) / f"novate-kernels-{os.getuid()}"
    return wanted / source_digest()


if COMPILED:
    import numba
    from llvmlite import ir
    from numba.core import types
    from numba.core.codegen import JITCodeLibrary
    from numba.core.compiler import Compiler
    from numba.extending import intrinsic

    numba.config.CACHE_DIR = str(_cache_directory())

    def _forget_literals(dispatcher: Any) -> None:
        """Type `f(s, 7)` as f(tables, int64): Numba would compile one copy of `f` for every constant."""
        resolve = dispatcher.get_call_template

        def resolve_plain(args: Any, kws: Any) -> Any:
            return resolve(tuple(types.unliteral(arg) for arg in args), kws)

        dispatcher.get_call_template = resolve_plain

    class _PartLibrary(JITCodeLibrary):  # type: ignore[misc]
        """Code that is only ever linked into an entry point: neither optimised nor made executable itself.

        Numba would optimise every function together with all that it calls, and again in each of its
        callers; for a hundred and fifty small kernels that is most of a minute instead of a few seconds.
        """

        def _optimize_final_module(self) -> None:
            pass

        def _finalize_final_module(self) -> None:
            self._finalize_dynamic_globals()
            self._finalized = True

        def get_pointer_to_function(self, name: str) -> int:
            return 0

        @property
        def codegen(self) -> Any:
            return _WithoutEnvironment(self._codegen)

    class _ColdLibrary(_PartLibrary):
        """A part that is never inlined, so that the loop that rarely calls it keeps its registers."""

        def add_ir_module(self, ir_module: Any) -> None:
            for function in ir_module.functions:
                if not function.is_declaration:
                    function.attributes.add("noinline")
                    function.attributes.add("cold")
            super().add_ir_module(ir_module)

    class _WithoutEnvironment:
        """The code generator for a library that has no addresses yet, so nothing can be stored there."""

        def __init__(self, codegen: Any) -> None:
            self._codegen = codegen

        def __getattr__(self, name: str) -> Any:
            return getattr(self._codegen, name)

        def set_env(self, name: str, environment: Any) -> None:
            pass

    class _PartCompiler(Compiler):  # type: ignore[misc]
        """Numba's compiler with a `_PartLibrary` for the result."""

        library: type[_PartLibrary] = _PartLibrary

        def compile_extra(self, func: Any) -> Any:
            self.state.library = self.library(self.state.targetctx.codegen(), func.__qualname__)
            return super().compile_extra(func)

    class _ColdCompiler(_PartCompiler):
        library = _ColdLibrary

    def _part(forceinline: bool, compiler: type[_PartCompiler] = _PartCompiler) -> _Decorator:
        def decorate(function: F) -> F:
            jitted: F = numba.njit(
                nogil=True,
                error_model="numpy",
                boundscheck=BOUNDSCHECK,
                forceinline=forceinline,
                no_cpython_wrapper=True,
                no_cfunc_wrapper=True,
                pipeline_class=compiler,
            )(function)
            _forget_literals(jitted)
            return jitted

        return decorate

    kernel: _Decorator = _part(forceinline=False)
    inlined: _Decorator = _part(forceinline=True)
    cold: _Decorator = _part(forceinline=False, compiler=_ColdCompiler)

    def entry(function: F) -> F:
        """A kernel that Python calls: compiled with everything it uses, and kept on disk."""
        jitted: F = numba.njit(
            cache=True, nogil=True, error_model="numpy", boundscheck=BOUNDSCHECK, no_cfunc_wrapper=True
        )(function)
        return jitted

    def whole_arrays(jitted: F) -> F:
        """An entry point that is given contiguous arrays only, and is never compiled for anything else.

        Numba would compile all that it calls once more for a strided view (a minute for the venue), only to
        be told there that the view is refused. Its dispatcher asks Python when it meets types for the first
        time, so the check costs nothing afterwards.
        """
        compile_for = jitted._compile_for_args  # type: ignore[attr-defined]

        def refuse_views(*arguments: Any, **named: Any) -> Any:
            if any(isinstance(each, np.ndarray) and not each.flags.c_contiguous for each in arguments):
                raise ValueError("Expected contiguous arrays of commands and events, was a strided view")
            return compile_for(*arguments, **named)

        jitted._compile_for_args = refuse_views  # type: ignore[attr-defined]
        return jitted

    @intrinsic
    def _leading_zeros(typing_context: Any, word: Any) -> Any:
        """LLVM's count of leading zeros of an int64; 64 for 0."""

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 0))

        return types.int64(types.int64), generate

    @inlined
    def highest_bit(word: int) -> int:
        """Number of the highest bit that is set, 0..63; -1 for 0."""
        return 63 - _leading_zeros(word)  # type: ignore[no-any-return]

else:

    def kernel(function: F) -> F:
        """A function that Numba compiles as a part of an entry point (here: left as plain Python)."""
        return function

    def entry(function: F) -> F:
        """A kernel that Python calls (here: left as plain Python)."""
        return function

    def whole_arrays(jitted: F) -> F:
        """An entry point that is given contiguous arrays only (here: left as plain Python)."""
        return jitted

    def inlined(function: F) -> F:
        """A small leaf that LLVM always inlines into its caller (here: left as plain Python)."""
        return function

    def cold(function: F) -> F:
        """A kernel that few commands reach, never inlined (here: left as plain Python)."""
        return function

    def highest_bit(word: int) -> int:
        """Number of the highest bit that is set, 0..63; -1 for 0."""
        return int(word).bit_length() - 1


wide: Callable[[Any], int] = np.int64  # type: ignore[assignment]
"""A field of a record as int64, the only integer type inside kernels.

Compiled and interpreted code differ on narrow and unsigned values (`u4 - u4` wraps in one of them).
"""


def kernels_are_cached() -> bool:
    """True when machine code of these very sources is on disk already, so that start-up will be fast."""
    if not COMPILED:
        return True
    directory = Path(numba.config.CACHE_DIR)
    # The check of the books is the last entry point that a warm-up compiles, so it stands for all of them.
    return directory.is_dir() and any(directory.rglob("*.enter_check-*.nbc"))
