"""What Novate asks of the processor itself: a prefetch, eight bytes at once, and a block of a hash.

    prefetch_row(cells, at)                        bring row `at` of a 2-d array into the cache; nothing else
    prefetch_entry(column, at)                     the same for entry `at` of a 1-d array
    load_word(data, at)                            data[at : +8] as an int64, in an order of bytes of its own
    store_word(data, at, word)                     the same bytes back
    ordered_word(data, at)                         data[at : +8] as an int64 that sorts as the bytes do
    blake2b_block(state, data, at, counter, last)  state[:64] after the 128 bytes data[at : +128]
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
BLAKE2B_STATE = (
    0x6A09E667F3BCC908, 0xBB67AE8584CAA73B, 0x3C6EF372FE94F82B, 0xA54FF53A5F1D36F1,
    0x510E527FADE682D1, 0x9B05688C2B3E6C1F, 0x1F83D9ABFB41BD6B, 0x5BE0CD19137E2179,
)  # fmt: skip
"""IV of RFC 7693."""
_BLAKE2B_ROUNDS = 12
_BLAKE2B_ORDERS = [
    [int(word, 16) for word in row]
    for row in (
        "0123456789ABCDEF", "EA489FD61C02B753", "B8C052FDAE367194", "7931DCBE265A40F8", "905724AFE1BC683D",
        "2C6A0B834D75FE19", "C51FED4A0763928B", "DB7EC13950F4862A", "6FE9B308C2D714A5", "A2847615FB9E3CD0",
    )
]  # fmt: skip
"""SIGMA of RFC 7693: which two words of the message each mixing of a round takes."""
_BLAKE2B_MIXINGS = (
    (0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
    (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14),
)  # fmt: skip
NODE_BITS = 8 * (1 + 32 + 32)
"""Length of the message of a node: its mark and two digests."""

WORD = 8
"""Bytes of a word."""

_LOW = (1 << 64) - 1

HAS_SHA = False
"""True where `sha256_block` may be called."""


def _blake2b(
    add: Any, xor: Any, turned: Any, state: list[Any], message: list[Any], first: list[Any]
) -> list[Any]:
    """F of RFC 7693: the words of the state after one block.

    `add`, `xor` and `turned` (to the right) say what is done with words, be they numbers or values of LLVM;
    `first` is the lower half of the work, with counter and flag in it.
    """
    v = [*state, *first]
    for number in range(_BLAKE2B_ROUNDS):
        order = _BLAKE2B_ORDERS[number % len(_BLAKE2B_ORDERS)]
        for at, (a, b, c, d) in enumerate(_BLAKE2B_MIXINGS):
            for word, by_d, by_b in ((order[2 * at], 32, 24), (order[2 * at + 1], 16, 63)):
                v[a] = add(add(v[a], v[b]), message[word])
                v[d] = turned(xor(v[d], v[a]), by_d)
                v[c] = add(v[c], v[d])
                v[b] = turned(xor(v[b], v[c]), by_b)
    return [xor(xor(word, v[at]), v[at + 8]) for at, word in enumerate(state)]


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
            if _features.get("avx", False):
                self.forget_upper_halves()

        def forget_upper_halves(self) -> None:
            """The SHA instructions have the old encoding. While upper halves of wide registers are in use, as
            after a loop that copies bytes, some processors (Emerald Rapids) take a hundred times as long."""
            kind = ir.FunctionType(ir.VoidType(), [])
            name = "llvm.x86.avx.vzeroupper"
            self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), [])

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
    def blake2b_block(typing_context: Any, state: Any, data: Any, at: Any, counter: Any, last: Any) -> Any:
        """Compress 128 bytes of a uint8 array into the first 64 of another (RFC 7693).

        `counter` is the number of bytes of the message up to the end of this block; `last` is -1 for the
        last block, otherwise 0.
        """

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            state, data, at, counter, last = args
            word = at.type

            def places(kind: Any, array: Any, start: Any, count: int) -> list[Any]:
                offsets = (builder.add(start, ir.Constant(word, WORD * each)) for each in range(count))
                return [_word(context, builder, kind, array, offset) for offset in offsets]

            def turned(value: Any, by: int) -> Any:
                return builder.call(rotate, [value, value, ir.Constant(word, by)])

            rotate = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(word, [word] * 3), "llvm.fshr.i64"
            )
            first = [ir.Constant(word, each) for each in BLAKE2B_STATE]
            first[4], first[6] = builder.xor(first[4], counter), builder.xor(first[6], last)
            cells = places(signature.args[0], state, ir.Constant(word, 0), 8)
            before = [builder.load(cell, align=1) for cell in cells]
            message = [builder.load(cell, align=1) for cell in places(signature.args[1], data, at, 16)]
            after = _blake2b(builder.add, builder.xor, turned, before, message, first)
            for value, cell in zip(after, cells, strict=True):
                builder.store(value, cell, align=1)
            return context.get_dummy_value()

        return types.none(state, data, types.int64, types.int64, types.int64), generate

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

    def blake2b_block(state: Any, data: Any, at: int, counter: int, last: int) -> None:
        """Compress 128 bytes of a uint8 array into the first 64 of another (RFC 7693)."""

        def words_of(array: Any, start: int, count: int) -> list[int]:
            return [int(load_word(array, start + WORD * each)) & _LOW for each in range(count)]

        def turned(value: int, by: int) -> int:
            return value >> by | value << (64 - by) & _LOW

        first = [*BLAKE2B_STATE]
        first[4], first[6] = first[4] ^ int(counter), first[6] ^ (last & _LOW)
        after = _blake2b(
            lambda one, other: one + other & _LOW, lambda one, other: one ^ other, turned,
            words_of(state, 0, 8), words_of(data, at, 16), first,
        )  # fmt: skip
        for at_word, word in enumerate(after):
            store_word(state, WORD * at_word, word - (word >> 63 << 64))

    def ordered_word(data: Any, at: int) -> Any:
        """Eight bytes of a uint8 array as a number that is less where they sort before."""
        return np.int64(int.from_bytes(data[at : at + WORD].tobytes(), "big") - (1 << 63))
