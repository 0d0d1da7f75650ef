"""Raw names: the values of a function that may be a certain pointer, lead into what it points to, or hold it as a part.

    %p = own.into_ptr %o        names of %p:   %p
    %l = local : @Box                          %l, for it is stored there
    init %f, %p                                %q, for that is loaded from there
    %q = load %f

A name passes on by (1) casts, offsets and ``select``; (2) arguments of blocks; (3) aggregates and what is taken out of them;
(4) a local of the function that nothing borrows and no destructor sees: what is stored there may be what is loaded from it.
Anything else that is done to a name gives the pointer away, or releases it; ``gives_away`` says so.

Invariant: what is not a name of a pointer was not made of it in this function. By flow nothing is known: a name may be one
only on some ways. Linear: one pass over the function, and each name is looked at once.
"""

from __future__ import annotations

from altru_ir.behaviour import accesses, called_type
from altru_ir.declare import BORROW
from altru_ir.marks import needs_drop
from altru_ir.module import Function, Module
from altru_ir.types import ArrayType, NamedType, OwnType, TupleType, Type
from altru_ir.values import Operation, Value

RENAMES = ("ptr.cast", "ptr.add", "unsize", "assume_init", "dyn.cast", "select")
BUILDS = ("struct", "tuple", "array", "enum", "union")
PARTS = ("extract", "destructure", "switch_enum")
LOOKS = (*RENAMES, *BUILDS, *PARTS, "deref", "icmp", "slice.from_raw")
"""Operations on a pointer behind which it is still to be released."""

STORES = ("init", "assign", "exchange")
LOADS = ("load", "take", "exchange")


class RawNames:
    """Where pointers go in a function: other names of a value (``renamed``), and operations with their places (``used``)."""

    def __init__(self, function: Function, module: Module) -> None:
        self.module = module
        self.renamed: dict[Value, list[Value]] = {}
        self.used: dict[Value, list[tuple[Operation, int]]] = {}
        self.lent: set[Value] = set()
        for op in function.operations():
            for value in op.operands:
                if value.type.is_place:
                    self.lend(op)
                    break
        for block in function.blocks:
            for at, op in enumerate(block.ops):
                for value in op.operands:
                    if not value.type.is_place:
                        self.used.setdefault(value, []).append((op, at))
                self.follow(op)
                for successor in op.successors:  # 2
                    given = len(successor.block.args) - len(successor.args)
                    for value, argument in zip(successor.args, successor.block.args[given:], strict=True):
                        self.rename(value, argument)

    def lend(self, op: Operation) -> None:
        for value, access in accesses(op):
            local = local_of(value) if access == BORROW or op.name == "assume_init" else None
            if local is not None:
                self.lent.add(local)

    def follow(self, op: Operation) -> None:
        if op.name in RENAMES or op.name in BUILDS or op.name in PARTS:  # 1, 3
            for value in op.operands:
                if not value.type.is_place:
                    for result in op.results:
                        self.rename(value, result)
                    if op.name == "switch_enum":
                        for successor in op.successors:
                            for argument in successor.block.args[: len(successor.block.args) - len(successor.args)]:
                                self.rename(value, argument)
        if op.name in STORES:  # 4
            local = self.keeper(op)
            if local is not None:
                self.rename(op.operands[1], local)
        if op.name in LOADS:
            local = self.keeper(op)
            if local is not None:
                self.rename(local, op.result)

    def rename(self, value: Value, name: Value) -> None:
        if name.type.is_place or carries(name.type):
            self.renamed.setdefault(value, []).append(name)

    def keeper(self, op: Operation) -> Value | None:
        """The local, seen by nobody else and dropped by nothing, that ``op`` stores into or loads from."""
        local = local_of(op.operands[0])
        if local is None or local in self.lent:
            return None
        held = local.type.target  # type: ignore[attr-defined]
        return None if needs_drop(held, self.module) and not is_bare_union(held, self.module) else local

    def of(self, pointer: Value) -> set[Value]:
        """The names of ``pointer``; a local stands for what is stored in it."""
        found, work = {pointer}, [pointer]
        while work:
            new = [value for value in self.renamed.get(work.pop(), ()) if value not in found]
            found.update(new)
            work.extend(new)
        return found

    def gives_away(self, op: Operation, names: set[Value]) -> bool:
        """Whether ``op`` gives one of ``names`` away, or releases it."""
        if names.isdisjoint(op.operands) or op.name in LOOKS or op.name.startswith("check.") or op.decl.is_projection:
            return False
        if op.name in STORES and op.operands[1] in names:
            return self.keeper(op) is None
        type = called_type(op, self.module)
        if type is None:
            return op.name != "drop" or not is_bare_union(op.operands[0].type, self.module)
        first = op.decl.fixed_count(op) + (op.attrs.get("callee") is None)
        given = dict(zip(range(first, len(op.operands)), type.transfers[:-1], strict=False))
        return any(value in names and given.get(at) != "borrowed" for at, value in enumerate(op.operands))


def carries(type: Type) -> bool:
    """Whether a value of ``type`` may be a pointer, or hold one."""
    return type.pointee is not None or isinstance(type, (ArrayType, NamedType, TupleType))


def is_bare_union(type: Type, module: Module) -> bool:
    """Whether ``type`` is a union without a destructor: to drop it drops none of its fields."""
    declaration = module.types.get(type.name) if isinstance(type, NamedType) else None
    return declaration is not None and declaration.kind == "union" and declaration.drop is None


def local_of(place: Value) -> Value | None:
    """The local that ``place`` is a part of; None where a pointer leads there."""
    root = root_of(place)
    return root if root is not None and root.type.is_place else None


def root_of(place: Value) -> Value | None:
    """The local that ``place`` is a part of, or the owner that leads to what it is a part of; None for anything else."""
    at = place
    while at.type.is_place:
        op = at.operation
        if op is None or op.name == "local":
            return at if op is not None else None
        if (
            not op.operands
            or not op.decl.is_projection
            or (op.name == "deref" and not isinstance(op.operands[0].type, OwnType))
        ):
            return None
        at = op.operands[0]
    return at


__all__ = ["BUILDS", "RENAMES", "RawNames", "is_bare_union", "root_of"]
