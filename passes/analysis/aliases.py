"""Alias classes on place paths: may two places be the same storage, or overlap?

A place is read off as a **path**: a root and steps. The root is a ``local``, a global, or an SSA pointer that cannot be traced
further; a borrow of a place is traced to that place. Behind a pointer stands an **object**: a local or an allocation of this
activation, a global, what a parameter points to, or anything (``ANYTHING``: what a pointer from memory or a call leads to).

    %p = field %s, a           // path %s.a
    %q = elem %t, %i           // path %t[%i]
    %r = borrow mut %p
    %d = deref %r              // path %s.a

Clauses, cited by number in the code, each tested with a near miss:
 1. different locals, allocations and globals do not overlap;
 2. what a parameter points to was there before the activation: it is no local and no allocation of it;
 3. what an exclusive reference among the parameters points to is reached through it alone while the activation lasts (Tree
    Borrows: function-entry protectors), so it is nothing that another parameter or a global leads to, and ``ANYTHING`` does
    not cover it unless the reference escapes; a reference of which a raw pointer is made does not count as exclusive;
 4. an object of this activation is in ``ANYTHING`` only if a pointer to it escapes: is stored, passed, returned, made a number,
    or put into an aggregate;
 5. of paths with one root, steps are compared in pairs: different fields are apart, as are constant indices that differ; fields
    of a union and payloads of variants overlap; what the rest of the path goes on with may keep elements apart whose indices
    are not known;
 6. a path through a pointer in memory (``deref`` of a place) leads to ``ANYTHING``, for what is stored there changes; but what
    an owner or a reference in memory leads to is apart from the storage of that pointer, and of what holds it;
 7. pointers made from a pointer (``ptr.add``, casts, slices) point into the same objects; block arguments and ``select`` into
    those of all that may arrive.

The answer is about one moment: between the two accesses no definition that the paths name has run again. Objects of a pointer
are at most a handful, then ``ANYTHING``; so the propagation is linear.

Invariant: when ``overlap`` says no, no run has both places share a byte at one moment. References: Andersen, Program Analysis
and Specialization for the C Programming Language, 1994 (here within one function, memory summed up as ``ANYTHING``); Villani
et al., Tree Borrows, PLDI 2025.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple, Self

from altru_ir.behaviour import accesses
from altru_ir.declare import BORROW, ESCAPE, EXCHANGE, FRESH, PATH, READ, WRITE
from altru_ir.literals import constant_integer
from altru_ir.marks import freezes, needs_drop
from altru_ir.module import Function, Module
from altru_ir.passes.analysis.manager import FunctionAnalysis, Get
from altru_ir.passes.analysis.notes import Notes
from altru_ir.passes.analysis.uses import Uses
from altru_ir.types import NamedType, OwnType, PoolType, PtrType, RefType
from altru_ir.values import Operation, Symbol, Value

ALLOCATES = frozenset(
    {
        "local", "new", "new.array", "alloc", "arena.alloc", "arena.alloc_array", "arena.alloc_raw", "pool.acquire",
        "stack.alloc", "stack.alloc_raw",
    }
)  # fmt: skip
"""Operations whose result leads to storage that nothing older leads to."""

MOST = 6
"""How many objects are told apart behind one pointer."""


class Unknown(Enum):
    """The object that stands for all that nobody knows apart."""

    ANYTHING = "anything"


ANYTHING = Unknown.ANYTHING
Object = Operation | Value | Symbol | Unknown
"""An operation that made it, a parameter that points to it, a global's name, or ``ANYTHING``."""
Objects = frozenset[Object]
EVERYTHING: Objects = frozenset({ANYTHING})


class Overlap(Enum):
    """Whether two places share storage: never, perhaps, or exactly."""

    NO = "no"
    MAY = "may"
    SAME = "same"


