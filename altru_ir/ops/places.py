"""Places: the one way to memory.

A place is storage named by a path. Roots are ``local`` and ``deref`` of a pointer; projections (``field``, ``elem``, ...)
extend the path and access nothing: a path is evaluated anew by each operation that accesses it. ``load`` copies out,
``take`` moves out, ``init`` and ``assign`` store, ``drop`` and ``end`` destroy, ``borrow`` gives a reference.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.constant_indices import outside_indices, stated_length
from altru_ir.declare import (
    ANY,
    BOOL,
    BORROW,
    CONSUME,
    DROPS,
    END,
    ENUM_PLACE,
    EXCHANGE,
    INIT,
    MAY_FREE,
    MAY_PANIC,
    MUTABLE_PLACE,
    NEEDS_UNSAFE,
    PATH,
    PLACE,
    POINTER,
    PROJECTION,
    READ,
    REMOVABLE,
    SAFEPOINT,
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
from altru_ir.marks import copies
from altru_ir.module import Module
from altru_ir.types import ERROR, ArrayType, NamedType, PlaceType, PtrType, RefType, Type, UninitType, without_names
from altru_ir.values import Operation

LOCAL_TYPE = Constraint("a sized type", "not t.is_unsized and not t.is_place")


@operation("local", "", traits=(REMOVABLE,))
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
            known_regions = dict(zip(declaration.regions, named.regions, strict=False))
            return PlaceType(without_names(member.type, declaration.regions, known_regions), base.mutable)
    raise InferenceError(f"`field` of a `{named}`, which is no struct or union")


@operation("field", "$base, $field", traits=(PROJECTION,))
class FieldOf:
    """The place of a field of a struct or union.

    Example: ``%slot = field %v, data``
    """

    base = Operand(PLACE, access=PATH)
    field = Name()
    place = Result(infer=_field_place, origin="base")


def _variant_place(op: Operation, module: Module) -> Type:
    from altru_ir.ops.enums import variants_of

    base = op.operands[0].type
    if not isinstance(base, PlaceType) or base.target is ERROR:
        return ERROR
    variants = variants_of(base.target, module)
    if variants is None:
        raise InferenceError(f"`variant` of a `{base.target}`, which is no enum")
    if op.attrs["variant"] not in variants:
        known = ", ".join(variants)
        raise InferenceError(f"`{base.target}` has no variant `{op.attrs['variant']}`; it has {known or 'none'}")
    return PlaceType(variants[op.attrs["variant"]], base.mutable)


@operation("variant", "$base, $variant", traits=(PROJECTION,))
class VariantOf:
    """The place of the payload of an enum that holds the variant; legal where that is known, as behind ``switch_enum``.

    Example: ``%p = variant %place, Ok``
    """

    base = Operand(ENUM_PLACE, access=PATH)
    variant = Name()
    place = Result(infer=_variant_place, origin="base")


def _initialized(type: Type) -> Type | None:
    """``type`` with its ``uninit`` taken away, in front or under one array; None when there is none."""
    if isinstance(type, UninitType):
        return type.target
    if isinstance(type, ArrayType) and isinstance(type.element, UninitType):
        return ArrayType(type.dimensions, type.element.target)
    return None


def _assumed(op: Operation, module: Module) -> Type:
    given = op.operands[0].type
    if given is ERROR:
        return ERROR
    held = given.target if isinstance(given, PlaceType) else given.pointee
    inner = None if held is None else _initialized(held)
    if held is ERROR:
        return ERROR
    if inner is None:
        raise InferenceError(f"`assume_init` of a `{given}`, which holds no `uninit<T>`")
    arguments = {name: getattr(given, name) for name in given.fields}
    return type(given)(**{**arguments, "target": inner})


@operation("assume_init", "$storage", traits=(PROJECTION, NEEDS_UNSAFE))
class AssumeInit:
    """Views the place of an ``uninit<T>`` (or of an array of such) as holding a ``T``, or makes a pointer to the one a
    pointer to the other; the caller promises that it has been initialized.

    Example: ``%full = assume_init %spare unsafe``
    """

    storage = Operand(PLACE | POINTER, access=PATH)
    result = Result(infer=_assumed, origin="storage")


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
    if op.attrs.get("allow") != "ALT-C001":  # else a pass has found out the constant; the check before the access panics
        yield from (("C001", message) for message in outside_indices(op, module, stated_length))


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


@operation("load", "$place", traits=(REMOVABLE,), verify=_content_copies)
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
        hint = ""
        if isinstance(content, ArrayType) and isinstance(value, ArrayType) and _flat(value) == _flat(content):
            hint = "; an array of arrays is another type than an array of more dimensions, which a `const` of lists in lists is"
        yield "V014", f"`{op.name}` of a `{value}` into a place of `{content}`{hint}"


def _flat(type: Type) -> tuple[int | Type | None, ...]:
    """The lengths of an array and of the arrays in it, and behind them what these are of."""
    lengths: list[int | Type | None] = []
    while isinstance(type, ArrayType):
        lengths += type.dimensions
        type = type.element
    return *lengths, type.erased


@operation("init", "$place, $value", verify=_stored_type)
class Init:
    """Stores into a place that holds nothing; drops nothing.

    Example: ``init %vec1, %v``
    """

    place = Operand(MUTABLE_PLACE, access=INIT)
    value = Operand(ANY)
    volatile = Option(bool, "the access is an effect of its own")


@operation("assign", "$place, $value", traits=(MAY_PANIC, MAY_FREE, DROPS), verify=_stored_type)
class Assign:
    """Stores into a place, dropping what it holds; the store happens even when that drop panics.

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

    place = Operand(MUTABLE_PLACE, access=EXCHANGE)
    value = Operand(ANY)
    old = Result(same_as="value")


