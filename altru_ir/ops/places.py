"""Places: the one way to memory.

A place is storage named by a path. Roots are ``local`` and ``deref`` of a pointer; projections (``field``, ``elem``, ...)
extend the path and access nothing: a path is evaluated anew by each operation that accesses it. ``load`` copies out,
``init`` and ``assign`` store, ``borrow`` gives a reference.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import (
    ANY,
    BORROW,
    MUTABLE_PLACE,
    PATH,
    PLACE,
    POINTER,
    PROJECTION,
    READ,
    SEQUENCE_PLACE,
    SOMETIMES_UNSAFE,
    USIZE,
    WRITE,
    Constraint,
    Flag,
    InferenceError,
    Name,
    Operand,
    Option,
    Result,
    operation,
)
from altru_ir.literals import constant_integer
from altru_ir.marks import copies
from altru_ir.module import Module
from altru_ir.types import ERROR, ArrayType, NamedType, PlaceType, PtrType, RefType, Type, UninitType
from altru_ir.values import Operation

LOCAL_TYPE = Constraint("a sized type", "not t.is_unsized and not t.is_place")


@operation("local", "")
class Local:
    """Storage in this activation, holding nothing yet. Running it again gives fresh storage.

    Example: ``%vec1 = local : @Vec``
    """

    result = Result(written=LOCAL_TYPE, place=True)
    alignment = Option(int, "at least this many bytes, a power of two")


def _target_of(op: Operation, module: Module) -> Type:
    operand = op.operands[0].type
    if operand is ERROR:
        return ERROR
    through_place = isinstance(operand, PlaceType)
    pointer = operand.target if isinstance(operand, PlaceType) else operand
    if pointer.pointee is None:
        raise InferenceError(f"`deref` of a `{pointer}`, which is no pointer")
    if through_place and isinstance(pointer, PtrType):
        raise InferenceError(f"`deref` of a place that holds a `{pointer}`: load it first")
    mutable = getattr(pointer, "mutable", True)
    if through_place and not isinstance(pointer, PtrType):
        mutable = mutable and operand.mutable  # type: ignore[attr-defined]
    return PlaceType(pointer.pointee, mutable)


def _raw_needs_unsafe(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    if isinstance(op.operands[0].type, PtrType) and not op.unsafe:
        yield "U001", "`deref` of a raw pointer needs the `unsafe` marker"


@operation("deref", "$pointer", traits=(PROJECTION, SOMETIMES_UNSAFE), verify=_raw_needs_unsafe)
class Deref:
    """What a pointer points to, as a place; of a raw pointer only with ``unsafe``.

    Example: ``%seq = deref %xs``
    """

    pointer = Operand(POINTER | PLACE, access=PATH)
    place = Result(infer=_target_of, origin="pointer")


def _field_place(op: Operation, module: Module) -> Type:
    base = op.operands[0].type
    if not isinstance(base, PlaceType):
        return ERROR
    named = base.target
    if named is ERROR:
        return ERROR
    if isinstance(named, NamedType):
        declaration = module.types.get(named.name)
        if declaration is not None and declaration.kind in ("struct", "union"):
            member = declaration.member(op.attrs["field"])
            if member is None:
                known = ", ".join(f.name for f in declaration.members)
                raise InferenceError(f"`{named}` has no field `{op.attrs['field']}`; it has {known or 'none'}")
            if named.regions:
                from altru_ir.types import map_regions

                known_regions = dict(zip(declaration.regions, named.regions, strict=False))
                return PlaceType(map_regions(member.type, lambda r: known_regions.get(r, r)), base.mutable)
            return PlaceType(member.type, base.mutable)
    raise InferenceError(f"`field` of a `{named}`, which is no struct or union")


@operation("field", "$base, $field", traits=(PROJECTION,))
class FieldOf:
    """The place of a field of a struct or union.

    Example: ``%slot = field %v, data``
    """

    base = Operand(PLACE, access=PATH)
    field = Name()
    place = Result(infer=_field_place, origin="base")


def _element_place(op: Operation, module: Module) -> Type:
    base = op.operands[0].type
    sequence = base.target if isinstance(base, PlaceType) else ERROR
    if not isinstance(base, PlaceType) or not isinstance(sequence, ArrayType):
        return ERROR
    rank, given = len(sequence.dimensions), len(op.operands) - 1
    if given != rank:
        raise InferenceError(f"`elem` of a `{sequence}` takes {rank} {'index' if rank == 1 else 'indices'}, not {given}")
    return PlaceType(sequence.element, base.mutable)


def _constant_indices(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    sequence = op.operands[0].type.target  # type: ignore[attr-defined]
    for index, length in zip(op.operands[1:], sequence.dimensions, strict=True):
        known = constant_integer(index)
        if known is not None and length is not None and known % (1 << module.pointer_bits) >= length:
            yield "C001", f"index {known} is out of bounds for length {length}"


@operation("elem", "$base, $indices", traits=(PROJECTION,), verify=_constant_indices)
class Elem:
    """The place of an element, one index for each dimension. Bounds are checked where the place is accessed.

    Example: ``%slot = elem %matrix, %i, %j``
    """

    base = Operand(SEQUENCE_PLACE, access=PATH)
    indices = Operand(USIZE, variadic=True, access=READ)
    place = Result(infer=_element_place, origin="base")


def _content(op: Operation, module: Module) -> Type:
    place = op.operands[0].type
    return place.target if isinstance(place, PlaceType) else ERROR


def _content_copies(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type = op.result.type
    if type.is_unsized:
        yield "V013", f"`load` of a `{type}`, which has no size of its own: borrow it"
    elif isinstance(type, UninitType):
        yield "V013", f"`load` of a `{type}`, which holds no value"
    elif not copies(type, module):
        yield "V013", f"`load` copies, but `{type}` moves: use `take`, or `borrow` it"


@operation("load", "$place", verify=_content_copies)
class Load:
    """A copy of what a place holds.

    Example: ``%x = load %slot``
    """

    place = Operand(PLACE, access=READ)
    volatile = Option(bool, "the access is an effect of its own")
    result = Result(infer=_content)


def _stored_type(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    place, value = op.operands[0].type, op.operands[1].type
    if not isinstance(place, PlaceType) or value is ERROR:
        return
    content = place.target
    if isinstance(content, UninitType) and op.name == "init":
        content = content.target
    if content is not ERROR and content.erased is not value.erased:
        yield "V014", f"`{op.name}` of a `{value}` into a place of `{content}`"


@operation("init", "$place, $value", verify=_stored_type)
class Init:
    """Stores into a place that holds nothing; drops nothing.

    Example: ``init %vec1, %v``
    """

    place = Operand(MUTABLE_PLACE, access=WRITE)
    value = Operand(ANY)
    volatile = Option(bool, "the access is an effect of its own")


@operation("assign", "$place, $value", verify=_stored_type)
class Assign:
    """Stores into a place, dropping what it holds.

    Example: ``assign %counter, %next``
    """

    place = Operand(MUTABLE_PLACE, access=WRITE)
    value = Operand(ANY)
    volatile = Option(bool, "the access is an effect of its own")


@operation("exchange", "$place, $value", verify=_stored_type)
class Exchange:
    """Stores into a place and gives what it held: the way to move something out from behind a reference.

    Example: ``%old = exchange %slot, %new``
    """

    place = Operand(MUTABLE_PLACE, access=WRITE)
    value = Operand(ANY)
    old = Result(same_as="value")


def _reference(op: Operation, module: Module) -> Type:
    place = op.operands[0].type
    if not isinstance(place, PlaceType):
        return ERROR
    return RefType(place.target, bool(op.attrs.get("mut")))


def _borrow_mutability(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    if op.attrs.get("mut") and not op.operands[0].type.mutable:  # type: ignore[attr-defined]
        yield "V015", "`borrow mut` of a place reached through a shared reference"


@operation("borrow", "$mut $place", verify=_borrow_mutability)
class Borrow:
    """A reference to a place: shared, or exclusive with ``mut``.

    Example: ``%r = borrow mut %vec1``
    """

    mut = Flag("mut")
    place = Operand(PLACE, access=BORROW)
    reference = Result(infer=_reference, origin="place")
