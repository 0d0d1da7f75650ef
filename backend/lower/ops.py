"""How each operation is lowered: one function per operation or family, found by name.

A front-end lowers its own operation the same way:

    @lowers("toy.square")
    def square(f, op):
        f.define(op.result, f"mul {f.typed(op.operands[0])}, {f.value(op.operands[0])}")

``f`` is the ``FunctionLowering``. Invariant: after a lowering, every result of the operation has a name.
"""

from __future__ import annotations

from altru_ir.backend.lower import drops, homes  # noqa: F401  # they register lowerings of their own
from altru_ir.backend.lower.constants import constant_text
from altru_ir.backend.lower.function import FunctionLowering, Storage
from altru_ir.backend.lower.registry import LOWERINGS as LOWERINGS
from altru_ir.backend.lower.registry import Lowering
from altru_ir.backend.lower.registry import lowers as lowers
from altru_ir.backend.lower.releases import thin
from altru_ir.backend.lower.types import LoweringError, dimensions_of, quote, result_type
from altru_ir.layout import enum_layout, field_offsets, layout_of
from altru_ir.literals import constant_integer
from altru_ir.module import TypeDeclaration
from altru_ir.ops.aggregates import member_index
from altru_ir.ops.control import call_arguments, callee_type
from altru_ir.ops.enums import variants_of
from altru_ir.types import UNIT, ArrayType, IntType, NamedType, PlaceType, Type
from altru_ir.values import Operation, Value


def _bits(f: FunctionLowering, type: Type) -> int:
    return type.bits if isinstance(type, IntType) else f.module.pointer_bits


# -- arithmetic ------------------------------------------------------------------------------------------------------


@lowers("const")
def constant(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, constant_text(op.attrs["value"], op.result.type, f.module))


@lowers(
    "add", "sub", "mul", "and", "or", "xor", "sdiv", "udiv", "srem", "urem", "fadd", "fsub", "fmul", "fdiv", "frem"
)  # fmt: skip
def two_operands(f: FunctionLowering, op: Operation) -> None:
    lhs, rhs = op.operands
    f.define(op.result, f"{op.name} {f.typed(lhs)}, {f.value(rhs)}")


@lowers("shl", "lshr", "ashr")
def _shift(f: FunctionLowering, op: Operation) -> None:
    value, amount = op.operands
    f.define(op.result, f"{op.name} {f.typed(value)}, {_modulo_width(f, amount)}")


def _modulo_width(f: FunctionLowering, amount: Value) -> str:
    bits = _bits(f, amount.type)
    known = constant_integer(amount)
    if bits == 1:
        return "false"
    if known is not None:
        return str(known % bits)
    return f.emit(f"and {f.typed(amount)}, {bits - 1}")


@lowers("rotl", "rotr")
def _rotate(f: FunctionLowering, op: Operation) -> None:
    value, amount = op.operands
    type = f.type(value.type)
    name = f"llvm.{'fshl' if op.name == 'rotl' else 'fshr'}.{type}"
    f.define(op.result, f.intrinsic(type, name, [f.typed(value), f.typed(value), f.typed(amount)]))


_INTRINSICS = {
    "smin": "smin", "smax": "smax", "umin": "umin", "umax": "umax",
    "fmin": "minimumnum", "fmax": "maximumnum", "copysign": "copysign", "fma": "fma",
    "popcount": "ctpop", "fabs": "fabs", "fsqrt": "sqrt", "ffloor": "floor", "fceil": "ceil", "ftrunc": "trunc",
    "fround": "roundeven",
}  # fmt: skip


def _suffix(type: str) -> str:
    return {"float": "f32", "double": "f64"}.get(type, type)


@lowers(*_INTRINSICS)
def _intrinsic(f: FunctionLowering, op: Operation) -> None:
    type = f.type(op.result.type)
    f.define(op.result, f.intrinsic(type, f"llvm.{_INTRINSICS[op.name]}.{_suffix(type)}", map(f.typed, op.operands)))


