"""Debug information: lines, functions, parameters, locals and types, as LLVM's metadata.

Every instruction gets the place of the operation it was made for. A parameter, a ``local`` and every named value is a variable
of the debugger. A value gets a slot of its own that is written where it is defined: at ``-O0`` it stays readable to the end of
the function, and from ``-O1`` on promotion to SSA turns it into a description of where the value is, at no cost.

Types keep their names and show their parts: a struct its fields, a slice ``ptr`` and ``len``, an enum its tag by name and one
member for each payload:

    (gdb) print shape
    $1 = {tag = Circle, {Circle = 5, Box = {...}}}

Example: ``DebugInfo(module, optimized=False).function(f).location(op)`` is ``, !dbg !12``.

With ``calls_only`` there is no more of it than what backtraces of panics are made of (``call_places.py``): functions without
their types, and the places of calls. What else LLVM would carry along for nobody is left out.

Invariant: the metadata is numbered in the order of first use, so equal modules give equal text; a type's number is known before
its parts are described, so that types may contain pointers to themselves. Source: "DWARF Debugging Information Format", version
4, and LLVM's "Source Level Debugging".
"""

from __future__ import annotations

from altru_ir.backend.lower.types import LoweringError, dimensions_of, llvm_type
from altru_ir.layout import LayoutError, enum_layout, field_offsets, layout_of, round_up
from altru_ir.module import Function, Module, TypeDeclaration
from altru_ir.ops.aggregates import field_types
from altru_ir.source import Location
from altru_ir.types import (
    UNIT,
    ArrayType,
    AtomicType,
    CellType,
    FloatType,
    FunctionType,
    IntType,
    NamedType,
    TupleType,
    Type,
    UninitType,
    UsizeType,
)
from altru_ir.values import Operation

FIRST = 16
"""The first number of ours; lower ones are for what the rest of the lowering says."""

PRODUCER = "altru-ir"


def text_of(text: str) -> str:
    """A string as metadata writes it."""
    return '"' + "".join(chr(b) if 0x20 <= b < 0x7F and b not in (0x22, 0x5C) else f"\\{b:02X}" for b in text.encode()) + '"'


