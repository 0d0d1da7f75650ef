"""Cells and atomics.

Example: ``atomic.rmw smin relaxed`` is ``atomicrmw min ... monotonic``.
"""

from __future__ import annotations

from altru_ir.backend.lower.function import FunctionLowering
from altru_ir.backend.lower.registry import lowers
from altru_ir.layout import layout_of
from altru_ir.types import Type
from altru_ir.values import Operation


@lowers("cell.new", "atomic.new")
def _wrap(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, f.value(op.operands[0]))


@lowers("cell.get")
def _cell_get(f: FunctionLowering, op: Operation) -> None:
    type = op.result.type
    f.define(op.result, f"load {f.type(type)}, ptr {f.value(op.operands[0])}, align {f.align(type)}")


@lowers("cell.exchange")
def _cell_exchange(f: FunctionLowering, op: Operation) -> None:
    cell, value = op.operands
    f.define(op.result, f"load {f.type(value.type)}, ptr {f.value(cell)}, align {f.align(value.type)}")
    f.line(f"store {f.typed(value)}, ptr {f.value(cell)}, align {f.align(value.type)}")


_ORDERS = {"relaxed": "monotonic", "acquire": "acquire", "release": "release", "acq_rel": "acq_rel", "seq_cst": "seq_cst"}
_RMW = {"exchange": "xchg", "smin": "min", "smax": "max"}


def _natural(type: Type, f: FunctionLowering) -> int:
    """The alignment that an atomic access needs: the size."""
    return layout_of(type, f.module).size


@lowers("atomic.load")
def _atomic_load(f: FunctionLowering, op: Operation) -> None:
    type, order = op.result.type, _ORDERS[op.attrs["order"]]
    f.define(op.result, f"load atomic {f.type(type)}, ptr {f.value(op.operands[0])} {order}, align {_natural(type, f)}")


@lowers("atomic.store")
def _atomic_store(f: FunctionLowering, op: Operation) -> None:
    atomic, value = op.operands
    order = _ORDERS[op.attrs["order"]]
    f.line(f"store atomic {f.typed(value)}, ptr {f.value(atomic)} {order}, align {_natural(value.type, f)}")


@lowers("atomic.rmw")
def _atomic_rmw(f: FunctionLowering, op: Operation) -> None:
    atomic, value = op.operands
    kind = op.attrs["operation"]
    f.define(
        op.result, f"atomicrmw {_RMW.get(kind, kind)} ptr {f.value(atomic)}, {f.typed(value)} {_ORDERS[op.attrs['order']]}"
    )


@lowers("atomic.cmpxchg")
def _atomic_cmpxchg(f: FunctionLowering, op: Operation) -> None:
    atomic, expected, new = op.operands
    orders = f"{_ORDERS[op.attrs['order']]} {_ORDERS[op.attrs['failure']]}"
    pair = f.emit(f"cmpxchg ptr {f.value(atomic)}, {f.typed(expected)}, {f.typed(new)} {orders}")
    whole = f"{{ {f.type(expected.type)}, i1 }}"
    f.define(op.results[0], f"extractvalue {whole} {pair}, 0")
    f.define(op.results[1], f"extractvalue {whole} {pair}, 1")


@lowers("fence")
def _fence(f: FunctionLowering, op: Operation) -> None:
    f.line(f"fence {_ORDERS[op.attrs['order']]}")