@lowers("clz", "ctz")
def _count_zeros(f: FunctionLowering, op: Operation) -> None:
    type = f.type(op.result.type)
    name = f"llvm.{'ctlz' if op.name == 'clz' else 'cttz'}.{type}"
    f.define(op.result, f.intrinsic(type, name, [f.typed(op.operands[0]), "i1 false"]))


@lowers("bswap")
def _bswap(f: FunctionLowering, op: Operation) -> None:
    type = f.type(op.result.type)
    if _bits(f, op.result.type) <= 8:
        f.alias(op.result, f.value(op.operands[0]))
    else:
        f.define(op.result, f.intrinsic(type, f"llvm.bswap.{type}", [f.typed(op.operands[0])]))


@lowers("fneg")
def _fneg(f: FunctionLowering, op: Operation) -> None:
    f.define(op.result, f"fneg {f.typed(op.operands[0])}")


_CHECKED = {"sadd": "sadd", "uadd": "uadd", "ssub": "ssub", "usub": "usub", "smul": "smul", "umul": "umul"}


@lowers(*(f"{name}.checked" for name in _CHECKED))
def _checked(f: FunctionLowering, op: Operation) -> None:
    kind = op.name.partition(".")[0]
    lhs, rhs = op.operands
    type = f.type(lhs.type)
    pair = f.emit(f.intrinsic(f"{{ {type}, i1 }}", f"llvm.{kind}.with.overflow.{type}", [f.typed(lhs), f.typed(rhs)]))
    f.define(op.result, f"extractvalue {{ {type}, i1 }} {pair}, 0")
    overflow = f.emit(f"extractvalue {{ {type}, i1 }} {pair}, 1")
    fine = f.emit(f"xor i1 {overflow}, true")
    signed = kind[0] == "s"
    f.panic_unless(fine, kind, op, f.as_word(f.value(lhs), lhs.type, signed), f.as_word(f.value(rhs), rhs.type, signed))


@lowers("icmp", "fcmp")
def compare(f: FunctionLowering, op: Operation) -> None:
    lhs, rhs = op.operands
    f.define(op.result, f"{op.name} {op.attrs['predicate']} {f.typed(lhs)}, {f.value(rhs)}")


@lowers("select")
def _select(f: FunctionLowering, op: Operation) -> None:
    condition, first, second = op.operands
    f.define(op.result, f"select {f.typed(condition)}, {f.typed(first)}, {f.typed(second)}")


@lowers("trunc", "zext", "sext", "fptrunc", "fpext", "sitofp", "uitofp", "bitcast")
def _cast(f: FunctionLowering, op: Operation) -> None:
    value = op.operands[0]
    source, target = f.type(value.type), f.type(op.result.type)
    if source == target:
        f.alias(op.result, f.value(value))
    else:
        f.define(op.result, f"{op.name} {source} {f.value(value)} to {target}")


@lowers("fptosi", "fptoui")
def _to_integer(f: FunctionLowering, op: Operation) -> None:
    source, target = f.type(op.operands[0].type), f.type(op.result.type)
    f.define(op.result, f.intrinsic(target, f"llvm.{op.name}.sat.{target}.{_suffix(source)}", [f.typed(op.operands[0])]))


# -- control ---------------------------------------------------------------------------------------------------------


@lowers("br")
def branch(f: FunctionLowering, op: Operation) -> None:
    f.finish(f"br label %{f.edges(op)[0]}")


@lowers("cond_br")
def choice(f: FunctionLowering, op: Operation) -> None:
    first, second = f.edges(op)
    f.finish(f"br i1 {f.value(op.operands[0])}, label %{first}, label %{second}{_weights(f, op)}")


def _weights(f: FunctionLowering, op: Operation) -> str:
    """What is said about which way is usual."""
    if op.attrs.get("likely"):
        return f", !prof !{f.owner.likely()}"
    if op.attrs.get("unlikely"):
        f.owner.likely()
        return ", !prof !1"
    return ""


