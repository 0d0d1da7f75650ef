"""The C header of a library: what C calls and what it is given.

    func @norm(%p: @Point, %xs: ref<[? x f64]>) -> f64

becomes, beside the definition of ``struct Point``,

    double norm(const struct Point *p, const double *xs, size_t xs_length);

as ``lower/entries.py`` says: numbers and thin pointers by value, a slice as its parts, everything else behind a pointer, a
result that is no scalar through a pointer that comes first. Names are those
of ``lower/c_names.py``. Each struct asserts its size, so that a compiler that lays out differently refuses the header.

Example: ``header_of(m, "demo")``. Invariant: a type is defined after all types that it holds; equal modules give equal text.
"""

from __future__ import annotations

from altru_ir.backend.lower.c_names import Names, c_name, exported_names, symbol_of
from altru_ir.backend.lower.entries import passed_as
from altru_ir.backend.lower.rows import table_rows
from altru_ir.backend.lower.types import dimensions_of
from altru_ir.layout import enum_layout, layout_of
from altru_ir.module import Function, Module
from altru_ir.types import (
    UNIT,
    ArrayType,
    AtomicType,
    CellType,
    FloatType,
    FunctionType,
    IntType,
    NamedType,
    PhantomType,
    RefType,
    TupleType,
    Type,
    UninitType,
    UsizeType,
    spell_name,
)


def header_of(module: Module, name: str) -> str:
    """The header of the library ``name`` that is made of ``module``."""
    return _Header(module, name).text()


