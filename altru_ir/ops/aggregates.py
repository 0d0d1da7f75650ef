"""Aggregate values: structs, tuples and arrays made of their parts and taken apart.

An aggregate value is no place: it is in no memory and cannot be borrowed; to borrow one, put it into a local.
"""

from __future__ import annotations

from collections.abc import Iterator

from altru_ir.declare import ANY, PURE, READ, Constraint, InferenceError, Name, Operand, Result, operation
from altru_ir.marks import copies
from altru_ir.module import Module
from altru_ir.types import ERROR, ArrayType, NamedType, TupleType, Type, without_names
from altru_ir.values import Operation

MAX_PARTS = 1024
"""How many results ``destructure`` gives at most."""

NAMED = Constraint("a struct", "t.__class__ is NamedType")


def field_types(type: NamedType, module: Module, kind: str) -> dict[str, Type] | None:
    """The members of a struct or enum (``kind``) with the type's regions put in; None when it is not one."""
    declaration = module.types.get(type.name)
    if declaration is None or declaration.kind != kind:
        return None
    if not declaration.regions:
        return {member.name: member.type for member in declaration.members}
    known = dict(zip(declaration.regions, type.regions, strict=False))
    return {m.name: without_names(m.type, declaration.regions, known) for m in declaration.members}