class Path(NamedTuple):
    """A place: where it begins, and the steps from there.

    ``root`` is the operation of a local, the name of a global, or a pointer. A step is the name of a struct's field, or a pair:
    ``("union", name)``, ``("variant", name)``, ``("elem", index)`` for each dimension, ``("from", index)`` for a range and
    ``("deref", None)`` for what a pointer in memory leads to. An index is an integer, a value, or None for a sum of such.
    """

    root: Operation | Symbol | Value
    steps: tuple[Any, ...] = ()

    def __str__(self) -> str:
        root = self.root
        text = f"@{root}" if isinstance(root, str) else f"%{root.result.name if isinstance(root, Operation) else root.name}"
        if isinstance(root, Value):
            text = f"(*{text})"
        for step in self.steps:
            if isinstance(step, str):
                text += f".{step}"
            elif step[0] == "deref":
                text = f"(*{text})"
            elif step[0] in ("elem", "from"):
                index = step[1]
                shown = "?" if index is None else f"%{index.name}" if isinstance(index, Value) else str(index)
                text += f"[{shown}]" if step[0] == "elem" else f"[{shown}..]"
            else:
                text += f".{step[1]}"
        return text


DEREF = ("deref", None)


class Aliases(FunctionAnalysis):
    """Alias classes: the path of each place, and what pointers may point to.

    ``objects`` maps each pointer value to what it may point to; ``escaped`` has the objects of this activation, and the
    exclusive parameters, that ``ANYTHING`` covers as well.
    """

    name = "aliases"

    def __init__(self, function: Function, uses: Uses) -> None:
        assert function.module is not None
        self.function = function
        self.module = function.module
        self.objects: dict[Value, Objects] = {}
        self.escaped: set[Object] = set()
        self._paths: dict[Value, Path] = {}
        self._leads_to: dict[Value, list[Value]] = {}  # a pointer: those that are made from it
        self._escaping: list[Value] = []
        self._propagate(uses)
        for value in self._escaping:
            self.escaped |= self.objects.get(value, EVERYTHING)
        raw = EVERYTHING.union(*(found for v, found in self.objects.items() if isinstance(v.type, PtrType)))
        self.exclusive = {
            p for p in function.parameters
            if isinstance(p.type, RefType) and p.type.mutable and freezes(p.type.target, self.module) and p not in raw
        }  # fmt: skip

    @classmethod
    def compute(cls, function: Function, get: Get) -> Self:
        return cls(function, get(Uses, function))

    # -- questions -----------------------------------------------------------------------------------------------------------

    def path(self, place: Value) -> Path:
        """The path of a place."""
        known = self._paths.get(place)
        if known is not None:
            return known
        steps: list[Operation] = []
        at = place
        while True:
            op = at.operation
            assert op is not None, "a place is the result of an operation"
            if op.name == "local":
                path = Path(op)
                break
            if op.name == "global":
                path = Path(op.attrs["symbol"])
                break
            below = op.operands[0]
            if below.type.is_place:
                steps.append(op)
            elif op.name == "deref":
                below = _unwrapped(below)
                made = below.operation
                if made is None or made.name != "borrow":
                    path = Path(below)
                    break
                below = made.operands[0]
            else:  # a projection of a front-end that begins somewhere else
                path = Path(at)
                break
            at = below
        found = list(path.steps)
        for op in reversed(steps):
            self._extend(found, op)
        path = self._paths[place] = Path(path.root, tuple(found))
        return path

    def objects_of(self, path: Path) -> Objects:
        """The objects that storage at ``path`` may belong to."""
        if DEREF in path.steps:  # 6
            return EVERYTHING
        root = path.root
        return self.objects.get(root, EVERYTHING) if isinstance(root, Value) else frozenset({root})

    def overlap(self, a: Value, b: Value) -> Overlap:
        """Whether two places share storage at one moment."""
        one, two = self.path(a), self.path(b)
        if one.root is two.root or (isinstance(one.root, str) and one.root == two.root):
            found = compare(one.steps, two.steps)
            if found != Overlap.MAY:
                return found
            if len(one.steps) != len(two.steps):
                longer, shorter = (a, two) if len(one.steps) > len(two.steps) else (b, one)
                if self._leads_away(longer, shorter):
                    return Overlap.NO
        return Overlap.MAY if self.meet(self.objects_of(one), self.objects_of(two)) else Overlap.NO

    def _leads_away(self, place: Value, from_: Path) -> bool:  # 6
        """Whether the path of ``place`` goes on from ``from_`` through pointers, none of which is collected."""
        steps = self.path(place).steps
        if DEREF in from_.steps or DEREF not in steps[len(from_.steps) :]:
            return False
        if any(a != b and (isinstance(a, str) or a[0] != "elem") for a, b in zip(steps, from_.steps, strict=False)):
            return False
        op = place.operation
        while op is not None and op.operands and op.operands[0].type.is_place:
            held = op.operands[0].type.target  # type: ignore[attr-defined]
            if op.decl.name == "deref" and not isinstance(held, (OwnType, RefType)):
                return False
            op = op.operands[0].operation
        return True

    def meet(self, a: Objects, b: Objects) -> bool:
        """Whether an object of the one may be, or be part of, an object of the other."""
        return any(not self._apart(x, y) for x in a for y in b)

    def describe(self, notes: Notes) -> None:
        for value in self.function.parameters:
            if value.type.is_pointer:
                marks = ["exclusive"] * (value in self.exclusive) + ["escapes"] * (value in self.escaped)
                notes.function(self.function, f"%{value.name}: {', '.join(marks) or 'shared'}")
        for block in self.function.blocks:
            for value in block.args:
                if value.type.is_pointer:
                    notes.block(block, f"%{value.name} -> {self._spell(self.objects[value])}")
            for op in block.ops:
                for value in op.results:
                    escapes = ", escapes" if op in self.escaped else ""
                    if value.type.is_place:
                        notes.operation(op, f"{self.path(value)}{escapes}")
                    elif value.type.is_pointer:
                        notes.operation(op, f"-> {self._spell(self.objects[value])}{escapes}")

    def _spell(self, objects: Objects) -> str:
        def spell(each: Object) -> str:
            if isinstance(each, Operation):
                return f"%{each.result.name}"
            if isinstance(each, Value):
                return f"*%{each.name}"
            return each.value if isinstance(each, Unknown) else f"@{each}"

        return " ".join(sorted(map(spell, objects))) or "nothing"

    # -- paths ---------------------------------------------------------------------------------------------------------------

    def _extend(self, steps: list[Any], op: Operation) -> None:
        if op.name == "field":
            target = op.operands[0].type.target  # type: ignore[attr-defined]
            declaration = self.module.types.get(target.name) if isinstance(target, NamedType) else None
            union = declaration is not None and declaration.kind == "union"
            steps.append(("union", op.attrs["field"]) if union else str(op.attrs["field"]))
        elif op.name == "variant":
            steps.append(("variant", op.attrs["variant"]))
        elif op.name == "elem":
            for index in op.operands[1:]:
                steps.append(("elem", self._moved(steps, self._index(index))))
        elif op.name == "subrange":
            steps.append(("from", self._moved(steps, self._index(op.operands[1]))))
        elif op.name != "assume_init":
            steps.append(DEREF)

    def _index(self, value: Value) -> int | Value:
        known = constant_integer(value)
        return value if known is None else known % (1 << self.module.pointer_bits)

    @staticmethod
    def _moved(steps: list[Any], index: int | Value) -> int | Value | None:
        """An index into a range as one into what the range is of."""
        if not steps or steps[-1][0] != "from":
            return index
        low = steps.pop()[1]
        if low == 0:
            return index
        return low + index if isinstance(low, int) and isinstance(index, int) else None

    # -- objects -------------------------------------------------------------------------------------------------------------

    def _apart(self, a: Object, b: Object) -> bool:
        if a == b:
            return False
        if b is ANYTHING:
            a, b = b, a
        if a is ANYTHING:  # 4, 3
            return (isinstance(b, Operation) or b in self.exclusive) and b not in self.escaped
        if isinstance(a, Value) and not isinstance(b, Operation):  # 3
            return a in self.exclusive or b in self.exclusive
        return not isinstance(b, Value) or isinstance(a, Operation) or b in self.exclusive  # 1, 2, 3

    def _propagate(self, uses: Uses) -> None:
        objects, module = self.objects, self.module
        work: list[Value] = []

        def begin(value: Value, found: Objects) -> None:
            objects[value] = found
            work.append(value)

        for parameter in self.function.parameters:
            if parameter.type.is_pointer:
                begin(parameter, frozenset({parameter}))
        for block in self.function.blocks:
            for value in block.args:
                if value.type.is_pointer:
                    incoming = uses.incoming[value]
                    begin(value, EVERYTHING if None in incoming else frozenset())
                    for source in incoming:
                        if source is not None:
                            self._leads_to.setdefault(source, []).append(value)
            for op in block.ops:
                pointers = [value for value in op.results if value.type.is_pointer]
                for value in pointers:
                    begin(value, self._made(op, value))
                if pointers or any(v.type.is_pointer or v.type.is_place for v in op.operands):
                    self._note_escapes(op, module)
        full: set[Value] = set()
        while work:  # 7
            value = work.pop()
            for made in self._leads_to.get(value, ()):
                joined = objects[made] | objects[value]
                if made in full or len(joined) > MOST:
                    full.add(made)
                    self.escaped |= joined  # told apart no more, so `ANYTHING` has to cover them
                    joined = EVERYTHING
                if joined != objects[made]:
                    objects[made] = joined
                    work.append(made)

    def _made(self, op: Operation, value: Value) -> Objects:
        """What the pointer that ``op`` gives points to, before anything is known of the pointers it is made from."""
        if op.name in ALLOCATES:
            return frozenset({op})
        if op.name == "global.ref":
            return frozenset({op.attrs["symbol"]})
        if op.name == "null":
            return frozenset()
        sources = _sources(op)
        if not sources:
            return EVERYTHING
        for source in sources:
            if source.type.is_place:
                path = self.path(source)
                if DEREF in path.steps:
                    return EVERYTHING
                if not isinstance(path.root, Value):
                    return frozenset({path.root})
                source = path.root
            if not source.type.is_pointer or isinstance(source.type.pointee, PoolType):
                return EVERYTHING  # the slots of a pool are not in the pool's own storage
            self._leads_to.setdefault(source, []).append(value)
        return frozenset()

    def _note_escapes(self, op: Operation, module: Module) -> None:  # 4
        sources = _sources(op)
        numbers = op.decl.is_pure and op.name != "ptr.addr" and all(v.type.is_integer for v in op.results)
        for value, access in accesses(op):
            if value in sources or numbers:
                continue
            if value.type.is_place:
                if access not in (BORROW, ESCAPE) and not (op.decl.drops and needs_drop(value.type.target, module)):  # type: ignore[attr-defined]
                    continue
                root = self.path(value).root
                if not isinstance(root, Value):
                    self.escaped.add(root)
                    continue
                value = root
            elif not value.type.is_pointer or access in (READ, WRITE, EXCHANGE, PATH):
                continue
            self._escaping.append(value)


