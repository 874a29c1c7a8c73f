"""Tables in compiled kernels: records in memory, reached by address, without reference counts.

    addresses: [ &header, rows | &markets, rows | ... | own address ]      int64, made in Python
    s = open_tables(addresses)          s.orders["leaves"][row]  ->  one load at base + row * 64 + 32

Numba's own arrays would do, but a kernel that passes eighteen of them around spends minutes of compile time
on reference counts and strides. Here `s` is a single pointer; a column is a base address, and its loads are
marked invariant, so that LLVM keeps the bases in registers. Interpreted, `s` is a NamedTuple of NumPy arrays
and the very same expressions mean the same.

Limits: fields are little-endian integers of 1, 2, 4 or 8 bytes; a row is an int64 and is checked only with
NOVATE_BOUNDSCHECK=1 (IndexError). Values read are int64 (zero- or sign-extended).
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import numpy.typing as npt

from novate.compiled import BOUNDSCHECK, COMPILED

Addresses = npt.NDArray[np.int64]


def addresses_of(arrays: list[npt.NDArray[Any]], second: list[npt.NDArray[Any]]) -> Addresses:
    """Address and rows of every array, and at the end the address of the table itself; then the same of a
    second list, the same tables with some of them exchanged (see `second_view`).

    The arrays must stay alive and in place while the table is used.
    """
    cells = 2 * len(arrays) + 1
    addresses = np.zeros(2 * cells, np.int64)
    for start, view in ((0, arrays), (cells, second)):
        for i, array in enumerate(view):
            addresses[start + 2 * i] = array.ctypes.data
            addresses[start + 2 * i + 1] = len(array)
        addresses[start + cells - 1] = addresses.ctypes.data
    return addresses


if COMPILED:
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.core.typing.templates import (
        AbstractTemplate,
        AttributeTemplate,
        infer,
        infer_getattr,
        infer_global,
    )
    from numba.core.typing.templates import signature as typing_signature
    from numba.extending import (
        intrinsic,
        lower_builtin,
        lower_getattr_generic,
        models,
        register_model,
    )

    class ColumnType(types.Type):  # type: ignore[misc]
        """A column of integers: base address (field offset included), row stride, integer type."""

        def __init__(self, bits: int, signed: bool, stride: int) -> None:
            self.bits, self.signed, self.stride = bits, signed, stride
            super().__init__(name=f"Column({'i' if signed else 'u'}{bits}, {stride})")

    class RecordsType(types.Type):  # type: ignore[misc]
        """A table of records; indexing it by a field name gives a column."""

        def __init__(self, dtype: np.dtype[Any]) -> None:
            self.fields = {
                name: (form.itemsize * 8, form.kind == "i", offset)
                for name, (form, offset) in ((n, f[:2]) for n, f in (dtype.fields or {}).items())
            }
            self.stride = dtype.itemsize
            super().__init__(name=f"Records({self.stride}, {self.fields})")

    class TablesType(types.Type):  # type: ignore[misc]
        """All tables of a machine behind one pointer."""

        def __init__(self, dtypes: tuple[tuple[str, Any], ...]) -> None:
            self.tables: dict[str, tuple[int, Any]] = {}
            for at, (name, dtype) in enumerate(dtypes):
                kind = RecordsType(dtype) if dtype.fields else ColumnType(64, True, 8)
                self.tables[name] = (at, kind)
            super().__init__(name=f"Tables({[(n, k.name) for n, (_, k) in self.tables.items()]})")

    class _ViewModel(models.StructModel):  # type: ignore[misc]
        def __init__(self, manager: Any, fe_type: Any) -> None:
            super().__init__(manager, fe_type, [("base", types.intp), ("rows", types.intp)])

    register_model(ColumnType)(_ViewModel)
    register_model(RecordsType)(_ViewModel)

    @register_model(TablesType)
    class _TablesModel(models.PrimitiveModel):  # type: ignore[misc]
        def __init__(self, manager: Any, fe_type: Any) -> None:
            super().__init__(manager, fe_type, ir.IntType(64))

    @infer_getattr
    class _TablesAttribute(AttributeTemplate):  # type: ignore[misc]
        key = TablesType

        def generic_resolve(self, tables: Any, name: str) -> Any:
            found = tables.tables.get(name)
            return found[1] if found else None

    @lower_getattr_generic(TablesType)
    def _load_table(context: Any, builder: Any, tables: Any, value: Any, name: str) -> Any:
        at, kind = tables.tables[name]
        view = cgutils.create_struct_proxy(kind)(context, builder)
        word = ir.IntType(64)
        for cell, member in ((2 * at, "base"), (2 * at + 1, "rows")):
            address = builder.add(value, ir.Constant(word, 8 * cell))
            loaded = builder.load(builder.inttoptr(address, word.as_pointer()))
            loaded.set_metadata("invariant.load", builder.module.add_metadata([]))
            setattr(view, member, loaded)
        return view._getvalue()

    @infer
    class _FieldOfRecords(AbstractTemplate):  # type: ignore[misc]
        key = "static_getitem"

        def generic(self, args: Any, kws: Any) -> Any:
            records, name = args
            if not isinstance(records, RecordsType) or not isinstance(name, str):
                return None
            if name not in records.fields:
                return None
            bits, signed, _ = records.fields[name]
            return typing_signature(ColumnType(bits, signed, records.stride), *args)

    @lower_builtin("static_getitem", RecordsType, types.StringLiteral)
    def _column_of_records(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        records, name = signature.args[0], signature.args[1]
        offset = records.fields[getattr(name, "literal_value", name)][2]
        view = cgutils.create_struct_proxy(records)(context, builder, value=args[0])
        column = cgutils.create_struct_proxy(signature.return_type)(context, builder)
        column.base = builder.add(view.base, ir.Constant(ir.IntType(64), offset))
        column.rows = view.rows
        return column._getvalue()

    @infer_global(operator.getitem)
    class _GetItem(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 2 and isinstance(args[0], ColumnType) and isinstance(args[1], types.Integer):
                return typing_signature(types.int64, args[0], types.int64)
            return None

    @infer_global(operator.setitem)
    class _SetItem(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 3 and isinstance(args[0], ColumnType) and isinstance(args[1], types.Integer):
                return typing_signature(types.none, args[0], types.int64, types.int64)
            return None

    def _element(context: Any, builder: Any, column: Any, value: Any, row: Any) -> Any:
        """Pointer to one field of one row, checked if asked for."""
        view = cgutils.create_struct_proxy(column)(context, builder, value=value)
        if BOUNDSCHECK:
            outside = builder.icmp_unsigned(">=", row, view.rows)
            with builder.if_then(outside, likely=False):
                context.call_conv.return_user_exc(builder, IndexError, (f"row outside {column.name}",))
        at = builder.add(view.base, builder.mul(row, ir.Constant(ir.IntType(64), column.stride)))
        return builder.inttoptr(at, ir.IntType(column.bits).as_pointer())

    @lower_builtin(operator.getitem, ColumnType, types.Integer)
    def _load(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        column = signature.args[0]
        loaded = builder.load(_element(context, builder, column, args[0], args[1]))
        if column.bits == 64:
            return loaded
        extend = builder.sext if column.signed else builder.zext
        return extend(loaded, ir.IntType(64))

    @lower_builtin(operator.setitem, ColumnType, types.Integer, types.Integer)
    def _store(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        column = signature.args[0]
        value = args[2]
        if column.bits < 64:
            value = builder.trunc(value, ir.IntType(column.bits))
        builder.store(value, _element(context, builder, column, args[0], args[1]))
        return context.get_dummy_value()

    @infer_global(len)
    class _Length(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 1 and isinstance(args[0], ColumnType | RecordsType):
                return typing_signature(types.int64, args[0])
            return None

    @lower_builtin(len, ColumnType)
    @lower_builtin(len, RecordsType)
    def _rows(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return cgutils.create_struct_proxy(signature.args[0])(context, builder, value=args[0]).rows

    @intrinsic
    def prefetch(typing_context: Any, column: Any, row: Any) -> Any:
        """Ask the processor to bring one row of a column into its cache; nothing else happens."""
        if not isinstance(column, ColumnType):
            return None

        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            i32 = ir.IntType(32)
            kind = ir.FunctionType(ir.VoidType(), [cgutils.voidptr_t, i32, i32, i32])
            call = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
            view = cgutils.create_struct_proxy(column)(context, builder, value=args[0])
            at = builder.add(view.base, builder.mul(args[1], ir.Constant(ir.IntType(64), column.stride)))
            pointer = builder.inttoptr(at, cgutils.voidptr_t)
            builder.call(call, [pointer, ir.Constant(i32, 1), ir.Constant(i32, 3), ir.Constant(i32, 1)])
            return context.get_dummy_value()

        return types.none(column, types.int64), generate

    def opener(dtypes: dict[str, Any]) -> Any:
        """An intrinsic `open_tables(address of the own-address cell)` for tables of these types, in order."""
        kind = TablesType(tuple(dtypes.items()))

        @intrinsic
        def open_tables(typing_context: Any, cell: Any) -> Any:
            def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
                # The address comes back from an atomic access, so LLVM cannot know that the invariant cells
                # behind it are the ones that the caller has just written.
                pointer = builder.inttoptr(args[0], ir.IntType(64).as_pointer())
                return builder.atomic_rmw("add", pointer, ir.Constant(ir.IntType(64), 0), "seq_cst")

            return kind(types.int64), generate

        return open_tables

    def second_view(dtypes: dict[str, Any]) -> Any:
        """An intrinsic that gives the second list of `addresses_of`, which lies behind the first."""
        kind = TablesType(tuple(dtypes.items()))
        bytes_of_a_list = 8 * (2 * len(dtypes) + 1)

        @intrinsic
        def view(typing_context: Any, tables: Any) -> Any:
            def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
                return builder.add(args[0], ir.Constant(ir.IntType(64), bytes_of_a_list))

            return kind(kind), generate

        return view
else:

    def prefetch(column: Any, row: int) -> None:
        """Ask the processor to bring one row of a column into its cache (here: nothing)."""
