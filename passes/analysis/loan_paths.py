"""Loan paths: which storage a place names, as far as loans care, and when an access and a loan concern the same storage.

A path is a root and steps. Roots are locals, thread-local globals, and SSA values that are pointers; steps are ``deref`` with
the kind of pointer, fields, payloads of variants, and elements. In

    %n = deref %list              *%list
    %next = field %n, next        (*%list).next
    %m = deref %next              *(*%list).next

there are three. Nodes are made once, so that two places with one path have one node, and the tree is as large as the function.

An access is *shallow* (it touches the storage itself), *deep* (all that is reached from it through owners and exclusive
references: copying and moving), or a *drop* (what a destructor may touch). Clauses, cited by number in the code; in walking
down both paths from the root,
 1. fields of a struct and payloads of variants are apart when they differ, elements as ``element_sets`` says;
 2. fields of a union share storage, an index of which nothing is known may be any: not apart;
 3. where the loan's path ends, the access is to a part of what is lent: a conflict;
 4. where the access's path ends, the rest of the loan's path decides: a shallow access does not go through ``deref``; a drop
    does not go through ``deref`` of a reference, for that has no duty to what it points to, but through that of owners and
    guards; a drop touches all parts of what has a destructor;
 5. else a conflict.

Nothing is tracked behind a shared reference, a raw pointer, or in a global for all threads: a loan through a shared reference
lasts as long as that reference may (its region says so), the program promises for raw pointers.

Invariant: the answer is about storage alone; who reads and who writes is for the caller.
Source: ``places_conflict`` of rustc (compiler/rustc_borrowck), whose cases these are; Weiss et al., Oxide, for places as paths.
"""

from __future__ import annotations

import attrs

from altru_ir.module import Module
from altru_ir.passes.analysis.element_sets import Elements, Index, apart, element_at, elements_within, is_one, within
from altru_ir.types import GcType, GuardType, NamedType, OwnType, PlaceType, RefType, Type
from altru_ir.values import Operation, Value

SHALLOW, DEEP, DROP = "shallow", "deep", "drop"

SHARED, UNIQUE, OWNER, GUARD, COLLECTED, RAW = "shared", "unique", "owner", "guard", "collected", "raw"
"""Kinds of ``deref``."""


@attrs.define(eq=False)
class Path:
    """A node of the tree of paths: ``kind`` and ``what`` are the step from ``parent``; both are empty at a root.

    ``type`` is that of the storage; at a root that is an SSA value, of the value.
    """

    root: Value | str
    type: Type
    parent: Path | None = None
    kind: str = ""
    what: object = None
    depth: int = 0
    children: dict[tuple[str, object], Path] = attrs.Factory(dict)

    def child(self, kind: str, what: object, type: Type) -> Path:
        """The path one step longer."""
        found = self.children.get((kind, what))
        if found is None:
            found = self.children[kind, what] = Path(self.root, type, self, kind, what, self.depth + 1)
        return found

    def steps(self) -> list[Path]:
        """The nodes from behind the root to this one."""
        found = []
        at: Path | None = self
        while at is not None and at.parent is not None:
            found.append(at)
            at = at.parent
        found.reverse()
        return found

    @property
    def is_some(self) -> bool:
        """Whether the last step is to several elements, or to one of which it is not known which it is from the beginning."""
        return self.kind == "elem" and not is_one(self.what)

    @property
    def is_storage(self) -> bool:
        """Whether the path stays in the storage of its root."""
        return not any(step.kind == "deref" for step in self.steps())

    @property
    def is_value(self) -> bool:
        """Whether this is an SSA value, and no storage."""
        return self.parent is None and isinstance(self.root, Value) and not self.root.type.is_place

    def __str__(self) -> str:
        text = f"@{self.root}" if isinstance(self.root, str) else f"%{self.root.name or '?'}"
        for step in self.steps():
            if step.kind == "deref":
                text = f"*{text}"
            if step.kind in ("deref", "any"):
                continue
            if text.startswith("*"):
                text = f"({text})"
            if step.kind == "elem":
                indices = step.what if isinstance(step.what, tuple) else (step.what,)
                text += "[" + ", ".join("_" if index is None else str(index) for index in indices) + "]"
            else:
                text += f".{step.what}"
        return text


def deref_kind(pointer: Type) -> str:
    """The kind of ``deref`` that goes through a pointer of this type."""
    if isinstance(pointer, RefType):
        return UNIQUE if pointer.mutable else SHARED
    if isinstance(pointer, OwnType):
        return OWNER
    if isinstance(pointer, GuardType):
        return GUARD
    return COLLECTED if isinstance(pointer, GcType) else RAW