@lowers("switch")
def _switch(f: FunctionLowering, op: Operation) -> None:
    value = op.operands[0]
    labels = f.edges(op)
    type = f.type(value.type)
    cases = " ".join(
        f"{type} {constant_text(s.case, value.type, f.module)}, label %{label}"
        for s, label in zip(op.successors, labels, strict=True)
        if s.case is not None
    )
    f.finish(f"switch {type} {f.value(value)}, label %{labels[-1]} [ {cases} ]")


@lowers("ret")
def _ret(f: FunctionLowering, op: Operation) -> None:
    if f.uses_stack:
        f.leave_stack()
    for value in op.operands:
        type = f.owner.results[value.type]
        if type != "void":
            f.lines.append(f"  ret {type} {value.spelled}")
            return
    f.lines.append("  ret void")


@lowers("unreachable")
def _unreachable(f: FunctionLowering, op: Operation) -> None:
    f.finish("unreachable")


@lowers("abort")
def _abort(f: FunctionLowering, op: Operation) -> None:
    f.owner.declare("declare void @abort() cold noreturn nounwind")
    f.line("call void @abort()")
    f.finish("unreachable")


@lowers("panic")
def _panic(f: FunctionLowering, op: Operation) -> None:
    f.panic("explicit", op, str(op.attrs["message"]))


@lowers("resume")
def _resume(f: FunctionLowering, op: Operation) -> None:
    f.resume()


@lowers("call")
def _call(f: FunctionLowering, op: Operation) -> None:
    type = callee_type(op, f.module)
    assert type is not None
    arguments: list[str] = []
    for value in call_arguments(op):
        kinds = f.owner.parts[value.type]
        arguments.extend(f"{kind} {part}" for kind, part in zip(kinds, f.unpack(value), strict=True))
    result = f.owner.results[type.result]
    if "callee" in op.attrs:
        callee = f.owner.symbol(op.attrs["callee"])
    else:
        callee = f.value(op.operands[0])
    signature = result
    if type.variadic:
        fixed = [kind for p in type.parameters for kind in f.owner.parts[p]]
        signature = f"{result} ({', '.join([*fixed, '...'])})"
    text = f"{signature} {callee}({', '.join(arguments)}){' nounwind' if type.nounwind else ''}"
    if result == "void":
        f.call(op, text)
        if op.results:
            f.alias(op.result, "undef")
    else:
        f.call(op, text, op.result)


# -- places ----------------------------------------------------------------------------------------------------------


