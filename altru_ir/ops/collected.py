"""Collected memory: weak references, the collector, and memory of others that it must see.

``new %value : gc<T>`` makes a collected object. A weak reference keeps nothing alive; a destructor runs on the finalizer
thread or in ``gc.drain``, after all weak references to the object are cleared.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import (
    MAY_FREE,
    MAY_PANIC,
    NEEDS_UNSAFE,
    PURE,
    RAW,
    READ,
    SAFEPOINT,
    USIZE,
    Constraint,
    Operand,
    Result,
    operation,
)
from altru_ir.module import Module
from altru_ir.ops.enums import variants_of
from altru_ir.types import ERROR, UNIT, GcType, Type, WeakType
from altru_ir.values import Operation

COLLECTED = Constraint("a `gc<T>`", "t.__class__ is GcType")
WEAK = Constraint("a `weak<T>`", "t.__class__ is WeakType")


def _weak_to(op: Operation, module: Module) -> Type:
    strong = op.operands[0].type
    return WeakType(strong.target) if isinstance(strong, GcType) else ERROR


@operation("weak.new", "$object", traits=(PURE,))
class WeakNew:
    """A weak reference to a collected object.

    Example: ``%w = weak.new %object``
    """

    object = Operand(COLLECTED)
    weak = Result(infer=_weak_to, origin="object")


def _is_option(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type, weak = op.result.type, op.operands[0].type
    payloads = sorted((variants_of(type, module) or {}).values(), key=lambda t: t is UNIT)
    wanted = GcType(weak.target) if isinstance(weak, WeakType) else ERROR
    if len(payloads) != 2 or payloads[0].erased is not wanted.erased or payloads[1] is not UNIT:
        yield "V023", f"`weak.upgrade` gives an enum with a variant for `{wanted}` and one without payload, not a `{type}`"


@operation("weak.upgrade", "$weak", verify=_is_option)
class WeakUpgrade:
    """The object of a weak reference, or nothing when it has been collected: an enum with one variant for the ``gc<T>`` and
    one without payload.

    Example: ``%o = weak.upgrade %w : @OptionNode``
    """

    weak = Operand(WEAK, access=READ)
    result = Result(written=Constraint("an enum", "t.__class__ is NamedType"), origin="weak")


@operation("gc.collect", "", traits=(SAFEPOINT, MAY_FREE))
class GcCollect:
    """Collects now: what nothing reaches loses its weak references and waits for its destructor or is gone.

    Example: ``gc.collect``
    """


@operation("gc.drain", "", traits=(SAFEPOINT, MAY_FREE, MAY_PANIC))
class GcDrain:
    """Runs the destructors that are waiting, on this thread.

    Example: ``gc.drain``
    """


@operation("gc.range", "$pointer, $count", traits=(NEEDS_UNSAFE, SAFEPOINT))
class GcRange:
    """Tells the collector that ``count`` elements from ``pointer`` in collected memory were stored by other means than the
    operations here (by C, by a copy of bytes).

    Example: ``gc.range %p, %n unsafe``
    """

    pointer = Operand(RAW, access=READ)
    count = Operand(USIZE, access=READ)


@operation("pin", "$pointer, $size", traits=(NEEDS_UNSAFE, SAFEPOINT))
class Pin:
    """Registers ``size`` bytes of foreign memory: the collector sees the references in them until the result is dropped, which
    frees nothing.

    Example: ``%guard = pin %raw, %size unsafe : pin<'_>``
    """

    pointer = Operand(RAW, access=READ)
    size = Operand(USIZE, access=READ)
    guard = Result(written=Constraint("a `pin<'a>`", "t.__class__ is PinType"), origin="pointer")
