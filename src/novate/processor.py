"""What Novate asks of the processor itself: a prefetch, eight bytes at once, and a block of SHA-256.

    prefetch_row(cells, at)                        bring row `at` of a 2-d array into the cache; nothing else
    prefetch_entry(column, at)                     the same for entry `at` of a 1-d array
    load_word(data, at)                            data[at : +8] as an int64, in an order of bytes of its own
    store_word(data, at, word)                     the same bytes back
    ordered_word(data, at)                         data[at : +8] as an int64 that sorts as the bytes do
    sha256_block(state, state_at, data, at)        state[state_at : +8] after the 64 bytes data[at : +64]
    sha256_short(data, at, out, out_at)            the digest of a message of one block, as words
    sha256_nodes(words, children, out, apart)      those of two nodes of a Merkle tree (RFC 6962), words all

Words may begin anywhere, but all eight bytes must be there. The last three stand for x86's SHA extensions,
called through LLVM, and are to be used only where HAS_SHA says so; `clearing.kernels.sha256` has the portable
form. Numba keeps machine code per processor model and its features, so a cache that was filled on another
machine is never run here. This module is the one beside `compiled` and `tables` that knows the compiler.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

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
FIRST_STATE = (
    0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A, 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19,
)  # fmt: skip
"""H(0) of FIPS 180-4."""
NODE_BITS = 8 * (1 + 32 + 32)
"""Length of the message of a node: its mark and two digests."""

WORD = 8
"""Bytes of a word."""

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

        def words_of(self, data: Any) -> list[Any]:
            """The 16 words of 64 bytes."""
            return [self.call("llvm.bswap.v4i32", self.load(data, quad)) for quad in range(4)]

        def hashed(self, states: list[tuple[Any, Any]], blocks: list[list[Any]]) -> list[tuple[Any, Any]]:
            """64 rounds of one block for each state: ABEF and CDGH, pairs of words as the instructions want
            them. Each of these waits for the one before it, so those of several states stand by turns."""
            firsts, states, blocks = states, list(states), [list(words) for words in blocks]
            for quad in range(16):
                for lane, words in enumerate(blocks):
                    abef, cdgh = states[lane]
                    if quad >= 4:
                        words.append(self.scheduled(words))
                    constants = _lanes(*ROUND_CONSTANTS[4 * quad : 4 * quad + 4])
                    message = self.builder.add(words[quad], constants)
                    cdgh = self.call("llvm.x86.sha256rnds2", cdgh, abef, message)
                    message = self.shuffle(message, message, 2, 3, 0, 0)
                    states[lane] = self.call("llvm.x86.sha256rnds2", abef, cdgh, message), cdgh
            add = self.builder.add
            return [
                (add(abef, first_abef), add(cdgh, first_cdgh))
                for (abef, cdgh), (first_abef, first_cdgh) in zip(states, firsts, strict=True)
            ]

        def update(self, state: Any, data: Any) -> None:
            """One block into a state of eight words in memory."""
            low, high = self.load(state, 0), self.load(state, 1)
            abef = self.shuffle(low, high, 5, 4, 1, 0)
            cdgh = self.shuffle(low, high, 7, 6, 3, 2)
            ((abef, cdgh),) = self.hashed([(abef, cdgh)], [self.words_of(data)])
            self.keep(abef, cdgh, state)

        def keep(self, abef: Any, cdgh: Any, state: Any) -> None:
            """The state as eight words in memory."""
            self.store(self.shuffle(abef, cdgh, 3, 2, 7, 6), state, 0)
            self.store(self.shuffle(abef, cdgh, 1, 0, 5, 4), state, 1)

        def digests(self, messages: list[list[Any]], outs: list[Any]) -> None:
            """Messages of equally many blocks, from the first state to the words of their digests."""
            a, b, c, d, e, f, g, h = FIRST_STATE
            states = [(_lanes(f, e, b, a), _lanes(h, g, d, c)) for _ in messages]
            for blocks in zip(*messages, strict=True):
                states = self.hashed(states, list(blocks))
            for (abef, cdgh), out in zip(states, outs, strict=True):
                self.keep(abef, cdgh, out)

        def node(self, left: Any, right: Any) -> list[list[Any]]:
            """The two blocks of 01 || left || right: every word of the digests is moved by one byte."""
            eight, three_bytes = _lanes(8, 8, 8, 8), _lanes(24, 24, 24, 24)
            words, before = [], _lanes(0, 0, 0, 1)
            for quad in (self.load(left, 0), self.load(left, 1), self.load(right, 0), self.load(right, 1)):
                one_back = self.builder.shl(self.shuffle(before, quad, 3, 4, 5, 6), three_bytes)
                words.append(self.builder.or_(one_back, self.builder.lshr(quad, eight)))
                before = quad
            last = self.builder.shl(self.shuffle(before, _lanes(0, 0, 0, 0), 3, 4, 4, 4), three_bytes)
            last = self.builder.or_(last, _lanes(0x80 << 16, 0, 0, 0))
            nothing = _lanes(0, 0, 0, 0)
            return [words, [last, nothing, nothing, _lanes(0, 0, 0, NODE_BITS)]]

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
            _Block(builder).update(words, block)
            return context.get_dummy_value()

        return types.none(state, types.int64, data, types.int64), generate

    @intrinsic
    def sha256_short(typing_context: Any, data: Any, at: Any, out: Any, out_at: Any) -> Any:
        """SHA-256 of the one padded block data[at : at + 64], as the eight words out[out_at : out_at + 8]."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            block, digest = (
                _pointer(context, builder, signature.args[i], args[i], args[i + 1]) for i in (0, 2)
            )
            made = _Block(builder)
            made.digests([[made.words_of(block)]], [digest])
            return context.get_dummy_value()

        return types.none(data, types.int64, out, types.int64), generate

    @intrinsic
    def sha256_nodes(typing_context: Any, words: Any, children: Any, out: Any, apart: Any) -> Any:
        """SHA-256 of 01 || words[children : +8] || words[children + 8 : +8] as words[out : +8], and the same
        of the 16 words and for the 8 words that stand `apart` pairs behind them."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            array, children, out, apart = args
            made, messages, digests = _Block(builder), [], []
            for _ in range(2):
                left, right, digest = (
                    _pointer(context, builder, signature.args[0], array, at)
                    for at in (children, builder.add(children, ir.Constant(children.type, 8)), out)
                )
                messages.append(made.node(left, right))
                digests.append(digest)
                children = builder.add(children, builder.mul(apart, ir.Constant(apart.type, 16)))
                out = builder.add(out, builder.mul(apart, ir.Constant(apart.type, 8)))
            made.digests(messages, digests)
            return context.get_dummy_value()

        return types.none(words, types.int64, types.int64, types.int64), generate

    def _prefetch(builder: Any, pointer: Any) -> None:
        kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, _I32, _I32, _I32])
        call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(call, [pointer, _I32(1), _I32(3), _I32(1)])

    @intrinsic
    def prefetch_row(typing_context: Any, array: Any, row: Any) -> Any:
        """Ask the processor to bring the start of one row of a C-contiguous 2-d array into its cache."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            view = context.make_array(signature.args[0])(context, builder, args[0])
            offset = builder.mul(args[1], builder.extract_value(view.strides, 0))
            address = builder.add(builder.ptrtoint(view.data, offset.type), offset)
            _prefetch(builder, builder.inttoptr(address, cgutils.voidptr_t))
            return context.get_dummy_value()

        return types.none(array, types.int64), generate

    @intrinsic
    def prefetch_entry(typing_context: Any, column: Any, at: Any) -> Any:
        """Ask the processor to bring one entry of a 1-d array, and what stands beside it, into its cache."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            array = context.make_array(signature.args[0])(context, builder, args[0])
            _prefetch(builder, builder.bitcast(builder.gep(array.data, [args[1]]), cgutils.voidptr_t))
            return context.get_dummy_value()

        return types.none(column, types.int64), generate

    def _word(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
        """Address of eight bytes of a 1-d array."""
        data = context.make_array(kind)(context, builder, array).data
        return builder.bitcast(builder.gep(data, [at]), ir.IntType(64).as_pointer())

    @intrinsic
    def load_word(typing_context: Any, data: Any, at: Any) -> Any:
        """Eight bytes of a uint8 array as one number."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            return builder.load(_word(context, builder, signature.args[0], *args), align=1)

        return types.int64(data, types.int64), generate

    @intrinsic
    def store_word(typing_context: Any, data: Any, at: Any, word: Any) -> Any:
        """A number of `load_word` as the eight bytes that it was."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            builder.store(args[2], _word(context, builder, signature.args[0], *args[:2]), align=1)
            return context.get_dummy_value()

        return types.none(data, types.int64, types.int64), generate

    @intrinsic
    def ordered_word(typing_context: Any, data: Any, at: Any) -> Any:
        """Eight bytes of a uint8 array as a number that is less where they sort before."""

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            word = builder.load(_word(context, builder, signature.args[0], *args), align=1)
            if sys.byteorder == "little":
                word = builder.bswap(word)
            # Bytes are not signed, the number is: the first bit turned over puts them in one order.
            return builder.xor(word, ir.Constant(word.type, 1 << 63))

        return types.int64(data, types.int64), generate

else:

    def sha256_block(state: Any, state_at: int, data: Any, at: int) -> None:
        """Only where HAS_SHA says so, and never in plain Python."""
        raise NotImplementedError("Expected the portable form where nothing is compiled")

    def sha256_short(data: Any, at: int, out: Any, out_at: int) -> None:
        """Only where HAS_SHA says so, and never in plain Python."""
        raise NotImplementedError("Expected the portable form where nothing is compiled")

    def sha256_nodes(words: Any, children: int, out: int, apart: int) -> None:
        """Only where HAS_SHA says so, and never in plain Python."""
        raise NotImplementedError("Expected the portable form where nothing is compiled")

    def prefetch_row(array: Any, row: int) -> None:
        """Ask the processor to bring one row of an array into its cache (here: nothing)."""

    def prefetch_entry(column: Any, at: int) -> None:
        """Ask the processor to bring one entry of an array into its cache (here: nothing)."""

    def load_word(data: Any, at: int) -> Any:
        """Eight bytes of a uint8 array as one number."""
        return np.int64(int.from_bytes(data[at : at + WORD].tobytes(), sys.byteorder, signed=True))

    def store_word(data: Any, at: int, word: Any) -> None:
        """A number of `load_word` as the eight bytes that it was."""
        data[at : at + WORD] = np.frombuffer(int(word).to_bytes(WORD, sys.byteorder, signed=True), np.uint8)

    def ordered_word(data: Any, at: int) -> Any:
        """Eight bytes of a uint8 array as a number that is less where they sort before."""
        return np.int64(int.from_bytes(data[at : at + WORD].tobytes(), "big") - (1 << 63))