def project(f: FunctionLowering, op: Operation, base: Storage | None) -> Storage:
    """The storage that projection ``op`` leads to from ``base`` (None for a root)."""
    if op.name == "deref":
        pointer = op.operands[0]
        if base is None:
            return _behind(f, f.value(pointer), pointer.type)
        held = f.content(pointer)
        loaded = f.emit(f"load {f.type(held)}, ptr {base[0]}, align {f.align(held)}")
        return _behind(f, loaded, held)
    if op.name == "local":
        return f.storage[op.result]
    if op.name == "global":
        return f"@{quote(op.attrs['symbol'])}", ()
    assert base is not None
    address, lengths = base
    held = f.content(op.operands[0])
    if op.name == "field":
        declaration = f.module.types[held.name]  # type: ignore[attr-defined]
        index = 0 if declaration.kind == "union" else declaration.index(op.attrs["field"])
        if declaration.kind == "union":
            return address, ()
        step = f"getelementptr inbounds nuw {f.type(held)}, ptr {address}, i32 0, i32 {index}"
        return f.emit(step), ()
    if op.name == "variant":
        _, _, offset = _enum_parts(f, held)
        return f.emit(f"getelementptr inbounds nuw i8, ptr {address}, {f.word} {offset}"), ()
    if op.name == "assume_init":
        return base
    if op.name == "elem":
        assert isinstance(held, ArrayType)
        indices = op.operands[1:]
        if not held.is_unsized:
            shown = ", ".join(f"{f.word} {f.value(i)}" for i in indices)
            return f.emit(f"getelementptr inbounds nuw {f.type(held)}, ptr {address}, {f.word} 0, {shown}"), ()
        flat = f.value(indices[0])
        for inner, length in zip(indices[1:], lengths[1:], strict=True):
            row = f.emit(f"mul nuw nsw {f.word} {flat}, {length}")
            flat = f.emit(f"add nuw nsw {f.word} {row}, {f.value(inner)}")
        return f.emit(f"getelementptr inbounds nuw {f.type(held.element)}, ptr {address}, {f.word} {flat}"), ()
    if op.name == "subrange":
        assert isinstance(held, ArrayType)
        low, high = op.operands[1:]
        unit = held.element  # what the address advances by: an element, or a row of known length
        if not held.is_unsized and len(held.dimensions) > 1:
            unit = ArrayType(held.dimensions[1:], held.element)
        distance = f.value(low)
        for length in lengths[1:]:
            distance = f.emit(f"mul nuw nsw {f.word} {distance}, {length}")
        start = f.emit(f"getelementptr inbounds nuw {f.type(unit)}, ptr {address}, {f.word} {distance}")
        return start, (f.emit(f"sub nuw {f.word} {f.value(high)}, {f.value(low)}"), *lengths[1:])
    raise LoweringError(f"`{op.name}` cannot be compiled yet{f.where(op)}")


def _behind(f: FunctionLowering, pointer: str, type: Type) -> Storage:
    count = dimensions_of(type)
    if not count:
        return pointer, ()
    whole = f.type(type)
    parts = [f.emit(f"extractvalue {whole} {pointer}, {index}") for index in range(count + 1)]
    return parts[0], tuple(parts[1:])


@lowers("local")
def _local(f: FunctionLowering, op: Operation) -> None:
    held = f.content(op.result)
    align = max(f.align(held), op.attrs.get("alignment", 1))
    name = op.result.spelled
    f.allocas.append(f"  {name} = alloca {f.type(held)}, align {align}")
    f.storage[op.result] = (name, ())


@lowers("deref", "field", "variant", "elem", "subrange", "global")
def _projection(f: FunctionLowering, op: Operation) -> None:
    """A stable path is computed here; one that reads a pointer from memory is left to each access."""
    if not op.operands or not op.operands[0].type.is_place:
        f.storage[op.result] = project(f, op, None)
    elif op.name != "deref" and op.operands[0] in f.storage:
        f.storage[op.result] = project(f, op, f.storage[op.operands[0]])


def _volatile(op: Operation) -> str:
    return "volatile " if op.attrs.get("volatile") else ""


@lowers("assume_init")
def _assume_init(f: FunctionLowering, op: Operation) -> None:
    if op.result.type.is_place:
        _projection(f, op)
    else:
        f.alias(op.result, f.value(op.operands[0]))


@lowers("load", "take")
def _load(f: FunctionLowering, op: Operation) -> None:
    address, _ = f.place(op.operands[0])
    type = op.result.type
    f.define(op.result, f"load {_volatile(op)}{f.type(type)}, ptr {address}, align {f.align(type)}")


@lowers("init", "assign")
def _store(f: FunctionLowering, op: Operation) -> None:
    place, value = op.operands
    address, _ = f.place(place)
    f.line(f"store {_volatile(op)}{f.typed(value)}, ptr {address}, align {f.align(value.type)}")


@lowers("secure_zero")
def _secure_zero(f: FunctionLowering, op: Operation) -> None:
    """A volatile store of zeros: no pass takes it away, even when the memory is released right after."""
    address, lengths = f.place(op.operands[0])
    held = f.content(op.operands[0])
    if isinstance(held, ArrayType) and held.is_unsized:
        size = str(layout_of(held.element, f.module).size)
        for length in lengths:
            size = f.emit(f"mul nuw {f.word} {size}, {length}")
    else:
        size = str(layout_of(held, f.module).size)
    f.line(f.intrinsic("void", f"llvm.memset.p0.{f.word}", [f"ptr {address}", "i8 0", f"{f.word} {size}", "i1 true"]))


