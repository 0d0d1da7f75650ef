"""Threads, and what they may share: cells, atomics, mutexes.

A ``cell`` is mutable behind shared references within one thread, an ``atomic`` across threads, a ``mutex`` lends its content
to one thread at a time. Memory orders are C11's; ``fence`` orders without an access.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import (
    ANY,
    BORROW,
    DROPS,
    MAY_FREE,
    MAY_PANIC,
    READ,
    SAFEPOINT,
    SOMETIMES_UNSAFE,
    SYNC,
    Callee,
    Constraint,
    Flag,
    InferenceError,
    Operand,
    Result,
    WordOf,
    operation,
)
from altru_ir.marks import copies
from altru_ir.module import Module
from altru_ir.ops.control import argument_problems, callee_type
from altru_ir.types import (
    ERROR,
    I1,
    UNIT,
    AtomicType,
    CellType,
    FloatType,
    GuardType,
    IntType,
    MutexType,
    PtrType,
    RefType,
    ThreadType,
    Type,
    UsizeType,
    without_names,
)
from altru_ir.values import Operation

ATOMIC_CONTENT = Constraint(
    "an integer, a float or a raw pointer to a sized type",
    "(t.is_integer or t.is_float or (t.__class__ is PtrType and not t.target.is_unsized))",
)
ATOMIC = Constraint(
    "a `ref<atomic<T>>` or, unsafe, a raw pointer",
    "((t.__class__ is RefType and t.target.__class__ is AtomicType) or t.__class__ is PtrType)",
)
CELL = Constraint("a `ref<cell<T>>`", "t.__class__ is RefType and t.target.__class__ is CellType")
MUTEX = Constraint("a `ref<mutex<T>>`", "t.__class__ is RefType and t.target.__class__ is MutexType")
SCOPE_PLACE = Constraint("the place of a `thread_scope`", "t.is_place and t.target.__class__ is ThreadScopeType")

LOAD_ORDERS = ("relaxed", "acquire", "seq_cst")
STORE_ORDERS = ("relaxed", "release", "seq_cst")
ORDERS = ("relaxed", "acquire", "release", "acq_rel", "seq_cst")
RMW = ("exchange", "add", "sub", "and", "or", "xor", "nand", "smin", "smax", "umin", "umax")

# -- cells ----------------------------------------------------------------------------------------------------------------


def _wrapped(constructor: type) -> object:
    def infer(op: Operation, module: Module) -> Type:
        inner = op.operands[0].type
        made: Type = ERROR if inner is ERROR else constructor(inner)
        return made

    return infer


def _content(op: Operation, module: Module) -> Type:
    """What the cell or atomic that the first operand leads to holds."""
    pointer = op.operands[0].type
    held = pointer.target if isinstance(pointer, (RefType, PtrType)) else ERROR
    return held.target if isinstance(held, (AtomicType, CellType)) else held


def _stores(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    content = _content(op, module)
    for value in op.operands[1:]:
        if ERROR not in (value.type, content) and value.type.erased is not content.erased:
            yield "V014", f"`{op.name}` of a `{value.type}` into a `{op.operands[0].type}`"


def _content_copies(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    if not copies(op.result.type, module):
        yield "V013", f"`{op.name}` copies, but `{op.result.type}` moves: use `cell.exchange`"


@operation("cell.new", "$value")
class CellNew:
    """A cell that holds a value.

    Example: ``%c = cell.new %zero``
    """

    value = Operand(ANY)
    cell = Result(infer=_wrapped(CellType))  # type: ignore[arg-type]


@operation("cell.get", "$cell", verify=_content_copies)
class CellGet:
    """A copy of what a cell holds.

    Example: ``%x = cell.get %c``
    """

    cell = Operand(CELL, access=READ)
    result = Result(infer=_content)


@operation("cell.set", "$cell, $value", traits=(MAY_PANIC, MAY_FREE, DROPS), verify=_stores)
class CellSet:
    """Stores into a cell, dropping what it held.

    Example: ``cell.set %c, %x``
    """

    cell = Operand(CELL, access="write")
    value = Operand(ANY)


@operation("cell.exchange", "$cell, $value", verify=_stores)
class CellExchange:
    """Stores into a cell and gives what it held.

    Example: ``%old = cell.exchange %c, %x``
    """

    cell = Operand(CELL, access="exchange")
    value = Operand(ANY)
    old = Result(same_as="value")


# -- atomics --------------------------------------------------------------------------------------------------------------


def _atomic_problems(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    pointer, content = op.operands[0].type, _content(op, module)
    if isinstance(pointer, PtrType) and not op.unsafe:
        yield "U001", f"`{op.name}` through a raw pointer needs the `unsafe` marker"
    if not ATOMIC_CONTENT.accepts(content):
        yield "V014", f"`{op.name}` of a `{content}`: {ATOMIC_CONTENT.name} can be accessed atomically"
        return
    if isinstance(content, IntType) and content.bits == 128:
        yield "V014", f"`{op.name}` of an `i128`: at most 64 bits are accessed atomically"
    if isinstance(pointer, PtrType) and not pointer.mutable and op.name != "atomic.load":
        yield "V015", f"`{op.name}` through the immutable `{pointer}`"
    yield from _stores(op, module)
    rmw = op.attrs.get("operation")
    if rmw not in (None, "exchange") and not isinstance(content, (IntType, UsizeType)):
        yield "V014", f"`atomic.rmw {rmw}` of a `{content}`, which is no integer"


@operation("atomic.new", "$value")
class AtomicNew:
    """An atomic that holds a value.

    Example: ``%a = atomic.new %zero``
    """

    value = Operand(ATOMIC_CONTENT)
    atomic = Result(infer=_wrapped(AtomicType))  # type: ignore[arg-type]


@operation("atomic.load", "$order $atomic", traits=(SYNC, SOMETIMES_UNSAFE), verify=_atomic_problems)
class AtomicLoad:
    """What an atomic holds.

    Example: ``%x = atomic.load acquire %a``
    """

    order = WordOf(LOAD_ORDERS)
    atomic = Operand(ATOMIC, access=READ)
    result = Result(infer=_content)


@operation("atomic.store", "$order $atomic, $value", traits=(SYNC, SOMETIMES_UNSAFE), verify=_atomic_problems)
class AtomicStore:
    """Stores into an atomic.

    Example: ``atomic.store release %a, %x``
    """

    order = WordOf(STORE_ORDERS)
    atomic = Operand(ATOMIC, access="write")
    value = Operand(ANY)


@operation("atomic.rmw", "$operation $order $atomic, $value", traits=(SYNC, SOMETIMES_UNSAFE), verify=_atomic_problems)
class AtomicRmw:
    """Combines what an atomic holds with a value in one step and gives what it held.

    Example: ``%old = atomic.rmw add relaxed %a, %one``
    """

    operation = WordOf(RMW)
    order = WordOf(ORDERS)
    atomic = Operand(ATOMIC, access="exchange")
    value = Operand(ANY)
    old = Result(same_as="value")


def _orders_agree(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    yield from _atomic_problems(op, module)


@operation("atomic.cmpxchg", "$order $failure $atomic, $expected, $new", traits=(SYNC, SOMETIMES_UNSAFE), verify=_orders_agree)
class AtomicCmpxchg:
    """Stores ``new`` if the atomic holds ``expected``; gives what it held and whether it stored. The first order is that of
    success, the second that of failure.

    Example: ``%old, %done = atomic.cmpxchg acq_rel acquire %a, %expected, %new``
    """

    order = WordOf(ORDERS)
    failure = WordOf(LOAD_ORDERS)
    atomic = Operand(ATOMIC, access="exchange")
    expected = Operand(ANY)
    new = Operand(same_as="expected")
    old = Result(same_as="expected")
    done = Result(type=I1)


@operation("fence", "$order", traits=(SYNC,))
class Fence:
    """Orders the accesses of this thread before and after it as seen by others.

    Example: ``fence seq_cst``
    """

    order = WordOf(("acquire", "release", "acq_rel", "seq_cst"))


# -- mutexes --------------------------------------------------------------------------------------------------------------


@operation("mutex.new", "$value")
class MutexNew:
    """A mutex that holds a value, unlocked.

    Example: ``%m = mutex.new %zero``
    """

    value = Operand(ANY)
    mutex = Result(infer=_wrapped(MutexType))  # type: ignore[arg-type]


def _guard_of(op: Operation, module: Module) -> Type:
    reference = op.operands[0].type
    mutex = reference.target if isinstance(reference, RefType) else None
    return GuardType(mutex.target) if isinstance(mutex, MutexType) else ERROR


@operation("lock", "$mutex", traits=(SYNC, SAFEPOINT, MAY_PANIC))
class Lock:
    """Waits until the mutex is free and locks it; ``deref`` of the guard is its content, dropping the guard unlocks it.
    Panics when this thread holds it already.

    Example: ``%g = lock %m``
    """

    mutex = Operand(MUTEX, access=BORROW)
    guard = Result(infer=_guard_of, origin="mutex")


# -- threads --------------------------------------------------------------------------------------------------------------


def _thread_of(op: Operation, module: Module) -> Type:
    fixed = 1 if "in" in op.attrs else 0
    type = callee_type(op, module, fixed)
    if type is None:
        name = op.attrs.get("callee")
        raise InferenceError(f"@{name} is not declared in this module" if name else "`spawn` of a value that is no function")
    return ThreadType(without_names(type.result, type.binder))


def _spawn_problems(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    fixed = 1 if "in" in op.attrs else 0
    type = callee_type(op, module, fixed)
    if type is None:
        return
    yield from argument_problems(op, type, fixed)
    if type.variadic:
        yield "V012", "`spawn` of a variadic function"


@operation("spawn", "[$in $scope,] $callee", traits=(MAY_PANIC, SAFEPOINT, SYNC, SOMETIMES_UNSAFE), verify=_spawn_problems)
class Spawn:
    """Runs a function in a new thread. With ``in`` the thread belongs to a scope, whose ``end`` joins it, and may borrow what
    outlives the scope; without, its arguments are ``'static``.

    Example: ``%t = spawn in %scope, @work(%shared)``
    """

    in_ = Flag("in")
    scope = Operand(SCOPE_PLACE, access=BORROW, optional=True, flag="in")
    callee = Callee()
    thread = Result(infer=_thread_of, origin="scope")


def _result_of_thread(op: Operation, module: Module) -> Type:
    thread = op.operands[0].type
    return thread.target if isinstance(thread, ThreadType) else ERROR


@operation("join", "$thread", traits=(MAY_PANIC, SAFEPOINT, SYNC))
class Join:
    """Waits for a thread and gives its result (none when that is unit); the thread's panic goes on here.

    Example: ``%r = join %t``
    """

    thread = Operand(Constraint("a `thread<T>`", "t.__class__ is ThreadType"))
    result = Result(infer=_result_of_thread, optional=True)


__all__ = ["ORDERS", "RMW", "UNIT", "FloatType"]
