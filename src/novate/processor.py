"""What Novate asks of the processor itself: a prefetch, and a block of SHA-256 by its own instructions.

    prefetch_row(cells, at)                        bring row `at` of a 2-d array into the cache; nothing else
    sha256_block(state, state_at, data, at)        state[state_at : +8] after the 64 bytes data[at : +64]

The second stands for x86's SHA extensions, called through LLVM, and is to be used only where HAS_SHA says so;
`clearing.kernels.sha256` has the portable form. Numba keeps machine code per processor model and its
features, so a cache that was filled on another machine is never run here. This module is the one beside
`compiled` and `tables` that knows the compiler.
"""

from __future__ import annotations

from typing import Any

from novate.compiled import COMPILED

ROUND_CONSTANTS = (
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
)  # fmt: skip
"""K of FIPS 180-4."""

HAS_SHA = False
"""True where `sha256_block` may be called."""

if COMPILED:
    import llvmlite.binding
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.extending import intrinsic

    _features = llvmlite.binding.get_host_cpu_features()
    HAS_SHA = all(_features.get(name, False) for name in ("sha", "sse4.1", "ssse3"))

    _I32 = ir.IntType(32)
    _WORDS = ir.VectorType(_I32, 4)

    def _lanes(*numbers: int) -> ir.Constant:
        return ir.Constant(_WORDS, list(numbers))

    class _Block:
        """The instructions of one block. Vectors hold lanes from low to high."""

        def __init__(self, builder: Any) -> None:
            self.builder = builder

        def call(self, name: str, *vectors: Any) -> Any:
            kind = ir.FunctionType(_WORDS, [_WORDS] * len(vectors))
            return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), vectors)

        def shuffle(self, first: Any, second: Any, *lanes: int) -> Any:
            return self.builder.shuffle_vector(first, second, _lanes(*lanes))

        def load(self, pointer: Any, at: int) -> Any:
            return self.builder.load(self.builder.gep(pointer, [_I32(at)]), align=1)

        def store(self, vector: Any, pointer: Any, at: int) -> None:
            self.builder.store(vector, self.builder.gep(pointer, [_I32(at)]), align=1)

        def rounds(self, state: Any, data: Any) -> None:
            """64 rounds: ABEF and CDGH are the pairs of words that the instructions work on."""
            low, high = self.load(state, 0), self.load(state, 1)
            abef = first_abef = self.shuffle(low, high, 5, 4, 1, 0)
            cdgh = first_cdgh = self.shuffle(low, high, 7, 6, 3, 2)
            words = [self.call("llvm.bswap.v4i32", self.load(data, quad)) for quad in range(4)]
            for quad in range(16):
                if quad >= 4:
                    words.append(self.scheduled(words))
                constants = _lanes(*ROUND_CONSTANTS[4 * quad : 4 * quad + 4])
                message = self.builder.add(words[quad], constants)
                cdgh = self.call("llvm.x86.sha256rnds2", cdgh, abef, message)
                message = self.shuffle(message, message, 2, 3, 0, 0)
                abef = self.call("llvm.x86.sha256rnds2", abef, cdgh, message)
            abef, cdgh = self.builder.add(abef, first_abef), self.builder.add(cdgh, first_cdgh)
            self.store(self.shuffle(abef, cdgh, 3, 2, 7, 6), state, 0)
            self.store(self.shuffle(abef, cdgh, 1, 0, 5, 4), state, 1)

        def scheduled(self, words: list[Any]) -> Any:
            """The next four words of the message schedule."""
            sixteen_ago, twelve_ago, eight_ago, four_ago = words[-4:]
            part = self.call("llvm.x86.sha256msg1", sixteen_ago, twelve_ago)
            part = self.builder.add(part, self.shuffle(eight_ago, four_ago, 1, 2, 3, 4))
            return self.call("llvm.x86.sha256msg2", part, four_ago)

    def _pointer(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
        """Address of an element of a 1-d array, to be read as vectors of four words."""
        data = context.make_array(kind)(context, builder, array).data
        return builder.bitcast(builder.gep(data, [at]), _WORDS.as_pointer())

    @intrinsic
    def sha256_block(typing_context: Any, state: Any, state_at: Any, data: Any, at: Any) -> Any:
        """Compress 64 bytes of a uint8 array into eight words of a uint32 array, with SHA instructions."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            words = _pointer(context, builder, signature.args[0], args[0], args[1])
            block = _pointer(context, builder, signature.args[2], args[2], args[3])
            _Block(builder).rounds(words, block)
            return context.get_dummy_value()

        return types.none(state, types.int64, data, types.int64), generate

    @intrinsic
    def prefetch_row(typing_context: Any, array: Any, row: Any) -> Any:
        """Ask the processor to bring the start of one row of a C-contiguous 2-d array into its cache."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, _I32, _I32, _I32])
            call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            view = context.make_array(signature.args[0])(context, builder, args[0])
            offset = builder.mul(args[1], builder.extract_value(view.strides, 0))
            pointer = builder.inttoptr(
                builder.add(builder.ptrtoint(view.data, offset.type), offset), cgutils.voidptr_t
            )
            builder.call(call, [pointer, _I32(1), _I32(3), _I32(1)])
            return context.get_dummy_value()

        return types.none(array, types.int64), generate

else:

    def sha256_block(state: Any, state_at: int, data: Any, at: int) -> None:
        """Only where HAS_SHA says so, and never in plain Python."""
        raise NotImplementedError("Expected the portable form where nothing is compiled")

    def prefetch_row(array: Any, row: int) -> None:
        """Ask the processor to bring one row of an array into its cache (here: nothing)."""