class DebugInfo:
    """The metadata of one module."""

    def __init__(self, module: Module, *, optimized: bool, calls_only: bool = False) -> None:
        self.module = module
        self.optimized = optimized
        self.calls_only = calls_only
        self.nodes: dict[int, str] = {}
        self.known: dict[str, int] = {}
        self.types: dict[Type, int] = {}
        self.pending: list[Type] = []
        self.count = FIRST
        self.unit = self.reserve()
        first = module.source.filename if module.source is not None else f"{module.name}.air"
        self.nodes[self.unit] = (
            f"distinct !DICompileUnit(language: DW_LANG_C11, file: {self.file(first)}, producer: {text_of(PRODUCER)}, "
            f"isOptimized: {'true' if optimized else 'false'}, runtimeVersion: 0, "
            f"emissionKind: {'LineTablesOnly' if calls_only else 'FullDebug'})"
        )

    def reserve(self) -> int:
        """A number for a node that is written later."""
        self.count += 1
        return self.count - 1

    def node(self, text: str) -> str:
        """A node, as it is referred to; equal nodes are one."""
        number = self.known.get(text)
        if number is None:
            number = self.known[text] = self.reserve()
            self.nodes[number] = text
        return f"!{number}"

    def file(self, name: str) -> str:
        return self.node(f'!DIFile(filename: {text_of(name)}, directory: "")')

    def text(self) -> list[str]:
        """The metadata, when all functions have been lowered."""
        while self.pending:
            type = self.pending.pop()
            self.nodes[self.types[type]] = self.describe(type)
        version = self.node('!{i32 7, !"Dwarf Version", i32 4}')
        format = self.node('!{i32 2, !"Debug Info Version", i32 3}')
        named = [f"!llvm.dbg.cu = !{{!{self.unit}}}", f"!llvm.module.flags = !{{{version}, {format}}}"]
        return [*named, *(f"!{number} = {text}" for number, text in sorted(self.nodes.items()))]

    def function(self, function: Function) -> FunctionDebug:
        """The debug information of a function."""
        return FunctionDebug(self, function)

    def wrapper(self) -> tuple[str, str]:
        """What stands behind the header of a function that is not of the source, and behind the calls in it."""
        file, type = self.file(""), self.node("!DISubroutineType(types: !{null})")
        number = self.reserve()
        flags = "DISPFlagDefinition | DISPFlagLocalToUnit" + (" | DISPFlagOptimized" if self.optimized else "")
        self.nodes[number] = (
            f"distinct !DISubprogram(scope: {file}, file: {file}, type: {type}, flags: DIFlagArtificial, spFlags: {flags}, "
            f"unit: !{self.unit})"
        )
        return f" !dbg !{number}", f", !dbg {self.node(f'!DILocation(line: 0, scope: !{number})')}"

    # -- types ----------------------------------------------------------------------------------------------------------

    def type(self, type: Type) -> str:
        """The node of a type, described before the end."""
        type = type.erased
        if type is UNIT:
            return "null"
        number = self.types.get(type)
        if number is None:
            number = self.types[type] = self.reserve()
            self.pending.append(type)
        return f"!{number}"

    def describe(self, type: Type) -> str:
        """The text of a type's node."""
        name = text_of(str(type))
        if isinstance(type, IntType) and type.bits == 1:
            return f"!DIBasicType(name: {name}, size: 8, encoding: DW_ATE_boolean)"
        if isinstance(type, IntType):
            return f"!DIBasicType(name: {name}, size: {type.bits}, encoding: DW_ATE_signed)"
        if isinstance(type, UsizeType):
            return f"!DIBasicType(name: {name}, size: {self.module.pointer_bits}, encoding: DW_ATE_unsigned)"
        if isinstance(type, FloatType):
            return f"!DIBasicType(name: {name}, size: {type.bits}, encoding: DW_ATE_float)"
        if isinstance(type, (CellType, AtomicType, UninitType)):
            return f"!DIDerivedType(tag: DW_TAG_typedef, name: {name}, baseType: {self.type(type.target)})"
        if isinstance(type, FunctionType):
            routine = self.routine(type)
            return f"!DIDerivedType(tag: DW_TAG_pointer_type, baseType: {routine}, size: {self.module.pointer_bits})"
        if isinstance(type, ArrayType) and not type.is_unsized:
            ranges = ", ".join(self.node(f"!DISubrange(count: {count})") for count in type.dimensions)
            base = self.type(type.element)
            return self.composite("array_type", None, type, f"baseType: {base}, elements: {self.node(f'!{{{ranges}}}')}")
        if isinstance(type, TupleType):
            offset, parts = 0, []
            for index, element in enumerate(type.elements):
                layout = layout_of(element, self.module)
                offset = round_up(offset, layout.align)
                parts.append((f"part{index}", element, offset))
                offset += layout.size
            return self.struct(str(type), type, parts)
        if isinstance(type, NamedType):
            return self.declared(type, self.module.types[type.name])
        if type.pointee is not None:
            return self.pointer(type, type.pointee)
        return self.composite("structure_type", str(type), type, "elements: !{}")

    def pointer(self, type: Type, target: Type) -> str:
        word = self.module.pointer_bits
        thin = f"!DIDerivedType(tag: DW_TAG_pointer_type, baseType: %s, size: {word})"
        if isinstance(target, UninitType):
            target = target.target
        if not isinstance(target, ArrayType) or not target.is_unsized:
            return thin % ("null" if target.is_unsized else self.type(target))
        parts = [self.member("ptr", self.node(thin % self.type(target.element)), word, 0)]
        usize = self.type(UsizeType())
        count = dimensions_of(type)
        for axis in range(count):
            name = "len" if count == 1 else f"len{axis}"
            parts.append(self.member(name, usize, word, word * (axis + 1)))
        return self.composite("structure_type", str(type), type, f"elements: {self.node('!{' + ', '.join(parts) + '}')}")

    def declared(self, type: NamedType, declaration: TypeDeclaration) -> str:
        types = field_types(type, self.module, declaration.kind) or {}
        name = declaration.name
        if declaration.kind == "struct":
            offsets = field_offsets(declaration, self.module)
            return self.struct(name, type, [(n, t, o) for (n, t), o in zip(types.items(), offsets, strict=True)])
        if declaration.kind == "union":
            return self.struct(name, type, [(n, t, 0) for n, t in types.items()], "union_type")
        _, bits, offset = enum_layout(declaration, self.module)
        rows = [
            self.node(f"!DIEnumerator(name: {text_of(v.name)}, value: {at}, isUnsigned: true)")
            for at, v in enumerate(declaration.members)
        ]
        elements = self.node("!{" + ", ".join(rows) + "}")
        held = self.node(f'!DIBasicType(name: "u{bits}", size: {bits}, encoding: DW_ATE_unsigned)')
        named = f"name: {text_of(name + '.tag')}, baseType: {held}, size: {bits}"
        tag = self.node(f"!DICompositeType(tag: DW_TAG_enumeration_type, {named}, elements: {elements})")
        members = [self.member("tag", tag, bits, 0)]
        payloads = [(n, t, 0) for n, t in types.items() if layout_of(t, self.module).size]
        if payloads:
            size = max(layout_of(t, self.module).size for _, t, _ in payloads)
            parts = self.node("!{" + ", ".join(self.part(*each) for each in payloads) + "}")
            union = self.node(f"!DICompositeType(tag: DW_TAG_union_type, size: {size * 8}, elements: {parts})")
            members.append(self.member("", union, size * 8, offset * 8))
        return self.composite("structure_type", name, type, f"elements: {self.node('!{' + ', '.join(members) + '}')}")

    def struct(self, name: str, type: Type, parts: list[tuple[str, Type, int]], tag: str = "structure_type") -> str:
        """A type with named parts at offsets in bytes."""
        shown = ", ".join(self.part(*each) for each in parts if layout_of(each[1], self.module).size)
        return self.composite(tag, name, type, f"elements: {self.node(f'!{{{shown}}}')}")

    def part(self, name: str, type: Type, offset: int) -> str:
        return self.member(name, self.type(type), layout_of(type, self.module).size * 8, offset * 8)

    def member(self, name: str, type: str, size: int, offset: int) -> str:
        named = f"name: {text_of(name)}, " if name else ""
        return self.node(f"!DIDerivedType(tag: DW_TAG_member, {named}baseType: {type}, size: {size}, offset: {offset})")

    def composite(self, tag: str, name: str | None, type: Type, rest: str) -> str:
        named = f"name: {text_of(name)}, " if name else ""
        return f"!DICompositeType(tag: DW_TAG_{tag}, {named}size: {layout_of(type, self.module).size * 8}, {rest})"

    def routine_of(self, function: Function) -> str:
        """The node of a function's type, as far as it is told."""
        return self.node("!DISubroutineType(types: !{null})") if self.calls_only else self.routine(function.signature.type)

    def routine(self, type: FunctionType) -> str:
        shown = ", ".join(self.type(each) for each in (type.result, *type.parameters))
        return self.node(f"!DISubroutineType(types: {self.node(f'!{{{shown}}}')})")


