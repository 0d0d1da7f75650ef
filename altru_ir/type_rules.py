"""Are the types of a module types, and its declarations what they may be? The part of the verifier that looks at no operation.

    struct @S { next: @S }                 "`@S` contains itself by value, so it has no finite size"

Rules 17 and 26 of ``verifier``, and what globals hold (7).

Invariant: a type that was good once is looked at no more, and one without regions is good in each function.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

from altru_ir.diagnostics import Diagnostic, Label
from altru_ir.module import Function, Global, Module, TypeDeclaration
from altru_ir.source import Location
from altru_ir.types import (
    ERROR,
    F32,
    F64,
    I1,
    I8,
    I16,
    I32,
    I64,
    STATIC,
    UNIT,
    USIZE,
    ArrayType,
    NamedType,
    PhantomType,
    PlaceType,
    RefType,
    TupleType,
    Type,
    free_regions,
    parts,
)

MAX_DEPTH = 100
"""How many types may nest by value once declarations are opened: layouts are computed recursively."""

_HELP = {"C001": 'use an index inside; if the panic is meant, write {allow = "ALT-C001"}'}
"""What helps wherever a rule is broken."""

_SCALARS = frozenset((I1, I8, I16, I32, I64, F32, F64, USIZE, UNIT))
"""Types that are good in each module."""


@cache
def _named_in(type: Type, address_bits: int) -> tuple[NamedType, ...] | None:
    """The named types that are written in ``type``, which is good in a module that declares them; None when it is not good, or
    names regions, whatever the module is."""
    if free_regions(type):
        return None
    named = []
    work = [type]
    while work:
        each = work.pop()
        if isinstance(each, NamedType):
            named.append(each)
        if (isinstance(each, PlaceType) and each is not type) or _shape_problem(each, address_bits) is not None:
            return None
        work.extend(parts(each))
    return tuple(named)


def _shape_problem(type: Type, address_bits: int) -> str | None:
    """Rule 17 for a type of parts, beside its parts."""
    if isinstance(type, ArrayType):
        if type.element.is_unsized:
            return f"the elements of `{type}` have no size"
        if math.prod(d or 0 for d in type.dimensions) >> (address_bits - 1):
            return f"`{type}` has more elements than there are addresses"
    if isinstance(type, TupleType) and any(e.is_unsized for e in type.elements):
        return f"an element of `{type}` has no size"
    return None


class TypeRules:
    """The problems of the types and globals of ``module``, in ``found``."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.found: list[Diagnostic] = []
        self.good_types: set[Type] = set(_SCALARS)
        self.address_bits = module.pointer_bits
        self.depths: dict[str, int] = {}
        self.function: Function | None = None
        self.regions: frozenset[str] = frozenset()  # those that may be named here

    def report(
        self, rule: str, message: str, location: Location | None, labels: Iterable[Label] = (), help: str | None = None
    ) -> None:
        name = self.function.name if self.function is not None else None
        help = help or _HELP.get(rule)
        self.found.append(Diagnostic(f"ALT-{rule}", message, location, function=name, labels=tuple(labels), help=help))

    def sizes(self) -> None:
        """Rule 17: no type contains itself by value, or nests too deep. One depth-first walk, no recursion."""
        state: dict[str, int] = {}
        for root in self.module.types:
            if root in state:
                continue
            stack: list[tuple[str, list[str]]] = [(root, self.contained(root))]
            state[root] = 1
            while stack:
                name, rest = stack[-1]
                if not rest:
                    state[name] = 2
                    stack.pop()
                    depth = self.depth(name)
                    if depth > MAX_DEPTH:
                        declaration = self.module.types[name]
                        message = f"`@{name}` nests {depth} types by value; {MAX_DEPTH} is the limit"
                        self.report("V017", message, declaration.location, help="put a pointer somewhere in between")
                    self.depths[name] = depth if depth <= MAX_DEPTH else 0  # reported once, not for each type around it
                    continue
                inner = rest.pop()
                if state.get(inner) == 1:
                    declaration = self.module.types[inner]
                    self.report(
                        "V017",
                        f"`@{inner}` contains itself by value, so it has no finite size",
                        declaration.location,
                        help="put a pointer (`own`, `ref`, `ptr`, `gc`) where it recurs",
                    )
                elif inner not in state and inner in self.module.types:
                    state[inner] = 1
                    stack.append((inner, self.contained(inner)))

    def depth(self, name: str) -> int:
        """How deep ``@name`` nests by value; what it contains has been measured, or contains it and was reported."""
        deepest = 1
        work = [(member.type, 2) for member in self.module.types[name].members]
        while work:
            each, level = work.pop()
            if level > deepest:
                deepest = level
            if each in _SCALARS:
                continue
            if isinstance(each, NamedType):
                deepest = max(deepest, level - 1 + self.depths.get(each.name, 0))
            elif isinstance(each, ArrayType):
                work.append((each.element, level + 1))
            elif isinstance(each, TupleType):
                work.extend((element, level + 1) for element in each.elements)
            elif each.pointee is None and not isinstance(each, PhantomType):
                work.extend((part, level + 1) for part in parts(each))
        return deepest

    def contained(self, name: str) -> list[str]:
        """The named types that ``@name`` holds by value."""
        found = []
        work = [member.type for member in self.module.types[name].members]
        while work:
            each = work.pop()
            if each in _SCALARS:
                continue
            if isinstance(each, NamedType):
                found.append(each.name)
            elif isinstance(each, ArrayType):
                work.append(each.element)
            elif isinstance(each, TupleType):
                work.extend(each.elements)
            elif each.pointee is None and not isinstance(each, PhantomType):  # of no size
                work.extend(parts(each))
        return found

    def type_problem(self, type: Type, position: str = "value") -> str | None:
        """Why ``type`` cannot stand in a position (``value`` or ``place``); None when it can."""
        if position == "value":
            if type.is_place and type is not ERROR:
                return "a place cannot be stored, passed or returned"
            if type.is_unsized:
                return f"`{type}` has no size of its own; it stands only behind a pointer"
        if type not in self.good_types:
            named = _named_in(type, self.address_bits)
            if named is not None and all(self.name_problem(each) is None for each in named):
                self.good_types.add(type)
                return None
            unknown = free_regions(type) - self.regions
            if unknown:
                return f"no region {min(unknown)} is declared here"
        work = [type]
        seen: set[Type] = set()
        while work:
            each = work.pop()
            if isinstance(each, PlaceType) and each is not type:  # good by itself, but not here
                return f"a place cannot stand inside `{type}`"
            if each in self.good_types or each in seen:
                continue
            seen.add(each)
            problem = self.name_problem(each) if isinstance(each, NamedType) else _shape_problem(each, self.address_bits)
            if problem is not None:
                return problem
            work.extend(parts(each))
        self.good_types.update(each for each in seen if not free_regions(each))
        return None

    def name_problem(self, type: NamedType) -> str | None:
        """Rule 17 for a type that is named."""
        declaration = self.module.types.get(type.name)
        if declaration is None:
            return f"there is no type `@{type.name}`"
        if type.regions and len(type.regions) != len(declaration.regions):
            count = len(declaration.regions)
            return f"`@{type.name}` has {count} region parameter{'s' * (count != 1)}, not {len(type.regions)}"
        return None

    def outlives(self, clauses: Iterable[tuple[str, str]], declaration: TypeDeclaration | Function) -> None:
        """Rule 17 for the regions in the clauses of a declaration."""
        for region in {region for clause in clauses for region in clause} - self.regions - {STATIC}:
            self.report("V017", f"no region {region} is declared here", declaration.location)

    def type_declaration(self, declaration: TypeDeclaration) -> None:
        self.regions = frozenset(declaration.regions)
        self.outlives(declaration.outlives, declaration)
        for member in declaration.members:
            problem = self.type_problem(member.type)
            if problem is not None:
                self.report("V017", f"`{member.name}` of `@{declaration.name}`: {problem}", declaration.location)
        if declaration.drop is not None and declaration.drop not in self.module.functions:
            self.report("V017", f"the destructor @{declaration.drop} is not declared", declaration.location)
        elif declaration.drop is not None:
            self.destructor(declaration, self.module.functions[declaration.drop])

    def destructor(self, declaration: TypeDeclaration, function: Function) -> None:
        """Rule 26."""
        type = function.signature.type
        wanted = RefType(NamedType(declaration.name), mutable=True)
        if [t.erased for t in type.parameters] != [wanted.erased] or type.result is not UNIT or type.abi is not None:
            self.report(
                "V026",
                f"@{function.name} is the destructor of `@{declaration.name}`, so it takes one `{wanted}` and gives nothing",
                function.location,
                help=f"func @{function.name}(%self: {wanted}) {{ ... }}",
            )

    def global_declaration(self, declaration: Global) -> None:
        from altru_ir.literals import literal_problem

        problem = self.type_problem(declaration.type)
        if problem is not None:
            self.report("V017", f"@{declaration.name}: {problem}", declaration.location)
        elif declaration.initial is not None:
            problem = literal_problem(declaration.initial, declaration.type, self.module)
            if problem is not None:
                self.report("V007", f"@{declaration.name}: {problem}", declaration.location)
