"""Owners: values that release what they point to.

``new`` moves a value into memory of its own and gives its owner: the heap, an arena, or the collector, as the written type
says. An owner moves by use; ``drop`` destroys its content and gives the memory back, ``dealloc`` gives only the memory
back, ``own.into_ptr`` and ``forget`` give up the duty to do either. A place in the site's braces (``{slab}``) is never
overridden by a pass.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import (
    ANY,
    CONSUME,
    ESCAPE,
    MAY_FREE,
    MAY_PANIC,
    NEEDS_UNSAFE,
    OWNER,
    PATH,
    RAW_MUT,
    READ,
    SAFEPOINT,
    USIZE,
    Constraint,
    Flag,
    Operand,
    Option,
    Result,
    operation,
)
from altru_ir.marks import copies, holds_zero, needs_drop
from altru_ir.module import Module
from altru_ir.types import ERROR, ArrayType, GcType, OwnType, PlaceType, PtrType, Type, UninitType
from altru_ir.values import Operation

ARENA_REFERENCE = Constraint("a `ref<arena>`", "t.__class__ is RefType and t.target is ARENA")
MADE = Constraint("an `own` or `gc`", "t.__class__ in (OwnType, GcType)")


def home_problems(op: Operation, type: Type, has_home: bool) -> Iterator[tuple[str, str]]:
    """Whether the type that ``op`` makes fits the home that it names or does not name."""
    if isinstance(type, OwnType):
        if type.pool or type.release is not None:
            yield "V024", f"`{op.name}` cannot make a `{type}`: pools give theirs with `pool.acquire`, C with a call"
        elif has_home and type.region is None:
            yield "V024", f"`{op.name} in` makes an owner with the home's region, such as `own<'_, T>`, not a `{type}`"
        elif not has_home and type.region is not None:
            yield "V024", f"`{op.name}` of a `{type}` names the arena it lives in: `{op.name} in %arena, ...`"
    elif has_home and type is not ERROR:
        yield "V024", f"`{op.name} in` makes an owner, not a `{type}`"
    places = [name for name in ("slab", "system", "secure") if op.attrs.get(name)]
    if len(places) > 1:
        yield "V024", f"`{op.name}` has one place: {' and '.join(f'`{p}`' for p in places)} exclude each other"
    if places and (has_home or isinstance(type, GcType)):
        yield "V024", f"`{places[0]}` is a place on the heap, which a `{type}` is not in"


def _new_problems(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type, value = op.result.type, op.operands[-1].type
    yield from home_problems(op, type, "in" in op.attrs)
    if type.pointee is not None and value is not ERROR and type.pointee.erased is not value.erased:
        yield "V024", f"`new` of a `{value}` gives no `{type}`"


@operation("new", "[$in $home,] $value", traits=(MAY_PANIC, SAFEPOINT), verify=_new_problems)
class New:
    """Moves a value into new memory and gives its owner: ``own<T>`` on the heap, ``own<'h, T>`` in the arena behind ``in``,
    ``gc<T>`` with the collector. Panics when there is no memory.

    Example: ``%b = new %init : own<@Node>``
    Example: ``%n = new in %arena, %init : own<'_, @Node>``
    """

    in_ = Flag("in")
    home = Operand(ARENA_REFERENCE, access=READ, optional=True, flag="in")
    value = Operand(ANY)
    owner = Result(written=MADE, origin="home")
    slab = Option(bool, "on the heap, in a slab")
    system = Option(bool, "on the heap, from the operating system's allocator")
    secure = Option(bool, "locked in memory, out of core dumps, wiped when released")
    alignment = Option(int, "at least this many bytes, a power of two")


def _new_array_problems(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type = op.result.type
    yield from home_problems(op, type, "in" in op.attrs)
    sequence = type.pointee
    if not isinstance(sequence, ArrayType) or not sequence.is_unsized:
        if sequence is not ERROR:
            yield "V024", f"`{op.name}` gives an owner of a `[? x T]`, not a `{type}`"
        return
    yield from array_problems(op, sequence, op.decl.bind(op)["rest"], module)


def array_problems(op: Operation, sequence: ArrayType, rest: list, module: Module) -> Iterator[tuple[str, str]]:  # type: ignore[type-arg]
    """Whether ``rest`` has the lengths of ``sequence`` but the first, and then a fill that fits or none."""
    rank = len(sequence.dimensions)
    if not rank - 1 <= len(rest) <= rank:
        yield "V024", f"`{op.name}` of a `{sequence}` takes {rank} lengths and perhaps a fill, not {len(rest) + 1} operands"
        return
    for value in rest[: rank - 1]:
        if not USIZE.accepts(value.type):
            yield "V024", f"a length has type `usize`, not `{value.type}`"
    element = sequence.element
    if len(rest) == rank:
        fill = rest[-1].type
        if fill is not ERROR and fill.erased is not element.erased:
            yield "V024", f"the fill has type `{fill}`, the elements have type `{element}`"
        elif not copies(element, module):
            yield "V024", f"a fill is copied into each element, but `{element}` moves"
    elif not isinstance(element, UninitType) and element is not ERROR:
        yield "V024", f"without a fill the elements hold nothing: their type is `uninit<{element}>`"


@operation("new.array", "[$in $home,] $length[, $rest]", traits=(MAY_PANIC, SAFEPOINT), verify=_new_array_problems)
class NewArray:
    """New memory for a sequence and its owner: one length for each dimension, then the value that each element begins with;
    without one the elements are ``uninit<T>``. Panics when there is no memory or the size overflows.

    Example: ``%xs = new.array %n, %zero : own<[? x i32]>``
    Example: ``%m = new.array %rows, %columns : own<[? x ? x uninit<f64>]>``
    """

    in_ = Flag("in")
    home = Operand(ARENA_REFERENCE, access=READ, optional=True, flag="in")
    length = Operand(USIZE, access=READ)
    rest = Operand(ANY, variadic=True)
    owner = Result(written=MADE, origin="home")
    slab = Option(bool, "on the heap, in a slab")
    system = Option(bool, "on the heap, from the operating system's allocator")
    secure = Option(bool, "locked in memory, out of core dumps, wiped when released")
    alignment = Option(int, "at least this many bytes, a power of two")


def _no_release(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    owner = op.operands[0].type
    if isinstance(owner, OwnType) and owner.release is not None:
        yield "V024", f"`dealloc` of a `{owner}`: only @{owner.release} releases it, and that wants its content; use `drop`"


@operation("dealloc", "$owner", traits=(MAY_FREE,), verify=_no_release)
class Dealloc:
    """Gives the memory of an owner back without dropping its content, which has been moved out or was dropped before. Foreign
    memory has no shell: the function that releases it gets the whole.

    Example: ``dealloc %shell``
    """

    owner = Operand(OWNER, access=CONSUME)


@operation("forget", "$value")
class Forget:
    """Consumes a value without dropping it: what it owns stays behind.

    Example: ``forget %handle``
    """

    value = Operand(ANY)


def _raw_of_owner(op: Operation, module: Module) -> Type:
    owner = op.operands[0].type
    return PtrType(owner.pointee, True) if owner.pointee is not None else ERROR


@operation("own.into_ptr", "$owner")
class OwnIntoPtr:
    """The raw pointer of an owner, which is consumed: to release is now the program's own duty.

    Example: ``%p = own.into_ptr %b``
    """

    owner = Operand(OWNER, access=ESCAPE)
    pointer = Result(infer=_raw_of_owner)


def _same_target(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    pointer, owner = op.operands[0].type, op.result.type
    if pointer.pointee is not None and owner.pointee is not None and pointer.pointee.erased is not owner.pointee.erased:
        yield "V016", f"`own.from_ptr` of a `{pointer}` gives no `{owner}`"


@operation("own.from_ptr", "$pointer", traits=(NEEDS_UNSAFE,), verify=_same_target)
class OwnFromPtr:
    """An owner from a raw pointer; the caller promises that it came from an owner of this form, or for ``c(@release)`` that
    the function may release it, and that nobody else will.

    Example: ``%b = own.from_ptr %p unsafe : own<@Node>``
    """

    pointer = Operand(RAW_MUT)
    owner = Result(written=OWNER, origin="pointer")


def _may_be_zero(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    place = op.operands[0].type
    if not isinstance(place, PlaceType):
        return
    if needs_drop(place.target, module):
        yield "V016", f"`secure_zero` of a `{place.target}`, which has something to drop"
    elif not holds_zero(place.target, module):
        yield "V016", f"`secure_zero` of a `{place.target}`, of which zeros are no value: a reference or function is never null"


@operation("secure_zero", "$place", verify=_may_be_zero)
class SecureZero:
    """Sets all bytes of a place to zero, and no optimization takes it away.

    Example: ``secure_zero %key``
    """

    place = Operand(Constraint("a mutable place", "t.is_place and t.mutable"), access="write")


__all__ = ["ARENA_REFERENCE", "PATH", "array_problems", "home_problems"]
