"""Move paths: the parts of storage that a function moves out of or stores into one by one, as a tree.

A *move path* is a root and steps. Roots are locals and SSA values that do not copy; steps are the fields of structs, the
payloads of variants, elements at constant indices, and what an owner points to. There is a path for each part that some
operation of the function names, and for the whole it is a part of, and no other. In

    %p = local : @Pair                          0  %p
    %a_place = field %p, a                      1  %p.a
    %x = take %a_place                          2  %x          (an own<i64>)
    %c = deref %x                               3  *%x

there are four. A path is read off a place by following definitions to the root (places are second class, so that always
ends there), and stops at the first step behind which nothing is known:

 1. ``deref`` of a reference, a guard or a ``gc``: what is behind is there whatever happens; the path is that of the pointer;
 2. ``deref`` of a raw pointer, and ``assume_init``: the program promises; nothing is tracked;
 3. an element at an index that is not constant, and a ``subrange``: some part of the array, whose path it is;
 4. a field of a union: the union's bytes, so the path of the union;
 5. a global: always there.

Source: the move data of rustc (compiler/rustc_mir_dataflow/src/move_paths), whose shape this has; and Weiss, Gierczak,
Patterson, Ahmed, "Oxide: The Essence of Rust", for paths as the domain of moves and loans.

A struct without a destructor is its fields: where each of them has a path, nothing else has to be there for the whole to be
there (``needed`` leaves its own bit out). So a struct may be filled field by field with ``init``, and all fields of one that
is filled so have paths.

Invariant: ``paths`` is in preorder, so that the paths below path ``i``, itself included, are ``i ... paths[i].last``, and a set
of paths is an integer in which a subtree is one run of bits (``mask``).
"""

from __future__ import annotations

from itertools import pairwise

import attrs

from altru_ir.behaviour import accesses
from altru_ir.declare import INIT, PATH
from altru_ir.literals import constant_integer
from altru_ir.marks import Marks
from altru_ir.module import Function, Module
from altru_ir.ops.aggregates import field_types
from altru_ir.types import (
    UNIT,
    ArrayType,
    GcType,
    NamedType,
    OwnType,
    PhantomType,
    PlaceType,
    PtrType,
    Type,
    UninitType,
)
from altru_ir.values import Operation, Value

Step = tuple[str, object]

DEREF: Step = ("deref", None)

EXACT, ELEMENT, REFERENCE, COLLECTED, RAW, GLOBAL = "exact", "element", "reference", "collected", "raw", "global"
"""How far a path leads: to the very place; to an array in which the place is some part (3); to the pointer in front of it (1,
2); nowhere."""


@attrs.define(eq=False)
class MovePath:
    """A node of the tree: a part of storage that is moved and stored as a unit."""

    root: Value
    parent: MovePath | None
    step: Step | None
    type: Type
    children: dict[Step, MovePath] = attrs.Factory(dict)
    index: int = -1
    last: int = -1
    mask: int = 0
    needed: int = 0
    """The paths that have to be there for this one to be fully there."""
    is_sum: bool = False
    """Whether the path is there when its parts are."""

    @property
    def bit(self) -> int:
        return 1 << self.index

    def __str__(self) -> str:
        steps: list[Step] = []
        at: MovePath | None = self
        while at is not None and at.step is not None:
            steps.append(at.step)
            at = at.parent
        text = f"%{self.root.name or '?'}"
        for kind, what in reversed(steps):
            if kind == "deref":
                text = f"*{text}"
            elif kind == "range":
                text += f"[{what[0]}..{what[1]}]"  # type: ignore[index]
            elif kind == "elem":
                text += "[" + ", ".join(str(index) for index in what) + "]"  # type: ignore[attr-defined]
            else:
                text = (f"(*{text[1:]})" if text.startswith("*") else text) + f".{what}"
        return text


@attrs.frozen(eq=False)
class Located:
    """Where a place is: ``path`` (None where nothing of it is tracked) and how far that leads, ``reach``.

    ``destructor`` is the outermost type on the way that has a destructor, or an owner with a release function: those want the
    whole, and forbid to move its parts out one by one.
    """

    path: MovePath | None
    reach: str
    destructor: Type | None = None


NOWHERE = Located(None, GLOBAL)


def has_paths(function: Function, module: Module) -> bool:
    """Whether anything in ``function`` may be moved, or hold nothing, or lies in no path (globals, and what raw pointers and
    shared references lead to)."""
    marks = Marks(module)

    def counts(value: Value) -> bool:
        return value.type.is_place or rooted_type(value, marks) is not None

    if any(counts(value) for value in function.parameters):
        return True
    return any(
        any(counts(argument) for argument in block.args) or any(counts(result) for op in block.ops for result in op.results)
        for block in function.blocks
    )