@lowers("exchange")
def _exchange(f: FunctionLowering, op: Operation) -> None:
    place, value = op.operands
    address, _ = f.place(place)
    align = f.align(value.type)
    f.define(op.result, f"load {f.type(value.type)}, ptr {address}, align {align}")
    f.line(f"store {f.typed(value)}, ptr {address}, align {align}")


@lowers("borrow")
def _borrow(f: FunctionLowering, op: Operation) -> None:
    address, lengths = f.place(op.operands[0])
    f.alias(op.result, f.pack(op.result.type, [address, *lengths]) if lengths else address)


@lowers("dim")
def _dim(f: FunctionLowering, op: Operation) -> None:
    place = op.operands[0]
    held = f.content(place)
    assert isinstance(held, ArrayType)
    axis: int = op.attrs["axis"]
    known = held.dimensions[axis]
    f.alias(op.result, str(known) if known is not None else f.place(place)[1][axis])


# -- pointers, slices, memory -------------------------------------------------------------------------------------------


@lowers("slice.len")
def _slice_len(f: FunctionLowering, op: Operation) -> None:
    f.define(op.result, f"extractvalue {f.typed(op.operands[0])}, 1")


@lowers("slice.ptr")
def _slice_ptr(f: FunctionLowering, op: Operation) -> None:
    f.define(op.result, f"extractvalue {f.typed(op.operands[0])}, 0")


# -- cells and atomics -------------------------------------------------------------------------------------------------


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


@lowers("slice.from_raw")
def _slice_from_raw(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, f.pack(op.result.type, [f.value(v) for v in op.operands]))


@lowers("unsize")
def _unsize(f: FunctionLowering, op: Operation) -> None:
    pointer = op.operands[0]
    array = pointer.type.pointee
    if not isinstance(array, ArrayType):
        raise LoweringError(f"`unsize` to `{op.result.type}` cannot be compiled yet{f.where(op)}")
    f.alias(op.result, f.pack(op.result.type, [f.value(pointer), *(str(d) for d in array.dimensions)]))


@lowers("null")
def _null(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, "null" if f.type(op.result.type) == "ptr" else "zeroinitializer")


@lowers("ref.to_ptr", "ptr.cast")
def _same_address(f: FunctionLowering, op: Operation) -> None:
    if dimensions_of(op.operands[0].type) != dimensions_of(op.result.type):
        raise LoweringError(f"`{op.name}` between thin and slice pointers cannot be compiled{f.where(op)}")
    f.alias(op.result, f.value(op.operands[0]))


@lowers("ptr.add")
def _ptr_add(f: FunctionLowering, op: Operation) -> None:
    pointer, count = op.operands
    target = pointer.type.pointee
    assert target is not None
    f.define(op.result, f"getelementptr {f.type(target)}, ptr {f.value(pointer)}, {f.typed(count)}")


@lowers("ptr.addr")
def _ptr_addr(f: FunctionLowering, op: Operation) -> None:
    f.define(op.result, f"ptrtoint ptr {f.value(op.operands[0])} to {f.word}")


@lowers("offset_of")
def _offset_of(f: FunctionLowering, op: Operation) -> None:
    type = op.attrs["of"]
    declaration = f.module.types[type.name]
    f.alias(op.result, str(field_offsets(declaration, f.module)[declaration.index(op.attrs["field"]) or 0]))


@lowers("size_of", "align_of")
def _layout(f: FunctionLowering, op: Operation) -> None:
    layout = layout_of(op.attrs["of"], f.module)
    f.alias(op.result, str(layout.size if op.name == "size_of" else layout.align))


# -- aggregates and enums ----------------------------------------------------------------------------------------------