class _Header:
    def __init__(self, module: Module, name: str) -> None:
        self.module = module
        self.name = name
        self.tags: dict[Type, str] = {}
        self.definitions: list[str] = []
        self.defined: set[Type] = set()
        self.later: list[Type] = []  # what only pointers lead to
        self.names = Names()

    def text(self) -> str:
        functions, variables = table_rows(self.module)
        exported = exported_names(self.module)
        lines = [line for function in functions for line in self.prototype(function, exported[function.name])]
        for item in variables:
            spelled = exported[item.name]
            constant = "const " if item.mode == "const" else ""
            lines += ["", f"extern {constant}{self.declared(item.type, spelled)}{_label(spelled, item.name)};"]
        guard = f"{c_name(self.name).upper()}_H"
        while self.later:
            self.define(self.later.pop())
        head = f"""\
/* {c_name(self.name)}.h - the C interface of module {c_name(self.module.name)}. Generated: changes here are lost. */
#ifndef {guard}
#define {guard}

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {{
#define ALTRU_ASSERT_SIZE(type, size) static_assert(sizeof(type) == size, #type)
#else
#define ALTRU_ASSERT_SIZE(type, size) _Static_assert(sizeof(type) == size, #type)
#endif
""".split("\n")
        tags = [f"struct {tag};" for tag in self.tags.values()]
        tail = ["", "#undef ALTRU_ASSERT_SIZE", "#ifdef __cplusplus", "}", "#endif", "", "#endif"]
        return "\n".join([*head, *tags, *self.definitions, *lines, *tail]) + "\n"

    # -- functions ------------------------------------------------------------------------------------------------------

    def prototype(self, function: Function, spelled: str) -> list[str]:
        """A comment with the signature and the prototype."""
        type = function.signature.type
        parameters: list[str] = []
        taken = Names()
        result, how = type.result, passed_as(type.result)
        if how in ("memory", "parts"):
            parameters.append(self.declared(result, f"*{taken.take('result')}"))
        for index, (value, each) in enumerate(zip(function.parameters, type.parameters)):
            name = taken.take(c_name((value.name or f"p{index}").strip('"')))
            kind = passed_as(each)
            if kind == "memory":
                parameters.append("const " + self.declared(each, f"*{name}"))
            elif kind == "parts":
                constant = "" if getattr(each, "mutable", True) else "const "
                assert isinstance(each.pointee, ArrayType)
                parameters.append(constant + self.declared(each.pointee.element, f"*{name}"))
                count = dimensions_of(each)
                parameters += [
                    f"size_t {taken.take(f'{name}_length' if count == 1 else f'{name}_length{axis}')}" for axis in range(count)
                ]
            elif kind == "scalar":
                parameters.append(self.declared(each, name))
        body = f"{spelled}({', '.join(parameters) or 'void'})"
        shown = self.declared(result, body) if how == "scalar" else f"void {body}"
        comment = ", ".join(f"%{v.name or i}: {t}" for i, (v, t) in enumerate(zip(function.parameters, type.parameters)))
        arrow = "" if result is UNIT else f" -> {result}"
        said = f"func @{spell_name(function.name)}({comment}){arrow}".replace("*/", "* /")
        return ["", f"/* {said} */", f"{shown}{_label(spelled, function.name)};"]

    # -- types ------------------------------------------------------------------------------------------------------------

    def declared(self, type: Type, name: str) -> str:
        """A declaration of ``name`` (which may have ``*`` in front, or parameters behind it) with a type."""
        while isinstance(type, (CellType, AtomicType, UninitType)):
            type = type.target
        if isinstance(type, ArrayType) and not type.is_unsized:
            inner = f"({name})" if name.startswith("*") else name
            return self.declared(type.element, inner + "".join(f"[{size}]" for size in type.dimensions))
        if isinstance(type, FunctionType):
            return self.function_pointer(type, name)
        pointee = type.pointee
        if pointee is not None and not dimensions_of(type):
            constant = "" if getattr(type, "mutable", True) else "const "
            if isinstance(pointee, (ArrayType, FunctionType)) or pointee.is_unsized or not self.has_name(pointee):
                return f"{constant}void *{name}"
            if isinstance(pointee, (NamedType, TupleType)):
                self.later.append(pointee.erased)
                return f"{constant}struct {self.tag(pointee.erased)} *{name}"
            return constant + self.declared(pointee, f"*{name}")
        return f"{self.base(type)} {name}"

    def has_name(self, type: Type) -> bool:
        """Whether C has a name for what a pointer points to."""
        while isinstance(type, (CellType, AtomicType, UninitType)):
            type = type.target
        return isinstance(type, (IntType, UsizeType, FloatType, NamedType, TupleType)) or type.pointee is not None

    def function_pointer(self, type: FunctionType, name: str) -> str:
        """A pointer to a function that C can call, or one to none in particular."""
        every = [*type.parameters, *([] if type.result is UNIT else [type.result])]
        if type.variadic or any(passed_as(each) != "scalar" or isinstance(each, FunctionType) for each in every):
            return f"void (*{name})(void)"
        parameters = ", ".join(self.declared(each, "").rstrip() for each in type.parameters) or "void"
        declared = f"(*{name})({parameters})"
        return f"void {declared}" if type.result is UNIT else self.declared(type.result, declared)

    def base(self, type: Type) -> str:
        """The name of a type that has one; what it holds is defined first."""
        if isinstance(type, IntType):
            return {1: "bool", 128: "__int128"}.get(type.bits, f"int{type.bits}_t")
        if isinstance(type, UsizeType):
            return "size_t"
        if isinstance(type, FloatType):
            return "float" if type.bits == 32 else "double"
        if type is UNIT or isinstance(type, PhantomType):
            return "void"
        self.define(type.erased)
        return f"struct {self.tag(type.erased)}"

    def tag(self, type: Type) -> str:
        """The tag of a struct."""
        known = self.tags.get(type)
        if known is None:
            wanted = c_name(type.name) if isinstance(type, NamedType) else "tuple" if isinstance(type, TupleType) else "slice"
            known = self.tags[type] = self.names.take(wanted)
        return known

    def define(self, type: Type) -> None:
        """Defines a struct, after those that it holds; types nest as deep as they were written."""
        if type in self.defined:
            return
        self.defined.add(type)
        tag = self.tag(type)
        size = layout_of(type, self.module).size
        members: list[str] = []
        before: list[str] = []
        if isinstance(type, TupleType):
            members = [self.declared(each, f"_{i}") for i, each in enumerate(type.elements) if self.takes_room(each)]
        elif isinstance(type, NamedType):
            declaration = self.module.types[type.name]
            fields = [m for m in declaration.members if self.takes_room(m.type)]
            names = Names()
            parts = [self.declared(m.type, names.take(c_name(m.name))) for m in fields]
            if declaration.kind == "struct":
                members = parts
            elif declaration.kind == "union":
                members = [f"union {{ {' '.join(f'{part};' for part in parts)} }} as"] if parts else []
            else:
                _, bits, _ = enum_layout(declaration, self.module)
                cases = [f"{tag}_{c_name(m.name)} = {i}" for i, m in enumerate(declaration.members)]
                before = [f"enum {{ {', '.join(cases)} }};"] if cases else []
                members = [f"uint{bits}_t tag"]
                if parts:
                    members.append(f"union {{ {' '.join(f'{part};' for part in parts)} }} as")
        else:
            assert isinstance(type.pointee, ArrayType)
            constant = "const " if isinstance(type, RefType) and not type.mutable else ""
            members = [constant + self.declared(type.pointee.element, "*data"), f"size_t length[{dimensions_of(type)}]"]
        if not size:
            return  # C has no such type; there are only pointers to it
        self.definitions += ["", *before, f"struct {tag} {{", *(f"    {member};" for member in members), "};"]
        self.definitions.append(f"ALTRU_ASSERT_SIZE(struct {tag}, {size});")

    def takes_room(self, type: Type) -> bool:
        return type is not UNIT and layout_of(type, self.module).size > 0


def _label(spelled: str, name: str) -> str:
    """What tells a C compiler the symbol when it is not the name."""
    symbol = symbol_of(name, spelled)
    return "" if spelled == symbol else f' __asm__("{symbol}")'


__all__ = ["header_of"]