def _content_has_size(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type = op.result.type
    if type.is_unsized:
        yield "V013", f"`take` of a `{type}`, which has no size of its own"
    elif isinstance(type, UninitType):
        yield "V013", f"`take` of a `{type}`, which holds no value"


@operation("take", "$place", verify=_content_has_size)
class Take:
    """Moves out what a place holds and leaves it holding nothing. What a reference or a ``gc`` leads to, and an element at an
    index that is not constant, cannot be moved out: use ``exchange``.

    Example: ``%moved = take %vec1``
    """

    place = Operand(PLACE, access=CONSUME)
    result = Result(infer=_content)


def _droppable(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    given = op.operands[0].type
    if isinstance(given, PlaceType) and not given.mutable:
        yield "V015", "`drop` of a place reached through a shared reference"


@operation("drop", "$dropped[, if $condition]", traits=(MAY_PANIC, MAY_FREE, SAFEPOINT, DROPS), verify=_droppable)
class Drop:
    """Destroys a value, or what a place holds: its destructor runs, then its parts are dropped in declared order. With
    ``if`` only when the flag is set. With ``{rest}`` what was moved out of it is passed over.

    Example: ``drop %x``
    Example: ``drop %place, if %flag``
    """

    dropped = Operand(ANY | PLACE, access=CONSUME)
    condition = Operand(BOOL, optional=True, access=READ)
    rest = Option(bool, "drops what is still there: parts that were moved out are passed over")


def _ends_a_local(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    definition = op.operands[0].operation
    if definition is None or definition.decl.name != "local":
        yield "V025", "`end` takes a place that `local` gave: parts of it go with the whole"


@operation("end", "$place", traits=(MAY_PANIC, MAY_FREE, SAFEPOINT, DROPS), verify=_ends_a_local)
class End:
    """The scope of a local closes: what it still holds is dropped and its storage is dead. A thread scope joins its threads.
    With ``{dead}`` nothing is there that would have to be dropped, and only the storage ends.

    Example: ``end %vec1``
    """

    place = Operand(PLACE, access=END)
    dead = Option(bool, "nothing is left that needs drop")


def _reference(op: Operation, module: Module) -> Type:
    place = op.operands[0].type
    if not isinstance(place, PlaceType):
        return ERROR
    return RefType(place.target, bool(op.attrs.get("mut")))


def _borrow_mutability(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    if op.attrs.get("mut") and not op.operands[0].type.mutable:  # type: ignore[attr-defined]
        yield "V015", "`borrow mut` of a place reached through a shared reference"


@operation("borrow", "$mut $place", traits=(REMOVABLE,), verify=_borrow_mutability)
class Borrow:
    """A reference to a place: shared, or exclusive with ``mut``.

    Example: ``%r = borrow mut %vec1``
    """

    mut = Flag("mut")
    place = Operand(PLACE, access=BORROW)
    reference = Result(infer=_reference, origin="place")