@lowers("struct", "tuple", "array")
def _aggregate(f: FunctionLowering, op: Operation) -> None:
    whole = f.type(op.result.type)
    made = "poison"
    for index, part in enumerate(op.operands):
        made = f.emit(f"insertvalue {whole} {made}, {f.typed(part)}, {index}")
    f.alias(op.result, made if op.operands else "zeroinitializer")


@lowers("destructure")
def _destructure(f: FunctionLowering, op: Operation) -> None:
    for index, part in enumerate(op.results):
        f.define(part, f"extractvalue {f.typed(op.operands[0])}, {index}")


@lowers("union")
def _union(f: FunctionLowering, op: Operation) -> None:
    storage, value = f.scratch(op.result.type), op.operands[0]
    f.line(f"store {f.typed(value)}, ptr {storage}, align {f.align(value.type)}")
    f.define(op.result, f"load {f.type(op.result.type)}, ptr {storage}, align {f.align(op.result.type)}")


@lowers("phantom")
def _phantom(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, "zeroinitializer")


@lowers("extract")
def _extract(f: FunctionLowering, op: Operation) -> None:
    aggregate = op.operands[0]
    index = member_index(aggregate.type, op.attrs["member"], f.module)
    f.define(op.result, f"extractvalue {f.typed(aggregate)}, {index}")


def _enum_parts(f: FunctionLowering, type: Type) -> tuple[TypeDeclaration, int, int]:
    assert isinstance(type, NamedType)
    declaration = f.module.types[type.name]
    _, bits, offset = enum_layout(declaration, f.module)
    return declaration, bits, offset


@lowers("enum")
def _enum(f: FunctionLowering, op: Operation) -> None:
    type = op.result.type
    declaration, bits, offset = _enum_parts(f, type)
    storage = f.scratch(type)
    f.line(f"store i{bits} {declaration.index(op.attrs['variant'])}, ptr {storage}, align {f.align(type)}")
    if op.operands and result_type(op.operands[0].type, f.module) != "void":
        place = f.emit(f"getelementptr inbounds nuw i8, ptr {storage}, {f.word} {offset}")
        f.line(f"store {f.typed(op.operands[0])}, ptr {place}, align {f.align(op.operands[0].type)}")
    f.define(op.result, f"load {f.type(type)}, ptr {storage}, align {f.align(type)}")


def _spill(f: FunctionLowering, value: Value) -> str:
    storage = f.scratch(value.type)
    f.line(f"store {f.typed(value)}, ptr {storage}, align {f.align(value.type)}")
    return storage


def _enum_storage(f: FunctionLowering, given: Value) -> tuple[str, Type]:
    """Where an enum is in memory (a value is put there), and its type."""
    if isinstance(given.type, PlaceType):
        return f.place(given)[0], given.type.target
    return _spill(f, given), given.type


@lowers("discriminant")
def _discriminant(f: FunctionLowering, op: Operation) -> None:
    storage, type = _enum_storage(f, op.operands[0])
    _, bits, _ = _enum_parts(f, type)
    tag = f.emit(f"load i{bits}, ptr {storage}, align {f.align(type)}")
    if bits == 32:
        f.alias(op.result, tag)
    else:
        f.define(op.result, f"zext i{bits} {tag} to i32")