class FunctionDebug:
    """The metadata of one function: its scope, places in it, its variables."""

    def __init__(self, owner: DebugInfo, function: Function) -> None:
        self.owner = owner
        self.suffixes: dict[Location | None, str] = {}
        place = function.location
        name = place.file if place is not None else f"{owner.module.name}.air"
        self.file = owner.file(name)
        self.line = place.line if place is not None else 0
        flags = "DISPFlagDefinition" + (" | DISPFlagOptimized" if owner.optimized else "")
        if function.linkage == "private":
            flags += " | DISPFlagLocalToUnit"
        number = owner.reserve()
        owner.nodes[number] = (
            f"distinct !DISubprogram(name: {text_of(function.name)}, scope: {self.file}, file: {self.file}, "
            f"line: {self.line}, type: {owner.routine_of(function)}, scopeLine: {self.line}, spFlags: {flags}, "
            f"unit: !{owner.unit})"
        )
        self.scope = f"!{number}"

    def at(self, place: Location | None) -> str:
        """The node of a place in this function; one that is not known is line 0."""
        if place is None:
            return self.owner.node(f"!DILocation(line: 0, scope: {self.scope})")
        scope = self.scope
        if self.owner.file(place.file) != self.file:
            scope = self.owner.node(
                f"!DILexicalBlockFile(scope: {scope}, file: {self.owner.file(place.file)}, discriminator: 0)"
            )
        return self.owner.node(f"!DILocation(line: {place.line}, column: {place.column}, scope: {scope})")

    def location(self, op: Operation | None) -> str:
        """What is written behind an instruction of ``op``."""
        place = op.location if op is not None else None
        known = self.suffixes.get(place)
        if known is None:
            known = self.suffixes[place] = f", !dbg {self.at(place)}"
        return known

    def declare(self, name: str, type: Type, storage: str, place: Location | None, argument: int = 0) -> str:
        """The record that says that a variable is at ``storage``."""
        line = place.line if place is not None else self.line
        number = f"arg: {argument}, " if argument else ""
        variable = self.owner.node(
            f"!DILocalVariable(name: {text_of(name)}, {number}scope: {self.scope}, file: {self.file}, line: {line}, "
            f"type: {self.owner.type(type)})"
        )
        where = self.at(place if place is not None and self.owner.file(place.file) == self.file else None)
        return f"    #dbg_declare(ptr {storage}, {variable}, !DIExpression(), {where})"

    def shows(self, type: Type) -> bool:
        """Whether a value of ``type`` has bytes that a debugger can show."""
        try:
            return llvm_type(type, self.owner.module) != "{}" and layout_of(type, self.owner.module).size > 0
        except (LoweringError, LayoutError):
            return False


def located(lines: list[str], start: int, suffix: str) -> None:
    """Writes ``suffix`` behind every instruction of ``lines[start:]``; labels and records are left as they are."""
    for at in range(start, len(lines)):
        parts = lines[at].split("\n")
        for index, part in enumerate(parts):
            if part.startswith("  ") and not part.startswith("    ") and "!dbg" not in part:
                parts[index] = part + suffix
        lines[at] = "\n".join(parts)


def calls_located(lines: list[str], start: int, suffix: str) -> None:
    """Writes ``suffix`` behind the calls of ``lines[start:]`` that a panic may come out of."""
    for at in range(start, len(lines)):
        line = lines[at]
        if "(" in line and is_call(line):
            if "\n" in line:
                lines[at] = "\n".join(f"{part}{suffix}" if is_call(part) else part for part in line.split("\n"))
            else:
                lines[at] = line + suffix


def is_call(line: str) -> bool:
    """Whether an instruction calls anything but an intrinsic."""
    return line.startswith("  ") and ("call " in line or "invoke " in line) and "@llvm." not in line