def rooted_type(value: Value, marks: Marks) -> Type | None:
    """The type of what the root ``value`` holds; None when it is no root: what copies, and places that are parts."""
    type = value.type
    if isinstance(type, PlaceType):
        return type.target if value.operation is not None and value.operation.name == "local" else None
    return None if marks.copies(type) else type


class MovePaths:
    """The move paths of a function; see the module's docstring. In a function whose drops are ``elaborated`` constant subranges
    of arrays are parts, too, for nothing overlaps them, and so are all payloads of an enum that a switch looks at."""

    def __init__(self, function: Function, module: Module, elaborated: bool = False) -> None:
        self.module = module
        self.elaborated = elaborated
        self.roots: dict[Value, MovePath] = {}
        self.paths: list[MovePath] = []
        self._located: dict[Value, Located] = {}
        self.marks = Marks(module)
        for parameter in function.parameters:
            self._root(parameter)
        for block in function.blocks:
            for argument in block.args:
                self._root(argument)
            for op in block.ops:
                for result in op.results:
                    self._root(result)
        for op in function.operations():
            if not any(value.type.is_place for value in op.operands):
                continue
            for value, access in accesses(op):
                # `dim` reads the pointers of its path
                if value.type.is_place and (access != PATH or not op.decl.is_projection):
                    located = self.locate(value)
                    if access == INIT and located.path is not None and located.reach == EXACT:
                        self._fill(located.path)
                    elif elaborated and op.name == "switch_enum" and located.path is not None and located.reach == EXACT:
                        self._payloads(located.path)
        self._number()

    def moves(self, type: Type) -> bool:
        """Whether a use of a value of ``type`` moves it."""
        return not self.marks.copies(type)

    def _root(self, value: Value) -> None:
        type = rooted_type(value, self.marks)
        if type is not None:
            self.roots[value] = MovePath(value, None, None, type)

    def _number(self) -> None:
        for root in self.roots.values():
            work = [root]
            while work:
                node = work.pop()
                node.index = len(self.paths)
                self.paths.append(node)
                work.extend(reversed(node.children.values()))
        for node in reversed(self.paths):
            node.last = max([node.index, *(child.last for child in node.children.values())])
            node.mask = ((1 << (node.last - node.index + 1)) - 1) << node.index
            node.is_sum = self._is_sum(node)
            node.needed = 0 if node.is_sum else node.bit
            for child in node.children.values():
                node.needed |= child.needed

    def _fields(self, type: Type) -> dict[str, Type] | None:
        """The fields of a struct that is no more than its fields, those without bytes left out."""
        if not isinstance(type, NamedType) or self.module.types[type.name].drop is not None:
            return None
        fields = field_types(type, self.module, "struct")
        if fields is None:
            return None
        return {name: t for name, t in fields.items() if not (t is UNIT or isinstance(t, PhantomType) or is_uninit(t))}

    def _is_sum(self, node: MovePath) -> bool:
        fields = self._fields(node.type)
        return bool(fields) and all(("field", name) in node.children for name in fields or ())

    def _fill(self, path: MovePath) -> None:
        """Gives all fields of the structs around ``path`` paths, for it is filled part by part."""
        while path.parent is not None and path.step is not None and path.step[0] == "field":
            path = path.parent
            for name, type in (self._fields(path.type) or {}).items():
                self._child(path, ("field", name), type)

    def _payloads(self, path: MovePath) -> None:
        assert isinstance(path.type, NamedType)
        for name, type in (field_types(path.type, self.module, "enum") or {}).items():
            if type is not UNIT and self.marks.needs_drop(type):
                self._child(path, ("variant", name), type)

    def hollow(self, path: MovePath) -> bool:
        """Whether all parts of ``path`` that need drop have paths of their own, so that itself it holds nothing more."""
        type = path.type
        if isinstance(type, NamedType) and self.module.types[type.name].drop is None:
            kind = self.module.types[type.name].kind
            if kind in ("struct", "enum"):
                step = "field" if kind == "struct" else "variant"
                parts = field_types(type, self.module, kind) or {}
                wanted = [n for n, part in parts.items() if part is not UNIT and self.marks.needs_drop(part)]
                return all((step, name) in path.children for name in wanted)
        if isinstance(type, ArrayType) and len(type.dimensions) == 1 and type.dimensions[0] is not None:
            return type.dimensions[0] > 0 and self.covered(path) == type.dimensions[0]
        if isinstance(type, ArrayType) and None not in type.dimensions:
            total = 1
            for dimension in type.dimensions:
                assert dimension is not None
                total *= dimension
            return 0 < total == len(path.children)
        return False

    def covered(self, path: MovePath) -> int | None:
        """How many elements of an array have paths, alone or in ranges; None when two overlap."""
        spans: list[tuple[int, int]] = []
        for kind, what in path.children:
            if kind == "elem":
                spans.append((what[0], what[0] + 1))  # type: ignore[index]
            elif kind == "range":
                spans.append(what)  # type: ignore[arg-type]
        spans.sort()
        if any(before[1] > behind[0] for before, behind in pairwise(spans)):
            return None
        return sum([high - low for low, high in spans])

    # -- from a place to its path --

    def locate(self, place: Value) -> Located:
        """Where ``place`` is."""
        known = self._located.get(place)
        if known is not None:
            return known
        steps: list[Operation] = []
        at: Value | None = place
        while at is not None and at not in self._located and at not in self.roots:
            op = at.operation
            if op is None or not op.operands or not op.decl.is_projection:
                break
            steps.append(op)
            at = op.operands[0] if op.operands[0].type.is_place else None
        if at is None:  # the last step is a `deref` of an SSA value
            found = self._from_value(steps.pop())
        elif at in self._located:
            found = self._located[at]
        else:
            root = self.roots.get(at)
            found = NOWHERE if root is None else Located(root, EXACT)
        for op in reversed(steps):
            found = self._located[op.result] = self._step(found, op)
        self._located[place] = found
        return found

    def _from_value(self, op: Operation) -> Located:
        pointer = op.operands[0]
        found = self._behind(Located(self.roots.get(pointer), EXACT), pointer.type, op)
        self._located[op.result] = found
        return found

    def _behind(self, base: Located, pointer: Type, op: Operation) -> Located:
        """What ``pointer``, held at ``base``, leads to."""
        if isinstance(pointer, OwnType):
            if base.path is None or base.reach != EXACT:
                return base
            wants = pointer if base.destructor is None and pointer.release is not None else base.destructor
            return Located(self._child(base.path, DEREF, pointer.target), EXACT, wants)
        reach = RAW if isinstance(pointer, PtrType) else COLLECTED if isinstance(pointer, GcType) else REFERENCE  # 1, 2
        return Located(base.path, reach, base.destructor)

    def _step(self, base: Located, op: Operation) -> Located:
        if op.name == "deref":
            held = op.operands[0].type.target  # type: ignore[attr-defined]
            if base.reach not in (EXACT, ELEMENT):
                return base if isinstance(held, OwnType) else attrs.evolve(base, reach=REFERENCE)
            return self._behind(base, held, op)
        if op.name == "assume_init":
            return attrs.evolve(base, reach=RAW)  # 2
        if base.path is None or base.reach != EXACT:
            return base
        whole = op.operands[0].type.target  # type: ignore[attr-defined]
        part = op.result.type.target  # type: ignore[attr-defined]
        destructor = base.destructor
        if isinstance(whole, NamedType):
            declaration = self.module.types[whole.name]
            if declaration.kind == "union":
                return base  # 4
            if destructor is None and declaration.drop is not None:
                destructor = whole
        if op.name in ("field", "variant"):
            step: Step = (op.name, op.attrs[op.name])
            return Located(self._child(base.path, step, part), EXACT, destructor)
        if op.name == "elem":
            indices = tuple(constant_integer(index) for index in op.operands[1:])
            if None not in indices and isinstance(whole, ArrayType) and not whole.is_unsized:
                return Located(self._child(base.path, ("elem", indices), part), EXACT, destructor)
        if op.name == "subrange" and self.elaborated:
            bounds = tuple(constant_integer(bound) for bound in op.operands[1:])
            if None not in bounds and isinstance(whole, ArrayType) and len(whole.dimensions) == 1:
                return Located(self._child(base.path, ("range", bounds), part), EXACT, destructor)
        return Located(base.path, ELEMENT, destructor)  # 3

    def _child(self, parent: MovePath, step: Step, type: Type) -> MovePath:
        found = parent.children.get(step)
        if found is None:
            found = parent.children[step] = MovePath(parent.root, parent, step, type)
        return found


def is_uninit(type: Type) -> bool:
    """Whether a place of ``type`` never holds a value as far as its type says: an ``uninit<T>``, or an array of such."""
    return isinstance(type, UninitType) or (isinstance(type, ArrayType) and isinstance(type.element, UninitType))