@lowers("switch_enum")
def _switch_enum(f: FunctionLowering, op: Operation) -> None:
    storage, type = _enum_storage(f, op.operands[0])
    declaration, bits, offset = _enum_parts(f, type)
    tag = f.emit(f"load i{bits}, ptr {storage}, align {f.align(type)}")
    payloads = {} if op.operands[0].type.is_place else variants_of(type, f.module) or {}
    given: dict[int, list[str]] = {}
    for index, successor in enumerate(op.successors):
        payload = UNIT if successor.case is None else payloads.get(successor.case, UNIT)
        if payload is not UNIT:
            # Read before the branch, whichever variant is there: the bytes are ours, and the other arms never look.
            place = f.emit(f"getelementptr inbounds nuw i8, ptr {storage}, {f.word} {offset}")
            given[index] = [f.emit(f"load {f.type(payload)}, ptr {place}, align {f.align(payload)}")]
    labels = f.edges(op, given)
    cases = [(declaration.index(s.case), label) for s, label in zip(op.successors, labels, strict=True) if s.case is not None]
    if op.successors and op.successors[-1].case is None:
        default = labels[-1]
    else:
        default = f.fresh_label("never")
        f.after_terminator.append(f"{default}:\n  unreachable")
    shown = " ".join(f"i{bits} {_tag(number, bits)}, label %{label}" for number, label in cases)
    f.finish(f"switch i{bits} {tag}, label %{default} [ {shown} ]")


def _tag(number: int | None, bits: int) -> int:
    """A tag as LLVM prints it, signed."""
    number = number or 0
    return number - (1 << bits) if number >> (bits - 1) else number


@lowers("global.ref", "func.ref")
def _symbol(f: FunctionLowering, op: Operation) -> None:
    f.alias(op.result, f.owner.symbol(op.attrs["symbol"]))


# -- checks ----------------------------------------------------------------------------------------------------------


@lowers("check.bounds")
def _check_bounds(f: FunctionLowering, op: Operation) -> None:
    index, length = op.operands
    fine = f.emit(f"icmp ult {f.typed(index)}, {f.value(length)}")
    f.panic_unless(fine, "bounds", op, f.as_word(f.value(index), index.type), f.as_word(f.value(length), length.type))


@lowers("check.subrange")
def _check_subrange(f: FunctionLowering, op: Operation) -> None:
    low, high, length = op.operands
    ordered = f.emit(f"icmp ule {f.typed(low)}, {f.value(high)}")
    inside = f.emit(f"icmp ule {f.typed(high)}, {f.value(length)}")
    fine = f.emit(f"and i1 {ordered}, {inside}")
    f.panic_unless(fine, "subrange", op, f.as_word(f.value(low), low.type), f.as_word(f.value(high), high.type))


@lowers("check.nonnull")
def _check_nonnull(f: FunctionLowering, op: Operation) -> None:
    f.panic_unless(f.emit(f"icmp ne ptr {thin(f, op.operands[0])}, null"), "null", op)


@lowers("check.align")
def _check_align(f: FunctionLowering, op: Operation) -> None:
    address = f.emit(f"ptrtoint ptr {thin(f, op.operands[0])} to i64")
    low = f.emit(f"and i64 {address}, {op.attrs['alignment'] - 1}")
    f.panic_unless(f.emit(f"icmp eq i64 {low}, 0"), "align", op, address, str(op.attrs["alignment"]))


@lowers("check.nonzero")
def _check_nonzero(f: FunctionLowering, op: Operation) -> None:
    f.panic_unless(f.emit(f"icmp ne {f.typed(op.operands[0])}, 0"), "division", op)


@lowers("check.quotient")
def _check_quotient(f: FunctionLowering, op: Operation) -> None:
    dividend, divisor = op.operands
    least = -(1 << (_bits(f, dividend.type) - 1))
    if _bits(f, dividend.type) == 1:
        least = -1
    a = f.emit(f"icmp ne {f.typed(dividend)}, {least if _bits(f, dividend.type) > 1 else 'true'}")
    b = f.emit(f"icmp ne {f.typed(divisor)}, {-1 if _bits(f, divisor.type) > 1 else 'true'}")
    f.panic_unless(f.emit(f"or i1 {a}, {b}"), "quotient", op)


@lowers("assume")
def _assume(f: FunctionLowering, op: Operation) -> None:
    """Nothing: what follows from it has been drawn, and telling LLVM costs a fifth of its time and gains none."""


USUAL: tuple[Lowering, Lowering, Lowering, Lowering] = constant, compare, branch, choice
"""What ``blocks.py`` writes itself, beside ``two_operands``."""