def _unwrapped(pointer: Value) -> Value:
    """The pointer to the same storage that ``pointer`` was made from, as far as that can be followed."""
    while True:
        op = pointer.operation
        if op is None or op.name not in ("unsize", "ref.to_ptr", "assume_init"):
            return pointer
        pointer = op.operands[0]


def _sources(op: Operation) -> list[Value]:
    """The operands that the pointers which ``op`` gives are made from."""
    if op.name in ALLOCATES:
        return []
    if op.name == "select":
        return list(op.operands[1:])
    bound = op.decl.bind(op) if any(result.origin != FRESH for result in op.decl.results) else {}
    return [value for result in op.decl.results if result.origin != FRESH for value in bound.get(result.origin, ())]


def compare(a: tuple[Any, ...], b: tuple[Any, ...]) -> Overlap:  # 5
    """How two paths with one root are related."""
    same = True
    for x, y in zip(a, b, strict=False):
        fields = isinstance(x, str) + isinstance(y, str)
        if fields == 2:
            if x != y:
                return Overlap.NO
        elif fields == 1 or x[0] != y[0] or x[0] in ("from", "deref"):
            return Overlap.MAY
        elif x[0] == "elem":
            if isinstance(x[1], int) and isinstance(y[1], int):
                if x[1] != y[1]:
                    return Overlap.NO
            elif x[1] is None or x[1] is not y[1]:
                same = False
        elif x != y:
            return Overlap.MAY
    return Overlap.SAME if same and len(a) == len(b) else Overlap.MAY