class LoanPaths:
    """The paths of a function's places, made when they are asked for."""

    def __init__(self, module: Module) -> None:
        self.module = module
        self.roots: dict[Value | str, Path] = {}
        self._known: dict[Value, Path | None] = {}

    def root(self, value: Value) -> Path:
        """The path of a local, or of an SSA value as a pointer."""
        found = self.roots.get(value)
        if found is None:
            type = value.type
            found = self.roots[value] = Path(value, type.target if isinstance(type, PlaceType) else type)
        return found

    def behind(self, pointer: Value) -> Path:
        """The path of what an SSA pointer points to."""
        pointee = pointer.type.pointee
        assert pointee is not None
        return self.root(pointer).child("deref", deref_kind(pointer.type), pointee)

    def of(self, place: Value) -> Path | None:
        """The path of a place; None where nothing is tracked."""
        known = self._known
        steps: list[Value] = []
        at = place
        while at not in known:
            op = at.operation
            assert op is not None
            if not op.decl.is_projection or not op.operands:
                known[at] = self._begin(at, op)
                break
            base = op.operands[0]
            if not base.type.is_place:
                known[at] = self.behind(base)
                break
            steps.append(at)
            at = base
        for each in reversed(steps):
            op = each.operation
            assert op is not None
            parent = known[op.operands[0]]
            known[each] = None if parent is None else self._step(parent, op)
        return known[place]

    def _begin(self, place: Value, op: Operation) -> Path | None:
        if op.name == "local":
            return self.root(place)
        declaration = self.module.globals.get(op.attrs.get("symbol", ""))
        if declaration is None or declaration.mode != "thread_local":
            return None
        found = self.roots.get(declaration.name)
        if found is None:
            found = self.roots[declaration.name] = Path(declaration.name, declaration.type)
        return found

    def _step(self, base: Path, op: Operation) -> Path | None:
        whole, part = op.operands[0].type.target, op.result.type.target  # type: ignore[attr-defined]
        name = op.name
        if name == "deref":
            return base.child("deref", deref_kind(whole), part)
        if name == "field":
            union = isinstance(whole, NamedType) and self.module.types[whole.name].kind == "union"
            return base.child("union" if union else "field", op.attrs["field"], part)
        if name == "variant":
            return base.child("variant", op.attrs["variant"], part)
        if name == "elem":
            return self._element(base, element_at(op, self.module.pointer_bits), part)
        if name == "subrange":
            return self._elements(base, elements_within(op, self.module.pointer_bits), part)
        if name == "assume_init":
            return base
        return base.child("any", None, part)  # a projection of a front-end's own: some part

    def _element(self, base: Path, indices: tuple[Index, ...], part: Type) -> Path:
        if not isinstance(base.what, Elements) or base.parent is None:
            return base.child("elem", indices, part)
        first = within(base.what, indices[0])
        if first is None:
            return base.child("any", None, part)  # an element of some elements: what stands at it is not compared (2)
        return base.parent.child("elem", (first, *indices[1:]), part)

    def _elements(self, base: Path, elements: Elements, part: Type) -> Path:
        if not isinstance(base.what, Elements) or base.parent is None:
            return base.child("elem", elements, part)
        low, high = within(base.what, elements.low), within(base.what, elements.high)
        return base if low is None or high is None else base.parent.child("elem", Elements(low, high), part)


def conflict(lent: Path, accessed: Path, access: str, module: Module) -> bool:
    """Whether an access (``SHALLOW``, ``DEEP`` or ``DROP``) to ``accessed`` concerns what is lent; both have the same root."""
    rest: list[Path] = []
    left, right = lent, accessed
    while left.depth > right.depth:
        rest.append(left)
        assert left.parent is not None
        left = left.parent
    while right.depth > left.depth:
        assert right.parent is not None
        right = right.parent
    pairs = []
    while left is not right:
        pairs.append((left, right))
        assert left.parent is not None
        assert right.parent is not None
        left, right = left.parent, right.parent
    for left, right in reversed(pairs):
        if left.kind != right.kind or left.kind in ("union", "any"):  # 2
            return True
        if left.kind in ("field", "variant") and left.what != right.what:  # 1
            return False
        if left.kind == "elem" and apart(left.what, right.what):
            return False
    for step in reversed(rest):
        if not goes_through(step, access):
            return False
        if touches_all(step, access, module):
            return True
    return True  # 3, 5


def goes_through(step: Path, access: str) -> bool:
    """Whether an access to what is in front of a step is one to what is behind it (4)."""
    if step.kind != "deref":
        return True
    if access == SHALLOW or step.what in (SHARED, COLLECTED, RAW):
        return False
    return access != DROP or step.what != UNIQUE


def touches_all(step: Path, access: str, module: Module) -> bool:
    """Whether an access is one to all that is behind a step, as far as it goes (4)."""
    parent = step.parent
    return step.kind != "deref" and access == DROP and parent is not None and _has_destructor(parent.type, module)


def _has_destructor(type: Type, module: Module) -> bool:
    declaration = module.types.get(type.name) if isinstance(type, NamedType) else None
    return declaration is not None and declaration.drop is not None


def tracked(path: Path | None) -> bool:
    """Whether a loan of ``path`` could ever conflict: not behind a shared reference or a raw pointer."""
    at = path
    while at is not None:
        if at.kind == "deref" and at.what in (SHARED, RAW):
            return False
        at = at.parent
    return path is not None


__all__ = [
    "COLLECTED", "DEEP", "DROP", "GUARD", "OWNER", "RAW", "SHALLOW", "SHARED", "UNIQUE", "LoanPaths", "Path",
    "conflict", "deref_kind", "goes_through", "touches_all", "tracked",
]  # fmt: skip
