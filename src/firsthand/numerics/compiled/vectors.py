"""Instructions for many numbers at once, as functions that compiled passes can call.

Numba has no vectors of its own. `reaches` and `ones` are compiled to whatever the processor has;
`dots` only to AVX-512 VNNI, so ask `neighbours.has_byte_products` first.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped,import-not-found,unused-ignore]
from numba import types
from numba.extending import intrinsic

from firsthand.numerics.screening import TALL, WIDE

LANES = 16  # 32-bit sums in a register; TALL rows of WIDE take 24 of 32 registers
PARTS = WIDE // LANES
DOT = "llvm.x86.avx512.vpdpbusd.512"
WORD, ADDRESS = ir.IntType(32), ir.IntType(64)
VECTOR = ir.VectorType(WORD, LANES)
CELLS = [(row, part) for row in range(TALL) for part in range(PARTS)]

Cell = tuple[int, int]  # a row, and a part of the columns
Generated = tuple[Any, Any]  # a signature, and what writes the code


def _dots(  # noqa: PLR0917
    _context: Any, _rows: Any, _stride: Any, _panel: Any, _steps: Any, _out: Any
) -> Generated:
    """Products of TALL rows of bytes with WIDE columns of bytes, as int32 (TALL, WIDE)."""
    signature = types.void(types.uintp, types.intp, types.uintp, types.intp, types.uintp)

    def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        _emit_dots(builder, *arguments)
        return context.get_dummy_value()

    return signature, generate


def _emit_dots(builder: Any, rows: Any, stride: Any, panel: Any, steps: Any, out: Any) -> None:
    """A loop over four bytes of each row and column at a time, with all sums in registers."""
    before, loop = builder.block, builder.append_basic_block()
    builder.branch(loop)
    builder.position_at_end(loop)
    step = builder.phi(ADDRESS)
    sums = {cell: builder.phi(VECTOR) for cell in CELLS}
    added = _emit_step(builder, sums, (rows, stride, panel, step))
    following = builder.add(step, _number(1))
    for cell in CELLS:
        sums[cell].add_incoming(ir.Constant(VECTOR, [0] * LANES), before)
        sums[cell].add_incoming(added[cell], loop)
    step.add_incoming(_number(0), before)
    step.add_incoming(following, loop)
    after = builder.append_basic_block()
    builder.cbranch(builder.icmp_signed("<", following, steps), loop, after)
    builder.position_at_end(after)
    for at, cell in enumerate(CELLS):
        to = builder.add(out, _number(at * LANES * 4))
        builder.store(added[cell], builder.inttoptr(to, VECTOR.as_pointer()), align=4)


def _emit_step(builder: Any, sums: dict[Cell, Any], inputs: tuple[Any, ...]) -> dict[Cell, Any]:
    rows, stride, panel, step = inputs
    here = builder.add(panel, builder.mul(step, _number(4 * WIDE)))
    columns = [_load(builder, here, _number(4 * LANES * part), VECTOR) for part in range(PARTS)]
    place = builder.add(rows, builder.mul(step, _number(4)))
    dot = builder.module.globals.get(DOT) or ir.Function(
        builder.module, ir.FunctionType(VECTOR, [VECTOR] * 3), DOT
    )
    added: dict[Cell, Any] = {}
    for row in range(TALL):
        word = _load(builder, place, builder.mul(stride, _number(row)), WORD)
        spread = _spread(builder, word, LANES)
        for part in range(PARTS):
            added[row, part] = builder.call(dot, [sums[row, part], columns[part], spread])
    return added


def _number(value: int) -> Any:
    return ir.Constant(ADDRESS, value)


def _load(builder: Any, start: Any, offset: Any, kind: Any) -> Any:
    at = builder.inttoptr(builder.add(start, offset), kind.as_pointer())
    return builder.load(at, align=4)


def _spread(builder: Any, value: Any, lanes: int) -> Any:
    """The same value in every lane."""
    nothing = ir.Constant(ir.VectorType(value.type, lanes), ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(WORD, 0))
    zeros = ir.Constant(ir.VectorType(WORD, lanes), [0] * lanes)
    return builder.shuffle_vector(one, nothing, zeros)


def _reaches(_context: Any, _values: Any, _columns: Any, bound: Any) -> Generated:
    """One bit for each of WIDE values that is, less its column's edge, at least the bound."""
    real = isinstance(bound, types.Float)
    vector = ir.VectorType(ir.FloatType() if real else WORD, WIDE)

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        value, edge = (_load(builder, at, _number(0), vector) for at in arguments[:2])
        least = _spread(builder, arguments[2], WIDE)
        if real:
            hit = builder.fcmp_ordered(">=", builder.fsub(value, edge), least)
        else:
            hit = builder.icmp_signed(">=", builder.sub(value, edge), least)
        return builder.bitcast(hit, ADDRESS)

    return types.uint64(types.uintp, types.uintp, bound), generate


def _ones(_context: Any, _bits: Any) -> Generated:
    """How many bits are set?"""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


# Types are worked out when a caller is compiled.
dots: Any = intrinsic(_dots)
reaches: Any = intrinsic(_reaches)
ones: Any = intrinsic(_ones)