def _fields_fit(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type = op.result.type
    fields = field_types(type, module, "struct") if isinstance(type, NamedType) else None
    if fields is None:
        yield "V022", f"`struct` cannot make a `{type}`, which is no struct"
        return
    if len(fields) != len(op.operands):
        yield "V022", f"`{type}` has {len(fields)} fields, not {len(op.operands)}"
        return
    for (name, wanted), value in zip(fields.items(), op.operands, strict=True):
        if value.type is not ERROR and value.type.erased is not wanted.erased:
            yield "V022", f"field `{name}` of `{type}` has type `{wanted}`, not `{value.type}`"


@operation("struct", "$fields", traits=(PURE,), verify=_fields_fit)
class Struct:
    """A struct of its fields, in declared order.

    Example: ``%p = struct %x, %y : @Point``
    """

    fields = Operand(ANY, variadic=True)
    result = Result(written=NAMED)


def _tuple_of(op: Operation, module: Module) -> Type:
    return TupleType(tuple(v.type for v in op.operands))


@operation("tuple", "$elements", traits=(PURE,))
class Tuple:
    """A tuple.

    Example: ``%t = tuple %a, %b``
    """

    elements = Operand(ANY, variadic=True)
    result = Result(infer=_tuple_of)


def _array_of(op: Operation, module: Module) -> Type:
    if not op.operands:
        raise InferenceError("`array` needs at least one element; an empty one is `const [] : [0 x T]`")
    return ArrayType((len(op.operands),), op.operands[0].type)


def _elements_agree(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    first = op.operands[0].type if op.operands else ERROR
    for index, value in enumerate(op.operands):
        if value.type is not ERROR and value.type.erased is not first.erased:
            yield "V022", f"element {index} has type `{value.type}`, but the first has type `{first}`"


@operation("array", "$elements", traits=(PURE,), verify=_elements_agree)
class Array:
    """An array of its elements.

    Example: ``%a = array %x, %y, %z``
    """

    elements = Operand(ANY, variadic=True)
    result = Result(infer=_array_of)


def member_index(type: Type, member: str, module: Module) -> int:
    """The position of ``member`` (a field's name, or a number for tuples and arrays). Raises ``InferenceError``."""
    if isinstance(type, NamedType):
        fields = field_types(type, module, "struct")
        if fields is not None:
            if member not in fields:
                raise InferenceError(f"`{type}` has no field `{member}`; it has {', '.join(fields) or 'none'}")
            return list(fields).index(member)
    count = len(type.elements) if isinstance(type, TupleType) else None
    if isinstance(type, ArrayType) and len(type.dimensions) == 1:
        count = type.dimensions[0]
    if count is None:
        raise InferenceError(f"`extract` from a `{type}`, which is no struct, tuple or one-dimensional array")
    if not (member.isascii() and member.isdecimal()) or len(member) > 20 or int(member) >= count:
        raise InferenceError(f"`{type}` has no element `{member}`; they are numbered from 0 to {count - 1}")
    return int(member)


def _member_type(op: Operation, module: Module) -> Type:
    type = op.operands[0].type
    if type is ERROR:
        return ERROR
    index = member_index(type, op.attrs["member"], module)
    if isinstance(type, NamedType):
        return list((field_types(type, module, "struct") or {}).values())[index]
    if isinstance(type, TupleType):
        return type.elements[index]
    assert isinstance(type, ArrayType)
    return type.element


def _member_copies(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    if not copies(op.result.type, module):
        yield "V008", f"`extract` copies, but `{op.result.type}` moves: put the aggregate into a local"


def _parts_of(op: Operation, module: Module) -> list[Type]:
    type = op.operands[0].type
    if type is ERROR:
        return [ERROR]
    if isinstance(type, TupleType):
        return list(type.elements)
    if isinstance(type, ArrayType) and len(type.dimensions) == 1 and type.dimensions[0] is not None:
        if type.dimensions[0] > MAX_PARTS:
            raise InferenceError(f"`{type}` has more than {MAX_PARTS} elements: put it into a local")
        return [type.element] * type.dimensions[0]
    fields = field_types(type, module, "struct") if isinstance(type, NamedType) else None
    if fields is None:
        raise InferenceError(f"`destructure` of a `{type}`, which is no struct, tuple or one-dimensional array")
    return list(fields.values())


def _has_no_destructor(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type = op.operands[0].type
    declaration = module.types.get(type.name) if isinstance(type, NamedType) else None
    if declaration is not None and declaration.drop is not None:
        yield "V008", f"`{type}` has a destructor, @{declaration.drop}, so its fields cannot be moved out of it"


@operation("destructure", "$aggregate", traits=(PURE,), verify=_has_no_destructor)
class Destructure:
    """Takes a struct, tuple or array apart: its parts are the results, in order.

    Example: ``%x, %y = destructure %point``
    """

    aggregate = Operand(ANY)
    parts = Result(infer_all=_parts_of)


def _member_fits(op: Operation, module: Module) -> Iterator[tuple[str, str]]:
    type, name = op.result.type, op.attrs["field"]
    fields = field_types(type, module, "union") if isinstance(type, NamedType) else None
    if fields is None:
        yield "V022", f"`union` cannot make a `{type}`, which is no union"
    elif name not in fields:
        yield "V022", f"`{type}` has no field `{name}`; it has {', '.join(fields) or 'none'}"
    elif op.operands[0].type is not ERROR and op.operands[0].type.erased is not fields[name].erased:
        yield "V022", f"field `{name}` of `{type}` has type `{fields[name]}`, not `{op.operands[0].type}`"


@operation("union", "$field, $value", traits=(PURE,), verify=_member_fits)
class Union:
    """A union with one of its fields set; its other bytes hold nothing.

    Example: ``%u = union word, %n : @Bits``
    """

    field = Name()
    value = Operand(ANY)
    result = Result(written=Constraint("a union", "t.__class__ is NamedType"))


@operation("phantom", "", traits=(PURE,))
class Phantom:
    """The value of a ``phantom<T>``, which has no bytes.

    Example: ``%owns = phantom : phantom<@Node>``
    """

    result = Result(written=Constraint("a `phantom<T>`", "t.__class__ is PhantomType"))


@operation("extract", "$aggregate, $member", traits=(PURE,), verify=_member_copies)
class Extract:
    """A copy of a field of a struct, or of a numbered element of a tuple or array. The aggregate stays whole, also where it
    moves: only what copies is had so.

    Example: ``%x = extract %p, x``
    """

    aggregate = Operand(ANY, access=READ)
    member = Name()
    result = Result(infer=_member_type)
