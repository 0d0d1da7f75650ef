"""Homes: arenas, pools and the frame, memory that goes as a whole or slot by slot.

An arena lends storage that ends when it is reset or dropped; a pool has slots of one type that are taken and given back;
the frame lends until the activation returns. What they lend carries a region, so that nothing outlives its home. The raw
forms give null when there is no memory; the others panic.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import (
    ANY,
    BORROW,
    FRAME,
    MAY_FREE,
    MAY_PANIC,
    RAW_MUT,
    READ,
    USIZE,
    Constraint,
    InferenceError,
    Operand,
    Option,
    Result,
    operation,
)
from altru_ir.marks import needs_drop
from altru_ir.module import Module
from altru_ir.ops.ownership import ARENA_REFERENCE, array_problems
from altru_ir.types import ARENA, ERROR, ArrayType, OwnType, PoolHandleType, PoolType, RefType, Type, UninitType
from altru_ir.values import Operation

POOL_REFERENCE = Constraint("a `ref<pool<T>>`", "t.__class__ is RefType and t.target.__class__ is PoolType")
MUTABLE_POOL = Constraint("a `ref<mut pool<T>>`", "t.__class__ is RefType and t.mutable and t.target.__class__ is PoolType")
HANDLE = Constraint("a `pool.handle<T>`", "t.__class__ is PoolHandleType")

# -- arenas ---------------------------------------------------------------------------------------------------------------


@operation("arena.new", "", traits=(MAY_PANIC,))
class ArenaNew:
    """An empty arena. Panics when there is no memory.

    Example: ``%a = arena.new : arena``
    """

    arena = Result(type=ARENA)


def _lent(op: Operation, module: Module) -> Type:
    if op.operands[1].type is ERROR:
        return ERROR
    return RefType(op.operands[1].type, mutable=True)


def _needs_no_drop(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    if needs_drop(op.operands[1].type, module):
        yield "V024", f"`arena.alloc` drops nothing, but a `{op.operands[1].type}` needs drop: use `new in`"


@operation("arena.alloc", "$arena, $value", traits=(MAY_PANIC,), verify=_needs_no_drop)
class ArenaAlloc:
    """Moves a value that needs no drop into an arena and lends it.

    Example: ``%node = arena.alloc %a, %init``
    """

    arena = Operand(ARENA_REFERENCE, access=BORROW)
    value = Operand(ANY)
    reference = Result(infer=_lent, origin="arena")


def _array_needs_no_drop(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    sequence = op.result.type.pointee
    if not isinstance(op.result.type, RefType) or not isinstance(sequence, ArrayType) or not sequence.is_unsized:
        yield "V024", f"`arena.alloc_array` gives a `ref<mut [? x T]>`, not a `{op.result.type}`"
        return
    yield from array_problems(op, sequence, op.operands[2:], module)
    if needs_drop(sequence.element, module):
        yield "V024", f"`arena.alloc_array` drops nothing, but a `{sequence.element}` needs drop: use `new.array in`"


@operation("arena.alloc_array", "$arena, $length[, $rest]", traits=(MAY_PANIC,), verify=_array_needs_no_drop)
class ArenaAllocArray:
    """Room in an arena for a sequence: one length for each dimension, then the value that each element begins with; without
    one the elements are ``uninit<T>``.

    Example: ``%xs = arena.alloc_array %a, %n, %zero : ref<mut [? x i32]>``
    """

    arena = Operand(ARENA_REFERENCE, access=BORROW)
    length = Operand(USIZE, access=READ)
    rest = Operand(ANY, variadic=True)
    reference = Result(written=Constraint("a `ref<mut [? x T]>`", "t.__class__ is RefType and t.mutable"), origin="arena")


@operation("arena.alloc_raw", "$arena, $size")
class ArenaAllocRaw:
    """``size`` bytes from an arena; null when there is no memory. They are gone when the arena is reset or dropped.

    Example: ``%p = arena.alloc_raw %a, %size : ptr<mut i8>``
    """

    arena = Operand(ARENA_REFERENCE, access=READ)
    size = Operand(USIZE, access=READ)
    pointer = Result(written=RAW_MUT)
    alignment = Option(int, "a power of two, in bytes")


@operation("arena.reset", "$arena", traits=(MAY_FREE,))
class ArenaReset:
    """Takes back all that an arena has lent.

    Example: ``arena.reset %m``
    """

    arena = Operand(Constraint("a `ref<mut arena>`", "t.__class__ is RefType and t.mutable and t.target is ARENA"))


# -- pools ----------------------------------------------------------------------------------------------------------------


def _pool_sizes(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    for name in ("prewarm", "maximum", "growth"):
        count = op.attrs.get(name)
        if count is not None and not 0 <= count < 1 << (module.pointer_bits - 1):
            yield "V024", f"a pool cannot have {count} slots, as `{name}` says"
    prewarm, maximum = op.attrs.get("prewarm"), op.attrs.get("maximum")
    if prewarm is not None and maximum is not None and prewarm > maximum:
        yield "V024", f"a pool of at most {maximum} slots cannot begin with {prewarm}"


@operation("pool.new", "", traits=(MAY_PANIC,), verify=_pool_sizes)
class PoolNew:
    """An empty pool. ``prewarm`` makes room for that many objects at once; with ``maximum`` it never has more slots, and
    ``growth`` says how many more it has at least when it grows. Panics when there is no memory.

    Example: ``%p = pool.new {prewarm = 1024} : pool<@Particle>``
    """

    pool = Result(written=Constraint("a `pool<T>`", "t.__class__ is PoolType"))
    prewarm = Option(int, "how many slots to make at once")
    maximum = Option(int, "how many slots there may be")
    growth = Option(int, "how many slots to make at least when there is none left; 0: as many as there are")


def _pool_of(op: Operation) -> PoolType | None:
    reference = op.operands[0].type
    pool = reference.target if isinstance(reference, RefType) else None
    return pool if isinstance(pool, PoolType) else None


def _owner_in_pool(op: Operation, module: Module) -> Type:
    pool = _pool_of(op)
    return ERROR if pool is None else OwnType(pool.target, "'_", True)


def _object_fits(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    pool, value = _pool_of(op), op.operands[1].type
    if pool is None or value is ERROR:
        return
    if op.name in ("pool.acquire", "pool.insert"):
        if value.erased is not pool.target.erased:
            yield "V024", f"`{op.name}` of a `{value}` into a `{pool}`"
    elif isinstance(value, PoolHandleType) and value.target.erased is not pool.target.erased:
        yield "V024", f"a `{value}` is no handle of a `{pool}`"


@operation("pool.acquire", "$pool, $value", traits=(MAY_PANIC,), verify=_object_fits)
class PoolAcquire:
    """Moves a value into a slot of a pool and gives its owner; dropping that drops the value and gives the slot back.

    Example: ``%x = pool.acquire %p, %init``
    """

    pool = Operand(POOL_REFERENCE, access=BORROW)
    value = Operand(ANY)
    owner = Result(infer=_owner_in_pool, origin="pool")


def _handle(op: Operation, module: Module) -> Type:
    pool = _pool_of(op)
    return ERROR if pool is None else PoolHandleType(pool.target)


@operation("pool.insert", "$pool, $value", traits=(MAY_PANIC,), verify=_object_fits)
class PoolInsert:
    """Leaves a value to a pool and gives a handle: a number that copies and dangles safely.

    Example: ``%h = pool.insert %p, %init``
    """

    pool = Operand(POOL_REFERENCE, access=READ)
    value = Operand(ANY)
    handle = Result(infer=_handle)


def _object(mutable: bool):  # type: ignore[no-untyped-def]
    def infer(op: Operation, module: Module) -> Type:
        pool = _pool_of(op)
        return ERROR if pool is None else RefType(pool.target, mutable)

    return infer


@operation("pool.get", "$pool, $handle", traits=(MAY_PANIC,), verify=_object_fits)
class PoolGet:
    """A shared reference to the object of a handle; panics when it has been removed.

    Example: ``%r = pool.get %p, %h``
    """

    pool = Operand(POOL_REFERENCE, access=BORROW)
    handle = Operand(HANDLE)
    reference = Result(infer=_object(False), origin="pool")


@operation("pool.get_mut", "$pool, $handle", traits=(MAY_PANIC,), verify=_object_fits)
class PoolGetMut:
    """An exclusive reference to the object of a handle; panics when it has been removed.

    Example: ``%r = pool.get_mut %m, %h``
    """

    pool = Operand(MUTABLE_POOL, access=BORROW)
    handle = Operand(HANDLE)
    reference = Result(infer=_object(True), origin="pool")


def _removed(op: Operation, module: Module) -> Type:
    pool = _pool_of(op)
    return ERROR if pool is None else pool.target


@operation("pool.remove", "$pool, $handle", traits=(MAY_PANIC,), verify=_object_fits)
class PoolRemove:
    """Takes the object of a handle out of the pool; panics when it has been removed before.

    Example: ``%v = pool.remove %m, %h``
    """

    pool = Operand(MUTABLE_POOL, access=READ)
    handle = Operand(HANDLE)
    value = Result(infer=_removed)


# -- the frame --------------------------------------------------------------------------------------------------------------


def _bytes_of_frame(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    sequence = op.result.type.pointee
    if not isinstance(sequence, ArrayType) or sequence.dimensions != (None,) or not isinstance(sequence.element, UninitType):
        yield "V024", f"`stack.alloc` gives a `ref<mut [? x uninit<T>]>`, not a `{op.result.type}`"


@operation("stack.alloc", "$length", traits=(MAY_PANIC, FRAME), verify=_bytes_of_frame)
class StackAlloc:
    """Room for ``length`` elements in this activation, holding nothing yet; it is gone when the activation returns. Panics
    when the stack has no room.

    Example: ``%buf = stack.alloc %n : ref<mut [? x uninit<i8>]>``
    """

    length = Operand(USIZE, access=READ)
    reference = Result(written=Constraint("a `ref<mut [? x uninit<T>]>`", "t.__class__ is RefType and t.mutable"))


@operation("stack.alloc_raw", "$size", traits=(FRAME,))
class StackAllocRaw:
    """``size`` bytes in this activation; null when the stack has no room.

    Example: ``%p = stack.alloc_raw %size : ptr<mut i8>``
    """

    size = Operand(USIZE, access=READ)
    pointer = Result(written=RAW_MUT)
    alignment = Option(int, "a power of two, in bytes")


__all__ = ["InferenceError"]
