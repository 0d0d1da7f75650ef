"""LLVM's spelling of our types.

A scalar is its LLVM namesake, ``usize`` an integer of the target's width, a struct a named type with its fields in order,
a thin pointer ``ptr``, and a pointer to an unsized sequence ``{ ptr, i64, ... }`` with one length per dimension. As a
parameter such a pointer is passed as its parts, so that each can have attributes.

Example: ``llvm_type(RefType(ArrayType((None,), I8)), m) == "{ ptr, i64 }"``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from altru_ir.layout import layout_of
from altru_ir.marks import freezes
from altru_ir.module import Module
from altru_ir.types import (
    UNIT,
    ArenaType,
    ArrayType,
    AtomicType,
    CellType,
    FloatType,
    FunctionType,
    IntType,
    NamedType,
    OwnType,
    PhantomType,
    PoolHandleType,
    PoolType,
    PtrType,
    RefType,
    TupleType,
    Type,
    UninitType,
    UsizeType,
)


class LoweringError(Exception):
    """Raised for a program that is valid but that this back end cannot translate; the message says what and where."""


_PLAIN = re.compile(r"[A-Za-z_.$][A-Za-z0-9_.$]*").fullmatch
_QUOTABLE = re.compile(r"[ !#-\[\]-~]*").fullmatch


def quote(name: str) -> str:
    """A name as LLVM writes it behind its sigil."""
    if (name.isidentifier() and name.isascii()) or _PLAIN(name):
        return name
    if _QUOTABLE(name):
        return f'"{name}"'
    return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in (0x22, 0x5C) else f"\\{b:02X}" for b in name.encode()) + '"'


def dimensions_of(pointer: Type) -> int:
    """How many lengths a pointer carries: 0 for a thin one."""
    pointee = pointer.pointee
    return len(pointee.dimensions) if isinstance(pointee, ArrayType) and pointee.is_unsized else 0


def llvm_type(type: Type, module: Module) -> str:
    """The LLVM type of a value of ``type``. Raises ``LoweringError``."""
    if isinstance(type, IntType):
        return f"i{type.bits}"
    if isinstance(type, UsizeType):
        return f"i{module.pointer_bits}"
    if isinstance(type, FloatType):
        return "float" if type.bits == 32 else "double"
    if isinstance(type, FunctionType):
        return "ptr"
    if type is UNIT or isinstance(type, PhantomType):
        return "{}"
    if isinstance(type, (UninitType, CellType, AtomicType)):
        return llvm_type(type.target, module)
    if isinstance(type, ArrayType):
        text = llvm_type(type.element, module)
        for dimension in reversed(type.dimensions):
            text = f"[{dimension} x {text}]"
        return text
    if isinstance(type, TupleType):
        return "{ " + ", ".join(llvm_type(e, module) for e in type.elements) + " }"
    if isinstance(type, NamedType):
        if not _compiles(type.name, module):
            raise LoweringError(f"values of type `{type}` cannot be compiled yet")
        return f"%{quote('type.' + type.name)}"
    if isinstance(type, (ArenaType, PoolType)):
        return "ptr"
    if isinstance(type, PoolHandleType):
        return "{ i32, i32 }"
    if isinstance(type, (PtrType, RefType, OwnType)):
        count = dimensions_of(type)
        if count:
            return "{ ptr" + f", i{module.pointer_bits}" * count + " }"
        if type.pointee.is_unsized and not isinstance(type.pointee, UninitType):
            raise LoweringError(f"values of type `{type}` cannot be compiled yet")
        return "ptr"
    raise LoweringError(f"values of type `{type}` cannot be compiled yet")


_Known = TypeVar("_Known")


class PerType(dict[Type, _Known]):
    """What ``compute`` says about the types of a module, each asked about once.

    Example: ``PerType(llvm_type, m)[I32] == "i32"``.
    """

    def __init__(self, compute: Callable[[Type, Module], _Known], module: Module) -> None:
        super().__init__()
        self._compute = compute
        self._module = module

    def __missing__(self, type: Type) -> _Known:
        made = self[type] = self._compute(type, self._module)
        return made


def signed_limits(pointer_bits: int) -> dict[Type, int]:
    """For each integer type of more than one bit the first number that it does not have: ``{i8: 128, ...}``."""
    limits: dict[Type, int] = {IntType(bits): 1 << (bits - 1) for bits in IntType.WIDTHS if bits > 1}
    limits[UsizeType()] = 1 << (pointer_bits - 1)
    return limits


_COMPILED: WeakKeyDictionary[Module, dict[str, bool]] = WeakKeyDictionary()


def _compiles(name: str, module: Module) -> bool:
    """Whether values of a declared type can be compiled: whether those of all its members can."""
    known = _COMPILED.setdefault(module, {})
    if name not in known:
        known[name] = True  # a type that comes back to itself does so behind a pointer, which does not matter
        declaration = module.types.get(name)
        try:
            for member in declaration.members if declaration is not None else ():
                llvm_type(member.type, module)
        except LoweringError:
            known[name] = False
        if declaration is None:
            known[name] = False
    return known[name]


def named_types(module: Module) -> list[str]:
    """The definitions of the module's structs and unions."""
    _COMPILED.pop(module, None)
    lines = []
    for declaration in module.types.values():
        name = f"%{quote('type.' + declaration.name)}"
        if not _compiles(declaration.name, module):
            continue  # refused where a value of it is used
        if declaration.kind == "struct":
            fields = ", ".join(llvm_type(f.type, module) for f in declaration.members)
            lines.append(f"{name} = type {{ {fields} }}" if fields else f"{name} = type {{}}")
        else:  # bytes, in units that give the whole its alignment
            layout = layout_of(NamedType(declaration.name), module)
            lines.append(f"{name} = type {{ [{layout.size // layout.align} x i{8 * layout.align}] }}")
    return lines


def parameter_types(type: Type, module: Module) -> list[str]:
    """The LLVM types under which one parameter is passed."""
    if type is UNIT or isinstance(type, PhantomType):
        return []
    count = dimensions_of(type)
    return ["ptr"] + [f"i{module.pointer_bits}"] * count if count else [llvm_type(type, module)]


def parameter_attributes(type: Type, module: Module) -> str:
    """What LLVM may assume of a parameter: for references what a borrow promises."""
    if not isinstance(type, RefType):
        return ""
    target = type.target
    attributes = " nonnull"
    frozen = freezes(target, module)
    if frozen:
        attributes += " noalias" if type.mutable else " noalias readonly"
    if not target.is_unsized:
        layout = layout_of(target, module)
        attributes += f" align {layout.align}"
        if layout.size and (frozen or type.mutable):  # what consists of cells may end before the function does
            attributes += f" dereferenceable({layout.size})"
    elif isinstance(target, ArrayType):
        attributes += f" align {layout_of(target.element, module).align}"
    return attributes


def alignment(type: Type, module: Module) -> int:
    """Of a value of ``type`` in memory. Raises ``LayoutError``."""
    return layout_of(type, module).align


def result_type(type: Type, module: Module) -> str:
    """The LLVM result type of a function."""
    return "void" if type is UNIT or isinstance(type, PhantomType) else llvm_type(type, module)


def check_c_abi(type: FunctionType, name: str) -> None:
    """Refuses by-value aggregates in C signatures, whose passing is the platform's business. Raises ``LoweringError``."""
    for each in (*type.parameters, type.result):
        if isinstance(each, (NamedType, TupleType, ArrayType)) or dimensions_of(each):
            raise LoweringError(f'extern "C" @{name} passes `{each}` by value; pass a pointer to it (`ptr` or `ref`) instead')
